// Frequencies of rotary positions under every scaling that a GGUF file can name. Thread: any.
#pragma once

#include "engine/models/model.h"

namespace engine {

// `contextTokens` decides between LongRoPE's factors, as in llama.cpp: the long ones when it exceeds the original
// context. Sources: Su et al. 2021, arXiv:2104.09864; Chen et al. 2023, arXiv:2306.15595 (linear); Peng et al. 2023,
// arXiv:2309.00071 (YaRN); Ding et al. 2024, arXiv:2402.13753 (LongRoPE). Computed in double. Never fails.
RopeParams makeRope(const RopeConfig& config, int64_t contextTokens);

}  // namespace engine
