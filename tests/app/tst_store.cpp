// The store: what is acknowledged is there again, the tree, search, checksums, migration, damage, full disk, import.
#include <QtTest>

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <random>
#include <set>

#include "app/store/store.h"
#include "app/store/token_blob.h"

using namespace app;

namespace {

std::unique_ptr<Store> mustOpen(const QString& path, StoreOptions options = {}) {
    auto store = Store::open(path.toStdString(), options);
    if (!store) {
        qWarning("%s", store.error().message.c_str());
        return nullptr;
    }
    return std::move(*store);
}

struct Spoken {
    int64_t chat, user, reply;
};

// One turn with a finished reply.
Spoken speak(Store& store, int64_t chat, int64_t parent, const std::string& said, const std::string& answer) {
    Store::Turn turn;
    turn.chat.id = chat;
    turn.chat.title = said.substr(0, 20);
    turn.user = StoredMessage{.parent = parent, .text = said};
    turn.reply = StoredMessage{.role = StoredRole::Assistant, .state = StoredState::Streaming};
    const auto ids = store.beginTurn(turn);
    if (!ids)
        return {};
    StoredMessage reply{.id = ids->reply, .state = StoredState::Done, .text = answer};
    reply.facts.tokens = 3;
    reply.facts.seed = 42;
    reply.facts.modelName = "Tiny";
    reply.facts.settingsJson = R"({"temperature":0.7})";
    const std::vector<StoredToken> tokens = {
        {5, -0.5f, 1.25f, answer, static_cast<int64_t>(answer.size()), {{5, -0.5f, answer}, {7, -1.5f, "other"}}}};
    if (!store.finishReply(reply, tokens))
        return {};
    return {ids->chat, ids->user, ids->reply};
}

const char* firstProblem(const StoreCheck& check) {
    return check.problems.empty() ? "" : check.problems.front().c_str();
}

QByteArray readAll(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}
bool writeAll(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
}

}  // namespace

class TstStore : public QObject {
    Q_OBJECT
  private slots:
    void init() {
        m_dir = std::make_unique<QTemporaryDir>();
        m_path = m_dir->filePath("tessera.db");
    }

    void turnSurvivesReopen() {
        Spoken ids{};
        {
            auto store = mustOpen(m_path);
            QVERIFY(store);
            ids = speak(*store, 0, 0, "How tall is a giraffe?", "About five metres.");
            QVERIFY(ids.reply > ids.user);
            const auto check = store->check();
            QVERIFY(check && check->ok);
        }
        auto store = mustOpen(m_path);
        const auto c = store->conversation(ids.chat);
        QVERIFY(c);
        QCOMPARE(c->messages.size(), size_t{2});
        QCOMPARE(c->messages[1].text, std::string("About five metres."));
        QCOMPARE(c->messages[1].facts.seed, uint64_t{42});
        QCOMPARE(c->messages[1].facts.settingsJson, std::string(R"({"temperature":0.7})"));
        QCOMPARE(c->chat.activeLeaf, ids.reply);
        QVERIFY(c->messages[1].hasTokens);
        const auto tokens = store->tokens(ids.reply);
        QVERIFY(tokens);
        QCOMPARE((*tokens)[0].top[1].text, std::string("other"));
    }

    void filesArePrivate() {
        auto store = mustOpen(m_path);
        speak(*store, 0, 0, "a", "b");
        for (const char* suffix : {"", "-wal", "-shm", "-lock"}) {
            struct stat facts {};
            QVERIFY2(::stat((m_path + suffix).toUtf8().constData(), &facts) == 0, suffix);
            QCOMPARE(facts.st_mode & 0777, mode_t{0600});
        }
    }

    void branches() {
        auto store = mustOpen(m_path);
        const Spoken first = speak(*store, 0, 0, "one", "A");
        const Spoken second = speak(*store, first.chat, first.reply, "two", "B");
        // Another version of the first reply.
        Store::Turn turn;
        turn.chat.id = first.chat;
        turn.reply =
            StoredMessage{.parent = first.user, .role = StoredRole::Assistant, .state = StoredState::Streaming};
        const auto other = store->beginTurn(turn);
        QVERIFY(other);
        QVERIFY(store->finishReply({.id = other->reply, .state = StoredState::Done, .text = "A2"}, {}));
        auto c = *store->conversation(first.chat);
        QCOMPARE(branchOf(c, c.chat.activeLeaf).back().text, std::string("A2"));
        QCOMPARE(branchOf(c, second.reply).size(), size_t{4});
        QVERIFY(store->setActiveLeaf(first.chat, second.reply));
        QVERIFY(store->setMessageDeleted(first.reply, true, other->reply));
        c = *store->conversation(first.chat);
        QCOMPARE(c.messages.size(), size_t{2});
        QVERIFY(store->setMessageDeleted(first.reply, false, second.reply));
        c = *store->conversation(first.chat);
        QCOMPARE(c.messages.size(), size_t{5});
        QCOMPARE(c.chat.activeLeaf, second.reply);
        QVERIFY(store->check()->ok);
    }

    void interruptedReplyIsMarked() {
        int64_t chat = 0;
        {
            auto store = mustOpen(m_path);
            Store::Turn turn;
            turn.user = StoredMessage{.text = "tell a story"};
            turn.reply = StoredMessage{.role = StoredRole::Assistant, .state = StoredState::Streaming};
            const auto ids = store->beginTurn(turn);
            chat = ids->chat;
            QVERIFY(store->updateStreaming(ids->reply, "Once upon"));
            // A second program that opens the store meanwhile leaves the reply alone.
            auto guest = mustOpen(m_path);
            QCOMPARE(guest->conversation(chat)->messages[1].state, StoredState::Streaming);
        }
        auto store = mustOpen(m_path);
        const auto c = store->conversation(chat);
        QCOMPARE(c->messages[1].state, StoredState::Interrupted);
        QCOMPARE(c->messages[1].text, std::string("Once upon"));
        QVERIFY(c->messages[1].intact);
        QCOMPARE(store->search("upon")->size(), size_t{1});
    }

    void search_data() {
        QTest::addColumn<QString>("query");
        QTest::addColumn<int>("hits");
        QTest::newRow("word") << "giraffe" << 1;
        QTest::newRow("prefix") << "gira" << 1;
        QTest::newRow("two words, any order") << "giraffe tall" << 1;
        QTest::newRow("accents") << "metres" << 1;
        QTest::newRow("operators are text") << "giraffe OR NOT" << 0;
        QTest::newRow("quote") << "\"gira" << 1;
        QTest::newRow("only quotes") << "\"\"\"" << 0;
        QTest::newRow("syntax") << "NEAR( ^ *" << 0;
        QTest::newRow("without spaces between words") << QString::fromUtf8("長頸鹿") << 1;
        QTest::newRow("empty") << "  " << 0;
    }
    void search() {
        QFETCH(QString, query);
        QFETCH(int, hits);
        auto store = mustOpen(m_path);
        speak(*store, 0, 0, "How tall is a giraffe?", "About five mètres.");
        speak(*store, 0, 0, "這是一隻長頸鹿嗎", "是");
        const auto found = store->search(query.toStdString());
        QVERIFY2(found.has_value(), found ? "" : found.error().message.c_str());
        QCOMPARE(static_cast<int>(found->size()), hits);
        for (const StoredHit& hit : *found) {
            QVERIFY(!hit.marks.empty());
            for (const auto& [start, length] : hit.marks)
                QVERIFY(start >= 0 && length > 0 && start + length <= static_cast<int64_t>(hit.snippet.size()));
        }
    }

    void deletedChatsAreNotFound() {
        auto store = mustOpen(m_path);
        const Spoken ids = speak(*store, 0, 0, "giraffe", "yes");
        QVERIFY(store->setChatDeleted(ids.chat, true));
        QCOMPARE(store->search("giraffe")->size(), size_t{0});
        QCOMPARE(store->chats()->size(), size_t{0});
        QVERIFY(store->setChatDeleted(ids.chat, false));
        QCOMPARE(store->search("giraffe")->size(), size_t{1});
    }

    void changedBytesAreNoticed() {
        int64_t message = 0;
        {
            auto store = mustOpen(m_path);
            message = speak(*store, 0, 0, "the quick brown fox", "ok").user;
        }
        QByteArray bytes = readAll(m_path);
        int changed = 0;
        for (qsizetype at = bytes.indexOf("the quick brown"); at >= 0; at = bytes.indexOf("the quick brown", at + 1)) {
            bytes[at + 4] = 'Q';
            ++changed;
        }
        QVERIFY(changed > 0);
        QVERIFY(writeAll(m_path, bytes));
        auto store = mustOpen(m_path);
        const auto check = store->check();
        QVERIFY(check);
        QVERIFY(!check->ok);
        QVERIFY(QString::fromStdString(check->problems.front()).contains(QString("message %1 ").arg(message)));
    }

    void migratesReleasedSchemas() {
        // The file as version 1 of the schema wrote it.
        QVERIFY(writeSchema1(m_path));
        auto store = mustOpen(m_path);
        QVERIFY(store);
        QCOMPARE(store->notices().size(), size_t{1});
        const auto c = store->conversation(1);
        QVERIFY(c);
        QCOMPARE(c->messages.front().text, std::string("a question of old"));
        QVERIFY(c->messages.front().intact);
        StoredModel model{.path = "/m.gguf", .chatTemplate = "{{ x }}"};
        QVERIFY(store->putModel(model));
        QVERIFY(store->check()->ok);
        const QStringList backups = QDir(m_dir->path()).entryList({"tessera.db.schema1-*"});
        QCOMPARE(backups.size(), 1);
        auto old = mustOpen(m_dir->filePath(backups.front()));  // the copy is a whole store
        QCOMPARE(old->chats()->size(), size_t{1});
    }

    void newerSchemaIsReadOnly() {
        int64_t chat = 0;
        {
            auto store = mustOpen(m_path);
            chat = speak(*store, 0, 0, "from the future", "yes").chat;
        }
        sqlite3* db = nullptr;
        QCOMPARE(sqlite3_open(m_path.toUtf8().constData(), &db), SQLITE_OK);
        QCOMPARE(sqlite3_exec(db, "PRAGMA user_version = 99", nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(db);
        auto store = mustOpen(m_path);
        QVERIFY(store);
        QVERIFY(store->readOnly());
        QVERIFY(QString::fromStdString(store->notices().front()).contains("newer"));
        QCOMPARE(store->conversation(chat)->messages.size(), size_t{2});
        const auto refused = store->createChat({.title = "x"});
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, engine::ErrorCode::InvalidRequest);
    }

    void notAStore_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("text") << QByteArray("hello, this is no database at all. ").repeated(100);
        QTest::newRow("zeros") << QByteArray(8192, '\0');
        QTest::newRow("short") << QByteArray("SQLite");
        QTest::newRow("only the name") << QByteArray("SQLite format 3\0", 16);
        QTest::newRow("name and noise") << QByteArray("SQLite format 3\0", 16) + QByteArray(20000, 'x');
    }
    void notAStore() {
        QFETCH(QByteArray, bytes);
        QVERIFY(writeAll(m_path, bytes));
        auto store = mustOpen(m_path);
        QVERIFY(store);
        QCOMPARE(store->notices().size(), size_t{1});
        const QStringList aside = QDir(m_dir->path()).entryList({"tessera.db.damaged-*"});
        QCOMPARE(aside.size(), 1);
        QCOMPARE(readAll(m_dir->filePath(aside.front())), bytes);  // never deleted, never changed
        QVERIFY(speak(*store, 0, 0, "a", "b").reply > 0);
    }

    void emptyFileIsNew() {
        QVERIFY(writeAll(m_path, {}));
        auto store = mustOpen(m_path);
        QVERIFY(store);
        QVERIFY(store->notices().empty());
    }

    void recoversChatsFromDamage_data() {
        QTest::addColumn<QString>("kind");
        QTest::newRow("header") << "header";
        QTest::newRow("first page") << "first page";
        QTest::newRow("truncated") << "truncated";
        QTest::newRow("middle") << "middle";
    }
    void recoversChatsFromDamage() {
        QFETCH(QString, kind);
        constexpr int Chats = 60;
        {
            auto store = mustOpen(m_path);
            for (int i = 0; i < Chats; ++i)
                speak(*store, 0, 0, "question " + std::to_string(i) + std::string(700, 'q'),
                      std::string(3000, 'a' + i % 26));
        }
        QByteArray bytes = readAll(m_path);
        const qsizetype half = bytes.size() / 2;
        if (kind == "header")
            bytes.replace(0, 100, QByteArray(100, '\xff'));
        else if (kind == "first page")
            bytes.replace(0, 4096, QByteArray(4096, '\x5a'));
        else if (kind == "truncated")
            bytes.truncate(half + 1000);
        else
            bytes.replace(half, 3 * 4096, QByteArray(3 * 4096, '\xa5'));
        QVERIFY(writeAll(m_path, bytes));
        auto store = mustOpen(m_path);
        QVERIFY(store);
        QCOMPARE(store->notices().size(), size_t{1});
        const QString notice = QString::fromStdString(store->notices().front());
        QVERIFY2(notice.contains("chats recovered"), qPrintable(notice));
        const auto chats = store->chats();
        QVERIFY(chats);
        const int want = kind == "truncated" ? 10 : kind == "middle" ? Chats - 8 : Chats;
        QVERIFY2(static_cast<int>(chats->size()) >= want, qPrintable(QString("%1: %2").arg(chats->size()).arg(notice)));
        const auto check = store->check();
        QVERIFY2(check && check->ok, firstProblem(*check));
        for (const StoredChat& chat : *chats) {
            const auto c = store->conversation(chat.id);
            QVERIFY(c);
            for (const StoredMessage& m : c->messages)
                QVERIFY(m.intact);
        }
    }

    // Whatever bytes change: the store opens, what it shows is intact or marked, and nothing crashes.
    void randomDamage() {
        {
            auto store = mustOpen(m_path);
            for (int i = 0; i < 20; ++i)
                speak(*store, 0, 0, "question " + std::to_string(i), std::string(500, 'a' + i));
        }
        const QByteArray good = readAll(m_path);
        std::mt19937 random(7);
        for (int round = 0; round < 60; ++round) {
            QTemporaryDir dir;
            const QString path = dir.filePath("tessera.db");
            QByteArray bytes = good;
            const int changes = 1 << (round % 8);
            for (int i = 0; i < changes; ++i)
                bytes[static_cast<qsizetype>(random() % static_cast<unsigned>(bytes.size()))] =
                    static_cast<char>(random());
            QVERIFY(writeAll(path, bytes));
            auto store = Store::open(path.toStdString());
            QVERIFY2(store.has_value(), store ? "" : store.error().message.c_str());
            const auto chats = (*store)->chats();
            if (chats)
                for (const StoredChat& chat : *chats)
                    (void)(*store)->conversation(chat.id);
            (void)(*store)->search("question");
            QVERIFY((*store)->check().has_value());
            QVERIFY(speak(**store, 0, 0, "new", "words").reply > 0 || !(*store)->check()->ok);
        }
    }

    void diskFull() {
        // In a child with a limit on the size of files: the error is a value, what was stored stays, and later it works
        // again.
        {
            auto store = mustOpen(m_path);
            speak(*store, 0, 0, "kept", "kept too");
        }
        const pid_t child = ::fork();
        if (child == 0) {
            ::signal(SIGXFSZ, SIG_IGN);
            auto store = Store::open(m_path.toStdString());
            if (!store)
                ::_exit(10);
            struct rlimit limit {};
            ::getrlimit(RLIMIT_FSIZE, &limit);
            const rlim_t before = limit.rlim_cur;
            limit.rlim_cur = 256 * 1024;
            ::setrlimit(RLIMIT_FSIZE, &limit);
            int failures = 0;
            for (int i = 0; i < 40; ++i) {
                const auto id = (*store)->appendMessage({.chat = 1, .parent = 2, .text = std::string(20'000, 'x')});
                failures += !id;
                if (!id && id.error().message.empty())
                    ::_exit(11);
            }
            if (failures == 0)
                ::_exit(12);
            limit.rlim_cur = before;
            ::setrlimit(RLIMIT_FSIZE, &limit);
            if (!(*store)->appendMessage({.chat = 1, .parent = 2, .text = "after the disk was full"}))
                ::_exit(13);
            store->reset();
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        QCOMPARE(WEXITSTATUS(status), 0);
        auto store = mustOpen(m_path);
        QVERIFY(store->notices().empty());
        QVERIFY(store->check()->ok);
        QCOMPARE(store->conversation(1)->messages.back().text, std::string("after the disk was full"));
    }

    void killedWritersLoseNothing() {
        std::mt19937 random(11);
        std::vector<int64_t> acknowledged;
        for (int round = 0; round < 30; ++round) {
            int pipe[2];
            QVERIFY(::pipe(pipe) == 0);
            const pid_t child = ::fork();
            if (child == 0) {
                auto store = Store::open(m_path.toStdString());
                if (!store)
                    ::_exit(1);
                int64_t chat = 0, parent = 0;
                for (int i = 0;; ++i) {
                    Store::Turn turn;
                    turn.chat.id = chat;
                    turn.user = StoredMessage{.parent = parent, .text = "word " + std::to_string(i)};
                    turn.reply = StoredMessage{.role = StoredRole::Assistant, .state = StoredState::Streaming};
                    const auto ids = (*store)->beginTurn(turn);
                    if (!ids)
                        ::_exit(2);
                    (void)!::write(pipe[1], &ids->user, sizeof ids->user);
                    (void)(*store)->updateStreaming(ids->reply, std::string(static_cast<size_t>(i * 37 % 2000), 's'));
                    (void)(*store)->finishReply(
                        {.id = ids->reply, .state = StoredState::Done, .text = std::string(1000, 'r')}, {});
                    chat = ids->chat;
                    parent = ids->reply;
                }
            }
            ::close(pipe[1]);
            ::usleep(static_cast<useconds_t>(20'000 + random() % 80'000));
            ::kill(child, SIGKILL);
            int status = 0;
            ::waitpid(child, &status, 0);
            QVERIFY(WIFSIGNALED(status));
            int64_t id = 0;
            while (::read(pipe[0], &id, sizeof id) == sizeof id)
                acknowledged.push_back(id);
            ::close(pipe[0]);
        }
        auto store = mustOpen(m_path);
        QVERIFY(store->notices().empty());
        QVERIFY(acknowledged.size() > 30);
        std::set<int64_t> found;
        const auto chats = store->chats();
        QVERIFY(chats);
        for (const StoredChat& chat : *chats) {
            const auto c = store->conversation(chat.id);
            QVERIFY(c);
            for (const StoredMessage& m : c->messages) {
                QVERIFY(m.intact);
                QVERIFY(m.state != StoredState::Streaming);
                found.insert(m.id);
            }
        }
        for (const int64_t id : acknowledged)
            QVERIFY2(found.contains(id), qPrintable(QString("message %1 is lost").arg(id)));
        const auto check = store->check();
        QVERIFY2(check->ok, firstProblem(*check));
    }

    void writersTakeTurns() {
        auto first = mustOpen(m_path), second = mustOpen(m_path);
        for (int i = 0; i < 50; ++i) {
            QVERIFY(speak(*first, 0, 0, "first", "x").reply > 0);
            QVERIFY(speak(*second, 0, 0, "second", "y").reply > 0);
        }
        QCOMPARE(first->chats()->size(), size_t{100});
        QVERIFY(second->check()->ok);
    }

    void exportImportIsComplete() {
        auto store = mustOpen(m_path);
        const Spoken one = speak(*store, 0, 0, "q <b>&\"", "a");
        speak(*store, one.chat, one.reply, "again", "b");
        const int64_t folder = *store->createFolder("Work");
        StoredChat chat = store->conversation(one.chat)->chat;
        chat.folder = folder;
        chat.settingsJson = R"({"systemPrompt":"Be brief."})";
        QVERIFY(store->updateChat(chat));
        QVERIFY(store->addNote({.chat = one.chat, .after = one.reply, .text = "cut", .actionId = "x"}));
        const auto json = store->exportJson(one.chat);
        QVERIFY(json);
        const auto ids = store->importJson(*json);
        QVERIFY2(ids.has_value(), ids ? "" : ids.error().message.c_str());
        const auto copy = store->conversation(ids->front());
        const auto source = store->conversation(one.chat);
        QCOMPARE(copy->messages.size(), source->messages.size());
        for (size_t i = 0; i < copy->messages.size(); ++i) {
            QCOMPARE(copy->messages[i].text, source->messages[i].text);
            QVERIFY(copy->messages[i].facts == source->messages[i].facts);
            QVERIFY(*store->tokens(copy->messages[i].id) == *store->tokens(source->messages[i].id));
        }
        QCOMPARE(copy->chat.folder, folder);
        QCOMPARE(copy->chat.settingsJson, chat.settingsJson);
        QCOMPARE(copy->notes.size(), size_t{1});
        QVERIFY(copy->notes[0].actionId.empty());
        QVERIFY(store->exportHtml(one.chat)->find("q &lt;b&gt;&amp;&quot;") != std::string::npos);
        QVERIFY(store->exportHtml(one.chat)->find("q <b>") == std::string::npos);
        QVERIFY(store->exportMarkdown(one.chat)->find("## Tiny") != std::string::npos);
        QVERIFY(store->check()->ok);
    }

    void hostileImports_data() {
        QTest::addColumn<QByteArray>("json");
        const auto chat = [](const QByteArray& inside) {
            return QByteArray(R"({"format":"tessera-chats","version":1,"chats":[)") + inside + "]}";
        };
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("no json") << QByteArray("{{{");
        QTest::newRow("deep") << QByteArray(100'000, '[');
        QTest::newRow("deep closed") << QByteArray(100'000, '[') + QByteArray(100'000, ']');
        QTest::newRow("other format") << QByteArray(R"({"format":"x","chats":[]})");
        QTest::newRow("no version") << QByteArray(R"({"format":"tessera-chats","chats":[]})");
        QTest::newRow("future version") << QByteArray(R"({"format":"tessera-chats","version":2,"chats":[]})");
        QTest::newRow("chats no list") << QByteArray(R"({"format":"tessera-chats","version":1,"chats":7})");
        QTest::newRow("chat no object") << chat("3");
        QTest::newRow("no title") << chat(R"({"messages":[]})");
        QTest::newRow("title no text") << chat(R"({"title":3,"messages":[]})");
        QTest::newRow("unknown role") << chat(R"({"title":"t","messages":[{"id":1,"role":"root","text":"x"}]})");
        QTest::newRow("own parent") << chat(
            R"({"title":"t","messages":[{"id":1,"parent":1,"role":"user","text":"x"}]})");
        QTest::newRow("parent later") << chat(
            R"({"title":"t","messages":[{"id":1,"parent":2,"role":"user","text":"x"},{"id":2,"role":"user","text":"y"}]})");
        QTest::newRow("id twice") << chat(
            R"({"title":"t","messages":[{"id":1,"role":"user","text":"x"},{"id":1,"role":"user","text":"y"}]})");
        QTest::newRow("id negative") << chat(R"({"title":"t","messages":[{"id":-1,"role":"user","text":"x"}]})");
        QTest::newRow("id too large") << chat(
            R"({"title":"t","messages":[{"id":18446744073709551615,"role":"user","text":"x"}]})");
        QTest::newRow("id a float") << chat(R"({"title":"t","messages":[{"id":1.5,"role":"user","text":"x"}]})");
        QTest::newRow("year 30000") << chat(R"({"title":"t","createdMs":900000000000000,"messages":[]})");
        QTest::newRow("settings no object") << chat(R"({"title":"t","settings":[],"messages":[]})");
        QTest::newRow("tokens wrong") << chat(
            R"({"title":"t","messages":[{"id":1,"role":"user","text":"x","tokens":[1]}]})");
        QTest::newRow("token id huge") << chat(
            R"({"title":"t","messages":[{"id":1,"role":"user","text":"x","tokens":[{"id":99999999999}]}]})");
        QTest::newRow("invalid utf-8") << chat("{\"title\":\"\xff\",\"messages\":[]}");
    }
    void hostileImports() {
        QFETCH(QByteArray, json);
        auto store = mustOpen(m_path);
        const auto ids = store->importJson(json.toStdString());
        QVERIFY(!ids);
        QVERIFY(ids.error().message.size() > 15);
        QCOMPARE(store->chats()->size(), size_t{0});
        QVERIFY(store->check()->ok);
    }

    void queriesOnlyRead_data() {
        QTest::addColumn<QString>("sql");
        QTest::addColumn<bool>("allowed");
        QTest::newRow("select") << "SELECT id, text FROM messages" << true;
        QTest::newRow("with") << "WITH a AS (SELECT 1) SELECT * FROM a;" << true;
        QTest::newRow("delete") << "DELETE FROM messages" << false;
        QTest::newRow("two") << "SELECT 1; DELETE FROM messages" << false;
        QTest::newRow("drop") << "DROP TABLE messages" << false;
        QTest::newRow("attach") << "ATTACH '/tmp/x.db' AS x" << false;
        QTest::newRow("pragma that writes") << "PRAGMA user_version = 7" << false;
        QTest::newRow("nonsense") << "SELEC" << false;
        QTest::newRow("empty") << "" << false;
    }
    void queriesOnlyRead() {
        QFETCH(QString, sql);
        QFETCH(bool, allowed);
        {
            auto writer = mustOpen(m_path);
            speak(*writer, 0, 0, "a", "b");
        }
        auto store = mustOpen(m_path, {.readOnly = true});
        QVERIFY(store);
        int rows = 0;
        const auto done = store->query(sql.toStdString(), [&](auto, auto values) {
            rows += !values.empty();
            return true;
        });
        QCOMPARE(done.has_value(), allowed);
        QVERIFY(!allowed || rows > 0);
    }

    void longChats() {
        // Deeper than SQLite's recursion limit: deleting, undoing and purging still work.
        auto store = mustOpen(m_path);
        std::string json = R"({"format":"tessera-chats","version":1,"chats":[{"title":"long","messages":[)";
        for (int i = 1; i <= 3000; ++i)
            json += (i > 1 ? "," : "") + ("{\"id\":" + std::to_string(i) + ",\"parent\":" + std::to_string(i - 1) +
                                          ",\"role\":\"user\",\"text\":\"m" + std::to_string(i) + "\"}");
        const auto ids = store->importJson(json + "]}]}");
        QVERIFY2(ids.has_value(), ids ? "" : ids.error().message.c_str());
        QCOMPARE(branchOf(*store->conversation(1), 3000).size(), size_t{3000});
        QVERIFY(store->setMessageDeleted(2, true, 1));
        QCOMPARE(store->conversation(1)->messages.size(), size_t{1});
        QVERIFY(store->setMessageDeleted(2, false, 3000));
        QCOMPARE(store->conversation(1)->messages.size(), size_t{3000});
    }

    void tokenBlobs() {
        std::vector<StoredToken> tokens;
        for (int i = 0; i < 50; ++i)
            tokens.push_back({i * 1000,
                              -0.1f * static_cast<float>(i),
                              2.5f,
                              std::string(static_cast<size_t>(i % 5), 'x'),
                              i,
                              {{i, -1.0f, "\xe2\x82"}}});
        const std::string blob = packTokens(tokens);
        QVERIFY(*unpackTokens(blob) == tokens);
        for (size_t cut = 1; cut < blob.size(); cut += 7)
            QVERIFY(!unpackTokens(std::string_view(blob).substr(0, cut)));
        for (size_t at = 0; at < blob.size(); at += 3) {
            std::string bad = blob;
            bad[at] = static_cast<char>(bad[at] ^ 0x10);
            QVERIFY(!unpackTokens(bad));
        }
    }

    void draftsAndFolders() {
        auto store = mustOpen(m_path);
        QVERIFY(store->setDraft(0, "half a thou"));
        QCOMPARE(*store->draft(0), std::string("half a thou"));
        const Spoken ids = speak(*store, 0, 0, "half a thought", "ok");
        QCOMPARE(*store->draft(0), std::string());
        const int64_t folder = *store->createFolder("F");
        StoredChat chat = store->conversation(ids.chat)->chat;
        chat.folder = folder;
        QVERIFY(store->updateChat(chat));
        QVERIFY(store->deleteFolder(folder));
        QCOMPARE(store->conversation(ids.chat)->chat.folder, int64_t{0});
        const auto copy = store->duplicateChat(ids.chat, "copy");
        QVERIFY(copy);
        QCOMPARE(store->conversation(*copy)->messages.size(), size_t{2});
        QVERIFY(store->check()->ok);
    }

  private:
    bool writeSchema1(const QString& path) {
        QFile fixture(QStringLiteral(TESSERA_TEST_DATA "/store/schema1.sql"));
        if (!fixture.open(QIODevice::ReadOnly))
            return false;
        sqlite3* db = nullptr;
        bool ok = sqlite3_open(path.toUtf8().constData(), &db) == SQLITE_OK;
        char* said = nullptr;
        ok = ok && sqlite3_exec(db, fixture.readAll().constData(), nullptr, nullptr, &said) == SQLITE_OK;
        if (said)
            qWarning("%s", said);
        sqlite3_close(db);
        return ok;
    }
    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_path;
};

QTEST_GUILESS_MAIN(TstStore)
#include "tst_store.moc"
