// Kernels on quantized weights for one instruction set. Thread: any. Nothing here allocates, throws or fails.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/dtype.h"

namespace kernels {

// Activations as 8-bit blocks of 32: x = scale * q.
//   q      [rows, cols]       signed, -127 .. 127
//   scale  [rows, cols / 32]  largest magnitude / 127; 0 for a block of zeros
//   sum    [rows, cols / 16]  scale * sum of 16 q (sub-blocks of 16, for types whose minima are per 16)
struct Q8Rows {
    int8_t* q;
    float* scale;
    float* sum;
    int64_t rows;
    int64_t cols;   // multiple of 32
};

// out[m * outStride + n] = sum_k w[n, k] * x[m, k]   for n in [nBegin, nEnd), m in [0, x.rows)
// The order of the floating-point sum is part of the contract (kernels/README.md, "canonical order"): per output, over the
// blocks in ascending order, acc = fma(dw * dx, float(integer dot), acc), then for types with a minimum
// acc = fma(minimum, sum, acc). So a result has the same bits for any row range, any number of rows of x, and on every
// instruction set.
struct QuantMatmul {
    const std::byte* w;     // row n starts at w + n * wRowBytes
    int64_t wRowBytes;
    int64_t nBegin, nEnd;
    Q8Rows x;
    float* out;
    int64_t outStride;
    std::byte* scratch;     // quantMatmulScratchBytes(dtype, cols) bytes, 64-byte aligned, private to the calling thread
};

struct QuantKernels {
    using Decode = void (*)(const std::byte* blocks, int64_t elements, float* out) noexcept;
    using Matmul = void (*)(const QuantMatmul&) noexcept;
    std::array<Decode, nDTypes> decode{};   // exact, bit-identical to the format's definition; also F16, BF16, F64, I8..I64
    std::array<Matmul, nDTypes> matmul{};   // quantized types only
    void (*quantizeQ8)(const float* x, int64_t rows, int64_t cols, int64_t xStride, const Q8Rows& out) noexcept = nullptr;
};

int64_t quantMatmulScratchBytes(DType dtype, int64_t cols);

}  // namespace kernels
