// Reads one GGUF file that lies in memory: header, metadata, tensor directory. Trusts no field: every count and length
// is held against the bytes that are left before anything is allocated by it. Thread: any (pure function).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/result.h"
#include "engine/io/model_file.h"

namespace engine {

// Limits that the format itself does not set. Files beyond them are Unsupported, and the message names the limit.
struct GgufLimits {
    static constexpr uint64_t keys = 65'536;
    static constexpr uint64_t tensors = 65'536;
    static constexpr uint64_t keyBytes = 65'535;     // the format's own
    static constexpr uint64_t tensorNameBytes = 64;  // the format's own
    static constexpr uint64_t nestedArrays = 64;     // arrays inside arrays, in the whole file
    static constexpr int arrayDepth = 4;
    static constexpr uint64_t alignmentMin = 8, alignmentMax = 65'536;
};

struct GgufContent {
    uint32_t version = 0;
    uint64_t alignment = 32;
    int64_t dataOffset = 0;                         // first byte after the padded directory
    Metadata metadata;                              // views into the bytes that were read
    std::vector<const Metadata::value_type*> keys;  // entries of `metadata` in the file's order
    std::vector<TensorInfo> tensors;                // in the file's order; `part` is 0
    std::vector<std::string> warnings;
};

// `path` is for messages only.
Result<GgufContent> readGguf(std::span<const std::byte> file, std::string_view path);

// What the beginning of a file that is not GGUF looks like: "a web page", "a Git LFS pointer", ... Empty: cannot tell.
std::string_view looksLike(std::span<const std::byte> file);

}  // namespace engine
