// libFuzzer target: the GGUF reader on arbitrary bytes. Build with Clang: see tests/fuzz/README.md.
#include <cstdint>
#include <cstdlib>

#include "engine/io/gguf_reader.h"

namespace {

// Reads what a user of the directory would read; the sanitizers see any view that leaves the input.
uint64_t touch(const engine::MetaArray& array) {
    uint64_t sum = array.size();
    for (const int64_t value : array.integers)
        sum += static_cast<uint64_t>(value);
    for (const double value : array.floats)
        sum += value > 0;
    for (const std::string_view text : array.strings)
        sum += text.empty() ? 0 : static_cast<uint8_t>(text.back());
    for (const engine::MetaArray& inner : array.arrays)
        sum += touch(inner);
    return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
    const auto content = engine::readGguf(file, "fuzz.gguf");
    uint64_t sum = 0;
    if (!content) {
        if (content.error().message.size() < 15)
            std::abort();  // an error without a sentence
        sum += content.error().message.size();
    } else {
        for (const auto& [key, value] : content->metadata) {
            if (const auto* text = std::get_if<std::string_view>(&value.value))
                sum += text->empty() ? 0 : static_cast<uint8_t>(text->front()) + static_cast<uint8_t>(text->back());
            if (const auto* array = std::get_if<engine::MetaArray>(&value.value))
                sum += touch(*array);
        }
        for (const engine::TensorInfo& tensor : content->tensors)
            sum += static_cast<uint8_t>(tensor.data[0]) + static_cast<uint8_t>(tensor.data[tensor.sizeBytes - 1]);
    }
    [[maybe_unused]] static volatile uint64_t sink;
    sink = sum;
    return 0;
}
