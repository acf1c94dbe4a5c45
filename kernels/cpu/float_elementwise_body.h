// Norms, rotation, activations, sums and the cache encoders over the operations of float_vec_*.h. Internal linkage,
// included by the float_<isa>.cpp files.
#pragma once

#include "kernels/cpu/float_kernels.h"
#include "kernels/cpu/float_math.h"

namespace kernels {
namespace {

// Calls full(i) for whole vectors of [0, n) and part(i, count) for the rest.
template <typename Full, typename Part>
inline void eachVector(int64_t n, Full full, Part part) {
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        full(i);
    if (i < n)
        part(i, n - i);
}

// out[i] = f(i-th vector of x)
template <typename F>
inline void mapVectors(const float* x, int64_t n, float* out, F f) {
    eachVector(
        n, [&](int64_t i) { vStore(out + i, f(vLoad(x + i), i, 16)); },
        [&](int64_t i, int64_t count) { vStorePart(out + i, f(vLoadPart(x + i, count), i, count), count); });
}

inline V loadUpTo(const float* p, int64_t count) {
    return count == 16 ? vLoad(p) : vLoadPart(p, count);
}

void rmsNorm(const float* x, const float* weight, float eps, int64_t rows, int64_t cols, float* out) noexcept {
    for (int64_t r = 0; r < rows; ++r, x += cols, out += cols) {
        V squares = vZero();
        eachVector(
            cols,
            [&](int64_t i) {
                const V v = vLoad(x + i);
                squares = vFma(v, v, squares);
            },
            [&](int64_t i, int64_t count) {
                const V v = vLoadPart(x + i, count);
                squares = vFma(v, v, squares);
            });
        const float mean = vSum(squares) / static_cast<float>(cols);
        const V by = vSet(1.0f / sqrtOne(mean + eps));
        mapVectors(x, cols, out, [&](V v, int64_t i, int64_t count) { return v * by * loadUpTo(weight + i, count); });
    }
}

void layerNorm(const float* x, const float* weight, const float* bias, float eps, int64_t rows, int64_t cols,
               float* out) noexcept {
    const V iota = vIota();
    for (int64_t r = 0; r < rows; ++r, x += cols, out += cols) {
        V total = vZero();
        eachVector(
            cols, [&](int64_t i) { total = total + vLoad(x + i); },
            [&](int64_t i, int64_t count) { total = total + vLoadPart(x + i, count); });
        const V mean = vSet(vSum(total) / static_cast<float>(cols));
        V squares = vZero();
        eachVector(
            cols,
            [&](int64_t i) {
                const V v = vLoad(x + i) - mean;
                squares = vFma(v, v, squares);
            },
            [&](int64_t i, int64_t count) {
                V v = vLoadPart(x + i, count) - mean;
                v = vIfLess(iota, vSet(static_cast<float>(count)), v, vZero());
                squares = vFma(v, v, squares);
            });
        const V by = vSet(1.0f / sqrtOne(vSum(squares) / static_cast<float>(cols) + eps));
        mapVectors(x, cols, out, [&](V v, int64_t i, int64_t count) {
            const V scaled = (v - mean) * by * loadUpTo(weight + i, count);
            return bias ? scaled + loadUpTo(bias + i, count) : scaled;
        });
    }
}

// A pair (a, b) becomes (a cos - b sin, b cos + a sin); every product is rounded before it is added. Written with
// vector operations throughout: GCC 12 fuses the scalar form when it vectorizes it, whatever -ffp-contract says.

// Pairs half a rotation apart: both halves are contiguous; cos and sin come as pairs and are taken apart first.
void ropeHalves(float* x, const float* cosSin, int64_t nHeads, int64_t headDim, int64_t half) {
    constexpr int64_t most = 512;  // pairs taken apart at a time on the stack
    float cosine[most], sine[most];
    for (int64_t first = 0; first < half; first += most, cosSin += 2 * most) {
        const int64_t n = half - first < most ? half - first : most;
        for (int64_t i = 0; i < n; ++i) {
            cosine[i] = cosSin[2 * i];
            sine[i] = cosSin[2 * i + 1];
        }
        for (int64_t h = 0; h < nHeads; ++h) {
            float* head = x + h * headDim + first;
            for (int64_t i = 0; i < n; i += 16) {
                const int64_t count = n - i < 16 ? n - i : 16;
                const V a = loadUpTo(head + i, count), b = loadUpTo(head + half + i, count);
                const V c = loadUpTo(cosine + i, count), s = loadUpTo(sine + i, count);
                vStorePart(head + i, a * c - b * s, count);
                vStorePart(head + half + i, b * c + a * s, count);
            }
        }
    }
}

// Pairs side by side, eight in a vector.
void ropeInterleaved(float* x, const float* cosSin, int64_t nHeads, int64_t headDim, int64_t nRot) {
    const V signs = vAlternate(-1.0f, 1.0f);
    for (int64_t i = 0; i < nRot; i += 16) {
        const int64_t count = nRot - i < 16 ? nRot - i : 16;
        const V both = loadUpTo(cosSin + i, count);
        const V c = vEvenTwice(both), s = vOddTwice(both) * signs;
        for (int64_t h = 0; h < nHeads; ++h) {
            const V v = loadUpTo(x + h * headDim + i, count);
            vStorePart(x + h * headDim + i, v * c + vSwapPairs(v) * s, count);
        }
    }
}

void rope(float* x, const float* cosSin, int64_t rows, int64_t nHeads, int64_t headDim, int64_t nRot, int64_t xStride,
          RopeStyle style) noexcept {
    for (int64_t r = 0; r < rows; ++r, x += xStride, cosSin += nRot) {
        if (style == RopeStyle::Halves)
            ropeHalves(x, cosSin, nHeads, headDim, nRot / 2);
        else
            ropeInterleaved(x, cosSin, nHeads, headDim, nRot);
    }
}

template <typename F>
inline void gated(const float* gate, const float* up, int64_t n, float* out) {
    mapVectors(gate, n, out, [&](V g, int64_t i, int64_t count) { return F::of(g) * loadUpTo(up + i, count); });
}

void gatedActivation(const float* gate, const float* up, int64_t n, Activation a, float* out) noexcept {
    switch (a) {
        case Activation::Silu:
            return gated<Silu>(gate, up, n, out);
        case Activation::GeluTanh:
            return gated<GeluTanh>(gate, up, n, out);
        case Activation::GeluErf:
            return gated<GeluErf>(gate, up, n, out);
        case Activation::GeluQuick:
            return gated<GeluQuick>(gate, up, n, out);
        case Activation::Relu:
            return gated<Relu>(gate, up, n, out);
    }
}

template <typename F>
inline void activated(float* x, int64_t n) {
    mapVectors(x, n, x, [](V v, int64_t, int64_t) { return F::of(v); });
}

void activation(float* x, int64_t n, Activation a) noexcept {
    switch (a) {
        case Activation::Silu:
            return activated<Silu>(x, n);
        case Activation::GeluTanh:
            return activated<GeluTanh>(x, n);
        case Activation::GeluErf:
            return activated<GeluErf>(x, n);
        case Activation::GeluQuick:
            return activated<GeluQuick>(x, n);
        case Activation::Relu:
            return activated<Relu>(x, n);
    }
}

void add(const float* x, int64_t n, float* inOut) noexcept {
    mapVectors(inOut, n, inOut, [&](V v, int64_t i, int64_t count) { return v + loadUpTo(x + i, count); });
}

void scale(float* x, int64_t n, float by) noexcept {
    mapVectors(x, n, x, [&](V v, int64_t, int64_t) { return v * vSet(by); });
}

void encodeRows(DType type, const float* x, int64_t rows, int64_t cols, int64_t xStride, std::byte* out,
                int64_t outRowBytes) noexcept {
    for (int64_t r = 0; r < rows; ++r, x += xStride, out += outRowBytes) {
        if (type == DType::F32) {
            __builtin_memcpy(out, x, static_cast<size_t>(cols) * sizeof(float));
        } else if (type == DType::F16) {
            eachVector(
                cols, [&](int64_t i) { vStoreHalf(out + 2 * i, vLoad(x + i)); },
                [&](int64_t i, int64_t count) {
                    uint16_t half[16];
                    vStoreHalf(half, vLoadPart(x + i, count));
                    __builtin_memcpy(out + 2 * i, half, static_cast<size_t>(count) * 2);
                });
        } else {
            encodeQuantizedRow(type, x, cols, out);
        }
    }
}

// The place of a key in its group (layouts in float_kernels.h): a lane of every vector.
void storeKey(DType type, const float* key, int64_t headDim, std::byte* group, int64_t slot) noexcept {
    constexpr int64_t lanes = keyGroupTokens;
    if (type == DType::F32) {
        for (int64_t d = 0; d < headDim; ++d)
            __builtin_memcpy(group + (d * lanes + slot) * 4, key + d, 4);
        return;
    }
    if (type == DType::F16) {
        uint16_t half[16];
        for (int64_t d = 0; d < headDim; d += 16) {
            const int64_t count = headDim - d < 16 ? headDim - d : 16;
            vStoreHalf(half, loadUpTo(key + d, count));
            for (int64_t i = 0; i < count; ++i)
                __builtin_memcpy(group + ((d + i) * lanes + slot) * 2, half + i, 2);
        }
        return;
    }
    const int64_t bytes = type == DType::Q8_0 ? 32 : 16;  // of a block, beside its scale
    std::byte block[2 + 32];
    for (int64_t d = 0; d < headDim; d += 32, group += (2 + bytes) * lanes) {
        encodeQuantizedRow(type, key + d, 32, block);
        __builtin_memcpy(group + 2 * slot, block, 2);
        for (int64_t i = 0; i < bytes; ++i)
            group[(2 + i) * lanes + slot] = block[2 + i];
    }
}

}  // namespace
}  // namespace kernels
