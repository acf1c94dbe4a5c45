#include "ui/widgets/toast.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QTimer>

#include "ui/theme.h"

namespace ui {

constexpr int ShownMs = 8000;   // long enough to read and to reach the button
constexpr int AboveFoot = 150;  // over the strip and the composer: Send and Stop stay in reach

Toast::Toast(const Theme& theme, QWidget* over) : QFrame(over), m_theme(theme) {
    setLook(this, "popup");
    setObjectName(QStringLiteral("toast"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(space::L, space::S, space::S, space::S);
    m_text = new QLabel(this);
    m_text->setTextFormat(Qt::PlainText);
    m_button = new QPushButton(this);
    setLook(m_button, "link");
    row->addWidget(m_text);
    row->addWidget(m_button);
    m_timer = new QTimer(this);
    m_timer->setSingleShot(true);
    m_timer->setInterval(ShownMs);
    connect(m_timer, &QTimer::timeout, this, &QWidget::hide);
    connect(m_button, &QPushButton::clicked, this, [this] {
        hide();
        if (m_action)
            m_action();
    });
    over->installEventFilter(this);
    hide();
}

void Toast::show(const QString& text, const QString& actionText, std::function<void()> action) {
    m_sentence = text;
    setAccessibleName(text);
    m_button->setText(actionText);
    m_button->setVisible(!actionText.isEmpty());
    m_action = std::move(action);
    QFrame::show();
    place();
    raise();
    m_timer->start();
}

void Toast::place() {
    const int room = parentWidget()->width() - m_theme.px(2 * space::XL) - m_button->sizeHint().width() - space::XL * 2;
    m_text->setText(m_text->fontMetrics().elidedText(m_sentence, Qt::ElideMiddle, qMax(room, m_theme.px(120))));
    adjustSize();
    move((parentWidget()->width() - width()) / 2, parentWidget()->height() - height() - m_theme.px(AboveFoot));
}

bool Toast::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Resize && isVisible())
        place();
    return QFrame::eventFilter(watched, event);
}

}  // namespace ui
