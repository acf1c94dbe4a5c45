// The real window on the real model is killed at random moments: while it starts, while a prompt is sent, while the
// reply streams. The same profile goes through all of it. What the window had shown as answered is there, what was
// there before is as it was, and the store is sound. TESSERA_KILL_ROUNDS=500 for a long run.
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>
#include <map>
#include <random>

#include "app/profile.h"
#include "app/store/store.h"
#include "tests/support/sample_model.h"

using namespace app;

class TstKillWindow : public QObject {
    Q_OBJECT
  private slots:
    void nothingShownIsLost();

  private:
    static QString program(const char* name) {
        return qEnvironmentVariable("TESSERA_BUILD") + QStringLiteral("/bin/") + QLatin1String(name);
    }
    void prepare(QProcess& process) const {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("TESSERA_HOME"), m_home.path());
        process.setProcessEnvironment(environment);
    }
    // Starts the window, lets it live until a moment after it said `word`, kills it. What it had said by then.
    QByteArray killWindow(const QByteArray& word, int milliseconds) const;
    void checkStore() const;
    std::map<int64_t, StoredMessage> messages() const;

    QTemporaryDir m_home, m_pictures;
};

QByteArray TstKillWindow::killWindow(const QByteArray& word, int milliseconds) const {
    QProcess window;
    prepare(window);
    window.setProcessChannelMode(QProcess::MergedChannels);
    window.start(program("tessera"), {QStringLiteral("--smoke"), m_pictures.path()});
    window.waitForStarted();
    QByteArray said;
    while (!said.contains(word) && window.waitForReadyRead(90'000))
        said += window.readAll();
    QTest::qSleep(milliseconds);
    window.kill();
    window.waitForFinished();
    said += window.readAll();
    return window.exitStatus() == QProcess::CrashExit && said.contains(word) ? said : "it ended by itself: " + said;
}

void TstKillWindow::checkStore() const {
    QProcess cli;
    prepare(cli);
    cli.start(program("tessera-cli"), {QStringLiteral("store"), QStringLiteral("check"), QStringLiteral("--json")});
    QVERIFY(cli.waitForFinished(60'000));
    const QByteArray out = cli.readAllStandardOutput(), notes = cli.readAllStandardError();
    QVERIFY2(cli.exitStatus() == QProcess::NormalExit && cli.exitCode() == 0, (out + notes).constData());
    QVERIFY2(QJsonDocument::fromJson(out).object()["ok"].toBool(), out.constData());
    QVERIFY2(notes.isEmpty(), notes.constData());
}

std::map<int64_t, StoredMessage> TstKillWindow::messages() const {
    std::map<int64_t, StoredMessage> all;
    const auto store = Store::open((m_home.path() + QStringLiteral("/tessera.db")).toStdString(), {.readOnly = true});
    if (!store)
        return all;
    const auto chats = (*store)->chats();
    for (const StoredChat& chat : chats ? *chats : std::vector<StoredChat>{})
        if (const auto conversation = (*store)->conversation(chat.id))
            for (const StoredMessage& message : conversation->messages)
                all.emplace(message.id, message);
    return all;
}

void TstKillWindow::nothingShownIsLost() {
    NEED_SAMPLE_MODEL(findSampleModel(profileFromEnvironment()));
    const int wished = qEnvironmentVariableIntValue("TESSERA_KILL_ROUNDS");
    const int rounds = wished > 0 ? wished : 8;
    std::mt19937 random(7);
    std::map<int64_t, StoredMessage> before;
    int answered = 0;
    for (int round = 0; round < rounds; ++round) {
        // Every fourth one dies while it starts. The others have pressed Return in the moment of that word.
        const bool starting = round % 4 == 0;
        const QByteArray said = starting ? killWindow({}, static_cast<int>(random() % 1500))
                                         : killWindow("smoke: prompt-typed", static_cast<int>(random() % 1500));
        QVERIFY2(!said.startsWith("it ended"), said.constData());
        if (!QFile::exists(m_home.filePath(QStringLiteral("tessera.db")))) {
            QVERIFY(starting && before.empty());
            continue;
        }
        checkStore();
        if (QTest::currentTestFailed())
            return;
        const std::map<int64_t, StoredMessage> now = messages();
        for (const auto& [id, message] : before) {
            QVERIFY2(now.contains(id), qPrintable(QStringLiteral("message %1 is lost").arg(id)));
            QCOMPARE(now.at(id).text, message.text);
            QCOMPARE(now.at(id).state, message.state);
        }
        int prompts = 0;
        for (const auto& [id, message] : now) {
            QVERIFY(message.intact);
            QVERIFY(message.state != StoredState::Streaming);
            if (before.contains(id))
                continue;
            if (message.role == StoredRole::User) {
                ++prompts;
                QVERIFY2(QString::fromStdString(message.text).contains(QLatin1String("Name three colors")),
                         message.text.c_str());
            } else if (said.contains("smoke: reply-done")) {
                QVERIFY2(message.text.size() > 20, message.text.c_str());
            }
        }
        // A reply is shown only when the words it answers are on the disk.
        const bool replied = said.contains("smoke: reply-streams");
        answered += replied;
        QVERIFY2(prompts == 1 || (prompts == 0 && !replied), said.constData());
        before = now;
    }
    qInfo("%d windows killed, %d of them while or after a reply was shown", rounds, answered);
}

QTEST_GUILESS_MAIN(TstKillWindow)
#include "tst_kill_window.moc"
