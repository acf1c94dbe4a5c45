#include "engine/run/job.h"

#include <algorithm>

namespace engine {

namespace {

double secondsBetween(Job::Clock::time_point a, Job::Clock::time_point b) {
    return std::chrono::duration<double>(b - a).count();
}

}  // namespace

Job::Job(RequestId id, Request request, std::shared_ptr<const Tokenizer> tokenizer, int64_t contextTokens)
    : m_request(std::move(request)),
      m_tokenizer(std::move(tokenizer)),
      m_contextTokens(contextTokens),
      m_sampler(m_request.sampling, m_tokenizer.get()),
      m_stops(m_request.stops),
      m_submitted(Clock::now()) {
    m_sequence.id = id;
    m_sequence.priority = m_request.priority;
    m_sequence.ids = m_request.ids;
    m_sequence.table.owner = id;
    for (const int32_t token : m_sequence.ids)
        m_sampler.accept(token);
}

void Job::onScheduled(Clock::time_point now) {
    if (m_scheduled == Clock::time_point{})
        m_scheduled = now;
}

bool Job::onLogits(std::span<float> logits, std::vector<EngineEvent>& events) {
    auto token = m_sampler.sample(logits, m_request.nTop);
    if (!token) {
        fail(std::move(token).error(), events);
        return true;
    }
    const int32_t id = token->id;
    m_lastToken = Clock::now();
    if (m_generated == 0)
        m_firstToken = m_lastToken;
    if (!m_request.ignoreEos && m_tokenizer->isEndOfGeneration(id)) {
        finish(StopReason::EndOfText, events);
        return true;
    }
    m_sampler.accept(id);
    m_sequence.ids.push_back(id);
    ++m_generated;
    bool stopped = false;
    std::string text = m_stops.push(m_utf8.push(m_tokenizer->piece(id, false)), stopped);
    events.push_back(TokenEvent{m_sequence.id, *std::move(token), std::move(text)});
    if (stopped)
        finish(StopReason::StopString, events);
    else if (m_request.maxTokens >= 0 && m_generated >= m_request.maxTokens)
        finish(StopReason::Length, events);
    else if (static_cast<int64_t>(m_sequence.ids.size()) < m_contextTokens)
        return false;
    else if (m_request.contextShift) {
        shiftContext(events);
        return false;
    } else
        finish(StopReason::ContextFull, events);
    return true;
}

// Half of what may go, so that it happens seldom: all that stays is computed again at its new positions.
void Job::shiftContext(std::vector<EngineEvent>& events) {
    std::vector<int32_t>& ids = m_sequence.ids;
    const bool bos = m_tokenizer->bosId() >= 0 && ids.front() == m_tokenizer->bosId();
    const int64_t kept = std::max<int64_t>(m_request.keepTokens, bos);
    const int64_t dropped = (static_cast<int64_t>(ids.size()) - kept + 1) / 2;
    events.push_back(ContextShiftedEvent{m_sequence.id, kept, dropped, m_contextTokens});
    ids.erase(ids.begin() + kept, ids.begin() + kept + dropped);
    m_shifted = true;
    ++m_shifts;
}

int64_t Job::guessesAllowed() const {
    int64_t most = m_contextTokens - static_cast<int64_t>(m_sequence.ids.size()) - 1;
    if (m_request.maxTokens >= 0)
        most = std::min(most, m_request.maxTokens - m_generated - 1);
    return std::max<int64_t>(most, 0);
}

void Job::countGuesses(int64_t proposed, int64_t accepted) {
    m_proposed += proposed;
    m_accepted += accepted;
}

double Job::newFirstTokenSeconds() {
    if (m_firstTokenTold || m_firstToken == Clock::time_point{})
        return 0;
    m_firstTokenTold = true;
    return secondsBetween(m_submitted, m_firstToken);
}

void Job::finish(StopReason reason, std::vector<EngineEvent>& events) {
    std::string text;
    if (reason != StopReason::StopString) {
        bool stopped = false;  // half a character at the end becomes U+FFFD, which may complete a stop string
        text = m_stops.push(m_utf8.finish(), stopped);
        if (!stopped)
            text += m_stops.finish();
    }
    events.push_back(FinishedEvent{m_sequence.id, reason, std::move(text), stats()});
}

void Job::fail(Error error, std::vector<EngineEvent>& events) {
    events.push_back(FailedEvent{m_sequence.id, std::move(error), stats()});
}

RequestStats Job::stats() const {
    RequestStats s;
    s.promptTokens = static_cast<int64_t>(m_request.ids.size());
    s.reusedTokens = m_sequence.reused;
    s.generatedTokens = m_generated;
    s.contextShifts = m_shifts;
    s.proposedTokens = m_proposed;
    s.acceptedTokens = m_accepted;
    s.notes = m_notes;
    const Clock::time_point none{}, now = Clock::now();
    s.queueSeconds = secondsBetween(m_submitted, m_scheduled == none ? now : m_scheduled);
    if (m_scheduled != none)
        s.prefillSeconds = secondsBetween(m_scheduled, m_firstToken == none ? now : m_firstToken);
    if (m_firstToken != none) {
        s.firstTokenSeconds = secondsBetween(m_submitted, m_firstToken);
        s.decodeSeconds = secondsBetween(m_firstToken, m_lastToken);
    }
    return s;
}

}  // namespace engine
