// The configuration readers that models.cpp lists, one per architecture file. Each names the first key that is missing
// or out of range. Thread: any.
#pragma once

#include "engine/core/result.h"
#include "engine/io/model_file.h"
#include "engine/models/model.h"

namespace engine {

Result<ModelConfig> readLlamaConfig(const ModelFile& file);
Result<ModelConfig> readGraniteConfig(const ModelFile& file);

}  // namespace engine
