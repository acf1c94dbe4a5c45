// The page pool: prefixes found again, pages shared, evicted and counted.
#include <QtTest>

#include <numeric>
#include <random>

#include "engine/run/kv_pool.h"

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
    QCOMPARE(pool.counts().cached, int64_t{2});
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

// Every page's true content is kept beside the pool: what a table shows must be what its sequence computed.
void TstKvPool::randomUse() {
    std::mt19937 random(4);
    KvPool pool(nullptr, 40, PageTokens);
    struct Live {
        PageTable table;
        std::vector<int32_t> ids;
        int64_t computed = 0;
    };
    std::vector<Live> live;
    std::vector<std::vector<int32_t>> content(40);  // the whole prefix that a page's values depend on
    int64_t reused = 0;
    for (int i = 0; i < 20000; ++i) {
        const auto what = random() % 10;
        if (what < 3 && live.size() < 12) {
            Live s;
            s.table.owner = static_cast<uint64_t>(i);
            for (unsigned n = 1 + random() % 30; n > 0; --n)
                s.ids.push_back(static_cast<int32_t>(random() % 2));  // few symbols: many equal prefixes
            s.computed = pool.attachPrefix(s.ids, s.table);
            reused += s.computed;
            QVERIFY(s.computed < static_cast<int64_t>(s.ids.size()));
            live.push_back(std::move(s));
        } else if (what < 8 && !live.empty()) {
            Live& s = live[random() % live.size()];
            if (s.computed == static_cast<int64_t>(s.ids.size()))
                s.ids.push_back(static_cast<int32_t>(random() % 2));
            const int64_t until = s.computed + 1 + random() % (static_cast<int64_t>(s.ids.size()) - s.computed);
            if (pool.grow(s.table, until)) {
                for (int64_t p = s.computed / PageTokens; p < pool.pagesFor(until); ++p)
                    content[static_cast<size_t>(s.table.pages[static_cast<size_t>(p)])].assign(
                        s.ids.begin(), s.ids.begin() + std::min(until, (p + 1) * PageTokens));
                s.computed = until;
                pool.publish(s.table, s.ids, s.computed);
            }
        } else if (!live.empty()) {
            const auto which = static_cast<int64_t>(random() % live.size());
            pool.release(live[static_cast<size_t>(which)].table);
            live.erase(live.begin() + which);
        }
        for (const Live& s : live)
            for (int64_t p = 0; p < s.computed / PageTokens; ++p) {
                const auto& held = content[static_cast<size_t>(s.table.pages[static_cast<size_t>(p)])];
                QVERIFY(std::equal(held.begin(), held.end(), s.ids.begin(), s.ids.begin() + (p + 1) * PageTokens));
            }
        if (i % 100 == 0)
            checkCounts(pool);
    }
    QVERIFY(reused > 1000);
    for (Live& s : live)
        pool.release(s.table);
    checkCounts(pool);
    QCOMPARE(pool.counts().held, int64_t{0});
}

QTEST_APPLESS_MAIN(TstKvPool)
#include "tst_kv_pool.moc"
