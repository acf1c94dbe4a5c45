// An engine without a model for tests of the app: a vocabulary of bytes, replies from a script, speed and failures as
// wished. Thread: as engine::Engine; the script may be changed from the test's thread.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "engine/run/engine.h"

namespace fake {

// Tokens 0 to 255 are bytes, 256 ends the text, 257 begins it.
class ByteTokenizer : public engine::Tokenizer {
  public:
    static constexpr int32_t Eos = 256, Bos = 257;
    std::vector<int32_t> encode(std::string_view text, bool) const override {
        std::vector<int32_t> ids;
        for (const char c : text)
            ids.push_back(static_cast<uint8_t>(c));
        return ids;
    }
    std::vector<int32_t> encodeParts(std::span<const Part> parts) const override {
        std::vector<int32_t> ids;
        for (const Part& part : parts)
            for (const int32_t id : encode(part.text, part.trusted))
                ids.push_back(id);
        return ids;
    }
    std::string piece(int32_t id, bool special) const override {
        if (id < 256)
            return std::string(1, static_cast<char>(id));
        return special ? (id == Eos ? "</s>" : "<s>") : "";
    }
    std::string decode(std::span<const int32_t> ids, bool special) const override {
        engine::Utf8Stream stream;
        std::string out;
        for (const int32_t id : ids)
            out += stream.push(piece(id, special));
        return out + stream.finish();
    }
    int32_t vocabSize() const override { return 258; }
    engine::TokenKind kind(int32_t id) const override {
        return id < 256 ? engine::TokenKind::Byte : engine::TokenKind::Control;
    }
    std::string_view tokenText(int32_t id) const override { return id == Eos ? "</s>" : id == Bos ? "<s>" : "b"; }
    int32_t bosId() const override { return Bos; }
    int32_t eosId() const override { return Eos; }
    bool addsBos() const override { return false; }
    bool addsEos() const override { return false; }
    bool isEndOfGeneration(int32_t id) const override { return id == Eos; }
    std::string_view modelName() const override { return "bytes"; }
    std::string_view preName() const override { return "none"; }
    std::span<const std::string> notes() const override { return {}; }
};

struct Script {
    std::atomic<int> stepMilliseconds{0};
    std::atomic<int> loadMilliseconds{0};
    std::atomic<int> ways{0};               // how often the engine was asked to make way
    std::atomic<bool> shiftContext{false};  // with the third token, where it was asked for
    std::atomic<bool> failLoad{false}, failSubmit{false}, failMidway{false}, throwInStep{false};
    std::atomic<int64_t> contextTokens{2048};
    std::mutex mutex;
    std::string reply = "Hello from the fake model.";  // guarded
    std::vector<engine::Request> requests;             // guarded: what was submitted
    std::vector<std::string> promptCaches;             // guarded: "load FOLDER", "save MODEL FOLDER"
    std::atomic<bool> failSave{false};

    std::string replyText() {
        std::lock_guard lock(mutex);
        return reply;
    }
    void setReply(std::string text) {
        std::lock_guard lock(mutex);
        reply = std::move(text);
    }
    std::vector<engine::Request> submitted() {
        std::lock_guard lock(mutex);
        return requests;
    }
    std::string lastPrompt() {
        std::lock_guard lock(mutex);
        return requests.empty() ? std::string() : ByteTokenizer().decode(requests.back().ids, true);
    }
};

class Engine : public engine::Engine {
  public:
    explicit Engine(std::shared_ptr<Script> script) : m_script(std::move(script)) {
        m_backend = std::move(*engine::makeCpuBackend({.threads = 1, .isa = "scalar"}));
    }

    engine::Result<engine::LoadedModel> load(const std::string& path, const engine::LoadOptions& options,
                                             const Progress& progress, std::stop_token stop) override {
        for (int i = 0; i < m_script->loadMilliseconds; ++i) {
            if (stop.stop_requested())
                return engine::Error{engine::ErrorCode::Cancelled, "cancelled", {}};
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            if (progress)
                progress(i / static_cast<double>(m_script->loadMilliseconds), "reading");
        }
        if (m_script->failLoad)
            return engine::Error{engine::ErrorCode::FileDamaged, path + " is damaged: a test said so.", path};
        engine::LoadedModel model;
        if (!options.promptCache.empty()) {
            std::lock_guard lock(m_script->mutex);
            m_script->promptCaches.push_back("load " + options.promptCache);
        }
        model.id = ++m_lastModel;
        model.path = path;
        model.name = "Fake " + std::to_string(model.id);
        model.architecture = "fake";
        model.fileType = "F32";
        model.contextTokens = options.contextTokens > 0 ? options.contextTokens : m_script->contextTokens.load();
        model.trainedContext = 8192;
        model.vocabSize = 258;
        model.tokenizer = std::make_shared<ByteTokenizer>();
        model.chatTemplate = *engine::ChatTemplate::parse(
            "{% for m in messages %}[{{ m.role }}]{{ m.content }}\n{% endfor %}{% if add_generation_prompt "
            "%}[assistant]{% endif %}");
        m_models[model.id] = model;
        return model;
    }
    engine::Result<void> unload(engine::ModelId id) override {
        if (m_models.erase(id) == 0)
            return engine::Error{engine::ErrorCode::InvalidRequest, "no such model", {}};
        for (auto& [request, running] : m_running)
            if (running.model == id)
                cancel(request);
        return {};
    }
    const engine::LoadedModel* model(engine::ModelId id) const override {
        const auto it = m_models.find(id);
        return it == m_models.end() ? nullptr : &it->second;
    }
    engine::Backend& backend() override { return *m_backend; }
    engine::Result<engine::PromptCacheFile> savePromptCache(engine::ModelId id, const std::string& path,
                                                            const engine::PromptCacheLimits&,
                                                            std::stop_token) override {
        std::lock_guard lock(m_script->mutex);
        m_script->promptCaches.push_back("save " + std::to_string(id) + " " + path);
        if (m_script->failSave)
            return engine::Error{engine::ErrorCode::InvalidRequest, "the disk is full: a test said so.", {}};
        return engine::PromptCacheFile{path, 0, 0, 0};
    }

    engine::Result<void> setDraft(engine::ModelId, engine::ModelId) override { return {}; }

    engine::Result<engine::RequestId> submit(engine::Request request) override {
        if (m_script->failSubmit || !m_models.contains(request.model))
            return engine::Error{engine::ErrorCode::InvalidRequest, "the request was refused by a test.", {}};
        Running running;
        running.model = request.model;
        running.left = request.maxTokens < 0 ? 1'000'000 : request.maxTokens;
        running.reply = m_script->replyText();
        running.nTop = request.nTop;
        running.shifts = request.contextShift && m_script->shiftContext;
        running.stats.promptTokens = static_cast<int64_t>(request.ids.size());
        const engine::RequestId id = ++m_lastRequest;
        m_running.emplace(id, running);
        std::lock_guard lock(m_script->mutex);
        m_script->requests.push_back(std::move(request));
        return id;
    }
    void makeWay() override { ++m_script->ways; }
    void cancel(engine::RequestId id) override {
        std::lock_guard lock(m_mutex);
        m_cancelled.insert(id);
    }
    bool step(std::vector<engine::EngineEvent>& events) override {
        if (m_running.empty())
            return false;
        if (m_script->throwInStep.exchange(false))
            throw std::bad_alloc();
        if (m_script->stepMilliseconds > 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(m_script->stepMilliseconds));
        for (auto it = m_running.begin(); it != m_running.end();) {
            Running& r = it->second;
            bool cancelled;
            {
                std::lock_guard lock(m_mutex);
                cancelled = m_cancelled.contains(it->first);
            }
            if (cancelled) {
                events.push_back(
                    engine::FinishedEvent{it->first, engine::StopReason::Cancelled, r.stream.finish(), r.stats});
            } else if (m_script->failMidway && r.at > 2) {
                events.push_back(engine::FailedEvent{
                    it->first, {engine::ErrorCode::DeviceFailed, "the device failed in a test.", {}}, r.stats});
            } else if (r.at >= r.reply.size()) {
                events.push_back(
                    engine::FinishedEvent{it->first, engine::StopReason::EndOfText, r.stream.finish(), r.stats});
            } else if (r.left == 0) {
                events.push_back(
                    engine::FinishedEvent{it->first, engine::StopReason::Length, r.stream.finish(), r.stats});
            } else {
                engine::TokenEvent token;
                token.request = it->first;
                token.token.id = static_cast<uint8_t>(r.reply[r.at]);
                token.token.logprob = -0.25f;
                for (int i = 0; i < r.nTop; ++i)
                    token.token.top.push_back({i == 0 ? token.token.id : 'A' + i, -0.25f - static_cast<float>(i)});
                token.text = r.stream.push(r.reply.substr(r.at, 1));
                ++r.at;
                --r.left;
                if (r.shifts && r.at == 3)
                    events.push_back(engine::ContextShiftedEvent{it->first, 7, 50, 2048});
                ++r.stats.generatedTokens;
                r.stats.decodeSeconds += 0.01;
                r.stats.firstTokenSeconds = 0.05;
                events.push_back(std::move(token));
                ++it;
                continue;
            }
            it = m_running.erase(it);
        }
        return true;
    }
    engine::EngineSnapshot snapshot() const override { return {}; }
    engine::Result<void> logits(engine::ModelId, std::span<const int32_t>, const LogitSink&, std::stop_token,
                                int64_t) override {
        return {};
    }

  private:
    struct Running {
        engine::ModelId model = 0;
        int64_t left = 0;
        std::string reply;
        size_t at = 0;
        int nTop = 0;
        bool shifts = false;
        engine::Utf8Stream stream;
        engine::RequestStats stats;
    };
    std::shared_ptr<Script> m_script;
    std::unique_ptr<engine::Backend> m_backend;
    std::map<engine::ModelId, engine::LoadedModel> m_models;
    std::map<engine::RequestId, Running> m_running;
    std::mutex m_mutex;
    std::set<engine::RequestId> m_cancelled;
    engine::ModelId m_lastModel = 0;
    engine::RequestId m_lastRequest = 0;
};

inline auto maker(std::shared_ptr<Script> script) {
    return [script]() -> engine::Result<std::unique_ptr<engine::Engine>> {
        return std::unique_ptr<engine::Engine>(new Engine(script));
    };
}

}  // namespace fake
