// MXFP4: 32 values of a 4-bit float (E2M1) with one power of two. 17 bytes. Thread: any.
//
//   0    1                                  17
//   | e  | qs: byte j = code of j | of j+16 << 4 |      x = 2^(e - 128) * level[code]
//   u8                                                 (levels are doubled, so the power is halved)
#pragma once

#include "kernels/quant/half.h"

namespace kernels {

static constexpr int8_t mxfp4Levels[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

struct MXFP4 {
    struct Block {
        uint8_t e;
        uint8_t qs[16];
    };
    static constexpr int elements = 32, subBlock = 32;
    static constexpr bool hasMin = false;

    static void unpack(const Block& b, int8_t* q, float* scale, float*) {
        scale[0] = e8m0HalfToFloat(b.e);
        for (int j = 0; j < 16; ++j) {
            q[j] = mxfp4Levels[b.qs[j] & 15];
            q[j + 16] = mxfp4Levels[b.qs[j] >> 4];
        }
    }
};
static_assert(sizeof(MXFP4::Block) == 17);

}  // namespace kernels
