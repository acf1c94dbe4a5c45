// What the workbench is made of; its source files share it, panels never see it. Thread: UI.
#pragma once

#include <QTimer>
#include <functional>
#include <map>
#include <memory>

#include "app/composer.h"
#include "app/conversation.h"
#include "app/engine_runner.h"
#include "app/library.h"
#include "app/model_rack.h"
#include "app/replies.h"
#include "app/store_queue.h"
#include "app/vitals_feed.h"
#include "app/workbench.h"

namespace app {

struct WorkbenchParts {
    WorkbenchParts(Workbench& bench, Settings& settings, StoreQueue& store, EngineRunner& engine);
    ~WorkbenchParts();

    Workbench& bench;
    Settings& settings;
    StoreQueue& store;
    EngineRunner& engine;

    ChatListModel chats;
    MessageModel messages;
    LibraryModel library;
    JobModel jobs;
    VitalsModel vitals;
    SearchModel search;

    ModelRack rack;
    Replies replies;
    Composer composer;
    Library shelf;
    VitalsFeed feed;

    // ---- Chats
    std::shared_ptr<Conversation> open;                     // never null
    std::map<ChatId, std::shared_ptr<Conversation>> alive;  // with a reply in work, or not on the disk yet
    QList<FolderInfo> folders;
    struct Undo {
        QString text;
        std::function<void()> back;
    };
    QList<Undo> undo;
    std::shared_ptr<Conversation> fresh;  // the new chat, while nothing was said in it
    qint64 lastSequence = 0;
    ChatId opening = 0;  // asked for, not here yet
    ChatId lastTemporaryChat = 0;
    QString searchText;
    QTimer searchTimer;

    void listChats(std::function<void()> then = {});
    void listFolders();
    ChatRow rowOf(const StoredChat& chat) const;
    void upsertChat(const std::shared_ptr<Conversation>& chat);
    void saveChat(const std::shared_ptr<Conversation>& chat);  // title, folder, pin, model, settings
    void pushUndo(QString text, std::function<void()> back);
    void runSearch();

    // ---- The open chat
    void setOpen(std::shared_ptr<Conversation> chat, MessageId reveal);
    void refresh();  // rows of the open chat from its tree
    bool isOpen(const Conversation& chat) const { return open.get() == &chat; }
    // Stores a turn and starts its reply. Nothing said: only a new reply below `parent`.
    void beginTurn(MessageId parent, const std::optional<QString>& said, MessageRow reply,
                   std::vector<StoredToken> tokens);
    void turnStored(const std::shared_ptr<Conversation>& chat, MessageId user, MessageId reply,
                    const Store::TurnIds& ids);
    void turnNotStored(const std::shared_ptr<Conversation>& chat, MessageId user, MessageId reply, const QString& why);
    void saveUnsaved(const std::shared_ptr<Conversation>& chat);
    void saveAllUnsaved();
    void saved();  // hides the banner once every chat is on the disk
    void addNote(const std::shared_ptr<Conversation>& chat, MessageId after, Severity severity, const QString& text,
                 const Action& action = {});
    void withTokens(const std::shared_ptr<Conversation>& chat, MessageId reply, std::function<void()> then);
    QString sendBlockReason() const;
    void settingsEdited();
    // A finished message beside others: an edited reply, a fork that ends at once.
    void addFinished(MessageRow row, std::vector<StoredToken> tokens);
    bool isBusy(const Conversation& chat) const;  // a turn on its way to the disk, or a reply in work
    MessageRow newReply() const;                  // with the model, the seed and the settings that it will have
    const ModelRack::Loaded* modelFor(const Conversation& chat) const;
    QTimer settingsTimer;

    // ---- Banners
    QList<Banner> banners;
    void showBanner(Banner banner);
    void hideBanner(const QString& id);
    void notSaved(const QString& why);

    JobId addJob(const QString& name, bool cancellable = true);
    JobId lastJob = JobId{1} << 32;  // rows of the job list; apart from the runner's ids
    std::map<JobId, std::function<void()>> jobCancel;
    bool started = false, shuttingDown = false;
    QTimer quitTimer;
    void maybeQuit();

    static QString errorText(const engine::Error& error);
};

}  // namespace app
