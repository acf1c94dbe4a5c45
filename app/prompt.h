// From a conversation to token ids: renders a chat template and keeps apart what the template wrote and what people
// said. Pure; thread: any.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/core/result.h"
#include "engine/text/chat_template.h"
#include "engine/text/tokenizer.h"

namespace app {

struct PromptInput {
    std::shared_ptr<const engine::Tokenizer> tokenizer;
    std::shared_ptr<const engine::ChatTemplate> chatTemplate;
    nlohmann::ordered_json messages;  // [{"role", "content"}], an array
    std::string date;                 // "2026-01-31": the clock that templates see
};
struct Prompt {
    std::vector<int32_t> ids;
    std::string text;
    int64_t systemTokens = 0;  // leading ids that the system prompt makes; only where it was asked for
};

// Adds a turn. A second one of the same side becomes part of the first, and one without words is left out: both happen
// where a reply failed, and templates expect that sides alternate.
void addTurn(nlohmann::ordered_json& messages, const char* role, std::string content);

// The prompt up to the point where the reply begins. Error: the template's, with line and column.
engine::Result<Prompt> renderPrompt(const PromptInput& input);
// How many of a rendered prompt's leading ids come from its system prompt; 0: it has none, or they cannot be told
// apart.
int64_t systemTokens(PromptInput input, const Prompt& prompt);

}  // namespace app
