#include "app/store/database.h"

#include "engine/core/error_text.h"

namespace app {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

static bool isDiskError(int code) {
    return (code & 0xff) == SQLITE_IOERR;
}

Error databaseError(sqlite3* db, int code, std::string_view what) {
    const char* file = db ? sqlite3_db_filename(db, "main") : nullptr;
    const std::string name = file && *file ? file : "the store";
    const std::string said = db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    std::string prefix = what.empty() ? std::string() : std::string(what) + ": ";
    const auto make = [&](ErrorCode errorCode, std::string text) {
        return Error{errorCode, prefix + std::move(text), name};
    };
    switch (code & 0xff) {
        case SQLITE_FULL:
            return make(ErrorCode::DeviceFailed,
                        fmt::format("the disk that holds '{}' is full; free some space and try again", name));
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return make(ErrorCode::DeviceFailed,
                        fmt::format("'{}' is locked by another program; close it and try again", name));
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return make(ErrorCode::InvalidRequest, fmt::format("'{}' may not be written ({})", name, said));
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return make(ErrorCode::FileDamaged,
                        fmt::format("'{}' is damaged ({}); restart to recover what is readable", name, said));
        case SQLITE_IOERR:
            return make(ErrorCode::DeviceFailed, fmt::format("the disk that holds '{}' reports an error ({}, code {})",
                                                             name, said, db ? sqlite3_extended_errcode(db) : code));
        case SQLITE_CANTOPEN:
            return make(ErrorCode::FileNotFound, fmt::format("'{}' cannot be opened ({})", name, said));
        case SQLITE_NOMEM:
            return make(ErrorCode::OutOfMemory, "not enough memory for the store");
        case SQLITE_TOOBIG:
            return make(ErrorCode::InvalidRequest, "the text is larger than the store can hold (1 GB)");
        default:
            return make(ErrorCode::Internal, fmt::format("'{}': {} (code {})", name, said, code));
    }
}

Statement::~Statement() {
    if (m_stmt) {
        sqlite3_reset(m_stmt);
        sqlite3_clear_bindings(m_stmt);
    }
}

Statement& Statement::bind(int64_t value) {
    sqlite3_bind_int64(m_stmt, m_next++, value);
    return *this;
}
Statement& Statement::bind(std::string_view text) {
    sqlite3_bind_text64(m_stmt, m_next++, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8);
    return *this;
}
Statement& Statement::bindBlob(std::string_view bytes) {
    sqlite3_bind_blob64(m_stmt, m_next++, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC);
    return *this;
}
Statement& Statement::bindNull() {
    sqlite3_bind_null(m_stmt, m_next++);
    return *this;
}

Result<bool> Statement::step() {
    const int code = sqlite3_step(m_stmt);
    if (code == SQLITE_ROW)
        return true;
    if (code == SQLITE_DONE)
        return false;
    *m_diskError |= isDiskError(code);
    return databaseError(sqlite3_db_handle(m_stmt), code);
}

Result<void> Statement::run() {
    for (;;) {
        TRY(const bool row, step());
        if (!row)
            return {};
    }
}

std::string Statement::text(int column) const {
    const void* bytes = sqlite3_column_blob(m_stmt, column);
    const int size = sqlite3_column_bytes(m_stmt, column);
    return bytes ? std::string(static_cast<const char*>(bytes), static_cast<size_t>(size)) : std::string();
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, const Options& options) {
    sqlite3* handle = nullptr;
    int flags = SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |=
        options.readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | (options.create ? SQLITE_OPEN_CREATE : 0);
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    std::unique_ptr<Database> db(new Database(handle));
    if (code != SQLITE_OK)
        return databaseError(handle, code);
    sqlite3_busy_timeout(handle, options.busyMilliseconds);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
    // A query has no second file to look into; the value that databaseError() names as the largest.
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, 1'000'000'000);
    return db;
}

Database::~Database() {
    for (auto& [sql, stmt] : m_statements)
        sqlite3_finalize(stmt);
    sqlite3_close_v2(m_db);
}

Result<void> Database::execute(const char* sql) {
    const int code = sqlite3_exec(m_db, sql, nullptr, nullptr, nullptr);
    if (code == SQLITE_OK)
        return {};
    m_diskError |= isDiskError(code);
    return databaseError(m_db, code);
}

void Database::rollback() noexcept {
    if (sqlite3_get_autocommit(m_db) == 0)
        sqlite3_exec(m_db, "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<Statement> Database::prepare(std::string_view sql) {
    if (const auto found = m_statements.find(std::string(sql)); found != m_statements.end())
        return Statement(found->second, m_diskError);
    sqlite3_stmt* stmt = nullptr;
    const int code =
        sqlite3_prepare_v3(m_db, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &stmt, nullptr);
    if (code != SQLITE_OK) {
        m_diskError |= isDiskError(code);
        return databaseError(m_db, code);
    }
    m_statements.emplace(std::string(sql), stmt);
    return Statement(stmt, m_diskError);
}

Result<int64_t> Database::integer(std::string_view sql) {
    TRY(Statement s, prepare(sql));
    TRY(const bool row, s.step());
    return row ? s.integer(0) : int64_t{0};
}

Result<std::string> Database::text(std::string_view sql) {
    TRY(Statement s, prepare(sql));
    TRY(const bool row, s.step());
    return row ? s.text(0) : std::string();
}

}  // namespace app
