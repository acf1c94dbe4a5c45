#include <windows.h>

#include "engine/run/free_memory.h"

namespace engine {

int64_t freeMemoryBytes() {
    MEMORYSTATUSEX status{};
    status.dwLength = sizeof(status);
    return GlobalMemoryStatusEx(&status) ? static_cast<int64_t>(status.ullAvailPhys) : 0;
}

void returnFreedMemory() {}

}  // namespace engine
