#include "ui/widgets/start_page.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

namespace ui {

PromptCard::PromptCard(const Theme& theme, const QString& prompt, QWidget* parent)
    : QAbstractButton(parent), m_theme(theme) {
    setText(prompt);
    setAccessibleName(tr("Send: %1").arg(prompt));
    setAttribute(Qt::WA_Hover);
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&theme, &Theme::changed, this, [this] { updateGeometry(); });
}

QSize PromptCard::sizeHint() const {
    return {m_theme.px(220), m_theme.px(76)};
}

void PromptCard::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& t = m_theme.tokens();
    const bool lit = underMouse() || hasFocus();
    painter.setPen(QPen(lit ? t.accent : t.border, 1));
    painter.setBrush(isDown() ? t.accentSoft : t.surface);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius::Card, radius::Card);
    painter.setFont(m_theme.font(Type::Body));
    painter.setPen(t.text);
    const int pad = m_theme.px(12);
    painter.drawText(rect().adjusted(pad, pad, -pad, -pad), Qt::TextWordWrap | Qt::AlignLeft | Qt::AlignVCenter,
                     text());
}

StartPage::StartPage(const Theme& theme, QWidget* parent) : QWidget(parent), m_theme(theme) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::XL, space::XL, space::XL, space::XL);
    column->setSpacing(space::S);
    column->addStretch(3);
    m_title = new QLabel;
    m_title->setTextFormat(Qt::PlainText);
    m_title->setAlignment(Qt::AlignHCenter);
    m_title->setWordWrap(true);
    setLook(m_title, "title");
    m_sentence = new QLabel;
    m_sentence->setTextFormat(Qt::PlainText);
    m_sentence->setAlignment(Qt::AlignHCenter);
    m_sentence->setWordWrap(true);
    setLook(m_sentence, "muted");
    column->addWidget(m_title);
    column->addWidget(m_sentence);
    m_progress = new QProgressBar;
    m_progress->setRange(0, 1000);
    m_progress->setTextVisible(false);
    m_progress->setFixedSize(theme.px(260), theme.px(6));
    connect(&theme, &Theme::changed, this, [this] {
        m_progress->setFixedSize(m_theme.px(260), m_theme.px(6));
        arrange();
    });
    m_progress->setAccessibleName(tr("Loading"));
    column->addWidget(m_progress, 0, Qt::AlignHCenter);
    m_buttons = new QWidget;
    auto* row = new QHBoxLayout(m_buttons);
    row->setContentsMargins(0, space::S, 0, 0);
    m_load = new QPushButton(tr("Load a model file…"));
    setLook(m_load, "primary");
    m_library = new QPushButton(tr("Open the library"));
    row->addStretch(1);
    row->addWidget(m_load);
    row->addWidget(m_library);
    row->addStretch(1);
    column->addWidget(m_buttons);
    m_cardArea = new QWidget;
    auto* grid = new QGridLayout(m_cardArea);
    grid->setContentsMargins(0, space::L, 0, 0);
    grid->setSpacing(space::M);
    column->addWidget(m_cardArea, 0, Qt::AlignHCenter);
    column->addStretch(4);
    connect(m_load, &QPushButton::clicked, this, [this] { emit actionRequested(QStringLiteral("choose-file")); });
    connect(m_library, &QPushButton::clicked, this, [this] { emit actionRequested(QStringLiteral("open-library")); });
    setState({});
}

void StartPage::setState(const StartState& state) {
    m_progress->setVisible(state.kind == StartState::Loading);
    m_progress->setValue(int(state.fraction * 1000));
    m_buttons->setVisible(state.kind == StartState::NoModel || state.kind == StartState::Failed);
    m_cardArea->setVisible(state.kind == StartState::Ready);
    switch (state.kind) {
        case StartState::Ready:
            m_title->setText(tr("What shall we talk about?"));
            m_sentence->setText(
                tr("%1 is ready. It runs on this computer; nothing you write leaves it.").arg(state.model));
            break;
        case StartState::Loading:
            m_title->setText(tr("Loading %1").arg(state.model));
            m_sentence->setText(tr("You can write already; sending is possible when the model is ready."));
            break;
        case StartState::NoModel:
            m_title->setText(tr("No model is loaded"));
            m_sentence->setText(tr("Load a GGUF file, or drop one on this window, and its answers appear here."));
            break;
        case StartState::Failed:
            m_title->setText(tr("The model could not be loaded"));
            m_sentence->setText(state.problem);
            break;
    }
    if (state.kind == StartState::Ready && state.prompts != m_prompts) {
        m_prompts = state.prompts;
        qDeleteAll(m_cards);
        m_cards.clear();
        for (const QString& prompt : state.prompts) {
            auto* card = new PromptCard(m_theme, prompt, m_cardArea);
            connect(card, &QAbstractButton::clicked, this, [this, prompt] { emit promptChosen(prompt); });
            m_cards.push_back(card);
        }
        arrange();
    }
}

void StartPage::arrange() {
    auto* grid = static_cast<QGridLayout*>(m_cardArea->layout());
    const int room = width() - 2 * space::XL;
    const int columns = room >= m_theme.px(640) ? 3 : 1;
    m_cardArea->setFixedWidth(std::max(160, std::min(room, m_theme.px(columns == 3 ? 760 : 420))));
    for (int i = 0; i < m_cards.size(); ++i)
        grid->addWidget(m_cards[i], i / columns, i % columns);
}

void StartPage::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    arrange();
}

}  // namespace ui
