// How a stage isolates the matches of its expression; shared by the files that define stages. Thread: any.
#pragma once

#include "engine/text/pre_tokenizer_stages.h"

namespace engine {

// The match at p, or else the text up to the next match. `match(p, end)` gives null where there is none, and looks
// ahead only a bounded way before it fails (so that the whole stays linear).
template <typename Match>
const char* isolate(const char* p, const char* end, Match match) {
    if (const char* q = match(p, end))
        return q;
    p = charAt(p, end).next;
    while (p != end && !match(p, end))
        p = charAt(p, end).next;
    return p;
}

// [set]+ : the end of the run at p, null when p is not in the set.
template <typename Set>
const char* matchRun(const char* p, const char* end, Set set) {
    const char* q = p;
    while (q != end) {
        const TextChar c = charAt(q, end);
        if (!set(c))
            break;
        q = c.next;
    }
    return q == p ? nullptr : q;
}

}  // namespace engine
