#include <immintrin.h>

#include "tests/bench/roof_loops.h"

namespace bench {

namespace {

// Makes the compiler believe that v is used and changed here.
#define TS_PIN(v) asm volatile("" : "+x"(v))

uint64_t read(const std::byte* data, size_t bytes, bool prefetch) {
    __m256i sums[8] = {};
    for (size_t at = 0; at < bytes; at += 512) {
        if (prefetch)
            for (size_t line = 0; line < 512; line += 64)
                _mm_prefetch(reinterpret_cast<const char*>(data + at + line + 1024), _MM_HINT_T0);
        for (size_t half = 0; half < 512; half += 256)
            for (size_t i = 0; i < 8; ++i)
                sums[i] = _mm256_add_epi64(
                    sums[i], _mm256_load_si256(reinterpret_cast<const __m256i*>(data + at + half + 32 * i)));
    }
    uint64_t total = 0;
    for (const __m256i& sum : sums) {
        alignas(32) uint64_t words[4];
        _mm256_store_si256(reinterpret_cast<__m256i*>(words), sum);
        total += words[0] + words[1] + words[2] + words[3];
    }
    return total;
}

constexpr int nFma = 12;  // independent sums: more than the latency of four or five cycles times two units

float fma(int64_t steps) {
    __m256 sums[nFma], a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
#pragma GCC unroll 12
    for (__m256& sum : sums)
        sum = _mm256_set1_ps(1);
    for (int64_t i = 0; i < steps; ++i) {
        // The sums stay in registers only if all loops over them disappear.
#pragma GCC unroll 12
        for (__m256& sum : sums) {
            sum = _mm256_fmadd_ps(sum, a, b);
            TS_PIN(sum);
        }
    }
#pragma GCC unroll 12
    for (int i = 1; i < nFma; ++i)
        sums[0] = _mm256_add_ps(sums[0], sums[i]);
    return _mm256_cvtss_f32(sums[0]);
}

constexpr int nInt8 = 6;

int32_t int8(int64_t steps) {
    __m256i sums[nInt8] = {};
    __m256i weights = _mm256_set1_epi8(3), x = _mm256_set1_epi8(-2);
    const __m256i ones = _mm256_set1_epi16(1);
    for (int64_t i = 0; i < steps; ++i) {
        for (__m256i& sum : sums) {
            TS_PIN(weights);
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(weights, x), ones));
        }
        for (__m256i& sum : sums)
            TS_PIN(sum);
    }
    for (int i = 1; i < nInt8; ++i)
        sums[0] = _mm256_add_epi32(sums[0], sums[i]);
    return _mm256_cvtsi256_si32(sums[0]);
}

int32_t int8Narrow(int64_t steps) {
    __m256i sums[4] = {};
    __m256i weights = _mm256_set1_epi8(3), x = _mm256_set1_epi8(-2);
    const __m256i ones = _mm256_set1_epi16(1);
    for (int64_t i = 0; i < steps; ++i) {
        __m256i narrow[4];
        for (__m256i& sum : narrow) {
            TS_PIN(weights);
            sum = _mm256_maddubs_epi16(weights, x);
        }
        for (int k = 1; k < 8; ++k)
            for (__m256i& sum : narrow) {
                TS_PIN(weights);
                sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(weights, x));
                TS_PIN(sum);
            }
        for (int k = 0; k < 4; ++k)
            sums[k] = _mm256_add_epi32(sums[k], _mm256_madd_epi16(narrow[k], ones));
        for (__m256i& sum : sums)
            TS_PIN(sum);
    }
    for (int i = 1; i < 4; ++i)
        sums[0] = _mm256_add_epi32(sums[0], sums[i]);
    return _mm256_cvtsi256_si32(sums[0]);
}

}  // namespace

RoofLoops avx2RoofLoops() {
    return {"avx2", read, fma, nFma * 16.0, int8, nInt8 * 64.0, int8Narrow, 4 * 8 * 64.0};
}

}  // namespace bench
