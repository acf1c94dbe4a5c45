#include "app/prompt.h"

#include <algorithm>

namespace app {

engine::Result<Prompt> renderPrompt(const PromptInput& input) {
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
