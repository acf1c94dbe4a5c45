// Q8_K: 256 signed bytes with one 32-bit scale and the sums of each 16. 292 bytes. Thread: any.
//
//   0    4                 260                292
//   | d  | qs: 256 x int8  | bsums: 16 x i16  |      x = d * q
//   f32                      (not needed to decode)
#pragma once

#include "kernels/quant/half.h"

namespace kernels {

struct Q8_K {
    struct Block {
        uint8_t d[4];
        int8_t qs[256];
        uint8_t bsums[32];
    };
    static constexpr int elements = 256, subBlock = 32;
    static constexpr bool hasMin = false;

    static void unpack(const Block& b, int8_t* q, float* scale, float*) {
        const float d = floatOfBits(load32(b.d));
        for (int s = 0; s < 8; ++s)
            scale[s] = d;
        for (int i = 0; i < 256; ++i)
            q[i] = b.qs[i];
    }
};
static_assert(sizeof(Q8_K::Block) == 292);

}  // namespace kernels
