// A block of memory that belongs to its owner alone: aligned to a cache line, zeroed, move-only. Large blocks take
// memory from the system only where they are touched. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "engine/core/error_text.h"
#include "engine/core/result.h"

namespace engine {

class Buffer {
  public:
    static constexpr int64_t alignment = 64;

    Buffer() = default;
    // `what` names the purpose in the error: "the page cache of 4096 tokens".
    static Result<Buffer> make(int64_t sizeBytes, const char* what) {
        Buffer buffer;
        if (!buffer.allocate(sizeBytes))
            return makeError(ErrorCode::OutOfMemory, "{} needs {} bytes, which the system does not give", what,
                             sizeBytes);
        return buffer;
    }
    // Replaces the memory by a zeroed block; false (and the old block kept) if there is none.
    bool allocate(int64_t sizeBytes) {
        constexpr int64_t addressSpace = int64_t{1} << 46;  // half of what a process can address
        if (sizeBytes < 0 || sizeBytes > addressSpace)
            return false;
        void* block = std::calloc(1, static_cast<size_t>(sizeBytes + alignment));
        if (!block)
            return false;
        m_block.reset(block);
        const auto address = reinterpret_cast<uintptr_t>(block);
        m_data = static_cast<std::byte*>(block) + (alignment - static_cast<int64_t>(address % alignment)) % alignment;
        m_sizeBytes = sizeBytes;
        return true;
    }

    std::byte* data() const { return m_block ? m_data : nullptr; }
    int64_t sizeBytes() const { return m_block ? m_sizeBytes : 0; }
    template <typename T>
    T* as() const {
        return reinterpret_cast<T*>(data());
    }

  private:
    struct Free {
        void operator()(void* block) const { std::free(block); }
    };
    std::unique_ptr<void, Free> m_block;
    std::byte* m_data = nullptr;
    int64_t m_sizeBytes = 0;
};

}  // namespace engine
