// An engine with a tiny model, its requests, and what became of them. Thread: the test's.
#pragma once

#include <QtTest>
#include <map>

#include "engine/run/engine.h"
#include "tests/support/tiny_model.h"

namespace test {

struct Outcome {
    std::vector<int32_t> ids;
    std::vector<float> logprobs;        // of the token, then of its alternatives
    std::vector<int32_t> alternatives;  // of all tokens
    std::string text;
    int finished = 0, failed = 0;
    engine::StopReason reason = engine::StopReason::Length;
    engine::Error error;
    engine::RequestStats stats;
    std::vector<engine::ContextShiftedEvent> shifts;
};
using Outcomes = std::map<engine::RequestId, Outcome>;

// Moves the events into the outcomes of their requests.
inline void collect(std::vector<engine::EngineEvent>& events, Outcomes& outcomes) {
    for (engine::EngineEvent& event : events) {
        if (const auto* token = std::get_if<engine::TokenEvent>(&event)) {
            Outcome& o = outcomes[token->request];
            o.ids.push_back(token->token.id);
            o.logprobs.push_back(token->token.logprob);
            for (const engine::TokenProbability& other : token->token.top) {
                o.alternatives.push_back(other.id);
                o.logprobs.push_back(other.logprob);
            }
            o.text += token->text;
        } else if (const auto* finished = std::get_if<engine::FinishedEvent>(&event)) {
            Outcome& o = outcomes[finished->request];
            ++o.finished;
            o.reason = finished->reason;
            o.text += finished->text;
            o.stats = finished->stats;
        } else if (const auto* shifted = std::get_if<engine::ContextShiftedEvent>(&event)) {
            outcomes[shifted->request].shifts.push_back(*shifted);
        } else {
            const auto& failed = std::get<engine::FailedEvent>(event);
            ++outcomes[failed.request].failed;
            outcomes[failed.request].error = failed.error;
        }
    }
    events.clear();
}

struct EngineWorld {
    std::unique_ptr<engine::Engine> engine;
    engine::LoadedModel model;
    QTemporaryDir dir;

    engine::Result<engine::LoadedModel> loadTiny(const char* name, const TinyModel& tiny,
                                                 const engine::LoadOptions& options = {}) {
        const std::string path = dir.filePath(name).toStdString();
        if (!writeTinyModel(path, tiny))
            return engine::Error{engine::ErrorCode::Internal, "the tiny model could not be written", path};
        return engine->load(path, options, {}, {});
    }
    bool start(const engine::EngineOptions& options, const TinyModel& tiny, const engine::LoadOptions& load = {}) {
        auto made = engine::Engine::make(options);
        if (!made)
            return false;
        engine = *std::move(made);
        auto loaded = loadTiny("tiny.gguf", tiny, load);
        if (!loaded) {
            qWarning("%s", loaded.error().message.c_str());
            return false;
        }
        model = *std::move(loaded);
        return true;
    }

    // Prompt n: it repeats itself after `period` tokens.
    engine::Request request(int n, int64_t promptTokens = 20, int64_t period = 1 << 20) const {
        engine::Request r;
        r.model = model.id;
        for (int64_t i = 0; i < promptTokens; ++i)
            r.ids.push_back(static_cast<int32_t>(3 + (n * 31 + i % period * 7) % 280));
        r.maxTokens = 24;
        r.sampling.temperature = 0.9f;
        r.sampling.seed = static_cast<uint64_t>(n);
        r.ignoreEos = true;
        return r;
    }

    Outcomes runAll() {
        Outcomes outcomes;
        std::vector<engine::EngineEvent> events;
        while (engine->step(events))
            collect(events, outcomes);
        return outcomes;
    }
    Outcome run(const engine::Request& r) {
        const auto id = engine->submit(r);
        if (!id) {
            qWarning("%s", id.error().message.c_str());
            return {};
        }
        return runAll()[*id];
    }
};

inline engine::LoadOptions withPages(int64_t pages, const TinyModel& m) {
    engine::LoadOptions load;
    load.kvBudgetBytes = pages * m.nLayers * 2 * m.nKvHeads * 32 * m.headDim * 2;  // F16
    return load;
}

inline void compare(const Outcome& got, const Outcome& want) {
    QCOMPARE(got.finished, 1);
    QCOMPARE(got.failed, 0);
    QVERIFY(!want.ids.empty());
    QCOMPARE(got.ids, want.ids);
    QVERIFY(got.logprobs == want.logprobs);  // bit for bit
    QCOMPARE(got.alternatives, want.alternatives);
    QCOMPARE(got.text, want.text);
}

}  // namespace test
