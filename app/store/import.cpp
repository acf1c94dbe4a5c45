// The strict reader of exported chats. Whatever the file holds, it ends as plain values or as one sentence.
#include <cmath>
#include <limits>
#include <unordered_map>

#include "app/store/state.h"
#include "app/store/token_blob.h"

namespace app {

using engine::Result;
using nlohmann::ordered_json;

namespace {

constexpr size_t LargestFile = 256u << 20, LargestText = 64u << 20;
constexpr int DeepestNesting = 32;
constexpr float Never = -std::numeric_limits<float>::infinity();  // the logarithm of probability 0
constexpr size_t MostChats = 100'000, MostMessages = 1'000'000, MostTokens = 1'000'000, MostAlternatives = 256;

// The depth is known before anything is parsed.
bool nestsTooDeep(std::string_view json) {
    int depth = 0;
    bool inText = false;
    for (size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (inText) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                inText = false;
        } else if (c == '"') {
            inText = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DeepestNesting)
                return true;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

// Typed access with the place in the sentence: "chats[3].messages[0].role".
struct Field {
    const ordered_json& object;
    std::string where;

    const ordered_json* find(const char* key) const {
        const auto it = object.find(key);
        return it == object.end() ? nullptr : &*it;
    }
    Result<std::string> text(const char* key, bool required = false) const {
        const ordered_json* value = find(key);
        if (!value && !required)
            return std::string();
        if (!value || !value->is_string())
            return engine::invalid("{}.{}: a text is expected", where, key);
        if (value->get_ref<const std::string&>().size() > LargestText)
            return engine::invalid("{}.{}: the text has {} bytes, at most {} are allowed", where, key,
                                   value->get_ref<const std::string&>().size(), LargestText);
        return cleanText(value->get_ref<const std::string&>());
    }
    Result<int64_t> integer(const char* key, int64_t min, int64_t max, int64_t fallback) const {
        const ordered_json* value = find(key);
        if (!value)
            return fallback;
        if (!value->is_number_integer() || (value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX))
            return engine::invalid("{}.{}: a whole number is expected", where, key);
        const int64_t number = value->get<int64_t>();
        if (number < min || number > max)
            return engine::invalid("{}.{} is {}, allowed is {} to {}", where, key, number, min, max);
        return number;
    }
    // JSON has no infinity: the export writes null for it.
    Result<float> number(const char* key, float whenNull) const {
        const ordered_json* value = find(key);
        if (!value)
            return 0.0f;
        if (value->is_null())
            return whenNull;
        if (!value->is_number() || std::abs(value->get<double>()) > std::numeric_limits<float>::max())
            return engine::invalid("{}.{}: a number of 32 bits is expected", where, key);
        return value->get<float>();
    }
    Result<bool> boolean(const char* key) const {
        const ordered_json* value = find(key);
        if (!value)
            return false;
        if (!value->is_boolean())
            return engine::invalid("{}.{}: true or false is expected", where, key);
        return value->get<bool>();
    }
    Result<const ordered_json*> array(const char* key, size_t most, bool required = false) const {
        static const ordered_json empty = ordered_json::array();
        const ordered_json* value = find(key);
        if (!value && !required)
            return &empty;
        if (!value || !value->is_array())
            return engine::invalid("{}.{}: a list is expected", where, key);
        if (value->size() > most)
            return engine::invalid("{}.{} has {} entries, at most {} are allowed", where, key, value->size(), most);
        return value;
    }
};

struct ImportedMessage {
    StoredMessage message;
    std::vector<StoredToken> tokens;
};
struct ImportedChat {
    StoredChat chat;
    std::string folder;
    std::vector<ImportedMessage> messages;
    std::vector<StoredNote> notes;
};

Result<std::vector<StoredToken>> readTokens(const Field& message) {
    TRY(const ordered_json* rows, message.array("tokens", MostTokens));
    std::vector<StoredToken> tokens;
    for (size_t i = 0; i < rows->size(); ++i) {
        const Field f{(*rows)[i], fmt::format("{}.tokens[{}]", message.where, i)};
        if (!f.object.is_object())
            return engine::invalid("{}: an object is expected", f.where);
        StoredToken token;
        TRY(const int64_t id, f.integer("id", 0, INT32_MAX, 0));
        token.id = static_cast<int32_t>(id);
        TRY(token.logprob, f.number("logprob", Never));
        TRY(token.entropyBits, f.number("entropyBits", 0));
        TRY(token.text, f.text("text"));
        TRY(token.textEnd, f.integer("textEnd", 0, static_cast<int64_t>(LargestText), 0));
        TRY(const ordered_json* top, f.array("top", MostAlternatives));
        for (size_t k = 0; k < top->size(); ++k) {
            const Field o{(*top)[k], fmt::format("{}.top[{}]", f.where, k)};
            if (!o.object.is_object())
                return engine::invalid("{}: an object is expected", o.where);
            StoredAlternative other;
            TRY(const int64_t otherId, o.integer("id", 0, INT32_MAX, 0));
            other.id = static_cast<int32_t>(otherId);
            TRY(other.logprob, o.number("logprob", Never));
            TRY(other.text, o.text("text"));
            token.top.push_back(std::move(other));
        }
        tokens.push_back(std::move(token));
    }
    return tokens;
}

Result<ImportedChat> readChatJson(const ordered_json& json, const std::string& where) {
    if (!json.is_object())
        return engine::invalid("{}: an object is expected", where);
    const Field f{json, where};
    ImportedChat out;
    TRY(out.chat.title, f.text("title", true));
    if (out.chat.title.size() > 10'000)
        return engine::invalid("{}.title has {} bytes, at most 10000 are allowed", where, out.chat.title.size());
    TRY(out.chat.titleGiven, f.boolean("titleGiven"));
    TRY(out.chat.pinned, f.boolean("pinned"));
    TRY(out.chat.modelName, f.text("model"));
    TRY(out.chat.modelPath, f.text("modelPath"));
    TRY(out.folder, f.text("folder"));
    constexpr int64_t LastMs = 253'402'300'799'000;  // the end of the year 9999
    TRY(out.chat.createdMs, f.integer("createdMs", 0, LastMs, 0));
    TRY(out.chat.activeLeaf, f.integer("activeLeaf", 0, INT64_MAX, 0));
    if (const ordered_json* settings = f.find("settings")) {
        if (!settings->is_object())
            return engine::invalid("{}.settings: an object is expected", where);
        out.chat.settingsJson = dumpJson(*settings);
    }
    TRY(const ordered_json* messages, f.array("messages", MostMessages, true));
    for (size_t i = 0; i < messages->size(); ++i) {
        const Field m{(*messages)[i], fmt::format("{}.messages[{}]", where, i)};
        if (!m.object.is_object())
            return engine::invalid("{}: an object is expected", m.where);
        ImportedMessage in;
        TRY(in.message.id, m.integer("id", 1, INT64_MAX, 0));
        TRY(in.message.parent, m.integer("parent", 0, INT64_MAX, 0));
        TRY(const std::string role, m.text("role", true));
        TRY(std::string state, m.text("state"));
        if (state.empty())
            state = "done";
        if (!parseRole(role, in.message.role))
            return engine::invalid("{}.role is '{}', expected is system, user or assistant", m.where, role);
        if (!parseState(state, in.message.state))
            return engine::invalid("{}.state is '{}', which is no state of a message", m.where, state);
        if (in.message.state == StoredState::Streaming)
            in.message.state = StoredState::Interrupted;
        TRY(in.message.text, m.text("text", true));
        TRY(in.message.error, m.text("error"));
        TRY(in.message.createdMs, m.integer("createdMs", 0, LastMs, 0));
        TRY(in.message.edited, m.boolean("edited"));
        TRY(const bool damaged, m.boolean("damaged"));
        in.message.intact = !damaged;
        if (const ordered_json* facts = m.find("facts")) {
            if (!facts->is_object())
                return engine::invalid("{}.facts: an object is expected", m.where);
            in.message.facts = factsFromJson(dumpJson(*facts));
        }
        TRY(in.tokens, readTokens(m));
        out.messages.push_back(std::move(in));
    }
    TRY(const ordered_json* notes, f.array("notes", MostMessages));
    for (size_t i = 0; i < notes->size(); ++i) {
        const Field n{(*notes)[i], fmt::format("{}.notes[{}]", where, i)};
        if (!n.object.is_object())
            return engine::invalid("{}: an object is expected", n.where);
        StoredNote note;
        TRY(note.after, n.integer("after", 0, INT64_MAX, 0));
        TRY(const int64_t severity, n.integer("severity", 0, 2, 1));
        note.severity = static_cast<int>(severity);
        TRY(note.text, n.text("text", true));
        TRY(note.createdMs, n.integer("createdMs", 0, LastMs, 0));
        // Actions are not taken over: a file from elsewhere must not put a command under a button.
        out.notes.push_back(std::move(note));
    }
    return out;
}

}  // namespace

Result<std::vector<int64_t>> Store::importJson(const std::string& json) {
    if (json.size() > LargestFile)
        return engine::invalid("the file has {} bytes, at most {} are read", json.size(), LargestFile);
    if (nestsTooDeep(json))
        return engine::invalid("the file nests deeper than {} levels", DeepestNesting);
    const ordered_json root = ordered_json::parse(json, nullptr, false);
    if (root.is_discarded())
        return engine::invalid("the file is no valid JSON");
    if (!root.is_object() || root.value("format", ordered_json()) != "tessera-chats")
        return engine::invalid("the file holds no exported chats: \"format\": \"tessera-chats\" is missing");
    const Field top{root, "file"};
    TRY(const int64_t version, top.integer("version", 1, INT64_MAX, 0));
    if (version != 1)
        return engine::unsupported("the file has version {} of the format, this program reads version 1", version);
    TRY(const ordered_json* list, top.array("chats", MostChats, true));
    std::vector<ImportedChat> chats;
    for (size_t i = 0; i < list->size(); ++i) {
        TRY(ImportedChat chat, readChatJson((*list)[i], fmt::format("chats[{}]", i)));
        chats.push_back(std::move(chat));
    }
    return m_state->write("the chats could not be imported", [&]() -> Result<std::vector<int64_t>> {
        std::vector<int64_t> ids;
        for (ImportedChat& in : chats) {
            if (!in.folder.empty()) {
                TRY(auto s, m_state->db->prepare("SELECT id FROM folders WHERE name = ? ORDER BY id"));
                TRY(const bool row, s.bind(in.folder).step());
                if (row) {
                    in.chat.folder = s.integer(0);
                } else {
                    TRY(auto add, m_state->db->prepare("INSERT INTO folders(name) VALUES (?)"));
                    TRY_VOID(add.bind(in.folder).run());
                    in.chat.folder = m_state->db->lastRowId();
                }
            }
            const int64_t oldLeaf = in.chat.activeLeaf;
            TRY(const int64_t chat, m_state->insertChat(in.chat));
            // A parent comes before its children; ids are given anew, so that nothing in the store can be overwritten.
            std::unordered_map<int64_t, int64_t> newIds{{0, 0}};
            int64_t leaf = 0;
            for (ImportedMessage& m : in.messages) {
                const int64_t old = m.message.id;
                const auto parent = newIds.find(m.message.parent);
                if (parent == newIds.end())
                    return engine::invalid("message {} of chat '{}' answers message {}, which does not come before it",
                                           old, in.chat.title.substr(0, 100), m.message.parent);
                if (old == 0 || newIds.contains(old))
                    return engine::invalid("message id {} of chat '{}' is missing or there twice", old,
                                           in.chat.title.substr(0, 100));
                m.message.chat = chat;
                m.message.parent = parent->second;
                TRY(leaf, m_state->insertMessage(m.message, factsToJson(m.message.facts)));
                newIds[old] = leaf;
                TRY_VOID(m_state->index(leaf, m.message.text));
                if (!m.tokens.empty()) {
                    TRY(auto s, m_state->db->prepare("INSERT INTO tokens(message, records) VALUES (?, ?)"));
                    const std::string blob = packTokens(m.tokens);
                    TRY_VOID(s.bind(leaf).bindBlob(blob).run());
                }
            }
            for (const StoredNote& note : in.notes) {
                TRY(auto s, m_state->db->prepare(
                                "INSERT INTO notes(chat, after, severity, text, created_ms) VALUES (?, ?, ?, ?, ?)"));
                const auto after = newIds.find(note.after);
                s.bind(chat)
                    .bind(after == newIds.end() ? 0 : after->second)
                    .bind(int64_t{note.severity})
                    .bind(note.text);
                TRY_VOID(s.bind(note.createdMs).run());
            }
            const auto active = newIds.find(oldLeaf);
            TRY_VOID(m_state->touch(chat, active == newIds.end() || active->second == 0 ? leaf : active->second));
            ids.push_back(chat);
        }
        return ids;
    });
}

}  // namespace app
