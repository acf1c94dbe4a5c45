// Results of the full-text search over all chats. Thread: UI.
#pragma once

#include <QAbstractListModel>

#include "app/values.h"

namespace app {

class SearchModel : public QAbstractListModel {
    Q_OBJECT
  public:
    enum Roles {
        ChatRole = Qt::UserRole + 1,
        MessageRole,
        TitleRole,
        SnippetRole,
        MarksRole
    };  // QList<QPair<int, int>>: start and length of the hits in the snippet
    using QAbstractListModel::QAbstractListModel;

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;
    const SearchHit& at(int row) const { return m_hits.at(row); }
    void setHits(QList<SearchHit> hits);

  private:
    QList<SearchHit> m_hits;
};

}  // namespace app
