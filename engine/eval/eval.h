// What can be measured of a loaded model on a text: the list, and what all measurements share. Thread: the engine's.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "engine/eval/perplexity.h"

namespace engine {

struct Evaluation {
    std::string_view name;  // "perplexity-sliding"
    std::string_view what;  // one sentence for people
    PerplexityMode mode;
};
std::span<const Evaluation> evaluations();

}  // namespace engine
