// generate: a text goes on. One request, or a batch of them that runs together.
#include "app/cli/command.h"
#include "app/cli/session.h"
#include "engine/io/plain_text.h"

namespace app {

using engine::invalid;
using engine::Result;

namespace {

constexpr int64_t defaultTokens = 128;

constexpr OptionSpec ownOptions[] = {
    {"-p", "TEXT", "the prompt (default: standard input)", "--prompt"},
    {"--file", "FILE", "read the prompt from a file"},
    {"--special", "", "control tokens written in the prompt count as such"},
    {"--batch", "FILE", "many requests at once, one JSON object a line"},
    {"--prompt-cache", "FILE", "begin with what is kept there, keep there what was computed"},
};

std::vector<int32_t> promptIds(const engine::Tokenizer& tokenizer, const std::string& text, bool special) {
    std::vector<int32_t> ids = tokenizer.encode(text, special);
    if (tokenizer.addsBos() && tokenizer.bosId() >= 0)
        ids.insert(ids.begin(), tokenizer.bosId());
    return ids;
}

struct BatchLine {
    std::string prompt;
    RequestSettings settings;
};

Result<std::vector<BatchLine>> readBatch(const std::string& path, const RequestSettings& defaults) {
    TRY(const std::string text, readWholeFile(path, 256 << 20));
    std::vector<BatchLine> lines;
    int number = 0;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        ++number;
        if (line.find_first_not_of(" \t\r") == std::string::npos)
            continue;
        const std::string place = fmt::format("{}, line {}", engine::plainFileName(path), number);
        const Json object = Json::parse(line, nullptr, false);
        if (!object.is_object())
            return invalid("{} is not a JSON object", place);
        if (!object.contains("prompt") || !object["prompt"].is_string())
            return invalid("{}: \"prompt\" is missing or is no text", place);
        BatchLine request{object["prompt"].get<std::string>(), defaults};
        if (!defaults.seedGiven)
            request.settings.sampling.seed = newSeed();
        if (const auto applied = applyJson(object, request.settings); !applied)
            return invalid("{}: {}", place, applied.error().message);
        lines.push_back(std::move(request));
    }
    if (lines.empty())
        return invalid("{} holds no request", engine::plainFileName(path));
    return lines;
}

Result<void> runBatch(CliContext& context, const RequestSettings& defaults) {
    TRY(const auto lines, readBatch(context.arguments.text("--batch"), defaults));
    TRY(Session session, openSession(context));
    std::vector<engine::Request> requests;
    for (const BatchLine& line : lines)
        requests.push_back(
            makeRequest(session, promptIds(*session.model.tokenizer, line.prompt, context.arguments.has("--special")),
                        line.settings));
    int64_t most = 0, nTokens = 0;
    for (const BatchLine& line : lines)
        most += line.settings.maxTokens > 0 ? line.settings.maxTokens : session.model.contextTokens;
    const std::string stage = fmt::format("{} requests", lines.size());
    const auto onToken = [&](size_t, const std::string&) {
        context.output.progress(stage,
                                static_cast<double>(++nTokens) / static_cast<double>(std::max<int64_t>(1, most)));
    };
    const auto onShift = [&](size_t index, const engine::ContextShiftedEvent& shift) {
        context.output.note(fmt::format("note: request {}: {}", index + 1, contextShiftText(shift)));
    };
    TRY(const auto results, runRequests(session, std::move(requests), context.interrupt, onToken, onShift));
    savePromptCache(context, session);
    engine::Error firstError;
    bool failed = false, cancelled = false;
    for (size_t i = 0; i < results.size(); ++i) {
        const Json object = generationJson(results[i], lines[i].settings.logprobs);
        cancelled |= results[i].stop == engine::StopReason::Cancelled && !results[i].error;
        if (results[i].error) {
            firstError = failed ? firstError : *results[i].error;
            failed = true;
        }
        if (context.output.json())
            context.output.object(object);
        else
            context.output.text(fmt::format("--- {}\n{}\n", i + 1, results[i].text));
    }
    context.output.resultGiven();
    if (failed)
        return firstError;
    if (cancelled)
        return engine::Error{engine::ErrorCode::Cancelled, "Cancelled; what was generated is above", {}};
    return {};
}

}  // namespace

std::span<const OptionSpec> generateOptions() {
    static const std::vector<OptionSpec> all = [] {
        std::vector<OptionSpec> options(std::begin(ownOptions), std::end(ownOptions));
        options.insert(options.end(), samplingOptions().begin(), samplingOptions().end());
        return options;
    }();
    return all;
}

Result<void> runGenerate(CliContext& context) {
    const Arguments& arguments = context.arguments;
    TRY(const RequestSettings settings, requestSettings(arguments, defaultTokens));
    if (arguments.has("--batch"))
        return runBatch(context, settings);
    std::string prompt = arguments.text("-p");
    if (arguments.has("--file")) {
        TRY(prompt, readWholeFile(arguments.text("--file"), 256 << 20));
    } else if (!arguments.has("-p")) {
        if (inputIsTerminal())
            return usageError("generate needs -p TEXT, --file FILE or a prompt on standard input");
        TRY(prompt, readStandardInput(256 << 20));
    }
    TRY(Session session, openSession(context));
    std::vector<int32_t> ids = promptIds(*session.model.tokenizer, prompt, arguments.has("--special"));
    std::vector<engine::Request> requests;
    requests.push_back(makeRequest(session, std::move(ids), settings));
    const auto onToken = [&](size_t, const std::string& text) { context.output.text(text); };
    const auto onShift = [&](size_t, const engine::ContextShiftedEvent& shift) {
        context.output.note("note: " + contextShiftText(shift));
    };
    TRY(const auto results, runRequests(session, std::move(requests), context.interrupt, onToken, onShift));
    savePromptCache(context, session);
    const Generation& result = results.front();
    for (const std::string& note : result.stats.notes)
        context.output.note("note: " + note);
    if (result.error) {
        if (context.output.json() && !result.tokens.empty()) {  // what was generated before is kept
            context.output.object(generationJson(result, settings.logprobs));
            context.output.resultGiven();
        }
        return *result.error;
    }
    if (context.output.json()) {
        context.output.object(generationJson(result, settings.logprobs));
        context.output.resultGiven();
    } else {
        context.output.text("\n");
        context.output.note(
            fmt::format("{} tokens, first after {:.2f} s, {:.1f} tokens/s, {}", result.stats.generatedTokens,
                        result.stats.firstTokenSeconds,
                        result.stats.decodeSeconds > 0
                            ? static_cast<double>(result.stats.generatedTokens - 1) / result.stats.decodeSeconds
                            : 0.0,
                        engine::stopReasonName(result.stop)));
    }
    if (result.stop == engine::StopReason::Cancelled)
        return engine::Error{engine::ErrorCode::Cancelled, "Cancelled; what was generated is above", {}};
    return {};
}

}  // namespace app
