// How many of a model's pages may be used when another program has taken the memory that was free at load. Pure
// arithmetic. Thread: any.
#pragma once

#include <cstdint>

namespace engine {

struct PageUse {
    int64_t total = 0;
    int64_t backed = 0;  // have memory behind them; the others take theirs when they are first written
    int64_t held = 0;    // by requests
    int64_t pageBytes = 1;
};
struct PageAllowance {
    int64_t usable = 0;    // pages that requests may hold together
    int64_t giveBack = 0;  // pages whose memory the system should have back: not held, backed
};
// `reserveBytes` shall stay free. At least `least` pages stay usable, so that something runs whatever is free.
PageAllowance allowPages(const PageUse& use, int64_t freeBytes, int64_t reserveBytes, int64_t least);

}  // namespace engine
