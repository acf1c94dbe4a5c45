#include "engine/run/proposer.h"

namespace engine {

namespace {

constexpr ProposerEntry Entries[] = {
    {Speculation::Lookup, [](Loaded*) { return makePromptLookup(); }},
    {Speculation::Draft, makeDraftModel},
};

}  // namespace

std::span<const ProposerEntry> proposers() {
    return Entries;
}

}  // namespace engine
