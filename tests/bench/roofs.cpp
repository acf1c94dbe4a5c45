#include "tests/bench/roofs.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <new>
#include <vector>

#include "kernels/dtype.h"

namespace bench {

namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t memoryBytes = size_t{256} << 20;

double secondsSince(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

uint64_t readWords(const std::byte* data, size_t bytes, bool) {
    uint64_t sums[8] = {};
    for (size_t at = 0; at < bytes; at += 64) {
        uint64_t words[8];
        std::memcpy(words, data + at, 64);
        for (int i = 0; i < 8; ++i)
            sums[i] += words[i];
    }
    uint64_t total = 0;
    for (const uint64_t sum : sums)
        total += sum;
    return total;
}

float multiplyAdd(int64_t steps) {
    float sums[16] = {};
    for (int64_t i = 0; i < steps; ++i)
        for (float& sum : sums) {
            sum = sum * 0.999f + 0.001f;
            asm volatile("" : "+m"(sum));
        }
    float total = 0;
    for (const float sum : sums)
        total += sum;
    return total;
}

// One thread's product of 64 weight rows with 64 rows of activations, 1024 wide: all of it in the second cache.
struct Product {
    static constexpr int64_t Rows = 64, Cols = 1024;
    struct alignas(64) Line {
        std::byte bytes[64];
    };
    static size_t lines(int64_t bytes) { return static_cast<size_t>(bytes) / sizeof(Line) + 1; }

    std::vector<Line> weights, activations, scratch;
    std::vector<float> out;
    kernels::QuantMatmul work{};

    Product(kernels::DType dtype, const kernels::QuantKernels& quant)
        : weights(lines(Rows * kernels::rowBytes(dtype, Cols))),
          activations(lines(kernels::q8RowsBytes(Rows, Cols))),
          scratch(lines(kernels::quantMatmulScratchBytes(dtype, Cols))),
          out(Rows * Rows) {
        std::memset(weights.data(), 0x11, weights.size() * sizeof(Line));
        const std::vector<float> x(Rows * Cols, 0.5f);
        work.w = weights.front().bytes;
        work.wRowBytes = kernels::rowBytes(dtype, Cols);
        work.nEnd = Rows;
        work.x = kernels::q8RowsIn(activations.front().bytes, Rows, Cols);
        quant.quantizeQ8(x.data(), Rows, Cols, Cols, work.x);
        work.out = out.data();
        work.outStride = Rows;
        work.scratch = scratch.front().bytes;
    }
};

}  // namespace

RoofLoops roofLoops() {
#ifdef TESSERA_X86_KERNELS
    const std::vector<kernels::Isa> isas = kernels::supportedIsas();
    if (std::find(isas.begin(), isas.end(), kernels::Isa::Avx2) != isas.end())
        return avx2RoofLoops();
#endif
    return {"scalar", readWords, multiplyAdd, 32, nullptr, 0, nullptr, 0};
}

void Roofs::Free::operator()(std::byte* p) const {
    ::operator delete (p, std::align_val_t{4096});
}

Roofs::Roofs(int threads)
    : m_pool(std::make_unique<engine::ThreadPool>(threads)),
      m_loops(roofLoops()),
      m_memory(static_cast<std::byte*>(::operator new (memoryBytes + 4096, std::align_val_t{4096}))) {
    // Each thread touches what it will read.
    const size_t share = memoryBytes / static_cast<size_t>(m_pool->size());
    m_pool->run([&](int thread) { std::memset(m_memory.get() + share * static_cast<size_t>(thread), 1, share); });
}

template <typename Work>
Rate Roofs::measure(int threads, double seconds, double amount, Work&& work) {
    const auto run = [&](int64_t times) {
        const Clock::time_point begin = Clock::now();
        m_pool->run([&](int thread) {
            if (thread < threads)
                for (int64_t i = 0; i < times; ++i)
                    work(thread);
        });
        return secondsSince(begin);
    };
    // Runs of a tenth of the time or of once, whichever is longer; a thread that has to wake does not matter in those.
    int64_t times = 1;
    double took = run(times);
    while (took < seconds / 20 && times < (int64_t{1} << 40)) {
        times *= 2;
        took = run(times);
    }
    std::vector<double> rates;
    const Clock::time_point begin = Clock::now();
    do
        rates.push_back(amount * threads * static_cast<double>(times) / run(times));
    while (secondsSince(begin) < seconds || rates.size() < 5);
    std::sort(rates.begin(), rates.end());
    return {rates[rates.size() / 2], rates.back()};
}

Rate Roofs::read(Level level, int threads, double seconds) {
    const size_t share = memoryBytes / static_cast<size_t>(m_pool->size());
    size_t bytes = share / 512 * 512;
    if (level != Level::Memory)
        bytes = std::min(bytes, level == Level::L1   ? size_t{16} << 10
                                : level == Level::L2 ? size_t{256} << 10
                                                     : size_t{4} << 20);
    // A run long enough to time reads a small piece several times.
    const size_t repeats = std::max<size_t>(1, (size_t{256} << 10) / bytes);
    std::atomic<uint64_t> keep{0};
    Rate best;
    for (const bool prefetch : {false, true}) {
        if (prefetch && level != Level::Memory)
            continue;
        const Rate rate = measure(threads, seconds / 2, static_cast<double>(bytes * repeats), [&](int thread) {
            uint64_t sum = 0;
            for (size_t i = 0; i < repeats; ++i)
                sum += m_loops.read(m_memory.get() + share * static_cast<size_t>(thread), bytes, prefetch);
            keep.fetch_add(sum, std::memory_order_relaxed);
        });
        best.median = std::max(best.median, rate.median);
        best.best = std::max(best.best, rate.best);
    }
    return best;
}

Rate Roofs::fma(int threads, double seconds) {
    std::atomic<float> keep{0};
    return measure(threads, seconds, m_loops.fmaOps * 20000, [&](int) { keep = m_loops.fma(20000); });
}

Rate Roofs::int8(int threads, double seconds) {
    std::atomic<int32_t> keep{0};
    if (!m_loops.int8)
        return {};
    return measure(threads, seconds, m_loops.int8Ops * 20000, [&](int) { keep = m_loops.int8(20000); });
}

Rate Roofs::int8Narrow(int threads, double seconds) {
    std::atomic<int32_t> keep{0};
    if (!m_loops.int8Narrow)
        return {};
    return measure(threads, seconds, m_loops.int8NarrowOps * 4000, [&](int) { keep = m_loops.int8Narrow(4000); });
}

Rate Roofs::int8Kernel(double seconds) {
    const kernels::CpuKernels cpu = kernels::selectKernels();
    Rate best;
    for (const kernels::DType dtype : {kernels::DType::Q8_0, kernels::DType::Q4_0}) {
        const auto matmul = cpu.quant.matmul[static_cast<size_t>(dtype)];
        if (!matmul || !cpu.quant.quantizeQ8)
            continue;
        std::vector<Product> products;
        products.reserve(static_cast<size_t>(m_pool->size()));
        for (int i = 0; i < m_pool->size(); ++i)
            products.emplace_back(dtype, cpu.quant);
        const double ops = 2.0 * Product::Rows * Product::Rows * Product::Cols;
        const Rate rate = measure(m_pool->size(), seconds / 2, ops,
                                  [&](int thread) { matmul(products[static_cast<size_t>(thread)].work); });
        best.median = std::max(best.median, rate.median);
        best.best = std::max(best.best, rate.best);
    }
    return best;
}

// Additions that wait for each other take a cycle each.
double Roofs::clockGhz() {
    constexpr int64_t steps = 2'000'000;
    double best = 0;
    for (int round = 0; round < 5; ++round) {
        uint64_t value = 1;
        const Clock::time_point begin = Clock::now();
        for (int64_t i = 0; i < steps; i += 8)
            for (int k = 0; k < 8; ++k) {
                value += 3;
                asm volatile("" : "+r"(value));
            }
        best = std::max(best, static_cast<double>(steps) / secondsSince(begin) * 1e-9);
    }
    return best;
}

}  // namespace bench
