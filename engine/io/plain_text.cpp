#include "engine/io/plain_text.h"

#include <fmt/format.h>

#include <cstdint>

namespace engine {

namespace {

// Decodes one character at the front of `text`. Returns its length, or 0 when the bytes are not valid UTF-8.
size_t decodeOne(std::string_view text, uint32_t& codePoint) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
    const uint8_t first = byte(0);
    if (first < 0x80) {
        codePoint = first;
        return 1;
    }
    const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
    if (length == 0 || first > 0xF4 || text.size() < length)
        return 0;
    uint32_t value = first & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (byte(i) & 0x3F);
    }
    constexpr uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < smallest[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    codePoint = value;
    return length;
}

// Characters that act on the display instead of being seen: C0, DEL, C1, line separators, direction marks and
// overrides, invisible joiners at the start of a file (BOM) and interlinear marks.
bool actsOnDisplay(uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB);
}

}  // namespace

std::string plainText(std::string_view foreign, size_t maxBytes) {
    std::string out;
    size_t at = 0;
    while (at < foreign.size()) {
        if (at >= maxBytes) {
            out += "...";
            break;
        }
        uint32_t c = 0;
        const size_t length = decodeOne(foreign.substr(at), c);
        if (length == 0)
            out += fmt::format("\\x{:02X}", static_cast<uint8_t>(foreign[at]));
        else if (actsOnDisplay(c))
            out += fmt::format("\\u{{{:X}}}", c);
        else
            out += foreign.substr(at, length);
        at += length == 0 ? 1 : length;
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

bool isValidUtf8(std::string_view text) {
    while (!text.empty()) {
        uint32_t c = 0;
        const size_t length = decodeOne(text, c);
        if (length == 0)
            return false;
        text.remove_prefix(length);
    }
    return true;
}

bool isPlain(std::string_view text) {
    while (!text.empty()) {
        uint32_t c = 0;
        const size_t length = decodeOne(text, c);
        if (length == 0 || actsOnDisplay(c))
            return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string toValidUtf8(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    while (!bytes.empty()) {
        uint32_t c = 0;
        const size_t length = decodeOne(bytes, c);
        if (length == 0)
            out += "\xEF\xBF\xBD";
        else
            out += bytes.substr(0, length);
        bytes.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

}  // namespace engine
