// Memory for one step's intermediate results: handed out in order, taken back all at once. It grows to the largest step
// seen; after that a step allocates nothing. Thread: the engine's.
#pragma once

#include <algorithm>
#include <new>
#include <vector>

#include "engine/core/buffer.h"

namespace engine {

class StepArena {
  public:
    // False if the system does not give the memory; what was there stays.
    bool reserve(int64_t bytes) {
        if (m_blocks.size() == 1 && m_blocks[0].sizeBytes() >= bytes)
            return true;
        Buffer block;
        if (!block.allocate(bytes))
            return false;
        m_blocks.clear();
        m_blocks.push_back(std::move(block));
        m_used = m_total = 0;
        return true;
    }
    // Everything handed out before becomes invalid.
    void rewind() {
        if (m_blocks.size() > 1) {  // the last step needed more than one block: the next finds it in one piece
            const int64_t needed = m_total;
            m_blocks.clear();
            reserve(needed);
        }
        m_used = m_total = 0;
    }
    // 64-byte aligned, not cleared. Throws std::bad_alloc when memory must grow and cannot.
    std::byte* take(int64_t bytes) {
        bytes = (bytes + Buffer::alignment - 1) / Buffer::alignment * Buffer::alignment;
        if (m_blocks.empty() || m_used + bytes > m_blocks.back().sizeBytes()) {
            Buffer block;
            if (!block.allocate(std::max<int64_t>(bytes, 1 << 20)))
                throw std::bad_alloc();
            m_blocks.push_back(std::move(block));
            m_used = 0;
        }
        std::byte* at = m_blocks.back().data() + m_used;
        m_used += bytes;
        m_total += bytes;
        return at;
    }

  private:
    std::vector<Buffer> m_blocks;
    int64_t m_used = 0;   // of the last block
    int64_t m_total = 0;  // of this step
};

}  // namespace engine
