#include "engine/run/engine.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <new>

#include "engine/core/error_text.h"
#include "engine/io/plain_text.h"
#include "engine/run/free_memory.h"
#include "engine/run/loaded.h"
#include "engine/run/long_step.h"

namespace engine {

namespace {

using Clock = Job::Clock;
constexpr std::chrono::seconds RateWindow{1};

class EngineImpl final : public Engine {
  public:
    EngineImpl(EngineOptions options, std::unique_ptr<Backend> backend)
        : m_options(options), m_backend(std::move(backend)) {
        m_backend->setGiveUp(&m_longStep.flag());
    }

    ~EngineImpl() override {
        for (const auto& loaded : m_models)  // before the first of them goes
            loaded->setDraft(nullptr);
    }

    Result<LoadedModel> load(const std::string& path, const LoadOptions& options, const Progress& progress,
                             std::stop_token stop) override {
        try {
            TRY(auto loaded,
                Loaded::load(m_nextModel, path, m_options, options, *m_backend, progress, std::move(stop)));
            ++m_nextModel;
            m_models.push_back(std::move(loaded));
            publish({});
            return m_models.back()->info();
        } catch (const std::bad_alloc&) {
            return Error{ErrorCode::OutOfMemory, "The system has no memory left to load this model", path};
        }
    }

    Result<void> unload(ModelId model) override {
        const auto it = find(model);
        if (it == m_models.end())
            return invalid("Model {} is not loaded", model);
        (*it)->cancelAll(m_pending);
        for (const auto& [user, draft] : m_drafts)
            if (draft == model)
                (*find(user))->setDraft(nullptr);
        std::erase_if(m_drafts, [model](const auto& d) { return d.first == model || d.second == model; });
        m_models.erase(it);
        returnFreedMemory();
        publish({});
        return {};
    }

    const LoadedModel* model(ModelId id) const override {
        for (const auto& loaded : m_models)
            if (loaded->info().id == id)
                return &loaded->info();
        return nullptr;
    }

    Backend& backend() override { return *m_backend; }

    Result<PromptCacheFile> savePromptCache(ModelId model, const std::string& path, const PromptCacheLimits& limits,
                                            std::stop_token stop) override {
        const auto it = find(model);
        if (it == m_models.end())
            return invalid("Model {} is not loaded", model);
        try {
            return (*it)->savePromptCache(path, limits, *m_backend, std::move(stop));
        } catch (const std::bad_alloc&) {
            return Error{ErrorCode::OutOfMemory, "The system has no memory left to save the prompt cache", path};
        }
    }

    Result<void> setDraft(ModelId model, ModelId draft) override {
        const auto target = find(model), other = find(draft);
        if (target == m_models.end() || (draft != 0 && other == m_models.end()))
            return invalid("Model {} is not loaded", target == m_models.end() ? model : draft);
        if (draft != 0) {
            TRY_VOID(checkDraft((*target)->info(), (*other)->info()));
            if (isDraft(model))
                return invalid("{} guesses for another model, so it cannot have a draft model of its own",
                               plainFileName((*target)->info().path));
            if ((*other)->hasWork())
                return invalid("{} cannot guess for {} while it has requests of its own",
                               plainFileName((*other)->info().path), plainFileName((*target)->info().path));
        }
        if (draft != 0)  // first: it may fail
            m_drafts[model] = draft;
        else
            m_drafts.erase(model);
        (*target)->setDraft(draft != 0 ? other->get() : nullptr);
        return {};
    }

    Result<RequestId> submit(Request request) override {
        const auto it = find(request.model);
        if (it == m_models.end())
            return invalid("Model {} is not loaded", request.model);
        if (isDraft(request.model))
            return invalid("{} guesses tokens for another model and takes no requests meanwhile",
                           plainFileName((*it)->info().path));
        TRY_VOID((*it)->checkRequest(request));
        if (request.speculation == Speculation::Draft && !m_drafts.contains(request.model))
            return invalid("{} has no draft model that could guess for it", plainFileName((*it)->info().path));
        const RequestId id = m_nextRequest++;
        if (request.maxTokens == 0) {
            RequestStats stats;
            stats.promptTokens = static_cast<int64_t>(request.ids.size());
            m_pending.push_back(FinishedEvent{id, StopReason::Length, {}, stats});
            return id;
        }
        try {
            (*it)->add(id, std::move(request));
        } catch (const std::bad_alloc&) {
            return Error{ErrorCode::OutOfMemory, "The system has no memory left for another request", {}};
        }
        publish({});
        return id;
    }

    void cancel(RequestId request) override {
        {
            const std::lock_guard lock(m_mutex);
            m_cancelled.push_back(request);
        }
        m_longStep.cancel(request);
    }

    void makeWay() override { m_longStep.makeWay(); }

    bool step(std::vector<EngineEvent>& events) override {
        try {
            return tryStep(events);
        } catch (const std::bad_alloc&) {
            return true;  // outside of the computation; what was to be done is done by the next step
        }
    }

    bool tryStep(std::vector<EngineEvent>& events) {
        const size_t before = events.size();
        events.reserve(before + m_pending.size());  // none is lost half way
        events.insert(events.end(), std::make_move_iterator(m_pending.begin()),
                      std::make_move_iterator(m_pending.end()));
        m_pending.clear();
        m_longStep.open();
        cancelRequested(events);
        if (events.size() != before) {  // who waits for an end does not wait for a step
            publish({});
            return true;
        }
        watchMemory();
        if (m_publishDue)
            publish({});
        StepFigures figures;
        StepSituation situation;
        for (const auto& loaded : m_models) {
            situation.decoding |= loaded->scheduler().decoding();
            situation.requests += loaded->requests();
        }
        for (size_t i = 0; i < m_models.size() && figures.rows == 0; ++i) {  // models take turns
            m_turn = (m_turn + 1) % m_models.size();
            if (m_models[m_turn]->hasWork())
                figures = m_models[m_turn]->step(situation, *m_backend, m_longStep, events);
        }
        if (figures.rows == 0 && !figures.gaveUp && events.size() == before)
            return false;
        publish(figures);
        return true;
    }

    EngineSnapshot snapshot() const override {
        const std::lock_guard lock(m_mutex);
        EngineSnapshot snapshot = m_snapshot;
        const Clock::time_point now = Clock::now();
        double decoded = 0, prefilled = 0;
        double window = std::chrono::duration<double>(RateWindow).count();
        for (const Rate& rate : m_rates)
            if (now - rate.at <= RateWindow) {
                decoded += static_cast<double>(rate.tokens);
                prefilled += static_cast<double>(rate.promptRows);
                const double ago = std::chrono::duration<double>(now - rate.at).count();
                window = std::max(window, ago + rate.seconds);  // a long step began before
            }
        snapshot.tokensPerSecond = decoded / window;
        snapshot.prefillTokensPerSecond = prefilled / window;
        return snapshot;
    }

    Result<void> logits(ModelId model, std::span<const int32_t> ids, const LogitSink& sink, std::stop_token stop,
                        int64_t fromRow) override {
        const auto it = find(model);
        if (it == m_models.end())
            return invalid("Model {} is not loaded", model);
        return (*it)->logits(ids, sink, std::move(stop), fromRow, *m_backend, m_longStep);
    }

  private:
    // Asks what is free, and lets the models give back or use again what follows from it.
    void watchMemory() {
        const Clock::time_point now = Clock::now();
        if (m_models.empty() || now - m_memoryChecked < std::chrono::duration<double>(m_options.memoryCheckSeconds))
            return;
        m_memoryChecked = now;
        int64_t freeBytes = m_options.freeMemory ? m_options.freeMemory() : freeMemoryBytes();
        bool changed = false;
        for (const auto& loaded : m_models)
            changed |= freeBytes > 0 && loaded->fitMemory(freeBytes);
        if (changed)
            publish({});
    }

    static Result<void> checkDraft(const LoadedModel& model, const LoadedModel& draft) {
        if (model.id == draft.id)
            return invalid("{} cannot guess for itself; a model that was loaded twice can", plainFileName(model.path));
        const std::string names =
            fmt::format("{} cannot guess for {}", plainFileName(draft.path), plainFileName(model.path));
        if (draft.vocabSize != model.vocabSize)
            return invalid("{}: its vocabulary has {} tokens, expected are the same {}", names, draft.vocabSize,
                           model.vocabSize);
        for (int32_t id = 0; id < model.tokenizer->vocabSize(); ++id)
            if (draft.tokenizer->tokenText(id) != model.tokenizer->tokenText(id))
                return invalid("{}: token {} is '{}' in its vocabulary, expected is '{}'", names, id,
                               plainText(std::string(draft.tokenizer->tokenText(id))),
                               plainText(std::string(model.tokenizer->tokenText(id))));
        return {};
    }

    bool isDraft(ModelId id) const {
        return std::any_of(m_drafts.begin(), m_drafts.end(), [id](const auto& d) { return d.second == id; });
    }

    struct Rate {
        Clock::time_point at;
        double seconds;  // of the step that ended then
        int64_t promptRows, tokens;
    };

    std::vector<std::unique_ptr<Loaded>>::iterator find(ModelId id) {
        return std::find_if(m_models.begin(), m_models.end(), [id](const auto& m) { return m->info().id == id; });
    }

    void cancelRequested(std::vector<EngineEvent>& events) {
        std::vector<RequestId> cancelled;
        {
            const std::lock_guard lock(m_mutex);
            cancelled.swap(m_cancelled);
        }
        for (auto at = cancelled.begin(); at != cancelled.end(); ++at)
            try {  // one that has ended already is not found: it had its last event
                std::any_of(m_models.begin(), m_models.end(),
                            [&](auto& loaded) { return loaded->cancel(*at, events); });
            } catch (const std::bad_alloc&) {  // the next step goes on with it; what has room keeps it
                cancelled.erase(cancelled.begin(), at);
                const std::lock_guard lock(m_mutex);
                cancelled.swap(m_cancelled);
                m_cancelled.insert(m_cancelled.end(), cancelled.begin(), cancelled.end());
                return;
            }
    }

    void publish(const StepFigures& figures) {
        m_publishDue = false;
        try {
            tryPublish(figures);
        } catch (const std::bad_alloc&) {  // the snapshot stays that of the step before for the moment
            m_publishDue = true;
        }
    }

    void tryPublish(const StepFigures& figures) {
        EngineSnapshot next;
        for (const auto& loaded : m_models) {
            const KvPool::Counts& pages = loaded->pool().counts();
            next.models.push_back({.id = loaded->info().id,
                                   .pagesTotal = pages.total,
                                   .pagesUsed = pages.held,
                                   .pagesShared = pages.shared,
                                   .pagesCached = pages.cached,
                                   .running = loaded->scheduler().running(),
                                   .waiting = loaded->scheduler().waiting(),
                                   .pagesUsable = loaded->usablePages()});
        }
        const Clock::time_point now = Clock::now();
        const std::lock_guard lock(m_mutex);
        next.lastFirstTokenSeconds =
            figures.firstTokenSeconds > 0 ? figures.firstTokenSeconds : m_snapshot.lastFirstTokenSeconds;
        next.lastStepSeconds = figures.rows > 0 ? figures.seconds : m_snapshot.lastStepSeconds;
        next.lastBatchRows = figures.rows > 0 ? figures.rows : m_snapshot.lastBatchRows;
        next.steps = m_snapshot.steps + (figures.rows > 0);
        m_snapshot = std::move(next);
        if (figures.rows > 0)
            m_rates.push_back({now, figures.seconds, figures.promptRows, figures.tokens});
        while (!m_rates.empty() && now - m_rates.front().at > RateWindow)
            m_rates.pop_front();
    }

    EngineOptions m_options;
    LongStep m_longStep;
    std::unique_ptr<Backend> m_backend;
    std::vector<std::unique_ptr<Loaded>> m_models;
    std::map<ModelId, ModelId> m_drafts;  // model -> who guesses for it
    std::vector<EngineEvent> m_pending;   // of requests that ended outside a step
    ModelId m_nextModel = 1;
    RequestId m_nextRequest = 1;
    size_t m_turn = 0;
    bool m_publishDue = false;
    Clock::time_point m_memoryChecked{};

    mutable std::mutex m_mutex;  // what follows
    std::vector<RequestId> m_cancelled;
    EngineSnapshot m_snapshot;
    std::deque<Rate> m_rates;
};

}  // namespace

const char* stopReasonName(StopReason r) {
    switch (r) {
        case StopReason::EndOfText:
            return "eos";
        case StopReason::Length:
            return "length";
        case StopReason::StopString:
            return "stop-string";
        case StopReason::Cancelled:
            return "cancelled";
        case StopReason::ContextFull:
            return "context";
    }
    return "";
}

Result<std::unique_ptr<Engine>> Engine::make(const EngineOptions& options) {
    if (options.prefillChunk < 1 || options.maxBatchRows < 2)
        return invalid("Steps of {} rows with prompt chunks of {} were asked for, expected at least 2 and 1",
                       options.maxBatchRows, options.prefillChunk);
    if (!(options.decodingStepSeconds >= 0))
        return invalid("Steps beside running replies shall take {} seconds, expected 0 (no bound) or more",
                       options.decodingStepSeconds);
    TRY(auto backend, makeCpuBackend({.threads = options.threads, .isa = options.isa, .exact = options.exact}));
    return std::unique_ptr<Engine>(std::make_unique<EngineImpl>(options, std::move(backend)));
}

}  // namespace engine
