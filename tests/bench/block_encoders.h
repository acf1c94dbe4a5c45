// Encoders of the block types for random weights: correct, but without the search for better scales that a quantizer
// does. Layouts: kernels/quant. Thread: any.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "kernels/dtype.h"
#include "kernels/quant/half.h"
#include "kernels/quant/q4_0.h"
#include "kernels/quant/q4_1.h"
#include "kernels/quant/q5_0.h"
#include "kernels/quant/q5_1.h"
#include "kernels/quant/q5_k.h"
#include "kernels/quant/q6_k.h"
#include "kernels/quant/q8_0.h"

namespace bench {

// One block of x to `out`.
using BlockEncoder = void (*)(const float* x, std::byte* out);

static inline int levelOf(float v, int least, int most) {
    return std::clamp(static_cast<int>(std::lrintf(v)), least, most);
}

template <typename Format>
static inline void encodeWith(const float* x, std::byte* out) {
    typename Format::Block block;
    Format::encode(x, block);
    std::memcpy(out, &block, sizeof(block));
}

static inline void encodeQ5_0(const float* x, std::byte* out) {
    kernels::Q5_0::Block b{};
    const float extreme = *std::max_element(x, x + 32, [](float l, float r) { return std::abs(l) < std::abs(r); });
    const uint16_t d = kernels::floatToHalf(extreme / -16);
    const float scale = kernels::halfToFloat(d), inverse = scale != 0 ? 1 / scale : 0;
    kernels::store16(b.d, d);
    for (int i = 0; i < 32; ++i) {
        const int q = levelOf(x[i] * inverse, -16, 15) + 16;
        b.qs[i % 16] = static_cast<uint8_t>(b.qs[i % 16] | (q & 15) << (i / 16 * 4));
        b.qh[i / 8] = static_cast<uint8_t>(b.qh[i / 8] | (q >> 4) << (i % 8));
    }
    std::memcpy(out, &b, sizeof(b));
}

static inline void encodeQ5_1(const float* x, std::byte* out) {
    kernels::Q5_1::Block b{};
    const auto [low, high] = std::minmax_element(x, x + 32);
    const uint16_t d = kernels::floatToHalf((*high - *low) / 31), m = kernels::floatToHalf(*low);
    const float scale = kernels::halfToFloat(d), min = kernels::halfToFloat(m), inverse = scale != 0 ? 1 / scale : 0;
    kernels::store16(b.d, d);
    kernels::store16(b.m, m);
    for (int i = 0; i < 32; ++i) {
        const int q = levelOf((x[i] - min) * inverse, 0, 31);
        b.qs[i % 16] = static_cast<uint8_t>(b.qs[i % 16] | (q & 15) << (i / 16 * 4));
        b.qh[i / 8] = static_cast<uint8_t>(b.qh[i / 8] | (q >> 4) << (i % 8));
    }
    std::memcpy(out, &b, sizeof(b));
}

// What Q4_K and Q5_K share: eight sub-blocks with 6-bit scales and minima; `most` is the largest level.
template <typename Block>
static inline void encodeScales6(const float* x, int most, Block& b, int* levels) {
    float scale[8], min[8];
    for (int s = 0; s < 8; ++s) {
        const auto [low, high] = std::minmax_element(x + 32 * s, x + 32 * s + 32);
        min[s] = std::max(0.0f, -*low);
        scale[s] = (*high + min[s]) / static_cast<float>(most);
    }
    const uint16_t d = kernels::floatToHalf(*std::max_element(scale, scale + 8) / 63);
    const uint16_t dmin = kernels::floatToHalf(*std::max_element(min, min + 8) / 63);
    const float dValue = kernels::halfToFloat(d), dminValue = kernels::halfToFloat(dmin);
    kernels::store16(b.d, d);
    kernels::store16(b.dmin, dmin);
    for (int s = 0; s < 8; ++s) {
        const int scale6 = dValue > 0 ? levelOf(scale[s] / dValue, 0, 63) : 0;
        const int min6 = dminValue > 0 ? levelOf(min[s] / dminValue, 0, 63) : 0;
        if (s < 4) {
            b.scales[s] = static_cast<uint8_t>(b.scales[s] | scale6);
            b.scales[s + 4] = static_cast<uint8_t>(b.scales[s + 4] | min6);
        } else {
            b.scales[s + 4] = static_cast<uint8_t>((scale6 & 15) | (min6 & 15) << 4);
            b.scales[s - 4] = static_cast<uint8_t>(b.scales[s - 4] | (scale6 >> 4) << 6);
            b.scales[s] = static_cast<uint8_t>(b.scales[s] | (min6 >> 4) << 6);
        }
        const float step = dValue * static_cast<float>(scale6), least = dminValue * static_cast<float>(min6);
        const float inverse = step > 0 ? 1 / step : 0;
        for (int i = 32 * s; i < 32 * s + 32; ++i)
            levels[i] = levelOf((x[i] + least) * inverse, 0, most);
    }
}

static inline void encodeQ4_K(const float* x, std::byte* out) {
    kernels::Q4_K::Block b{};
    int q[256];
    encodeScales6(x, 15, b, q);
    for (int i = 0; i < 256; ++i)
        b.qs[i / 64 * 32 + i % 32] = static_cast<uint8_t>(b.qs[i / 64 * 32 + i % 32] | q[i] << (i % 64 / 32 * 4));
    std::memcpy(out, &b, sizeof(b));
}

static inline void encodeQ5_K(const float* x, std::byte* out) {
    kernels::Q5_K::Block b{};
    int q[256];
    encodeScales6(x, 31, b, q);
    for (int i = 0; i < 256; ++i) {
        uint8_t& low = b.qs[i / 64 * 32 + i % 32];
        low = static_cast<uint8_t>(low | (q[i] & 15) << (i % 64 / 32 * 4));
        b.qh[i % 32] = static_cast<uint8_t>(b.qh[i % 32] | (q[i] >> 4) << (i / 32));
    }
    std::memcpy(out, &b, sizeof(b));
}

static inline void encodeQ6_K(const float* x, std::byte* out) {
    kernels::Q6_K::Block b{};
    float scale[16], largest = 0;
    for (int s = 0; s < 16; ++s) {
        const float* part = x + 16 * s;
        const float extreme =
            *std::max_element(part, part + 16, [](float l, float r) { return std::abs(l) < std::abs(r); });
        scale[s] = extreme / -32;
        largest = std::max(largest, std::abs(scale[s]));
    }
    const uint16_t d = kernels::floatToHalf(largest / 127);
    const float dValue = kernels::halfToFloat(d);
    kernels::store16(b.d, d);
    for (int s = 0; s < 16; ++s) {
        const int scale8 = dValue > 0 ? levelOf(scale[s] / dValue, -127, 127) : 0;
        b.scales[s] = static_cast<int8_t>(scale8);
        const float step = dValue * static_cast<float>(scale8), inverse = step != 0 ? 1 / step : 0;
        for (int i = 16 * s; i < 16 * s + 16; ++i) {
            const int q = levelOf(x[i] * inverse, -32, 31) + 32;
            const int half = i / 128, quarter = i % 128 / 32, l = i % 32;
            uint8_t& low = b.ql[half * 64 + quarter % 2 * 32 + l];
            uint8_t& high = b.qh[half * 32 + l];
            low = static_cast<uint8_t>(low | (q & 15) << (quarter / 2 * 4));
            high = static_cast<uint8_t>(high | (q >> 4) << (quarter * 2));
        }
    }
    std::memcpy(out, &b, sizeof(b));
}

static inline std::optional<BlockEncoder> blockEncoder(kernels::DType dtype) {
    using kernels::DType;
    switch (dtype) {
        case DType::F32:
            return [](const float* x, std::byte* out) { std::memcpy(out, x, 4); };
        case DType::F16:
            return [](const float* x, std::byte* out) {
                const uint16_t half = kernels::floatToHalf(*x);
                std::memcpy(out, &half, 2);
            };
        case DType::BF16:
            return [](const float* x, std::byte* out) {
                const uint16_t half = kernels::floatToBf16(*x);
                std::memcpy(out, &half, 2);
            };
        case DType::Q4_0:
            return encodeWith<kernels::Q4_0>;
        case DType::Q4_1:
            return encodeWith<kernels::Q4_1>;
        case DType::Q5_0:
            return encodeQ5_0;
        case DType::Q5_1:
            return encodeQ5_1;
        case DType::Q8_0:
            return encodeWith<kernels::Q8_0>;
        case DType::Q4_K:
            return encodeQ4_K;
        case DType::Q5_K:
            return encodeQ5_K;
        case DType::Q6_K:
            return encodeQ6_K;
        default:
            return std::nullopt;
    }
}

}  // namespace bench
