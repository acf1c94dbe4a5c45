// The store: what is acknowledged is there again, the tree, search, migration, locks, import and export.
#include <QtTest>

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <random>
#include <set>

#include "app/store/place.h"
#include "app/store/token_blob.h"
#include "tests/app/store_fixture.h"

using namespace test;

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

    // Who is alone with the store may repair it: nobody comes in before that is done.
    void aloneUntilShared() {
        const std::string path = (m_path + "-lock").toStdString();
        auto first = StoreLock::open(path), second = StoreLock::open(path);
        QVERIFY(first && second);
        QVERIFY(*(*first)->enter(1000));
        const auto refused = (*second)->enter(50);
        QVERIFY(!refused);
        QVERIFY(QString::fromStdString(refused.error().message).contains(QString::number(::getpid())));
        (*first)->share();
        const auto entered = (*second)->enter(50);
        QVERIFY(entered && !*entered);
    }

    void deletedWordsAreOverwritten() {
        int64_t chat = 0;
        {
            auto store = mustOpen(m_path);
            chat = speak(*store, 0, 0, "xylographicsecret", "ok").chat;
            speak(*store, 0, 0, "another", "one");
            QVERIFY(store->setChatDeleted(chat, true));
        }
        sqlite3* db = nullptr;
        QCOMPARE(sqlite3_open(m_path.toUtf8().constData(), &db), SQLITE_OK);
        QCOMPARE(
            sqlite3_exec(db, "UPDATE chats SET deleted_ms = 1 WHERE deleted_ms IS NOT NULL", nullptr, nullptr, nullptr),
            SQLITE_OK);
        sqlite3_close(db);
        QVERIFY(readAll(m_path).contains("lographicsecret"));
        mustOpen(m_path).reset();
        QVERIFY(!readAll(m_path).contains("lographicsecret"));
        auto store = mustOpen(m_path);
        QVERIFY(store->check()->ok);
        QCOMPARE(store->search("another")->size(), size_t{1});
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
            int64_t id = 0;
            // Every fourth one may die while it starts, the others in the midst of writing, however slow the machine.
            if (round % 4 != 0 && ::read(pipe[0], &id, sizeof id) == sizeof id)
                acknowledged.push_back(id);
            ::usleep(static_cast<useconds_t>(random() % 80'000));
            ::kill(child, SIGKILL);
            int status = 0;
            ::waitpid(child, &status, 0);
            QVERIFY(WIFSIGNALED(status));
            while (::read(pipe[0], &id, sizeof id) == sizeof id)
                acknowledged.push_back(id);
            ::close(pipe[0]);
        }
        auto store = mustOpen(m_path);
        QVERIFY(store->notices().empty());
        QVERIFY(acknowledged.size() >= 22);
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
        QVERIFY(std::isinf((*store->tokens(copy->messages[1].id))[0].top[2].logprob));
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
