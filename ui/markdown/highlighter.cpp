#include "ui/markdown/highlighter.h"

#include <algorithm>
#include <cstring>

#include "ui/markdown/languages.h"

namespace ui::markdown {
namespace {

constexpr int InComment = 1, InString = 2;  // InString + k: in the k-th kind of string over several lines

bool isWordStart(QChar c) {
    return c.isLetter() || c == QLatin1Char('_');
}
bool isWordPart(QChar c) {
    return c.isLetterOrNumber() || c == QLatin1Char('_');
}

bool contains(const char* words, QStringView word, bool ignoreCase) {
    if (*words == '\0' || word.size() > 40)
        return false;
    QByteArray padded = ' ' + word.toLatin1() + ' ';
    if (ignoreCase)
        padded = padded.toLower();
    return std::strstr(words, padded.constData()) != nullptr;
}

// Which of the words, separated by spaces, stands at s? Its length and index; length 0: none.
struct Found {
    int length = 0, index = 0;
};
Found startsWithOne(QStringView s, const char* words) {
    for (int index = 0; *words != '\0'; ++index) {
        const char* end = std::strchr(words, ' ');
        const int length = end ? int(end - words) : int(std::strlen(words));
        if (s.startsWith(QLatin1String(words, length)))
            return {length, index};
        words += length + (end ? 1 : 0);
    }
    return {};
}

class Lexer {
  public:
    Lexer(const Language& language, QStringView code, int& state)
        : m_language(language), m_code(code), m_state(state) {}

    std::vector<CodeSpan> run() {
        if (m_language.style == CodeStyle::Diff) {
            diff();
            return std::move(m_spans);
        }
        if (m_state == InComment)
            blockComment(0);
        else if (m_state >= InString)
            longString(0, m_state - InString);
        while (m_pos < m_code.size())
            next();
        return std::move(m_spans);
    }

  private:
    void add(qsizetype start, qsizetype end, CodeKind kind) {
        if (end > start)
            m_spans.push_back({int(start), int(end - start), kind});
    }

    void diff() {
        for (qsizetype begin = 0; begin < m_code.size();) {
            qsizetype end = m_code.indexOf(QLatin1Char('\n'), begin);
            if (end < 0)
                end = m_code.size();
            const QStringView line = m_code.mid(begin, end - begin);
            if (line.startsWith(QLatin1String("@@")) || line.startsWith(QLatin1String("+++")) ||
                line.startsWith(QLatin1String("---")))
                add(begin, end, CodeKind::Meta);
            else if (line.startsWith(QLatin1Char('+')))
                add(begin, end, CodeKind::Added);
            else if (line.startsWith(QLatin1Char('-')))
                add(begin, end, CodeKind::Removed);
            begin = end + 1;
        }
    }

    void blockComment(qsizetype open) {
        const qsizetype end = m_code.indexOf(QLatin1String(m_language.blockClose), m_pos + open);
        m_state = end < 0 ? InComment : 0;
        const qsizetype stop = end < 0 ? m_code.size() : end + qsizetype(std::strlen(m_language.blockClose));
        add(m_pos, stop, CodeKind::Comment);
        m_pos = stop;
    }

    void longString(qsizetype open, int index) {
        const char* quote = m_language.multiQuotes;
        for (int i = 0; i < index && std::strchr(quote, ' '); ++i)
            quote = std::strchr(quote, ' ') + 1;
        const char* quoteEnd = std::strchr(quote, ' ');
        const QLatin1String close(quote, quoteEnd ? int(quoteEnd - quote) : int(std::strlen(quote)));
        qsizetype end = m_pos + open;
        while (end < m_code.size() && !m_code.mid(end).startsWith(close))
            end += m_code[end] == QLatin1Char('\\') ? 2 : 1;
        const bool closed = end < m_code.size();
        m_state = closed ? 0 : InString + index;
        const qsizetype stop = closed ? end + close.size() : m_code.size();
        add(m_pos, stop, CodeKind::String);
        m_pos = stop;
    }

    void lineEnd(CodeKind kind) {
        qsizetype end = m_code.indexOf(QLatin1Char('\n'), m_pos);
        if (end < 0)
            end = m_code.size();
        add(m_pos, end, kind);
        m_pos = end;
    }

    void quoted() {
        const QChar quote = m_code[m_pos];
        qsizetype i = m_pos + 1;
        while (i < m_code.size() && m_code[i] != quote && m_code[i] != QLatin1Char('\n'))
            i += m_code[i] == QLatin1Char('\\') ? 2 : 1;
        const qsizetype end = std::min(i < m_code.size() && m_code[i] == quote ? i + 1 : i, m_code.size());
        qsizetype after = end;
        while (after < m_code.size() && m_code[after] == QLatin1Char(' '))
            ++after;
        const bool key =
            m_language.style == CodeStyle::Data && after < m_code.size() && m_code[after] == QLatin1Char(':');
        add(m_pos, end, key ? CodeKind::Type : CodeKind::String);
        m_pos = end;
    }

    void number() {
        const qsizetype begin = m_pos;
        while (m_pos < m_code.size()) {
            const QChar c = m_code[m_pos];
            const QChar before = m_pos > begin ? m_code[m_pos - 1].toLower() : QChar();
            const bool sign = (c == QLatin1Char('+') || c == QLatin1Char('-')) && before == QLatin1Char('e') &&
                              !m_code.mid(begin, 2).toString().startsWith(QLatin1String("0x"));
            if (!isWordPart(c) && c != QLatin1Char('.') && !sign)
                break;
            ++m_pos;
        }
        add(begin, m_pos, CodeKind::Number);
    }

    void word() {
        const qsizetype begin = m_pos;
        const bool data = m_language.style == CodeStyle::Data;
        while (m_pos < m_code.size() && (isWordPart(m_code[m_pos]) || (data && m_code[m_pos] == QLatin1Char('-'))))
            ++m_pos;
        const QStringView text = m_code.mid(begin, m_pos - begin);
        qsizetype after = m_pos;
        while (after < m_code.size() && m_code[after] == QLatin1Char(' '))
            ++after;
        const QChar next = after < m_code.size() ? m_code[after] : QChar();
        if (data && (next == QLatin1Char(':') || next == QLatin1Char('=')))
            add(begin, m_pos, CodeKind::Type);
        else if (contains(m_language.keywords, text, m_language.ignoreCase))
            add(begin, m_pos, CodeKind::Keyword);
        else if (contains(m_language.types, text, m_language.ignoreCase))
            add(begin, m_pos, CodeKind::Type);
        else if (!data && next == QLatin1Char('(') && after == m_pos && *m_language.keywords != '\0')
            add(begin, m_pos, CodeKind::Function);
    }

    void tag() {  // "<name attribute=" of markup; the text between tags stays plain
        const qsizetype begin = m_pos++;
        while (m_pos < m_code.size() && (isWordPart(m_code[m_pos]) || QStringLiteral("/!?:-").contains(m_code[m_pos])))
            ++m_pos;
        add(begin, m_pos, CodeKind::Keyword);
        while (m_pos < m_code.size() && m_code[m_pos] != QLatin1Char('>')) {
            const QChar c = m_code[m_pos];
            if (c == QLatin1Char('"') || c == QLatin1Char('\'')) {
                quoted();
            } else if (isWordStart(c)) {
                const qsizetype name = m_pos;
                while (m_pos < m_code.size() && (isWordPart(m_code[m_pos]) || m_code[m_pos] == QLatin1Char('-')))
                    ++m_pos;
                add(name, m_pos, CodeKind::Type);
            } else if (c == QLatin1Char('<')) {
                return;
            } else {
                ++m_pos;
            }
        }
        if (m_pos < m_code.size()) {
            add(m_pos, m_pos + 1, CodeKind::Keyword);
            ++m_pos;
        }
    }

    void next() {
        const QStringView s = m_code.mid(m_pos);
        const QChar c = s[0];
        const char16_t u = c.unicode();
        if (u == ' ' || u == '\n' || u == '\t') {
            ++m_pos;
            return;
        }
        if (*m_language.blockOpen != '\0' && s.startsWith(QLatin1String(m_language.blockOpen))) {
            blockComment(qsizetype(std::strlen(m_language.blockOpen)));
            return;
        }
        if (m_language.style == CodeStyle::Markup) {
            if (u == '<' && s.size() > 1 && (isWordStart(s[1]) || QStringLiteral("/!?").contains(s[1])))
                tag();
            else
                ++m_pos;
            return;
        }
        if (startsWithOne(s, m_language.lineComments).length > 0 && commentMayStart()) {
            lineEnd(CodeKind::Comment);
        } else if (const Found found = startsWithOne(s, m_language.multiQuotes); found.length > 0) {
            longString(found.length, found.index);
        } else if (u < 128 && std::strchr(m_language.quotes, char(u)) != nullptr && u != 0 && quoteMayStart(c)) {
            quoted();
        } else if (u >= '0' && u <= '9') {
            number();
        } else if (m_language.hashMeta && (u == '#' || u == '@') && s.size() > 1 && isWordStart(s[1])) {
            const qsizetype begin = m_pos++;
            while (m_pos < m_code.size() && isWordPart(m_code[m_pos]))
                ++m_pos;
            add(begin, m_pos, CodeKind::Meta);
        } else if (isWordStart(c)) {
            word();
        } else {
            ++m_pos;
        }
    }

    // In the shell, "$#" and "a#b" are no comments.
    bool commentMayStart() const {
        return m_code[m_pos] != QLatin1Char('#') || m_pos == 0 || m_code[m_pos - 1].isSpace();
    }
    // "don't" and 1'000: a quote inside a word opens nothing.
    bool quoteMayStart(QChar quote) const {
        return quote != QLatin1Char('\'') || m_pos == 0 || !isWordPart(m_code[m_pos - 1]);
    }

    const Language& m_language;
    QStringView m_code;
    int& m_state;
    qsizetype m_pos = 0;
    std::vector<CodeSpan> m_spans;
};

}  // namespace

std::vector<CodeSpan> highlight(const QString& language, QStringView code, int& state) {
    const Language* found = findLanguage(language);
    return found ? Lexer(*found, code, state).run() : std::vector<CodeSpan>{};
}

int lexerStateAfter(const QString& language, QStringView code, int state) {
    (void)highlight(language, code, state);
    return state;
}

QString languageName(const QString& language) {
    const Language* found = findLanguage(language);
    return found ? QString::fromLatin1(found->name) : language;
}

}  // namespace ui::markdown
