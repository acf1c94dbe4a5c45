// What tokenizers need to know of Unicode: classes of characters and their plain and lower forms. Tables:
// unicode_data.h. Constant data and pure functions; thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engine/io/utf8.h"
#include "engine/text/unicode_data.h"

namespace engine {

// Classes as bits; the names follow the regular expressions of the pre-tokenizers (\p{L}, \p{Lu}, \s, \d ...).
enum CharClass : uint32_t {
    ClassUpper = 1u << 0,        // \p{Lu}
    ClassLower = 1u << 1,        // \p{Ll}
    ClassTitle = 1u << 2,        // \p{Lt}
    ClassModifier = 1u << 3,     // \p{Lm}
    ClassOtherLetter = 1u << 4,  // \p{Lo}
    ClassLetter = 0x1f,          // \p{L}
    ClassMark = 1u << 5,         // \p{M}
    ClassDigit = 1u << 6,        // \d, \p{Nd}
    ClassNumber = 1u << 7,       // \p{N}
    ClassPunct = 1u << 8,        // \p{P}
    ClassSymbol = 1u << 9,       // \p{S}
    ClassSpace = 1u << 10,       // \s
    ClassNewline = 1u << 11,     // [\r\n]
    ClassConnector = 1u << 12,   // \p{Pc}: part of words for \b
    ClassControl = 1u << 13,     // \p{C} other than unassigned
    ClassNonspacing = 1u << 14,  // \p{Mn}
    ClassAny = 1u << 15,         // every character; absent only at the end of the text
};

// By the order of the enumeration in make_unicode_data.py.
inline constexpr std::array<uint32_t, 32> CategoryClasses = {
    ClassAny,                                // Cn
    ClassAny | ClassControl,                 // Cc
    ClassAny | ClassControl,                 // Cf
    ClassAny | ClassControl,                 // Co
    ClassAny | ClassControl,                 // Cs
    ClassAny | ClassUpper,                   // Lu
    ClassAny | ClassLower,                   // Ll
    ClassAny | ClassTitle,                   // Lt
    ClassAny | ClassModifier,                // Lm
    ClassAny | ClassOtherLetter,             // Lo
    ClassAny | ClassMark | ClassNonspacing,  // Mn
    ClassAny | ClassMark,                    // Mc
    ClassAny | ClassMark,                    // Me
    ClassAny | ClassNumber | ClassDigit,     // Nd
    ClassAny | ClassNumber,                  // Nl
    ClassAny | ClassNumber,                  // No
    ClassAny | ClassPunct | ClassConnector,  // Pc
    ClassAny | ClassPunct,                   // Pd
    ClassAny | ClassPunct,                   // Ps
    ClassAny | ClassPunct,                   // Pe
    ClassAny | ClassPunct,                   // Pi
    ClassAny | ClassPunct,                   // Pf
    ClassAny | ClassPunct,                   // Po
    ClassAny | ClassSymbol,                  // Sm
    ClassAny | ClassSymbol,                  // Sc
    ClassAny | ClassSymbol,                  // Sk
    ClassAny | ClassSymbol,                  // So
    ClassAny | ClassSpace,                   // Zs
    ClassAny | ClassSpace,                   // Zl
    ClassAny | ClassSpace,                   // Zp
    ClassAny | ClassControl | ClassSpace,    // white space among the control characters
    ClassAny,
};

// Classes of ASCII, so that most text never touches the big table.
inline constexpr std::array<uint32_t, 128> AsciiClasses = [] {
    std::array<uint32_t, 128> table{};
    for (int c = 0; c < 128; ++c) {
        uint32_t bits = ClassAny;
        if (c >= 'A' && c <= 'Z')
            bits |= ClassUpper;
        else if (c >= 'a' && c <= 'z')
            bits |= ClassLower;
        else if (c >= '0' && c <= '9')
            bits |= ClassNumber | ClassDigit;
        else if (c == ' ')
            bits |= ClassSpace;
        else if (c >= 9 && c <= 13)
            bits |= ClassSpace | ClassControl;
        else if (c < 32 || c == 127)
            bits |= ClassControl;
        else if (c == '$' || c == '+' || c == '<' || c == '=' || c == '>' || c == '^' || c == '`' || c == '|' ||
                 c == '~')
            bits |= ClassSymbol;
        else
            bits |= ClassPunct;
        if (c == '_')
            bits |= ClassConnector;
        if (c == '\n' || c == '\r')
            bits |= ClassNewline;
        table[c] = bits;
    }
    return table;
}();

// codepoint <= 0x10FFFF
inline uint32_t classesOf(uint32_t codepoint) {
    if (codepoint < 128)
        return AsciiClasses[codepoint];
    return CategoryClasses[(UnicodeBlocks[UnicodeBlockIndex[codepoint >> 8]][codepoint & 255] - 'A') & 31];
}

// Appends the lower case (one or two characters), or the character without accents (none to three).
void appendLower(std::u32string& out, uint32_t codepoint);
void appendPlain(std::u32string& out, uint32_t codepoint);

}  // namespace engine
