// Words of letters, numbers, signs and white space: the GPT-2 expression and the llama 3 family.
#include "engine/text/pre_tokenizer_stages.h"

namespace engine {

namespace {

bool isLetterOf(const TextChar& c, char letter, bool anyCase) {
    if (c.codepoint == static_cast<unsigned char>(letter))
        return c.classes != 0;
    if (!anyCase)
        return false;
    return c.codepoint == static_cast<unsigned char>(letter - 32) || (letter == 's' && c.codepoint == 0x17F);
}

struct WordRules {
    bool contractions = true;  // (?i:'s|...)
    uint32_t letters = ClassLetter;
    int digits = 1;  // 0: any number
    uint32_t notSigns = ClassSpace | ClassLetter | ClassNumber;
    bool newlinesAfterSigns = true;
    bool spacesInPowers = false;
    bool phrases = false;  // exaone-moe
};

const char* matchSpacesInPowers(StageMemory& memory, const char* p, const char* end) {
    if (!memory.runEnd || memory.runEnd <= p) {  // else p lies in a run that is known to have no more newlines
        const char* lastNewline = nullptr;
        const char* q = p;
        for (TextChar c = charAt(q, end); c.is(ClassSpace); c = charAt(q, end)) {
            q = c.next;
            if (c.is(ClassNewline))
                lastNewline = q;
        }
        if (lastNewline)
            return lastNewline;
        memory.runEnd = q;
    }
    // Counts at most 513: a longer run looks the same to the expression.
    const char* ends[514];
    int count = 0;
    for (const char* q = p; count < 513 && q != memory.runEnd;) {
        q = charAt(q, end).next;
        ends[++count] = q;
    }
    const bool atEnd = memory.runEnd == end;
    for (int power = 512; power > 1; power /= 2) {
        if (count > power || (count == power && atEnd))
            return ends[power];
    }
    return ends[1];
}

// \p{L}\p{M}*(?: ?\p{L}\p{M}*)*   at a letter
const char* matchPhrase(const char* p, const char* end) {
    for (;;) {
        p = skipClass(charAt(p, end).next, end, ClassMark);
        const TextChar c = charAt(p, end);
        if (c.is(ClassLetter))
            continue;
        if (c.codepoint != ' ' || !charAt(c.next, end).is(ClassLetter))
            return p;
        p = c.next;
    }
}

const char* matchNumbers(const char* p, const char* end, int most) {
    if (most == 0)
        return skipClass(p, end, ClassNumber);
    for (int i = 0; i < most; ++i) {
        const TextChar c = charAt(p, end);
        if (!c.is(ClassNumber))
            break;
        p = c.next;
    }
    return p;
}

template <WordRules Rules>
const char* matchWord(StageMemory& memory, const char* p, const char* end) {
    const TextChar first = charAt(p, end);
    if (Rules.contractions && first.codepoint == '\'') {
        if (const char* q = matchContraction(p, end, true))
            return q;
    }
    // [^\r\n\p{L}\p{N}]?\p{L}+
    const char* letters = nullptr;
    if (first.isOther(ClassNewline | ClassLetter | ClassNumber) && charAt(first.next, end).is(Rules.letters))
        letters = first.next;
    else if (first.is(Rules.letters))
        letters = p;
    if (letters) {
        if constexpr (Rules.phrases) {
            return matchPhrase(letters, end);
        } else {
            return skipClass(letters, end, Rules.letters);
        }
    }
    if (first.is(ClassNumber))
        return matchNumbers(p, end, Rules.digits);
    //  ?[^\s\p{L}\p{N}]+[\r\n]*
    TextChar sign = first;
    if (first.codepoint == ' ')
        sign = charAt(first.next, end);
    if (sign.isOther(Rules.notSigns)) {
        const char* q = sign.next;
        for (TextChar c = charAt(q, end); c.isOther(Rules.notSigns); c = charAt(q, end))
            q = c.next;
        if constexpr (Rules.phrases) {
            if (q != end && (*q == '\r' || *q == '\n' || *q == '/'))
                ++q;
        } else if (Rules.newlinesAfterSigns) {
            q = skipClass(q, end, ClassNewline);
        }
        return q;
    }
    // Only white space is left: every other class was matched above.
    return Rules.spacesInPowers ? matchSpacesInPowers(memory, p, end) : matchSpaces(p, end, true);
}

template <WordRules Rules>
const char* wordStage(StageMemory& memory, const char* p, const char* end) {
    return matchWord<Rules>(memory, p, end);
}

}  // namespace

const char* matchSpaces(const char* p, const char* end, bool newlinesApart) {
    const char* q = p;
    const char* last = p;  // where the last character of the run begins
    const char* lastNewline = nullptr;
    while (q != end) {
        const TextChar c = charAt(q, end);
        if (!c.is(ClassSpace))
            break;
        last = q;
        q = c.next;
        if (c.is(ClassNewline))
            lastNewline = q;
    }
    if (newlinesApart && lastNewline)
        return lastNewline;
    return q == end || last == p ? q : last;
}

const char* matchContraction(const char* p, const char* end, bool anyCase) {
    const TextChar quote = charAt(p, end);
    if (quote.codepoint != '\'')
        return nullptr;
    const TextChar c = charAt(quote.next, end);
    for (const char letter : {'s', 't', 'm', 'd'}) {
        if (isLetterOf(c, letter, anyCase))
            return c.next;
    }
    const TextChar second = charAt(c.next, end);
    const bool two = (isLetterOf(c, 'r', anyCase) && isLetterOf(second, 'e', anyCase)) ||
                     (isLetterOf(c, 'v', anyCase) && isLetterOf(second, 'e', anyCase)) ||
                     (isLetterOf(c, 'l', anyCase) && isLetterOf(second, 'l', anyCase));
    return two ? second.next : nullptr;
}

const char* stageGpt2(StageMemory&, const char* p, const char* end) {
    const TextChar first = charAt(p, end);
    if (first.codepoint == '\'') {
        if (const char* q = matchContraction(p, end, false))
            return q;
    }
    const TextChar c = first.codepoint == ' ' ? charAt(first.next, end) : first;
    if (c.is(ClassLetter))
        return skipClass(c.next, end, ClassLetter);
    if (c.is(ClassNumber))
        return skipClass(c.next, end, ClassNumber);
    if (c.isOther(ClassSpace)) {
        const char* q = c.next;
        for (TextChar s = charAt(q, end); s.isOther(ClassSpace | ClassLetter | ClassNumber); s = charAt(q, end))
            q = s.next;
        return q;
    }
    return matchSpaces(p, end, false);
}

const char* stageLlama3(StageMemory& m, const char* p, const char* end) {
    return wordStage<WordRules{.digits = 3}>(m, p, end);
}
const char* stageQwen2(StageMemory& m, const char* p, const char* end) {
    return wordStage<WordRules{}>(m, p, end);
}
const char* stageMinicpm5(StageMemory& m, const char* p, const char* end) {
    return wordStage<WordRules{.digits = 0}>(m, p, end);
}
const char* stageQwen35(StageMemory& m, const char* p, const char* end) {
    return wordStage<WordRules{.letters = ClassLetter | ClassMark,
                               .notSigns = ClassSpace | ClassLetter | ClassMark | ClassNumber}>(m, p, end);
}
const char* stageUfakzeka(StageMemory& m, const char* p, const char* end) {
    return wordStage<WordRules{.contractions = false}>(m, p, end);
}
const char* stageSeedCoder(StageMemory& m, const char* p, const char* end) {
    return wordStage<WordRules{.newlinesAfterSigns = false}>(m, p, end);
}
const char* stageJais2(StageMemory& m, const char* p, const char* end) {
    return wordStage<WordRules{.digits = 3, .spacesInPowers = true}>(m, p, end);
}
const char* stageExaoneMoe(StageMemory& m, const char* p, const char* end) {
    return wordStage<WordRules{.phrases = true}>(m, p, end);
}

}  // namespace engine
