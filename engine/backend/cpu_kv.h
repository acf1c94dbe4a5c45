// Paged keys and values in ordinary memory: a page has per layer its keys, then its values, and follows the page before
// it at a constant distance, so that a kernel finds it by its number. What a sequence holds lies together, in few of
// the system's large pages: reading a long context is many short runs, and each would need an address translation of
// its own. Pages are zero until written. Thread: the engine's; distinct positions may be written by several pool
// threads at once, also of one page.
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
        return m_memory.data() + page * m_shape.bytesPerPage() + layer * (m_shape.pageBytesK() + m_shape.pageBytesV());
    }
    std::byte* valuePage(int64_t layer, int32_t page) override { return keyPage(layer, page) + m_shape.pageBytesK(); }
    bool discard(int32_t first, int64_t n) override;
    void copyTokens(int32_t fromPage, int32_t toPage, int64_t nTokens) override;

  private:
    KvShape m_shape;
    int64_t m_nPages = 0;
    Buffer m_memory;
};

}  // namespace engine
