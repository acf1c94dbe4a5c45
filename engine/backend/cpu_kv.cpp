#include "engine/backend/cpu_kv.h"

#include <array>
#include <cstring>
#include <limits>

#include "engine/core/error_text.h"
#include "engine/core/large_pages.h"

namespace engine {

namespace {

Result<void> checkCacheType(kernels::DType type, int64_t headDim, const char* what) {
    using kernels::DType;
    constexpr std::array types = {DType::F32, DType::F16, DType::Q8_0, DType::Q4_0};
    bool known = false;
    for (const DType t : types)
        known = known || t == type;
    if (!known)
        return unsupported("{} cannot be cached as {}: the cache types are F32, F16, Q8_0 and Q4_0", what,
                           kernels::name(type));
    if (headDim <= 0 || headDim % kernels::info(type).blockElements != 0)
        return unsupported("{} of {} dimensions cannot be cached as {}, whose blocks hold {}", what, headDim,
                           kernels::name(type), kernels::info(type).blockElements);
    return {};
}

}  // namespace

Result<std::unique_ptr<KvStorage>> CpuKv::make(const KvShape& shape, int64_t nPages) {
    TRY_VOID(checkCacheType(shape.kType, shape.headDimK, "keys"));
    TRY_VOID(checkCacheType(shape.vType, shape.headDimV, "values"));
    if (shape.pageTokens % kernels::keyGroupTokens != 0)
        return invalid("pages of {} tokens cannot hold keys, which lie in groups of {}", shape.pageTokens,
                       kernels::keyGroupTokens);
    if (shape.nLayers <= 0 || shape.nKvHeads <= 0 || shape.pageTokens <= 0 || nPages <= 0 ||
        nPages > std::numeric_limits<int32_t>::max() ||
        nPages > std::numeric_limits<int64_t>::max() / 2 / shape.bytesPerPage())
        return invalid("a cache of {} pages with {} layers, {} heads and {} tokens per page is out of range", nPages,
                       shape.nLayers, shape.nKvHeads, shape.pageTokens);
    auto kv = std::make_unique<CpuKv>();
    kv->m_shape = shape;
    kv->m_nPages = nPages;
    TRY(kv->m_memory, Buffer::make(nPages * shape.bytesPerPage(), "the key and value cache"));
    adviseLargePages(kv->m_memory.data(), kv->m_memory.sizeBytes());
    return std::unique_ptr<KvStorage>(std::move(kv));
}

bool CpuKv::discard(int32_t first, int64_t n) {
    return discardMemory(keyPage(0, first), n * m_shape.bytesPerPage());
}

// The whole page: how keys lie within it is the kernels' own, and what lies behind the tokens is seen by nobody.
void CpuKv::copyTokens(int32_t fromPage, int32_t toPage, int64_t) {
    std::memcpy(keyPage(0, toPage), keyPage(0, fromPage), static_cast<size_t>(m_shape.bytesPerPage()));
}

}  // namespace engine
