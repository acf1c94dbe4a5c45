// What a Store is made of; shared by its source files only. Thread: as Store.
#pragma once

#include <nlohmann/json.hpp>

#include "app/store/database.h"
#include "app/store/place.h"
#include "app/store/store.h"
#include "engine/core/error_text.h"

namespace app {

struct Store::State {
    std::string path;
    StoreOptions options;
    bool readOnly = false;
    bool suspect = false;  // the disk reported an error: nothing is written before the file was opened and checked anew
    bool recovered = false;
    std::vector<std::string> notices;
    std::unique_ptr<StoreLock> lock;
    std::unique_ptr<Database> db;  // null when it could not be opened again after a disk error

    ~State();
    engine::Result<void> connect();                // opens db and sets it up
    engine::Result<void> setUp();                  // journal, synchronisation
    engine::Result<void> prepareFile(bool alone);  // schema, recovery, interrupted replies
    engine::Result<void> recover();
    engine::Result<void> finishRecovery();
    engine::Result<void> reopenAfterDiskError();

    engine::Result<Database*> connection();
    engine::Result<Statement> prepare(std::string_view sql);  // on the connection

    // One transaction, one process at a time. `what`: "the message could not be saved".
    template <typename F>
    auto write(std::string_view what, F&& body) -> decltype(body());

    engine::Result<int64_t> insertChat(const StoredChat& chat);
    engine::Result<int64_t> insertMessage(const StoredMessage& message, std::string_view factsJson);
    engine::Result<void> touch(int64_t chat, int64_t activeLeaf);
    engine::Result<void> index(int64_t message, std::string_view text);
    engine::Result<void> unindex(int64_t message);
    engine::Result<void> endInterrupted();
    engine::Result<void> purge(int64_t deletedBeforeMs);
    engine::Result<StoredMessage> message(int64_t id);
};

int64_t nowMs();
std::string factsToJson(const ReplyFacts& facts);
ReplyFacts factsFromJson(const std::string& json);
int64_t messageChecksum(const StoredMessage& message, std::string_view factsJson);
// What is damaged stays marked as such when its row is written again or copied.
int64_t checksumToStore(const StoredMessage& message, std::string_view factsJson);
// Columns of messages in the order that readMessage expects.
constexpr std::string_view MessageColumns =
    "id, chat, parent, role, state, text, error, facts, created_ms, edited, checksum, "
    "EXISTS (SELECT 1 FROM tokens WHERE tokens.message = messages.id)";
StoredMessage readMessage(const Statement& row);
bool parseRole(std::string_view name, StoredRole& role);
bool parseState(std::string_view name, StoredState& state);
constexpr std::string_view ChatColumns =
    "id, title, folder, pinned, model_path, model_name, settings, active_leaf, sequence, created_ms, changed_ms, "
    "title_given, EXISTS (SELECT 1 FROM drafts WHERE drafts.chat = chats.id)";
StoredChat readChat(const Statement& row);

// Valid UTF-8 without NUL: what is broken becomes U+FFFD. Everything that is stored goes through it.
std::string cleanText(std::string_view text);
std::string dumpJson(const nlohmann::ordered_json& value, int indent = -1);

template <typename F>
auto Store::State::write(std::string_view what, F&& body) -> decltype(body()) {
    using R = decltype(body());
    const auto named = [&](engine::Error error) {
        error.message = fmt::format("{}: {}", what, error.message);
        return error;
    };
    if (readOnly)
        return R(named(engine::invalid("this store is open for reading only")));
    if (auto locked = lock->lockWriting(options.busyMilliseconds); !locked)
        return R(named(locked.error()));
    struct Unlock {
        StoreLock& lock;
        ~Unlock() { lock.unlockWriting(); }
    } unlock{*lock};
    if (suspect)
        if (auto open = reopenAfterDiskError(); !open)
            return R(named(open.error()));
    const auto inTransaction = [&]() -> R {
        if (auto begun = db->execute("BEGIN IMMEDIATE"); !begun)
            return R(begun.error());
        struct Rollback {
            Database& db;
            ~Rollback() { db.rollback(); }  // also when memory runs out in the body
        } rollback{*db};
        R result = body();
        if (result)
            if (auto committed = db->execute("COMMIT"); !committed)
                return R(committed.error());
        return result;
    };
    R result = inTransaction();
    if (result)
        return result;
    suspect = db->sawDiskError();
    return R(named(result.error()));
}

}  // namespace app
