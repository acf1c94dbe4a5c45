#include "tests/bench/engine_driver.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "engine/core/error_text.h"
#include "engine/run/memory_plan.h"
#include "kernels/dtype.h"

namespace bench {

using engine::Error;
using engine::Result;

double secondsSince(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

double quantile(std::vector<double> values, double share) {
    if (values.empty())
        return 0;
    std::sort(values.begin(), values.end());
    const double at = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<size_t>(at);
    const size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (values[above] - values[below]) * (at - static_cast<double>(below));
}

Memory memoryOfProcess() {
    Memory memory;
    const auto read = [](const char* path, std::string_view key, int64_t& bytes) {
        std::ifstream in(path);
        for (std::string line; std::getline(in, line);)
            if (line.starts_with(key))
                bytes = std::atoll(line.c_str() + key.size()) * 1024;
    };
    read("/proc/self/smaps_rollup", "Rss:", memory.rssBytes);
    read("/proc/self/smaps_rollup", "Pss:", memory.pssBytes);
    read("/proc/self/status", "VmHWM:", memory.peakBytes);
    return memory;
}

namespace {

Result<ModelCost> costOf(const engine::ModelFile& file, const engine::LoadOptions& options) {
    ModelCost cost;
    for (const engine::TensorInfo& tensor : file.tensors()) {
        cost.weightBytes += static_cast<double>(tensor.sizeBytes);
        cost.parameters += static_cast<double>(tensor.elements);
    }
    const engine::TensorInfo* table = file.find("token_embd.weight");
    const engine::TensorInfo* output = file.find("output.weight");
    if (table && output) {  // a table of its own: single rows are read
        cost.weightBytes -= static_cast<double>(table->sizeBytes);
        cost.parameters -= static_cast<double>(table->elements);
    }
    if (const engine::TensorInfo* last = output ? output : table)
        cost.outputParameters = static_cast<double>(last->elements);
    TRY(const engine::MemoryEstimate estimate, engine::estimateMemory(file, options));
    cost.kvBytesPerToken = static_cast<double>(estimate.kvBytesPerToken);
    TRY(const std::string architecture, file.string("general.architecture"));
    TRY(const int64_t layers, file.integer(architecture + ".block_count", 1, 1 << 20));
    TRY(const int64_t heads, file.integer(architecture + ".attention.head_count", 1, 1 << 20));
    TRY(const int64_t dim, file.integer(architecture + ".embedding_length", 1, 1 << 24));
    int64_t headDim = dim / heads;
    if (file.has(architecture + ".attention.key_length")) {
        TRY(headDim, file.integer(architecture + ".attention.key_length", 1, 1 << 20));
    }
    cost.attentionFlopsPerPair = 4.0 * static_cast<double>(layers * heads * headDim);
    return cost;
}

}  // namespace

Result<EngineDriver> EngineDriver::open(const DriverOptions& options) {
    EngineDriver driver;
    engine::LoadOptions load;
    load.contextTokens = options.contextTokens;
    constexpr std::pair<std::string_view, kernels::DType> types[] = {{"f16", kernels::DType::F16},
                                                                     {"q8_0", kernels::DType::Q8_0},
                                                                     {"q4_0", kernels::DType::Q4_0},
                                                                     {"f32", kernels::DType::F32}};
    const auto kv =
        std::find_if(std::begin(types), std::end(types), [&](auto& row) { return row.first == options.kv; });
    if (kv == std::end(types))
        return engine::invalid("a cache of type '{}', expected f16, q8_0, q4_0 or f32", options.kv);
    load.kType = load.vType = options.exact ? kernels::DType::F32 : kv->second;
    TRY(const auto file, engine::ModelFile::open(options.model));
    TRY(driver.m_cost, costOf(*file, load));
    constexpr int64_t pageTokens = 64;  // whole pages, whatever their size
    const int64_t tokens = std::max(options.contextTokens, options.allTokens);
    load.kvBudgetBytes =
        (tokens + pageTokens) / pageTokens * pageTokens * static_cast<int64_t>(driver.m_cost.kvBytesPerToken);
    TRY(driver.m_engine,
        engine::Engine::make({.threads = options.threads, .isa = options.isa, .exact = options.exact}));
    TRY(driver.m_model, driver.m_engine->load(options.model, load, nullptr, {}));
    return driver;
}

std::vector<int32_t> EngineDriver::randomIds(int64_t count) {
    std::uniform_int_distribution<int32_t> any(0, static_cast<int32_t>(m_model.vocabSize) - 1);
    std::vector<int32_t> ids(static_cast<size_t>(count));
    for (int32_t& id : ids)
        id = any(m_random);
    return ids;
}

Result<engine::RequestId> EngineDriver::submit(std::vector<int32_t> ids, int64_t maxTokens) {
    engine::Request request;
    request.model = m_model.id;
    request.ids = std::move(ids);
    request.maxTokens = maxTokens;
    request.sampling.temperature = 0;
    request.ignoreEos = true;
    return m_engine->submit(std::move(request));
}

Result<bool> EngineDriver::step() {
    m_events.clear();
    const bool more = m_engine->step(m_events);
    for (const engine::EngineEvent& event : m_events)
        if (const auto* failed = std::get_if<engine::FailedEvent>(&event))
            return failed->error;
    return more || !m_events.empty();
}

Result<void> EngineDriver::finishAll() {
    for (bool more = true; more;) {
        TRY(more, step());
    }
    return {};
}

Result<double> EngineDriver::prefill(int64_t n) {
    std::vector<int32_t> ids = randomIds(n);
    const Clock::time_point begin = Clock::now();
    TRY([[maybe_unused]] const engine::RequestId id, submit(std::move(ids), 1));
    TRY_VOID(finishAll());
    return secondsSince(begin);
}

Result<double> EngineDriver::decode(int64_t n, int64_t depth, int64_t batch) {
    if (m_beforeDepth != depth || static_cast<int64_t>(m_before.size()) != batch) {
        m_before.clear();
        for (int64_t i = 0; i < batch; ++i)
            m_before.push_back(randomIds(std::max<int64_t>(1, depth)));
        m_beforeDepth = depth;
    }
    // Sequences that are ready early go on until the last one is: they need room for that many tokens more.
    const int64_t prompt = std::max<int64_t>(1, depth);
    const int64_t waiting = batch * (prompt / 64 + 2);
    const int64_t most = std::min(m_model.contextTokens - prompt, n + 2 + waiting);
    std::vector<engine::RequestId> ids;
    for (const std::vector<int32_t>& before : m_before) {
        TRY(const engine::RequestId id, submit(before, most));
        ids.push_back(id);
    }
    std::vector<char> started(ids.size(), 0);
    while (std::count(started.begin(), started.end(), 1) < batch) {
        TRY(const bool more, step());
        for (const engine::EngineEvent& event : m_events) {
            if (const auto* token = std::get_if<engine::TokenEvent>(&event))
                started[static_cast<size_t>(std::find(ids.begin(), ids.end(), token->request) - ids.begin())] = 1;
            if (std::holds_alternative<engine::FinishedEvent>(event))
                return engine::invalid("a sequence ended before all {} were decoding: the context is too small", batch);
        }
        if (!more)
            return engine::invalid("the engine stopped before all {} sequences were decoding", batch);
    }
    int64_t tokens = 0;
    const Clock::time_point begin = Clock::now();
    while (tokens < n * batch) {
        TRY(const bool more, step());
        tokens += std::count_if(m_events.begin(), m_events.end(), [](const engine::EngineEvent& event) {
            return std::holds_alternative<engine::TokenEvent>(event);
        });
        if (!more)
            return engine::invalid("the engine stopped after {} of {} tokens", tokens, n * batch);
    }
    const double seconds = secondsSince(begin);
    for (const engine::RequestId id : ids)
        m_engine->cancel(id);
    TRY_VOID(finishAll());
    return seconds * static_cast<double>(n * batch) / static_cast<double>(tokens);
}

Result<EngineDriver::Chats> EngineDriver::chats(int64_t count, int64_t prefix, int64_t own, int64_t n, Order order,
                                                bool shared) {
    std::vector<std::vector<int32_t>> prompts;
    std::vector<int32_t> beginning = randomIds(prefix);
    for (int64_t i = 0; i < count; ++i) {
        if (!shared)
            beginning = randomIds(prefix);
        prompts.push_back(beginning);
        const std::vector<int32_t> rest = randomIds(own);
        prompts.back().insert(prompts.back().end(), rest.begin(), rest.end());
    }
    Chats result;
    const auto collect = [&] {
        for (const engine::EngineEvent& event : m_events)
            if (const auto* finished = std::get_if<engine::FinishedEvent>(&event)) {
                result.generated += finished->stats.generatedTokens;
                result.promptTokens += finished->stats.promptTokens;
                result.reusedTokens += finished->stats.reusedTokens;
            }
    };
    const Clock::time_point begin = Clock::now();
    for (size_t i = 0; i < prompts.size(); ++i) {
        TRY([[maybe_unused]] const engine::RequestId id, submit(std::move(prompts[i]), n));
        for (bool more = order == Order::OneByOne || i + 1 == prompts.size(); more;) {
            TRY(more, step());
            collect();
        }
    }
    result.seconds = secondsSince(begin);
    return result;
}

}  // namespace bench
