// The store on damaged files and failing disks: what is readable comes back, the rest is said, nothing crashes.
#include <QtTest>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "tests/app/store_fixture.h"

using namespace test;

class TstStoreDamage : public QObject {
    Q_OBJECT
  private slots:
    void init() {
        m_dir = std::make_unique<QTemporaryDir>();
        m_path = m_dir->filePath("tessera.db");
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
            bytes = damagedInTheMiddle(bytes);
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

    // The copy aside is what is left when the rescue missed something: nothing is taken out of it, its log neither.
    void damagedLogIsKept() {
        QTemporaryDir copy;
        const QString path = copy.filePath("tessera.db");
        {
            auto store = mustOpen(m_path);
            for (int i = 0; i < 60; ++i)
                speak(*store, 0, 0, "question " + std::to_string(i), std::string(3000, 'a' + i % 26));
            QVERIFY(store->putModel({.path = "/m/a.gguf", .chatTemplate = "{{ my own }}"}));
        }
        auto writer = mustOpen(m_path);
        speak(*writer, 0, 0, "said last", "only the log has it");
        const QByteArray log = readAll(m_path + "-wal");
        QVERIFY(log.contains("only the log has it"));
        const QByteArray damaged = damagedInTheMiddle(readAll(m_path));
        QVERIFY(writeAll(path, damaged));
        QVERIFY(writeAll(path + "-wal", log));
        auto store = mustOpen(path);
        QVERIFY(store && store->recovered());
        QCOMPARE(store->search("only the log has it")->size(), size_t{1});
        QCOMPARE(store->models()->front().chatTemplate, std::string("{{ my own }}"));
        const QStringList aside = QDir(copy.path()).entryList({"tessera.db.damaged-*"});
        QCOMPARE(aside.size(), 2);
        QCOMPARE(readAll(copy.filePath(aside.at(0))), damaged);
        QCOMPARE(readAll(copy.filePath(aside.at(1))), log);
    }

    void recoveryThatWasKilledIsFinished() {
        {
            auto store = mustOpen(m_path + ".recovered");
            speak(*store, 0, 0, "recovered words", "yes");
        }
        QVERIFY(writeAll(m_path, QByteArray(8192, '\x5a')));
        QVERIFY(writeAll(m_path + "-wal", QByteArray(5000, '\x5a')));
        auto store = mustOpen(m_path);
        QVERIFY(store && store->recovered());
        QCOMPARE(store->notices().size(), size_t{1});
        QCOMPARE(store->search("recovered")->size(), size_t{1});
        QVERIFY(store->check()->ok);
        QVERIFY(!QFile::exists(m_path + ".recovered"));
    }

    void emptyFileWithALogIsDamaged() {
        QByteArray log;
        {
            auto store = mustOpen(m_path);
            speak(*store, 0, 0, "in the log", "yes");
            log = readAll(m_path + "-wal");
        }
        QVERIFY(writeAll(m_path, {}));
        QVERIFY(writeAll(m_path + "-wal", log));
        auto store = mustOpen(m_path);
        QVERIFY(store && store->recovered());
        QCOMPARE(store->search("log")->size(), size_t{1});
    }

    void damageStaysMarked() {
        int64_t chat = 0;
        {
            auto store = mustOpen(m_path);
            chat = speak(*store, 0, 0, "the quick brown fox", "ok").chat;
        }
        QByteArray bytes = readAll(m_path);
        for (qsizetype at = bytes.indexOf("the quick brown"); at >= 0; at = bytes.indexOf("the quick brown", at + 1))
            bytes[at + 4] = 'Q';
        QVERIFY(writeAll(m_path, bytes));
        auto store = mustOpen(m_path);
        const auto copy = store->duplicateChat(chat, "copy");
        QVERIFY(copy);
        QVERIFY(!store->conversation(*copy)->messages[0].intact);
        QVERIFY(store->conversation(*copy)->messages[1].intact);
        const auto imported = store->importJson(*store->exportJson(chat));
        QVERIFY(imported);
        QVERIFY(!store->conversation(imported->front())->messages[0].intact);
    }

    // A disk that is gone after an error: reading and writing say so, and when it is back everything goes on.
    void diskThatIsGone() {
        const pid_t child = ::fork();
        if (child == 0) {
            ::signal(SIGXFSZ, SIG_IGN);
            auto store = mustOpen(m_path);
            const Spoken ids = speak(*store, 0, 0, "kept", "kept too");
            struct rlimit limit {};
            ::getrlimit(RLIMIT_FSIZE, &limit);
            const rlim_t before = limit.rlim_cur;
            limit.rlim_cur = 1;
            ::setrlimit(RLIMIT_FSIZE, &limit);
            if (store->appendMessage({.chat = ids.chat, .text = std::string(50'000, 'x')}))
                ::_exit(10);
            limit.rlim_cur = before;
            ::setrlimit(RLIMIT_FSIZE, &limit);
            const QString away = m_path + ".away";
            if (!QFile::rename(m_path, away) || !QDir().mkdir(m_path))
                ::_exit(11);
            if (store->appendMessage({.chat = ids.chat, .text = "nowhere to go"}))
                ::_exit(12);
            if (store->chats() || store->conversation(ids.chat) || store->search("kept") || store->check() ||
                store->query("SELECT 1", [](auto, auto) { return true; }))
                ::_exit(13);
            if (!QDir().rmdir(m_path) || !QFile::rename(away, m_path))
                ::_exit(14);
            if (!store->appendMessage({.chat = ids.chat, .parent = ids.reply, .text = "it is back"}))
                ::_exit(15);
            ::_exit(store->conversation(ids.chat)->messages.size() == 3 ? 0 : 16);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        QVERIFY2(WIFEXITED(status), "it crashed");
        QCOMPARE(WEXITSTATUS(status), 0);
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

  private:
    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_path;
};

QTEST_GUILESS_MAIN(TstStoreDamage)
#include "tst_store_damage.moc"
