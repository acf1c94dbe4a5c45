// Long steps: a prompt that is alone is computed in whole steps, and these are given up for a stop and for what comes;
// what was given up leaves no trace in any bit. The models are slow on purpose (one thread, scalar kernels, exact).
#include <QtTest>
#include <atomic>
#include <thread>

#include "engine/run/long_step.h"
#include "tests/support/engine_world.h"

using namespace engine;
using World = test::EngineWorld;

namespace {

// A step of 511 tokens takes some hundred milliseconds; in small pieces, so that it ends soon when it is given up.
constexpr int64_t LongPrompt = 511;
test::TinyModel slowModel() {
    return {.nLayers = 2, .dim = 128, .nHeads = 8, .nKvHeads = 4, .ffnDim = 512, .context = 1024};
}
EngineOptions slowEngine() {
    return {.threads = 1, .isa = "scalar", .exact = true};
}

// Calls `act` on another thread until this is gone, from a moment in which the engine computes.
class Meanwhile {
  public:
    template <typename Act>
    explicit Meanwhile(Act act)
        : m_thread([this, act] {
              while (!m_over) {
                  std::this_thread::sleep_for(std::chrono::milliseconds(5));
                  act();
              }
          }) {}
    ~Meanwhile() {
        m_over = true;
        m_thread.join();
    }

  private:
    std::atomic<bool> m_over{false};
    std::thread m_thread;
};

}  // namespace

class TstLongStep : public QObject {
    Q_OBJECT

  private slots:
    void whatGivesUp();
    void wholePromptInOneStep();
    void makesWayOnceAndKeepsItsBits();
    void staysShortInCompany();
    void stopsInTheMiddle();
    void endsDoNotWaitForAStep();
    void logitsStopInTheMiddle();
};

void TstLongStep::whatGivesUp() {
    LongStep step;
    step.makeWay();  // no step
    step.cancel(6);
    QVERIFY(!step.flag());
    QVERIFY(!step.end());
    step.begin(6, 100);  // what came before it began
    QVERIFY(step.end());
    step.open();
    step.makeWay();
    step.begin(7, 100);
    QVERIFY(step.end());
    step.begin(7, 0.3);
    QVERIFY(!step.end());
    step.open();

    step.begin(7, 100);
    step.cancel(8);  // another request
    QVERIFY(!step.flag());
    step.cancel(7);
    QVERIFY(step.flag());
    QVERIFY(step.end());
    QVERIFY(!step.flag());
    step.cancel(7);  // over
    QVERIFY(!step.flag());

    step.begin(9, 100);  // nearly all of it is still to come
    step.makeWay();
    QVERIFY(step.end());
    step.begin(9, 0.3);  // ends soon
    step.makeWay();
    QVERIFY(!step.end());
    step.begin(9, 0);  // unknown
    step.makeWay();
    QVERIFY(step.end());
}

void TstLongStep::wholePromptInOneStep() {
    World world;
    QVERIFY(world.start(slowEngine(), slowModel()));
    QVERIFY(world.engine->submit(world.request(1, LongPrompt)));
    std::vector<EngineEvent> events;
    QVERIFY(world.engine->step(events));
    QCOMPARE(world.engine->snapshot().lastBatchRows, LongPrompt);
    QCOMPARE(events.size(), size_t{1});  // its first token
}

void TstLongStep::makesWayOnceAndKeepsItsBits() {
    World calm;
    QVERIFY(calm.start(slowEngine(), slowModel()));
    const auto want = calm.run(calm.request(1, LongPrompt));
    QCOMPARE(want.ids.size(), size_t{24});

    World world;
    QVERIFY(world.start(slowEngine(), slowModel()));
    const auto id = world.engine->submit(world.request(1, LongPrompt));
    QVERIFY(id);
    std::vector<EngineEvent> events;
    test::Outcomes outcomes;
    int64_t givenUp = 0, most = 0;
    {
        const Meanwhile others([&] { world.engine->makeWay(); });
        for (int64_t steps = 0; world.engine->step(events);) {
            const EngineSnapshot now = world.engine->snapshot();
            givenUp += now.steps == steps && events.empty();
            if (now.steps > steps)
                most = std::max(most, now.lastBatchRows);
            steps = now.steps;
            test::collect(events, outcomes);
        }
    }
    QCOMPARE(givenUp, int64_t{1});
    QVERIFY2(most < LongPrompt, "it goes on in short steps");
    test::compare(outcomes[*id], want);
    QCOMPARE(world.engine->snapshot().models[0].pagesUsed, int64_t{0});
}

void TstLongStep::staysShortInCompany() {
    World world;
    QVERIFY(world.start(slowEngine(), slowModel()));
    QVERIFY(world.engine->submit(world.request(1, LongPrompt)));
    QVERIFY(world.engine->submit(world.request(2, LongPrompt)));
    std::vector<EngineEvent> events;
    QVERIFY(world.engine->step(events));
    QVERIFY(world.engine->snapshot().lastBatchRows < LongPrompt);
}

void TstLongStep::stopsInTheMiddle() {
    World world;
    QVERIFY(world.start(slowEngine(), slowModel()));
    const auto id = world.engine->submit(world.request(1, LongPrompt));
    QVERIFY(id);
    std::vector<EngineEvent> events;
    test::Outcomes outcomes;
    {
        const Meanwhile user([&] { world.engine->cancel(*id); });
        while (world.engine->step(events)) {
        }
    }
    test::collect(events, outcomes);
    QCOMPARE(outcomes[*id].finished, 1);
    QVERIFY(outcomes[*id].reason == StopReason::Cancelled);
    QVERIFY2(outcomes[*id].ids.empty(), "the step was computed to its end");
    QCOMPARE(world.engine->snapshot().steps, int64_t{0});
    QCOMPARE(world.engine->snapshot().models[0].pagesUsed, int64_t{0});
    test::compare(world.run(world.request(2)), world.run(world.request(2)));  // it goes on working
}

// The end of one request is told before the other, now alone, takes a long step.
void TstLongStep::endsDoNotWaitForAStep() {
    World world;
    QVERIFY(world.start(slowEngine(), slowModel()));
    const auto stopped = world.engine->submit(world.request(1, LongPrompt));
    const auto other = world.engine->submit(world.request(2, LongPrompt));
    QVERIFY(stopped && other);
    world.engine->cancel(*stopped);
    std::vector<EngineEvent> events;
    QVERIFY(world.engine->step(events));
    QCOMPARE(events.size(), size_t{1});
    QVERIFY(std::holds_alternative<FinishedEvent>(events[0]));
    QCOMPARE(world.engine->snapshot().steps, int64_t{0});
    QVERIFY(world.engine->step(events));
    QCOMPARE(world.engine->snapshot().lastBatchRows, LongPrompt);
}

void TstLongStep::logitsStopInTheMiddle() {
    World world;
    QVERIFY(world.start(slowEngine(), slowModel()));
    const std::vector<int32_t> ids = world.request(1, LongPrompt).ids;
    int64_t rows = 0;
    const auto count = [&rows](int64_t, int64_t n, const float*) -> Result<void> {
        rows += n;
        return {};
    };
    std::stop_source stop;
    {
        const Meanwhile user([&] { stop.request_stop(); });
        const auto stopped = world.engine->logits(world.model.id, ids, count, stop.get_token());
        QVERIFY(!stopped);
        QVERIFY(stopped.error().code == ErrorCode::Cancelled);
    }
    QCOMPARE(rows, int64_t{0});
    QVERIFY(world.engine->logits(world.model.id, ids, count, {}));
    QCOMPARE(rows, LongPrompt);
    QCOMPARE(world.engine->snapshot().models[0].pagesUsed, int64_t{0});
}

QTEST_APPLESS_MAIN(TstLongStep)
#include "tst_long_step.moc"
