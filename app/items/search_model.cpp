#include "app/items/search_model.h"

namespace app {

int SearchModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_hits.size());
}

QVariant SearchModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const SearchHit& hit = m_hits.at(index.row());
    switch (role) {
        case Qt::DisplayRole:
        case SnippetRole:
            return hit.snippet;
        case Qt::AccessibleTextRole:
            return tr("%1: %2", "chat and passage").arg(hit.chatTitle, hit.snippet);
        case TitleRole:
            return hit.chatTitle;
        case ChatRole:
            return hit.chat;
        case MessageRole:
            return hit.message;
        case MarksRole:
            return QVariant::fromValue(hit.marks);
        default:
            return {};
    }
}

QHash<int, QByteArray> SearchModel::roleNames() const {
    auto names = QAbstractListModel::roleNames();
    names.insert({{ChatRole, "chatId"},
                  {MessageRole, "messageId"},
                  {TitleRole, "title"},
                  {SnippetRole, "snippet"},
                  {MarksRole, "marks"}});
    return names;
}

void SearchModel::setHits(QList<SearchHit> hits) {
    beginResetModel();
    m_hits = std::move(hits);
    endResetModel();
}

}  // namespace app
