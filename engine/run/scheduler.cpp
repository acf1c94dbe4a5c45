#include "engine/run/scheduler.h"

#include <algorithm>

namespace engine {

Scheduler::Scheduler(KvPool& pool, Limits limits) : m_pool(pool), m_limits(limits) {
    m_limits.maxBatchRows = std::max<int64_t>(m_limits.maxBatchRows, 2);
    m_limits.prefillChunk = std::max<int64_t>(m_limits.prefillChunk, 1);
}

bool Scheduler::isMoreImportant(const Sequence* a, const Sequence* b) const {
    const int64_t ia = importance(*a), ib = importance(*b);
    return ia != ib ? ia > ib : a->arrival < b->arrival;
}

void Scheduler::add(Sequence* sequence) {
    sequence->arrival = m_nextArrival++;
    sequence->waitingSince = m_step;
    m_waiting.push_back(sequence);
}

void Scheduler::remove(Sequence* sequence) {
    std::erase(m_waiting, sequence);
    std::erase(m_running, sequence);
    std::erase_if(m_plan, [sequence](const PlannedRows& p) { return p.sequence == sequence; });
    m_pool.release(sequence->table);
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
    m_waiting.push_back(victim);
}

int64_t Scheduler::pagesToCome(const Sequence& s) const {
    const int64_t needed = m_pool.pagesFor(static_cast<int64_t>(s.ids.size()) + 1);
    return std::max<int64_t>(needed - static_cast<int64_t>(s.table.pages.size()), 0);  // guesses may have got one more
}

// Only what has a lower rank makes room; between equals the earlier one keeps its place. What the running ones still
// need for their prompts and next token is theirs: a newcomer must not push them out at once.
bool Scheduler::makeRoomFor(const Sequence& newcomer) {
    const int64_t pages = pagesToCome(newcomer);
    int64_t reachable = m_pool.available(), promised = 0;
    for (const Sequence* s : m_running) {
        if (importance(*s) < importance(newcomer))
            reachable += static_cast<int64_t>(s->table.pages.size());
        else
            promised += pagesToCome(*s);
    }
    if (reachable < pages + promised)
        return false;
    const auto fits = [&] {
        int64_t needed = pages;
        for (const Sequence* s : m_running)
            needed += pagesToCome(*s);
        return m_pool.available() >= needed;
    };
    while (!fits()) {
        Sequence* victim = m_running.empty() ? nullptr : leastImportant();
        if (!victim || importance(*victim) >= importance(newcomer))
            return false;  // pages that several share were counted twice
        preempt(victim);
    }
    return true;
}

void Scheduler::admit() {
    for (Sequence* s : m_waiting)
        s->boost = std::max(s->boost, (m_step - s->waitingSince) / m_limits.stepsPerBoost);
    std::sort(m_waiting.begin(), m_waiting.end(),
              [this](const Sequence* a, const Sequence* b) { return isMoreImportant(a, b); });
    while (!m_waiting.empty() && running() < m_limits.maxBatchRows) {
        Sequence* s = m_waiting.front();
        const int64_t found = m_pool.attachPrefix(s->ids, s->table);
        if (!makeRoomFor(*s)) {
            m_pool.release(s->table);
            return;  // nobody overtakes: a long prompt would wait for ever
        }
        // makeRoomFor may have put others into m_waiting, all less important than s.
        std::erase(m_waiting, s);
        s->computed = found;
        if (s->preemptions == 0)
            s->reused = found;
        m_running.push_back(s);
    }
}

std::span<const PlannedRows> Scheduler::plan(int64_t rowBudget) {
    ++m_step;
    m_plan.clear();
    admit();
    const int64_t budget = std::clamp<int64_t>(rowBudget, 2, m_limits.maxBatchRows);
    const auto isDecode = [](const PlannedRows& p) { return p.sequence->remaining() == 1; };

    // Tentative rows. Decoding first, whoever was served longest ago before others; prompts keep a share.
    std::vector<PlannedRows> wanted;
    for (Sequence* s : m_running)
        if (s->remaining() > 0)
            wanted.push_back({s, 0, false});
    std::sort(wanted.begin(), wanted.end(), [&](const PlannedRows& a, const PlannedRows& b) {
        if (isDecode(a) != isDecode(b))
            return isDecode(a);
        if (isDecode(a) && a.sequence->lastServed != b.sequence->lastServed)
            return a.sequence->lastServed < b.sequence->lastServed;
        return isMoreImportant(a.sequence, b.sequence);
    });
    const bool anyPrompt = !wanted.empty() && !isDecode(wanted.back());
    int64_t decodeLeft = budget - (anyPrompt ? std::max<int64_t>(1, budget / 8) : 0);
    int64_t left = budget;
    for (PlannedRows& p : wanted) {
        if (isDecode(p)) {
            p.rows = decodeLeft > 0 ? 1 : 0;
            --decodeLeft;
        } else {
            p.rows = std::min({p.sequence->remaining(), m_limits.prefillChunk, left});
        }
        left -= p.rows;
    }
    std::erase_if(wanted, [](const PlannedRows& p) { return p.rows == 0; });

    // Pages, the important first. Who is pushed out is always less important than who gets, so it has no rows yet.
    std::sort(wanted.begin(), wanted.end(),
              [this](const PlannedRows& a, const PlannedRows& b) { return isMoreImportant(a.sequence, b.sequence); });
    for (PlannedRows& p : wanted) {
        Sequence* s = p.sequence;
        if (std::find(m_running.begin(), m_running.end(), s) == m_running.end())
            continue;  // pushed out
        bool got = false;
        while (!(got = m_pool.grow(s->table, s->computed + p.rows))) {
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
    m_rowsLeft = budget;
    for (const PlannedRows& p : m_plan)
        m_rowsLeft -= p.rows;
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
    if (pages > 0 &&
        (!m_waiting.empty() || m_pool.available() - pages < running() || !m_pool.grow(s.table, end + count)))
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
