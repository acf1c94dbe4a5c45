#include "app/items/library_model.h"

#include <QFileInfo>
#include <QLocale>

namespace app {

int LibraryModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}
int LibraryModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

namespace {

QString bytesText(qint64 bytes) {
    return QLocale().formattedDataSize(bytes, 1, QLocale::DataSizeSIFormat);
}

QString parametersText(qint64 n) {
    const QLocale locale;
    if (n >= 1'000'000'000)
        return LibraryModel::tr("%1 B", "billion parameters")
            .arg(locale.toString(n / 1e9, 'f', n < 10'000'000'000 ? 1 : 0));
    return LibraryModel::tr("%1 M", "million parameters").arg(locale.toString(n / 1e6, 'f', 0));
}

// The context that a chat is likely to get: the model's own, at most 8192 tokens.
qint64 plannedContext(const LibraryRow& row) {
    return qMin<qint64>(row.contextLength > 0 ? row.contextLength : 4096, 8192);
}
qint64 kvBytes(const LibraryRow& row) {
    return row.kvBytesPerToken * plannedContext(row);
}
// Intermediate results and the program itself.
constexpr qint64 OverheadBytes = 200'000'000;

int fits(const LibraryRow& row, qint64 freeMemory) {
    if (freeMemory < 0 || row.sizeBytes <= 0)
        return -2;
    const qint64 need = row.sizeBytes + kvBytes(row) + OverheadBytes;
    return need <= freeMemory * 8 / 10 ? 1 : need <= freeMemory ? 0 : -1;
}

QString fitsText(const LibraryRow& row, qint64 freeMemory) {
    if (fits(row, freeMemory) == -2)
        return LibraryModel::tr("The free memory of this machine is not known");
    return LibraryModel::tr("Needs %1 of %2 free: %3 weights, %4 context of %5 tokens, %6 working memory")
        .arg(bytesText(row.sizeBytes + kvBytes(row) + OverheadBytes), bytesText(freeMemory), bytesText(row.sizeBytes),
             bytesText(kvBytes(row)), QLocale().toString(plannedContext(row)), bytesText(OverheadBytes));
}

}  // namespace

QVariant LibraryModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const LibraryRow& row = m_rows.at(index.row());
    const QString pending = row.filled ? QString() : QStringLiteral("…");
    switch (role) {
        case Qt::DisplayRole:
            switch (index.column()) {
                case Name:
                    return row.name.isEmpty() ? row.fileName : row.name;
                case Architecture:
                    return row.filled ? row.architecture : pending;
                case Parameters:
                    return row.parameters > 0 ? parametersText(row.parameters) : pending;
                case Quantization:
                    return row.filled ? row.quantization : pending;
                case Size:
                    return bytesText(row.sizeBytes);
                case Context:
                    return row.contextLength > 0 ? QLocale().toString(row.contextLength) : pending;
                case Vision:
                    return row.vision ? tr("yes") : QString();
                case Fits:
                    if (!row.problem.isEmpty())
                        return tr("cannot be used");
                    switch (row.filled ? fits(row, m_freeMemory) : -2) {
                        case 1:
                            return tr("fits");
                        case 0:
                            return tr("tight");
                        case -1:
                            return tr("too large");
                        default:
                            return pending;
                    }
                case LastUsed:
                    return row.loaded != 0          ? tr("loaded")
                           : row.lastUsed.isValid() ? QLocale().toString(row.lastUsed.date(), QLocale::ShortFormat)
                                                    : QString();
                default:
                    return {};
            }
        case Qt::ToolTipRole:
            if (!row.problem.isEmpty())
                return row.problem;
            return index.column() == Fits ? fitsText(row, m_freeMemory) : row.path;
        case Qt::TextAlignmentRole:
            return index.column() == Parameters || index.column() == Size || index.column() == Context
                       ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                       : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
        case SortRole:
            switch (index.column()) {
                case Parameters:
                    return row.parameters;
                case Size:
                    return row.sizeBytes;
                case Context:
                    return row.contextLength;
                case Vision:
                    return row.vision;
                case Fits:
                    return row.problem.isEmpty() ? fits(row, m_freeMemory) : -3;
                case LastUsed:
                    return row.lastUsed;
                default:
                    return data(index, Qt::DisplayRole);
            }
        case PathRole:
            return row.path;
        case ProblemRole:
            return row.problem;
        case FilledRole:
            return row.filled;
        case LoadedRole:
            return row.loaded;
        case PartsRole:
            return row.parts;
        case FitsRole:
            return row.problem.isEmpty() && row.filled ? fits(row, m_freeMemory) : -2;
        case FitsTextRole:
            return fitsText(row, m_freeMemory);
        default:
            return {};
    }
}

QVariant LibraryModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return QAbstractTableModel::headerData(section, orientation, role);
    switch (section) {
        case Name:
            return tr("Name");
        case Architecture:
            return tr("Architecture");
        case Parameters:
            return tr("Parameters");
        case Quantization:
            return tr("Quantization");
        case Size:
            return tr("Size");
        case Context:
            return tr("Context");
        case Vision:
            return tr("Vision");
        case Fits:
            return tr("Fits");
        case LastUsed:
            return tr("Last used");
        default:
            return {};
    }
}

QHash<int, QByteArray> LibraryModel::roleNames() const {
    auto names = QAbstractTableModel::roleNames();
    names.insert({{PathRole, "path"},
                  {SortRole, "sort"},
                  {ProblemRole, "problem"},
                  {FilledRole, "filled"},
                  {LoadedRole, "loaded"},
                  {PartsRole, "parts"},
                  {FitsRole, "fits"},
                  {FitsTextRole, "fitsText"}});
    return names;
}

int LibraryModel::rowOf(const QString& path) const {
    for (int i = 0; i < m_rows.size(); ++i)
        if (m_rows.at(i).path == path)
            return i;
    return -1;
}

void LibraryModel::setRows(QList<LibraryRow> rows) {
    QSet<QString> keep;
    for (const LibraryRow& row : rows)
        keep.insert(row.path);
    for (int i = static_cast<int>(m_rows.size()) - 1; i >= 0; --i)
        if (!keep.contains(m_rows.at(i).path))
            remove(m_rows.at(i).path);
    for (LibraryRow& row : rows)
        upsert(std::move(row));
}

void LibraryModel::upsert(LibraryRow row) {
    const int at = rowOf(row.path);
    if (at >= 0) {
        if (m_rows.at(at) == row)
            return;
        m_rows[at] = std::move(row);
        emit dataChanged(index(at, 0), index(at, ColumnCount - 1));
        return;
    }
    const int end = static_cast<int>(m_rows.size());
    beginInsertRows({}, end, end);
    m_rows.append(std::move(row));
    endInsertRows();
}

void LibraryModel::remove(const QString& path) {
    const int at = rowOf(path);
    if (at < 0)
        return;
    beginRemoveRows({}, at, at);
    m_rows.removeAt(at);
    endRemoveRows();
}

void LibraryModel::setLoaded(const QString& path, LoadedId id) {
    const int at = rowOf(path);
    if (at < 0 || m_rows.at(at).loaded == id)
        return;
    m_rows[at].loaded = id;
    if (id != 0)
        m_rows[at].lastUsed = QDateTime::currentDateTime();
    emit dataChanged(index(at, 0), index(at, ColumnCount - 1));
}

void LibraryModel::setFreeMemory(qint64 bytes) {
    // The column shows three words: a small change of free memory is no news.
    const bool known = m_freeMemory >= 0 && bytes >= 0;
    if (m_freeMemory == bytes || (known && qAbs(m_freeMemory - bytes) < m_freeMemory / 50))
        return;
    m_freeMemory = bytes;
    if (!m_rows.isEmpty())
        emit dataChanged(index(0, Fits), index(static_cast<int>(m_rows.size()) - 1, Fits));
}

}  // namespace app
