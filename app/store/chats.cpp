// Chats, folders, drafts, notes and models.
#include "app/store/state.h"

namespace app {

using engine::Result;

Result<int64_t> Store::State::insertChat(const StoredChat& chat) {
    TRY(auto s,
        db->prepare(
            "INSERT INTO chats(title, title_given, folder, pinned, model_path, model_name, settings, active_leaf, "
            "sequence, created_ms, changed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, 0, "
            "(SELECT coalesce(max(sequence), 0) + 1 FROM chats), ?, ?)"));
    const std::string title = cleanText(chat.title), settings = cleanText(chat.settingsJson);
    const std::string modelPath = cleanText(chat.modelPath), modelName = cleanText(chat.modelName);
    const int64_t now = chat.createdMs > 0 ? chat.createdMs : nowMs();
    s.bind(title).bind(int64_t{chat.titleGiven}).bindId(chat.folder).bind(int64_t{chat.pinned});
    s.bind(modelPath).bind(modelName).bind(settings).bind(now).bind(now);
    TRY_VOID(s.run());
    return db->lastRowId();
}

Result<void> Store::State::touch(int64_t chat, int64_t activeLeaf) {
    TRY(auto s, db->prepare("UPDATE chats SET active_leaf = ?, changed_ms = ?, "
                            "sequence = (SELECT coalesce(max(sequence), 0) + 1 FROM chats) WHERE id = ?"));
    return s.bind(activeLeaf).bind(nowMs()).bind(chat).run();
}

Result<int64_t> Store::createChat(const StoredChat& chat) {
    return m_state->write("the chat could not be saved", [&] { return m_state->insertChat(chat); });
}

Result<std::vector<StoredChat>> Store::chats() {
    TRY(auto s, m_state->prepare(fmt::format(
                    "SELECT {} FROM chats WHERE deleted_ms IS NULL ORDER BY sequence DESC, id DESC", ChatColumns)));
    std::vector<StoredChat> chats;
    for (;;) {
        TRY(const bool row, s.step());
        if (!row)
            return chats;
        chats.push_back(readChat(s));
    }
}

Result<StoredConversation> Store::conversation(int64_t chat) {
    StoredConversation c;
    {
        TRY(auto s,
            m_state->prepare(fmt::format("SELECT {} FROM chats WHERE id = ? AND deleted_ms IS NULL", ChatColumns)));
        TRY(const bool row, s.bind(chat).step());
        if (!row)
            return engine::invalid("there is no chat {}", chat);
        c.chat = readChat(s);
    }
    {
        TRY(auto s, m_state->prepare(fmt::format("SELECT {} FROM messages WHERE chat = ? AND deleted = 0 ORDER BY id",
                                                 MessageColumns)));
        s.bind(chat);
        for (;;) {
            TRY(const bool row, s.step());
            if (!row)
                break;
            c.messages.push_back(readMessage(s));
        }
    }
    {
        TRY(auto s,
            m_state->prepare("SELECT id, chat, after, severity, text, action_id, action_text, created_ms FROM notes "
                             "WHERE chat = ? ORDER BY id"));
        s.bind(chat);
        for (;;) {
            TRY(const bool row, s.step());
            if (!row)
                break;
            c.notes.push_back({s.integer(0), s.integer(1), s.integer(2), static_cast<int>(s.integer(3)),
                               cleanText(s.text(4)), s.text(5), s.text(6), s.integer(7)});
        }
    }
    TRY(c.draft, draft(chat));
    return c;
}

Result<void> Store::updateChat(const StoredChat& chat) {
    return m_state->write("the chat could not be saved", [&]() -> Result<void> {
        TRY(auto s,
            m_state->prepare("UPDATE chats SET title = ?, title_given = ?, folder = ?, pinned = ?, model_path = ?, "
                             "model_name = ?, settings = ? WHERE id = ?"));
        const std::string title = cleanText(chat.title), settings = cleanText(chat.settingsJson);
        const std::string modelPath = cleanText(chat.modelPath), modelName = cleanText(chat.modelName);
        s.bind(title).bind(int64_t{chat.titleGiven}).bindId(chat.folder).bind(int64_t{chat.pinned});
        return s.bind(modelPath).bind(modelName).bind(settings).bind(chat.id).run();
    });
}

Result<void> Store::setActiveLeaf(int64_t chat, int64_t message) {
    return m_state->write("the chat could not be saved", [&]() -> Result<void> {
        TRY(auto s, m_state->prepare("UPDATE chats SET active_leaf = ? WHERE id = ?"));
        return s.bind(message).bind(chat).run();
    });
}

Result<int64_t> Store::duplicateChat(int64_t chat, const std::string& title) {
    TRY(StoredConversation source, conversation(chat));
    return m_state->write("the copy could not be saved", [&]() -> Result<int64_t> {
        StoredChat copy = source.chat;
        copy.title = title;
        copy.titleGiven = true;
        copy.pinned = false;
        copy.createdMs = 0;
        TRY(const int64_t id, m_state->insertChat(copy));
        std::unordered_map<int64_t, int64_t> ids{{0, 0}};
        for (StoredMessage message : source.messages) {
            const int64_t old = message.id;
            if (!ids.contains(message.parent))
                continue;
            message.chat = id;
            message.parent = ids[message.parent];
            if (message.state == StoredState::Streaming)
                message.state = StoredState::Interrupted;
            TRY(ids[old], m_state->insertMessage(message, factsToJson(message.facts)));
            TRY_VOID(m_state->index(ids[old], cleanText(message.text)));
            TRY(auto s, m_state->prepare(
                            "INSERT INTO tokens(message, records) SELECT ?, records FROM tokens WHERE message = ?"));
            TRY_VOID(s.bind(ids[old]).bind(old).run());
        }
        for (const StoredNote& note : source.notes) {
            TRY(auto s,
                m_state->prepare("INSERT INTO notes(chat, after, severity, text, action_id, action_text, created_ms) "
                                 "VALUES (?, ?, ?, ?, ?, ?, ?)"));
            s.bind(id)
                .bind(ids.contains(note.after) ? ids[note.after] : 0)
                .bind(int64_t{note.severity})
                .bind(note.text);
            TRY_VOID(s.bind(note.actionId).bind(note.actionText).bind(note.createdMs).run());
        }
        TRY_VOID(m_state->touch(id, ids.contains(source.chat.activeLeaf) ? ids[source.chat.activeLeaf] : 0));
        return id;
    });
}

Result<void> Store::setChatDeleted(int64_t chat, bool deleted) {
    return m_state->write(deleted ? "the chat could not be deleted" : "the chat could not be brought back",
                          [&]() -> Result<void> {
                              TRY(auto s, m_state->prepare("UPDATE chats SET deleted_ms = ? WHERE id = ?"));
                              return s.bindId(deleted ? nowMs() : 0).bind(chat).run();
                          });
}

Result<std::vector<StoredFolder>> Store::folders() {
    TRY(auto s, m_state->prepare("SELECT id, name FROM folders ORDER BY name, id"));
    std::vector<StoredFolder> folders;
    for (;;) {
        TRY(const bool row, s.step());
        if (!row)
            return folders;
        folders.push_back({s.integer(0), cleanText(s.text(1))});
    }
}

Result<int64_t> Store::createFolder(const std::string& name) {
    return m_state->write("the folder could not be saved", [&]() -> Result<int64_t> {
        TRY(auto s, m_state->prepare("INSERT INTO folders(name) VALUES (?)"));
        const std::string clean = cleanText(name);
        TRY_VOID(s.bind(clean).run());
        return m_state->db->lastRowId();
    });
}

Result<void> Store::renameFolder(int64_t id, const std::string& name) {
    return m_state->write("the folder could not be saved", [&]() -> Result<void> {
        TRY(auto s, m_state->prepare("UPDATE folders SET name = ? WHERE id = ?"));
        const std::string clean = cleanText(name);
        return s.bind(clean).bind(id).run();
    });
}

Result<void> Store::deleteFolder(int64_t id) {
    return m_state->write("the folder could not be deleted", [&]() -> Result<void> {
        TRY(auto free, m_state->prepare("UPDATE chats SET folder = NULL WHERE folder = ?"));
        TRY_VOID(free.bind(id).run());
        TRY(auto s, m_state->prepare("DELETE FROM folders WHERE id = ?"));
        return s.bind(id).run();
    });
}

Result<int64_t> Store::addNote(const StoredNote& note) {
    return m_state->write("the note could not be saved", [&]() -> Result<int64_t> {
        TRY(auto s,
            m_state->prepare("INSERT INTO notes(chat, after, severity, text, action_id, action_text, created_ms) "
                             "VALUES (?, ?, ?, ?, ?, ?, ?)"));
        const std::string text = cleanText(note.text), actionId = cleanText(note.actionId),
                          actionText = cleanText(note.actionText);
        s.bind(note.chat).bind(note.after).bind(int64_t{note.severity}).bind(text).bind(actionId).bind(actionText);
        TRY_VOID(s.bind(note.createdMs > 0 ? note.createdMs : nowMs()).run());
        return m_state->db->lastRowId();
    });
}

Result<void> Store::removeNote(int64_t note) {
    return m_state->write("the note could not be removed", [&]() -> Result<void> {
        TRY(auto s, m_state->prepare("DELETE FROM notes WHERE id = ?"));
        return s.bind(note).run();
    });
}

Result<void> Store::setDraft(int64_t chat, const std::string& text) {
    return m_state->write("the draft could not be saved", [&]() -> Result<void> {
        if (text.empty()) {
            TRY(auto s, m_state->prepare("DELETE FROM drafts WHERE chat = ?"));
            return s.bind(chat).run();
        }
        TRY(auto s, m_state->prepare("INSERT INTO drafts(chat, text) VALUES (?, ?) "
                                     "ON CONFLICT(chat) DO UPDATE SET text = excluded.text"));
        const std::string clean = cleanText(text);
        return s.bind(chat).bind(clean).run();
    });
}

Result<std::string> Store::draft(int64_t chat) {
    TRY(auto s, m_state->prepare("SELECT text FROM drafts WHERE chat = ?"));
    TRY(const bool row, s.bind(chat).step());
    return row ? cleanText(s.text(0)) : std::string();
}

Result<std::vector<StoredModel>> Store::models() {
    TRY(auto s, m_state->prepare("SELECT path, size_bytes, modified_ms, facts, sha256, last_used_ms, chat_template "
                                 "FROM models ORDER BY path"));
    std::vector<StoredModel> models;
    for (;;) {
        TRY(const bool row, s.step());
        if (!row)
            return models;
        models.push_back({s.text(0), s.integer(1), s.integer(2), s.text(3), s.text(4), s.integer(5), s.text(6)});
    }
}

Result<void> Store::putModel(const StoredModel& model) {
    return m_state->write("the library could not be saved", [&]() -> Result<void> {
        TRY(auto s,
            m_state->prepare(
                "INSERT INTO models(path, size_bytes, modified_ms, facts, sha256, last_used_ms, chat_template) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(path) DO UPDATE SET size_bytes = excluded.size_bytes, "
                "modified_ms = excluded.modified_ms, facts = excluded.facts, sha256 = excluded.sha256, "
                "last_used_ms = excluded.last_used_ms, chat_template = excluded.chat_template"));
        const std::string facts = cleanText(model.factsJson), own = cleanText(model.chatTemplate);
        s.bind(model.path).bind(model.sizeBytes).bind(model.modifiedMs).bind(facts).bind(model.sha256);
        return s.bind(model.lastUsedMs).bind(own).run();
    });
}

Result<void> Store::removeModel(const std::string& path) {
    return m_state->write("the library could not be saved", [&]() -> Result<void> {
        TRY(auto s, m_state->prepare("DELETE FROM models WHERE path = ?"));
        return s.bind(path).run();
    });
}

}  // namespace app
