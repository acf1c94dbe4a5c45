// Drives the engine's facade for benches, in this process: random prompts, timed steps, resident memory. Thread: one.
#pragma once

#include <chrono>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "engine/run/engine.h"

namespace bench {

using Clock = std::chrono::steady_clock;
double secondsSince(Clock::time_point begin);
// Of all values, the one below which `share` of them lie (0.5: the median); 0 without any.
double quantile(std::vector<double> values, double share);

struct Memory {
    int64_t rssBytes = 0, pssBytes = 0, peakBytes = 0;
};
Memory memoryOfProcess();  // zeros where /proc does not tell

struct DriverOptions {
    std::string model, isa, kv = "f16";
    int threads = 0;
    bool exact = false;
    int64_t contextTokens = 512;  // of one sequence
    int64_t allTokens = 0;        // of all sequences together; 0: one context
};

// What a token costs at least, of a loaded model: for shares of the roof.
struct ModelCost {
    double weightBytes = 0;       // read by a step
    double parameters = 0;        // multiplied with every token that has logits
    double outputParameters = 0;  // of those, the output matrix: only the last token of a prompt meets it
    double kvBytesPerToken = 0;
    double attentionFlopsPerPair = 0;  // one query token against one key token, all layers and heads
};

class EngineDriver {
  public:
    static engine::Result<EngineDriver> open(const DriverOptions& options);

    engine::Engine& engine() { return *m_engine; }
    const engine::LoadedModel& model() const { return m_model; }
    const ModelCost& cost() const { return m_cost; }

    std::vector<int32_t> randomIds(int64_t count);
    // Greedy, to the very length.
    engine::Result<engine::RequestId> submit(std::vector<int32_t> ids, int64_t maxTokens);
    // One step of the engine; its events until the next call. False: nothing was left to do.
    engine::Result<bool> step();
    const std::vector<engine::EngineEvent>& events() const { return m_events; }

    // Seconds until the first token of a new prompt of n random tokens.
    engine::Result<double> prefill(int64_t n);
    // Seconds of n steps of `batch` sequences, each after `depth` tokens. The tokens before are the same in every call
    // for a depth and batch, so that their pages are found again.
    engine::Result<double> decode(int64_t n, int64_t depth, int64_t batch);

    enum class Order { Together, OneByOne };
    struct Chats {
        double seconds = 0;
        int64_t generated = 0, promptTokens = 0, reusedTokens = 0;
    };
    // `count` chats with a common beginning of `prefix` random tokens, `own` tokens more each, and replies of n tokens.
    // Without `shared` each has a beginning of its own.
    engine::Result<Chats> chats(int64_t count, int64_t prefix, int64_t own, int64_t n, Order order, bool shared);

  private:
    engine::Result<void> finishAll();

    std::unique_ptr<engine::Engine> m_engine;
    engine::LoadedModel m_model;
    ModelCost m_cost;
    std::mt19937 m_random{20240607};
    std::vector<engine::EngineEvent> m_events;
    std::vector<std::vector<int32_t>> m_before;  // prompts of the last decode test
    int64_t m_beforeDepth = -1;
};

}  // namespace bench
