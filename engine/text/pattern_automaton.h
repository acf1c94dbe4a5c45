// Finds many strings in one pass over a text (Aho and Corasick 1975): linear in the text whatever the strings are.
// Immutable after construction; thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace engine {

class PatternAutomaton {
  public:
    static constexpr int32_t Root = 0;
    // Empty patterns are left out; of equal ones the first counts. `reversed` spells every pattern backwards, to be fed
    // a text from its end: then a match is known at the place where it begins.
    explicit PatternAutomaton(std::span<const std::string_view> patterns, bool reversed = false);

    bool empty() const { return m_nodes.size() == 1; }
    int32_t step(int32_t node, unsigned char byte) const {
        for (;;) {
            if (node == Root)
                return m_rootNext[byte];
            for (int32_t child = m_nodes[node].firstChild; child >= 0; child = m_nodes[child].nextSibling) {
                if (m_nodes[child].byte == byte)
                    return child;
            }
            node = m_nodes[node].fail;
        }
    }
    // The longest pattern that ends here, or -1.
    int32_t longest(int32_t node) const { return m_nodes[node].longest; }
    // How many of the last bytes are the beginning of some pattern.
    int32_t depth(int32_t node) const { return m_nodes[node].depth; }
    // No pattern begins with this byte (or ends, when reversed): the root stays the root.
    bool staysAtRoot(unsigned char byte) const { return m_rootNext[byte] == Root; }

  private:
    struct Node {
        int32_t firstChild = -1;
        int32_t nextSibling = -1;
        int32_t fail = Root;
        int32_t longest = -1;
        int32_t depth = 0;
        unsigned char byte = 0;
    };
    void insert(std::string_view pattern, int32_t number, bool reversed);
    void link();
    std::vector<Node> m_nodes;
    std::array<int32_t, 256> m_rootNext{};
};

}  // namespace engine
