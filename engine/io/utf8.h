// The one reader and writer of UTF-8: never fails, and takes broken bytes apart as Unicode advises. Pure functions;
// thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace engine {

enum class Utf8State : uint8_t { Valid, Broken, Unfinished };  // Unfinished: the bytes end inside a character
struct Utf8Char {
    uint32_t codepoint;  // U+FFFD unless Valid
    uint8_t length;      // bytes; of broken input the maximal subpart (Unicode 15, section 3.9; WHATWG Encoding)
    Utf8State state;
};
// Reads one character at p; p < end.
Utf8Char readUtf8Slow(const char* p, const char* end);
inline Utf8Char readUtf8(const char* p, const char* end) {
    if (static_cast<unsigned char>(*p) < 0x80)
        return {static_cast<unsigned char>(*p), 1, Utf8State::Valid};
    return readUtf8Slow(p, end);
}

// The longest beginning of the text that has at most `most` bytes and cuts no character (of valid UTF-8).
size_t wholeCharacters(std::string_view text, size_t most);

void appendCharacter(std::string& out, uint32_t codepoint);
bool isValidUtf8(std::string_view text);
// Each broken part of a character becomes one U+FFFD, as in browsers (WHATWG Encoding).
std::string toValidUtf8(std::string_view bytes);

}  // namespace engine
