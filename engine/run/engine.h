// The facade: loads models, runs requests of many chats together, tells what happened. Owned and driven by one thread
// (the engine runner's); `cancel` and `snapshot` may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/core/result.h"
#include "engine/io/model_file.h"
#include "engine/models/model.h"
#include "engine/text/chat_template.h"
#include "engine/text/sampler.h"
#include "engine/text/tokenizer.h"

namespace engine {

using ModelId = uint32_t;
using RequestId = uint64_t;

struct EngineOptions {
    int threads = 0;
    std::string isa = {};
    bool exact = false;
    int64_t prefillChunk = 512;  // rows of prompt per step and request
    int64_t maxBatchRows = 512;  // rows per step, decode rows first
    // A step should take no longer while replies run: prompts beside them get fewer rows. 0: no bound.
    double decodingStepSeconds = 0.1;
    std::function<int64_t()> freeMemory = {};  // bytes that the system can give, 0: unknown; empty: asks the system
    double memoryCheckSeconds = 1;             // how often that is asked between steps
};

struct LoadOptions {
    int64_t contextTokens = 0;  // 0: the model's own, cut to what fits in memory (told in LoadedModel::notes)
    kernels::DType kType = kernels::DType::F16, vType = kernels::DType::F16;
    int64_t kvBudgetBytes = 0;  // 0: by contextTokens and free memory
    // Positions beyond the trained context: None, Linear or Yarn instead of what the file says. ropeScale: how much
    // longer the context becomes; 0: by contextTokens. A scale alone changes the file's own, or is linear where it has
    // none.
    std::optional<RopeScaling> ropeScaling = {};
    double ropeScale = 0;
    double memoryTarget = 0.9;  // share of the free memory that may be used for weights, context and computing
    // Pages of an earlier run, read back before the model is ready: a file, or a folder with one file per model and
    // settings. Empty: none. What cannot be used is left alone and told in LoadedModel::notes.
    std::string promptCache = {};
};

// What of the pages goes into a prompt cache: the most recently used chains first.
struct PromptCacheLimits {
    int64_t budgetBytes = int64_t{512} << 20;
    double seconds = 0;  // after that the file is ended with what it holds; 0: no limit
};
struct PromptCacheFile {
    std::string path;
    int64_t pages = 0, tokens = 0, bytes = 0;
};

struct LoadedModel {
    ModelId id = 0;
    std::string path, name, architecture, fileType;  // fileType: "Q4_1"
    int64_t parameters = 0, weightBytes = 0, kvBytes = 0, kvPages = 0, kvPageTokens = 0, contextTokens = 0,
            trainedContext = 0;
    int64_t nLayers = 0, dim = 0, vocabSize = 0;
    int64_t restoredTokens = 0;  // from the prompt cache
    std::shared_ptr<const ModelFile> file;
    std::shared_ptr<const Tokenizer> tokenizer;
    std::shared_ptr<const ChatTemplate> chatTemplate;  // null: none or faulty (see notes)
    std::vector<std::string> notes;                    // what was cut or could not be used, in words
    double loadSeconds = 0;
};

enum class StopReason : uint8_t { EndOfText, Length, StopString, Cancelled, ContextFull };
const char* stopReasonName(StopReason r);  // "eos", "length", "stop-string", "cancelled", "context"

// Tokens are guessed and several of them checked in one step. The reply is the same, bit for bit; only its speed
// differs. What guesses: the text so far (Lookup), a smaller model (Draft, see Engine::setDraft), whatever is there
// (Auto).
enum class Speculation : uint8_t { Off, Lookup, Draft, Auto };

struct Request {
    ModelId model = 0;
    std::vector<int32_t> ids;  // prompt
    int64_t maxTokens = 512;   // -1: until the context is full, with contextShift without end
    SamplingParams sampling;
    std::vector<std::string> stops;
    int nTop = 0;      // alternatives reported per token
    int priority = 0;  // larger first; the chat in front of the person gets 1
    bool ignoreEos = false;
    // When the context is full, half of it is left out, after the first keepTokens, and the reply goes on; what is kept
    // is computed anew. Else the reply ends as ContextFull.
    bool contextShift = false;
    int64_t keepTokens = 0;  // at most half of the context; a beginning-of-text token is always kept
    Speculation speculation = Speculation::Off;
    bool speculateAlways = false;  // also where measured times say that it does not pay: for tests and measurements
};

struct RequestStats {
    int64_t promptTokens = 0, reusedTokens = 0, generatedTokens = 0;
    int64_t contextShifts = 0;
    int64_t proposedTokens = 0, acceptedTokens = 0;  // by speculation; accepted ones are part of generatedTokens
    double queueSeconds = 0, prefillSeconds = 0, decodeSeconds = 0, firstTokenSeconds = 0;
    std::vector<std::string> notes;  // what failed without harm to the reply, in words
};

struct TokenEvent {
    RequestId request;
    SampledToken token;
    std::string text;  // whole characters that became ready with this token
};
struct FinishedEvent {
    RequestId request;
    StopReason reason;
    std::string text;  // what was still held back
    RequestStats stats;
};
struct FailedEvent {
    RequestId request;
    Error error;
    RequestStats stats;
};
// The context was full: of its tokens the first `kept` stayed, the next `dropped` were left out.
struct ContextShiftedEvent {
    RequestId request;
    int64_t kept, dropped;
    int64_t contextTokens;
};
using EngineEvent = std::variant<TokenEvent, FinishedEvent, FailedEvent,
                                 ContextShiftedEvent>;  // exactly one Finished or Failed per request

struct EngineSnapshot {
    struct PerModel {
        ModelId id;
        int64_t pagesTotal, pagesUsed, pagesShared;
        int64_t pagesCached;  // held by nobody, kept for a prompt that begins alike
        int64_t running, waiting;
        int64_t pagesUsable;  // fewer than pagesTotal: memory that was free at load has been taken by somebody else
    };
    std::vector<PerModel> models;
    double tokensPerSecond = 0;  // decode, over the last second
    double prefillTokensPerSecond = 0;
    double lastFirstTokenSeconds = 0;
    double lastStepSeconds = 0;
    int64_t lastBatchRows = 0;
    int64_t steps = 0;
};

class Engine {
  public:
    static Result<std::unique_ptr<Engine>> make(const EngineOptions& options);
    virtual ~Engine() = default;

    using Progress = std::function<void(double fraction, const std::string& stage)>;
    virtual Result<LoadedModel> load(const std::string& path, const LoadOptions& options, const Progress& progress,
                                     std::stop_token stop) = 0;
    virtual Result<void> unload(ModelId model) = 0;  // its requests end as Cancelled first
    virtual const LoadedModel* model(ModelId id) const = 0;
    virtual Backend& backend() = 0;

    // Writes the model's pages for a later LoadOptions::promptCache; a file of before is replaced only by a complete
    // one. Nothing is written when the file already holds what there is. Between steps; noticed by no request. Errors:
    // Cancelled (noticed between pages), InvalidRequest (what the system says).
    virtual Result<PromptCacheFile> savePromptCache(ModelId model, const std::string& path,
                                                    const PromptCacheLimits& limits, std::stop_token stop) = 0;
    // From now on `draft` guesses tokens for `model`; 0: nobody does. It must have the same vocabulary and no requests,
    // and takes none while it drafts. InvalidRequest names both models and what differs.
    virtual Result<void> setDraft(ModelId model, ModelId draft) = 0;

    // Refuses what can never fit, with numbers. The request runs in the following steps.
    virtual Result<RequestId> submit(Request request) = 0;
    virtual void cancel(RequestId request) = 0;  // any thread
    // Something else waits for the engine's thread. A step of one long prompt with more before it than behind it is
    // given up, once per request; it is computed again in short steps. Thread: any.
    virtual void makeWay() = 0;
    // One scheduler step: admits, runs one ragged batch, samples. Appends events. False: nothing to do.
    virtual bool step(std::vector<EngineEvent>& events) = 0;
    virtual EngineSnapshot snapshot() const = 0;  // any thread

    // Teacher-forced logits of a sequence, chunk by chunk: sink(firstRow, rows, logits [rows, vocab]). For perplexity
    // and the lab; runs beside the requests' pages and gives its own back. Rows before `fromRow` are computed without
    // logits.
    using LogitSink = std::function<Result<void>(int64_t firstRow, int64_t rows, const float* logits)>;
    virtual Result<void> logits(ModelId model, std::span<const int32_t> ids, const LogitSink& sink,
                                std::stop_token stop, int64_t fromRow = 0) = 0;
};

}  // namespace engine
