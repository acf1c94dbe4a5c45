#include "ui/widgets/popup.h"

#include <QKeyEvent>
#include <QPainterPath>

#include "ui/theme.h"

namespace ui {

Popup::Popup(QWidget* parent) : QFrame(parent, Qt::Popup | Qt::FramelessWindowHint) {
    setLook(this, "popup");
    setAttribute(Qt::WA_StyledBackground);
}

void Popup::openAt(QWidget* anchor, Side side, bool trailing) {
    ensurePolished();
    adjustSize();
    const QWidget* window = anchor->window();
    const QRect inside(window->mapToGlobal(QPoint(0, 0)), window->size());
    const bool right = trailing != (anchor->layoutDirection() == Qt::RightToLeft);
    QPoint at = anchor->mapToGlobal(
        QPoint(right ? anchor->width() - width() : 0, side == Side::Below ? anchor->height() + 4 : -height() - 4));
    at.setX(qBound(inside.left() + 4, at.x(), qMax(inside.left() + 4, inside.right() - width() - 4)));
    at.setY(qBound(inside.top() + 4, at.y(), qMax(inside.top() + 4, inside.bottom() - height() - 4)));
    move(at);
    show();
}

void Popup::resizeEvent(QResizeEvent* event) {
    QFrame::resizeEvent(event);
    // Round corners also where the desktop mixes no windows.
    QPainterPath outline;
    outline.addRoundedRect(QRectF(rect()).adjusted(0, 0, 1, 1), radius::Card, radius::Card);
    setMask(QRegion(outline.toFillPolygon().toPolygon()));
}

void Popup::hideEvent(QHideEvent* event) {
    QFrame::hideEvent(event);
    emit closed();
}

void Popup::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape) {
        hide();
        return;
    }
    QFrame::keyPressEvent(event);
}

}  // namespace ui
