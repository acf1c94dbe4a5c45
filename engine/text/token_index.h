// Hash tables of the tokenizers: text to token id, and pair of tokens to merge. Filled at load, then constant; thread:
// any for look-ups. A file made to collide is refused instead of making the load slow (insert returns false).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace engine {

inline uint64_t hashBytes(const char* p, size_t size) {
    constexpr uint64_t K = 0x9E3779B97F4A7C15u;
    uint64_t h = size * K;
    for (; size >= 8; size -= 8, p += 8) {
        uint64_t x;
        std::memcpy(&x, p, 8);
        h = (h ^ x) * K;
        h ^= h >> 32;
    }
    if (size > 0) {
        uint64_t x = 0;
        std::memcpy(&x, p, size);
        h = (h ^ x) * K;
        h ^= h >> 29;
    }
    h *= K;
    return h ^ h >> 32;
}

inline size_t tableSizeFor(size_t count) {
    size_t size = 16;
    while (size < count * 2)
        size *= 2;
    return size;
}

inline constexpr int MaxProbes = 512;

// Text to id; the texts live elsewhere and outlive the index.
class TokenIndex {
  public:
    enum class Insert { Added, Duplicate, Full };
    void reserve(size_t count) {
        m_slots.assign(tableSizeFor(count), Slot{});
        m_mask = m_slots.size() - 1;
    }
    Insert insert(std::string_view text, int32_t id, int32_t& other) {
        const uint64_t hash = hashBytes(text.data(), text.size());
        size_t at = hash & m_mask;
        for (int probe = 0; probe < MaxProbes; ++probe, at = (at + 1) & m_mask) {
            Slot& slot = m_slots[at];
            if (slot.text == nullptr) {
                slot = {text.data(), static_cast<uint32_t>(text.size()), id, static_cast<uint32_t>(hash >> 32)};
                return Insert::Added;
            }
            if (slot.tag == static_cast<uint32_t>(hash >> 32) && std::string_view(slot.text, slot.size) == text) {
                other = slot.id;
                return Insert::Duplicate;
            }
        }
        return Insert::Full;
    }
    // -1: not a token.
    int32_t find(std::string_view text) const {
        const uint64_t hash = hashBytes(text.data(), text.size());
        size_t at = hash & m_mask;
        for (int probe = 0; probe < MaxProbes && m_slots[at].text; ++probe, at = (at + 1) & m_mask) {
            const Slot& slot = m_slots[at];
            if (slot.tag == static_cast<uint32_t>(hash >> 32) && slot.size == text.size() &&
                std::memcmp(slot.text, text.data(), text.size()) == 0)
                return slot.id;
        }
        return -1;
    }

  private:
    struct Slot {
        const char* text = nullptr;
        uint32_t size = 0;
        int32_t id = -1;
        uint32_t tag = 0;
    };
    std::vector<Slot> m_slots = std::vector<Slot>(1);
    size_t m_mask = 0;
};

struct Merge {
    uint32_t rank = UINT32_MAX;  // lower goes first; UINT32_MAX: the pair does not merge
    int32_t id = -1;             // what the pair becomes
};

// Pair of token ids to merge.
class MergeTable {
  public:
    void reserve(size_t count) {
        m_slots.assign(tableSizeFor(count), Slot{});
        m_mask = m_slots.size() - 1;
    }
    // The first of several equal pairs stays. False: too many collisions.
    bool insert(int32_t left, int32_t right, Merge merge) {
        const uint64_t key = keyOf(left, right);
        size_t at = slotOf(key);
        for (int probe = 0; probe < MaxProbes; ++probe, at = (at + 1) & m_mask) {
            if (m_slots[at].key == key)
                return true;
            if (m_slots[at].key == Empty) {
                m_slots[at] = {key, merge};
                return true;
            }
        }
        return false;
    }
    Merge find(int32_t left, int32_t right) const {
        const uint64_t key = keyOf(left, right);
        size_t at = slotOf(key);
        for (int probe = 0; probe < MaxProbes; ++probe, at = (at + 1) & m_mask) {
            if (m_slots[at].key == key)
                return m_slots[at].merge;
            if (m_slots[at].key == Empty)
                break;
        }
        return {};
    }

  private:
    static constexpr uint64_t Empty = UINT64_MAX;
    struct Slot {
        uint64_t key = Empty;
        Merge merge;
    };
    static uint64_t keyOf(int32_t left, int32_t right) {
        return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
    }
    size_t slotOf(uint64_t key) const {
        const uint64_t h = key * 0x9E3779B97F4A7C15u;
        return (h ^ h >> 29) >> 20 & m_mask;
    }
    std::vector<Slot> m_slots = std::vector<Slot>(1);
    size_t m_mask = 0;
};

}  // namespace engine
