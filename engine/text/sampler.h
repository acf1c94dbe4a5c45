// Turns logits into a token. The order of the samplers is data. Each request owns one Sampler; same seed, same logits,
// same token on every machine. Thread: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/result.h"

namespace engine {

enum class SamplerStep : uint8_t { LogitBias, Penalties, Dry, TopK, TypicalP, TopP, MinP, Temperature };

struct SamplingParams {
    float temperature = 0.8f;        // 0: greedy (ties go to the lower id)
    int32_t topK = 40;               // 0: off
    float topP = 0.95f;              // 1: off
    float minP = 0.05f;              // 0: off
    float typicalP = 1.0f;           // 1: off
    float repetitionPenalty = 1.0f;  // 1: off
    float frequencyPenalty = 0.0f;
    float presencePenalty = 0.0f;
    int32_t penaltyLastN = 64;   // 0: off, -1: whole context
    float dryMultiplier = 0.0f;  // 0: off
    float dryBase = 1.75f;
    int32_t dryAllowedLength = 2;
    int32_t dryLastN = -1;
    std::vector<std::string> dryBreakers = {"\n", ":", "\"", "*"};
    std::vector<std::pair<int32_t, float>> logitBias;  // -infinity bans a token
    uint64_t seed = 0;
    std::vector<SamplerStep> order = {SamplerStep::LogitBias, SamplerStep::Penalties,  SamplerStep::Dry,
                                      SamplerStep::TopK,      SamplerStep::TypicalP,   SamplerStep::TopP,
                                      SamplerStep::MinP,      SamplerStep::Temperature};
};

// Ranges of every field; the error names the field.
Result<void> validate(const SamplingParams& params, int64_t vocabSize);

struct TokenProbability {
    int32_t id = 0;
    float logprob = 0;  // natural logarithm, of the model's own distribution (before any sampler)
};

struct SampledToken {
    int32_t id = 0;
    float logprob = 0;
    float entropyBits = 0;              // of the model's own distribution; filled when alternatives were asked for
    std::vector<TokenProbability> top;  // nTop most probable, descending
};

class Tokenizer;

class Sampler {
  public:
    // The tokenizer turns DRY breakers into ids; may be null when DRY is off.
    Sampler(SamplingParams params, const Tokenizer* tokenizer);
    ~Sampler();
    Sampler(Sampler&&) noexcept;
    // Samples from logits [vocab]; they may be changed. Error when no logit is finite (names the step).
    Result<SampledToken> sample(std::span<float> logits, int nTop);
    // Tells the penalties about a token of the prompt or the reply.
    void accept(int32_t id);

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

}  // namespace engine
