#include "engine/text/unicode.h"

#include <algorithm>

namespace engine {

namespace {

const CaseRun* findRun(const CaseRun* runs, int count, uint32_t codepoint) {
    const CaseRun* run = std::upper_bound(runs, runs + count, codepoint,
                                          [](uint32_t value, const CaseRun& r) { return value < r.first; });
    if (run == runs)
        return nullptr;
    --run;
    return codepoint <= run->last && (codepoint - run->first) % run->step == 0 ? run : nullptr;
}

void appendMapped(std::u32string& out, const CaseRun& run, uint32_t codepoint) {
    const uint32_t mapped = codepoint + static_cast<uint32_t>(run.delta);
    if (mapped != 0)
        out += static_cast<char32_t>(mapped);
    if (run.second != 0)
        out += static_cast<char32_t>(run.second);
}

}  // namespace

void appendLower(std::u32string& out, uint32_t codepoint) {
    if (const CaseRun* run = findRun(LowerRuns, LowerRunsCount, codepoint))
        appendMapped(out, *run, codepoint);
    else
        out += static_cast<char32_t>(codepoint);
}

void appendPlain(std::u32string& out, uint32_t codepoint) {
    if (codepoint >= 0xAC00 && codepoint <= 0xD7A3) {  // a Hangul syllable: leading, vowel, perhaps trailing part
        const uint32_t syllable = codepoint - 0xAC00;
        out += static_cast<char32_t>(0x1100 + syllable / 588);
        out += static_cast<char32_t>(0x1161 + syllable % 588 / 28);
        if (syllable % 28 != 0)
            out += static_cast<char32_t>(0x11A7 + syllable % 28);
        return;
    }
    if (classesOf(codepoint) & ClassNonspacing)
        return;
    if (const CaseRun* run = findRun(PlainRuns, PlainRunsCount, codepoint))
        appendMapped(out, *run, codepoint);
    else
        out += static_cast<char32_t>(codepoint);
}

}  // namespace engine
