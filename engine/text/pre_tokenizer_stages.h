// The stages that pre-tokenizers are made of. A stage is given the rest [p, end) of a piece (p < end) and returns where
// the next part of it ends: a match of its regular expression, or the text up to the next match. Bytes that are not
// UTF-8 count as U+FFFD. Thread: any.
#pragma once

#include "engine/text/unicode.h"

namespace engine {

// What a stage may remember within one piece, to stay linear.
struct StageMemory {
    const char* runEnd = nullptr;
};
using Stage = const char* (*)(StageMemory& memory, const char* p, const char* end);

// A character and its classes; at the end of the text no class at all.
struct TextChar {
    uint32_t classes = 0;
    uint32_t codepoint = 0;
    const char* next = nullptr;
    bool is(uint32_t mask) const { return (classes & mask) != 0; }
    // A character that has none of the classes; false at the end of the text.
    bool isOther(uint32_t mask) const { return classes != 0 && (classes & mask) == 0; }
};

inline TextChar charAt(const char* p, const char* end) {
    if (p == end)
        return {0, 0, p};
    const auto lead = static_cast<unsigned char>(*p);
    if (lead < 0x80)
        return {AsciiClasses[lead], lead, p + 1};
    const Utf8Char c = readUtf8Slow(p, end);
    return {classesOf(c.codepoint), c.codepoint, p + c.length};
}

// The end of the run of characters that have one of the classes.
inline const char* skipClass(const char* p, const char* end, uint32_t mask) {
    while (p != end) {
        const TextChar c = charAt(p, end);
        if (!c.is(mask))
            break;
        p = c.next;
    }
    return p;
}

// \s*[\r\n]+|\s+(?!\S)|\s+   at white space p.
const char* matchSpaces(const char* p, const char* end, bool newlinesApart);
// '(?:s|t|re|ve|m|ll|d), and with anyCase also in capitals (and U+017F for s, as case folding has it). Null: no match.
const char* matchContraction(const char* p, const char* end, bool anyCase);

// pre_tokenizer_words.cpp
// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
const char* stageGpt2(StageMemory&, const char* p, const char* end);
// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
const char* stageLlama3(StageMemory&, const char* p, const char* end);
// The same with \p{N} (qwen2), with \p{N}+ (minicpm5), with [\p{L}\p{M}] for \p{L} (qwen35), without contractions
// (ufakzeka)
const char* stageQwen2(StageMemory&, const char* p, const char* end);
const char* stageMinicpm5(StageMemory&, const char* p, const char* end);
const char* stageQwen35(StageMemory&, const char* p, const char* end);
const char* stageUfakzeka(StageMemory&, const char* p, const char* end);
// As qwen2 with ` ?[^\s\p{L}\p{N}\r\n]+` for the signs
const char* stageSeedCoder(StageMemory&, const char* p, const char* end);
// As llama3, but white space in powers of two: \s{512}(?!\S)|...|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}
const char* stageJais2(StageMemory&, const char* p, const char* end);
// As qwen2 with letters [^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+ and signs ` ?[^\s\p{L}\p{N}]+[\r\n/]?`
const char* stageExaoneMoe(StageMemory&, const char* p, const char* end);

// pre_tokenizer_cased.cpp: words by case, as o200k has them
// [^\r\n\p{L}\p{N}]?[U]*[W]+(contraction)?|[^\r\n\p{L}\p{N}]?[U]+[W]*(contraction)?|\p{N}{1,3}|
// ?[^\s\p{L}\p{N}]+[\r\n/]*|... with U = Lu Lt Lm Lo M and W = Ll Lm Lo M
const char* stageGpt4o(StageMemory&, const char* p, const char* end);
const char* stageTekken(StageMemory&, const char* p, const char* end);  // \p{N}, no contraction
const char* stageYoutu(StageMemory&, const char* p, const char* end);   // \p{N}
const char* stageKimi(StageMemory&, const char* p, const char* end);    // \p{Han}+ first, signs with [\r\n]*

// pre_tokenizer_deepseek.cpp
const char* stageDeepseekV3(StageMemory&, const char* p, const char* end);
const char* stageSpark(StageMemory&, const char* p, const char* end);
const char* stageLineBreak(StageMemory&, const char* p, const char* end);     // [\r\n]
const char* stageCasedScripts(StageMemory&, const char* p, const char* end);  // \s?[A-Za-z..]+ of deepseek-llm
const char* stageWidePunct(StageMemory&, const char* p, const char* end);    // \s?[!-/:-~！-／：-～‘-‟　-。]+
const char* stageSpacesAtEnd(StageMemory&, const char* p, const char* end);  // \s+$
const char* stageHanHangul(StageMemory&, const char* p, const char* end);    // [一-龥ࠀ-一가-퟿]+
const char* stageHanKana(StageMemory&, const char* p, const char* end);      // [一-龥぀-ゟ゠-ヿ]+
const char* stageSpaceLetters(StageMemory&, const char* p, const char* end);  // \s?\p{L}+
const char* stageSpacePunct(StageMemory&, const char* p, const char* end);    // \s?\p{P}+
const char* stageYoutuScripts(StageMemory&, const char* p, const char* end);
const char* stageAfmoeScripts(StageMemory&, const char* p, const char* end);

// pre_tokenizer_simple.cpp
const char* stageDigit(StageMemory&, const char* p, const char* end);       // \p{N}
const char* stageDigits3(StageMemory&, const char* p, const char* end);     // \p{N}{1,3}
const char* stageNumbers(StageMemory&, const char* p, const char* end);     // \p{N}+
const char* stageThreeAscii(StageMemory&, const char* p, const char* end);  // [0-9][0-9][0-9]
const char* stageDigitsFromRight(StageMemory&, const char* p,
                                 const char* end);                             // \p{N} in threes counted from the right
const char* stageSuperDigits(StageMemory&, const char* p, const char* end);    // (?=(\d{3})+(?!\d))
const char* stageAyaDigits(StageMemory&, const char* p, const char* end);      // \d{1,3}(?=(?:\d{3})*\b)
const char* stagePunctRuns(StageMemory&, const char* p, const char* end);      // [\p{P}\$\+<=>\^~\|]+
const char* stagePunctRunsTick(StageMemory&, const char* p, const char* end);  // [\p{P}\$\+<=>\^~\|`]+
const char* stageBloom(StageMemory&, const char* p, const char* end);          //  ?[^(\s|.,!?…。，、।۔،)]+
const char* stageLines(StageMemory&, const char* p, const char* end);          // [^\n]+|[\n]+
const char* stageSentinel(StageMemory&, const char* p, const char* end);       // <sentinel:[0-9]+>
const char* stageImageToken(StageMemory&, const char* p, const char* end);     // IMGIMG[A-I]{1,4}Z
const char* stageIndent(StageMemory&, const char* p, const char* end);         // [\t\n]|    |  (4 or 2 spaces)
const char* stagePunctEach(StageMemory&, const char* p, const char* end);      // [\p{P}!-/:-@\[-`{-~]

}  // namespace engine
