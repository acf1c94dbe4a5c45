#include "app/cli/session.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "app/cli/library.h"
#include "engine/io/mapped_file.h"
#include "engine/io/plain_text.h"
#include "engine/run/memory_plan.h"
#include "kernels/cpu/cpu_kernels.h"

namespace app {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

Result<engine::EngineOptions> engineOptions(const Arguments& arguments) {
    engine::EngineOptions options;
    TRY(const int64_t threads, arguments.integer("--threads", 0, 1, 1024));
    options.threads = static_cast<int>(threads);
    options.exact = arguments.has("--exact");
    if (arguments.has("--batch"))
        options.decodingStepSeconds = 0;  // nobody watches a single reply: large steps are efficient
    options.isa = arguments.text("--isa");
    if (arguments.has("--isa") && !kernels::isaFromName(options.isa))
        return usageError("--isa is '{}', expected scalar, avx2, avx512 or amx", engine::plainText(options.isa));
    const std::string backend = arguments.text("--backend", "auto");
    if (backend == "cuda")
        return Error{ErrorCode::DeviceFailed,
                     "This build has no CUDA back end, so it cannot compute on a GPU; use --backend cpu or auto",
                     "--backend"};
    if (backend != "cpu" && backend != "auto")
        return usageError("--backend is '{}', expected cpu, cuda or auto", engine::plainText(backend));
    return options;
}

Result<kernels::DType> cacheType(const Arguments& arguments, const char* option, kernels::DType fallback) {
    constexpr std::pair<std::string_view, kernels::DType> types[] = {{"f16", kernels::DType::F16},
                                                                     {"q8_0", kernels::DType::Q8_0},
                                                                     {"q4_0", kernels::DType::Q4_0},
                                                                     {"f32", kernels::DType::F32}};
    if (!arguments.has(option))
        return fallback;
    const std::string name = arguments.text(option);
    const auto found = std::find_if(std::begin(types), std::end(types), [&](auto& row) { return row.first == name; });
    if (found == std::end(types))
        return usageError("{} is '{}', expected f16, q8_0, q4_0 or f32", option, engine::plainText(name));
    if (arguments.has("--exact") && found->second != kernels::DType::F32)
        return usageError("{} is {}, and --exact keeps keys and values in f32: give one of the two", option, name);
    return found->second;
}

Result<engine::LoadOptions> loadOptions(const Arguments& arguments, int64_t leastContext) {
    engine::LoadOptions options;
    TRY(options.contextTokens, arguments.integer("--ctx", leastContext, 1, int64_t{1} << 31));
    TRY(const kernels::DType both, cacheType(arguments, "--kv", kernels::DType::F16));
    TRY(options.kType, cacheType(arguments, "--kv-k", both));
    TRY(options.vType, cacheType(arguments, "--kv-v", both));
    TRY(options.memoryTarget, arguments.real("--memory-target", options.memoryTarget, 0.01, 1));
    TRY(options.ropeScale, arguments.real("--rope-scale", 0, 0.01, 10000));
    constexpr std::pair<std::string_view, engine::RopeScaling> scalings[] = {{"none", engine::RopeScaling::None},
                                                                             {"linear", engine::RopeScaling::Linear},
                                                                             {"yarn", engine::RopeScaling::Yarn}};
    if (arguments.has("--rope-scaling")) {
        const std::string name = arguments.text("--rope-scaling");
        const auto scaling =
            std::find_if(std::begin(scalings), std::end(scalings), [&](auto& row) { return row.first == name; });
        if (scaling == std::end(scalings))
            return usageError("--rope-scaling is '{}', expected none, linear or yarn", engine::plainText(name));
        options.ropeScaling = scaling->second;
    }
    return options;
}

double rate(int64_t count, double seconds) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

}  // namespace

Result<std::string> chosenModel(const CliContext& context, std::string_view option) {
    TRY(const std::string name, context.arguments.required(option));
    if (name == "sample") {
        if (const auto sample = findSampleModel(context.profile))
            return *sample;
        return Error{
            ErrorCode::FileNotFound,
            "The sample model is not in " + engine::plainText(context.profile.models) + "; `./dev models` gets it",
            context.profile.models};
    }
    std::error_code ignored;
    if (name.find('/') != std::string::npos ||
        std::filesystem::exists(std::u8string(name.begin(), name.end()), ignored))
        return name;  // opening it says what is wrong with it
    if (const auto path = findInLibrary(context.profile, name))
        return *path;
    return Error{ErrorCode::FileNotFound,
                 fmt::format("'{}' is neither a file nor a model of the library; `tessera-cli models` names those",
                             engine::plainText(name)),
                 name};
}

Result<Session> openSession(CliContext& context, int64_t contextTokens, int64_t tokens) {
    Session session;
    TRY(const engine::EngineOptions options, engineOptions(context.arguments));
    TRY(session.loadOptions, loadOptions(context.arguments, contextTokens));
    TRY(const std::string path, chosenModel(context));
    if (tokens > 0) {
        engine::LoadOptions kv = session.loadOptions;
        if (options.exact)
            kv.kType = kv.vType = kernels::DType::F32;
        TRY(const auto file, engine::ModelFile::open(path));
        TRY(const engine::MemoryEstimate estimate, engine::estimateMemory(*file, kv));
        session.loadOptions.kvBudgetBytes =
            std::max(tokens, session.loadOptions.contextTokens) * estimate.kvBytesPerToken;
    }
    session.loadOptions.promptCache = context.arguments.text("--prompt-cache");
    TRY(session.engine, engine::Engine::make(options));
    const auto progress = [&](double fraction, const std::string& stage) { context.output.progress(stage, fraction); };
    TRY(session.model, session.engine->load(path, session.loadOptions, progress, context.interrupt.token()));
    if (context.arguments.has("--draft")) {
        TRY(const std::string draftPath, chosenModel(context, "--draft"));
        engine::LoadOptions draftOptions = session.loadOptions;
        draftOptions.contextTokens = session.model.contextTokens;
        TRY(const engine::LoadedModel draft,
            session.engine->load(draftPath, draftOptions, progress, context.interrupt.token()));
        TRY_VOID(session.engine->setDraft(session.model.id, draft.id));
    }
    context.output.progressDone();
    for (const std::string& note : session.model.notes)
        context.output.note("note: " + note);
    return session;
}

void savePromptCache(CliContext& context, Session& session) {
    if (session.loadOptions.promptCache.empty())
        return;
    const auto saved = session.engine->savePromptCache(session.model.id, session.loadOptions.promptCache, {}, {});
    if (!saved)
        context.output.note("note: The prompt cache was not saved: " + saved.error().message);
}

engine::Request makeRequest(const Session& session, std::vector<int32_t> ids, const RequestSettings& settings) {
    engine::Request request;
    request.model = session.model.id;
    request.ids = std::move(ids);
    request.maxTokens = settings.maxTokens;
    request.sampling = settings.sampling;
    request.stops = settings.stops;
    request.nTop = std::max(0, settings.logprobs);
    request.ignoreEos = settings.ignoreEos;
    request.contextShift = settings.contextShift;
    request.keepTokens = settings.keepTokens;
    request.speculation = settings.speculation;
    return request;
}

Result<std::vector<Generation>> runRequests(Session& session, std::vector<engine::Request> requests,
                                            Interrupt& interrupt, const OnToken& onToken,
                                            const OnContextShift& onContextShift) {
    std::vector<Generation> results(requests.size());
    std::vector<engine::RequestId> ids;
    for (size_t i = 0; i < requests.size(); ++i) {
        results[i].seed = requests[i].sampling.seed;
        auto id = session.engine->submit(std::move(requests[i]));
        if (!id) {
            Error error = std::move(id).error();
            if (results.size() > 1)
                error.message = fmt::format("Request {}: {}", i + 1, error.message);
            return error;
        }
        ids.push_back(*id);
    }
    const auto indexOf = [&](engine::RequestId id) {
        return static_cast<size_t>(std::find(ids.begin(), ids.end(), id) - ids.begin());
    };
    size_t nRunning = ids.size();
    const std::stop_callback onInterrupt(interrupt.token(), [&ids, &session] {  // also while a step computes
        for (const engine::RequestId id : ids)
            session.engine->cancel(id);
    });
    std::vector<engine::EngineEvent> events;
    while (nRunning > 0) {
        events.clear();
        if (!session.engine->step(events) && events.empty())
            return Error{ErrorCode::Internal, "The engine stopped before every request had ended", {}};
        for (engine::EngineEvent& event : events) {
            if (auto* token = std::get_if<engine::TokenEvent>(&event)) {
                const size_t index = indexOf(token->request);
                Generation& result = results[index];
                result.text += token->text;
                if (onToken)
                    onToken(index, token->text);
                result.tokens.push_back(std::move(token->token));
                result.texts.push_back(std::move(token->text));
            } else if (auto* finished = std::get_if<engine::FinishedEvent>(&event)) {
                const size_t index = indexOf(finished->request);
                Generation& result = results[index];
                result.text += finished->text;
                if (onToken)
                    onToken(index, finished->text);
                if (!result.texts.empty())
                    result.texts.back() += finished->text;
                result.stop = finished->reason;
                result.stats = finished->stats;
                --nRunning;
            } else if (const auto* shifted = std::get_if<engine::ContextShiftedEvent>(&event)) {
                if (onContextShift)
                    onContextShift(indexOf(shifted->request), *shifted);
            } else if (auto* failed = std::get_if<engine::FailedEvent>(&event)) {
                Generation& result = results[indexOf(failed->request)];
                result.error = std::move(failed->error);
                result.stats = failed->stats;
                --nRunning;
            }
        }
    }
    return results;
}

std::string contextShiftText(const engine::ContextShiftedEvent& shift) {
    return fmt::format(
        "the context of {} tokens was full: after the first {}, the next {} were left out, and it goes on",
        shift.contextTokens, shift.kept, shift.dropped);
}

Json generationJson(const Generation& generation, int logprobs) {
    const engine::RequestStats& stats = generation.stats;
    Json ids = Json::array();
    for (const engine::SampledToken& token : generation.tokens)
        ids.push_back(token.id);
    Json object = {{"promptTokens", stats.promptTokens},
                   {"ids", std::move(ids)},
                   {"text", generation.text},
                   {"stop", engine::stopReasonName(generation.stop)},
                   {"prefillSeconds", stats.prefillSeconds},
                   {"decodeSeconds", stats.decodeSeconds},
                   {"prefillTokensPerSecond", rate(stats.promptTokens - stats.reusedTokens, stats.prefillSeconds)},
                   {"decodeTokensPerSecond", rate(stats.generatedTokens - 1, stats.decodeSeconds)},
                   {"firstTokenSeconds", stats.firstTokenSeconds},
                   {"peakRssBytes", peakRssBytes()},
                   {"reusedTokens", stats.reusedTokens},
                   {"proposedTokens", stats.proposedTokens},
                   {"acceptedTokens", stats.acceptedTokens},
                   {"seed", generation.seed},
                   {"contextShifts", stats.contextShifts}};
    if (generation.error) {
        object.erase("stop");
        object["error"] = errorJson(*generation.error);
    }
    if (logprobs >= 0) {
        Json rows = Json::array();
        for (const engine::SampledToken& token : generation.tokens) {
            Json top = Json::array();
            for (const engine::TokenProbability& other : token.top)
                top.push_back({{"id", other.id}, {"logprob", other.logprob}});
            rows.push_back({{"id", token.id}, {"logprob", token.logprob}, {"top", std::move(top)}});
        }
        object["logprobs"] = std::move(rows);
    }
    return object;
}

Result<std::vector<int32_t>> idsFromJson(const Json& array, int64_t vocabSize, std::string_view what) {
    if (!array.is_array())
        return engine::invalid("{} is not a JSON array of token ids", what);
    std::vector<int32_t> ids;
    ids.reserve(array.size());
    for (const Json& value : array) {
        const bool inRange = value.is_number_integer() && value.get<double>() >= 0 &&
                             value.get<double>() < static_cast<double>(vocabSize);
        if (!inRange)
            return engine::invalid("{}: element {} is {}, expected a token id from 0 to {}", what, ids.size(),
                                   engine::plainText(jsonText(value)), vocabSize - 1);
        ids.push_back(value.get<int32_t>());
    }
    return ids;
}

Result<std::string> readWholeFile(const std::string& path, int64_t limitBytes) {
    TRY(const auto file, engine::MappedFile::open(path));
    if (file->sizeBytes() > limitBytes)
        return engine::invalid("{} has {} bytes, at most {} are read here", engine::plainFileName(path),
                               file->sizeBytes(), limitBytes);
    std::string text(static_cast<size_t>(file->sizeBytes()), '\0');
    TRY_VOID(file->read(0, {reinterpret_cast<std::byte*>(text.data()), text.size()}));
    return text;
}

Result<std::string> readStandardInput(int64_t limitBytes) {
    std::string text;
    char buffer[1 << 16];
    while (const size_t got = std::fread(buffer, 1, sizeof buffer, stdin)) {
        text.append(buffer, got);
        if (static_cast<int64_t>(text.size()) > limitBytes)
            return engine::invalid("Standard input has more than {} bytes, which is the limit here", limitBytes);
    }
    if (std::ferror(stdin))
        return engine::invalid("Standard input cannot be read");
    return text;
}

}  // namespace app
