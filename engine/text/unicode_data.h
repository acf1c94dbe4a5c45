// The tables behind unicode.h, written by make_unicode_data.py. Constant data; thread: any.
#pragma once

#include <cstdint>

namespace engine {

extern const char* const UnicodeVersion;         // "15.1.0"
extern const unsigned char UnicodeBlockIndex[];  // [0x110000 / 256]
extern const char* const UnicodeBlocks[];        // each 256 letters, 'A' + category

// Characters first, first + step, ... last map to themselves + delta, followed by `second` where that is not 0. A
// single character that maps to nothing has delta == -first.
struct CaseRun {
    uint32_t first;
    uint32_t last;
    uint32_t step;
    int32_t delta;
    uint32_t second;
};
extern const CaseRun LowerRuns[];
extern const int LowerRunsCount;
extern const CaseRun PlainRuns[];
extern const int PlainRunsCount;

}  // namespace engine
