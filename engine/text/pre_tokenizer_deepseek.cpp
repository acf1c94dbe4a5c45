// DeepSeek's expressions and others that name scripts by ranges of characters.
#include <algorithm>
#include <iterator>

#include "engine/text/pre_tokenizer_isolate.h"

namespace engine {

namespace {

struct Range {
    uint32_t first;
    uint32_t last;
};

// Letters of the scripts that have case, as deepseek-llm's expression lists them.
constexpr Range CasedScripts[] = {
    {0x41, 0x5A},       {0x61, 0x7A},       {0xB5, 0xB5},       {0xC0, 0xD6},       {0xD8, 0xF6},
    {0xF8, 0x1BA},      {0x1BC, 0x1BF},     {0x1C4, 0x293},     {0x295, 0x2AF},     {0x370, 0x373},
    {0x376, 0x376},     {0x377, 0x377},     {0x37B, 0x37D},     {0x37F, 0x37F},     {0x386, 0x386},
    {0x388, 0x38A},     {0x38C, 0x38C},     {0x38E, 0x3A1},     {0x3A3, 0x3F5},     {0x3F7, 0x481},
    {0x48A, 0x52F},     {0x531, 0x556},     {0x10A0, 0x10C5},   {0x13A0, 0x13F5},   {0x13F8, 0x13FD},
    {0x1C90, 0x1CBA},   {0x1CBD, 0x1CBF},   {0x1D00, 0x1D2B},   {0x1D6B, 0x1D77},   {0x1D79, 0x1D9A},
    {0x1E00, 0x1F15},   {0x1F18, 0x1F1D},   {0x1F20, 0x1F45},   {0x1F48, 0x1F4D},   {0x1F50, 0x1F57},
    {0x1F59, 0x1F59},   {0x1F5B, 0x1F5B},   {0x1F5D, 0x1F5D},   {0x1F5F, 0x1F7D},   {0x1F80, 0x1FB4},
    {0x1FB6, 0x1FBC},   {0x1FBE, 0x1FBE},   {0x1FC2, 0x1FC4},   {0x1FC6, 0x1FCC},   {0x1FD0, 0x1FD3},
    {0x1FD6, 0x1FDB},   {0x1FE0, 0x1FEC},   {0x1FF2, 0x1FF4},   {0x1FF6, 0x1FFC},   {0x2102, 0x2102},
    {0x2107, 0x2107},   {0x210A, 0x2113},   {0x2115, 0x2115},   {0x2119, 0x211D},   {0x2124, 0x2124},
    {0x2126, 0x2126},   {0x2128, 0x2128},   {0x212A, 0x212D},   {0x212F, 0x2134},   {0x2139, 0x2139},
    {0x213C, 0x213F},   {0x2145, 0x2149},   {0x214E, 0x214E},   {0x2183, 0x2183},   {0x2184, 0x2184},
    {0x2C00, 0x2C7B},   {0x2C7E, 0x2CE4},   {0x2CEB, 0x2CEE},   {0x2CF2, 0x2CF2},   {0x2CF3, 0x2CF3},
    {0xA640, 0xA66D},   {0xA680, 0xA69B},   {0xA722, 0xA76F},   {0xA771, 0xA787},   {0xA78B, 0xA78E},
    {0xAB70, 0xABBF},   {0xFB00, 0xFB06},   {0xFB13, 0xFB17},   {0xFF21, 0xFF3A},   {0xFF41, 0xFF5A},
    {0x10400, 0x1044F}, {0x104B0, 0x104D3}, {0x104D8, 0x104FB}, {0x10C80, 0x10CB2}, {0x10CC0, 0x10CF2},
    {0x118A0, 0x118DF}, {0x1E900, 0x1E943},
};

bool isCasedScript(uint32_t c) {
    const Range* range = std::upper_bound(std::begin(CasedScripts), std::end(CasedScripts), c,
                                          [](uint32_t value, const Range& r) { return value < r.first; });
    return range != std::begin(CasedScripts) && c <= (range - 1)->last;
}

bool isWidePunct(uint32_t c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '~') || (c >= 0xFF01 && c <= 0xFF0F) ||
           (c >= 0xFF1A && c <= 0xFF5E) || (c >= 0x2018 && c <= 0x201F) || (c >= 0x3000 && c <= 0x3002);
}

bool isHanHangul(uint32_t c) {
    return (c >= 0x0800 && c <= 0x9FA5) || (c >= 0xAC00 && c <= 0xD7FF);
}

bool isHanKana(uint32_t c) {
    return (c >= 0x4E00 && c <= 0x9FA5) || (c >= 0x3040 && c <= 0x30FF);
}

bool isHangul(uint32_t c) {
    return (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x3131 && c <= 0x318E);
}

bool isEastPunct(uint32_t c) {
    return c == 0xFF01 || c == 0x2026 || c == 0x201C || c == 0x201D || c == 0x2018 || c == 0x2019 || c == 0x2014 ||
           c == 0xFF1A || c == 0xFF1B || c == 0xFF0C || (c >= 0x3001 && c <= 0x303F) || (c >= 0xFE30 && c <= 0xFE4F);
}

bool isBopomofo(uint32_t c) {
    return c >= 0x3105 && c <= 0x312F;
}

bool isAfmoeScript(uint32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x3040 && c <= 0x30FF) || (c >= 0xFF65 && c <= 0xFF9F) || (c >= 0x2F00 && c <= 0x2FDF) ||
           (c >= 0x0E40 && c <= 0x0EFF) || (c >= 0x1780 && c <= 0x17FF) || (c >= 0x1000 && c <= 0x109F) ||
           (c >= 0xAA60 && c <= 0xAA7F) || (c >= 0xA9E0 && c <= 0xA9FF) || (c >= 0xAC00 && c <= 0xD7AF) ||
           (c >= 0x1100 && c <= 0x11FF);
}

// \s?[set]+
template <typename Set>
const char* matchSpaceRun(const char* p, const char* end, Set set) {
    TextChar c = charAt(p, end);
    if (c.is(ClassSpace)) {
        const TextChar next = charAt(c.next, end);
        // A set may itself hold white space (U+3000): then the run may begin with it.
        if (next.classes != 0 && set(next))
            c = next;
    }
    if (c.classes == 0 || !set(c))
        return nullptr;
    const char* q = matchRun(c.next, end, set);
    return q ? q : c.next;
}

bool isAsciiLetter(const TextChar& c) {
    return c.codepoint < 128 && c.is(ClassLetter);
}

// [!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|<white space>
template <bool Spark>
const char* matchDeepseekV3(const char* p, const char* end) {
    const TextChar first = charAt(p, end);
    const TextChar second = charAt(first.next, end);
    if (first.codepoint < 128 && first.is(ClassPunct | ClassSymbol) && isAsciiLetter(second))
        return matchRun(first.next, end, isAsciiLetter);
    constexpr uint32_t Letters = ClassLetter | ClassMark;
    if (first.isOther(ClassNewline | ClassLetter | ClassPunct | ClassSymbol) && second.is(Letters))
        return skipClass(second.next, end, Letters);
    if (first.is(Letters))
        return skipClass(first.next, end, Letters);
    constexpr uint32_t Signs = ClassPunct | ClassSymbol;
    const TextChar sign = first.codepoint == ' ' ? second : first;
    if (sign.is(Signs)) {
        const char* q = skipClass(sign.next, end, Signs);
        return Spark ? q : skipClass(q, end, ClassNewline);
    }
    if (Spark && first.is(ClassNewline))
        return first.next;
    return first.is(ClassSpace) ? matchSpaces(p, end, !Spark) : nullptr;
}

template <bool (*Set)(uint32_t)>
const char* matchScript(const char* p, const char* end) {
    return matchRun(p, end, [](const TextChar& c) { return Set(c.codepoint); });
}

}  // namespace

const char* stageDeepseekV3(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, matchDeepseekV3<false>);
}
const char* stageSpark(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, matchDeepseekV3<true>);
}

const char* stageLineBreak(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, [](const char* q, const char* e) {
        const TextChar c = charAt(q, e);
        return c.is(ClassNewline) ? c.next : nullptr;
    });
}
const char* stageCasedScripts(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, [](const char* q, const char* e) {
        return matchSpaceRun(q, e, [](const TextChar& c) { return isCasedScript(c.codepoint); });
    });
}
const char* stageWidePunct(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, [](const char* q, const char* e) {
        return matchSpaceRun(q, e, [](const TextChar& c) { return isWidePunct(c.codepoint); });
    });
}
const char* stageSpaceLetters(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, [](const char* q, const char* e) {
        return matchSpaceRun(q, e, [](const TextChar& c) { return c.is(ClassLetter); });
    });
}
const char* stageSpacePunct(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, [](const char* q, const char* e) {
        return matchSpaceRun(q, e, [](const TextChar& c) { return c.is(ClassPunct); });
    });
}
const char* stageSpacesAtEnd(StageMemory&, const char* p, const char* end) {
    const char* begin = p;  // of the last run of white space
    for (const char* q = p; q != end;) {
        const TextChar c = charAt(q, end);
        q = c.next;
        if (!c.is(ClassSpace))
            begin = q;
    }
    return begin == p ? end : begin;
}
const char* stageHanHangul(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, matchScript<isHanHangul>);
}
const char* stageHanKana(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, matchScript<isHanKana>);
}
const char* stageAfmoeScripts(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, matchScript<isAfmoeScript>);
}
const char* stageYoutuScripts(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, [](const char* q, const char* e) -> const char* {
        for (const auto match :
             {matchScript<isHangul>, matchScript<isEastPunct>, matchScript<isBopomofo>, matchScript<isHanKana>}) {
            if (const char* r = match(q, e))
                return r;
        }
        return nullptr;
    });
}

}  // namespace engine
