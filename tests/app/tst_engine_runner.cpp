// The engine runner: every job ends exactly once, whatever happens to it and whenever it is cancelled.
#include <QtTest>

#include <random>

#include "app/engine_runner.h"
#include "tests/app/fake_engine.h"

using namespace app;

class TstEngineRunner : public QObject {
    Q_OBJECT
  private slots:
    void init() {
        m_script = std::make_shared<fake::Script>();
        m_ends.clear();
        m_text.clear();
        makeRunner(fake::maker(m_script));
    }
    void cleanup() { m_runner.reset(); }

    void loadsAndGenerates() {
        const engine::ModelId model = load();
        QVERIFY(model != 0);
        const JobId job = m_runner->generate(request(model));
        const JobEnd end = wait(job);
        QCOMPARE(end.outcome, JobOutcome::Done);
        QCOMPARE(std::get<GeneratedResult>(end.result).reason, engine::StopReason::EndOfText);
        QCOMPARE(m_text[job], std::string("Hello from the fake model."));
    }

    void promptCaches() {  // restored at load; saved once, at unload or at the end
        QTemporaryDir dir;
        const std::string folder = dir.filePath("prompt-cache").toStdString();
        const auto loadWith = [&](int64_t bytes) {
            engine::LoadOptions options;
            options.promptCache = folder;
            const JobEnd end = wait(m_runner->load("model", options, bytes));
            return std::get<LoadedResult>(end.result).model.id;
        };
        const auto write = [&](const char* name, int size, int age) {
            QFile file(dir.filePath("prompt-cache/") + name);
            QVERIFY(file.open(QIODevice::WriteOnly) && file.write(QByteArray(size, 'x')) == size);
            file.flush();
            file.setFileTime(QDateTime::currentDateTime().addSecs(-age), QFileDevice::FileModificationTime);
        };
        const engine::ModelId off = loadWith(0), a = loadWith(1000), b = loadWith(1000);
        QVERIFY(QFileInfo(dir.filePath("prompt-cache")).isDir());
        write("new", 600, 10);
        write("old", 600, 1000);
        write("torn.part", 1, 10);
        QCOMPARE(wait(m_runner->unload(a)).outcome, JobOutcome::Done);
        QCOMPARE(QDir(dir.filePath("prompt-cache")).entryList(QDir::Files), QStringList("new"));
        m_script->failSave = true;
        QTest::ignoreMessage(QtWarningMsg, "the prompt cache was not saved: the disk is full: a test said so.");
        m_runner.reset();
        const std::vector<std::string> expected = {"load " + folder, "load " + folder,
                                                   "save " + std::to_string(a) + " " + folder,
                                                   "save " + std::to_string(b) + " " + folder};
        QVERIFY(m_script->promptCaches == expected);
        QVERIFY(off != a);
    }

    void failures_data() {
        QTest::addColumn<QString>("what");
        for (const char* what : {"submit", "midway", "memory", "unknown model", "no engine"})
            QTest::newRow(what) << QString(what);
    }
    void failures() {
        QFETCH(QString, what);
        if (what == "no engine") {
            m_runner = std::make_unique<EngineRunner>([]() -> engine::Result<std::unique_ptr<engine::Engine>> {
                return engine::Error{engine::ErrorCode::DeviceFailed, "no engine here", {}};
            });
            connect(m_runner.get(), &EngineRunner::ended, this,
                    [this](const JobEnd& end) { m_ends[end.job].push_back(end); });
            const JobEnd end = wait(m_runner->load("x", {}));
            QCOMPARE(end.outcome, JobOutcome::Failed);
            QCOMPARE(end.error.message, std::string("no engine here"));
            return;
        }
        const engine::ModelId model = load();
        m_script->failSubmit = what == "submit";
        m_script->failMidway = what == "midway";
        m_script->throwInStep = what == "memory";
        const JobEnd end = wait(m_runner->generate(request(what == "unknown model" ? 77 : model)));
        QCOMPARE(end.outcome, JobOutcome::Failed);
        QVERIFY(!end.error.message.empty());
        if (what == "memory")
            QCOMPARE(end.error.code, engine::ErrorCode::OutOfMemory);
        // The runner goes on.
        m_script->failSubmit = m_script->failMidway = false;
        QCOMPARE(wait(m_runner->generate(request(model))).outcome, JobOutcome::Done);
    }

    void engineThatCannotBeMade() {
        int tries = 0;
        makeRunner([&, make = fake::maker(m_script)]() -> engine::Result<std::unique_ptr<engine::Engine>> {
            if (++tries == 1)
                throw std::bad_alloc();
            if (tries == 2)
                return engine::Error{engine::ErrorCode::DeviceFailed, "no device, said a test.", {}};
            return make();
        });
        QCOMPARE(wait(m_runner->load("a", {})).error.code, engine::ErrorCode::OutOfMemory);
        QCOMPARE(wait(m_runner->load("a", {})).error.code, engine::ErrorCode::DeviceFailed);
        QCOMPARE(wait(m_runner->load("a", {})).outcome, JobOutcome::Done);
    }

    void cancelledLoad() {
        m_script->loadMilliseconds = 5000;
        const JobId job = m_runner->load("slow", {});
        QTest::qWait(30);
        QElapsedTimer clock;
        clock.start();
        m_runner->cancel(job);
        QCOMPARE(wait(job).outcome, JobOutcome::Cancelled);
        QVERIFY(clock.elapsed() < 2000);
    }

    // The engine's thread is busy with something else for long.
    void cancelledWhileItWaits() {
        const engine::ModelId model = load();
        m_script->loadMilliseconds = 60'000;
        const JobId slow = m_runner->load("slow", {});
        QTest::qWait(30);
        const JobId waiting = m_runner->generate(request(model));
        m_runner->cancel(waiting);
        QCOMPARE(wait(waiting).outcome, JobOutcome::Cancelled);
        QVERIFY(!m_ends.contains(slow));
        m_runner->cancel(slow);
        QCOMPARE(wait(slow).outcome, JobOutcome::Cancelled);
    }

    // What comes asks a long step to give way.
    void asksForTheWay() {
        load();
        const int before = m_script->ways;
        m_runner->run([](engine::Engine&, std::stop_token, const EngineRunner::Progress&) {
            return engine::Result<std::any>(std::any(1));
        });
        QVERIFY(m_script->ways > before);
    }

    void unloadEndsItsReplies() {
        const engine::ModelId one = load(), two = load();
        m_script->stepMilliseconds = 2;
        m_script->setReply(std::string(100'000, 'x'));
        const JobId first = m_runner->generate(request(one)), second = m_runner->generate(request(two));
        QTRY_VERIFY(!m_text[second].empty());
        const JobId unload = m_runner->unload(one);
        QCOMPARE(wait(unload).outcome, JobOutcome::Done);
        QCOMPARE(wait(first).outcome, JobOutcome::Cancelled);
        QVERIFY(!m_ends.contains(second));
        m_runner->cancel(second);
        QCOMPARE(wait(second).outcome, JobOutcome::Cancelled);
    }

    void tasksRun() {
        const JobId job =
            m_runner->run([](engine::Engine& engine, std::stop_token, const EngineRunner::Progress& progress) {
                progress(0.5, "half");
                return engine::Result<std::any>(std::any(engine.backend().threads()));
            });
        const JobEnd end = wait(job);
        QCOMPARE(end.outcome, JobOutcome::Done);
        QCOMPARE(std::any_cast<int>(std::get<std::any>(end.result)), 1);
        const JobId bad = m_runner->run(
            [](engine::Engine&, std::stop_token, const EngineRunner::Progress&) -> engine::Result<std::any> {
                throw std::runtime_error("thrown");
            });
        QCOMPARE(wait(bad).outcome, JobOutcome::Failed);
    }

    // Random jobs, random cancels at random moments: one end each, and none forgotten.
    void everyJobEndsOnce() {
        std::mt19937 random(3);
        const engine::ModelId model = load();
        m_script->setReply(std::string(40, 'y'));
        std::vector<JobId> jobs;
        for (int i = 0; i < 400; ++i) {
            switch (random() % 6) {
                case 0:
                    jobs.push_back(m_runner->load("m", {}));
                    break;
                case 1:
                    jobs.push_back(m_runner->unload(model + 1 + random() % 20));
                    break;
                default:
                    jobs.push_back(m_runner->generate(request(model)));
                    break;
            }
            if (random() % 2)
                m_runner->cancel(jobs[random() % jobs.size()]);
            if (random() % 16 == 0)
                m_script->failMidway = !m_script->failMidway;
            if (random() % 16 == 0)
                m_script->failLoad = !m_script->failLoad;
            if (random() % 40 == 0)
                m_script->throwInStep = true;
            if (random() % 8 == 0)
                QTest::qWait(static_cast<int>(random() % 3));
        }
        m_runner->cancel(999'999);  // unknown
        QTRY_COMPARE_WITH_TIMEOUT(m_runner->unfinished(), 0, 20'000);
        QTest::qWait(10);
        for (const JobId job : jobs)
            QCOMPARE(m_ends[job].size(), size_t{1});
    }

    void endsWhileWorking() {
        const engine::ModelId model = load();
        m_script->setReply(std::string(1'000'000, 'z'));
        for (int i = 0; i < 5; ++i)
            m_runner->generate(request(model));
        QTest::qWait(20);
        QElapsedTimer clock;
        clock.start();
        m_runner.reset();
        QVERIFY(clock.elapsed() < 5000);
    }

  private:
    void makeRunner(EngineRunner::MakeEngine make) {
        m_runner = std::make_unique<EngineRunner>(std::move(make));
        connect(m_runner.get(), &EngineRunner::ended, this,
                [this](const JobEnd& end) { m_ends[end.job].push_back(end); });
        connect(m_runner.get(), &EngineRunner::generated, this,
                [this](JobId job, const std::vector<engine::TokenEvent>& tokens) {
                    QVERIFY2(!m_ends.contains(job), "tokens after the end");
                    for (const auto& token : tokens)
                        m_text[job] += token.text;
                });
    }
    engine::Request request(engine::ModelId model) {
        engine::Request r;
        r.model = model;
        r.ids = {1, 2, 3};
        r.maxTokens = -1;
        return r;
    }
    JobEnd wait(JobId job) {
        if (!QTest::qWaitFor([&] { return m_ends.contains(job); }, 10'000))
            return {};
        return m_ends[job].front();
    }
    engine::ModelId load() {
        const JobEnd end = wait(m_runner->load("model", {}));
        const auto* loaded = std::get_if<LoadedResult>(&end.result);
        return loaded ? loaded->model.id : 0;
    }
    std::shared_ptr<fake::Script> m_script;
    std::unique_ptr<EngineRunner> m_runner;
    std::map<JobId, std::vector<JobEnd>> m_ends;
    std::map<JobId, std::string> m_text;
};

QTEST_GUILESS_MAIN(TstEngineRunner)
#include "tst_engine_runner.moc"
