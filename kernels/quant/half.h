// Conversions between 32-bit floats and the 16-bit and 8-bit floats of model files, in integer arithmetic, exact and
// the same on every machine. Thread: any. Everything here has internal linkage.
#pragma once

#include <cstdint>
#include <cstring>

namespace kernels {

static inline float floatOfBits(uint32_t bits) {
    float f;
    std::memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t bitsOfFloat(float f) {
    uint32_t bits;
    std::memcpy(&bits, &f, sizeof bits);
    return bits;
}

// IEEE binary16 to binary32; exact. A signalling NaN becomes quiet, as the processor's instruction does.
static inline float halfToFloat(uint16_t h) {
    const uint32_t sign = static_cast<uint32_t>(h & 0x8000u) << 16;
    const uint32_t exponent = (h >> 10) & 31u;
    const uint32_t mantissa = h & 0x3ffu;
    if (exponent == 31)
        return floatOfBits(sign | 0x7f800000u | (mantissa << 13) | (mantissa != 0 ? 0x400000u : 0u));
    if (exponent != 0)
        return floatOfBits(sign | ((exponent + 112) << 23) | (mantissa << 13));
    const float magnitude = static_cast<float>(mantissa) * 5.9604644775390625e-8f;  // 2^-24, the least subnormal
    return floatOfBits(sign | bitsOfFloat(magnitude));
}

// binary32 to binary16, to nearest, ties to even; too large becomes infinite.
static inline uint16_t floatToHalf(float f) {
    const uint32_t bits = bitsOfFloat(f);
    const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
    const uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude >= 0x7f800000u) {
        const uint32_t nan = magnitude > 0x7f800000u ? 0x200u | ((magnitude >> 13) & 0x3ffu) : 0u;
        return static_cast<uint16_t>(sign | 0x7c00u | nan);
    }
    if (magnitude >= 0x477ff000u)  // 65520 and above
        return static_cast<uint16_t>(sign | 0x7c00u);
    if (magnitude >= 0x38800000u) {  // 2^-14, the least normal number
        const uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
        return static_cast<uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
    }
    // Adding 0.5 puts the units of 2^-24 into the last bit of the sum, which rounds to nearest even.
    const uint32_t sum = bitsOfFloat(floatOfBits(magnitude) + 0.5f);
    return static_cast<uint16_t>(sign | (sum - 0x3f000000u));
}

static inline float bf16ToFloat(uint16_t b) {
    return floatOfBits(static_cast<uint32_t>(b) << 16);
}

static inline uint16_t floatToBf16(float f) {
    const uint32_t bits = bitsOfFloat(f);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return static_cast<uint16_t>((bits >> 16) | 0x40u);
    return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// Half of the power of two that an E8M0 byte names: 2^(e - 128). The two smallest are subnormal.
static inline float e8m0HalfToFloat(uint8_t e) {
    return floatOfBits(e < 2 ? 0x00200000u << e : static_cast<uint32_t>(e - 1) << 23);
}

static inline uint16_t load16(const uint8_t* p) {
    return static_cast<uint16_t>(p[0] | (p[1] << 8));
}
static inline void store16(uint8_t* p, uint16_t v) {
    p[0] = static_cast<uint8_t>(v);
    p[1] = static_cast<uint8_t>(v >> 8);
}
static inline uint32_t load32(const uint8_t* p) {
    return static_cast<uint32_t>(load16(p)) | (static_cast<uint32_t>(load16(p + 2)) << 16);
}
static inline float loadHalf(const uint8_t* p) {
    return halfToFloat(load16(p));
}

}  // namespace kernels
