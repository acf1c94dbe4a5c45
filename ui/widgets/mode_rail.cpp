#include "ui/widgets/mode_rail.h"

#include <QButtonGroup>
#include <QCoreApplication>
#include <QKeyEvent>
#include <QPainter>
#include <QVBoxLayout>

#include "ui/icons.h"
#include "ui/theme.h"

namespace ui {

RailButton::RailButton(const Theme& theme, const QString& iconName, const QString& text, QWidget* parent)
    : QAbstractButton(parent), m_theme(theme), m_icon(iconName) {
    setText(text);
    setToolTip(text);
    setAccessibleName(text);
    setCheckable(true);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_Hover);
    connect(&theme, &Theme::changed, this, [this] { updateGeometry(), update(); });
}

QSize RailButton::sizeHint() const {
    if (m_small)
        return {m_theme.px(36), m_theme.px(34)};
    const QFontMetrics metrics(m_theme.font(Type::Tiny));
    return {qMax(m_theme.px(52), metrics.horizontalAdvance(text()) + m_theme.px(8)), m_theme.px(34) + metrics.height()};
}

void RailButton::paintEvent(QPaintEvent*) {
    const Tokens& t = m_theme.tokens();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    const bool on = isChecked() && !m_small;
    if (isChecked() || underMouse() || isDown()) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(on ? t.accentSoft : mixed(t.muted, t.surface2, isDown() ? 0.25 : 0.12));
        painter.drawRoundedRect(box, radius::Card, radius::Card);
    }
    // A bar beside the chosen mode: colour alone says nothing to some.
    if (on) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(t.accent);
        const qreal x = layoutDirection() == Qt::RightToLeft ? box.right() - 3 : box.left();
        painter.drawRoundedRect(QRectF(x, box.top() + 10, 3, box.height() - 20), 1.5, 1.5);
    }
    const QColor color = on ? t.accent : (m_small && isChecked()) ? t.text : underMouse() ? t.text : t.muted;
    const int side = m_theme.px(m_small ? 18 : 20);
    const qreal top = m_small ? (height() - side) / 2.0 : m_theme.px(8);
    paintIcon(painter, QRectF((width() - side) / 2.0, top, side, side), m_icon, color);
    if (!m_small) {
        QFont font = m_theme.font(Type::Tiny);
        if (on)
            font.setWeight(QFont::DemiBold);
        painter.setFont(font);
        painter.setPen(color);
        painter.drawText(QRectF(0, top + side + 2, width(), height() - top - side - 4), Qt::AlignHCenter | Qt::AlignTop,
                         text());
    }
    if (hasFocus()) {
        painter.setPen(QPen(t.accent, 1.5));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), radius::Card, radius::Card);
    }
}

ModeRail::ModeRail(const Theme& theme, QWidget* parent) : QFrame(parent), m_theme(theme) {
    setLook(this, "rail");
    setAccessibleName(tr("Modes"));
    m_group = new QButtonGroup(this);
    m_column = new QVBoxLayout(this);
    m_column->setContentsMargins(space::XS, space::S, space::XS, space::S);
    m_column->setSpacing(2);
    int n = 0;
    for (const ModeEntry& entry : modes()) {
        const QString name = QCoreApplication::translate("Mode", entry.title);
        auto* button = new RailButton(theme, QLatin1String(entry.icon), name, this);
        button->setObjectName(QStringLiteral("mode-") + QLatin1String(entry.id));
        button->setToolTip(tr("%1 (Ctrl+%2)", "mode and its shortcut").arg(name).arg(++n));
        m_group->addButton(button, static_cast<int>(entry.mode));
        m_column->addWidget(button);
    }
    m_column->addStretch(1);
    connect(m_group, &QButtonGroup::idClicked, this, [this](int id) { emit modeChosen(static_cast<Mode>(id)); });
}

void ModeRail::setMode(Mode mode) {
    if (QAbstractButton* button = m_group->button(static_cast<int>(mode)))
        button->setChecked(true);
}

RailButton* ModeRail::addSwitch(const QString& iconName, const QString& text) {
    auto* button = new RailButton(m_theme, iconName, text, this);
    button->setSmall(true);
    m_column->addWidget(button, 0, Qt::AlignHCenter);
    return button;
}

void ModeRail::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Down || event->key() == Qt::Key_Up) {
        focusNextPrevChild(event->key() == Qt::Key_Down);
        return;
    }
    QFrame::keyPressEvent(event);
}

}  // namespace ui
