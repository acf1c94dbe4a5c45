-- A store as schema 1 wrote it: one chat, one message.
BEGIN;
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
INSERT INTO chats(id, title, sequence, created_ms, changed_ms, active_leaf) VALUES (1, 'Old times', 1, 1700000000000, 1700000000000, 1);
INSERT INTO messages(id, chat, parent, role, state, text, created_ms, indexed, checksum) VALUES (1, 1, NULL, 'user', 'done', 'a question of old', 1700000000000, 1, -5454569954005260305);
INSERT INTO messages_fts(rowid, text) VALUES (1, 'a question of old');
PRAGMA application_id = 1414746929;
PRAGMA user_version = 1;
COMMIT;
