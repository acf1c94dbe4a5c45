#include "app/store/schema.h"

#include <cstdio>

#include "engine/core/error_text.h"

namespace app {

using engine::Result;

namespace {

// Entry i makes schema i + 1 out of schema i. Never change an entry that was released: add one.
constexpr const char* Migrations[] = {
    // 1: chats
    R"sql(
CREATE TABLE folders (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL
) STRICT;
CREATE TABLE chats (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  title TEXT NOT NULL,
  title_given INTEGER NOT NULL DEFAULT 0,
  folder INTEGER REFERENCES folders(id) ON DELETE SET NULL,
  pinned INTEGER NOT NULL DEFAULT 0,
  model_path TEXT NOT NULL DEFAULT '',
  model_name TEXT NOT NULL DEFAULT '',
  settings TEXT NOT NULL DEFAULT '{}',
  active_leaf INTEGER NOT NULL DEFAULT 0,
  sequence INTEGER NOT NULL,              -- orders the list; the clock may run backwards
  created_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  deleted_ms INTEGER                      -- set: gone from the list, kept for undo
) STRICT;
CREATE INDEX chats_by_folder ON chats(folder);
CREATE INDEX chats_by_sequence ON chats(sequence);
CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  chat INTEGER NOT NULL REFERENCES chats(id),
  parent INTEGER REFERENCES messages(id), -- no cascade: a long chat is deeper than SQLite's recursion limit
  role TEXT NOT NULL,
  state TEXT NOT NULL,
  text TEXT NOT NULL,
  error TEXT NOT NULL DEFAULT '',
  facts TEXT NOT NULL DEFAULT '{}',
  created_ms INTEGER NOT NULL,
  edited INTEGER NOT NULL DEFAULT 0,
  deleted INTEGER NOT NULL DEFAULT 0,     -- id of the message whose deletion took this one along
  indexed INTEGER NOT NULL DEFAULT 0,     -- is in messages_fts
  checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_by_chat ON messages(chat, id);
CREATE INDEX messages_by_parent ON messages(parent);
CREATE INDEX messages_streaming ON messages(state) WHERE state = 'streaming';
CREATE TABLE tokens (
  message INTEGER PRIMARY KEY REFERENCES messages(id),
  records BLOB NOT NULL
) STRICT;
CREATE TABLE notes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  chat INTEGER NOT NULL REFERENCES chats(id),
  after INTEGER NOT NULL DEFAULT 0,
  severity INTEGER NOT NULL DEFAULT 1,
  text TEXT NOT NULL,
  action_id TEXT NOT NULL DEFAULT '',
  action_text TEXT NOT NULL DEFAULT '',
  created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_by_chat ON notes(chat, id);
CREATE TABLE drafts (
  chat INTEGER PRIMARY KEY,               -- 0: the new chat
  text TEXT NOT NULL
) STRICT;
CREATE TABLE models (
  path TEXT PRIMARY KEY,
  size_bytes INTEGER NOT NULL,
  modified_ms INTEGER NOT NULL,
  facts TEXT NOT NULL DEFAULT '{}',
  sha256 TEXT NOT NULL DEFAULT '',
  last_used_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE VIRTUAL TABLE messages_fts USING fts5(text, content='messages', content_rowid='id', tokenize='unicode61 remove_diacritics 2', prefix='2 3');
)sql",
    // 2: a template of one's own per model; runs and their figures
    R"sql(
ALTER TABLE models ADD COLUMN chat_template TEXT NOT NULL DEFAULT '';
CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  facts TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE TABLE metrics (
  run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  unit TEXT NOT NULL DEFAULT '',
  value REAL NOT NULL,
  at_seconds REAL NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX metrics_by_run ON metrics(run, name);
)sql",
};

}  // namespace

int64_t currentSchema() {
    return static_cast<int64_t>(std::size(Migrations));
}

Result<void> migrate(Database& db, int64_t from) {
    TRY_VOID(db.execute("BEGIN IMMEDIATE"));
    const auto steps = [&]() -> Result<void> {
        // Another process may have been faster.
        TRY(const int64_t now, db.integer("PRAGMA user_version"));
        if (now >= currentSchema())
            return {};
        for (int64_t version = std::max(from, now); version < currentSchema(); ++version)
            TRY_VOID(db.execute(Migrations[version]));
        TRY_VOID(db.execute(fmt::format("PRAGMA application_id = {}", ApplicationId).c_str()));
        TRY_VOID(db.execute(fmt::format("PRAGMA user_version = {}", currentSchema()).c_str()));
        return db.execute("COMMIT");
    };
    auto done = steps();
    db.rollback();  // of what was not committed
    return done;
}

Result<void> backupTo(Database& db, const std::string& path) {
    const std::string part = path + ".part";
    std::remove(part.c_str());
    {
        TRY(auto target, Database::open(part, {}));
        sqlite3_backup* copy = sqlite3_backup_init(target->handle(), "main", db.handle(), "main");
        if (!copy)
            return databaseError(target->handle(), sqlite3_errcode(target->handle()), "the backup could not be made");
        const int code = sqlite3_backup_step(copy, -1);
        sqlite3_backup_finish(copy);
        if (code != SQLITE_DONE) {
            const auto error = databaseError(target->handle(), code, "the backup could not be made");
            target.reset();
            std::remove(part.c_str());
            return error;
        }
    }
    if (std::rename(part.c_str(), path.c_str()) != 0)
        return engine::makeError(engine::ErrorCode::DeviceFailed, "the backup '{}' could not be put in its place",
                                 path);
    return {};
}

}  // namespace app
