// IQ4_XS: 256 values from IQ4_NL's table of levels in 8 sub-blocks of 32, each with a 6-bit scale. 136 bytes. Thread:
// any.
//
//   0    2          4          8           136
//   | d  | scales_h | scales_l | qs        |      x = d * (scale - 32) * level[index]
//   f16  u16
//   scales_l  low four bits: sub-block 2i in the low, 2i + 1 in the high nibble of byte i
//   scales_h  high two bits of sub-block s at bit 2s
//   qs        16 bytes per sub-block: byte j = index of value j | of value j + 16 << 4
#pragma once

#include "kernels/quant/iq4_nl.h"

namespace kernels {

struct IQ4_XS {
    struct Block {
        uint8_t d[2];
        uint8_t scalesHigh[2];
        uint8_t scalesLow[4];
        uint8_t qs[128];
    };
    static constexpr int elements = 256, subBlock = 32;
    static constexpr bool hasMin = false;

    static void unpack(const Block& b, int8_t* q, float* scale, float*) {
        const float d = loadHalf(b.d);
        const int high = load16(b.scalesHigh);
        for (int s = 0; s < 8; ++s) {
            const int bits = ((b.scalesLow[s / 2] >> (s % 2 * 4)) & 15) | (((high >> (2 * s)) & 3) << 4);
            scale[s] = d * static_cast<float>(bits - 32);
            for (int j = 0; j < 16; ++j) {
                q[s * 32 + j] = iq4Levels[b.qs[s * 16 + j] & 15];
                q[s * 32 + j + 16] = iq4Levels[b.qs[s * 16 + j] >> 4];
            }
        }
    }
};
static_assert(sizeof(IQ4_XS::Block) == 136);

}  // namespace kernels
