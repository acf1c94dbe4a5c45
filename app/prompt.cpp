#include "app/prompt.h"

#include <algorithm>
#include <new>

namespace app {

void addTurn(nlohmann::ordered_json& messages, const char* role, std::string content) {
    if (content.empty())
        return;
    if (!messages.empty() && messages.back()["role"] == role)
        messages.back()["content"] = messages.back()["content"].get<std::string>() + "\n\n" + content;
    else
        messages.push_back({{"role", role}, {"content", std::move(content)}});
}

static engine::Result<Prompt> render(const PromptInput& input) {
    const engine::Tokenizer& tokenizer = *input.tokenizer;
    const auto special = [&](int32_t id) { return id >= 0 ? std::string(tokenizer.tokenText(id)) : std::string(); };
    nlohmann::ordered_json variables;
    variables["messages"] = input.messages;
    variables["add_generation_prompt"] = true;
    variables["bos_token"] = special(tokenizer.bosId());
    variables["eos_token"] = special(tokenizer.eosId());
    TRY(const auto parts, input.chatTemplate->render(variables, input.date));
    Prompt prompt;
    for (const auto& part : parts)
        prompt.text += part.text;
    prompt.ids = tokenizer.encodeParts(parts);
    // Templates write the first token themselves or leave it to the tokenizer; it must be there once.
    if (tokenizer.addsBos() && tokenizer.bosId() >= 0 &&
        (prompt.ids.empty() || prompt.ids.front() != tokenizer.bosId()))
        prompt.ids.insert(prompt.ids.begin(), tokenizer.bosId());
    return prompt;
}

engine::Result<Prompt> renderPrompt(const PromptInput& input) {
    try {
        return render(input);
    } catch (const std::bad_alloc&) {
        return engine::Error{engine::ErrorCode::OutOfMemory, "there was not enough memory for the prompt", {}};
    }
}

int64_t systemTokens(PromptInput input, const Prompt& prompt) {
    if (input.messages.empty() || input.messages[0].value("role", "") != "system")
        return 0;
    input.messages = nlohmann::ordered_json::array({input.messages[0]});
    const auto alone = renderPrompt(input);  // goes on with the reply's role, where the prompt has the person's
    if (!alone)
        return 0;
    const auto end = std::mismatch(prompt.ids.begin(), prompt.ids.end(), alone->ids.begin(), alone->ids.end()).first;
    return end - prompt.ids.begin();
}

}  // namespace app
