// The text of one leaf with its styles, links and formulas: CommonMark's inlines, GFM's strikethrough and plain links,
// and mathematics. Nothing is loaded: pictures become words, and only http, https and mailto addresses become links.
// Any thread.
#pragma once

#include <optional>

#include "ui/markdown/leaf.h"

namespace ui::markdown {

enum Style : uint16_t {
    Strong = 1,
    Emphasis = 2,
    CodeSpanStyle = 4,
    Strike = 8,
    LinkStyle = 16,
    NotLoaded = 32,  // "[image not loaded: ...]"
    Formula = 64,    // one no-break space that stands for a formula
    DisplayFormula = 128,
    HtmlSource = 256,
};

struct Span {
    int start = 0, length = 0;
    uint16_t style = 0;
    int link = -1;     // index into links
    int formula = -1;  // index into formulas
};

struct InlineText {
    QString text;
    std::vector<Span> spans;  // in order, not overlapping; what has no span is plain
    std::vector<QString> links;
    std::vector<QString> formulas;  // source, without the signs around it

    // The text for the clipboard and for screen readers: formulas as "$source$" or in words.
    QString plain(int from, int to, bool formulasAsSource) const;
};

InlineText parseInline(const QString& source, const Definitions& definitions);

// The full address, spelled in ASCII, when it may be opened by a click; nothing for every other scheme and for relative
// addresses.
std::optional<QString> safeLink(const QString& target);

}  // namespace ui::markdown
