#include "engine/eval/eval.h"

namespace engine {

namespace {

constexpr Evaluation list[] = {
    {"perplexity", "Windows side by side, the second half of each scored, as llama.cpp does", PerplexityMode::LlamaCpp},
    {"perplexity-sliding", "Overlapping windows, every token scored with at least half a window before it",
     PerplexityMode::Sliding},
    {"perplexity-paper", "Windows side by side, every token scored, as papers on quantization do",
     PerplexityMode::Paper},
};

}  // namespace

std::span<const Evaluation> evaluations() {
    return list;
}

}  // namespace engine
