// Large pages of the system for memory that is read in many places. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>

namespace engine {

// Asks for large pages where the range holds whole ones, before it is touched. What the system makes of it is its own
// affair; nothing but speed depends on it. Memory is then taken in steps of a large page, 2 MB on most machines.
void adviseLargePages(std::byte* begin, int64_t sizeBytes);

}  // namespace engine
