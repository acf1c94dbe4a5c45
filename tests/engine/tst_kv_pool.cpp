// The page pool: prefixes found again, pages shared, evicted and counted.
#include <QtTest>

#include <numeric>
#include <random>

#include "engine/run/kv_pool.h"
#include "tests/support/token_storage.h"

using namespace engine;

namespace {

constexpr int64_t PageTokens = 4;

std::vector<int32_t> tokens(int64_t n, int32_t first = 0) {
    std::vector<int32_t> ids(static_cast<size_t>(n));
    std::iota(ids.begin(), ids.end(), first);
    return ids;
}

void checkCounts(const KvPool& pool) {
    const auto& c = pool.counts();
    QCOMPARE(c.free + c.held + c.cached, c.total);
    KvPool::Counts seen;
    for (const PageInfo& page : pool.map()) {
        ++seen.total;
        seen.free += page.state == PageInfo::State::Free;
        seen.held += page.state == PageInfo::State::Held;
        seen.cached += page.state == PageInfo::State::Cached;
        seen.shared += page.references > 1;
        QCOMPARE(page.references > 0, page.state == PageInfo::State::Held);
    }
    QCOMPARE(seen.free, c.free);
    QCOMPARE(seen.held, c.held);
    QCOMPARE(seen.cached, c.cached);
    QCOMPARE(seen.shared, c.shared);
}

// A pool with readable pages, and sequences that write the number of their prefix at each position.
struct World {
    explicit World(int64_t nPages, int64_t windowTokens = 0) : window(windowTokens) {
        auto own = std::make_unique<test::TokenStorage>(nPages, PageTokens);
        storage = own.get();
        pool = std::make_unique<KvPool>(std::move(own), nPages, PageTokens, window);
    }

    struct Sequence {
        PageTable table;
        std::vector<int32_t> ids;
        int64_t computed = 0;
    };

    static int32_t prefixNumber(const std::vector<int32_t>& ids, int64_t position) {
        uint32_t hash = 17;
        for (int64_t i = 0; i <= position; ++i)
            hash = hash * 31 + static_cast<uint32_t>(ids[static_cast<size_t>(i)]) + 1;
        return static_cast<int32_t>(hash);
    }
    Sequence begin(std::vector<int32_t> ids) {
        Sequence s;
        s.ids = std::move(ids);
        s.computed = pool->attachPrefix(s.ids, s.table);
        s.computed += pool->attachTail(s.ids, s.table);
        return s;
    }
    bool compute(Sequence& s, int64_t until) {
        if (!pool->grow(s.table, until))
            return false;
        for (; s.computed < until; ++s.computed)
            storage->at(s.table.pages, s.computed) = prefixNumber(s.ids, s.computed);
        pool->publish(s.table, s.ids, s.computed);
        return true;
    }
    bool readsWhatItWrote(const Sequence& s) const {
        for (int64_t i = window > 0 ? std::max<int64_t>(s.computed + 1 - window, 0) : 0; i < s.computed; ++i)
            if (storage->at(s.table.pages, i) != prefixNumber(s.ids, i))
                return false;
        return true;
    }

    int64_t window;
    test::TokenStorage* storage;
    std::unique_ptr<KvPool> pool;
};

std::vector<int32_t> joined(std::vector<int32_t> a, const std::vector<int32_t>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

}  // namespace

class TstKvPool : public QObject {
    Q_OBJECT

  private slots:
    void growsAndGivesBack();
    void findsPrefixAgain();
    void lastTokenIsAlwaysComputed();
    void sharesAndMerges();
    void evictsOldestAndLeavesFirst();
    void samePageOtherHistoryIsNotFound();
    void copiesWhenChatForks();
    void continuesItsOwnLastPage();
    void copiesFromFullPage();
    void choosesLongestRun();
    void lastPageAvailable();
    void coveredTailIsNotKept();
    void givesBackBeforeWindow();
    void windowedPrefixIsFoundWhole();
    void randomUse_data();
    void randomUse();
};

void TstKvPool::growsAndGivesBack() {
    KvPool pool(nullptr, 4, PageTokens);
    PageTable a{.owner = 7, .pages = {}};
    QVERIFY(pool.grow(a, 9));
    QCOMPARE(a.pages.size(), size_t{3});
    QVERIFY(pool.grow(a, 12));
    QCOMPARE(a.pages.size(), size_t{3});
    QVERIFY(!pool.grow(a, 17));
    QCOMPARE(a.pages.size(), size_t{3});
    QCOMPARE(pool.map()[static_cast<size_t>(a.pages[2])].owner, uint64_t{7});
    QCOMPARE(pool.map()[static_cast<size_t>(a.pages[2])].firstPosition, int64_t{8});
    checkCounts(pool);
    pool.release(a);
    QVERIFY(a.pages.empty());
    QCOMPARE(pool.counts().free, int64_t{4});
}

void TstKvPool::findsPrefixAgain() {
    KvPool pool(nullptr, 8, PageTokens);
    const auto ids = tokens(10);
    PageTable a;
    QCOMPARE(pool.attachPrefix(ids, a), int64_t{0});
    QVERIFY(pool.grow(a, 10));
    pool.publish(a, ids, 10);
    const auto first = a.pages;
    pool.release(a);
    QCOMPARE(pool.counts().cached, int64_t{3});
    checkCounts(pool);

    PageTable b;
    QCOMPARE(pool.attachPrefix(tokens(30), b), int64_t{8});
    QCOMPARE(b.pages, std::vector<int32_t>(first.begin(), first.begin() + 2));
    checkCounts(pool);
    pool.release(b);
    PageTable other;
    QCOMPARE(pool.attachPrefix(tokens(30, 1), other), int64_t{0});
}

void TstKvPool::lastTokenIsAlwaysComputed() {
    KvPool pool(nullptr, 8, PageTokens);
    const auto ids = tokens(8);
    PageTable a;
    QVERIFY(pool.grow(a, 8));
    pool.publish(a, ids, 8);
    PageTable b;
    QCOMPARE(pool.attachPrefix(ids, b), int64_t{4});
    PageTable c;
    QCOMPARE(pool.attachPrefix(tokens(9), c), int64_t{8});
    QCOMPARE(pool.counts().shared, int64_t{2});
    checkCounts(pool);
}

void TstKvPool::sharesAndMerges() {  // two sequences compute the same prompt side by side
    KvPool pool(nullptr, 8, PageTokens);
    const auto ids = tokens(8);
    PageTable a, b;
    QVERIFY(pool.grow(a, 8) && pool.grow(b, 8));
    QCOMPARE(pool.counts().held, int64_t{4});
    pool.publish(a, ids, 8);
    pool.publish(b, ids, 8);
    QCOMPARE(a.pages, b.pages);
    QCOMPARE(pool.counts().held, int64_t{2});
    QCOMPARE(pool.counts().shared, int64_t{2});
    checkCounts(pool);
    pool.release(a);
    QCOMPARE(pool.counts().held, int64_t{2});
    pool.release(b);
    QCOMPARE(pool.counts().cached, int64_t{2});
    checkCounts(pool);
    pool.clearCache();
    QCOMPARE(pool.counts().free, int64_t{8});
    PageTable c;
    QCOMPARE(pool.attachPrefix(tokens(9), c), int64_t{0});
    checkCounts(pool);
}

void TstKvPool::evictsOldestAndLeavesFirst() {
    KvPool pool(nullptr, 6, PageTokens);
    PageTable a, b;
    QVERIFY(pool.grow(a, 12));
    pool.publish(a, tokens(12), 12);
    pool.release(a);
    QVERIFY(pool.grow(b, 12));
    pool.publish(b, tokens(12, 500), 12);
    pool.release(b);
    PageTable c;  // needs one page: the tail of the older chain goes
    QVERIFY(pool.grow(c, 4));
    PageTable again;
    QCOMPARE(pool.attachPrefix(tokens(13), again), int64_t{8});
    pool.release(again);
    QCOMPARE(pool.attachPrefix(tokens(13, 500), again), int64_t{12});
    pool.release(again);
    checkCounts(pool);
    QVERIFY(pool.grow(again, 20));
    QCOMPARE(pool.counts().cached, int64_t{0});
    QVERIFY(!pool.grow(c, 8));
    checkCounts(pool);
}

void TstKvPool::samePageOtherHistoryIsNotFound() {
    KvPool pool(nullptr, 8, PageTokens);
    const std::vector<int32_t> ids = {1, 2, 3, 4, 5, 6, 7, 8};
    PageTable a;
    QVERIFY(pool.grow(a, 8));
    pool.publish(a, ids, 8);
    PageTable b;
    QCOMPARE(pool.attachPrefix(std::vector<int32_t>{5, 6, 7, 8, 9}, b), int64_t{0});
    QCOMPARE(pool.attachPrefix(std::vector<int32_t>{0, 2, 3, 4, 5, 6, 7, 8, 9}, b), int64_t{0});
}

void TstKvPool::copiesWhenChatForks() {  // from a sequence that goes on writing
    World world(12);
    auto a = world.begin(tokens(20));
    QVERIFY(world.compute(a, 11));
    auto b = world.begin(joined(tokens(10), {70, 71, 72}));
    QCOMPARE(b.computed, int64_t{10});  // two pages shared, two tokens copied
    QCOMPARE(world.storage->copied, int64_t{2});
    QCOMPARE(a.table.pages[1], b.table.pages[1]);
    QVERIFY(a.table.pages[2] != b.table.pages[2]);
    QVERIFY(world.compute(b, 13));
    QVERIFY(world.compute(a, 20));
    QVERIFY(world.readsWhatItWrote(a) && world.readsWhatItWrote(b));
    QCOMPARE(world.pool->counts().held, int64_t{7});
    QCOMPARE(world.pool->counts().shared, int64_t{2});
    checkCounts(*world.pool);
}

void TstKvPool::continuesItsOwnLastPage() {  // the next turn of a chat
    World world(12);
    auto a = world.begin(tokens(11));
    QVERIFY(world.compute(a, 10));
    const auto pages = a.table.pages;
    world.pool->release(a.table);
    QCOMPARE(world.pool->counts().cached, int64_t{3});
    auto b = world.begin(tokens(16));
    QCOMPARE(b.computed, int64_t{10});
    QCOMPARE(b.table.pages, pages);
    QCOMPARE(world.storage->copied, int64_t{0});
    QCOMPARE(world.pool->counts().cached, int64_t{0});
    QVERIFY(world.compute(b, 16));
    QVERIFY(world.readsWhatItWrote(b));
    checkCounts(*world.pool);
}

void TstKvPool::copiesFromFullPage() {  // the same prompt again: all but its last token
    World world(12);
    auto a = world.begin(tokens(12));
    QVERIFY(world.compute(a, 12));
    auto b = world.begin(tokens(12));
    QCOMPARE(b.computed, int64_t{11});
    auto c = world.begin({0, 1, 2, 9, 9});
    QCOMPARE(c.computed, int64_t{3});
    QVERIFY(world.compute(b, 12) && world.compute(c, 5));
    QCOMPARE(b.table.pages, a.table.pages);  // the copy became equal and was given back
    QVERIFY(world.readsWhatItWrote(a) && world.readsWhatItWrote(b) && world.readsWhatItWrote(c));
    QCOMPARE(world.pool->counts().held, int64_t{5});
    auto one = world.begin({0});
    QCOMPARE(one.computed, int64_t{0});
    checkCounts(*world.pool);
}

void TstKvPool::choosesLongestRun() {
    World world(20);
    for (const std::vector<int32_t>& end : {std::vector<int32_t>{5}, {5, 6, 7}, {5, 6}, {6, 6, 6}}) {
        auto s = world.begin(joined(tokens(4), end));
        QVERIFY(world.compute(s, static_cast<int64_t>(s.ids.size())));
        world.pool->release(s.table);
    }
    auto b = world.begin(joined(tokens(4), {5, 6, 7, 8, 9}));
    QCOMPARE(b.computed, int64_t{7});
    QVERIFY(world.readsWhatItWrote(b));
    auto c = world.begin(joined(tokens(4), {6, 6, 9, 9}));
    QCOMPARE(c.computed, int64_t{6});
    QVERIFY(world.readsWhatItWrote(c));
    checkCounts(*world.pool);
}

void TstKvPool::lastPageAvailable() {  // no room for a copy: the cached page itself is used, a held one never
    World world(3);
    auto a = world.begin(tokens(4));
    QVERIFY(world.compute(a, 4));
    world.pool->release(a.table);
    PageTable other;
    QVERIFY(world.pool->grow(other, 2 * PageTokens));
    auto b = world.begin({0, 1, 9, 9, 9});
    QCOMPARE(b.computed, int64_t{2});
    QVERIFY(world.readsWhatItWrote(b));
    QCOMPARE(world.pool->available(), int64_t{0});
    auto c = world.begin({0, 1, 8});
    QCOMPARE(c.computed, int64_t{0});
    QVERIFY(c.table.pages.empty());
    checkCounts(*world.pool);
}

void TstKvPool::coveredTailIsNotKept() {
    World world(12);
    auto a = world.begin(tokens(7));
    auto b = world.begin(tokens(6));
    QVERIFY(world.compute(a, 7) && world.compute(b, 6));
    world.pool->release(b.table);
    QCOMPARE(world.pool->counts().cached, int64_t{0});
    world.pool->release(a.table);
    QCOMPARE(world.pool->counts().cached, int64_t{2});
    world.pool->clearCache();
    QCOMPARE(world.begin(tokens(7)).computed, int64_t{0});
    checkCounts(*world.pool);
}

void TstKvPool::givesBackBeforeWindow() {
    World world(100, 10);
    auto a = world.begin(tokens(300));
    for (int64_t until = 1; until <= 300; ++until) {
        QVERIFY(world.compute(a, until));
        QVERIFY(world.readsWhatItWrote(a));
        QVERIFY(world.pool->counts().held <= world.pool->mostHeld(until, 1));
        QVERIFY(world.pool->counts().held <= 4);
        for (int64_t i = 0; i < a.table.dropped; ++i)  // holes name a page of its own
            QCOMPARE(a.table.pages[static_cast<size_t>(i)], a.table.pages[static_cast<size_t>(a.table.dropped)]);
    }
    QCOMPARE(a.table.dropped, int64_t{(301 - 10) / PageTokens});
    QCOMPARE(a.table.held(), world.pool->counts().held);
    checkCounts(*world.pool);
    world.pool->release(a.table);
    QCOMPARE(world.pool->counts().held, int64_t{0});
    QCOMPARE(world.pool->counts().cached, int64_t{75});
    checkCounts(*world.pool);
}

void TstKvPool::windowedPrefixIsFoundWhole() {
    World world(20, 10);
    auto a = world.begin(tokens(40));
    QVERIFY(world.compute(a, 40));
    world.pool->release(a.table);
    auto b = world.begin(tokens(60));
    QCOMPARE(b.computed, int64_t{40});
    QCOMPARE(b.table.dropped, int64_t{7});
    QCOMPARE(world.pool->counts().held, int64_t{3});
    QVERIFY(world.readsWhatItWrote(b));
    QVERIFY(world.compute(b, 60));
    QVERIFY(world.readsWhatItWrote(b));
    world.pool->release(b.table);
    PageTable other;  // takes the page that left the window first: the chain has no beginning any more
    QVERIFY(world.pool->grow(other, 6 * PageTokens));
    QCOMPARE(world.begin(tokens(60)).computed, int64_t{0});
    checkCounts(*world.pool);
}

void TstKvPool::randomUse_data() {
    QTest::addColumn<int>("window");
    for (const int window : {0, 1, 4, 9})
        QTest::addRow("window=%d", window) << window;
}

// What a table shows must be what its sequence would have computed, whatever was shared, copied and evicted.
void TstKvPool::randomUse() {
    QFETCH(int, window);
    std::mt19937 random(4);
    World world(40, window);
    KvPool& pool = *world.pool;
    std::vector<World::Sequence> live;
    int64_t reused = 0;
    for (int i = 0; i < 20000; ++i) {
        const auto what = random() % 10;
        if (what < 3 && live.size() < 12) {
            std::vector<int32_t> ids;
            for (unsigned n = 1 + random() % 30; n > 0; --n)
                ids.push_back(static_cast<int32_t>(random() % 2));  // few symbols: many equal prefixes
            live.push_back(world.begin(std::move(ids)));
            World::Sequence& s = live.back();
            reused += s.computed;
            QVERIFY(s.computed < static_cast<int64_t>(s.ids.size()));
        } else if (what < 8 && !live.empty()) {
            World::Sequence& s = live[random() % live.size()];
            if (s.computed == static_cast<int64_t>(s.ids.size()))
                s.ids.push_back(static_cast<int32_t>(random() % 2));
            world.compute(s, s.computed + 1 + random() % (static_cast<int64_t>(s.ids.size()) - s.computed));
        } else if (!live.empty()) {
            const auto which = static_cast<int64_t>(random() % live.size());
            pool.release(live[static_cast<size_t>(which)].table);
            live.erase(live.begin() + which);
        }
        for (const World::Sequence& s : live)
            QVERIFY(world.readsWhatItWrote(s));
        if (i % 100 == 0)
            checkCounts(pool);
    }
    QVERIFY(reused > 1000);
    QVERIFY(world.storage->copied > 1000);
    for (World::Sequence& s : live)
        pool.release(s.table);
    checkCounts(pool);
    QCOMPARE(pool.counts().held, int64_t{0});
}

QTEST_APPLESS_MAIN(TstKvPool)
#include "tst_kv_pool.moc"
