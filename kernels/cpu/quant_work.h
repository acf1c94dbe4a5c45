// The plain records that quantized kernels work on. No standard templates: files built for one instruction set include
// this. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernels {

// What a block of 32 activations has beside its bytes.
struct Q8Block {
    float scale;       // x = scale * q; largest magnitude / 127; 0 for a block of zeros, NaN if a value is not finite
    float sum;         // scale * (sum of the 32 q)
    int32_t bias;      // -128 * (sum of the 32 q)
    int16_t sum16[2];  // sums of the first and of the last 16 q
};
static_assert(sizeof(Q8Block) == 16);

// The same for activations of 16 bits.
struct Q16Block {
    float scale;      // x = scale * q; largest magnitude / 32767; 0 for a block of zeros, NaN if a value is not finite
    float sum;        // scale * (sum of the 32 q)
    int32_t sums[2];  // of the first and of the last 16 q
};
static_assert(sizeof(Q16Block) == 16);

// A block whose largest magnitude, as the bits of a float, is below counts as zeros: what it would be multiplied with,
// 127 or 32767 over that magnitude, overflows. 2^-120 and 2^-112.
inline constexpr uint32_t leastScaled8 = 0x03800000, leastScaled16 = 0x07800000;

template <typename Value, typename BlockOf>
struct QuantRows {
    using Block = BlockOf;
    Value* q;         // row m starts at q + m * qStride
    Block* blocks;    // [rows, cols / 32]
    int64_t qStride;  // a multiple of 64 above cols, so that rows fall on different cache sets
    int64_t rows;
    int64_t cols;  // multiple of 32
};
// Activations as signed bytes, -127 .. 127, in blocks of 32. Made by q8RowsIn (quant_kernels.h).
using Q8Rows = QuantRows<int8_t, Q8Block>;
// Activations as -32767 .. 32767, in blocks of 32: for products whose input must be finer than 8 bits. Of four
// neighbours the second and the third change places: multiplications take pairs, and weights are bytes in fours.
using Q16Rows = QuantRows<int16_t, Q16Block>;

// out[m * outStride + n] = sum_k w[n, k] * x[m, k]   for n in [nBegin, nEnd), m in [0, x.rows)
// The order of the floating-point sum is part of the contract (kernels/README.md, "canonical order"): per output, over
// the blocks in ascending order, acc = fma(dw * dx, float(integer dot), acc), then for types with a minimum acc =
// fma(minimum, sum, acc). So a result has the same bits for any row range, any number of rows of x, and on every
// instruction set.
template <typename X>
struct QuantProduct {
    const std::byte* w;  // row n starts at w + n * wRowBytes; any alignment
    int64_t wRowBytes;
    int64_t nBegin, nEnd;
    X x;
    float* out;
    int64_t outStride;
    std::byte* scratch;  // quantMatmulScratchBytes(dtype, cols) bytes, 64-byte aligned, private to the calling thread
};
using QuantMatmul = QuantProduct<Q8Rows>;
using QuantMatmul16 = QuantProduct<Q16Rows>;

using QuantMatmulFn = void (*)(const QuantMatmul&) noexcept;
using QuantMatmul16Fn = void (*)(const QuantMatmul16&) noexcept;
using QuantizeQ8Fn = void (*)(const float* x, int64_t rows, int64_t cols, int64_t xStride, const Q8Rows& out) noexcept;
using QuantizeQ16Fn = void (*)(const float* x, int64_t rows, int64_t cols, int64_t xStride,
                               const Q16Rows& out) noexcept;

template <typename Fn>
struct QuantTypeTable {
    Fn q4_0, q4_1, q5_0, q5_1, q8_0;
    Fn q2_k, q3_k, q4_k, q5_k, q6_k, q8_k;
    Fn iq4_nl, iq4_xs, mxfp4;
};

// What one instruction set offers; null where it has nothing better than the next slower one.
struct QuantIsaTable {
    QuantTypeTable<QuantMatmulFn> matmul;
    QuantTypeTable<QuantMatmul16Fn> matmul16;
    QuantizeQ8Fn quantizeQ8;
    QuantizeQ16Fn quantizeQ16;
};

// The weight panel that a matmul keeps in its scratch memory has at most this size.
constexpr int64_t quantScratchBytes = 64 * 1024;

}  // namespace kernels
