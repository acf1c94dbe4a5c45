// How long a context a model gets and how many pages, from what it needs and what the machine has. Pure arithmetic
// apart from reading the file's metadata. Thread: any.
#pragma once

#include <string>
#include <vector>

#include "engine/models/model.h"
#include "engine/run/engine.h"

namespace engine {

struct MemoryPlan {
    int64_t contextTokens = 0, pages = 0, kvBytes = 0;
    std::vector<std::string> notes;  // what was cut, in words
};

inline constexpr int64_t LeastContext = 256;  // tokens; less is refused

KvShape kvShapeOf(const ModelConfig& config, const LoadOptions& options);

// `freeBytes` 0: unknown, nothing is refused for want of memory. Errors: OutOfMemory with the numbers, InvalidRequest.
Result<MemoryPlan> planMemory(const ModelConfig& config, const LoadOptions& options, int64_t weightBytes,
                              int64_t scratchBytes, int64_t freeBytes);

// Before anything is loaded: what the file's model needs.
struct MemoryEstimate {
    int64_t weightBytes = 0, kvBytesPerToken = 0;
    int64_t peakBytes = 0;  // weights, keys and values of the default context, intermediate results
};
Result<MemoryEstimate> estimateMemory(const ModelFile& file, const LoadOptions& options);

}  // namespace engine
