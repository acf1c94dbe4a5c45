// A program with the whole app layer (workbench, store queue, engine runner) is killed at random moments while it
// chats: what it had told as stored is there, what had streamed is at most a second short, and the store is sound.
#include <QCoreApplication>
#include <QDir>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>
#include <cstdio>
#include <random>
#include <set>

#include "app/engine_runner.h"
#include "app/store_queue.h"
#include "app/workbench.h"
#include "tests/app/fake_engine.h"

using namespace app;

namespace {

// Talks without end and tells on standard output what is durable: "id text".
int talk(const QString& home) {
    Profile profile;
    profile.home = home.toStdString();
    profile.store = profile.home + "/tessera.db";
    profile.settings = profile.home + "/settings.ini";
    profile.models = profile.home + "/models";
    auto script = std::make_shared<fake::Script>();
    script->stepMilliseconds = 1;
    script->setReply("It was a dark and stormy night; the rain fell in torrents.");
    Settings settings(QString::fromStdString(profile.settings));
    settings.setLoadLastModelAtStart(false);
    StoreQueue store(profile.store);
    EngineRunner engine(fake::maker(script));
    Workbench bench(profile, settings, store, engine);
    int said = 0;
    const auto next = [&] {
        if (said % 4 == 0)
            bench.newChat();
        bench.send(QStringLiteral("Marker %1 of %2").arg(said++).arg(QCoreApplication::applicationPid()));
    };
    QObject::connect(&bench, &Workbench::messageStored, &bench, [&](MessageId id) {
        std::printf("%lld\n", static_cast<long long>(id));
        std::fflush(stdout);
    });
    QObject::connect(&bench, &Workbench::modelLoaded, &bench, next);
    QObject::connect(&bench, &Workbench::replyFinished, &bench, next, Qt::QueuedConnection);
    QObject::connect(&bench, &Workbench::started, &bench, [&] { bench.loadModel(home + "/fake.gguf"); });
    bench.start();
    return QCoreApplication::exec();
}

}  // namespace

class TstKill : public QObject {
    Q_OBJECT
  private slots:
    void nothingAcknowledgedIsLost() {
        QTemporaryDir home;
        std::mt19937 random(5);
        std::set<int64_t> acknowledged;
        for (int round = 0; round < 30; ++round) {
            QProcess child;
            child.start(QCoreApplication::applicationFilePath(), {"--talk", home.path()});
            QVERIFY(child.waitForReadyRead(20'000));
            QTest::qSleep(static_cast<int>(random() % 150));
            child.kill();
            QVERIFY(child.waitForFinished(20'000));
            QCOMPARE(child.exitStatus(), QProcess::CrashExit);
            const QByteArray out = child.readAllStandardOutput();
            // A last line without its end was not told whole.
            for (const QByteArray& line : out.left(out.lastIndexOf('\n') + 1).split('\n'))
                if (!line.isEmpty())
                    acknowledged.insert(line.toLongLong());
        }
        auto store = Store::open((home.path() + "/tessera.db").toStdString());
        QVERIFY(store);
        QVERIFY((*store)->notices().empty());
        std::set<int64_t> found;
        const auto chats = (*store)->chats();
        QVERIFY(chats);
        for (const StoredChat& chat : *chats) {
            const auto c = (*store)->conversation(chat.id);
            QVERIFY(c);
            for (const StoredMessage& message : c->messages) {
                QVERIFY(message.intact);
                QVERIFY(message.state != StoredState::Streaming);
                QVERIFY(message.role != StoredRole::User || message.text.starts_with("Marker "));
                found.insert(message.id);
            }
        }
        QVERIFY(acknowledged.size() >= 30);
        for (const int64_t id : acknowledged)
            QVERIFY2(found.contains(id), qPrintable(QString("message %1 is lost").arg(id)));
        const auto check = (*store)->check();
        QVERIFY2(check && check->ok, check && !check->ok ? check->problems.front().c_str() : "");
    }
};

int main(int argc, char** argv) {
    QCoreApplication program(argc, argv);
    if (argc == 3 && QByteArray(argv[1]) == "--talk")
        return talk(QString::fromLocal8Bit(argv[2]));
    TstKill test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_kill.moc"
