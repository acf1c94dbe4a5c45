// Which sequences take part in the next step, and with how many rows: admission, chunked prefill beside decoding,
// fairness, preemption when pages run out. Knows neither model nor sampler. Thread: the engine's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "engine/run/kv_pool.h"
#include "engine/run/step_cost.h"

namespace engine {

// What the scheduler knows of a request. Its owner appends ids; ids[computed ..] are still to be computed.
struct Sequence {
    uint64_t id = 0;
    int priority = 0;          // larger first
    std::vector<int32_t> ids;  // prompt and reply so far
    int64_t computed = 0;      // positions stored in pages
    int64_t reused = 0;        // of these, found in the pool at the first admission
    PageTable table;
    std::vector<int32_t> guesses;  // of the running step: ids that may follow the last one

    // The scheduler's own.
    uint64_t arrival = 0;
    bool running = false;
    int64_t waitingSince = 0;  // step
    int64_t boost = 0;         // importance earned by waiting
    int64_t lastServed = -1;   // step
    int64_t preemptions = 0;

    int64_t remaining() const { return static_cast<int64_t>(ids.size()) - computed; }
};

struct PlannedRows {
    Sequence* sequence = nullptr;
    int64_t rows = 0;
    bool wantsLogits = false;  // the rows reach the last id
    int64_t guesses = 0;       // how many of the rows, the last, hold Sequence::guesses; each wants logits too
};

// How large the next step may become.
struct StepBudget {
    int64_t rows = 512;              // lowers maxBatchRows for this step
    double seconds = 0;              // what it should take at most, by `cost`; 0: no such bound
    const StepCost* cost = nullptr;  // null or nothing known yet: no such bound
};

class Scheduler {
  public:
    struct Limits {
        int64_t maxBatchRows = 512;  // at least 2
        int64_t prefillChunk = 512;
        int64_t leastPromptRows = 16;  // rows of prompt in a step whatever it takes: prompts go on, and the weights are
                                       // read for more than a row or two
        int64_t stepsPerBoost = 512;   // waiting that long earns one step of importance
        int64_t boostsPerPriority = 4;  // so many of them count like one more priority
    };

    Scheduler(KvPool& pool, Limits limits);

    // The sequence must fit in the pool alone. It stays the caller's and must live until `remove`.
    void add(Sequence* sequence);
    // At most so many pages are given to sequences together, although the pool has more: memory has become short. Who
    // needs more than that alone gets no rows.
    void setPageLimit(int64_t pages) { m_pageLimit = pages; }
    bool canFit(const Sequence& s) const;  // within the limit, alone, up to its next token
    // Ends it in whatever state; its pages are given back.
    void remove(Sequence* sequence);

    // Its ids changed where they were computed already: all of it is computed anew.
    void restart(Sequence* sequence);

    // Chooses the rows of the next step and gets pages for them. Empty: nothing to do. Every sequence that decodes gets
    // its row; the time that is left in the budget goes to prompts.
    std::span<const PlannedRows> plan(const StepBudget& budget);
    // Adds rows behind a planned sequence that reaches its last id: as many of the guesses as the step's budget and
    // pages that nobody else asks for have room for. Returns how many. They are `PlannedRows::guesses` of plan().
    int64_t addGuesses(const Sequence* sequence, std::span<const int32_t> guesses);
    std::span<const PlannedRows> planned() const { return m_plan; }
    int64_t rowsLeft() const { return m_rowsLeft; }
    // The planned rows were computed. Rows of guesses do not count before `confirm`: what is computed next overwrites
    // them.
    void commit();
    // After commit: the id that the sequence got was the next guess, so its keys and values are in place.
    void confirm(Sequence* sequence);

    bool decoding() const;  // a sequence waits for its next token: a long step delays it
    int64_t running() const { return static_cast<int64_t>(m_running.size()); }
    int64_t waiting() const { return static_cast<int64_t>(m_waiting.size()); }

  private:
    void earnBoosts();
    void admit();
    bool tryAdmit(Sequence* s);
    std::vector<PlannedRows> chooseRows(const StepBudget& budget);
    void leaveToOthers(std::vector<PlannedRows>& wanted, int64_t nDecode);
    bool isBetweenPages(const Sequence& s) const;
    static void count(Sequence& s, int64_t found);
    void choosePromptRows(std::span<PlannedRows> prompts, const StepBudget& budget, StepLoad load, int64_t left) const;
    bool makeRoomFor(const Sequence& newcomer);
    int64_t available() const { return std::min(m_pool.available(), m_pageLimit - m_pool.counts().held); }
    int64_t pagesToCome(const Sequence& s) const;  // until its next token
    void preempt(Sequence* victim);
    Sequence* leastImportant() const;
    int64_t importance(const Sequence& s) const { return s.priority * m_limits.boostsPerPriority + s.boost; }
    bool isMoreImportant(const Sequence* a, const Sequence* b) const;

    KvPool& m_pool;
    Limits m_limits;
    std::vector<Sequence*> m_waiting, m_running;
    std::vector<PlannedRows> m_plan;
    uint64_t m_nextArrival = 0;
    int64_t m_step = 0;
    int64_t m_pageLimit = std::numeric_limits<int64_t>::max();
    int64_t m_rowsLeft = 0;  // of the planned step's budget
};

}  // namespace engine
