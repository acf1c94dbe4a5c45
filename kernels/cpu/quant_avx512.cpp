#include "kernels/cpu/simd_avx512.h"
// The vectors come first.
#include "kernels/cpu/quant_expand.h"
#include "kernels/cpu/quant_isa.h"
#include "kernels/cpu/quant_tiles.h"

namespace kernels {
namespace {

TS_INLINE void quantizeBlock(const float* x, int8_t* q, Q8Block& block) {
    const __m512 a = _mm512_loadu_ps(x), b = _mm512_loadu_ps(x + 16);
    const V magnitudeBits = vset32(0x7fffffff);
    const V largest =
        _mm512_max_epi32(vand(_mm512_castps_si512(a), magnitudeBits), vand(_mm512_castps_si512(b), magnitudeBits));
    const int32_t bits = _mm512_reduce_max_epi32(largest);
    if (bits < 0x03800000 || bits >= 0x7f800000) {  // zeros, or something that is not finite
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(q), _mm256_setzero_si256());
        const float scale = bits >= 0x7f800000 ? __builtin_nanf("") : 0.0f;
        block = {.scale = scale, .sum = scale, .bias = 0, .sum16 = {0, 0}};
        return;
    }
    const float magnitude = _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(bits)));
    const __m512 inverse = fset(127.0f / magnitude);
    const V ia = _mm512_cvtps_epi32(_mm512_mul_ps(a, inverse)), ib = _mm512_cvtps_epi32(_mm512_mul_ps(b, inverse));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(q), _mm512_cvtepi32_epi8(ia));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(q + 16), _mm512_cvtepi32_epi8(ib));
    const int32_t first = _mm512_reduce_add_epi32(ia), last = _mm512_reduce_add_epi32(ib);
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

const QuantIsaTable& avx512QuantTable() {
    static constexpr QuantIsaTable table = {
        .matmul = typeTable<Q8Rows>(),
        .matmul16 = typeTable<Q16Rows>(),
        .quantizeQ8 = quantizeQ8,
        .quantizeQ16 = nullptr,
    };
    return table;
}

}  // namespace kernels
