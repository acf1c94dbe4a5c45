#include "engine/text/char_map.h"

#include <algorithm>

#include "engine/core/error_text.h"

namespace engine {

namespace {

// Far above what normalisation needs (33 bytes for U+FDFA). They bound what a text becomes and the work at one place.
constexpr size_t LongestReplacement = 256;
constexpr size_t LongestPrefix = 256;

}  // namespace

Result<CharMap> CharMap::read(std::string_view bytes) {
    CharMap map;
    if (bytes.empty())
        return map;
    const auto at = [&](size_t i) { return uint32_t{static_cast<unsigned char>(bytes[i])}; };
    const auto word = [&](size_t i) { return at(i) | at(i + 1) << 8 | at(i + 2) << 16 | at(i + 3) << 24; };
    if (bytes.size() < 4)
        return damaged("has {} bytes, its head alone has 4", bytes.size());
    const uint32_t arrayBytes = word(0);
    if (arrayBytes % 4 != 0 || size_t{arrayBytes} + 4 >= bytes.size())
        return damaged("names an array of {} bytes, {} bytes follow", arrayBytes, bytes.size() - 4);
    map.m_units.reserve(arrayBytes / 4);
    for (size_t i = 0; i < arrayBytes; i += 4)
        map.m_units.push_back(word(4 + i));
    map.m_strings = bytes.substr(4 + size_t{arrayBytes});
    if (map.m_strings.back() != '\0')
        return damaged("ends inside a string");
    for (size_t begin = 0; begin < map.m_strings.size();) {
        const size_t end = map.m_strings.find('\0', begin);
        if (end - begin > LongestReplacement)
            return damaged("holds a replacement of {} bytes, expected {} at most", end - begin, LongestReplacement);
        begin = end + 1;
    }
    return map;
}

size_t CharMap::replacePrefix(std::string_view text, std::string_view& replacement) const {
    const auto offset = [](uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); };
    if (m_units.empty())
        return 0;
    size_t longest = 0;
    uint32_t node = offset(m_units[0]);
    for (size_t i = 0; i < std::min(text.size(), LongestPrefix); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        node ^= byte;
        if (byte == 0 || node >= m_units.size())
            break;
        const uint32_t unit = m_units[node];
        if ((unit & ((1u << 31) | 0xFF)) != byte)
            break;
        node ^= offset(unit);
        if ((unit >> 8 & 1) == 0)
            continue;
        if (node >= m_units.size())
            break;
        const uint32_t place = m_units[node] & 0x7FFFFFFF;
        if (place >= m_strings.size())
            break;
        longest = i + 1;
        replacement = m_strings.data() + place;  // ends with a zero byte, the strings as a whole do
    }
    return longest;
}

}  // namespace engine
