// Q5_K: 256 unsigned 5-bit values in 8 sub-blocks of 32, each with a 6-bit scale and a 6-bit minimum. 176 bytes.
// Thread: any.
//
//   0    2      4        16    48          176
//   | d  | dmin | scales | qh  | qs        |      x = d * scale * q - dmin * min
//   f16  f16
//   scales  as in Q4_K
//   qh      bit s of byte l is the fifth bit of value l of sub-block s
//   qs      32 bytes per pair of sub-blocks: low nibbles the first, high nibbles the second
#pragma once

#include "kernels/quant/q4_k.h"

namespace kernels {

struct Q5_K {
    struct Block {
        uint8_t d[2];
        uint8_t dmin[2];
        uint8_t scales[12];
        uint8_t qh[32];
        uint8_t qs[128];
    };
    static constexpr int elements = 256, subBlock = 32;
    static constexpr bool hasMin = true;

    static void unpack(const Block& b, int8_t* q, float* scale, float* min) {
        const float d = loadHalf(b.d), dmin = loadHalf(b.dmin);
        uint8_t scales[8], mins[8];
        unpackScales6(b.scales, scales, mins);
        for (int s = 0; s < 8; ++s) {
            scale[s] = d * static_cast<float>(scales[s]);
            min[s] = -(dmin * static_cast<float>(mins[s]));
        }
        for (int i = 0; i < 256; ++i) {
            const int low = (b.qs[i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4)) & 15;
            const int high = (b.qh[i % 32] >> (i / 32)) & 1;
            q[i] = static_cast<int8_t>(low | (high << 4));
        }
    }
};
static_assert(sizeof(Q5_K::Block) == 176);

}  // namespace kernels
