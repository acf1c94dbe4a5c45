// Our side of a comparison: a process that does what it is told on standard input, one JSON object a line, and answers
// in the same way, so that a harness can alternate between it and others (versus.py; peer_llama_cpp.py is the other
// side). "op" and its fields:
//   open      model, threads, isa, kv, exact, context, tokens -> seconds, firstSeconds, memory, what the model costs
//   prefill   n -> seconds, tokens                 decode  n, depth, batch -> seconds, tokens
//   chats     count, prefix, own, n, order (together, one-by-one), shared -> seconds, tokens, reused
//   logits    ids, out -> rows, vocab; f32 [rows, vocab] without a header
//   divergence  base, candidate (files of logits), vocab -> meanKl, standardError, sameTop, perToken
//   memory    -> rss, pss, peak
// A failure is {"error": sentence}; the process goes on.
#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/core/error_text.h"
#include "kernels/cpu/cpu_kernels.h"
#include "tests/bench/engine_driver.h"

using bench::Clock;
using bench::EngineDriver;
using engine::Result;
using Json = nlohmann::json;

namespace {

Json memoryJson() {
    const bench::Memory memory = bench::memoryOfProcess();
    return {{"rss", memory.rssBytes}, {"pss", memory.pssBytes}, {"peak", memory.peakBytes}};
}

Result<Json> openModel(std::optional<EngineDriver>& driver, const Json& order) {
    driver.reset();
    const Json before = memoryJson();
    const Clock::time_point begin = Clock::now();
    TRY(driver, EngineDriver::open({.model = order.at("model"),
                                    .isa = order.value("isa", ""),
                                    .kv = order.value("kv", "f16"),
                                    .threads = order.value("threads", 0),
                                    .exact = order.value("exact", false),
                                    .contextTokens = order.value("context", int64_t{512}),
                                    .allTokens = order.value("tokens", int64_t{0})}));
    const double ready = bench::secondsSince(begin);
    // Every weight has been read once the first token is there: what is resident then is what the model takes.
    TRY([[maybe_unused]] const double first, driver->prefill(1));
    const engine::LoadedModel& model = driver->model();
    const bench::ModelCost& cost = driver->cost();
    const engine::Backend& backend = driver->engine().backend();
    return Json{{"seconds", ready},
                {"firstSeconds", bench::secondsSince(begin)},
                {"memoryBefore", before},
                {"memory", memoryJson()},
                {"isa", backend.isa()},
                {"threads", backend.threads()},
                {"exact", backend.exact()},
                {"vocab", model.vocabSize},
                {"architecture", model.architecture},
                {"type", model.fileType},
                {"parameters", model.parameters},
                {"context", model.contextTokens},
                {"cost",
                 {{"weightBytes", cost.weightBytes},
                  {"parameters", cost.parameters},
                  {"outputParameters", cost.outputParameters},
                  {"kvBytesPerToken", cost.kvBytesPerToken},
                  {"attentionFlopsPerPair", cost.attentionFlopsPerPair}}}};
}

Result<Json> chats(EngineDriver& driver, const Json& order) {
    const auto how =
        order.value("order", "together") == "together" ? EngineDriver::Order::Together : EngineDriver::Order::OneByOne;
    TRY(const EngineDriver::Chats done, driver.chats(order.at("count"), order.at("prefix"), order.at("own"),
                                                     order.at("n"), how, order.value("shared", true)));
    return Json{{"seconds", done.seconds},
                {"tokens", done.generated},
                {"promptTokens", done.promptTokens},
                {"reused", done.reusedTokens}};
}

Result<Json> writeLogits(EngineDriver& driver, const Json& order) {
    const auto ids = order.at("ids").get<std::vector<int32_t>>();
    const std::string path = order.at("out");
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    const int64_t vocab = driver.model().vocabSize;
    const auto sink = [&](int64_t, int64_t rows, const float* logits) -> Result<void> {
        out.write(reinterpret_cast<const char*>(logits), rows * vocab * static_cast<int64_t>(sizeof(float)));
        return {};
    };
    TRY_VOID(driver.engine().logits(driver.model().id, ids, sink, {}));
    out.close();
    if (!out)
        return engine::invalid("{} cannot be written", path);
    return Json{{"rows", ids.size()}, {"vocab", vocab}};
}

// Logits of one token as probabilities, in double precision: maximum and logarithm of the sum.
struct Distribution {
    double logSum = 0;
    size_t top = 0;
    explicit Distribution(const std::vector<float>& logits) {
        top = static_cast<size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
        double sum = 0;
        for (const float logit : logits)
            sum += std::exp(static_cast<double>(logit) - static_cast<double>(logits[top]));
        logSum = static_cast<double>(logits[top]) + std::log(sum);
    }
};

// Kullback-Leibler divergence of the candidate from the base, per token, natural logarithm.
Result<Json> divergence(const Json& order) {
    const std::string paths[2] = {order.at("base"), order.at("candidate")};
    const auto vocab = order.at("vocab").get<size_t>();
    std::ifstream files[2] = {std::ifstream(paths[0], std::ios::binary), std::ifstream(paths[1], std::ios::binary)};
    std::vector<float> rows[2] = {std::vector<float>(vocab), std::vector<float>(vocab)};
    std::vector<double> perToken;
    double sum = 0, squares = 0;
    size_t same = 0;
    const auto readRow = [&](int i) {
        files[i].read(reinterpret_cast<char*>(rows[i].data()), static_cast<std::streamsize>(vocab * sizeof(float)));
        return static_cast<bool>(files[i]);
    };
    while (readRow(0) && readRow(1)) {
        const Distribution p(rows[0]), q(rows[1]);
        double kl = 0;
        for (size_t i = 0; i < vocab; ++i) {
            const double logP = static_cast<double>(rows[0][i]) - p.logSum;
            kl += std::exp(logP) * (logP - (static_cast<double>(rows[1][i]) - q.logSum));
        }
        perToken.push_back(kl);
        sum += kl;
        squares += kl * kl;
        same += p.top == q.top;
    }
    if (perToken.empty())
        return engine::invalid("{} and {} hold no row of {} logits", paths[0], paths[1], vocab);
    const auto n = static_cast<double>(perToken.size());
    const double mean = sum / n;
    return Json{{"tokens", perToken.size()},
                {"meanKl", mean},
                {"standardError", std::sqrt(std::max(0.0, squares / n - mean * mean) / n)},
                {"sameTop", static_cast<double>(same) / n},
                {"perToken", perToken}};
}

Result<Json> answer(std::optional<EngineDriver>& driver, const Json& order) {
    const std::string op = order.at("op");
    if (op == "open")
        return openModel(driver, order);
    if (op == "divergence")
        return divergence(order);
    if (op == "memory")
        return memoryJson();
    if (!driver)
        return engine::invalid("'{}' needs a model: open one first", op);
    if (op == "prefill") {
        const auto n = order.at("n").get<int64_t>();
        TRY(const double seconds, driver->prefill(n));
        return Json{{"seconds", seconds}, {"tokens", n}};
    }
    if (op == "decode") {
        const int64_t n = order.at("n"), batch = order.value("batch", int64_t{1});
        TRY(const double seconds, driver->decode(n, order.value("depth", int64_t{0}), batch));
        return Json{{"seconds", seconds}, {"tokens", n * batch}};
    }
    if (op == "chats")
        return chats(*driver, order);
    if (op == "logits")
        return writeLogits(*driver, order);
    return engine::invalid("no such op: '{}'", op);
}

}  // namespace

int main() {
    std::optional<EngineDriver> driver;
    for (std::string line; std::getline(std::cin, line);) {
        Json reply;
        try {
            const Result<Json> done = answer(driver, Json::parse(line));
            reply = done ? *done : Json{{"error", done.error().message}};
        } catch (const Json::exception& error) {
            reply = {{"error", error.what()}};
        }
        std::cout << reply.dump() << std::endl;
    }
    return 0;
}
