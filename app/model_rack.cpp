#include "app/model_rack.h"

#include <QDate>
#include <QFileInfo>
#include <QLocale>
#include <QtConcurrent>

#include "app/model_name.h"
#include "app/prompt.h"
#include "app/workbench_parts.h"
#include "engine/models/rope_scaling.h"

namespace app {

namespace {

kernels::DType kvTypeOf(const std::string& name) {
    if (name == "f32")
        return kernels::DType::F32;
    if (name == "q8_0")
        return kernels::DType::Q8_0;
    if (name == "q4_0")
        return kernels::DType::Q4_0;
    return kernels::DType::F16;
}

std::optional<engine::RopeScaling> ropeScalingOf(const std::string& name) {
    for (const auto scaling : {engine::RopeScaling::None, engine::RopeScaling::Linear, engine::RopeScaling::Yarn})
        if (name == engine::ropeScalingName(scaling))
            return scaling;
    return {};
}

}  // namespace

const ModelRack::Loaded* ModelRack::find(LoadedId id) const {
    for (const Loaded& loaded : m_loaded)
        if (loaded.info.id == id)
            return &loaded;
    return nullptr;
}
ModelRack::Loaded* ModelRack::mutableFind(LoadedId id) {
    return const_cast<Loaded*>(find(id));
}

const ModelRack::Loaded* ModelRack::byPath(const QString& path) const {
    if (path.isEmpty())
        return nullptr;
    for (const Loaded& loaded : m_loaded)
        if (loaded.info.path == path)
            return &loaded;
    return nullptr;
}

const ModelRack::Loaded* ModelRack::current() const {
    return m_parts.modelFor(*m_parts.open);
}
LoadedId ModelRack::currentId() const {
    const Loaded* loaded = current();
    return loaded ? loaded->info.id : 0;
}

void ModelRack::noteUse(LoadedId id) {
    if (Loaded* loaded = mutableFind(id))
        loaded->lastUsed = ++m_useCount;
}

void ModelRack::announceCurrent() {
    const LoadedId now = currentId();
    if (now == m_lastAnnounced)
        return;
    m_lastAnnounced = now;
    emit m_parts.bench.currentModelChanged(now);
}

void ModelRack::chatOpened() {
    announceCurrent();
    emit m_parts.bench.canSendChanged();
}

void ModelRack::changed() {
    emit m_parts.bench.loadedModelsChanged();
    announceCurrent();
    emit m_parts.bench.canSendChanged();
    m_parts.composer.recount();
}

void ModelRack::use(LoadedId id) {
    const Loaded* loaded = find(id);
    if (!loaded)
        return;
    noteUse(id);
    Conversation& chat = *m_parts.open;
    chat.chat.modelPath = loaded->info.path.toStdString();
    chat.chat.modelName = loaded->info.name.toStdString();
    if (!chat.isEmpty())
        m_parts.saveChat(m_parts.open);
    announceCurrent();
    m_parts.composer.recount();
}

// ---- Loading

void ModelRack::load(const QString& path, bool beside) {
    const QFileInfo file(path);
    const Wish wish{file.exists() ? file.canonicalFilePath() : file.absoluteFilePath(), beside};
    if (const Loaded* loaded = byPath(wish.path); loaded && m_loadJob == 0)
        return use(loaded->info.id);
    if (m_loadJob != 0) {
        if (m_wish.path == wish.path)
            return;
        // The latest wish counts: what is being loaded in its place is given up.
        m_wishes = {wish};
        if (!wish.beside)
            m_parts.engine.cancel(m_loadJob);
        return;
    }
    begin(wish);
}

void ModelRack::reload() {
    const Loaded* loaded = current();
    if (!loaded)
        return;
    if (m_loadJob != 0 || m_parts.replies.usesModel(loaded->info.id)) {
        m_loadError = Workbench::tr("The model is in use; stop the reply first.");
        emit m_parts.bench.loadingChanged();
        return;
    }
    begin({loaded->info.path, false});
}

void ModelRack::begin(const Wish& wish) {
    m_wish = wish;
    m_loadingPath = wish.path;
    m_loadingFraction = 0;
    m_loadError.clear();
    // What it takes the place of stays in use until the new one is there.
    m_replaces = wish.beside ? 0 : currentId();
    const ChatSettings& settings = m_parts.open->settings;
    engine::LoadOptions options;
    options.contextTokens = settings.contextTokens;
    m_wish.kvType = settings.kvType;
    m_wish.ropeScaling = settings.ropeScaling;
    m_wish.ropeScale = settings.ropeScale;
    m_wish.memoryTarget = settings.memoryTarget;
    options.kType = options.vType = kvTypeOf(settings.kvType);
    options.ropeScaling = ropeScalingOf(settings.ropeScaling);
    options.ropeScale = settings.ropeScale;
    options.memoryTarget = settings.memoryTarget;
    options.promptCache = m_parts.bench.profile().home + "/prompt-cache";
    m_loadJob =
        m_parts.engine.load(wish.path.toStdString(), options, int64_t{settings.promptCacheMegabytes} * 1'000'000);
    m_rowId = m_parts.addJob(Workbench::tr("Load %1").arg(QFileInfo(wish.path).fileName()));
    m_parts.jobCancel[m_rowId] = [this, job = m_loadJob] { m_parts.engine.cancel(job); };
    emit m_parts.bench.loadingChanged();
    emit m_parts.bench.canSendChanged();
}

void ModelRack::onProgress(JobId job, double fraction, const QString& stage) {
    if (job != m_loadJob)
        return;
    m_loadingFraction = fraction;
    m_parts.jobs.progress(m_rowId, fraction, stage);
    emit m_parts.bench.loadingChanged();
}

void ModelRack::onEnded(const JobEnd& end) {
    if (end.job == m_loadJob)
        return finishLoad(end);
    m_unloadJobs.remove(end.job);
    if (end.outcome == JobOutcome::Failed)
        m_parts.showBanner(
            {QStringLiteral("unload"),
             Severity::Warning,
             Workbench::tr("The model could not be unloaded: %1").arg(WorkbenchParts::errorText(end.error)),
             {}});
}

void ModelRack::finishLoad(const JobEnd& end) {
    m_loadJob = 0;
    const QString path = std::exchange(m_loadingPath, QString());
    m_loadingFraction = 0;
    m_parts.jobCancel.erase(m_rowId);
    if (const auto* result = std::get_if<LoadedResult>(&end.result); result && end.outcome == JobOutcome::Done) {
        Loaded loaded;
        loaded.model = result->model;
        LoadedModelInfo& info = loaded.info;
        const engine::LoadedModel& m = loaded.model;
        info.id = m.id;
        info.path = path;
        info.name = modelName(path);
        info.architecture = QString::fromStdString(m.architecture);
        info.quantization = QString::fromStdString(m.fileType);
        info.device = QString::fromStdString(result->device);
        info.parameters = m.parameters;
        info.weightBytes = m.weightBytes;
        info.kvBytes = m.kvBytes;
        info.kvPages = m.kvPages;
        info.contextTokens = m.contextTokens;
        info.trainedContext = m.trainedContext;
        info.nLayers = m.nLayers;
        info.vocabSize = m.vocabSize;
        info.kvType = QString::fromStdString(m_wish.kvType);
        info.ropeScaling = QString::fromStdString(m_wish.ropeScaling);
        info.ropeScale = m_wish.ropeScale;
        info.memoryTarget = m_wish.memoryTarget;
        info.loadSeconds = m.loadSeconds;
        for (const std::string& note : m.notes)
            info.notes << QString::fromStdString(note);
        loaded.lastUsed = ++m_useCount;
        chooseTemplate(loaded);
        m_loaded.append(loaded);
        const QLocale locale;
        m_parts.jobs.finish(m_rowId, JobState::Done,
                            Workbench::tr("Ready in %1 s: %2 weights, %3 context of %4 tokens, %5")
                                .arg(locale.toString(m.loadSeconds, 'f', 2),
                                     locale.formattedDataSize(m.weightBytes, 1, QLocale::DataSizeSIFormat),
                                     locale.formattedDataSize(m.kvBytes, 1, QLocale::DataSizeSIFormat),
                                     locale.toString(static_cast<qlonglong>(m.contextTokens)), info.device));
        m_parts.library.setLoaded(path, info.id);
        m_parts.shelf.used(path);
        // The open chat goes on with the model that was just asked for.
        Conversation& chat = *m_parts.open;
        chat.chat.modelPath = info.path.toStdString();
        chat.chat.modelName = info.name.toStdString();
        if (const LoadedId before = std::exchange(m_replaces, 0); before != 0 && before != info.id)
            unload(before);
        changed();
        emit m_parts.bench.loadingChanged();
        emit m_parts.bench.modelLoaded(info.id);
    } else {
        const bool cancelled = end.outcome == JobOutcome::Cancelled;
        const QString why = cancelled ? Workbench::tr("Cancelled") : WorkbenchParts::errorText(end.error);
        m_parts.jobs.finish(m_rowId, cancelled ? JobState::Cancelled : JobState::Failed, why);
        if (!cancelled) {
            m_loadError = m_loaded.isEmpty()
                              ? why
                              : Workbench::tr("%1. The model loaded before stays in use.", "after a sentence").arg(why);
            emit m_parts.bench.modelLoadFailed(path, QString::fromLatin1(engine::codeName(end.error.code)),
                                               m_loadError);
        }
        emit m_parts.bench.loadingChanged();
        emit m_parts.bench.canSendChanged();
    }
    if (!m_wishes.isEmpty()) {
        const Wish next = m_wishes.takeFirst();
        if (!byPath(next.path))
            begin(next);
        else
            use(byPath(next.path)->info.id);
    }
}

void ModelRack::unload(LoadedId id) {
    const Loaded* loaded = find(id);
    if (!loaded)
        return;
    const QString path = loaded->info.path;
    m_loaded.removeIf([&](const Loaded& l) { return l.info.id == id; });
    m_unloadJobs.insert(m_parts.engine.unload(id));
    const Loaded* same = byPath(path);
    m_parts.library.setLoaded(path, same ? same->info.id : 0);
    changed();
}

// ---- Templates

void ModelRack::chooseTemplate(Loaded& loaded) {
    TemplateInfo info;
    if (loaded.model.chatTemplate)
        info.modelSource = QString::fromStdString(loaded.model.chatTemplate->source());
    else if (loaded.model.file && loaded.model.file->has("tokenizer.chat_template"))
        if (const auto source = loaded.model.file->string("tokenizer.chat_template"))
            info.modelSource = QString::fromStdString(*source);  // faulty: shown with its problem
    loaded.chatTemplate = nullptr;
    const auto tryOne = [&](const QString& source, TemplateInfo::Origin origin, const QString& name) {
        auto parsed = engine::ChatTemplate::parse(source.toStdString());
        if (!parsed) {
            info.problem = WorkbenchParts::errorText(parsed.error());
            return false;
        }
        loaded.chatTemplate = *parsed;
        info.source = source;
        info.origin = origin;
        info.builtinName = name;
        return true;
    };
    const QString own = m_parts.shelf.ownTemplate(loaded.info.path);
    bool found = !own.isEmpty() && tryOne(own, TemplateInfo::Custom, {});
    if (!found && !info.modelSource.isEmpty())
        found = tryOne(info.modelSource, TemplateInfo::FromModel, {});
    if (!found && info.modelSource.isEmpty()) {
        // None in the file: a built-in one, and the notes say so.
        for (const auto& builtin : engine::builtinTemplates())
            if (!found && builtin.name == "chatml") {
                found = tryOne(QString::fromUtf8(builtin.source.data(), static_cast<qsizetype>(builtin.source.size())),
                               TemplateInfo::Builtin, QStringLiteral("chatml"));
                const QString note =
                    Workbench::tr("This file carries no chat template; the built-in “chatml” is used.");
                if (!loaded.info.notes.contains(note))
                    loaded.info.notes << note;
            }
    }
    loaded.templateInfo = info;
    loaded.info.templateProblem = found ? QString() : info.problem;
}

QString ModelRack::setTemplate(LoadedId id, const QString& source) {
    Loaded* loaded = mutableFind(id);
    if (!loaded)
        return Workbench::tr("The model is not loaded any more.");
    auto parsed = engine::ChatTemplate::parse(source.toStdString());
    if (!parsed)
        return WorkbenchParts::errorText(parsed.error());
    m_parts.shelf.setOwnTemplate(loaded->info.path, source == loaded->templateInfo.modelSource ? QString() : source);
    chooseTemplate(*loaded);
    emit m_parts.bench.templateChanged(id);
    m_parts.composer.recount();
    return {};
}

void ModelRack::resetTemplate(LoadedId id) {
    Loaded* loaded = mutableFind(id);
    if (!loaded)
        return;
    m_parts.shelf.setOwnTemplate(loaded->info.path, {});
    chooseTemplate(*loaded);
    emit m_parts.bench.templateChanged(id);
    m_parts.composer.recount();
}

void ModelRack::useBuiltin(LoadedId id, const QString& name) {
    const QString source = m_parts.bench.builtinTemplate(name);
    if (!source.isEmpty())
        setTemplate(id, source);
}

QFuture<TemplatePreview> ModelRack::preview(LoadedId id, const QString& source) const {
    const Loaded* loaded = find(id);
    nlohmann::ordered_json messages = m_parts.open->messagesFor(m_parts.open->activeLeaf, m_parts.open->draft);
    if (messages.empty() || messages.back()["role"] == "system")
        messages.push_back({{"role", "user"}, {"content", Workbench::tr("Hello").toStdString()}});
    PromptInput input{loaded ? loaded->model.tokenizer : nullptr, nullptr, std::move(messages),
                      QDate::currentDate().toString(Qt::ISODate).toStdString()};
    return QtConcurrent::run([input = std::move(input), source = source.toStdString()]() mutable {
        TemplatePreview out;
        out.tokens = -1;
        auto parsed = engine::ChatTemplate::parse(std::move(source));
        if (!parsed) {
            out.problem = WorkbenchParts::errorText(parsed.error());
            return out;
        }
        if (!input.tokenizer) {
            out.problem = Workbench::tr("The model is not loaded any more.");
            return out;
        }
        input.chatTemplate = *parsed;
        const auto prompt = renderPrompt(input);
        if (!prompt) {
            out.problem = WorkbenchParts::errorText(prompt.error());
            return out;
        }
        out.text = QString::fromStdString(prompt->text);
        out.tokens = static_cast<qint64>(prompt->ids.size());
        return out;
    });
}

}  // namespace app
