// The one thread that drives the engine. Jobs go in from the UI thread, events come back there through one queue with
// one wake-up; the UI never waits for compute. Every job ends with exactly one ended(). Thread: UI, except where noted.
#pragma once

#include <QObject>
#include <any>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "app/values.h"
#include "engine/run/engine.h"

namespace app {

enum class JobOutcome { Done, Cancelled, Failed };

struct LoadedResult {
    engine::LoadedModel model;
    std::string device;  // "CPU, 2 threads, AVX2"
};
struct GeneratedResult {
    engine::StopReason reason = engine::StopReason::Cancelled;
    std::string text;  // what was held back until the end
    engine::RequestStats stats;
};
// How a job ended. `result` holds what it was for: LoadedResult, GeneratedResult (also when cancelled or failed),
// std::any.
struct JobEnd {
    JobId job = 0;
    JobOutcome outcome = JobOutcome::Failed;
    engine::Error error;  // Failed
    std::variant<std::monostate, LoadedResult, GeneratedResult, std::any> result;
};

class EngineRunner : public QObject {
    Q_OBJECT
  public:
    using MakeEngine = std::function<engine::Result<std::unique_ptr<engine::Engine>>()>;
    using Progress = std::function<void(double fraction, const std::string& stage)>;
    using Task = std::function<engine::Result<std::any>(engine::Engine&, std::stop_token, const Progress&)>;

    // The engine is made on the thread with its first job; when that fails, the job fails with its sentence and the
    // next one tries again.
    explicit EngineRunner(MakeEngine make, QObject* parent = nullptr);
    ~EngineRunner() override;  // cancels everything and joins

    // With promptCacheBytes, options.promptCache is a folder (created when needed): the model's pages are written there
    // when it is unloaded and when the runner ends, and the folder is kept below that size.
    JobId load(std::string path, engine::LoadOptions options, int64_t promptCacheBytes = 0);
    JobId unload(engine::ModelId model);
    JobId generate(engine::Request request);
    JobId run(Task task);  // anything else that needs the engine: perplexity, logits
    // The job ends as Cancelled within 250 ms, or with the end that it reached before. Unknown and ended jobs: nothing.
    void cancel(JobId job);
    void cancelAll();
    int unfinished() const;                   // jobs without their end
    engine::EngineSnapshot snapshot() const;  // empty before the first job. Thread: any

  signals:
    void progressed(app::JobId job, double fraction, const QString& stage);
    void generated(app::JobId job, const std::vector<engine::TokenEvent>& tokens);
    // The oldest tokens of a full context were left out; the reply goes on.
    void contextShifted(app::JobId job, qint64 kept, qint64 dropped, qint64 contextTokens);
    void ended(const app::JobEnd& end);

  private:
    struct LoadJob {
        std::string path;
        engine::LoadOptions options;
        int64_t promptCacheBytes = 0;
    };
    struct UnloadJob {
        engine::ModelId model;
    };
    struct Job {
        JobId id = 0;
        std::stop_source stop;
        std::variant<LoadJob, UnloadJob, engine::Request, Task> what;
    };
    struct Active {
        JobId job;
        std::stop_source stop;
        engine::ModelId model;
    };
    struct ProgressEvent {
        JobId job;
        double fraction;
        std::string stage;
    };
    struct TokensEvent {
        JobId job;
        std::vector<engine::TokenEvent> tokens;
    };
    struct ShiftEvent {
        JobId job;
        engine::ContextShiftedEvent shift;
    };
    using Event = std::variant<ProgressEvent, TokensEvent, ShiftEvent, JobEnd>;

    JobId post(decltype(Job::what) what);
    void push(Event event);
    void pushEnd(JobEnd end);
    void drain();

    void loop(std::stop_token stop);
    void step(std::vector<engine::EngineEvent>& events, bool& idle);
    void start(Job& job);
    void runJob(Job& job);
    void take(std::vector<engine::EngineEvent>& events);
    void savePromptCache(engine::ModelId model, double seconds);
    void endActiveOf(engine::ModelId model);

    MakeEngine m_make;
    mutable std::mutex m_mutex;  // guards what follows
    std::condition_variable_any m_wake;
    std::vector<Job> m_queue;
    std::map<JobId, std::stop_source> m_stops;  // every job without its end
    std::map<engine::RequestId, Active> m_active;
    std::vector<Event> m_events;
    bool m_wakePending = false;
    JobId m_lastId = 0;
    engine::Engine* m_engine = nullptr;  // set once by the thread; it lives until the join

    struct PromptCache {
        std::string folder;
        int64_t limitBytes;
    };
    std::unique_ptr<engine::Engine> m_owned;                // engine thread only
    std::map<engine::ModelId, PromptCache> m_promptCaches;  // engine thread only
    std::jthread m_thread;                                  // last: it starts when all else is there
};

}  // namespace app

Q_DECLARE_METATYPE(app::JobEnd)
