// The text of a leaf as one run of positions, for layout, selection, search and the clipboard: table cells are joined
// by tabs and line ends. Cheap to make again, so nobody needs to keep it. Any thread.
#pragma once

#include "ui/markdown/inline_text.h"

namespace ui::markdown {

struct FlatLeaf {
    struct Part {
        InlineText inlines;
        int offset = 0;
        int row = 0, column = 0;  // of a table
        int end() const { return offset + int(inlines.text.size()); }
    };
    QString text;
    std::vector<Part> parts;

    // For the clipboard, with formulas as they were written; or for reading aloud.
    QString plain(int from, int to, bool formulasAsSource = true) const;
};

FlatLeaf flatLeaf(const Leaf& leaf, const Definitions& definitions);
// "> - " and the like, as it stands before the first line of the leaf.
QString markerText(const Leaf& leaf);

}  // namespace ui::markdown
