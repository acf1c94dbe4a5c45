// The engine end to end on tiny models: a reply has the same bits alone, in a batch, in chunks, on any number of
// threads, from reused pages and after preemption; every request ends exactly once and gives its pages back; what
// cannot run is refused in words.
#include <QtTest>

#include <algorithm>
#include <map>
#include <thread>

#include "tests/support/engine_world.h"

using namespace engine;
using test::compare, test::Outcome, test::withPages;
using World = test::EngineWorld;

class TstEngine : public QObject {
    Q_OBJECT

  private slots:
    void sameBitsHoweverComputed_data();
    void sameBitsHoweverComputed();
    void sameBitsInBatchOfThirty();
    void sameBitsInAnyCompany_data();
    void sameBitsInAnyCompany();
    void sameBitsFromReusedPages();
    void sameBitsAfterPreemption();
    void nextTurnReusesPrompt();
    void sameBitsAfterFork_data();
    void sameBitsAfterFork();
    void cancelAtEveryStep();
    void cancelFromAnotherThread();
    void unloadEndsRequests();
    void severalModels();
    void stopReasons();
    void contextShift_data();
    void contextShift();
    void stopStringAcrossTokens();
    void alternatives();
    void refusesRequests_data();
    void refusesRequests();
    void loadStops();
    void memoryPlan();
    void snapshotCounts();
    void logitsGiveBackPages();
    void moreRequestsThanRows();
};

void TstEngine::sameBitsHoweverComputed_data() {
    QTest::addColumn<int>("threads");
    QTest::addColumn<int>("chunk");
    QTest::addColumn<QString>("dtype");
    for (const QString dtype : {"F32", "F16", "Q8_0"})
        for (int threads : {1, 2, 3})
            for (int chunk : {1, 5, 32, 33, 512})
                QTest::addRow("%s/threads=%d/chunk=%d", qPrintable(dtype), threads, chunk) << threads << chunk << dtype;
}

void TstEngine::sameBitsHoweverComputed() {
    QFETCH(int, threads);
    QFETCH(int, chunk);
    QFETCH(QString, dtype);
    test::TinyModel tiny;
    tiny.dtype = *kernels::dtypeFromName(dtype.toStdString());
    World plain, other;
    QVERIFY(plain.start({.threads = 1}, tiny));
    QVERIFY(other.start({.threads = threads, .prefillChunk = chunk}, tiny));
    const Request r = plain.request(1, 75);
    compare(other.run(r), plain.run(r));
}

void TstEngine::sameBitsInBatchOfThirty() {
    test::TinyModel tiny;
    tiny.dtype = kernels::DType::Q8_0;
    World alone, batch;
    QVERIFY(alone.start({.threads = 2}, tiny));
    QVERIFY(batch.start({.threads = 2, .prefillChunk = 16, .maxBatchRows = 40}, tiny));
    std::vector<RequestId> ids;
    for (int n = 0; n < 30; ++n) {
        const auto id = batch.engine->submit(batch.request(n, 3 + n * 2));
        QVERIFY(id);
        ids.push_back(*id);
    }
    auto outcomes = batch.runAll();
    for (int n = 0; n < 30; ++n)
        compare(outcomes[ids[static_cast<size_t>(n)]], alone.run(alone.request(n, 3 + n * 2)));
}

void TstEngine::sameBitsInAnyCompany_data() {
    QTest::addColumn<QString>("kv");
    QTest::addColumn<int>("threads");
    QTest::addColumn<int>("chunk");
    QTest::addColumn<int>("rows");
    QTest::addColumn<double>("stepSeconds");
    QTest::addColumn<int>("pages");
    for (const QString kv : {"F16", "Q8_0", "Q4_0", "F32"}) {
        QTest::addRow("%s/1 thread", qPrintable(kv)) << kv << 1 << 512 << 512 << 0.1 << 0;
        QTest::addRow("%s/2 threads", qPrintable(kv)) << kv << 2 << 512 << 512 << 0.1 << 0;
        QTest::addRow("%s/2 threads, small chunks", qPrintable(kv)) << kv << 2 << 7 << 512 << 0.1 << 0;
        QTest::addRow("%s/3 threads, few rows", qPrintable(kv)) << kv << 3 << 64 << 9 << 0.0 << 0;
        QTest::addRow("%s/2 threads, shortest steps", qPrintable(kv)) << kv << 2 << 512 << 512 << 1e-9 << 0;
        QTest::addRow("%s/2 threads, few pages", qPrintable(kv)) << kv << 2 << 48 << 512 << 0.1 << 14;
    }
}

// Same seed, same text: alone on one thread without a page of anybody else, and among thirty that begin alike, in any
// steps, on any number of threads, pushed out and computed again, and once more when the pages are there already.
void TstEngine::sameBitsInAnyCompany() {
    QFETCH(QString, kv);
    QFETCH(int, threads);
    QFETCH(int, chunk);
    QFETCH(int, rows);
    QFETCH(double, stepSeconds);
    QFETCH(int, pages);
    constexpr int Requests = 30;
    test::TinyModel tiny;
    tiny.dtype = kernels::DType::Q8_0;
    tiny.nHeads = 2;
    tiny.nKvHeads = 1;
    tiny.headDim = 32;
    LoadOptions load;
    load.kType = load.vType = *kernels::dtypeFromName(kv.toStdString());
    const auto requestOf = [](const World& world, int n) {
        Request r = world.request(0, 70 + n % 3 * 20);
        for (int i = 0; i < n; ++i)
            r.ids.push_back(static_cast<int32_t>(3 + (n * 17 + i) % 280));
        r.sampling.seed = static_cast<uint64_t>(n);
        r.sampling.temperature = n % 4 ? 0.9f : 0.0f;
        r.sampling.repetitionPenalty = n % 2 ? 1.2f : 1.0f;
        r.sampling.dryMultiplier = n % 5 ? 0.0f : 0.8f;
        r.priority = n % 7 == 0;
        r.maxTokens = 8 + n % 20;
        return r;
    };
    static std::map<QString, std::vector<Outcome>> alone;
    if (alone[kv].empty())
        for (int n = 0; n < Requests; ++n) {
            World world;
            QVERIFY(world.start({.threads = 1}, tiny, load));
            alone[kv].push_back(world.run(requestOf(world, n)));
            QCOMPARE(alone[kv].back().stats.reusedTokens, int64_t{0});
        }
    if (pages > 0)
        load.kvBudgetBytes =
            pages * tiny.nLayers * 2 * tiny.nKvHeads * 32 * kernels::rowBytes(load.kType, tiny.headDim);
    World world;
    QVERIFY(world.start(
        {.threads = threads, .prefillChunk = chunk, .maxBatchRows = rows, .decodingStepSeconds = stepSeconds}, tiny,
        load));
    for (int round = 0; round < 2; ++round) {
        std::vector<RequestId> ids;
        std::map<RequestId, Outcome> outcomes;
        std::vector<EngineEvent> events;
        for (int n = 0; n < Requests; ++n) {
            ids.push_back(*world.engine->submit(requestOf(world, n)));
            if (n % 4 == 3)  // some come while others run
                world.engine->step(events);
            test::collect(events, outcomes);
        }
        while (world.engine->step(events))
            test::collect(events, outcomes);
        int64_t reused = 0;
        for (int n = 0; n < Requests; ++n) {
            compare(outcomes[ids[static_cast<size_t>(n)]], alone[kv][static_cast<size_t>(n)]);
            reused += outcomes[ids[static_cast<size_t>(n)]].stats.reusedTokens;
        }
        QVERIFY(round == 0 || reused > 0);
    }
    QCOMPARE(world.engine->snapshot().models[0].pagesUsed, int64_t{0});
}

void TstEngine::sameBitsFromReusedPages() {
    test::TinyModel tiny;
    tiny.dtype = kernels::DType::Q8_0;
    World fresh, warm;
    QVERIFY(fresh.start({.threads = 2}, tiny));
    QVERIFY(warm.start({.threads = 2}, tiny));
    const Request r = fresh.request(5, 100);
    const Outcome want = fresh.run(r);
    QCOMPARE(want.stats.reusedTokens, int64_t{0});
    compare(warm.run(r), want);
    const Outcome again = warm.run(r);
    QCOMPARE(again.stats.reusedTokens, int64_t{99});
    compare(again, want);
}

void TstEngine::sameBitsAfterPreemption() {
    test::TinyModel tiny;
    World roomy, tight;
    QVERIFY(roomy.start({.threads = 2}, tiny));
    QVERIFY(tight.start({.threads = 2}, tiny, withPages(8, tiny)));
    QCOMPARE(tight.model.kvPages, int64_t{8});
    std::vector<RequestId> ids;
    for (int n = 0; n < 6; ++n) {
        Request r = tight.request(n, 40);
        r.maxTokens = 60;
        ids.push_back(*tight.engine->submit(r));
    }
    auto outcomes = tight.runAll();
    for (int n = 0; n < 6; ++n) {
        Request r = roomy.request(n, 40);
        r.maxTokens = 60;
        compare(outcomes[ids[static_cast<size_t>(n)]], roomy.run(r));
    }
    QCOMPARE(tight.engine->snapshot().models[0].pagesUsed, int64_t{0});
}

void TstEngine::nextTurnReusesPrompt() {
    World world;
    QVERIFY(world.start({.threads = 1}, {}));
    Request first = world.request(3, 50);
    const Outcome reply = world.run(first);
    Request second = first;  // the next turn: prompt, reply, more
    second.ids.insert(second.ids.end(), reply.ids.begin(), reply.ids.end());
    for (int i = 0; i < 10; ++i)
        second.ids.push_back(40 + i);
    const Outcome next = world.run(second);
    QCOMPARE(next.stats.reusedTokens, int64_t{73});  // all but the last token of the reply, which was never computed
    World fresh;
    QVERIFY(fresh.start({.threads = 1}, {}));
    compare(next, fresh.run(second));
}

void TstEngine::sameBitsAfterFork_data() {
    QTest::addColumn<QString>("kType");
    QTest::addColumn<QString>("vType");
    for (const char* k : {"F32", "F16", "Q8_0", "Q4_0"})
        for (const char* v : {"F32", "F16", "Q8_0", "Q4_0"})
            QTest::addRow("k=%s/v=%s", k, v) << k << v;
}

// Branches of one chat: while the first still writes, others leave it at every token of its last page.
void TstEngine::sameBitsAfterFork() {
    QFETCH(QString, kType);
    QFETCH(QString, vType);
    const test::TinyModel tiny{.headDim = 32};
    LoadOptions types;
    types.kType = *kernels::dtypeFromName(kType.toStdString());
    types.vType = *kernels::dtypeFromName(vType.toStdString());
    World world, alone;
    QVERIFY(world.start({.threads = 2, .prefillChunk = 40}, tiny, types));
    QVERIFY(alone.start({.threads = 1}, tiny, types));
    Request trunk = world.request(3, 90);
    trunk.maxTokens = 60;
    std::vector<RequestId> ids = {*world.engine->submit(trunk)};
    std::map<RequestId, Outcome> outcomes;
    std::vector<EngineEvent> events;
    for (int i = 0; i < 4; ++i)
        QVERIFY(world.engine->step(events));
    std::vector<Request> branches;
    for (size_t at = 60; at < 90; at += 3) {
        Request branch = trunk;
        branch.ids.resize(at);
        branch.ids.push_back(static_cast<int32_t>(at));
        branch.maxTokens = 8;
        branches.push_back(branch);
        ids.push_back(*world.engine->submit(branch));
        world.engine->step(events);
    }
    test::collect(events, outcomes);
    while (world.engine->step(events))
        test::collect(events, outcomes);
    compare(outcomes[ids[0]], alone.run(trunk));
    for (size_t i = 0; i < branches.size(); ++i) {
        QCOMPARE(outcomes[ids[i + 1]].stats.reusedTokens, static_cast<int64_t>(branches[i].ids.size() - 1));
        World fresh;
        QVERIFY(fresh.start({.threads = 1}, tiny, types));
        compare(outcomes[ids[i + 1]], fresh.run(branches[i]));
    }
}

void TstEngine::cancelAtEveryStep() {  // waiting, in the middle of the prompt, at the first token, while decoding
    World world;
    QVERIFY(world.start({.threads = 1, .prefillChunk = 8, .maxBatchRows = 8}, {}));
    for (int steps = 0; steps < 20; ++steps) {
        const auto id = world.engine->submit(world.request(steps, 40));
        QVERIFY(id);
        std::map<RequestId, Outcome> outcomes;
        std::vector<EngineEvent> events;
        for (int i = 0; i < steps; ++i)
            world.engine->step(events);
        world.engine->cancel(*id);
        while (world.engine->step(events)) {
        }
        test::collect(events, outcomes);
        QCOMPARE(outcomes[*id].finished, 1);
        QCOMPARE(outcomes[*id].failed, 0);
        QVERIFY(outcomes[*id].reason == StopReason::Cancelled);
        const EngineSnapshot::PerModel pages = world.engine->snapshot().models[0];
        QCOMPARE(pages.pagesUsed, int64_t{0});
        QCOMPARE(pages.running + pages.waiting, int64_t{0});
    }
    world.engine->cancel(12345);  // unknown: nothing happens
    std::vector<EngineEvent> events;
    QVERIFY(!world.engine->step(events));
}

void TstEngine::cancelFromAnotherThread() {
    World world;
    QVERIFY(world.start({.threads = 1}, {}));
    Request r = world.request(1);
    r.maxTokens = -1;
    const auto keep = world.engine->submit(world.request(2));
    const auto id = world.engine->submit(r);
    QVERIFY(id && keep);
    std::thread other([&] {
        world.engine->cancel(*id);
        for (int i = 0; i < 100; ++i)
            (void)world.engine->snapshot();
    });
    auto outcomes = world.runAll();
    other.join();
    for (auto& [request, outcome] : world.runAll())
        outcomes[request].finished += outcome.finished;
    QCOMPARE(outcomes[*id].finished, 1);
    QCOMPARE(outcomes[*keep].finished, 1);
    QVERIFY(outcomes[*keep].reason == StopReason::Length);
}

void TstEngine::unloadEndsRequests() {
    World world;
    QVERIFY(world.start({.threads = 1}, {}));
    const auto id = world.engine->submit(world.request(1));
    std::vector<EngineEvent> events;
    QVERIFY(world.engine->step(events));
    QVERIFY(world.engine->unload(world.model.id));
    QVERIFY(!world.engine->model(world.model.id));
    QVERIFY(world.engine->step(events));
    std::map<RequestId, Outcome> outcomes;
    test::collect(events, outcomes);
    QCOMPARE(outcomes[*id].finished, 1);
    QVERIFY(outcomes[*id].reason == StopReason::Cancelled);
    QVERIFY(!world.engine->step(events));
    QVERIFY(!world.engine->unload(world.model.id));
    QVERIFY(!world.engine->submit(world.request(1)));
}

void TstEngine::severalModels() {
    World world, single;
    QVERIFY(world.start({.threads = 2}, {.seed = 1}));
    const std::string second = world.dir.filePath("second.gguf").toStdString();
    const test::TinyModel tiny{.seed = 2, .nLayers = 1};
    QVERIFY(test::writeTinyModel(second, tiny));
    const auto other = world.engine->load(second, {}, {}, {});
    QVERIFY(other);
    QVERIFY(single.start({.threads = 1}, tiny));
    Request r = world.request(4);
    const auto a = world.engine->submit(r);
    r.model = other->id;
    const auto b = world.engine->submit(r);
    auto outcomes = world.runAll();
    QCOMPARE(outcomes[*a].finished, 1);
    r.model = single.model.id;
    compare(outcomes[*b], single.run(r));
    QVERIFY(outcomes[*a].ids != outcomes[*b].ids);
    QCOMPARE(world.engine->snapshot().models.size(), size_t{2});
}

void TstEngine::stopReasons() {
    World world;
    QVERIFY(world.start({.threads = 1}, {.context = 64}));
    Request r = world.request(1, 50);
    r.maxTokens = -1;
    Outcome full = world.run(r);
    QVERIFY(full.reason == StopReason::ContextFull);
    QCOMPARE(full.ids.size(), size_t{14});
    r.maxTokens = 3;
    QVERIFY(world.run(r).reason == StopReason::Length);
    r.maxTokens = 0;
    const Outcome none = world.run(r);
    QVERIFY(none.finished == 1 && none.ids.empty() && none.reason == StopReason::Length);
    r.maxTokens = 5;
    r.ignoreEos = false;
    r.sampling.logitBias = {{2, 100.0f}};  // the end of text, at once
    const Outcome eos = world.run(r);
    QVERIFY(eos.reason == StopReason::EndOfText);
    QVERIFY(eos.ids.empty());
    QCOMPARE(QString(stopReasonName(eos.reason)), QString("eos"));
}

void TstEngine::contextShift_data() {
    QTest::addColumn<int>("keep");
    QTest::addColumn<bool>("company");
    QTest::newRow("nothing kept") << 0 << false;
    QTest::newRow("one page kept") << 32 << false;
    QTest::newRow("some kept") << 13 << false;
    QTest::newRow("in company") << 13 << true;
}

// What comes after a shift is what the model says to the tokens that are left, computed from nothing: greedy, so that
// no chain of chance is needed to compare.
void TstEngine::contextShift() {
    QFETCH(int, keep);
    QFETCH(bool, company);
    constexpr int64_t Context = 96, Prompt = 50, Reply = 200;
    World world, fresh;
    QVERIFY(world.start({.threads = 2}, {.context = Context}));
    QVERIFY(fresh.start({.threads = 1}, {.context = Context}));
    Request r = world.request(1, Prompt);
    r.sampling.temperature = 0;
    r.maxTokens = Reply;
    r.keepTokens = keep;
    const Outcome full = world.run(r);
    QVERIFY(full.reason == StopReason::ContextFull && full.shifts.empty());
    QCOMPARE(full.stats.contextShifts, int64_t{0});
    r.contextShift = true;
    if (company)
        for (int n = 2; n < 9; ++n)
            QVERIFY(world.engine->submit(world.request(n, 40)));
    const Outcome shifted = world.run(r);
    QCOMPARE(shifted.finished, 1);
    QVERIFY(shifted.reason == StopReason::Length);
    QCOMPARE(static_cast<int64_t>(shifted.ids.size()), Reply);
    QCOMPARE(shifted.stats.contextShifts, static_cast<int64_t>(shifted.shifts.size()));
    QVERIFY(shifted.shifts.size() >= 3);
    std::vector<int32_t> ids = r.ids;
    size_t at = 0;
    for (size_t i = 0; i <= shifted.shifts.size(); ++i) {
        const size_t room = std::min(shifted.ids.size() - at, static_cast<size_t>(Context) - ids.size());
        Request again = fresh.request(1, 1);
        again.ids = ids;
        again.sampling.temperature = 0;
        again.maxTokens = static_cast<int64_t>(room);
        const Outcome want = fresh.run(again);
        QCOMPARE(want.ids.size(), room);
        for (size_t k = 0; k < room; ++k, ++at) {
            QCOMPARE(shifted.ids[at], want.ids[k]);
            QVERIFY(shifted.logprobs[at] == want.logprobs[k]);
            ids.push_back(want.ids[k]);
        }
        if (i == shifted.shifts.size())
            break;
        const ContextShiftedEvent& shift = shifted.shifts[i];
        QCOMPARE(shift.contextTokens, Context);
        QVERIFY(shift.kept >= keep && shift.kept <= std::max(keep, 1));
        QCOMPARE(shift.dropped, (Context - shift.kept + 1) / 2);
        ids.erase(ids.begin() + shift.kept, ids.begin() + shift.kept + shift.dropped);
    }
    QCOMPARE(at, shifted.ids.size());
    QCOMPARE(world.engine->snapshot().models[0].pagesUsed, int64_t{0});
}

void TstEngine::stopStringAcrossTokens() {
    World world;
    QVERIFY(world.start({.threads = 1}, {}));
    Request r = world.request(1);
    const int32_t a = 3 + 'a', b = 3 + 'b', c = 3 + 'c';  // byte tokens
    r.sampling.temperature = 0;
    r.sampling.repetitionPenalty = 100;  // each of the three is taken once
    r.sampling.logitBias = {{a, 3000.0f}, {b, 2900.0f}, {c, 2800.0f}};
    r.sampling.order = {SamplerStep::LogitBias, SamplerStep::Penalties, SamplerStep::Temperature};
    r.stops = {"bc"};
    const Outcome stopped = world.run(r);
    QVERIFY(stopped.reason == StopReason::StopString);
    QCOMPARE(stopped.text, std::string("a"));
    QCOMPARE(stopped.ids, (std::vector<int32_t>{a, b, c}));
    r.stops = {"bcd"};
    r.maxTokens = 3;
    const Outcome held = world.run(r);  // held back until the end, then given
    QVERIFY(held.reason == StopReason::Length);
    QCOMPARE(held.text, std::string("abc"));
}

void TstEngine::alternatives() {
    World world;
    QVERIFY(world.start({.threads = 1}, {}));
    Request r = world.request(1);
    r.nTop = 4;
    r.sampling.temperature = 0;
    std::vector<EngineEvent> events;
    QVERIFY(world.engine->submit(r));
    while (world.engine->step(events)) {
    }
    for (const EngineEvent& event : events)
        if (const auto* token = std::get_if<TokenEvent>(&event)) {
            QCOMPARE(token->token.top.size(), size_t{4});
            QCOMPARE(token->token.top[0].id, token->token.id);
            QCOMPARE(token->token.top[0].logprob, token->token.logprob);
            QVERIFY(token->token.top[0].logprob >= token->token.top[1].logprob);
        }
}

void TstEngine::refusesRequests_data() {
    QTest::addColumn<int>("which");
    QTest::addColumn<QString>("words");
    const char* words[] = {"prompt is empty",         "256 tokens, the context of 256",
                           "is 288, the vocabulary",  "is -1, the vocabulary",
                           "temperature is",          "stop string is empty",
                           "stop strings with",       "alternatives",
                           "limit is -2 tokens",      "Model 99",
                           "129 tokens shall be kept"};
    for (int i = 0; i < static_cast<int>(std::size(words)); ++i)
        QTest::newRow(words[i]) << i << QString(words[i]);
}

void TstEngine::refusesRequests() {
    QFETCH(int, which);
    QFETCH(QString, words);
    World world;
    QVERIFY(world.start({.threads = 1}, {}));
    Request r = world.request(1);
    switch (which) {
        case 0:
            r.ids.clear();
            break;
        case 1:
            r.ids.resize(256, 5);
            break;
        case 2:
            r.ids[3] = 288;
            break;
        case 3:
            r.ids[0] = -1;
            break;
        case 4:
            r.sampling.temperature = -1;
            break;
        case 5:
            r.stops = {""};
            break;
        case 6:
            r.stops.assign(1000000, "x");
            break;
        case 7:
            r.nTop = 1 << 20;
            break;
        case 8:
            r.maxTokens = -2;
            break;
        case 9:
            r.model = 99;
            break;
        case 10:
            r.keepTokens = 129;
            break;
    }
    const auto id = world.engine->submit(r);
    QVERIFY(!id);
    QVERIFY(id.error().code == ErrorCode::InvalidRequest);
    QVERIFY2(QString::fromStdString(id.error().message).contains(words), id.error().message.c_str());
    std::vector<EngineEvent> events;
    QVERIFY(!world.engine->step(events));
    QVERIFY(events.empty());
}

void TstEngine::loadStops() {  // at every stage that reports progress
    World world;
    QVERIFY(world.start({.threads = 1}, {}));
    std::vector<std::string> stages;
    double last = 0;
    const auto watch = [&](double share, const std::string& stage) {
        QVERIFY(share >= last && share <= 1);
        last = share;
        stages.push_back(stage);
    };
    const auto id = world.engine->load(world.model.path, {}, watch, {});
    QVERIFY(id);
    QCOMPARE(last, 1.0);
    for (size_t at = 0; at + 1 < stages.size(); ++at) {
        std::stop_source source;
        size_t seen = 0;
        const auto stopAt = [&](double, const std::string&) {
            if (seen++ == at)
                source.request_stop();
        };
        const auto stopped = world.engine->load(world.model.path, {}, stopAt, source.get_token());
        QVERIFY(!stopped);
        QVERIFY(stopped.error().code == ErrorCode::Cancelled);
        QCOMPARE(world.engine->snapshot().models.size(), size_t{2});
    }
    QCOMPARE(world.run(world.request(1)).finished, 1);  // what was loaded stays usable
}

void TstEngine::memoryPlan() {
    World cut;
    const test::TinyModel tiny{.context = 4096};
    QVERIFY(cut.start({.threads = 1}, tiny, withPages(10, tiny)));
    QCOMPARE(cut.model.contextTokens, int64_t{320});
    QCOMPARE(cut.model.kvPages, int64_t{10});
    QVERIFY(!cut.model.notes.empty() && cut.model.notes[0].find("cut from 4096 to 320") != std::string::npos);
    LoadOptions much = withPages(10, tiny);
    much.contextTokens = 1000;
    const auto refused = cut.engine->load(cut.model.path, much, {}, {});
    QVERIFY(!refused);
    QVERIFY(refused.error().code == ErrorCode::OutOfMemory);
    QVERIFY(refused.error().message.find("enough for 320 tokens") != std::string::npos);
    const auto absurd = cut.engine->load(cut.model.path, {.contextTokens = int64_t{1} << 40}, {}, {});
    QVERIFY(!absurd);
    QVERIFY(absurd.error().code == ErrorCode::OutOfMemory);
    QVERIFY(!cut.engine->load(cut.model.path, {.contextTokens = -1}, {}, {}));
    const auto longer = cut.engine->load(cut.model.path, {.contextTokens = 8192}, {}, {});
    QVERIFY(longer);
    QVERIFY(longer->notes[0].find("longer than the 4096") != std::string::npos);
}

void TstEngine::snapshotCounts() {
    World world;
    QVERIFY(world.start({.threads = 1}, {}));
    QVERIFY(world.engine->submit(world.request(1, 40)));
    QCOMPARE(world.engine->snapshot().models[0].waiting, int64_t{1});
    std::vector<EngineEvent> events;
    QVERIFY(world.engine->step(events));
    EngineSnapshot s = world.engine->snapshot();
    QCOMPARE(s.models[0].running, int64_t{1});
    QCOMPARE(s.models[0].pagesUsed, int64_t{2});
    QCOMPARE(s.lastBatchRows, int64_t{40});
    QVERIFY(s.lastFirstTokenSeconds > 0);
    while (world.engine->step(events)) {
    }
    s = world.engine->snapshot();
    QCOMPARE(s.models[0].pagesUsed, int64_t{0});
    QCOMPARE(s.models[0].pagesCached, int64_t{2});
    QCOMPARE(s.steps, int64_t{24});
}

void TstEngine::logitsGiveBackPages() {
    World world;
    QVERIFY(world.start({.threads = 2, .prefillChunk = 16}, {}));
    const Request r = world.request(1, 50);
    std::vector<int64_t> rows;
    std::vector<float> all, half;
    const auto into = [&](std::vector<float>& out) {
        return [&](int64_t first, int64_t n, const float* logits) -> Result<void> {
            for (int64_t i = 0; i < n; ++i)
                rows.push_back(first + i);
            out.insert(out.end(), logits, logits + n * world.model.vocabSize);
            return {};
        };
    };
    QVERIFY(world.engine->logits(world.model.id, r.ids, into(all), {}));
    QCOMPARE(rows.size(), size_t{50});
    QVERIFY(std::is_sorted(rows.begin(), rows.end()));
    QVERIFY(world.engine->logits(world.model.id, r.ids, into(half), {}, 25));
    QCOMPARE(half.size(), all.size() / 2);
    QVERIFY(std::equal(half.begin(), half.end(), all.begin() + static_cast<int64_t>(half.size())));
    std::stop_source stop;
    const auto stopping = [&](int64_t, int64_t, const float*) -> Result<void> {
        stop.request_stop();
        return {};
    };
    const auto stopped = world.engine->logits(world.model.id, r.ids, stopping, stop.get_token());
    QVERIFY(!stopped && stopped.error().code == ErrorCode::Cancelled);
    const auto refusing = [](int64_t, int64_t, const float*) -> Result<void> {
        return Error{ErrorCode::Internal, "no", {}};
    };
    QVERIFY(!world.engine->logits(world.model.id, r.ids, refusing, {}));
    QCOMPARE(world.engine->snapshot().models[0].pagesUsed, int64_t{0});
    QVERIFY(!world.engine->logits(world.model.id, std::vector<int32_t>(257, 5), into(all), {}));
}

void TstEngine::moreRequestsThanRows() {  // fair: all end, although a step holds only four rows
    World world, alone;
    QVERIFY(world.start({.threads = 1, .prefillChunk = 4, .maxBatchRows = 4}, {}));
    QVERIFY(alone.start({.threads = 1}, {}));
    std::vector<RequestId> ids;
    for (int n = 0; n < 12; ++n)
        ids.push_back(*world.engine->submit(world.request(n, 10)));
    auto outcomes = world.runAll();
    for (int n = 0; n < 12; ++n)
        compare(outcomes[ids[static_cast<size_t>(n)]], alone.run(alone.request(n, 10)));
}

QTEST_APPLESS_MAIN(TstEngine)
#include "tst_engine.moc"
