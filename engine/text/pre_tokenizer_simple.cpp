// Stages for numbers, signs, lines and the like.
#include <string_view>

#include "engine/text/pre_tokenizer_isolate.h"

namespace engine {

namespace {

bool isNumber(const TextChar& c) {
    return c.is(ClassNumber);
}
bool isNotNumber(const TextChar& c) {
    return !c.is(ClassNumber);
}

const char* numberGroup(const char* p, const char* end, int most) {
    if (!charAt(p, end).is(ClassNumber)) {
        const char* q = matchRun(p, end, isNotNumber);
        return q ? q : end;
    }
    for (int i = 0; i < most && charAt(p, end).is(ClassNumber); ++i)
        p = charAt(p, end).next;
    return p;
}

const char* skipChars(const char* p, const char* end, int64_t count) {
    for (; count > 0 && p != end; --count)
        p = charAt(p, end).next;
    return p;
}

struct Run {
    const char* end;
    int64_t length;  // characters
};
Run runOf(const char* p, const char* end, uint32_t mask) {
    Run run{p, 0};
    for (TextChar c = charAt(p, end); c.is(mask); c = charAt(run.end, end)) {
        run.end = c.next;
        ++run.length;
    }
    return run;
}

// \w: what is alphabetic (circled letters too), numbers, marks and connectors.
bool isWordChar(const TextChar& c) {
    return c.is(ClassLetter | ClassNumber | ClassMark | ClassConnector) ||
           (c.codepoint >= 0x24B6 && c.codepoint <= 0x24E9) || (c.codepoint >= 0x1F130 && c.codepoint <= 0x1F149) ||
           (c.codepoint >= 0x1F150 && c.codepoint <= 0x1F169) || (c.codepoint >= 0x1F170 && c.codepoint <= 0x1F189);
}

// Numbers of the class in threes counted from the right; the run may have to end at a word boundary.
const char* groupsFromRight(StageMemory& memory, const char* p, const char* end, uint32_t mask, bool atBoundary) {
    if (memory.runEnd && p < memory.runEnd)
        return skipChars(p, end, 3);
    const char* q = p;
    while (q != end) {
        if (!charAt(q, end).is(mask)) {
            q = charAt(q, end).next;
            continue;
        }
        const Run run = runOf(q, end, mask);
        const bool joined = atBoundary && isWordChar(charAt(run.end, end));
        if (!joined) {
            if (q != p)
                return q;
            memory.runEnd = run.end;
            return skipChars(q, end, run.length % 3 == 0 ? 3 : run.length % 3);
        }
        q = run.end;
    }
    return end;
}

bool isFalconPunct(const TextChar& c, bool tick) {
    return c.is(ClassPunct) || (c.codepoint < 128 && c.is(ClassSymbol) && (tick || c.codepoint != '`'));
}

bool isBloomWord(const TextChar& c) {
    switch (c.codepoint) {
        case '(':
        case '|':
        case '.':
        case ',':
        case '!':
        case '?':
        case ')':
        case 0x2026:
        case 0x3002:
        case 0xFF0C:
        case 0x3001:
        case 0x0964:
        case 0x06D4:
        case 0x060C:
            return false;
        default:
            return c.isOther(ClassSpace);
    }
}

}  // namespace

const char* stageDigit(StageMemory&, const char* p, const char* end) {
    return numberGroup(p, end, 1);
}
const char* stageDigits3(StageMemory&, const char* p, const char* end) {
    return numberGroup(p, end, 3);
}
const char* stageNumbers(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, [](auto q, auto e) { return matchRun(q, e, isNumber); });
}

const char* stageThreeAscii(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, [](const char* q, const char* e) -> const char* {
        const auto digit = [](char c) { return c >= '0' && c <= '9'; };
        return e - q >= 3 && digit(q[0]) && digit(q[1]) && digit(q[2]) ? q + 3 : nullptr;
    });
}

const char* stageDigitsFromRight(StageMemory& memory, const char* p, const char* end) {
    return groupsFromRight(memory, p, end, ClassNumber, false);
}
const char* stageAyaDigits(StageMemory& memory, const char* p, const char* end) {
    return groupsFromRight(memory, p, end, ClassDigit, true);
}

const char* stageSuperDigits(StageMemory& memory, const char* p, const char* end) {
    const char* q = p;
    if (memory.runEnd && p < memory.runEnd) {  // p stands at a multiple of three before runEnd
        const char* next = skipChars(p, end, 3);
        if (next != memory.runEnd)
            return next;
        q = next;
    }
    while (q != end) {
        if (!charAt(q, end).is(ClassDigit)) {
            q = charAt(q, end).next;
            continue;
        }
        const Run run = runOf(q, end, ClassDigit);
        if (run.length >= 3) {
            const char* split = skipChars(q, end, run.length % 3);
            memory.runEnd = run.end;
            if (split != p)
                return split;
            const char* next = skipChars(p, end, 3);
            if (next != run.end)
                return next;
        }
        q = run.end;
    }
    return end;
}

const char* stagePunctRuns(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, [](const char* q, const char* e) {
        return matchRun(q, e, [](const TextChar& c) { return isFalconPunct(c, false); });
    });
}
const char* stagePunctRunsTick(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, [](const char* q, const char* e) {
        return matchRun(q, e, [](const TextChar& c) { return isFalconPunct(c, true); });
    });
}

const char* stageBloom(StageMemory&, const char* p, const char* end) {
    return isolate(
        p, end, [](const char* q, const char* e) { return matchRun(q != e && *q == ' ' ? q + 1 : q, e, isBloomWord); });
}

const char* stageLines(StageMemory&, const char* p, const char* end) {
    const bool breaks = *p == '\n';
    while (p != end && (*p == '\n') == breaks)
        ++p;
    return p;
}

const char* stageSentinel(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, [](const char* q, const char* e) -> const char* {
        constexpr std::string_view Head = "<sentinel:";
        const std::string_view rest(q, static_cast<size_t>(e - q));
        if (rest.substr(0, Head.size()) != Head)
            return nullptr;
        size_t i = Head.size();
        while (i < rest.size() && rest[i] >= '0' && rest[i] <= '9')
            ++i;
        return i > Head.size() && i < rest.size() && rest[i] == '>' ? q + i + 1 : nullptr;
    });
}

const char* stageImageToken(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, [](const char* q, const char* e) -> const char* {
        const std::string_view rest(q, static_cast<size_t>(e - q));
        if (rest.substr(0, 6) != "IMGIMG")
            return nullptr;
        size_t i = 6;
        while (i < rest.size() && i < 10 && rest[i] >= 'A' && rest[i] <= 'I')
            ++i;
        return i > 6 && i < rest.size() && rest[i] == 'Z' ? q + i + 1 : nullptr;
    });
}

const char* stageIndent(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, [](const char* q, const char* e) -> const char* {
        const std::string_view rest(q, static_cast<size_t>(e - q));
        if (rest[0] == '\t' || rest[0] == '\n')
            return q + 1;
        if (rest.substr(0, 4) == "    ")
            return q + 4;
        return rest.substr(0, 2) == "  " ? q + 2 : nullptr;
    });
}

const char* stagePunctEach(StageMemory&, const char* p, const char* end) {
    return isolate(p, end, [](const char* q, const char* e) -> const char* {
        const TextChar c = charAt(q, e);
        return isFalconPunct(c, true) ? c.next : nullptr;
    });
}

}  // namespace engine
