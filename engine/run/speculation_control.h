// Whether guessing pays: what steps cost by their rows, how often guesses are right, and from both how many guesses
// each sequence of a step gets. Knows no clock and no model: its owner tells it what it measured. Thread: the engine's.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/run/proposer.h"

namespace engine {

// Of one sequence and step. Four more rows than that are rarely worth their time on any machine measured.
inline constexpr int64_t MaxGuesses = 8;

// Seconds of a step in which every row's logits are wanted, by its number of rows.
class StepCosts {
  public:
    static constexpr int64_t MostRows = 64;

    void add(int64_t rows, double seconds);
    // 0: nothing is known. A number of rows that was never measured counts as cheap, so that it is tried once, and
    // what was measured long ago comes nearer to that, so that it is tried again.
    double seconds(int64_t rows) const;
    // The cost without guesses must stay known; it is only seen where there are none.
    bool isOld(int64_t rows) const;

  private:
    struct Measured {
        double seconds = 0;  // 0: never
        int64_t at = 0;      // step
    };
    double expected(int64_t rows) const;  // from other numbers of rows

    std::array<Measured, MostRows + 1> m_measured{};
    int64_t m_steps = 0;
};

// How often a guess of a sureness is right, of those whose predecessors were. The last some dozen count.
class Acceptance {
  public:
    // `general`: what is known from other requests; may be null.
    explicit Acceptance(const Acceptance* general = nullptr) : m_general(general) {}
    void add(int32_t sureness, bool right);
    // That many tokens have passed: what was not tried for long may have changed, and goes back towards hope.
    void age(int64_t tokens) { m_tokens += tokens; }
    double chance(int32_t sureness) const;

  private:
    struct Count {
        double right = 0, tried = 0;
        int64_t at = 0;  // token
    };
    std::array<Count, MaxSureness + 1> m_counts{};
    const Acceptance* m_general;
    int64_t m_tokens = 0;
};

// The guesses that a sequence may get: the chance that it gets one, two, ... tokens more than the one it gets anyway.
struct Prospect {
    std::array<double, MaxGuesses> gain{};
    int64_t count = 0;
    bool isPaid = false;  // its guesses cost time before the step
};
Prospect prospectOf(const Acceptance& acceptance, int32_t sureness, int64_t count);

struct StepOutlook {
    int64_t rows = 0;            // planned without guesses
    int64_t rowsLeft = 0;        // of the step's budget
    bool hasBystanders = false;  // somebody whose step only becomes longer
    std::function<double(int64_t rows)> seconds = {};
    ProposalCost paid = {};
};
struct GuessChoice {
    std::vector<int64_t> guesses;  // per prospect
    double value = 0;              // logarithm of how much faster each sequence becomes, summed; 0: no guesses
};
// Maximizes the product of the speeds of all sequences (for a single one its tokens per second), so that one cannot
// gain at much cost to others; and nobody becomes noticeably slower than without guesses.
GuessChoice chooseGuesses(std::span<const Prospect> prospects, const StepOutlook& step);

}  // namespace engine
