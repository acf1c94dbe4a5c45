#include <cstring>

#include "kernels/cpu/float_kernels.h"
#include "kernels/quant/q4_0.h"
#include "kernels/quant/q8_0.h"

namespace kernels {

namespace {

int64_t padded16(int64_t n) {
    return (n + 15) / 16 * 16;
}

template <typename Format>
void encodeBlocks(const float* x, int64_t cols, std::byte* out) {
    for (int64_t i = 0; i < cols; i += Format::elements, out += sizeof(typename Format::Block)) {
        typename Format::Block block;
        Format::encode(x + i, block);
        std::memcpy(out, &block, sizeof(block));
    }
}

}  // namespace

void encodeQuantizedRow(DType type, const float* x, int64_t cols, std::byte* out) {
    if (type == DType::Q8_0)
        encodeBlocks<Q8_0>(x, cols, out);
    else
        encodeBlocks<Q4_0>(x, cols, out);
}

int64_t floatMatmulScratchBytes() {
    return 2 * 16 * floatMatmulPart * 4;  // two panels
}

int64_t attentionPartialFloats(int64_t nQueries, int64_t headDimV) {
    return padded16(2 * nQueries) + nQueries * padded16(headDimV);
}

int64_t attentionScratchBytes(int64_t headDim, int64_t headDimV, int64_t nGroupHeads, int64_t nRows) {
    const int64_t nQueries = nGroupHeads * nRows;
    const int64_t panel = keyGroupTokens * headDim, values = attentionBlockKeys * padded16(headDimV);
    return 4 * (padded16(floatPackedRows(nQueries) * headDim) + nQueries * attentionSegment +
                (panel > values ? panel : values) + 2 * attentionPartialFloats(nQueries, headDimV));
}

}  // namespace kernels
