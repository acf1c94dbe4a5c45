// Messages as a tree, replies while they stream, token records.
#include "app/store/state.h"
#include "app/store/token_blob.h"

namespace app {

using engine::Result;

Result<int64_t> Store::State::insertMessage(const StoredMessage& source, std::string_view factsJson) {
    StoredMessage message = source;
    message.text = cleanText(message.text);
    message.error = cleanText(message.error);
    if (message.createdMs <= 0)
        message.createdMs = nowMs();
    TRY(auto s,
        db->prepare("INSERT INTO messages(chat, parent, role, state, text, error, facts, created_ms, edited, checksum) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    const std::string role = storedRoleName(message.role), state = storedStateName(message.state);
    s.bind(message.chat)
        .bindId(message.parent)
        .bind(role)
        .bind(state)
        .bind(message.text)
        .bind(message.error)
        .bind(factsJson);
    s.bind(message.createdMs).bind(int64_t{message.edited}).bind(checksumToStore(message, factsJson));
    TRY_VOID(s.run());
    return db->lastRowId();
}

Result<void> Store::State::index(int64_t message, std::string_view text) {
    TRY(auto s, db->prepare("INSERT INTO messages_fts(rowid, text) VALUES (?, ?)"));
    TRY_VOID(s.bind(message).bind(text).run());
    TRY(auto mark, db->prepare("UPDATE messages SET indexed = 1 WHERE id = ?"));
    return mark.bind(message).run();
}

// The index must be told the text that it holds: it is read from the row, which has not changed since.
Result<void> Store::State::unindex(int64_t message) {
    TRY(auto s,
        db->prepare("INSERT INTO messages_fts(messages_fts, rowid, text) SELECT 'delete', id, text FROM messages "
                    "WHERE id = ? AND indexed = 1"));
    TRY_VOID(s.bind(message).run());
    TRY(auto mark, db->prepare("UPDATE messages SET indexed = 0 WHERE id = ?"));
    return mark.bind(message).run();
}

Result<StoredMessage> Store::State::message(int64_t id) {
    TRY(auto s, db->prepare(fmt::format("SELECT {} FROM messages WHERE id = ?", MessageColumns)));
    TRY(const bool row, s.bind(id).step());
    if (!row)
        return engine::invalid("there is no message {}", id);
    return readMessage(s);
}

namespace {

Result<void> updateRow(Database& db, const StoredMessage& message) {
    const std::string facts = factsToJson(message.facts), state = storedStateName(message.state);
    TRY(auto s,
        db.prepare(
            "UPDATE messages SET state = ?, text = ?, error = ?, facts = ?, edited = ?, checksum = ? WHERE id = ?"));
    s.bind(state).bind(message.text).bind(message.error).bind(facts).bind(int64_t{message.edited});
    return s.bind(checksumToStore(message, facts)).bind(message.id).run();
}

}  // namespace

Result<int64_t> Store::appendMessage(const StoredMessage& message) {
    return m_state->write("the message could not be saved", [&]() -> Result<int64_t> {
        TRY(const int64_t id, m_state->insertMessage(message, factsToJson(message.facts)));
        if (message.state != StoredState::Streaming)
            TRY_VOID(m_state->index(id, cleanText(message.text)));
        TRY_VOID(m_state->touch(message.chat, id));
        return id;
    });
}

Result<Store::TurnIds> Store::beginTurn(const Turn& turn) {
    return m_state->write("the message could not be saved", [&]() -> Result<TurnIds> {
        TurnIds ids{turn.chat.id, 0, 0};
        if (ids.chat == 0) {
            TRY(ids.chat, m_state->insertChat(turn.chat));
            // What was typed into the new chat is said now.
            TRY(auto s, m_state->prepare("DELETE FROM drafts WHERE chat = 0"));
            TRY_VOID(s.run());
        }
        if (turn.user) {
            StoredMessage user = *turn.user;
            user.chat = ids.chat;
            TRY(ids.user, m_state->insertMessage(user, "{}"));
            TRY_VOID(m_state->index(ids.user, cleanText(user.text)));
            TRY(auto s, m_state->prepare("DELETE FROM drafts WHERE chat = ?"));
            TRY_VOID(s.bind(ids.chat).run());
        }
        if (turn.reply) {
            StoredMessage reply = *turn.reply;
            reply.chat = ids.chat;
            if (ids.user != 0)
                reply.parent = ids.user;
            TRY(ids.reply, m_state->insertMessage(reply, factsToJson(reply.facts)));
            if (reply.state != StoredState::Streaming)
                TRY_VOID(m_state->index(ids.reply, cleanText(reply.text)));
        }
        TRY_VOID(m_state->touch(ids.chat, ids.reply != 0 ? ids.reply : ids.user));
        return ids;
    });
}

Result<void> Store::updateStreaming(int64_t id, const std::string& text) {
    return m_state->write("the reply could not be saved", [&]() -> Result<void> {
        TRY(StoredMessage message, m_state->message(id));
        if (message.state != StoredState::Streaming)
            return engine::invalid("reply {} has ended", id);
        message.text = cleanText(text);
        message.intact = true;  // nothing is left of what was there
        return updateRow(*m_state->db, message);
    });
}

Result<void> Store::finishReply(const StoredMessage& finished, std::span<const StoredToken> tokens) {
    return m_state->write("the reply could not be saved", [&]() -> Result<void> {
        TRY(StoredMessage message, m_state->message(finished.id));
        TRY_VOID(m_state->unindex(message.id));
        message.state = finished.state;
        message.text = cleanText(finished.text);
        message.intact = true;
        message.error = cleanText(finished.error);
        message.facts = finished.facts;
        message.edited = finished.edited;
        TRY_VOID(updateRow(*m_state->db, message));
        TRY_VOID(m_state->index(message.id, message.text));
        TRY(auto old, m_state->prepare("DELETE FROM tokens WHERE message = ?"));
        TRY_VOID(old.bind(message.id).run());
        if (tokens.empty())
            return {};
        TRY(auto s, m_state->prepare("INSERT INTO tokens(message, records) VALUES (?, ?)"));
        const std::string blob = packTokens(tokens);
        return s.bind(message.id).bindBlob(blob).run();
    });
}

Result<void> Store::reopenReply(int64_t id) {
    return m_state->write("the reply could not be continued", [&]() -> Result<void> {
        TRY(StoredMessage message, m_state->message(id));
        if (message.role != StoredRole::Assistant)
            return engine::invalid("message {} is no reply", id);
        TRY_VOID(m_state->unindex(id));
        message.state = StoredState::Streaming;
        message.error.clear();
        TRY_VOID(updateRow(*m_state->db, message));
        return m_state->touch(message.chat, id);
    });
}

Result<std::vector<StoredToken>> Store::tokens(int64_t message) {
    TRY(auto s, m_state->prepare("SELECT records FROM tokens WHERE message = ?"));
    TRY(const bool row, s.bind(message).step());
    return row ? unpackTokens(s.text(0)) : std::vector<StoredToken>{};
}

Result<void> Store::setMessageDeleted(int64_t id, bool deleted, int64_t activeLeaf) {
    return m_state->write(
        deleted ? "the message could not be deleted" : "the message could not be brought back", [&]() -> Result<void> {
            if (deleted) {
                TRY(auto s,
                    m_state->prepare("WITH RECURSIVE below(id) AS (SELECT ? UNION ALL SELECT m.id FROM messages m "
                                     "JOIN below b ON m.parent = b.id) UPDATE messages SET deleted = ? "
                                     "WHERE id IN (SELECT id FROM below) AND deleted = 0"));
                TRY_VOID(s.bind(id).bind(id).run());
            } else {
                TRY(auto s, m_state->prepare("UPDATE messages SET deleted = 0 WHERE deleted = ?"));
                TRY_VOID(s.bind(id).run());
            }
            TRY(auto s, m_state->prepare("UPDATE chats SET active_leaf = ? WHERE id = "
                                         "(SELECT chat FROM messages WHERE id = ?)"));
            return s.bind(activeLeaf).bind(id).run();
        });
}

// Replies that were being written when the program ended.
Result<void> Store::State::endInterrupted() {
    std::vector<int64_t> ids;
    {
        TRY(auto s, db->prepare("SELECT id FROM messages WHERE state = 'streaming'"));
        for (;;) {
            TRY(const bool row, s.step());
            if (!row)
                break;
            ids.push_back(s.integer(0));
        }
    }
    if (!ids.empty())
        TRY_VOID(write("interrupted replies could not be saved", [&]() -> Result<void> {
            for (const int64_t id : ids) {
                TRY(StoredMessage m, message(id));
                m.state = StoredState::Interrupted;
                TRY_VOID(updateRow(*db, m));
                TRY_VOID(index(id, m.text));
            }
            return {};
        }));
    constexpr int64_t UndoMs = int64_t{24} * 3600 * 1000;
    return purge(nowMs() - UndoMs);
}

// What was deleted longer ago than the undo reaches. secure_delete overwrites it.
Result<void> Store::State::purge(int64_t deletedBeforeMs) {
    TRY(auto any, db->prepare("SELECT EXISTS (SELECT 1 FROM chats WHERE deleted_ms < ?)"));
    TRY(const bool row, any.bind(deletedBeforeMs).step());
    if (!row || any.integer(0) == 0)
        return {};
    return write("deleted chats could not be removed", [&]() -> Result<void> {
        constexpr const char* Steps[] = {
            "INSERT INTO messages_fts(messages_fts, rowid, text) SELECT 'delete', id, text FROM messages WHERE indexed "
            "= 1 AND "
            "chat IN (SELECT id FROM chats WHERE deleted_ms < ?)",
            "DELETE FROM tokens WHERE message IN (SELECT id FROM messages WHERE chat IN (SELECT id FROM chats WHERE "
            "deleted_ms < ?))",
            "DELETE FROM messages WHERE chat IN (SELECT id FROM chats WHERE deleted_ms < ?)",
            "DELETE FROM notes WHERE chat IN (SELECT id FROM chats WHERE deleted_ms < ?)",
            "DELETE FROM drafts WHERE chat IN (SELECT id FROM chats WHERE deleted_ms < ?)",
            "DELETE FROM chats WHERE deleted_ms < ?"};
        for (const char* sql : Steps) {
            TRY(auto s, db->prepare(sql));
            TRY_VOID(s.bind(deletedBeforeMs).run());
        }
        // The index keeps the words of deleted texts until its parts are merged.
        return db->execute("INSERT INTO messages_fts(messages_fts) VALUES ('optimize')");
    });
}

}  // namespace app
