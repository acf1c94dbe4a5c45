// Speed of the quantized kernels on one thread: for each type, shape and number of rows of x the weight bytes read per
// second and the operations (two per multiply-add) per second.
//   bench_quant [--isa scalar|avx2|avx512] [--type Q4_1] [--shape 2048x2048] [--m 512] [--seconds 0.3] [--warm 1]
//   [--fine 1]
// Weights of a small product are cycled through memory beyond the caches, so that M = 1 measures reading.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <new>
#include <string>

#include "kernels/cpu/cpu_kernels.h"
#include "tests/kernels/quant_cases.h"

using namespace kernels;

namespace {

struct Free {
    void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{4096}); }
};
using Memory = std::unique_ptr<std::byte[], Free>;
Memory allocate(int64_t bytes) {
    return Memory(static_cast<std::byte*>(::operator new[](static_cast<size_t>(bytes), std::align_val_t{4096})));
}

// Processor time: what other programs take does not count.
double now() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

struct Options {
    std::optional<Isa> isa;
    std::string type, shape;
    int64_t m = 0;
    double seconds = 0.3;
    bool warm = false;  // weights stay in the caches
    bool fine = false;  // activations of 16 bits
};

// Best of several runs, as others use this machine too.
template <typename Run>
double secondsPerRun(double budget, Run&& run) {
    run();
    double best = 1e9;
    const double begin = now();
    do {
        const double start = now();
        run();
        best = std::min(best, now() - start);
    } while (now() - begin < budget);
    return best;
}

void readBandwidth(double seconds) {
    constexpr int64_t bytes = 256 << 20;
    const Memory memory = allocate(bytes);
    std::memset(memory.get(), 1, bytes);
    uint64_t total = 0;
    const double t = secondsPerRun(seconds, [&] {
        uint64_t sums[8] = {};
        const auto* p = reinterpret_cast<const uint64_t*>(memory.get());
        for (int64_t i = 0; i < bytes / 8; i += 8)
            for (int j = 0; j < 8; ++j)
                sums[j] += p[i + j];
        for (uint64_t s : sums)
            total += s;
    });
    std::printf("plain read of 256 MiB: %.1f GB/s (%llu)\n", bytes / t * 1e-9, static_cast<unsigned long long>(total));
}

void benchQuantize(const CpuKernels& k, const Options& o) {
    constexpr int64_t rows = 512, cols = 2048;
    const std::vector<float> x = tests::randomFloats(rows * cols, 1);
    const Memory memory = allocate(q8RowsBytes(rows, cols));
    const Q8Rows q8 = q8RowsIn(memory.get(), rows, cols);
    const double t = secondsPerRun(o.seconds, [&] { k.quant.quantizeQ8(x.data(), rows, cols, cols, q8); });
    std::printf("%-7s quantizeQ8 %lldx%lld %.2f G elements/s\n", isaName(k.isa).data(), static_cast<long long>(rows),
                static_cast<long long>(cols), rows * cols / t * 1e-9);
}

void benchMatmul(const CpuKernels& k, DType dtype, int64_t rows, int64_t cols, int64_t m, const Options& o) {
    const int64_t bytes = rows * rowBytes(dtype, cols);
    const int64_t copies = m <= 8 && !o.warm ? std::max<int64_t>(1, (int64_t{192} << 20) / bytes) : 1;
    const Memory w = allocate(bytes * copies);
    const std::vector<std::byte> blocks = tests::randomBlocks(dtype, rows * cols / info(dtype).blockElements, 3);
    for (int64_t i = 0; i < copies; ++i)
        std::memcpy(w.get() + i * bytes, blocks.data(), blocks.size());
    const std::vector<float> x = tests::randomFloats(m * cols, 1);
    const Memory xMemory = allocate(o.fine ? q16RowsBytes(m, cols) : q8RowsBytes(m, cols));
    const Memory scratch = allocate(quantMatmulScratchBytes(dtype, cols));
    std::vector<float> out(static_cast<size_t>(m * rows));
    const auto measure = [&](const auto& input, auto matmul) {
        return secondsPerRun(o.seconds, [&] {
            for (int64_t i = 0; i < copies; ++i)
                matmul({.w = w.get() + i * bytes,
                        .wRowBytes = rowBytes(dtype, cols),
                        .nBegin = 0,
                        .nEnd = rows,
                        .x = input,
                        .out = out.data(),
                        .outStride = rows,
                        .scratch = scratch.get()});
        });
    };
    double t = 0;
    if (o.fine) {
        const Q16Rows input = q16RowsIn(xMemory.get(), m, cols);
        k.quant.quantizeQ16(x.data(), m, cols, cols, input);
        t = measure(input, k.quant.matmul16[static_cast<size_t>(dtype)]);
    } else {
        const Q8Rows input = q8RowsIn(xMemory.get(), m, cols);
        k.quant.quantizeQ8(x.data(), m, cols, cols, input);
        t = measure(input, k.quant.matmul[static_cast<size_t>(dtype)]);
    }
    const double perRun = t / static_cast<double>(copies);
    std::printf("%-7s %-7s %5lldx%-5lld M=%-4lld %8.1f GB/s %9.1f GOP/s\n", isaName(k.isa).data(), name(dtype).data(),
                static_cast<long long>(rows), static_cast<long long>(cols), static_cast<long long>(m),
                static_cast<double>(bytes) / perRun * 1e-9, 2.0 * static_cast<double>(rows * cols * m) / perRun * 1e-9);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    Options o;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string key = argv[i], value = argv[i + 1];
        if (key == "--isa")
            o.isa = isaFromName(value);
        else if (key == "--type")
            o.type = value;
        else if (key == "--shape")
            o.shape = value;
        else if (key == "--m")
            o.m = std::atoll(value.c_str());
        else if (key == "--seconds")
            o.seconds = std::atof(value.c_str());
        else if (key == "--warm")
            o.warm = value == "1";
        else if (key == "--fine")
            o.fine = value == "1";
    }
    const CpuKernels k = selectKernels(o.isa);
    readBandwidth(o.seconds);
    benchQuantize(k, o);
    for (DType dtype : tests::quantizedTypes())
        for (const auto& [rows, cols] : {std::pair<int64_t, int64_t>{1536, 576}, {2048, 2048}, {8192, 2048}})
            for (int64_t m : {1, 2, 4, 8, 16, 32, 512}) {
                const int64_t padded =
                    (cols + info(dtype).blockElements - 1) / info(dtype).blockElements * info(dtype).blockElements;
                const std::string shape = std::to_string(rows) + "x" + std::to_string(cols);
                if ((o.type.empty() || o.type == name(dtype)) && (o.shape.empty() || o.shape == shape) &&
                    (o.m == 0 || o.m == m))
                    benchMatmul(k, dtype, rows, padded, m, o);
            }
    return 0;
}
