// The life of the workbench: start, end, banners, actions, jobs. Chats, talking, models and settings have files of
// their own.
#include "app/workbench.h"

#include <QFileInfo>

#include "app/workbench_parts.h"

namespace app {

WorkbenchParts::WorkbenchParts(Workbench& b, Settings& s, StoreQueue& st, EngineRunner& e)
    : bench(b),
      settings(s),
      store(st),
      engine(e),
      rack(*this),
      replies(*this),
      composer(*this),
      shelf(*this),
      feed(*this) {
    fresh = std::make_shared<Conversation>();
    fresh->settings = settings.chatDefaults();
    open = fresh;
    searchTimer.setSingleShot(true);
    searchTimer.setInterval(120);
    QObject::connect(&searchTimer, &QTimer::timeout, &bench, [this] { runSearch(); });
    settingsTimer.setSingleShot(true);
    settingsTimer.setInterval(400);
    QObject::connect(&settingsTimer, &QTimer::timeout, &bench, [this] { saveChat(open); });
    quitTimer.setSingleShot(true);
    QObject::connect(&quitTimer, &QTimer::timeout, &bench, &Workbench::readyToQuit);
}

WorkbenchParts::~WorkbenchParts() = default;

QString WorkbenchParts::errorText(const engine::Error& error) {
    return QString::fromStdString(error.message);
}

void WorkbenchParts::showBanner(Banner banner) {
    for (Banner& shown : banners)
        if (shown.id == banner.id) {
            shown = std::move(banner);
            emit bench.bannersChanged();
            return;
        }
    banners.append(std::move(banner));
    emit bench.bannersChanged();
}

void WorkbenchParts::hideBanner(const QString& id) {
    if (banners.removeIf([&](const Banner& banner) { return banner.id == id; }) > 0)
        emit bench.bannersChanged();
}

void WorkbenchParts::notSaved(const QString& why) {
    showBanner({QStringLiteral("not-saved"),
                Severity::Error,
                Workbench::tr("Not saved: %1. What was said stays here as long as the window is open.").arg(why),
                {QStringLiteral("retry-save"), Workbench::tr("Save again")}});
}

JobId WorkbenchParts::addJob(const QString& name, bool cancellable) {
    JobRow row;
    row.id = ++lastJob;
    row.name = name;
    row.cancellable = cancellable;
    jobs.add(row);
    return row.id;
}

Workbench::Workbench(const Profile& profile, Settings& settings, StoreQueue& store, EngineRunner& engine,
                     QObject* parent)
    : QObject(parent), m_profile(profile), m_settings(settings) {
    qRegisterMetaType<ModelDetails>();
    qRegisterMetaType<ContextUse>();
    m_parts = std::make_unique<WorkbenchParts>(*this, settings, store, engine);
    connect(&engine, &EngineRunner::progressed, this, [this](JobId job, double fraction, const QString& stage) {
        if (m_parts->rack.owns(job))
            m_parts->rack.onProgress(job, fraction, stage);
    });
    connect(&engine, &EngineRunner::generated, this, [this](JobId job, const std::vector<engine::TokenEvent>& tokens) {
        m_parts->replies.onTokens(job, tokens);
    });
    connect(&engine, &EngineRunner::contextShifted, this,
            [this](JobId job, qint64 kept, qint64 dropped, qint64 contextTokens) {
                m_parts->replies.onContextShifted(job, kept, dropped, contextTokens);
            });
    connect(&engine, &EngineRunner::ended, this, [this](const JobEnd& end) {
        if (m_parts->rack.owns(end.job))
            m_parts->rack.onEnded(end);
        else if (m_parts->replies.owns(end.job))
            m_parts->replies.onEnded(end);
        m_parts->maybeQuit();
    });
    connect(&store, &StoreQueue::finished, this, [this] { m_parts->maybeQuit(); });
    connect(&settings, &Settings::presetsChanged, this, &Workbench::settingsChanged);
}

// Nothing that is still under way may call back into a workbench that is gone.
Workbench::~Workbench() {
    m_parts->engine.disconnect(this);
    m_parts->store.disconnect(this);
    m_parts->engine.cancelAll();
}

void Workbench::start() {
    WorkbenchParts& p = *m_parts;
    if (p.started)
        return;
    p.started = true;
    if (!m_settings.problem().isEmpty())
        p.showBanner({QStringLiteral("settings"), Severity::Warning, m_settings.problem(), {}});
    connect(&p.store, &StoreQueue::opened, this, [this](const QStringList& notices, const QString& problem) {
        WorkbenchParts& p = *m_parts;
        for (int i = 0; i < notices.size(); ++i)
            p.showBanner({QStringLiteral("store-%1").arg(i), Severity::Warning, notices.at(i), {}});
        if (!problem.isEmpty())
            p.showBanner({QStringLiteral("store"),
                          Severity::Error,
                          tr("The chats could not be opened: %1. You can talk; nothing is saved until this is mended.")
                              .arg(problem),
                          {}});
        p.store.post(
            this, [](Store& store) { return store.draft(0); },
            [this](engine::Result<std::string> draft) {
                WorkbenchParts& p = *m_parts;
                if (!draft || draft->empty() || !p.fresh->draft.isEmpty())
                    return;
                p.fresh->draft = QString::fromStdString(*draft);
                if (p.isOpen(*p.fresh))
                    emit draftChanged();
            });
        p.store.post(
            this, [](Store& store) { return store.models(); },
            [this](engine::Result<std::vector<StoredModel>> models) {
                m_parts->shelf.setKnown(models ? std::move(*models) : std::vector<StoredModel>{});
                m_parts->shelf.rescan();
            });
        p.listFolders();
        p.listChats([this] { emit started(); });
    });
    p.store.open();
    p.feed.start();
    if (!m_settings.loadLastModelAtStart())
        return;
    for (const QString& path : m_settings.lastModels())
        if (QFileInfo::exists(path)) {
            p.rack.load(path, false);
            return;
        }
    if (const auto sample = findSampleModel(m_profile))
        p.rack.load(QString::fromStdString(*sample), false);
}

void Workbench::shutDown() {
    WorkbenchParts& p = *m_parts;
    if (p.shuttingDown)
        return;
    p.shuttingDown = true;
    p.composer.saveDraft();
    if (p.settingsTimer.isActive()) {
        p.settingsTimer.stop();
        p.saveChat(p.open);
    }
    QStringList paths;
    for (const auto& loaded : p.rack.all())
        paths << loaded.info.path;
    if (!paths.isEmpty())
        m_settings.setLastModels(paths);
    m_settings.sync();
    p.replies.saveStreaming();
    p.saveAllUnsaved();
    p.replies.stopAll();
    p.engine.cancelAll();
    // A disk that hangs does not keep the window for ever.
    p.quitTimer.start(2000);
    p.maybeQuit();
}

void WorkbenchParts::maybeQuit() {
    if (!shuttingDown || replies.count() > 0 || store.pending() > 0 || engine.unfinished() > 0)
        return;
    if (quitTimer.isActive() && quitTimer.interval() > 0)
        quitTimer.start(0);  // from the event loop, so that nobody is in the middle of something
}

ChatListModel* Workbench::chats() const {
    return &m_parts->chats;
}
MessageModel* Workbench::messages() const {
    return &m_parts->messages;
}
LibraryModel* Workbench::library() const {
    return &m_parts->library;
}
JobModel* Workbench::jobs() const {
    return &m_parts->jobs;
}
VitalsModel* Workbench::vitals() const {
    return &m_parts->vitals;
}
SearchModel* Workbench::searchResults() const {
    return &m_parts->search;
}

QList<Banner> Workbench::banners() const {
    return m_parts->banners;
}
void Workbench::dismissBanner(const QString& id) {
    m_parts->hideBanner(id);
}

void Workbench::runAction(const QString& id) {
    WorkbenchParts& p = *m_parts;
    const QString argument = id.section(QLatin1Char(':'), 1);
    const QString verb = id.section(QLatin1Char(':'), 0, 0);
    if (verb == QLatin1String("retry-save")) {
        p.saveAllUnsaved();
    } else if (verb == QLatin1String("new-chat")) {
        newChat();
    } else if (verb == QLatin1String("load")) {
        loadModel(argument);
    } else if (verb == QLatin1String("set-context")) {
        setSetting(QStringLiteral("contextTokens"), argument.toLongLong());
        reloadModel();
    } else if (verb == QLatin1String("builtin-template")) {
        p.rack.useBuiltin(argument.section(QLatin1Char(':'), 0, 0).toUInt(), argument.section(QLatin1Char(':'), 1));
    } else {
        emit uiActionRequested(id);
    }
}

void Workbench::cancelJob(JobId id) {
    WorkbenchParts& p = *m_parts;
    if (const auto found = p.jobCancel.find(id); found != p.jobCancel.end())
        found->second();
}
void Workbench::dismissJob(JobId id) {
    m_parts->jobs.dismiss(id);
}
bool Workbench::hasRunningJobs() const {
    return m_parts->jobs.running() > 0 || m_parts->replies.count() > 0;
}

QString Workbench::runningSummary() const {
    const int replies = m_parts->replies.count(), jobs = m_parts->jobs.running();
    if (replies > 0 && jobs > 0)
        return tr("%1 and %2 are running", "replies and jobs")
            .arg(tr("%n reply(s)", nullptr, replies), tr("%n job(s)", nullptr, jobs));
    if (replies > 0)
        return tr("%n reply(s) running", nullptr, replies);
    return jobs > 0 ? tr("%n job(s) running", nullptr, jobs) : QString();
}

// ---- Models and library: passed on

QList<LoadedModelInfo> Workbench::loadedModels() const {
    QList<LoadedModelInfo> infos;
    for (const auto& loaded : m_parts->rack.all())
        infos.append(loaded.info);
    return infos;
}
LoadedModelInfo Workbench::model(LoadedId id) const {
    const auto* loaded = m_parts->rack.find(id);
    return loaded ? loaded->info : LoadedModelInfo{};
}
LoadedId Workbench::currentModel() const {
    return m_parts->rack.currentId();
}
QString Workbench::loadingModel() const {
    return m_parts->rack.loadingPath();
}
double Workbench::loadingFraction() const {
    return m_parts->rack.loadingFraction();
}
QString Workbench::loadError() const {
    return m_parts->rack.loadError();
}
void Workbench::loadModel(const QString& path, bool beside) {
    m_parts->rack.load(path, beside);
}
void Workbench::reloadModel() {
    m_parts->rack.reload();
}
void Workbench::unloadModel(LoadedId id) {
    m_parts->rack.unload(id);
}
void Workbench::useModel(LoadedId id) {
    m_parts->rack.use(id);
}
bool Workbench::sampleModelPresent() const {
    return findSampleModel(m_profile).has_value();
}

TemplateInfo Workbench::templateInfo(LoadedId id) const {
    const auto* loaded = m_parts->rack.find(id);
    return loaded ? loaded->templateInfo : TemplateInfo{};
}
QStringList Workbench::builtinTemplateNames() const {
    QStringList names;
    for (const auto& builtin : engine::builtinTemplates())
        names << QString::fromUtf8(builtin.name.data(), static_cast<qsizetype>(builtin.name.size()));
    return names;
}
QString Workbench::builtinTemplate(const QString& name) const {
    for (const auto& builtin : engine::builtinTemplates())
        if (name.toStdString() == builtin.name)
            return QString::fromUtf8(builtin.source.data(), static_cast<qsizetype>(builtin.source.size()));
    return {};
}
QFuture<TemplatePreview> Workbench::previewTemplate(LoadedId id, const QString& source) const {
    return m_parts->rack.preview(id, source);
}
QString Workbench::setTemplate(LoadedId id, const QString& source) {
    return m_parts->rack.setTemplate(id, source);
}
void Workbench::resetTemplate(LoadedId id) {
    m_parts->rack.resetTemplate(id);
}

QStringList Workbench::libraryFolders() const {
    return m_parts->shelf.folders();
}
void Workbench::addLibraryFolder(const QString& folder) {
    m_parts->shelf.addFolder(folder);
}
void Workbench::removeLibraryFolder(const QString& folder) {
    m_parts->shelf.removeFolder(folder);
}
void Workbench::rescanLibrary() {
    m_parts->shelf.rescan();
}
bool Workbench::isScanning() const {
    return m_parts->shelf.isScanning();
}
void Workbench::requestDetails(const QString& path) {
    m_parts->shelf.requestDetails(path);
}
void Workbench::hashModel(const QString& path) {
    m_parts->shelf.hash(path);
}
void Workbench::removeFromLibrary(const QString& path) {
    m_parts->shelf.forget(path);
}

}  // namespace app
