// Paged keys and values in ordinary memory: per layer all key pages, then all value pages, each at a constant distance
// from the one before, so that a kernel finds a page by its number. Pages are zero until written. Thread: the engine's;
// distinct pages may be written by several pool threads at once.
#pragma once

#include "engine/backend/backend.h"
#include "engine/core/buffer.h"

namespace engine {

// Gives the system pages that lie wholly within the range back; they read as zeros afterwards. False: not possible
// here.
bool discardMemory(std::byte* begin, int64_t sizeBytes);

class CpuKv final : public KvStorage {
  public:
    // Error: Unsupported (a cache type without an encoder, or rows that are no multiple of its block), OutOfMemory.
    static Result<std::unique_ptr<KvStorage>> make(const KvShape& shape, int64_t nPages);

    const KvShape& shape() const override { return m_shape; }
    int64_t nPages() const override { return m_nPages; }
    std::byte* keyPage(int64_t layer, int32_t page) override {
        return m_memory.data() + layer * m_layerBytes + page * m_shape.pageBytesK();
    }
    std::byte* valuePage(int64_t layer, int32_t page) override {
        return m_memory.data() + layer * m_layerBytes + m_nPages * m_shape.pageBytesK() + page * m_shape.pageBytesV();
    }
    bool discard(int32_t first, int64_t n) override;
    void copyTokens(int32_t fromPage, int32_t toPage, int64_t nTokens) override;

  private:
    KvShape m_shape;
    int64_t m_nPages = 0;
    int64_t m_layerBytes = 0;
    Buffer m_memory;
};

}  // namespace engine
