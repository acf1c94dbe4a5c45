// An engine with one model, as the global options ask for it, and the way from a request to its result. Thread: main.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/cli/command.h"
#include "app/cli/sampling_options.h"
#include "engine/run/engine.h"

namespace app {

// The file that -m (or another option) names: a path, `sample`, or a name from the library.
engine::Result<std::string> chosenModel(const CliContext& context, std::string_view option = "-m");

struct Session {
    std::unique_ptr<engine::Engine> engine;
    engine::LoadedModel model;
    engine::LoadOptions loadOptions;
};
// Loads the model of -m, and that of --draft to guess for it. `context` is the default of --ctx, `tokens` what all
// sequences need together (0: one context).
engine::Result<Session> openSession(CliContext& context, int64_t contextTokens = 0, int64_t tokens = 0);

// What became of a request. A failed one keeps what was generated before.
struct Generation {
    std::vector<engine::SampledToken> tokens;
    std::vector<std::string> texts;  // the text that became ready with each token
    std::string text;
    engine::StopReason stop = engine::StopReason::Cancelled;
    engine::RequestStats stats;
    uint64_t seed = 0;
    std::optional<engine::Error> error;
};

// Writes the file of --prompt-cache, if it was given; what goes wrong is told, for the result is there already.
void savePromptCache(CliContext& context, Session& session);

engine::Request makeRequest(const Session& session, std::vector<int32_t> ids, const RequestSettings& settings);
// Runs the requests together until all have ended; Ctrl-C cancels them and keeps what they have. onToken gets the index
// of the request and the text that became ready (also the rest at the end).
using OnToken = std::function<void(size_t index, const std::string& text)>;
using OnContextShift = std::function<void(size_t index, const engine::ContextShiftedEvent&)>;
engine::Result<std::vector<Generation>> runRequests(Session& session, std::vector<engine::Request> requests,
                                                    Interrupt& interrupt, const OnToken& onToken,
                                                    const OnContextShift& onContextShift);
std::string contextShiftText(const engine::ContextShiftedEvent& shift);  // a line for people
// The fields that `generate` promises; of a failed request "error" in the place of "stop".
Json generationJson(const Generation& generation, int logprobs);
// A JSON array of token ids; the error names the element. `what` is where it comes from.
engine::Result<std::vector<int32_t>> idsFromJson(const Json& array, int64_t vocabSize, std::string_view what);
engine::Result<std::string> readWholeFile(const std::string& path, int64_t limitBytes);
engine::Result<std::string> readStandardInput(int64_t limitBytes);

}  // namespace app
