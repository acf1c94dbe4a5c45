#include "ui/markdown/math.h"

#include <algorithm>

#include "ui/markdown/math_symbols.h"

namespace ui::markdown {
namespace {

constexpr int MaxMathDepth = 24;
constexpr int MaxMathNodes = 3000;

class MathParser {
  public:
    explicit MathParser(const QString& source) : m_s(source) {}

    MathNode run() {
        MathNode row = parseRow(0, {});
        while (m_pos < m_s.size()) {  // a brace or \right too many: shown, then on
            row.children.push_back(symbol(QString(m_s[m_pos]), MathClass::Ordinary, MathFace::Upright));
            ++m_pos;
            MathNode more = parseRow(0, {});
            row.children.push_back(std::move(more));
        }
        return row;
    }

  private:
    static MathNode symbol(const QString& text, MathClass role, MathFace face) {
        MathNode node;
        node.kind = MathKind::Symbol;
        node.text = text;
        node.role = role;
        node.face = face;
        return node;
    }
    static MathNode space(double em) {
        MathNode node;
        node.kind = MathKind::Space;
        node.width = em;
        return node;
    }
    bool full() const { return m_nodes > MaxMathNodes; }
    void skipSpaces() {
        while (m_pos < m_s.size() && (m_s[m_pos].isSpace() || m_s[m_pos] == QLatin1Char('%')))
            ++m_pos;
    }
    QString command() {  // at a backslash
        qsizetype end = m_pos + 1;
        while (end < m_s.size() && m_s[end].isLetter())
            ++end;
        if (end == m_pos + 1 && end < m_s.size())
            ++end;
        const QString name = m_s.mid(m_pos + 1, end - m_pos - 1);
        m_pos = end;
        return name;
    }
    QString peekCommand() {
        const qsizetype before = m_pos;
        const QString name = m_pos < m_s.size() && m_s[m_pos] == QLatin1Char('\\') ? command() : QString();
        m_pos = before;
        return name;
    }

    // Until '}', "\right", "&", "\\" or "\end" (left in place), or the end.
    MathNode parseRow(int depth, QChar closer) {
        MathNode row;
        while (m_pos < m_s.size()) {
            skipSpaces();
            if (m_pos >= m_s.size())
                break;
            const QChar c = m_s[m_pos];
            if (c == QLatin1Char('}') || (!closer.isNull() && c == closer))
                break;
            if (m_inMatrix > 0 && c == QLatin1Char('&'))
                break;
            const QString name = peekCommand();
            if (name == QLatin1String("right") || name == QLatin1String("end") ||
                (m_inMatrix > 0 && (name == QLatin1String("\\") || name == QLatin1String("cr"))))
                break;
            if (name == QLatin1String("\\")) {
                command();
                row.children.push_back(space(1.0));
                continue;
            }
            if (c == QLatin1Char('^') || c == QLatin1Char('_') || c == QLatin1Char('\'')) {
                addScript(row, depth);
                continue;
            }
            if (full() || depth > MaxMathDepth) {  // shown as it was written
                MathNode text;
                text.kind = MathKind::Text;
                text.text = m_s.mid(m_pos);
                row.children.push_back(std::move(text));
                m_pos = m_s.size();
                break;
            }
            row.children.push_back(parseAtom(depth));
        }
        return row;
    }

    void addScript(MathNode& row, int depth) {
        ++m_nodes;
        if (row.children.empty() || row.children.back().kind != MathKind::Scripts) {
            MathNode scripts;
            scripts.kind = MathKind::Scripts;
            scripts.children.resize(3);
            if (!row.children.empty()) {
                scripts.limits = row.children.back().limits;
                scripts.children[0] = std::move(row.children.back());
                row.children.pop_back();
            }
            scripts.role = scripts.children[0].role;
            row.children.push_back(std::move(scripts));
        }
        MathNode& scripts = row.children.back();
        if (m_s[m_pos] == QLatin1Char('\'')) {
            while (m_pos < m_s.size() && m_s[m_pos] == QLatin1Char('\'')) {
                scripts.children[2].children.push_back(
                    symbol(QStringLiteral("′"), MathClass::Ordinary, MathFace::Upright));
                ++m_pos;
            }
            return;
        }
        const int which = m_s[m_pos++] == QLatin1Char('_') ? 1 : 2;
        scripts.children[size_t(which)].children.push_back(argument(depth + 1));
    }

    MathNode argument(int depth) {
        skipSpaces();
        if (m_pos >= m_s.size())
            return {};
        if (m_s[m_pos] == QLatin1Char('{')) {
            if (depth > MaxMathDepth)
                return rest();
            ++m_pos;
            MathNode row = parseRow(depth + 1, {});
            if (m_pos < m_s.size() && m_s[m_pos] == QLatin1Char('}'))
                ++m_pos;
            return row;
        }
        if (m_s[m_pos] == QLatin1Char('}') || m_s[m_pos] == QLatin1Char('&'))
            return {};
        return depth > MaxMathDepth ? rest() : parseAtom(depth + 1);
    }

    MathNode rest() {
        MathNode text;
        text.kind = MathKind::Text;
        text.text = m_s.mid(m_pos);
        m_pos = m_s.size();
        return text;
    }

    QString rawArgument() {  // the characters inside braces
        skipSpaces();
        if (m_pos >= m_s.size() || m_s[m_pos] != QLatin1Char('{'))
            return {};
        int nesting = 0;
        const qsizetype begin = m_pos + 1;
        for (; m_pos < m_s.size(); ++m_pos) {
            if (m_s[m_pos] == QLatin1Char('{'))
                ++nesting;
            else if (m_s[m_pos] == QLatin1Char('}') && --nesting == 0)
                break;
        }
        const QString out = m_s.mid(begin, m_pos - begin);
        m_pos = std::min(m_pos + 1, m_s.size());
        return out;
    }

    MathNode parseAtom(int depth) {
        ++m_nodes;
        const QChar c = m_s[m_pos];
        if (c == QLatin1Char('\\'))
            return parseCommand(depth);
        if (c == QLatin1Char('{')) {
            ++m_pos;
            MathNode row = parseRow(depth + 1, {});
            if (m_pos < m_s.size() && m_s[m_pos] == QLatin1Char('}'))
                ++m_pos;
            return row;
        }
        ++m_pos;
        if (c.isDigit() || c == QLatin1Char('.')) {
            const qsizetype begin = m_pos - 1;
            while (m_pos < m_s.size() && (m_s[m_pos].isDigit() || (m_s[m_pos] == QLatin1Char('.') &&
                                                                   m_pos + 1 < m_s.size() && m_s[m_pos + 1].isDigit())))
                ++m_pos;
            return symbol(m_s.mid(begin, m_pos - begin), MathClass::Ordinary, MathFace::Upright);
        }
        switch (c.unicode()) {
            case '+':
            case '*':
                return symbol(c == QLatin1Char('*') ? QStringLiteral("∗") : QString(c), MathClass::Binary,
                              MathFace::Upright);
            case '-':
                return symbol(QStringLiteral("−"), MathClass::Binary, MathFace::Upright);
            case '=':
            case '<':
            case '>':
            case ':':
                return symbol(QString(c), MathClass::Relation, MathFace::Upright);
            case '(':
            case '[':
                return symbol(QString(c), MathClass::Open, MathFace::Upright);
            case ')':
            case ']':
                return symbol(QString(c), MathClass::Close, MathFace::Upright);
            case ',':
            case ';':
                return symbol(QString(c), MathClass::Punctuation, MathFace::Upright);
            case '~':
                return space(0.3);
            case '/':
            case '|':
            case '!':
            case '?':
            case '&':
                return symbol(QString(c), MathClass::Ordinary, MathFace::Upright);
            default:
                break;
        }
        QString text(c);
        if (c.isHighSurrogate() && m_pos < m_s.size())
            text += m_s[m_pos++];
        return symbol(text, MathClass::Ordinary, c.isLetter() ? MathFace::Italic : MathFace::Upright);
    }

    MathNode parseCommand(int depth) {
        const QString name = command();
        if (name.size() == 1 && !name[0].isLetter()) {
            switch (name[0].unicode()) {
                case ',':
                    return space(0.17);
                case ':':
                case '>':
                    return space(0.22);
                case ';':
                    return space(0.28);
                case ' ':
                    return space(0.3);
                case '!':
                    return space(-0.17);
                case '{':
                    return symbol(QStringLiteral("{"), MathClass::Open, MathFace::Upright);
                case '}':
                    return symbol(QStringLiteral("}"), MathClass::Close, MathFace::Upright);
                case '|':
                    return symbol(QStringLiteral("‖"), MathClass::Ordinary, MathFace::Upright);
                default:
                    return symbol(name, MathClass::Ordinary, MathFace::Upright);
            }
        }
        if (const MathSymbol* found = findMathSymbol(name)) {
            MathNode node = symbol(QString::fromUcs4(&found->code, 1), found->role,
                                   found->code >= 0x3b1 && found->code <= 0x3f5 ? MathFace::Italic : MathFace::Upright);
            node.largeOperator = found->role == MathClass::Operator;
            node.limits = node.largeOperator && !name.endsWith(QLatin1String("int"));
            return node;
        }
        if (isMathFunction(name)) {
            MathNode node = symbol(name, MathClass::Operator, MathFace::Upright);
            node.limits = hasLimits(name);
            return node;
        }
        if (name == QLatin1String("frac") || name == QLatin1String("dfrac") || name == QLatin1String("tfrac") ||
            name == QLatin1String("cfrac") || name == QLatin1String("binom") || name == QLatin1String("dbinom")) {
            MathNode node;
            node.kind = MathKind::Fraction;
            node.line = !name.contains(QLatin1String("binom"));
            node.children.push_back(argument(depth + 1));
            node.children.push_back(argument(depth + 1));
            if (node.line)
                return node;
            MathNode fence;
            fence.kind = MathKind::Fence;
            fence.left = QStringLiteral("(");
            fence.right = QStringLiteral(")");
            fence.children.push_back(std::move(node));
            return fence;
        }
        if (name == QLatin1String("sqrt"))
            return root(depth);
        if (name == QLatin1String("left"))
            return fence(depth);
        if (name == QLatin1String("begin"))
            return environment(depth);
        if (name == QLatin1String("text") || name == QLatin1String("textbf") || name == QLatin1String("textit") ||
            name == QLatin1String("mbox") || name == QLatin1String("textrm") || name == QLatin1String("operatorname")) {
            MathNode node;
            node.kind = MathKind::Text;
            node.text = rawArgument();
            node.face = name == QLatin1String("textbf")   ? MathFace::Bold
                        : name == QLatin1String("textit") ? MathFace::Italic
                                                          : MathFace::Upright;
            return node;
        }
        if (name == QLatin1String("mathbb") || name == QLatin1String("mathcal") || name == QLatin1String("mathscr"))
            return symbol(mathAlphabet(name, plainArgument()), MathClass::Ordinary, MathFace::Upright);
        if (name == QLatin1String("mathbf") || name == QLatin1String("boldsymbol") || name == QLatin1String("bm") ||
            name == QLatin1String("mathrm") || name == QLatin1String("mathit") || name == QLatin1String("mathsf") ||
            name == QLatin1String("mathtt")) {
            MathNode row = argument(depth + 1);
            setFace(row, name.contains(QLatin1Char('b'))   ? MathFace::Bold
                         : name == QLatin1String("mathit") ? MathFace::Italic
                                                           : MathFace::Upright);
            return row;
        }
        if (const QString accent = mathAccent(name); !accent.isEmpty()) {
            MathNode node;
            node.kind = MathKind::Accent;
            node.text = accent;
            node.limits = name.endsWith(QLatin1String("brace"));
            node.children.push_back(argument(depth + 1));
            return node;
        }
        if (name == QLatin1String("overset") || name == QLatin1String("underset") ||
            name == QLatin1String("stackrel")) {
            MathNode node;
            node.kind = MathKind::Scripts;
            node.limits = true;
            node.children.resize(3);
            node.children[name == QLatin1String("underset") ? 1 : 2] = argument(depth + 1);
            node.children[0] = argument(depth + 1);
            return node;
        }
        if (name == QLatin1String("quad"))
            return space(1.0);
        if (name == QLatin1String("qquad"))
            return space(2.0);
        if (name == QLatin1String("not")) {
            MathNode node = symbol(QString(QChar(u'\u0338')), MathClass::Relation, MathFace::Upright);
            skipSpaces();
            if (m_pos < m_s.size() && m_s[m_pos] != QLatin1Char('}')) {
                MathNode base = parseAtom(depth + 1);
                node.text = base.text + node.text;
            }
            return node;
        }
        for (const char* silent :
             {"displaystyle", "textstyle", "scriptstyle", "limits", "nolimits", "big",   "Big",   "bigg",
              "Bigg",         "bigl",      "bigr",        "Bigl",   "Bigr",     "biggl", "biggr", "nonumber",
              "notag",        "middle",    "rm",          "bf",     "it",       "hline", "cal"})
            if (name == QLatin1String(silent))
                return space(0);
        if (name == QLatin1String("tag") || name == QLatin1String("label")) {
            const QString label = rawArgument();
            return name == QLatin1String("tag")
                       ? symbol(QStringLiteral("  (%1)").arg(label), MathClass::Ordinary, MathFace::Upright)
                       : space(0);
        }
        if (name == QLatin1String("pmod") || name == QLatin1String("bmod")) {
            MathNode node;
            node.children.push_back(
                symbol(name == QLatin1String("pmod") ? QStringLiteral("  (mod ") : QStringLiteral(" mod "),
                       MathClass::Ordinary, MathFace::Upright));
            if (name == QLatin1String("pmod")) {
                node.children.push_back(argument(depth + 1));
                node.children.push_back(symbol(QStringLiteral(")"), MathClass::Close, MathFace::Upright));
            }
            return node;
        }
        return symbol(QLatin1Char('\\') + name, MathClass::Ordinary, MathFace::Upright);  // not known: by its name
    }

    QString plainArgument() {
        skipSpaces();
        if (m_pos < m_s.size() && m_s[m_pos] == QLatin1Char('{'))
            return rawArgument();
        return m_pos < m_s.size() ? QString(m_s[m_pos++]) : QString();
    }

    static void setFace(MathNode& node, MathFace face) {
        node.face = face;
        for (MathNode& child : node.children)
            setFace(child, face);
    }

    MathNode root(int depth) {
        MathNode node;
        node.kind = MathKind::Root;
        node.children.resize(2);
        skipSpaces();
        if (m_pos < m_s.size() && m_s[m_pos] == QLatin1Char('[')) {
            ++m_pos;
            node.children[1] = parseRow(depth + 1, QLatin1Char(']'));
            if (m_pos < m_s.size() && m_s[m_pos] == QLatin1Char(']'))
                ++m_pos;
        }
        node.children[0] = argument(depth + 1);
        return node;
    }

    QString delimiter() {
        skipSpaces();
        if (m_pos >= m_s.size())
            return {};
        QString text(m_s[m_pos]);
        if (m_s[m_pos] == QLatin1Char('\\')) {
            const QString name = command();
            const MathSymbol* found = findMathSymbol(name);
            text = found ? QString::fromUcs4(&found->code, 1) : name == QLatin1String("|") ? QStringLiteral("‖") : name;
        } else {
            ++m_pos;
        }
        return text == QLatin1String(".") ? QString() : text;
    }

    MathNode fence(int depth) {
        MathNode node;
        node.kind = MathKind::Fence;
        node.left = delimiter();
        node.children.push_back(parseRow(depth + 1, {}));
        if (peekCommand() == QLatin1String("right")) {
            command();
            node.right = delimiter();
        }
        return node;
    }

    MathNode environment(int depth) {
        QString name = rawArgument();
        name.remove(QLatin1Char('*'));
        MathNode node;
        node.kind = MathKind::Matrix;
        if (name == QLatin1String("array"))
            rawArgument();
        if (name == QLatin1String("pmatrix")) {
            node.left = QStringLiteral("(");
            node.right = QStringLiteral(")");
        } else if (name == QLatin1String("bmatrix")) {
            node.left = QStringLiteral("[");
            node.right = QStringLiteral("]");
        } else if (name == QLatin1String("Bmatrix") || name == QLatin1String("cases")) {
            node.left = QStringLiteral("{");
            node.right = name == QLatin1String("cases") ? QString() : QStringLiteral("}");
        } else if (name == QLatin1String("vmatrix") || name == QLatin1String("Vmatrix")) {
            node.left = node.right = name == QLatin1String("vmatrix") ? QStringLiteral("|") : QStringLiteral("‖");
        }
        node.leftAligned = !name.contains(QLatin1String("matrix"));
        ++m_inMatrix;
        std::vector<std::vector<MathNode>> rows(1);
        while (m_pos < m_s.size()) {
            rows.back().push_back(parseRow(depth + 1, {}));
            if (m_pos >= m_s.size())
                break;
            if (m_s[m_pos] == QLatin1Char('&')) {
                ++m_pos;
                continue;
            }
            const QString next = peekCommand();
            if (next == QLatin1String("\\") || next == QLatin1String("cr")) {
                command();
                rows.emplace_back();
                continue;
            }
            if (next == QLatin1String("end")) {
                command();
                rawArgument();
            }
            break;  // also at a brace or \right that does not belong here
        }
        --m_inMatrix;
        if (rows.size() > 1 && rows.back().size() == 1 && rows.back()[0].children.empty())
            rows.pop_back();
        size_t columns = 1;
        for (const auto& row : rows)
            columns = std::max(columns, row.size());
        columns = std::min<size_t>(columns, 40);
        node.columns = int(columns);
        for (auto& row : rows) {
            row.resize(columns);
            for (MathNode& cell : row)
                node.children.push_back(std::move(cell));
        }
        m_nodes += int(node.children.size());
        return node;
    }

    const QString& m_s;
    qsizetype m_pos = 0;
    int m_nodes = 0;
    int m_inMatrix = 0;
};

QString wrapped(const QString& text) {  // in parentheses when it is more than one thing
    const bool simple =
        text.size() <= 1 || std::all_of(text.begin(), text.end(), [](QChar c) { return c.isLetterOrNumber(); });
    return simple ? text : QLatin1Char('(') + text + QLatin1Char(')');
}

}  // namespace

MathNode parseMath(const QString& source) {
    const QString bounded = source.left(8192);
    return MathParser(bounded).run();
}

QString mathToText(const MathNode& node) {
    const auto child = [&](size_t i) { return i < node.children.size() ? mathToText(node.children[i]) : QString(); };
    switch (node.kind) {
        case MathKind::Symbol: {
            const bool spaced = node.role == MathClass::Relation || node.role == MathClass::Binary;
            return spaced ? QLatin1Char(' ') + node.text + QLatin1Char(' ') : node.text;
        }
        case MathKind::Text:
            return node.text;
        case MathKind::Space:
            return node.width > 0.25 ? QStringLiteral(" ") : QString();
        case MathKind::Fraction:
            return wrapped(child(0).trimmed()) + QLatin1Char('/') + wrapped(child(1).trimmed());
        case MathKind::Root: {
            const QString index = child(1);
            const QString sign = index.isEmpty() ? QStringLiteral("√") : superscript(index) + QStringLiteral("√");
            return sign + wrapped(child(0).trimmed());
        }
        case MathKind::Scripts: {
            QString out = child(0);
            const QString sub = child(1).simplified().remove(QLatin1Char(' ')),
                          sup = child(2).simplified().remove(QLatin1Char(' '));
            if (!sub.isEmpty()) {
                const QString low = subscript(sub);
                out += low.isEmpty() ? QLatin1Char('_') + wrapped(sub) : low;
            }
            if (!sup.isEmpty()) {
                const QString high = superscript(sup);
                out += high.isEmpty() ? QLatin1Char('^') + wrapped(sup) : high;
            }
            return out;
        }
        case MathKind::Accent: {
            const QString base = child(0);
            if (node.text.size() > 1)
                return base;
            const char16_t sign = node.text[0].unicode();
            const char16_t combining = sign == u'ˆ'   ? 0x302
                                       : sign == u'¯' ? 0x304
                                       : sign == u'→' ? 0x20d7
                                       : sign == u'˙' ? 0x307
                                       : sign == u'¨' ? 0x308
                                       : sign == u'˜' ? 0x303
                                       : sign == u'ˇ' ? 0x30c
                                                      : 0x306;
            return base + QChar(combining);
        }
        case MathKind::Fence:
            return node.left + child(0).trimmed() + node.right;
        case MathKind::Matrix: {
            QString out = node.left.isEmpty() ? QString() : node.left;
            for (size_t i = 0; i < node.children.size(); ++i) {
                if (i > 0)
                    out += i % size_t(node.columns) == 0 ? QStringLiteral("; ") : QStringLiteral(" ");
                out += child(i).trimmed();
            }
            return out + node.right;
        }
        case MathKind::Row:
            break;
    }
    QString out;
    for (const MathNode& part : node.children)
        out += mathToText(part);
    return out.simplified();
}

QString mathToText(const QString& source) {
    return mathToText(parseMath(source));
}

}  // namespace ui::markdown
