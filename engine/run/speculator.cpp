#include "engine/run/speculator.h"

#include <algorithm>
#include <numeric>

namespace engine {

namespace {

double expectedGain(const Prospect& p) {
    return std::accumulate(p.gain.begin(), p.gain.begin() + p.count, 0.0);
}

}  // namespace

Speculator::Speculator() : m_sources(proposers().size()) {
    setDraft(nullptr);
}

void Speculator::setDraft(Loaded* draft) {
    for (size_t i = 0; i < m_sources.size(); ++i) {
        m_sources[i].kind = proposers()[i].kind;
        m_sources[i].proposer = proposers()[i].make(draft);
    }
}

void Speculator::add(uint64_t sequence, Speculation kind, bool always) {
    if (kind == Speculation::Off)
        return;
    Running& running = m_running[sequence];
    running.kind = kind;
    running.always = always;
    for (const Source& source : m_sources)
        running.sources.push_back({Acceptance(&source.acceptance), {}});
}

void Speculator::remove(uint64_t sequence) {
    if (m_running.erase(sequence) == 0)
        return;
    for (const Source& source : m_sources)
        if (source.proposer)
            source.proposer->forget(sequence);
}

bool Speculator::uses(const Running& running, size_t source) const {
    const Source& s = m_sources[source];
    return s.proposer && (running.kind == Speculation::Auto || running.kind == s.kind);
}

// What the proposals of the last step were worth. In a plain step only the first guess meets a token; the next one is
// met a step later, as the first of a proposal that is one surer.
void Speculator::learn(Running& running, std::span<const int32_t> ids) {
    const auto size = static_cast<int64_t>(ids.size());
    for (size_t i = 0; i < running.sources.size(); ++i) {
        FromSource& from = running.sources[i];
        Acceptance& general = m_sources[i].acceptance;
        const auto count = std::min(static_cast<int64_t>(from.proposal.ids.size()), size - running.at);
        for (int64_t j = 0; j < count; ++j) {
            const bool right = ids[static_cast<size_t>(running.at + j)] == from.proposal.ids[static_cast<size_t>(j)];
            const int32_t sureness = from.proposal.sureness + static_cast<int32_t>(j);
            from.acceptance.add(sureness, right);
            general.add(sureness, right);
            if (!right)
                break;
        }
        from.proposal = {};
        if (running.at > 0) {
            from.acceptance.age(size - running.at);
            general.age(size - running.at);
        }
    }
    running.at = size;
}

bool Speculator::ask(size_t source, std::span<const ProposalAsk> asks, Backend& backend) {
    auto answered = m_sources[source].proposer->propose(asks, backend);
    if (answered)
        return true;
    m_problem = std::move(answered).error().message;
    m_sources[source].proposer = nullptr;
    for (const ProposalAsk& a : asks)
        *a.proposal = {};
    return false;
}

ProposalAsk Speculator::askFor(Candidate& c, size_t source, int64_t guesses) const {
    return {c.sequence->id, c.sequence->ids, guesses, &c.running->sources[source].proposal};
}

void Speculator::takeFreeProspect(Candidate& c, Backend& backend) {
    for (size_t i = 0; i < m_sources.size(); ++i) {
        if (!uses(*c.running, i) || !m_sources[i].proposer->isFree())
            continue;
        const ProposalAsk one[] = {askFor(c, i, c.most)};
        if (!ask(i, one, backend))
            continue;
        const FromSource& from = c.running->sources[i];
        const Prospect prospect =
            prospectOf(from.acceptance, from.proposal.sureness, static_cast<int64_t>(from.proposal.ids.size()));
        if (expectedGain(prospect) > expectedGain(c.prospect)) {
            c.prospect = prospect;
            c.source = i;
        }
    }
}

void Speculator::guessAlways(std::vector<Candidate>& candidates, Scheduler& scheduler, Backend& backend) {
    for (size_t i = 0; i < m_sources.size(); ++i) {
        std::vector<ProposalAsk> asks;
        for (Candidate& c : candidates)
            if (c.running->sources[c.source].proposal.ids.empty() && uses(*c.running, i) &&
                !m_sources[i].proposer->isFree()) {
                c.source = i;
                asks.push_back(askFor(c, i, c.most));
            }
        if (!asks.empty())
            ask(i, asks, backend);
    }
    for (const Candidate& c : candidates)
        scheduler.addGuesses(c.sequence, c.running->sources[c.source].proposal.ids);
}

// First with the guesses that cost nothing; then, for each proposer that takes time, with its guesses for those for
// whom it promises more. The best of these is done.
void Speculator::guessWherePaying(std::vector<Candidate>& candidates, StepOutlook step, Scheduler& scheduler,
                                  Backend& backend) {
    const auto prospects = [&] {
        std::vector<Prospect> all;
        for (const Candidate& c : candidates)
            all.push_back(c.prospect);
        return all;
    };
    GuessChoice best = chooseGuesses(prospects(), step);
    const std::vector<Candidate> free = candidates;
    std::vector<Candidate> chosen = candidates;
    for (size_t i = 0; i < m_sources.size(); ++i) {
        if (!m_sources[i].proposer || m_sources[i].proposer->isFree())
            continue;
        std::vector<ProposalAsk> asks;
        candidates = free;
        for (Candidate& c : candidates) {
            if (!uses(*c.running, i))
                continue;
            Prospect paid = prospectOf(c.running->sources[i].acceptance, 0, c.most);
            if (expectedGain(paid) <= expectedGain(c.prospect))
                continue;
            paid.isPaid = true;
            c.prospect = paid;
            c.source = i;
            asks.push_back(askFor(c, i, c.most));
        }
        if (asks.empty())
            continue;
        step.paid = m_sources[i].proposer->cost(asks);
        GuessChoice choice = chooseGuesses(prospects(), step);
        if (choice.value > best.value) {
            best = std::move(choice);
            chosen = candidates;
        }
    }
    candidates = std::move(chosen);
    for (size_t i = 0; i < m_sources.size(); ++i) {
        std::vector<ProposalAsk> asks;
        for (size_t c = 0; c < candidates.size(); ++c)
            if (best.guesses[c] > 0 && candidates[c].prospect.isPaid && candidates[c].source == i)
                asks.push_back(askFor(candidates[c], i, best.guesses[c]));
        if (!asks.empty())
            ask(i, asks, backend);
    }
    for (size_t c = 0; c < candidates.size(); ++c) {
        std::span<const int32_t> guesses = candidates[c].running->sources[candidates[c].source].proposal.ids;
        guesses = guesses.first(std::min(guesses.size(), static_cast<size_t>(best.guesses[c])));
        if (!guesses.empty())
            scheduler.addGuesses(candidates[c].sequence, guesses);
    }
}

void Speculator::extend(std::span<const Decoding> decoding, Scheduler& scheduler, double secondsPerRow,
                        Backend& backend) {
    if (m_running.empty())
        return;
    std::vector<Candidate> candidates, always;
    for (const Decoding& d : decoding) {
        const auto found = m_running.find(d.sequence->id);
        if (found == m_running.end())
            continue;
        Running& running = found->second;
        learn(running, d.sequence->ids);
        Candidate c{d.sequence, &running, std::min(d.guessesAllowed, MaxGuesses)};
        if (c.most == 0)
            continue;
        takeFreeProspect(c, backend);
        (running.always ? always : candidates).push_back(c);
    }
    guessAlways(always, scheduler, backend);
    if (candidates.empty())
        return;
    StepOutlook step;
    for (const PlannedRows& p : scheduler.planned())
        step.rows += p.rows;
    step.rowsLeft = scheduler.rowsLeft();
    step.hasBystanders = step.rows > static_cast<int64_t>(candidates.size());
    const bool onlyDecodes = scheduler.planned().size() == decoding.size();
    if (onlyDecodes) {
        if (m_costs.isOld(step.rows))
            return;
        step.seconds = [this](int64_t rows) { return m_costs.seconds(rows); };
    } else {  // beside prompts: a few rows more of hundreds
        step.seconds = [secondsPerRow](int64_t rows) { return secondsPerRow * static_cast<double>(rows); };
    }
    guessWherePaying(candidates, step, scheduler, backend);
}

}  // namespace engine
