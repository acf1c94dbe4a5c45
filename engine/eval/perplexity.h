// Perplexity of a text: how surprised a model is by it. Deterministic; the same on any number of threads. Thread: the
// engine's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "engine/core/result.h"
#include "engine/run/engine.h"

namespace engine {

enum class PerplexityMode : uint8_t {
    LlamaCpp,  // windows of `ctx` side by side, second half scored
    Sliding,   // windows of `ctx` that advance by ctx / 2; each token once; after the first window with at
               // least ctx / 2 before it
    Paper,     // windows side by side, all but the first token scored
};
const char* perplexityModeName(PerplexityMode mode);  // "llama.cpp", "sliding", "paper"
std::optional<PerplexityMode> perplexityModeFromName(std::string_view name);

struct PerplexityOptions {
    PerplexityMode mode = PerplexityMode::LlamaCpp;
    int64_t ctx = 512;   // tokens of a window, at least 4
    int64_t chunks = 0;  // windows; 0: the whole text
};

struct PerplexityResult {
    double perplexity = 0;
    double standardError = 0;  // of the perplexity, from the spread of the tokens' losses
    int64_t tokensScored = 0, chunks = 0;
    std::string tokenHash;  // SHA-256 of the ids (32-bit, little-endian) of all windows: equal texts, equal tokenizers
    double seconds = 0;
};

// Called after each window.
using PerplexityProgress = std::function<void(int64_t chunksDone, int64_t chunks, double perplexitySoFar)>;

// Where the vocabulary adds a BOS, each window of LlamaCpp and Paper begins with it in place of its first token.
// Errors: InvalidRequest (text shorter than a window, window longer than the context), Cancelled, what the engine
// reports.
Result<PerplexityResult> measurePerplexity(Engine& engine, ModelId model, std::string_view text,
                                           const PerplexityOptions& options, const PerplexityProgress& progress,
                                           std::stop_token stop);

}  // namespace engine
