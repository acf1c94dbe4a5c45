// Llama (Touvron et al. 2023) and what is built like it: Llama 1 to 3, Mistral, SmolLM, TinyLlama, Yi, ...
// GGUF files keep query and key rows in the order that rotates neighbouring pairs.
#include "engine/models/architectures.h"
#include "engine/models/transformer_config.h"

namespace engine {

Result<ModelConfig> readLlamaConfig(const ModelFile& file) {
    ConfigReader reader(file, "llama");
    ModelConfig config = readTransformerConfig(reader, "llama", kernels::RopeStyle::Interleaved);
    TRY_VOID(reader.result());
    return config;
}

}  // namespace engine
