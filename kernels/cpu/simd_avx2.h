// The vectors of the quantized kernels on AVX2 with FMA and F16C: a lane per output row, 8 rows. Included by one file
// that is built for this set; everything has internal linkage. Thread: any.
#pragma once

#include <immintrin.h>

#include "kernels/cpu/quant_work.h"

#if defined(_MSC_VER)
#define TS_INLINE __forceinline
#else
#define TS_INLINE inline __attribute__((always_inline))
#endif

namespace kernels {
namespace {

using V = __m256i;
using F = __m256;
constexpr int lanes = 8;
constexpr bool vnni = false;

TS_INLINE V vset32(int32_t v) {
    return _mm256_set1_epi32(v);
}
TS_INLINE V vset8(int v) {
    return _mm256_set1_epi8(static_cast<char>(v));
}
TS_INLINE V vand(V a, V b) {
    return _mm256_and_si256(a, b);
}
TS_INLINE V vor(V a, V b) {
    return _mm256_or_si256(a, b);
}
TS_INLINE V vxor(V a, V b) {
    return _mm256_xor_si256(a, b);
}
TS_INLINE V vadd8(V a, V b) {
    return _mm256_add_epi8(a, b);
}
TS_INLINE V vadd32(V a, V b) {
    return _mm256_add_epi32(a, b);
}
TS_INLINE V vadd16(V a, V b) {
    return _mm256_add_epi16(a, b);
}
TS_INLINE V vmul32(V a, V b) {
    return _mm256_mullo_epi32(a, b);
}
TS_INLINE V vmadd16(V a, V b) {
    return _mm256_madd_epi16(a, b);
}
// a + the products of the two pairs of 16-bit values in each lane.
TS_INLINE V vdot16(V a, V x, V y) {
    return vadd32(a, vmadd16(x, y));
}
template <int count>
TS_INLINE V vshl16(V a) {
    return _mm256_slli_epi16(a, count);
}
template <int count>
TS_INLINE V vshr16(V a) {
    return _mm256_srli_epi16(a, count);
}
template <int count>
TS_INLINE V vsra16(V a) {
    return _mm256_srai_epi16(a, count);
}
TS_INLINE V vshuffle8(V table, V index) {
    return _mm256_shuffle_epi8(table, index);
}
// 32-bit lanes; a negative count shifts left.
template <int count>
TS_INLINE V vshift(V a) {
    if constexpr (count > 0)
        return _mm256_srli_epi32(a, count);
    else if constexpr (count < 0)
        return _mm256_slli_epi32(a, -count);
    else
        return a;
}
template <int count>
TS_INLINE V vsra(V a) {
    return _mm256_srai_epi32(a, count);
}
TS_INLINE V vload(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
TS_INLINE void vstore(void* p, V v) {
    _mm256_storeu_si256(static_cast<__m256i*>(p), v);
}
TS_INLINE F fload(const float* p) {
    return _mm256_loadu_ps(p);
}
TS_INLINE void fstore(float* p, F v) {
    _mm256_storeu_ps(p, v);
}
TS_INLINE V someMask(int64_t n) {
    return _mm256_cmpgt_epi32(vset32(static_cast<int32_t>(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
TS_INLINE void fstoreSome(float* p, int64_t n, F v) {
    _mm256_maskstore_ps(p, someMask(n), v);
}
TS_INLINE F floadSome(const float* p, int64_t n) {
    return _mm256_maskload_ps(p, someMask(n));
}
TS_INLINE F fset(float v) {
    return _mm256_set1_ps(v);
}
TS_INLINE F fmul(F a, F b) {
    return _mm256_mul_ps(a, b);
}
TS_INLINE F ffma(F a, F b, F c) {
    return _mm256_fmadd_ps(a, b, c);
}
TS_INLINE F fneg(F a) {
    return _mm256_xor_ps(a, _mm256_castsi256_ps(vset32(INT32_MIN)));
}
TS_INLINE F toFloat(V a) {
    return _mm256_cvtepi32_ps(a);
}
TS_INLINE F asFloat(V a) {
    return _mm256_castsi256_ps(a);
}
TS_INLINE V vselectLess2(V test, V less, V other) {
    return _mm256_blendv_epi8(other, less, _mm256_cmpgt_epi32(vset32(2), test));
}
TS_INLINE V vbroadcast128(const void* p) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}

// The two halves of each 32-bit lane as floats.
struct FPair {
    F low, high;
};
TS_INLINE V splitHalves(V v) {
    const V order = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12, 13, 2,
                                     3, 6, 7, 10, 11, 14, 15);
    return _mm256_permute4x64_epi64(_mm256_shuffle_epi8(v, order), 0xd8);
}
TS_INLINE F halfLow(V v) {
    return _mm256_cvtph_ps(_mm256_castsi256_si128(splitHalves(v)));
}
TS_INLINE FPair halves(V v) {
    const V split = splitHalves(v);
    return {_mm256_cvtph_ps(_mm256_castsi256_si128(split)), _mm256_cvtph_ps(_mm256_extracti128_si256(split, 1))};
}

struct Quad {
    V c[4];
};

TS_INLINE __m128i load128(const uint8_t* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
TS_INLINE V load2(const uint8_t* p, int64_t step) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load128(p)), load128(p + step), 1);
}

// 16 bytes of each row, transposed: c[i] has bytes 4i .. 4i+3 of every row, a row per lane.
TS_INLINE Quad columns16(const uint8_t* p, int64_t stride) {
    const V a = load2(p, 4 * stride), b = load2(p + stride, 4 * stride), c = load2(p + 2 * stride, 4 * stride),
            d = load2(p + 3 * stride, 4 * stride);
    const V ab0 = _mm256_unpacklo_epi32(a, b), ab1 = _mm256_unpackhi_epi32(a, b);
    const V cd0 = _mm256_unpacklo_epi32(c, d), cd1 = _mm256_unpackhi_epi32(c, d);
    return {{_mm256_unpacklo_epi64(ab0, cd0), _mm256_unpackhi_epi64(ab0, cd0), _mm256_unpacklo_epi64(ab1, cd1),
             _mm256_unpackhi_epi64(ab1, cd1)}};
}

TS_INLINE int32_t load32s(const void* p) {
    int32_t v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}
TS_INLINE __m128i gather4(const uint8_t* p, int64_t stride) {
    __m128i v = _mm_cvtsi32_si128(load32s(p));
    v = _mm_insert_epi32(v, load32s(p + stride), 1);
    v = _mm_insert_epi32(v, load32s(p + 2 * stride), 2);
    return _mm_insert_epi32(v, load32s(p + 3 * stride), 3);
}
// 4 bytes of each row.
TS_INLINE V column4(const uint8_t* p, int64_t stride) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(gather4(p, stride)), gather4(p + 4 * stride, stride), 1);
}

}  // namespace
}  // namespace kernels
