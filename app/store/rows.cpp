// Between rows and records: names, JSON of a reply's facts, checksums, clean text.
#include <chrono>

#include "app/store/state.h"
#include "app/store/token_blob.h"

namespace app {

using nlohmann::ordered_json;

int64_t nowMs() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

const char* storedRoleName(StoredRole role) {
    switch (role) {
        case StoredRole::System:
            return "system";
        case StoredRole::User:
            return "user";
        case StoredRole::Assistant:
            return "assistant";
    }
    return "user";
}
const char* storedStateName(StoredState state) {
    switch (state) {
        case StoredState::Streaming:
            return "streaming";
        case StoredState::Done:
            return "done";
        case StoredState::Stopped:
            return "stopped";
        case StoredState::Interrupted:
            return "interrupted";
        case StoredState::Failed:
            return "failed";
    }
    return "failed";
}
bool parseRole(std::string_view name, StoredRole& role) {
    for (const StoredRole r : {StoredRole::System, StoredRole::User, StoredRole::Assistant})
        if (name == storedRoleName(r)) {
            role = r;
            return true;
        }
    return false;
}
bool parseState(std::string_view name, StoredState& state) {
    for (const StoredState s : {StoredState::Streaming, StoredState::Done, StoredState::Stopped,
                                StoredState::Interrupted, StoredState::Failed})
        if (name == storedStateName(s)) {
            state = s;
            return true;
        }
    return false;
}

std::string dumpJson(const ordered_json& value, int indent) {
    return value.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

std::string factsToJson(const ReplyFacts& f) {
    if (f == ReplyFacts{})
        return "{}";
    ordered_json j;
    j["promptTokens"] = f.promptTokens;
    j["reusedTokens"] = f.reusedTokens;
    j["tokens"] = f.tokens;
    j["prefillSeconds"] = f.prefillSeconds;
    j["decodeSeconds"] = f.decodeSeconds;
    j["firstTokenSeconds"] = f.firstTokenSeconds;
    j["stop"] = f.stopReason;
    j["seed"] = f.seed;
    j["model"] = f.modelName;
    j["quantization"] = f.quantization;
    j["modelPath"] = f.modelPath;
    if (!f.settingsJson.empty()) {
        ordered_json settings = ordered_json::parse(f.settingsJson, nullptr, false);
        if (!settings.is_discarded())
            j["settings"] = std::move(settings);
    }
    return dumpJson(j);
}

ReplyFacts factsFromJson(const std::string& json) {
    ReplyFacts f;
    const ordered_json j = ordered_json::parse(json, nullptr, false);
    if (!j.is_object())
        return f;
    const auto count = [&](const char* key, int64_t& out) {
        if (const auto it = j.find(key); it != j.end() && it->is_number_integer())
            out = it->get<int64_t>();
    };
    const auto seconds = [&](const char* key, double& out) {
        if (const auto it = j.find(key); it != j.end() && it->is_number())
            out = it->get<double>();
    };
    const auto text = [&](const char* key, std::string& out) {
        if (const auto it = j.find(key); it != j.end() && it->is_string())
            out = it->get<std::string>();
    };
    count("promptTokens", f.promptTokens);
    count("reusedTokens", f.reusedTokens);
    count("tokens", f.tokens);
    seconds("prefillSeconds", f.prefillSeconds);
    seconds("decodeSeconds", f.decodeSeconds);
    seconds("firstTokenSeconds", f.firstTokenSeconds);
    text("stop", f.stopReason);
    if (const auto it = j.find("seed"); it != j.end() && it->is_number_integer())
        f.seed = it->get<uint64_t>();
    text("model", f.modelName);
    text("quantization", f.quantization);
    text("modelPath", f.modelPath);
    if (const auto it = j.find("settings"); it != j.end() && it->is_object())
        f.settingsJson = dumpJson(*it);
    return f;
}

int64_t messageChecksum(const StoredMessage& m, std::string_view factsJson) {
    return Checksum()
        .add(m.chat)
        .add(m.parent)
        .add(storedRoleName(m.role))
        .add(storedStateName(m.state))
        .add(m.text)
        .add(m.error)
        .add(factsJson)
        .add(m.createdMs)
        .add(m.edited ? 1 : 0)
        .value();
}

int64_t checksumToStore(const StoredMessage& m, std::string_view factsJson) {
    return m.intact ? messageChecksum(m, factsJson) : ~messageChecksum(m, factsJson);
}

StoredMessage readMessage(const Statement& row) {
    StoredMessage m;
    m.id = row.integer(0);
    m.chat = row.integer(1);
    m.parent = row.integer(2);
    const bool known = parseRole(row.text(3), m.role) & parseState(row.text(4), m.state);
    m.text = row.text(5);
    m.error = row.text(6);
    const std::string facts = row.text(7);
    m.createdMs = row.integer(8);
    m.edited = row.integer(9) != 0;
    m.intact = known && messageChecksum(m, facts) == row.integer(10);
    m.hasTokens = row.integer(11) != 0;
    m.facts = factsFromJson(facts);
    m.text = cleanText(m.text);  // damage may have broken it
    return m;
}

StoredChat readChat(const Statement& row) {
    StoredChat c;
    c.id = row.integer(0);
    c.title = cleanText(row.text(1));
    c.folder = row.integer(2);
    c.pinned = row.integer(3) != 0;
    c.modelPath = row.text(4);
    c.modelName = row.text(5);
    c.settingsJson = row.text(6);
    c.activeLeaf = row.integer(7);
    c.sequence = row.integer(8);
    c.createdMs = row.integer(9);
    c.changedMs = row.integer(10);
    c.titleGiven = row.integer(11) != 0;
    c.hasDraft = row.integer(12) != 0;
    return c;
}

std::string cleanText(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size();) {
        const auto lead = static_cast<uint8_t>(text[i]);
        const size_t length = lead < 0x80                   ? 1
                              : lead >= 0xc2 && lead < 0xe0 ? 2
                              : lead >= 0xe0 && lead < 0xf0 ? 3
                              : lead >= 0xf0 && lead < 0xf5 ? 4
                                                            : 0;
        bool valid = length > 0 && lead != 0 && i + length <= text.size();
        uint32_t code = length == 2 ? lead & 0x1f : length == 3 ? lead & 0x0f : lead & 0x07;
        for (size_t k = 1; valid && k < length; ++k) {
            const auto next = static_cast<uint8_t>(text[i + k]);
            valid = (next & 0xc0) == 0x80;
            code = code << 6 | (next & 0x3f);
        }
        if (valid && length == 3)
            valid = code >= 0x800 && (code < 0xd800 || code > 0xdfff);
        if (valid && length == 4)
            valid = code >= 0x10000 && code <= 0x10ffff;
        if (valid) {
            out.append(text.substr(i, length));
            i += length;
        } else {
            out += "\xef\xbf\xbd";
            ++i;
        }
    }
    return out;
}

std::vector<StoredMessage> branchOf(const StoredConversation& conversation, int64_t leaf) {
    std::vector<StoredMessage> path;
    // Ids ascend, so a binary search finds a parent; a parent is always older, so that the walk ends.
    const auto& all = conversation.messages;
    for (int64_t id = leaf; id != 0;) {
        const auto it =
            std::lower_bound(all.begin(), all.end(), id, [](const StoredMessage& m, int64_t v) { return m.id < v; });
        if (it == all.end() || it->id != id)
            break;
        path.push_back(*it);
        id = it->parent < id ? it->parent : 0;
    }
    std::reverse(path.begin(), path.end());
    return path;
}

}  // namespace app
