// The pages of a model's pool in a file, so that what was computed before a restart need not be computed again. The
// format and what its key covers: docs/prompt-cache.md. Thread: the engine's.
#pragma once

#include <array>
#include <cstddef>
#include <stop_token>
#include <string>

#include "engine/run/engine.h"
#include "engine/run/kv_pool.h"

namespace engine {

using PromptCacheKey = std::array<std::byte, 32>;

// SHA-256 of everything that decides what a page holds: the file's metadata, tensor directory and a sample of each
// tensor's bytes (a file of 40 GB is not read for this), the shape and types of the pages, the rotary frequencies of
// the chosen context, and how the backend computes. Error: what reading the file says.
Result<PromptCacheKey> promptCacheKey(const ModelFile& file, const KvShape& shape, int64_t window,
                                      const RopeParams& rope, const Backend& backend);
// A path that is a folder stands for the file in it that is named by the key.
std::string promptCacheFile(const std::string& path, const PromptCacheKey& key);

// Writes the pages that can be found in the pool, most recently used chains first, into a file that takes the place of
// `path` only when it is complete; nobody else may read it. Stops after budgetBytes, or after limits.seconds with what
// was written until then. Errors: Cancelled, InvalidRequest (what the system says); the file from before stays.
Result<PromptCacheFile> writePromptCache(const KvPool& pool, const PromptCacheKey& key, const std::string& path,
                                         const PromptCacheLimits& limits, std::stop_token stop);
// Puts the pages of a file into the pool as cached pages and tells how many those are; none when there is no file.
// Nothing is taken from a file before all of it was checked. Errors, with the pool as it was: FileDamaged,
// Unsupported (another version, another model or other settings), Cancelled.
Result<PromptCacheFile> readPromptCache(KvPool& pool, const PromptCacheKey& key, const std::string& path,
                                        std::stop_token stop);

}  // namespace engine
