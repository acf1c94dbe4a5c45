// A model's file or files, mapped and validated: metadata, tensor directory, bytes. GGUF now; safetensors looks alike
// from here. Immutable once opened. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/result.h"
#include "engine/io/metadata.h"
#include "kernels/dtype.h"

namespace engine {

struct TensorInfo {
    std::string name;
    kernels::DType dtype = kernels::DType::F32;
    int rank = 1;
    int64_t shape[4] = {1, 1, 1, 1};  // GGUF order: shape[0] is the contiguous row length (inputs), shape[1] the rows
    int64_t elements = 0;
    int64_t sizeBytes = 0;
    int64_t fileOffset = 0;           // from the beginning of its part
    int part = 0;                     // which file of a split model
    const std::byte* data = nullptr;  // mapped bytes, at least 8-byte aligned; see ModelFile::intact
};

using Metadata = std::map<std::string, MetaValue, std::less<>>;

class ModelFile {
  public:
    // Opens one file, or all parts of a split model when `path` is any of them. Validates every row G01 to G25 of the
    // catalogue (engine/io/README.md) before allocating by it. Errors name file, field, found and expected.
    static Result<std::shared_ptr<const ModelFile>> open(const std::string& pathUtf8);
    virtual ~ModelFile() = default;

    virtual const std::string& path() const = 0;             // of the first part
    virtual std::span<const std::string> parts() const = 0;  // paths of all parts; one for an ordinary file
    virtual int64_t sizeBytes() const = 0;                   // all parts together
    virtual std::string_view format() const = 0;             // "GGUF v3"
    virtual const Metadata& metadata() const = 0;
    virtual std::span<const Metadata::value_type* const> keys() const = 0;  // entries of metadata() in the file's order
    virtual std::span<const TensorInfo> tensors() const = 0;
    virtual const TensorInfo* find(std::string_view name) const = 0;
    virtual std::span<const std::string> warnings() const = 0;  // e.g. trailing bytes

    // A file on an unreliable drive can shrink or vanish while mapped. Touching its pages then never crashes (they read
    // as zeros, mapped_file.h), and this tells: ask after each step of work and throw the step away on an error.
    virtual Result<void> checkIntact() const = 0;
    // Bytes of a tensor by an ordinary read, which reports what touching the mapping would hide.
    virtual Result<void> read(const TensorInfo& tensor, int64_t offset, std::span<std::byte> out) const = 0;

    virtual int64_t partSizeBytes(int part) const = 0;
    virtual Result<void> readPart(int part, int64_t offset, std::span<std::byte> out) const = 0;

    // Typed access; the error names file, key, found and expected type or range.
    Result<std::string> string(std::string_view key) const;
    Result<int64_t> integer(std::string_view key, int64_t min, int64_t max) const;
    Result<double> number(std::string_view key) const;  // integers count; refuses what is not finite
    Result<bool> boolean(std::string_view key) const;
    Result<const MetaArray*> array(std::string_view key, MetaArray::Element element) const;
    bool has(std::string_view key) const;
};

}  // namespace engine
