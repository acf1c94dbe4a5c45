// A smaller model with the same vocabulary guesses what the larger one will say: its most probable token, and from
// there the next ones. All sequences that want guesses go through it together, one ragged batch per guess.
#include <algorithm>
#include <chrono>
#include <map>
#include <new>

#include "engine/core/error_text.h"
#include "engine/run/loaded.h"
#include "engine/run/proposer.h"
#include "engine/run/speculation_control.h"

namespace engine {

namespace {

constexpr int64_t CatchUpRows = 512;      // of all sequences in one ask
constexpr double CatchUpSeconds = 0.1;    // what others wait for at most
constexpr int64_t FirstCatchUpRows = 64;  // while it is not known how fast the model is
constexpr double AsksUntilPaid = 64;      // over how many asks the catching up is spread
constexpr double Newest = 0.5;            // weight of the newest time of a row of catching up
constexpr int64_t UsualRows = 2;          // behind the text when every guess came true; more is catching up

class DraftModel final : public Proposer {
  public:
    explicit DraftModel(Loaded& draft) : m_draft(draft) {}
    ~DraftModel() override {
        for (auto& [id, state] : m_states)
            m_draft.pool().release(state.table);
    }
    DraftModel(const DraftModel&) = delete;
    DraftModel& operator=(const DraftModel&) = delete;

    bool isFree() const override { return false; }

    ProposalCost cost(std::span<const ProposalAsk> asks) const override {
        int64_t behind = 0;
        for (const ProposalAsk& ask : asks) {
            const auto state = m_states.find(ask.sequence);
            const int64_t computed = state == m_states.end() ? 0 : state->second.computed;
            behind += std::max<int64_t>(std::ssize(ask.ids) - computed - UsualRows - ask.most, 0);
        }
        return {.perGuessSeconds = m_costs.seconds(std::ssize(asks)),
                .onceSeconds = static_cast<double>(behind) * m_secondsPerRow / AsksUntilPaid};
    }

    Result<void> propose(std::span<const ProposalAsk> asks, Backend& backend) override {
        std::vector<Run> runs;
        int64_t rowsLeft = FirstCatchUpRows;
        if (m_secondsPerRow > 0)
            rowsLeft = std::clamp(static_cast<int64_t>(CatchUpSeconds / m_secondsPerRow), UsualRows, CatchUpRows);
        for (const ProposalAsk& ask : asks) {
            State* state = begin(ask);
            if (!state || rowsLeft == 0)
                continue;
            const int64_t missing = std::ssize(ask.ids) - state->computed, rows = std::min(missing, rowsLeft);
            rowsLeft -= rows;
            runs.push_back({&ask, state, rows, rows == missing});
        }
        while (!runs.empty()) {
            const auto started = std::chrono::steady_clock::now();
            int64_t rows = 0;
            for (const Run& run : runs)
                rows += run.rows;
            TRY_VOID(computeRound(runs, backend));
            const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
            m_costs.add(rows, seconds);
            if (rows >= 4 * std::ssize(runs))
                m_secondsPerRow +=
                    (m_secondsPerRow == 0 ? 1 : Newest) * (seconds / static_cast<double>(rows) - m_secondsPerRow);
            std::erase_if(
                runs, [](const Run& run) { return !run.atEnd || std::ssize(run.ask->proposal->ids) >= run.ask->most; });
        }
        return {};
    }

    void forget(uint64_t sequence) override {
        const auto it = m_states.find(sequence);
        if (it == m_states.end())
            return;
        m_draft.pool().release(it->second.table);
        m_states.erase(it);
    }

  private:
    struct State {
        PageTable table;
        int64_t computed = 0;         // leading ids of the text whose keys and values are stored
        std::vector<int32_t> beyond;  // guesses whose keys and values are stored behind them
    };
    struct Run {
        const ProposalAsk* ask;
        State* state;
        int64_t rows;  // of the next round
        bool atEnd;    // the round reaches the end of the text: a guess comes out
    };

    // Brings what is known of the sequence up to the text. Null: there is no room for this text.
    State* begin(const ProposalAsk& ask) {
        State& s = m_states[ask.sequence];
        const std::span<const int32_t> ids = ask.ids;
        const int64_t size = std::ssize(ids);
        KvPool& pool = m_draft.pool();
        s.table.owner = ask.sequence;
        if (s.computed > size) {  // the text was shortened
            pool.release(s.table);
            s = {.table = {.owner = ask.sequence, .pages = {}}, .computed = 0, .beyond = {}};
        }
        for (const int32_t guess : s.beyond) {  // what came true needs no computing
            if (s.computed + 1 >= size || ids[static_cast<size_t>(s.computed)] != guess)
                break;
            ++s.computed;
        }
        s.beyond.clear();
        s.computed = std::min(s.computed, size - 1);  // the last one's logits are wanted
        if (s.table.pages.empty())
            s.computed = pool.attachPrefix(ids, s.table);
        const int64_t end = size + ask.most;
        if (end > m_draft.info().contextTokens || !pool.grow(s.table, end)) {
            forget(ask.sequence);
            return nullptr;
        }
        return &s;
    }

    Result<void> computeRound(std::vector<Run>& runs, Backend& backend) {
        m_step.ids.clear();
        m_step.positions.clear();
        m_step.sequences.clear();
        m_step.logitRows.clear();
        for (const Run& run : runs) {
            const State& s = *run.state;
            const std::vector<int32_t>& guesses = run.ask->proposal->ids;
            const int64_t known = std::ssize(run.ask->ids);
            const int64_t first = s.computed + std::ssize(s.beyond);
            m_step.sequences.push_back({m_step.rows(), run.rows, first, s.table.pages});
            for (int64_t i = first; i < first + run.rows; ++i) {
                m_step.ids.push_back(i < known ? run.ask->ids[static_cast<size_t>(i)]
                                               : guesses[static_cast<size_t>(i - known)]);
                m_step.positions.push_back(i);
            }
            if (run.atEnd)
                m_step.logitRows.push_back(m_step.rows() - 1);
        }
        const Model& model = m_draft.model();
        const int64_t nLogits = std::ssize(m_step.logitRows), blockRows = std::min(nLogits, MaxLogitRows);
        TRY_VOID(backend.reserve(model.scratchBytes(m_step.rows(), nLogits, blockRows)));
        const Activations hidden = model.forward(m_step, *m_draft.pool().storage(), backend);
        std::vector<int32_t> best;
        if (nLogits > 0) {
            Activations logits = backend.scratch(blockRows, m_draft.info().vocabSize);
            for (int64_t first = 0; first < nLogits; first += blockRows) {
                logits.rows = std::min(blockRows, nLogits - first);
                model.project({hidden.row(first), logits.rows, hidden.cols}, backend, logits);
                for (int64_t row = 0; row < logits.rows; ++row)
                    best.push_back(static_cast<int32_t>(
                        std::max_element(logits.row(row), logits.row(row) + logits.cols) - logits.row(row)));
            }
        }
        TRY_VOID(m_draft.info().file->checkIntact());
        auto next = best.begin();
        for (Run& run : runs) {
            State& s = *run.state;
            std::vector<int32_t>& guesses = run.ask->proposal->ids;
            if (guesses.empty()) {
                s.computed += run.rows;
                m_draft.pool().publish(s.table, run.ask->ids, s.computed);
            } else {
                s.beyond.push_back(guesses.back());
            }
            if (run.atEnd)
                guesses.push_back(*next++);
            run.rows = 1;
        }
        return {};
    }

    Loaded& m_draft;
    std::map<uint64_t, State> m_states;
    Step m_step;
    StepCosts m_costs;           // of rounds
    double m_secondsPerRow = 0;  // of catching up
};

}  // namespace

std::unique_ptr<Proposer> makeDraftModel(Loaded* draft) {
    return draft ? std::make_unique<DraftModel>(*draft) : nullptr;
}

}  // namespace engine
