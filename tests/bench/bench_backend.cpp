// Speed of the float kernels and the CPU's backend: products, attention at depth, small ops, the cost of a barrier.
//   build/bench/bench_backend [threads] [isa]
// Prints one line per measurement; the best of several runs, since other programs share the machine.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>

#include "engine/backend/backend.h"
#include "engine/core/thread_pool.h"
#include "kernels/cpu/cpu_kernels.h"

using namespace engine;
using kernels::DType;

namespace {

double secondsOf(const auto& work, int runs = 25) {
    using Clock = std::chrono::steady_clock;
    double best = 1e9;
    for (int run = 0; run < runs; ++run) {
        int64_t calls = 0;
        const auto start = Clock::now();
        double spent = 0;
        do {
            work();
            ++calls;
            spent = std::chrono::duration<double>(Clock::now() - start).count();
        } while (spent < 0.002);
        best = std::min(best, spent / static_cast<double>(calls));
    }
    return best;
}

struct RandomWeight {
    std::vector<std::byte> bytes;
    TensorInfo info;
    RandomWeight(DType type, int64_t rows, int64_t cols) {
        std::mt19937 random(1);
        bytes.resize(static_cast<size_t>(rows * kernels::rowBytes(type, cols)));
        // Bytes whose halves and floats are small and finite in every format.
        for (std::byte& b : bytes)
            b = static_cast<std::byte>(random() % 0x30);
        info.dtype = type;
        info.rank = 2;
        info.shape[0] = cols;
        info.shape[1] = rows;
        info.elements = rows * cols;
        info.sizeBytes = static_cast<int64_t>(bytes.size());
        info.data = bytes.data();
    }
};

void benchBarrier(int threads) {
    ThreadPool pool(threads);
    const double seconds = secondsOf([&] {
        for (int i = 0; i < 1000; ++i)
            pool.run([](int) {});
    });
    const double chunks = secondsOf([&] {
        for (int i = 0; i < 1000; ++i)
            pool.parallelChunks(8, 1, [](int64_t, int64_t, int) {});
    });
    fmt::print("run on all {:8.3f} us, range of 8 empty chunks {:8.3f} us\n", seconds * 1e3, chunks * 1e3);
}

void benchMatmul(Backend& backend, DType type, int64_t rows, int64_t cols, int64_t inputs) {
    const RandomWeight w(type, rows, cols);
    const Weight weight = *backend.makeWeight(w.info, nullptr);
    backend.beginStep(Step{}, RopeParams{});
    const Activations x = backend.scratch(inputs, cols), out = backend.scratch(inputs, rows);
    std::fill_n(x.data, inputs * cols, 0.5f);
    const MatmulTarget targets[] = {{&weight, nullptr, out}};
    const double seconds = secondsOf([&] { backend.matmul(x, targets); });
    fmt::print("matmul {:5} {:6}x{:<5} M={:<4} {:9.1f} us {:7.1f} GFLOP/s {:6.1f} GB/s\n", kernels::name(type), rows,
               cols, inputs, seconds * 1e6, 2e-9 * static_cast<double>(rows * cols * inputs) / seconds,
               1e-9 * static_cast<double>(w.info.sizeBytes) / seconds);
}

void benchAttention(Backend& backend, DType type, int64_t heads, int64_t kvHeads, int64_t dim, int64_t depth,
                    int64_t rows) {
    constexpr int64_t layers = 8;  // as a model: each layer's cache is visited once per token
    const int64_t nPages = (depth + 31) / 32;
    const auto kv = std::move(*backend.makeKv(
        {.nLayers = layers, .nKvHeads = kvHeads, .headDimK = dim, .headDimV = dim, .kType = type, .vType = type},
        nPages));
    std::vector<int32_t> pages;
    for (int64_t i = 0; i < nPages; ++i)
        pages.push_back(static_cast<int32_t>(i));
    for (const int32_t page : pages)
        for (int64_t layer = 0; layer < layers; ++layer)
            for (int64_t i = 0; i < kv->shape().pageBytesK(); ++i) {
                kv->keyPage(layer, page)[i] = static_cast<std::byte>(i % 0x30);
                kv->valuePage(layer, page)[i] = static_cast<std::byte>(i % 0x2f);
            }
    Step step;
    step.sequences.push_back({0, rows, depth - rows, pages});
    for (int64_t i = 0; i < rows; ++i) {
        step.ids.push_back(0);
        step.positions.push_back(depth - rows + i);
    }
    backend.beginStep(step, RopeParams{});
    const Activations q = backend.scratch(rows, heads * dim), out = backend.scratch(rows, heads * dim);
    std::fill_n(q.data, rows * heads * dim, 0.1f);
    const AttentionParams params{heads, kvHeads, dim, dim, 0.125f, 0, 0};
    const double seconds = secondsOf([&] {
                               for (int64_t layer = 0; layer < layers; ++layer)
                                   backend.attention(q, *kv, layer, step, params, out);
                           }) /
                           layers;
    const double bytes = static_cast<double>(nPages * (kv->shape().pageBytesK() + kv->shape().pageBytesV()));
    double pairs = 0;
    for (int64_t i = 0; i < rows; ++i)
        pairs += static_cast<double>(depth - rows + i + 1);
    fmt::print("attention {:5} {}/{} heads of {} depth {:5} rows {:4} {:9.1f} us {:6.1f} GB/s {:7.1f} GFLOP/s\n",
               kernels::name(type), heads, kvHeads, dim, depth, rows, seconds * 1e6, 1e-9 * bytes / seconds,
               4e-9 * pairs * static_cast<double>(heads * dim) / seconds);
}

void benchSmall(Backend& backend, int64_t rows) {
    constexpr int64_t cols = 576, hidden = 1536;
    Step step;
    step.sequences.push_back({0, rows, 0, {}});
    for (int64_t i = 0; i < rows; ++i) {
        step.ids.push_back(0);
        step.positions.push_back(i);
    }
    RopeParams rope{.style = kernels::RopeStyle::Interleaved,
                    .nRot = 64,
                    .inverseFrequency = std::vector<float>(32, 0.1f),
                    .magnitude = 1};
    fmt::print("beginStep rows {:4} {:9.2f} us\n", rows, 1e6 * secondsOf([&] { backend.beginStep(step, rope); }, 9));
    const Activations x = backend.scratch(rows, cols), y = backend.scratch(rows, cols),
                      g = backend.scratch(rows, hidden), u = backend.scratch(rows, hidden);
    std::fill_n(x.data, rows * cols, 0.5f);
    std::fill_n(g.data, rows * hidden, 0.5f);
    std::fill_n(u.data, rows * hidden, 0.5f);
    const std::vector<float> w(cols, 1.0f);
    fmt::print("rmsNorm   rows {:4} {:9.2f} us\n", rows, 1e6 * secondsOf([&] { backend.rmsNorm(x, w, 1e-5f, y); }, 9));
    fmt::print("rope      rows {:4} {:9.2f} us\n", rows, 1e6 * secondsOf([&] { backend.rope(x, 9, 64); }, 9));
    fmt::print("gated     rows {:4} {:9.2f} us\n", rows,
               1e6 * secondsOf(
                         [&] {
                             backend.gatedActivation(g, u, kernels::Activation::Silu, g);
                             std::fill_n(g.data, 1, 0.5f);
                         },
                         3));
    fmt::print("add       rows {:4} {:9.2f} us\n", rows, 1e6 * secondsOf([&] { backend.add(y, x); }, 9));
}

}  // namespace

int main(int argc, char** argv) {
    const int threads = argc > 1 ? std::atoi(argv[1]) : 0;
    auto made = makeCpuBackend({.threads = threads, .isa = argc > 2 ? argv[2] : ""});
    if (!made) {
        fmt::print(stderr, "{}\n", made.error().message);
        return 1;
    }
    Backend& backend = **made;
    fmt::print("{}\n", backend.name());
    benchBarrier(backend.threads());
    for (const DType type : {DType::F32, DType::F16, DType::BF16})
        for (const int64_t inputs : {1, 4, 512})
            benchMatmul(backend, type, 1536, 576, inputs);
    benchMatmul(backend, DType::F16, 576, 1536, 512);
    benchMatmul(backend, DType::F16, 4096, 4096, 128);
    for (const DType type : {DType::F32, DType::F16, DType::BF16})
        benchMatmul(backend, type, 16384, 4096, 1);  // from memory
    for (const DType type : {DType::Q4_1, DType::Q8_0, DType::Q4_K})
        for (const int64_t inputs : {1, 512})
            benchMatmul(backend, type, 1536, type == DType::Q4_K ? 768 : 576, inputs);
    for (const DType type : {DType::F16, DType::Q8_0, DType::Q4_0}) {
        benchAttention(backend, type, 9, 3, 64, 128, 1);
        benchAttention(backend, type, 9, 3, 64, 2048, 1);
        benchAttention(backend, type, 9, 3, 64, 8192, 1);
        benchAttention(backend, type, 9, 3, 64, 512, 512);
        benchAttention(backend, type, 9, 3, 64, 4096, 512);
    }
    benchAttention(backend, DType::F16, 32, 8, 128, 8192, 1);
    benchAttention(backend, DType::F16, 12, 12, 64, 4096, 1);
    for (const int64_t rows : {1, 512})
        benchSmall(backend, rows);
    return 0;
}
