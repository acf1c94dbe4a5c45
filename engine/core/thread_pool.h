// Persistent worker threads for compute. run() hands a task to every worker and returns when all are done; workers spin
// briefly and then sleep, so that an idle program uses no CPU. Thread: one caller at a time. A task must not call the
// pool.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "engine/core/function_ref.h"

namespace engine {

class ThreadPool {
  public:
    // nThreads counts the caller: 1 means that run() only calls the task. Fewer threads than asked for (EAGAIN) is not
    // an error; size() tells.
    explicit ThreadPool(int nThreads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int size() const;
    // Calls task(thread) for thread = 0 .. size() - 1, 0 on the caller. The task must not throw. Never allocates.
    void run(FunctionRef<void(int)> task);
    // Cuts [0, count) into as many contiguous parts of whole `grain`s as there are threads. A thread that is late
    // (asleep, or without a core) is not waited for: another takes its part.
    void parallelRange(int64_t count, int64_t grain, FunctionRef<void(int64_t begin, int64_t end, int thread)> task);
    // Hands out pieces of `grain` one after the other to whichever thread is free: for work of uneven cost, and for
    // machines whose cores are shared with others.
    void parallelChunks(int64_t count, int64_t grain, FunctionRef<void(int64_t begin, int64_t end, int thread)> task);
    // While *giveUp is true, the two above hand out no further pieces and return. It outlives the pool's use; null:
    // none.
    void setGiveUp(const std::atomic<bool>* giveUp);

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

// Cores that compute should use by default: physical cores allowed to this process (affinity mask and cgroup quota).
int defaultThreadCount();

}  // namespace engine
