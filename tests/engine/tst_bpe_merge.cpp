// The three ways of merging against the obvious one, and how often they look a pair up.
#include <QTest>
#include <map>
#include <random>

#include "engine/text/bpe_merge.h"

using namespace engine;

namespace {

using Table = std::map<std::pair<int32_t, int32_t>, Merge>;

std::vector<int32_t> idsOf(const std::vector<Symbol>& symbols) {
    std::vector<int32_t> ids;
    for (const Symbol& symbol : symbols)
        ids.push_back(symbol.id);
    return ids;
}

// Again and again the lowest rank, of equal ones the leftmost.
std::vector<int32_t> obvious(std::vector<int32_t> ids, const Table& table) {
    for (;;) {
        size_t best = ids.size();
        Merge merge;
        for (size_t i = 0; i + 1 < ids.size(); ++i) {
            const auto at = table.find({ids[i], ids[i + 1]});
            if (at != table.end() && at->second.rank < merge.rank) {
                merge = at->second;
                best = i;
            }
        }
        if (best == ids.size())
            return ids;
        ids[best] = merge.id;
        ids.erase(ids.begin() + static_cast<ptrdiff_t>(best) + 1);
    }
}

// Random merges over a few letters. Ranks are shuffled: parts may rank behind what is made of them, as in some real
// files.
Table randomTable(std::mt19937& random, int letters, int count, bool shuffled) {
    std::vector<uint32_t> ranks(static_cast<size_t>(count));
    for (size_t i = 0; i < ranks.size(); ++i)
        ranks[i] = static_cast<uint32_t>(i);
    if (shuffled)
        std::shuffle(ranks.begin(), ranks.end(), random);
    Table table;
    for (int i = 0; i < count; ++i) {
        const auto known = static_cast<uint32_t>(letters + i);
        const std::pair<int32_t, int32_t> pair{static_cast<int32_t>(random() % known),
                                               static_cast<int32_t>(random() % known)};
        table.emplace(pair, Merge{ranks[static_cast<size_t>(i)], static_cast<int32_t>(known)});
    }
    return table;
}

enum class Way { Chosen, Scan, Heap, Buckets };

std::vector<int32_t> merged(Way way, const std::vector<int32_t>& ids, const Table& table, int64_t* lookups = nullptr) {
    Merger merger;
    const std::string text(ids.size(), 'x');
    for (const int32_t id : ids)
        merger.symbols.push_back({id, 1});
    const auto pair = [&](const Symbol& left, const char* at, const Symbol& right) {
        // What the look-up is told about the text must lie in it.
        if (at < text.data() || at + left.size + right.size > text.data() + text.size())
            qFatal("text outside the word");
        if (lookups)
            ++*lookups;
        const auto found = table.find({left.id, right.id});
        return found == table.end() ? Merge{} : found->second;
    };
    switch (way) {
        case Way::Chosen:
            merger.merge(text.data(), pair);
            break;
        case Way::Scan:
            merger.mergeByScan(text.data(), pair);
            break;
        case Way::Heap:
            merger.mergeByHeap(text.data(), pair);
            break;
        case Way::Buckets:
            merger.mergeByBuckets(text.data(), pair);
            break;
    }
    size_t bytes = 0;
    for (const Symbol& symbol : merger.symbols)
        bytes += symbol.size;
    if (bytes != ids.size())
        qFatal("%zu bytes went in, %zu came out", ids.size(), bytes);
    return idsOf(merger.symbols);
}

}  // namespace

class TestBpeMerge : public QObject {
    Q_OBJECT
  private slots:
    void againstTheObvious() {
        std::mt19937 random(3);
        int rounds = 0;
        for (int tables = 0; tables < 200; ++tables) {
            const int letters = 1 + static_cast<int>(random() % 5);
            const Table table = randomTable(random, letters, 1 + static_cast<int>(random() % 60), tables % 2 == 0);
            for (int words = 0; words < 50; ++words, ++rounds) {
                std::vector<int32_t> ids(random() % 80);
                for (int32_t& id : ids)
                    id = static_cast<int32_t>(random() % static_cast<unsigned>(letters));
                const std::vector<int32_t> expected = obvious(ids, table);
                for (const Way way : {Way::Chosen, Way::Scan, Way::Heap, Way::Buckets})
                    QVERIFY(merged(way, ids, table) == expected);
            }
        }
        QCOMPARE(rounds, 10'000);
    }

    void longWords() {
        std::mt19937 random(4);
        for (const bool shuffled : {false, true}) {
            const Table table = randomTable(random, 2, 200, shuffled);
            std::vector<int32_t> ids(20'000);
            for (int32_t& id : ids)
                id = static_cast<int32_t>(random() % 2);
            QVERIFY(merged(Way::Heap, ids, table) == merged(Way::Buckets, ids, table));
        }
    }

    void twiceTheLengthTwiceTheWork_data() {
        QTest::addColumn<bool>("same");
        QTest::newRow("one character") << true;
        QTest::newRow("two by chance") << false;
    }
    void twiceTheLengthTwiceTheWork() {
        QFETCH(bool, same);
        Table table;  // 0 0 -> 1, 1 1 -> 2, ...: the text halves again and again
        for (int32_t i = 0; i < 16; ++i)
            table[{i, i}] = {static_cast<uint32_t>(i), i + 1};
        std::mt19937 random(5);
        for (const Way way : {Way::Heap, Way::Buckets}) {
            int64_t lookups[2] = {0, 0};
            for (const size_t factor : {1, 2}) {
                std::vector<int32_t> ids(100'000 * factor, 0);
                if (!same) {
                    for (int32_t& id : ids)
                        id = random() % 10 == 0 ? 1 : 0;
                }
                merged(way, ids, table, &lookups[factor - 1]);
            }
            QVERIFY2(lookups[1] < lookups[0] * 22 / 10, qPrintable(QString::number(lookups[1])));
            QVERIFY(lookups[1] < 6 * 200'000);
        }
    }
};

QTEST_APPLESS_MAIN(TestBpeMerge)
#include "tst_bpe_merge.moc"
