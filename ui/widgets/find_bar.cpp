#include "ui/widgets/find_bar.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QToolButton>

#include "ui/icons.h"

namespace ui {

FindBar::FindBar(const Theme& theme, QWidget* parent) : QFrame(parent) {
    setLook(this, "card");
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(space::S, 5, 5, 5);
    row->setSpacing(space::XS);
    m_field = new QLineEdit;
    m_field->setPlaceholderText(tr("Find in this chat"));
    m_field->setAccessibleName(tr("Find in this chat"));
    m_field->setMinimumWidth(theme.px(190));
    m_field->installEventFilter(this);
    m_count = new QLabel;
    m_count->setTextFormat(Qt::PlainText);
    m_count->setMinimumWidth(theme.px(68));
    m_count->setAlignment(Qt::AlignCenter);
    setLook(m_count, "small");
    const auto button = [&](const char* name, const QString& text) {
        auto* b = new QToolButton;
        b->setIcon(icon(theme, QLatin1String(name), IconTone::Muted));
        b->setToolTip(text);
        b->setAccessibleName(text);
        setLook(b, "flat");
        return b;
    };
    m_previous = button("chevron-up", tr("Previous hit (Shift+Enter)"));
    m_next = button("chevron-down", tr("Next hit (Enter)"));
    m_close = button("close", tr("Close (Esc)"));
    for (QWidget* widget :
         {static_cast<QWidget*>(m_field), static_cast<QWidget*>(m_count), static_cast<QWidget*>(m_previous),
          static_cast<QWidget*>(m_next), static_cast<QWidget*>(m_close)})
        row->addWidget(widget);
    connect(m_field, &QLineEdit::textChanged, this, &FindBar::textChanged);
    connect(m_previous, &QToolButton::clicked, this, [this] { emit next(true); });
    connect(m_next, &QToolButton::clicked, this, [this] { emit next(false); });
    connect(m_close, &QToolButton::clicked, this, &FindBar::close);
    hide();
}

void FindBar::open() {
    show();
    raise();
    m_field->setFocus(Qt::ShortcutFocusReason);
    m_field->selectAll();
    emit textChanged(m_field->text());
}

void FindBar::close() {
    hide();
    emit textChanged({});
    emit closed();
}

void FindBar::setState(int current, int count, bool searching) {
    const QLocale locale;
    QString text;
    if (!m_field->text().isEmpty())
        text = count == 0 ? (searching ? tr("searching…") : tr("no hits"))
                          : tr("%1 of %2").arg(locale.toString(current), locale.toString(count)) +
                                (searching ? QStringLiteral("…") : QString());
    m_count->setText(text);
    m_previous->setEnabled(count > 0);
    m_next->setEnabled(count > 0);
}

bool FindBar::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_field && event->type() == QEvent::KeyPress) {
        auto* key = static_cast<QKeyEvent*>(event);
        if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
            emit next(key->modifiers() & Qt::ShiftModifier);
            return true;
        }
        if (key->key() == Qt::Key_Escape) {
            close();
            return true;
        }
    }
    return QFrame::eventFilter(watched, event);
}

}  // namespace ui
