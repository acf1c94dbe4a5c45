// The chats on disk: SQLite with write-ahead log and full synchronisation. What a function acknowledges survives kill
// -9 and power loss. Knows neither Qt nor the engine's rooms beyond Result. Thread: one at a time (the store queue's,
// or the command line's); several processes may open one store, their writes take turns.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/store/records.h"
#include "engine/core/result.h"

namespace app {

struct StoreOptions {
    bool readOnly = false;  // nothing is written, not even a checkpoint
    int busyMilliseconds = 5000;
};

class Store {
  public:
    // Opens or creates. An older schema is backed up and migrated; a newer one is opened read-only; a damaged file is
    // copied aside and what is readable is recovered: notices() tells, in sentences for people.
    static engine::Result<std::unique_ptr<Store>> open(const std::string& path, const StoreOptions& options = {});
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    const std::vector<std::string>& notices() const;
    bool readOnly() const;
    bool recovered() const;  // it was damaged when it was opened; notices() tells how much is left
    const std::string& path() const;
    static std::string sqliteVersion();

    // ---- Chats. Returned ids are durable.
    engine::Result<int64_t> createChat(const StoredChat& chat);
    engine::Result<std::vector<StoredChat>> chats();                // not deleted, latest change first
    engine::Result<StoredConversation> conversation(int64_t chat);  // all branches and notes; no tokens
    engine::Result<void> updateChat(const StoredChat& chat);  // title, folder, pin, model, settings; not the sequence
    engine::Result<void> setActiveLeaf(int64_t chat, int64_t message);
    engine::Result<int64_t> duplicateChat(int64_t chat, const std::string& title);
    engine::Result<void> setChatDeleted(int64_t chat, bool deleted);
    engine::Result<std::vector<StoredFolder>> folders();
    engine::Result<int64_t> createFolder(const std::string& name);
    engine::Result<void> renameFolder(int64_t id, const std::string& name);
    engine::Result<void> deleteFolder(int64_t id);  // its chats stay

    // ---- Messages. Each call is one transaction; when it returns, it is on the disk.
    // Appends and makes it the active leaf. message.id, createdMs and intact are filled in by the store.
    engine::Result<int64_t> appendMessage(const StoredMessage& message);
    // A turn at once: the chat when chat.id is 0, the person's message when there is one, and the reply's place
    // (Streaming).
    struct Turn {
        StoredChat chat = {};
        std::optional<StoredMessage> user = {};   // parent: where it goes
        std::optional<StoredMessage> reply = {};  // parent is the user message when there is one
    };
    struct TurnIds {
        int64_t chat = 0, user = 0, reply = 0;
    };
    engine::Result<TurnIds> beginTurn(const Turn& turn);
    // What has streamed so far. Call it at most twice a second.
    engine::Result<void> updateStreaming(int64_t message, const std::string& text);
    // The end of a reply: text, state, facts, tokens (may be empty).
    engine::Result<void> finishReply(const StoredMessage& message, std::span<const StoredToken> tokens);
    // A finished reply streams again (continue).
    engine::Result<void> reopenReply(int64_t message);
    engine::Result<std::vector<StoredToken>> tokens(int64_t message);
    engine::Result<void> setMessageDeleted(int64_t message, bool deleted, int64_t activeLeaf);  // with what follows it
    engine::Result<int64_t> addNote(const StoredNote& note);
    engine::Result<void> removeNote(int64_t note);

    // ---- Drafts: chat 0 is the new chat.
    engine::Result<void> setDraft(int64_t chat, const std::string& text);  // empty removes it
    engine::Result<std::string> draft(int64_t chat);

    // ---- Models
    engine::Result<std::vector<StoredModel>> models();
    engine::Result<void> putModel(const StoredModel& model);
    engine::Result<void> removeModel(const std::string& path);

    // ---- Search, check, records
    // Words in any order, the last one may be unfinished; best first.
    engine::Result<std::vector<StoredHit>> search(const std::string& text, int limit = 200);
    // Structure, foreign keys, search index and every checksum.
    engine::Result<StoreCheck> check();
    // One SELECT, read-only. row(columns, values): values are JSON texts of one value each ("null", "12", "\"text\"").
    using RowSink = std::function<bool(std::span<const std::string> columns, std::span<const std::string> values)>;
    engine::Result<void> query(const std::string& sql, const RowSink& row);

    // ---- Export and import
    // JSON that reproduces everything; chat 0: all chats.
    engine::Result<std::string> exportJson(int64_t chat, bool withTokens = true);
    engine::Result<std::string> exportMarkdown(int64_t chat);  // the active branch
    engine::Result<std::string> exportHtml(int64_t chat);      // one page without scripts; every text escaped
    // A strict reader of exportJson's format: all or nothing, one transaction. Returns the new ids.
    engine::Result<std::vector<int64_t>> importJson(const std::string& json);

    struct State;

  private:
    explicit Store(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

const char* storedRoleName(StoredRole role);     // "system", "user", "assistant"
const char* storedStateName(StoredState state);  // "streaming", "done", "stopped", "interrupted", "failed"

// The messages from the first to `leaf`. Ends early where a parent is missing.
std::vector<StoredMessage> branchOf(const StoredConversation& conversation, int64_t leaf);

}  // namespace app
