// From a path to a model that is ready to run. What is refused is refused before memory is taken.
#include <algorithm>

#include "engine/core/error_text.h"
#include "engine/io/plain_text.h"
#include "engine/models/file_type.h"
#include "engine/models/models.h"
#include "engine/models/rope_scaling.h"
#include "engine/run/free_memory.h"
#include "engine/run/loaded.h"
#include "engine/run/memory_plan.h"

namespace engine {

namespace {

// Where the stages of a load end, as shares of the whole.
constexpr double FileOpened = 0.1, TokenizerLoaded = 0.5, WeightsLoaded = 0.95, PagesTaken = 0.97;

std::shared_ptr<const ChatTemplate> readTemplate(const ModelFile& file, std::vector<std::string>& notes) {
    if (!file.has("tokenizer.chat_template"))
        return nullptr;
    auto source = file.string("tokenizer.chat_template");
    if (!source) {
        notes.push_back("The chat template cannot be used: " + source.error().message);
        return nullptr;
    }
    auto parsed = ChatTemplate::parse(*std::move(source));
    if (!parsed) {
        notes.push_back("The model's chat template cannot be used, choose another one: " + parsed.error().message);
        return nullptr;
    }
    return *std::move(parsed);
}

}  // namespace

Result<std::unique_ptr<Loaded>> Loaded::load(ModelId id, const std::string& path, const EngineOptions& engine,
                                             const LoadOptions& options, Backend& backend,
                                             const Engine::Progress& progress, std::stop_token stop) {
    const Job::Clock::time_point begin = Job::Clock::now();
    const auto reach = [&](double share, const char* stage) -> Result<void> {
        if (progress)
            progress(share, stage);
        if (stop.stop_requested())
            return Error{ErrorCode::Cancelled, "Loading " + plainFileName(path) + " was stopped", path};
        return {};
    };
    TRY_VOID(reach(0, "Opening the file"));
    std::unique_ptr<Loaded> loaded(new Loaded);
    LoadedModel& info = loaded->m_info;
    loaded->m_engine = engine;
    TRY(info.file, ModelFile::open(path));
    const ModelFile& file = *info.file;
    TRY(ModelConfig config, readModelConfig(file));
    TRY_VOID(overrideRopeScaling(config.rope, options.ropeScaling, options.ropeScale, options.contextTokens));

    int64_t weightBytes = 0;
    for (const TensorInfo& tensor : file.tensors())
        weightBytes += tensor.sizeBytes;
    LoadOptions kv = options;
    if (backend.exact())
        kv.kType = kv.vType = kernels::DType::F32;
    const int64_t perRow =
        2 * config.dim + (config.nHeads + config.nKvHeads) * (config.headDim + config.headDimV) + 2 * config.ffnDim;
    const int64_t scratch =
        (engine.maxBatchRows * perRow + MaxLogitRows * config.vocabSize) * static_cast<int64_t>(sizeof(float));
    const int64_t freeBytes = engine.freeMemory ? engine.freeMemory() : freeMemoryBytes();
    TRY(MemoryPlan plan, planMemory(config, kv, weightBytes, scratch, freeBytes));

    TRY_VOID(reach(FileOpened, "Reading the vocabulary"));
    TRY(info.tokenizer, Tokenizer::load(file));
    if (info.tokenizer->vocabSize() != config.vocabSize)
        return damaged("{}: the vocabulary has {} tokens, tensor 'token_embd.weight' has {} rows", plainFileName(path),
                       info.tokenizer->vocabSize(), config.vocabSize);
    info.notes = std::move(plan.notes);
    info.chatTemplate = readTemplate(file, info.notes);

    TRY_VOID(reach(TokenizerLoaded, "Preparing the weights"));
    const auto share = [&](double done) {
        if (progress)
            progress(TokenizerLoaded + done * (WeightsLoaded - TokenizerLoaded), "Preparing the weights");
    };
    TRY(loaded->m_model, makeModel(info.file, config, plan.contextTokens, backend, share, stop));
    TRY_VOID(reach(WeightsLoaded, "Taking memory for the context"));
    TRY(auto storage, backend.makeKv(kvShapeOf(config, kv), plan.pages));
    TRY_VOID(backend.reserve(loaded->m_model->scratchBytes(1, 1, 1)));
    loaded->m_pool = std::make_unique<KvPool>(std::move(storage), plan.pages, kvShapeOf(config, kv).pageTokens,
                                              config.attentionWindow);
    loaded->m_usablePages = plan.pages;
    // Half of what the plan leaves: so small changes that others make move nothing.
    loaded->m_reserveBytes = static_cast<int64_t>((1 - options.memoryTarget) / 2 * static_cast<double>(freeBytes));
    loaded->m_scheduler.emplace(
        *loaded->m_pool, Scheduler::Limits{.maxBatchRows = engine.maxBatchRows, .prefillChunk = engine.prefillChunk});

    const std::vector<std::string> unused = unusedTensors(file, config);
    if (!unused.empty())
        info.notes.push_back(
            fmt::format("{} tensor(s) of the file are not used by a {} model, among them '{}'; the answers may "
                        "suffer",
                        unused.size(), config.architecture, plainText(unused.front())));
    for (const std::string& warning : file.warnings())
        info.notes.push_back(warning);
    info.id = id;
    info.path = file.path();
    const auto name = file.string("general.name");
    info.name = name && !name->empty() ? toValidUtf8(*name) : plainFileName(path);
    info.architecture = config.architecture;
    info.fileType = fileTypeOf(file);
    info.parameters = loaded->m_model->parameters();
    info.weightBytes = loaded->m_model->weightBytes();
    info.kvBytes = plan.kvBytes;
    info.kvPages = plan.pages;
    info.kvPageTokens = loaded->m_pool->pageTokens();
    info.contextTokens = plan.contextTokens;
    info.trainedContext = config.trainedContext;
    info.nLayers = config.nLayers;
    info.dim = config.dim;
    info.vocabSize = config.vocabSize;
    if (!options.promptCache.empty()) {
        TRY_VOID(reach(PagesTaken, "Reading the prompt cache"));
        TRY_VOID(loaded->restorePromptCache(options.promptCache, backend, stop));
    }
    info.loadSeconds = std::chrono::duration<double>(Job::Clock::now() - begin).count();
    TRY_VOID(reach(1, "Ready"));
    return loaded;
}

}  // namespace engine
