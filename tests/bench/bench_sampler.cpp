// What choosing a token costs, beside computing its logits: time per token for each sampler and size of vocabulary.
//   build/bench/bench_sampler [--vocab 32000,150000] [--seconds 0.2] [--json]
// The best of many tokens; filling in the logits anew is not counted. DRY needs the sample model's tokenizer.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

#include "engine/text/sampler.h"
#include "engine/text/tokenizer.h"
#include "tests/support/sample_model.h"

using engine::SamplingParams;

namespace {

using Clock = std::chrono::steady_clock;

struct Case {
    const char* name;
    SamplingParams params;
    int nTop = 0;
};

SamplingParams plain() {
    SamplingParams p;
    p.temperature = 0.8f;
    p.topK = 0;
    p.topP = 1;
    p.minP = 0;
    return p;
}

std::vector<Case> cases() {
    std::vector<Case> all;
    const auto add = [&](const char* name, auto change, int nTop = 0) {
        SamplingParams p = plain();
        change(p);
        all.push_back({name, p, nTop});
    };
    add("greedy", [](SamplingParams& p) { p.temperature = 0; });
    add(
        "greedy, 10 alternatives", [](SamplingParams& p) { p.temperature = 0; }, 10);
    add("temperature", [](SamplingParams&) {});
    add("top-k 40", [](SamplingParams& p) { p.topK = 40; });
    add("top-p 0.95", [](SamplingParams& p) { p.topP = 0.95f; });
    add("min-p 0.05", [](SamplingParams& p) { p.minP = 0.05f; });
    add("typical-p 0.9", [](SamplingParams& p) { p.typicalP = 0.9f; });
    all.push_back({"defaults", SamplingParams(), 0});
    add("repetition, frequency, presence", [](SamplingParams& p) {
        p.topK = 40;
        p.repetitionPenalty = 1.1f;
        p.frequencyPenalty = p.presencePenalty = 0.1f;
        p.penaltyLastN = -1;
    });
    add("DRY", [](SamplingParams& p) {
        p.topK = 40;
        p.dryMultiplier = 0.8f;
    });
    return all;
}

// As a model gives them: most of them alike, a few high above the others.
std::vector<float> modelLogits(int64_t vocab) {
    std::mt19937 random(5);
    std::normal_distribution<float> normal(0, 2.5f);
    std::vector<float> logits(static_cast<size_t>(vocab));
    for (float& logit : logits)
        logit = normal(random);
    for (int i = 0; i < 20; ++i)
        logits[random() % logits.size()] += 8;
    return logits;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<int64_t> vocabularies = {32000, 150000};
    double seconds = 0.2;
    bool json = false;
    for (int i = 1; i < argc; ++i) {
        const std::string key = argv[i];
        if (key == "--json")
            json = true;
        else if (key == "--seconds" && i + 1 < argc)
            seconds = std::atof(argv[++i]);
        else if (key == "--vocab" && i + 1 < argc)
            vocabularies = {std::max<int64_t>(100, std::atoll(argv[++i]))};
        else {
            fmt::print(stderr, "usage: bench_sampler [--vocab N] [--seconds S] [--json]\n");
            return 2;
        }
    }
    std::shared_ptr<const engine::Tokenizer> tokenizer;
    if (const auto file = engine::ModelFile::open(test::sampleModelPath()))
        if (auto loaded = engine::Tokenizer::load(**file))
            tokenizer = *loaded;
    for (const int64_t vocab : vocabularies)
        for (const Case& c : cases()) {
            if (c.params.dryMultiplier > 0 && !tokenizer) {
                fmt::print(stderr, "DRY is left out: the sample model is not there (./dev models)\n");
                continue;
            }
            engine::Sampler sampler(c.params, tokenizer.get());
            std::mt19937 random(3);
            for (int i = 0; i < 1000; ++i)  // a chat of some length
                sampler.accept(static_cast<int32_t>(random() % 500));
            const std::vector<float> source = modelLogits(vocab);
            std::vector<float> logits(source.size());
            double best = 1e9;
            const Clock::time_point begin = Clock::now();
            do {
                std::copy(source.begin(), source.end(), logits.begin());
                const Clock::time_point start = Clock::now();
                const auto token = sampler.sample(logits, c.nTop);
                best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
                if (!token) {
                    fmt::print(stderr, "error: {}\n", token.error().message);
                    return 1;
                }
            } while (std::chrono::duration<double>(Clock::now() - begin).count() < seconds);
            if (json)
                std::cout << nlohmann::json{{"sampler", c.name}, {"vocab", vocab}, {"secondsPerToken", best}}.dump()
                          << std::endl;
            else
                fmt::print("vocabulary {:6}  {:<32} {:8.1f} us per token\n", vocab, c.name, best * 1e6);
        }
    return 0;
}
