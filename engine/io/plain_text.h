// Shows foreign bytes (names, keys, paths) in a sentence for people: control characters, text-direction overrides and
// broken UTF-8 are written as escapes, long text is shortened. Pure functions; thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/io/utf8.h"

namespace engine {

// "blk.0\n" -> "blk.0\u{A}". At most `maxBytes` of the original are shown, then "...".
std::string plainText(std::string_view foreign, size_t maxBytes = 120);
// The last component of a path, as plain text.
std::string plainFileName(std::string_view pathUtf8);

// True when nothing in the text could change how its surroundings are displayed: valid UTF-8 without control characters
// and direction overrides.
bool isPlain(std::string_view text);

}  // namespace engine
