// Makes visible what a text could hide: bidirectional controls, ANSI escapes, control and tag characters; also ends
// lines with one '\n' and bounds runs of combining marks. Everything that a message shows passes here first. Any
// thread.
#pragma once

#include <QString>

namespace ui::markdown {

// Streaming form: push(a) + push(b) equals push(a + b).
class VisibleText {
  public:
    QString push(QStringView raw);
    QString flush();  // what was held back (half of a surrogate pair becomes U+FFFD)

  private:
    void put(QString& out, char32_t c);
    QChar m_high;
    bool m_afterCr = false;
    int m_marks = 0;
};

QString visible(QStringView raw);  // the whole text at once

}  // namespace ui::markdown
