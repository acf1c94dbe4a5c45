// Turns lines into leaves: CommonMark's blocks and GFM's tables and task lists, formulas in $$ and \[. Each line is
// looked at once; the state is small and copyable, so the unfinished end of a stream is parsed on a copy. Own thread of
// the caller.
#pragma once

#include "ui/markdown/leaf.h"

namespace ui::markdown {

class BlockParser {
  public:
    // `plain`: text as it was typed, of which only fenced code is set apart (what a person writes).
    explicit BlockParser(bool plain = false) : m_plain(plain) {}

    // A line without its end. `continued`: goes on with the piece before (of a very long line); `unfinished`: more
    // follows.
    void addLine(QStringView line, bool continued, bool unfinished);
    void finish();  // closes what is open

    std::vector<Leaf>& leaves() { return m_leaves; }
    const Definitions& definitions() const { return m_definitions; }

  private:
    enum class Open : uint8_t { None, Paragraph, IndentedCode, Fence, Html, Math, Table };
    struct Container {
        Frame frame;
        int offset = 0;       // columns that a line of this item is indented
        bool empty = true;    // no child yet
        bool pending = true;  // its marker is not on a leaf yet
    };
    struct ItemMemory {
        QChar sign;
        int number = 0;
    };
    struct OpenLeaf {
        Open kind = Open::None;
        QString text;
        QString info;
        QString opening;  // the source that opened a formula
        QChar fenceChar;
        int fenceLength = 0, fenceIndent = 0, lines = 0, htmlEnd = 0, lexerState = 0;
        bool continues = false, blankBefore = false, hasHeader = false;
        std::shared_ptr<const TableShape> shape;
        std::vector<Align> columns;
        std::vector<std::vector<QString>> rows;
    };

    // The cursor on the current line.
    void findNonspace();
    void advance(int count, bool columns);
    void advanceToNonspace();
    QString rest() const;
    QChar peek(int offset = 0) const;

    bool continueContainer(Container& container);
    bool startBlock(size_t& depth);
    bool startQuote(size_t& depth);
    bool startHeading(size_t depth);
    bool startFence(size_t depth);
    bool startHtml(size_t depth);
    bool startMath(size_t depth);
    bool startSetext(size_t depth);
    bool startTable(size_t depth);
    bool startRule(size_t depth);
    bool startItem(size_t& depth);
    bool interrupts(size_t depth) const;
    void addVerbatim(bool unfinished);
    void addText();
    void addCodeText(const QString& text, bool unfinished);
    void addTableRow(QStringView line);

    void openLeaf(Open kind);
    void closeLeaf(bool atEnd = false);
    void closeTo(size_t depth);
    void push(Container container);
    Leaf& emitLeaf(LeafKind kind, const QString& text);
    void emitParagraph(QString text);
    void emitCode();
    void emitTable();
    void cutParagraph();
    void takeDefinitions(QString& text);

    std::vector<Leaf> m_leaves;
    std::vector<Container> m_containers;
    std::vector<ItemMemory> m_memory;  // by depth: the item that ended there last
    OpenLeaf m_leaf;
    Definitions m_definitions;
    bool m_blankSeen = false;
    bool m_plain = false;

    QStringView m_line;
    int m_pos = 0, m_column = 0, m_next = 0, m_nextColumn = 0, m_indent = 0;
    bool m_partialTab = false, m_blank = false, m_long = false;
};

// Splits a table row at its unescaped bars; "\|" becomes "|". Trailing and leading bars are dropped.
std::vector<QString> tableCells(QStringView line, int limit);

}  // namespace ui::markdown
