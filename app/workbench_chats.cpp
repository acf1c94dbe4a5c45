// The list of chats: folders, pins, copies, deletion with undo, search, export and import.
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>

#include "app/workbench_parts.h"

namespace app {

using engine::Result;

ChatRow WorkbenchParts::rowOf(const StoredChat& chat) const {
    ChatRow row;
    row.id = chat.id;
    row.title = QString::fromStdString(chat.title);
    row.modelName = QString::fromStdString(chat.modelName);
    row.folder = chat.folder;
    for (const FolderInfo& folder : folders)
        if (folder.id == chat.folder)
            row.folderName = folder.name;
    row.pinned = chat.pinned;
    row.sequence = chat.sequence;
    row.changed = QDateTime::fromMSecsSinceEpoch(chat.changedMs);
    row.running = replies.isRunning(chat.id);
    row.hasDraft = chat.hasDraft;
    return row;
}

void WorkbenchParts::listChats(std::function<void()> then) {
    store.post(
        &bench, [](Store& s) { return s.chats(); },
        [this, then = std::move(then)](Result<std::vector<StoredChat>> list) {
            if (list) {
                QList<ChatRow> rows;
                for (const StoredChat& chat : *list) {
                    rows.append(rowOf(chat));
                    lastSequence = std::max<qint64>(lastSequence, chat.sequence);
                }
                for (const auto& [id, chat] : alive)
                    if (id < 0)
                        rows.append(rowOf(chat->chat));
                chats.setRows(std::move(rows));
                chats.setCurrent(open->id);
            } else if (store.isOpen()) {
                showBanner({QStringLiteral("list-chats"),
                            Severity::Error,
                            Workbench::tr("The chats cannot be listed: %1").arg(errorText(list.error())),
                            {}});
            }
            if (then)
                then();
        });
}

void WorkbenchParts::listFolders() {
    store.post(
        &bench, [](Store& s) { return s.folders(); },
        [this](Result<std::vector<StoredFolder>> list) {
            if (!list)
                return;
            folders.clear();
            for (const StoredFolder& folder : *list)
                folders.append({folder.id, QString::fromStdString(folder.name)});
            emit bench.foldersChanged();
            listChats();
        });
}

void WorkbenchParts::upsertChat(const std::shared_ptr<Conversation>& chat) {
    if (chat->id == 0 || chat->deleted)
        return;
    chats.upsert(rowOf(chat->chat));
    if (isOpen(*chat))
        chats.setCurrent(chat->id);
}

void WorkbenchParts::saveChat(const std::shared_ptr<Conversation>& chat) {
    chat->chat.settingsJson = chat->settings.toJson();
    upsertChat(chat);
    if (chat->id <= 0)
        return;
    store.post(
        &bench, [record = chat->chat](Store& s) { return s.updateChat(record); },
        [this](Result<void> done) {
            if (!done)
                notSaved(errorText(done.error()));
        });
}

void WorkbenchParts::pushUndo(QString text, std::function<void()> back) {
    undo.append({std::move(text), std::move(back)});
    if (undo.size() > 50)
        undo.removeFirst();
    emit bench.undoChanged();
}

QString Workbench::undoText() const {
    return m_parts->undo.isEmpty() ? QString() : m_parts->undo.last().text;
}

void Workbench::undo() {
    if (m_parts->undo.isEmpty())
        return;
    const auto last = m_parts->undo.takeLast();
    last.back();
    emit undoChanged();
}

QList<FolderInfo> Workbench::folders() const {
    return m_parts->folders;
}

// Changes the record of a chat, open or not.
static void editChat(WorkbenchParts& p, ChatId id, std::function<void(StoredChat&)> edit) {
    const auto living = p.alive.find(id);
    if (p.open->id == id || living != p.alive.end()) {
        const auto chat = p.open->id == id ? p.open : living->second;
        edit(chat->chat);
        p.saveChat(chat);
        emit p.bench.chatChanged(id);
        return;
    }
    p.store.post(
        &p.bench,
        [id, edit](Store& s) -> Result<StoredChat> {
            TRY(const auto all, s.chats());
            for (StoredChat chat : all)
                if (chat.id == id) {
                    edit(chat);
                    TRY_VOID(s.updateChat(chat));
                    return chat;
                }
            return engine::Error{engine::ErrorCode::InvalidRequest, "the chat is not there any more", {}};
        },
        [&p, id](Result<StoredChat> chat) {
            if (!chat)
                return p.notSaved(WorkbenchParts::errorText(chat.error()));
            p.chats.upsert(p.rowOf(*chat));
            emit p.bench.chatChanged(id);
        });
}

void Workbench::renameChat(ChatId id, const QString& title) {
    const QString clean = title.simplified();
    if (clean.isEmpty())
        return;
    editChat(*m_parts, id, [clean](StoredChat& chat) {
        chat.title = clean.toStdString();
        chat.titleGiven = true;
    });
}

void Workbench::setChatPinned(ChatId id, bool pinned) {
    editChat(*m_parts, id, [pinned](StoredChat& chat) { chat.pinned = pinned; });
}

void Workbench::moveChat(ChatId id, FolderId folder) {
    editChat(*m_parts, id, [folder](StoredChat& chat) { chat.folder = folder; });
}

void Workbench::duplicateChat(ChatId id) {
    const ChatRow* row = m_parts->chats.find(id);
    if (!row || id <= 0)
        return;
    const std::string title = tr("%1 (copy)", "title of a duplicated chat").arg(row->title).toStdString();
    m_parts->store.post(
        this, [id, title](Store& s) { return s.duplicateChat(id, title); },
        [this](Result<int64_t> copy) {
            if (!copy)
                return m_parts->notSaved(WorkbenchParts::errorText(copy.error()));
            m_parts->listChats([this, id = *copy] { openChat(id); });
        });
}

void Workbench::deleteChat(ChatId id) {
    WorkbenchParts& p = *m_parts;
    const ChatRow* row = p.chats.find(id);
    if (!row)
        return;
    const QString title = row->title;
    const bool wasOpen = p.open->id == id;
    const auto stop = [&p](Conversation& chat) {
        chat.deleted = true;
        chat.stopAsked = chat.turnPending;
        p.replies.stop(chat);
    };
    if (const auto living = p.alive.find(id); living != p.alive.end())
        stop(*living->second);
    if (wasOpen) {
        stop(*p.open);
        newChat();
    }
    const auto restore = [&p](ChatId chat) {
        if (const auto living = p.alive.find(chat); living != p.alive.end())
            living->second->deleted = false;
    };
    p.chats.remove(id);
    if (id < 0) {
        p.alive.erase(id);
        return;
    }
    p.store.post(
        this, [id](Store& s) { return s.setChatDeleted(id, true); },
        [this, id, restore](Result<void> done) {
            if (!done) {
                restore(id);
                m_parts->notSaved(WorkbenchParts::errorText(done.error()));
                m_parts->listChats();
            }
        });
    p.pushUndo(tr("Undo delete of “%1”").arg(title), [this, id, wasOpen, restore] {
        m_parts->store.post(
            this, [id](Store& s) { return s.setChatDeleted(id, false); },
            [this, id, wasOpen, restore](Result<void> done) {
                if (!done)
                    return m_parts->notSaved(WorkbenchParts::errorText(done.error()));
                restore(id);
                m_parts->listChats([this, id, wasOpen] {
                    if (wasOpen)
                        openChat(id);
                });
            });
    });
}

void Workbench::createFolder(const QString& name, ChatId moveThere) {
    const std::string clean = name.simplified().toStdString();
    if (clean.empty())
        return;
    m_parts->store.post(
        this, [clean](Store& s) { return s.createFolder(clean); },
        [this, moveThere](Result<int64_t> id) {
            if (!id)
                return m_parts->notSaved(WorkbenchParts::errorText(id.error()));
            if (moveThere != 0)
                moveChat(moveThere, *id);
            m_parts->listFolders();
        });
}

void Workbench::renameFolder(FolderId id, const QString& name) {
    const std::string clean = name.simplified().toStdString();
    if (clean.empty())
        return;
    m_parts->store.post(
        this, [id, clean](Store& s) { return s.renameFolder(id, clean); },
        [this](Result<void> done) {
            if (!done)
                m_parts->notSaved(WorkbenchParts::errorText(done.error()));
            m_parts->listFolders();
        });
}

void Workbench::deleteFolder(FolderId id) {
    const auto forget = [id](Conversation& chat) {
        if (chat.chat.folder == id)
            chat.chat.folder = 0;
    };
    forget(*m_parts->open);
    forget(*m_parts->fresh);
    for (const auto& [chatId, chat] : m_parts->alive)
        forget(*chat);
    m_parts->store.post(
        this, [id](Store& s) { return s.deleteFolder(id); },
        [this](Result<void> done) {
            if (!done)
                m_parts->notSaved(WorkbenchParts::errorText(done.error()));
            m_parts->listFolders();
        });
}

// Written beside and renamed: the file that was there stays until the new one is whole.
static Result<void> writeWhole(const QString& path, const std::string& bytes) {
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes.data(), static_cast<qint64>(bytes.size())) < 0 ||
        !file.commit())
        return engine::Error{
            engine::ErrorCode::DeviceFailed,
            QStringLiteral("'%1' could not be written: %2").arg(path, file.errorString()).toStdString(),
            path.toStdString()};
    return {};
}

static void exportJob(WorkbenchParts& p, ChatId id, const QString& path, ExportFormat format) {
    const JobId job = p.addJob(Workbench::tr("Export to %1").arg(QFileInfo(path).fileName()), false);
    p.store.post(
        &p.bench,
        [id, path, format](Store& s) -> Result<void> {
            auto text = format == ExportFormat::Json       ? s.exportJson(id)
                        : format == ExportFormat::Markdown ? s.exportMarkdown(id)
                                                           : s.exportHtml(id);
            if (!text)
                return text.error();
            return writeWhole(path, *text);
        },
        [&p, job, path](Result<void> done) {
            const QString problem = done ? QString() : WorkbenchParts::errorText(done.error());
            p.jobs.finish(job, done ? JobState::Done : JobState::Failed, done ? path : problem);
            emit p.bench.exportFinished(path, problem);
        });
}

void Workbench::exportChat(ChatId id, const QString& path, ExportFormat format) {
    if (id > 0)
        exportJob(*m_parts, id, path, format);
    else
        emit exportFinished(path, tr("There is nothing to export yet."));
}

void Workbench::exportAllChats(const QString& path) {
    exportJob(*m_parts, 0, path, ExportFormat::Json);
}

void Workbench::importChats(const QString& path) {
    const JobId job = m_parts->addJob(tr("Import %1").arg(QFileInfo(path).fileName()), false);
    m_parts->store.post(
        this,
        [path](Store& s) -> Result<std::vector<int64_t>> {
            constexpr qint64 Largest = qint64{256} << 20;
            QFile file(path);
            if (!QFileInfo(path).isFile())
                return engine::Error{engine::ErrorCode::FileNotFound,
                                     QStringLiteral("'%1' is not there or is no file").arg(path).toStdString(),
                                     path.toStdString()};
            if (!file.open(QIODevice::ReadOnly))
                return engine::Error{
                    engine::ErrorCode::FileNotFound,
                    QStringLiteral("'%1' cannot be read: %2").arg(path, file.errorString()).toStdString(),
                    path.toStdString()};
            return s.importJson(file.read(Largest + 1).toStdString());
        },
        [this, job, path](Result<std::vector<int64_t>> ids) {
            const int count = ids ? static_cast<int>(ids->size()) : 0;
            const QString problem = ids ? QString() : WorkbenchParts::errorText(ids.error());
            m_parts->jobs.finish(job, ids ? JobState::Done : JobState::Failed,
                                 ids ? tr("%n chat(s) imported", nullptr, count) : problem);
            if (ids)
                m_parts->listFolders();
            emit importFinished(path, count, problem);
        });
}

void Workbench::search(const QString& text) {
    m_parts->searchText = text;
    if (text.trimmed().isEmpty()) {
        m_parts->searchTimer.stop();
        m_parts->search.setHits({});
        emit searchFinished(text, 0);
        return;
    }
    m_parts->searchTimer.start();
}

void WorkbenchParts::runSearch() {
    store.post(
        &bench, [text = searchText.toStdString()](Store& s) { return s.search(text); },
        [this, text = searchText](Result<std::vector<StoredHit>> found) {
            if (text != searchText)
                return;  // overtaken by another word
            QList<SearchHit> hits;
            if (found)
                for (const StoredHit& stored : *found) {
                    SearchHit hit;
                    hit.chat = stored.chat;
                    hit.message = stored.message;
                    hit.chatTitle = QString::fromStdString(stored.chatTitle);
                    hit.snippet = QString::fromStdString(stored.snippet);
                    // Marks are bytes of UTF-8 there and characters here.
                    const auto characters = [&](int64_t bytes) {
                        return static_cast<int>(
                            QString::fromUtf8(stored.snippet.data(), static_cast<qsizetype>(bytes)).size());
                    };
                    for (const auto& [start, length] : stored.marks) {
                        const int from = characters(start);
                        hit.marks.append({from, characters(start + length) - from});
                    }
                    hits.append(std::move(hit));
                }
            else
                showBanner({QStringLiteral("search"),
                            Severity::Error,
                            Workbench::tr("The search failed: %1").arg(errorText(found.error())),
                            {}});
            const int count = static_cast<int>(hits.size());
            search.setHits(std::move(hits));
            emit bench.searchFinished(text, count);
        });
}

}  // namespace app
