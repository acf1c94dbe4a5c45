#include "app/conversation.h"

#include <algorithm>

#include "app/prompt.h"
#include "app/store/store.h"

namespace app {

namespace {

MessageState stateFromStored(StoredState state) {
    switch (state) {
        case StoredState::Streaming:
            return MessageState::Streaming;
        case StoredState::Done:
            return MessageState::Done;
        case StoredState::Stopped:
            return MessageState::Stopped;
        case StoredState::Interrupted:
            return MessageState::Interrupted;
        case StoredState::Failed:
            return MessageState::Failed;
    }
    return MessageState::Done;
}

StoredState storedFromState(MessageState state) {
    switch (state) {
        case MessageState::Waiting:
        case MessageState::Streaming:
            return StoredState::Streaming;
        case MessageState::Stopped:
            return StoredState::Stopped;
        case MessageState::Interrupted:
            return StoredState::Interrupted;
        case MessageState::Failed:
            return StoredState::Failed;
        case MessageState::Saving:
        case MessageState::NotSaved:
        case MessageState::Done:
            break;
    }
    return StoredState::Done;
}

StoredRole storedFromRole(Role role) {
    return role == Role::User ? StoredRole::User : role == Role::System ? StoredRole::System : StoredRole::Assistant;
}

}  // namespace

ReplyStats statsFromFacts(const ReplyFacts& f) {
    ReplyStats s;
    s.promptTokens = f.promptTokens;
    s.reusedTokens = f.reusedTokens;
    s.tokens = f.tokens;
    s.prefillSeconds = f.prefillSeconds;
    s.decodeSeconds = f.decodeSeconds;
    s.firstTokenSeconds = f.firstTokenSeconds;
    // The first token comes out of the prompt's last step: the others are what decoding made.
    s.tokensPerSecond = f.decodeSeconds > 0 && f.tokens > 1 ? static_cast<double>(f.tokens - 1) / f.decodeSeconds : 0;
    s.stopReason = QString::fromStdString(f.stopReason);
    s.seed = f.seed;
    s.modelName = QString::fromStdString(f.modelName);
    s.quantization = QString::fromStdString(f.quantization);
    s.modelPath = QString::fromStdString(f.modelPath);
    s.settingsJson = QString::fromStdString(f.settingsJson);
    return s;
}

ReplyFacts factsFromStats(const ReplyStats& s) {
    ReplyFacts f;
    f.promptTokens = s.promptTokens;
    f.reusedTokens = s.reusedTokens;
    f.tokens = s.tokens;
    f.prefillSeconds = s.prefillSeconds;
    f.decodeSeconds = s.decodeSeconds;
    f.firstTokenSeconds = s.firstTokenSeconds;
    f.stopReason = s.stopReason.toStdString();
    f.seed = s.seed;
    f.modelName = s.modelName.toStdString();
    f.quantization = s.quantization.toStdString();
    f.modelPath = s.modelPath.toStdString();
    f.settingsJson = s.settingsJson.toStdString();
    return f;
}

MessageNode nodeFromStored(const StoredMessage& m) {
    MessageNode node;
    MessageRow& row = node.row;
    row.id = m.id;
    row.parent = m.parent;
    row.role = m.role == StoredRole::User ? Role::User : m.role == StoredRole::System ? Role::System : Role::Assistant;
    row.state = stateFromStored(m.state);
    // Nobody in this process writes it, and the store told us so when it was opened: it ended with another program.
    if (row.state == MessageState::Streaming)
        row.state = MessageState::Interrupted;
    row.text = QString::fromStdString(m.text);
    row.error = QString::fromStdString(m.error);
    if (!m.intact)
        row.error = MessageModel::tr("This message was damaged on the disk; its text may not be what was said.");
    row.created = QDateTime::fromMSecsSinceEpoch(m.createdMs);
    row.edited = m.edited;
    row.hasTokens = m.hasTokens;
    row.stats = statsFromFacts(m.facts);
    node.stored = true;
    return node;
}

StoredMessage storedFromNode(const MessageNode& node, ChatId chat) {
    StoredMessage m;
    m.id = node.row.id;
    m.chat = chat;
    m.parent = node.row.parent;
    m.role = storedFromRole(node.row.role);
    m.state = storedFromState(node.row.state);
    m.text = node.row.text.toStdString();
    m.error = m.state == StoredState::Failed ? node.row.error.toStdString() : std::string();
    if (m.role == StoredRole::Assistant)
        m.facts = factsFromStats(node.row.stats);
    m.createdMs = node.row.created.toMSecsSinceEpoch();
    m.edited = node.row.edited;
    return m;
}

QString displayToken(std::string_view bytes) {
    const QByteArray raw(bytes.data(), static_cast<qsizetype>(bytes.size()));
    const QString text = QString::fromUtf8(raw);
    if (text.toUtf8() == raw)
        return text;
    QString out;
    for (const char c : bytes)
        out += QStringLiteral("<%1>").arg(static_cast<uint>(static_cast<uchar>(c)), 2, 16, QLatin1Char('0')).toUpper();
    return out;
}

TokenRecords recordsFromTokens(const std::vector<StoredToken>& tokens, const std::string& text) {
    TokenRecords records;
    records.reserve(static_cast<qsizetype>(tokens.size()));
    int64_t bytes = 0;
    qint32 characters = 0;
    for (const StoredToken& token : tokens) {
        TokenRecord record;
        record.id = token.id;
        record.logprob = token.logprob;
        record.entropyBits = token.entropyBits;
        record.text = displayToken(token.text);
        record.begin = characters;
        const int64_t end = std::clamp<int64_t>(token.textEnd, bytes, static_cast<int64_t>(text.size()));
        characters +=
            static_cast<qint32>(QString::fromUtf8(text.data() + bytes, static_cast<qsizetype>(end - bytes)).size());
        bytes = end;
        record.end = characters;
        for (const StoredAlternative& other : token.top)
            record.top.append({other.id, other.logprob, displayToken(other.text)});
        records.append(std::move(record));
    }
    return records;
}

QString titleFromText(const QString& text) {
    constexpr int Longest = 48;
    QString line = text.simplified();
    if (line.size() <= Longest)
        return line;
    const qsizetype space = line.lastIndexOf(QLatin1Char(' '), Longest);
    qsizetype cut = space > Longest / 2 ? space : Longest;
    if (line.at(cut - 1).isHighSurrogate())
        --cut;
    return line.left(cut) + QStringLiteral("…");
}

std::shared_ptr<Conversation> Conversation::fromStored(const StoredConversation& stored, const ChatSettings& defaults) {
    auto c = std::make_shared<Conversation>();
    c->id = stored.chat.id;
    c->chat = stored.chat;
    c->draft = QString::fromStdString(stored.draft);
    const auto settings = ChatSettings::fromJson(stored.chat.settingsJson);
    c->settings = settings ? *settings : defaults;
    if (!settings) {
        StoredNote note;
        note.id = c->temporaryId();
        note.text = MessageModel::tr("The settings of this chat cannot be read (%1): the defaults are in use.")
                        .arg(QString::fromStdString(settings.error().message))
                        .toStdString();
        c->notes.append(note);
    }
    for (const StoredMessage& message : stored.messages) {
        // A parent is always older; one that is gone leaves its children at the beginning.
        MessageNode node = nodeFromStored(message);
        if (node.row.parent != 0 && !c->find(node.row.parent))
            node.row.parent = 0;
        if (node.row.parent == 0)
            c->roots.append(node.row.id);
        else
            c->nodes[node.row.parent].children.append(node.row.id);
        const MessageId id = node.row.id;
        c->nodes.emplace(id, std::move(node));
    }
    for (const StoredNote& note : stored.notes)
        c->notes.append(note);
    c->activeLeaf = c->find(stored.chat.activeLeaf) ? stored.chat.activeLeaf : c->leafBelow(0);
    c->show(c->activeLeaf);
    return c;
}

MessageNode* Conversation::find(MessageId id) {
    const auto it = nodes.find(id);
    return it == nodes.end() ? nullptr : &it->second;
}
const MessageNode* Conversation::find(MessageId id) const {
    const auto it = nodes.find(id);
    return it == nodes.end() ? nullptr : &it->second;
}

MessageNode& Conversation::add(MessageRow row) {
    const MessageId id = row.id;
    if (MessageNode* parent = find(row.parent))
        parent->children.append(id);
    else
        roots.append(id);
    m_lastUsed[row.parent] = id;
    MessageNode node;
    node.row = std::move(row);
    activeLeaf = id;
    return nodes.insert_or_assign(id, std::move(node)).first->second;
}

void Conversation::renumber(MessageId from, MessageId to) {
    const auto it = nodes.find(from);
    if (it == nodes.end() || from == to)
        return;
    MessageNode node = std::move(it->second);
    nodes.erase(it);
    node.row.id = to;
    QList<MessageId>& among = node.row.parent != 0 && find(node.row.parent) ? nodes[node.row.parent].children : roots;
    std::replace(among.begin(), among.end(), from, to);
    for (const MessageId child : node.children)
        nodes[child].row.parent = to;
    nodes.emplace(to, std::move(node));
    if (activeLeaf == from)
        activeLeaf = to;
    if (const auto used = m_lastUsed.find(from); used != m_lastUsed.end()) {
        const MessageId child = *used;
        m_lastUsed.erase(used);
        m_lastUsed[to] = child;
    }
    for (MessageId& child : m_lastUsed)
        if (child == from)
            child = to;
    for (StoredNote& note : notes)
        if (note.after == from)
            note.after = to;
}

void Conversation::remove(MessageId id) {
    const MessageNode* node = find(id);
    if (!node)
        return;
    const MessageId parent = node->row.parent;
    QList<MessageId>& among = parent != 0 && find(parent) ? nodes[parent].children : roots;
    const qsizetype at = among.indexOf(id);
    among.removeAt(at);
    QList<MessageId> below{id};
    bool shown = false;
    while (!below.isEmpty()) {
        const MessageId next = below.takeLast();
        shown |= next == activeLeaf;
        below += nodes[next].children;
        m_lastUsed.remove(next);
        nodes.erase(next);
    }
    m_lastUsed.remove(parent);
    if (shown)
        show(among.isEmpty() ? parent : among.at(qBound<qsizetype>(0, at - 1, among.size() - 1)));
}

const QList<MessageId>& Conversation::siblings(MessageId id) const {
    const MessageNode* node = find(id);
    const MessageNode* parent = node ? find(node->row.parent) : nullptr;
    return parent ? parent->children : roots;
}

std::vector<MessageId> Conversation::path(MessageId leaf) const {
    std::vector<MessageId> ids;
    for (const MessageNode* node = find(leaf); node; node = find(node->row.parent)) {
        ids.push_back(node->row.id);
        if (node->row.parent == 0)
            break;
    }
    std::reverse(ids.begin(), ids.end());
    return ids;
}

MessageId Conversation::leafBelow(MessageId id) const {
    for (;;) {
        const MessageNode* node = find(id);
        const QList<MessageId>& children = node ? node->children : roots;
        if (children.isEmpty())
            return id;
        const MessageId used = m_lastUsed.value(id, 0);
        id = children.contains(used) ? used : children.last();
    }
}

void Conversation::show(MessageId id) {
    activeLeaf = leafBelow(id);
    MessageId child = activeLeaf;
    for (const MessageNode* node = find(child); node; node = find(node->row.parent)) {
        m_lastUsed[node->row.parent] = node->row.id;
        if (node->row.parent == 0)
            break;
    }
}

QList<MessageRow> Conversation::rows() const {
    QList<MessageRow> rows;
    QMultiHash<MessageId, int> notesAfter;
    for (int i = 0; i < notes.size(); ++i)
        notesAfter.insert(notes.at(i).after, i);
    const auto addNotes = [&](MessageId after) {
        QList<int> indices = notesAfter.values(after);
        std::sort(indices.begin(), indices.end());
        for (const int i : indices) {
            const StoredNote& note = notes.at(i);
            MessageRow row;
            // Notes and messages share one list: a note's id lies far below every temporary one.
            row.id = -(qint64{1} << 40) - note.id;
            row.parent = after;
            row.role = Role::Note;
            row.text = QString::fromStdString(note.text);
            row.severity = static_cast<Severity>(qBound(0, note.severity, 2));
            row.action = {QString::fromStdString(note.actionId), QString::fromStdString(note.actionText)};
            row.created = QDateTime::fromMSecsSinceEpoch(note.createdMs);
            rows.append(std::move(row));
        }
    };
    addNotes(0);
    for (const MessageId id : path(activeLeaf)) {
        const MessageNode& node = *find(id);
        MessageRow row = node.row;
        const QList<MessageId>& versions = siblings(id);
        row.versions = static_cast<int>(versions.size());
        row.version = static_cast<int>(versions.indexOf(id)) + 1;
        rows.append(std::move(row));
        addNotes(id);
    }
    return rows;
}

std::vector<MessageId> Conversation::unsaved() const {
    std::vector<MessageId> ids;
    QList<MessageId> next = roots;
    while (!next.isEmpty()) {
        const MessageId id = next.takeFirst();
        const MessageNode& node = *find(id);
        if (!node.stored && node.row.state != MessageState::Waiting && node.row.state != MessageState::Streaming &&
            node.row.state != MessageState::Saving)
            ids.push_back(id);
        next += node.children;
    }
    return ids;
}

nlohmann::ordered_json Conversation::messagesFor(MessageId leaf, const std::optional<QString>& extra) const {
    nlohmann::ordered_json messages = nlohmann::ordered_json::array();
    addTurn(messages, "system", settings.systemPrompt);
    for (const MessageId id : path(leaf)) {
        const MessageRow& row = find(id)->row;
        addTurn(messages, storedRoleName(storedFromRole(row.role)), row.text.toStdString());
    }
    if (extra)
        addTurn(messages, "user", extra->toStdString());
    return messages;
}

}  // namespace app
