#include "app/library.h"

#include <QDateTime>
#include <QDir>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <map>

#include "app/model_name.h"
#include "app/workbench_parts.h"
#include "engine/io/split_name.h"
#include "engine/io/verify.h"

namespace app {

using engine::Result;

namespace {

// A folder tree of someone's home must not keep the scan busy for ever.
constexpr int DeepestFolder = 8;
constexpr int MostFiles = 5000;

std::string rowToFacts(const LibraryRow& row) {
    QJsonObject o;
    o.insert(QStringLiteral("name"), row.name);
    o.insert(QStringLiteral("architecture"), row.architecture);
    o.insert(QStringLiteral("quantization"), row.quantization);
    o.insert(QStringLiteral("format"), row.format);
    o.insert(QStringLiteral("licence"), row.licence);
    o.insert(QStringLiteral("problem"), row.problem);
    o.insert(QStringLiteral("parameters"), row.parameters);
    o.insert(QStringLiteral("sizeBytes"), row.sizeBytes);
    o.insert(QStringLiteral("contextLength"), row.contextLength);
    o.insert(QStringLiteral("kvBytesPerToken"), row.kvBytesPerToken);
    return QJsonDocument(o).toJson(QJsonDocument::Compact).toStdString();
}

void rowFromFacts(const std::string& facts, LibraryRow& row) {
    const QJsonObject o = QJsonDocument::fromJson(QByteArray::fromStdString(facts)).object();
    row.name = modelName(row.path);
    row.architecture = o.value(QStringLiteral("architecture")).toString();
    row.quantization = o.value(QStringLiteral("quantization")).toString();
    row.format = o.value(QStringLiteral("format")).toString();
    row.licence = o.value(QStringLiteral("licence")).toString();
    row.problem = o.value(QStringLiteral("problem")).toString();
    row.parameters = o.value(QStringLiteral("parameters")).toInteger();
    row.contextLength = o.value(QStringLiteral("contextLength")).toInteger();
    row.kvBytesPerToken = o.value(QStringLiteral("kvBytesPerToken")).toInteger();
    row.sizeBytes = o.value(QStringLiteral("sizeBytes")).toInteger(row.sizeBytes);
    row.filled = o.contains(QStringLiteral("architecture"));
}

struct FoundFile {
    QString path;
    qint64 sizeBytes = 0, modifiedMs = 0;
    int parts = 1;
};

std::vector<FoundFile> walk(const QStringList& folders, std::stop_token stop) {
    std::map<QString, FoundFile> found;  // by canonical path: folders may lie in each other
    QList<QPair<QString, int>> next;
    for (const QString& folder : folders)
        next.append({folder, 0});
    while (!next.isEmpty() && !stop.stop_requested() && static_cast<int>(found.size()) < MostFiles) {
        const auto [folder, depth] = next.takeFirst();
        const QDir dir(folder);
        for (const QFileInfo& entry :
             dir.entryInfoList(QDir::Files | QDir::Dirs | QDir::NoDotAndDotDot | QDir::Readable)) {
            if (stop.stop_requested())
                break;
            if (entry.isDir()) {
                if (depth < DeepestFolder && !entry.isSymLink() && !entry.fileName().startsWith(QLatin1Char('.')))
                    next.append({entry.filePath(), depth + 1});
                continue;
            }
            if (entry.suffix().compare(QLatin1String("gguf"), Qt::CaseInsensitive) != 0)
                continue;
            FoundFile file{entry.canonicalFilePath(), entry.size(), entry.lastModified().toMSecsSinceEpoch(), 1};
            QString key = file.path;
            if (const auto split = engine::parseSplitName(file.path.toStdString())) {
                // One row for all parts: the first names them, whichever are there.
                key = QString::fromStdString(engine::splitPath(*split, 1));
                file.parts = static_cast<int>(std::min<int64_t>(split->count, 65535));
                if (QFileInfo::exists(key))
                    file.path = key;
            }
            auto [it, isNew] = found.try_emplace(key, file);
            if (!isNew && file.parts > 1)
                it->second.sizeBytes += file.sizeBytes;
        }
    }
    std::vector<FoundFile> files;
    for (auto& [key, file] : found)
        files.push_back(file);
    return files;
}

}  // namespace

Library::Library(WorkbenchParts& parts) : m_parts(parts) {
    m_pool.setMaxThreadCount(1);
    m_hashPool.setMaxThreadCount(1);
}

Library::~Library() {
    m_scanStop.request_stop();
    for (std::stop_source& stop : m_hashing)
        stop.request_stop();
    m_pool.waitForDone();
    m_hashPool.waitForDone();
}

QStringList Library::folders() const {
    QStringList all{QString::fromStdString(m_parts.bench.profile().models)};
    for (const QString& folder : m_parts.settings.libraryFolders())
        if (!all.contains(folder))
            all << folder;
    return all;
}

void Library::addFolder(const QString& folder) {
    const QString clean = QDir(folder).absolutePath();
    QStringList all = m_parts.settings.libraryFolders();
    if (!all.contains(clean))
        m_parts.settings.setLibraryFolders(all << clean);
    rescan();
}

void Library::removeFolder(const QString& folder) {
    QStringList all = m_parts.settings.libraryFolders();
    all.removeAll(folder);
    m_parts.settings.setLibraryFolders(all);
    rescan();
}

void Library::setKnown(std::vector<StoredModel> models) {
    for (StoredModel& model : models) {
        const QString path = QString::fromStdString(model.path);
        const auto found = m_known.find(path);
        if (found == m_known.end()) {
            m_known.insert(path, std::move(model));
            continue;
        }
        // A model that was loaded before the store was open: what was set since then wins, the rest is the store's.
        model.lastUsedMs = std::max(model.lastUsedMs, found->lastUsedMs);
        if (!found->chatTemplate.empty())
            model.chatTemplate = found->chatTemplate;
        *found = std::move(model);
    }
    m_isKnown = true;
    for (const QString& path : std::exchange(m_toKeep, {}))
        keep(path);
    for (const auto& loaded : m_parts.rack.all())
        if (!ownTemplate(loaded.info.path).isEmpty())
            m_parts.rack.setTemplate(loaded.info.id, ownTemplate(loaded.info.path));
}

StoredModel& Library::known(const QString& path) {
    StoredModel& model = m_known[path];
    model.path = path.toStdString();
    return model;
}

void Library::keep(const QString& path) {
    if (!m_isKnown) {  // written now it would replace what the store knows and we do not
        m_toKeep.insert(path);
        return;
    }
    m_parts.store.post(
        &m_parts.bench, [model = known(path)](Store& s) { return s.putModel(model); }, [](Result<void>) {});
}

void Library::used(const QString& path) {
    StoredModel& model = known(path);
    model.lastUsedMs = QDateTime::currentMSecsSinceEpoch();
    keep(path);
    // A file from outside the folders belongs to the library once it was used.
    if (m_parts.library.rowOf(path) < 0)
        rescan();
}

QString Library::ownTemplate(const QString& path) const {
    const auto found = m_known.find(path);
    return found == m_known.end() ? QString() : QString::fromStdString(found->chatTemplate);
}

void Library::setOwnTemplate(const QString& path, const QString& source) {
    if (ownTemplate(path) == source)
        return;
    known(path).chatTemplate = source.toStdString();
    keep(path);
}

void Library::filled(const LibraryRow& read, qint64 modifiedMs) {
    StoredModel& model = known(read.path);
    if (model.modifiedMs != modifiedMs || model.sizeBytes != read.sizeBytes)
        model.sha256.clear();  // another file now
    model.sizeBytes = read.sizeBytes;
    model.modifiedMs = modifiedMs;
    model.factsJson = rowToFacts(read);
    LibraryRow row = read;
    row.sha256 = QString::fromStdString(model.sha256);
    if (model.lastUsedMs > 0)
        row.lastUsed = QDateTime::fromMSecsSinceEpoch(model.lastUsedMs);
    if (const auto* loaded = m_parts.rack.byPath(row.path))
        row.loaded = loaded->info.id;
    m_parts.library.upsert(std::move(row));
    keep(read.path);
}

void Library::rescan() {
    m_scanStop.request_stop();
    m_scanStop = std::stop_source();
    m_scanning = true;
    const std::stop_token stop = m_scanStop.get_token();
    QStringList usedFiles;
    for (auto it = m_known.begin(); it != m_known.end(); ++it)
        if (it->lastUsedMs > 0 && QFileInfo::exists(it.key()))
            usedFiles << it.key();
    Workbench* bench = &m_parts.bench;
    m_pool.start([this, bench, stop, usedFiles, folders = folders()] {
        std::vector<FoundFile> files = walk(folders, stop);
        for (const QString& path : usedFiles) {
            const auto same = [&](const FoundFile& f) { return f.path == path; };
            if (std::none_of(files.begin(), files.end(), same)) {
                const QFileInfo info(path);
                files.push_back({path, info.size(), info.lastModified().toMSecsSinceEpoch(), 1});
            }
        }
        if (stop.stop_requested())
            return;
        // The list at once, with what is known from the last time; the rest is read one by one.
        auto unread = std::make_shared<std::vector<FoundFile>>();
        QMetaObject::invokeMethod(
            bench,
            [this, stop, files, unread] {
                if (stop.stop_requested())
                    return;
                QList<LibraryRow> rows;
                for (const FoundFile& file : files) {
                    LibraryRow row;
                    row.path = file.path;
                    row.fileName = QFileInfo(file.path).fileName();
                    row.sizeBytes = file.sizeBytes;
                    row.parts = file.parts;
                    if (const auto found = m_known.find(file.path); found != m_known.end()) {
                        if (found->modifiedMs == file.modifiedMs && file.modifiedMs != 0) {
                            rowFromFacts(found->factsJson, row);
                            row.sha256 = QString::fromStdString(found->sha256);
                        }
                        if (found->lastUsedMs > 0)
                            row.lastUsed = QDateTime::fromMSecsSinceEpoch(found->lastUsedMs);
                    }
                    if (const auto* loaded = m_parts.rack.byPath(file.path))
                        row.loaded = loaded->info.id;
                    if (!row.filled)
                        unread->push_back(file);
                    rows.append(std::move(row));
                }
                m_parts.library.setRows(std::move(rows));
                m_pool.start([this, bench = &m_parts.bench, stop, unread] {
                    for (const FoundFile& file : *unread) {
                        if (stop.stop_requested())
                            return;
                        const LibraryRow row = readLibraryRow(file.path);
                        QMetaObject::invokeMethod(
                            bench,
                            [this, stop, row, modified = file.modifiedMs] {
                                if (!stop.stop_requested())
                                    filled(row, modified);
                            },
                            Qt::QueuedConnection);
                    }
                    QMetaObject::invokeMethod(
                        bench,
                        [this, bench, stop] {
                            if (stop.stop_requested())
                                return;
                            m_scanning = false;
                            emit bench->libraryScanned();
                        },
                        Qt::QueuedConnection);
                });
            },
            Qt::QueuedConnection);
    });
}

void Library::requestDetails(const QString& path) {
    const QString sha256 = m_known.contains(path) ? QString::fromStdString(m_known.value(path).sha256) : QString();
    Workbench* bench = &m_parts.bench;
    m_pool.start([bench, path, sha256] {
        ModelDetails details = readModelDetails(path);
        details.sha256 = sha256;
        QMetaObject::invokeMethod(
            bench, [bench, details] { emit bench->detailsReady(details); }, Qt::QueuedConnection);
    });
}

void Library::hash(const QString& path) {
    const JobId job = m_parts.addJob(Workbench::tr("Check %1").arg(QFileInfo(path).fileName()));
    const std::stop_source stop = m_hashing[job];
    m_parts.jobCancel[job] = [stop]() mutable { stop.request_stop(); };
    Workbench* bench = &m_parts.bench;
    m_hashPool.start([this, bench, job, path, stop] {
        const auto verify = [&]() -> Result<engine::VerifyReport> {
            TRY(const auto file, engine::ModelFile::open(path.toStdString()));
            const qint64 bytes = file->sizeBytes();
            QElapsedTimer clock, shown;
            clock.start();
            shown.start();
            return engine::verifyModel(
                *file,
                [&](double share) {
                    if (shown.elapsed() < 100)
                        return;
                    shown.restart();
                    const double rate =
                        share * static_cast<double>(bytes) / (static_cast<double>(clock.nsecsElapsed()) * 1e-9);
                    QMetaObject::invokeMethod(
                        bench,
                        [this, job, share, rate] {
                            m_parts.jobs.progress(job, share, Workbench::tr("Reading every byte"),
                                                  Workbench::tr("%1/s", "bytes per second")
                                                      .arg(QLocale().formattedDataSize(static_cast<qint64>(rate), 1,
                                                                                       QLocale::DataSizeSIFormat)));
                        },
                        Qt::QueuedConnection);
                },
                stop.get_token());
        };
        auto report = std::make_shared<Result<engine::VerifyReport>>(verify());
        QMetaObject::invokeMethod(
            bench,
            [this, job, path, report] {
                m_hashing.remove(job);
                m_parts.jobCancel.erase(job);
                if (!*report) {
                    const bool cancelled = report->error().code == engine::ErrorCode::Cancelled;
                    m_parts.jobs.finish(
                        job, cancelled ? JobState::Cancelled : JobState::Failed,
                        cancelled ? Workbench::tr("Cancelled") : WorkbenchParts::errorText(report->error()));
                    return;
                }
                const engine::VerifyReport& found = **report;
                known(path).sha256 = found.sha256;
                keep(path);
                const int row = m_parts.library.rowOf(path);
                if (row >= 0) {
                    LibraryRow next = m_parts.library.at(row);
                    next.sha256 = QString::fromStdString(found.sha256);
                    if (!found.ok)
                        next.problem =
                            QString::fromStdString(found.problems.front().tensor + ": " + found.problems.front().what);
                    m_parts.library.upsert(std::move(next));
                }
                m_parts.jobs.finish(job, found.ok ? JobState::Done : JobState::Failed,
                                    found.ok ? Workbench::tr("Every byte was read and is sound. SHA-256 %1")
                                                   .arg(QString::fromStdString(found.sha256))
                                             : QString::fromStdString(found.problems.front().tensor + ": " +
                                                                      found.problems.front().what));
                requestDetails(path);
            },
            Qt::QueuedConnection);
    });
}

void Library::forget(const QString& path) {
    m_known.remove(path);
    m_parts.library.remove(path);
    m_parts.store.post(
        &m_parts.bench, [path = path.toStdString()](Store& s) { return s.removeModel(path); }, [](Result<void>) {});
}

}  // namespace app
