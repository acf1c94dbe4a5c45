// Speculative decoding of one loaded model: asks the proposers, decides by measured times and past success how many
// guesses a step gets, and learns what became of them. Leviathan, Kalman, Matias 2023, arXiv:2211.17192; here a guess
// is accepted when the sampler, fed with the model's own logits, draws the same token: the reply has the same bits with
// and without guesses. Thread: the engine's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/run/proposer.h"
#include "engine/run/scheduler.h"
#include "engine/run/speculation_control.h"

namespace engine {

class Speculator {
  public:
    Speculator();
    // Null: none. What the one before knew is forgotten.
    void setDraft(Loaded* draft);

    void add(uint64_t sequence, Speculation kind, bool always);
    void remove(uint64_t sequence);

    // A sequence of the plan that decodes, and how many guesses its limits allow.
    struct Decoding {
        const Sequence* sequence;
        int64_t guessesAllowed;
    };
    // Adds guesses to the planned step. `secondsPerRow` of large steps; 0: unknown.
    void extend(std::span<const Decoding> decoding, Scheduler& scheduler, double secondsPerRow, Backend& backend);
    // The step took so long. Told of steps that computed `rows` for decoding and nothing else.
    void measured(int64_t rows, double seconds) { m_costs.add(rows, seconds); }
    // Why a proposer is not asked any more, once.
    std::string takeProblem() { return std::exchange(m_problem, {}); }

  private:
    struct Source {  // a proposer with what is known of it from all requests
        Speculation kind = Speculation::Off;
        std::unique_ptr<Proposer> proposer;  // null: not to be had
        Acceptance acceptance;
    };
    struct FromSource {
        Acceptance acceptance;
        Proposal proposal;  // of the last step, used or not
    };
    struct Running {  // a request
        Speculation kind;
        bool always;
        std::vector<FromSource> sources;
        int64_t at = 0;  // where in the text the proposals stand
    };
    struct Candidate {
        const Sequence* sequence;
        Running* running;
        int64_t most;  // guesses
        Prospect prospect = {};
        size_t source = 0;
    };

    void learn(Running& running, std::span<const int32_t> ids);
    bool uses(const Running& running, size_t source) const;
    bool ask(size_t source, std::span<const ProposalAsk> asks, Backend& backend);
    ProposalAsk askFor(Candidate& c, size_t source, int64_t guesses) const;
    void takeFreeProspect(Candidate& c, Backend& backend);
    void guessAlways(std::vector<Candidate>& candidates, Scheduler& scheduler, Backend& backend);
    void guessWherePaying(std::vector<Candidate>& candidates, StepOutlook step, Scheduler& scheduler, Backend& backend);

    std::vector<Source> m_sources;  // one per entry of proposers(); never moves
    std::map<uint64_t, Running> m_running;
    StepCosts m_costs;
    std::string m_problem;
};

}  // namespace engine
