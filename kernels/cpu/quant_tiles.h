// The two ways through a product of quantized weights, written once for all vector widths (include simd_*.h and
// quant_expand.h first). Both follow the canonical order, so their bits are equal.
//   direct   few rows of x: each block of weights is expanded in registers and used at once
//   panel    many rows of x: blocks are expanded into scratch memory, part by part, and used for all rows of x
// Everything has internal linkage. Thread: any.
#pragma once

#include "kernels/cpu/quant_dots.h"
#include "kernels/cpu/quant_row_pairs.h"

namespace kernels {
namespace {

// Rows of w that share one vector; `valid` of them exist.
struct RowGroup {
    const uint8_t* p;
    int64_t stride;
    int64_t valid;
};

// Rows are short and many, so the processor's own prefetchers see too many streams. While a group is worked on, the
// bytes of the group some way further on are asked for in the order of their addresses, a few lines with each block: in
// one burst they would fill the processor's list of misses, and the memory would rest afterwards.
template <typename E>
TS_INLINE void prefetchBlock(const uint8_t* unit, int block) {
    constexpr int blocks = E::elements / 32, lines = (lanes * E::bytes + 63) / 64, each = (lines + blocks - 1) / blocks;
    TS_UNROLL
    for (int i = 0; i < each; ++i)
        if ((block * each + i) * 64 < lanes * E::bytes)
            _mm_prefetch(reinterpret_cast<const char*>(unit + (block * each + i) * 64), _MM_HINT_T0);
}

// The same unit of the rows `ahead` bytes further on.
template <typename E>
TS_INLINE void prefetchRows(const RowGroup& g, int64_t ahead, int64_t unit) {
    const uint8_t* p = g.p + ahead + unit * E::bytes;
    for (int r = 0; r < lanes; ++r, p += g.stride)
        for (int at = 0; at < E::bytes; at += 64)
            _mm_prefetch(reinterpret_cast<const char*>(p + at), _MM_HINT_T0);
}

// Bytes by which to look ahead from row n: a distance that hides the memory's latency; 0 at the end.
template <typename X>
TS_INLINE int64_t aheadBytes(const QuantProduct<X>& a, int64_t n, int64_t step) {
    constexpr int64_t distance = 12 * 1024;
    const int64_t rows = (distance / (a.wRowBytes * step) + 1) * step;
    return n + rows < a.nEnd ? rows * a.wRowBytes : 0;
}

template <typename E, typename Sink>
TS_INLINE void expandUnit(const RowGroup& g, int64_t unit, Sink& sink) {
    E::expand(g.p + unit * E::bytes, g.stride, sink);
}

// The last rows, fewer than a vector: copied together, the missing ones zero, so that nothing outside is read.
struct Edge {
    static constexpr int64_t stride = 320;
    alignas(64) uint8_t bytes[lanes * stride];
};

template <typename E>
TS_INLINE void copyEdge(const RowGroup& g, int64_t unit, Edge& edge) {
    for (int64_t r = 0; r < g.valid; ++r)
        __builtin_memcpy(edge.bytes + r * Edge::stride, g.p + r * g.stride + unit * E::bytes, E::bytes);
}

template <typename X>
using ValueOf = decltype(X::q);
template <typename X>
using BlockOf = const typename X::Block*;

template <typename E, int rows, typename X>
struct DirectSink {
    using Layout = DirectLayout<E>;
    struct Sums {
        V of[rows];
    };
    F acc[rows];
    ValueOf<X> q;
    BlockOf<X> x;
    int64_t qStride, xStride;
    const uint8_t* ahead;  // as many bytes as the unit's rows have, to be asked for; may lie behind the weights

    TS_INLINE void operator()(int block, const V* w, F scale0, F scale1, F min0, F min1) {
        begin(block);
        Sums sum;
        dots<0>(block, w, sum);
        links<0>(block, sum, scale0, min0);
        if constexpr (E::subBlock == 16) {
            dots<1>(block, w + 4, sum);
            links<1>(block, sum, scale1, min1);
        }
    }

    // For formats whose sub-blocks share bytes, the steps one by one: dots in any order, links in ascending order.
    TS_INLINE void begin(int block) { prefetchBlock<E>(ahead, block); }
    // Half (0 or 1) of a block, or with sub-blocks of 32 the whole of it: the integer sums, one for each row of x.
    template <int half>
    TS_INLINE void dots(int block, const V* w, Sums& sum) const {
        TS_UNROLL
        for (int m = 0; m < rows; ++m) {
            const auto* values = q + m * qStride + block * 32 + 16 * half;
            const V start = startOf<E::zero, E::subBlock, half>(x[m * xStride + block]);
            sum.of[m] = Layout::template dot<E::subBlock / 16, E::top>(w, values, start);
            TS_KEEP(sum.of[m]);
        }
    }
    // The link of the canonical chain.
    template <int half>
    TS_INLINE void links(int block, const Sums& sum, F scale, F min) {
        TS_UNROLL
        for (int m = 0; m < rows; ++m) {
            const auto& b = x[m * xStride + block];
            acc[m] = ffma(fmul(scale, fset(b.scale)), toFloat(sum.of[m]), acc[m]);
            if constexpr (E::hasMin && E::subBlock == 32)
                acc[m] = ffma(min, fset(b.sum), acc[m]);
            else if constexpr (E::hasMin)
                acc[m] = ffma(min, fmul(fset(b.scale), halfSum<half>(b)), acc[m]);
        }
    }
    TS_INLINE void advance() {
        q += E::elements;
        x += E::elements / 32;
        ahead += lanes * E::bytes;
    }
};

template <typename E, int rows, typename X>
void direct(const QuantProduct<X>& a, int64_t mBegin) {
    const int64_t nUnits = a.x.cols / E::elements, xStride = a.x.cols / 32;
    for (int64_t n = a.nBegin; n < a.nEnd; n += lanes) {
        const RowGroup g = {reinterpret_cast<const uint8_t*>(a.w) + n * a.wRowBytes, a.wRowBytes,
                            a.nEnd - n < lanes ? a.nEnd - n : lanes};
        const int64_t ahead = aheadBytes(a, n, lanes);
        DirectSink<E, rows, X> sink;
        TS_UNROLL
        for (int m = 0; m < rows; ++m)
            sink.acc[m] = fset(0.0f);
        sink.q = a.x.q + mBegin * a.x.qStride;
        sink.x = a.x.blocks + mBegin * xStride;
        sink.qStride = a.x.qStride;
        sink.xStride = xStride;
        sink.ahead = g.p + ahead;
        float* out = a.out + mBegin * a.outStride + n;
        if (g.valid == lanes) {
            for (int64_t unit = 0; unit < nUnits; ++unit, sink.advance()) {
                expandUnit<E>(g, unit, sink);
            }
            TS_UNROLL
            for (int m = 0; m < rows; ++m)
                fstore(out + m * a.outStride, sink.acc[m]);
        } else {
            Edge edge = {};
            for (int64_t unit = 0; unit < nUnits; ++unit, sink.advance()) {
                copyEdge<E>(g, unit, edge);
                expandUnit<E>({edge.bytes, Edge::stride, lanes}, 0, sink);
            }
            TS_UNROLL
            for (int m = 0; m < rows; ++m)
                fstoreSome(out + m * a.outStride, g.valid, sink.acc[m]);
        }
    }
}

// What the tiles must know of a format; formats that agree share their code.
template <int subBlockOf, bool hasMinOf, int topOf, int zeroOf>
struct Kind {
    static constexpr int subBlock = subBlockOf, top = topOf, zero = zeroOf;
    static constexpr bool hasMin = hasMinOf;
    // A block of 32 in a panel: eight vectors of bytes, then scales, then minima.
    static constexpr int subs = 32 / subBlock;
    static constexpr int64_t scaleAt = 8 * sizeof(V), minAt = scaleAt + subs * sizeof(F);
    static constexpr int64_t blockBytes = minAt + (hasMin ? subs * sizeof(F) : 0);
};

// With VNNI every signed type is stored plus 128, which spares a shift for each row of x.
template <typename E>
constexpr int topClass = (vnni || E::top > 63) ? 255
                         : (E::top > 31)       ? 63
                         : (E::top > 15)       ? 31
                                               : 15;
template <typename E>
using PanelOf = Kind<E::subBlock, E::hasMin, topClass<E>, (vnni && E::zero != 0) ? 128 : E::zero>;

template <typename E>
struct PanelSink {
    using Layout = Columns;
    struct Sums {};
    uint8_t* to;

    TS_INLINE void operator()(int block, const V* w, F scale0, F scale1, F min0, F min1) {
        Sums none;
        dots<0>(block, w, none);
        links<0>(block, none, scale0, min0);
        if constexpr (E::subBlock == 16) {
            dots<1>(block, w + 4, none);
            links<1>(block, none, scale1, min1);
        }
    }

    // The steps as in DirectSink: here the bytes are kept, and the scales.
    TS_INLINE void begin(int) {}
    template <int half>
    TS_INLINE void dots(int block, const V* w, Sums&) {
        uint8_t* b = to + block * PanelOf<E>::blockBytes + 4 * half * sizeof(V);
        TS_UNROLL
        for (int c = 0; c < E::subBlock / 4; ++c) {
            V v = w[c];
            if constexpr (PanelOf<E>::zero != E::zero)
                v = vadd8(v, vset8(PanelOf<E>::zero - E::zero));
            vstore(b + c * sizeof(V), v);
        }
    }
    template <int half>
    TS_INLINE void links(int block, const Sums&, F scale, F min) {
        uint8_t* b = to + block * PanelOf<E>::blockBytes + half * sizeof(F);
        fstore(reinterpret_cast<float*>(b + PanelOf<E>::scaleAt), scale);
        if constexpr (E::hasMin)
            fstore(reinterpret_cast<float*>(b + PanelOf<E>::minAt), min);
    }
};

// ahead 0: whoever uses the panel asks for the next rows.
template <typename E>
void expandPanel(const RowGroup& g, int64_t ahead, int64_t unit, int64_t end, uint8_t* panel) {
    constexpr int64_t unitBytes = E::elements / 32 * PanelOf<E>::blockBytes;
    PanelSink<E> sink{panel};
    if (g.valid == lanes) {
        for (; unit < end; ++unit, sink.to += unitBytes) {
            if (ahead != 0)
                prefetchRows<E>(g, ahead, unit);
            expandUnit<E>(g, unit, sink);
        }
    } else {
        Edge edge = {};
        for (; unit < end; ++unit, sink.to += unitBytes) {
            copyEdge<E>(g, unit, edge);
            expandUnit<E>({edge.bytes, Edge::stride, lanes}, 0, sink);
        }
    }
}

// A part of the product: `nBlocks` blocks of all columns, some rows of x, the outputs of one or two panels.
template <typename X>
struct Tile {
    const uint8_t* panel;
    int64_t panelBytes;  // distance of the second panel
    int64_t nBlocks;
    ValueOf<X> q;
    BlockOf<X> x;
    int64_t qStride, xStride;
    float* out;
    int64_t outStride;
    int64_t valid;  // outputs that exist
    bool first;     // start from zero, else from what `out` holds
    // What is read after this part, asked for while the tiles compute: some lines with each block.
    const uint8_t* ahead;
    int64_t aheadLines;
};

template <typename K, int groups, int rows, int half>
TS_INLINE void tileDots(const uint8_t* const* b, int8_t* const* q, const Q8Block* const* x, V (*sum)[groups]) {
    constexpr int count = K::subBlock / 4, zero = K::zero;
#if defined(__AVX512VNNI__) || (defined(_MSC_VER) && defined(__AVX512F__))
    TS_UNROLL
    for (int m = 0; m < rows; ++m) {
        const V start = startOf<zero, K::subBlock, half>(*x[m]);
        TS_UNROLL
        for (int g = 0; g < groups; ++g)
            sum[m][g] = start;
    }
    TS_UNROLL
    for (int c = half * count; c < half * count + count; ++c) {
        V w[groups];
        TS_UNROLL
        for (int g = 0; g < groups; ++g)
            w[g] = vload(b[g] + c * sizeof(V));
        TS_UNROLL
        for (int m = 0; m < rows; ++m) {
            const V bytes = vset32(load32s(q[m] + 4 * c));
            TS_UNROLL
            for (int g = 0; g < groups; ++g)
                sum[m][g] = _mm512_dpbusd_epi32(sum[m][g], w[g], bytes);
        }
    }
#else
    const V ones = _mm256_set1_epi16(1);
    constexpr int steps = K::top == 255 ? 1 : K::top <= 15 ? 8 : K::top <= 31 ? 4 : 2;
    constexpr int run = steps < count ? steps : count;
    TS_UNROLL
    for (int begin = 0; begin < count; begin += run) {
        V pairs[rows][groups];
        TS_UNROLL
        for (int c = begin; c < begin + run; ++c) {
            V w[groups], magnitude[groups];
            TS_UNROLL
            for (int g = 0; g < groups; ++g) {
                w[g] = vload(b[g] + (half * count + c) * sizeof(V));
                magnitude[g] = K::top == 255 ? _mm256_abs_epi8(w[g]) : w[g];
            }
            TS_UNROLL
            for (int m = 0; m < rows; ++m) {
                const V bytes = vset32(load32s(q[m] + 4 * (half * count + c)));
                TS_UNROLL
                for (int g = 0; g < groups; ++g) {
                    const V signedBytes = K::top == 255 ? _mm256_sign_epi8(bytes, w[g]) : bytes;
                    const V p = _mm256_maddubs_epi16(magnitude[g], signedBytes);
                    pairs[m][g] = c == begin ? p : vadd16(pairs[m][g], p);
                    TS_KEEP(pairs[m][g]);
                }
            }
        }
        TS_UNROLL
        for (int m = 0; m < rows; ++m) {
            TS_UNROLL
            for (int g = 0; g < groups; ++g) {
                const V p = vmadd16(pairs[m][g], ones);
                sum[m][g] = begin == 0 ? p : vadd32(sum[m][g], p);
                TS_KEEP(sum[m][g]);
            }
        }
    }
    if constexpr (zero != 0) {
        TS_UNROLL
        for (int m = 0; m < rows; ++m) {
            const V start = startOf<zero, K::subBlock, half>(*x[m]);
            TS_UNROLL
            for (int g = 0; g < groups; ++g)
                sum[m][g] = vadd32(sum[m][g], start);
        }
    }
#endif
}

template <typename K, int groups, int rows, int half>
TS_INLINE void tileDots(const uint8_t* const* b, int16_t* const* q, const Q16Block* const* x, V (*sum)[groups]) {
    constexpr int count = K::subBlock / 4;
    TS_UNROLL
    for (int m = 0; m < rows; ++m) {
        const V start = startOf<K::zero, K::subBlock, half>(*x[m]);
        TS_UNROLL
        for (int g = 0; g < groups; ++g)
            sum[m][g] = start;
    }
    TS_UNROLL
    for (int c = half * count; c < half * count + count; ++c) {
        Halves w[groups];
        TS_UNROLL
        for (int g = 0; g < groups; ++g)
            w[g] = widen < K::top == 255 && !vnni > (vload(b[g] + c * sizeof(V)));
        TS_UNROLL
        for (int m = 0; m < rows; ++m) {
            const V even = vset32(load32s(q[m] + 4 * c)), odd = vset32(load32s(q[m] + 4 * c + 2));
            TS_UNROLL
            for (int g = 0; g < groups; ++g) {
                sum[m][g] = vdot16(sum[m][g], w[g].even, even);
                TS_KEEP(sum[m][g]);
                sum[m][g] = vdot16(sum[m][g], w[g].odd, odd);
                TS_KEEP(sum[m][g]);
            }
        }
    }
}

template <typename K, int groups, int rows, int half, typename Value, typename Block>
TS_INLINE void tileLinks(const uint8_t* const* b, Value* const* q, const Block* const* x, F (*acc)[groups]) {
    V sum[rows][groups];
    tileDots<K, groups, rows, half>(b, q, x, sum);
    F scale[groups], min[groups];
    TS_UNROLL
    for (int g = 0; g < groups; ++g) {
        scale[g] = fload(reinterpret_cast<const float*>(b[g] + K::scaleAt + half * sizeof(F)));
        min[g] = K::hasMin ? fload(reinterpret_cast<const float*>(b[g] + K::minAt + half * sizeof(F))) : fset(0.0f);
    }
    TS_UNROLL
    for (int m = 0; m < rows; ++m) {
        const F xScale = fset(x[m]->scale);
        TS_UNROLL
        for (int g = 0; g < groups; ++g)
            acc[m][g] = ffma(fmul(scale[g], xScale), toFloat(sum[m][g]), acc[m][g]);
        if constexpr (K::hasMin) {
            F xSum;
            if constexpr (K::subBlock == 32)
                xSum = fset(x[m]->sum);
            else
                xSum = fmul(xScale, halfSum<half>(*x[m]));
            TS_UNROLL
            for (int g = 0; g < groups; ++g)
                acc[m][g] = ffma(min[g], xSum, acc[m][g]);
        }
    }
}

template <typename K, int groups, int rows, typename X>
void tile(const Tile<X>& t) {
    F acc[rows][groups];
    const int64_t lastValid = t.valid - (groups - 1) * lanes;
    TS_UNROLL
    for (int m = 0; m < rows; ++m) {
        TS_UNROLL
        for (int g = 0; g < groups; ++g) {
            const float* out = t.out + m * t.outStride + g * lanes;
            if (t.first)
                acc[m][g] = fset(0.0f);
            else
                acc[m][g] = g == groups - 1 && lastValid < lanes ? floadSome(out, lastValid) : fload(out);
        }
    }
    const uint8_t* b[groups];
    TS_UNROLL
    for (int g = 0; g < groups; ++g)
        b[g] = t.panel + g * t.panelBytes;
    ValueOf<X> q[rows];
    BlockOf<X> x[rows];
    TS_UNROLL
    for (int m = 0; m < rows; ++m) {
        q[m] = t.q + m * t.qStride;
        x[m] = t.x + m * t.xStride;
    }
    const uint8_t* ahead = t.ahead;
    for (int64_t block = 0; block < t.nBlocks; ++block) {
        for (int64_t line = 0; line < t.aheadLines; ++line, ahead += 64)
            _mm_prefetch(reinterpret_cast<const char*>(ahead), _MM_HINT_T0);
        tileLinks<K, groups, rows, 0>(b, q, x, acc);
        if constexpr (K::subBlock == 16)
            tileLinks<K, groups, rows, 1>(b, q, x, acc);
        TS_UNROLL
        for (int g = 0; g < groups; ++g)
            b[g] += K::blockBytes;
        TS_UNROLL
        for (int m = 0; m < rows; ++m) {
            q[m] += 32;
            ++x[m];
        }
    }
    TS_UNROLL
    for (int m = 0; m < rows; ++m) {
        TS_UNROLL
        for (int g = 0; g < groups; ++g) {
            float* out = t.out + m * t.outStride + g * lanes;
            if (g == groups - 1 && lastValid < lanes)
                fstoreSome(out, lastValid, acc[m][g]);
            else
                fstore(out, acc[m][g]);
        }
    }
}

#if defined(__AVX512VNNI__) || (defined(_MSC_VER) && defined(__AVX512F__))
constexpr int tileRows = 6;
#else
constexpr int tileRows = 4;
#endif

template <typename K, int groups, int rows = tileRows, typename X>
void tileOf(const Tile<X>& t, int64_t n) {
    if constexpr (rows > 1) {
        if (n < rows)
            return tileOf<K, groups, rows - 1>(t, n);
    }
    tile<K, groups, rows>(t);
}

// Rows [n, n + 2 * lanes) of w, blocks [block, block + count) of the columns, rows [mBegin, mEnd) of x.
struct PanelJob {
    int64_t n, block, count, mBegin, mEnd;
};

constexpr int64_t partBlocks = 24;  // 768 columns: two panels stay in the first cache
// Rows of x of which a part of their columns stays in the second cache.
template <typename X>
constexpr int64_t wideRows = sizeof(*X::q) == 1 ? 512 : 256;

template <typename E, bool wide, typename X>
void panelJob(const QuantProduct<X>& a, const PanelJob& j) {
    constexpr int64_t panelBytes = partBlocks * PanelOf<E>::blockBytes;
    static_assert(2 * panelBytes <= quantScratchBytes);
    auto* scratch = reinterpret_cast<uint8_t*>(a.scratch);
    const int64_t valid = a.nEnd - j.n < 2 * lanes ? a.nEnd - j.n : 2 * lanes;
    for (int64_t begin = 0, at = 0; begin < valid; begin += lanes, at += panelBytes) {
        const RowGroup g = {reinterpret_cast<const uint8_t*>(a.w) + (j.n + begin) * a.wRowBytes, a.wRowBytes,
                            valid - begin < lanes ? valid - begin : lanes};
        const int64_t ahead = wide && j.n + begin + 3 * lanes < a.nEnd ? 2 * lanes * a.wRowBytes : 0;
        expandPanel<E>(g, ahead, j.block * 32 / E::elements, (j.block + j.count) * 32 / E::elements, scratch + at);
    }
    const int64_t xStride = a.x.cols / 32;
    Tile<X> t = {.panel = scratch,
                 .panelBytes = panelBytes,
                 .nBlocks = j.count,
                 .q = a.x.q + j.mBegin * a.x.qStride + j.block * 32,
                 .x = a.x.blocks + j.mBegin * xStride + j.block,
                 .qStride = a.x.qStride,
                 .xStride = xStride,
                 .out = a.out + j.mBegin * a.outStride + j.n,
                 .outStride = a.outStride,
                 .valid = valid,
                 .first = j.block == 0,
                 .ahead = nullptr,
                 .aheadLines = 0};
    int64_t tiles = (j.mEnd - j.mBegin + tileRows - 1) / tileRows;
    if (!wide && j.n + 4 * lanes <= a.nEnd) {
        // Few rows of x: expanding alone would wait for memory, so the next rows come while this panel is used.
        const int64_t groupBytes = 2 * lanes * a.wRowBytes, nBlocks = a.x.cols / 32;
        t.ahead =
            reinterpret_cast<const uint8_t*>(a.w) + j.n * a.wRowBytes + groupBytes + groupBytes * j.block / nBlocks;
        t.aheadLines = (groupBytes / nBlocks + 64 * tiles - 1) / (64 * tiles);
    }
    for (int64_t m = j.mBegin; m < j.mEnd; --tiles) {
        const int64_t rows = (j.mEnd - m + tiles - 1) / tiles;  // of about equal height
        if (valid > lanes)
            tileOf<PanelOf<E>, 2>(t, rows);
        else
            tileOf<PanelOf<E>, 1>(t, rows);
        t.q += rows * t.qStride;
        t.x += rows * t.xStride;
        t.out += rows * t.outStride;
        t.ahead += 64 * t.aheadLines * j.count;
        m += rows;
    }
}

template <typename E, typename X>
void panelled(const QuantProduct<X>& a) {
    const int64_t nBlocks = a.x.cols / 32;
    // Parts of about equal length, cut between whole units.
    constexpr int64_t unitBlocks = E::elements / 32;
    const int64_t nParts = (nBlocks + partBlocks - 1) / partBlocks;
    const int64_t part = ((nBlocks + nParts - 1) / nParts + unitBlocks - 1) / unitBlocks * unitBlocks;
    const auto countAt = [&](int64_t block) { return nBlocks - block < part ? nBlocks - block : part; };
    if (a.x.rows <= 64) {  // reading w is what costs: each row once, from end to end
        for (int64_t n = a.nBegin; n < a.nEnd; n += 2 * lanes)
            for (int64_t block = 0; block < nBlocks; block += part)
                panelJob<E, false>(a, {n, block, countAt(block), 0, a.x.rows});
        return;
    }
    constexpr int64_t wide = wideRows<X>;
    for (int64_t m = 0; m < a.x.rows; m += wide)
        for (int64_t block = 0; block < nBlocks; block += part)
            for (int64_t n = a.nBegin; n < a.nEnd; n += 2 * lanes)
                panelJob<E, true>(a, {n, block, countAt(block), m, a.x.rows - m < wide ? a.x.rows : m + wide});
}

template <typename E, typename X>
void matmul(const QuantProduct<X>& a) noexcept {
    if (a.x.rows == 1)
        return direct<E, 1>(a, 0);
    // Products of 16 bits would widen the expanded weights again for each row of x.
    if constexpr (sizeof(*a.x.q) == 1) {
        if (a.x.rows == 2)
            return direct<E, 2>(a, 0);
        if (a.x.rows == 3)
            return direct<E, 3>(a, 0);
    }
    if (a.x.rows > 0)
        panelled<E>(a);
}

template <typename X>
constexpr QuantTypeTable<void (*)(const QuantProduct<X>&) noexcept> typeTable() {
    return {
        .q4_0 = matmul<ExpandQ4_0, X>,
        .q4_1 = matmul<ExpandQ4_1, X>,
        .q5_0 = matmul<ExpandQ5_0, X>,
        .q5_1 = matmul<ExpandQ5_1, X>,
        .q8_0 = matmul<ExpandQ8_0, X>,
        .q2_k = matmul<ExpandQ2_K, X>,
        .q3_k = matmul<ExpandQ3_K, X>,
        .q4_k = matmul<ExpandQ4_K, X>,
        .q5_k = matmul<ExpandQ5_K, X>,
        .q6_k = matmul<ExpandQ6_K, X>,
        .q8_k = matmul<ExpandQ8_K, X>,
        .iq4_nl = matmul<ExpandIQ4_NL, X>,
        .iq4_xs = matmul<ExpandIQ4_XS, X>,
        .mxfp4 = matmul<ExpandMXFP4, X>,
    };
}

}  // namespace
}  // namespace kernels
