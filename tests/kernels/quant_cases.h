// Seeded blocks and floats for the tests and benches of quantized kernels; the same as in
// tests/data/make_quant_goldens.py. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/dtype.h"

namespace tests {

class SplitMix {
  public:
    explicit SplitMix(uint64_t seed) : m_state(seed) {}
    uint64_t next() {
        m_state += 0x9E3779B97F4A7C15ull;
        uint64_t z = m_state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return z ^ (z >> 31);
    }

  private:
    uint64_t m_state;
};

// Bytes of a block that hold the exponent of a scale.
inline std::vector<int> scaleBytes(kernels::DType dtype) {
    using kernels::DType;
    switch (dtype) {
        case DType::Q4_1:
        case DType::Q5_1:
        case DType::Q4_K:
        case DType::Q5_K:
            return {1, 3};
        case DType::Q2_K:
            return {81, 83};
        case DType::Q3_K:
            return {109};
        case DType::Q6_K:
            return {209};
        case DType::Q8_K:
            return {3};
        case DType::MXFP4:
            return {0};
        default:
            return {1};
    }
}

// Random blocks whose scales are finite and at most 2.
inline std::vector<std::byte> randomBlocks(kernels::DType dtype, int64_t count, uint64_t seed) {
    const int64_t size = kernels::info(dtype).blockBytes;
    std::vector<std::byte> out(static_cast<size_t>(count * size));
    SplitMix r(seed);
    for (std::byte& b : out)
        b = static_cast<std::byte>(r.next() >> 56);
    const std::byte mask{dtype == kernels::DType::MXFP4 ? uint8_t{0x7f} : uint8_t{0xbf}};
    for (int64_t i = 0; i < count; ++i)
        for (int offset : scaleBytes(dtype))
            out[static_cast<size_t>(i * size + offset)] &= mask;
    return out;
}

// Multiples of 2^-20 in [-8, 8).
inline std::vector<float> randomFloats(int64_t count, uint64_t seed) {
    std::vector<float> out(static_cast<size_t>(count));
    SplitMix r(seed);
    for (float& f : out)
        f = static_cast<float>(static_cast<int64_t>(r.next() >> 40) - (1 << 23)) / static_cast<float>(1 << 20);
    return out;
}

inline uint64_t fnv1a(const void* data, size_t bytes) {
    uint64_t h = 0xCBF29CE484222325ull;
    for (size_t i = 0; i < bytes; ++i)
        h = (h ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001B3ull;
    return h;
}

inline std::vector<kernels::DType> quantizedTypes() {
    std::vector<kernels::DType> types;
    for (const kernels::DTypeInfo& row : kernels::dtypeTable)
        if (row.quantized)
            types.push_back(row.dtype);
    return types;
}

}  // namespace tests
