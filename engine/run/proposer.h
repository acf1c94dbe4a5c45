// What guesses the next tokens of a reply: one file per kind, and the list of all. A guess costs time when it is wrong
// and saves time when it is right; it never changes a reply. Thread: the engine's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/run/engine.h"

namespace engine {

class Loaded;

// Guesses are numbered by how sure they are: the longer a proposer has been right about a text, the surer. Each guess
// is one number surer than the one before it, because it counts only if that one was right.
inline constexpr int32_t MaxSureness = 15;

struct Proposal {
    std::vector<int32_t> ids;
    int32_t sureness = 0;  // of the first
};

struct ProposalAsk {
    uint64_t sequence = 0;
    std::span<const int32_t> ids;  // prompt and reply so far
    int64_t most = 0;              // guesses wanted, at least 1
    Proposal* proposal = nullptr;  // the answer; fewer or none are fine
};

// What asking costs: `perGuess` for one more guess of every sequence together, `once` for getting ready.
struct ProposalCost {
    double perGuessSeconds = 0, onceSeconds = 0;
};

class Proposer {
  public:
    virtual ~Proposer() = default;
    // Asking costs next to nothing: it is done at every step, and its guesses are compared even when they are not used.
    virtual bool isFree() const = 0;
    virtual ProposalCost cost(std::span<const ProposalAsk> asks) const = 0;
    // Answers all asks. After an error it is not asked again.
    virtual Result<void> propose(std::span<const ProposalAsk> asks, Backend& backend) = 0;
    // The sequence has ended.
    virtual void forget(uint64_t sequence) = 0;
};

std::unique_ptr<Proposer> makePromptLookup();
// Null without a draft model, which must outlive the proposer.
std::unique_ptr<Proposer> makeDraftModel(Loaded* draft);

struct ProposerEntry {
    Speculation kind;  // that asks for it, beside Auto
    std::unique_ptr<Proposer> (*make)(Loaded* draft);
};
// Where several have a free guess, the first wins.
std::span<const ProposerEntry> proposers();

}  // namespace engine
