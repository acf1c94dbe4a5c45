// Prompt look-up: where the last tokens occurred before, the text may go on as it did then. Replies that quote, edit or
// repeat their prompt gain; it needs no second model. Saxena 2023 (github.com/apoorvumang/prompt-lookup-decoding).
#include <algorithm>
#include <unordered_map>

#include "engine/run/proposer.h"

namespace engine {

namespace {

constexpr int64_t LeastMatch = 3;                        // tokens that must agree: two agree too often by chance
constexpr int64_t MostMatch = LeastMatch + MaxSureness;  // longer matches are not told apart
constexpr int MostCandidates = 16;                       // earlier places looked at, latest first
constexpr size_t LeastBuckets = 256;                     // power of two

// The places of every run of LeastMatch tokens in one text: a hash table of the latest place, and from each place a
// link to the one before it. Constant work per token, at most 12 bytes of memory.
class NgramIndex {
  public:
    void follow(std::span<const int32_t> ids) {
        if (ids.size() < m_previous.size())  // the text was shortened: what lies behind may differ
            *this = {};
        m_previous.reserve(ids.size());
        for (auto end = static_cast<int64_t>(m_previous.size()) + 1; end <= std::ssize(ids); ++end)
            add(ids, end);
    }

    // Longest match of the end of the text with an earlier place: where that place goes on, and the length.
    struct Match {
        int64_t next = 0, length = 0;
    };
    Match longest(std::span<const int32_t> ids) const {
        Match best;
        if (m_previous.empty())
            return best;
        const int64_t size = std::ssize(ids);
        int32_t place = m_previous.back();
        for (int tries = 0; place > 0 && tries < MostCandidates; ++tries) {
            int64_t length = 0;
            while (length < MostMatch && length < place && ids[idx(place - 1 - length)] == ids[idx(size - 1 - length)])
                ++length;
            if (length >= LeastMatch && length > best.length)
                best = {place, length};
            if (best.length == MostMatch)
                break;
            place = m_previous[idx(place - 1)];
        }
        return best;
    }

  private:
    static size_t idx(int64_t i) { return static_cast<size_t>(i); }

    size_t bucket(std::span<const int32_t> ids, int64_t end) const {
        uint64_t hash = 0;
        for (int64_t i = end - LeastMatch; i < end; ++i)
            hash = (hash ^ static_cast<uint32_t>(ids[idx(i)])) * 0x9E3779B97F4A7C15ull;
        return (hash >> 32) & (m_latest.size() - 1);
    }

    // A place is the position after its run of tokens; 0: none.
    void add(std::span<const int32_t> ids, int64_t end) {
        if (idx(end) > m_latest.size())
            widen(ids, end - 1);
        m_previous.push_back(0);
        if (end >= LeastMatch)
            link(ids, end);
    }
    void link(std::span<const int32_t> ids, int64_t end) {
        int32_t& latest = m_latest[bucket(ids, end)];
        m_previous[idx(end - 1)] = latest;
        latest = static_cast<int32_t>(end);
    }
    void widen(std::span<const int32_t> ids, int64_t upTo) {
        m_latest.assign(std::max(LeastBuckets, 2 * m_latest.size()), 0);
        for (int64_t end = LeastMatch; end <= upTo; ++end)
            link(ids, end);
    }

    std::vector<int32_t> m_latest;    // by hash
    std::vector<int32_t> m_previous;  // [i]: the place before place i + 1 with its hash
};

class PromptLookup final : public Proposer {
  public:
    bool isFree() const override { return true; }
    ProposalCost cost(std::span<const ProposalAsk>) const override { return {}; }

    Result<void> propose(std::span<const ProposalAsk> asks, Backend&) override {
        for (const ProposalAsk& ask : asks) {
            NgramIndex& index = m_indices[ask.sequence];
            index.follow(ask.ids);
            const NgramIndex::Match match = index.longest(ask.ids);
            if (match.length == 0)
                continue;
            // The earlier text is followed up to its end and, where it reaches the present, into the guesses.
            std::vector<int32_t>& ids = ask.proposal->ids;
            const int64_t size = std::ssize(ask.ids);
            for (int64_t i = 0; i < ask.most; ++i) {
                const int64_t from = match.next + i;
                ids.push_back(from < size ? ask.ids[static_cast<size_t>(from)] : ids[static_cast<size_t>(from - size)]);
            }
            ask.proposal->sureness = static_cast<int32_t>(match.length - LeastMatch);
        }
        return {};
    }

    void forget(uint64_t sequence) override { m_indices.erase(sequence); }

  private:
    std::unordered_map<uint64_t, NgramIndex> m_indices;
};

}  // namespace

std::unique_ptr<Proposer> makePromptLookup() {
    return std::make_unique<PromptLookup>();
}

}  // namespace engine
