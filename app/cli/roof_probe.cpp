#include "app/cli/roof_probe.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <vector>

#include "engine/core/thread_pool.h"

namespace app {

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Sums 8 words side by side, so that the sum waits for memory and not for itself.
uint64_t readAll(std::span<const std::byte> bytes) {
    uint64_t sums[8] = {};
    size_t at = 0;
    for (; at + 64 <= bytes.size(); at += 64) {
        uint64_t words[8];
        std::memcpy(words, bytes.data() + at, 64);
        for (int i = 0; i < 8; ++i)
            sums[i] += words[i];
    }
    uint64_t sum = 0;
    for (const uint64_t part : sums)
        sum += part;
    return sum;
}

double probeRead(engine::ThreadPool& pool, std::span<const std::span<const std::byte>> pieces) {
    size_t total = 0;
    for (const auto& piece : pieces)
        total += piece.size();
    if (total == 0)
        return 0;
    std::atomic<uint64_t> sum{0};
    double best = 0;
    for (int round = 0; round < 6; ++round) {
        const Clock::time_point begin = Clock::now();
        pool.run([&](int thread) {
            uint64_t mine = 0;
            for (const auto& piece : pieces) {
                const size_t share = piece.size() / static_cast<size_t>(pool.size());
                mine += readAll(piece.subspan(share * static_cast<size_t>(thread), share));
            }
            sum += mine;
        });
        if (round > 0)  // the first one fetches pages
            best = std::max(best, static_cast<double>(total) / secondsSince(begin));
    }
    return best;
}

struct alignas(64) Line {
    std::byte bytes[64];
};

// One thread's product: 64 weight rows of 1024 against 64 rows of activations, all in the second-level cache.
class Product {
  public:
    static constexpr int64_t Rows = 64, Cols = 1024;
    Product(kernels::DType dtype, const kernels::QuantKernels& quant)
        : m_weights(lines(Rows * kernels::rowBytes(dtype, Cols))),
          m_activations(lines(kernels::q8RowsBytes(Rows, Cols))),
          m_scratch(lines(kernels::quantMatmulScratchBytes(dtype, Cols))),
          m_out(Rows * Rows) {
        std::memset(m_weights.data(), 0x11, m_weights.size() * sizeof(Line));
        const std::vector<float> x(Rows * Cols, 0.5f);
        m_work.w = m_weights.front().bytes;
        m_work.wRowBytes = kernels::rowBytes(dtype, Cols);
        m_work.nBegin = 0;
        m_work.nEnd = Rows;
        m_work.x = kernels::q8RowsIn(m_activations.front().bytes, Rows, Cols);
        quant.quantizeQ8(x.data(), Rows, Cols, Cols, m_work.x);
        m_work.out = m_out.data();
        m_work.outStride = Rows;
        m_work.scratch = m_scratch.front().bytes;
    }
    const kernels::QuantMatmul& work() const { return m_work; }

  private:
    static size_t lines(int64_t bytes) { return static_cast<size_t>(bytes) / sizeof(Line) + 1; }
    std::vector<Line> m_weights, m_activations, m_scratch;
    std::vector<float> m_out;
    kernels::QuantMatmul m_work{};
};

double probeInt8(engine::ThreadPool& pool, const kernels::CpuKernels& cpu) {
    double best = 0;
    for (const kernels::DType dtype : {kernels::DType::Q8_0, kernels::DType::Q4_0, kernels::DType::Q4_1}) {
        const auto matmul = cpu.quant.matmul[static_cast<size_t>(dtype)];
        if (!matmul || !cpu.quant.quantizeQ8)
            continue;
        std::vector<Product> products;
        products.reserve(static_cast<size_t>(pool.size()));
        for (int i = 0; i < pool.size(); ++i)
            products.emplace_back(dtype, cpu.quant);
        int64_t nTimes = 4;
        for (int round = 0; round < 4; ++round) {
            const Clock::time_point begin = Clock::now();
            pool.run([&](int thread) {
                for (int64_t i = 0; i < nTimes; ++i)
                    matmul(products[static_cast<size_t>(thread)].work());
            });
            const double seconds = secondsSince(begin);
            const double ops =
                2.0 * Product::Rows * Product::Rows * Product::Cols * static_cast<double>(nTimes) * pool.size();
            best = std::max(best, ops / seconds);
            nTimes =
                std::clamp<int64_t>(static_cast<int64_t>(0.03 / seconds * static_cast<double>(nTimes)), 1, 1'000'000);
        }
    }
    return best;
}

}  // namespace

Roof probeRoof(int threads, std::optional<kernels::Isa> highest, std::span<const std::span<const std::byte>> bytes) {
    engine::ThreadPool pool(threads);
    return {probeRead(pool, bytes), probeInt8(pool, kernels::selectKernels(highest))};
}

}  // namespace app
