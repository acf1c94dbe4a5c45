#include "ui/widgets/spark_line.h"

#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

namespace ui {

void paintSparkLine(QPainter& painter, const QRectF& rect, const QList<double>& values, int length, double maximum,
                    const QColor& color) {
    double low = 0, high = maximum;
    bool any = false;
    if (maximum <= 0) {
        for (const double v : values) {
            if (!std::isfinite(v))
                continue;
            low = any ? std::min(low, v) : v;
            high = any ? std::max(high, v) : v;
            any = true;
        }
    }
    const double span = high - low;
    const double stepX = rect.width() / std::max(1, length - 1);
    const double left = rect.right() - stepX * static_cast<double>(values.size() - 1);
    QPainterPath path;
    bool pen = false;
    for (qsizetype i = 0; i < values.size(); ++i) {
        const double v = values.at(i);
        if (!std::isfinite(v)) {
            pen = false;
            continue;
        }
        const double share = span > 0 ? std::clamp((v - low) / span, 0.0, 1.0) : 0.5;
        const QPointF at(left + stepX * static_cast<double>(i), rect.bottom() - share * rect.height());
        if (pen)
            path.lineTo(at);
        else
            path.moveTo(at);
        pen = true;
    }
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(color, 1.3, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.setBrush(Qt::NoBrush);
    painter.drawPath(path);
    painter.restore();
}

}  // namespace ui
