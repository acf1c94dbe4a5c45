#include "app/items/vitals_model.h"

#include <cmath>
#include <limits>

namespace app {

VitalsModel::VitalsModel(QObject* parent) : QAbstractListModel(parent) {
    const auto add = [this](const char* id, const QString& name, const char* panel) {
        Row row;
        row.id = QString::fromLatin1(id);
        row.name = name;
        row.panel = QString::fromLatin1(panel);
        row.text = QStringLiteral("–");
        row.reason = tr("Not measured yet");
        m_rows.append(row);
    };
    add("speed", tr("Speed"), "profiler");
    add("first-token", tr("First token"), "profiler");
    add("kv-pages", tr("KV pages"), "kv_map");
    add("cpu", tr("CPU"), "profiler");
    add("memory", tr("Memory"), "profiler");
    add("gpu", tr("GPU"), "profiler");
}

int VitalsModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant VitalsModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Row& row = m_rows.at(index.row());
    switch (role) {
        case Qt::DisplayRole:
        case TextRole:
            return row.text;
        case Qt::ToolTipRole:
            return row.reason.isEmpty() ? tr("%1: %2", "vital and value").arg(row.name, row.text) : row.reason;
        case Qt::AccessibleTextRole:
            return tr("%1: %2", "vital and value").arg(row.name, row.reason.isEmpty() ? row.text : row.reason);
        case IdRole:
            return row.id;
        case NameRole:
            return row.name;
        case ValueRole:
            return row.reason.isEmpty() ? QVariant(row.value) : QVariant();
        case MaximumRole:
            return row.maximum;
        case HistoryRole:
            return QVariant::fromValue(row.history);
        case ReasonRole:
            return row.reason;
        case PanelRole:
            return row.panel;
        default:
            return {};
    }
}

QHash<int, QByteArray> VitalsModel::roleNames() const {
    auto names = QAbstractListModel::roleNames();
    names.insert({{IdRole, "vitalId"},
                  {NameRole, "name"},
                  {TextRole, "text"},
                  {ValueRole, "value"},
                  {MaximumRole, "maximum"},
                  {HistoryRole, "history"},
                  {ReasonRole, "reason"},
                  {PanelRole, "panel"}});
    return names;
}

void VitalsModel::push(const QList<Sample>& samples) {
    for (Row& row : m_rows) {
        const Sample* found = nullptr;
        for (const Sample& sample : samples)
            if (sample.id == row.id)
                found = &sample;
        row.reason = found ? found->reason : tr("Not measured");
        if (found && row.reason.isEmpty() && !std::isfinite(found->value))
            row.reason = tr("The system gave no number");
        const bool readable = row.reason.isEmpty();
        row.text = readable ? found->text : QStringLiteral("–");
        row.value = readable ? found->value : 0;
        row.maximum = readable ? found->maximum : row.maximum;
        row.history.append(readable ? found->value : std::numeric_limits<double>::quiet_NaN());
        if (row.history.size() > HistoryLength)
            row.history.removeFirst();
    }
    if (!m_rows.isEmpty())
        emit dataChanged(index(0), index(static_cast<int>(m_rows.size()) - 1));
}

}  // namespace app
