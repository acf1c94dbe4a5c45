#include "engine/text/pattern_automaton.h"

namespace engine {

PatternAutomaton::PatternAutomaton(std::span<const std::string_view> patterns, bool reversed) : m_nodes(1) {
    for (size_t i = 0; i < patterns.size(); ++i)
        insert(patterns[i], static_cast<int32_t>(i), reversed);
    link();
}

void PatternAutomaton::insert(std::string_view pattern, int32_t number, bool reversed) {
    if (pattern.empty())
        return;
    int32_t node = Root;
    for (size_t i = 0; i < pattern.size(); ++i) {
        const auto byte = static_cast<unsigned char>(reversed ? pattern[pattern.size() - 1 - i] : pattern[i]);
        int32_t child = node == Root ? m_rootNext[byte] : m_nodes[node].firstChild;
        if (node == Root) {
            child = child == Root ? -1 : child;
        } else {
            while (child >= 0 && m_nodes[child].byte != byte)
                child = m_nodes[child].nextSibling;
        }
        if (child < 0) {
            child = static_cast<int32_t>(m_nodes.size());
            Node fresh;
            fresh.byte = byte;
            fresh.depth = m_nodes[node].depth + 1;
            fresh.nextSibling = m_nodes[node].firstChild;
            m_nodes.push_back(fresh);
            m_nodes[node].firstChild = child;
            if (node == Root)
                m_rootNext[byte] = child;
        }
        node = child;
    }
    if (m_nodes[node].longest < 0)
        m_nodes[node].longest = number;
}

void PatternAutomaton::link() {
    std::vector<int32_t> queue;  // breadth first: a node's fail link points to a shallower node
    queue.reserve(m_nodes.size());
    queue.push_back(Root);
    for (size_t at = 0; at < queue.size(); ++at) {
        const int32_t node = queue[at];
        for (int32_t child = m_nodes[node].firstChild; child >= 0; child = m_nodes[child].nextSibling) {
            Node& c = m_nodes[child];
            c.fail = node == Root ? Root : step(m_nodes[node].fail, c.byte);
            if (c.longest < 0)
                c.longest = m_nodes[c.fail].longest;
            queue.push_back(child);
        }
    }
}

}  // namespace engine
