// Q8_0: 32 signed bytes with one scale. 34 bytes. Thread: any.
//
//   0    2                34
//   | d  | qs: 32 x int8  |      x = d * q
//   f16
#pragma once

#include <cmath>

#include "kernels/quant/half.h"

namespace kernels {

struct Q8_0 {
    struct Block {
        uint8_t d[2];
        int8_t qs[32];
    };
    static constexpr int elements = 32, subBlock = 32;
    static constexpr bool hasMin = false;

    static void unpack(const Block& b, int8_t* q, float* scale, float*) {
        scale[0] = loadHalf(b.d);
        for (int j = 0; j < 32; ++j)
            q[j] = b.qs[j];
    }

    // To nearest, ties away from zero; what is not a number becomes 0.
    static void encode(const float* x, Block& b) {
        float magnitude = 0;
        for (int j = 0; j < 32; ++j) {
            const float a = x[j] < 0 ? -x[j] : x[j];
            magnitude = a > magnitude ? a : magnitude;
        }
        const float d = magnitude / 127.0f;
        const float inverse = d > 0 ? 1.0f / d : 0.0f;
        store16(b.d, floatToHalf(d));
        for (int j = 0; j < 32; ++j) {
            const float v = x[j] * inverse;
            b.qs[j] = static_cast<int8_t>(v >= 127.0f ? 127 : v <= -127.0f ? -127 : v == v ? std::lroundf(v) : 0);
        }
    }
};
static_assert(sizeof(Q8_0::Block) == 34);

}  // namespace kernels
