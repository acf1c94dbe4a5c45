#include "engine/run/scheduler.h"

#include <algorithm>

namespace engine {

namespace {

// How many waiting sequences are looked at when the first ones do not fit: each costs a search for its prefix.
constexpr int MostTries = 8;

bool isDecode(const PlannedRows& p) {
    return p.sequence->remaining() == 1;
}

}  // namespace

Scheduler::Scheduler(KvPool& pool, Limits limits) : m_pool(pool), m_limits(limits) {
    m_limits.maxBatchRows = std::max<int64_t>(m_limits.maxBatchRows, 2);
    m_limits.prefillChunk = std::max<int64_t>(m_limits.prefillChunk, 1);
    m_limits.stepsPerBoost = std::max<int64_t>(m_limits.stepsPerBoost, 1);
}

bool Scheduler::isMoreImportant(const Sequence* a, const Sequence* b) const {
    const int64_t ia = importance(*a), ib = importance(*b);
    return ia != ib ? ia > ib : a->arrival < b->arrival;
}

void Scheduler::add(Sequence* sequence) {
    const size_t all = m_waiting.size() + m_running.size() + 1;  // from here on they move without asking for memory
    m_waiting.reserve(all);
    m_running.reserve(all);
    sequence->arrival = m_nextArrival++;
    sequence->waitingSince = m_step;
    m_waiting.push_back(sequence);
}

void Scheduler::remove(Sequence* sequence) {
    std::erase(m_waiting, sequence);
    std::erase(m_running, sequence);
    sequence->running = false;
    std::erase_if(m_plan, [sequence](const PlannedRows& p) { return p.sequence == sequence; });
    m_pool.release(sequence->table);
}

void Scheduler::restart(Sequence* sequence) {
    if (sequence->running)
        preempt(sequence);
}

Sequence* Scheduler::leastImportant() const {
    return *std::max_element(m_running.begin(), m_running.end(),
                             [this](const Sequence* a, const Sequence* b) { return isMoreImportant(a, b); });
}

// Its pages are given back and computed again later: for a prompt that costs one prefill, and published pages often
// survive.
void Scheduler::preempt(Sequence* victim) {
    m_pool.release(victim->table);
    victim->computed = 0;
    victim->waitingSince = m_step;
    ++victim->preemptions;
    std::erase(m_running, victim);
    victim->running = false;
    m_waiting.push_back(victim);
}

bool Scheduler::canFit(const Sequence& s) const {
    return m_pool.mostHeld(static_cast<int64_t>(s.ids.size()) + 1, m_limits.prefillChunk) <= m_pageLimit;
}

int64_t Scheduler::pagesToCome(const Sequence& s) const {
    const int64_t most = m_pool.mostHeld(static_cast<int64_t>(s.ids.size()) + 1, m_limits.prefillChunk);
    return std::max<int64_t>(most - s.table.held(), 0);  // guesses may have got one more
}

// Only what has a lower rank makes room; between equals the earlier one keeps its place. What the running ones still
// need for their prompts and next token is theirs: a newcomer must not push them out at once.
bool Scheduler::makeRoomFor(const Sequence& newcomer) {
    const int64_t pages = pagesToCome(newcomer);
    int64_t reachable = available(), promised = 0, nLower = 0;
    for (const Sequence* s : m_running) {
        if (importance(*s) < importance(newcomer)) {
            reachable += s->table.held();
            ++nLower;
        } else {
            promised += pagesToCome(*s);
        }
    }
    if (reachable < pages + promised || running() - nLower >= m_limits.maxBatchRows)
        return false;
    const auto fits = [&] {
        int64_t needed = pages;
        for (const Sequence* s : m_running)
            needed += pagesToCome(*s);
        return available() >= needed && running() < m_limits.maxBatchRows;
    };
    while (!fits()) {
        Sequence* victim = m_running.empty() ? nullptr : leastImportant();
        if (!victim || importance(*victim) >= importance(newcomer))
            return false;  // pages that several share were counted twice
        preempt(victim);
    }
    return true;
}

// Importance grows while a sequence gets nothing, waiting for pages or for rows, so whoever waits is first in the end.
// It is kept: who made room for it must wait longer than it did, so each of two that do not fit together gets ever more
// steps at a time, and both come to an end.
void Scheduler::earnBoosts() {
    const auto earn = [this](Sequence* s, int64_t since) {
        s->boost = std::max(s->boost, (m_step - since) / m_limits.stepsPerBoost);
    };
    for (Sequence* s : m_waiting)
        earn(s, s->waitingSince);
    for (Sequence* s : m_running)
        if (s->remaining() > 0)
            earn(s, std::max(s->waitingSince, s->lastServed));
}

bool Scheduler::tryAdmit(Sequence* s) {
    const int64_t found = m_pool.attachPrefix(s->ids, s->table);
    if (!makeRoomFor(*s)) {
        m_pool.release(s->table);
        return false;
    }
    s->computed = found;
    if (s->preemptions == 0)
        s->reused = found;
    s->waitingSince = m_step;
    s->running = true;
    m_running.push_back(s);
    return true;
}

// Who does not fit lets others go first that do, but not for ever: once it has waited for a boost, the pages that
// become free are kept for it.
void Scheduler::admit() {
    std::sort(m_waiting.begin(), m_waiting.end(),
              [this](const Sequence* a, const Sequence* b) { return isMoreImportant(a, b); });
    int failures = 0;
    for (size_t i = 0; i < m_waiting.size();) {
        Sequence* s = m_waiting[i];
        if (!canFit(*s)) {
            ++i;
            continue;
        }
        if (tryAdmit(s)) {  // whom it pushed out stands at the end of the list now
            m_waiting.erase(m_waiting.begin() + static_cast<int64_t>(i));
            continue;
        }
        if (s->boost > 0 || ++failures == MostTries)
            return;
        ++i;
    }
}

bool Scheduler::decoding() const {
    return std::any_of(m_running.begin(), m_running.end(), [](const Sequence* s) { return s->remaining() == 1; });
}

// Decoding first, whoever was served longest ago before others; prompts keep a share of the rows, and get no more than
// the time that is left.
std::vector<PlannedRows> Scheduler::chooseRows(const StepBudget& budget) {
    const int64_t maxRows = std::clamp<int64_t>(budget.rows, 2, m_limits.maxBatchRows);
    std::vector<PlannedRows> wanted;
    for (Sequence* s : m_running) {
        if (s->remaining() > 1 && isBetweenPages(*s))  // what others have published meanwhile
            count(*s, m_pool.attachPrefix(s->ids, s->table) - s->computed);
        if (s->remaining() > 0)
            wanted.push_back({s, 0, false});
    }
    // The important count as served longer ago than they were.
    const auto served = [this](const Sequence* s) { return s->lastServed - importance(*s); };
    std::sort(wanted.begin(), wanted.end(), [&](const PlannedRows& a, const PlannedRows& b) {
        if (isDecode(a) != isDecode(b))
            return isDecode(a);
        if (isDecode(a) && served(a.sequence) != served(b.sequence))
            return served(a.sequence) < served(b.sequence);
        return isMoreImportant(a.sequence, b.sequence);
    });
    const auto nDecode = std::count_if(wanted.begin(), wanted.end(), isDecode);
    leaveToOthers(wanted, nDecode);
    const std::span<PlannedRows> prompts(wanted.begin() + nDecode, wanted.end());
    const int64_t most =
        std::min<int64_t>(nDecode, maxRows - (prompts.empty() ? 0 : std::max<int64_t>(1, maxRows / 8)));
    StepLoad load;
    for (int64_t i = 0; i < most; ++i) {
        PlannedRows& p = wanted[static_cast<size_t>(i)];
        p.rows = 1;
        load.add(1, p.sequence->computed);
    }
    if (!prompts.empty())
        choosePromptRows(prompts, budget, load, maxRows - most);
    std::erase_if(wanted, [](const PlannedRows& p) { return p.rows == 0; });
    return wanted;
}

// It holds nothing but whole published pages, so what others know behind them can be attached.
bool Scheduler::isBetweenPages(const Sequence& s) const {
    return static_cast<int64_t>(s.table.pages.size()) == s.table.published &&
           s.computed == s.table.published * m_pool.pageTokens();
}

void Scheduler::count(Sequence& s, int64_t found) {
    s.computed += found;
    if (s.preemptions == 0)
        s.reused += found;
}

// Prompts that begin alike and came together: the most important computes what they have in common, the others wait
// for its pages. wanted[nDecode ..] are prompts, the important first.
void Scheduler::leaveToOthers(std::vector<PlannedRows>& wanted, int64_t nDecode) {
    std::vector<uint64_t> coming;
    std::erase_if(wanted, [&, i = int64_t{0}](const PlannedRows& p) mutable {
        if (i++ < nDecode)
            return false;
        Sequence& s = *p.sequence;
        const uint64_t key = m_pool.nextPageKey(s.ids, s.table);
        if (key != 0 && std::find(coming.begin(), coming.end(), key) != coming.end())
            return true;
        coming.push_back(key);
        if (isBetweenPages(s))
            count(s, m_pool.attachTail(s.ids, s.table));
        return false;
    });
}

// The important first. Between equals the earliest gets half of the rows, the other half goes to those that need least:
// a long prompt is not held up by the short ones that come after it, nor they by it.
void Scheduler::choosePromptRows(std::span<PlannedRows> prompts, const StepBudget& budget, StepLoad load,
                                 int64_t left) const {
    const bool timed = budget.seconds > 0 && budget.cost && budget.cost->known();
    int64_t least = m_limits.leastPromptRows;
    if (timed) {
        const int64_t position = prompts[0].sequence->computed;
        left = std::clamp(budget.cost->rowsWithin(budget.seconds, load, position, left), std::min(least, left), left);
    }
    const auto grant = [&](PlannedRows& p, int64_t most) {
        const int64_t position = p.sequence->computed + p.rows;
        int64_t rows = std::min({p.sequence->remaining() - p.rows, m_limits.prefillChunk - p.rows, left, most});
        if (timed)
            rows = std::max(budget.cost->rowsWithin(budget.seconds, load, position, rows), std::min(rows, least));
        p.rows += rows;
        load.add(rows, position);
        left -= rows;
        least = std::max<int64_t>(least - rows, 0);
    };
    for (size_t first = 0, end = 0; first < prompts.size() && left > 0; first = end) {
        const int64_t rank = importance(*prompts[first].sequence);
        while (end < prompts.size() && importance(*prompts[end].sequence) == rank)
            ++end;
        grant(prompts[first], end - first > 1 ? (left + 1) / 2 : left);
        const auto others = prompts.subspan(first + 1, end - first - 1);
        std::sort(others.begin(), others.end(), [this](const PlannedRows& a, const PlannedRows& b) {
            const int64_t ra = a.sequence->remaining(), rb = b.sequence->remaining();
            return ra != rb ? ra < rb : isMoreImportant(a.sequence, b.sequence);
        });
        for (PlannedRows& p : others)
            grant(p, left);
        grant(prompts[first], left);
    }
}

std::span<const PlannedRows> Scheduler::plan(const StepBudget& budget) {
    ++m_step;
    m_plan.clear();
    earnBoosts();
    admit();
    std::vector<PlannedRows> wanted = chooseRows(budget);

    // Pages, the important first. Who is pushed out is always less important than who gets, so it has no rows yet.
    std::sort(wanted.begin(), wanted.end(),
              [this](const PlannedRows& a, const PlannedRows& b) { return isMoreImportant(a.sequence, b.sequence); });
    for (PlannedRows& p : wanted) {
        Sequence* s = p.sequence;
        if (!s->running)
            continue;       // pushed out
        if (!canFit(*s)) {  // pushing others out would not help
            preempt(s);
            continue;
        }
        const auto grow = [&] {
            const int64_t tokens = s->computed + p.rows;
            return m_pool.pagesFor(tokens) - static_cast<int64_t>(s->table.pages.size()) <= available() &&
                   m_pool.grow(s->table, tokens);
        };
        bool got = false;
        while (!(got = grow())) {
            Sequence* victim = leastImportant();
            preempt(victim);
            if (victim == s)
                break;
        }
        if (!got)
            continue;
        p.wantsLogits = p.rows == s->remaining();
        s->lastServed = m_step;
        m_plan.push_back(p);
    }
    // Where prompts fill the time of a step there is no room for guesses beside them.
    const bool timed = budget.seconds > 0 && budget.cost && budget.cost->known();
    m_rowsLeft = std::clamp<int64_t>(budget.rows, 2, m_limits.maxBatchRows);
    for (const PlannedRows& p : m_plan)
        m_rowsLeft = timed && p.rows > 1 ? 0 : std::max<int64_t>(m_rowsLeft - p.rows, 0);
    return m_plan;
}

int64_t Scheduler::addGuesses(const Sequence* sequence, std::span<const int32_t> guesses) {
    const auto p = std::find_if(m_plan.begin(), m_plan.end(), [&](auto& row) { return row.sequence == sequence; });
    if (p == m_plan.end() || !p->wantsLogits || p->guesses > 0)
        return 0;
    Sequence& s = *p->sequence;
    const int64_t end = s.computed + p->rows, held = static_cast<int64_t>(s.table.pages.size());
    int64_t count = std::min(static_cast<int64_t>(guesses.size()), m_rowsLeft);
    // A page that a guess takes is missing for a page that somebody needs: everybody's next one stays free.
    const int64_t pages = m_pool.pagesFor(end + count) - held;
    if (pages > 0 && (!m_waiting.empty() || available() - pages < running() || !m_pool.grow(s.table, end + count)))
        count = held * m_pool.pageTokens() - end;
    s.guesses.assign(guesses.begin(), guesses.begin() + count);
    p->rows += count;
    p->guesses = count;
    m_rowsLeft -= count;
    return count;
}

void Scheduler::commit() {
    for (const PlannedRows& p : m_plan) {
        p.sequence->computed += p.rows - p.guesses;
        m_pool.publish(p.sequence->table, p.sequence->ids, p.sequence->computed);
    }
    m_plan.clear();
}

void Scheduler::confirm(Sequence* sequence) {
    ++sequence->computed;
    m_pool.publish(sequence->table, sequence->ids, sequence->computed);
}

}  // namespace engine
