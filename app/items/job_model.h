// Everything long: one row per job while it runs and until its result is dismissed. Thread: UI.
#pragma once

#include <QAbstractListModel>
#include <QElapsedTimer>

#include "app/values.h"

namespace app {

struct JobRow {
    JobId id = 0;
    QString name;    // "Load SmolLM2-135M-Instruct.Q4_1.gguf"
    QString stage;   // "reading weights"
    QString result;  // Done: what came out; Failed: one sentence
    JobState state = JobState::Running;
    double fraction = -1;     // 0 to 1; -1: unknown
    QString rate;             // "1.2 GB/s"; may be empty
    double secondsLeft = -1;  // -1: unknown
    bool cancellable = true;
    QElapsedTimer started;
};

class JobModel : public QAbstractListModel {
    Q_OBJECT
  public:
    enum Roles {
        IdRole = Qt::UserRole + 1,
        NameRole,
        StageRole,
        ResultRole,
        StateRole,
        FractionRole,
        RateRole,
        SecondsLeftRole,
        TimeLeftRole,  // translated text, may be empty
        CancellableRole
    };
    using QAbstractListModel::QAbstractListModel;

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

    int running() const;
    const JobRow* find(JobId id) const;
    void add(JobRow row);
    void progress(JobId id, double fraction, const QString& stage, const QString& rate = {});
    void finish(JobId id, JobState state, const QString& result);
    void dismiss(JobId id);
    void dismissFinished();

  signals:
    void runningChanged(int running);

  private:
    int rowOf(JobId id) const;
    QList<JobRow> m_rows;
};

}  // namespace app
