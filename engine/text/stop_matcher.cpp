#include "engine/text/pattern_automaton.h"
#include "engine/text/tokenizer.h"

namespace engine {

struct StopMatcher::Patterns {
    std::vector<std::string> stops;
    PatternAutomaton automaton;

    explicit Patterns(std::vector<std::string> list)
        : stops(std::move(list)), automaton(std::vector<std::string_view>(stops.begin(), stops.end())) {}
};

StopMatcher::StopMatcher(std::vector<std::string> stops)
    : m_patterns(std::make_shared<const Patterns>(std::move(stops))) {}

std::string StopMatcher::push(std::string_view text, bool& stopped) {
    if (m_stopped) {
        stopped = true;
        return {};
    }
    const PatternAutomaton& automaton = m_patterns->automaton;
    std::string out = std::move(m_held);
    m_held.clear();
    const size_t before = out.size();
    out += text;
    for (size_t i = before; i < out.size(); ++i) {
        m_node = automaton.step(m_node, static_cast<unsigned char>(out[i]));
        if (const int32_t stop = automaton.longest(m_node); stop >= 0) {
            out.resize(i + 1 - m_patterns->stops[static_cast<size_t>(stop)].size());
            stopped = m_stopped = true;
            return out;
        }
    }
    // What the automaton has read of a stop string stays here, and with it the character that it cuts.
    size_t safe = out.size() - static_cast<size_t>(automaton.depth(m_node));
    while (safe > 0 && safe < out.size() && (static_cast<unsigned char>(out[safe]) & 0xC0) == 0x80)
        --safe;
    m_held = out.substr(safe);
    out.resize(safe);
    return out;
}

std::string StopMatcher::finish() {
    std::string out = std::move(m_held);
    m_held.clear();
    m_node = 0;
    return out;
}

}  // namespace engine
