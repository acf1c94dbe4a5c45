// Finds control and user-defined tokens written in a text, in linear time for any number of them. Immutable; thread:
// any.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "engine/text/pattern_automaton.h"
#include "engine/text/tokenizer_vocab.h"

namespace engine {

class SpecialTokens {
  public:
    explicit SpecialTokens(const Vocab& vocab);

    struct Match {
        size_t begin;
        size_t end;
        int32_t id;
    };
    // A range [begin, end) of the text that may hold control tokens.
    struct Range {
        size_t begin;
        size_t end;
    };
    // The matches in order, without overlaps: the first wins, of those that begin together the longest. User-defined
    // tokens match anywhere, control tokens only wholly inside one of the trusted ranges (ascending, apart).
    std::vector<Match> find(std::string_view text, std::span<const Range> trusted) const;

  private:
    struct Set {
        std::vector<int32_t> ids;  // by pattern number
        PatternAutomaton automaton;
    };
    static Set makeSet(const Vocab& vocab, bool userDefined);
    // Adds the longest match at each place of [begin, end), last place first.
    void collect(const Set& set, std::string_view text, Range range, std::vector<Match>& matches) const;

    const Vocab& m_vocab;
    Set m_control;
    Set m_userDefined;
};

}  // namespace engine
