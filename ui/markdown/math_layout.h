// Sets a formula in two dimensions: scripts, fractions, roots, matrices, growing brackets. The result is a picture that
// is painted at a baseline. Needs fonts, hence the UI thread.
#pragma once

#include <QColor>
#include <QFont>
#include <QPainterPath>
#include <QPointF>

#include "ui/markdown/math.h"

class QPainter;

namespace ui::markdown {

struct MathPicture {
    struct Glyphs {
        QPointF baseline;
        QString text;
        QFont font;
    };
    double width = 0, ascent = 0, descent = 0;  // pixels around the baseline
    std::vector<Glyphs> glyphs;
    std::vector<QRectF> rules;
    std::vector<QPainterPath> strokes;   // roots, arrows, boxes
    std::vector<QPainterPath> outlines;  // brackets that grew

    void paint(QPainter& painter, QPointF baseline, const QColor& color) const;
};

// `font` is the upright face at text size; `display`: set as a line of its own.
MathPicture layoutMath(const MathNode& node, const QFont& font, bool display);
MathPicture layoutMath(const QString& source, const QFont& font, bool display);

}  // namespace ui::markdown
