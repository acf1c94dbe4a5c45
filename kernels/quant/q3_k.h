// Q3_K: 256 signed 3-bit values in 16 sub-blocks of 16, each with a 6-bit scale. 110 bytes. Thread: any.
//
//   0        32       96       108  110
//   | hmask  | qs     | scales | d  |      x = d * (scale - 32) * (q - 4)
//                               f16
//   hmask   bit i / 32 of byte i % 32 is the third bit of value i
//   qs      two halves of 128 values, 32 bytes each; byte l of a half holds, from its lowest bits up, the low bits of
//           the values l, l + 32, l + 64 and l + 96 of that half
//   scales  bytes 0..7: low four bits of scale s (low nibble) and of scale s + 8 (high nibble);
//           bytes 8..11: high two bits of scale s, s + 4, s + 8, s + 12 from the lowest bits up
#pragma once

#include "kernels/quant/half.h"

namespace kernels {

struct Q3_K {
    struct Block {
        uint8_t hmask[32];
        uint8_t qs[64];
        uint8_t scales[12];
        uint8_t d[2];
    };
    static constexpr int elements = 256, subBlock = 16;
    static constexpr bool hasMin = false;

    static void unpack(const Block& b, int8_t* q, float* scale, float*) {
        const float d = loadHalf(b.d);
        for (int s = 0; s < 16; ++s) {
            const int low = s < 8 ? b.scales[s] & 15 : b.scales[s - 8] >> 4;
            const int high = (b.scales[8 + s % 4] >> (s / 4 * 2)) & 3;
            scale[s] = d * static_cast<float>((low | (high << 4)) - 32);
        }
        for (int i = 0; i < 256; ++i) {
            const int low = (b.qs[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3;
            const int high = (b.hmask[i % 32] >> (i / 32)) & 1;
            q[i] = static_cast<int8_t>((low | (high << 2)) - 4);
        }
    }
};
static_assert(sizeof(Q3_K::Block) == 110);

}  // namespace kernels
