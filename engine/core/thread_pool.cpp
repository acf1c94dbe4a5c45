#include "engine/core/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace engine {

namespace {

using Clock = std::chrono::steady_clock;

// A decode step calls the pool every few microseconds and a sampler runs between two steps: a worker that slept would
// answer tens of microseconds late. It polls hard at first, then gives its core to whoever wants it between two looks.
constexpr auto pollTime = std::chrono::microseconds(50);
constexpr auto yieldTime = std::chrono::microseconds(300);

void relax() {
#if defined(__x86_64__) || defined(_M_X64)
    _mm_pause();
#else
    std::this_thread::yield();
#endif
}

// Waits until ready() or until the patience above is used up; true if ready.
template <typename Ready>
bool pollUntil(Ready ready) {
    for (int i = 0; i < 64; ++i) {
        if (ready())
            return true;
        relax();
    }
    const auto start = Clock::now();
    for (;;) {
        for (int i = 0; i < 32; ++i) {
            if (ready())
                return true;
            relax();
        }
        const auto waited = Clock::now() - start;
        if (waited > yieldTime)
            return false;
        if (waited > pollTime)
            std::this_thread::yield();
    }
}

}  // namespace

// One word tells the workers everything about the current call: bits 16 and up count the calls, bit 15 is set while
// workers may join it, the bits below count the workers inside. A worker joins by adding one to a word that is open, so
// that a call can be closed against workers that have not come yet: the caller does not wait for a thread that sleeps
// or has lost its core.
struct ThreadPool::State {
    static constexpr uint64_t open = 1 << 15;
    static constexpr uint64_t insideMask = open - 1;
    static constexpr uint64_t nextCall = 1 << 16;

    std::vector<std::thread> workers;
    std::optional<FunctionRef<void(int)>> task;
    const std::atomic<bool>* giveUp = nullptr;

    bool givenUp() const { return giveUp && giveUp->load(std::memory_order_relaxed); }

    alignas(64) std::atomic<uint64_t> word{0};
    alignas(64) std::atomic<int64_t> nextChunk{0};
    alignas(64) std::atomic<int> joined{0};  // workers that took part in the current call
    std::atomic<int> sleepers{0};
    std::atomic<bool> wakePending{false};
    std::atomic<bool> callerSleeps{false};
    std::atomic<bool> stopping{false};
    std::mutex mutex;
    std::condition_variable wake;
    std::condition_variable done;

    // Opens a new call. `all`: every worker is needed, not only those that are awake.
    void publish(bool all) {
        joined.store(0, std::memory_order_relaxed);
        // Sequentially consistent with the worker's `sleepers`: either the worker sees the new call before it sleeps,
        // or this thread sees the sleeper. One waking at a time is enough when nobody is waited for.
        word.store((word.load(std::memory_order_relaxed) & ~(nextCall - 1)) + nextCall + open);
        if (sleepers.load() > 0 && (!wakePending.exchange(true) || all)) {
            std::lock_guard lock(mutex);
            wake.notify_all();
        }
    }

    // Closes the call and waits until no worker is inside.
    void finish() {
        word.fetch_and(~open);
        const auto empty = [&] { return (word.load() & insideMask) == 0; };
        waitFor(empty);
    }

    template <typename Ready>
    void waitFor(Ready ready) {
        if (pollUntil(ready))
            return;
        std::unique_lock lock(mutex);
        callerSleeps.store(true);
        done.wait(lock, ready);
        callerSleeps.store(false);
    }

    void work(int thread) {
        uint64_t seen = 0;  // the last call that this worker joined or missed
        for (;;) {
            uint64_t now = word.load();
            if ((now & ~(nextCall - 1)) == seen) {
                const auto newCall = [&] { return ((now = word.load()) & ~(nextCall - 1)) != seen; };
                if (!pollUntil(newCall)) {
                    std::unique_lock lock(mutex);
                    sleepers.fetch_add(1);
                    // A waking that found nobody asleep, or came too late to matter, must not stay marked as under
                    // way: no later call would wake this worker.
                    wakePending.store(false);
                    while (!newCall()) {
                        wake.wait(lock);
                        wakePending.store(false);
                    }
                    sleepers.fetch_sub(1);
                }
            }
            while ((now & open) && !word.compare_exchange_weak(now, now + 1)) {
            }
            seen = now & ~(nextCall - 1);
            if (!(now & open))
                continue;  // over before this worker came
            if (stopping.load())
                return;
            (*task)(thread);
            joined.fetch_add(1);
            word.fetch_sub(1);
            if (callerSleeps.load()) {
                std::lock_guard lock(mutex);
                done.notify_one();
            }
        }
    }

    // Calls task(thread) on this thread and on those workers that are there in time.
    void runWithWhoeverComes(FunctionRef<void(int)> f) {
        task.emplace(f);
        publish(false);
        f(0);
        finish();
    }
};

ThreadPool::ThreadPool(int nThreads) : m_state(std::make_unique<State>()) {
    nThreads = std::clamp(nThreads, 1, 512);
    m_state->workers.reserve(static_cast<size_t>(nThreads) - 1);
    for (int thread = 1; thread < nThreads; ++thread) {
        try {
            m_state->workers.emplace_back([state = m_state.get(), thread] { state->work(thread); });
        } catch (const std::system_error&) {
            break;  // the system gives no more threads: go on with those that exist
        }
    }
}

ThreadPool::~ThreadPool() {
    m_state->stopping.store(true);
    m_state->publish(true);  // stays open: each worker joins it once and ends
    for (std::thread& worker : m_state->workers)
        worker.join();
}

int ThreadPool::size() const {
    return static_cast<int>(m_state->workers.size()) + 1;
}

void ThreadPool::run(FunctionRef<void(int)> task) {
    State& s = *m_state;
    if (s.workers.empty()) {
        task(0);
        return;
    }
    s.task.emplace(task);
    s.publish(true);
    task(0);
    s.waitFor([&] { return s.joined.load() == static_cast<int>(s.workers.size()); });
    s.finish();
}

void ThreadPool::setGiveUp(const std::atomic<bool>* giveUp) {
    m_state->giveUp = giveUp;
}

void ThreadPool::parallelRange(int64_t count, int64_t grain,
                               FunctionRef<void(int64_t begin, int64_t end, int thread)> task) {
    if (count <= 0)
        return;
    const int64_t pieces = (count + grain - 1) / grain;
    const int64_t n = std::min<int64_t>(size(), pieces);
    parallelChunks(n, 1, [&](int64_t part, int64_t, int thread) {
        const int64_t begin = pieces * part / n * grain;
        const int64_t end = std::min(pieces * (part + 1) / n * grain, count);
        task(begin, end, thread);
    });
}

void ThreadPool::parallelChunks(int64_t count, int64_t grain,
                                FunctionRef<void(int64_t begin, int64_t end, int thread)> task) {
    if (count <= 0)
        return;
    if (count <= grain || size() == 1) {
        for (int64_t begin = 0; begin < count && !m_state->givenUp(); begin += grain)
            task(begin, std::min(begin + grain, count), 0);
        return;
    }
    std::atomic<int64_t>& next = m_state->nextChunk;
    next.store(0, std::memory_order_relaxed);
    m_state->runWithWhoeverComes([&](int thread) {
        for (;;) {
            const int64_t begin = next.fetch_add(grain, std::memory_order_relaxed);
            if (begin >= count || m_state->givenUp())
                return;
            task(begin, std::min(begin + grain, count), thread);
        }
    });
}

}  // namespace engine
