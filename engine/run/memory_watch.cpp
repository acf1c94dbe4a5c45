#include "engine/run/memory_watch.h"

#include <algorithm>

namespace engine {

PageAllowance allowPages(const PageUse& use, int64_t freeBytes, int64_t reserveBytes, int64_t least) {
    const int64_t room = freeBytes - reserveBytes;
    PageAllowance allowance;
    int64_t affordable = use.backed + room / use.pageBytes;
    if (room < 0) {
        const int64_t missing = (-room + use.pageBytes - 1) / use.pageBytes;
        allowance.giveBack = std::min(missing, use.backed - use.held);
        affordable = use.backed - missing;
    }
    allowance.usable = std::clamp(affordable, std::min(least, use.total), use.total);
    return allowance;
}

}  // namespace engine
