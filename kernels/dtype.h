// Every element type that a model file can hold, in one table. A quantized type is stored in blocks; an ordinary type
// is a block of one element. The order of the enumerators is ours; `ggmlType` is the number used in GGUF files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kernels {

enum class DType : uint8_t {
    F32,
    F16,
    BF16,
    F64,
    I8,
    I16,
    I32,
    I64,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    Q8_K,
    IQ4_NL,
    IQ4_XS,
    MXFP4,
};

struct DTypeInfo {
    DType dtype;
    std::string_view name;
    uint32_t ggmlType;      // number in a GGUF tensor directory
    int32_t blockElements;  // elements per block (1 for ordinary types)
    int32_t blockBytes;     // bytes per block
    bool quantized;
};

inline constexpr std::array dtypeTable = {
    DTypeInfo{DType::F32, "F32", 0, 1, 4, false},
    DTypeInfo{DType::F16, "F16", 1, 1, 2, false},
    DTypeInfo{DType::BF16, "BF16", 30, 1, 2, false},
    DTypeInfo{DType::F64, "F64", 28, 1, 8, false},
    DTypeInfo{DType::I8, "I8", 24, 1, 1, false},
    DTypeInfo{DType::I16, "I16", 25, 1, 2, false},
    DTypeInfo{DType::I32, "I32", 26, 1, 4, false},
    DTypeInfo{DType::I64, "I64", 27, 1, 8, false},
    DTypeInfo{DType::Q4_0, "Q4_0", 2, 32, 18, true},
    DTypeInfo{DType::Q4_1, "Q4_1", 3, 32, 20, true},
    DTypeInfo{DType::Q5_0, "Q5_0", 6, 32, 22, true},
    DTypeInfo{DType::Q5_1, "Q5_1", 7, 32, 24, true},
    DTypeInfo{DType::Q8_0, "Q8_0", 8, 32, 34, true},
    DTypeInfo{DType::Q2_K, "Q2_K", 10, 256, 84, true},
    DTypeInfo{DType::Q3_K, "Q3_K", 11, 256, 110, true},
    DTypeInfo{DType::Q4_K, "Q4_K", 12, 256, 144, true},
    DTypeInfo{DType::Q5_K, "Q5_K", 13, 256, 176, true},
    DTypeInfo{DType::Q6_K, "Q6_K", 14, 256, 210, true},
    DTypeInfo{DType::Q8_K, "Q8_K", 15, 256, 292, true},
    DTypeInfo{DType::IQ4_NL, "IQ4_NL", 20, 32, 18, true},
    DTypeInfo{DType::IQ4_XS, "IQ4_XS", 23, 256, 136, true},
    DTypeInfo{DType::MXFP4, "MXFP4", 39, 32, 17, true},
};
inline constexpr int nDTypes = static_cast<int>(dtypeTable.size());

constexpr const DTypeInfo& info(DType t) {
    return dtypeTable[static_cast<size_t>(t)];
}
constexpr std::string_view name(DType t) {
    return info(t).name;
}

// Bytes of a row of `elements`; `elements` must be a multiple of the block.
constexpr int64_t rowBytes(DType t, int64_t elements) {
    return elements / info(t).blockElements * info(t).blockBytes;
}

constexpr std::optional<DType> dtypeFromGgml(uint32_t ggmlType) {
    for (const DTypeInfo& row : dtypeTable)
        if (row.ggmlType == ggmlType)
            return row.dtype;
    return std::nullopt;
}

constexpr std::optional<DType> dtypeFromName(std::string_view name) {
    for (const DTypeInfo& row : dtypeTable)
        if (row.name == name)
            return row.dtype;
    return std::nullopt;
}

static_assert(
    [] {
        for (size_t i = 0; i < dtypeTable.size(); ++i)
            if (static_cast<size_t>(dtypeTable[i].dtype) != i)
                return false;
        return true;
    }(),
    "dtypeTable must be in the order of DType");

}  // namespace kernels
