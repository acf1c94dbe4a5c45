// The conversation that is open: the messages of its active branch from the first to the last, and notes between them.
// While a reply streams, rows change in place (dataChanged with the roles that changed, at most 30 times a second).
// Thread: UI.
#pragma once

#include <QAbstractListModel>
#include <QDateTime>

#include "app/values.h"

namespace app {

struct MessageRow {
    MessageId id = 0;
    MessageId parent = 0;  // 0: first of the conversation
    Role role = Role::User;
    MessageState state = MessageState::Done;
    QString text;
    QString error;  // Failed, NotSaved: why, in one sentence
    QDateTime created;
    ReplyStats stats;
    int version = 1, versions = 1;  // "2 of 3"
    bool edited = false;
    TokenRecords tokens;                    // empty until asked for (Workbench::requestTokens) or while it streams
    bool hasTokens = false;                 // the store has them
    Severity severity = Severity::Warning;  // Note only
    Action action;                          // Note only: the remedy
};

class MessageModel : public QAbstractListModel {
    Q_OBJECT
  public:
    enum Roles {
        IdRole = Qt::UserRole + 1,  // MessageId
        RoleRole,                   // int(app::Role)
        TextRole,                   // QString, as written (Markdown for replies)
        StateRole,                  // int(app::MessageState)
        ErrorRole,                  // QString
        AuthorRole,                 // "You", "SmolLM2 135M Instruct", "System"
        QuantizationRole,           // "Q4_1"
        StatsRole,                  // ReplyStats
        StatsLineRole,              // "68 tokens, 187 tok/s, first token 64 ms, ended by itself, seed 7"
        VersionRole,
        VersionsRole,  // int, from 1
        CreatedRole,
        EditedRole,
        TokensRole,     // TokenRecords
        HasTokensRole,  // bool
        SeverityRole,
        ActionRole,  // notes
        IsLastRole   // bool
    };
    using QAbstractListModel::QAbstractListModel;

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

    int rowOf(MessageId id) const;  // -1: not on the active branch
    const MessageRow& at(int row) const { return m_rows.at(row); }
    const QList<MessageRow>& rows() const { return m_rows; }
    QList<FindHit> find(const QString& needle, Qt::CaseSensitivity sensitivity = Qt::CaseInsensitive) const;

    void setRows(QList<MessageRow> rows);  // resets only when the branch is another one; else changes in place
    void append(MessageRow row);
    void replace(int row, MessageRow value, const QList<int>& roles = {});
    void truncate(int rows);
    void appendText(int row, const QString& text, const TokenRecords& tokens);  // streaming
    void setState(int row, MessageState state, const QString& error = {});

    static QString statsLine(const ReplyStats& stats);
    static QString stopReasonText(const QString& reason);

  private:
    void rebuildIndex(int from);
    QList<MessageRow> m_rows;
    QHash<MessageId, int> m_rowOf;
};

}  // namespace app
