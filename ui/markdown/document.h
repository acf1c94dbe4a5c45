// The leaves of one message, kept up to date while its text grows: complete lines are parsed once, only the unfinished
// line at the end is parsed again. Large texts are taken in steps, so that opening one never stalls. Own thread of the
// caller.
#pragma once

#include "ui/markdown/block_parser.h"
#include "ui/markdown/visible_text.h"

namespace ui::markdown {

class Document {
  public:
    explicit Document(bool plain = false) : m_plain(plain), m_parser(plain) {}

    // Shows this text. When it begins with the text so far, only the rest is parsed.
    void setText(const QString& text);
    const QString& text() const { return m_text; }
    // Parses up to maxChars of what is not parsed yet; false: nothing is left.
    bool advance(qsizetype maxChars);
    bool complete() const { return m_taken == m_text.size(); }
    double parsedShare() const { return m_text.isEmpty() ? 1.0 : double(m_taken) / double(m_text.size()); }

    int leafCount() const { return int(m_stable.size() + m_tail.size()); }
    const Leaf& leaf(int index) const;
    // Leaves below this index do not change any more while the text grows.
    int stableCount() const { return int(m_stable.size()); }
    const Definitions& definitions() const { return m_definitions; }

  private:
    void takeLines();
    void rebuildTail();

    bool m_plain = false;
    QString m_text;
    qsizetype m_taken = 0;
    VisibleText m_visible;
    QString m_line;            // visible text that is not a complete line yet
    bool m_continued = false;  // m_line goes on with a very long line
    BlockParser m_parser;
    std::vector<Leaf> m_stable, m_tail;
    Definitions m_definitions;
};

// The whole text at once, for tests and exports.
Document parsed(const QString& text, bool plain = false);

}  // namespace ui::markdown
