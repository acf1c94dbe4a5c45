#include "kernels/cpu/simd_avx2.h"
// The vectors come first.
#include "kernels/cpu/quant_expand.h"
#include "kernels/cpu/quant_isa.h"
#include "kernels/cpu/quant_tiles.h"

namespace kernels {
namespace {

TS_INLINE int32_t sum32(V v) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

TS_INLINE int32_t max32(V v) {
    __m128i s = _mm_max_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_max_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    return _mm_cvtsi128_si32(_mm_max_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

// 32 values over their largest magnitude, rounded; used: some are not zero.
struct RoundedBlock {
    V values[4];
    int32_t first, last;  // sums of the first and the last 16
    float scale;
    bool used;
};
TS_INLINE RoundedBlock roundBlock(const float* x, float most) {
    const V magnitudeBits = vset32(0x7fffffff);
    V values[4];
    V largest = vset32(0);
    for (int i = 0; i < 4; ++i) {
        values[i] = vload(x + 8 * i);
        largest = _mm256_max_epi32(largest, vand(values[i], magnitudeBits));
    }
    RoundedBlock r = {};
    const int32_t bits = max32(largest);
    const auto least = static_cast<int32_t>(most > 127.0f ? leastScaled16 : leastScaled8);
    if (bits < least || bits >= 0x7f800000) {  // zeros, or something that is not finite
        r.scale = bits >= 0x7f800000 ? __builtin_nanf("") : 0.0f;
        return r;
    }
    const float magnitude = _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(bits)));
    const F inverse = fset(most / magnitude);
    for (int i = 0; i < 4; ++i)
        r.values[i] = _mm256_cvtps_epi32(fmul(asFloat(values[i]), inverse));
    r.first = sum32(vadd32(r.values[0], r.values[1]));
    r.last = sum32(vadd32(r.values[2], r.values[3]));
    r.scale = magnitude / most;
    r.used = true;
    return r;
}

TS_INLINE void quantizeBlock(const float* x, int8_t* q, Q8Block& block) {
    const RoundedBlock r = roundBlock(x, 127.0f);
    if (!r.used) {
        vstore(q, vset32(0));
        block = {.scale = r.scale, .sum = r.scale, .bias = 0, .sum16 = {0, 0}};
        return;
    }
    const V bytes =
        _mm256_packs_epi16(_mm256_packs_epi32(r.values[0], r.values[1]), _mm256_packs_epi32(r.values[2], r.values[3]));
    vstore(q, _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
    block = {.scale = r.scale,
             .sum = r.scale * static_cast<float>(r.first + r.last),
             .bias = -128 * (r.first + r.last),
             .sum16 = {static_cast<int16_t>(r.first), static_cast<int16_t>(r.last)}};
}

TS_INLINE void quantizeBlock(const float* x, int16_t* q, Q16Block& block) {
    const RoundedBlock r = roundBlock(x, 32767.0f);
    const V swap = _mm256_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15, 0, 1, 4, 5, 2, 3, 6, 7, 8, 9,
                                    12, 13, 10, 11, 14, 15);
    for (int i = 0; i < 4; i += 2) {
        const V packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(r.values[i], r.values[i + 1]), 0xd8);
        vstore(q + 8 * i, vshuffle8(packed, swap));
    }
    block = {.scale = r.scale,
             .sum = r.used ? r.scale * static_cast<float>(r.first + r.last) : r.scale,
             .sums = {r.first, r.last}};
}

template <typename X>
TS_INLINE void quantizeRows(const float* x, int64_t rows, int64_t cols, int64_t xStride, const X& out) {
    for (int64_t m = 0; m < rows; ++m)
        for (int64_t k = 0; k < cols; k += 32)
            quantizeBlock(x + m * xStride + k, out.q + m * out.qStride + k, out.blocks[(m * cols + k) / 32]);
}
void quantizeQ8(const float* x, int64_t rows, int64_t cols, int64_t xStride, const Q8Rows& out) noexcept {
    quantizeRows(x, rows, cols, xStride, out);
}
void quantizeQ16(const float* x, int64_t rows, int64_t cols, int64_t xStride, const Q16Rows& out) noexcept {
    quantizeRows(x, rows, cols, xStride, out);
}

}  // namespace

const QuantIsaTable& avx2QuantTable() {
    static constexpr QuantIsaTable table = {
        .matmul = typeTable<Q8Rows>(),
        .matmul16 = typeTable<Q16Rows>(),
        .quantizeQ8 = quantizeQ8,
        .quantizeQ16 = quantizeQ16,
    };
    return table;
}

}  // namespace kernels
