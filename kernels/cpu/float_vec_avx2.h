// Sixteen floats in two AVX2 registers (with FMA and F16C). Every operation gives the bits of float_vec_scalar.h.
// Internal linkage, included by float_avx2.cpp alone.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/cpu/float_transpose_x86.h"

namespace kernels {
namespace {

struct V {
    __m256 lo, hi;
};
constexpr int matmulTileVectors = 1;  // six inputs x one vector of two registers fill 12 of the 16 registers
constexpr int scorePairQueries = 3;   // up to as many queries meet two groups of keys at once
constexpr int weighTileQueries = 6;   // queries and vectors of values in a tile of attention's weighted sum
template <int Queries>
constexpr int weighTileVectors = Queries == 1   ? 4
                                 : Queries <= 3 ? 2
                                                : 1;
constexpr bool registersAreFew = true;

inline V vSet(float x) {
    return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
inline V vZero() {
    return {_mm256_setzero_ps(), _mm256_setzero_ps()};
}
inline V vIota() {
    return {_mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7), _mm256_setr_ps(8, 9, 10, 11, 12, 13, 14, 15)};
}
inline V vLoad(const float* p) {
    return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
inline __m256i maskOfFirst(int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline V vLoadPart(const float* p, int64_t n) {
    return {_mm256_maskload_ps(p, maskOfFirst(n)), _mm256_maskload_ps(p + 8, maskOfFirst(n - 8))};
}
inline void vStore(float* p, V v) {
    _mm256_storeu_ps(p, v.lo);
    _mm256_storeu_ps(p + 8, v.hi);
}
inline void vStorePart(float* p, V v, int64_t n) {
    _mm256_maskstore_ps(p, maskOfFirst(n), v.lo);
    _mm256_maskstore_ps(p + 8, maskOfFirst(n - 8), v.hi);
}
inline V vLoadHalf(const void* p) {
    const __m128i* h = static_cast<const __m128i*>(p);
    return {_mm256_cvtph_ps(_mm_loadu_si128(h)), _mm256_cvtph_ps(_mm_loadu_si128(h + 1))};
}
inline V vLoadBrain(const void* p) {
    const __m128i* h = static_cast<const __m128i*>(p);
    const __m256i lo = _mm256_cvtepu16_epi32(_mm_loadu_si128(h));
    const __m256i hi = _mm256_cvtepu16_epi32(_mm_loadu_si128(h + 1));
    return {_mm256_castsi256_ps(_mm256_slli_epi32(lo, 16)), _mm256_castsi256_ps(_mm256_slli_epi32(hi, 16))};
}
inline V vLoadBytes(const int8_t* p) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)),
            _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8)))};
}
inline void vNibbles(const void* p, int8_t* q) {
    const __m128i bytes = _mm_loadu_si128(static_cast<const __m128i*>(p));
    const __m128i low = _mm_set1_epi8(15), eight = _mm_set1_epi8(8);
    __m128i* out = reinterpret_cast<__m128i*>(q);
    _mm_storeu_si128(out, _mm_sub_epi8(_mm_and_si128(bytes, low), eight));
    _mm_storeu_si128(out + 1, _mm_sub_epi8(_mm_and_si128(_mm_srli_epi16(bytes, 4), low), eight));
}
inline void vStoreHalf(void* p, V v) {
    __m128i* h = static_cast<__m128i*>(p);
    _mm_storeu_si128(h, _mm256_cvtps_ph(v.lo, _MM_FROUND_TO_NEAREST_INT));
    _mm_storeu_si128(h + 1, _mm256_cvtps_ph(v.hi, _MM_FROUND_TO_NEAREST_INT));
}
inline V operator+(V a, V b) {
    return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}
inline V operator-(V a, V b) {
    return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}
inline V operator*(V a, V b) {
    return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
inline V operator/(V a, V b) {
    return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}
inline V vFma(V a, V b, V c) {
    return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
inline V vMax(V a, V b) {
    return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
}
inline V vMin(V a, V b) {
    return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)};
}
inline V vRound(V a) {
    constexpr int mode = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return {_mm256_round_ps(a.lo, mode), _mm256_round_ps(a.hi, mode)};
}
inline V vIfLess(V a, V b, V yes, V no) {
    return {_mm256_blendv_ps(no.lo, yes.lo, _mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ)),
            _mm256_blendv_ps(no.hi, yes.hi, _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ))};
}
inline V vAlternate(float even, float odd) {
    const __m256 v = _mm256_setr_ps(even, odd, even, odd, even, odd, even, odd);
    return {v, v};
}
inline V vEvenTwice(V a) {
    return {_mm256_moveldup_ps(a.lo), _mm256_moveldup_ps(a.hi)};
}
inline V vOddTwice(V a) {
    return {_mm256_movehdup_ps(a.lo), _mm256_movehdup_ps(a.hi)};
}
inline V vSwapPairs(V a) {
    return {_mm256_permute_ps(a.lo, 0xb1), _mm256_permute_ps(a.hi, 0xb1)};
}
inline __m256 pow2Of(__m256 n) {
    const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
}
inline V vPow2(V n) {
    return {pow2Of(n.lo), pow2Of(n.hi)};
}
inline float vSum(V v) {
    const __m256 eight = _mm256_add_ps(v.lo, v.hi);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
inline float vMaxLane(V v) {
    const __m256 eight = _mm256_max_ps(v.lo, v.hi);
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
