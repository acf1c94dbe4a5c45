// Pages whose only key of a position is one number, so that bookkeeping can be tested without a model: what a sequence
// wrote is what it must read. Thread: one.
#pragma once

#include "engine/backend/backend.h"

namespace test {

class TokenStorage final : public engine::KvStorage {
  public:
    TokenStorage(int64_t nPages, int64_t pageTokens)
        : m_shape{.nLayers = 1,
                  .nKvHeads = 1,
                  .headDimK = 1,
                  .headDimV = 1,
                  .pageTokens = pageTokens,
                  .kType = kernels::DType::F32,
                  .vType = kernels::DType::F32},
          m_nPages(nPages),
          m_keys(static_cast<size_t>(nPages * pageTokens), -1),
          m_values(m_keys) {}

    const engine::KvShape& shape() const override { return m_shape; }
    int64_t nPages() const override { return m_nPages; }
    std::byte* keyPage(int64_t, int32_t page) override { return reinterpret_cast<std::byte*>(&key(page, 0)); }
    std::byte* valuePage(int64_t, int32_t page) override {
        return reinterpret_cast<std::byte*>(&m_values[static_cast<size_t>(page * m_shape.pageTokens)]);
    }
    void copyTokens(int32_t fromPage, int32_t toPage, int64_t nTokens) override {
        for (int64_t i = 0; i < nTokens; ++i)
            key(toPage, i) = key(fromPage, i);
        copied += nTokens;
    }

    int32_t& key(int32_t page, int64_t slot) { return m_keys[static_cast<size_t>(page * m_shape.pageTokens + slot)]; }
    // Of a position of a sequence.
    int32_t& at(std::span<const int32_t> pages, int64_t position) {
        return key(pages[static_cast<size_t>(position / m_shape.pageTokens)], position % m_shape.pageTokens);
    }
    bool discard(int32_t first, int64_t n) override {
        for (int64_t i = 0; i < n * m_shape.pageTokens; ++i)
            key(first, i) = -1;
        return true;
    }
    int64_t copied = 0;

  private:
    engine::KvShape m_shape;
    int64_t m_nPages;
    std::vector<int32_t> m_keys, m_values;
};

}  // namespace test
