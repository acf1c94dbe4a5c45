#include "engine/text/sampler_history.h"

#include <algorithm>

#include "engine/text/tokenizer.h"

namespace engine {

SamplerHistory::SamplerHistory(const SamplingParams& params, const Tokenizer* tokenizer)
    : m_params(params), m_tokenizer(tokenizer) {}

bool SamplerHistory::isBreaker(int32_t id) const {
    if (!m_tokenizer || m_params.dryMultiplier == 0.0f || id < 0 || id >= m_tokenizer->vocabSize())
        return false;
    const std::string piece = m_tokenizer->piece(id, true);
    return std::any_of(m_params.dryBreakers.begin(), m_params.dryBreakers.end(),
                       [&](const std::string& b) { return !b.empty() && piece.find(b) != std::string::npos; });
}

void SamplerHistory::accept(int32_t id) {
    m_tokens.push_back(id);
    if (m_params.penaltyLastN != 0) {
        ++m_counts[id];
        const auto window = static_cast<size_t>(m_params.penaltyLastN);
        if (m_params.penaltyLastN > 0 && m_tokens.size() > window) {
            const auto leaving = m_counts.find(m_tokens[m_tokens.size() - 1 - window]);
            if (--leaving->second == 0)
                m_counts.erase(leaving);
        }
    }
    if (isBreaker(id))
        m_lastBreaker = static_cast<int64_t>(m_tokens.size()) - 1;
}

const std::vector<std::pair<int32_t, int32_t>>& SamplerHistory::continuations() {
    m_continuations.clear();
    const auto total = static_cast<int64_t>(m_tokens.size());
    const int64_t n = m_params.dryLastN < 0 ? total : std::min<int64_t>(total, m_params.dryLastN);
    // A repetition reaches back at most to the last breaker.
    const int64_t reach = std::min(n, total - 1 - m_lastBreaker);
    const int64_t allowed = m_params.dryAllowedLength;
    if (n < 2 || reach < allowed)
        return m_continuations;
    const auto at = [&](int64_t i) { return m_tokens[static_cast<size_t>(total - 1 - i)]; };  // reversed
    m_z.assign(static_cast<size_t>(n), 0);
    for (int64_t i = 1, left = 0, right = 0; i < n; ++i) {
        int64_t z = i < right ? std::min<int64_t>(right - i, m_z[static_cast<size_t>(i - left)]) : 0;
        while (i + z < n && at(z) == at(i + z))
            ++z;
        if (i + z > right) {
            left = i;
            right = i + z;
        }
        m_z[static_cast<size_t>(i)] = static_cast<int32_t>(z);
        const auto length = static_cast<int32_t>(std::min(z, reach));
        if (length >= allowed)
            m_continuations.emplace_back(at(i - 1), length);
    }
    std::sort(m_continuations.begin(), m_continuations.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first < b.first : a.second > b.second;
    });
    const auto last = std::unique(m_continuations.begin(), m_continuations.end(),
                                  [](const auto& a, const auto& b) { return a.first == b.first; });
    m_continuations.erase(last, m_continuations.end());
    return m_continuations;
}

}  // namespace engine
