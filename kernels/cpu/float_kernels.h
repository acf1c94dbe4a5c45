// Kernels on 32-bit floats (and 16-bit weights and caches) for one instruction set. Thread: any. Nothing allocates or fails.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/dtype.h"

namespace kernels {

// out[m * outStride + n] = sum_k w[n, k] * x[m, k]   for n in [nBegin, nEnd)
// Canonical order: 16 partial sums, lane l takes k = l, l + 16, ... with fma; the lanes are then added by a fixed tree
// (8 apart, 4 apart, 2 apart, 1 apart). The result has the same bits for any tiling and on every instruction set.
struct FloatMatmul {
    DType dtype;            // F32, F16 or BF16
    const std::byte* w;
    int64_t wRowBytes;
    int64_t nBegin, nEnd, cols;
    const float* x;         // [rows, cols], row m at x + m * xStride
    int64_t xStride, rows;
    float* out;
    int64_t outStride;
    std::byte* scratch;     // floatMatmulScratchBytes(cols) bytes, 64-byte aligned, private to the thread
};

enum class RopeStyle : uint8_t { Interleaved, Halves };   // pairs (2i, 2i+1) or (i, i + n/2)
enum class Activation : uint8_t { Silu, GeluTanh, GeluErf, GeluQuick, Relu };

// One block of attention work: some query heads that share a KV head, some query rows of one sequence, all its pages.
// Positions are visited in ascending order in fixed segments (kernels/README.md), so bits depend neither on threads nor on
// how a prompt was cut into chunks.
struct AttentionWork {
    const float* q;               // [nRows, ., headDim]; row stride qStride, head stride headDim
    int64_t qStride;
    int64_t nRows;
    int64_t nGroupHeads;          // query heads that share this KV head, adjacent in q and out
    int64_t headDim, headDimV;
    const int64_t* rowPositions;  // [nRows] absolute position of each query row; keys 0..position are visible
    DType kType, vType;           // F32, F16 (Q8_0, Q4_0: rows along headDim)
    const std::byte* const* kPages;   // [nPages] start of this KV head's keys in each page: [pageTokens, headDim]
    const std::byte* const* vPages;   // [nPages] values: [pageTokens, headDimV]
    int64_t pageTokens;
    int64_t nKeys;                // keys stored for the sequence
    float scale;                  // usually 1 / sqrt(headDim)
    float softcap;                // 0: none
    int64_t window;               // 0: unlimited; else only the last `window` positions are visible
    float* out;                   // [nRows, ., headDimV], row stride outStride
    int64_t outStride;
    std::byte* scratch;           // attentionScratchBytes(...)
};

struct FloatKernels {
    void (*matmul)(const FloatMatmul&) noexcept = nullptr;
    void (*rmsNorm)(const float* x, const float* weight, float eps, int64_t rows, int64_t cols, float* out) noexcept = nullptr;
    void (*layerNorm)(const float* x, const float* weight, const float* bias, float eps, int64_t rows, int64_t cols,
                      float* out) noexcept = nullptr;
    // Rotates heads of x [rows, nHeads, headDim] in place; cosSin [rows, nRot/2, 2] is precomputed once per step.
    void (*rope)(float* x, const float* cosSin, int64_t rows, int64_t nHeads, int64_t headDim, int64_t nRot, int64_t xStride,
                 RopeStyle style) noexcept = nullptr;
    void (*gatedActivation)(const float* gate, const float* up, int64_t n, Activation a, float* out) noexcept = nullptr;
    void (*activation)(float* x, int64_t n, Activation a) noexcept = nullptr;
    void (*add)(const float* x, int64_t n, float* inOut) noexcept = nullptr;
    void (*scale)(float* x, int64_t n, float by) noexcept = nullptr;
    // Stores f32 rows in a cache type (F32, F16, Q8_0, Q4_0).
    void (*encodeRows)(DType type, const float* x, int64_t rows, int64_t cols, int64_t xStride, std::byte* out,
                       int64_t outRowBytes) noexcept = nullptr;
    void (*attention)(const AttentionWork&) noexcept = nullptr;
};

int64_t floatMatmulScratchBytes(int64_t cols);
int64_t attentionScratchBytes(int64_t headDim, int64_t headDimV, int64_t nGroupHeads, int64_t nRows, int64_t pageTokens);

}  // namespace kernels
