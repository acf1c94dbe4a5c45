// How a request is sampled, from options and from lines of a batch: one table for both. Thread: any.
#pragma once

#include <nlohmann/json.hpp>

#include "app/cli/arguments.h"
#include "engine/run/engine.h"

namespace app {

// Everything about a request except its model and its prompt.
struct RequestSettings {
    engine::SamplingParams sampling;
    bool seedGiven = false;
    int64_t maxTokens = 0;
    int logprobs = -1;  // alternatives per token; -1: no log-probabilities in the result
    bool ignoreEos = false;
    bool contextShift = false;
    int64_t keepTokens = 0;
    std::vector<std::string> stops;
    engine::Speculation speculation = engine::Speculation::Auto;
};

// From the options of generate and chat.
engine::Result<RequestSettings> requestSettings(const Arguments& arguments, int64_t defaultTokens);
// Changes `settings` by the keys of a batch's line ("top_k" for --top-k, "stop": [...]). The error names the key.
engine::Result<void> applyJson(const nlohmann::ordered_json& object, RequestSettings& settings);
// A new seed from the system.
uint64_t newSeed();

}  // namespace app
