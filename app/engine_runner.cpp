#include "app/engine_runner.h"

#include <chrono>
#include <condition_variable>
#include <new>

#include "app/prompt_cache_folder.h"
#include "engine/core/error_text.h"

namespace app {

using engine::Error;
using engine::ErrorCode;

namespace {

// What saving pages may take: other jobs wait for an unload, nobody for the end of the program.
constexpr double UnloadSeconds = 2, QuitSeconds = 0.6;

}  // namespace

EngineRunner::EngineRunner(MakeEngine make, QObject* parent)
    : QObject(parent), m_make(std::move(make)), m_thread([this](std::stop_token stop) { loop(stop); }) {}

EngineRunner::~EngineRunner() {
    cancelAll();  // while the engine is there
    m_thread.request_stop();
    m_thread.join();
}

JobId EngineRunner::post(decltype(Job::what) what) {
    std::lock_guard lock(m_mutex);
    Job job{++m_lastId, {}, std::move(what)};
    const JobId id = job.id;
    m_stops.emplace(id, job.stop);
    m_queue.push_back(std::move(job));
    m_wake.notify_one();
    if (m_engine)
        m_engine->makeWay();
    return id;
}

JobId EngineRunner::load(std::string path, engine::LoadOptions options, int64_t promptCacheBytes) {
    return post(LoadJob{std::move(path), std::move(options), promptCacheBytes});
}
JobId EngineRunner::unload(engine::ModelId model) {
    return post(UnloadJob{model});
}
JobId EngineRunner::generate(engine::Request request) {
    return post(std::move(request));
}
JobId EngineRunner::run(Task task) {
    return post(std::move(task));
}

void EngineRunner::cancel(JobId id) {
    engine::RequestId request = 0;
    engine::Engine* engine = nullptr;
    bool waited = false;  // the thread, busy with another job, does not know it yet
    {
        std::lock_guard lock(m_mutex);
        const auto found = m_stops.find(id);
        if (found == m_stops.end())
            return;
        // The job's own stop source: a stop can neither be lost nor hit the next job.
        found->second.request_stop();
        waited = std::erase_if(m_queue, [id](const Job& job) { return job.id == id; }) > 0;
        for (const auto& [requestId, active] : m_active)
            if (active.job == id) {
                request = requestId;
                engine = m_engine;
            }
        m_wake.notify_one();
    }
    if (waited)
        pushEnd({id, JobOutcome::Cancelled, {}, {}});
    if (engine)
        engine->cancel(request);
}

void EngineRunner::cancelAll() {
    std::vector<JobId> ids;
    {
        std::lock_guard lock(m_mutex);
        for (const auto& [id, stop] : m_stops)
            ids.push_back(id);
    }
    for (const JobId id : ids)
        cancel(id);
}

int EngineRunner::unfinished() const {
    std::lock_guard lock(m_mutex);
    return static_cast<int>(m_stops.size());
}

engine::EngineSnapshot EngineRunner::snapshot() const {
    engine::Engine* engine = nullptr;
    {
        std::lock_guard lock(m_mutex);
        engine = m_engine;
    }
    return engine ? engine->snapshot() : engine::EngineSnapshot{};
}

void EngineRunner::push(Event event) {
    std::lock_guard lock(m_mutex);
    // Tokens of one job that nobody has fetched yet travel together.
    if (auto* more = std::get_if<TokensEvent>(&event); more && !m_events.empty())
        if (auto* last = std::get_if<TokensEvent>(&m_events.back()); last && last->job == more->job) {
            std::move(more->tokens.begin(), more->tokens.end(), std::back_inserter(last->tokens));
            return;
        }
    m_events.push_back(std::move(event));
    if (!m_wakePending) {
        m_wakePending = true;
        QMetaObject::invokeMethod(
            this, [this] { drain(); }, Qt::QueuedConnection);
    }
}

void EngineRunner::pushEnd(JobEnd end) {
    {
        std::lock_guard lock(m_mutex);
        // Exactly one end per job: who takes it out of the list may report it.
        if (m_stops.erase(end.job) == 0)
            return;
    }
    push(std::move(end));
}

void EngineRunner::drain() {
    std::vector<Event> events;
    {
        std::lock_guard lock(m_mutex);
        events.swap(m_events);
        m_wakePending = false;
    }
    for (const Event& event : events) {
        if (const auto* progress = std::get_if<ProgressEvent>(&event))
            emit progressed(progress->job, progress->fraction, QString::fromStdString(progress->stage));
        else if (const auto* tokens = std::get_if<TokensEvent>(&event))
            emit generated(tokens->job, tokens->tokens);
        else if (const auto* shifted = std::get_if<ShiftEvent>(&event))
            emit contextShifted(shifted->job, shifted->shift.kept, shifted->shift.dropped,
                                shifted->shift.contextTokens);
        else
            emit ended(std::get<JobEnd>(event));
    }
}

void EngineRunner::loop(std::stop_token stop) {
    std::vector<engine::EngineEvent> events;
    bool idle = true;
    for (;;) {
        std::vector<Job> jobs;
        bool working;
        {
            std::unique_lock lock(m_mutex);
            const auto something = [this] { return !m_queue.empty(); };
            if (m_active.empty() && !m_owned)
                m_wake.wait(lock, stop, something);
            else if (m_active.empty())  // idle, but the engine looks whether others need the memory of its caches
                m_wake.wait_for(lock, stop, std::chrono::seconds(1), something);
            else if (idle)  // requests wait for something that is not compute: look again soon
                m_wake.wait_for(lock, stop, std::chrono::milliseconds(2), something);
            jobs.swap(m_queue);
            working = !m_active.empty();
        }
        for (Job& job : jobs)
            start(job);
        if (!jobs.empty()) {  // starting takes long where a model is loaded: what came meanwhile comes first
            std::lock_guard lock(m_mutex);
            if (!m_queue.empty())
                continue;
        }
        if (working || !jobs.empty() || m_owned) {
            idle = true;
            if (m_owned) {
                step(events, idle);
                take(events);
            }
        }
        if (stop.stop_requested()) {
            std::lock_guard lock(m_mutex);
            if (m_queue.empty() && m_active.empty())
                break;
        }
    }
    for (auto left = m_promptCaches.size(); left > 0; --left)
        savePromptCache(m_promptCaches.begin()->first, QuitSeconds / static_cast<double>(left));
    std::unique_ptr<engine::Engine> last;
    {
        std::lock_guard lock(m_mutex);
        m_engine = nullptr;
        last = std::move(m_owned);
    }
}

// A step that throws ends every request: which of them it was cannot be told.
void EngineRunner::step(std::vector<engine::EngineEvent>& events, bool& idle) {
    Error error;
    try {
        idle = !m_owned->step(events);
        return;
    } catch (const std::bad_alloc&) {
        error = {ErrorCode::OutOfMemory, "there was not enough memory for this step", {}};
    } catch (const std::exception& e) {
        error = {ErrorCode::Internal, e.what(), {}};
    }
    std::lock_guard lock(m_mutex);
    for (const auto& [request, active] : m_active) {
        m_owned->cancel(request);  // the engine still has it
        events.push_back(engine::FailedEvent{request, error, {}});
    }
}

void EngineRunner::start(Job& job) {
    const auto fail = [&](Error error) {
        const bool cancelled = error.code == ErrorCode::Cancelled;
        pushEnd({job.id, cancelled ? JobOutcome::Cancelled : JobOutcome::Failed, std::move(error), {}});
    };
    if (job.stop.stop_requested())
        return pushEnd({job.id, JobOutcome::Cancelled, {}, {}});
    try {
        if (!m_owned) {
            auto made = m_make();
            if (!made)
                return fail(made.error());
            m_owned = std::move(*made);
            std::lock_guard lock(m_mutex);
            m_engine = m_owned.get();
        }
        runJob(job);
    } catch (const std::bad_alloc&) {
        fail(Error{ErrorCode::OutOfMemory, "there was not enough memory for this", {}});
    } catch (const std::exception& e) {
        fail(Error{ErrorCode::Internal, e.what(), {}});
    }
}

void EngineRunner::runJob(Job& job) {
    const Progress progress = [this, id = job.id](double fraction, const std::string& stage) {
        push(ProgressEvent{id, fraction, stage});
    };
    const auto fail = [&](const Error& error) {
        const bool cancelled = error.code == ErrorCode::Cancelled || job.stop.stop_requested();
        pushEnd({job.id, cancelled ? JobOutcome::Cancelled : JobOutcome::Failed, error, {}});
    };
    if (auto* load = std::get_if<LoadJob>(&job.what)) {
        if (load->promptCacheBytes > 0 && !preparePromptCacheFolder(load->options.promptCache))
            load->promptCacheBytes = 0;
        if (load->promptCacheBytes <= 0)
            load->options.promptCache.clear();
        auto loaded = m_owned->load(load->path, load->options, progress, job.stop.get_token());
        if (!loaded)
            return fail(loaded.error());
        if (load->promptCacheBytes > 0)
            m_promptCaches[loaded->id] = {load->options.promptCache, load->promptCacheBytes};
        pushEnd({job.id, JobOutcome::Done, {}, LoadedResult{std::move(*loaded), m_owned->backend().name()}});
    } else if (auto* unload = std::get_if<UnloadJob>(&job.what)) {
        savePromptCache(unload->model, UnloadSeconds);
        const auto done = m_owned->unload(unload->model);
        // Its requests have ended: what the engine has to say about them comes before the end of this job.
        std::vector<engine::EngineEvent> events;
        m_owned->step(events);
        take(events);
        endActiveOf(unload->model);
        if (!done)
            return fail(done.error());
        pushEnd({job.id, JobOutcome::Done, {}, {}});
    } else if (auto* request = std::get_if<engine::Request>(&job.what)) {
        const engine::ModelId model = request->model;
        auto id = m_owned->submit(std::move(*request));
        if (!id)
            return fail(id.error());
        bool stopped;
        {
            std::lock_guard lock(m_mutex);
            try {
                m_active.emplace(*id, Active{job.id, job.stop, model});
            } catch (...) {
                m_owned->cancel(*id);
                throw;
            }
            stopped = job.stop.stop_requested();
        }
        if (stopped)  // cancelled while it was being submitted
            m_owned->cancel(*id);
    } else {
        auto result = std::get<Task>(job.what)(*m_owned, job.stop.get_token(), progress);
        if (!result)
            return fail(result.error());
        pushEnd({job.id, JobOutcome::Done, {}, std::move(*result)});
    }
}

// Once: the model is on its way out. What cannot be saved is computed again next time; the program's log says why.
void EngineRunner::savePromptCache(engine::ModelId model, double seconds) {
    const auto cache = m_promptCaches.extract(model);
    if (cache.empty() || !m_owned)
        return;
    const auto& [folder, limitBytes] = cache.mapped();
    const auto saved = m_owned->savePromptCache(model, folder, {.budgetBytes = limitBytes, .seconds = seconds}, {});
    if (!saved)
        qWarning("the prompt cache was not saved: %s", saved.error().message.c_str());
    trimPromptCacheFolder(folder, limitBytes);
}

void EngineRunner::take(std::vector<engine::EngineEvent>& events) {
    for (engine::EngineEvent& event : events) {
        const engine::RequestId request = std::visit([](const auto& e) { return e.request; }, event);
        JobId job = 0;
        {
            std::lock_guard lock(m_mutex);
            const auto found = m_active.find(request);
            if (found == m_active.end())
                continue;
            job = found->second.job;
            const bool ends = std::holds_alternative<engine::FinishedEvent>(event) ||
                              std::holds_alternative<engine::FailedEvent>(event);
            if (ends)
                m_active.erase(found);
        }
        if (auto* token = std::get_if<engine::TokenEvent>(&event)) {
            std::vector<engine::TokenEvent> one;
            one.push_back(std::move(*token));
            push(TokensEvent{job, std::move(one)});
        } else if (const auto* shifted = std::get_if<engine::ContextShiftedEvent>(&event)) {
            push(ShiftEvent{job, *shifted});
        } else if (auto* finished = std::get_if<engine::FinishedEvent>(&event)) {
            const bool cancelled = finished->reason == engine::StopReason::Cancelled;
            pushEnd({job,
                     cancelled ? JobOutcome::Cancelled : JobOutcome::Done,
                     {},
                     GeneratedResult{finished->reason, std::move(finished->text), finished->stats}});
        } else {
            auto& failed = std::get<engine::FailedEvent>(event);
            const bool cancelled = failed.error.code == ErrorCode::Cancelled;
            pushEnd({job, cancelled ? JobOutcome::Cancelled : JobOutcome::Failed, std::move(failed.error),
                     GeneratedResult{engine::StopReason::Cancelled, {}, failed.stats}});
        }
    }
    events.clear();
}

void EngineRunner::endActiveOf(engine::ModelId model) {
    std::vector<JobId> left;
    {
        std::lock_guard lock(m_mutex);
        for (auto it = m_active.begin(); it != m_active.end();)
            if (it->second.model == model && (!m_owned->model(model))) {
                left.push_back(it->second.job);
                it = m_active.erase(it);
            } else {
                ++it;
            }
    }
    for (const JobId job : left)
        pushEnd({job, JobOutcome::Cancelled, {}, GeneratedResult{}});
}

}  // namespace app
