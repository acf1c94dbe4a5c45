#include "engine/run/memory_plan.h"

#include <algorithm>
#include <tuple>

#include "engine/core/error_text.h"
#include "engine/models/models.h"
#include "engine/models/rope_scaling.h"
#include "engine/run/free_memory.h"

namespace engine {

namespace {

constexpr int64_t MiB = 1 << 20;
constexpr int64_t PageTokens = 32;
constexpr int64_t SpareKvBytes = 1024 * MiB;  // pages beyond one full context: other requests, prefixes worth keeping
constexpr int64_t SpareContexts = 7;

std::string megabytes(int64_t bytes) {
    return fmt::format("{:.0f} MB", static_cast<double>(bytes) / 1e6);
}

// Rows of a step and of one block of logits, as Engine computes them.
int64_t scratchEstimate(const ModelConfig& c) {
    const int64_t perRow = 2 * c.dim + (c.nHeads + c.nKvHeads) * (c.headDim + c.headDimV) + 2 * c.ffnDim;
    return (512 * perRow + 64 * c.vocabSize) * static_cast<int64_t>(sizeof(float));
}

}  // namespace

KvShape kvShapeOf(const ModelConfig& config, const LoadOptions& options) {
    return {.nLayers = config.nLayers,
            .nKvHeads = config.nKvHeads,
            .headDimK = config.headDim,
            .headDimV = config.headDimV,
            .pageTokens = PageTokens,
            .kType = options.kType,
            .vType = options.vType};
}

Result<MemoryPlan> planMemory(const ModelConfig& config, const LoadOptions& options, int64_t weightBytes,
                              int64_t scratchBytes, int64_t freeBytes) {
    if (options.contextTokens < 0 || options.kvBudgetBytes < 0)
        return invalid("the context is {} tokens and the page budget {} bytes, expected no negative number",
                       options.contextTokens, options.kvBudgetBytes);
    if (!(options.memoryTarget > 0 && options.memoryTarget <= 1))
        return invalid("the share of the free memory to use is {}, expected more than 0 and at most 1",
                       options.memoryTarget);
    for (const auto& [what, type, cols] :
         {std::tuple{"Keys", options.kType, config.headDim}, {"Values", options.vType, config.headDimV}})
        if (cols % kernels::info(type).blockElements != 0)
            return unsupported("{} of type {} need a head size that is a multiple of {}, this model has {}", what,
                               kernels::name(type), kernels::info(type).blockElements, cols);
    const int64_t pageBytes = kvShapeOf(config, options).bytesPerPage();
    const auto target = static_cast<int64_t>(options.memoryTarget * static_cast<double>(freeBytes));
    const int64_t usable = target - weightBytes - scratchBytes;
    if (freeBytes > 0 && usable < pageBytes * (LeastContext / PageTokens))
        return makeError(ErrorCode::OutOfMemory,
                         "The model needs {} for its weights and {} for computing, and of the {} that the system has "
                         "free {} may be used",
                         megabytes(weightBytes), megabytes(scratchBytes), megabytes(freeBytes), megabytes(target));
    const auto pagesFor = [](int64_t tokens) { return (tokens + PageTokens - 1) / PageTokens; };

    MemoryPlan plan;
    plan.contextTokens = options.contextTokens > 0 ? options.contextTokens : config.trainedContext;
    int64_t most = INT32_MAX;  // pages for one context
    if (options.kvBudgetBytes > 0)
        most = options.kvBudgetBytes / pageBytes;
    else if (freeBytes > 0)
        most = usable / pageBytes;
    if (most < 1)
        return makeError(ErrorCode::OutOfMemory, "The page budget of {} holds no page, one of {} tokens takes {}",
                         megabytes(options.kvBudgetBytes), PageTokens, megabytes(pageBytes));
    if (pagesFor(plan.contextTokens) > most) {
        const int64_t cut = most * PageTokens;
        if (options.contextTokens > 0)
            return makeError(
                ErrorCode::OutOfMemory,
                "A context of {} tokens needs {} for keys and values, and {} can be had: that is enough for {} tokens",
                plan.contextTokens, megabytes(pagesFor(plan.contextTokens) * pageBytes),
                megabytes(options.kvBudgetBytes > 0 ? options.kvBudgetBytes : usable), cut);
        plan.notes.push_back(fmt::format(
            "The context was cut from {} to {} tokens: keys and values of the full context need {}, "
            "and {} can be used for them",
            plan.contextTokens, cut, megabytes(pagesFor(plan.contextTokens) * pageBytes), megabytes(most * pageBytes)));
        plan.contextTokens = cut;
    }
    const int64_t scaled = scaledContext(config.rope, config.trainedContext);
    if (plan.contextTokens > config.trainedContext && plan.contextTokens <= scaled)
        plan.notes.push_back(fmt::format(
            "The context of {} tokens is longer than the {} that the model was trained with; positions "
            "are scaled {} times ({}) to reach it",
            plan.contextTokens, config.trainedContext, config.rope.factor, ropeScalingName(config.rope.scaling)));
    else if (plan.contextTokens > config.trainedContext)
        plan.notes.push_back(
            fmt::format("The context of {} tokens is longer than the {} that the model was trained with; "
                        "text beyond that may be of lower quality",
                        plan.contextTokens, config.trainedContext));
    plan.pages = pagesFor(plan.contextTokens);
    if (options.kvBudgetBytes > 0) {
        plan.pages = most;
    } else {
        int64_t spare = std::min(SpareContexts * plan.pages, SpareKvBytes / pageBytes);
        if (freeBytes > 0)
            spare = std::min(spare, (usable / pageBytes - plan.pages) / 2);
        plan.pages += spare;
    }
    plan.pages = std::min<int64_t>(plan.pages, INT32_MAX / 2);
    plan.kvBytes = plan.pages * pageBytes;
    return plan;
}

Result<MemoryEstimate> estimateMemory(const ModelFile& file, const LoadOptions& options) {
    TRY(const ModelConfig config, readModelConfig(file));
    MemoryEstimate estimate;
    for (const TensorInfo& tensor : file.tensors())
        estimate.weightBytes += tensor.sizeBytes;
    const KvShape shape = kvShapeOf(config, options);
    estimate.kvBytesPerToken = shape.bytesPerPage() / shape.pageTokens;
    const int64_t scratch = scratchEstimate(config);
    TRY(const MemoryPlan plan, planMemory(config, options, estimate.weightBytes, scratch, 0));
    estimate.peakBytes = estimate.weightBytes + plan.contextTokens * estimate.kvBytesPerToken + scratch;
    return estimate;
}

}  // namespace engine
