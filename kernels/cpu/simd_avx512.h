// The vectors of the quantized kernels on AVX-512 VNNI: a lane per output row, 16 rows. Included by one file that is
// built for this set; everything has internal linkage. Thread: any.
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

using V = __m512i;
using F = __m512;
constexpr int lanes = 16;
constexpr bool vnni = true;

TS_INLINE V vset32(int32_t v) {
    return _mm512_set1_epi32(v);
}
TS_INLINE V vset8(int v) {
    return _mm512_set1_epi8(static_cast<char>(v));
}
TS_INLINE V vand(V a, V b) {
    return _mm512_and_si512(a, b);
}
TS_INLINE V vor(V a, V b) {
    return _mm512_or_si512(a, b);
}
TS_INLINE V vxor(V a, V b) {
    return _mm512_xor_si512(a, b);
}
TS_INLINE V vadd8(V a, V b) {
    return _mm512_add_epi8(a, b);
}
TS_INLINE V vadd32(V a, V b) {
    return _mm512_add_epi32(a, b);
}
TS_INLINE V vmul32(V a, V b) {
    return _mm512_mullo_epi32(a, b);
}
TS_INLINE V vmadd16(V a, V b) {
    return _mm512_madd_epi16(a, b);
}
// a + the products of the two pairs of 16-bit values in each lane.
TS_INLINE V vdot16(V a, V x, V y) {
    return _mm512_dpwssd_epi32(a, x, y);
}
template <int count>
TS_INLINE V vshl16(V a) {
    return _mm512_slli_epi16(a, count);
}
template <int count>
TS_INLINE V vshr16(V a) {
    return _mm512_srli_epi16(a, count);
}
template <int count>
TS_INLINE V vsra16(V a) {
    return _mm512_srai_epi16(a, count);
}
TS_INLINE V vshuffle8(V table, V index) {
    return _mm512_shuffle_epi8(table, index);
}
// 32-bit lanes; a negative count shifts left.
template <int count>
TS_INLINE V vshift(V a) {
    if constexpr (count > 0)
        return _mm512_srli_epi32(a, count);
    else if constexpr (count < 0)
        return _mm512_slli_epi32(a, -count);
    else
        return a;
}
template <int count>
TS_INLINE V vsra(V a) {
    return _mm512_srai_epi32(a, count);
}
TS_INLINE V vload(const void* p) {
    return _mm512_loadu_si512(p);
}
TS_INLINE void vstore(void* p, V v) {
    _mm512_store_si512(p, v);
}
TS_INLINE F fload(const float* p) {
    return _mm512_loadu_ps(p);
}
TS_INLINE void fstore(float* p, F v) {
    _mm512_storeu_ps(p, v);
}
TS_INLINE void fstoreSome(float* p, int64_t n, F v) {
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), v);
}
TS_INLINE F floadSome(const float* p, int64_t n) {
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
}
TS_INLINE F fset(float v) {
    return _mm512_set1_ps(v);
}
TS_INLINE F fmul(F a, F b) {
    return _mm512_mul_ps(a, b);
}
TS_INLINE F ffma(F a, F b, F c) {
    return _mm512_fmadd_ps(a, b, c);
}
TS_INLINE F fneg(F a) {
    return _mm512_castsi512_ps(vxor(_mm512_castps_si512(a), vset32(INT32_MIN)));
}
TS_INLINE F toFloat(V a) {
    return _mm512_cvtepi32_ps(a);
}
TS_INLINE F asFloat(V a) {
    return _mm512_castsi512_ps(a);
}
TS_INLINE V vselectLess2(V test, V less, V other) {
    return _mm512_mask_mov_epi32(other, _mm512_cmplt_epi32_mask(test, vset32(2)), less);
}
TS_INLINE V vbroadcast128(const void* p) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}

// The two halves of each 32-bit lane as floats.
struct FPair {
    F low, high;
};
TS_INLINE F halfLow(V v) {
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(v));
}
TS_INLINE FPair halves(V v) {
    return {halfLow(v), halfLow(vshift<16>(v))};
}

struct Quad {
    V c[4];
};

TS_INLINE __m128i load128(const uint8_t* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
TS_INLINE V load4(const uint8_t* p, int64_t step) {
    V v = _mm512_castsi128_si512(load128(p));
    v = _mm512_inserti32x4(v, load128(p + step), 1);
    v = _mm512_inserti32x4(v, load128(p + 2 * step), 2);
    return _mm512_inserti32x4(v, load128(p + 3 * step), 3);
}

// 16 bytes of each row, transposed: c[i] has bytes 4i .. 4i+3 of every row, a row per lane.
TS_INLINE Quad columns16(const uint8_t* p, int64_t stride) {
    const V a = load4(p, 4 * stride), b = load4(p + stride, 4 * stride), c = load4(p + 2 * stride, 4 * stride),
            d = load4(p + 3 * stride, 4 * stride);
    const V ab0 = _mm512_unpacklo_epi32(a, b), ab1 = _mm512_unpackhi_epi32(a, b);
    const V cd0 = _mm512_unpacklo_epi32(c, d), cd1 = _mm512_unpackhi_epi32(c, d);
    return {{_mm512_unpacklo_epi64(ab0, cd0), _mm512_unpackhi_epi64(ab0, cd0), _mm512_unpacklo_epi64(ab1, cd1),
             _mm512_unpackhi_epi64(ab1, cd1)}};
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
    V v = _mm512_castsi128_si512(gather4(p, stride));
    v = _mm512_inserti32x4(v, gather4(p + 4 * stride, stride), 1);
    v = _mm512_inserti32x4(v, gather4(p + 8 * stride, stride), 2);
    return _mm512_inserti32x4(v, gather4(p + 12 * stride, stride), 3);
}

}  // namespace
}  // namespace kernels
