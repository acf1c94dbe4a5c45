// Rows of weights turned into columns of a panel, in 256-bit registers. Internal linkage, included by float_vec_avx2.h
// and float_vec_avx512.h.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace kernels {
namespace {

struct Columns4 {
    __m256i c[4];
};

// 16 bytes of each of 8 rows, transposed: c[i] has bytes 4i .. 4i+3 of every row, a row per lane.
inline Columns4 transposeWords(const std::byte* rows, int64_t stride) {
    const auto two = [&](int64_t r) {
        const auto* low = reinterpret_cast<const __m128i*>(rows + r * stride);
        const auto* high = reinterpret_cast<const __m128i*>(rows + (r + 4) * stride);
        return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(low)), _mm_loadu_si128(high), 1);
    };
    const __m256i a = two(0), b = two(1), c = two(2), d = two(3);
    const __m256i ab0 = _mm256_unpacklo_epi32(a, b), ab1 = _mm256_unpackhi_epi32(a, b);
    const __m256i cd0 = _mm256_unpacklo_epi32(c, d), cd1 = _mm256_unpackhi_epi32(c, d);
    return {{_mm256_unpacklo_epi64(ab0, cd0), _mm256_unpackhi_epi64(ab0, cd0), _mm256_unpacklo_epi64(ab1, cd1),
             _mm256_unpackhi_epi64(ab1, cd1)}};
}

// 32 bytes of each of 8 rows as 16-bit elements, transposed: c[i] has element i of the rows in its low and element i +
// 8 in its high 128 bits.
struct Halves16 {
    __m256i c[8];
};
inline Halves16 transposeHalves(const std::byte* rows, int64_t stride) {
    __m256i a[8], b[8];
    for (int r = 0; r < 8; ++r)
        a[r] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows + r * stride));
    for (int r = 0; r < 8; r += 2) {  // pairs of rows
        b[r] = _mm256_unpacklo_epi16(a[r], a[r + 1]);
        b[r + 1] = _mm256_unpackhi_epi16(a[r], a[r + 1]);
    }
    for (int r = 0; r < 8; r += 4)  // rows of four; a[r + i] has elements 2i and 2i + 1
        for (int i = 0; i < 2; ++i) {
            a[r + 2 * i] = _mm256_unpacklo_epi32(b[r + i], b[r + 2 + i]);
            a[r + 2 * i + 1] = _mm256_unpackhi_epi32(b[r + i], b[r + 2 + i]);
        }
    Halves16 t;
    for (int i = 0; i < 4; ++i) {
        t.c[2 * i] = _mm256_unpacklo_epi64(a[i], a[4 + i]);
        t.c[2 * i + 1] = _mm256_unpackhi_epi64(a[i], a[4 + i]);
    }
    return t;
}

template <typename From>
constexpr bool isHalf = From::bytes == 2 && !From::brain;
// Columns that eachColumn takes at a time.
template <typename From>
constexpr int64_t columnsAtOnce = isHalf<From> ? 16 : 8;

// Calls take(k, column) for columnsAtOnce columns of 8 rows, k ascending; a column has a row per lane.
template <typename From, typename Take>
inline void eachColumn(const std::byte* rows, int64_t stride, Take take) {
    if constexpr (From::bytes == 4) {
        for (int half = 0; half < 8; half += 4) {
            const Columns4 w = transposeWords(rows + 4 * half, stride);
            for (int i = 0; i < 4; ++i)
                take(half + i, _mm256_castsi256_ps(w.c[i]));
        }
    } else if constexpr (From::brain) {
        const Columns4 w = transposeWords(rows, stride);
        for (int i = 0; i < 4; ++i) {  // two neighbouring elements of a row per lane
            take(2 * i, _mm256_castsi256_ps(_mm256_slli_epi32(w.c[i], 16)));
            take(2 * i + 1, _mm256_castsi256_ps(_mm256_and_si256(w.c[i], _mm256_set1_epi32(-65536))));
        }
    } else {
        const Halves16 w = transposeHalves(rows, stride);
        for (int i = 0; i < 8; ++i)
            take(i, _mm256_cvtph_ps(_mm256_castsi256_si128(w.c[i])));
        for (int i = 0; i < 8; ++i)
            take(8 + i, _mm256_cvtph_ps(_mm256_extracti128_si256(w.c[i], 1)));
    }
}

// panel[k][r] = element k of row r, for columnsAtOnce elements of 16 rows.
template <typename From>
inline void transposeBlock(const std::byte* rows, int64_t stride, float* panel) {
    for (int64_t r = 0; r < 16; r += 8)
        eachColumn<From>(rows + r * stride, stride,
                         [&](int k, __m256 column) { _mm256_storeu_ps(panel + k * 16 + r, column); });
}

// sums[p][j][r] = the chain of fma from +0 over element k of row r and x[j * xStride + k], for the columns k of part p
// in ascending order: 8 rows, parts of n columns (whole columnsAtOnce) one behind the other. Chains of several parts
// hide the latency of one another; rows are transposed in registers. While it reads, as many bytes from `ahead` are
// asked for.
template <typename From, int Parts, int Inputs>
inline void linkParts(const std::byte* rows, int64_t stride, int64_t n, const float* x, int64_t xStride,
                      const std::byte* ahead, float (*sums)[Inputs][8]) {
    __m256 s[Parts][Inputs];
    for (int p = 0; p < Parts; ++p)
        for (int j = 0; j < Inputs; ++j)
            s[p][j] = _mm256_setzero_ps();
    constexpr int64_t columns = columnsAtOnce<From>, bytes = 8 * columns * Parts * From::bytes;
    for (int64_t k = 0; k < n; k += columns) {
        for (int64_t i = 0; i < bytes; i += 64)
            _mm_prefetch(reinterpret_cast<const char*>(ahead + i), _MM_HINT_T0);
        ahead += bytes;
#pragma GCC unroll 4
        for (int p = 0; p < Parts; ++p)
            eachColumn<From>(rows + (p * n + k) * From::bytes, stride, [&](int i, __m256 column) {
                for (int j = 0; j < Inputs; ++j)
                    s[p][j] = _mm256_fmadd_ps(column, _mm256_broadcast_ss(x + j * xStride + p * n + k + i), s[p][j]);
            });
    }
    for (int p = 0; p < Parts; ++p)
        for (int j = 0; j < Inputs; ++j)
            _mm256_storeu_ps(sums[p][j], s[p][j]);
}

}  // namespace
}  // namespace kernels
