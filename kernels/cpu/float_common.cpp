#include <cmath>
#include <cstring>

#include "kernels/cpu/float_kernels.h"
#include "kernels/cpu/half_bits.h"

namespace kernels {

namespace {

int64_t padded16(int64_t n) {
    return (n + 15) / 16 * 16;
}

// d f16, then 32 signed bytes: x = d * q.
void encodeQ8_0(const float* x, std::byte* out) {
    float largest = 0;
    for (int i = 0; i < 32; ++i)
        largest = std::fmax(largest, std::fabs(x[i]));
    const float d = largest / 127.0f;
    const float inverse = d != 0 ? 1.0f / d : 0.0f;
    const uint16_t half = floatToHalf(d);
    std::memcpy(out, &half, 2);
    for (int i = 0; i < 32; ++i)
        out[2 + i] = static_cast<std::byte>(static_cast<int8_t>(std::round(x[i] * inverse)));
}

// d f16, then 16 bytes: low nibbles are weights 0 .. 15, high nibbles 16 .. 31; x = d * (q - 8).
void encodeQ4_0(const float* x, std::byte* out) {
    float largest = 0;
    for (int i = 0; i < 32; ++i)
        if (std::fabs(x[i]) > std::fabs(largest))
            largest = x[i];
    const float d = largest / -8.0f;
    const float inverse = d != 0 ? 1.0f / d : 0.0f;
    const uint16_t half = floatToHalf(d);
    std::memcpy(out, &half, 2);
    const auto level = [&](float v) { return static_cast<int>(std::fmin(15.0f, std::floor(v * inverse + 8.5f))); };
    for (int i = 0; i < 16; ++i)
        out[2 + i] = static_cast<std::byte>(level(x[i]) | level(x[i + 16]) << 4);
}

bool allFinite(const float* x) {
    float zero = 0;
    for (int i = 0; i < 32; ++i)
        zero += x[i] * 0.0f;
    return zero == 0.0f;
}

}  // namespace

void encodeQuantizedRow(DType type, const float* x, int64_t cols, std::byte* out) {
    static constexpr float zeros[32] = {};
    for (int64_t i = 0; i < cols; i += 32) {
        // A block with an infinity or a NaN has no scale; zeros keep the integers in range.
        const float* block = allFinite(x + i) ? x + i : zeros;
        if (type == DType::Q8_0) {
            encodeQ8_0(block, out);
            out += 34;
        } else {
            encodeQ4_0(block, out);
            out += 18;
        }
    }
}

int64_t floatMatmulScratchBytes(int64_t cols) {
    return floatMatmulBlockRows * padded16(cols) * 4;
}

int64_t attentionPartialFloats(int64_t nQueries, int64_t headDimV) {
    return padded16(2 * nQueries) + nQueries * padded16(headDimV);
}

int64_t attentionScratchBytes(int64_t headDim, int64_t headDimV, int64_t nGroupHeads, int64_t nRows) {
    constexpr int64_t blockKeys = 64;  // as in float_attention_body.h
    const int64_t nQueries = nGroupHeads * nRows;
    const int64_t widest = padded16(headDim) > padded16(headDimV) ? padded16(headDim) : padded16(headDimV);
    return 4 * (nQueries * (padded16(headDim) + attentionSegment) + blockKeys * widest +
                2 * attentionPartialFloats(nQueries, headDimV));
}

}  // namespace kernels
