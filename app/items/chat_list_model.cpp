#include "app/items/chat_list_model.h"

#include <QLocale>
#include <algorithm>

namespace app {

int ChatListModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QString ChatListModel::sectionOf(const ChatRow& row) const {
    if (row.pinned)
        return tr("Pinned");
    if (row.folder != 0)
        return row.folderName;
    const qint64 days = row.changed.date().daysTo(QDate::currentDate());
    if (days <= 0)
        return tr("Today");
    if (days == 1)
        return tr("Yesterday");
    if (days < 7)
        return tr("Last 7 days");
    if (days < 30)
        return tr("Last 30 days");
    return tr("Older");
}

static QString changedText(const QDateTime& when) {
    const qint64 days = when.date().daysTo(QDate::currentDate());
    const QLocale locale;
    if (days <= 0) {
        // Some locales put seconds even into the short form.
        QString format = locale.timeFormat(QLocale::ShortFormat);
        format.remove(QStringLiteral(":ss")).remove(QStringLiteral(" t"));
        return locale.toString(when.time(), format);
    }
    if (days == 1)
        return ChatListModel::tr("yesterday");
    if (when.date().year() == QDate::currentDate().year())
        return locale.toString(when.date(), QStringLiteral("d MMM"));
    return locale.toString(when.date(), QLocale::ShortFormat);
}

QVariant ChatListModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const ChatRow& row = m_rows.at(index.row());
    switch (role) {
        case Qt::DisplayRole:
        case Qt::EditRole:
        case TitleRole:
            return row.title.isEmpty() ? tr("New chat") : row.title;
        case Qt::AccessibleTextRole:
            return tr("%1, %2").arg(row.title.isEmpty() ? tr("New chat") : row.title, changedText(row.changed));
        case IdRole:
            return row.id;
        case SubtitleRole:
            if (row.running)
                return tr("writing");
            return row.modelName.isEmpty()
                       ? changedText(row.changed)
                       : tr("%1 · %2", "model and time").arg(row.modelName, changedText(row.changed));
        case SectionRole:
            return sectionOf(row);
        case PinnedRole:
            return row.pinned;
        case FolderRole:
            return row.folder;
        case FolderNameRole:
            return row.folderName;
        case ChangedRole:
            return row.changed;
        case RunningRole:
            return row.running;
        case HasDraftRole:
            return row.hasDraft;
        case ModelNameRole:
            return row.modelName;
        case CurrentRole:
            return row.id == m_current;
        default:
            return {};
    }
}

QHash<int, QByteArray> ChatListModel::roleNames() const {
    auto names = QAbstractListModel::roleNames();
    names.insert({{IdRole, "chatId"},
                  {TitleRole, "title"},
                  {SubtitleRole, "subtitle"},
                  {SectionRole, "section"},
                  {PinnedRole, "pinned"},
                  {FolderRole, "folder"},
                  {FolderNameRole, "folderName"},
                  {ChangedRole, "changed"},
                  {RunningRole, "running"},
                  {HasDraftRole, "hasDraft"},
                  {ModelNameRole, "modelName"},
                  {CurrentRole, "current"}});
    return names;
}

Qt::ItemFlags ChatListModel::flags(const QModelIndex& index) const {
    return index.isValid() ? Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemNeverHasChildren : Qt::NoItemFlags;
}

int ChatListModel::rowOf(ChatId id) const {
    for (int i = 0; i < m_rows.size(); ++i)
        if (m_rows.at(i).id == id)
            return i;
    return -1;
}

const ChatRow* ChatListModel::find(ChatId id) const {
    const int row = rowOf(id);
    return row < 0 ? nullptr : &m_rows.at(row);
}

ChatId ChatListModel::idAt(int row) const {
    return row >= 0 && row < m_rows.size() ? m_rows.at(row).id : 0;
}

// Pinned first, then folders by name, then the rest; newest change first inside each. The sequence orders, not the
// clock.
bool ChatListModel::before(const ChatRow& a, const ChatRow& b) {
    const auto rank = [](const ChatRow& r) { return r.pinned ? 0 : r.folder == 0 ? 1 : 2; };
    if (rank(a) != rank(b))
        return rank(a) < rank(b);
    if (rank(a) == 2 && a.folder != b.folder) {
        const int byName = QString::localeAwareCompare(a.folderName, b.folderName);
        return byName != 0 ? byName < 0 : a.folder < b.folder;
    }
    return a.sequence != b.sequence ? a.sequence > b.sequence : a.id > b.id;
}

void ChatListModel::setRows(QList<ChatRow> rows) {
    QSet<ChatId> keep;
    for (const ChatRow& row : rows)
        keep.insert(row.id);
    if (m_rows.isEmpty()) {
        std::sort(rows.begin(), rows.end(), before);
        if (rows.isEmpty())
            return;
        beginInsertRows({}, 0, static_cast<int>(rows.size()) - 1);
        m_rows = std::move(rows);
        endInsertRows();
        return;
    }
    // Rows that are as they were cost nothing; where very much changed, a reset is cheaper for everyone than many
    // moves.
    QHash<ChatId, ChatRow> before;
    for (const ChatRow& row : m_rows)
        before.insert(row.id, row);
    QList<ChatRow> changed;
    for (const ChatRow& row : rows)
        if (const auto old = before.constFind(row.id); old == before.constEnd() || !(*old == row))
            changed.append(row);
    constexpr int ManyChanges = 200;
    if (changed.size() > ManyChanges || before.size() > keep.size() + ManyChanges) {
        std::sort(rows.begin(), rows.end(), ChatListModel::before);
        beginResetModel();
        m_rows = std::move(rows);
        endResetModel();
        return;
    }
    for (int i = static_cast<int>(m_rows.size()) - 1; i >= 0; --i)
        if (!keep.contains(m_rows.at(i).id))
            remove(m_rows.at(i).id);
    for (ChatRow& row : changed)
        upsert(std::move(row));
}

void ChatListModel::upsert(ChatRow row) {
    const int from = rowOf(row.id);
    if (from >= 0 && m_rows.at(from) == row)
        return;
    // The place among the others, with the row itself taken out.
    int to = 0;
    for (int i = 0; i < m_rows.size(); ++i)
        if (i != from && before(m_rows.at(i), row))
            ++to;
    if (from < 0) {
        beginInsertRows({}, to, to);
        m_rows.insert(to, std::move(row));
        endInsertRows();
        return;
    }
    if (to != from) {
        beginMoveRows({}, from, from, {}, to > from ? to + 1 : to);
        m_rows.move(from, to);
        endMoveRows();
    }
    m_rows[to] = std::move(row);
    emit dataChanged(index(to), index(to));
}

void ChatListModel::remove(ChatId id) {
    const int row = rowOf(id);
    if (row < 0)
        return;
    beginRemoveRows({}, row, row);
    m_rows.removeAt(row);
    endRemoveRows();
}

void ChatListModel::setCurrent(ChatId id) {
    if (m_current == id)
        return;
    const int before = rowOf(std::exchange(m_current, id)), after = rowOf(id);
    for (int row : {before, after})
        if (row >= 0)
            emit dataChanged(index(row), index(row), {CurrentRole});
}

}  // namespace app
