#include <malloc.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "engine/run/free_memory.h"

namespace engine {

namespace {

constexpr int64_t Unlimited = std::numeric_limits<int64_t>::max();

int64_t readNumber(const std::string& path) {  // -1: no such number ("max" means no limit)
    std::ifstream file(path);
    int64_t value = -1;
    return file >> value ? value : -1;
}

// The reclaimable file cache that a group's memory.current includes.
int64_t cachedBytes(const std::string& statPath, const std::string& key) {
    std::ifstream file(statPath);
    std::string name;
    for (int64_t value = 0; file >> name >> value;)
        if (name == key)
            return value;
    return 0;
}

int64_t groupFreeBytes() {
    int64_t limit = readNumber("/sys/fs/cgroup/memory.max");
    if (limit >= 0)
        return limit - std::max<int64_t>(readNumber("/sys/fs/cgroup/memory.current"), 0) +
               cachedBytes("/sys/fs/cgroup/memory.stat", "file");
    limit = readNumber("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    if (limit >= 0)
        return limit - std::max<int64_t>(readNumber("/sys/fs/cgroup/memory/memory.usage_in_bytes"), 0) +
               cachedBytes("/sys/fs/cgroup/memory/memory.stat", "total_cache");
    return Unlimited;
}

}  // namespace

int64_t freeMemoryBytes() {
    std::ifstream file("/proc/meminfo");
    std::string key, unit;
    for (int64_t kilobytes = 0; file >> key >> kilobytes;) {
        std::getline(file, unit);
        if (key == "MemAvailable:")
            return std::max<int64_t>(std::min(kilobytes * 1024, groupFreeBytes()), 0);
    }
    return 0;
}

void returnFreedMemory() {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

}  // namespace engine
