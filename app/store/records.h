// The records of the store as plain values, text in UTF-8. Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace app {

enum class StoredRole : uint8_t { System, User, Assistant };
// Streaming becomes Interrupted when the store is opened and nobody else has it open.
enum class StoredState : uint8_t { Streaming, Done, Stopped, Interrupted, Failed };

// How a reply came about: the figures under it, and all that reproduces it.
struct ReplyFacts {
    int64_t promptTokens = 0, reusedTokens = 0, tokens = 0;
    double prefillSeconds = 0, decodeSeconds = 0, firstTokenSeconds = 0;
    std::string stopReason = {};  // engine::stopReasonName, empty while it runs
    uint64_t seed = 0;
    std::string modelName = {}, quantization = {}, modelPath = {};
    std::string settingsJson = {};  // ChatSettings::toJson of the moment
    bool operator==(const ReplyFacts&) const = default;
};

struct StoredAlternative {
    int32_t id = 0;
    float logprob = 0;
    std::string text = {};
    bool operator==(const StoredAlternative&) const = default;
};
struct StoredToken {
    int32_t id = 0;
    float logprob = 0, entropyBits = 0;
    std::string text = {};  // bytes of the token, may be half a character
    int64_t textEnd = 0;    // bytes of the reply's text that were ready with it
    std::vector<StoredAlternative> top = {};
    bool operator==(const StoredToken&) const = default;
};

struct StoredMessage {
    int64_t id = 0;  // ascending in the order of creation
    int64_t chat = 0;
    int64_t parent = 0;  // 0: first of its chat
    StoredRole role = StoredRole::User;
    StoredState state = StoredState::Done;
    std::string text = {};
    std::string error = {};  // Failed: why
    ReplyFacts facts = {};   // Assistant only
    int64_t createdMs = 0;   // since 1970, for show; never orders anything
    bool edited = false;
    bool hasTokens = false;
    bool intact = true;  // the checksum agrees
};

struct StoredNote {
    int64_t id = 0;
    int64_t chat = 0;
    int64_t after = 0;  // message that it follows; 0: at the beginning
    int severity = 1;   // 0 information, 1 warning, 2 error
    std::string text = {}, actionId = {}, actionText = {};
    int64_t createdMs = 0;
};

struct StoredChat {
    int64_t id = 0;
    std::string title = {};
    int64_t folder = 0;  // 0: none
    bool pinned = false;
    std::string modelPath = {}, modelName = {};
    std::string settingsJson = "{}";  // with the system prompt
    int64_t activeLeaf = 0;           // last message of the branch that is shown
    int64_t sequence = 0;             // larger: changed later
    int64_t createdMs = 0, changedMs = 0;
    bool titleGiven = false;  // by a person: never replaced by the first words
    bool hasDraft = false;    // read only
};

struct StoredFolder {
    int64_t id = 0;
    std::string name = {};
};

struct StoredConversation {
    StoredChat chat;
    std::vector<StoredMessage> messages = {};  // all branches, ascending by id
    std::vector<StoredNote> notes = {};
    std::string draft = {};
};

struct StoredHit {
    int64_t chat = 0, message = 0;
    std::string chatTitle = {}, snippet = {};
    std::vector<std::pair<int64_t, int64_t>> marks = {};  // byte start and length in the snippet
};

// What is known of a model file, so that the library is complete at once on the next start.
struct StoredModel {
    std::string path = {};
    int64_t sizeBytes = 0, modifiedMs = 0;
    std::string factsJson = "{}";  // the library's own fields
    std::string sha256 = {};
    int64_t lastUsedMs = 0;         // 0: never
    std::string chatTemplate = {};  // a person's own, empty: the file's
};

struct StoreCheck {
    bool ok = false;
    int64_t chats = 0, messages = 0, tokensRecords = 0;
    std::vector<std::string> problems = {};  // each names table and row
};

}  // namespace app
