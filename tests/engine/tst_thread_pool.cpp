// The thread pool: every thread runs once per call, ranges are covered exactly once, a pool sleeps and wakes, and a
// destroyed pool leaves nothing behind. Run under the thread sanitizer too (preset tsan).
#include <QtTest>
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "engine/core/thread_pool.h"

using engine::ThreadPool;

class TstThreadPool : public QObject {
    Q_OBJECT

  private slots:
    void everyThreadOnce_data() {
        QTest::addColumn<int>("threads");
        for (const int threads : {1, 2, 3, 7})
            QTest::addRow("threads=%d", threads) << threads;
    }
    void everyThreadOnce() {
        QFETCH(int, threads);
        ThreadPool pool(threads);
        QCOMPARE(pool.size(), threads);
        std::vector<int64_t> calls(static_cast<size_t>(threads));  // each thread writes its own
        for (int round = 0; round < 500; ++round) {
            pool.run([&](int thread) { ++calls[static_cast<size_t>(thread)]; });
            for (const int64_t n : calls)
                QCOMPARE(n, int64_t{round + 1});  // the caller sees what the workers wrote
        }
    }

    void givesUp_data() { everyThreadOnce_data(); }
    void givesUp() {
        QFETCH(int, threads);
        ThreadPool pool(threads);
        std::atomic<bool> giveUp{false};
        std::atomic<int64_t> done{0};
        pool.setGiveUp(&giveUp);
        const auto piece = [&](int64_t begin, int64_t end, int) {
            if ((done += end - begin) == 10)
                giveUp = true;
        };
        pool.parallelChunks(100000, 1, piece);
        QVERIFY(done >= 10);
        QVERIFY2(done < 100000, "pieces were handed out to the end");
        const int64_t before = done;
        pool.parallelRange(100000, 1, piece);
        QCOMPARE(done.load(), before);
        giveUp = false;
        pool.parallelChunks(100000, 1, piece);
        QCOMPARE(done.load(), before + 100000);
        pool.setGiveUp(nullptr);
    }

    void noThreadsAskedFor() {
        for (const int threads : {0, -3}) {
            ThreadPool pool(threads);
            QCOMPARE(pool.size(), 1);
            int calls = 0;
            pool.run([&](int thread) { calls += 1 + thread; });
            QCOMPARE(calls, 1);
        }
    }

    void callerIsThreadZero() {
        ThreadPool pool(3);
        const auto caller = std::this_thread::get_id();
        std::vector<std::thread::id> ids(3);
        pool.run([&](int thread) { ids[static_cast<size_t>(thread)] = std::this_thread::get_id(); });
        QVERIFY(ids[0] == caller);
        QVERIFY(ids[1] != caller && ids[2] != caller && ids[1] != ids[2]);
    }

    void coversRange_data() {
        QTest::addColumn<int>("threads");
        QTest::addColumn<qint64>("count");
        QTest::addColumn<qint64>("grain");
        for (const int threads : {1, 2, 3, 5})
            for (const auto& [count, grain] : std::initializer_list<std::pair<qint64, qint64>>{
                     {0, 1}, {1, 1}, {2, 16}, {16, 16}, {17, 16}, {100, 1}, {1000, 7}, {4, 1}})
                QTest::addRow("threads=%d count=%lld grain=%lld", threads, count, grain) << threads << count << grain;
    }
    void coversRange() {
        QFETCH(int, threads);
        QFETCH(qint64, count);
        QFETCH(qint64, grain);
        ThreadPool pool(threads);
        for (const bool chunks : {false, true}) {
            std::vector<int> seen(static_cast<size_t>(count));
            std::atomic<int> misplaced{0};
            const auto visit = [&](int64_t begin, int64_t end, int thread) {
                if (begin % grain != 0 || begin >= end || end > count || thread < 0 || thread >= threads ||
                    (end != count && end % grain != 0))
                    ++misplaced;
                for (int64_t i = begin; i < end; ++i)
                    ++seen[static_cast<size_t>(i)];
            };
            if (chunks)
                pool.parallelChunks(count, grain, visit);
            else
                pool.parallelRange(count, grain, visit);
            QCOMPARE(misplaced.load(), 0);
            QVERIFY(std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; }));
        }
    }

    void oneSlowThreadDoesNotHoldUpChunks() {
        ThreadPool pool(2);
        std::atomic<int> bySlow{0}, total{0};
        pool.parallelChunks(40, 1, [&](int64_t, int64_t, int thread) {
            ++total;
            if (thread == 1) {
                ++bySlow;
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            } else {
                std::this_thread::sleep_for(std::chrono::microseconds(50));
            }
        });
        QCOMPARE(total.load(), 40);
        QVERIFY(bySlow.load() < 20);
    }

    void wakesAfterSleep() {
        ThreadPool pool(3);
        for (int round = 0; round < 5; ++round) {
            std::this_thread::sleep_for(std::chrono::milliseconds(3));  // longer than the workers poll
            std::atomic<int> calls{0};
            pool.run([&](int) { ++calls; });
            QCOMPARE(calls.load(), 3);
        }
    }

    void callerSleepsForSlowWorkers() {
        ThreadPool pool(3);
        std::atomic<int> calls{0};
        pool.run([&](int thread) {
            if (thread > 0)
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            ++calls;
        });
        QCOMPARE(calls.load(), 3);
    }

    void manyPools() {
        for (int round = 0; round < 50; ++round) {
            ThreadPool pool(1 + round % 4);
            if (round % 3 == 0)
                continue;  // destroyed without ever being used
            std::atomic<int64_t> sum{0};
            pool.parallelRange(1000, 1, [&](int64_t begin, int64_t end, int) {
                for (int64_t i = begin; i < end; ++i)
                    sum += i;
            });
            QCOMPARE(sum.load(), int64_t{499500});
        }
    }

    void defaultIsSensible() {
        const int n = engine::defaultThreadCount();
        QVERIFY(n >= 1);
        QVERIFY(n <= static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
    }
};

QTEST_APPLESS_MAIN(TstThreadPool)
#include "tst_thread_pool.moc"
