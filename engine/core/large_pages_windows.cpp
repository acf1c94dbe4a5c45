#include "engine/core/large_pages.h"

namespace engine {

// Large pages need a privilege that users do not have.
void adviseLargePages(std::byte*, int64_t) {}

}  // namespace engine
