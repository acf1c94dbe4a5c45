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

TS_INLINE void quantizeBlock(const float* x, int8_t* q, Q8Block& block) {
    const V magnitudeBits = vset32(0x7fffffff);
    V values[4];
    V largest = vset32(0);
    for (int i = 0; i < 4; ++i) {
        values[i] = vload(x + 8 * i);
        largest = _mm256_max_epi32(largest, vand(values[i], magnitudeBits));
    }
    const int32_t bits = max32(largest);
    if (bits < 0x03800000 || bits >= 0x7f800000) {  // zeros, or something that is not finite
        vstore(q, vset32(0));
        const float scale = bits >= 0x7f800000 ? __builtin_nanf("") : 0.0f;
        block = {.scale = scale, .sum = scale, .bias = 0, .sum16 = {0, 0}};
        return;
    }
    const float magnitude = _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(bits)));
    const F inverse = fset(127.0f / magnitude);
    V rounded[4];
    for (int i = 0; i < 4; ++i)
        rounded[i] = _mm256_cvtps_epi32(fmul(asFloat(values[i]), inverse));
    const V bytes =
        _mm256_packs_epi16(_mm256_packs_epi32(rounded[0], rounded[1]), _mm256_packs_epi32(rounded[2], rounded[3]));
    vstore(q, _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
    const int32_t first = sum32(vadd32(rounded[0], rounded[1])), last = sum32(vadd32(rounded[2], rounded[3]));
    const float scale = magnitude / 127.0f;
    block = {.scale = scale,
             .sum = scale * static_cast<float>(first + last),
             .bias = -128 * (first + last),
             .sum16 = {static_cast<int16_t>(first), static_cast<int16_t>(last)}};
}

void quantizeQ8(const float* x, int64_t rows, int64_t cols, int64_t xStride, const Q8Rows& out) noexcept {
    for (int64_t m = 0; m < rows; ++m)
        for (int64_t k = 0; k < cols; k += 32)
            quantizeBlock(x + m * xStride + k, out.q + m * out.qStride + k, out.blocks[(m * cols + k) / 32]);
}

}  // namespace

const QuantIsaTable& avx2QuantTable() {
    static constexpr QuantIsaTable table = {
        .q4_0 = matmul<ExpandQ4_0>,
        .q4_1 = matmul<ExpandQ4_1>,
        .q5_0 = matmul<ExpandQ5_0>,
        .q5_1 = matmul<ExpandQ5_1>,
        .q8_0 = matmul<ExpandQ8_0>,
        .q2_k = matmul<ExpandQ2_K>,
        .q3_k = matmul<ExpandQ3_K>,
        .q4_k = matmul<ExpandQ4_K>,
        .q5_k = matmul<ExpandQ5_K>,
        .q6_k = matmul<ExpandQ6_K>,
        .q8_k = matmul<ExpandQ8_K>,
        .iq4_nl = matmul<ExpandIQ4_NL>,
        .iq4_xs = matmul<ExpandIQ4_XS>,
        .mxfp4 = matmul<ExpandMXFP4>,
        .quantizeQ8 = quantizeQ8,
    };
    return table;
}

}  // namespace kernels
