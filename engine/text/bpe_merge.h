// Byte-pair merging of one word: again and again the pair with the lowest rank merges, of equal ranks the leftmost,
// until no pair has a rank. Three ways with one result, chosen by the length of the word. Thread: any (one Merger per
// thread).
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "engine/text/token_index.h"

namespace engine {

struct Symbol {
    int32_t id;     // what the look-up knows the symbol by
    uint32_t size;  // bytes
};

// `Pair` is a callable: Merge(const Symbol& left, const char* leftText, const Symbol& right).
class Merger {
  public:
    static constexpr size_t ScanBelow = 32;  // plain search for the lowest rank: fastest for words
    static constexpr size_t BucketsAbove =
        4096;  // positions sorted by rank instead of a heap: no log factor in long runs

    std::vector<Symbol> symbols;  // in: the characters or bytes of the word. out: the tokens

    template <typename Pair>
    void merge(const char* text, Pair pair) {
        if (symbols.size() < ScanBelow)
            mergeByScan(text, pair);
        else if (symbols.size() <= BucketsAbove)
            mergeByHeap(text, pair);
        else
            mergeByBuckets(text, pair);
    }

    template <typename Pair>
    void mergeByScan(const char* text, Pair pair) {
        const size_t count = symbols.size();
        if (count < 2)
            return;
        std::vector<Merge>& merges = m_merges;  // merges[i]: of symbols i and i + 1
        merges.resize(count);
        const char* at = text;
        for (size_t i = 0; i + 1 < count; ++i) {
            merges[i] = pair(symbols[i], at, symbols[i + 1]);
            at += symbols[i].size;
        }
        size_t n = count;
        while (n > 1) {
            size_t best = 0;
            for (size_t i = 1; i + 1 < n; ++i) {
                if (merges[i].rank < merges[best].rank)
                    best = i;
            }
            if (merges[best].rank == UINT32_MAX)
                break;
            symbols[best] = {merges[best].id, symbols[best].size + symbols[best + 1].size};
            symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(best) + 1);
            merges.erase(merges.begin() + static_cast<ptrdiff_t>(best));
            --n;
            const char* left = text;
            for (size_t i = 0; i + 1 < best; ++i)
                left += symbols[i].size;
            if (best > 0)
                merges[best - 1] = pair(symbols[best - 1], left, symbols[best]);
            if (best + 1 < n)
                merges[best] = pair(symbols[best], best > 0 ? left + symbols[best - 1].size : left, symbols[best + 1]);
        }
    }

    template <typename Pair>
    void mergeByHeap(const char* text, Pair pair) {
        Chain chain(symbols, text);
        std::vector<uint64_t>
            heap;  // rank << 32 | position: the rank names the pair, so it also tells whether it still stands
        for (uint32_t i = 0; i + 1 < chain.size(); ++i) {
            const Merge merge = chain.pairAt(i, pair);
            if (merge.rank != UINT32_MAX)
                heap.push_back(uint64_t{merge.rank} << 32 | i);
        }
        std::make_heap(heap.begin(), heap.end(), std::greater<>());
        const auto add = [&](uint32_t position) {
            if (const Merge merge = chain.pairAt(position, pair); merge.rank != UINT32_MAX) {
                heap.push_back(uint64_t{merge.rank} << 32 | position);
                std::push_heap(heap.begin(), heap.end(), std::greater<>());
            }
        };
        while (!heap.empty()) {
            const auto rank = static_cast<uint32_t>(heap.front() >> 32);
            const auto position = static_cast<uint32_t>(heap.front());
            std::pop_heap(heap.begin(), heap.end(), std::greater<>());
            heap.pop_back();
            chain.mergeAt(position, rank, pair, add);
        }
        chain.store(symbols);
    }

    template <typename Pair>
    void mergeByBuckets(const char* text, Pair pair);

  private:
    // The symbols as a doubly linked list over fixed positions. A symbol of size 0 was merged away.
    class Chain {
      public:
        Chain(const std::vector<Symbol>& symbols, const char* text) : m_text(text) {
            m_links.resize(symbols.size());
            uint32_t offset = 0;
            for (size_t i = 0; i < symbols.size(); ++i) {
                m_links[i] = {symbols[i], static_cast<uint32_t>(i - 1), static_cast<uint32_t>(i + 1), offset};
                offset += symbols[i].size;
            }
        }
        size_t size() const { return m_links.size(); }
        template <typename Pair>
        Merge pairAt(uint32_t i, const Pair& pair) const {
            const Link& left = m_links[i];
            if (left.symbol.size == 0 || left.next >= m_links.size())
                return {};
            return pair(left.symbol, m_text + left.offset, m_links[left.next].symbol);
        }
        // Merges at i when the pair there still has this rank, and hands the places of new pairs to `add`.
        template <typename Pair, typename Add>
        void mergeAt(uint32_t i, uint32_t rank, const Pair& pair, Add add) {
            const Merge merge = pairAt(i, pair);
            if (merge.rank != rank)
                return;
            Link& left = m_links[i];
            Link& right = m_links[left.next];
            left.symbol = {merge.id, left.symbol.size + right.symbol.size};
            right.symbol.size = 0;
            left.next = right.next;
            if (left.next < m_links.size())
                m_links[left.next].previous = i;
            if (left.previous != UINT32_MAX)
                add(left.previous);
            add(i);
        }
        void store(std::vector<Symbol>& symbols) const {
            symbols.clear();
            for (uint32_t i = 0; i < m_links.size(); i = m_links[i].next)
                symbols.push_back(m_links[i].symbol);
        }

      private:
        struct Link {
            Symbol symbol;
            uint32_t previous;
            uint32_t next;
            uint32_t offset;  // in the text
        };
        std::vector<Link> m_links;
        const char* m_text;
    };

    std::vector<Merge> m_merges;
};

template <typename Pair>
void Merger::mergeByBuckets(const char* text, Pair pair) {
    // All positions of one rank in one bucket, in order; a heap says which rank is next. Positions that come while the
    // bucket is being worked off go to its own small heap.
    struct Bucket {
        uint32_t rank;
        size_t cursor = 0;
        bool sorted = false;
        bool queued = false;
        std::vector<uint32_t> positions;
        std::vector<uint32_t> late;
    };
    Chain chain(symbols, text);
    std::unordered_map<uint32_t, uint32_t> numbers;
    std::vector<Bucket> buckets;
    std::vector<uint64_t> queue;  // rank << 32 | bucket
    // Long words repeat themselves: the last pair and the last bucket are asked for again and again.
    int32_t lastLeft = -1, lastRight = -1;
    Merge lastMerge;
    const auto remembered = [&](const Symbol& left, const char* at, const Symbol& right) {
        if (left.id != lastLeft || right.id != lastRight || left.id < 0 || right.id < 0) {
            lastMerge = pair(left, at, right);
            lastLeft = left.id;
            lastRight = right.id;
        }
        return lastMerge;
    };
    uint32_t lastRank = UINT32_MAX, lastNumber = 0;
    const auto add = [&](uint32_t position) {
        const Merge merge = chain.pairAt(position, remembered);
        if (merge.rank == UINT32_MAX)
            return;
        if (merge.rank != lastRank) {
            const auto [at, fresh] = numbers.try_emplace(merge.rank, static_cast<uint32_t>(buckets.size()));
            if (fresh) {
                buckets.emplace_back();
                buckets.back().rank = merge.rank;
            }
            lastRank = merge.rank;
            lastNumber = at->second;
        }
        Bucket& bucket = buckets[lastNumber];
        if (bucket.sorted) {
            bucket.late.push_back(position);
            std::push_heap(bucket.late.begin(), bucket.late.end(), std::greater<>());
        } else {
            bucket.positions.push_back(position);
        }
        if (!bucket.queued) {
            bucket.queued = true;
            queue.push_back(uint64_t{merge.rank} << 32 | lastNumber);
            std::push_heap(queue.begin(), queue.end(), std::greater<>());
        }
    };
    for (uint32_t i = 0; i + 1 < chain.size(); ++i)
        add(i);
    while (!queue.empty()) {
        const auto number = static_cast<uint32_t>(queue.front());
        Bucket& bucket = buckets[number];
        if (!bucket.sorted) {
            if (!std::is_sorted(bucket.positions.begin(), bucket.positions.end()))
                std::sort(bucket.positions.begin(), bucket.positions.end());
            bucket.sorted = true;
        }
        const bool main = bucket.cursor < bucket.positions.size();
        if (!main && bucket.late.empty()) {
            bucket.positions = {};
            bucket.cursor = 0;
            bucket.sorted = false;
            bucket.queued = false;
            std::pop_heap(queue.begin(), queue.end(), std::greater<>());
            queue.pop_back();
            continue;
        }
        uint32_t position = 0;
        if (main && (bucket.late.empty() || bucket.positions[bucket.cursor] <= bucket.late.front())) {
            position = bucket.positions[bucket.cursor++];
        } else {
            position = bucket.late.front();
            std::pop_heap(bucket.late.begin(), bucket.late.end(), std::greater<>());
            bucket.late.pop_back();
        }
        chain.mergeAt(position, bucket.rank, remembered, add);  // may move the buckets
    }
    chain.store(symbols);
}

}  // namespace engine
