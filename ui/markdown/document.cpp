#include "ui/markdown/document.h"

#include <algorithm>
#include <iterator>

namespace ui::markdown {

void Document::setText(const QString& text) {
    if (!text.startsWith(m_text)) {
        *this = Document(m_plain);
    }
    m_text = text;
}

bool Document::advance(qsizetype maxChars) {
    if (m_taken == m_text.size())
        return false;
    const qsizetype count = std::min(maxChars, m_text.size() - m_taken);
    m_line += m_visible.push(QStringView(m_text).mid(m_taken, count));
    m_taken += count;
    takeLines();
    rebuildTail();
    return m_taken < m_text.size();
}

void Document::takeLines() {
    qsizetype begin = 0;
    for (;;) {
        const qsizetype end = m_line.indexOf(QLatin1Char('\n'), begin);
        const qsizetype length = (end < 0 ? m_line.size() : end) - begin;
        if (length > MaxLineChars) {  // a piece of a very long line
            qsizetype cut = MaxLineChars;
            while (cut > MaxLineChars - 1024 && !m_line[begin + cut - 1].isSpace())
                --cut;
            if (cut == MaxLineChars - 1024)
                cut = m_line[begin + MaxLineChars - 1].isHighSurrogate() ? MaxLineChars - 1 : MaxLineChars;
            m_parser.addLine(QStringView(m_line).mid(begin, cut), m_continued, true);
            m_continued = true;
            begin += cut;
        } else if (end >= 0) {
            m_parser.addLine(QStringView(m_line).mid(begin, length), m_continued, false);
            m_continued = false;
            begin = end + 1;
        } else {
            break;
        }
    }
    m_line.remove(0, begin);
    auto& leaves = m_parser.leaves();
    std::move(leaves.begin(), leaves.end(), std::back_inserter(m_stable));
    leaves.clear();
}

void Document::rebuildTail() {
    BlockParser end = m_parser;  // small: what is large was given out as leaves
    if (!m_line.isEmpty())
        end.addLine(m_line, m_continued, false);
    end.finish();
    m_tail = std::move(end.leaves());
    m_definitions = end.definitions();
}

const Leaf& Document::leaf(int index) const {
    const auto i = size_t(index);
    return i < m_stable.size() ? m_stable[i] : m_tail[i - m_stable.size()];
}

Document parsed(const QString& text, bool plain) {
    Document document(plain);
    document.setText(text);
    while (document.advance(1 << 20)) {
    }
    return document;
}

}  // namespace ui::markdown
