#include "ui/markdown/visible_text.h"

#include <algorithm>

namespace ui::markdown {
namespace {

constexpr int MaxMarks = 16;  // more combining marks on one letter get a dotted circle to stand on

bool isHidden(char32_t c) {
    if (c < 0x20)
        return c != '\n' && c != '\t';
    if (c >= 0x7f && c < 0xa0)
        return true;
    switch (c) {
        case 0x00ad:
        case 0x034f:
        case 0x061c:
        case 0x115f:
        case 0x1160:
        case 0x17b4:
        case 0x17b5:
        case 0x180e:
        case 0x200b:
        case 0x200e:
        case 0x200f:
        case 0x3164:
        case 0xfeff:
        case 0xffa0:
            return true;
        default:
            break;
    }
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || (c >= 0xfff9 && c <= 0xfffb) ||
           c == 0x2028 || c == 0x2029 || (c >= 0xe0000 && c <= 0xe0fff);
}

bool needsCare(QChar c) {
    const char16_t u = c.unicode();
    if (u < 0x7f)
        return u < 0x20 && u != '\n' && u != '\t';
    if (u < 0x300)
        return u < 0xa0 || u == 0xad;
    return c.isSurrogate() || isHidden(u) || c.isMark();
}

}  // namespace

void VisibleText::put(QString& out, char32_t c) {
    if (c == '\r') {
        out += QLatin1Char('\n');
        return;
    }
    if (isHidden(c)) {
        m_marks = 0;
        if (c < 0x20)
            out += QChar(char16_t(0x2400 + c));  // the picture of the control character
        else if (c == 0x7f)
            out += QChar(u'\u2421');
        else
            out += QStringLiteral("‹U+%1›").arg(QString::number(quint32(c), 16).toUpper(), 4, QLatin1Char('0'));
        return;
    }
    if (QChar::isMark(c)) {
        if (++m_marks > MaxMarks) {
            out += QChar(u'\u25cc');
            m_marks = 1;
        }
    } else {
        m_marks = 0;
    }
    if (c > 0xffff) {
        out += QChar(QChar::highSurrogate(c));
        out += QChar(QChar::lowSurrogate(c));
    } else {
        out += QChar(char16_t(c));
    }
}

QString VisibleText::push(QStringView raw) {
    QString out;
    out.reserve(raw.size() + 8);
    qsizetype i = 0;
    while (i < raw.size()) {
        if (m_high.isNull()) {
            const auto* const begin = raw.begin() + i;
            const auto* const stop = std::find_if(begin, raw.end(), needsCare);
            if (stop != begin) {
                const bool skip = m_afterCr && *begin == QLatin1Char('\n');
                m_afterCr = false;
                m_marks = 0;
                out += QStringView(begin + (skip ? 1 : 0), stop);
                i += stop - begin;
                continue;
            }
        }
        const QChar c = raw[i++];
        if (!m_high.isNull()) {
            const QChar high = m_high;
            m_high = QChar();
            if (c.isLowSurrogate()) {
                put(out, QChar::surrogateToUcs4(high, c));
                continue;
            }
            put(out, QChar::ReplacementCharacter);
            --i;  // c is looked at again on its own
            continue;
        }
        m_afterCr = c == QLatin1Char('\r');
        if (c.isHighSurrogate())
            m_high = c;
        else if (c.isLowSurrogate())
            put(out, QChar::ReplacementCharacter);
        else
            put(out, c.unicode());
    }
    return out;
}

QString VisibleText::flush() {
    QString out;
    if (!m_high.isNull())
        put(out, QChar::ReplacementCharacter);
    *this = VisibleText();
    return out;
}

QString visible(QStringView raw) {
    VisibleText text;
    QString out = text.push(raw);
    return out + text.flush();
}

}  // namespace ui::markdown
