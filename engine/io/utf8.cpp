#include "engine/io/utf8.h"

namespace engine {

Utf8Char readUtf8Slow(const char* p, const char* end) {
    const auto byte = [&](int i) { return static_cast<unsigned char>(p[i]); };
    const unsigned char lead = byte(0);
    int length = 0;
    // The range of the second byte excludes overlong forms, surrogates and what lies above U+10FFFF.
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    uint32_t codepoint = 0;
    if (lead < 0x80) {
        return {lead, 1, Utf8State::Valid};
    } else if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
        codepoint = lead & 0x1Fu;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        codepoint = lead & 0x0Fu;
        if (lead == 0xE0)
            low = 0xA0;
        if (lead == 0xED)
            high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        codepoint = lead & 0x07u;
        if (lead == 0xF0)
            low = 0x90;
        if (lead == 0xF4)
            high = 0x8F;
    } else {
        return {0xFFFD, 1, Utf8State::Broken};
    }
    for (int i = 1; i < length; ++i) {
        if (p + i == end)
            return {0xFFFD, static_cast<uint8_t>(i), Utf8State::Unfinished};
        if (byte(i) < low || byte(i) > high)
            return {0xFFFD, static_cast<uint8_t>(i), Utf8State::Broken};
        codepoint = codepoint << 6 | (byte(i) & 0x3Fu);
        low = 0x80;
        high = 0xBF;
    }
    return {codepoint, static_cast<uint8_t>(length), Utf8State::Valid};
}

size_t wholeCharacters(std::string_view text, size_t most) {
    if (text.size() <= most)
        return text.size();
    for (size_t cut = most; cut + 4 > most && cut > 0; --cut) {
        if ((static_cast<unsigned char>(text[cut]) & 0xC0) != 0x80)
            return cut;
    }
    return most;
}

void appendCharacter(std::string& out, uint32_t codepoint) {
    if (codepoint < 0x80) {
        out += static_cast<char>(codepoint);
    } else if (codepoint < 0x800) {
        out += static_cast<char>(0xC0 | codepoint >> 6);
        out += static_cast<char>(0x80 | (codepoint & 0x3F));
    } else if (codepoint < 0x10000) {
        out += static_cast<char>(0xE0 | codepoint >> 12);
        out += static_cast<char>(0x80 | (codepoint >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (codepoint & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | codepoint >> 18);
        out += static_cast<char>(0x80 | (codepoint >> 12 & 0x3F));
        out += static_cast<char>(0x80 | (codepoint >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (codepoint & 0x3F));
    }
}

bool isValidUtf8(std::string_view text) {
    for (const char *p = text.data(), *end = p + text.size(); p != end;) {
        const Utf8Char c = readUtf8(p, end);
        if (c.state != Utf8State::Valid)
            return false;
        p += c.length;
    }
    return true;
}

std::string toValidUtf8(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    for (const char *p = bytes.data(), *end = p + bytes.size(); p != end;) {
        const Utf8Char c = readUtf8(p, end);
        if (c.state == Utf8State::Valid)
            out.append(p, c.length);
        else
            out += "\xEF\xBF\xBD";
        p += c.length;
    }
    return out;
}

}  // namespace engine
