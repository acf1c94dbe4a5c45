// The vitals strip: a fixed row per value with its last 60 seconds, one sample a second. A value that cannot be read
// has a reason instead, never 0. Thread: UI.
#pragma once

#include <QAbstractListModel>

#include "app/values.h"

namespace app {

class VitalsModel : public QAbstractListModel {
    Q_OBJECT
  public:
    enum Roles {
        IdRole = Qt::UserRole + 1,  // "speed", "first-token", "kv-pages", "cpu", "gpu", "memory"
        NameRole,                   // "Speed"
        TextRole,                   // "187 tok/s", "212 / 1,024"; with a reason: the dash
        ValueRole,
        MaximumRole,  // double; Maximum 0: none
        HistoryRole,  // QList<double>, oldest first, at most 60; NaN where it was not readable
        ReasonRole,   // why there is no value; empty: there is one
        PanelRole     // id of the panel that a click opens
    };
    static constexpr int HistoryLength = 60;
    explicit VitalsModel(QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

    struct Sample {
        QString id, text, reason;
        double value = 0, maximum = 0;
    };
    void push(const QList<Sample>& samples);  // one for each row; a missing one keeps its place with a reason

  private:
    struct Row {
        QString id, name, panel, text, reason;
        double value = 0, maximum = 0;
        QList<double> history;
    };
    QList<Row> m_rows;
};

}  // namespace app
