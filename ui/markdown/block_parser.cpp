#include "ui/markdown/block_parser.h"

#include <algorithm>

#include "ui/markdown/block_rules.h"
#include "ui/markdown/highlighter.h"

namespace ui::markdown {
namespace {

bool isBlankOrTab(QChar c) {
    return c == QLatin1Char(' ') || c == QLatin1Char('\t');
}

}  // namespace

// --- the cursor ---

void BlockParser::findNonspace() {
    int pos = m_pos, column = m_column;
    while (pos < m_line.size()) {
        if (m_line[pos] == QLatin1Char(' '))
            ++column;
        else if (m_line[pos] == QLatin1Char('\t'))
            column += 4 - column % 4;
        else
            break;
        ++pos;
    }
    m_next = pos;
    m_nextColumn = column;
    m_blank = pos >= m_line.size();
    m_indent = column - m_column;
}

void BlockParser::advance(int count, bool columns) {
    while (count > 0 && m_pos < m_line.size()) {
        if (m_line[m_pos] == QLatin1Char('\t')) {
            const int toTab = 4 - m_column % 4;
            if (columns) {
                m_partialTab = toTab > count;
                const int step = std::min(count, toTab);
                m_column += step;
                m_pos += m_partialTab ? 0 : 1;
                count -= step;
            } else {
                m_partialTab = false;
                m_column += toTab;
                ++m_pos;
                --count;
            }
        } else {
            m_partialTab = false;
            ++m_pos;
            ++m_column;
            --count;
        }
    }
}

void BlockParser::advanceToNonspace() {
    m_pos = m_next;
    m_column = m_nextColumn;
    m_partialTab = false;
}

QString BlockParser::rest() const {
    if (!m_partialTab)
        return m_line.mid(m_pos).toString();
    return QString(4 - m_column % 4, QLatin1Char(' ')) + m_line.mid(m_pos + 1).toString();
}

QChar BlockParser::peek(int offset) const {
    return m_pos + offset < m_line.size() ? m_line[m_pos + offset] : QChar();
}

// --- one line ---

void BlockParser::addLine(QStringView line, bool continued, bool unfinished) {
    m_line = line;
    m_pos = m_column = 0;
    m_partialTab = false;
    m_long = unfinished;
    if (continued) {  // the rest of a very long line: text of what is open
        if (m_leaf.kind == Open::Fence || m_leaf.kind == Open::Html || m_leaf.kind == Open::IndentedCode) {
            addCodeText(line.toString(), unfinished);
        } else {
            if (m_leaf.kind != Open::Paragraph) {
                closeLeaf();
                openLeaf(Open::Paragraph);
            }
            m_leaf.text += line;
            cutParagraph();
        }
        return;
    }
    size_t depth = 0;
    while (depth < m_containers.size() && continueContainer(m_containers[depth]))
        ++depth;
    const bool all = depth == m_containers.size();
    findNonspace();
    if (all && (m_leaf.kind == Open::Fence || m_leaf.kind == Open::Html || m_leaf.kind == Open::Math)) {
        addVerbatim(unfinished);
        return;
    }
    if (all && m_leaf.kind == Open::IndentedCode) {
        if (m_indent >= 4 || m_blank) {
            m_indent >= 4 ? advance(4, true) : advanceToNonspace();
            addCodeText(rest(), unfinished);
            return;
        }
        closeLeaf();
    }
    const size_t matched = depth;
    bool started = false;
    for (;;) {
        findNonspace();
        const size_t before = depth;
        if (m_blank || !startBlock(depth))
            break;
        started = true;
        if (depth == before)  // a leaf was opened or finished: the line is used up
            return;
    }
    findNonspace();
    if (m_blank && !started) {
        closeTo(matched);
        closeLeaf();
        m_blankSeen = true;
        return;
    }
    if (m_blank)  // an item or a quote without text so far
        return;
    if (!all && !started && m_leaf.kind == Open::Paragraph) {  // lazy continuation
        advanceToNonspace();
        addText();
        return;
    }
    if (!started && !all)
        closeTo(matched);
    if (m_leaf.kind == Open::Table) {
        addTableRow(m_line.mid(m_next));
        return;
    }
    if (!m_plain)
        advanceToNonspace();
    addText();
}

bool BlockParser::continueContainer(Container& container) {
    findNonspace();
    if (container.frame.kind == Frame::Kind::Quote) {
        if (m_indent > 3 || m_blank || m_line[m_next] != QLatin1Char('>'))
            return false;
        advanceToNonspace();
        advance(1, false);
        if (isBlankOrTab(peek()))
            advance(1, true);
        return true;
    }
    if (m_blank) {
        if (container.empty)
            return false;
        advanceToNonspace();
        return true;
    }
    if (m_indent < container.offset)
        return false;
    advance(container.offset, true);
    return true;
}

bool BlockParser::startBlock(size_t& depth) {
    if (m_plain)
        return m_indent < 4 && (m_line[m_next] == QLatin1Char('`') || m_line[m_next] == QLatin1Char('~')) &&
               startFence(depth);
    if (m_indent >= 4) {
        if (m_leaf.kind == Open::Paragraph || (m_leaf.kind == Open::Table && depth == m_containers.size()))
            return false;
        advance(4, true);
        closeTo(depth);
        openLeaf(Open::IndentedCode);
        addCodeText(rest(), m_long);
        return true;
    }
    const char16_t c = m_line[m_next].unicode();
    switch (c) {  // most lines begin with a letter: nothing starts
        case '>':
            return startQuote(depth);
        case '#':
            return startHeading(depth);
        case '`':
        case '~':
            return startFence(depth);
        case '<':
            return startHtml(depth);
        case '$':
        case '\\':
            return startMath(depth);
        case '=':
            return startSetext(depth);
        case '-':
            return startSetext(depth) || startTable(depth) || startRule(depth) || startItem(depth);
        case '|':
        case ':':
            return startTable(depth);
        case '*':
        case '_':
            return startRule(depth) || startItem(depth);
        case '+':
            return startItem(depth);
        default:
            return c >= '0' && c <= '9' && startItem(depth);
    }
}

bool BlockParser::startQuote(size_t& depth) {
    if (depth >= MaxDepth)
        return false;
    advanceToNonspace();
    advance(1, false);
    if (isBlankOrTab(peek()))
        advance(1, true);
    closeTo(depth);
    Container quote;
    quote.frame.kind = Frame::Kind::Quote;
    push(quote);
    depth = m_containers.size();
    return true;
}

bool BlockParser::startHeading(size_t depth) {
    const QStringView s = m_line.mid(m_next);
    int level = 0;
    while (level < s.size() && s[level] == QLatin1Char('#'))
        ++level;
    if (level > 6 || (level < s.size() && !isBlankOrTab(s[level])))
        return false;
    closeTo(depth);
    closeLeaf();
    Leaf& leaf = emitLeaf(LeafKind::Heading, headingText(s.mid(level)).left(MaxParagraphChars));
    leaf.level = uint8_t(level);
    return true;
}

bool BlockParser::startFence(size_t depth) {
    const QStringView s = m_line.mid(m_next);
    int length = 0;
    while (length < s.size() && s[length] == s[0])
        ++length;
    const QStringView info = s.mid(length);
    if (length < 3 || (s[0] == QLatin1Char('`') && info.contains(QLatin1Char('`'))))
        return false;
    closeTo(depth);
    openLeaf(Open::Fence);
    m_leaf.fenceChar = s[0];
    m_leaf.fenceLength = length;
    m_leaf.fenceIndent = m_indent;
    m_leaf.info = infoWord(info);
    return true;
}

bool BlockParser::startHtml(size_t depth) {
    const int kind = htmlBlockKind(m_line.mid(m_next));
    if (kind == 0 || (kind == 7 && m_leaf.kind == Open::Paragraph))
        return false;
    closeTo(depth);
    openLeaf(Open::Html);
    m_leaf.htmlEnd = kind;
    const QStringView line = m_line.mid(m_pos);
    addCodeText(line.toString(), m_long);
    if (kind <= 5 && htmlBlockEnds(kind, line))
        closeLeaf();
    return true;
}

bool BlockParser::startMath(size_t depth) {
    const QStringView s = m_line.mid(m_next);
    const bool dollars = s.startsWith(QLatin1String("$$"));
    if (m_long || (!dollars && !s.startsWith(QLatin1String("\\["))))
        return false;
    const QStringView body = s.mid(2);
    const qsizetype end = body.indexOf(dollars ? QLatin1String("$$") : QLatin1String("\\]"));
    if (end >= 0 && !body.mid(end + 2).trimmed().isEmpty())
        return false;  // text goes on: a formula inside a paragraph
    if (end >= 0 && body.left(end).trimmed().isEmpty())
        return false;
    closeTo(depth);
    closeLeaf();
    if (end >= 0) {
        emitLeaf(LeafKind::Math, body.left(end).trimmed().toString());
        return true;
    }
    openLeaf(Open::Math);
    m_leaf.opening = s.left(2).toString();
    m_leaf.text = body.toString();
    return true;
}

bool BlockParser::startSetext(size_t depth) {
    if (m_long || m_leaf.kind != Open::Paragraph || depth != m_containers.size())
        return false;
    const QStringView s = m_line.mid(m_next);
    const QStringView marks = s.trimmed();
    if (std::any_of(marks.begin(), marks.end(), [&](QChar c) { return c != s[0]; }))
        return false;
    QString text = m_leaf.text;
    takeDefinitions(text);
    if (text.trimmed().isEmpty()) {
        m_leaf.text = text;
        return false;
    }
    const bool blankBefore = m_leaf.blankBefore;
    m_leaf = OpenLeaf();
    m_blankSeen = blankBefore;
    Leaf& leaf = emitLeaf(LeafKind::Heading, text.trimmed());
    leaf.level = s[0] == QLatin1Char('=') ? 1 : 2;
    return true;
}

bool BlockParser::startTable(size_t depth) {
    if (m_long || m_leaf.kind != Open::Paragraph || depth != m_containers.size())
        return false;
    std::vector<Align> columns = delimiterRow(m_line.mid(m_next));
    if (columns.empty() || columns.size() > MaxTableColumns)
        return false;
    const qsizetype lastLine = m_leaf.text.lastIndexOf(QLatin1Char('\n')) + 1;
    const QString header = m_leaf.text.mid(lastLine);
    if (!header.contains(QLatin1Char('|')) && columns.size() != 1)
        return false;
    std::vector<QString> cells = tableCells(header, MaxTableColumns + 1);
    if (cells.size() != columns.size())
        return false;
    if (columns.size() == 1 && !m_line.contains(QLatin1Char('|')))
        return false;  // "a" above "---" is a heading
    if (lastLine > 0) {
        m_leaf.text.truncate(lastLine - 1);
        closeLeaf();
    } else {
        m_blankSeen = m_leaf.blankBefore;
        m_leaf = OpenLeaf();
    }
    openLeaf(Open::Table);
    m_leaf.columns = std::move(columns);
    m_leaf.hasHeader = true;
    m_leaf.rows.push_back(std::move(cells));
    return true;
}

bool BlockParser::startRule(size_t depth) {
    if (m_long || !isRule(m_line.mid(m_next)))
        return false;
    closeTo(depth);
    closeLeaf();
    emitLeaf(LeafKind::Rule, {});
    return true;
}

bool BlockParser::interrupts(size_t depth) const {
    return m_leaf.kind == Open::Paragraph && depth == m_containers.size();
}

bool BlockParser::startItem(size_t& depth) {
    if (depth >= MaxDepth)
        return false;
    const QStringView s = m_line.mid(m_next);
    int length = 0, number = 0;
    Container item;
    item.frame.kind = Frame::Kind::Item;
    if (s[0].unicode() < '0' || s[0].unicode() > '9') {
        length = 1;
        item.frame.sign = s[0];
    } else {
        while (length < s.size() && length < 9 && s[length].unicode() >= '0' && s[length].unicode() <= '9')
            number = number * 10 + (s[length++].unicode() - '0');
        if (length >= s.size() || (s[length] != QLatin1Char('.') && s[length] != QLatin1Char(')')))
            return false;
        item.frame.sign = s[length++];
        item.frame.marker = Marker::Number;
        if (interrupts(depth) && number != 1)
            return false;
    }
    if (length < s.size() && !isBlankOrTab(s[length]))
        return false;
    if (interrupts(depth) && s.mid(length).trimmed().isEmpty())
        return false;
    const int markerIndent = m_indent;
    advanceToNonspace();
    advance(length, true);
    const int startPos = m_pos, startColumn = m_column;
    do {
        advance(1, true);
    } while (m_column - startColumn < 5 && isBlankOrTab(peek()));
    const bool blankItem = m_pos >= m_line.size();
    const int spaces = m_column - startColumn;
    if (spaces >= 5 || spaces < 1 || blankItem) {
        m_column = startColumn;
        m_pos = startPos;
        m_partialTab = false;
        if (isBlankOrTab(peek()))
            advance(1, true);
        item.offset = markerIndent + length + 1;
    } else {
        item.offset = markerIndent + length + spaces;
    }
    closeTo(depth);
    const QChar sign = item.frame.sign;
    const bool sibling = m_memory.size() > depth && m_memory[depth].sign == sign;
    item.frame.number = sibling ? std::min(m_memory[depth].number + 1, 999999999) : number;
    push(item);
    depth = m_containers.size();
    return true;
}

// --- text of open leaves ---

void BlockParser::addVerbatim(bool unfinished) {
    if (m_leaf.kind == Open::Fence) {
        const QStringView s = m_line.mid(m_next);
        if (m_indent <= 3 && !s.isEmpty() && s[0] == m_leaf.fenceChar) {
            int length = 0;
            while (length < s.size() && s[length] == m_leaf.fenceChar)
                ++length;
            if (length >= m_leaf.fenceLength && s.mid(length).trimmed().isEmpty()) {
                closeLeaf();
                return;
            }
        }
        for (int i = 0; i < m_leaf.fenceIndent && isBlankOrTab(peek()); ++i)
            advance(1, true);
        addCodeText(rest(), unfinished);
        return;
    }
    if (m_leaf.kind == Open::Html) {
        if (m_leaf.htmlEnd >= 6 && m_blank) {
            closeLeaf();
            m_blankSeen = true;
            return;
        }
        const QString text = rest();
        addCodeText(text, unfinished);
        if (m_leaf.htmlEnd <= 5 && htmlBlockEnds(m_leaf.htmlEnd, text))
            closeLeaf();
        return;
    }
    const QStringView line = m_line.mid(m_next);
    const qsizetype end =
        line.indexOf(m_leaf.opening == QLatin1String("$$") ? QLatin1String("$$") : QLatin1String("\\]"));
    if (m_blank || unfinished || m_leaf.text.size() + line.size() > MaxMathChars) {  // no formula after all
        const QString source = m_leaf.opening + m_leaf.text;
        const bool blankBefore = m_leaf.blankBefore;
        m_leaf = OpenLeaf();
        m_leaf.kind = Open::Paragraph;
        m_leaf.blankBefore = blankBefore;
        m_leaf.text = source;
        if (m_blank) {
            closeLeaf();
            m_blankSeen = true;
        } else {
            advanceToNonspace();
            addText();
        }
        return;
    }
    if (end < 0) {
        m_leaf.text += QLatin1Char('\n') + line.toString();
        return;
    }
    m_leaf.text += QLatin1Char('\n') + line.left(end).toString();
    closeLeaf(true);
    const QStringView after = line.mid(end + 2).trimmed();
    if (!after.isEmpty()) {
        openLeaf(Open::Paragraph);
        m_leaf.text = after.toString();
    }
}

void BlockParser::addText() {
    if (m_leaf.kind != Open::Paragraph) {
        closeLeaf();
        openLeaf(Open::Paragraph);
    } else if (!m_leaf.text.isEmpty()) {
        m_leaf.text += QLatin1Char('\n');
    }
    m_leaf.text += rest();
    cutParagraph();
}

void BlockParser::addCodeText(const QString& text, bool unfinished) {
    m_leaf.text += text;
    if (!unfinished) {
        m_leaf.text += QLatin1Char('\n');
        ++m_leaf.lines;
    }
    while (m_leaf.lines >= MaxCodeLines || m_leaf.text.size() >= MaxCodeChars)
        emitCode();
}

void BlockParser::addTableRow(QStringView line) {
    std::vector<QString> cells = tableCells(line, MaxTableColumns);
    cells.resize(m_leaf.columns.size());
    m_leaf.rows.push_back(std::move(cells));
    if (m_leaf.rows.size() >= MaxTableRows)
        emitTable();
}

// --- opening, closing, giving out ---

void BlockParser::openLeaf(Open kind) {
    m_leaf = OpenLeaf();
    m_leaf.kind = kind;
    m_leaf.blankBefore = m_blankSeen;
    m_blankSeen = false;
    if (!m_containers.empty())
        m_containers.back().empty = false;
    if (m_memory.size() > m_containers.size())
        m_memory.resize(m_containers.size());
}

void BlockParser::push(Container container) {
    if (!m_containers.empty())
        m_containers.back().empty = false;
    const size_t depth = m_containers.size();
    m_memory.resize(depth + 1);
    m_memory[depth] = container.frame.kind == Frame::Kind::Item
                          ? ItemMemory{container.frame.sign, container.frame.number}
                          : ItemMemory{};
    m_containers.push_back(std::move(container));
}

void BlockParser::closeTo(size_t depth) {
    closeLeaf();
    while (m_containers.size() > depth) {
        if (m_containers.back().pending && m_containers.back().frame.kind == Frame::Kind::Item)
            emitLeaf(LeafKind::Paragraph, {});
        m_containers.pop_back();
    }
}

Leaf& BlockParser::emitLeaf(LeafKind kind, const QString& text) {
    Leaf leaf;
    leaf.kind = kind;
    leaf.text = text;
    leaf.blankBefore = m_leaf.kind == Open::None ? m_blankSeen : m_leaf.blankBefore;
    leaf.continues = m_leaf.continues;
    if (m_leaf.kind == Open::None) {
        m_blankSeen = false;
        if (m_memory.size() > m_containers.size())
            m_memory.resize(m_containers.size());
    }
    leaf.frames.reserve(m_containers.size());
    for (Container& container : m_containers) {
        container.frame.opens = container.pending;
        container.pending = false;
        container.empty = false;
        leaf.frames.push_back(container.frame);
        container.frame.opens = false;
    }
    m_leaves.push_back(std::move(leaf));
    return m_leaves.back();
}

void BlockParser::closeLeaf(bool atEnd) {
    switch (m_leaf.kind) {
        case Open::None:
            return;
        case Open::Paragraph:
            takeDefinitions(m_leaf.text);
            emitParagraph(m_leaf.text);
            break;
        case Open::IndentedCode: {
            while (m_leaf.text.endsWith(QLatin1String("\n\n")))
                m_leaf.text.chop(1);
            if (!m_leaf.text.trimmed().isEmpty() || !m_leaf.continues)
                emitCode();
            break;
        }
        case Open::Fence:
        case Open::Html:
            if (!m_leaf.text.isEmpty() || !m_leaf.continues)
                emitCode();
            break;
        case Open::Math:
            if (atEnd)
                emitLeaf(LeafKind::Math, m_leaf.text.trimmed());
            else
                emitParagraph(m_leaf.opening + m_leaf.text);
            break;
        case Open::Table:
            if (!m_leaf.rows.empty())
                emitTable();
            break;
    }
    m_leaf = OpenLeaf();
}

void BlockParser::finish() {
    closeLeaf(true);
    closeTo(0);
}

void BlockParser::emitParagraph(QString text) {
    while (!text.isEmpty() && text.back().isSpace())
        text.chop(1);
    if (text.isEmpty())
        return;
    if (!m_containers.empty() && m_containers.back().pending && m_containers.back().frame.kind == Frame::Kind::Item &&
        text.size() >= 4 && text[0] == QLatin1Char('[') && text[2] == QLatin1Char(']') && text[3].isSpace()) {
        const QChar state = text[1].toLower();
        if (state == QLatin1Char(' ') || state == QLatin1Char('x')) {
            m_containers.back().frame.marker = state == QLatin1Char('x') ? Marker::TaskDone : Marker::TaskOpen;
            text = text.mid(4).trimmed();
        }
    }
    emitLeaf(m_plain ? LeafKind::Plain : LeafKind::Paragraph, text);
}

void BlockParser::cutParagraph() {
    while (m_leaf.text.size() > MaxParagraphChars) {
        int cut = MaxParagraphChars;
        while (cut > MaxParagraphChars - 1024 && !m_leaf.text[cut - 1].isSpace())
            --cut;
        if (cut == MaxParagraphChars - 1024)
            cut = m_leaf.text[MaxParagraphChars - 1].isHighSurrogate() ? MaxParagraphChars - 1 : MaxParagraphChars;
        const QString tail = m_leaf.text.mid(cut);
        QString head = m_leaf.text.left(cut);
        if (!m_leaf.continues)
            takeDefinitions(head);
        const size_t before = m_leaves.size();
        emitParagraph(head);
        m_leaf.text = tail;
        m_leaf.continues = m_leaf.continues || m_leaves.size() > before;
        m_leaf.blankBefore = m_leaf.blankBefore && !m_leaf.continues;
    }
}

void BlockParser::emitCode() {
    const bool html = m_leaf.kind == Open::Html;
    QString text = m_leaf.text, tail;
    if (text.size() > MaxCodeChars) {  // a long line is cut where it must be
        int cut = MaxCodeChars;
        const qsizetype lineEnd = text.lastIndexOf(QLatin1Char('\n'), cut - 1);
        if (lineEnd > MaxCodeChars / 2)
            cut = int(lineEnd) + 1;
        else if (text[cut - 1].isHighSurrogate())
            --cut;
        tail = text.mid(cut);
        text.truncate(cut);
    }
    const int state = m_leaf.lexerState;
    if (!html && !m_leaf.info.isEmpty())
        m_leaf.lexerState = lexerStateAfter(m_leaf.info, text, state);
    if (text.endsWith(QLatin1Char('\n')))
        text.chop(1);
    Leaf& leaf = emitLeaf(html ? LeafKind::Html : LeafKind::Code, text);
    leaf.info = m_leaf.info;
    leaf.lexerState = state;
    m_leaf.text = tail;
    m_leaf.lines = int(tail.count(QLatin1Char('\n')));
    m_leaf.continues = true;
    m_leaf.blankBefore = false;
}

void BlockParser::emitTable() {
    if (!m_leaf.shape) {
        auto shape = std::make_shared<TableShape>();
        shape->columns = m_leaf.columns;
        shape->longest.resize(m_leaf.columns.size());
        shape->longestWord.resize(m_leaf.columns.size());
        for (const auto& row : m_leaf.rows)
            for (size_t c = 0; c < row.size(); ++c)
                noteLongest(row[c], shape->longest[c], shape->longestWord[c]);
        m_leaf.shape = std::move(shape);
    }
    Leaf& leaf = emitLeaf(LeafKind::Table, {});
    leaf.shape = m_leaf.shape;
    leaf.hasHeader = m_leaf.hasHeader;
    leaf.rows = std::move(m_leaf.rows);
    m_leaf.rows.clear();
    m_leaf.hasHeader = false;
    m_leaf.continues = true;
    m_leaf.blankBefore = false;
}

void BlockParser::takeDefinitions(QString& text) {
    if (m_plain)
        return;
    while (text.startsWith(QLatin1Char('['))) {
        QString label, target;
        const qsizetype used = parseDefinition(text, label, target);
        if (used <= 0)
            return;
        if (m_definitions.size() < MaxDefinitions && !m_definitions.contains(label))
            m_definitions.insert(label, target);
        text.remove(0, used);
    }
}

}  // namespace ui::markdown
