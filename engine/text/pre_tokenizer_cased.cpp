// Words cut by case: the o200k expression and its relatives.
#include "engine/text/pre_tokenizer_stages.h"

namespace engine {

namespace {

constexpr uint32_t Both = ClassModifier | ClassOtherLetter | ClassMark;
constexpr uint32_t Upper = ClassUpper | ClassTitle | Both;
constexpr uint32_t Lower = ClassLower | Both;

struct CasedRules {
    bool contractions = true;
    int digits = 3;
    bool slashAfterSigns = true;
    bool hanApart = false;
};

bool isHan(uint32_t c) {
    if (c < 0x2E80)
        return false;
    return (c <= 0x2FD5 && c != 0x2E9A && !(c >= 0x2EF4 && c < 0x2F00)) || c == 0x3005 || c == 0x3007 ||
           (c >= 0x3021 && c <= 0x3029) || (c >= 0x3038 && c <= 0x303B) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFA6D) || (c >= 0xFA70 && c <= 0xFAD9) ||
           (c >= 0x16FE2 && c <= 0x16FE3) || (c >= 0x16FF0 && c <= 0x16FF1) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B739) || (c >= 0x2B740 && c <= 0x2B81D) || (c >= 0x2B820 && c <= 0x2CEA1) ||
           (c >= 0x2CEB0 && c <= 0x2EBE0) || (c >= 0x2EBF0 && c <= 0x2EE5D) || (c >= 0x2F800 && c <= 0x2FA1D) ||
           (c >= 0x30000 && c <= 0x323AF);
}

template <CasedRules Rules>
bool isCase(const TextChar& c, uint32_t mask) {
    return c.is(mask) && !(Rules.hanApart && isHan(c.codepoint));
}

struct CasedRun {
    const char* upperEnd;  // the end of [U]*
    const char* lastBoth;  // behind the last character of it that is in W too; null: none
    bool lowerFollows;
};

template <CasedRules Rules>
CasedRun readRun(const char* p, const char* end) {
    CasedRun run{p, nullptr, false};
    for (;;) {
        const TextChar c = charAt(run.upperEnd, end);
        if (!isCase<Rules>(c, Upper)) {
            run.lowerFollows = isCase<Rules>(c, Lower);
            return run;
        }
        run.upperEnd = c.next;
        if (c.is(Both))
            run.lastBoth = c.next;
    }
}

template <CasedRules Rules>
const char* skipLower(const char* p, const char* end) {
    for (TextChar c = charAt(p, end); isCase<Rules>(c, Lower); c = charAt(p, end))
        p = c.next;
    return p;
}

// [U]*[W]+ : greedy over [U], then back to the last character that [W] can take. Null: no match.
template <CasedRules Rules>
const char* matchLowerWord(const CasedRun& run, const char* end) {
    return run.lowerFollows ? skipLower<Rules>(run.upperEnd, end) : run.lastBoth;
}

template <CasedRules Rules>
const char* matchCasedWord(const char* p, const char* end) {
    const TextChar first = charAt(p, end);
    const bool prefix = first.isOther(ClassNewline | ClassLetter | ClassNumber);
    CasedRun behind{nullptr, nullptr, false};
    const char* word = nullptr;
    if (prefix) {
        behind = readRun<Rules>(first.next, end);
        word = matchLowerWord<Rules>(behind, end);
    }
    if (!word) {
        const CasedRun here = readRun<Rules>(p, end);
        word = matchLowerWord<Rules>(here, end);
        // [U]+[W]* matches only where no [W] follows [U], so it is [U]+.
        if (!word && prefix && behind.upperEnd != first.next)
            word = behind.upperEnd;
        if (!word && here.upperEnd != p)
            word = here.upperEnd;
    }
    if (word && Rules.contractions) {
        if (const char* q = matchContraction(word, end, true))
            return q;
    }
    return word;
}

template <CasedRules Rules>
const char* casedStage(StageMemory&, const char* p, const char* end) {
    const TextChar first = charAt(p, end);
    if constexpr (Rules.hanApart) {
        const char* q = p;
        for (TextChar c = first; c.classes != 0 && isHan(c.codepoint); c = charAt(q, end))
            q = c.next;
        if (q != p)
            return q;
    }
    if (const char* q = matchCasedWord<Rules>(p, end))
        return q;
    if (first.is(ClassNumber)) {
        const char* q = first.next;
        for (int i = 1; i < Rules.digits && charAt(q, end).is(ClassNumber); ++i)
            q = charAt(q, end).next;
        return q;
    }
    //  ?[^\s\p{L}\p{N}]+[\r\n/]*
    constexpr uint32_t NotSigns = ClassSpace | ClassLetter | ClassNumber;
    const TextChar sign = first.codepoint == ' ' ? charAt(first.next, end) : first;
    if (sign.isOther(NotSigns)) {
        const char* q = sign.next;
        for (TextChar c = charAt(q, end); c.isOther(NotSigns); c = charAt(q, end))
            q = c.next;
        while (q != end && (*q == '\r' || *q == '\n' || (Rules.slashAfterSigns && *q == '/')))
            ++q;
        return q;
    }
    if (first.is(ClassSpace))
        return matchSpaces(p, end, true);
    return first.next;
}

}  // namespace

const char* stageGpt4o(StageMemory& m, const char* p, const char* end) {
    return casedStage<CasedRules{}>(m, p, end);
}
const char* stageTekken(StageMemory& m, const char* p, const char* end) {
    return casedStage<CasedRules{.contractions = false, .digits = 1}>(m, p, end);
}
const char* stageYoutu(StageMemory& m, const char* p, const char* end) {
    return casedStage<CasedRules{.digits = 1}>(m, p, end);
}
const char* stageKimi(StageMemory& m, const char* p, const char* end) {
    return casedStage<CasedRules{.slashAfterSigns = false, .hanApart = true}>(m, p, end);
}

}  // namespace engine
