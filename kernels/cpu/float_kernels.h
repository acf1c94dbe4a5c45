// Kernels on 32-bit floats (and 16-bit weights and caches) for one instruction set. Thread: any. Nothing allocates or
// fails.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/dtype.h"

namespace kernels {

inline constexpr int64_t floatMatmulPart = 256;    // columns
inline constexpr int64_t floatPackRows = 6;        // inputs of a packed tile
inline constexpr int64_t floatUnpackedInputs = 4;  // up to here a product does without packed inputs

// out[m * outStride + n] = sum_k w[n, k] * x[m, k]   for n in [nBegin, nEnd), m in [0, rows)
// Canonical order: the columns are cut into parts of floatMatmulPart; in a part one chain of fma from +0, k ascending;
// the parts are added in ascending order. The result has the same bits for any tiling and on every instruction set.
struct FloatMatmul {
    DType dtype;  // F32, F16 or BF16
    const std::byte* w;
    int64_t wRowBytes;
    int64_t nBegin, nEnd, cols;
    const float* x;  // [rows, cols], row m at x + m * xStride; not read when `packed` is given
    int64_t xStride, rows;
    float* out;
    int64_t outStride;
    std::byte* scratch;  // floatMatmulScratchBytes() bytes, 64-byte aligned, private to the thread
    // What packInputs made of packedRows inputs (a multiple of floatPackRows); x's rows are [packedBegin, packedBegin +
    // rows), packedBegin a multiple of floatPackRows. Null: x is read; slow for many rows.
    const float* packed = nullptr;
    int64_t packedRows = 0, packedBegin = 0;
};

enum class RopeStyle : uint8_t { Interleaved, Halves };  // pairs (2i, 2i+1) or (i, i + n/2)
enum class Activation : uint8_t { Silu, GeluTanh, GeluErf, GeluQuick, Relu };

// One block of attention work: some query heads that share a KV head, adjacent query rows of one sequence, its pages.
// Canonical order: positions are cut into fixed segments of 256. Per segment and query: each score is one chain of fma
// over (q * scale) . k from +0, dimensions ascending; e = exp(score - the segment's maximum); their sum by lanes of
// position mod 16, then the tree (8 apart, 4 apart, 2 apart, 1 apart); the values by one fma per visible position,
// ascending. Segments are merged in ascending order. So bits depend neither on
// threads, nor on the rows of a block, nor on how a prompt was cut into chunks, and positions that a row does not see
// contribute nothing.
inline constexpr int64_t attentionSegment = 256;
inline constexpr int64_t attentionMaxRows = 64;
// Keys whose values are expanded at a time: they stay in the first-level cache.
inline constexpr int64_t attentionBlockKeys = 64;
// Keys of a page lie in groups of 16 positions, a lane per position, so that scores need no sum across lanes. A group
// takes as many bytes as 16 rows of its type:
//   F32, F16   [headDim][16] values
//   Q8_0       per 32 dimensions: 16 f16 scales, then [32][16] bytes
//   Q4_0       per 32 dimensions: 16 f16 scales, then [16][16] bytes; byte i: dimension i low, i + 16 high
inline constexpr int64_t keyGroupTokens = 16;
struct AttentionWork {
    const float* q;  // [nRows, nGroupHeads, headDim]; row stride qStride, heads adjacent
    int64_t qStride;
    int64_t nRows;        // 1 .. attentionMaxRows
    int64_t nGroupHeads;  // query heads that share this KV head, adjacent in q and out
    int64_t headDim, headDimV;
    int64_t firstPosition;   // of row 0; row r is at firstPosition + r and sees keys 0 .. its own position
    DType kType, vType;      // F32, F16, Q8_0, Q4_0 (quantized: rows along headDim, a multiple of 32)
    const std::byte* kBase;  // this KV head's keys in page 0, in groups of 16; page i is kPageStride * i further
    const std::byte* vBase;  // values: [pageTokens, headDimV]
    int64_t kPageStride, vPageStride;
    const int32_t* pages;              // page table: page of positions [i * pageTokens, (i + 1) * pageTokens)
    int64_t pageTokens;                // a multiple of keyGroupTokens
    float scale;                       // usually 1 / sqrt(headDim)
    float softcap;                     // 0: none
    int64_t window;                    // 0: unlimited; else only the last `window` positions are visible
    int64_t segmentBegin, segmentEnd;  // segments to visit; those without a visible position are allowed
    // Null: the result goes to out. Else one partial result per segment (attentionPartialFloats floats each) for
    // mergeAttention, and out is not touched. mergeAttention reads all partials of [segmentBegin, segmentEnd).
    float* partials;
    float* out;  // [nRows, nGroupHeads, headDimV], row stride outStride
    int64_t outStride;
    std::byte* scratch;  // attentionScratchBytes(...), 64-byte aligned, private to the thread
};

struct FloatKernels {
    void (*matmul)(const FloatMatmul&) noexcept = nullptr;
    // Tiles [tileBegin, tileEnd) of floatPackRows rows of x [rows, cols], laid out for `matmul` in `packed`, which has
    // packedRows * cols floats; packedRows: rows rounded up to whole tiles.
    void (*packInputs)(const float* x, int64_t rows, int64_t cols, int64_t xStride, int64_t packedRows,
                       int64_t tileBegin, int64_t tileEnd, float* packed) noexcept = nullptr;
    void (*rmsNorm)(const float* x, const float* weight, float eps, int64_t rows, int64_t cols,
                    float* out) noexcept = nullptr;
    void (*layerNorm)(const float* x, const float* weight, const float* bias, float eps, int64_t rows, int64_t cols,
                      float* out) noexcept = nullptr;
    // Rotates heads of x [rows, nHeads, headDim] in place; cosSin [rows, nRot/2, 2] is precomputed once per step.
    void (*rope)(float* x, const float* cosSin, int64_t rows, int64_t nHeads, int64_t headDim, int64_t nRot,
                 int64_t xStride, RopeStyle style) noexcept = nullptr;
    void (*gatedActivation)(const float* gate, const float* up, int64_t n, Activation a, float* out) noexcept = nullptr;
    void (*activation)(float* x, int64_t n, Activation a) noexcept = nullptr;
    void (*add)(const float* x, int64_t n, float* inOut) noexcept = nullptr;
    void (*scale)(float* x, int64_t n, float by) noexcept = nullptr;
    // Stores f32 rows in a cache type (F32, F16, Q8_0, Q4_0).
    void (*encodeRows)(DType type, const float* x, int64_t rows, int64_t cols, int64_t xStride, std::byte* out,
                       int64_t outRowBytes) noexcept = nullptr;
    // Stores the f32 key of one position in a cache type; `group` has the position at `slot` (0 .. 15).
    void (*storeKey)(DType type, const float* key, int64_t headDim, std::byte* group, int64_t slot) noexcept = nullptr;
    void (*attention)(const AttentionWork&) noexcept = nullptr;
    void (*mergeAttention)(const AttentionWork&) noexcept = nullptr;
};

FloatKernels scalarFloatKernels();
FloatKernels avx2FloatKernels();
FloatKernels avx512FloatKernels();

int64_t floatMatmulScratchBytes();
inline int64_t floatPackedRows(int64_t rows) {
    return (rows + floatPackRows - 1) / floatPackRows * floatPackRows;
}
int64_t attentionScratchBytes(int64_t headDim, int64_t headDimV, int64_t nGroupHeads, int64_t nRows);
int64_t attentionPartialFloats(int64_t nQueries, int64_t headDimV);  // nQueries = nRows * nGroupHeads
// One row of a quantized cache type (Q8_0, Q4_0); the same code for every instruction set.
void encodeQuantizedRow(DType type, const float* x, int64_t cols, std::byte* out);

}  // namespace kernels
