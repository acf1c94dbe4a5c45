#include "app/items/message_model.h"

#include <QLocale>

namespace app {

int MessageModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant MessageModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const MessageRow& row = m_rows.at(index.row());
    const auto author = [&]() -> QString {
        switch (row.role) {
            case Role::User:
                return tr("You");
            case Role::System:
                return tr("System");
            case Role::Note:
                return tr("Note");
            case Role::Assistant:
                break;
        }
        return row.stats.modelName.isEmpty() ? tr("Assistant") : row.stats.modelName;
    };
    switch (role) {
        case Qt::DisplayRole:
        case TextRole:
            return row.text;
        case Qt::AccessibleTextRole:
            return tr("%1: %2", "author and message").arg(author(), row.text);
        case IdRole:
            return row.id;
        case RoleRole:
            return static_cast<int>(row.role);
        case StateRole:
            return static_cast<int>(row.state);
        case ErrorRole:
            return row.error;
        case AuthorRole:
            return author();
        case QuantizationRole:
            return row.stats.quantization;
        case StatsRole:
            return QVariant::fromValue(row.stats);
        case StatsLineRole:
            return row.role == Role::Assistant ? statsLine(row.stats) : QString();
        case VersionRole:
            return row.version;
        case VersionsRole:
            return row.versions;
        case CreatedRole:
            return row.created;
        case EditedRole:
            return row.edited;
        case TokensRole:
            return QVariant::fromValue(row.tokens);
        case HasTokensRole:
            return row.hasTokens || !row.tokens.isEmpty();
        case SeverityRole:
            return static_cast<int>(row.severity);
        case ActionRole:
            return QVariant::fromValue(row.action);
        case IsLastRole:
            return index.row() == m_rows.size() - 1;
        default:
            return {};
    }
}

QHash<int, QByteArray> MessageModel::roleNames() const {
    auto names = QAbstractListModel::roleNames();
    names.insert({{IdRole, "messageId"},
                  {RoleRole, "role"},
                  {TextRole, "text"},
                  {StateRole, "state"},
                  {ErrorRole, "error"},
                  {AuthorRole, "author"},
                  {QuantizationRole, "quantization"},
                  {StatsRole, "stats"},
                  {StatsLineRole, "statsLine"},
                  {VersionRole, "version"},
                  {VersionsRole, "versions"},
                  {CreatedRole, "created"},
                  {EditedRole, "edited"},
                  {TokensRole, "tokens"},
                  {HasTokensRole, "hasTokens"},
                  {SeverityRole, "severity"},
                  {ActionRole, "action"},
                  {IsLastRole, "isLast"}});
    return names;
}

int MessageModel::rowOf(MessageId id) const {
    return m_rowOf.value(id, -1);
}

void MessageModel::rebuildIndex(int from) {
    if (from == 0)
        m_rowOf.clear();
    for (int i = from; i < m_rows.size(); ++i)
        m_rowOf.insert(m_rows.at(i).id, i);
}

QList<FindHit> MessageModel::find(const QString& needle, Qt::CaseSensitivity sensitivity) const {
    QList<FindHit> hits;
    if (needle.isEmpty())
        return hits;
    for (int row = 0; row < m_rows.size(); ++row) {
        const QString& text = m_rows.at(row).text;
        for (qsizetype at = text.indexOf(needle, 0, sensitivity); at >= 0;
             at = text.indexOf(needle, at + needle.size(), sensitivity))
            hits.append({row, static_cast<int>(at), static_cast<int>(needle.size())});
    }
    return hits;
}

// Long chats are compared at every change: what is shared is equal without a look at its characters.
static bool looksSame(const MessageRow& a, const MessageRow& b) {
    const auto sameText = [](const QString& x, const QString& y) { return x.constData() == y.constData() || x == y; };
    return a.state == b.state && a.version == b.version && a.versions == b.versions && a.edited == b.edited &&
           a.hasTokens == b.hasTokens && a.parent == b.parent && a.tokens.size() == b.tokens.size() &&
           a.stats.tokens == b.stats.tokens && a.stats.stopReason == b.stats.stopReason &&
           a.stats.decodeSeconds == b.stats.decodeSeconds && a.action.id == b.action.id && sameText(a.text, b.text) &&
           sameText(a.error, b.error);
}

void MessageModel::setRows(QList<MessageRow> rows) {
    // Rows that stay (same id at the same place) change in place, so that the view keeps its position.
    int same = 0;
    while (same < rows.size() && same < m_rows.size() && rows.at(same).id == m_rows.at(same).id)
        ++same;
    if (same == 0) {
        beginResetModel();
        m_rows = std::move(rows);
        rebuildIndex(0);
        endResetModel();
        return;
    }
    truncate(same);
    for (int i = 0; i < same; ++i) {
        if (rows.at(i).tokens.isEmpty() && rows.at(i).text == m_rows.at(i).text)
            rows[i].tokens = m_rows.at(i).tokens;  // already fetched
        if (looksSame(rows.at(i), m_rows.at(i)))
            continue;
        m_rows[i] = std::move(rows[i]);
        emit dataChanged(index(i), index(i));
    }
    if (rows.size() > same) {
        beginInsertRows({}, same, static_cast<int>(rows.size()) - 1);
        for (qsizetype i = same; i < rows.size(); ++i)
            m_rows.append(std::move(rows[i]));
        rebuildIndex(same);
        endInsertRows();
        emit dataChanged(index(same - 1), index(same - 1), {IsLastRole});
    }
}

void MessageModel::append(MessageRow row) {
    const int at = static_cast<int>(m_rows.size());
    beginInsertRows({}, at, at);
    m_rows.append(std::move(row));
    rebuildIndex(at);
    endInsertRows();
    if (at > 0)
        emit dataChanged(index(at - 1), index(at - 1), {IsLastRole});
}

void MessageModel::replace(int row, MessageRow value, const QList<int>& roles) {
    if (row < 0 || row >= m_rows.size())
        return;
    if (m_rows.at(row).id != value.id)
        m_rowOf.remove(m_rows.at(row).id);
    m_rows[row] = std::move(value);
    m_rowOf.insert(m_rows.at(row).id, row);
    emit dataChanged(index(row), index(row), roles);
}

void MessageModel::truncate(int rows) {
    if (rows >= m_rows.size())
        return;
    beginRemoveRows({}, rows, static_cast<int>(m_rows.size()) - 1);
    for (qsizetype i = rows; i < m_rows.size(); ++i)
        m_rowOf.remove(m_rows.at(i).id);
    m_rows.resize(rows);
    endRemoveRows();
    if (rows > 0)
        emit dataChanged(index(rows - 1), index(rows - 1), {IsLastRole});
}

void MessageModel::appendText(int row, const QString& text, const TokenRecords& tokens) {
    if (row < 0 || row >= m_rows.size())
        return;
    m_rows[row].text += text;
    m_rows[row].tokens += tokens;
    emit dataChanged(index(row), index(row), {Qt::DisplayRole, TextRole, TokensRole});
}

void MessageModel::setState(int row, MessageState state, const QString& error) {
    if (row < 0 || row >= m_rows.size())
        return;
    m_rows[row].state = state;
    m_rows[row].error = error;
    emit dataChanged(index(row), index(row), {StateRole, ErrorRole});
}

QString MessageModel::stopReasonText(const QString& reason) {
    if (reason == QLatin1String("eos"))
        return tr("ended by itself");
    if (reason == QLatin1String("length"))
        return tr("reached the length limit");
    if (reason == QLatin1String("stop-string"))
        return tr("met a stop string");
    if (reason == QLatin1String("cancelled"))
        return tr("stopped");
    if (reason == QLatin1String("context"))
        return tr("the context is full");
    return reason;
}

QString MessageModel::statsLine(const ReplyStats& stats) {
    if (stats.tokens <= 0)
        return {};
    const QLocale locale;
    QStringList parts{stats.tokens == 1 ? tr("1 token") : tr("%1 tokens").arg(QLocale().toString(stats.tokens))};
    if (stats.tokensPerSecond > 0)
        parts << tr("%1 tok/s").arg(locale.toString(stats.tokensPerSecond, 'f', stats.tokensPerSecond < 20 ? 1 : 0));
    if (stats.firstTokenSeconds > 0)
        parts << (stats.firstTokenSeconds < 1
                      ? tr("first token %1 ms").arg(qRound(stats.firstTokenSeconds * 1000))
                      : tr("first token %1 s").arg(locale.toString(stats.firstTokenSeconds, 'f', 1)));
    if (!stats.stopReason.isEmpty())
        parts << stopReasonText(stats.stopReason);
    if (!stats.stopReason.isEmpty())
        parts << tr("seed %1").arg(stats.seed);
    return parts.join(tr(" · ", "between the figures of a reply"));
}

}  // namespace app
