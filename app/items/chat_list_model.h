// The list of chats: one flat list sorted into sections (pinned, folders, today, yesterday, ...); a view draws a
// heading where SectionRole changes. Filled by the Workbench. Thread: UI.
#pragma once

#include <QAbstractListModel>
#include <QDateTime>

#include "app/values.h"

namespace app {

struct ChatRow {
    ChatId id = 0;
    QString title, modelName;
    FolderId folder = 0;
    QString folderName;
    bool pinned = false;
    qint64 sequence = 0;  // orders the list; never the clock
    QDateTime changed;
    bool running = false;  // a reply is being written
    bool hasDraft = false;
    bool operator==(const ChatRow&) const = default;
};

class ChatListModel : public QAbstractListModel {
    Q_OBJECT
  public:
    enum Roles {
        IdRole = Qt::UserRole + 1,  // ChatId
        TitleRole,                  // QString, never empty
        SubtitleRole,               // "SmolLM2 Q4_1 - 14:02"
        SectionRole,                // translated heading
        PinnedRole,
        FolderRole,
        FolderNameRole,
        ChangedRole,
        RunningRole,
        HasDraftRole,
        ModelNameRole,
        CurrentRole  // bool: the open chat
    };
    using QAbstractListModel::QAbstractListModel;

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

    int rowOf(ChatId id) const;  // -1: not listed
    const ChatRow* find(ChatId id) const;
    ChatId idAt(int row) const;

    void setRows(QList<ChatRow> rows);  // keeps selection where rows stay: moves, inserts and removes one by one
    void upsert(ChatRow row);
    void remove(ChatId id);
    void setCurrent(ChatId id);

  private:
    static bool before(const ChatRow& a, const ChatRow& b);
    QString sectionOf(const ChatRow& row) const;
    QList<ChatRow> m_rows;
    ChatId m_current = 0;
};

}  // namespace app
