#include "engine/run/loaded.h"

#include <algorithm>
#include <new>
#include <utility>

#include "engine/core/error_text.h"
#include "engine/run/memory_plan.h"
#include "engine/run/memory_watch.h"

namespace engine {

namespace {

// A step of several requests should not take longer: whoever stops or comes waits for its end.
constexpr double LongestStepSeconds = 0.2;
constexpr int64_t ManyRows = 64;   // a step whose time is spent in its rows
constexpr int64_t FirstRows = 64;  // of the first step: nothing is known of the model's speed yet
constexpr size_t MaxStops = 64, MaxStopBytes = 64 << 10;
constexpr int MaxTop = 1000;

}  // namespace

Result<void> Loaded::checkRequest(const Request& request) const {
    const auto prompt = static_cast<int64_t>(request.ids.size());
    if (prompt == 0)
        return invalid("The prompt is empty: at least one token is needed");
    if (prompt >= m_info.contextTokens)
        return invalid("The prompt is {} tokens, the context of {} tokens leaves room for a reply after at most {}",
                       prompt, m_info.contextTokens, m_info.contextTokens - 1);
    if (m_pool->mostHeld(prompt + 1, m_engine.prefillChunk) > m_usablePages)
        return makeError(ErrorCode::OutOfMemory,
                         "The prompt is {} tokens, and memory has become short: other programs took what was free, and "
                         "{} tokens can be kept now",
                         prompt, m_usablePages * m_info.kvPageTokens);
    for (size_t i = 0; i < request.ids.size(); ++i)
        if (request.ids[i] < 0 || request.ids[i] >= m_info.vocabSize)
            return invalid("Token {} of the prompt is {}, the vocabulary has 0 to {}", i, request.ids[i],
                           m_info.vocabSize - 1);
    if (request.maxTokens < -1)
        return invalid("The limit is {} tokens, expected -1 (until the context is full) or more", request.maxTokens);
    if (request.keepTokens < 0 || request.keepTokens > m_info.contextTokens / 2)
        return invalid("{} tokens shall be kept when the context is full, expected 0 to half of its {}",
                       request.keepTokens, m_info.contextTokens);
    if (request.nTop < 0 || request.nTop > MaxTop)
        return invalid("{} alternatives per token were asked for, allowed are 0 to {}", request.nTop, MaxTop);
    size_t stopBytes = 0;
    for (const std::string& stop : request.stops) {
        if (stop.empty())
            return invalid("A stop string is empty");
        stopBytes += stop.size();
    }
    if (request.stops.size() > MaxStops || stopBytes > MaxStopBytes)
        return invalid("{} stop strings with {} bytes, allowed are {} with {} bytes", request.stops.size(), stopBytes,
                       MaxStops, MaxStopBytes);
    return validate(request.sampling, m_info.vocabSize);
}

void Loaded::add(RequestId id, Request request) {
    Job& job = m_jobs.emplace_back(id, std::move(request), m_info.tokenizer, m_info.contextTokens);
    try {
        m_speculator.add(id, job.request().speculation, job.request().speculateAlways);
        m_scheduler->add(&job.sequence());
    } catch (const std::bad_alloc&) {
        m_speculator.remove(id);
        m_jobs.pop_back();
        throw;
    }
}

bool Loaded::fitMemory(int64_t& freeBytes) {
    const int64_t pageBytes = m_info.kvBytes / m_info.kvPages;
    const PageAllowance allowed = allowPages(
        {.total = m_info.kvPages, .backed = m_pool->backed(), .held = m_pool->counts().held, .pageBytes = pageBytes},
        freeBytes, m_reserveBytes, m_pool->pagesFor(LeastContext));
    freeBytes += m_pool->giveBack(allowed.giveBack) * pageBytes;
    m_scheduler->setPageLimit(allowed.usable);
    return std::exchange(m_usablePages, allowed.usable) != allowed.usable;
}

// Nobody got a row: who needs more pages than may be used, even alone, would wait for ever.
void Loaded::failWhatCannotFit(std::vector<EngineEvent>& events) {
    for (auto it = m_jobs.begin(); it != m_jobs.end();) {
        Job& job = *it++;
        if (m_scheduler->canFit(job.sequence()))
            continue;
        job.fail(Error{ErrorCode::OutOfMemory,
                       fmt::format("Memory has become short while this ran: {} tokens need to be kept, and other "
                                   "programs left room for {}",
                                   job.sequence().ids.size(), m_usablePages * m_info.kvPageTokens),
                       {}},
                 events);
        end(&job);
    }
}

Job* Loaded::jobOf(const Sequence* sequence) {
    const auto it = std::find_if(m_jobs.begin(), m_jobs.end(), [&](Job& job) { return &job.sequence() == sequence; });
    return it == m_jobs.end() ? nullptr : &*it;
}

void Loaded::end(Job* job) {
    m_scheduler->remove(&job->sequence());
    m_speculator.remove(job->id());
    for (PlannedRows& p : m_plan)
        if (p.sequence == &job->sequence())
            p.sequence = nullptr;
    m_jobs.remove_if([job](const Job& j) { return &j == job; });
}

bool Loaded::cancel(RequestId id, std::vector<EngineEvent>& events) {
    const auto it = std::find_if(m_jobs.begin(), m_jobs.end(), [id](const Job& job) { return job.id() == id; });
    if (it == m_jobs.end())
        return false;
    it->finish(StopReason::Cancelled, events);
    end(&*it);
    return true;
}

void Loaded::cancelAll(std::vector<EngineEvent>& events) {
    while (!m_jobs.empty()) {
        m_jobs.front().finish(StopReason::Cancelled, events);
        end(&m_jobs.front());
    }
}

// Weights are read and laid out once per step: on slow models a prompt goes much faster in whole steps.
bool Loaded::mayTakeLong(const StepSituation& situation) const {
    return situation.requests == 1 && m_jobs.size() == 1 && !m_jobs.front().gaveWay();
}

void Loaded::beginLongStep(LongStep& longStep, const StepLoad& load) {
    longStep.begin(m_jobs.front().id(), m_cost.known() ? m_cost.seconds(load) : 0);
}

// A step failed: whoever took part and cannot be told, since that takes memory too, is computed anew.
void Loaded::restartPlanned() {
    for (const PlannedRows& p : m_plan)
        if (p.sequence)
            m_scheduler->restart(p.sequence);
}

StepFigures Loaded::step(const StepSituation& situation, Backend& backend, LongStep& longStep,
                         std::vector<EngineEvent>& events) {
    const Job::Clock::time_point begin = Job::Clock::now();
    const bool isLong = mayTakeLong(situation);
    StepBudget budget{m_engine.maxBatchRows, isLong ? 0 : LongestStepSeconds, &m_cost};
    if (!isLong && situation.decoding && m_engine.decodingStepSeconds > 0)
        budget.seconds = std::min(budget.seconds, m_engine.decodingStepSeconds);
    if (!isLong && !m_cost.known())
        budget.rows = std::min(budget.rows, FirstRows);
    m_plan.clear();
    try {
        if (m_scheduler->plan(budget).empty()) {
            failWhatCannotFit(events);
            return {};
        }
    } catch (const std::bad_alloc&) {  // nothing was computed; one request less may be few enough
        m_jobs.back().fail(Error{ErrorCode::OutOfMemory, "The system has no memory left for another request", {}},
                           events);
        end(&m_jobs.back());
        return {};
    }
    m_lastFirstToken = 0;
    StepFigures figures;
    StepLoad load;
    Result<bool> computed = true;
    Job::Clock::time_point computing = begin;
    const size_t eventsBefore = events.size();
    int64_t firstTokens = 0;
    const LongStep::Scope scope(longStep);
    try {
        addGuesses(backend);
        computing = Job::Clock::now();
        const auto plan = m_scheduler->planned();
        m_plan.assign(plan.begin(), plan.end());
        for (const PlannedRows& p : m_plan) {
            jobOf(p.sequence)->onScheduled(begin);
            figures.rows += p.rows;
            load.add(p.rows, p.sequence->computed);
            if (p.rows - p.guesses > 1 || !p.wantsLogits) {
                figures.promptRows += p.rows;
                firstTokens += p.wantsLogits;
            }
        }
        if (isLong)
            beginLongStep(longStep, load);
        computed = compute(backend, longStep, events);
    } catch (const std::bad_alloc&) {
        restartPlanned();
        computed =
            makeError(ErrorCode::OutOfMemory, "The system has no memory left for a step of {} tokens", figures.rows);
    }
    longStep.end();
    if (!computed) {  // whoever took part has no valid keys and values now
        restartPlanned();
        for (size_t i = 0; i < m_plan.size(); ++i)
            if (Job* job = m_plan[i].sequence ? jobOf(m_plan[i].sequence) : nullptr) {
                job->fail(computed.error(), events);
                end(job);
            }
    }
    m_plan.clear();
    if (computed && !*computed) {
        m_jobs.front().onGivenUp();
        return {.gaveUp = true};
    }
    const Job::Clock::time_point end = Job::Clock::now();
    figures.seconds = std::chrono::duration<double>(end - begin).count();
    for (size_t i = eventsBefore; i < events.size(); ++i)
        figures.tokens += std::holds_alternative<TokenEvent>(events[i]);
    figures.tokens = std::max<int64_t>(figures.tokens - firstTokens, 0);
    if (computed && figures.promptRows == 0)
        m_speculator.measured(figures.rows, std::chrono::duration<double>(end - computing).count());
    figures.firstTokenSeconds = m_lastFirstToken;
    if (computed)
        m_cost.observe(load, std::chrono::duration<double>(end - computing).count());
    return figures;
}

void Loaded::addGuesses(Backend& backend) {
    std::vector<Speculator::Decoding> decoding;
    for (const PlannedRows& p : m_scheduler->planned())
        if (p.rows == 1 && p.wantsLogits)
            decoding.push_back({p.sequence, jobOf(p.sequence)->guessesAllowed()});
    try {
        const double secondsPerRow = m_cost.seconds({.rows = ManyRows}) / ManyRows;
        m_speculator.extend(decoding, *m_scheduler, secondsPerRow, backend);
    } catch (const std::bad_alloc&) {  // the step goes on with the guesses that it has
    }
    if (const std::string problem = m_speculator.takeProblem(); !problem.empty())
        for (Job& job : m_jobs)
            if (job.request().speculation != Speculation::Off)
                job.addNote("The draft model is not used any more: " + problem);
}

void Loaded::buildStep(std::span<const PlannedRows> plan) {
    m_step.ids.clear();
    m_step.positions.clear();
    m_step.sequences.clear();
    m_step.logitRows.clear();
    for (const PlannedRows& p : plan) {
        const Sequence& s = *p.sequence;
        m_step.sequences.push_back({m_step.rows(), p.rows, s.computed, s.table.pages});
        const auto known = static_cast<int64_t>(s.ids.size());
        for (int64_t i = s.computed; i < s.computed + p.rows; ++i) {
            m_step.ids.push_back(i < known ? s.ids[static_cast<size_t>(i)] : s.guesses[static_cast<size_t>(i - known)]);
            m_step.positions.push_back(i);
        }
        if (p.wantsLogits)
            for (int64_t i = p.guesses; i >= 0; --i)
                m_step.logitRows.push_back(m_step.rows() - 1 - i);
    }
}

Result<bool> Loaded::compute(Backend& backend, LongStep& longStep, std::vector<EngineEvent>& events) {
    buildStep(m_plan);
    const auto nLogits = static_cast<int64_t>(m_step.logitRows.size());
    const int64_t blockRows = std::min(nLogits, MaxLogitRows);
    TRY_VOID(backend.reserve(m_model->scratchBytes(m_step.rows(), nLogits, blockRows)));
    const Activations hidden = m_model->forward(m_step, *m_pool->storage(), backend);
    if (longStep.end())
        return false;
    TRY_VOID(m_info.file->checkIntact());
    m_scheduler->commit();
    if (nLogits == 0)
        return true;
    std::vector<LogitRow> wanted;
    for (const PlannedRows& p : m_plan)
        if (p.wantsLogits)
            for (int64_t i = 0; i <= p.guesses; ++i)
                wanted.push_back({p.sequence, i, p.guesses});
    Activations logits = backend.scratch(blockRows, m_info.vocabSize);
    bool runGoesOn = false;
    for (int64_t first = 0; first < nLogits; first += blockRows) {
        logits.rows = std::min(blockRows, nLogits - first);
        m_model->project({hidden.row(first), logits.rows, hidden.cols}, backend, logits);
        TRY_VOID(m_info.file->checkIntact());
        sampleRows(std::span(wanted).subspan(static_cast<size_t>(first), static_cast<size_t>(logits.rows)), logits,
                   runGoesOn, events);
    }
    return true;
}

// A sequence's first row gives its next token. As long as the token is the one that was guessed, the row behind it was
// computed from the true text, and gives the token after it. `runGoesOn`: so far, for the sequence of the next row.
void Loaded::sampleRows(std::span<const LogitRow> rows, Activations logits, bool& runGoesOn,
                        std::vector<EngineEvent>& events) {
    for (int64_t row = 0; row < logits.rows; ++row) {
        const LogitRow& wanted = rows[static_cast<size_t>(row)];
        if (wanted.index > 0 && !runGoesOn)
            continue;  // behind a wrong guess, or the request has ended
        Job* job = jobOf(wanted.sequence);
        if (wanted.index == 0)
            job->countGuesses(wanted.guesses, 0);
        runGoesOn = !job->onLogits({logits.row(row), static_cast<size_t>(logits.cols)}, events);
        if (const double seconds = job->newFirstTokenSeconds(); seconds > 0)
            m_lastFirstToken = seconds;
        if (!runGoesOn) {
            end(job);
            continue;
        }
        Sequence& s = job->sequence();
        if (job->takeContextShift()) {  // another text: what guesses follow from is read anew
            m_scheduler->restart(&s);
            m_speculator.remove(job->id());
            m_speculator.add(job->id(), job->request().speculation, job->request().speculateAlways);
            runGoesOn = false;
            continue;
        }
        runGoesOn = wanted.index < wanted.guesses && s.ids.back() == s.guesses[static_cast<size_t>(wanted.index)];
        if (runGoesOn) {
            job->countGuesses(0, 1);
            m_scheduler->confirm(&s);
        }
    }
}

Result<void> Loaded::logits(std::span<const int32_t> ids, const Engine::LogitSink& sink, std::stop_token stop,
                            int64_t fromRow, Backend& backend, LongStep& longStep) {
    const auto total = static_cast<int64_t>(ids.size());
    if (total == 0 || total > m_info.contextTokens)
        return invalid("{} tokens were given, the context allows 1 to {}", total, m_info.contextTokens);
    for (size_t i = 0; i < ids.size(); ++i)
        if (ids[i] < 0 || ids[i] >= m_info.vocabSize)
            return invalid("Token {} is {}, the vocabulary has 0 to {}", i, ids[i], m_info.vocabSize - 1);
    PageTable table;
    if (!m_pool->grow(table, total))
        return makeError(ErrorCode::OutOfMemory,
                         "{} tokens need {} pages, and {} of {} are free beside the running requests", total,
                         m_pool->pagesFor(total), m_pool->available(), m_info.kvPages);
    struct GiveBack {
        KvPool& pool;
        PageTable& table;
        ~GiveBack() { pool.release(table); }
    } giveBack{*m_pool, table};
    const LongStep::Scope scope(longStep);
    const std::stop_callback onStop(stop, [&longStep] { longStep.giveUp(); });  // after stop_requested() is true
    const auto stopped = [&stop]() -> Result<void> {
        if (stop.stop_requested())
            return Error{ErrorCode::Cancelled, "The computation was stopped", {}};
        return {};
    };
    try {
        for (int64_t begin = 0; begin < total; begin += m_engine.prefillChunk) {
            TRY_VOID(stopped());
            const int64_t rows = std::min(m_engine.prefillChunk, total - begin);
            Step step;
            step.sequences.push_back({0, rows, begin, table.pages});
            for (int64_t i = begin; i < begin + rows; ++i) {
                step.ids.push_back(ids[static_cast<size_t>(i)]);
                step.positions.push_back(i);
                if (i >= fromRow)
                    step.logitRows.push_back(i - begin);
            }
            const auto nLogits = static_cast<int64_t>(step.logitRows.size());
            const int64_t blockRows = std::min(nLogits, MaxLogitRows);
            TRY_VOID(backend.reserve(m_model->scratchBytes(rows, nLogits, blockRows)));
            const Activations hidden = m_model->forward(step, *m_pool->storage(), backend);
            TRY_VOID(stopped());
            TRY_VOID(m_info.file->checkIntact());
            if (nLogits == 0)
                continue;
            Activations logits = backend.scratch(blockRows, m_info.vocabSize);
            for (int64_t first = 0; first < nLogits; first += blockRows) {
                logits.rows = std::min(blockRows, nLogits - first);
                m_model->project({hidden.row(first), logits.rows, hidden.cols}, backend, logits);
                TRY_VOID(stopped());
                TRY_VOID(m_info.file->checkIntact());
                TRY_VOID(sink(begin + step.logitRows[static_cast<size_t>(first)], logits.rows, logits.data));
            }
        }
    } catch (const std::bad_alloc&) {
        return makeError(ErrorCode::OutOfMemory, "The system has no memory left for a step of {} tokens",
                         m_engine.prefillChunk);
    }
    return {};
}

}  // namespace engine
