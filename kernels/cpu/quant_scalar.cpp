#include <cmath>
#include <cstring>

#include "kernels/cpu/isa_tables.h"
#include "kernels/quant/iq4_xs.h"
#include "kernels/quant/mxfp4.h"
#include "kernels/quant/q2_k.h"
#include "kernels/quant/q3_k.h"
#include "kernels/quant/q4_0.h"
#include "kernels/quant/q4_1.h"
#include "kernels/quant/q5_0.h"
#include "kernels/quant/q5_1.h"
#include "kernels/quant/q5_k.h"
#include "kernels/quant/q6_k.h"
#include "kernels/quant/q8_0.h"
#include "kernels/quant/q8_k.h"

namespace kernels {
namespace {

template <typename Format>
struct Unpacked {
    static constexpr int subBlocks = Format::elements / Format::subBlock;
    int8_t q[Format::elements];
    float scale[subBlocks];
    float min[subBlocks];

    explicit Unpacked(const std::byte* block) {
        typename Format::Block b;
        std::memcpy(&b, block, sizeof b);
        Format::unpack(b, q, scale, min);
    }
};

template <typename Format>
void decode(const std::byte* blocks, int64_t elements, float* out) noexcept {
    for (int64_t begin = 0; begin < elements; begin += Format::elements, blocks += sizeof(typename Format::Block)) {
        const Unpacked<Format> u(blocks);
        for (int i = 0; i < Format::elements; ++i) {
            const int s = i / Format::subBlock;
            const float product = u.scale[s] * static_cast<float>(u.q[i]);
            out[begin + i] = Format::hasMin ? product + u.min[s] : product;
        }
    }
}

template <typename T>
void decodePlain(const std::byte* values, int64_t elements, float* out) noexcept {
    for (int64_t i = 0; i < elements; ++i) {
        T v;
        std::memcpy(&v, values + i * static_cast<int64_t>(sizeof v), sizeof v);
        out[i] = static_cast<float>(v);
    }
}

void decodeF16(const std::byte* values, int64_t elements, float* out) noexcept {
    for (int64_t i = 0; i < elements; ++i)
        out[i] = loadHalf(reinterpret_cast<const uint8_t*>(values + 2 * i));
}

void decodeBf16(const std::byte* values, int64_t elements, float* out) noexcept {
    for (int64_t i = 0; i < elements; ++i)
        out[i] = bf16ToFloat(load16(reinterpret_cast<const uint8_t*>(values + 2 * i)));
}

// The place of element i of a row among its activations.
constexpr int placeOf(const int8_t*, int i) {
    return i;
}
constexpr int placeOf(const int16_t*, int i) {
    return i % 4 == 1 || i % 4 == 2 ? i ^ 3 : i;
}
// Sum of the first (0) or of the last (1) 16 activations of a block.
int32_t halfSum(const Q8Block& x, int half) {
    return x.sum16[half];
}
int32_t halfSum(const Q16Block& x, int half) {
    return x.sums[half];
}

// One sub-block of the canonical order.
template <typename Format, typename Value, typename Block>
float accumulate(const Unpacked<Format>& u, int sub, const Value* q, const Block& x, int half, float acc) {
    int32_t dot = 0;
    for (int i = 0; i < Format::subBlock; ++i)
        dot += static_cast<int32_t>(u.q[sub * Format::subBlock + i]) * q[placeOf(q, i)];
    acc = std::fma(u.scale[sub] * x.scale, static_cast<float>(dot), acc);
    if constexpr (Format::hasMin) {
        const float sum = Format::subBlock == 32 ? x.sum : x.scale * static_cast<float>(halfSum(x, half));
        acc = std::fma(u.min[sub], sum, acc);
    }
    return acc;
}

template <typename Format, typename X>
void matmul(const QuantProduct<X>& a) noexcept {
    constexpr int perX = 32 / Format::subBlock;  // sub-blocks in a block of activations
    const int64_t xBlocks = a.x.cols / 32;
    for (int64_t n = a.nBegin; n < a.nEnd; ++n) {
        for (int64_t m = 0; m < a.x.rows; ++m)
            a.out[m * a.outStride + n] = 0.0f;
        const std::byte* row = a.w + n * a.wRowBytes;
        for (int64_t k = 0; k < a.x.cols; k += Format::elements, row += sizeof(typename Format::Block)) {
            const Unpacked<Format> u(row);
            for (int64_t m = 0; m < a.x.rows; ++m) {
                const auto* q = a.x.q + m * a.x.qStride + k;
                const auto* x = a.x.blocks + m * xBlocks + k / 32;
                float acc = a.out[m * a.outStride + n];
                for (int sub = 0; sub < Unpacked<Format>::subBlocks; ++sub)
                    acc = accumulate(u, sub, q + sub * Format::subBlock, x[sub / perX], sub % perX, acc);
                a.out[m * a.outStride + n] = acc;
            }
        }
    }
}

// What a block of 32 values is divided by; shared by both widths.
struct BlockScale {
    bool finite, used;
    float magnitude, inverse;

    BlockScale(const float* values, float largest) {
        uint32_t bits = 0;  // of the largest magnitude; NaN is above infinity, infinity above every number
        for (int i = 0; i < 32; ++i) {
            const uint32_t b = bitsOfFloat(values[i]) & 0x7fffffffu;
            bits = b > bits ? b : bits;
        }
        finite = bits < 0x7f800000u;
        used = finite && bits >= (largest > 127.0f ? leastScaled16 : leastScaled8);
        magnitude = used ? floatOfBits(bits) : 0.0f;
        inverse = used ? largest / magnitude : 0.0f;
    }
    float scale(float largest) const { return finite ? magnitude / largest : floatOfBits(0x7fc00000u); }
};

void quantizeQ8(const float* x, int64_t rows, int64_t cols, int64_t xStride, const Q8Rows& out) noexcept {
    for (int64_t m = 0; m < rows; ++m) {
        for (int64_t k = 0; k < cols; k += 32) {
            const float* from = x + m * xStride + k;
            int8_t* q = out.q + m * out.qStride + k;
            const BlockScale scale(from, 127.0f);
            int sums[2] = {0, 0};
            for (int i = 0; i < 32; ++i) {
                q[i] = scale.used ? static_cast<int8_t>(std::lrintf(from[i] * scale.inverse)) : int8_t{0};
                sums[i / 16] += q[i];
            }
            Q8Block& block = out.blocks[m * (cols / 32) + k / 32];
            block.scale = scale.scale(127.0f);
            block.sum = block.scale * static_cast<float>(sums[0] + sums[1]);
            block.bias = -128 * (sums[0] + sums[1]);
            block.sum16[0] = static_cast<int16_t>(sums[0]);
            block.sum16[1] = static_cast<int16_t>(sums[1]);
        }
    }
}

void quantizeQ16(const float* x, int64_t rows, int64_t cols, int64_t xStride, const Q16Rows& out) noexcept {
    for (int64_t m = 0; m < rows; ++m) {
        for (int64_t k = 0; k < cols; k += 32) {
            const float* from = x + m * xStride + k;
            int16_t* q = out.q + m * out.qStride + k;
            const BlockScale scale(from, 32767.0f);
            int32_t sums[2] = {0, 0};
            for (int i = 0; i < 32; ++i) {
                const auto value = scale.used ? static_cast<int16_t>(std::lrintf(from[i] * scale.inverse)) : int16_t{0};
                q[placeOf(q, i)] = value;
                sums[i / 16] += value;
            }
            Q16Block& block = out.blocks[m * (cols / 32) + k / 32];
            block.scale = scale.scale(32767.0f);
            block.sum = block.scale * static_cast<float>(sums[0] + sums[1]);
            block.sums[0] = sums[0];
            block.sums[1] = sums[1];
        }
    }
}

template <typename Format>
void add(QuantKernels& table, DType dtype) {
    static_assert(sizeof(int32_t) == 4);
    table.decode[static_cast<size_t>(dtype)] = decode<Format>;
    table.matmul[static_cast<size_t>(dtype)] = matmul<Format, Q8Rows>;
    table.matmul16[static_cast<size_t>(dtype)] = matmul<Format, Q16Rows>;
}

QuantKernels makeTable() {
    QuantKernels t;
    const auto plain = [&t](DType dtype, QuantKernels::Decode f) { t.decode[static_cast<size_t>(dtype)] = f; };
    plain(DType::F32, decodePlain<float>);
    plain(DType::F16, decodeF16);
    plain(DType::BF16, decodeBf16);
    plain(DType::F64, decodePlain<double>);
    plain(DType::I8, decodePlain<int8_t>);
    plain(DType::I16, decodePlain<int16_t>);
    plain(DType::I32, decodePlain<int32_t>);
    plain(DType::I64, decodePlain<int64_t>);
    add<Q4_0>(t, DType::Q4_0);
    add<Q4_1>(t, DType::Q4_1);
    add<Q5_0>(t, DType::Q5_0);
    add<Q5_1>(t, DType::Q5_1);
    add<Q8_0>(t, DType::Q8_0);
    add<Q2_K>(t, DType::Q2_K);
    add<Q3_K>(t, DType::Q3_K);
    add<Q4_K>(t, DType::Q4_K);
    add<Q5_K>(t, DType::Q5_K);
    add<Q6_K>(t, DType::Q6_K);
    add<Q8_K>(t, DType::Q8_K);
    add<IQ4_NL>(t, DType::IQ4_NL);
    add<IQ4_XS>(t, DType::IQ4_XS);
    add<MXFP4>(t, DType::MXFP4);
    t.quantizeQ8 = quantizeQ8;
    t.quantizeQ16 = quantizeQ16;
    return t;
}

}  // namespace

const QuantKernels& scalarQuantKernels() {
    static const QuantKernels table = makeTable();
    return table;
}

int64_t quantMatmulScratchBytes(DType, int64_t) {
    return quantScratchBytes;
}

namespace {

int64_t rowStride(int64_t cols) {
    return (cols + 63) / 64 * 64 + 64;
}

// Values first, then the blocks.
template <typename Rows>
int64_t valueBytes(int64_t rows, int64_t cols) {
    return rows * rowStride(cols) * static_cast<int64_t>(sizeof(*Rows::q));
}

template <typename Rows>
int64_t rowsBytes(int64_t rows, int64_t cols) {
    const int64_t blocks = rows * (cols / 32) * static_cast<int64_t>(sizeof(typename Rows::Block));
    return valueBytes<Rows>(rows, cols) + (blocks + 63) / 64 * 64;
}

template <typename Rows>
Rows rowsIn(std::byte* memory, int64_t rows, int64_t cols) {
    return {.q = reinterpret_cast<decltype(Rows::q)>(memory),
            .blocks = reinterpret_cast<typename Rows::Block*>(memory + valueBytes<Rows>(rows, cols)),
            .qStride = rowStride(cols),
            .rows = rows,
            .cols = cols};
}

template <typename Rows>
Rows rowRange(const Rows& x, int64_t begin, int64_t count) {
    return {.q = x.q + begin * x.qStride,
            .blocks = x.blocks + begin * (x.cols / 32),
            .qStride = x.qStride,
            .rows = count,
            .cols = x.cols};
}

}  // namespace

int64_t q8RowsBytes(int64_t rows, int64_t cols) {
    return rowsBytes<Q8Rows>(rows, cols);
}
Q8Rows q8RowsIn(std::byte* memory, int64_t rows, int64_t cols) {
    return rowsIn<Q8Rows>(memory, rows, cols);
}
int64_t q16RowsBytes(int64_t rows, int64_t cols) {
    return rowsBytes<Q16Rows>(rows, cols);
}
Q16Rows q16RowsIn(std::byte* memory, int64_t rows, int64_t cols) {
    return rowsIn<Q16Rows>(memory, rows, cols);
}
Q8Rows quantRowRange(const Q8Rows& x, int64_t begin, int64_t count) {
    return rowRange(x, begin, count);
}
Q16Rows quantRowRange(const Q16Rows& x, int64_t begin, int64_t count) {
    return rowRange(x, begin, count);
}

}  // namespace kernels
