// A model in memory with its pages and its requests; one of several that an engine holds. Thread: the engine's.
#pragma once

#include <list>
#include <memory>
#include <optional>

#include "engine/models/model.h"
#include "engine/run/engine.h"
#include "engine/run/job.h"
#include "engine/run/kv_pool.h"
#include "engine/run/long_step.h"
#include "engine/run/prompt_cache.h"
#include "engine/run/scheduler.h"
#include "engine/run/speculator.h"

namespace engine {

// Rows of logits that are in memory at once.
inline constexpr int64_t MaxLogitRows = 64;

struct StepFigures {
    int64_t rows = 0;
    int64_t promptRows = 0;
    int64_t tokens = 0;  // that replies got, beside the first of each
    double seconds = 0;
    double firstTokenSeconds = 0;  // of the last request that got its first token; 0: none did
    bool gaveUp = false;           // it was a long step and is to be computed again; rows: 0
};

// What else there is in the engine, all models together.
struct StepSituation {
    bool decoding = false;  // replies wait for their next token
    int64_t requests = 0;
};

class Loaded {
  public:
    static Result<std::unique_ptr<Loaded>> load(ModelId id, const std::string& path, const EngineOptions& engine,
                                                const LoadOptions& options, Backend& backend,
                                                const Engine::Progress& progress, std::stop_token stop);

    const LoadedModel& info() const { return m_info; }
    const Model& model() const { return *m_model; }
    KvPool& pool() { return *m_pool; }
    const Scheduler& scheduler() const { return *m_scheduler; }

    Result<void> checkRequest(const Request& request) const;
    void add(RequestId id, Request request);
    // Null: none. It outlives its use here.
    void setDraft(Loaded* draft) { m_speculator.setDraft(draft); }
    // True: the request was here; its finished event is appended.
    bool cancel(RequestId id, std::vector<EngineEvent>& events);
    void cancelAll(std::vector<EngineEvent>& events);
    // Follows what the system has free now: gives memory back that only cached prefixes hold, and limits the pages of
    // requests. `freeBytes` grows by what was given back. True: the limit has changed.
    bool fitMemory(int64_t& freeBytes);
    int64_t usablePages() const { return m_usablePages; }
    bool hasWork() const { return !m_jobs.empty(); }
    int64_t requests() const { return static_cast<int64_t>(m_jobs.size()); }

    // Runs one batch; the only request that there is may take it as `longStep`. Events are appended; nothing is thrown.
    StepFigures step(const StepSituation& situation, Backend& backend, LongStep& longStep,
                     std::vector<EngineEvent>& events);
    Result<PromptCacheFile> savePromptCache(const std::string& path, const PromptCacheLimits& limits, Backend& backend,
                                            std::stop_token stop);
    Result<void> logits(std::span<const int32_t> ids, const Engine::LogitSink& sink, std::stop_token stop,
                        int64_t fromRow, Backend& backend, LongStep& longStep);

  private:
    // One wanted row of logits: of the last id of its sequence, or of a guess behind it.
    struct LogitRow {
        Sequence* sequence;
        int64_t index;  // in the run of its sequence, 0 first
        int64_t guesses;
    };

    Loaded() = default;
    // Error: Cancelled only; what else goes wrong becomes a note.
    Result<void> restorePromptCache(const std::string& path, Backend& backend, std::stop_token stop);
    Result<PromptCacheKey> cacheKey(const Backend& backend);
    bool mayTakeLong(const StepSituation& situation) const;
    void restartPlanned();
    void beginLongStep(LongStep& longStep, const StepLoad& load);
    // False: the step was given up, and nothing of it counts.
    Result<bool> compute(Backend& backend, LongStep& longStep, std::vector<EngineEvent>& events);
    void failWhatCannotFit(std::vector<EngineEvent>& events);
    void addGuesses(Backend& backend);
    void buildStep(std::span<const PlannedRows> plan);
    void sampleRows(std::span<const LogitRow> rows, Activations logits, bool& runGoesOn,
                    std::vector<EngineEvent>& events);
    Job* jobOf(const Sequence* sequence);
    void end(Job* job);

    LoadedModel m_info;
    EngineOptions m_engine;
    std::shared_ptr<const Model> m_model;
    std::unique_ptr<KvPool> m_pool;
    std::optional<PromptCacheKey> m_cacheKey;
    PromptCacheFile m_cacheFile;   // as last read or written
    int64_t m_cachedChanges = -1;  // KvPool::changes() then
    std::optional<Scheduler> m_scheduler;
    std::list<Job> m_jobs;
    Speculator m_speculator;
    Step m_step;
    std::vector<PlannedRows> m_plan;  // of the running step
    StepCost m_cost;
    int64_t m_reserveBytes = 0;  // shall stay free while it runs
    int64_t m_usablePages = 0;
    double m_lastFirstToken = 0;
};

}  // namespace engine
