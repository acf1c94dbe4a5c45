#include "engine/eval/perplexity.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/core/error_text.h"
#include "engine/io/hash.h"
#include "engine/text/sampler_math.h"

namespace engine {

namespace {

struct ModeName {
    PerplexityMode mode;
    const char* name;
};
constexpr ModeName modeNames[] = {
    {PerplexityMode::LlamaCpp, "llama.cpp"}, {PerplexityMode::Sliding, "sliding"}, {PerplexityMode::Paper, "paper"}};

// One window of the text and the positions in it whose next token is scored.
struct Window {
    int64_t begin, end;
    int64_t firstScored;
};

std::vector<Window> cutWindows(int64_t nTokens, const PerplexityOptions& options) {
    std::vector<Window> windows;
    const int64_t ctx = options.ctx;
    if (options.mode == PerplexityMode::Sliding) {
        for (int64_t begin = 0, end = 0; end < nTokens; begin += ctx / 2) {
            const int64_t first = windows.empty() ? 0 : end - 1 - begin;  // predicts the first token not scored yet
            end = std::min(begin + ctx, nTokens);
            windows.push_back({begin, end, first});
        }
    } else {
        for (int64_t begin = 0; begin + ctx <= nTokens; begin += ctx)
            windows.push_back({begin, begin + ctx, options.mode == PerplexityMode::LlamaCpp ? ctx / 2 : 0});
    }
    if (options.chunks > 0 && static_cast<int64_t>(windows.size()) > options.chunks)
        windows.resize(static_cast<size_t>(options.chunks));
    return windows;
}

// Sums of the losses and of their squares.
struct Losses {
    double sum = 0, squares = 0;
    int64_t count = 0;
    void add(double loss) {
        sum += loss;
        squares += loss * loss;
        ++count;
    }
    double perplexity() const { return count > 0 ? std::exp(sum / static_cast<double>(count)) : 0; }
    double standardError() const {
        if (count < 2)
            return 0;
        const double mean = sum / static_cast<double>(count);
        const double variance = std::max(0.0, squares / static_cast<double>(count) - mean * mean);
        return perplexity() * std::sqrt(variance / static_cast<double>(count - 1));
    }
};

}  // namespace

const char* perplexityModeName(PerplexityMode mode) {
    return std::find_if(std::begin(modeNames), std::end(modeNames),
                        [mode](const ModeName& m) { return m.mode == mode; })
        ->name;
}

std::optional<PerplexityMode> perplexityModeFromName(std::string_view name) {
    for (const ModeName& entry : modeNames)
        if (name == entry.name)
            return entry.mode;
    return std::nullopt;
}

Result<PerplexityResult> measurePerplexity(Engine& engine, ModelId model, std::string_view text,
                                           const PerplexityOptions& options, const PerplexityProgress& progress,
                                           std::stop_token stop) {
    const auto began = std::chrono::steady_clock::now();
    const LoadedModel* loaded = engine.model(model);
    if (!loaded)
        return invalid("Model {} is not loaded", model);
    if (options.ctx < 4 || options.ctx > loaded->contextTokens)
        return invalid("The window is {} tokens, expected 4 to {}", options.ctx, loaded->contextTokens);
    const std::shared_ptr<const Tokenizer> tokenizer = loaded->tokenizer;
    std::vector<int32_t> ids;
    const bool addsBos = tokenizer->addsBos() && tokenizer->bosId() >= 0;
    if (addsBos)
        ids.push_back(tokenizer->bosId());
    const std::vector<int32_t> encoded = tokenizer->encode(text, false);
    ids.insert(ids.end(), encoded.begin(), encoded.end());
    const std::vector<Window> windows = cutWindows(static_cast<int64_t>(ids.size()), options);
    if (windows.empty() || static_cast<int64_t>(ids.size()) < options.ctx)
        return invalid("The text is {} tokens, a window needs {}", ids.size(), options.ctx);

    Losses losses;
    Sha256 hash;
    PerplexityResult result;
    for (const Window& window : windows) {
        std::vector<int32_t> part(ids.begin() + window.begin, ids.begin() + window.end);
        if (addsBos && options.mode != PerplexityMode::Sliding)
            part[0] = tokenizer->bosId();
        hash.update(std::as_bytes(std::span(part)));
        const auto score = [&](int64_t firstRow, int64_t rows, const float* logits) -> Result<void> {
            for (int64_t row = firstRow; row < firstRow + rows && row + 1 < static_cast<int64_t>(part.size()); ++row) {
                const std::span<const float> values(logits + (row - firstRow) * loaded->vocabSize,
                                                    static_cast<size_t>(loaded->vocabSize));
                const LogitScan scan = scanLogits(values);
                if (scan.hasNan || !scan.anyFinite)
                    return damaged("{}: the model computed a value that is not a number at token {}", loaded->name,
                                   window.begin + row);
                const float own = values[static_cast<size_t>(part[static_cast<size_t>(row) + 1])];
                losses.add(static_cast<double>(scan.largest) - static_cast<double>(own) +
                           portableLog(sumExp(values, scan.largest).sum));
            }
            return {};
        };
        TRY_VOID(engine.logits(model, part, score, stop, window.firstScored));
        ++result.chunks;
        if (progress)
            progress(result.chunks, static_cast<int64_t>(windows.size()), losses.perplexity());
    }
    result.perplexity = losses.perplexity();
    result.standardError = losses.standardError();
    result.tokensScored = losses.count;
    result.tokenHash = hash.hexDigest();
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return result;
}

}  // namespace engine
