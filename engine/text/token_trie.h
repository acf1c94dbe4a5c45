// All tokens that begin at a place of a text, in one walk. Children of a node are numbered in a row, so a node is 12
// bytes and finding a child is a search among a few bytes. Immutable after construction; thread: any.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace engine {

class TokenTrie {
  public:
    // Bounds the work at one place of a text. Longer tokens are left out.
    static constexpr size_t LongestToken = 512;

    explicit TokenTrie(std::vector<std::pair<std::string_view, int32_t>> tokens);

    // Calls found(length, id) for every token that text begins with, the shortest first.
    template <typename Found>
    void walk(std::string_view text, Found found) const {
        uint32_t node = 0;
        for (size_t at = 0; at < text.size(); ++at) {
            const Node& n = m_nodes[node];
            if (n.childCount == 0)
                return;
            const char* labels = m_labels.data() + n.firstChild;
            const void* hit = std::memchr(labels, static_cast<unsigned char>(text[at]), n.childCount);
            if (!hit)
                return;
            node = n.firstChild + static_cast<uint32_t>(static_cast<const char*>(hit) - labels);
            if (m_nodes[node].id >= 0)
                found(at + 1, m_nodes[node].id);
        }
    }

  private:
    struct Node {
        uint32_t firstChild = 0;
        uint32_t childCount = 0;
        int32_t id = -1;
    };
    std::vector<Node> m_nodes;
    std::vector<char> m_labels;  // [nodes] the byte that leads to the node
};

}  // namespace engine
