#include "engine/text/token_trie.h"

#include <algorithm>

namespace engine {

TokenTrie::TokenTrie(std::vector<std::pair<std::string_view, int32_t>> tokens) {
    std::erase_if(tokens, [](const auto& token) { return token.first.empty() || token.first.size() > LongestToken; });
    std::sort(tokens.begin(), tokens.end());
    // Breadth first over the sorted list: a node is the range of tokens that share its prefix.
    struct Range {
        size_t begin;
        size_t end;
        size_t depth;
    };
    std::vector<Range> ranges{{0, tokens.size(), 0}};
    m_nodes.emplace_back();
    m_labels.push_back(0);
    for (size_t node = 0; node < ranges.size(); ++node) {
        Range range = ranges[node];
        while (range.begin < range.end && tokens[range.begin].first.size() == range.depth)
            m_nodes[node].id = tokens[range.begin++].second;
        m_nodes[node].firstChild = static_cast<uint32_t>(ranges.size());
        while (range.begin < range.end) {
            const char label = tokens[range.begin].first[range.depth];
            size_t end = range.begin + 1;
            while (end < range.end && tokens[end].first[range.depth] == label)
                ++end;
            ranges.push_back({range.begin, end, range.depth + 1});
            m_nodes.emplace_back();
            m_labels.push_back(label);
            ++m_nodes[node].childCount;
            range.begin = end;
        }
    }
}

}  // namespace engine
