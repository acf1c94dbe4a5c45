// A model's file or files, mapped and validated: metadata, tensor directory, bytes. GGUF now; safetensors looks alike from here.
// Immutable once opened. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/core/result.h"
#include "kernels/dtype.h"

namespace engine {

struct MetaValue;
struct MetaArray {
    enum class Element : uint8_t { Integer, Float, Bool, String, Array };
    Element element = Element::Integer;
    // Exactly one is used, by `element`. Strings are views into the mapped file.
    std::vector<int64_t> integers;   // u64 above 2^63 - 1 is refused when the file is opened
    std::vector<double> floats;
    std::vector<std::string_view> strings;
    std::vector<MetaArray> arrays;
    size_t size() const;
};
// One metadata value. Integers keep sign and value, whatever width the file used (`width` names it: "u32", "i8", ...).
struct MetaValue {
    std::variant<bool, int64_t, uint64_t, double, std::string_view, MetaArray> value;
    std::string_view width;
};

struct TensorInfo {
    std::string name;
    kernels::DType dtype = kernels::DType::F32;
    int rank = 1;
    int64_t shape[4] = {1, 1, 1, 1};   // GGUF order: shape[0] is the contiguous row length (inputs), shape[1] the rows
    int64_t elements = 0;
    int64_t sizeBytes = 0;
    int64_t fileOffset = 0;            // from the beginning of its part
    int part = 0;                      // which file of a split model
    const std::byte* data = nullptr;   // mapped bytes; see ModelFile::readGuarded for files on unreliable drives
};

class ModelFile {
  public:
    // Opens one file, or all parts of a split model when `path` is any of them. Validates every row G01 to G25 of the
    // catalogue before allocating by it. Errors name file, field, found and expected.
    static Result<std::shared_ptr<const ModelFile>> open(const std::string& pathUtf8);
    virtual ~ModelFile() = default;

    virtual const std::string& path() const = 0;            // of the first part
    virtual int64_t sizeBytes() const = 0;                   // all parts together
    virtual std::string_view format() const = 0;             // "GGUF v3"
    virtual const std::map<std::string, MetaValue, std::less<>>& metadata() const = 0;
    virtual std::span<const TensorInfo> tensors() const = 0;
    virtual const TensorInfo* find(std::string_view name) const = 0;
    virtual std::span<const std::string> warnings() const = 0;   // e.g. trailing bytes

    // Typed access; the error names file, key, found and expected type or range.
    Result<std::string> string(std::string_view key) const;
    Result<int64_t> integer(std::string_view key, int64_t min, int64_t max) const;
    Result<double> number(std::string_view key) const;
    Result<bool> boolean(std::string_view key) const;
    Result<const MetaArray*> array(std::string_view key, MetaArray::Element element) const;
    bool has(std::string_view key) const;
};

}  // namespace engine
