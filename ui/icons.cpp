#include "ui/icons.h"

#include <QAbstractButton>
#include <QFile>
#include <QIconEngine>
#include <QPainter>
#include <QPixmapCache>
#include <QPointer>
#include <QSvgRenderer>

namespace ui {

namespace {

QByteArray svgSource(const QString& name, const QColor& color) {
    QFile file(QStringLiteral(":/tessera/icons/%1.svg").arg(name));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    return file.readAll().replace("currentColor", color.name(QColor::HexRgb).toLatin1());
}

QPixmap rendered(const QString& name, const QColor& color, const QSize& devicePixels) {
    if (devicePixels.isEmpty())
        return {};
    const QString key = QStringLiteral("tessera-icon/%1/%2/%3x%4")
                            .arg(name, color.name(QColor::HexRgb))
                            .arg(devicePixels.width())
                            .arg(devicePixels.height());
    QPixmap pixmap;
    if (QPixmapCache::find(key, &pixmap))
        return pixmap;
    pixmap = QPixmap(devicePixels);
    pixmap.fill(Qt::transparent);
    const QByteArray source = svgSource(name, color);
    if (!source.isEmpty()) {
        QSvgRenderer renderer(source);
        QPainter painter(&pixmap);
        const qreal side = qMin(devicePixels.width(), devicePixels.height());
        renderer.render(&painter,
                        QRectF((devicePixels.width() - side) / 2, (devicePixels.height() - side) / 2, side, side));
    }
    QPixmapCache::insert(key, pixmap);
    return pixmap;
}

// Asks the theme for its colour each time it paints: a switch of the theme needs no new icons.
class LineIconEngine : public QIconEngine {
  public:
    LineIconEngine(const Theme& theme, QString name, IconTone tone)
        : m_theme(&theme), m_name(std::move(name)), m_tone(tone) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override {
        const qreal ratio = painter->device() ? painter->device()->devicePixelRatioF() : 1.0;
        const QPixmap pixmap = rendered(m_name, color(mode, state), (QSizeF(rect.size()) * ratio).toSize());
        painter->drawPixmap(rect, pixmap);
    }
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        return rendered(m_name, color(mode, state), size);
    }
    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal) override {
        return rendered(m_name, color(mode, state), size);
    }
    QIconEngine* clone() const override { return new LineIconEngine(*this); }
    QString key() const override { return QStringLiteral("tessera-line"); }

  private:
    QColor color(QIcon::Mode mode, QIcon::State state) const {
        if (!m_theme)
            return QColor(Qt::gray);
        const Tokens& t = m_theme->tokens();
        if (mode == QIcon::Disabled)
            return mixed(t.muted, t.surface, 0.6);
        if (state == QIcon::On && m_tone != IconTone::OnAccent)
            return t.accent;
        switch (m_tone) {
            case IconTone::Muted:
                return mode == QIcon::Active ? t.text : t.muted;
            case IconTone::Accent:
                return t.accent;
            case IconTone::OnAccent:
                return t.onAccent;
            case IconTone::Warning:
                return t.warning;
            case IconTone::Error:
                return t.error;
            case IconTone::Text:
                break;
        }
        return t.text;
    }

    QPointer<const Theme> m_theme;
    QString m_name;
    IconTone m_tone;
};

}  // namespace

QIcon icon(const Theme& theme, const QString& name, IconTone tone) {
    return QIcon(new LineIconEngine(theme, name, tone));
}

void paintIcon(QPainter& painter, const QRectF& rect, const QString& name, const QColor& color) {
    const qreal ratio = painter.device() ? painter.device()->devicePixelRatioF() : 1.0;
    painter.drawPixmap(rect, rendered(name, color, (rect.size() * ratio).toSize()),
                       QRectF(QPointF(0, 0), QSizeF((rect.size() * ratio).toSize())));
}

void setIconSide(QAbstractButton& button, const Theme& theme, int side) {
    const auto measure = [&button, &theme, side] { button.setIconSize(QSize(theme.px(side), theme.px(side))); };
    measure();
    QObject::connect(&theme, &Theme::changed, &button, measure);
}

QIcon appIcon() {
    QIcon icon;
    for (const int side : {16, 24, 32, 48, 64, 128, 256}) {
        QSvgRenderer renderer(QStringLiteral(":/tessera/app.svg"));
        QPixmap pixmap(side, side);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        renderer.render(&painter);
        painter.end();
        icon.addPixmap(pixmap);
    }
    return icon;
}

}  // namespace ui
