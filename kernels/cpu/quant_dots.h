// What the ways through a product of quantized weights share: the integer dot of one block, in vectors by columns
// (include simd_*.h and quant_expand.h first). Everything has internal linkage. Thread: any.
#pragma once

#if defined(__clang__)
#define TS_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define TS_UNROLL _Pragma("GCC unroll 16")
#else
#define TS_UNROLL
#endif

// Keeps a sum where it is written: GCC postpones the additions of a chain, or makes a tree of it, and then has more
// products alive than there are registers.
#if defined(_MSC_VER)
#define TS_KEEP(vector) (void)(vector)
#else
#define TS_KEEP(vector) __asm__ volatile("" : "+x"(vector))
#endif

namespace kernels {
namespace {

constexpr int shiftOf(int zero) {
    return zero == 128 ? 0 : 1 + shiftOf(zero * 2);
}

// What the integer dot starts from: -zero * (sum of the bytes of x), as w holds the value plus `zero`.
template <int zero, int subBlock, int half>
TS_INLINE V startOf(const Q8Block& x) {
    if constexpr (zero == 0) {
        return vset32(0);
    } else if constexpr (subBlock == 16) {
        constexpr uint32_t factor = static_cast<uint16_t>(-zero);
        return vmadd16(vset32(load32s(x.sum16)), vset32(static_cast<int32_t>(half == 0 ? factor : factor << 16)));
    } else if constexpr (zero == 12) {
        const V bias = vset32(x.bias);
        return vadd32(vsra<4>(bias), vsra<5>(bias));
    } else if constexpr (zero == 128) {
        return vset32(x.bias);
    } else {
        return vsra<shiftOf(zero)>(vset32(x.bias));
    }
}

template <int zero, int subBlock, int half>
TS_INLINE V startOf(const Q16Block& x) {
    if constexpr (zero == 0)
        return vset32(0);
    else
        return vset32(-zero * (subBlock == 16 ? x.sums[half] : x.sums[0] + x.sums[1]));
}

// Sum of the first (half 0) or last 16 activations.
template <int half>
TS_INLINE F halfSum(const Q8Block& x) {
    return toFloat(vmadd16(vset32(load32s(x.sum16)), vset32(half == 0 ? 1 : 1 << 16)));
}
template <int half>
TS_INLINE F halfSum(const Q16Block& x) {
    return fset(static_cast<float>(x.sums[half]));
}

// Bytes 0 and 2, and bytes 1 and 3, of each lane as 16-bit values.
struct Halves {
    V even, odd;
};
template <bool isSigned>
TS_INLINE Halves widen(V w) {
    if constexpr (isSigned)
        return {vsra16<8>(vshl16<8>(w)), vsra16<8>(w)};
    else
        return {vand(w, vset32(0x00ff00ff)), vshr16<8>(w)};
}

#if defined(__AVX512VNNI__) || (defined(_MSC_VER) && defined(__AVX512F__))

template <int count, int top>
TS_INLINE V dot(const V* w, const int8_t* q, V start) {
    TS_UNROLL
    for (int c = 0; c < count; ++c)
        start = _mm512_dpbusd_epi32(start, w[c], vset32(load32s(q + 4 * c)));
    return start;
}

#else

// Sums of 16 bits hold `steps` products of pairs: 2 * top * 127 * steps < 32768.
template <int count, int top>
TS_INLINE V dot(const V* w, const int8_t* q, V start) {
    const V ones = _mm256_set1_epi16(1);
    if constexpr (top == 255) {
        TS_UNROLL
        for (int c = 0; c < count; ++c) {
            const V x = vset32(load32s(q + 4 * c));
            const V pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w[c]), _mm256_sign_epi8(x, w[c]));
            start = vadd32(start, vmadd16(pairs, ones));
        }
    } else {
        constexpr int steps = top <= 15 ? 8 : top <= 31 ? 4 : 2;
        constexpr int run = steps < count ? steps : count;
        static_assert(2 * top * 127 * steps < 32768);
        TS_UNROLL
        for (int begin = 0; begin < count; begin += run) {
            V sum = _mm256_maddubs_epi16(w[begin], vset32(load32s(q + 4 * begin)));
            TS_UNROLL
            for (int c = begin + 1; c < begin + run; ++c) {
                sum = vadd16(sum, _mm256_maddubs_epi16(w[c], vset32(load32s(q + 4 * c))));
                TS_KEEP(sum);
            }
            start = vadd32(start, vmadd16(sum, ones));
        }
    }
    return start;
}

#endif

template <int count, int top>
TS_INLINE V dot(const V* w, const int16_t* q, V start) {
    TS_UNROLL
    for (int c = 0; c < count; ++c) {
        const Halves h = widen < top == 255 && !vnni > (w[c]);
        start = vdot16(start, h.even, vset32(load32s(q + 4 * c)));
        start = vdot16(start, h.odd, vset32(load32s(q + 4 * c + 2)));
    }
    return start;
}

}  // namespace
}  // namespace kernels
