#include "engine/io/plain_text.h"

#include <fmt/format.h>

#include <cstdint>

namespace engine {

namespace {

// Characters that act on the display instead of being seen: C0, DEL, C1, line separators, direction marks and
// overrides, invisible joiners at the start of a file (BOM) and interlinear marks.
bool actsOnDisplay(uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB);
}

}  // namespace

std::string plainText(std::string_view foreign, size_t maxBytes) {
    std::string out;
    const char* const end = foreign.data() + foreign.size();
    for (const char* at = foreign.data(); at != end;) {
        if (static_cast<size_t>(at - foreign.data()) >= maxBytes) {
            out += "...";
            break;
        }
        const Utf8Char c = readUtf8(at, end);
        if (c.state != Utf8State::Valid)
            for (int i = 0; i < c.length; ++i)
                out += fmt::format("\\x{:02X}", static_cast<uint8_t>(at[i]));
        else if (actsOnDisplay(c.codepoint))
            out += fmt::format("\\u{{{:X}}}", c.codepoint);
        else
            out.append(at, c.length);
        at += c.length;
    }
    return out;
}

std::string plainFileName(std::string_view pathUtf8) {
#ifdef _WIN32
    const size_t slash = pathUtf8.find_last_of("/\\");
#else
    const size_t slash = pathUtf8.find_last_of('/');
#endif
    const std::string_view name = slash == std::string_view::npos ? pathUtf8 : pathUtf8.substr(slash + 1);
    return plainText(name.empty() ? pathUtf8 : name);
}

bool isPlain(std::string_view text) {
    for (const char *at = text.data(), *end = at + text.size(); at != end;) {
        const Utf8Char c = readUtf8(at, end);
        if (c.state != Utf8State::Valid || actsOnDisplay(c.codepoint))
            return false;
        at += c.length;
    }
    return true;
}

}  // namespace engine
