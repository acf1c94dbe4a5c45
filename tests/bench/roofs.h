// What this machine allows, measured now: reading from memory and caches, arithmetic in registers, the clock.
// Thread: one; the threads are a pool's.
#pragma once

#include <memory>
#include <string>

#include "engine/core/thread_pool.h"
#include "kernels/cpu/cpu_kernels.h"
#include "tests/bench/roof_loops.h"

namespace bench {

// One limit: the median and the best of several runs, per second, all threads together.
struct Rate {
    double median = 0, best = 0;
};

class Roofs {
  public:
    explicit Roofs(int threads);  // takes and touches 256 MiB

    int threads() const { return m_pool->size(); }
    std::string isa() const { return m_loops.name; }

    enum class Level { L1, L2, L3, Memory };
    // Bytes per second, on the first `threads` threads of the pool; with prefetch or without, whichever is faster.
    Rate read(Level level, int threads, double seconds);
    Rate fma(int threads, double seconds);         // operations per second on 32-bit floats
    Rate int8(int threads, double seconds);        // 8-bit products in 32-bit sums
    Rate int8Narrow(int threads, double seconds);  // 8-bit products in 16-bit sums
    // Our own fastest 8-bit product of matrices in the second cache: above the others where the processor has
    // instructions for it that the loops here do not use.
    Rate int8Kernel(double seconds);
    double clockGhz();

  private:
    // work(thread) does `amount` on each of `threads` threads.
    template <typename Work>
    Rate measure(int threads, double seconds, double amount, Work&& work);

    struct Free {
        void operator()(std::byte* p) const;
    };
    std::unique_ptr<engine::ThreadPool> m_pool;
    RoofLoops m_loops;
    std::unique_ptr<std::byte, Free> m_memory;
};

}  // namespace bench
