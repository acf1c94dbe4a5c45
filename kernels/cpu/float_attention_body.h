// Attention of some query rows and the query heads that share one KV head over pages of keys and values, in the fixed
// segments of float_kernels.h, over the operations of float_vec_*.h. Internal linkage, included by the float_<isa>.cpp
// files.
//
// Per segment: scores of all queries (a group of keys is the panel of a matmul tile, a lane per key), then exponentials
// against the segment's maximum, then the weighted sum of the values, one fma per visible key in ascending order. A key
// that a row does not see has a lane of its own, or is never multiplied, so that whatever lies there contributes
// nothing, not even a zero.
#pragma once

#include "kernels/cpu/float_kernels.h"
#include "kernels/cpu/float_math.h"
#include "kernels/cpu/float_matmul_body.h"

namespace kernels {
namespace {

struct Range {
    int64_t lo, hi;
};
inline int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}
inline int64_t most(int64_t a, int64_t b) {
    return a > b ? a : b;
}

// Positions of segment `s` that row `r` sees.
inline Range visible(const AttentionWork& w, int64_t r, int64_t s) {
    const int64_t position = w.firstPosition + r;
    const int64_t oldest = w.window > 0 ? most(position + 1 - w.window, 0) : 0;
    return {most(oldest, s * attentionSegment), least(position + 1, (s + 1) * attentionSegment)};
}

inline int64_t padded16(int64_t n) {
    return (n + 15) / 16 * 16;
}

// One row of a quantized cache: blocks of 32 (layouts in kernels/quant).
void expandCacheRow(DType type, const std::byte* row, int64_t cols, float* out) {
    int8_t q[32];
    for (int64_t i = 0; i < cols; i += 32) {
        const V d = vSet(oneHalf(row));
        const int8_t* bytes = q;
        if (type == DType::Q8_0) {
            bytes = reinterpret_cast<const int8_t*>(row + 2);
            row += 34;
        } else {
            vNibbles(row + 2, q);
            row += 18;
        }
        vStore(out + i, vLoadBytes(bytes) * d);
        vStore(out + i + 16, vLoadBytes(bytes + 16) * d);
    }
}

inline int64_t cacheRowBytes(DType type, int64_t cols) {
    switch (type) {
        case DType::F16:
            return cols * 2;
        case DType::Q8_0:
            return cols / 32 * 34;
        case DType::Q4_0:
            return cols / 32 * 18;
        default:
            return cols * 4;
    }
}

void expandCacheRows(DType type, const std::byte* rows, int64_t n, int64_t cols, float* out, int64_t outStride) {
    const int64_t bytes = cacheRowBytes(type, cols);
    for (int64_t i = 0; i < n; ++i, rows += bytes, out += outStride) {
        if (type == DType::F16)
            expandRow<FromF16>(rows, cols, out);
        else if (type == DType::F32)
            expandRow<FromF32>(rows, cols, out);
        else
            expandCacheRow(type, rows, cols, out);
    }
}

// A group of sixteen keys as a panel of floats [headDim][16] (layouts in float_kernels.h).
void expandKeyGroup(DType type, const std::byte* group, int64_t headDim, float* panel) {
    if (type == DType::F16)
        return expandRow<FromF16>(group, headDim * 16, panel);
    const int64_t vectors = type == DType::Q8_0 ? 32 : 16;  // of sixteen bytes in a block of 32 dimensions
    int8_t q[32];
    for (int64_t d = 0; d < headDim; d += 32, panel += 32 * 16) {
        const V scales = vLoadHalf(group);
        group += 32;
        for (int64_t i = 0; i < vectors; ++i, group += 16) {
            if (type == DType::Q8_0) {
                vStore(panel + i * 16, vLoadBytes(reinterpret_cast<const int8_t*>(group)) * scales);
            } else {
                vNibbles(group, q);
                vStore(panel + i * 16, vLoadBytes(q) * scales);
                vStore(panel + (i + 16) * 16, vLoadBytes(q + 16) * scales);
            }
        }
    }
}

// Scores of `Vectors` groups of keys, groupBytes apart, for a tile of queries.
template <typename From, int Vectors, int Queries>
inline void scoreTile(const std::byte* groups, int64_t groupBytes, const std::byte* ahead, const float* q,
                      int64_t headDim, float* scores) {
    V sums[Queries][Vectors];
    TESSERA_UNROLL
    for (int i = 0; i < Queries; ++i) {
        TESSERA_UNROLL
        for (int v = 0; v < Vectors; ++v)
            sums[i][v] = vZero();
    }
    if (ahead)
        panelLinks<From, Vectors, Queries, true>(groups, groupBytes, ahead, headDim, PackedInputs{q}, sums);
    else
        panelLinks<From, Vectors, Queries, false>(groups, groupBytes, nullptr, headDim, PackedInputs{q}, sums);
    TESSERA_UNROLL
    for (int i = 0; i < Queries; ++i) {
        TESSERA_UNROLL
        for (int v = 0; v < Vectors; ++v)
            vStore(scores + i * attentionSegment + v * 16, sums[i][v]);
    }
}

// A tile of `count` queries, at most Queries.
template <typename From, int Vectors, int Queries>
inline void scoreSome(int64_t count, const std::byte* groups, int64_t groupBytes, const std::byte* ahead,
                      const float* q, int64_t headDim, float* scores) {
    if constexpr (Queries > 1)
        if (count < Queries)
            return scoreSome<From, Vectors, Queries - 1>(count, groups, groupBytes, ahead, q, headDim, scores);
    scoreTile<From, Vectors, Queries>(groups, groupBytes, ahead, q, headDim, scores);
}

// Rows of values: row j is at p + j * stride.
struct ValueRows {
    const std::byte* p;
    int64_t stride;
};

// acc[q] += sum over j in [from, to) of e[q][j] * v[j] for Queries queries and Vectors * 16 dimensions.
template <typename From, int Queries, int Vectors>
inline void weighTile(ValueRows v, const float* e, int64_t from, int64_t to, float* acc, int64_t accStride) {
    V sums[Queries][Vectors];
    TESSERA_UNROLL
    for (int q = 0; q < Queries; ++q) {
        TESSERA_UNROLL
        for (int d = 0; d < Vectors; ++d)
            sums[q][d] = vLoad(acc + q * accStride + d * 16);
    }
    for (int64_t j = from; j < to; ++j) {
        TESSERA_UNROLL
        for (int d = 0; d < Vectors; ++d) {
            const V vs = From::load(v.p + j * v.stride + d * 16 * From::bytes);
            if (d > 0)
                forgetLoads(e);
            TESSERA_UNROLL
            for (int q = 0; q < Queries; ++q)
                sums[q][d] = vFma(vSet(e[q * attentionSegment + j]), vs, sums[q][d]);
        }
    }
    TESSERA_UNROLL
    for (int q = 0; q < Queries; ++q) {
        TESSERA_UNROLL
        for (int d = 0; d < Vectors; ++d)
            vStore(acc + q * accStride + d * 16, sums[q][d]);
    }
}

template <typename From, int Queries>
void weighQueries(ValueRows v, const float* e, int64_t from, int64_t to, float* acc, int64_t accStride) {
    if (from >= to)
        return;
    constexpr int vectors = weighTileVectors<Queries>;
    int64_t d = 0;
    for (; d + vectors * 16 <= accStride; d += vectors * 16, v.p += vectors * 16 * From::bytes)
        weighTile<From, Queries, vectors>(v, e, from, to, acc + d, accStride);
    for (; d < accStride; d += 16, v.p += 16 * From::bytes)
        weighTile<From, Queries, 1>(v, e, from, to, acc + d, accStride);
}

template <typename From, int Queries = weighTileQueries>
void weighSome(int64_t queries, ValueRows v, const float* e, int64_t from, int64_t to, float* acc, int64_t accStride) {
    if constexpr (Queries > 1)
        if (queries < Queries)
            return weighSome<From, Queries - 1>(queries, v, e, from, to, acc, accStride);
    weighQueries<From, Queries>(v, e, from, to, acc, accStride);
}

// Adds keys [begin, begin + n) of a segment to the sums of all queries. Row 0 of v is key `begin`; positions are
// relative to the segment.
template <typename From>
void weighRun(const AttentionWork& w, const Range* ranges, ValueRows v, int64_t begin, int64_t n, const float* scores,
              float* acc, int64_t accStride) {
    const int64_t nQueries = w.nRows * w.nGroupHeads;
    for (int64_t q = 0; q < nQueries; q += weighTileQueries) {
        const int64_t queries = least(nQueries - q, weighTileQueries);
        // Keys that all queries of the tile see go together; those at the ragged ends one query at a time, in order.
        int64_t lo = begin, hi = begin + n;
        for (int64_t i = 0; i < queries; ++i) {
            const Range& range = ranges[(q + i) / w.nGroupHeads];
            lo = most(lo, range.lo);
            hi = least(hi, range.hi);
        }
        hi = most(lo, hi);
        const float* e = scores + q * attentionSegment + begin;
        float* sums = acc + q * accStride;
        const auto ragged = [&](int64_t from, int64_t to) {
            for (int64_t i = 0; i < queries; ++i) {
                const Range& range = ranges[(q + i) / w.nGroupHeads];
                weighQueries<From, 1>(v, e + i * attentionSegment, most(from, range.lo) - begin,
                                      least(to, range.hi) - begin, sums + i * accStride, accStride);
            }
        };
        ragged(begin, least(lo, begin + n));
        weighSome<From>(queries, v, e, lo - begin, hi - begin, sums, accStride);
        ragged(hi, begin + n);
    }
}

// Turns the scores of [range.lo, range.hi) into exponentials against their maximum; returns maximum and sum.
inline void softmaxRow(float* s, Range range, float softcap, float& maximum, float& sum) {
    const V iota = vIota();
    const V lo = vSet(static_cast<float>(range.lo)), hi = vSet(static_cast<float>(range.hi));
    const V nothing = vSet(-__builtin_inff());
    const int64_t first = range.lo / 16 * 16;
    V largest = nothing;
    for (int64_t j = first; j < range.hi; j += 16) {
        V v = vLoad(s + j);
        if (softcap > 0)
            v = vTanh(v * vSet(1.0f / softcap)) * vSet(softcap);
        const V at = iota + vSet(static_cast<float>(j));
        v = vIfLess(at, lo, nothing, vIfLess(at, hi, v, nothing));
        vStore(s + j, v);
        largest = vMax(v, largest);
    }
    maximum = vMaxLane(largest);
    const V by = vSet(maximum);
    V total = vZero();
    for (int64_t j = first; j < range.hi; j += 16) {
        const V e = vExp(vLoad(s + j) - by);
        vStore(s + j, e);
        total = total + e;
    }
    sum = vSum(total);
}

template <typename Visit>
inline void eachRun(const AttentionWork& w, int64_t begin, int64_t end, int64_t longest, Visit visit) {
    for (int64_t p = begin; p < end;) {
        const int64_t inPage = p % w.pageTokens;
        const int64_t n = least(least(w.pageTokens - inPage, end - p), longest);
        visit(w.pages[p / w.pageTokens], inPage, p, n);
        p += n;
    }
}

// Asks for the bytes at position p before they are needed: a page ends every few kilobytes, where the processor's own
// prefetcher stops. The position must be one of the sequence's and, for keys, begin a group.
inline void prefetchTokens(const AttentionWork& w, const std::byte* base, int64_t pageStride, int64_t rowBytes,
                           int64_t p, int64_t tokens) {
    const int64_t inPage = p % w.pageTokens;
    const std::byte* rows = base + w.pages[p / w.pageTokens] * pageStride + inPage * rowBytes;
    const int64_t bytes = least(w.pageTokens - inPage, tokens) * rowBytes;
    for (int64_t b = 0; b < bytes; b += 64)
        __builtin_prefetch(rows + b);
}

struct Partial {     // one segment's result for all queries of the work
    float* maximum;  // [nQueries]
    float* sum;      // [nQueries]; 0: the query sees nothing of the segment
    float* acc;      // [nQueries, padded16(headDimV)]
};
inline Partial partialAt(float* at, int64_t nQueries) {
    return {at, at + nQueries, at + padded16(2 * nQueries)};
}

// Scores of the group of keys at position p, or of two when that fills the registers; returns how many positions.
// q: packed tiles of queries.
inline int64_t scoreGroups(const AttentionWork& w, int64_t p, int64_t hi, int64_t end, const float* q, float* panel,
                           float* scores) {
    const int64_t nQueries = w.nRows * w.nGroupHeads;
    const int64_t rowBytes = cacheRowBytes(w.kType, w.headDim), groupBytes = keyGroupTokens * rowBytes;
    const int64_t inPage = p % w.pageTokens;
    const std::byte* group = w.kBase + w.pages[p / w.pageTokens] * w.kPageStride + inPage * rowBytes;
    const int64_t next = p + 2 * keyGroupTokens;
    if (nQueries <= floatPackRows && (w.kType == DType::F16 || w.kType == DType::F32)) {
        const std::byte* ahead = nullptr;
        if (next < end)
            ahead = w.kBase + w.pages[next / w.pageTokens] * w.kPageStride + next % w.pageTokens * rowBytes;
        const bool two =
            nQueries <= scorePairQueries && p + keyGroupTokens < hi && inPage + 2 * keyGroupTokens <= w.pageTokens;
        if (w.kType == DType::F16 && two)
            scoreSome<FromF16, 2, scorePairQueries>(nQueries, group, groupBytes, ahead, q, w.headDim, scores);
        else if (w.kType == DType::F16)
            scoreSome<FromF16, 1, floatPackRows>(nQueries, group, groupBytes, ahead, q, w.headDim, scores);
        else
            scoreSome<FromF32, 1, floatPackRows>(nQueries, group, groupBytes, ahead, q, w.headDim, scores);
        return w.kType == DType::F16 && two ? 2 * keyGroupTokens : keyGroupTokens;
    }
    if (next < end)
        prefetchTokens(w, w.kBase, w.kPageStride, rowBytes, next, keyGroupTokens);
    const std::byte* keys = group;
    if (w.kType != DType::F32) {
        expandKeyGroup(w.kType, group, w.headDim, panel);
        keys = reinterpret_cast<const std::byte*>(panel);
    }
    for (int64_t i = 0; i < nQueries; i += floatPackRows)
        scoreSome<FromF32, 1, floatPackRows>(least(nQueries - i, floatPackRows), keys, 0, nullptr, q + i * w.headDim,
                                             w.headDim, scores + i * attentionSegment);
    return keyGroupTokens;
}

void attendSegment(const AttentionWork& w, int64_t segment, const float* q, float* scores, float* rows, Partial to) {
    const int64_t nQueries = w.nRows * w.nGroupHeads;
    const int64_t accStride = padded16(w.headDimV);
    const int64_t base = segment * attentionSegment;
    Range ranges[attentionMaxRows];
    Range all = {base + attentionSegment, base};
    for (int64_t r = 0; r < w.nRows; ++r) {
        ranges[r] = visible(w, r, segment);
        if (ranges[r].lo < ranges[r].hi)
            all = {least(all.lo, ranges[r].lo), most(all.hi, ranges[r].hi)};
        ranges[r].lo -= base;
        ranges[r].hi -= base;
    }
    for (int64_t i = 0; i < nQueries * accStride; i += 16)
        vStore(to.acc + i, vZero());

    if (all.lo >= all.hi) {
        for (int64_t i = 0; i < nQueries; ++i)
            to.maximum[i] = to.sum[i] = 0;
        return;
    }
    const int64_t kRow = cacheRowBytes(w.kType, w.headDim), vRow = cacheRowBytes(w.vType, w.headDimV);
    const int64_t end = w.firstPosition + w.nRows;  // of what the work reads
    const bool many = nQueries > floatPackRows;
    for (int64_t p = all.lo / keyGroupTokens * keyGroupTokens; p < all.hi;)
        p += scoreGroups(w, p, all.hi, end, q, rows, scores + (p - base));
    prefetchTokens(w, w.vBase, w.vPageStride, vRow, all.lo, attentionBlockKeys);
    for (int64_t i = 0; i < nQueries; ++i) {
        const Range range = ranges[i / w.nGroupHeads];
        to.maximum[i] = to.sum[i] = 0;
        if (range.lo < range.hi)
            softmaxRow(scores + i * attentionSegment, range, w.softcap, to.maximum[i], to.sum[i]);
    }
    eachRun(w, all.lo, all.hi, attentionBlockKeys, [&](int32_t page, int64_t inPage, int64_t p, int64_t n) {
        const std::byte* v = w.vBase + page * w.vPageStride + inPage * vRow;
        const bool direct = (w.vType == DType::F32 || (w.vType == DType::F16 && !many)) && accStride == w.headDimV;
        if (p + n < all.hi)
            prefetchTokens(w, w.vBase, w.vPageStride, vRow, p + n, attentionBlockKeys);
        else if ((p + n) % keyGroupTokens == 0 && p + n < end)
            prefetchTokens(w, w.kBase, w.kPageStride, kRow, p + n, 2 * keyGroupTokens);
        if (direct && w.vType == DType::F16)
            return weighRun<FromF16>(w, ranges, {v, vRow}, p - base, n, scores, to.acc, accStride);
        if (direct)
            return weighRun<FromF32>(w, ranges, {v, vRow}, p - base, n, scores, to.acc, accStride);
        expandCacheRows(w.vType, v, n, w.headDimV, rows, accStride);
        weighRun<FromF32>(w, ranges, {reinterpret_cast<const std::byte*>(rows), accStride * 4}, p - base, n, scores,
                          to.acc, accStride);
    });
}

inline float expOne(float x) {
    float out[16];
    vStore(out, vExp(vSet(x)));
    return out[0];
}

// into = into merged with next, for segments in ascending order.
void mergePartial(Partial into, Partial next, int64_t nQueries, int64_t accStride) {
    for (int64_t i = 0; i < nQueries; ++i) {
        if (next.sum[i] == 0.0f)
            continue;
        float* acc = into.acc + i * accStride;
        const float* add = next.acc + i * accStride;
        if (into.sum[i] == 0.0f) {
            into.maximum[i] = next.maximum[i];
            into.sum[i] = next.sum[i];
            for (int64_t d = 0; d < accStride; d += 16)
                vStore(acc + d, vLoad(add + d));
            continue;
        }
        const float maximum = into.maximum[i] > next.maximum[i] ? into.maximum[i] : next.maximum[i];
        const float a = expOne(into.maximum[i] - maximum), b = expOne(next.maximum[i] - maximum);
        into.maximum[i] = maximum;
        into.sum[i] = fmaOne(into.sum[i], a, next.sum[i] * b);
        for (int64_t d = 0; d < accStride; d += 16)
            vStore(acc + d, vFma(vLoad(acc + d), vSet(a), vLoad(add + d) * vSet(b)));
    }
}

void writeAttention(const AttentionWork& w, Partial from) {
    const int64_t accStride = padded16(w.headDimV);
    for (int64_t i = 0; i < w.nRows * w.nGroupHeads; ++i) {
        float* out = w.out + i / w.nGroupHeads * w.outStride + i % w.nGroupHeads * w.headDimV;
        const float* acc = from.acc + i * accStride;
        const V by = vSet(from.sum[i] == 0.0f ? 1.0f : from.sum[i]);
        for (int64_t d = 0; d < w.headDimV; d += 16) {
            const int64_t count = least(16, w.headDimV - d);
            vStorePart(out + d, vLoad(acc + d) / by, count);
        }
    }
}

void mergeAttention(const AttentionWork& w) noexcept {
    const int64_t nQueries = w.nRows * w.nGroupHeads;
    const int64_t size = attentionPartialFloats(nQueries, w.headDimV);
    const Partial into = partialAt(w.partials, nQueries);
    for (int64_t s = 1; s < w.segmentEnd - w.segmentBegin; ++s)
        mergePartial(into, partialAt(w.partials + s * size, nQueries), nQueries, padded16(w.headDimV));
    writeAttention(w, into);
}

void attention(const AttentionWork& w) noexcept {
    const int64_t nQueries = w.nRows * w.nGroupHeads;
    const int64_t accStride = padded16(w.headDimV);
    const int64_t size = attentionPartialFloats(nQueries, w.headDimV);
    float* q = reinterpret_cast<float*>(w.scratch);
    float* scores = q + padded16(floatPackedRows(nQueries) * w.headDim);
    float* rows = scores + nQueries * attentionSegment;
    float* partials = rows + most(keyGroupTokens * w.headDim, attentionBlockKeys * accStride);

    for (int64_t i = 0; i < floatPackedRows(nQueries); ++i) {
        float* to = q + i / floatPackRows * floatPackRows * w.headDim + i % floatPackRows;
        const float* from = w.q + i / w.nGroupHeads * w.qStride + i % w.nGroupHeads * w.headDim;
        for (int64_t d = 0; d < w.headDim; ++d)
            to[d * floatPackRows] = i < nQueries ? from[d] * w.scale : 0.0f;
    }
    if (w.partials) {
        for (int64_t s = w.segmentBegin; s < w.segmentEnd; ++s)
            attendSegment(w, s, q, scores, rows, partialAt(w.partials + (s - w.segmentBegin) * size, nQueries));
        return;
    }
    const Partial into = partialAt(partials, nQueries), next = partialAt(partials + size, nQueries);
    for (int64_t s = w.segmentBegin; s < w.segmentEnd; ++s) {
        attendSegment(w, s, q, scores, rows, s == w.segmentBegin ? into : next);
        if (s > w.segmentBegin)
            mergePartial(into, next, nQueries, accStride);
    }
    writeAttention(w, into);
}

}  // namespace
}  // namespace kernels
