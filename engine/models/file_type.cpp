#include "engine/models/file_type.h"

#include <algorithm>
#include <array>

namespace engine {

namespace {

// Values of `general.file_type`.
struct FileTypeName {
    int64_t number;
    const char* name;
};
constexpr FileTypeName names[] = {
    {0, "F32"},     {1, "F16"},     {2, "Q4_0"},    {3, "Q4_1"},    {7, "Q8_0"},    {8, "Q5_0"},    {9, "Q5_1"},
    {10, "Q2_K"},   {11, "Q3_K_S"}, {12, "Q3_K_M"}, {13, "Q3_K_L"}, {14, "Q4_K_S"}, {15, "Q4_K_M"}, {16, "Q5_K_S"},
    {17, "Q5_K_M"}, {18, "Q6_K"},   {21, "Q2_K_S"}, {25, "IQ4_NL"}, {30, "IQ4_XS"}, {32, "BF16"},   {38, "MXFP4"},
};

}  // namespace

std::string fileTypeOf(const ModelFile& file) {
    if (const auto number = file.integer("general.file_type", 0, 1000))
        for (const FileTypeName& entry : names)
            if (entry.number == *number)
                return entry.name;
    std::array<int64_t, kernels::nDTypes> elements{};
    for (const TensorInfo& tensor : file.tensors())
        elements[static_cast<size_t>(tensor.dtype)] += tensor.elements;
    const auto most = std::max_element(elements.begin(), elements.end()) - elements.begin();
    return std::string(kernels::dtypeTable[static_cast<size_t>(most)].name);
}

int64_t parameterCount(const ModelFile& file) {
    int64_t count = 0;
    for (const TensorInfo& tensor : file.tensors())
        count += tensor.elements;
    return count;
}

}  // namespace engine
