// One leaf, laid out for a width and painted: text with styles, code with colours, tables, formulas, list markers and
// quote bars. Answers where a position is and what is at a point. Opens nothing: there is no document, no resource, no
// file. UI thread.
#pragma once

#include <QColor>
#include <QFont>
#include <QRectF>
#include <array>
#include <memory>

#include "ui/markdown/flat_leaf.h"
#include "ui/markdown/math_layout.h"

class QPainter;
class QTextLayout;

namespace ui::markdown {

struct LayoutStyle {
    QFont body, mono, math, small;
    QColor text, muted, accent, surface2, border, warning;
    std::array<QColor, 9> code;  // by CodeKind
    double unit = 1;             // of distances: the zoom
};

struct Mark {  // a tinted range of positions: selection, search hit
    int from = 0, to = 0;
    QColor color;
};

// What a leaf must know of its neighbours.
struct LeafPlace {
    bool first = false;    // of the message
    bool goesOn = false;   // the next leaf continues this one
    int sharedFrames = 0;  // outer frames that it shares with the leaf before
};
LeafPlace leafPlace(const Leaf* before, const Leaf& leaf, const Leaf* after);

class LeafLayout {
  public:
    LeafLayout(const Leaf& leaf, const LeafPlace& place, const Definitions& definitions, const LayoutStyle& style,
               double width);
    ~LeafLayout();

    double height() const { return m_height; }  // with the space before
    const FlatLeaf& flat() const { return m_flat; }
    void paint(QPainter& painter, QPointF origin, const std::vector<Mark>& marks, const QRectF& clip) const;

    int positionAt(QPointF point) const;  // the nearest
    QRectF cursorRect(int position) const;
    QString linkAt(QPointF point) const;  // empty: none
    // Where "Copy" of a code block belongs, right edge and middle; null: no header here.
    QRectF headerRect() const { return m_header; }

  private:
    struct Line {
        double top, bottom;
        int start, length;
    };
    struct TextPart {
        std::unique_ptr<QTextLayout> layout;
        std::vector<Line> lines;
        QPointF origin;
        double width = 0, height = 0, widest = 0;
        int offset = 0, length = 0;
        std::vector<std::pair<int, MathPicture>> formulas;  // position in the part
        std::vector<std::pair<int, int>> codeBoxes;
        std::vector<double> formulaScale;
    };

    TextPart makeText(const FlatLeaf::Part& part, const QFont& font, const QColor& color, double width,
                      Qt::Alignment align) const;
    void layoutText(const Leaf& leaf, double left, double width);
    void layoutCode(const Leaf& leaf, double left, double width, bool goesOn);
    void layoutTable(const Leaf& leaf, double left, double width);
    void layoutMathBlock(double left, double width);
    std::vector<double> columnWidths(const TableShape& shape, double width) const;
    const TextPart* partAt(QPointF point) const;
    void paintFrames(QPainter& painter, QPointF origin) const;
    void paintMarks(QPainter& painter, QPointF origin, const TextPart& part, const std::vector<Mark>& marks) const;

    const LayoutStyle& m_style;
    FlatLeaf m_flat;
    LeafKind m_kind;
    std::vector<Frame> m_frames;
    std::vector<double> m_frameLeft;
    int m_sharedFrames = 0;
    bool m_continues = false, m_goesOn = false, m_hasHeader = false;
    QString m_language;
    double m_space = 0, m_height = 0, m_width = 0;
    std::vector<TextPart> m_parts;
    std::vector<double> m_rowBottoms;
    QRectF m_header, m_block;
};

double pixelSize(const QFont& font);

}  // namespace ui::markdown
