// Q4_K: 256 unsigned 4-bit values in 8 sub-blocks of 32, each with a 6-bit scale and a 6-bit minimum. 144 bytes.
// Thread: any.
//
//   0    2      4        16          144
//   | d  | dmin | scales | qs        |      x = d * scale * q - dmin * min
//   f16  f16
//   scales  sub-block s < 4: scale in the low six bits of byte s, minimum in those of byte s + 4;
//           s >= 4: low four bits of scale and minimum in byte s + 4 (low and high nibble), their high two bits are the
//           high two bits of byte s - 4 (scale) and byte s (minimum)
//   qs      32 bytes per pair of sub-blocks: low nibbles the first, high nibbles the second
#pragma once

#include "kernels/quant/half.h"

namespace kernels {

// The packed six-bit scales and minima that Q4_K and Q5_K share.
static inline void unpackScales6(const uint8_t* packed, uint8_t* scale, uint8_t* min) {
    for (int s = 0; s < 4; ++s) {
        scale[s] = packed[s] & 63;
        min[s] = packed[s + 4] & 63;
        scale[s + 4] = static_cast<uint8_t>((packed[s + 8] & 15) | ((packed[s] >> 6) << 4));
        min[s + 4] = static_cast<uint8_t>((packed[s + 8] >> 4) | ((packed[s + 4] >> 6) << 4));
    }
}

struct Q4_K {
    struct Block {
        uint8_t d[2];
        uint8_t dmin[2];
        uint8_t scales[12];
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
        for (int i = 0; i < 256; ++i)
            q[i] = static_cast<int8_t>((b.qs[i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4)) & 15);
    }
};
static_assert(sizeof(Q4_K::Block) == 144);

}  // namespace kernels
