#include "app/items/job_model.h"

#include <QtMath>

namespace app {

int JobModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

static QString timeLeft(double seconds) {
    if (seconds < 0)
        return {};
    if (seconds < 60)
        return JobModel::tr("%1 s left").arg(qCeil(seconds));
    if (seconds < 3600)
        return JobModel::tr("%1 min left").arg(qCeil(seconds / 60));
    return JobModel::tr("%1 h left").arg(qCeil(seconds / 3600));
}

QVariant JobModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const JobRow& row = m_rows.at(index.row());
    switch (role) {
        case Qt::DisplayRole:
        case NameRole:
            return row.name;
        case Qt::ToolTipRole:
            return row.state == JobState::Running ? row.stage : row.result;
        case Qt::AccessibleTextRole:
            return tr("%1: %2", "job and state").arg(row.name, row.state == JobState::Running ? row.stage : row.result);
        case IdRole:
            return row.id;
        case StageRole:
            return row.stage;
        case ResultRole:
            return row.result;
        case StateRole:
            return static_cast<int>(row.state);
        case FractionRole:
            return row.fraction;
        case RateRole:
            return row.rate;
        case SecondsLeftRole:
            return row.secondsLeft;
        case TimeLeftRole:
            return row.state == JobState::Running ? timeLeft(row.secondsLeft) : QString();
        case CancellableRole:
            return row.cancellable && row.state == JobState::Running;
        default:
            return {};
    }
}

QHash<int, QByteArray> JobModel::roleNames() const {
    auto names = QAbstractListModel::roleNames();
    names.insert({{IdRole, "jobId"},
                  {NameRole, "name"},
                  {StageRole, "stage"},
                  {ResultRole, "result"},
                  {StateRole, "state"},
                  {FractionRole, "fraction"},
                  {RateRole, "rate"},
                  {SecondsLeftRole, "secondsLeft"},
                  {TimeLeftRole, "timeLeft"},
                  {CancellableRole, "cancellable"}});
    return names;
}

int JobModel::rowOf(JobId id) const {
    for (int i = 0; i < m_rows.size(); ++i)
        if (m_rows.at(i).id == id)
            return i;
    return -1;
}

int JobModel::running() const {
    int n = 0;
    for (const JobRow& row : m_rows)
        n += row.state == JobState::Running;
    return n;
}

const JobRow* JobModel::find(JobId id) const {
    const int row = rowOf(id);
    return row < 0 ? nullptr : &m_rows.at(row);
}

void JobModel::add(JobRow row) {
    row.started.start();
    beginInsertRows({}, 0, 0);
    m_rows.prepend(std::move(row));
    endInsertRows();
    emit runningChanged(running());
}

void JobModel::progress(JobId id, double fraction, const QString& stage, const QString& rate) {
    const int at = rowOf(id);
    if (at < 0 || m_rows.at(at).state != JobState::Running)
        return;
    JobRow& row = m_rows[at];
    row.fraction = fraction < 0 ? -1 : qMin(fraction, 1.0);
    row.stage = stage;
    row.rate = rate;
    const double elapsed = row.started.elapsed() / 1000.0;
    // A guess from the mean rate is worth showing only after a second and one hundredth.
    row.secondsLeft = row.fraction > 0.01 && elapsed > 1 ? elapsed / row.fraction * (1 - row.fraction) : -1;
    emit dataChanged(index(at), index(at));
}

void JobModel::finish(JobId id, JobState state, const QString& result) {
    const int at = rowOf(id);
    if (at < 0 || m_rows.at(at).state != JobState::Running)
        return;
    JobRow& row = m_rows[at];
    row.state = state;
    row.result = result;
    row.secondsLeft = -1;
    if (state == JobState::Done)
        row.fraction = 1;
    emit dataChanged(index(at), index(at));
    emit runningChanged(running());
}

void JobModel::dismiss(JobId id) {
    const int at = rowOf(id);
    if (at < 0 || m_rows.at(at).state == JobState::Running)
        return;
    beginRemoveRows({}, at, at);
    m_rows.removeAt(at);
    endRemoveRows();
}

void JobModel::dismissFinished() {
    for (int i = static_cast<int>(m_rows.size()) - 1; i >= 0; --i)
        dismiss(m_rows.at(i).id);
}

}  // namespace app
