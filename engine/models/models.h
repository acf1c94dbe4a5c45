// The list of architectures, and the way from a file to a model. Thread: the engine's.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/models/model.h"

namespace engine {

std::vector<std::string_view> knownArchitectures();

// Checks metadata and tensor shapes against each other; reads no weight. Says what a file is that is no language model
// (vision part, adapter, vocabulary) and which architectures are known when this one is not.
Result<ModelConfig> readModelConfig(const ModelFile& file);
// Names of tensors that the model does not use; rarely more than none. Their absence from the computation may matter.
std::vector<std::string> unusedTensors(const ModelFile& file, const ModelConfig& config);

// The model for sequences of at most `contextTokens`. Matrices stay in the mapped file where the backend computes from
// it; norms and biases are read and must be finite.
Result<std::shared_ptr<const Model>> makeModel(std::shared_ptr<const ModelFile> file, const ModelConfig& config,
                                               int64_t contextTokens, Backend& backend,
                                               const std::function<void(double)>& progress, std::stop_token stop);

}  // namespace engine
