// Q4_1: 32 unsigned 4-bit values with one scale and one minimum. 20 bytes. Thread: any.
//
//   0    2    4                                  20
//   | d  | m  | qs: byte j = value j | value j+16 << 4 |      x = d * q + m
//   f16  f16
#pragma once

#include "kernels/quant/half.h"

namespace kernels {

struct Q4_1 {
    struct Block {
        uint8_t d[2];
        uint8_t m[2];
        uint8_t qs[16];
    };
    static constexpr int elements = 32, subBlock = 32;
    static constexpr bool hasMin = true;

    static void unpack(const Block& b, int8_t* q, float* scale, float* min) {
        scale[0] = loadHalf(b.d);
        min[0] = loadHalf(b.m);
        for (int j = 0; j < 16; ++j) {
            q[j] = static_cast<int8_t>(b.qs[j] & 15);
            q[j + 16] = static_cast<int8_t>(b.qs[j] >> 4);
        }
    }

    static void encode(const float* x, Block& b) {
        float low = x[0], high = x[0];
        for (int j = 1; j < 32; ++j) {
            low = x[j] < low ? x[j] : low;
            high = x[j] > high ? x[j] : high;
        }
        const float d = (high - low) / 15.0f;
        const float inverse = d > 0 ? 1.0f / d : 0.0f;
        store16(b.d, floatToHalf(d));
        store16(b.m, floatToHalf(low));
        for (int j = 0; j < 16; ++j)
            b.qs[j] = static_cast<uint8_t>(level((x[j] - low) * inverse) | (level((x[j + 16] - low) * inverse) << 4));
    }

  private:
    static int level(float v) {
        const float shifted = v + 0.5f;
        return shifted >= 15.0f ? 15 : shifted > 0.0f ? static_cast<int>(shifted) : 0;
    }
};
static_assert(sizeof(Q4_1::Block) == 20);

}  // namespace kernels
