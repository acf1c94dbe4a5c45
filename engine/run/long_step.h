// A step that one request has to itself may take seconds. It must not hold up a stop, nor what comes meanwhile: this
// tells it to give up. What was given up leaves no trace and is computed again.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>

#include "engine/run/engine.h"

namespace engine {

class LongStep {
  public:
    // The flag that the backend looks at while it computes (Backend::setGiveUp). Lives as long as this.
    const std::atomic<bool>& flag() const { return m_giveUp; }

    // Ends it on every way out.
    class Scope {
      public:
        explicit Scope(LongStep& step) : m_step(step) {}
        ~Scope() { m_step.end(); }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

      private:
        LongStep& m_step;
    };

    // Thread: the engine's. Opened before it looks for what has come: what comes from then on counts for the step that
    // begins. expectedSeconds: 0 when it is not known.
    void open();
    void begin(RequestId request, double expectedSeconds);
    bool end();  // from now on nothing gives it up; true: it was given up. Without a step: false

    // Thread: any.
    void cancel(RequestId request);  // gives up the step of this request, also one that begins later
    void makeWay();                  // gives up a step that has more before it than behind it

    // A computation that is no step, such as logits for the lab: gives up when told.
    void giveUp();

  private:
    using Clock = std::chrono::steady_clock;

    std::atomic<bool> m_giveUp{false};
    std::mutex m_mutex;  // what follows; m_giveUp is set only while it is held
    RequestId m_request = 0, m_cancelled = 0;
    bool m_wayAsked = false;
    double m_expectedSeconds = 0;
    Clock::time_point m_begin{};
};

}  // namespace engine
