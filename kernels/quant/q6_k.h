// Q6_K: 256 signed 6-bit values in 16 sub-blocks of 16, each with a signed 8-bit scale. 210 bytes. Thread: any.
//
//   0        128     192      208  210
//   | ql     | qh    | scales | d  |      x = d * scale * (q - 32)
//                              f16
//   Two halves of 128 values; a half has 64 bytes of ql, 32 of qh and 8 scales. With l = 0..31, value
//   l       low nibble of ql[l],       bits 0-1 of qh[l]
//   l + 32  low nibble of ql[l + 32],  bits 2-3
//   l + 64  high nibble of ql[l],      bits 4-5
//   l + 96  high nibble of ql[l + 32], bits 6-7
#pragma once

#include "kernels/quant/half.h"

namespace kernels {

struct Q6_K {
    struct Block {
        uint8_t ql[128];
        uint8_t qh[64];
        int8_t scales[16];
        uint8_t d[2];
    };
    static constexpr int elements = 256, subBlock = 16;
    static constexpr bool hasMin = false;

    static void unpack(const Block& b, int8_t* q, float* scale, float*) {
        const float d = loadHalf(b.d);
        for (int s = 0; s < 16; ++s)
            scale[s] = d * static_cast<float>(b.scales[s]);
        for (int i = 0; i < 256; ++i) {
            const int half = i / 128, quarter = i % 128 / 32, l = i % 32;
            const int low = (b.ql[half * 64 + quarter % 2 * 32 + l] >> (quarter / 2 * 4)) & 15;
            const int high = (b.qh[half * 32 + l] >> (quarter * 2)) & 3;
            q[i] = static_cast<int8_t>((low | (high << 4)) - 32);
        }
    }
};
static_assert(sizeof(Q6_K::Block) == 210);

}  // namespace kernels
