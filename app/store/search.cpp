// Full-text search, the check of the whole store, read-only queries.
#include <algorithm>

#include "app/store/state.h"
#include "app/store/token_blob.h"

namespace app {

using engine::Result;

namespace {

constexpr char MarkBegin = '\x01', MarkEnd = '\x02';

// Words of what a person typed, each quoted so that no operator of the query language is left; the last may be
// unfinished.
std::string matchExpression(const std::string& text, bool& needsScan) {
    std::string expression, word;
    const auto flush = [&](bool last) {
        if (word.empty())
            return;
        if (!expression.empty())
            expression += ' ';
        expression += '"' + word + '"';
        if (last)
            expression += '*';
        word.clear();
    };
    for (const char c : text) {
        if (static_cast<uint8_t>(c) <= ' ')
            flush(false);
        else if (c == '"')
            word += "\"\"";
        else
            word += c;
        // Scripts without spaces between words (from U+3000 on) are one word for the index: they are looked for as they
        // stand.
        needsScan |= static_cast<uint8_t>(c) >= 0xe3;
    }
    flush(true);
    return expression;
}

void takeMarks(std::string_view marked, StoredHit& hit) {
    int64_t begin = -1;
    for (const char c : marked) {
        if (c == MarkBegin) {
            begin = static_cast<int64_t>(hit.snippet.size());
        } else if (c == MarkEnd) {
            if (begin >= 0)
                hit.marks.emplace_back(begin, static_cast<int64_t>(hit.snippet.size()) - begin);
            begin = -1;
        } else {
            hit.snippet += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
        }
    }
}

// A window of characters around a place in the text, with the place marked.
StoredHit cutAround(const std::string& text, size_t at, size_t length) {
    StoredHit hit;
    size_t from = at > 60 ? at - 60 : 0, to = std::min(text.size(), at + length + 60);
    while (from > 0 && (static_cast<uint8_t>(text[from]) & 0xc0) == 0x80)
        --from;
    while (to < text.size() && (static_cast<uint8_t>(text[to]) & 0xc0) == 0x80)
        ++to;
    std::string marked = from > 0 ? "…" : "";
    marked += text.substr(from, at - from) + MarkBegin + text.substr(at, length) + MarkEnd +
              text.substr(at + length, to - at - length);
    marked += to < text.size() ? "…" : "";
    takeMarks(marked, hit);
    return hit;
}

}  // namespace

Result<std::vector<StoredHit>> Store::search(const std::string& raw, int limit) {
    std::vector<StoredHit> hits;
    std::string text = cleanText(raw);
    while (!text.empty() && static_cast<uint8_t>(text.back()) <= ' ')
        text.pop_back();
    bool needsScan = false;
    const std::string expression = matchExpression(text, needsScan);
    if (expression.empty())
        return hits;
    if (needsScan) {
        TRY(auto s,
            m_state->prepare("SELECT m.chat, m.id, c.title, m.text FROM messages m JOIN chats c ON c.id = m.chat "
                             "WHERE c.deleted_ms IS NULL AND m.deleted = 0 AND instr(m.text, ?) > 0 "
                             "ORDER BY m.id DESC LIMIT ?"));
        s.bind(text).bind(int64_t{limit});
        for (;;) {
            TRY(const bool row, s.step());
            if (!row)
                return hits;
            const std::string body = cleanText(s.text(3));
            const size_t at = body.find(text);
            if (at == std::string::npos)
                continue;
            StoredHit hit = cutAround(body, at, text.size());
            hit.chat = s.integer(0);
            hit.message = s.integer(1);
            hit.chatTitle = cleanText(s.text(2));
            hits.push_back(std::move(hit));
        }
    }
    const auto indexed = [&]() -> Result<void> {
        TRY(auto s, m_state->prepare(
                        "SELECT m.chat, m.id, c.title, snippet(messages_fts, 0, char(1), char(2), '…', 14) "
                        "FROM messages_fts JOIN messages m ON m.id = messages_fts.rowid JOIN chats c ON c.id = m.chat "
                        "WHERE messages_fts MATCH ? AND c.deleted_ms IS NULL AND m.deleted = 0 ORDER BY rank LIMIT ?"));
        s.bind(expression).bind(int64_t{limit});
        for (;;) {
            TRY(const bool row, s.step());
            if (!row)
                return {};
            StoredHit hit;
            hit.chat = s.integer(0);
            hit.message = s.integer(1);
            hit.chatTitle = cleanText(s.text(2));
            takeMarks(cleanText(s.text(3)), hit);
            hits.push_back(std::move(hit));
        }
    };
    Result<void> found = indexed();
    if (!found && found.error().code == engine::ErrorCode::FileDamaged && !m_state->readOnly) {
        // The index is made from the messages: it can always be made again.
        TRY_VOID(m_state->write("the search index could not be rebuilt", [&] {
            return m_state->db->execute("INSERT INTO messages_fts(messages_fts) VALUES ('rebuild')");
        }));
        hits.clear();
        found = indexed();
    }
    TRY_VOID(std::move(found));
    return hits;
}

Result<StoreCheck> Store::check() {
    StoreCheck report;
    const auto problem = [&](std::string text) {
        if (report.problems.size() < 100)
            report.problems.push_back(std::move(text));
    };
    TRY(Database* const connection, m_state->connection());
    Database& db = *connection;
    const auto structure = [&]() -> Result<void> {
        {
            TRY(auto s, db.prepare("PRAGMA integrity_check(50)"));
            for (;;) {
                TRY(const bool row, s.step());
                if (!row)
                    break;
                if (s.text(0) != "ok")
                    problem("structure: " + s.text(0));
            }
        }
        {
            TRY(auto s, db.prepare("PRAGMA foreign_key_check"));
            for (;;) {
                TRY(const bool row, s.step());
                if (!row)
                    break;
                problem(
                    fmt::format("{} {}: refers to a row of {} that is not there", s.text(0), s.integer(1), s.text(2)));
            }
        }
        {
            TRY(auto s, db.prepare(fmt::format("SELECT {}, deleted FROM messages ORDER BY id", MessageColumns)));
            for (;;) {
                TRY(const bool row, s.step());
                if (!row)
                    break;
                const StoredMessage message = readMessage(s);
                ++report.messages;
                if (!message.intact)
                    problem(
                        fmt::format("message {} of chat {}: the checksum does not agree", message.id, message.chat));
                if (message.parent >= message.id)
                    problem(fmt::format("message {}: its parent {} is not older", message.id, message.parent));
            }
        }
        {
            TRY(auto s, db.prepare("SELECT message, records FROM tokens"));
            for (;;) {
                TRY(const bool row, s.step());
                if (!row)
                    break;
                ++report.tokensRecords;
                if (const auto tokens = unpackTokens(s.text(1)); !tokens)
                    problem(fmt::format("tokens of message {}: {}", s.integer(0), tokens.error().message));
            }
        }
        TRY(report.chats, db.integer("SELECT count(*) FROM chats"));
        return {};
    };
    if (const auto read = structure(); !read) {
        if (read.error().code != engine::ErrorCode::FileDamaged)
            return read.error();
        problem(read.error().message);
    }
    if (!m_state->readOnly) {
        const auto index = m_state->write("the search index could not be checked", [&] {
            return db.execute("INSERT INTO messages_fts(messages_fts) VALUES ('integrity-check')");
        });
        if (!index)
            problem("search index: " + index.error().message);
    }
    report.ok = report.problems.empty();
    return report;
}

Result<void> Store::query(const std::string& sql, const RowSink& sink) {
    sqlite3_stmt* stmt = nullptr;
    const char* tail = nullptr;
    TRY(Database* const connection, m_state->connection());
    sqlite3* db = connection->handle();
    int code = sqlite3_prepare_v2(db, sql.c_str(), static_cast<int>(sql.size()), &stmt, &tail);
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(stmt, sqlite3_finalize);
    if (code != SQLITE_OK)
        return engine::invalid("the query is not understood: {}", sqlite3_errmsg(db));
    while (tail && (*tail == ';' || static_cast<uint8_t>(*tail) <= ' ') && *tail)
        ++tail;
    if (!stmt || (tail && *tail))
        return engine::invalid("one SELECT is expected");
    if (!sqlite3_stmt_readonly(stmt) || sqlite3_column_count(stmt) == 0)
        return engine::invalid("only a query that reads is allowed");
    std::vector<std::string> columns, values;
    for (int i = 0; i < sqlite3_column_count(stmt); ++i)
        columns.emplace_back(sqlite3_column_name(stmt, i));
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        values.clear();
        for (int i = 0; i < sqlite3_column_count(stmt); ++i) {
            nlohmann::ordered_json value;
            switch (sqlite3_column_type(stmt, i)) {
                case SQLITE_INTEGER:
                    value = sqlite3_column_int64(stmt, i);
                    break;
                case SQLITE_FLOAT:
                    value = sqlite3_column_double(stmt, i);
                    break;
                case SQLITE_TEXT:
                    value = std::string(reinterpret_cast<const char*>(sqlite3_column_text(stmt, i)),
                                        static_cast<size_t>(sqlite3_column_bytes(stmt, i)));
                    break;
                case SQLITE_BLOB:
                    value = fmt::format("<{} bytes>", sqlite3_column_bytes(stmt, i));
                    break;
                default:
                    break;
            }
            values.push_back(dumpJson(value));
        }
        if (!sink(columns, values))
            return {};
    }
    if (code != SQLITE_DONE)
        return databaseError(db, code, "the query failed");
    return {};
}

}  // namespace app
