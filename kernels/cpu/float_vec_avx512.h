// Sixteen floats in one AVX-512 register. Every operation gives the bits of float_vec_scalar.h. Internal linkage,
// included by float_avx512.cpp alone.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/cpu/float_transpose_x86.h"

namespace kernels {
namespace {

struct V {
    __m512 v;
};
constexpr int matmulTileVectors = 2;  // six inputs x two vectors: 12 sums hide the latency of one another
constexpr int scorePairQueries = 6;   // up to as many queries meet two groups of keys at once
constexpr int weighTileQueries = 6;   // queries and vectors of values in a tile of attention's weighted sum
template <int Queries>
constexpr int weighTileVectors = 4;
constexpr bool registersAreFew = false;

inline V vSet(float x) {
    return {_mm512_set1_ps(x)};
}
inline V vZero() {
    return {_mm512_setzero_ps()};
}
inline V vIota() {
    return {_mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)};
}
inline V vLoad(const float* p) {
    return {_mm512_loadu_ps(p)};
}
inline __mmask16 maskOfFirst(int64_t n) {
    return static_cast<__mmask16>((1u << n) - 1u);
}  // n in 0 .. 16
inline V vLoadPart(const float* p, int64_t n) {
    return {_mm512_maskz_loadu_ps(maskOfFirst(n), p)};
}
inline void vStore(float* p, V v) {
    _mm512_storeu_ps(p, v.v);
}
inline void vStorePart(float* p, V v, int64_t n) {
    _mm512_mask_storeu_ps(p, maskOfFirst(n), v.v);
}
inline V vLoadHalf(const void* p) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)))};
}
inline V vLoadBrain(const void* p) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(wide, 16))};
}
inline V vLoadBytes(const int8_t* p) {
    return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))))};
}
inline void vNibbles(const void* p, int8_t* q) {
    const __m128i bytes = _mm_loadu_si128(static_cast<const __m128i*>(p));
    const __m128i low = _mm_set1_epi8(15), eight = _mm_set1_epi8(8);
    __m128i* out = reinterpret_cast<__m128i*>(q);
    _mm_storeu_si128(out, _mm_sub_epi8(_mm_and_si128(bytes, low), eight));
    _mm_storeu_si128(out + 1, _mm_sub_epi8(_mm_and_si128(_mm_srli_epi16(bytes, 4), low), eight));
}
inline void vStoreHalf(void* p, V v) {
    _mm256_storeu_si256(static_cast<__m256i*>(p), _mm512_cvtps_ph(v.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
inline V operator+(V a, V b) {
    return {_mm512_add_ps(a.v, b.v)};
}
inline V operator-(V a, V b) {
    return {_mm512_sub_ps(a.v, b.v)};
}
inline V operator*(V a, V b) {
    return {_mm512_mul_ps(a.v, b.v)};
}
inline V operator/(V a, V b) {
    return {_mm512_div_ps(a.v, b.v)};
}
inline V vFma(V a, V b, V c) {
    return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
inline V vMax(V a, V b) {
    return {_mm512_max_ps(a.v, b.v)};
}
inline V vMin(V a, V b) {
    return {_mm512_min_ps(a.v, b.v)};
}
inline V vRound(V a) {
    return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline V vIfLess(V a, V b, V yes, V no) {
    return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ), no.v, yes.v)};
}
inline V vAlternate(float even, float odd) {
    return {_mm512_setr_ps(even, odd, even, odd, even, odd, even, odd, even, odd, even, odd, even, odd, even, odd)};
}
inline V vEvenTwice(V a) {
    return {_mm512_moveldup_ps(a.v)};
}
inline V vOddTwice(V a) {
    return {_mm512_movehdup_ps(a.v)};
}
inline V vSwapPairs(V a) {
    return {_mm512_permute_ps(a.v, 0xb1)};
}
inline V vPow2(V n) {
    const __m512i biased = _mm512_add_epi32(_mm512_cvtps_epi32(n.v), _mm512_set1_epi32(127));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(biased, 23))};
}
inline __m256 halvesAdded(V v) {
    return _mm256_add_ps(_mm512_castps512_ps256(v.v), _mm512_extractf32x8_ps(v.v, 1));
}
inline float vSum(V v) {
    const __m256 eight = halvesAdded(v);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
inline float vMaxLane(V v) {
    const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(v.v), _mm512_extractf32x8_ps(v.v, 1));
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}
inline float oneHalf(const void* p) {
    uint16_t h;
    __builtin_memcpy(&h, p, 2);
    return _cvtsh_ss(h);
}
inline float sqrtOne(float x) {
    return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
}
inline float fmaOne(float a, float b, float c) {
    return _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c)));
}

}  // namespace
}  // namespace kernels
