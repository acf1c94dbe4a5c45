// Q2_K: 256 unsigned 2-bit values in 16 sub-blocks of 16, each with a 4-bit scale and a 4-bit minimum. 84 bytes.
// Thread: any.
//
//   0           16                                   80   82     84
//   | scales    | qs                                 | d  | dmin |    x = d * scale * q - dmin * min
//   16 x (scale |                                    f16  f16
//    min << 4)  qs: two halves of 128 values, 32 bytes each; byte l of a half holds, from its lowest bits up,
//               the values l, l + 32, l + 64 and l + 96 of that half
#pragma once

#include "kernels/quant/half.h"

namespace kernels {

struct Q2_K {
    struct Block {
        uint8_t scales[16];
        uint8_t qs[64];
        uint8_t d[2];
        uint8_t dmin[2];
    };
    static constexpr int elements = 256, subBlock = 16;
    static constexpr bool hasMin = true;

    static void unpack(const Block& b, int8_t* q, float* scale, float* min) {
        const float d = loadHalf(b.d), dmin = loadHalf(b.dmin);
        for (int s = 0; s < 16; ++s) {
            scale[s] = d * static_cast<float>(b.scales[s] & 15);
            min[s] = -(dmin * static_cast<float>(b.scales[s] >> 4));
        }
        for (int i = 0; i < 256; ++i)
            q[i] = static_cast<int8_t>((b.qs[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3);
    }
};
static_assert(sizeof(Q2_K::Block) == 84);

}  // namespace kernels
