#include "ui/panels/chat_panel.h"

#include <QApplication>
#include <QClipboard>
#include <QDesktopServices>
#include <QFileInfo>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QMenu>
#include <QShortcut>
#include <QStackedWidget>
#include <QUrl>
#include <QVBoxLayout>
#include <algorithm>

#include "app/workbench.h"
#include "ui/icons.h"
#include "ui/widgets/composer.h"
#include "ui/widgets/conversation_view.h"
#include "ui/widgets/find_bar.h"
#include "ui/widgets/link_dialog.h"
#include "ui/widgets/start_page.h"
#include "ui/widgets/token_card.h"

namespace ui {

ChatPanel::ChatPanel(app::Workbench& workbench, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_workbench(workbench), m_theme(theme) {
    setAccessibleName(tr("Chat"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_pages = new QStackedWidget;
    m_start = new StartPage(theme);
    m_view = new ConversationView(theme);
    m_pages->addWidget(m_start);
    m_pages->addWidget(m_view);
    column->addWidget(m_pages, 1);
    m_composerHolder = new QWidget;
    auto* holder = new QHBoxLayout(m_composerHolder);
    holder->setContentsMargins(space::XL, 0, space::XL, space::L);
    m_composer = new Composer(theme);
    holder->addStretch(1);
    holder->addWidget(m_composer, 1000);
    holder->addStretch(1);
    column->addWidget(m_composerHolder);
    m_find = new FindBar(theme, this);
    m_card = new TokenCard(theme, this);
    m_view->setModel(workbench.messages());
    connectView();
    connectComposer();
    connectWorkbench();
    addShortcuts();
    connect(&theme, &Theme::changed, this, [this] {
        place();
        update();
    });
    m_composer->edit().setSendWithEnter(workbench.settings().sendWithEnter());
    m_composer->setText(workbench.draft());
    m_composer->setContextUse(workbench.contextUse());
    refreshRunning();
    refreshStart();
    setFocusProxy(m_composer->edit().isEnabled() ? static_cast<QWidget*>(&m_composer->edit()) : m_view);
}

// Whatever is said clears the draft. What did not come from the field leaves the words in it alone.
template <typename Run>
void ChatPanel::keepingDraft(Run run) {
    const QString draft = m_workbench.draft();
    run();
    if (draft.isEmpty() || !m_workbench.draft().isEmpty())
        return;
    m_workbench.setDraft(draft);
    m_composer->setText(draft);
}

void ChatPanel::connectView() {
    connect(m_view, &ConversationView::actionTriggered, this, &ChatPanel::onAction);
    connect(m_view, &ConversationView::cardActionTriggered, this, &ChatPanel::onCardAction);
    connect(m_view, &ConversationView::linkClicked, this, &ChatPanel::onLink);
    connect(m_view, &ConversationView::copyRequested, this, &ChatPanel::copy);
    connect(m_view, &ConversationView::tokenHovered, this, &ChatPanel::onToken);
    connect(m_view, &ConversationView::contextMenuRequested, this, &ChatPanel::openMenu);
    connect(m_view, &ConversationView::findChanged, this,
            [this](const FindState& state) { m_find->setState(state.current, state.count, state.searching); });
    connect(m_view, &ConversationView::typed, this, [this](const QString& text) { m_composer->insertTyped(text); });
    connect(m_view, &ConversationView::tokenEntered, m_card, &TokenCard::takeFocus);
    connect(m_view, &ConversationView::scrolled, this, &ChatPanel::placeCard);
    connect(m_find, &FindBar::textChanged, m_view, &ConversationView::find);
    connect(m_find, &FindBar::next, m_view, &ConversationView::findNext);
    connect(m_find, &FindBar::closed, this, [this] { m_view->setFocus(Qt::OtherFocusReason); });
    connect(m_card, &TokenCard::left, this, [this] { m_view->setFocus(Qt::OtherFocusReason); });
    connect(m_card, &TokenCard::alternativeChosen, this, [this](qint32 id) {
        m_card->hide();
        m_workbench.forkAtToken(m_cardMessage, m_cardToken, id);
        m_composer->focusText();
    });
    connect(m_start, &StartPage::promptChosen, this,
            [this](const QString& prompt) { keepingDraft([&] { m_workbench.send(prompt); }); });
    connect(m_start, &StartPage::actionRequested, &m_workbench, &app::Workbench::runAction);
}

void ChatPanel::connectComposer() {
    connect(m_composer, &Composer::sendRequested, this, [this](const QString& text) {
        m_composer->edit().setSendWithEnter(m_workbench.settings().sendWithEnter());
        m_view->jumpToEnd();
        m_composer->setText({});
        m_workbench.send(text);
    });
    connect(m_composer, &Composer::editRequested, this, [this](app::MessageId id, const QString& text) {
        keepingDraft([&] { m_workbench.editMessage(id, text); });
    });
    connect(m_composer, &Composer::stopRequested, &m_workbench, &app::Workbench::stop);
    connect(m_composer, &Composer::editLastRequested, this, [this] { beginEdit(lastRow(app::Role::User)); });
    connect(m_composer, &Composer::textChanged, &m_workbench, &app::Workbench::setDraft);
}

void ChatPanel::connectWorkbench() {
    using app::Workbench;
    const Workbench* w = &m_workbench;
    connect(w, &Workbench::draftChanged, this, [this] { m_composer->setText(m_workbench.draft()); });
    connect(w, &Workbench::sendFailed, this, [this](const QString& text, const QString& reason) {
        // Beside what was written meanwhile, never instead of it.
        const QString now = m_composer->text();
        if (m_composer->editing() == 0 && now != text) {
            m_composer->setText(now.isEmpty() ? text : text + QStringLiteral("\n\n") + now);
            m_workbench.setDraft(m_composer->text());
        }
        m_composer->showHint(reason);
        m_composer->focusText();
    });
    connect(w, &Workbench::contextUseChanged, m_composer, &Composer::setContextUse);
    connect(w, &Workbench::runningChanged, this, &ChatPanel::refreshRunning);
    connect(w, &Workbench::canSendChanged, this, &ChatPanel::refreshRunning);
    connect(w, &Workbench::chatOpened, this, [this] {
        m_card->hide();
        m_composer->endEdit();
        m_composer->setText(m_workbench.draft());
        m_composer->setContextUse(m_workbench.contextUse());
        refreshRunning();
        refreshStart();
        // Who is writing somewhere else (a new title in the list) goes on there.
        const QWidget* focus = QApplication::focusWidget();
        const bool writing = qobject_cast<const QLineEdit*>(focus) || qobject_cast<const QPlainTextEdit*>(focus);
        if (isVisible() && !m_view->hasFocus() && !writing)
            m_composer->focusText();
    });
    connect(w, &Workbench::revealMessage, this,
            [this](app::MessageId id) { m_view->reveal(m_workbench.messages()->rowOf(id)); });
    for (auto signal : {&Workbench::loadedModelsChanged, &Workbench::loadingChanged})
        connect(w, signal, this, &ChatPanel::refreshStart);
    connect(w, &Workbench::currentModelChanged, this, &ChatPanel::refreshStart);
    connect(w, &Workbench::tokensReady, this, [this](app::MessageId id) {
        const int row = m_workbench.messages()->rowOf(id);
        if (row >= 0 && m_view->tokenView(row)) {  // shown now that they are here
            m_view->setTokenView(row, false);
            m_view->setTokenView(row, true);
        }
    });
    const app::MessageModel* messages = m_workbench.messages();
    connect(messages, &QAbstractItemModel::rowsInserted, this, &ChatPanel::refreshStart);
    connect(messages, &QAbstractItemModel::rowsRemoved, this, &ChatPanel::refreshStart);
    connect(messages, &QAbstractItemModel::modelReset, this, [this] {
        m_card->hide();
        refreshStart();
    });
}

void ChatPanel::addShortcuts() {
    const auto add = [this](const QKeySequence& keys, auto run) {
        auto* shortcut = new QShortcut(keys, this);
        shortcut->setContext(Qt::WindowShortcut);
        connect(shortcut, &QShortcut::activated, this, [this, run] {
            if (isVisible())
                run();
        });
    };
    add(QKeySequence::Find, [this] {
        place();
        m_find->open();
    });
    add(QKeySequence(Qt::Key_F3), [this] { m_view->findNext(false); });
    add(QKeySequence(Qt::SHIFT | Qt::Key_F3), [this] { m_view->findNext(true); });
    add(QKeySequence(Qt::CTRL | Qt::Key_L), [this] { m_composer->focusText(); });
}

int ChatPanel::lastRow(app::Role role) const {
    const auto& rows = m_workbench.messages()->rows();
    for (int i = int(rows.size()) - 1; i >= 0; --i)
        if (rows[i].role == role)
            return i;
    return -1;
}

void ChatPanel::copy(const QString& text, const QString& what) {
    if (text.isEmpty())
        return;
    QGuiApplication::clipboard()->setText(text);
    if (!what.isEmpty())
        m_view->say(what);
}

void ChatPanel::beginEdit(int row) {
    if (row < 0)
        return;
    const app::MessageRow& message = m_workbench.messages()->at(row);
    const bool sends = message.role == app::Role::User;
    m_composer->beginEdit(message.id, message.text,
                          sends ? tr("Editing your message. A new reply is written; the old version stays.")
                                : tr("Editing the reply. The old version stays."),
                          sends);
}

void ChatPanel::onAction(int row, MessageAction action) {
    const app::MessageModel* messages = m_workbench.messages();
    if (row < 0 || row >= messages->rowCount())
        return;
    const app::MessageRow& message = messages->at(row);
    switch (action) {
        case MessageAction::Copy:
            copy(message.text, tr("Message copied"));
            break;
        case MessageAction::Regenerate:
            m_workbench.regenerate(message.id);
            break;
        case MessageAction::Edit:
            beginEdit(row);
            break;
        case MessageAction::Continue:
            m_workbench.continueReply(message.id);
            break;
        case MessageAction::Delete:
            m_workbench.deleteMessage(message.id);
            break;
        case MessageAction::PreviousVersion:
            m_workbench.showVersion(message.id, message.version - 1);
            break;
        case MessageAction::NextVersion:
            m_workbench.showVersion(message.id, message.version + 1);
            break;
        case MessageAction::RetrySave:
            m_workbench.retrySave(message.id);
            break;
        case MessageAction::Tokens:
            m_card->hide();
            m_view->setTokenView(row, !m_view->tokenView(row));
            if (m_view->tokenView(row) && message.tokens.isEmpty())
                m_workbench.requestTokens(message.id);
            break;
        case MessageAction::None:
        case MessageAction::CopyCode:
            break;
    }
}

void ChatPanel::onCardAction(int row, const QString& actionId) {
    const app::MessageId id = m_workbench.messages()->at(row).id;
    if (actionId == QLatin1String("message:regenerate"))
        m_workbench.regenerate(id);
    else if (actionId == QLatin1String("message:continue"))
        m_workbench.continueReply(id);
    else if (actionId == QLatin1String("message:retry-save"))
        m_workbench.retrySave(id);
    else
        m_workbench.runAction(actionId);
}

void ChatPanel::onToken(int row, int token) {
    const app::MessageModel* messages = m_workbench.messages();
    if (row < 0 || token < 0 || row >= messages->rowCount() || token >= messages->at(row).tokens.size()) {
        m_card->hideSoon();
        return;
    }
    const QRect rect = m_view->tokenRect(row, token);
    if (rect.isNull())
        return;
    m_cardMessage = messages->at(row).id;
    m_cardToken = token;
    const app::MessageState state = messages->at(row).state;
    const bool running = state == app::MessageState::Waiting || state == app::MessageState::Streaming;
    m_card->showFor(messages->at(row).tokens.at(token),
                    QRect(m_view->viewport()->mapTo(this, rect.topLeft()), rect.size()),
                    !running && m_workbench.canSend());
}

// The card stays beside its token; it goes when the token is out of sight.
void ChatPanel::placeCard() {
    if (!m_card->isVisible())
        return;
    const int row = m_workbench.messages()->rowOf(m_cardMessage);
    const QRect rect = row < 0 ? QRect() : m_view->tokenRect(row, m_cardToken);
    if (rect.isNull())
        m_card->hide();
    else
        m_card->place(QRect(m_view->viewport()->mapTo(this, rect.topLeft()), rect.size()));
}

void ChatPanel::onLink(const QString& url) {
    auto* dialog = new LinkDialog(m_theme, url, window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [url] { QDesktopServices::openUrl(QUrl(url, QUrl::StrictMode)); });
    dialog->open();
}

void ChatPanel::openMenu(int row, const QPoint& at) {
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const auto add = [&](const char* name, const QString& text, auto run) {
        QAction* action = menu->addAction(icon(m_theme, QLatin1String(name)), text);
        connect(action, &QAction::triggered, this, run);
        return action;
    };
    if (m_view->hasSelection())
        add("copy", tr("Copy the selection"), [this] { copy(m_view->selectedText(), {}); });
    const app::MessageModel* messages = m_workbench.messages();
    if (row >= 0 && row < messages->rowCount() && messages->at(row).role != app::Role::Note) {
        const app::MessageRow& message = messages->at(row);
        const bool reply = message.role == app::Role::Assistant;
        const bool running =
            message.state == app::MessageState::Waiting || message.state == app::MessageState::Streaming;
        const auto act = [&](const char* name, const QString& text, MessageAction action, bool enabled) {
            // By its id: rows may come and go while the menu is open.
            add(name, text, [this, id = message.id, action] {
                onAction(m_workbench.messages()->rowOf(id), action);
            })->setEnabled(enabled);
        };
        act("copy", tr("Copy the message"), MessageAction::Copy, !message.text.isEmpty());
        act("edit", tr("Edit"), MessageAction::Edit, !running);
        if (reply) {
            act("regenerate", tr("Regenerate"), MessageAction::Regenerate, !running && m_workbench.canSend());
            act("continue", tr("Continue"), MessageAction::Continue, !running && m_workbench.canSend());
            act("tokens", m_view->tokenView(row) ? tr("Show as text") : tr("Show the tokens"), MessageAction::Tokens,
                message.hasTokens || !message.tokens.isEmpty());
        }
        if (message.versions > 1) {
            act("chevron-left", tr("Previous version"), MessageAction::PreviousVersion,
                message.version > 1 && !running);
            act("chevron-right", tr("Next version"), MessageAction::NextVersion,
                message.version < message.versions && !running);
        }
        menu->addSeparator();
        act("trash", tr("Delete this and what follows"), MessageAction::Delete, !running);
        menu->addSeparator();
    }
    add("check", tr("Select everything"), [this] { m_view->selectAll(); });
    add("search", tr("Find in this chat"), [this] {
        place();
        m_find->open();
    });
    menu->popup(at);
}

void ChatPanel::refreshRunning() {
    m_composer->setRunning(m_workbench.isRunning());
    m_composer->setBlocked(m_workbench.canSend() ? QString() : m_workbench.sendBlockReason());
}

void ChatPanel::refreshStart() {
    refreshRunning();
    const bool empty = m_workbench.messages()->rowCount() == 0;
    if (empty) {
        StartState state;
        const app::LoadedId id = m_workbench.currentModel();
        if (id != 0) {
            state.kind = StartState::Ready;
            state.model = m_workbench.model(id).name;
            state.prompts = m_workbench.examplePrompts();
        } else if (!m_workbench.loadingModel().isEmpty()) {
            state.kind = StartState::Loading;
            state.model = QFileInfo(m_workbench.loadingModel()).completeBaseName();
            state.fraction = m_workbench.loadingFraction();
        } else if (!m_workbench.loadError().isEmpty()) {
            state.kind = StartState::Failed;
            state.problem = m_workbench.loadError();
        }
        m_start->setState(state);
    }
    m_pages->setCurrentWidget(empty ? static_cast<QWidget*>(m_start) : m_view);
}

void ChatPanel::place() {
    m_composer->setMaximumWidth(m_theme.px(760));
    m_composer->setMaxHeight(height() * 2 / 5);
    m_find->adjustSize();
    m_find->move(qMax(0, width() - m_find->width() - 18), 10);
    if (m_find->isVisible())
        m_find->raise();
}

void ChatPanel::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    m_card->hide();
    place();
}

// Esc stops from anywhere in the chat where nothing nearer wants it.
void ChatPanel::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape && m_workbench.isRunning())
        m_workbench.stop();
    else
        QWidget::keyPressEvent(event);
}

void ChatPanel::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    place();
}

}  // namespace ui
