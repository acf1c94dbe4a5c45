// Opening a store: creating, migrating, recovering; what happens after a disk error.
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "app/store/salvage.h"
#include "app/store/schema.h"
#include "app/store/state.h"

namespace app {

using engine::Error;
using engine::ErrorCode;
using engine::Result;
namespace fs = std::filesystem;

namespace {

// Up to this size the whole structure is checked at every start (about 0.1 s); larger stores are checked by `store
// check`.
constexpr uintmax_t QuickCheckBytes = 64 << 20;

fs::path toPath(const std::string& utf8) {
    return fs::u8path(utf8);
}

std::string folderOf(const std::string& path) {
    const fs::path parent = toPath(path).parent_path();
    return parent.empty() ? "." : parent.string();
}

std::string dateText() {
    const std::time_t now = std::time(nullptr);
    char text[32] = {};
    std::strftime(text, sizeof text, "%Y-%m-%d-%H%M%S", std::gmtime(&now));
    return text;
}

bool isThere(const std::string& path) {
    std::error_code ignored;
    return fs::exists(toPath(path), ignored);
}

// The file must belong to this user alone before SQLite writes into it: its own files get 0644 under the usual umask.
void makePrivate(const std::string& path) {
    std::error_code ignored;
    if (!isThere(path))
        std::ofstream(toPath(path), std::ios::app | std::ios::binary).flush();
    for (const char* suffix : {"", "-wal", "-shm", "-lock"})
        if (isThere(path + suffix))
            fs::permissions(toPath(path + suffix), fs::perms::owner_read | fs::perms::owner_write, ignored);
}

// An empty file is a new store, unless its log holds something: SQLite would drop that unread.
bool canBeOpened(const std::string& path) {
    std::ifstream in(toPath(path), std::ios::binary);
    char head[16] = {};
    in.read(head, sizeof head);
    std::error_code none;
    const uintmax_t logBytes = fs::file_size(toPath(path + "-wal"), none);
    if (in.gcount() == 0)
        return none || logBytes == 0;
    return in.gcount() == 16 && std::string_view(head, 15) == "SQLite format 3";
}

}  // namespace

Store::Store(std::unique_ptr<State> state) : m_state(std::move(state)) {}
Store::~Store() = default;
const std::vector<std::string>& Store::notices() const {
    return m_state->notices;
}
bool Store::readOnly() const {
    return m_state->readOnly;
}
bool Store::recovered() const {
    return m_state->recovered;
}
const std::string& Store::path() const {
    return m_state->path;
}
std::string Store::sqliteVersion() {
    return sqlite3_libversion();
}

Store::State::~State() {
    // Closing the last connection writes the log back into the file: it takes its turn like any write.
    const bool locked = lock && !readOnly && lock->lockWriting(2000).has_value();
    if (db && !locked)
        sqlite3_db_config(db->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    db.reset();
    if (locked)
        lock->unlockWriting();
}

Result<void> Store::State::setUp() {
    TRY_VOID(
        db->execute("PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA cell_size_check = ON; "
                    "PRAGMA mmap_size = 0; PRAGMA cache_size = -8000"));
    if (readOnly)
        return {};
    if (isNetworkFolder(folderOf(path))) {
        TRY_VOID(db->execute("PRAGMA locking_mode = EXCLUSIVE"));
        TRY(const std::string mode, db->text("PRAGMA journal_mode = DELETE"));
        notices.push_back(
            "The store lies on a network drive: it is written in the slower, safe way, and one program at a time "
            "can use it.");
    } else {
        TRY(const std::string mode, db->text("PRAGMA journal_mode = WAL"));
    }
    return db->execute(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 16777216");
}

Result<Database*> Store::State::connection() {
    if (!db)
        return engine::makeError(ErrorCode::DeviceFailed,
                                 "'{}' could not be opened again after a disk error; saving tries it anew", path);
    return db.get();
}

Result<Statement> Store::State::prepare(std::string_view sql) {
    TRY(Database* const open, connection());
    return open->prepare(sql);
}

Result<void> Store::State::connect() {
    db.reset();
    TRY(db, Database::open(path,
                           {.readOnly = readOnly, .create = !readOnly, .busyMilliseconds = options.busyMilliseconds}));
    if (readOnly)
        sqlite3_db_config(db->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return setUp();
}

Result<void> Store::State::prepareFile(bool alone) {
    TRY(const int64_t version, db->integer("PRAGMA user_version"));
    TRY(const int64_t owner, db->integer("PRAGMA application_id"));
    TRY(const int64_t tables, db->integer("SELECT count(*) FROM sqlite_schema"));
    if (tables > 0 && owner != ApplicationId)
        return engine::damaged("'{}' holds other data than a store of this program", path);
    std::error_code ignored;
    if (tables > 0 && fs::file_size(toPath(path), ignored) <= QuickCheckBytes) {
        TRY(const std::string found, db->text("PRAGMA quick_check(1)"));
        if (found != "ok")
            return engine::damaged("'{}' is damaged: {}", path, found);
    }
    if (version > currentSchema()) {
        notices.push_back(
            fmt::format("The store was written by a newer version of the program (schema {}, this one knows {}). "
                        "It is open for reading only; chats can be read and exported, nothing is changed.",
                        version, currentSchema()));
        readOnly = true;
        return connect();
    }
    if (readOnly) {
        if (version < currentSchema())
            return engine::unsupported(
                "'{}' has schema {} of {}; open it once with this program so that it is brought up to date", path,
                version, currentSchema());
        return {};
    }
    if (version < currentSchema()) {
        TRY_VOID(lock->lockWriting(options.busyMilliseconds));
        Result<void> done;
        if (version > 0) {
            const std::string backup = fmt::format("{}.schema{}-{}", path, version, dateText());
            done = backupTo(*db, backup);
            if (done)
                notices.push_back(
                    fmt::format("The store was brought up to date; a copy of the old one is '{}'.", backup));
        }
        if (done)
            done = migrate(*db, version);
        lock->unlockWriting();
        TRY_VOID(std::move(done));
    }
    if (alone)
        return endInterrupted();
    return {};
}

// Copies the damaged file aside, fills a fresh one with what is readable and puts it in its place. Killed at any
// moment, the next start recovers from the same bytes again or ends what was begun.
Result<void> Store::State::recover() {
    if (db)  // closing must not write the log into the damaged file
        sqlite3_db_config(db->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    db.reset();
    const std::string aside = fmt::format("{}.damaged-{}", path, dateText());
    std::error_code failed;
    for (const char* suffix : {"", "-wal"}) {
        if (!isThere(path + suffix))
            continue;
        fs::copy_file(toPath(path + suffix), toPath(aside + suffix), fs::copy_options::overwrite_existing, failed);
        if (failed)
            return engine::makeError(ErrorCode::DeviceFailed, "the damaged store '{}' could not be copied aside: {}",
                                     path, failed.message());
    }
    TRY(const Salvage found, salvage(aside));
    const std::string fresh = path + ".recovering";
    for (const char* suffix : {"", "-wal", "-shm", "-journal"})
        fs::remove(toPath(fresh + suffix), failed);
    makePrivate(fresh);
    {
        TRY(auto target, Database::open(fresh, {}));
        TRY_VOID(migrate(*target, 0));
        TRY_VOID(fillFrom(*target, found));
    }
    fs::rename(toPath(fresh), toPath(path + ".recovered"), failed);
    if (failed)
        return engine::makeError(ErrorCode::DeviceFailed, "the recovered store could not be renamed: {}",
                                 failed.message());
    TRY_VOID(finishRecovery());
    notices.push_back(fmt::format("The store was damaged: {} of {} chats recovered. The damaged file is kept as '{}'.",
                                  found.chatsRecovered, found.chatsSeen, aside));
    return connect();
}

// From here on the fresh file counts: the log belongs to the damaged one and must not meet it.
Result<void> Store::State::finishRecovery() {
    std::error_code failed;
    for (const char* suffix : {"-wal", "-shm", "-journal"})
        fs::remove(toPath(path + suffix), failed);
    fs::rename(toPath(path + ".recovered"), toPath(path), failed);
    if (failed)
        return engine::makeError(ErrorCode::DeviceFailed, "the recovered store could not be put in its place: {}",
                                 failed.message());
    makePrivate(path);
    recovered = true;
    return {};
}

// After a failed write the system may have dropped what it claimed to have written: nothing is retried on the old
// connection.
Result<void> Store::State::reopenAfterDiskError() {
    TRY_VOID(connect());
    TRY(const std::string found, db->text("PRAGMA quick_check(1)"));
    if (found != "ok")
        return engine::damaged("'{}' is damaged after a disk error: {}; restart to recover what is readable", path,
                               found);
    suspect = false;
    return {};
}

Result<std::unique_ptr<Store>> Store::open(const std::string& path, const StoreOptions& options) {
    auto state = std::make_unique<State>();
    state->path = path;
    state->options = options;
    state->readOnly = options.readOnly;
    std::error_code failed;
    if (options.readOnly && !fs::exists(toPath(path), failed))
        return engine::makeError(ErrorCode::FileNotFound, "there is no store at '{}' yet", path);
    if (fs::is_directory(toPath(path), failed))
        return engine::invalid("'{}' is a folder, a store is a file", path);
    if (!options.readOnly) {
        fs::create_directories(toPath(folderOf(path)), failed);
        makePrivate(path);
    }
    auto lock = StoreLock::open(path + "-lock");
    bool alone = false;
    if (lock) {
        state->lock = std::move(*lock);
        TRY(alone, state->lock->enter(options.busyMilliseconds));
        makePrivate(path);
        if (alone && !options.readOnly && isThere(path + ".recovered")) {
            TRY_VOID(state->finishRecovery());
            state->notices.push_back(
                "The store was damaged and its recovery was cut short; it is complete now. The damaged file is kept "
                "beside it.");
        }
    } else if (!options.readOnly) {
        state->readOnly = true;
        state->notices.push_back(
            fmt::format("The store cannot be written ({}). Chats can be read; what is said now is kept in memory only.",
                        lock.error().message));
    }
    const auto tryOpen = [&]() -> Result<void> {
        if (!canBeOpened(path))
            return engine::damaged("'{}' is no SQLite file", path);
        TRY_VOID(state->connect());
        return state->prepareFile(alone && !state->readOnly);
    };
    Result<void> opened = tryOpen();
    if (!opened && opened.error().code == ErrorCode::FileDamaged && !state->readOnly) {
        if (!alone)
            return opened.error();
        TRY_VOID(state->recover());
        opened = state->prepareFile(true);
    }
    if (!opened && opened.error().code == ErrorCode::InvalidRequest && !state->readOnly && state->lock) {
        // May be read, may not be written.
        state->readOnly = true;
        state->notices.push_back(
            fmt::format("The store cannot be written ({}). Chats can be read; what is said now is kept in memory only.",
                        opened.error().message));
        opened = tryOpen();
    }
    TRY_VOID(std::move(opened));
    if (!state->readOnly)
        makePrivate(path);
    if (state->lock)
        state->lock->share();
    return std::unique_ptr<Store>(new Store(std::move(state)));
}

}  // namespace app
