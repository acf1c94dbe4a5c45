// Q4_0: 32 signed 4-bit values with one scale. 18 bytes. Thread: any.
//
//   0    2                                  18
//   | d  | qs: byte j = value j | value j+16 << 4 |      x = d * (q - 8)
//   f16
#pragma once

#include "kernels/quant/half.h"

namespace kernels {

struct Q4_0 {
    struct Block {
        uint8_t d[2];
        uint8_t qs[16];
    };
    static constexpr int elements = 32, subBlock = 32;
    static constexpr bool hasMin = false;

    static void unpack(const Block& b, int8_t* q, float* scale, float*) {
        scale[0] = loadHalf(b.d);
        for (int j = 0; j < 16; ++j) {
            q[j] = static_cast<int8_t>((b.qs[j] & 15) - 8);
            q[j + 16] = static_cast<int8_t>((b.qs[j] >> 4) - 8);
        }
    }

    // The value of largest magnitude becomes -8 exactly.
    static void encode(const float* x, Block& b) {
        float magnitude = 0, extreme = 0;
        for (int j = 0; j < 32; ++j) {
            const float a = x[j] < 0 ? -x[j] : x[j];
            if (a > magnitude) {
                magnitude = a;
                extreme = x[j];
            }
        }
        const float d = extreme / -8.0f;
        const float inverse = d != 0 ? 1.0f / d : 0.0f;
        store16(b.d, floatToHalf(d));
        for (int j = 0; j < 16; ++j)
            b.qs[j] = static_cast<uint8_t>(level(x[j] * inverse) | (level(x[j + 16] * inverse) << 4));
    }

  private:
    static int level(float v) {
        const float shifted = v + 8.5f;
        return shifted >= 15.0f ? 15 : shifted > 0.0f ? static_cast<int>(shifted) : 0;
    }
};
static_assert(sizeof(Q4_0::Block) == 18);

}  // namespace kernels
