// The keys that all transformers of engine/models read in the same way. Thread: any.
#pragma once

#include "engine/models/config_reader.h"
#include "engine/models/model.h"

namespace engine {

// Sizes, heads, norms, rotary positions with their scaling. Errors are kept in the reader; on an error the values are
// within their ranges but mean nothing.
ModelConfig readTransformerConfig(ConfigReader& reader, const std::string& architecture, kernels::RopeStyle style);

}  // namespace engine
