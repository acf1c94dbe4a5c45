#include "engine/run/speculation_control.h"

#include <algorithm>
#include <cmath>

namespace engine {

namespace {

constexpr double CheapRow = 0.1;        // of one row's cost: what an unmeasured row more is taken to cost
constexpr double Down = 0.5, Up = 0.1;  // weight of a new time: a machine that was busy elsewhere only adds time
constexpr double StepsToForget = 512;
constexpr int64_t StepsUntilOld = 256;

constexpr double TriesThatCount = 32;  // older ones fade
constexpr double TriesOfPrior = 4;     // what others know counts like that many tries
constexpr double TokensToForget = 512;

constexpr double LeastGain = 0.03;  // of speed: less is within what measuring can tell
constexpr double MostDelay = 0.02;  // of a step, for who gains nothing by it

// Before anything was tried: worth a try where rows are cheap, not more.
double hope(int32_t sureness) {
    return 0.45 + 0.03 * sureness;
}

}  // namespace

void StepCosts::add(int64_t rows, double seconds) {
    ++m_steps;
    if (rows < 1 || rows > MostRows || !(seconds > 0))
        return;
    Measured& m = m_measured[static_cast<size_t>(rows)];
    m.seconds = m.seconds == 0 ? seconds : m.seconds + (seconds < m.seconds ? Down : Up) * (seconds - m.seconds);
    m.at = m_steps;
}

double StepCosts::expected(int64_t rows) const {
    const auto known = [this](int64_t r) { return m_measured[static_cast<size_t>(r)].seconds; };
    int64_t below = rows - 1, above = rows + 1;
    while (below > 0 && known(below) == 0)
        --below;
    while (above <= MostRows && known(above) == 0)
        ++above;
    if (below > 0 && above <= MostRows)
        return known(below) +
               (known(above) - known(below)) * static_cast<double>(rows - below) / static_cast<double>(above - below);
    if (below > 0)
        return known(below) * (1 + CheapRow * static_cast<double>(rows - below) / static_cast<double>(below));
    return above <= MostRows ? known(above) : 0;
}

double StepCosts::seconds(int64_t rows) const {
    if (rows < 1 || rows > MostRows)
        return 0;
    const Measured& m = m_measured[static_cast<size_t>(rows)];
    const double cheap = expected(rows);
    if (m.seconds == 0 || cheap == 0 || m.seconds <= cheap)
        return m.seconds == 0 ? cheap : m.seconds;
    return cheap + (m.seconds - cheap) * std::exp2(-static_cast<double>(m_steps - m.at) / StepsToForget);
}

bool StepCosts::isOld(int64_t rows) const {
    return rows >= 1 && rows <= MostRows && m_steps - m_measured[static_cast<size_t>(rows)].at > StepsUntilOld;
}

void Acceptance::add(int32_t sureness, bool right) {
    Count& c = m_counts[static_cast<size_t>(std::clamp(sureness, 0, MaxSureness))];
    constexpr double fade = 1 - 1 / TriesThatCount;
    c.right = c.right * fade + (right ? 1 : 0);
    c.tried = c.tried * fade + 1;
    c.at = m_tokens;
}

double Acceptance::chance(int32_t sureness) const {
    const int32_t index = std::clamp(sureness, 0, MaxSureness);
    const Count& c = m_counts[static_cast<size_t>(index)];
    const double prior = m_general ? m_general->chance(index) : hope(index);
    const double weight = std::exp2(-static_cast<double>(m_tokens - c.at) / TokensToForget);
    return (c.right * weight + TriesOfPrior * prior) / (c.tried * weight + TriesOfPrior);
}

Prospect prospectOf(const Acceptance& acceptance, int32_t sureness, int64_t count) {
    Prospect p;
    p.count = std::min(count, MaxGuesses);
    double all = 1;
    for (int64_t i = 0; i < p.count; ++i) {
        all *= acceptance.chance(sureness + static_cast<int32_t>(i));
        p.gain[static_cast<size_t>(i)] = all;
    }
    return p;
}

GuessChoice chooseGuesses(std::span<const Prospect> prospects, const StepOutlook& step) {
    GuessChoice best{std::vector<int64_t>(prospects.size(), 0), 0};
    const double plain = step.seconds(step.rows);
    if (!(plain > 0))
        return best;
    // The gains of a sequence fall from guess to guess: taking the largest gain first never takes one out of order.
    struct Guess {
        double gain;
        size_t sequence;
    };
    std::vector<Guess> guesses;
    for (size_t s = 0; s < prospects.size(); ++s)
        for (int64_t i = 0; i < prospects[s].count; ++i)
            guesses.push_back({prospects[s].gain[static_cast<size_t>(i)], s});
    std::stable_sort(guesses.begin(), guesses.end(), [](const Guess& a, const Guess& b) { return a.gain > b.gain; });

    std::vector<int64_t> taken(prospects.size(), 0);
    std::vector<double> tokens(prospects.size(), 1);  // expected
    const auto members = static_cast<double>(prospects.size()) + (step.hasBystanders ? 1 : 0);
    int64_t rounds = 0;  // of paid guesses
    for (size_t n = 0; n < guesses.size() && static_cast<int64_t>(n) < step.rowsLeft; ++n) {
        const auto [gain, s] = guesses[n];
        tokens[s] += gain;
        ++taken[s];
        if (prospects[s].isPaid)
            rounds = std::max(rounds, taken[s]);
        double seconds = step.seconds(step.rows + static_cast<int64_t>(n) + 1);
        if (!(seconds > 0))
            break;
        if (rounds > 0)
            seconds += step.paid.onceSeconds + static_cast<double>(rounds) * step.paid.perGuessSeconds;
        double value = -members * std::log(seconds / plain);
        double slowest = step.hasBystanders ? 1 : tokens[0];
        for (const double t : tokens) {
            value += std::log(t);
            slowest = std::min(slowest, t);
        }
        if (slowest * plain < (1 - MostDelay) * seconds)
            continue;
        if (value > best.value && value > LeastGain)
            best = {taken, value};
    }
    return best;
}

}  // namespace engine
