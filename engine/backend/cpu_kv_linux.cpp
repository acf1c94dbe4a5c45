#include <sys/mman.h>
#include <unistd.h>

#include "engine/backend/cpu_kv.h"

namespace engine {

bool discardMemory(std::byte* begin, int64_t sizeBytes) {
    static const auto pageBytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto first = (reinterpret_cast<uintptr_t>(begin) + pageBytes - 1) / pageBytes * pageBytes;
    const auto last = (reinterpret_cast<uintptr_t>(begin) + static_cast<uintptr_t>(sizeBytes)) / pageBytes * pageBytes;
    return last <= first || madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED) == 0;
}

}  // namespace engine
