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

struct ThreadPool::State {
    std::vector<std::thread> workers;
    std::optional<FunctionRef<void(int)>> task;

    alignas(64) std::atomic<uint32_t> generation{0};  // grows with each run and at the end
    alignas(64) std::atomic<int> running{0};          // workers still busy with this generation
    alignas(64) std::atomic<int64_t> nextChunk{0};
    alignas(64) std::atomic<int> sleepers{0};
    std::atomic<bool> callerSleeps{false};
    std::atomic<bool> stopping{false};
    std::mutex mutex;
    std::condition_variable wake;
    std::condition_variable done;

    void publish() {
        // Sequentially consistent with the worker's `sleepers`: either the worker sees the new generation before it
        // sleeps, or this thread sees the sleeper and wakes it.
        generation.fetch_add(1);
        if (sleepers.load() > 0) {
            std::lock_guard lock(mutex);
            wake.notify_all();
        }
    }

    void work(int thread) {
        uint32_t seen = 0;
        for (;;) {
            if (!pollUntil([&] { return generation.load(std::memory_order_acquire) != seen; })) {
                std::unique_lock lock(mutex);
                sleepers.fetch_add(1);
                wake.wait(lock, [&] { return generation.load() != seen; });
                sleepers.fetch_sub(1);
            }
            ++seen;  // the caller waits for every worker, so a generation is never skipped
            if (stopping.load())
                return;
            (*task)(thread);
            if (running.fetch_sub(1) == 1 && callerSleeps.load()) {
                std::lock_guard lock(mutex);
                done.notify_one();
            }
        }
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
    m_state->publish();
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
    s.running.store(static_cast<int>(s.workers.size()), std::memory_order_relaxed);
    s.publish();
    task(0);
    const auto finished = [&] { return s.running.load() == 0; };
    if (!pollUntil(finished)) {
        std::unique_lock lock(s.mutex);
        s.callerSleeps.store(true);
        s.done.wait(lock, finished);
        s.callerSleeps.store(false);
    }
}

void ThreadPool::parallelRange(int64_t count, int64_t grain,
                               FunctionRef<void(int64_t begin, int64_t end, int thread)> task) {
    if (count <= 0)
        return;
    const int64_t pieces = (count + grain - 1) / grain;
    if (pieces == 1 || size() == 1) {
        task(0, count, 0);
        return;
    }
    const int64_t n = size();
    run([&](int thread) {
        const int64_t begin = pieces * thread / n * grain;
        const int64_t end = std::min(pieces * (thread + 1) / n * grain, count);
        if (begin < end)
            task(begin, end, thread);
    });
}

void ThreadPool::parallelChunks(int64_t count, int64_t grain,
                                FunctionRef<void(int64_t begin, int64_t end, int thread)> task) {
    if (count <= 0)
        return;
    if (count <= grain || size() == 1) {
        for (int64_t begin = 0; begin < count; begin += grain)
            task(begin, std::min(begin + grain, count), 0);
        return;
    }
    std::atomic<int64_t>& next = m_state->nextChunk;
    next.store(0, std::memory_order_relaxed);
    run([&](int thread) {
        for (;;) {
            const int64_t begin = next.fetch_add(grain, std::memory_order_relaxed);
            if (begin >= count)
                return;
            task(begin, std::min(begin + grain, count), thread);
        }
    });
}

}  // namespace engine
