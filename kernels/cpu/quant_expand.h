// How each format's blocks become vectors: for a block of 32 elements eight vectors of bytes, with scales and minima
// per sub-block, a lane per output row. In the layout Columns vector c holds elements 4c .. 4c+3 of every row; a sink
// may have another one, in which the first four vectors hold the first 16 elements of all rows too. Written once for
// all vector widths: include a simd_*.h first. Everything has internal linkage. Thread: any.
//
// A format names
//   bytes, elements   of what one expand() takes from each row
//   subBlock          elements under one scale: 32 or 16
//   hasMin            a minimum per sub-block
//   top               largest byte of w; 255: w is signed where there is no VNNI, and has 128 added where there is
//   zero              the byte of w that stands for 0
//   byColumns         (optional) true: only Columns will do
// and expand(p, stride, sink) calls sink(block, w, scaleLow, scaleHigh, minLow, minHigh) for its blocks in ascending
// order; the "high" ones belong to the last 16 elements of formats with sub-blocks of 16. One whose blocks share bytes
// may call the steps of that instead: begin, dots and links (quant_tiles.h).
#pragma once

namespace kernels {
namespace {

constexpr int signedZero = vnni ? 128 : 0;  // for formats of eight bits

struct Columns {
    static TS_INLINE Quad bytes16(const uint8_t* p, int64_t stride) { return columns16(p, stride); }
};

struct ExpandedBlock {
    V w[8];
};

TS_INLINE void nibbles(const Quad& q, V* w) {
    const V mask = vset8(15);
    for (int c = 0; c < 4; ++c) {
        w[c] = vand(q.c[c], mask);
        w[4 + c] = vand(vshift<4>(q.c[c]), mask);
    }
}

// The bits 4c .. 4c+3 of each lane as bit 4 of the bytes of w[c].
TS_INLINE void addFifthBits(V bits, V* w) {
    const V nibble = vset32(15), spread = vset32(0x02040810), fifth = vset8(16);
    const auto add = [&](V part, V& to) { to = vor(to, vand(vmul32(vand(part, nibble), spread), fifth)); };
    add(bits, w[0]);
    add(vshift<4>(bits), w[1]);
    add(vshift<8>(bits), w[2]);
    add(vshift<12>(bits), w[3]);
    add(vshift<16>(bits), w[4]);
    add(vshift<20>(bits), w[5]);
    add(vshift<24>(bits), w[6]);
    add(vshift<28>(bits), w[7]);
}

template <int byte>
TS_INLINE F byteToFloat(V v) {
    return toFloat(vand(vshift<8 * byte>(v), vset32(255)));
}
template <int byte>
TS_INLINE F signedByteToFloat(V v) {
    return toFloat(vsra<24>(vshift<8 * byte - 24>(v)));
}

// 32 bytes of each row, as the sink's layout has them.
template <typename Sink>
TS_INLINE void bytes32(const uint8_t* p, int64_t stride, V* out) {
    const Quad a = Sink::Layout::bytes16(p, stride), b = Sink::Layout::bytes16(p + 16, stride);
    for (int c = 0; c < 4; ++c) {
        out[c] = a.c[c];
        out[4 + c] = b.c[c];
    }
}

struct ExpandQ4_0 {
    static constexpr int bytes = 18, elements = 32, subBlock = 32, top = 15, zero = 8;
    static constexpr bool hasMin = false;
    template <typename Sink>
    static TS_INLINE void expand(const uint8_t* p, int64_t stride, Sink& sink) {
        ExpandedBlock e;
        nibbles(Sink::Layout::bytes16(p + 2, stride), e.w);
        const F d = halfLow(column4(p, stride));
        sink(0, e.w, d, d, d, d);
    }
};

struct ExpandQ4_1 {
    static constexpr int bytes = 20, elements = 32, subBlock = 32, top = 15, zero = 0;
    static constexpr bool hasMin = true;
    template <typename Sink>
    static TS_INLINE void expand(const uint8_t* p, int64_t stride, Sink& sink) {
        ExpandedBlock e;
        nibbles(Sink::Layout::bytes16(p + 4, stride), e.w);
        const FPair dm = halves(column4(p, stride));
        sink(0, e.w, dm.low, dm.low, dm.high, dm.high);
    }
};

struct ExpandQ5_0 {
    static constexpr int bytes = 22, elements = 32, subBlock = 32, top = 31, zero = 16;
    static constexpr bool hasMin = false, byColumns = true;
    template <typename Sink>
    static TS_INLINE void expand(const uint8_t* p, int64_t stride, Sink& sink) {
        ExpandedBlock e;
        nibbles(columns16(p + 6, stride), e.w);
        addFifthBits(column4(p + 2, stride), e.w);
        const F d = halfLow(column4(p, stride));
        sink(0, e.w, d, d, d, d);
    }
};

struct ExpandQ5_1 {
    static constexpr int bytes = 24, elements = 32, subBlock = 32, top = 31, zero = 0;
    static constexpr bool hasMin = true, byColumns = true;
    template <typename Sink>
    static TS_INLINE void expand(const uint8_t* p, int64_t stride, Sink& sink) {
        ExpandedBlock e;
        nibbles(columns16(p + 8, stride), e.w);
        addFifthBits(column4(p + 4, stride), e.w);
        const FPair dm = halves(column4(p, stride));
        sink(0, e.w, dm.low, dm.low, dm.high, dm.high);
    }
};

template <typename Sink>
TS_INLINE void signedBytes(const uint8_t* p, int64_t stride, V* w) {
    bytes32<Sink>(p, stride, w);
    if constexpr (vnni)
        for (int c = 0; c < 8; ++c)
            w[c] = vxor(w[c], vset8(128));
}

struct ExpandQ8_0 {
    static constexpr int bytes = 34, elements = 32, subBlock = 32, top = 255, zero = signedZero;
    static constexpr bool hasMin = false;
    template <typename Sink>
    static TS_INLINE void expand(const uint8_t* p, int64_t stride, Sink& sink) {
        ExpandedBlock e;
        signedBytes<Sink>(p + 2, stride, e.w);
        const F d = halfLow(column4(p, stride));
        sink(0, e.w, d, d, d, d);
    }
};

struct ExpandQ8_K {
    static constexpr int bytes = 292, elements = 256, subBlock = 32, top = 255, zero = signedZero;
    static constexpr bool hasMin = false;
    template <typename Sink>
    static TS_INLINE void expand(const uint8_t* p, int64_t stride, Sink& sink) {
        const F d = asFloat(column4(p, stride));
        for (int s = 0; s < 8; ++s) {
            ExpandedBlock e;
            signedBytes<Sink>(p + 4 + 32 * s, stride, e.w);
            sink(s, e.w, d, d, d, d);
        }
    }
};

struct ExpandQ2_K {
    static constexpr int bytes = 84, elements = 256, subBlock = 16, top = 3, zero = 0;
    static constexpr bool hasMin = true;
    struct Scales {
        F d, negMin;
    };
    template <int group, typename Sink>
    static TS_INLINE void block(const V* raw, V packed, const Scales& s, Sink& sink) {
        ExpandedBlock e;
        for (int c = 0; c < 8; ++c)
            e.w[c] = vand(vshift<group % 4 * 2>(raw[c]), vset8(3));
        const V low = vand(packed, vset8(15)), high = vand(vshift<4>(packed), vset8(15));
        constexpr int first = group % 2 * 2;
        sink(group, e.w, fmul(s.d, byteToFloat<first>(low)), fmul(s.d, byteToFloat<first + 1>(low)),
             fmul(s.negMin, byteToFloat<first>(high)), fmul(s.negMin, byteToFloat<first + 1>(high)));
    }
    template <typename Sink>
    static TS_INLINE void expand(const uint8_t* p, int64_t stride, Sink& sink) {
        const FPair dm = halves(column4(p + 80, stride));
        const Scales s = {dm.low, fneg(dm.high)};
        const Quad packed = columns16(p, stride);
        V raw[8];
        bytes32<Sink>(p + 16, stride, raw);
        block<0>(raw, packed.c[0], s, sink);
        block<1>(raw, packed.c[0], s, sink);
        block<2>(raw, packed.c[1], s, sink);
        block<3>(raw, packed.c[1], s, sink);
        bytes32<Sink>(p + 48, stride, raw);
        block<4>(raw, packed.c[2], s, sink);
        block<5>(raw, packed.c[2], s, sink);
        block<6>(raw, packed.c[3], s, sink);
        block<7>(raw, packed.c[3], s, sink);
    }
};

struct ExpandQ3_K {
    static constexpr int bytes = 110, elements = 256, subBlock = 16, top = 7, zero = 4;
    static constexpr bool hasMin = false;
    template <int group, typename Sink>
    static TS_INLINE void block(const V* raw, const V* mask, V packed, F d, Sink& sink) {
        ExpandedBlock e;
        for (int c = 0; c < 8; ++c)
            e.w[c] = vor(vand(vshift<group % 4 * 2>(raw[c]), vset8(3)), vand(vshift<group - 2>(mask[c]), vset8(4)));
        constexpr int first = group % 2 * 2;
        const auto scale = [&](F unsignedScale) { return fmul(d, unsignedScale); };
        const V low = vadd32(vand(vshift<8 * first>(packed), vset32(255)), vset32(-32));
        const V high = vadd32(vand(vshift<8 * first + 8>(packed), vset32(255)), vset32(-32));
        const F a = scale(toFloat(low)), b = scale(toFloat(high));
        sink(group, e.w, a, b, a, b);
    }
    template <typename Sink>
    static TS_INLINE void expand(const uint8_t* p, int64_t stride, Sink& sink) {
        // Bytes 94 .. 109: two of qs, the twelve of the scales, and d; so nothing beyond the block is read.
        const Quad end = columns16(p + 94, stride);
        const V s0 = vor(vshift<16>(end.c[0]), vshift<-16>(end.c[1]));
        const V s1 = vor(vshift<16>(end.c[1]), vshift<-16>(end.c[2]));
        const V s2 = vor(vshift<16>(end.c[2]), vshift<-16>(end.c[3]));
        const F d = halfLow(vshift<16>(end.c[3]));
        const V four = vset8(15), two = vset8(0x30);
        const V packed0 = vor(vand(s0, four), vand(vshift<-4>(s2), two));
        const V packed1 = vor(vand(s1, four), vand(vshift<-2>(s2), two));
        const V packed2 = vor(vand(vshift<4>(s0), four), vand(s2, two));
        const V packed3 = vor(vand(vshift<4>(s1), four), vand(vshift<2>(s2), two));
        V mask[8], raw[8];
        bytes32<Sink>(p, stride, mask);
        bytes32<Sink>(p + 32, stride, raw);
        block<0>(raw, mask, packed0, d, sink);
        block<1>(raw, mask, packed0, d, sink);
        block<2>(raw, mask, packed1, d, sink);
        block<3>(raw, mask, packed1, d, sink);
        bytes32<Sink>(p + 64, stride, raw);
        block<4>(raw, mask, packed2, d, sink);
        block<5>(raw, mask, packed2, d, sink);
        block<6>(raw, mask, packed3, d, sink);
        block<7>(raw, mask, packed3, d, sink);
    }
};

// Scales and minima of Q4_K and Q5_K: bytes of four sub-blocks per lane.
struct Scales6 {
    V scale[2], min[2];
    F d, negMin;

    explicit TS_INLINE Scales6(const Quad& head) {
        const V six = vset8(63), four = vset8(15), two = vset8(0x30);
        scale[0] = vand(head.c[1], six);
        min[0] = vand(head.c[2], six);
        scale[1] = vor(vand(head.c[3], four), vand(vshift<2>(head.c[1]), two));
        min[1] = vor(vand(vshift<4>(head.c[3]), four), vand(vshift<2>(head.c[2]), two));
        const FPair dm = halves(head.c[0]);
        d = dm.low;
        negMin = fneg(dm.high);
    }
    template <int s>
    TS_INLINE F scaleOf() const {
        return fmul(d, byteToFloat<s % 4>(scale[s / 4]));
    }
    template <int s>
    TS_INLINE F minOf() const {
        return fmul(negMin, byteToFloat<s % 4>(min[s / 4]));
    }
};

struct ExpandQ4_K {
    static constexpr int bytes = 144, elements = 256, subBlock = 32, top = 15, zero = 0;
    static constexpr bool hasMin = true;
    template <int pair, typename Sink>
    static TS_INLINE void blocks(const uint8_t* p, int64_t stride, const Scales6& s, Sink& sink) {
        V raw[8];
        bytes32<Sink>(p + 16 + 32 * pair, stride, raw);
        ExpandedBlock e;
        for (int c = 0; c < 8; ++c)
            e.w[c] = vand(raw[c], vset8(15));
        F d = s.scaleOf<2 * pair>(), m = s.minOf<2 * pair>();
        sink(2 * pair, e.w, d, d, m, m);
        for (int c = 0; c < 8; ++c)
            e.w[c] = vand(vshift<4>(raw[c]), vset8(15));
        d = s.scaleOf<2 * pair + 1>();
        m = s.minOf<2 * pair + 1>();
        sink(2 * pair + 1, e.w, d, d, m, m);
    }
    template <typename Sink>
    static TS_INLINE void expand(const uint8_t* p, int64_t stride, Sink& sink) {
        const Scales6 s(columns16(p, stride));
        blocks<0>(p, stride, s, sink);
        blocks<1>(p, stride, s, sink);
        blocks<2>(p, stride, s, sink);
        blocks<3>(p, stride, s, sink);
    }
};

struct ExpandQ5_K {
    static constexpr int bytes = 176, elements = 256, subBlock = 32, top = 31, zero = 0;
    static constexpr bool hasMin = true;
    template <int pair, typename Sink>
    static TS_INLINE void blocks(const uint8_t* p, int64_t stride, const V* high, const Scales6& s, Sink& sink) {
        V raw[8];
        bytes32<Sink>(p + 48 + 32 * pair, stride, raw);
        ExpandedBlock e;
        for (int c = 0; c < 8; ++c)
            e.w[c] = vor(vand(raw[c], vset8(15)), vand(vshift<2 * pair - 4>(high[c]), vset8(16)));
        F d = s.scaleOf<2 * pair>(), m = s.minOf<2 * pair>();
        sink(2 * pair, e.w, d, d, m, m);
        for (int c = 0; c < 8; ++c)
            e.w[c] = vor(vand(vshift<4>(raw[c]), vset8(15)), vand(vshift<2 * pair - 3>(high[c]), vset8(16)));
        d = s.scaleOf<2 * pair + 1>();
        m = s.minOf<2 * pair + 1>();
        sink(2 * pair + 1, e.w, d, d, m, m);
    }
    template <typename Sink>
    static TS_INLINE void expand(const uint8_t* p, int64_t stride, Sink& sink) {
        const Scales6 s(columns16(p, stride));
        V high[8];
        bytes32<Sink>(p + 16, stride, high);
        blocks<0>(p, stride, high, s, sink);
        blocks<1>(p, stride, high, s, sink);
        blocks<2>(p, stride, high, s, sink);
        blocks<3>(p, stride, high, s, sink);
    }
};

struct ExpandQ6_K {
    static constexpr int bytes = 210, elements = 256, subBlock = 16, top = 63, zero = 32;
    static constexpr bool hasMin = false;
    template <int quarter>
    static TS_INLINE V sixBits(V low, V high) {
        return vor(vand(vshift<quarter / 2 * 4>(low), vset8(15)), vand(vshift<quarter * 2 - 4>(high), vset8(0x30)));
    }
    // 16 elements of the four groups of a half at a time: all 32 would need more vectors than there are registers.
    template <int half, int part, typename Sums, typename Sink>
    static TS_INLINE void dots(const uint8_t* p, int64_t stride, Sums (*sum)[2], Sink& sink) {
        const Quad low0 = Sink::Layout::bytes16(p + 64 * half + 16 * part, stride);
        const Quad low1 = Sink::Layout::bytes16(p + 64 * half + 32 + 16 * part, stride);
        const Quad high = Sink::Layout::bytes16(p + 128 + 32 * half + 16 * part, stride);
        dots<half, part, 0>(low0, high, sum, sink);
        dots<half, part, 2>(low0, high, sum, sink);
        dots<half, part, 1>(low1, high, sum, sink);
        dots<half, part, 3>(low1, high, sum, sink);
    }
    template <int half, int part, int group, typename Sums, typename Sink>
    static TS_INLINE void dots(const Quad& low, const Quad& high, Sums (*sum)[2], Sink& sink) {
        if constexpr (group / 2 == part)
            sink.begin(4 * half + group);
        V w[4];
        for (int c = 0; c < 4; ++c)
            w[c] = sixBits<group>(low.c[c], high.c[c]);
        sink.template dots<part>(4 * half + group, w, sum[group][part]);
    }
    template <int half, int group, typename Sums, typename Sink>
    static TS_INLINE void links(V packed, F d, const Sums* sum, Sink& sink) {
        constexpr int first = group % 2 * 2;
        const F a = fmul(d, signedByteToFloat<first>(packed)), b = fmul(d, signedByteToFloat<first + 1>(packed));
        sink.template links<0>(4 * half + group, sum[0], a, a);
        sink.template links<1>(4 * half + group, sum[1], b, b);
    }
    template <int half, typename Sink>
    static TS_INLINE void blocks(const uint8_t* p, int64_t stride, const Quad& packed, F d, Sink& sink) {
        typename Sink::Sums sum[4][2];
        dots<half, 0>(p, stride, sum, sink);
        dots<half, 1>(p, stride, sum, sink);
        links<half, 0>(packed.c[2 * half], d, sum[0], sink);
        links<half, 1>(packed.c[2 * half], d, sum[1], sink);
        links<half, 2>(packed.c[2 * half + 1], d, sum[2], sink);
        links<half, 3>(packed.c[2 * half + 1], d, sum[3], sink);
    }
    template <typename Sink>
    static TS_INLINE void expand(const uint8_t* p, int64_t stride, Sink& sink) {
        const F d = halfLow(vshift<16>(column4(p + 206, stride)));
        const Quad packed = columns16(p + 192, stride);
        blocks<0>(p, stride, packed, d, sink);
        blocks<1>(p, stride, packed, d, sink);
    }
};

alignas(16) constexpr uint8_t iq4Bytes[2][16] = {
    {0x81, 0x98, 0xad, 0xbf, 0xcf, 0xdd, 0xea, 0xf6, 0x01, 0x0d, 0x19, 0x26, 0x35, 0x45, 0x59, 0x71},        // signed
    {0x01, 0x18, 0x2d, 0x3f, 0x4f, 0x5d, 0x6a, 0x76, 0x81, 0x8d, 0x99, 0xa6, 0xb5, 0xc5, 0xd9, 0xf1}};       // plus 128
alignas(16) constexpr uint8_t mxfp4Bytes[16] = {12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0};  // plus 12

TS_INLINE void levels(const uint8_t* table, const Quad& q, V* w) {
    const V t = vbroadcast128(table);
    nibbles(q, w);
    for (int c = 0; c < 8; ++c)
        w[c] = vshuffle8(t, w[c]);
}

struct ExpandIQ4_NL {
    static constexpr int bytes = 18, elements = 32, subBlock = 32, top = 255, zero = signedZero;
    static constexpr bool hasMin = false;
    template <typename Sink>
    static TS_INLINE void expand(const uint8_t* p, int64_t stride, Sink& sink) {
        ExpandedBlock e;
        levels(iq4Bytes[vnni], Sink::Layout::bytes16(p + 2, stride), e.w);
        const F d = halfLow(column4(p, stride));
        sink(0, e.w, d, d, d, d);
    }
};

struct ExpandIQ4_XS {
    static constexpr int bytes = 136, elements = 256, subBlock = 32, top = 255, zero = signedZero;
    static constexpr bool hasMin = false;
    template <int s, typename Sink>
    static TS_INLINE void block(const uint8_t* p, int64_t stride, V scaleLow, V scaleHigh, F d, Sink& sink) {
        ExpandedBlock e;
        levels(iq4Bytes[vnni], Sink::Layout::bytes16(p + 8 + 16 * s, stride), e.w);
        const V six = vor(vand(vshift<4 * s>(scaleLow), vset32(15)), vand(vshift<2 * s - 4>(scaleHigh), vset32(0x30)));
        const F scale = fmul(d, toFloat(vadd32(six, vset32(-32))));
        sink(s, e.w, scale, scale, scale, scale);
    }
    template <typename Sink>
    static TS_INLINE void expand(const uint8_t* p, int64_t stride, Sink& sink) {
        const Quad head = columns16(p, stride);
        const F d = halfLow(head.c[0]);
        const V high = vshift<16>(head.c[0]);
        block<0>(p, stride, head.c[1], high, d, sink);
        block<1>(p, stride, head.c[1], high, d, sink);
        block<2>(p, stride, head.c[1], high, d, sink);
        block<3>(p, stride, head.c[1], high, d, sink);
        block<4>(p, stride, head.c[1], high, d, sink);
        block<5>(p, stride, head.c[1], high, d, sink);
        block<6>(p, stride, head.c[1], high, d, sink);
        block<7>(p, stride, head.c[1], high, d, sink);
    }
};

struct ExpandMXFP4 {
    static constexpr int bytes = 17, elements = 32, subBlock = 32, top = 24, zero = 12;
    static constexpr bool hasMin = false;
    template <typename Sink>
    static TS_INLINE void expand(const uint8_t* p, int64_t stride, Sink& sink) {
        ExpandedBlock e;
        levels(mxfp4Bytes, Sink::Layout::bytes16(p + 1, stride), e.w);
        const V exponent = vand(column4(p, stride), vset32(255));
        // 2^(e - 128); the two smallest are subnormal.
        const V normal = vshift<-23>(vadd32(exponent, vset32(-1)));
        const V subnormal = vadd32(vshift<-21>(exponent), vset32(0x00200000));
        const F d = asFloat(vselectLess2(exponent, subnormal, normal));
        sink(0, e.w, d, d, d, d);
    }
};

}  // namespace
}  // namespace kernels
