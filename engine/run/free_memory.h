// What the system can still give, for refusing what cannot fit. Thread: any.
#pragma once

#include <cstdint>

namespace engine {

// Bytes that can be allocated without swapping, within the limit of this process's control group; caches of files count
// as free. 0: unknown.
int64_t freeMemoryBytes();
// Gives memory that was freed back to the system.
void returnFreedMemory();

}  // namespace engine
