#include "engine/models/transformer_config.h"

#include <cmath>
#include <cstring>

#include "engine/core/error_text.h"

namespace engine {

namespace {

constexpr int64_t MaxDim = 1 << 20;
constexpr int64_t MaxContext = (int64_t{1} << 31) - 1;

// Divisors of the frequencies kept as a tensor of nRot / 2 values.
std::vector<float> readFactors(ConfigReader& reader, const char* name, int64_t nRot) {
    const TensorInfo* tensor = reader.file().find(name);
    if (!tensor)
        return {};
    if (tensor->dtype != kernels::DType::F32 || tensor->elements != nRot / 2) {
        reader.fail(damaged("{}: tensor '{}' has {} values of type {}, expected {} of type F32", reader.name(), name,
                            tensor->elements, kernels::name(tensor->dtype), nRot / 2));
        return {};
    }
    std::vector<float> factors(static_cast<size_t>(tensor->elements));
    std::memcpy(factors.data(), tensor->data, factors.size() * sizeof(float));
    for (const float f : factors)
        if (!(f >= 1e-6f && f <= 1e9f)) {
            reader.fail(damaged("{}: tensor '{}' holds {}, expected positive factors", reader.name(), name, f));
            return {};
        }
    return factors;
}

void readRope(ConfigReader& reader, ModelConfig& c) {
    RopeConfig& rope = c.rope;
    rope.nRot = reader.integerOr("rope.dimension_count", c.headDim, 2, MaxDim);
    if (rope.nRot > c.headDim || rope.nRot % 2 != 0) {
        reader.fail(damaged("{}: metadata '{}' is {}, expected an even number up to the head size {}", reader.name(),
                            reader.full("rope.dimension_count"), rope.nRot, c.headDim));
        return;
    }
    rope.freqBase = reader.numberOr("rope.freq_base", 10000, 1.0001, 1e15);
    const std::string scaling =
        reader.stringOr("rope.scaling.type", reader.has("rope.scale_linear") ? "linear" : "none");
    if (scaling == "none" || scaling.empty()) {
        rope.scaling = RopeScaling::None;
    } else if (scaling == "linear") {
        rope.scaling = RopeScaling::Linear;
    } else if (scaling == "yarn") {
        rope.scaling = RopeScaling::Yarn;
    } else if (scaling == "longrope") {
        rope.scaling = RopeScaling::LongRope;
    } else {
        reader.fail(unsupported("{}: metadata '{}' is '{}', supported are none, linear, yarn and longrope",
                                reader.name(), reader.full("rope.scaling.type"), scaling.substr(0, 40)));
    }
    rope.factor = reader.numberOr("rope.scaling.factor", reader.numberOr("rope.scale_linear", 1, 0, 1e6), 0, 1e6);
    if (rope.factor == 0)  // how files without scaling write it
        rope.factor = 1;
    rope.originalContext = reader.integerOr("rope.scaling.original_context_length", c.trainedContext, 1, MaxContext);
    rope.attentionFactor = reader.numberOr("rope.scaling.attn_factor", 1, 1e-6, 1e6) *
                           reader.numberOr("rope.scaling.yarn_attn_factor", 1, 1e-6, 1e6);
    rope.extrapolation = reader.numberOr("rope.scaling.yarn_ext_factor", 1, -1, 100);
    if (rope.extrapolation < 0)  // "by type"
        rope.extrapolation = 1;
    rope.betaFast = reader.numberOr("rope.scaling.yarn_beta_fast", 32, 1e-6, 1e6);
    rope.betaSlow = reader.numberOr("rope.scaling.yarn_beta_slow", 1, 1e-6, 1e6);
    rope.factors = readFactors(reader, "rope_freqs.weight", rope.nRot);
    rope.longFactors = readFactors(reader, "rope_factors_long.weight", rope.nRot);
    rope.shortFactors = readFactors(reader, "rope_factors_short.weight", rope.nRot);
    if (rope.scaling == RopeScaling::LongRope && (rope.longFactors.empty() || rope.shortFactors.empty()))
        reader.fail(
            damaged("{}: longrope scaling needs the tensors 'rope_factors_long.weight' and "
                    "'rope_factors_short.weight'",
                    reader.name()));
    // Some files carry the factors and leave the type out.
    if (!rope.longFactors.empty() && !rope.shortFactors.empty() && rope.scaling == RopeScaling::None)
        rope.scaling = RopeScaling::LongRope;
}

}  // namespace

ModelConfig readTransformerConfig(ConfigReader& reader, const std::string& architecture, kernels::RopeStyle style) {
    ModelConfig c;
    c.architecture = architecture;
    c.rope.style = style;
    c.nLayers = reader.integer("block_count", 1, 4096);
    c.dim = reader.integer("embedding_length", 1, MaxDim);
    c.ffnDim = reader.integer("feed_forward_length", 1, 4 * MaxDim);
    c.trainedContext = reader.integer("context_length", 1, MaxContext);
    c.nHeads = reader.integer("attention.head_count", 1, 65536);
    c.nKvHeads = reader.integerOr("attention.head_count_kv", c.nHeads, 1, 65536);
    c.normEps = static_cast<float>(reader.number("attention.layer_norm_rms_epsilon", 1e-12, 1));
    if (reader.integerOr("expert_count", 0, 0, 65536) > 0)
        reader.fail(unsupported("{} is a mixture of {} experts, which is not supported", reader.name(),
                                reader.integer("expert_count", 0, 65536)));
    if (!reader.ok())
        return c;

    if (!reader.has("attention.key_length") && c.dim % c.nHeads != 0)
        reader.fail(damaged("{}: metadata '{}' is {}, which '{}' = {} does not divide", reader.name(),
                            reader.full("embedding_length"), c.dim, reader.full("attention.head_count"), c.nHeads));
    if (c.nHeads % c.nKvHeads != 0)
        reader.fail(damaged("{}: metadata '{}' is {}, which '{}' = {} does not divide", reader.name(),
                            reader.full("attention.head_count"), c.nHeads, reader.full("attention.head_count_kv"),
                            c.nKvHeads));
    c.headDim = reader.integerOr("attention.key_length", std::max<int64_t>(c.dim / c.nHeads, 1), 1, 65536);
    c.headDimV = reader.integerOr("attention.value_length", c.headDim, 1, 65536);
    if (!reader.ok())
        return c;
    c.attentionScale = 1.0f / std::sqrt(static_cast<float>(c.headDim));
    readRope(reader, c);

    const TensorInfo* embedding = reader.file().find("token_embd.weight");
    if (!embedding) {
        reader.fail(
            damaged("{} lacks the tensor 'token_embd.weight' that a {} model needs", reader.name(), architecture));
        return c;
    }
    c.vocabSize = reader.integerOr("vocab_size", embedding->shape[1], 1, int64_t{1} << 31);
    if (embedding->shape[1] != c.vocabSize)
        reader.fail(damaged("{}: metadata '{}' is {}, tensor 'token_embd.weight' has {} rows", reader.name(),
                            reader.full("vocab_size"), c.vocabSize, embedding->shape[1]));
    const auto tokens = reader.file().array("tokenizer.ggml.tokens", MetaArray::Element::String);
    if (tokens && static_cast<int64_t>((*tokens)->size()) != c.vocabSize)
        reader.fail(
            damaged("{}: metadata 'tokenizer.ggml.tokens' has {} tokens, tensor 'token_embd.weight' has {} rows",
                    reader.name(), (*tokens)->size(), c.vocabSize));
    c.tiedOutput = !reader.file().find("output.weight");
    return c;
}

}  // namespace engine
