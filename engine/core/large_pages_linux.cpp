#include <sys/mman.h>
#include <unistd.h>

#include "engine/core/large_pages.h"

namespace engine {

void adviseLargePages(std::byte* begin, int64_t sizeBytes) {
    static const auto pageBytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto first = (reinterpret_cast<uintptr_t>(begin) + pageBytes - 1) / pageBytes * pageBytes;
    const auto last = (reinterpret_cast<uintptr_t>(begin) + static_cast<uintptr_t>(sizeBytes)) / pageBytes * pageBytes;
    if (first < last)
        (void)madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
}

}  // namespace engine
