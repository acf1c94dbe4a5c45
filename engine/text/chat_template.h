// Renders a model's chat template: a bounded interpreter of the Jinja subset that templates use (limits:
// hostile-inputs 2.2). Output keeps apart what the template wrote and what came from the messages, so that a user's
// text never becomes a control token. Immutable after parse; thread: any.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/core/result.h"
#include "engine/text/tokenizer.h"

namespace engine {

struct TemplateLimits {
    int64_t steps = 1'000'000;
    int depth = 100;
    int64_t range = 100'000;
    int64_t outputBytes = 8 << 20;
    int64_t memoryBytes = 64 << 20;
    int milliseconds = 500;
};

class ChatTemplate {
  public:
    // Errors: "template line 3, column 14: ...".
    static Result<std::shared_ptr<const ChatTemplate>> parse(std::string source, TemplateLimits limits = {});
    virtual ~ChatTemplate() = default;

    // `variables` is a JSON object: messages, tools, add_generation_prompt, bos_token, eos_token, ... `date`
    // ("2026-01-31") is the clock that strftime_now sees.
    virtual Result<std::vector<Tokenizer::Part>> render(const nlohmann::ordered_json& variables,
                                                        std::string_view date) const = 0;
    virtual const std::string& source() const = 0;
};

// Built-in templates by name ("chatml", "llama2", "plain", ...), offered when a model has none or its own fails.
struct BuiltinTemplate {
    std::string_view name;
    std::string_view source;
};
const std::vector<BuiltinTemplate>& builtinTemplates();

}  // namespace engine
