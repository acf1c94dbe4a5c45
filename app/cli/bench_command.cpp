// bench: tokens per second of prefill and decode, by the conventions of llama-bench, beside what the machine allows.
#include <algorithm>
#include <chrono>
#include <numeric>
#include <random>

#include "app/cli/command.h"
#include "app/cli/roof_probe.h"
#include "app/cli/session.h"
#include "engine/run/memory_plan.h"

namespace app {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

using Clock = std::chrono::steady_clock;

struct Test {
    bool prefill = false;
    int64_t n = 0, depth = 0, batch = 1;
};

class Bench {
  public:
    Bench(CliContext& context, Session& session) : m_context(context), m_session(session) {}

    // Tokens per second of one run.
    Result<double> run(const Test& test) { return test.prefill ? prefill(test) : decode(test); }

  private:
    // Random ordinary tokens, new ones each time: a prompt that was seen before would not be computed again.
    std::vector<int32_t> randomIds(int64_t count) {
        std::uniform_int_distribution<int32_t> any(0, static_cast<int32_t>(m_session.model.vocabSize) - 1);
        std::vector<int32_t> ids(static_cast<size_t>(count));
        for (int32_t& id : ids)
            id = any(m_random);
        return ids;
    }

    Result<engine::RequestId> submit(int64_t promptTokens, int64_t maxTokens) {
        engine::Request request;
        request.model = m_session.model.id;
        request.ids = randomIds(promptTokens);
        request.maxTokens = maxTokens;
        request.sampling.temperature = 0;
        request.ignoreEos = true;
        return m_session.engine->submit(std::move(request));
    }

    // One step; Error when a request failed or Ctrl-C was pressed. Counts the tokens of the step.
    Result<bool> step(int64_t& tokens, int64_t& ended) {
        if (m_context.interrupt.poll())
            return Error{ErrorCode::Cancelled, "Cancelled", {}};
        m_events.clear();
        const bool more = m_session.engine->step(m_events);
        for (engine::EngineEvent& event : m_events) {
            if (std::holds_alternative<engine::TokenEvent>(event))
                ++tokens;
            else if (std::holds_alternative<engine::FinishedEvent>(event))
                ++ended;
            else if (const auto* failed = std::get_if<engine::FailedEvent>(&event))
                return failed->error;
        }
        return more || !m_events.empty();
    }

    // All prompts of the batch, computed from `depth` on; the depth itself is not timed.
    Result<double> prefill(const Test& test) {
        double seconds = 0;
        int64_t tokens = 0;
        for (int64_t i = 0; i < test.batch; ++i) {
            std::vector<int32_t> before;
            if (test.depth > 0) {
                // The first request computes the depth, the second finds it and computes the rest.
                before = randomIds(test.depth / m_session.model.kvPageTokens * m_session.model.kvPageTokens);
                if (const auto computed = complete(before); !computed)
                    return computed.error();
            }
            std::vector<int32_t> ids = before;
            const std::vector<int32_t> rest = randomIds(test.n);
            ids.insert(ids.end(), rest.begin(), rest.end());
            TRY(const engine::RequestStats stats, complete(std::move(ids)));
            tokens += stats.promptTokens - stats.reusedTokens;
            seconds += stats.prefillSeconds;
        }
        return seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
    }

    Result<engine::RequestStats> complete(std::vector<int32_t> ids) {
        engine::Request request;
        request.model = m_session.model.id;
        request.ids = std::move(ids);
        request.maxTokens = 1;
        request.sampling.temperature = 0;
        request.ignoreEos = true;
        TRY_VOID(submitOnly(std::move(request)));
        while (true) {
            int64_t tokens = 0, ended = 0;
            TRY(const bool more, step(tokens, ended));
            for (const engine::EngineEvent& event : m_events)
                if (const auto* finished = std::get_if<engine::FinishedEvent>(&event))
                    return finished->stats;
            if (!more)
                return Error{ErrorCode::Internal, "The engine stopped before the request had ended", {}};
        }
    }
    Result<void> submitOnly(engine::Request request) {
        auto id = m_session.engine->submit(std::move(request));
        return id ? Result<void>() : Result<void>(std::move(id).error());
    }

    // n steps of the whole batch, timed once every sequence decodes.
    Result<double> decode(const Test& test) {
        const int64_t prompt = std::max<int64_t>(1, test.depth);
        // Sequences that are ready early go on until the last one is: they need room for that many tokens more.
        const int64_t waiting = test.batch * (prompt / 64 + 2);
        const int64_t room = m_session.model.contextTokens - prompt;
        std::vector<engine::RequestId> ids;
        for (int64_t i = 0; i < test.batch; ++i) {
            TRY(const engine::RequestId id, submit(prompt, std::min(room, test.n + 2 + waiting)));
            ids.push_back(id);
        }
        int64_t tokens = 0, ended = 0;
        std::vector<char> started(ids.size(), 0);
        while (std::accumulate(started.begin(), started.end(), int64_t{0}) < test.batch) {
            TRY(const bool more, step(tokens, ended));
            for (const engine::EngineEvent& event : m_events)
                if (const auto* token = std::get_if<engine::TokenEvent>(&event))
                    started[static_cast<size_t>(std::find(ids.begin(), ids.end(), token->request) - ids.begin())] = 1;
            if (!more || ended > 0)
                return Error{ErrorCode::Internal, "A sequence ended before the whole batch was decoding", {}};
        }
        tokens = 0;
        const Clock::time_point begin = Clock::now();
        while (tokens < test.n * test.batch && ended == 0) {
            TRY(const bool more, step(tokens, ended));
            if (!more)
                break;
        }
        const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        for (const engine::RequestId id : ids)
            m_session.engine->cancel(id);
        for (int64_t more = 1; more;) {
            TRY(more, step(tokens, ended));
        }
        return static_cast<double>(test.n * test.batch) / seconds;
    }

    CliContext& m_context;
    Session& m_session;
    std::mt19937 m_random{20240607};
    std::vector<engine::EngineEvent> m_events;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const size_t n = values.size();
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

Result<std::vector<Test>> testsOf(const Arguments& arguments) {
    TRY(const auto prompts, arguments.integers("-p", "512", 0, 1 << 24));
    TRY(const auto decodes, arguments.integers("-n", "128", 0, 1 << 24));
    TRY(const auto depths, arguments.integers("-d", "0", 0, 1 << 24));
    TRY(const auto batches, arguments.integers("-b", "1", 1, 4096));
    std::vector<Test> tests;
    for (const int64_t depth : depths)
        for (const int64_t batch : batches) {
            for (const int64_t n : prompts)
                if (n > 0)
                    tests.push_back({true, n, depth, batch});
            for (const int64_t n : decodes)
                if (n > 0)
                    tests.push_back({false, n, depth, batch});
        }
    if (tests.empty())
        return usageError("there is nothing to measure: both -p and -n are 0");
    return tests;
}

// Tokens that all sequences of a test need together, with room for those that wait for the others.
int64_t contextOf(const Test& test) {
    return test.depth + test.n + (test.prefill ? 2 : 4 + test.batch * (test.depth / 64 + 3));
}

// What one token costs: its share of the weights that are read, and the multiplications of its matrices.
struct Cost {
    double weightBytes = 0;  // of a step
    double parameters = 0;   // that each token is multiplied with
    double kvBytesPerToken = 0;
};

Result<Cost> costOf(const Session& session, bool prefill) {
    const engine::ModelFile& file = *session.model.file;
    TRY(const engine::MemoryEstimate estimate, engine::estimateMemory(file, session.loadOptions));
    Cost cost{static_cast<double>(session.model.weightBytes), static_cast<double>(session.model.parameters),
              static_cast<double>(estimate.kvBytesPerToken)};
    const engine::TensorInfo* table = file.find("token_embd.weight");
    const engine::TensorInfo* output = file.find("output.weight");
    if (table && output) {  // a table of its own: single rows are read
        cost.weightBytes -= static_cast<double>(table->sizeBytes);
        cost.parameters -= static_cast<double>(table->elements);
    }
    if (prefill && table)  // only the last token of a prompt meets the output matrix
        cost.parameters -= static_cast<double>(output ? output->elements : table->elements);
    return cost;
}

struct Row {
    Test test;
    std::vector<double> samples;
    int64_t peakRss = 0;
};

Result<void> print(CliContext& context, Session& session, const Roof& roof, const Row& row) {
    const Test& test = row.test;
    TRY(const Cost cost, costOf(session, test.prefill));
    const double middle = median(row.samples);
    // A step reads the weights once for all its tokens; a decoded token also reads its sequence's cache.
    const double cacheBytes =
        cost.kvBytesPerToken * (static_cast<double>(test.depth) + static_cast<double>(test.n) / 2);
    const double bytesPerToken = test.prefill ? cost.weightBytes / static_cast<double>(test.n)
                                              : cost.weightBytes / static_cast<double>(test.batch) + cacheBytes;
    const double ofRead = roof.readBytesPerSecond > 0 ? middle * bytesPerToken / roof.readBytesPerSecond : 0;
    const double ofCompute = roof.int8OpsPerSecond > 0 ? middle * 2 * cost.parameters / roof.int8OpsPerSecond : 0;
    const double percent = 100 * std::max(ofRead, ofCompute);
    const auto [least, most] = std::minmax_element(row.samples.begin(), row.samples.end());
    const engine::Backend& backend = session.engine->backend();
    const std::string both = context.arguments.text("--kv", backend.exact() ? "f32" : "f16");
    const std::string k = context.arguments.text("--kv-k", both), v = context.arguments.text("--kv-v", both);
    if (context.output.json())
        context.output.object(
            {{"kind", test.prefill ? "prefill" : "decode"},
             {"n", test.n},
             {"depth", test.depth},
             {"batch", test.batch},
             {"kv", k == v ? k : k + "/" + v},
             {"tokensPerSecond", {{"median", middle}, {"min", *least}, {"max", *most}, {"samples", row.samples}}},
             {"bytesPerToken", bytesPerToken},
             {"roof", {{"readBytesPerSecond", roof.readBytesPerSecond}, {"int8OpsPerSecond", roof.int8OpsPerSecond}}},
             {"percentOfRoof", percent},
             {"peakRssBytes", row.peakRss},
             {"isa", backend.isa()},
             {"threads", backend.threads()},
             {"exact", backend.exact()},
             {"model", session.model.name},
             {"fileType", session.model.fileType}});
    else
        context.output.text(fmt::format(
            "{:<8} n {:<6} depth {:<6} batch {:<4} {:>9.1f} tokens/s  ({:.1f} to {:.1f}), {:.0f} % of the roof, {}\n",
            test.prefill ? "prefill" : "decode", test.n, test.depth, test.batch, middle, *least, *most, percent,
            humanBytes(row.peakRss)));
    return {};
}

}  // namespace

Result<void> runBench(CliContext& context) {
    TRY(const auto tests, testsOf(context.arguments));
    TRY(const int64_t repetitions, context.arguments.integer("-r", 5, 1, 10'000));
    int64_t contextTokens = 0, allTokens = 0;
    for (const Test& test : tests) {
        contextTokens = std::max(contextTokens, contextOf(test));
        allTokens = std::max(allTokens, (contextOf(test) + 64) * (test.prefill ? 1 : test.batch));
    }
    TRY(Session session, openSession(context, contextTokens, allTokens));

    Bench bench(context, session);
    std::vector<Row> rows;
    const auto measure = [&](size_t index) -> Result<void> {
        Row row{tests[index], {}, 0};
        for (int64_t r = -1; r < repetitions; ++r) {  // the first one warms up
            context.output.progress(fmt::format("Test {} of {}", index + 1, tests.size()),
                                    static_cast<double>(r + 1) / static_cast<double>(repetitions + 1));
            TRY(const double sample, bench.run(row.test));
            if (r >= 0)
                row.samples.push_back(sample);
        }
        row.peakRss = peakRssBytes();
        rows.push_back(std::move(row));
        return {};
    };
    Result<void> measured;
    for (size_t t = 0; t < tests.size() && measured; ++t)
        measured = measure(t);
    // After the tests, so that it neither warms nor fills anything for them. The model's own bytes are what is read.
    if (!rows.empty()) {
        std::vector<std::span<const std::byte>> bytes;
        for (const engine::TensorInfo& tensor : session.model.file->tensors())
            bytes.push_back({tensor.data, static_cast<size_t>(tensor.sizeBytes)});
        const engine::Backend& backend = session.engine->backend();
        const Roof roof = probeRoof(backend.threads(), kernels::isaFromName(backend.isa()), bytes);
        for (const Row& row : rows)
            TRY_VOID(print(context, session, roof, row));
    }
    return measured;  // cancelled or failed: what was measured before is printed
}

}  // namespace app
