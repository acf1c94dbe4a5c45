#include "app/store/salvage.h"

#include <filesystem>
#include <set>

#include "app/store/raw_pages.h"
#include "app/store/state.h"
#include "app/store/token_blob.h"

namespace app {

using engine::Result;

namespace {

// Reads a table by ascending rowid; where a page is damaged it jumps ahead in growing steps until rows come again.
template <typename F>
void readAround(Database& db, const std::string& columns, const std::string& table, F&& row) {
    const std::string sql = fmt::format("SELECT {} FROM {} NOT INDEXED WHERE rowid > ? ORDER BY rowid", columns, table);
    int64_t after = -1, step = 1;
    int failures = 0;
    while (failures < 4000) {
        auto statement = db.prepare(sql);
        if (!statement)
            return;
        statement->bind(after);
        for (;;) {
            auto next = statement->step();
            if (!next)
                break;
            if (!*next)
                return;
            row(*statement);
            after = std::max(after, statement->integer(0));
            step = 1;
        }
        ++failures;
        if (after > (int64_t{1} << 40))
            return;
        after += step;
        step = std::min<int64_t>(step * 2, 4096);
    }
}

void readThroughSqlite(const std::string& path, Salvage& out, std::set<int64_t>& seen) {
    std::error_code failed;
    if (std::filesystem::file_size(std::filesystem::u8path(path), failed) == 0)
        return;  // SQLite removes the log of an empty file
    auto opened = Database::open(path, {.readOnly = true, .create = false, .busyMilliseconds = 1000});
    if (!opened)
        return;
    Database& db = **opened;
    // The copy and its log stay as they are: the raw pages are read afterwards, and they are what is kept.
    sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    readAround(
        db,
        "id, title, folder, pinned, model_path, model_name, settings, active_leaf, sequence, created_ms, changed_ms, "
        "title_given, 0, deleted_ms",
        "chats", [&](const Statement& row) {
            const StoredChat chat = readChat(row);
            seen.insert(chat.id);
            out.chats[chat.id] = chat;
            out.deletedChats[chat.id] = !row.isNull(13);
        });
    readAround(db, "id, chat, parent, role, state, text, error, facts, created_ms, edited, checksum, 0, deleted",
               "messages", [&](const Statement& row) {
                   const StoredMessage message = readMessage(row);
                   seen.insert(message.chat);
                   if (!message.intact)
                       return;
                   out.messages[message.id] = message;
                   out.deletedMessages[message.id] = row.integer(12);
               });
    readAround(db, "message, records", "tokens",
               [&](const Statement& row) { out.tokens[row.integer(0)] = row.text(1); });
    readAround(
        db, "id, chat, after, severity, text, action_id, action_text, created_ms", "notes", [&](const Statement& row) {
            out.notes.push_back({row.integer(0), row.integer(1), row.integer(2), static_cast<int>(row.integer(3)),
                                 cleanText(row.text(4)), row.text(5), row.text(6), row.integer(7)});
        });
    readAround(db, "id, name", "folders", [&](const Statement& row) {
        out.folders.push_back({row.integer(0), cleanText(row.text(1))});
    });
    readAround(db, "chat, text", "drafts",
               [&](const Statement& row) { out.drafts[row.integer(0)] = cleanText(row.text(1)); });
    readAround(
        db, "rowid, path, size_bytes, modified_ms, facts, sha256, last_used_ms", "models", [&](const Statement& row) {
            out.models.push_back(
                {row.text(1), row.integer(2), row.integer(3), row.text(4), row.text(5), row.integer(6), std::string()});
        });
    std::map<std::string, std::string> templates;  // schema 1 has none
    readAround(db, "rowid, path, chat_template", "models",
               [&](const Statement& row) { templates[row.text(1)] = cleanText(row.text(2)); });
    for (StoredModel& model : out.models)
        model.chatTemplate = templates[model.path];
}

// A record of the raw pages that looks like a message and whose checksum agrees is one.
void takeRaw(const RawRecord& r, Salvage& out, std::set<int64_t>& seen) {
    const auto isText = [&](size_t i) { return r.values[i].kind == RawValue::Text; };
    const auto isInteger = [&](size_t i) { return r.values[i].kind == RawValue::Integer; };
    if (r.values.size() == 13 && isInteger(1) && isText(3) && isText(4) && isText(5) && isText(7) && isInteger(12)) {
        // id (the rowid), chat, parent, role, state, text, error, facts, created_ms, edited, deleted, indexed, checksum
        StoredMessage m;
        m.id = r.rowid;
        m.chat = r.values[1].integer;
        m.parent = isInteger(2) ? r.values[2].integer : 0;
        if (!parseRole(r.values[3].bytes, m.role) || !parseState(r.values[4].bytes, m.state))
            return;
        m.text = r.values[5].bytes;
        m.error = r.values[6].bytes;
        m.createdMs = r.values[8].integer;
        m.edited = r.values[9].integer != 0;
        if (messageChecksum(m, r.values[7].bytes) != r.values[12].integer)
            return;
        m.facts = factsFromJson(r.values[7].bytes);
        seen.insert(m.chat);
        out.deletedMessages.insert_or_assign(m.id, r.values[10].integer);
        out.messages.insert_or_assign(m.id, std::move(m));
        return;
    }
    if (r.values.size() == 13 && isText(1) && isText(5) && isText(6) && isText(7) &&
        r.values[7].bytes.starts_with('{') && isInteger(9)) {
        // id, title, title_given, folder, pinned, model_path, model_name, settings, active_leaf, sequence, created,
        // changed, deleted
        StoredChat c;
        c.id = r.rowid;
        c.title = cleanText(r.values[1].bytes);
        c.titleGiven = r.values[2].integer != 0;
        c.folder = isInteger(3) ? r.values[3].integer : 0;
        c.pinned = r.values[4].integer != 0;
        c.modelPath = r.values[5].bytes;
        c.modelName = r.values[6].bytes;
        c.settingsJson = r.values[7].bytes;
        c.activeLeaf = r.values[8].integer;
        c.sequence = r.values[9].integer;
        c.createdMs = r.values[10].integer;
        c.changedMs = r.values[11].integer;
        seen.insert(c.id);
        out.deletedChats.insert_or_assign(c.id, isInteger(12));
        out.chats.insert_or_assign(c.id, std::move(c));
    }
}

}  // namespace

Result<Salvage> salvage(const std::string& path) {
    Salvage out;
    std::set<int64_t> seen;
    readThroughSqlite(path, out, seen);
    std::error_code ignored;
    std::filesystem::remove(std::filesystem::u8path(path + "-shm"), ignored);  // SQLite's own, of the reading
    // Raw pages: later pages of the log replace earlier ones of the file, what SQLite could read replaces both.
    Salvage raw;
    for (const char* suffix : {"", "-wal"}) {
        Salvage part;
        TRY_VOID(readRawRecords(path + suffix, [&](const RawRecord& record) { takeRaw(record, part, seen); }));
        part.chats.merge(raw.chats);
        part.messages.merge(raw.messages);
        part.deletedChats.merge(raw.deletedChats);
        part.deletedMessages.merge(raw.deletedMessages);
        raw = std::move(part);
    }
    out.chats.merge(raw.chats);
    out.messages.merge(raw.messages);
    out.deletedChats.merge(raw.deletedChats);
    out.deletedMessages.merge(raw.deletedMessages);
    // Replies keep an interrupted state: nobody writes them any more.
    for (auto& [id, message] : out.messages)
        if (message.state == StoredState::Streaming)
            message.state = StoredState::Interrupted;
    std::set<int64_t> recovered;
    for (const auto& [id, chat] : out.chats)
        recovered.insert(id);
    for (const auto& [id, message] : out.messages) {
        recovered.insert(message.chat);
        if (out.chats.contains(message.chat))
            continue;
        StoredChat chat;
        chat.id = message.chat;
        chat.title = "Recovered chat";
        chat.createdMs = chat.changedMs = message.createdMs;
        out.chats[chat.id] = chat;
    }
    out.chatsSeen = static_cast<int64_t>(seen.size());
    out.chatsRecovered = static_cast<int64_t>(recovered.size());
    return out;
}

Result<void> fillFrom(Database& target, const Salvage& found) {
    TRY_VOID(target.execute("BEGIN IMMEDIATE"));
    for (const StoredFolder& folder : found.folders) {
        TRY(auto s, target.prepare("INSERT OR IGNORE INTO folders(id, name) VALUES (?, ?)"));
        TRY_VOID(s.bind(folder.id).bind(folder.name).run());
    }
    std::set<int64_t> folders;
    for (const StoredFolder& folder : found.folders)
        folders.insert(folder.id);
    for (const auto& [id, chat] : found.chats) {
        int64_t leaf = chat.activeLeaf;
        if (!found.messages.contains(leaf)) {
            leaf = 0;
            for (const auto& [messageId, message] : found.messages)
                if (message.chat == id)
                    leaf = messageId;
        }
        const auto deleted = found.deletedChats.find(id);
        TRY(auto s, target.prepare(
                        "INSERT INTO chats(id, title, title_given, folder, pinned, model_path, model_name, settings, "
                        "active_leaf, sequence, created_ms, changed_ms, deleted_ms) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
        s.bind(id).bind(chat.title).bind(int64_t{chat.titleGiven});
        s.bindId(folders.contains(chat.folder) ? chat.folder : 0).bind(int64_t{chat.pinned});
        s.bind(chat.modelPath).bind(chat.modelName).bind(chat.settingsJson).bind(leaf).bind(chat.sequence);
        s.bind(chat.createdMs).bind(chat.changedMs);
        s.bindId(deleted != found.deletedChats.end() && deleted->second ? nowMs() : 0);
        TRY_VOID(s.run());
    }
    for (const auto& [id, original] : found.messages) {
        // A lost parent: the rest of the branch hangs on the last message before it that is left.
        StoredMessage message = original;
        if (message.parent != 0 && !found.messages.contains(message.parent)) {
            int64_t parent = 0;
            for (auto it = found.messages.lower_bound(message.parent); it != found.messages.begin();) {
                --it;
                if (it->second.chat == message.chat) {
                    parent = it->first;
                    break;
                }
            }
            message.parent = parent;
        }
        const std::string facts = factsToJson(message.facts);
        const auto deleted = found.deletedMessages.find(id);
        TRY(auto s, target.prepare(
                        "INSERT INTO messages(id, chat, parent, role, state, text, error, facts, created_ms, edited, "
                        "deleted, indexed, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)"));
        const std::string role = storedRoleName(message.role), state = storedStateName(message.state);
        s.bind(id)
            .bind(message.chat)
            .bindId(message.parent)
            .bind(role)
            .bind(state)
            .bind(message.text)
            .bind(message.error);
        s.bind(facts).bind(message.createdMs).bind(int64_t{message.edited});
        s.bind(deleted != found.deletedMessages.end() ? deleted->second : 0).bind(messageChecksum(message, facts));
        TRY_VOID(s.run());
        TRY(auto f, target.prepare("INSERT INTO messages_fts(rowid, text) VALUES (?, ?)"));
        TRY_VOID(f.bind(id).bind(message.text).run());
    }
    for (const auto& [id, records] : found.tokens) {
        if (!found.messages.contains(id) || !unpackTokens(records))
            continue;
        TRY(auto s, target.prepare("INSERT INTO tokens(message, records) VALUES (?, ?)"));
        TRY_VOID(s.bind(id).bindBlob(records).run());
    }
    for (const StoredNote& note : found.notes) {
        if (!found.chats.contains(note.chat))
            continue;
        TRY(auto s,
            target.prepare("INSERT OR IGNORE INTO notes(id, chat, after, severity, text, action_id, action_text, "
                           "created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
        s.bind(note.id).bind(note.chat).bind(note.after).bind(int64_t{note.severity}).bind(note.text);
        TRY_VOID(s.bind(note.actionId).bind(note.actionText).bind(note.createdMs).run());
    }
    for (const auto& [chat, text] : found.drafts) {
        TRY(auto s, target.prepare("INSERT OR IGNORE INTO drafts(chat, text) VALUES (?, ?)"));
        TRY_VOID(s.bind(chat).bind(text).run());
    }
    for (const StoredModel& model : found.models) {
        TRY(auto s,
            target.prepare("INSERT OR IGNORE INTO models(path, size_bytes, modified_ms, facts, sha256, last_used_ms, "
                           "chat_template) VALUES (?, ?, ?, ?, ?, ?, ?)"));
        s.bind(model.path).bind(model.sizeBytes).bind(model.modifiedMs).bind(model.factsJson).bind(model.sha256);
        TRY_VOID(s.bind(model.lastUsedMs).bind(model.chatTemplate).run());
    }
    return target.execute("COMMIT");
}

}  // namespace app
