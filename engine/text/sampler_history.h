// What penalties remember: the last tokens of prompt and reply, how often each occurs, and which repetitions a next
// token would continue (DRY). Thread: one at a time.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/text/sampler.h"

namespace engine {

class SamplerHistory {
  public:
    SamplerHistory(const SamplingParams& params, const Tokenizer* tokenizer);
    void accept(int32_t id);

    // Occurrences among the last penaltyLastN tokens.
    const std::unordered_map<int32_t, int32_t>& counts() const { return m_counts; }
    // (token, length) for every token that would continue a repetition of at least `dryAllowedLength` tokens; longest
    // length. Z function of the reversed history: linear in its length.
    const std::vector<std::pair<int32_t, int32_t>>& continuations();

  private:
    bool isBreaker(int32_t id) const;

    const SamplingParams& m_params;
    const Tokenizer* m_tokenizer;
    std::vector<int32_t> m_tokens;  // all accepted tokens, when any penalty is on
    int64_t m_lastBreaker = -1;     // index in m_tokens
    std::unordered_map<int32_t, int32_t> m_counts;
    std::vector<int32_t> m_z;
    std::vector<std::pair<int32_t, int32_t>> m_continuations;
};

}  // namespace engine
