// The product of f32 inputs with F32, F16 or BF16 weights in the canonical order of float_kernels.h, over the
// operations of float_vec_*.h. A lane is an output, so no sum crosses lanes: sixteen weight rows are transposed into a
// panel [columns of a part][16] in the first-level cache, and tiles of inputs use it. Internal linkage, included by the
// float_<isa>.cpp files.
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
    static constexpr bool brain = false;
    static V load(const std::byte* p) { return vLoad(reinterpret_cast<const float*>(p)); }
};
struct FromF16 {
    static constexpr int64_t bytes = 2;
    static constexpr bool brain = false;
    static V load(const std::byte* p) { return vLoadHalf(p); }
};
struct FromBf16 {
    static constexpr int64_t bytes = 2;
    static constexpr bool brain = true;
    static V load(const std::byte* p) { return vLoadBrain(p); }
};

// The last columns of a row, zeros behind them.
template <typename From>
inline V loadTail(const std::byte* p, int64_t count) {
    alignas(64) std::byte padded[16 * From::bytes] = {};
    __builtin_memcpy(padded, p, static_cast<size_t>(count * From::bytes));
    return From::load(padded);
}

template <typename From>
void expandRow(const std::byte* w, int64_t cols, float* out) {
    int64_t k = 0;
    for (; k + 16 <= cols; k += 16)
        vStore(out + k, From::load(w + k * From::bytes));
    if (k < cols)
        vStorePart(out + k, loadTail<From>(w + k * From::bytes, cols - k), cols - k);
}

// Where registers are few, a value that a tile needs again is loaded again: kept, it would push a sum out to memory,
// and each link of that sum's chain would wait for a store and a load. The compiler must not see that it is the same.
template <typename T>
inline void forgetLoads([[maybe_unused]] T*& p) {
#if defined(__GNUC__)
    if constexpr (registersAreFew)
        __asm__("" : "+r"(p));
#endif
}

// Input j of a tile at column k: packed tiles hold six inputs side by side (packInputs), rows lie xStride apart.
struct PackedInputs {
    const float* x;
    float at(int64_t k, int j) const { return x[k * floatPackRows + j]; }
};
struct RowInputs {
    const float* x;
    int64_t xStride;
    float at(int64_t k, int j) const { return x[j * xStride + k]; }
};

// sums[j][v] = fma(panel v at column k, input j at column k, sums[j][v]), k ascending. A panel is [n][16] elements of
// From; panel v starts panelBytes * v further. `ahead`: what the caller reads next, in the same shape; null: nothing.
template <typename From, int Vectors, int Inputs, bool Prefetch, typename X>
inline void panelLinks(const std::byte* panel, int64_t panelBytes, const std::byte* ahead, int64_t n, X x,
                       V (*sums)[Vectors]) {
    for (int64_t k = 0; k < n; ++k) {
        const std::byte* at = panel + k * 16 * From::bytes;
        if constexpr (Prefetch) {
            TESSERA_UNROLL
            for (int v = 0; v < Vectors; ++v)
                __builtin_prefetch(ahead + v * panelBytes + k * 16 * From::bytes);
        }
        TESSERA_UNROLL
        for (int v = 0; v < Vectors; ++v) {
            const V w = From::load(at + v * panelBytes);
            if (v > 0)
                forgetLoads(x.x);
            TESSERA_UNROLL
            for (int j = 0; j < Inputs; ++j)
                sums[j][v] = vFma(w, vSet(x.at(k, j)), sums[j][v]);
        }
    }
}

// One part of the columns for a tile of outputs: stored (first), or added to what is there.
template <int Vectors, int Inputs, typename X>
inline void matmulTile(const float* panel, int64_t n, X x, float* out, int64_t outStride, bool first, int64_t valid) {
    V sums[Inputs][Vectors];
    TESSERA_UNROLL
    for (int j = 0; j < Inputs; ++j) {
        TESSERA_UNROLL
        for (int v = 0; v < Vectors; ++v)
            sums[j][v] = vZero();
    }
    TESSERA_UNROLL
    for (int j = 0; j < Inputs; ++j)
        __builtin_prefetch(out + j * outStride, 1);
    constexpr int64_t panelBytes = 16 * floatMatmulPart * 4;
    panelLinks<FromF32, Vectors, Inputs, false>(reinterpret_cast<const std::byte*>(panel), panelBytes, nullptr, n, x,
                                                sums);
    TESSERA_UNROLL
    for (int j = 0; j < Inputs; ++j) {
        TESSERA_UNROLL
        for (int v = 0; v < Vectors; ++v) {
            float* to = out + j * outStride + v * 16;
            const int64_t count = valid - v * 16;
            if (count >= 16)
                vStore(to, first ? sums[j][v] : vLoad(to) + sums[j][v]);
            else if (count > 0)
                vStorePart(to, first ? sums[j][v] : vLoadPart(to, count) + sums[j][v], count);
        }
    }
}

// A tile of `count` inputs, at most Inputs.
template <int Vectors, int Inputs, typename X>
inline void matmulTileOf(int64_t count, const float* panel, int64_t n, X x, float* out, int64_t outStride, bool first,
                         int64_t valid) {
    if constexpr (Inputs > 1)
        if (count < Inputs)
            return matmulTileOf<Vectors, Inputs - 1>(count, panel, n, x, out, outStride, first, valid);
    matmulTile<Vectors, Inputs>(panel, n, x, out, outStride, first, valid);
}

// Rows [0, rows) of w, columns [0, n), transposed: panel [n][16], zeros for rows that do not exist.
template <typename From>
void fillPanel(const std::byte* w, int64_t wStride, int64_t rows, int64_t n, float* panel) {
    int64_t k = 0;
    if (rows == 16)
        for (; k + columnsAtOnce<From> <= n; k += columnsAtOnce<From>)
            transposeBlock<From>(w + k * From::bytes, wStride, panel + k * 16);
    if (k == n)
        return;
    alignas(64) float row[16];
    for (; k < n; k += 16) {
        const int64_t count = n - k < 16 ? n - k : 16;
        for (int64_t r = 0; r < 16; ++r) {
            vStore(row, r < rows ? loadTail<From>(w + r * wStride + k * From::bytes, count) : vZero());
            for (int64_t i = 0; i < count; ++i)
                panel[(k + i) * 16 + r] = row[i];
        }
    }
}

// The weights of the panel that comes next, asked for a little at a time. A panel reads a few hundred bytes of each of
// 16 rows, most often in as many memory pages: no processor prefetches that by itself.
class PanelAhead {
  public:
    // Columns of `bytes` bytes from w on, of `rows` rows; asked for in `steps` steps.
    PanelAhead(const std::byte* w, int64_t stride, int64_t rows, int64_t bytes, int64_t steps)
        : m_w(w),
          m_stride(stride),
          m_rowLines((bytes + 63) / 64),
          m_lines(rows * m_rowLines),
          m_perStep((m_lines + steps - 1) / steps) {}
    void step() {
        for (const int64_t end = m_next + m_perStep < m_lines ? m_next + m_perStep : m_lines; m_next < end; ++m_next) {
            __builtin_prefetch(m_at, 0, 2);
            m_at += 64;
            if (++m_inRow == m_rowLines)
                m_inRow = 0, m_w += m_stride, m_at = m_w;
        }
    }

  private:
    const std::byte* m_w;
    const std::byte* m_at = m_w;
    int64_t m_stride, m_rowLines, m_lines, m_perStep, m_next = 0, m_inRow = 0;
};

// Many inputs, packed: a block of inputs that stays in the second-level cache, a part of the columns at a time, meets
// all panels; a panel stays in the first-level cache meanwhile.
template <typename From>
void matmulPacked(const FloatMatmul& f) {
    float* panel = reinterpret_cast<float*>(f.scratch);
    constexpr int64_t blockRows = 16 * matmulTileVectors;
    constexpr int64_t mostTiles = 44;  // of a block: 264 KiB per part
    const int64_t allTiles = (f.rows + floatPackRows - 1) / floatPackRows;
    const int64_t blocks = (allTiles + mostTiles - 1) / mostTiles;
    const int64_t blockInputs = (allTiles + blocks - 1) / blocks * floatPackRows;
    for (int64_t k = 0; k < f.cols; k += floatMatmulPart) {
        const int64_t part = f.cols - k < floatMatmulPart ? f.cols - k : floatMatmulPart;
        for (int64_t first = 0; first < f.rows; first += blockInputs) {
            const int64_t inputs = f.rows - first < blockInputs ? f.rows - first : blockInputs;
            const int64_t tiles = (inputs + floatPackRows - 1) / floatPackRows;
            for (int64_t n = f.nBegin; n < f.nEnd; n += blockRows) {
                const int64_t valid = f.nEnd - n < blockRows ? f.nEnd - n : blockRows;
                const std::byte* w = f.w + n * f.wRowBytes + k * From::bytes;
                for (int64_t r = 0; r < blockRows; r += 16)
                    fillPanel<From>(w + r * f.wRowBytes, f.wRowBytes, valid - r < 16 ? (valid > r ? valid - r : 0) : 16,
                                    part, panel + r * floatMatmulPart);
                const int64_t next = f.nEnd - n - blockRows;
                PanelAhead ahead(w + blockRows * f.wRowBytes, f.wRowBytes,
                                 next < 0 ? 0 : (next < blockRows ? next : blockRows), part * From::bytes, tiles);
                const float* x = f.packed + k * f.packedRows + (f.packedBegin + first) * part;
                float* out = f.out + first * f.outStride + n;
                for (int64_t left = inputs; left > 0; left -= floatPackRows) {
                    ahead.step();
                    matmulTileOf<matmulTileVectors, floatPackRows>(left < floatPackRows ? left : floatPackRows, panel,
                                                                   part, PackedInputs{x}, out, f.outStride, k == 0,
                                                                   valid);
                    x += floatPackRows * part;
                    out += floatPackRows * f.outStride;
                }
            }
        }
    }
}

// Eight rows of w and a few inputs; totals[j][r] collects the parts.
template <typename From, int Inputs>
struct FewRows {
    const std::byte* w;
    int64_t stride;
    const float* x;
    int64_t xStride;
    const std::byte* ahead;  // what is asked for meanwhile: the rows that follow
    float totals[Inputs][8];
    bool first = true;

    template <int Parts>
    void take(int64_t n) {
        float sums[Parts][Inputs][8];
        linkParts<From, Parts, Inputs>(w, stride, n, x, xStride, ahead, sums);
        for (int p = 0; p < Parts; ++p, first = false)
            add(sums[p]);
        w += Parts * n * From::bytes;
        x += Parts * n;
        ahead += 8 * Parts * n * From::bytes;
    }
    // A part whose columns are no whole blocks, or rows that are fewer: through a panel.
    void takeRest(int64_t n, int64_t rows, float* panel) {
        fillPanel<From>(w, stride, rows, n, panel);
        V s[Inputs][1];
        for (int j = 0; j < Inputs; ++j)
            s[j][0] = vZero();
        panelLinks<FromF32, 1, Inputs, false>(reinterpret_cast<const std::byte*>(panel), 0, nullptr, n,
                                              RowInputs{x, xStride}, s);
        float sums[Inputs][8];
        for (int j = 0; j < Inputs; ++j)
            vStorePart(sums[j], s[j][0], 8);
        add(sums);
        first = false;
        w += n * From::bytes;
        x += n;
    }
    void add(const float (*sums)[8]) {
        for (int j = 0; j < Inputs; ++j)
            for (int r = 0; r < 8; ++r)
                totals[j][r] = first ? sums[j][r] : totals[j][r] + sums[j][r];
    }
};

// Few inputs: reading the weights is what costs. Eight rows are read together, so the processor's own prefetchers see
// too many streams: the rows that follow are asked for in the order of their addresses.
template <typename From, int Inputs>
void matmulFew(const FloatMatmul& f, const float* x, float* out) {
    constexpr int64_t part = floatMatmulPart;
    for (int64_t n = f.nBegin; n < f.nEnd; n += 8) {
        const int64_t rows = f.nEnd - n < 8 ? f.nEnd - n : 8;
        const std::byte* w = f.w + n * f.wRowBytes;
        FewRows<From, Inputs> few = {w, f.wRowBytes, x, f.xStride, n + 16 <= f.nEnd ? w + 8 * f.wRowBytes : w, {}};
        int64_t left = f.cols;
        if (rows == 8) {
            if constexpr (Inputs == 1)
                for (; left >= 4 * part; left -= 4 * part)
                    few.template take<4>(part);
            if constexpr (Inputs <= 2)
                for (; left >= 2 * part; left -= 2 * part)
                    few.template take<2>(part);
            for (; left >= part; left -= part)
                few.template take<1>(part);
            if (left > 0 && left % columnsAtOnce<From> == 0) {
                few.template take<1>(left);
                left = 0;
            }
        }
        for (; left > 0; left -= part)
            few.takeRest(left < part ? left : part, rows, reinterpret_cast<float*>(f.scratch));
        for (int j = 0; j < Inputs; ++j)
            for (int64_t r = 0; r < rows; ++r)
                out[j * f.outStride + n + r] = few.totals[j][r];
    }
}

template <typename From>
void matmulOf(const FloatMatmul& f) {
    if (f.packed)
        return matmulPacked<From>(f);
    const float* x = f.x;
    float* out = f.out;
    int64_t m = f.rows;
    for (; m >= 4; m -= 4, x += 4 * f.xStride, out += 4 * f.outStride)
        matmulFew<From, 4>(f, x, out);
    if (m == 3)
        matmulFew<From, 3>(f, x, out);
    else if (m == 2)
        matmulFew<From, 2>(f, x, out);
    else if (m == 1)
        matmulFew<From, 1>(f, x, out);
}

void matmul(const FloatMatmul& f) noexcept {
    if (f.dtype == DType::F16)
        matmulOf<FromF16>(f);
    else if (f.dtype == DType::BF16)
        matmulOf<FromBf16>(f);
    else
        matmulOf<FromF32>(f);
}

// Layout: parts of the columns, in each the tiles of floatPackRows inputs, in each a column after the other. Inputs
// that do not exist are zeros.
void packInputs(const float* x, int64_t rows, int64_t cols, int64_t xStride, int64_t packedRows, int64_t tileBegin,
                int64_t tileEnd, float* packed) noexcept {
    constexpr int64_t height = floatPackRows;
    for (int64_t k = 0; k < cols; k += floatMatmulPart) {
        const int64_t part = cols - k < floatMatmulPart ? cols - k : floatMatmulPart;
        for (int64_t tile = tileBegin; tile < tileEnd; ++tile) {
            float* to = packed + k * packedRows + tile * height * part;
            const float* from = x + tile * height * xStride + k;
            if ((tile + 1) * height <= rows) {
                for (int64_t i = 0; i < part; ++i)
                    for (int64_t j = 0; j < height; ++j)
                        to[i * height + j] = from[j * xStride + i];
                continue;
            }
            for (int64_t i = 0; i < part; ++i)
                for (int64_t j = 0; j < height; ++j)
                    to[i * height + j] = tile * height + j < rows ? from[j * xStride + i] : 0.0f;
        }
    }
}

}  // namespace
}  // namespace kernels
