#include "ui/widgets/token_card.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QTimer>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "ui/markdown/visible_text.h"

namespace ui {

AlternativeButton::AlternativeButton(const Theme& theme, const QString& token, double probability, bool chosen,
                                     QWidget* parent)
    : QAbstractButton(parent),
      m_theme(theme),
      m_token(TokenCard::tokenLabel(token)),
      m_probability(probability),
      m_chosen(chosen) {
    setAttribute(Qt::WA_Hover);
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    setAccessibleName(chosen ? tr("%1, %2, chosen").arg(m_token, TokenCard::percent(probability))
                             : tr("%1, %2: continue from it").arg(m_token, TokenCard::percent(probability)));
}

QSize AlternativeButton::sizeHint() const {
    return {m_theme.px(228), m_theme.px(23)};
}

void AlternativeButton::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& t = m_theme.tokens();
    if (underMouse() || hasFocus()) {
        painter.setPen(hasFocus() ? QPen(t.accent, 1) : QPen(Qt::NoPen));
        painter.setBrush(t.accentSoft);
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    }
    const int pad = m_theme.px(6), word = m_theme.px(86), number = m_theme.px(54);
    painter.setFont(m_theme.font(Type::MonoSmall));
    painter.setPen(t.text);
    painter.drawText(QRect(pad, 0, word, height()), Qt::AlignVCenter | Qt::AlignLeft,
                     QFontMetrics(painter.font()).elidedText(m_token, Qt::ElideRight, word));
    const double room = width() - 3 * pad - word - number;
    const double bar = std::max(2.0, room * std::clamp(m_probability, 0.0, 1.0));
    painter.setPen(Qt::NoPen);
    painter.setBrush(m_chosen ? t.accent : t.series[0]);
    painter.drawRoundedRect(QRectF(pad + word + pad, height() / 2.0 - m_theme.px(4), bar, m_theme.px(7)), 3, 3);
    painter.setFont(m_theme.font(Type::Small));
    painter.setPen(t.muted);
    painter.drawText(QRect(width() - number - pad, 0, number, height()), Qt::AlignVCenter | Qt::AlignRight,
                     TokenCard::percent(m_probability));
}

TokenCard::TokenCard(const Theme& theme, QWidget* parent) : QFrame(parent), m_theme(theme) {
    setFocusPolicy(Qt::NoFocus);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(18, 16, 18, 20);
    column->setSpacing(2);
    auto* head = new QHBoxLayout;
    m_title = new QLabel;
    m_title->setTextFormat(Qt::PlainText);
    setLook(m_title, "strong");
    m_entropy = new QLabel;
    m_entropy->setTextFormat(Qt::PlainText);
    setLook(m_entropy, "small");
    head->addWidget(m_title, 1);
    head->addWidget(m_entropy);
    column->addLayout(head);
    m_rows = new QVBoxLayout;
    m_rows->setSpacing(1);
    column->addLayout(m_rows);
    m_hint = new QLabel;
    m_hint->setTextFormat(Qt::PlainText);
    setLook(m_hint, "small");
    column->addWidget(m_hint);
    m_timer = new QTimer(this);
    m_timer->setSingleShot(true);
    connect(m_timer, &QTimer::timeout, this, &QWidget::hide);
    hide();
}

QString TokenCard::tokenLabel(const QString& text) {
    QString out = markdown::visible(text);
    out.replace(QLatin1Char('\n'), QStringLiteral("↵")).replace(QLatin1Char('\t'), QStringLiteral("⇥"));
    if (out.trimmed().isEmpty())
        return out.replace(QLatin1Char(' '), QStringLiteral("␣"));
    return out.startsWith(QLatin1Char(' ')) ? out.mid(1)
                                            : QStringLiteral("·") + out;  // a token that goes on with a word
}

QString TokenCard::percent(double probability) {
    const double p = probability * 100;
    if (p < 0.1)
        return tr("< 0.1 %");
    return tr("%1 %", "percent").arg(QLocale().toString(p, 'f', p < 9.95 ? 1 : 0));
}

void TokenCard::showFor(const app::TokenRecord& record, const QRect& token, bool canFork) {
    m_timer->stop();
    qDeleteAll(m_buttons);
    m_buttons.clear();
    m_title->setText(
        tr("“%1”  %2", "token and its probability").arg(tokenLabel(record.text), percent(std::exp(record.logprob))));
    m_entropy->setText(tr("entropy %1 bits").arg(QLocale().toString(double(record.entropyBits), 'f', 1)));
    int listed = 0;
    bool chosenListed = false;
    const auto add = [&](const app::TokenAlternative& alternative) {
        const bool chosen = alternative.id == record.id;
        auto* button =
            new AlternativeButton(m_theme, alternative.text, std::exp(double(alternative.logprob)), chosen, this);
        button->setEnabled(canFork && !chosen);
        connect(button, &QAbstractButton::clicked, this, [this, id = alternative.id] { emit alternativeChosen(id); });
        m_rows->addWidget(button);
        m_buttons.push_back(button);
    };
    for (const app::TokenAlternative& alternative : record.top) {
        if (++listed > 8)
            break;
        chosenListed = chosenListed || alternative.id == record.id;
        add(alternative);
    }
    if (!chosenListed)
        add({record.id, record.logprob, record.text});
    m_hint->setText(!canFork                ? tr("Alternatives can be chosen when the reply has ended.")
                    : record.top.size() > 1 ? tr("Click one to continue from it")
                                            : tr("The model saw no alternative."));
    adjustSize();
    resize(std::max(sizeHint().width(), m_theme.px(264)), sizeHint().height());
    place(token);
    show();
    raise();
}

void TokenCard::place(const QRect& token) {
    const QWidget* area = parentWidget();
    int x = token.left() - 18;
    int y = token.bottom() - 4;
    if (y + height() > area->height())
        y = token.top() - height() + 8;
    x = std::clamp(x, 0, std::max(0, area->width() - width()));
    y = std::clamp(y, 0, std::max(0, area->height() - height()));
    move(x, y);
}

void TokenCard::takeFocus() {
    m_timer->stop();
    const auto first = std::find_if(m_buttons.begin(), m_buttons.end(), [](QWidget* b) { return b->isEnabled(); });
    if (first != m_buttons.end())
        (*first)->setFocus(Qt::TabFocusReason);
}

void TokenCard::hideSoon() {
    const bool focused = std::any_of(m_buttons.begin(), m_buttons.end(), [](QWidget* b) { return b->hasFocus(); });
    if (isVisible() && !underMouse() && !focused)
        m_timer->start(220);
}

void TokenCard::enterEvent(QEnterEvent*) {
    m_timer->stop();
}
void TokenCard::leaveEvent(QEvent*) {
    hideSoon();
}

void TokenCard::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape) {
        hide();
        emit left();
    } else if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        for (AlternativeButton* button : m_buttons)
            if (button->hasFocus()) {
                button->click();
                return;  // the button may be gone
            }
    } else if (event->key() == Qt::Key_Up) {
        focusPreviousChild();
    } else if (event->key() == Qt::Key_Down) {
        focusNextChild();
    } else {
        QFrame::keyPressEvent(event);
    }
}

void TokenCard::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& t = m_theme.tokens();
    const QRectF card = QRectF(rect()).adjusted(8.5, 6.5, -8.5, -10.5);
    painter.setPen(Qt::NoPen);
    for (int i = 8; i > 0; --i) {  // a soft shadow
        QColor shade(0, 0, 0, t.dark ? 16 : 7);
        painter.setBrush(shade);
        painter.drawRoundedRect(card.adjusted(-i, -i + 3, i, i + 3), radius::Card + i, radius::Card + i);
    }
    painter.setPen(QPen(t.border, 1));
    painter.setBrush(t.surface);
    painter.drawRoundedRect(card, radius::Card, radius::Card);
}

}  // namespace ui
