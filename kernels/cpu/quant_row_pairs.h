// How few rows of x meet a block of weights: DirectLayout<format>. On AVX-512 by columns, as in the panels; on AVX2 by
// pairs of rows where the format allows it: a vector holds 16 bytes of row i and 16 of row i + 4 as they lie
// in memory, x is the same for both, and the sums of the eight rows are brought into their lanes after the
// multiplication. Against columns (quant_expand.h) it spares most of the transposing and loads of x by four bytes: with
// one row of x these cost more than the products. The integers are exact either way. Include simd_*.h, quant_expand.h
// and quant_dots.h first. Thread: any.
#pragma once

namespace kernels {
namespace {

struct DirectColumns : Columns {
    // Sum of the products of 16 columns (parts 1) or 32 (parts 2).
    template <int parts, int top, typename Value>
    static TS_INLINE V dot(const V* w, const Value* q, V start) {
        return kernels::dot<4 * parts, top>(w, q, start);
    }
};

#if defined(__AVX512VNNI__) || (defined(_MSC_VER) && defined(__AVX512F__))

template <typename E>
using DirectLayout = DirectColumns;

#else

struct RowPairs {
    // c[i]: 16 bytes of row i, then of row i + 4.
    static TS_INLINE Quad bytes16(const uint8_t* p, int64_t stride) {
        return {{load2(p, 4 * stride), load2(p + stride, 4 * stride), load2(p + 2 * stride, 4 * stride),
                 load2(p + 3 * stride, 4 * stride)}};
    }

    // Neighbouring sums of four vectors, of eight values in 16 bits or four in 32 bits for each row, are added until
    // two in 32 bits are left; then lane r has the sum of row r.
    static TS_INLINE V addQuarters16(V a, V b) {
        return vadd16(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
    }
    static TS_INLINE V addQuarters32(V a, V b) {
        return vadd32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
    }
    template <int which>
    static TS_INLINE V everySecond(V a, V b) {
        constexpr int order = which == 0 ? 0x88 : 0xdd;
        return _mm256_castps_si256(_mm256_shuffle_ps(asFloat(a), asFloat(b), order));
    }

    // Sum of the products of 16 columns (parts 1) or 32 (parts 2): w[i] has 16 columns of rows i and i + 4, w[4 + i]
    // the next 16. Sums of maddubs are added in 16 bits as long as they cannot overflow.
    template <int parts, int top>
    static TS_INLINE V dot(const V* w, const int8_t* q, V start) {
        constexpr int room = 32767 / (2 * 127 * top);  // sums of maddubs that 16 bits hold
        const V ones = _mm256_set1_epi16(1);
        V x[parts], sum[4];
        TS_UNROLL
        for (int part = 0; part < parts; ++part)
            x[part] = vbroadcast128(q + 16 * part);
        TS_UNROLL
        for (int i = 0; i < 4; ++i) {
            TS_UNROLL
            for (int part = 0; part < parts; ++part) {
                const V bytes = w[4 * part + i];
                V products;
                if constexpr (top == 255)
                    products =
                        vmadd16(_mm256_maddubs_epi16(_mm256_abs_epi8(bytes), _mm256_sign_epi8(x[part], bytes)), ones);
                else
                    products = _mm256_maddubs_epi16(bytes, x[part]);
                if (part == 0)
                    sum[i] = products;
                else
                    sum[i] = top == 255 ? vadd32(sum[i], products) : vadd16(sum[i], products);
            }
            TS_KEEP(sum[i]);
        }
        if constexpr (top == 255) {
            return vadd32(start, gather(sum));
        } else {
            static_assert(2 * parts <= room);
            const V low = addQuarters16(sum[0], sum[1]), high = addQuarters16(sum[2], sum[3]);
            if constexpr (4 * parts <= room)
                return vadd32(start, vmadd16(vadd16(everySecond<0>(low, high), everySecond<1>(low, high)), ones));
            const V a = vmadd16(low, ones), b = vmadd16(high, ones);
            return vadd32(start, vadd32(everySecond<0>(a, b), everySecond<1>(a, b)));
        }
    }

    // The same with activations of 16 bits, of whose fours the second and the third have changed places.
    template <int parts, int top>
    static TS_INLINE V dot(const V* w, const int16_t* q, V start) {
        V even[parts], odd[parts], sum[4];
        TS_UNROLL
        for (int part = 0; part < parts; ++part) {
            const V x = vload(q + 16 * part);
            even[part] = _mm256_permute4x64_epi64(everySecond<0>(x, x), 0x88);
            odd[part] = _mm256_permute4x64_epi64(everySecond<1>(x, x), 0x88);
        }
        TS_UNROLL
        for (int i = 0; i < 4; ++i) {
            sum[i] = vset32(0);
            TS_UNROLL
            for (int part = 0; part < parts; ++part) {
                const Halves h = widen<top == 255>(w[4 * part + i]);
                sum[i] = vdot16(vdot16(sum[i], h.even, even[part]), h.odd, odd[part]);
            }
            TS_KEEP(sum[i]);
        }
        return vadd32(start, gather(sum));
    }

  private:
    static TS_INLINE V gather(const V* sum) {
        const V low = addQuarters32(sum[0], sum[1]), high = addQuarters32(sum[2], sum[3]);
        return vadd32(everySecond<0>(low, high), everySecond<1>(low, high));
    }
};

template <typename E>
struct DirectLayoutOf {
    using Layout = RowPairs;
};
template <typename E>
requires E::byColumns struct DirectLayoutOf<E> {
    using Layout = DirectColumns;
};
template <typename E>
using DirectLayout = typename DirectLayoutOf<E>::Layout;

#endif

}  // namespace
}  // namespace kernels
