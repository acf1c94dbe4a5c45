// Sixteen floats in an array: the reference meaning of every vector operation that the float kernels use. Internal
// linkage, included by float_scalar.cpp alone.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/quant/half.h"

namespace kernels {
namespace {

struct V {
    float f[16];
};
constexpr int matmulTileVectors = 1;  // vectors of outputs in a matmul tile
template <typename From>
constexpr int64_t columnsAtOnce = 8;
constexpr int scorePairQueries = 1;  // up to as many queries meet two groups of keys at once
constexpr int weighTileQueries = 1;  // queries and vectors of values in a tile of attention's weighted sum
template <int Queries>
constexpr int weighTileVectors = 1;
constexpr bool registersAreFew = false;

template <typename F>
inline V eachLane(F f) {
    V r;
    for (int i = 0; i < 16; ++i)
        r.f[i] = f(i);
    return r;
}

inline V vSet(float x) {
    return eachLane([&](int) { return x; });
}
inline V vZero() {
    return vSet(0.0f);
}
inline V vIota() {
    return eachLane([](int i) { return static_cast<float>(i); });
}
inline V vLoad(const float* p) {
    V r;
    __builtin_memcpy(r.f, p, sizeof(r.f));  // p need not be aligned
    return r;
}
inline V vLoadPart(const float* p, int64_t n) {
    return eachLane([&](int i) { return i < n ? p[i] : 0.0f; });
}
inline void vStore(float* p, V v) {
    for (int i = 0; i < 16; ++i)
        p[i] = v.f[i];
}
inline void vStorePart(float* p, V v, int64_t n) {
    for (int i = 0; i < n; ++i)
        p[i] = v.f[i];
}
inline V vLoadHalf(const void* p) {
    uint16_t h[16];
    __builtin_memcpy(h, p, sizeof(h));
    return eachLane([&](int i) { return halfToFloat(h[i]); });
}
inline V vLoadBrain(const void* p) {
    uint16_t h[16];
    __builtin_memcpy(h, p, sizeof(h));
    return eachLane([&](int i) {
        const uint32_t bits = static_cast<uint32_t>(h[i]) << 16;
        float x;
        __builtin_memcpy(&x, &bits, 4);
        return x;
    });
}
inline V vLoadBytes(const int8_t* p) {
    return eachLane([&](int i) { return static_cast<float>(p[i]); });
}
// q[j] = low nibble of byte j - 8, q[j + 16] = high nibble - 8
inline void vNibbles(const void* p, int8_t* q) {
    uint8_t bytes[16];
    __builtin_memcpy(bytes, p, sizeof(bytes));
    for (int j = 0; j < 16; ++j) {
        q[j] = static_cast<int8_t>((bytes[j] & 15) - 8);
        q[j + 16] = static_cast<int8_t>((bytes[j] >> 4) - 8);
    }
}
inline void vStoreHalf(void* p, V v) {
    uint16_t h[16];
    for (int i = 0; i < 16; ++i)
        h[i] = floatToHalf(v.f[i]);
    __builtin_memcpy(p, h, sizeof(h));
}
inline V operator+(V a, V b) {
    return eachLane([&](int i) { return a.f[i] + b.f[i]; });
}
inline V operator-(V a, V b) {
    return eachLane([&](int i) { return a.f[i] - b.f[i]; });
}
inline V operator*(V a, V b) {
    return eachLane([&](int i) { return a.f[i] * b.f[i]; });
}
inline V operator/(V a, V b) {
    return eachLane([&](int i) { return a.f[i] / b.f[i]; });
}
inline V vFma(V a, V b, V c) {
    return eachLane([&](int i) { return std::fma(a.f[i], b.f[i], c.f[i]); });
}
// As the hardware: the second operand when either is not a number.
inline V vMax(V a, V b) {
    return eachLane([&](int i) { return a.f[i] > b.f[i] ? a.f[i] : b.f[i]; });
}
inline V vMin(V a, V b) {
    return eachLane([&](int i) { return a.f[i] < b.f[i] ? a.f[i] : b.f[i]; });
}
inline V vRound(V a) {
    return eachLane([&](int i) { return nearbyintf(a.f[i]); });
}
inline V vIfLess(V a, V b, V yes, V no) {
    return eachLane([&](int i) { return a.f[i] < b.f[i] ? yes.f[i] : no.f[i]; });
}
// [even, odd, even, odd, ...]
inline V vAlternate(float even, float odd) {
    return eachLane([&](int i) { return i % 2 ? odd : even; });
}
inline V vEvenTwice(V a) {
    return eachLane([&](int i) { return a.f[i & ~1]; });
}
inline V vOddTwice(V a) {
    return eachLane([&](int i) { return a.f[i | 1]; });
}
inline V vSwapPairs(V a) {
    return eachLane([&](int i) { return a.f[i ^ 1]; });
}
// 2^n for whole n in -126 .. 127.
inline V vPow2(V n) {
    return eachLane([&](int i) {
        const int32_t whole = n.f[i] == n.f[i] ? static_cast<int32_t>(n.f[i]) : 0;
        const uint32_t bits = static_cast<uint32_t>(whole + 127) << 23;
        float x;
        __builtin_memcpy(&x, &bits, 4);
        return x;
    });
}
// The canonical tree: lanes 8 apart, 4 apart, 2 apart, 1 apart.
inline float vSum(V v) {
    for (int apart = 8; apart > 0; apart /= 2)
        for (int i = 0; i < apart; ++i)
            v.f[i] = v.f[i] + v.f[i + apart];
    return v.f[0];
}
inline float vMaxLane(V v) {
    float m = v.f[0];
    for (int i = 1; i < 16; ++i)
        m = v.f[i] > m ? v.f[i] : m;
    return m;
}
// panel[k][r] = element k of row r, for columnsAtOnce elements of 16 rows.
template <typename From>
inline void transposeBlock(const std::byte* rows, int64_t stride, float* panel) {
    for (int64_t r = 0; r < 16; ++r) {
        std::byte padded[16 * From::bytes] = {};
        __builtin_memcpy(padded, rows + r * stride, columnsAtOnce<From> * From::bytes);
        const V v = From::load(padded);
        for (int64_t k = 0; k < columnsAtOnce<From>; ++k)
            panel[k * 16 + r] = v.f[k];
    }
}
// sums[p][j][r] = the chain of fma from +0 over element k of row r and x[j * xStride + k], for the columns k of part p
// in ascending order: 8 rows, parts of n columns one behind the other.
template <typename From, int Parts, int Inputs>
inline void linkParts(const std::byte* rows, int64_t stride, int64_t n, const float* x, int64_t xStride,
                      const std::byte*, float (*sums)[Inputs][8]) {
    for (int p = 0; p < Parts; ++p)
        for (int64_t r = 0; r < 8; ++r) {
            for (int j = 0; j < Inputs; ++j)
                sums[p][j][r] = 0;
            for (int64_t k = 0; k < n; ++k) {
                std::byte padded[16 * From::bytes] = {};
                __builtin_memcpy(padded, rows + r * stride + (p * n + k) * From::bytes, From::bytes);
                const float w = From::load(padded).f[0];
                for (int j = 0; j < Inputs; ++j)
                    sums[p][j][r] = std::fma(w, x[j * xStride + p * n + k], sums[p][j][r]);
            }
        }
}
inline float oneHalf(const void* p) {
    uint16_t h;
    __builtin_memcpy(&h, p, 2);
    return halfToFloat(h);
}
inline float sqrtOne(float x) {
    return std::sqrt(x);
}
inline float fmaOne(float a, float b, float c) {
    return std::fma(a, b, c);
}

}  // namespace
}  // namespace kernels
