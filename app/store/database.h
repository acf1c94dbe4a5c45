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
    explicit Statement(sqlite3_stmt* stmt) : m_stmt(stmt) {}
    Statement(Statement&& other) noexcept : m_stmt(std::exchange(other.m_stmt, nullptr)), m_next(other.m_next) {}
    Statement& operator=(Statement&&) = delete;
    ~Statement();  // resets: the connection keeps it

    // Values in the order of the question marks. The bytes must stay until the last step.
    Statement& bind(int64_t value);
    Statement& bind(double value);
    Statement& bind(std::string_view text);
    Statement& bindBlob(std::string_view bytes);
    Statement& bindNull();
    Statement& bindId(int64_t id) { return id == 0 ? bindNull() : bind(id); }

    engine::Result<bool> step();  // true: a row is there
    engine::Result<void> run();   // steps to the end

    int64_t integer(int column) const { return sqlite3_column_int64(m_stmt, column); }
    double real(int column) const { return sqlite3_column_double(m_stmt, column); }
    std::string text(int column) const;
    bool isNull(int column) const { return sqlite3_column_type(m_stmt, column) == SQLITE_NULL; }
    sqlite3_stmt* handle() const { return m_stmt; }

  private:
    sqlite3_stmt* m_stmt;
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
    int64_t changes() const { return sqlite3_changes64(m_db); }
    sqlite3* handle() const { return m_db; }
    bool inTransaction() const { return sqlite3_get_autocommit(m_db) == 0; }

  private:
    explicit Database(sqlite3* db) : m_db(db) {}
    sqlite3* m_db;
    std::unordered_map<std::string, sqlite3_stmt*> m_statements;
};

// What SQLite said, as one sentence for people. `what` names the action: "the message could not be saved".
engine::Error databaseError(sqlite3* db, int code, std::string_view what = {});
// The error comes from a damaged file (not from a full disk, a lock or a wrong call).
bool isDamage(int sqliteCode);

}  // namespace app
