// Draws the last values of a number as a thin line; gaps where it was not readable. Thread: UI.
#pragma once

#include <QColor>
#include <QList>
#include <QRectF>

class QPainter;

namespace ui {

// `maximum` 0: the line fills the height between its own extremes (a flat line lies in the middle). `length` is how
// many values fill the width; a shorter history lies at the right.
void paintSparkLine(QPainter& painter, const QRectF& rect, const QList<double>& values, int length, double maximum,
                    const QColor& color);

}  // namespace ui
