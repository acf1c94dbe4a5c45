// How the engine serves many at once: time to the first token, time per token and throughput, with prompts and replies
// of mixed lengths. Closed loop: so many clients, each asks again as soon as it is answered. Open loop: requests arrive
// at random (Poisson), whether or not the engine is ready.
//   build/bench/bench_serve [-m MODEL] [--threads N] [--isa NAME] [--concurrency 1,8,32] [--rate R] [--requests N]
//       [--seconds 15] [--json]
// Without a model: the sample model. --rate is in requests per second: 0.7 of the largest closed throughput unless
// given. A run ends after --requests requests or as many seconds, whichever comes first; what runs then is finished.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <thread>

#include "tests/bench/engine_driver.h"
#include "tests/support/sample_model.h"

using bench::Clock;
using bench::EngineDriver;
using engine::Result;
using Json = nlohmann::json;

namespace {

struct Options {
    bench::DriverOptions driver;
    std::vector<int64_t> concurrency = {1, 8, 32};
    double rate = 0, seconds = 15;
    int64_t requests = 0;  // 0: four for each client, at least 24
    bool json = false;
};

constexpr int64_t promptLengths[] = {16, 48, 128, 400, 900};
constexpr int64_t replyLengths[] = {16, 32, 64, 96};
constexpr int64_t longest = 900 + 96;

class Load {
  public:
    Load(EngineDriver& driver, const Options& options) : m_driver(driver), m_options(options) {}

    // Closed loop when `clients` > 0, else Poisson with m_rate requests per second.
    Result<Json> run(int64_t clients, double rate) {
        m_random.seed(11);  // the same lengths and gaps in every run
        const int64_t most = m_options.requests > 0 ? m_options.requests : std::max<int64_t>(24, 4 * clients);
        std::exponential_distribution<double> gap(rate > 0 ? rate : 1);
        int64_t submitted = 0;
        double nextArrival = 0;
        m_begin = Clock::now();
        m_running.clear();
        m_firstToken.clear(), m_perToken.clear();
        m_tokens = 0;
        const auto mayStart = [&] { return submitted < most && bench::secondsSince(m_begin) < m_options.seconds; };
        while (true) {
            const double now = bench::secondsSince(m_begin);
            while (mayStart() &&
                   (clients > 0 ? static_cast<int64_t>(m_running.size()) < clients : nextArrival <= now)) {
                // A request that arrived during a step has waited since then.
                TRY_VOID(start(clients > 0 ? now : nextArrival));
                ++submitted;
                nextArrival += gap(m_random);
            }
            if (m_running.empty() && !mayStart())
                break;
            if (m_running.empty()) {
                std::this_thread::sleep_for(std::chrono::duration<double>(nextArrival - now));
                continue;
            }
            TRY([[maybe_unused]] const bool more, m_driver.step());
            take();
        }
        const double seconds = bench::secondsSince(m_begin);
        const auto milliseconds = [](const std::vector<double>& values, double share) {
            return 1e3 * bench::quantile(values, share);
        };
        return Json{
            {"load", clients > 0 ? "closed" : "poisson"},
            {"concurrency", clients},
            {"rate", rate},
            {"requests", submitted},
            {"seconds", seconds},
            {"requestsPerSecond", static_cast<double>(submitted) / seconds},
            {"tokensPerSecond", static_cast<double>(m_tokens) / seconds},
            {"firstTokenMs", {{"p50", milliseconds(m_firstToken, 0.5)}, {"p99", milliseconds(m_firstToken, 0.99)}}},
            {"perTokenMs", {{"p50", milliseconds(m_perToken, 0.5)}, {"p99", milliseconds(m_perToken, 0.99)}}}};
    }

  private:
    struct Running {
        double arrived = 0, first = 0;
        int64_t tokens = 0;
    };

    int64_t any(std::span<const int64_t> lengths) {
        return lengths[std::uniform_int_distribution<size_t>(0, lengths.size() - 1)(m_random)];
    }

    Result<void> start(double arrived) {
        TRY(const engine::RequestId id, m_driver.submit(m_driver.randomIds(any(promptLengths)), any(replyLengths)));
        m_running[id] = {arrived, 0, 0};
        return {};
    }

    void take() {
        const double now = bench::secondsSince(m_begin);
        for (const engine::EngineEvent& event : m_driver.events()) {
            if (const auto* token = std::get_if<engine::TokenEvent>(&event)) {
                Running& request = m_running[token->request];
                if (request.tokens++ == 0) {
                    request.first = now;
                    m_firstToken.push_back(now - request.arrived);
                }
                ++m_tokens;
            } else if (const auto* finished = std::get_if<engine::FinishedEvent>(&event)) {
                const Running& request = m_running[finished->request];
                if (request.tokens > 1)
                    m_perToken.push_back((now - request.first) / static_cast<double>(request.tokens - 1));
                m_running.erase(finished->request);
            }
        }
    }

    EngineDriver& m_driver;
    const Options& m_options;
    std::mt19937 m_random;
    Clock::time_point m_begin;
    std::map<engine::RequestId, Running> m_running;
    std::vector<double> m_firstToken, m_perToken;  // seconds
    int64_t m_tokens = 0;
};

void print(const Options& options, const Json& row) {
    if (options.json) {
        std::cout << row.dump() << std::endl;
        return;
    }
    const std::string what = row["load"] == "closed" ? fmt::format("{:>3} clients", row["concurrency"].get<int64_t>())
                                                     : fmt::format("{:.1f}/s Poisson", row["rate"].get<double>());
    fmt::print(
        "{:<14} {:4} requests  first token p50 {:7.1f} p99 {:7.1f} ms  per token p50 {:6.2f} p99 {:6.2f} ms  "
        "{:7.1f} tokens/s  {:5.2f} requests/s\n",
        what, row["requests"].get<int64_t>(), row["firstTokenMs"]["p50"].get<double>(),
        row["firstTokenMs"]["p99"].get<double>(), row["perTokenMs"]["p50"].get<double>(),
        row["perTokenMs"]["p99"].get<double>(), row["tokensPerSecond"].get<double>(),
        row["requestsPerSecond"].get<double>());
    std::fflush(stdout);
}

Result<void> serve(Options& options) {
    const int64_t most = *std::max_element(options.concurrency.begin(), options.concurrency.end());
    options.driver.contextTokens = longest + 64;
    options.driver.allTokens = (longest + 64) * most;
    TRY(EngineDriver driver, EngineDriver::open(options.driver));
    TRY([[maybe_unused]] const double warm, driver.prefill(256));
    Load load(driver, options);
    double fastest = 0;
    for (const int64_t clients : options.concurrency) {
        TRY(const Json row, load.run(clients, 0));
        fastest = std::max(fastest, row["requestsPerSecond"].get<double>());
        print(options, row);
    }
    TRY(const Json row, load.run(0, options.rate > 0 ? options.rate : 0.7 * fastest));
    print(options, row);
    return {};
}

bool parse(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string key = argv[i];
        if (key == "--json") {
            options.json = true;
            continue;
        }
        if (++i == argc)
            return false;
        const std::string value = argv[i];
        if (key == "-m")
            options.driver.model = value;
        else if (key == "--threads")
            options.driver.threads = std::atoi(value.c_str());
        else if (key == "--isa")
            options.driver.isa = value;
        else if (key == "--rate")
            options.rate = std::atof(value.c_str());
        else if (key == "--requests")
            options.requests = std::atoll(value.c_str());
        else if (key == "--seconds")
            options.seconds = std::atof(value.c_str());
        else if (key == "--concurrency") {
            options.concurrency.clear();
            for (size_t at = 0; at < value.size();
                 at = value.find(',', at) == std::string::npos ? value.size() : value.find(',', at) + 1)
                options.concurrency.push_back(std::max<int64_t>(1, std::atoll(value.c_str() + at)));
            if (options.concurrency.empty())
                return false;
        } else
            return false;
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!parse(argc, argv, options)) {
        fmt::print(stderr,
                   "usage: bench_serve [-m MODEL] [--threads N] [--isa NAME] [--concurrency 1,8,32] [--rate R] "
                   "[--requests N] [--seconds S] [--json]\n");
        return 2;
    }
    if (options.driver.model.empty())
        options.driver.model = test::sampleModelPath();
    if (options.driver.model.empty()) {
        fmt::print(stderr, "no model: give one with -m, or fetch the sample model with ./dev models\n");
        return 0;
    }
    if (const auto served = serve(options); !served) {
        fmt::print(stderr, "error: {}\n", served.error().message);
        return 1;
    }
    return 0;
}
