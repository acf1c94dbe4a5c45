// The model files found in the library folders: a row at once for each file, filled in when its header has been read;
// damaged ones with their reason. Split files are one row. Sort and filter with a QSortFilterProxyModel on SortRole.
// Thread: UI.
#pragma once

#include <QAbstractTableModel>
#include <QDateTime>

#include "app/values.h"

namespace app {

struct LibraryRow {
    QString path;  // of the first part
    QString fileName, name, architecture, quantization, format, licence, problem, sha256;
    int parts = 1;
    qint64 parameters = 0, sizeBytes = 0, contextLength = 0;
    qint64 kvBytesPerToken = 0;  // f16
    QDateTime lastUsed;
    bool filled = false;  // header read, or known from the last time
    bool vision = false;
    LoadedId loaded = 0;
    bool operator==(const LibraryRow&) const = default;
};

class LibraryModel : public QAbstractTableModel {
    Q_OBJECT
  public:
    enum Column { Name, Architecture, Parameters, Quantization, Size, Context, Vision, Fits, LastUsed, ColumnCount };
    Q_ENUM(Column)
    enum Roles {
        PathRole = Qt::UserRole + 1,
        SortRole,     // raw value of the column
        ProblemRole,  // QString: why it cannot be used, empty: fine
        FilledRole,
        LoadedRole,
        PartsRole,
        FitsRole,     // int: 1 fits, 0 tight, -1 does not fit, -2 unknown
        FitsTextRole  // "needs 0.3 GB of 12.1 GB free (0.1 weights, 0.2 context of 8,192)"
    };
    using QAbstractTableModel::QAbstractTableModel;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

    int rowOf(const QString& path) const;
    const LibraryRow& at(int row) const { return m_rows.at(row); }
    const QList<LibraryRow>& rows() const { return m_rows; }

    void setRows(QList<LibraryRow> rows);
    void upsert(LibraryRow row);
    void remove(const QString& path);
    void setLoaded(const QString& path, LoadedId id);
    void setFreeMemory(qint64 bytes);  // what "fits" compares with; -1: unknown

  private:
    QList<LibraryRow> m_rows;
    qint64 m_freeMemory = -1;
};

}  // namespace app
