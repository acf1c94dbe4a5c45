#include "ui/markdown/block_rules.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "ui/markdown/block_parser.h"
#include "ui/markdown/visible_text.h"

namespace ui::markdown {
namespace {

bool isLetter(QChar c) {
    return (c >= QLatin1Char('a') && c <= QLatin1Char('z')) || (c >= QLatin1Char('A') && c <= QLatin1Char('Z'));
}
bool isDigit(QChar c) {
    return c >= QLatin1Char('0') && c <= QLatin1Char('9');
}
bool isSpaceChar(QChar c) {
    return c == QLatin1Char(' ') || c == QLatin1Char('\t') || c == QLatin1Char('\n');
}

struct Entity {
    const char* name;
    char32_t code;
};
constexpr Entity entities[] = {
    {"amp", '&'},       {"lt", '<'},        {"gt", '>'},        {"quot", '"'},      {"apos", '\''},
    {"nbsp", 0xa0},     {"copy", 0xa9},     {"reg", 0xae},      {"deg", 0xb0},      {"plusmn", 0xb1},
    {"sup2", 0xb2},     {"sup3", 0xb3},     {"micro", 0xb5},    {"para", 0xb6},     {"middot", 0xb7},
    {"frac12", 0xbd},   {"frac14", 0xbc},   {"frac34", 0xbe},   {"times", 0xd7},    {"divide", 0xf7},
    {"sect", 0xa7},     {"cent", 0xa2},     {"pound", 0xa3},    {"yen", 0xa5},      {"euro", 0x20ac},
    {"trade", 0x2122},  {"ndash", 0x2013},  {"mdash", 0x2014},  {"lsquo", 0x2018},  {"rsquo", 0x2019},
    {"ldquo", 0x201c},  {"rdquo", 0x201d},  {"laquo", 0xab},    {"raquo", 0xbb},    {"bull", 0x2022},
    {"hellip", 0x2026}, {"larr", 0x2190},   {"uarr", 0x2191},   {"rarr", 0x2192},   {"darr", 0x2193},
    {"harr", 0x2194},   {"lArr", 0x21d0},   {"rArr", 0x21d2},   {"hArr", 0x21d4},   {"forall", 0x2200},
    {"part", 0x2202},   {"exist", 0x2203},  {"empty", 0x2205},  {"nabla", 0x2207},  {"isin", 0x2208},
    {"sum", 0x2211},    {"prod", 0x220f},   {"minus", 0x2212},  {"radic", 0x221a},  {"infin", 0x221e},
    {"cap", 0x2229},    {"cup", 0x222a},    {"int", 0x222b},    {"asymp", 0x2248},  {"ne", 0x2260},
    {"equiv", 0x2261},  {"le", 0x2264},     {"ge", 0x2265},     {"sub", 0x2282},    {"sup", 0x2283},
    {"alpha", 0x3b1},   {"beta", 0x3b2},    {"gamma", 0x3b3},   {"delta", 0x3b4},   {"epsilon", 0x3b5},
    {"theta", 0x3b8},   {"lambda", 0x3bb},  {"mu", 0x3bc},      {"pi", 0x3c0},      {"sigma", 0x3c3},
    {"phi", 0x3c6},     {"omega", 0x3c9},   {"Delta", 0x394},   {"Sigma", 0x3a3},   {"Omega", 0x3a9},
    {"auml", 0xe4},     {"ouml", 0xf6},     {"uuml", 0xfc},     {"Auml", 0xc4},     {"Ouml", 0xd6},
    {"Uuml", 0xdc},     {"szlig", 0xdf},    {"eacute", 0xe9},   {"egrave", 0xe8},   {"agrave", 0xe0},
    {"aacute", 0xe1},   {"ccedil", 0xe7},   {"ntilde", 0xf1},   {"ecirc", 0xea},    {"iacute", 0xed},
    {"oacute", 0xf3},   {"uacute", 0xfa},   {"check", 0x2713},  {"thinsp", 0x2009}, {"ensp", 0x2002},
    {"emsp", 0x2003},   {"dagger", 0x2020}, {"permil", 0x2030}, {"AElig", 0xc6},
};

const char* const blockTags[] = {
    "address",  "article",    "aside",  "base",    "basefont", "blockquote", "body",     "caption",  "center",
    "col",      "colgroup",   "dd",     "details", "dialog",   "dir",        "div",      "dl",       "dt",
    "fieldset", "figcaption", "figure", "footer",  "form",     "frame",      "frameset", "h1",       "h2",
    "h3",       "h4",         "h5",     "h6",      "head",     "header",     "hr",       "html",     "iframe",
    "legend",   "li",         "link",   "main",    "menu",     "menuitem",   "nav",      "noframes", "ol",
    "optgroup", "option",     "p",      "param",   "section",  "source",     "summary",  "table",    "tbody",
    "td",       "tfoot",      "th",     "thead",   "title",    "tr",         "track",    "ul"};

// "<name", "</name" up to the end of the name; 0: no tag.
qsizetype tagName(QStringView s, bool& closing, QString& name) {
    if (s.size() < 2 || s[0] != QLatin1Char('<'))
        return 0;
    qsizetype i = 1;
    closing = s[i] == QLatin1Char('/');
    i += closing ? 1 : 0;
    const qsizetype begin = i;
    if (i >= s.size() || !isLetter(s[i]))
        return 0;
    while (i < s.size() && (isLetter(s[i]) || isDigit(s[i]) || s[i] == QLatin1Char('-')))
        ++i;
    name = s.mid(begin, i - begin).toString().toLower();
    return i;
}

}  // namespace

QString normalizedLabel(QStringView label) {
    return label.toString().simplified().toCaseFolded();
}

bool isAsciiPunctuation(QChar c) {
    const char16_t u = c.unicode();
    return (u >= 0x21 && u <= 0x2f) || (u >= 0x3a && u <= 0x40) || (u >= 0x5b && u <= 0x60) || (u >= 0x7b && u <= 0x7e);
}

QString headingText(QStringView afterMarks) {
    QStringView s = afterMarks.trimmed();
    qsizetype end = s.size();
    while (end > 0 && s[end - 1] == QLatin1Char('#'))
        --end;
    if (end == 0)
        return {};
    if (end < s.size() && isSpaceChar(s[end - 1]))
        s = s.left(end).trimmed();
    return s.toString();
}

QString infoWord(QStringView info) {
    const QString text = unescaped(info.trimmed().left(200));
    qsizetype end = 0;
    while (end < text.size() && !text[end].isSpace() && text[end] != QLatin1Char('{') && text[end] != QLatin1Char(','))
        ++end;
    return text.left(std::min<qsizetype>(end, 40)).toLower();
}

bool isRule(QStringView line) {
    if (line.isEmpty())
        return false;
    const QChar mark = line[0];
    if (mark != QLatin1Char('*') && mark != QLatin1Char('-') && mark != QLatin1Char('_'))
        return false;
    int marks = 0;
    for (const QChar c : line) {
        if (c == mark)
            ++marks;
        else if (!isSpaceChar(c))
            return false;
    }
    return marks >= 3;
}

std::vector<Align> delimiterRow(QStringView line) {
    std::vector<Align> out;
    QStringView s = line.trimmed();
    if (s.startsWith(QLatin1Char('|')))
        s = s.mid(1);
    if (s.endsWith(QLatin1Char('|')))
        s.chop(1);
    for (QStringView cell : s.split(QLatin1Char('|'))) {
        if (out.size() > MaxTableColumns)
            return {};
        cell = cell.trimmed();
        const bool left = cell.startsWith(QLatin1Char(':'));
        const bool right = cell.size() > 1 && cell.endsWith(QLatin1Char(':'));
        const QStringView dashes = cell.mid(left ? 1 : 0, cell.size() - (left ? 1 : 0) - (right ? 1 : 0));
        if (dashes.isEmpty() ||
            std::any_of(dashes.begin(), dashes.end(), [](QChar c) { return c != QLatin1Char('-'); }))
            return {};
        out.push_back(left && right ? Align::Center : left ? Align::Left : right ? Align::Right : Align::None);
    }
    return out;
}

std::vector<QString> tableCells(QStringView line, int limit) {
    std::vector<QString> cells;
    QStringView s = line.trimmed();
    qsizetype i = s.startsWith(QLatin1Char('|')) ? 1 : 0;
    QString cell;
    for (; i < s.size(); ++i) {
        if (s[i] == QLatin1Char('\\') && i + 1 < s.size() && s[i + 1] == QLatin1Char('|')) {
            cell += QLatin1Char('|');
            ++i;
        } else if (s[i] == QLatin1Char('\\') && i + 1 < s.size()) {
            cell += s[i];
            cell += s[++i];
        } else if (s[i] == QLatin1Char('|')) {
            cells.push_back(cell.trimmed());
            cell.clear();
            if (int(cells.size()) >= limit)
                return cells;
            if (i + 1 == s.size())
                return cells;
        } else {
            cell += s[i];
        }
    }
    cells.push_back(cell.trimmed());
    return cells;
}

void noteLongest(const QString& cell, QString& longest, QString& word) {
    if (cell.size() > longest.size())
        longest = cell.left(200);
    qsizetype begin = 0;
    for (qsizetype i = 0; i <= cell.size(); ++i) {
        if (i < cell.size() && !cell[i].isSpace())
            continue;
        if (i - begin > word.size())
            word = cell.mid(begin, std::min<qsizetype>(i - begin, 24));
        begin = i + 1;
    }
}

int htmlBlockKind(QStringView line) {
    const QStringView s = line;
    if (s.size() < 2 || s[0] != QLatin1Char('<'))
        return 0;
    if (s.startsWith(QLatin1String("<!--")))
        return 2;
    if (s.startsWith(QLatin1String("<?")))
        return 3;
    if (s.startsWith(QLatin1String("<![CDATA[")))
        return 5;
    if (s[1] == QLatin1Char('!'))
        return s.size() > 2 && isLetter(s[2]) ? 4 : 0;
    bool closing = false;
    QString name;
    const qsizetype end = tagName(s, closing, name);
    if (end == 0)
        return 0;
    const QStringView after = s.mid(end);
    const bool ends = after.isEmpty() || isSpaceChar(after[0]) || after[0] == QLatin1Char('>');
    if (!closing && ends &&
        (name == QLatin1String("script") || name == QLatin1String("pre") || name == QLatin1String("style") ||
         name == QLatin1String("textarea")))
        return 1;
    if (ends || after.startsWith(QLatin1String("/>")))
        for (const char* tag : blockTags)
            if (name == QLatin1String(tag))
                return 6;
    const qsizetype length = htmlTagLength(s);
    return length > 0 && s.mid(length).trimmed().isEmpty() ? 7 : 0;
}

bool htmlBlockEnds(int kind, QStringView line) {
    switch (kind) {
        case 1:
            for (const char* tag : {"</script>", "</pre>", "</style>", "</textarea>"})
                if (line.contains(QLatin1String(tag), Qt::CaseInsensitive))
                    return true;
            return false;
        case 2:
            return line.contains(QLatin1String("-->"));
        case 3:
            return line.contains(QLatin1String("?>"));
        case 4:
            return line.contains(QLatin1Char('>'));
        case 5:
            return line.contains(QLatin1String("]]>"));
        default:
            return false;
    }
}

qsizetype htmlTagLength(QStringView s) {
    const auto upTo = [&](const char* end, qsizetype from) -> qsizetype {
        const qsizetype at = s.indexOf(QLatin1String(end), from);
        return at < 0 ? 0 : at + qsizetype(qstrlen(end));
    };
    if (s.startsWith(QLatin1String("<!-->")))
        return 5;
    if (s.startsWith(QLatin1String("<!--")))
        return upTo("-->", 4);
    if (s.startsWith(QLatin1String("<?")))
        return upTo("?>", 2);
    if (s.startsWith(QLatin1String("<![CDATA[")))
        return upTo("]]>", 9);
    if (s.size() > 2 && s.startsWith(QLatin1String("<!")) && isLetter(s[2]))
        return upTo(">", 2);
    bool closing = false;
    QString name;
    qsizetype i = tagName(s, closing, name);
    if (i == 0)
        return 0;
    const auto skipSpaces = [&] {
        const qsizetype begin = i;
        while (i < s.size() && isSpaceChar(s[i]))
            ++i;
        return i > begin;
    };
    while (!closing) {  // attributes
        const qsizetype before = i;
        if (!skipSpaces() || i >= s.size() ||
            !(isLetter(s[i]) || s[i] == QLatin1Char('_') || s[i] == QLatin1Char(':'))) {
            i = before;
            break;
        }
        while (i < s.size() && (isLetter(s[i]) || isDigit(s[i]) || QStringLiteral("_:.-").contains(s[i])))
            ++i;
        const qsizetype afterName = i;
        skipSpaces();
        if (i >= s.size() || s[i] != QLatin1Char('=')) {
            i = afterName;
            continue;
        }
        ++i;
        skipSpaces();
        if (i >= s.size())
            return 0;
        if (s[i] == QLatin1Char('"') || s[i] == QLatin1Char('\'')) {
            const qsizetype end = s.indexOf(s[i], i + 1);
            if (end < 0)
                return 0;
            i = end + 1;
        } else {
            const qsizetype begin = i;
            while (i < s.size() && !isSpaceChar(s[i]) && !QStringLiteral("\"'=<>`").contains(s[i]))
                ++i;
            if (i == begin)
                return 0;
        }
    }
    skipSpaces();
    if (!closing && i < s.size() && s[i] == QLatin1Char('/'))
        ++i;
    return i < s.size() && s[i] == QLatin1Char('>') ? i + 1 : 0;
}

qsizetype parseEntity(QStringView s, QString& out) {
    if (s.size() < 3 || s[0] != QLatin1Char('&'))
        return 0;
    const qsizetype end = s.left(40).indexOf(QLatin1Char(';'));
    if (end < 2)
        return 0;
    const QStringView body = s.mid(1, end - 1);
    if (body[0] == QLatin1Char('#')) {
        const bool hex = body.size() > 1 && body[1].toLower() == QLatin1Char('x');
        const QStringView digits = body.mid(hex ? 2 : 1);
        bool ok = false;
        const uint code = digits.size() <= (hex ? 6 : 7) ? digits.toUInt(&ok, hex ? 16 : 10) : 0;
        if (!ok)
            return 0;
        const char32_t c = code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0xfffd : code;
        out = visible(QString::fromUcs4(&c, 1));  // an entity must not smuggle in what the text may not hold
        return end + 1;
    }
    for (const Entity& entity : entities) {
        if (body == QLatin1String(entity.name)) {
            out = QString::fromUcs4(&entity.code, 1);
            return end + 1;
        }
    }
    return 0;
}

QString unescaped(QStringView s) {
    QString out;
    for (qsizetype i = 0; i < s.size(); ++i) {
        QString entity;
        if (s[i] == QLatin1Char('\\') && i + 1 < s.size() && isAsciiPunctuation(s[i + 1])) {
            out += s[++i];
        } else if (const qsizetype used = s[i] == QLatin1Char('&') ? parseEntity(s.mid(i), entity) : 0; used > 0) {
            out += entity;
            i += used - 1;
        } else {
            out += s[i];
        }
    }
    return out;
}

bool parseDestination(QStringView s, qsizetype& pos, QString& target) {
    qsizetype i = pos;
    if (i < s.size() && s[i] == QLatin1Char('<')) {
        for (++i; i < s.size() && s[i] != QLatin1Char('>'); ++i) {
            if (s[i] == QLatin1Char('\n') || s[i] == QLatin1Char('<'))
                return false;
            if (s[i] == QLatin1Char('\\') && i + 1 < s.size())
                ++i;
        }
        if (i >= s.size())
            return false;
        target = unescaped(s.mid(pos + 1, i - pos - 1));
        pos = i + 1;
        return true;
    }
    int nesting = 0;
    for (; i < s.size(); ++i) {
        if (isSpaceChar(s[i]))
            break;
        if (s[i] == QLatin1Char('\\') && i + 1 < s.size() && isAsciiPunctuation(s[i + 1])) {
            ++i;
        } else if (s[i] == QLatin1Char('(')) {
            if (++nesting > 32)
                return false;
        } else if (s[i] == QLatin1Char(')')) {
            if (nesting-- == 0)
                break;
        }
    }
    if (nesting > 0)
        return false;
    target = unescaped(s.mid(pos, i - pos));
    pos = i;
    return true;
}

bool parseTitle(QStringView s, qsizetype& pos) {
    if (pos >= s.size())
        return false;
    const QChar open = s[pos];
    if (open != QLatin1Char('"') && open != QLatin1Char('\'') && open != QLatin1Char('('))
        return false;
    const QChar close = open == QLatin1Char('(') ? QLatin1Char(')') : open;
    for (qsizetype i = pos + 1; i < s.size(); ++i) {
        if (s[i] == QLatin1Char('\\')) {
            ++i;
        } else if (s[i] == close) {
            pos = i + 1;
            return true;
        } else if (open == QLatin1Char('(') && s[i] == open) {
            return false;
        }
    }
    return false;
}

qsizetype parseDefinition(const QString& text, QString& label, QString& target) {
    const QStringView s = text;
    qsizetype i = 1;
    while (i < s.size() && s[i] != QLatin1Char(']')) {
        if (s[i] == QLatin1Char('['))
            return 0;
        i += s[i] == QLatin1Char('\\') ? 2 : 1;
    }
    if (i + 1 >= s.size() || i > 1000 || s[i + 1] != QLatin1Char(':'))
        return 0;
    label = normalizedLabel(s.mid(1, i - 1));
    if (label.isEmpty())
        return 0;
    i += 2;
    const auto skip = [&](qsizetype& at) {
        int lines = 0;
        for (; at < s.size() && isSpaceChar(s[at]); ++at)
            lines += s[at] == QLatin1Char('\n') ? 1 : 0;
        return lines <= 1;
    };
    const auto lineEnd = [&](qsizetype at) -> qsizetype {  // after the line end, or -1
        while (at < s.size() && (s[at] == QLatin1Char(' ') || s[at] == QLatin1Char('\t')))
            ++at;
        return at >= s.size() ? s.size() : s[at] == QLatin1Char('\n') ? at + 1 : -1;
    };
    if (!skip(i) || i >= s.size())
        return 0;
    const qsizetype begin = i;
    if (!parseDestination(s, i, target) || i == begin)
        return 0;
    const qsizetype plain = lineEnd(i);
    qsizetype title = i;
    if (skip(title) && title > i && parseTitle(s, title))
        if (const qsizetype end = lineEnd(title); end >= 0)
            return end;
    return std::max<qsizetype>(plain, 0);
}

}  // namespace ui::markdown
