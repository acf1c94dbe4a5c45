// tokenize, detokenize, template: what needs a vocabulary and no weights.
#include <chrono>

#include "app/cli/command.h"
#include "app/cli/session.h"
#include "engine/io/plain_text.h"
#include "engine/text/chat_template.h"
#include "engine/text/tokenizer.h"

namespace app {

using engine::invalid;
using engine::Result;

namespace {

constexpr int64_t maxTextBytes = int64_t{1} << 30;

Result<std::shared_ptr<const engine::Tokenizer>> loadTokenizer(const std::string& path) {
    TRY(const auto file, engine::ModelFile::open(path));
    return engine::Tokenizer::load(*file);
}

// Bytes per second of one thread; the text is encoded again and again for about half a second.
double encodeSpeed(const engine::Tokenizer& tokenizer, const std::string& text, bool special) {
    using Clock = std::chrono::steady_clock;
    double best = 0;
    const Clock::time_point begin = Clock::now();
    do {
        const Clock::time_point start = Clock::now();
        const size_t count = tokenizer.encode(text, special).size();
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        if (count > 0 && seconds > 0)
            best = std::max(best, static_cast<double>(text.size()) / seconds);
    } while (Clock::now() - begin < std::chrono::milliseconds(500));
    return best;
}

Result<Json> parseJson(const std::string& text, std::string_view what) {
    Json value = Json::parse(text, nullptr, false);
    if (value.is_discarded())
        return invalid("{} is not valid JSON", what);
    return value;
}

}  // namespace

Result<void> runTokenize(CliContext& context) {
    TRY(const std::string path, chosenModel(context));
    TRY(const auto tokenizer, loadTokenizer(path));
    std::string text;
    if (context.arguments.has("--file")) {
        TRY(text, readWholeFile(context.arguments.text("--file"), maxTextBytes));
    } else {
        TRY(text, readStandardInput(maxTextBytes));
    }
    const bool special = context.arguments.has("--special");
    std::vector<int32_t> ids = tokenizer->encode(text, special);
    if (context.arguments.has("--bos") && tokenizer->addsBos() && tokenizer->bosId() >= 0)
        ids.insert(ids.begin(), tokenizer->bosId());
    double speed = 0;
    if (context.arguments.has("--bench"))
        speed = encodeSpeed(*tokenizer, text, special);
    if (context.output.json()) {
        Json pieces = Json::array();
        for (const int32_t id : ids)
            pieces.push_back(tokenizer->piece(id, true));
        Json object = {{"ids", ids}, {"pieces", std::move(pieces)}};
        if (context.arguments.has("--bench"))
            object["bytesPerSecond"] = speed;
        context.output.object(object);
        return {};
    }
    std::string lines;
    for (const int32_t id : ids)
        lines += fmt::format("{:>8}  {}\n", id, engine::plainText(tokenizer->piece(id, true)));
    context.output.text(lines);
    context.output.note(fmt::format("{} tokens, {} bytes", ids.size(), text.size()));
    if (speed > 0)
        context.output.note(fmt::format("{:.1f} MB/s", speed / 1e6));
    return {};
}

Result<void> runDetokenize(CliContext& context) {
    TRY(const std::string path, chosenModel(context));
    TRY(const auto tokenizer, loadTokenizer(path));
    TRY(const std::string input, readStandardInput(maxTextBytes));
    TRY(const Json array, parseJson(input, "Standard input"));
    TRY(const std::vector<int32_t> ids, idsFromJson(array, tokenizer->vocabSize(), "Standard input"));
    const std::string text = tokenizer->decode(ids, context.arguments.has("--special"));
    if (context.output.json())
        context.output.object({{"text", text}});
    else
        context.output.text(text + "\n");
    return {};
}

Result<void> runTemplate(CliContext& context) {
    TRY(const std::string conversationPath, context.arguments.required("--file"));
    TRY(const std::string conversation, readWholeFile(conversationPath, 64 << 20));
    TRY(Json variables, parseJson(conversation, engine::plainFileName(conversationPath)));
    if (!variables.is_object() || !variables.contains("messages") || !variables["messages"].is_array())
        return invalid("{} is not a conversation: expected an object with an array \"messages\"",
                       engine::plainFileName(conversationPath));
    std::string date = today();
    if (variables.contains("date")) {
        if (!variables["date"].is_string())
            return invalid("\"date\" is {}, expected a text such as \"2026-01-31\"", jsonText(variables["date"]));
        date = variables["date"].get<std::string>();
    }

    std::shared_ptr<const engine::Tokenizer> tokenizer;
    std::string source;
    if (context.arguments.has("-m")) {
        TRY(const std::string path, chosenModel(context));
        TRY(const auto file, engine::ModelFile::open(path));
        TRY(tokenizer, engine::Tokenizer::load(*file));
        if (!context.arguments.has("--template")) {
            if (!file->has("tokenizer.chat_template"))
                return invalid("{} has no chat template; give one with --template", engine::plainFileName(path));
            TRY(source, file->string("tokenizer.chat_template"));
        }
        const auto define = [&](const char* name, int32_t id) {
            if (!variables.contains(name) && id >= 0)
                variables[name] = std::string(tokenizer->tokenText(id));
        };
        define("bos_token", tokenizer->bosId());
        define("eos_token", tokenizer->eosId());
    } else if (!context.arguments.has("--template")) {
        return usageError("template needs -m MODEL, --template FILE, or both");
    }
    if (context.arguments.has("--template")) {
        TRY(source, readWholeFile(context.arguments.text("--template"), 64 << 20));
    }
    TRY(const auto chatTemplate, engine::ChatTemplate::parse(std::move(source)));
    TRY(const auto parts, chatTemplate->render(variables, date));
    std::string text;
    for (const auto& part : parts)
        text += part.text;
    if (context.output.json()) {
        Json object = {{"text", text}};
        if (tokenizer)
            object["ids"] = tokenizer->encodeParts(parts);
        context.output.object(object);
    } else {
        context.output.text(text + (text.ends_with('\n') ? "" : "\n"));
    }
    return {};
}

}  // namespace app
