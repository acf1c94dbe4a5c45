// Granite (IBM 2024): Llama with constant factors on embedding, scores, residual branches and logits.
#include "engine/models/architectures.h"
#include "engine/models/transformer_config.h"

namespace engine {

Result<ModelConfig> readGraniteConfig(const ModelFile& file) {
    ConfigReader reader(file, "granite");
    ModelConfig config = readTransformerConfig(reader, "granite", kernels::RopeStyle::Interleaved);
    const auto factor = [&reader](std::string_view key, float fallback) {
        return static_cast<float>(reader.numberOr(key, fallback, 1e-6, 1e6));
    };
    config.embeddingScale = factor("embedding_scale", 1);
    config.residualScale = factor("residual_scale", 1);
    config.attentionScale = factor("attention.scale", config.attentionScale);
    config.logitScale = 1.0f / factor("logit_scale", 1);  // the file says what logits are divided by
    TRY_VOID(reader.result());
    return config;
}

}  // namespace engine
