#include "ui/widgets/layer_bars.h"

#include <QAccessible>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include "ui/theme.h"
#include "ui/words.h"

namespace ui {

LayerBars::LayerBars(const Theme& theme, QWidget* parent) : QWidget(parent), m_theme(theme) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Size by layer"));
    connect(&theme, &Theme::changed, this, [this] { updateGeometry(), update(); });
}

void LayerBars::setBars(QList<QPair<QString, qint64>> bars) {
    m_bars = std::move(bars);
    m_current = -1;
    select(-1);
    update();
}

QSize LayerBars::sizeHint() const {
    return {m_theme.px(320), m_theme.px(96)};
}
QSize LayerBars::minimumSizeHint() const {
    return {m_theme.px(120), m_theme.px(96)};
}

QString LayerBars::textOf(int bar) const {
    if (bar < 0 || bar >= m_bars.size())
        return {};
    qint64 sum = 0;
    for (const auto& one : m_bars)
        sum += one.second;
    return tr("%1: %2, %3 % of the file's tensors", "layer, bytes, share")
        .arg(m_bars.at(bar).first, bytesText(m_bars.at(bar).second))
        .arg(sum > 0 ? 100.0 * static_cast<double>(m_bars.at(bar).second) / static_cast<double>(sum) : 0.0, 0, 'f', 1);
}

void LayerBars::select(int bar) {
    if (bar == m_current && bar >= 0)
        return;
    m_current = bar;
    setAccessibleDescription(textOf(bar));
    QAccessibleEvent changed(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&changed);
    update();
}

void LayerBars::paintEvent(QPaintEvent*) {
    const Tokens& t = m_theme.tokens();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (m_bars.isEmpty())
        return;
    const int line = QFontMetrics(m_theme.font(Type::Small)).height() + 4;
    const QRectF area = QRectF(rect()).adjusted(1, 2, -1, -line);
    qint64 most = 1;
    for (const auto& bar : m_bars)
        most = qMax(most, bar.second);
    const double step = area.width() / static_cast<double>(m_bars.size());
    painter.setPen(Qt::NoPen);
    for (int i = 0; i < m_bars.size(); ++i) {
        const double height =
            qMax(2.0, area.height() * static_cast<double>(m_bars.at(i).second) / static_cast<double>(most));
        const double gap = step > 4 ? 1.5 : 0;
        painter.setBrush(i == m_current ? t.accent : t.series[0]);
        painter.drawRoundedRect(QRectF(area.left() + i * step, area.bottom() - height, qMax(1.0, step - gap), height),
                                1.5, 1.5);
    }
    painter.setFont(m_theme.font(Type::Small));
    painter.setPen(t.muted);
    const QString text = m_current >= 0 ? textOf(m_current)
                                        : tr("Size by layer: %1 to %2").arg(m_bars.first().first, m_bars.last().first);
    painter.drawText(QRectF(0, height() - line, width(), line), Qt::AlignVCenter | Qt::AlignLeading,
                     QFontMetrics(painter.font()).elidedText(text, Qt::ElideRight, width()));
    if (hasFocus()) {
        painter.setPen(QPen(t.accent, 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius::Control, radius::Control);
    }
}

void LayerBars::mouseMoveEvent(QMouseEvent* event) {
    if (!m_bars.isEmpty() && width() > 0)
        select(qBound(0, static_cast<int>(event->position().x() * m_bars.size() / width()),
                      static_cast<int>(m_bars.size()) - 1));
}

void LayerBars::leaveEvent(QEvent*) {
    if (!hasFocus())
        select(-1);
}

void LayerBars::keyPressEvent(QKeyEvent* event) {
    const int last = static_cast<int>(m_bars.size()) - 1;
    if (last >= 0 && (event->key() == Qt::Key_Left || event->key() == Qt::Key_Right)) {
        select(qBound(0, m_current + (event->key() == Qt::Key_Right ? 1 : -1), last));
        return;
    }
    QWidget::keyPressEvent(event);
}

}  // namespace ui
