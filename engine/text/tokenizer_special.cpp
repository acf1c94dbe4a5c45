#include "engine/text/tokenizer_special.h"

namespace engine {

SpecialTokens::SpecialTokens(const Vocab& vocab)
    : m_vocab(vocab), m_control(makeSet(vocab, false)), m_userDefined(makeSet(vocab, true)) {}

SpecialTokens::Set SpecialTokens::makeSet(const Vocab& vocab, bool userDefined) {
    std::vector<int32_t> ids;
    std::vector<std::string_view> patterns;
    for (int32_t id = 0; id < vocab.size(); ++id) {
        const TokenKind kind = vocab.kinds[id];
        const bool wanted =
            userDefined ? kind == TokenKind::UserDefined : kind == TokenKind::Control || kind == TokenKind::Unknown;
        if (wanted && !vocab.text(id).empty()) {
            ids.push_back(id);
            patterns.push_back(vocab.text(id));
        }
    }
    PatternAutomaton automaton(patterns, true);
    return {std::move(ids), std::move(automaton)};
}

void SpecialTokens::collect(const Set& set, std::string_view text, Range range, std::vector<Match>& matches) const {
    if (set.automaton.empty())
        return;
    // From the end to the beginning: what the automaton has read is then the beginning of what stands here.
    int32_t node = PatternAutomaton::Root;
    for (size_t at = range.end; at-- > range.begin;) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (node == PatternAutomaton::Root && set.automaton.staysAtRoot(byte))
            continue;
        node = set.automaton.step(node, byte);
        if (const int32_t pattern = set.automaton.longest(node); pattern >= 0) {
            const int32_t id = set.ids[pattern];
            matches.push_back({at, at + m_vocab.text(id).size(), id});
        }
    }
}

std::vector<SpecialTokens::Match> SpecialTokens::find(std::string_view text, std::span<const Range> trusted) const {
    std::vector<Match> control;  // both are filled from the end of the text to its beginning
    std::vector<Match> defined;
    for (size_t i = trusted.size(); i-- > 0;)
        collect(m_control, text, trusted[i], control);
    collect(m_userDefined, text, {0, text.size()}, defined);

    std::vector<Match> found;
    size_t done = 0;
    while (!control.empty() || !defined.empty()) {
        const bool takeControl =
            defined.empty() ||
            (!control.empty() &&
             (control.back().begin < defined.back().begin ||
              (control.back().begin == defined.back().begin && control.back().end >= defined.back().end)));
        std::vector<Match>& from = takeControl ? control : defined;
        const Match match = from.back();
        from.pop_back();
        if (match.begin >= done) {
            found.push_back(match);
            done = match.end;
        }
    }
    return found;
}

}  // namespace engine
