// The open chat: opening, saying something, versions, edits, forks, deletion, drafts.
#include <QRandomGenerator>

#include "app/workbench_parts.h"

namespace app {

using engine::Result;

// ---- Opening

ChatId Workbench::currentChat() const {
    return m_parts->open->id;
}
QString Workbench::currentTitle() const {
    return QString::fromStdString(m_parts->open->chat.title);
}

void WorkbenchParts::refresh() {
    messages.setRows(open->rows());
}

void WorkbenchParts::setOpen(std::shared_ptr<Conversation> chat, MessageId reveal) {
    if (settingsTimer.isActive()) {
        settingsTimer.stop();
        saveChat(open);
    }
    if (open->id != 0 && !isBusy(*open) && open->unsaved().empty())
        alive.erase(open->id);  // all of it is on the disk
    open = std::move(chat);
    opening = 0;
    if (reveal != 0 && open->find(reveal)) {
        const auto shown = open->path(open->activeLeaf);
        if (std::find(shown.begin(), shown.end(), reveal) == shown.end())
            open->show(reveal);
    }
    // Another chat: nothing of the rows may be taken for the same.
    messages.truncate(0);
    refresh();
    chats.setCurrent(open->id);
    emit bench.currentChatChanged(open->id);
    emit bench.chatOpened(open->id);
    emit bench.settingsChanged();
    emit bench.draftChanged();
    emit bench.runningChanged();
    rack.chatOpened();
    composer.recount();
    if (reveal != 0)
        emit bench.revealMessage(reveal);
}

void Workbench::openChat(ChatId id, MessageId reveal) {
    WorkbenchParts& p = *m_parts;
    if (id == 0)
        return newChat();
    p.composer.saveDraft();
    if (p.open->id == id) {
        p.opening = 0;
        if (reveal == 0)
            return;
        if (p.messages.rowOf(reveal) < 0 && p.open->find(reveal)) {
            p.open->show(reveal);
            p.refresh();
        }
        emit revealMessage(reveal);
        return;
    }
    if (const auto living = p.alive.find(id); living != p.alive.end())
        return p.setOpen(living->second, reveal);
    p.opening = id;
    emit chatOpening(id);
    p.store.post(
        this, [id](Store& s) { return s.conversation(id); },
        [this, id, reveal](Result<StoredConversation> stored) {
            WorkbenchParts& p = *m_parts;
            if (p.opening != id)
                return;  // another one was asked for meanwhile
            if (!stored) {
                p.opening = 0;
                p.showBanner({QStringLiteral("open-chat"),
                              Severity::Error,
                              tr("This chat cannot be opened: %1").arg(WorkbenchParts::errorText(stored.error())),
                              {}});
                return;
            }
            p.hideBanner(QStringLiteral("open-chat"));
            p.setOpen(Conversation::fromStored(*stored, p.settings.chatDefaults()), reveal);
        });
}

void Workbench::newChat() {
    WorkbenchParts& p = *m_parts;
    p.composer.saveDraft();
    p.opening = 0;
    if (p.isOpen(*p.fresh) && p.fresh->id == 0 && p.fresh->isEmpty())
        return;
    if (p.fresh->id != 0 || !p.fresh->isEmpty()) {
        p.fresh = std::make_shared<Conversation>();
        p.fresh->settings = p.open->settings;
        p.fresh->chat.folder = p.open->chat.folder;
    }
    p.setOpen(p.fresh, 0);
}

// ---- Saying something

const ModelRack::Loaded* WorkbenchParts::modelFor(const Conversation& chat) const {
    if (const auto* own = rack.byPath(QString::fromStdString(chat.chat.modelPath)))
        return own;
    const ModelRack::Loaded* latest = nullptr;
    for (const auto& loaded : rack.all())
        if (!latest || loaded.lastUsed > latest->lastUsed)
            latest = &loaded;
    return latest;
}

bool WorkbenchParts::isBusy(const Conversation& chat) const {
    return chat.turnPending || chat.savePending || replies.isRunning(chat);
}

QString WorkbenchParts::sendBlockReason() const {
    if (isBusy(*open))
        return Workbench::tr("The reply is still being written");
    if (!modelFor(*open))
        return rack.loadingPath().isEmpty() ? Workbench::tr("Load a model first")
                                            : Workbench::tr("The model is being loaded");
    return {};
}

bool Workbench::canSend() const {
    return sendBlockReason().isEmpty();
}
QString Workbench::sendBlockReason() const {
    return m_parts->sendBlockReason();
}
bool Workbench::isRunning() const {
    return m_parts->isBusy(*m_parts->open);
}
bool Workbench::isRunning(ChatId id) const {
    return m_parts->open->id == id ? isRunning() : m_parts->replies.isRunning(id);
}

void Workbench::send(const QString& text) {
    WorkbenchParts& p = *m_parts;
    if (text.trimmed().isEmpty())
        return;
    if (const QString reason = p.sendBlockReason(); !reason.isEmpty()) {
        emit sendFailed(text, reason);
        return;
    }
    p.beginTurn(p.open->activeLeaf, text, p.newReply(), {});
}

MessageRow WorkbenchParts::newReply() const {
    MessageRow row;
    row.role = Role::Assistant;
    row.created = QDateTime::currentDateTime();
    if (const auto* loaded = modelFor(*open)) {
        row.stats.modelName = loaded->info.name;
        row.stats.quantization = loaded->info.quantization;
        row.stats.modelPath = loaded->info.path;
    }
    ChatSettings used = open->settings;
    // 32 bits, so that a person can type it again.
    if (used.randomSeed)
        used.sampling.seed = QRandomGenerator::global()->generate();
    row.stats.seed = used.sampling.seed;
    row.stats.settingsJson = QString::fromStdString(used.toJson());
    return row;
}

void WorkbenchParts::beginTurn(MessageId parent, const std::optional<QString>& said, MessageRow reply,
                               std::vector<StoredToken> tokens) {
    const std::shared_ptr<Conversation> chat = open;
    const auto* loaded = modelFor(*chat);
    if (loaded) {
        chat->chat.modelPath = loaded->info.path.toStdString();
        chat->chat.modelName = loaded->info.name.toStdString();
        rack.noteUse(loaded->info.id);
    }
    chat->chat.settingsJson = chat->settings.toJson();
    Store::Turn turn;
    MessageId user = 0;
    if (said) {
        MessageRow row;
        row.id = user = chat->temporaryId();
        row.parent = parent;
        row.role = Role::User;
        row.state = MessageState::Saving;
        row.text = *said;
        row.created = QDateTime::currentDateTime();
        turn.user = storedFromNode(chat->add(std::move(row)), chat->id);
        if (!chat->chat.titleGiven && chat->path(user).size() == 1)
            chat->chat.title = titleFromText(*said).toStdString();
        chat->draft.clear();
        chat->chat.hasDraft = false;
    }
    reply.id = chat->temporaryId();
    reply.parent = said ? user : parent;
    reply.state = MessageState::Waiting;
    const MessageId replyId = reply.id;
    const std::string text = reply.text.toStdString();
    reply.tokens = recordsFromTokens(tokens, text);
    MessageNode& node = chat->add(std::move(reply));
    node.tokens = std::move(tokens);
    turn.reply = storedFromNode(node, chat->id);
    turn.chat = chat->chat;
    chat->turnPending = true;
    chat->stopAsked = false;
    chat->chat.sequence = ++lastSequence;
    chat->chat.changedMs = QDateTime::currentMSecsSinceEpoch();
    if (chat->id != 0)
        alive[chat->id] = chat;
    refresh();
    if (said)
        emit bench.draftChanged();
    emit bench.runningChanged();
    emit bench.canSendChanged();
    // What hangs below an unsaved message cannot be on the disk before it is.
    if (parent < 0 || chat->id < 0)
        return turnNotStored(chat, user, replyId, Workbench::tr("the messages before it are not saved either"));
    store.post(
        &bench, [turn = std::move(turn)](Store& s) { return s.beginTurn(turn); },
        [this, chat, user, replyId](Result<Store::TurnIds> ids) {
            if (ids)
                turnStored(chat, user, replyId, *ids);
            else
                turnNotStored(chat, user, replyId, errorText(ids.error()));
        });
}

void WorkbenchParts::turnStored(const std::shared_ptr<Conversation>& chat, MessageId user, MessageId reply,
                                const Store::TurnIds& ids) {
    const bool isNew = chat->id == 0;
    chat->turnPending = false;
    chat->id = chat->chat.id = ids.chat;
    alive[chat->id] = chat;
    const auto renumber = [&](MessageId from, MessageId to, MessageState state) {
        const int row = isOpen(*chat) ? messages.rowOf(from) : -1;
        chat->renumber(from, to);
        MessageNode* node = chat->find(to);
        if (!node)
            return;
        node->stored = true;
        node->row.state = state;
        if (row >= 0) {
            MessageRow shown = messages.at(row);
            shown.id = to;
            shown.parent = node->row.parent;
            shown.state = state;
            messages.replace(row, shown);
        }
    };
    if (user != 0)
        renumber(user, ids.user, MessageState::Done);
    renumber(reply, ids.reply, MessageState::Waiting);
    saved();
    upsertChat(chat);
    if (isNew && isOpen(*chat))
        emit bench.currentChatChanged(chat->id);
    if (user != 0)
        emit bench.messageStored(ids.user);
    replies.start(chat, ids.reply);
}

// The disk refused: the words stay in memory, and the conversation goes on.
void WorkbenchParts::turnNotStored(const std::shared_ptr<Conversation>& chat, MessageId user, MessageId reply,
                                   const QString& why) {
    const bool isNew = chat->id == 0;
    chat->turnPending = false;
    if (isNew)
        chat->id = chat->chat.id = --lastTemporaryChat;
    alive[chat->id] = chat;
    if (MessageNode* node = chat->find(user)) {
        node->row.state = MessageState::NotSaved;
        node->row.error = why;
    }
    notSaved(why);
    if (isOpen(*chat))
        refresh();
    upsertChat(chat);
    if (isNew && isOpen(*chat))
        emit bench.currentChatChanged(chat->id);
    replies.start(chat, reply);
}

void Workbench::retrySave(MessageId) {
    m_parts->saveUnsaved(m_parts->open);
}

void WorkbenchParts::saveAllUnsaved() {
    saveUnsaved(open);
    const auto all = alive;
    for (const auto& [id, chat] : all)
        if (!isOpen(*chat))
            saveUnsaved(chat);
}

void WorkbenchParts::saved() {
    bool all = open->unsaved().empty();
    for (const auto& [id, chat] : alive)
        all = all && chat->unsaved().empty();
    if (all)
        hideBanner(QStringLiteral("not-saved"));
}

// All that a chat holds and the disk does not, parents first. What was stored before the disk refused is not stored
// again.
void WorkbenchParts::saveUnsaved(const std::shared_ptr<Conversation>& chat) {
    const std::vector<MessageId> ids = chat->unsaved();
    if (ids.empty() || chat->turnPending || chat->savePending)
        return;
    struct Piece {
        StoredMessage message;
        std::vector<StoredToken> tokens;
    };
    std::vector<Piece> pieces;
    for (const MessageId id : ids) {
        const MessageNode& node = *chat->find(id);
        pieces.push_back({storedFromNode(node, chat->id), node.tokens});
    }
    struct Saved {
        int64_t chat = 0;
        std::vector<std::pair<int64_t, bool>> messages = {};  // their ids, and whether all of each is stored
        std::optional<engine::Error> refused = {};
    };
    const auto setPending = [this, chat](bool pending) {
        chat->savePending = pending;
        emit bench.runningChanged();
        emit bench.canSendChanged();
    };
    setPending(true);  // what is said or deleted meanwhile would be about numbers that change
    store.post(
        &bench,
        [pieces = std::move(pieces), record = chat->chat](Store& s) -> Result<Saved> {
            Saved saved{record.id};
            std::map<int64_t, int64_t> newIds;
            const auto save = [&](const Piece& piece) -> Result<void> {
                StoredMessage message = piece.message;
                message.chat = saved.chat;
                if (const auto parent = newIds.find(message.parent); parent != newIds.end())
                    message.parent = parent->second;
                if (message.id < 0) {
                    TRY(message.id, s.appendMessage(message));
                    newIds[piece.message.id] = message.id;
                }
                saved.messages.emplace_back(message.id, false);
                if (message.role == StoredRole::Assistant)
                    TRY_VOID(s.finishReply(message, piece.tokens));
                saved.messages.back().second = true;
                return {};
            };
            if (saved.chat <= 0) {
                TRY(saved.chat, s.createChat(record));
            }
            for (const Piece& piece : pieces)
                if (const auto done = save(piece); !done) {
                    saved.refused = done.error();
                    break;
                }
            return saved;
        },
        [this, chat, ids, setPending](Result<Saved> result) {
            setPending(false);
            if (!result)
                return notSaved(errorText(result.error()));
            const ChatId before = chat->id;
            chat->id = chat->chat.id = result->chat;
            if (before != chat->id) {
                alive.erase(before);
                alive[chat->id] = chat;
                chats.remove(before);
            }
            for (size_t i = 0; i < result->messages.size(); ++i) {
                const auto& [id, whole] = result->messages[i];
                chat->renumber(ids[i], id);
                replies.renumbered(*chat, ids[i], id);
                MessageNode* node = chat->find(id);
                if (!node || !whole)
                    continue;
                node->stored = true;
                if (node->row.state == MessageState::NotSaved)
                    node->row.state = MessageState::Done;
                if (node->row.state != MessageState::Failed)
                    node->row.error.clear();
            }
            if (chat->deleted && before < 0) {  // while it was on its way
                alive.erase(chat->id);
                return store.post(
                    &bench, [id = chat->id](Store& s) { return s.setChatDeleted(id, true); }, [](Result<void>) {});
            }
            upsertChat(chat);
            if (isOpen(*chat)) {
                refresh();
                if (before != chat->id)
                    emit bench.currentChatChanged(chat->id);
            }
            for (size_t i = 0; i < result->messages.size(); ++i)
                if (result->messages[i].first != ids[i])
                    emit bench.messageStored(result->messages[i].first);
            if (result->refused)
                return notSaved(errorText(*result->refused));
            if (!chat->unsaved().empty())
                return saveUnsaved(chat);  // a reply has ended meanwhile
            saved();
            if (!isOpen(*chat) && !isBusy(*chat))
                alive.erase(chat->id);
        });
}

void Workbench::stop() {
    WorkbenchParts& p = *m_parts;
    if (p.open->turnPending)
        p.open->stopAsked = true;
    p.replies.stop(*p.open);
}
void Workbench::stopAll() {
    WorkbenchParts& p = *m_parts;
    p.replies.stopAll();
    const auto cancels = p.jobCancel;  // a job that ends takes itself out
    for (const auto& [job, cancel] : cancels)
        cancel();
}

// ---- Versions

void Workbench::regenerate(MessageId reply) {
    WorkbenchParts& p = *m_parts;
    const MessageNode* node = p.open->find(reply);
    if (!node || node->row.role != Role::Assistant || !canSend())
        return;
    p.beginTurn(node->row.parent, std::nullopt, p.newReply(), {});
}

void Workbench::editMessage(MessageId id, const QString& text) {
    WorkbenchParts& p = *m_parts;
    const MessageNode* node = p.open->find(id);
    if (!node || text.trimmed().isEmpty())
        return;
    if (node->row.role == Role::User) {
        if (const QString reason = p.sendBlockReason(); !reason.isEmpty()) {
            emit sendFailed(text, reason);
            return;
        }
        p.beginTurn(node->row.parent, text, p.newReply(), {});
        return;
    }
    if (p.isBusy(*p.open))
        return;
    MessageRow row = node->row;
    row.text = text;
    row.edited = true;
    row.state = MessageState::Done;
    row.tokens.clear();
    row.hasTokens = false;
    p.addFinished(std::move(row), {});
}

void WorkbenchParts::addFinished(MessageRow row, std::vector<StoredToken> tokens) {
    const std::shared_ptr<Conversation> chat = open;
    row.id = chat->temporaryId();
    row.created = QDateTime::currentDateTime();
    row.hasTokens = !tokens.empty();
    MessageNode& node = chat->add(std::move(row));
    node.tokens = std::move(tokens);
    refresh();
    composer.recount();
    alive[chat->id] = chat;
    saveUnsaved(chat);
}

void Workbench::continueReply(MessageId reply) {
    WorkbenchParts& p = *m_parts;
    if (!canSend())
        return;
    const auto chat = p.open;
    p.withTokens(chat, reply, [this, chat, reply] {
        WorkbenchParts& p = *m_parts;
        MessageNode* node = chat->find(reply);
        if (!node || node->row.role != Role::Assistant || !p.isOpen(*chat) || !canSend())
            return;
        const auto* loaded = p.modelFor(*chat);
        const bool sameModel = node->row.stats.modelPath == loaded->info.path;
        if (!node->children.isEmpty() || !sameModel) {
            // Something follows, or another model goes on: as a version of its own.
            MessageRow row = p.newReply();
            row.text = node->row.text;
            p.beginTurn(node->row.parent, std::nullopt, row, sameModel ? node->tokens : std::vector<StoredToken>{});
            return;
        }
        node->row.state = MessageState::Waiting;
        node->row.stats.stopReason.clear();
        p.refresh();
        if (reply > 0)
            p.store.post(
                this, [reply](Store& s) { return s.reopenReply(reply); },
                [this](Result<void> done) {
                    if (!done)
                        m_parts->notSaved(WorkbenchParts::errorText(done.error()));
                });
        p.alive[chat->id] = chat;
        p.replies.start(chat, reply);
    });
}

void Workbench::forkAtToken(MessageId reply, int index, qint32 alternative) {
    WorkbenchParts& p = *m_parts;
    if (!canSend())
        return;
    const auto chat = p.open;
    p.withTokens(chat, reply, [this, chat, reply, index, alternative] {
        WorkbenchParts& p = *m_parts;
        const MessageNode* node = chat->find(reply);
        if (!node || !p.isOpen(*chat) || !canSend() || index < 0 || index >= static_cast<int>(node->tokens.size()))
            return;
        const auto* loaded = p.modelFor(*chat);
        if (node->row.stats.modelPath != loaded->info.path) {
            p.addNote(
                chat, chat->activeLeaf, Severity::Warning,
                tr("This reply is by %1: its tokens mean nothing to %2. Load %1 to go on from here.")
                    .arg(node->row.stats.modelName, loaded->info.name),
                {QStringLiteral("load:") + node->row.stats.modelPath, tr("Load %1").arg(node->row.stats.modelName)});
            return;
        }
        const engine::Tokenizer& tokenizer = *loaded->model.tokenizer;
        if (alternative < 0 || alternative >= tokenizer.vocabSize())
            return;
        std::vector<StoredToken> tokens(node->tokens.begin(), node->tokens.begin() + index);
        StoredToken chosen = node->tokens[static_cast<size_t>(index)];
        for (const StoredAlternative& other : chosen.top)
            if (other.id == alternative)
                chosen.logprob = other.logprob;
        chosen.id = alternative;
        chosen.text = tokenizer.piece(alternative, true);
        tokens.push_back(chosen);
        // The text anew from the tokens, so that half a character at the cut comes out right.
        engine::Utf8Stream stream;
        std::string text;
        for (StoredToken& token : tokens) {
            text += stream.push(tokenizer.piece(token.id, false));
            token.textEnd = static_cast<int64_t>(text.size());
        }
        MessageRow row = p.newReply();
        row.text = QString::fromStdString(text);
        if (!tokenizer.isEndOfGeneration(alternative))
            return p.beginTurn(node->row.parent, std::nullopt, row, std::move(tokens));
        row.parent = node->row.parent;
        row.state = MessageState::Done;
        row.stats.stopReason = QStringLiteral("eos");
        row.stats.tokens = static_cast<qint64>(tokens.size());
        row.tokens = recordsFromTokens(tokens, text);
        p.addFinished(std::move(row), std::move(tokens));
    });
}

void Workbench::showVersion(MessageId id, int version) {
    WorkbenchParts& p = *m_parts;
    if (!p.open->find(id) || p.isBusy(*p.open))
        return;
    const QList<MessageId> versions = p.open->siblings(id);
    if (version < 1 || version > versions.size())
        return;
    p.open->show(versions.at(version - 1));
    p.refresh();
    p.composer.recount();
    const MessageId leaf = p.open->activeLeaf;
    if (p.open->id > 0 && leaf > 0)
        p.store.post(
            this, [chat = p.open->id, leaf](Store& s) { return s.setActiveLeaf(chat, leaf); }, [](Result<void>) {});
}

void Workbench::deleteMessage(MessageId id) {
    WorkbenchParts& p = *m_parts;
    const auto chat = p.open;
    const MessageNode* node = chat->find(id);
    if (!node) {
        // A note.
        const qint64 note = -(qint64{1} << 40) - id;
        if (chat->notes.removeIf([&](const StoredNote& n) { return n.id == note; }) > 0) {
            p.refresh();
            if (note > 0)
                p.store.post(
                    this, [note](Store& s) { return s.removeNote(note); }, [](Result<void>) {});
        }
        return;
    }
    if (p.isBusy(*chat))
        return;
    const MessageId leafBefore = chat->activeLeaf;
    const QString what = titleFromText(node->row.text);
    chat->remove(id);
    p.refresh();
    p.composer.recount();
    if (id < 0 || chat->id <= 0)
        return;
    const MessageId leaf = qMax<MessageId>(0, chat->activeLeaf);
    p.store.post(
        this, [id, leaf](Store& s) { return s.setMessageDeleted(id, true, leaf); },
        [this](Result<void> done) {
            if (!done)
                m_parts->notSaved(WorkbenchParts::errorText(done.error()));
        });
    const ChatId chatId = chat->id;
    p.pushUndo(tr("Undo delete of “%1”").arg(what), [this, id, leafBefore, chatId] {
        m_parts->store.post(
            this,
            [id, leafBefore, chatId](Store& s) -> Result<StoredConversation> {
                TRY_VOID(s.setMessageDeleted(id, false, leafBefore));
                return s.conversation(chatId);
            },
            [this, chatId](Result<StoredConversation> stored) {
                WorkbenchParts& p = *m_parts;
                if (!stored)
                    return p.notSaved(WorkbenchParts::errorText(stored.error()));
                // Words that only the memory has stay there; the message is seen when the chat is opened again.
                if (p.open->id != chatId || p.isBusy(*p.open) || !p.open->unsaved().empty())
                    return;
                auto fresh = Conversation::fromStored(*stored, p.settings.chatDefaults());
                fresh->draft = p.open->draft;
                p.alive.erase(chatId);
                p.open = std::move(fresh);
                p.refresh();
                p.composer.recount();
            });
    });
}

// ---- Tokens and notes

void WorkbenchParts::withTokens(const std::shared_ptr<Conversation>& chat, MessageId reply,
                                std::function<void()> then) {
    const MessageNode* node = chat->find(reply);
    if (!node)
        return;
    if (!node->tokens.empty() || !node->row.hasTokens || reply < 0)
        return then();
    store.post(
        &bench, [reply](Store& s) { return s.tokens(reply); },
        [this, chat, reply, then = std::move(then)](Result<std::vector<StoredToken>> tokens) {
            MessageNode* node = chat->find(reply);
            if (!node)
                return;
            if (tokens) {
                node->tokens = std::move(*tokens);
                node->row.tokens = recordsFromTokens(node->tokens, node->row.text.toStdString());
            } else {
                node->row.hasTokens = false;
            }
            const int row = isOpen(*chat) ? messages.rowOf(reply) : -1;
            if (row >= 0) {
                MessageRow shown = messages.at(row);
                shown.tokens = node->row.tokens;
                shown.hasTokens = node->row.hasTokens;
                messages.replace(row, shown, {MessageModel::TokensRole, MessageModel::HasTokensRole});
            }
            then();
        });
}

void Workbench::requestTokens(MessageId reply) {
    m_parts->withTokens(m_parts->open, reply, [this, reply] { emit tokensReady(reply); });
}

void WorkbenchParts::addNote(const std::shared_ptr<Conversation>& chat, MessageId after, Severity severity,
                             const QString& text, const Action& action) {
    StoredNote note;
    note.chat = chat->id;
    note.after = after;
    note.severity = static_cast<int>(severity);
    note.text = text.toStdString();
    note.actionId = action.id.toStdString();
    note.actionText = action.text.toStdString();
    note.createdMs = QDateTime::currentMSecsSinceEpoch();
    // A temporary number until the store gives one: below zero, and different from the others.
    note.id = chat->temporaryId();
    const qint64 temporary = note.id;
    chat->notes.append(note);
    if (isOpen(*chat))
        refresh();
    if (chat->id <= 0 || after < 0)
        return;
    store.post(
        &bench, [note](Store& s) { return s.addNote(note); },
        [this, chat, temporary](Result<int64_t> id) {
            if (!id)
                return;
            for (StoredNote& kept : chat->notes)
                if (kept.id == temporary)
                    kept.id = *id;
            if (isOpen(*chat))
                refresh();
        });
}

QStringList Workbench::examplePrompts() const {
    return {tr("Explain in three sentences why the sky is blue."),
            tr("Write a short poem about a lighthouse in winter."),
            tr("Give me five ideas for a quick dinner with rice.")};
}

// ---- Composer

QString Workbench::draft() const {
    return m_parts->open->draft;
}
void Workbench::setDraft(const QString& text) {
    m_parts->composer.setDraft(text);
}
ContextUse Workbench::contextUse() const {
    return m_parts->composer.use();
}

}  // namespace app
