#include "ui/markdown/inline_text.h"

#include <QUrl>
#include <algorithm>
#include <map>

#include "ui/markdown/block_rules.h"
#include "ui/markdown/math.h"

namespace ui::markdown {
namespace {

constexpr int MaxShownUrl = 300;

struct Node {
    QString text;
    uint16_t style = 0;
    int formula = -1;
    int link = -1;
};

struct Delimiter {
    int node = 0;
    QChar sign;
    int count = 0, length = 0;
    bool canOpen = false, canClose = false;
    int previous = -1, next = -1;
};

struct Bracket {
    int node = 0;
    bool image = false, active = true;
    int bottom = -1;  // the last delimiter before it
    qsizetype sourceEnd = 0;
};

struct StyleRange {
    int from, to;  // nodes [from, to)
    uint16_t style;
};

bool isPunctuation(QChar c) {
    return isAsciiPunctuation(c) || c.isPunct() || c.isSymbol();
}

class InlineParser {
  public:
    InlineParser(const QString& source, const Definitions& definitions) : m_s(source), m_definitions(definitions) {}

    InlineText run() {
        while (m_pos < m_s.size())
            next();
        processEmphasis(-1);
        return build();
    }

  private:
    // --- nodes ---
    int addNode(const QString& text, uint16_t style = 0) {
        m_nodes.push_back({text, style, -1, -1});
        return int(m_nodes.size()) - 1;
    }
    void addPlain(QStringView text) {
        if (m_plainOpen && !m_nodes.empty())
            m_nodes.back().text += text;
        else
            addNode(text.toString());
        m_plainOpen = true;
    }
    void addSpecial(const QString& text, uint16_t style) {
        addNode(text, style);
        m_plainOpen = false;
    }

    void next() {
        const QChar c = m_s[m_pos];
        switch (c.unicode()) {
            case '\\':
                backslash();
                return;
            case '`':
                codeSpan();
                return;
            case '*':
            case '_':
            case '~':
                delimiterRun();
                return;
            case '[':
                openBracket(false);
                return;
            case '!':
                if (m_pos + 1 < m_s.size() && m_s[m_pos + 1] == QLatin1Char('[')) {
                    ++m_pos;
                    openBracket(true);
                    return;
                }
                break;
            case ']':
                closeBracket();
                return;
            case '<':
                angle();
                return;
            case '&': {
                QString text;
                if (const qsizetype used = parseEntity(QStringView(m_s).mid(m_pos, 64), text); used > 0) {
                    addPlain(text);
                    m_pos += used;
                    return;
                }
                break;
            }
            case '$':
                dollars();
                return;
            case '\n':
                lineBreak();
                return;
            case 'h':
            case 'w':
                if (bareLink())
                    return;
                break;
            default: {
                qsizetype end = m_pos + 1;
                while (end < m_s.size() && !isSpecial(m_s[end]))
                    ++end;
                addPlain(QStringView(m_s).mid(m_pos, end - m_pos));
                m_pos = end;
                return;
            }
        }
        addPlain(QStringView(m_s).mid(m_pos, 1));
        ++m_pos;
    }

    static bool isSpecial(QChar c) {
        switch (c.unicode()) {
            case '\\':
            case '`':
            case '*':
            case '_':
            case '~':
            case '[':
            case ']':
            case '!':
            case '<':
            case '&':
            case '$':
            case '\n':
            case 'h':
            case 'w':
                return true;
            default:
                return false;
        }
    }

    void lineBreak() {
        if (!m_nodes.empty() && m_plainOpen) {
            QString& text = m_nodes.back().text;
            while (text.endsWith(QLatin1Char(' ')))
                text.chop(1);
        }
        addPlain(u"\n");
        ++m_pos;
        while (m_pos < m_s.size() && (m_s[m_pos] == QLatin1Char(' ') || m_s[m_pos] == QLatin1Char('\t')))
            ++m_pos;
    }

    void backslash() {
        const QStringView s = m_s;
        if (m_pos + 1 < s.size()) {
            const QChar c = s[m_pos + 1];
            if (c == QLatin1Char('(') && formula(2, QStringLiteral("\\)"), m_noParenthesis, false))
                return;
            if (c == QLatin1Char('[') && formula(2, QStringLiteral("\\]"), m_noSquare, true))
                return;
            if (c == QLatin1Char('\n')) {
                ++m_pos;
                lineBreak();
                return;
            }
            if (isAsciiPunctuation(c)) {
                addPlain(s.mid(m_pos + 1, 1));
                m_pos += 2;
                return;
            }
        }
        addPlain(u"\\");
        ++m_pos;
    }

    // A formula from here to `close`. `none` remembers from where on no end exists, so that looking stays linear.
    bool formula(int openLength, const QString& close, qsizetype& none, bool display) {
        if (m_pos >= none)
            return false;
        const qsizetype begin = m_pos + openLength;
        const qsizetype end = m_s.indexOf(close, begin);
        if (end < 0) {
            none = m_pos;
            return false;
        }
        const QString body = m_s.mid(begin, end - begin).trimmed();
        if (body.isEmpty())
            return false;
        addFormula(body, display);
        m_pos = end + close.size();
        return true;
    }

    void addFormula(const QString& body, bool display) {
        addSpecial(QString(QChar::Nbsp), uint16_t(Formula | (display ? DisplayFormula : 0)));
        m_nodes.back().formula = int(m_formulas.size());
        m_formulas.push_back(body);
    }

    // "$x$" as pandoc reads it: no space inside the signs, no digit after the last one. "$5 and $6" stays text.
    void dollars() {
        const QStringView s = m_s;
        if (m_pos + 1 < s.size() && s[m_pos + 1] == QLatin1Char('$')) {
            if (formula(2, QStringLiteral("$$"), m_noDouble, true))
                return;
            addPlain(u"$$");
            m_pos += 2;
            return;
        }
        if (m_pos < m_noDollar && m_pos + 1 < s.size() && !s[m_pos + 1].isSpace()) {
            qsizetype end = m_pos + 1;
            for (; end < s.size(); ++end) {
                if (s[end] == QLatin1Char('\\')) {
                    ++end;
                } else if (s[end] == QLatin1Char('$') && !s[end - 1].isSpace() && end > m_pos + 1) {
                    break;
                }
            }
            if (end >= s.size()) {
                m_noDollar = m_pos;
            } else if (end + 1 >= s.size() || !s[end + 1].isDigit()) {
                addFormula(m_s.mid(m_pos + 1, end - m_pos - 1), false);
                m_pos = end + 1;
                return;
            }
        }
        addPlain(u"$");
        ++m_pos;
    }

    void codeSpan() {
        if (m_runs.empty()) {
            for (qsizetype i = 0; i < m_s.size();) {
                qsizetype end = i;
                while (end < m_s.size() && m_s[end] == QLatin1Char('`'))
                    ++end;
                if (end > i)
                    m_runs[end - i].push_back(i);
                i = end + 1;
            }
        }
        qsizetype length = 0;
        while (m_pos + length < m_s.size() && m_s[m_pos + length] == QLatin1Char('`'))
            ++length;
        const auto& ends = m_runs[length];
        const auto end = std::lower_bound(ends.begin(), ends.end(), m_pos + length);
        if (end == ends.end()) {
            addPlain(QStringView(m_s).mid(m_pos, length));
            m_pos += length;
            return;
        }
        QString code = m_s.mid(m_pos + length, *end - m_pos - length);
        code.replace(QLatin1Char('\n'), QLatin1Char(' '));
        if (code.size() > 2 && code.startsWith(QLatin1Char(' ')) && code.endsWith(QLatin1Char(' ')) &&
            !code.trimmed().isEmpty())
            code = code.mid(1, code.size() - 2);
        addSpecial(code, CodeSpanStyle);
        m_pos = *end + length;
    }

    void delimiterRun() {
        const QChar sign = m_s[m_pos];
        qsizetype end = m_pos;
        while (end < m_s.size() && m_s[end] == sign)
            ++end;
        const int length = int(end - m_pos);
        const QChar before = m_pos > 0 ? m_s[m_pos - 1] : QLatin1Char('\n');
        const QChar after = end < m_s.size() ? m_s[end] : QLatin1Char('\n');
        const bool left = !after.isSpace() && (!isPunctuation(after) || before.isSpace() || isPunctuation(before));
        const bool right = !before.isSpace() && (!isPunctuation(before) || after.isSpace() || isPunctuation(after));
        Delimiter d;
        d.sign = sign;
        d.count = d.length = length;
        if (sign == QLatin1Char('_')) {
            d.canOpen = left && (!right || isPunctuation(before));
            d.canClose = right && (!left || isPunctuation(after));
        } else {
            d.canOpen = left;
            d.canClose = right;
        }
        m_plainOpen = false;
        d.node = addNode(m_s.mid(m_pos, length));
        m_pos = end;
        if (sign == QLatin1Char('~') && length > 2)
            return;
        if (d.canOpen || d.canClose) {
            d.previous = m_lastDelimiter;
            if (m_lastDelimiter >= 0)
                m_delimiters[size_t(m_lastDelimiter)].next = int(m_delimiters.size());
            m_lastDelimiter = int(m_delimiters.size());
            m_delimiters.push_back(d);
        }
    }

    void remove(int index) {
        const Delimiter& d = m_delimiters[size_t(index)];
        if (d.previous >= 0)
            m_delimiters[size_t(d.previous)].next = d.next;
        if (d.next >= 0)
            m_delimiters[size_t(d.next)].previous = d.previous;
        else
            m_lastDelimiter = d.previous;
    }

    // CommonMark's "process emphasis" down to the delimiter `bottom` (not included).
    void processEmphasis(int bottom) {
        std::map<int, int> openersBottom;
        int closer = m_lastDelimiter;
        if (closer == bottom)
            return;
        while (closer >= 0 && m_delimiters[size_t(closer)].previous != bottom)
            closer = m_delimiters[size_t(closer)].previous;
        while (closer >= 0) {
            Delimiter& c = m_delimiters[size_t(closer)];
            if (!c.canClose) {
                closer = c.next;
                continue;
            }
            const int key = c.sign.unicode() * 8 + (c.canOpen ? 4 : 0) + c.length % 3;
            const auto known = openersBottom.find(key);
            const int stop = std::max(bottom, known != openersBottom.end() ? known->second : bottom);
            int opener = c.previous;
            bool found = false;
            for (; opener > stop; opener = m_delimiters[size_t(opener)].previous) {
                const Delimiter& o = m_delimiters[size_t(opener)];
                if (o.sign != c.sign || !o.canOpen)
                    continue;
                if (c.sign == QLatin1Char('~')
                        ? o.count != c.count
                        : (c.canOpen || o.canClose) && c.length % 3 != 0 && (o.length + c.length) % 3 == 0)
                    continue;
                found = true;
                break;
            }
            if (!found) {
                openersBottom[key] = c.previous;
                const int after = c.next;
                if (!c.canOpen)
                    remove(closer);
                closer = after;
                continue;
            }
            Delimiter& o = m_delimiters[size_t(opener)];
            const int use = c.sign == QLatin1Char('~') ? c.count : (c.count >= 2 && o.count >= 2 ? 2 : 1);
            const uint16_t style = c.sign == QLatin1Char('~') ? Strike : use == 2 ? Strong : Emphasis;
            m_ranges.push_back({o.node + 1, c.node, style});
            for (int between = c.previous; between != opener;) {
                const int previous = m_delimiters[size_t(between)].previous;
                remove(between);
                between = previous;
            }
            o.count -= use;
            c.count -= use;
            m_nodes[size_t(o.node)].text.chop(use);
            m_nodes[size_t(c.node)].text.chop(use);
            if (o.count == 0)
                remove(opener);
            if (c.count == 0) {
                const int after = c.next;
                remove(closer);
                closer = after;
            }
        }
        while (m_lastDelimiter >= 0 && m_lastDelimiter != bottom)
            remove(m_lastDelimiter);
    }

    // --- links and pictures ---
    void openBracket(bool image) {
        m_plainOpen = false;
        ++m_pos;
        Bracket b;
        b.image = image;
        b.node = addNode(image ? QStringLiteral("![") : QStringLiteral("["));
        b.bottom = m_lastDelimiter;
        b.sourceEnd = m_pos;
        m_brackets.push_back(b);
    }

    void closeBracket() {
        const qsizetype at = m_pos++;
        if (m_brackets.empty()) {
            addPlain(u"]");
            return;
        }
        const Bracket open = m_brackets.back();
        if (!open.active) {
            m_brackets.pop_back();
            addPlain(u"]");
            return;
        }
        QString target;
        qsizetype end = at + 1;
        bool matched = inlineTarget(end, target);
        if (!matched) {
            end = at + 1;
            matched = referenceTarget(open, at, end, target);
        }
        const std::optional<QString> link = matched && !open.image ? safeLink(target) : std::nullopt;
        if (!matched || (!open.image && !link)) {  // what may not be opened stays as it was written
            m_brackets.pop_back();
            addPlain(u"]");
            return;
        }
        processEmphasis(open.bottom);
        m_brackets.pop_back();
        if (open.image) {
            m_nodes[size_t(open.node)].text.clear();
            const QString shown =
                target.size() <= MaxShownUrl
                    ? target
                    : target.left(MaxShownUrl) + QStringLiteral("… (%1 characters)").arg(target.size());
            const bool hasAlt = at > open.sourceEnd;
            addSpecial((hasAlt ? QStringLiteral(" ") : QString()) + QStringLiteral("[image not loaded: %1]").arg(shown),
                       NotLoaded);
        } else {
            m_nodes[size_t(open.node)].text.clear();
            const int index = int(m_links.size());
            m_links.push_back(*link);
            for (size_t i = size_t(open.node) + 1; i < m_nodes.size(); ++i)
                m_nodes[i].link = index;
            for (Bracket& b : m_brackets)  // no links inside links
                b.active = b.active && b.image;
        }
        m_plainOpen = false;
        m_pos = end;
    }

    bool inlineTarget(qsizetype& pos, QString& target) const {
        const QStringView s = m_s;
        if (pos >= s.size() || s[pos] != QLatin1Char('('))
            return false;
        const auto skip = [&] {
            while (pos < s.size() && s[pos].isSpace())
                ++pos;
        };
        ++pos;
        skip();
        if (pos < s.size() && s[pos] == QLatin1Char(')')) {
            target.clear();
            ++pos;
            return true;
        }
        if (!parseDestination(s, pos, target))
            return false;
        const qsizetype before = pos;
        skip();
        if (pos > before && pos < s.size() && s[pos] != QLatin1Char(')') && parseTitle(s, pos))
            skip();
        if (pos >= s.size() || s[pos] != QLatin1Char(')'))
            return false;
        ++pos;
        return true;
    }

    bool referenceTarget(const Bracket& open, qsizetype at, qsizetype& end, QString& target) const {
        if (m_definitions.isEmpty())
            return false;
        const QStringView s = m_s;
        QStringView label = s.mid(open.sourceEnd, at - open.sourceEnd);
        if (end < s.size() && s[end] == QLatin1Char('[')) {
            const qsizetype close = s.mid(0, std::min<qsizetype>(s.size(), end + 1000)).indexOf(QLatin1Char(']'), end);
            if (close > end + 1) {
                label = s.mid(end + 1, close - end - 1);
                end = close + 1;
            } else if (close == end + 1) {
                end = close + 1;
            }
        }
        if (label.size() > 1000)
            return false;
        const auto found = m_definitions.constFind(normalizedLabel(label));
        if (found == m_definitions.constEnd())
            return false;
        target = *found;
        return true;
    }

    void angle() {
        const QStringView s = QStringView(m_s).mid(m_pos);
        if (m_pos >= m_noAngle) {
            addPlain(u"<");
            ++m_pos;
            return;
        }
        const qsizetype close = s.indexOf(QLatin1Char('>'));
        if (close < 0) {
            m_noAngle = m_pos;
            addPlain(u"<");
            ++m_pos;
            return;
        }
        const QStringView body = s.mid(1, close - 1);
        const bool spaces =
            std::any_of(body.begin(), body.end(), [](QChar c) { return c.isSpace() || c == QLatin1Char('<'); });
        if (!spaces && body.size() > 2) {
            const qsizetype colon = body.indexOf(QLatin1Char(':'));
            const qsizetype mailSign = body.indexOf(QLatin1Char('@'));
            std::optional<QString> link;
            if (colon > 1)
                link = safeLink(body.toString());
            else if (colon < 0 && mailSign > 0 && body.mid(mailSign).contains(QLatin1Char('.')))
                link = safeLink(QStringLiteral("mailto:") + body.toString());
            if (link) {
                addSpecial(body.toString(), 0);
                m_nodes.back().link = int(m_links.size());
                m_links.push_back(*link);
                m_pos += close + 1;
                return;
            }
        }
        if (const qsizetype length = htmlTagLength(s); length > 0) {
            const QString source = s.left(length).toString();
            // A line break is harmless and common in tables; every other tag is shown as it was written.
            if (source.size() <= 6 &&
                source.toLower().remove(QLatin1Char(' ')).remove(QLatin1Char('/')) == QLatin1String("<br>"))
                addPlain(u"\n");
            else
                addSpecial(source, HtmlSource);
            m_pos += length;
            return;
        }
        addPlain(u"<");
        ++m_pos;
    }

    // GFM's links without signs: "https://..." and "www." at the start of a word.
    bool bareLink() {
        const QStringView s = QStringView(m_s).mid(m_pos);
        const bool www = s.startsWith(QLatin1String("www."));
        if (!www && !s.startsWith(QLatin1String("http://")) && !s.startsWith(QLatin1String("https://")))
            return false;
        if (m_pos > 0) {
            const QChar before = m_s[m_pos - 1];
            if (!before.isSpace() && !QStringLiteral("*_~(").contains(before))
                return false;
        }
        if (std::any_of(m_brackets.begin(), m_brackets.end(), [](const Bracket& b) { return b.active && !b.image; }))
            return false;  // it may become the text of a link
        qsizetype end = 0;
        int balance = 0;
        while (end < s.size() && !s[end].isSpace() && s[end] != QLatin1Char('<') && s[end] != QLatin1Char('`')) {
            balance += s[end] == QLatin1Char('(') ? 1 : s[end] == QLatin1Char(')') ? -1 : 0;
            ++end;
        }
        while (end > 0) {
            const QChar last = s[end - 1];
            if (QStringLiteral("?!.,:*_~'\"]").contains(last)) {
                --end;
            } else if (last == QLatin1Char(')') && balance < 0) {
                ++balance;
                --end;
            } else {
                break;
            }
        }
        const QString shown = s.left(end).toString();
        const auto link = safeLink(www ? QStringLiteral("http://") + shown : shown);
        if (!link || !shown.contains(QLatin1Char('.')))
            return false;
        addSpecial(shown, 0);
        m_nodes.back().link = int(m_links.size());
        m_links.push_back(*link);
        m_pos += end;
        return true;
    }

    InlineText build() {
        // Styles as differences per node, so that deep nesting costs no more than flat text.
        const size_t n = m_nodes.size();
        std::vector<int> strong(n + 1), emphasis(n + 1), strike(n + 1);
        for (const StyleRange& range : m_ranges) {
            auto& delta = range.style == Strong ? strong : range.style == Emphasis ? emphasis : strike;
            ++delta[size_t(range.from)];
            --delta[size_t(range.to)];
        }
        InlineText out;
        int nStrong = 0, nEmphasis = 0, nStrike = 0;
        for (size_t i = 0; i < n; ++i) {
            nStrong += strong[i];
            nEmphasis += emphasis[i];
            nStrike += strike[i];
            const Node& node = m_nodes[i];
            if (node.text.isEmpty())
                continue;
            Span span;
            span.start = int(out.text.size());
            span.length = int(node.text.size());
            span.style = uint16_t(node.style | (nStrong > 0 ? Strong : 0) | (nEmphasis > 0 ? Emphasis : 0) |
                                  (nStrike > 0 ? Strike : 0) | (node.link >= 0 ? LinkStyle : 0));
            span.link = node.link;
            span.formula = node.formula;
            out.text += node.text;
            if (span.style == 0)
                continue;
            if (!out.spans.empty() && span.formula < 0 && out.spans.back().style == span.style &&
                out.spans.back().link == span.link && out.spans.back().start + out.spans.back().length == span.start)
                out.spans.back().length += span.length;
            else
                out.spans.push_back(span);
        }
        out.links = std::move(m_links);
        out.formulas = std::move(m_formulas);
        return out;
    }

    const QString& m_s;
    const Definitions& m_definitions;
    qsizetype m_pos = 0;
    std::vector<Node> m_nodes;
    bool m_plainOpen = false;
    std::vector<Delimiter> m_delimiters;
    int m_lastDelimiter = -1;
    std::vector<Bracket> m_brackets;
    std::vector<StyleRange> m_ranges;
    std::map<qsizetype, std::vector<qsizetype>> m_runs;  // backtick runs by length
    qsizetype m_noDollar = PTRDIFF_MAX, m_noDouble = PTRDIFF_MAX, m_noParenthesis = PTRDIFF_MAX,
              m_noSquare = PTRDIFF_MAX, m_noAngle = PTRDIFF_MAX;
    std::vector<QString> m_links, m_formulas;
};

}  // namespace

InlineText parseInline(const QString& source, const Definitions& definitions) {
    return InlineParser(source, definitions).run();
}

QString InlineText::plain(int from, int to, bool formulasAsSource) const {
    QString out;
    int done = from;
    for (const Span& span : spans) {
        if (span.formula < 0 || span.start < from || span.start >= to)
            continue;
        out += QStringView(text).mid(done, span.start - done);
        const QString& source = formulas[size_t(span.formula)];
        const QString sign = span.style & DisplayFormula ? QStringLiteral("$$") : QStringLiteral("$");
        out += formulasAsSource ? sign + source + sign : mathToText(source);
        done = span.start + span.length;
    }
    out += QStringView(text).mid(done, std::max(0, to - done));
    return out;
}

std::optional<QString> safeLink(const QString& target) {
    if (target.size() > 8192)
        return std::nullopt;
    const QUrl url(target.trimmed(), QUrl::StrictMode);
    const QUrl lenient = url.isValid() ? url : QUrl(target.trimmed(), QUrl::TolerantMode);
    if (!lenient.isValid() || lenient.isRelative())
        return std::nullopt;
    const QString scheme = lenient.scheme().toLower();
    if (scheme == QLatin1String("mailto"))
        return lenient.path().contains(QLatin1Char('@')) ? std::optional(QString::fromLatin1(lenient.toEncoded()))
                                                         : std::nullopt;
    if ((scheme != QLatin1String("http") && scheme != QLatin1String("https")) || lenient.host().isEmpty())
        return std::nullopt;
    return QString::fromLatin1(lenient.toEncoded());  // other alphabets in the host appear as "xn--..."
}

}  // namespace ui::markdown
