// Conversion between binary16 and binary32 in plain code, with the bits of the hardware's conversion (F16C). Internal
// linkage. Thread: any.
#pragma once

#include <cmath>
#include <cstdint>

namespace kernels {
namespace {

inline float halfToFloat(uint16_t h) {
    const uint32_t sign = static_cast<uint32_t>(h & 0x8000) << 16;
    const uint32_t exponent = (h >> 10) & 31;
    const uint32_t mantissa = h & 1023;
    uint32_t bits = 0;
    if (exponent == 31)
        bits = sign | 0x7f800000 | mantissa << 13 | (mantissa ? 0x400000 : 0);  // a quiet NaN, as the hardware makes it
    else if (exponent != 0)
        bits = sign | (exponent + 112) << 23 | mantissa << 13;
    else {
        const float value = static_cast<float>(mantissa) * 0x1p-24f;
        __builtin_memcpy(&bits, &value, 4);
        bits |= sign;
    }
    float out;
    __builtin_memcpy(&out, &bits, 4);
    return out;
}

// Round to nearest, ties to even, as the hardware conversion does.
inline uint16_t floatToHalf(float x) {
    uint32_t bits;
    __builtin_memcpy(&bits, &x, 4);
    const uint32_t sign = bits >> 16 & 0x8000;
    const uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)
        return static_cast<uint16_t>(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
    if (magnitude >= 0x477ff000)  // 65520 and above round to infinity
        return static_cast<uint16_t>(sign | 0x7c00);
    if (magnitude < 0x38800000) {  // below 2^-14: a multiple of 2^-24
        float value;
        __builtin_memcpy(&value, &magnitude, 4);
        return static_cast<uint16_t>(sign | static_cast<uint32_t>(std::nearbyint(value * 0x1p24f)));
    }
    const uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
    return static_cast<uint16_t>(sign | (rounded - 0x38000000) >> 13);
}

}  // namespace
}  // namespace kernels
