// One request while it runs: its sequence, its sampler, the text on its way out, its times. Thread: the engine's.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "engine/run/engine.h"
#include "engine/run/scheduler.h"

namespace engine {

class Job {
  public:
    using Clock = std::chrono::steady_clock;

    Job(RequestId id, Request request, std::shared_ptr<const Tokenizer> tokenizer, int64_t contextTokens);

    RequestId id() const { return m_sequence.id; }
    Sequence& sequence() { return m_sequence; }

    // Its first rows are in a step that begins now.
    void onScheduled(Clock::time_point now);
    // Takes the logits of its last position; appends a token event, and when that ends the request, the finished or
    // failed event. True: it ended.
    bool onLogits(std::span<float> logits, std::vector<EngineEvent>& events);
    // The tokens at the front of its sequence changed with the last logits: no page holds for it any more. Told once.
    bool takeContextShift() { return std::exchange(m_shifted, false); }
    // How many tokens may still be guessed: the one after them must be within the limits too.
    int64_t guessesAllowed() const;
    void countGuesses(int64_t proposed, int64_t accepted);
    // Its long step was given up for others: it takes short ones from then on, so that it gets on whatever comes.
    void onGivenUp() { m_gaveWay = true; }
    bool gaveWay() const { return m_gaveWay; }
    void addNote(const std::string& note) { m_notes.push_back(note); }
    const Request& request() const { return m_request; }
    // After the first token, once: seconds since the request came; else 0.
    double newFirstTokenSeconds();
    void finish(StopReason reason, std::vector<EngineEvent>& events);
    void fail(Error error, std::vector<EngineEvent>& events);

  private:
    RequestStats stats() const;
    void shiftContext(std::vector<EngineEvent>& events);

    Request m_request;
    std::shared_ptr<const Tokenizer> m_tokenizer;
    int64_t m_contextTokens;
    Sequence m_sequence;
    Sampler m_sampler;
    Utf8Stream m_utf8;
    StopMatcher m_stops;
    int64_t m_generated = 0, m_proposed = 0, m_accepted = 0;
    std::vector<std::string> m_notes;
    bool m_firstTokenTold = false, m_shifted = false, m_gaveWay = false;
    int64_t m_shifts = 0;
    Clock::time_point m_submitted, m_scheduled{}, m_firstToken{}, m_lastToken{};
};

}  // namespace engine
