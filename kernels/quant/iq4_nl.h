// IQ4_NL: 32 values from a table of 16 uneven levels, with one scale. 18 bytes. Thread: any.
//
//   0    2                                  18
//   | d  | qs: byte j = index of j | of j+16 << 4 |      x = d * level[index]
//   f16
#pragma once

#include "kernels/quant/half.h"

namespace kernels {

// Shared with IQ4_XS; part of the file format.
static constexpr int8_t iq4Levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

struct IQ4_NL {
    struct Block {
        uint8_t d[2];
        uint8_t qs[16];
    };
    static constexpr int elements = 32, subBlock = 32;
    static constexpr bool hasMin = false;

    static void unpack(const Block& b, int8_t* q, float* scale, float*) {
        scale[0] = loadHalf(b.d);
        for (int j = 0; j < 16; ++j) {
            q[j] = iq4Levels[b.qs[j] & 15];
            q[j + 16] = iq4Levels[b.qs[j] >> 4];
        }
    }
};
static_assert(sizeof(IQ4_NL::Block) == 18);

}  // namespace kernels
