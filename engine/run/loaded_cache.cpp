// A loaded model's pages from and to its prompt cache.
#include <limits>

#include "engine/io/mapped_file.h"
#include "engine/models/rope_scaling.h"
#include "engine/run/loaded.h"

namespace engine {

Result<PromptCacheKey> Loaded::cacheKey(const Backend& backend) {
    if (!m_cacheKey) {
        const ModelConfig& config = m_model->config();
        TRY(m_cacheKey, promptCacheKey(*m_info.file, m_pool->storage()->shape(), config.attentionWindow,
                                       makeRope(config.rope, m_info.contextTokens), backend));
    }
    return *m_cacheKey;
}

Result<void> Loaded::restorePromptCache(const std::string& path, Backend& backend, std::stop_token stop) {
    const auto read = [&]() -> Result<PromptCacheFile> {
        TRY(const PromptCacheKey key, cacheKey(backend));
        return readPromptCache(*m_pool, key, path, stop);
    };
    auto file = read();
    if (!file) {
        if (file.error().code == ErrorCode::Cancelled)
            return file.error();
        m_info.notes.push_back("The prompt cache is not used: " + file.error().message);
        return {};
    }
    m_info.restoredTokens = file->tokens;
    m_cacheFile = *std::move(file);
    m_cachedChanges = m_pool->changes();
    return {};
}

Result<PromptCacheFile> Loaded::savePromptCache(const std::string& path, const PromptCacheLimits& limits,
                                                Backend& backend, std::stop_token stop) {
    TRY(const PromptCacheKey key, cacheKey(backend));
    if (m_cachedChanges == m_pool->changes() && m_cacheFile.bytes > 0 && m_cacheFile.bytes <= limits.budgetBytes &&
        m_cacheFile.path == promptCacheFile(path, key) && MappedFile::open(m_cacheFile.path))
        return m_cacheFile;
    TRY(m_cacheFile, writePromptCache(*m_pool, key, path, limits, stop));
    const bool complete = m_cacheFile.pages == std::ssize(m_pool->findable(std::numeric_limits<int64_t>::max()));
    m_cachedChanges = complete ? m_pool->changes() : -1;
    return m_cacheFile;
}

}  // namespace engine
