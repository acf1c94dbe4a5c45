// The block model of a message: a flat list of leaves, each with the quotes and list items around it. A leaf is small
// by construction (long blocks are cut into leaves that continue each other), so laying out what is visible never takes
// long. Plain values; any thread.
#pragma once

#include <QHash>
#include <QString>
#include <cstdint>
#include <memory>
#include <vector>

namespace ui::markdown {

// Limits that keep every input linear and every leaf quick to lay out.
inline constexpr int MaxDepth = 32;             // quotes and list items around a leaf; what is deeper stays text
inline constexpr int MaxLineChars = 32768;      // longer lines are continued in the next piece
inline constexpr int MaxParagraphChars = 4096;  // longer paragraphs are cut at a space
inline constexpr int MaxCodeChars = 4096;
inline constexpr int MaxCodeLines = 64;
inline constexpr int MaxTableColumns = 64;  // wider tables stay text
inline constexpr int MaxTableRows = 32;     // rows of one leaf
inline constexpr int MaxMathChars = 4096;
inline constexpr int MaxDefinitions = 1000;

enum class LeafKind : uint8_t { Paragraph, Plain, Heading, Code, Math, Table, Rule, Html };  // Plain: as it was typed
enum class Marker : uint8_t { Bullet, Number, TaskOpen, TaskDone };

// One container around a leaf, outermost first.
struct Frame {
    enum class Kind : uint8_t { Quote, Item };
    Kind kind = Kind::Quote;
    Marker marker = Marker::Bullet;
    bool opens = false;  // the leaf is the first one of this item: its marker stands here
    int number = 0;      // of a numbered item
    QChar sign;          // '-', '+', '*', '.' or ')'
    bool operator==(const Frame&) const = default;
};

enum class Align : uint8_t { None, Left, Center, Right };

// What all leaves of one table share: the columns, and the longest texts of the first MaxTableRows rows, to measure.
struct TableShape {
    std::vector<Align> columns;
    std::vector<QString> longest;      // cell of a column, at most 200 characters
    std::vector<QString> longestWord;  // at most 24 characters
};

struct Leaf {
    LeafKind kind = LeafKind::Paragraph;
    uint8_t level = 0;         // heading 1 to 6
    bool continues = false;    // goes on with the block of the leaf before
    bool blankBefore = false;  // a blank line stood before it
    bool hasHeader = false;    // the first row of this table leaf is the header
    int lexerState = 0;        // of the highlighter at the start of this code leaf
    std::vector<Frame> frames;
    QString text;  // inline source, code, formula or HTML source
    QString info;  // language of code
    std::shared_ptr<const TableShape> shape;
    std::vector<std::vector<QString>> rows;  // table cells, inline source

    bool isCode() const { return kind == LeafKind::Code || kind == LeafKind::Html; }
};

// Link reference definitions: normalized label to destination. The first one of a label counts.
using Definitions = QHash<QString, QString>;
QString normalizedLabel(QStringView label);

}  // namespace ui::markdown
