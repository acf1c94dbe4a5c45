// One chat in memory: the tree of its messages, the branch that is shown, its notes, draft and settings. Plain data
// without signals; the Workbench keeps the store and the models in step with it. Thread: UI.
#pragma once

#include <QHash>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "app/items/message_model.h"
#include "app/setting_specs.h"
#include "app/store/records.h"

namespace app {

struct MessageNode {
    MessageRow row;                   // id, parent, role, text, ... version numbers are computed when rows are made
    QList<MessageId> children;        // in the order in which they came
    std::vector<StoredToken> tokens;  // when they are in memory
    bool stored = false;              // on the disk as it is here
};

class Conversation {
  public:
    Conversation() = default;
    static std::shared_ptr<Conversation> fromStored(const StoredConversation& stored, const ChatSettings& defaults);

    ChatId id = 0;  // 0: new, nothing stored; negative: could not be stored yet
    StoredChat chat;
    ChatSettings settings;
    QString draft;
    std::map<MessageId, MessageNode> nodes;
    QList<MessageId> roots;
    QList<StoredNote> notes;
    MessageId activeLeaf = 0;
    bool turnPending = false;  // a turn is on its way to the disk
    bool stopAsked = false;    // before its reply had begun
    bool savePending = false;  // what was not saved is on its way once more
    bool deleted = false;      // out of the list; what still runs ends unseen

    bool isEmpty() const { return nodes.empty(); }
    MessageNode* find(MessageId id);
    const MessageNode* find(MessageId id) const;
    // Adds under row.parent; the branch that is shown ends with it.
    MessageNode& add(MessageRow row);
    // A message that was kept under a temporary id has its real one now.
    void renumber(MessageId from, MessageId to);
    void remove(MessageId id);  // with everything below; the branch goes on with the version before
    const QList<MessageId>& siblings(MessageId id) const;
    std::vector<MessageId> path(MessageId leaf) const;  // from the first message to leaf
    MessageId leafBelow(MessageId id) const;            // by the last used versions, else the newest
    void show(MessageId id);                            // the branch that holds it
    QList<MessageRow> rows() const;                     // the branch, notes in their places
    std::vector<MessageId> unsaved() const;             // parents first

    // {"role", "content"} of everything up to `leaf`, for a chat template. `extra`: what is being typed.
    nlohmann::ordered_json messagesFor(MessageId leaf, const std::optional<QString>& extra = {}) const;

    MessageId temporaryId() { return --m_lastTemporary; }

  private:
    QHash<MessageId, MessageId> m_lastUsed;  // child of each parent that was shown last
    MessageId m_lastTemporary = 0;
};

// Between the store's records and what is shown.
MessageNode nodeFromStored(const StoredMessage& message);
StoredMessage storedFromNode(const MessageNode& node, ChatId chat);
TokenRecords recordsFromTokens(const std::vector<StoredToken>& tokens, const std::string& text);
QString displayToken(std::string_view bytes);  // broken characters as <E2>
ReplyStats statsFromFacts(const ReplyFacts& facts);
ReplyFacts factsFromStats(const ReplyStats& stats);
QString titleFromText(const QString& text);  // the first words

}  // namespace app
