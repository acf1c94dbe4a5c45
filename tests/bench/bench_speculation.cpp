// Tokens per second of decoding with and without speculation, the same request once each way, alternating; the ids must
// be equal.
//   build/bench/bench_speculation [model.gguf] [text file] [draft.gguf] [-r N]
// Without a model: the sample model. Without a text: this repository's documents. Two tasks: a passage is said once
// more (greedy; a summary, an edit and a quotation are like it), and a passage goes on (sampled).
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/run/engine.h"
#include "tests/support/sample_model.h"

using namespace engine;
namespace fs = std::filesystem;

namespace {

constexpr int64_t PassageTokens = 300, ReplyTokens = 200;

struct Reply {
    std::vector<int32_t> ids;
    RequestStats stats;
    double speed() const { return static_cast<double>(stats.generatedTokens - 1) / stats.decodeSeconds; }
};

std::string contents(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string ownDocuments() {
    std::string text;
    for (const char* name : {"README.md", "CONTRIBUTING.md", "docs/cli.md", "engine/run/README.md", "CHANGELOG.md"})
        text += contents(fs::path(TESSERA_SOURCE) / name);
    return text;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : (values[values.size() / 2] + values[(values.size() - 1) / 2]) / 2;
}

[[noreturn]] void fail(const std::string& why) {
    fmt::print(stderr, "error: {}\n", why);
    std::exit(1);
}

Reply run(Engine& engine, const Request& request) {
    const auto id = engine.submit(request);
    if (!id)
        fail(id.error().message);
    Reply reply;
    std::vector<EngineEvent> events;
    while (engine.step(events)) {
    }
    for (const EngineEvent& event : events) {
        if (const auto* token = std::get_if<TokenEvent>(&event))
            reply.ids.push_back(token->token.id);
        else if (const auto* finished = std::get_if<FinishedEvent>(&event))
            reply.stats = finished->stats;
        else
            fail(std::get<FailedEvent>(event).error.message);
    }
    return reply;
}

void compare(Engine& engine, const char* task, std::vector<Request> requests, Speculation speculation,
             const char* name) {
    std::vector<double> off, on, ratios;
    int64_t proposed = 0, accepted = 0, tokens = 0;
    for (size_t i = 0; i < requests.size(); ++i) {
        Reply replies[2];
        for (const size_t side : {i % 2, 1 - i % 2}) {  // who goes first changes
            requests[i].speculation = side == 0 ? Speculation::Off : speculation;
            replies[side] = run(engine, requests[i]);
        }
        if (replies[0].ids != replies[1].ids)
            fail(fmt::format("request {} has another reply with speculation", i));
        off.push_back(replies[0].speed());
        on.push_back(replies[1].speed());
        ratios.push_back(on.back() / off.back());
        proposed += replies[1].stats.proposedTokens;
        accepted += replies[1].stats.acceptedTokens;
        tokens += replies[1].stats.generatedTokens;
    }
    fmt::print(
        "{:<6} {:<7} {:>3} pairs  off {:>7.1f}  on {:>7.1f} tokens/s  ratio {:.3f} ({:.3f} to {:.3f})  "
        "{} tokens, {} proposed, {} accepted\n",
        task, name, ratios.size(), median(off), median(on), median(ratios),
        *std::min_element(ratios.begin(), ratios.end()), *std::max_element(ratios.begin(), ratios.end()), tokens,
        proposed, accepted);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> words;
    size_t repetitions = 9;
    for (int i = 1; i < argc; ++i) {
        if (std::string(argv[i]) == "-r" && i + 1 < argc)
            repetitions = static_cast<size_t>(std::max(1, std::atoi(argv[++i])));
        else
            words.push_back(argv[i]);
    }
    const std::string path = !words.empty() ? words[0] : test::sampleModelPath();
    if (path.empty())
        fail("the sample model is not there; `./dev models` gets it");
    const std::string text = words.size() > 1 ? contents(words[1]) : ownDocuments();
    auto made = Engine::make({});
    if (!made)
        fail(made.error().message);
    Engine& engine = **made;
    const auto model = engine.load(path, {.contextTokens = 2048}, {}, {});
    if (!model)
        fail(model.error().message);
    std::vector<int32_t> ids = model->tokenizer->encode(text.substr(0, 1 << 20), false);
    const std::vector<int32_t> again =
        model->tokenizer->encode("\n\nOnce more, the same text word by word:\n\n", false);
    const size_t passage = PassageTokens;
    if (ids.size() < (repetitions + 1) * passage)
        fail("the text is too short");

    std::vector<Request> copies, ordinary;
    const size_t stride = (ids.size() - passage) / repetitions;
    for (size_t i = 0; i <= repetitions; ++i) {  // the first of each warms up
        const auto begin = ids.begin() + static_cast<int64_t>(i % repetitions * stride);
        Request r;
        r.model = model->id;
        r.ids.assign(begin, begin + static_cast<int64_t>(passage));
        r.maxTokens = ReplyTokens;
        r.ignoreEos = true;
        r.sampling.seed = i;
        ordinary.push_back(r);
        r.ids.insert(r.ids.end(), again.begin(), again.end());
        r.ids.insert(r.ids.end(), begin, begin + 16);
        r.sampling.temperature = 0;
        copies.push_back(r);
    }
    run(engine, copies[0]);
    run(engine, ordinary[0]);
    copies.erase(copies.begin());
    ordinary.erase(ordinary.begin());
    fmt::print("{}, {}, {}\n", model->name, model->fileType, engine.backend().name());
    compare(engine, "copy", copies, Speculation::Lookup, "lookup");
    compare(engine, "plain", ordinary, Speculation::Lookup, "lookup");
    if (words.size() > 2) {
        const auto draft = engine.load(words[2], {.contextTokens = 2048}, {}, {});
        if (!draft)
            fail(draft.error().message);
        if (const auto set = engine.setDraft(model->id, draft->id); !set)
            fail(set.error().message);
        compare(engine, "copy", copies, Speculation::Draft, "draft");
        compare(engine, "plain", ordinary, Speculation::Draft, "draft");
        compare(engine, "copy", copies, Speculation::Auto, "auto");
        compare(engine, "plain", ordinary, Speculation::Auto, "auto");
    }
    return 0;
}
