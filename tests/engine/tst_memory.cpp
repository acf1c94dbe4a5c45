// Memory: what a plan takes of it, what happens when it is lost while requests run, and when it ends in the middle of a
// step. What is free is imaginary; what the process has is read from the system.
#include <QtTest>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>

#include "engine/run/engine.h"
#include "engine/run/memory_plan.h"
#include "engine/run/memory_watch.h"
#include "tests/support/tiny_model.h"

using namespace engine;

namespace {

int64_t allocationsLeft = -1;   // the allocation after so many fails; -1: none does
int64_t allocationsToFail = 1;  // in a row
bool allocationFailed = false;

void* allocate(std::size_t bytes) {
    if (allocationsLeft > 0) {
        --allocationsLeft;
    } else if (allocationsLeft == 0) {
        allocationFailed = true;
        if (--allocationsToFail <= 0)
            allocationsLeft = -1;
        throw std::bad_alloc();
    }
    if (void* block = std::malloc(bytes ? bytes : 1))
        return block;
    throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) {
    return allocate(bytes);
}
void* operator new[](std::size_t bytes) {
    return allocate(bytes);
}
void operator delete(void* block) noexcept {
    std::free(block);
}
void operator delete[](void* block) noexcept {
    std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
    std::free(block);
}
void operator delete[](void* block, std::size_t) noexcept {
    std::free(block);
}

namespace {

constexpr int64_t MB = 1000000;

// One page of this model: 2 layers, 2 heads of 16, 32 tokens, F16, keys and values.
constexpr int64_t PageBytes = 2 * 2 * 2 * 16 * 32 * 2;

struct World {
    std::unique_ptr<Engine> engine;
    LoadedModel model;
    QTemporaryDir dir;
    int64_t freeBytes = 100 * MB;
    std::vector<EngineEvent> events;

    bool start(int64_t context, LoadOptions load = {}) {
        const std::string path = dir.filePath("tiny.gguf").toStdString();
        if (!test::writeTinyModel(path, {.context = context}))
            return false;
        auto made = Engine::make({.threads = 1, .freeMemory = [this] { return freeBytes; }, .memoryCheckSeconds = 0});
        if (!made)
            return false;
        engine = *std::move(made);
        auto loaded = engine->load(path, load, {}, {});
        if (!loaded) {
            qWarning("%s", loaded.error().message.c_str());
            return false;
        }
        model = *std::move(loaded);
        return true;
    }
    Request request(int n, int64_t promptTokens, int64_t reply) const {
        Request r;
        r.model = model.id;
        for (int64_t i = 0; i < promptTokens; ++i)
            r.ids.push_back(static_cast<int32_t>(3 + (n * 31 + i * 7) % 280));
        r.maxTokens = reply;
        r.sampling.seed = static_cast<uint64_t>(n);
        r.ignoreEos = true;
        return r;
    }
    EngineSnapshot::PerModel pages() const { return engine->snapshot().models[0]; }
    void runAll() {
        while (engine->step(events)) {
        }
    }
    const Error* failure(RequestId id) const {
        for (const EngineEvent& event : events)
            if (const auto* failed = std::get_if<FailedEvent>(&event); failed && failed->request == id)
                return &failed->error;
        return nullptr;
    }
    int64_t ends(RequestId id) const {
        return std::count_if(events.begin(), events.end(), [id](const EngineEvent& event) {
            const auto* finished = std::get_if<FinishedEvent>(&event);
            const auto* failed = std::get_if<FailedEvent>(&event);
            return (finished && finished->request == id) || (failed && failed->request == id);
        });
    }
};

int64_t residentBytes() {
    std::ifstream file("/proc/self/statm");
    int64_t all = 0, resident = 0;
    file >> all >> resident;
    return resident * 4096;
}

}  // namespace

class TstMemory : public QObject {
    Q_OBJECT

  private slots:
    void planTakesItsShare();
    void planRefuses();
    void allowance_data();
    void allowance();
    void cacheIsGivenBack();
    void requestsWaitForMemory();
    void whatCannotFitFails();
    void discardedPagesComeBack();
    void failedAllocations_data();
    void failedAllocations();
};

void TstMemory::planTakesItsShare() {
    ModelConfig config;
    config.nLayers = 2;
    config.nKvHeads = 2;
    config.headDim = config.headDimV = 16;
    config.trainedContext = 1 << 20;
    const auto tokens = [&](double target, int64_t freeBytes) {
        const auto plan = planMemory(config, {.memoryTarget = target}, 10 * MB, 5 * MB, freeBytes);
        return plan ? plan->contextTokens : -1;
    };
    const auto fits = [&](double bytes) { return static_cast<int64_t>(bytes) / PageBytes * 32; };
    QCOMPARE(tokens(0.9, 100 * MB), fits(0.9 * 100 * MB - 15 * MB));
    QCOMPARE(tokens(0.5, 100 * MB), fits(0.5 * 100 * MB - 15 * MB));
    QCOMPARE(tokens(1.0, 100 * MB), fits(100 * MB - 15 * MB));
    QCOMPARE(tokens(0.9, 0), int64_t{1 << 20});            // unknown: the model's own
    QCOMPARE(tokens(0.9, 100000 * MB), int64_t{1 << 20});  // and never more than that
    config.trainedContext = 1024;
    const auto roomy = planMemory(config, {}, 10 * MB, 5 * MB, 100000 * MB);
    QVERIFY(roomy && roomy->notes.empty());
    QCOMPARE(roomy->pages, int64_t{32 * 8});  // eight full contexts
    const auto asked = planMemory(config, {.contextTokens = 20000}, 10 * MB, 5 * MB, 100 * MB);
    QVERIFY(asked && asked->pages * PageBytes <= 0.9 * 100 * MB - 15 * MB);
}

void TstMemory::planRefuses() {
    ModelConfig config;
    config.nLayers = 2;
    config.nKvHeads = 2;
    config.headDim = config.headDimV = 16;
    config.trainedContext = 4096;
    const auto message = [&](const LoadOptions& options, int64_t freeBytes) {
        const auto plan = planMemory(config, options, 10 * MB, 5 * MB, freeBytes);
        return plan ? std::string("planned") : plan.error().message;
    };
    QVERIFY(message({}, 16 * MB).find("of the 16 MB that the system has free 14 MB") != std::string::npos);
    QVERIFY(message({.memoryTarget = 0}, 0).find("more than 0") != std::string::npos);
    QVERIFY(message({.memoryTarget = 1.1}, 0).find("at most 1") != std::string::npos);
    QVERIFY(message({.memoryTarget = std::nan("")}, 0).find("at most 1") != std::string::npos);
    QVERIFY(message({.contextTokens = 1000000}, 100 * MB).find("A context of 1000000 tokens") != std::string::npos);
}

void TstMemory::allowance_data() {
    QTest::addColumn<int>("backed");
    QTest::addColumn<int>("held");
    QTest::addColumn<int>("freePages");  // beyond the reserve
    QTest::addColumn<int>("usable");
    QTest::addColumn<int>("giveBack");
    QTest::newRow("nothing lost") << 10 << 5 << 200 << 100 << 0;
    QTest::newRow("less than the pool") << 10 << 5 << 40 << 50 << 0;
    QTest::newRow("just nothing") << 10 << 5 << 0 << 10 << 0;
    QTest::newRow("some missing") << 60 << 20 << -30 << 30 << 30;
    QTest::newRow("more than is cached") << 60 << 50 << -30 << 30 << 10;
    QTest::newRow("all missing") << 60 << 60 << -500 << 8 << 0;
    QTest::newRow("nothing used yet") << 0 << 0 << -500 << 8 << 0;
}

void TstMemory::allowance() {
    QFETCH(int, backed);
    QFETCH(int, held);
    QFETCH(int, freePages);
    QFETCH(int, usable);
    QFETCH(int, giveBack);
    const PageAllowance got = allowPages({.total = 100, .backed = backed, .held = held, .pageBytes = 1000},
                                         50000 + freePages * 1000, 50000, 8);
    QCOMPARE(got.usable, static_cast<int64_t>(usable));
    QCOMPARE(got.giveBack, static_cast<int64_t>(giveBack));
}

void TstMemory::cacheIsGivenBack() {
    World world;
    QVERIFY(world.start(4096));
    const RequestId first = *world.engine->submit(world.request(1, 1000, 4));
    world.runAll();
    QVERIFY(world.ends(first) == 1 && !world.failure(first));
    QVERIFY(world.pages().pagesCached >= 31);
    QCOMPARE(world.pages().pagesUsable, world.pages().pagesTotal);
    world.freeBytes = 5 * MB - 20 * PageBytes;  // twenty pages less than shall stay free
    QVERIFY(!world.engine->step(world.events));
    QCOMPARE(world.pages().pagesCached, int64_t{12});  // of 32 that have memory behind them
    QVERIFY(world.pages().pagesUsable < 32);
    world.freeBytes = 100 * MB;
    world.engine->step(world.events);
    QCOMPARE(world.pages().pagesUsable, world.pages().pagesTotal);
}

void TstMemory::requestsWaitForMemory() {  // they take turns in the pages that are left, and end as they would have
    World world, roomy;
    QVERIFY(world.start(4096));
    QVERIFY(roomy.start(4096));
    world.freeBytes = 1;  // only what must be left: 8 pages
    std::vector<RequestId> ids, want;
    for (int n = 0; n < 6; ++n) {
        QVERIFY(!world.engine->step(world.events) || n > 0);
        ids.push_back(*world.engine->submit(world.request(n, 100, 30)));
        want.push_back(*roomy.engine->submit(roomy.request(n, 100, 30)));
    }
    QCOMPARE(world.pages().pagesUsable, int64_t{8});
    int64_t most = 0;
    while (world.engine->step(world.events))
        most = std::max(most, world.pages().pagesUsed);
    roomy.runAll();
    QVERIFY2(most <= 8, qPrintable(QString::number(most)));
    const auto tokens = [](const World& w, RequestId id) {
        std::vector<int32_t> out;
        for (const EngineEvent& event : w.events)
            if (const auto* token = std::get_if<TokenEvent>(&event); token && token->request == id)
                out.push_back(token->token.id);
        return out;
    };
    for (size_t n = 0; n < ids.size(); ++n) {
        QCOMPARE(world.ends(ids[n]), int64_t{1});
        QVERIFY(!world.failure(ids[n]));
        QCOMPARE(tokens(world, ids[n]), tokens(roomy, want[n]));
    }
}

void TstMemory::whatCannotFitFails() {
    World world;
    QVERIFY(world.start(4096));
    const RequestId large = *world.engine->submit(world.request(1, 1000, 500));
    const RequestId small = *world.engine->submit(world.request(2, 50, 20));
    QVERIFY(world.engine->step(world.events));
    world.freeBytes = 1;
    world.runAll();
    QCOMPARE(world.ends(large), int64_t{1});
    QCOMPARE(world.ends(small), int64_t{1});
    QVERIFY(world.failure(large) && !world.failure(small));
    QVERIFY(world.failure(large)->code == ErrorCode::OutOfMemory);
    QVERIFY2(world.failure(large)->message.find("room for 256") != std::string::npos,
             world.failure(large)->message.c_str());
    const auto refused = world.engine->submit(world.request(1, 1000, 10));
    QVERIFY(!refused && refused.error().code == ErrorCode::OutOfMemory);
    QVERIFY2(refused.error().message.find("256 tokens can be kept now") != std::string::npos,
             refused.error().message.c_str());
    world.freeBytes = 100 * MB;
    world.engine->step(world.events);
    const RequestId again = *world.engine->submit(world.request(1, 1000, 10));
    world.runAll();
    QVERIFY(world.ends(again) == 1 && !world.failure(again));
}

void TstMemory::discardedPagesComeBack() {  // with the system: pages large enough to see
#ifndef __linux__
    QSKIP("memory is given back on Linux");
#endif
    auto backend = makeCpuBackend({.threads = 1, .isa = {}});
    const KvShape shape{.nLayers = 4, .nKvHeads = 4, .headDimK = 64, .headDimV = 64};
    constexpr int64_t Pages = 256;
    auto storage = (*backend)->makeKv(shape, Pages);
    QVERIFY(storage);
    KvStorage& kv = **storage;
    const auto fill = [&](int32_t page, int value) {
        for (int64_t layer = 0; layer < shape.nLayers; ++layer) {
            std::memset(kv.keyPage(layer, page), value, static_cast<size_t>(shape.pageBytesK()));
            std::memset(kv.valuePage(layer, page), value, static_cast<size_t>(shape.pageBytesV()));
        }
    };
    for (int32_t page = 0; page < Pages; ++page)
        fill(page, page % 100 + 1);
    const int64_t before = residentBytes();
    QVERIFY(kv.discard(64, 128));
    const int64_t given = before - residentBytes();
    QVERIFY2(given > 0.9 * 128 * static_cast<double>(shape.bytesPerPage()), qPrintable(QString::number(given)));
    for (const int32_t page : {0, 63, 192, 255})  // the neighbours keep every byte
        for (int64_t layer = 0; layer < shape.nLayers; ++layer)
            for (int64_t i = 0; i < shape.pageBytesK(); ++i)
                QVERIFY(kv.keyPage(layer, page)[i] == std::byte(page % 100 + 1) &&
                        kv.valuePage(layer, page)[i] == std::byte(page % 100 + 1));
    fill(100, 7);
    QVERIFY(kv.keyPage(3, 100)[5] == std::byte{7});
}

// Each allocation of the steps of three requests fails once, in an engine of its own: whoever took part ends, once, as
// failed for want of memory; a request that comes afterwards runs as if nothing had been.
void TstMemory::failedAllocations_data() {
    QTest::addColumn<int>("inARow");
    QTest::newRow("one") << 1;
    QTest::newRow("three") << 3;
}
void TstMemory::failedAllocations() {
    QFETCH(int, inARow);
    using Token = std::pair<int32_t, float>;  // and its log-probability
    std::vector<Token> want;
    const auto tokensOf = [](const World& world, RequestId id) {
        std::vector<Token> out;
        for (const EngineEvent& event : world.events)
            if (const auto* token = std::get_if<TokenEvent>(&event); token && token->request == id)
                out.emplace_back(token->token.id, token->token.logprob);
        return out;
    };
    {
        World world;
        QVERIFY(world.start(256));
        const RequestId id = *world.engine->submit(world.request(9, 40, 6));
        world.runAll();
        want = tokensOf(world, id);
    }
    // A prompt whose pages all hold the same: one that was published half would be taken for another.
    const auto monotone = [](const World& world, int64_t n) {
        Request r = world.request(0, 0, 4);
        r.ids.assign(100, static_cast<int32_t>(3 + n % 280));
        return r;
    };
    World world, calm;
    QVERIFY(world.start(256));
    QVERIFY(calm.start(256));
    int nFailures = 0;
    for (int64_t n = 0;; ++n) {
        std::vector<RequestId> ids;
        world.events.clear();
        world.events.reserve(200);
        for (int i = 0; i < 3; ++i)
            ids.push_back(*world.engine->submit(world.request(static_cast<int>(n) * 3 + i, 30 + 10 * i, 4)));
        ids.push_back(*world.engine->submit(monotone(world, n)));
        allocationFailed = false;
        allocationsToFail = inARow;
        allocationsLeft = n;
        bool threw = false;
        try {
            world.runAll();
        } catch (const std::bad_alloc&) {
            threw = true;
        }
        allocationsLeft = -1;
        QVERIFY2(!threw, qPrintable(QString("allocation %1 left the engine as an exception").arg(n)));
        world.runAll();
        for (const RequestId id : ids) {
            QVERIFY2(world.ends(id) == 1,
                     qPrintable(QString("after allocation %1: %2 ends").arg(n).arg(world.ends(id))));
            if (const Error* error = world.failure(id)) {
                QVERIFY(error->code == ErrorCode::OutOfMemory);
                ++nFailures;
            }
        }
        QCOMPARE(world.pages().pagesUsed, int64_t{0});
        QCOMPARE(world.pages().running + world.pages().waiting, int64_t{0});
        world.events.clear();
        const RequestId after = *world.engine->submit(world.request(9, 40, 6));
        world.runAll();
        QVERIFY(tokensOf(world, after) == want);
        world.events.clear();
        calm.events.clear();
        const RequestId again = *world.engine->submit(monotone(world, n));
        const RequestId alone = *calm.engine->submit(monotone(calm, n));
        world.runAll();
        calm.runAll();
        QVERIFY2(tokensOf(world, again) == tokensOf(calm, alone), qPrintable(QString("after allocation %1").arg(n)));
        if (!allocationFailed)
            break;
        QVERIFY(n < 20000);
    }
    QVERIFY2(nFailures > 10, qPrintable(QString::number(nFailures)));
}

QTEST_APPLESS_MAIN(TstMemory)
#include "tst_memory.moc"
