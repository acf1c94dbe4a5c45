// Kernels on quantized weights for one instruction set. Thread: any. Nothing here allocates, throws or fails.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/cpu/quant_work.h"
#include "kernels/dtype.h"

namespace kernels {

struct QuantKernels {
    using Decode = void (*)(const std::byte* blocks, int64_t elements, float* out) noexcept;
    std::array<Decode, nDTypes>
        decode{};  // exact, bit-identical to the format's definition; also F16, BF16, F64, I8..I64
    std::array<QuantMatmulFn, nDTypes> matmul{};      // quantized types only
    std::array<QuantMatmul16Fn, nDTypes> matmul16{};  // the same with activations of 16 bits
    // x [rows, cols], row m at x + m * xStride, into `out` of the same shape
    QuantizeQ8Fn quantizeQ8 = nullptr;
    QuantizeQ16Fn quantizeQ16 = nullptr;
};

int64_t quantMatmulScratchBytes(DType dtype, int64_t cols);

// Room for activations and their layout in it. `memory` has q8RowsBytes(rows, cols) bytes and is 64-byte aligned.
int64_t q8RowsBytes(int64_t rows, int64_t cols);
Q8Rows q8RowsIn(std::byte* memory, int64_t rows, int64_t cols);
int64_t q16RowsBytes(int64_t rows, int64_t cols);
Q16Rows q16RowsIn(std::byte* memory, int64_t rows, int64_t cols);
// Rows [begin, begin + count) of x, as a view.
Q8Rows quantRowRange(const Q8Rows& x, int64_t begin, int64_t count);
Q16Rows quantRowRange(const Q16Rows& x, int64_t begin, int64_t count);

}  // namespace kernels
