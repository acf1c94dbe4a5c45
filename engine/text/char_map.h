// SentencePiece's precompiled character map: prefixes of the text and what replaces them, as a double array.
//
//   u32 size of the array in bytes | array of u32 | replacement strings, each ended by a zero byte
//   unit: bits 0-7 label, bit 8 has a leaf, bit 9 offset times 256, bits 10-30 offset; a leaf holds the place of the
//   string
//
// Every access is checked: a damaged map replaces nothing, it cannot reach outside. Immutable; thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/result.h"

namespace engine {

class CharMap {
  public:
    // Empty bytes: a map that replaces nothing. The error says what is wrong, without file and key.
    static Result<CharMap> read(std::string_view bytes);

    // Replaces the longest known prefix of the text: its length, 0 when there is none.
    size_t replacePrefix(std::string_view text, std::string_view& replacement) const;

  private:
    std::vector<uint32_t> m_units;
    std::string m_strings;
};

}  // namespace engine
