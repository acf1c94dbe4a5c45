// Frequencies of rotary positions under every scaling that a GGUF file can name. Thread: any.
#pragma once

#include <optional>

#include "engine/models/model.h"

namespace engine {

// `contextTokens` decides between LongRoPE's factors, as in llama.cpp: the long ones when it exceeds the original
// context. Sources: Su et al. 2021, arXiv:2104.09864; Chen et al. 2023, arXiv:2306.15595 (linear); Peng et al. 2023,
// arXiv:2309.00071 (YaRN); Ding et al. 2024, arXiv:2402.13753 (LongRoPE). Computed in double. Never fails.
RopeParams makeRope(const RopeConfig& config, int64_t contextTokens);
const char* ropeScalingName(RopeScaling scaling);  // "none", "linear", "yarn", "longrope": as files write it

// What somebody asks for instead of what the file says: the frequencies are those of a file that says so. `scaling` may
// be None, Linear or Yarn; without it `factor` changes the file's own, or is linear where it has none. factor 0: by
// `contextTokens` over the original context. Errors: InvalidRequest.
Result<void> overrideRopeScaling(RopeConfig& config, std::optional<RopeScaling> scaling, double factor,
                                 int64_t contextTokens);
// Positions up to here are what the scaling was made for.
int64_t scaledContext(const RopeConfig& config, int64_t trainedContext);

}  // namespace engine
