// The short name of a file's quantization ("Q4_K_M"), as people know it. Thread: any.
#pragma once

#include <string>

#include "engine/io/model_file.h"

namespace engine {

// What the file says of itself, else the type of most of its weights.
std::string fileTypeOf(const ModelFile& file);
// Weights of all tensors.
int64_t parameterCount(const ModelFile& file);

}  // namespace engine
