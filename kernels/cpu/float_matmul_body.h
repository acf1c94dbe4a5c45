// The product of f32 inputs with F32, F16 or BF16 weights in the canonical order of float_kernels.h, over the
// operations of float_vec_*.h. A tile of weight rows and input rows keeps one vector of sixteen partial sums per output
// in registers. Internal linkage, included by the float_<isa>.cpp files.
#pragma once

#include "kernels/cpu/float_kernels.h"

#if defined(__clang__)
#define TESSERA_UNROLL _Pragma("unroll")
#else
#define TESSERA_UNROLL _Pragma("GCC unroll 16")
#endif

namespace kernels {
namespace {

struct FromF32 {
    static constexpr int64_t bytes = 4;
    static V load(const std::byte* p) { return vLoad(reinterpret_cast<const float*>(p)); }
};
struct FromF16 {
    static constexpr int64_t bytes = 2;
    static V load(const std::byte* p) { return vLoadHalf(p); }
};
struct FromBf16 {
    static constexpr int64_t bytes = 2;
    static V load(const std::byte* p) { return vLoadBrain(p); }
};

// The last columns of a row, zeros behind them.
template <typename From>
inline V loadTail(const std::byte* p, int64_t count) {
    alignas(64) std::byte padded[16 * From::bytes] = {};
    __builtin_memcpy(padded, p, static_cast<size_t>(count * From::bytes));
    return From::load(padded);
}

// out[j * outStride + i] = sum over k of w[i][k] * x[j][k]; Rows is 1, 2 or 4.
template <typename From, int Rows, int Inputs>
inline void matmulTile(const std::byte* w, int64_t wStride, const float* x, int64_t xStride, int64_t cols, float* out,
                       int64_t outStride) {
    V sums[Rows][Inputs];
    TESSERA_UNROLL
    for (int i = 0; i < Rows; ++i) {
        TESSERA_UNROLL
        for (int j = 0; j < Inputs; ++j)
            sums[i][j] = vZero();
    }
    int64_t k = 0;
    for (; k + 16 <= cols; k += 16) {
        V ws[Rows];
        TESSERA_UNROLL
        for (int i = 0; i < Rows; ++i)
            ws[i] = From::load(w + i * wStride + k * From::bytes);
        TESSERA_UNROLL
        for (int j = 0; j < Inputs; ++j) {
            const V xs = vLoad(x + j * xStride + k);
            TESSERA_UNROLL
            for (int i = 0; i < Rows; ++i)
                sums[i][j] = vFma(ws[i], xs, sums[i][j]);
        }
    }
    if (k < cols) {
        V ws[Rows];
        TESSERA_UNROLL
        for (int i = 0; i < Rows; ++i)
            ws[i] = loadTail<From>(w + i * wStride + k * From::bytes, cols - k);
        TESSERA_UNROLL
        for (int j = 0; j < Inputs; ++j) {
            const V xs = vLoadPart(x + j * xStride + k, cols - k);
            TESSERA_UNROLL
            for (int i = 0; i < Rows; ++i)
                sums[i][j] = vFma(ws[i], xs, sums[i][j]);
        }
    }
    TESSERA_UNROLL
    for (int j = 0; j < Inputs; ++j) {
        if constexpr (Rows == 4) {
            vSum4(sums[0][j], sums[1][j], sums[2][j], sums[3][j], out + j * outStride);
        } else {
            TESSERA_UNROLL
            for (int i = 0; i < Rows; ++i)
                out[j * outStride + i] = vSum(sums[i][j]);
        }
    }
}

// All inputs against Rows weight rows.
template <typename From, int Rows, int Inputs>
inline void matmulStrip(const std::byte* w, int64_t wStride, const float* x, int64_t xStride, int64_t nInputs,
                        int64_t cols, float* out, int64_t outStride) {
    int64_t m = 0;
    for (; m + Inputs <= nInputs; m += Inputs)
        matmulTile<From, Rows, Inputs>(w, wStride, x + m * xStride, xStride, cols, out + m * outStride, outStride);
    if constexpr (Inputs > 1)
        if (m < nInputs)
            matmulStrip<From, Rows, (Inputs > 2 ? Inputs / 2 : 1)>(w, wStride, x + m * xStride, xStride, nInputs - m,
                                                                   cols, out + m * outStride, outStride);
}

// A block of weight rows against all inputs: each group of inputs meets all rows while it is in the first-level cache.
template <typename From>
void matmulBlock(const std::byte* w, int64_t wStride, int64_t nRows, const float* x, int64_t xStride, int64_t nInputs,
                 int64_t cols, float* out, int64_t outStride) {
    for (int64_t m = 0; m < nInputs; m += matmulTileInputs) {
        const int64_t inputs = nInputs - m < matmulTileInputs ? nInputs - m : matmulTileInputs;
        const float* xm = x + m * xStride;
        float* outM = out + m * outStride;
        int64_t n = 0;
        if (inputs == 1) {  // one input: more rows at once hide the latency of the sums
            for (; n + 4 <= nRows; n += 4)
                matmulTile<From, 4, 1>(w + n * wStride, wStride, xm, xStride, cols, outM + n, outStride);
        } else {
            for (; n + matmulTileRows <= nRows; n += matmulTileRows)
                matmulStrip<From, matmulTileRows, matmulTileInputs>(w + n * wStride, wStride, xm, xStride, inputs, cols,
                                                                    outM + n, outStride);
        }
        for (; n < nRows; ++n)
            matmulStrip<From, 1, matmulTileInputs>(w + n * wStride, wStride, xm, xStride, inputs, cols, outM + n,
                                                   outStride);
    }
}

template <typename From>
void expandRow(const std::byte* w, int64_t cols, float* out) {
    int64_t k = 0;
    for (; k + 16 <= cols; k += 16)
        vStore(out + k, From::load(w + k * From::bytes));
    if (k < cols)
        vStorePart(out + k, loadTail<From>(w + k * From::bytes, cols - k), cols - k);
}

template <typename From>
void matmulOf(const FloatMatmul& f) {
    constexpr int64_t block = floatMatmulBlockRows;
    // Expanding the weights pays once several tiles of inputs read them.
    const bool expand = From::bytes != 4 && f.rows > matmulTileInputs;
    float* expanded = reinterpret_cast<float*>(f.scratch);
    const int64_t stride = (f.cols + 15) / 16 * 16;
    for (int64_t n = f.nBegin; n < f.nEnd; n += block) {
        const int64_t rows = f.nEnd - n < block ? f.nEnd - n : block;
        const std::byte* w = f.w + n * f.wRowBytes;
        if (expand) {
            for (int64_t i = 0; i < rows; ++i)
                expandRow<From>(w + i * f.wRowBytes, f.cols, expanded + i * stride);
            matmulBlock<FromF32>(f.scratch, stride * 4, rows, f.x, f.xStride, f.rows, f.cols, f.out + n, f.outStride);
        } else {
            matmulBlock<From>(w, f.wRowBytes, rows, f.x, f.xStride, f.rows, f.cols, f.out + n, f.outStride);
        }
    }
}

void matmul(const FloatMatmul& f) noexcept {
    if (f.dtype == DType::F16)
        matmulOf<FromF16>(f);
    else if (f.dtype == DType::BF16)
        matmulOf<FromBf16>(f);
    else
        matmulOf<FromF32>(f);
}

}  // namespace
}  // namespace kernels
