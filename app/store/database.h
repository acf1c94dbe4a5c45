// A thin, checked layer over SQLite's C interface: connection, statements, transactions, and errors in words.
// Thread: one at a time.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/core/result.h"

namespace app {

class Statement {
  public:
    Statement(sqlite3_stmt* stmt, bool& diskError) : m_stmt(stmt), m_diskError(&diskError) {}
    Statement(Statement&& other) noexcept
        : m_stmt(std::exchange(other.m_stmt, nullptr)), m_diskError(other.m_diskError), m_next(other.m_next) {}
    Statement& operator=(Statement&&) = delete;
    ~Statement();  // resets: the connection keeps it

    // Values in the order of the question marks. The bytes must stay until the last step.
    Statement& bind(int64_t value);
    Statement& bind(std::string_view text);
    Statement& bindBlob(std::string_view bytes);
    Statement& bindNull();
    Statement& bindId(int64_t id) { return id == 0 ? bindNull() : bind(id); }

    engine::Result<bool> step();  // true: a row is there
    engine::Result<void> run();   // steps to the end

    int64_t integer(int column) const { return sqlite3_column_int64(m_stmt, column); }
    std::string text(int column) const;
    bool isNull(int column) const { return sqlite3_column_type(m_stmt, column) == SQLITE_NULL; }

  private:
    sqlite3_stmt* m_stmt;
    bool* m_diskError;  // of the connection
    int m_next = 1;
};

class Database {
  public:
    struct Options {
        bool readOnly = false;
        bool create = true;
        int busyMilliseconds = 5000;
    };
    static engine::Result<std::unique_ptr<Database>> open(const std::string& path, const Options& options);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    engine::Result<void> execute(const char* sql);            // one or several statements
    engine::Result<Statement> prepare(std::string_view sql);  // kept and used again
    engine::Result<int64_t> integer(std::string_view sql);    // first column of the first row, 0 when there is none
    engine::Result<std::string> text(std::string_view sql);
    int64_t lastRowId() const { return sqlite3_last_insert_rowid(m_db); }
    sqlite3* handle() const { return m_db; }
    void rollback() noexcept;                          // when a transaction is open
    bool sawDiskError() const { return m_diskError; }  // since it was opened, in whatever statement

  private:
    explicit Database(sqlite3* db) : m_db(db) {}
    sqlite3* m_db;
    bool m_diskError = false;
    std::unordered_map<std::string, sqlite3_stmt*> m_statements;
};

// What SQLite said, as one sentence for people. `what` names the action: "the message could not be saved".
engine::Error databaseError(sqlite3* db, int code, std::string_view what = {});

}  // namespace app
