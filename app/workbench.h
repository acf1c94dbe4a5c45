// The one object that panels know: commands in, signals, current selection and item models out. Every command returns
// at once; disk, engine and file work happens on other threads and comes back as signals on the UI thread. Thread: UI.
#pragma once

#include <QFuture>
#include <QObject>
#include <memory>

#include "app/items/chat_list_model.h"
#include "app/items/job_model.h"
#include "app/items/library_model.h"
#include "app/items/message_model.h"
#include "app/items/search_model.h"
#include "app/items/vitals_model.h"
#include "app/profile.h"
#include "app/setting_specs.h"
#include "app/settings.h"
#include "app/values.h"

namespace app {

class EngineRunner;
class StoreQueue;
struct WorkbenchParts;

class Workbench : public QObject {
    Q_OBJECT
  public:
    // All three outlive the workbench.
    Workbench(const Profile& profile, Settings& settings, StoreQueue& store, EngineRunner& engine,
              QObject* parent = nullptr);
    ~Workbench() override;

    // Opens the store, fills the models, scans the library and loads the last or the sample model. Call it when the
    // window is painted; started() follows when the chats are listed.
    void start();
    // Saves drafts and what has streamed, stops every request, then emits readyToQuit(). The window hides while it
    // waits.
    void shutDown();

    Settings& settings() { return m_settings; }
    const Profile& profile() const { return m_profile; }

    // ---- Item models, owned by the workbench
    ChatListModel* chats() const;
    MessageModel* messages() const;  // of the open chat
    LibraryModel* library() const;
    JobModel* jobs() const;
    VitalsModel* vitals() const;
    SearchModel* searchResults() const;

    // ---- Lines above the work
    QList<Banner> banners() const;
    void dismissBanner(const QString& id);
    // Runs the action of a note or a banner. Those that need the window (open a panel, choose a file) come back through
    // uiActionRequested(id).
    void runAction(const QString& actionId);

    // ---- Chats
    ChatId currentChat() const;  // 0: the new, still empty chat
    QString currentTitle() const;
    void openChat(ChatId id, MessageId reveal = 0);  // then chatOpened(id); reveal switches to the branch that holds it
    void newChat();  // keeps the settings of the open one; stored with its first message
    void renameChat(ChatId id, const QString& title);
    void setChatPinned(ChatId id, bool pinned);
    void moveChat(ChatId id, FolderId folder);
    void duplicateChat(ChatId id);  // opens the copy
    void deleteChat(ChatId id);     // undo() brings it back
    QList<FolderInfo> folders() const;
    void createFolder(const QString& name, ChatId moveThere = 0);
    void renameFolder(FolderId id, const QString& name);
    void deleteFolder(FolderId id);  // its chats stay, without a folder
    void exportChat(ChatId id, const QString& path,
                    ExportFormat format);      // a job; the old file stays until the new is whole
    void exportAllChats(const QString& path);  // JSON
    void importChats(const QString& path);     // a job; says how many came in
    void search(const QString& text);          // fills searchResults(), debounced; empty clears
    QString undoText() const;                  // "Undo delete of 'Shapes'"; empty: nothing to undo
    void undo();

    // ---- Conversation of the open chat
    bool canSend() const;
    QString sendBlockReason() const;  // "Load a model first"; empty: can send
    void send(const QString& text);   // stored first, then computed
    void stop();                      // the reply of the open chat
    void stopAll();                   // every reply and every job that can be cancelled
    bool isRunning() const;           // the open chat has a reply in work
    bool isRunning(ChatId id) const;
    void regenerate(MessageId reply);  // a new version beside the old one
    void editMessage(MessageId id,
                     const QString& text);  // user: new version and a new reply; reply: new version with this text
    void continueReply(MessageId reply);    // goes on where it ended
    void showVersion(MessageId id, int version);  // from 1; the branch below follows the last used one
    void deleteMessage(MessageId id);             // with what follows; undo() brings it back
    // Cuts the reply before token `index`, puts `alternative` there and goes on from it, as a new version.
    void forkAtToken(MessageId reply, int index, qint32 alternative);
    void requestTokens(MessageId reply);  // fills TokensRole; tokensReady(id) follows
    void retrySave(MessageId id);         // NotSaved: tries again
    QStringList examplePrompts() const;

    // ---- Composer
    QString draft() const;               // of the open chat
    void setDraft(const QString& text);  // on disk within a second
    ContextUse contextUse() const;       // contextUseChanged() when counted

    // ---- Settings of the open chat
    QList<SettingSpec> settingSpecs() const;
    QVariant setting(const QString& id) const;  // also "systemPrompt"
    bool isDefault(const QString& id) const;
    QString setSetting(const QString& id, const QVariant& value);  // empty, or why it was refused
    void resetSetting(const QString& id);
    void resetSettings();
    ChatSettings chatSettings() const;
    QList<Preset> presets() const;
    QString presetName() const;  // the preset that equals the settings, or empty
    void applyPreset(const QString& name);
    void savePreset(const QString& name);
    void removePreset(const QString& name);
    void useAsDefaults();  // new chats start with the settings of this one

    // ---- Models
    QList<LoadedModelInfo> loadedModels() const;
    LoadedModelInfo model(LoadedId id) const;  // id 0 when it is gone
    LoadedId currentModel() const;             // answers in the open chat; 0: none
    QString loadingModel() const;              // path of the model being loaded, or empty
    double loadingFraction() const;            // 0 to 1
    QString loadError() const;                 // why the last load failed, until the next one
    void loadModel(const QString& path,
                   bool beside = false);  // beside: keep the others loaded; else it takes the place of the current one
    void reloadModel();                   // with the context and KV type of the open chat
    void unloadModel(LoadedId id);
    void useModel(LoadedId id);  // for the open chat
    bool sampleModelPresent() const;
    TemplateInfo templateInfo(LoadedId id) const;
    QStringList builtinTemplateNames() const;
    QString builtinTemplate(const QString& name) const;
    // Of the open conversation, made on another thread: a template may take half a second before it is stopped.
    QFuture<TemplatePreview> previewTemplate(LoadedId id, const QString& source) const;
    QString setTemplate(LoadedId id,
                        const QString& source);  // empty, or "template line 3, column 14: ..."; kept for this file
    void resetTemplate(LoadedId id);

    // ---- Library
    QStringList libraryFolders() const;
    void addLibraryFolder(const QString& folder);
    void removeLibraryFolder(const QString& folder);
    void rescanLibrary();
    bool isScanning() const;
    void requestDetails(const QString& path);     // detailsReady(details) follows
    void hashModel(const QString& path);          // a job; SHA-256 into the library and the details
    void removeFromLibrary(const QString& path);  // forgets what is known of a file that is gone; deletes nothing

    // ---- Jobs
    void cancelJob(JobId id);
    void dismissJob(JobId id);
    bool hasRunningJobs() const;     // ask once before closing
    QString runningSummary() const;  // "1 reply and 1 load are running"

  signals:
    void started();
    void readyToQuit();
    void bannersChanged();
    void uiActionRequested(const QString& actionId);
    void chatOpened(app::ChatId id);  // messages() and the settings are those of this chat now
    void chatOpening(app::ChatId id);
    void revealMessage(app::MessageId id);    // scroll there
    void currentChatChanged(app::ChatId id);  // also when the new chat gets its id
    void chatChanged(app::ChatId id);         // title, folder, pin
    void foldersChanged();
    void undoChanged();
    void searchFinished(const QString& text, int hits);
    void runningChanged();  // of the open chat: send or stop
    void canSendChanged();
    void messageStored(app::MessageId id);                        // durable now
    void sendFailed(const QString& text, const QString& reason);  // the text goes back into the composer
    void replyStarted(app::MessageId id);
    void replyFinished(app::MessageId id);  // its state tells how
    void tokensReady(app::MessageId id);
    void draftChanged();  // restored or cleared: the composer takes draft()
    void contextUseChanged(const app::ContextUse& use);
    void settingsChanged();
    void loadedModelsChanged();
    void currentModelChanged(app::LoadedId id);
    void loadingChanged();  // path, fraction or error
    void modelLoaded(app::LoadedId id);
    void modelLoadFailed(const QString& path, const QString& code, const QString& message);
    void templateChanged(app::LoadedId id);
    void libraryScanned();
    void detailsReady(const app::ModelDetails& details);
    void exportFinished(const QString& path, const QString& problem);  // problem empty: done
    void importFinished(const QString& path, int chats, const QString& problem);

  private:
    friend struct WorkbenchParts;
    Profile m_profile;
    Settings& m_settings;
    std::unique_ptr<WorkbenchParts> m_parts;
};

}  // namespace app
