// Q5_1: 32 unsigned 5-bit values with one scale and one minimum. 24 bytes. Thread: any.
//
//   0    2    4     8                                       24
//   | d  | m  | qh  | qs: byte j = low bits of j | of j+16 << 4 |      x = d * q + m
//   f16  f16  bit j = fifth bit of value j
#pragma once

#include "kernels/quant/half.h"

namespace kernels {

struct Q5_1 {
    struct Block {
        uint8_t d[2];
        uint8_t m[2];
        uint8_t qh[4];
        uint8_t qs[16];
    };
    static constexpr int elements = 32, subBlock = 32;
    static constexpr bool hasMin = true;

    static void unpack(const Block& b, int8_t* q, float* scale, float* min) {
        scale[0] = loadHalf(b.d);
        min[0] = loadHalf(b.m);
        const uint32_t high = load32(b.qh);
        for (int j = 0; j < 16; ++j) {
            q[j] = static_cast<int8_t>((b.qs[j] & 15) | (((high >> j) & 1) << 4));
            q[j + 16] = static_cast<int8_t>((b.qs[j] >> 4) | (((high >> (j + 16)) & 1) << 4));
        }
    }
};
static_assert(sizeof(Q5_1::Block) == 24);

}  // namespace kernels
