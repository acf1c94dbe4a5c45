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
    using Matmul = QuantMatmulFn;
    std::array<Decode, nDTypes>
        decode{};  // exact, bit-identical to the format's definition; also F16, BF16, F64, I8..I64
    std::array<Matmul, nDTypes> matmul{};  // quantized types only
    QuantizeQ8Fn quantizeQ8 = nullptr;     // x [rows, cols], row m at x + m * xStride, into `out` of the same shape
};

int64_t quantMatmulScratchBytes(DType dtype, int64_t cols);

// Room for activations and their layout in it. `memory` has q8RowsBytes(rows, cols) bytes and is 64-byte aligned.
int64_t q8RowsBytes(int64_t rows, int64_t cols);
Q8Rows q8RowsIn(std::byte* memory, int64_t rows, int64_t cols);
// Rows [begin, begin + count) of x, as a view.
Q8Rows q8RowRange(const Q8Rows& x, int64_t begin, int64_t count);

}  // namespace kernels
