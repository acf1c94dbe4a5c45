// The loaded models: loading and unloading, which one answers, and the chat template of each. Thread: UI.
#pragma once

#include <QFuture>
#include <QList>
#include <QSet>
#include <memory>

#include "app/engine_runner.h"
#include "app/store/records.h"
#include "app/values.h"

namespace app {

struct WorkbenchParts;

class ModelRack {
  public:
    struct Loaded {
        engine::LoadedModel model;
        LoadedModelInfo info;
        TemplateInfo templateInfo;
        std::shared_ptr<const engine::ChatTemplate> chatTemplate;  // in use; null: none works
        quint64 lastUsed = 0;
    };

    explicit ModelRack(WorkbenchParts& parts) : m_parts(parts) {}

    const QList<Loaded>& all() const { return m_loaded; }
    const Loaded* find(LoadedId id) const;
    const Loaded* byPath(const QString& path) const;
    const Loaded* current() const;  // of the open chat
    LoadedId currentId() const;
    QString loadingPath() const { return m_loadingPath; }
    double loadingFraction() const { return m_loadingFraction; }
    QString loadError() const { return m_loadError; }

    void load(const QString& path, bool beside);
    void reload();
    void unload(LoadedId id);
    void use(LoadedId id);
    void noteUse(LoadedId id);
    void chatOpened();  // another chat may answer with another model

    QString setTemplate(LoadedId id, const QString& source);
    void resetTemplate(LoadedId id);
    void useBuiltin(LoadedId id, const QString& name);
    QFuture<TemplatePreview> preview(LoadedId id, const QString& source) const;

    bool owns(JobId job) const { return job == m_loadJob || m_unloadJobs.contains(job); }
    void onProgress(JobId job, double fraction, const QString& stage);
    void onEnded(const JobEnd& end);

  private:
    struct Wish {
        QString path;
        bool beside = false;
        // Of the chat that was open when it began.
        std::string kvType = {}, ropeScaling = {};
        double ropeScale = 0, memoryTarget = 0;
    };
    void begin(const Wish& wish);
    void finishLoad(const JobEnd& end);
    Loaded* mutableFind(LoadedId id);
    void chooseTemplate(Loaded& loaded);
    void changed();
    void announceCurrent();

    WorkbenchParts& m_parts;
    QList<Loaded> m_loaded;
    QList<Wish> m_wishes;  // asked for while another load was running
    QSet<JobId> m_unloadJobs;
    JobId m_loadJob = 0;
    JobId m_rowId = 0;  // its row in the job list
    Wish m_wish;
    LoadedId m_replaces = 0, m_lastAnnounced = 0;
    QString m_loadingPath, m_loadError;
    double m_loadingFraction = 0;
    quint64 m_useCount = 0;
};

}  // namespace app
