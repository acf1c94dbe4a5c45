// chat: a conversation, one turn per line. Each turn is on the disk before anything is computed for it; the reply is
// written there while it streams, at most a second late.
#include <chrono>
#include <cstdio>
#include <iostream>

#include "app/cli/command.h"
#include "app/cli/session.h"
#include "app/prompt.h"
#include "app/store/store.h"
#include "engine/io/plain_text.h"

namespace app {

using engine::Error;
using engine::ErrorCode;
using engine::invalid;
using engine::Result;

namespace {

constexpr int64_t defaultTokens = 1024;
constexpr auto saveInterval = std::chrono::milliseconds(500);

constexpr OptionSpec ownOptions[] = {
    {"--system", "TEXT", "the system prompt"},
    {"--chat", "ID", "go on with a stored chat"},
    {"--no-store", "", "keep nothing"},
    {"--template", "FILE", "another chat template than the model's own"},
    {"--prompt-cache", "FILE", "begin with what is kept there, keep there what was computed"},
};

struct Turn {
    StoredRole role;
    std::string text;
};

class Conversation {
  public:
    Conversation(CliContext& context, Session& session, RequestSettings settings)
        : m_context(context), m_session(session), m_settings(std::move(settings)) {}

    Result<void> prepare() {
        const Arguments& arguments = m_context.arguments;
        m_system = arguments.text("--system");
        m_template = m_session.model.chatTemplate;
        if (arguments.has("--template")) {
            TRY(std::string source, readWholeFile(arguments.text("--template"), 64 << 20));
            TRY(m_template, engine::ChatTemplate::parse(std::move(source)));
        }
        if (!m_template)
            return invalid("{} has no chat template that can be used; give one with --template",
                           engine::plainText(m_session.model.name));
        if (arguments.has("--no-store"))
            return {};
        TRY_VOID(prepareProfile(m_context.profile));
        TRY(m_store, Store::open(m_context.profile.store));
        for (const std::string& notice : m_store->notices())
            m_context.output.note("note: " + notice);
        if (m_store->readOnly())
            return Error{ErrorCode::Unsupported,
                         "The store can only be read, as said above; use --no-store to chat without it",
                         m_store->path()};
        m_chat.modelPath = m_session.model.path;
        m_chat.modelName = m_session.model.name;
        m_chat.settingsJson = jsonText({{"systemPrompt", m_system}});
        TRY(const int64_t id, arguments.integer("--chat", 0, 1, INT64_MAX));
        return id > 0 ? resume(id) : Result<void>();
    }

    // Stores the person's words, answers, stores the answer.
    Result<void> turn(const std::string& text) {
        if (!engine::isValidUtf8(text))
            return invalid("The line is not valid UTF-8");
        m_turns.push_back({StoredRole::User, text});
        TRY(std::vector<int32_t> ids, renderedIds());
        TRY_VOID(storeTurn(text));
        if (!m_settings.seedGiven)
            m_settings.sampling.seed = newSeed();
        std::vector<engine::Request> requests;
        requests.push_back(makeRequest(m_session, std::move(ids), m_settings));
        requests.front().priority = 1;

        std::string soFar;
        auto lastSaved = std::chrono::steady_clock::now();
        Result<void> saved;
        const auto onToken = [&](size_t, const std::string& piece) {
            m_context.output.text(piece);
            soFar += piece;
            const auto now = std::chrono::steady_clock::now();
            if (!m_store || !saved || now - lastSaved < saveInterval)
                return;
            lastSaved = now;
            saved = m_store->updateStreaming(m_reply.id, soFar);
        };
        const auto onShift = [&](size_t, const engine::ContextShiftedEvent& shift) {
            m_context.output.note("note: " + contextShiftText(shift));
        };
        auto results = runRequests(m_session, std::move(requests), m_context.interrupt, onToken, onShift);
        Generation result;
        if (results)
            result = std::move(results->front());
        else
            result.error = std::move(results).error();
        const Result<void> kept = storeReply(result);
        for (const std::string& note : result.stats.notes)
            m_context.output.note("note: " + note);
        if (!saved)
            m_context.output.note("note: the reply could not be saved while it streamed: " + saved.error().message);
        if (result.error) {
            if (!kept)
                m_context.output.note("note: what was generated before could not be saved: " + kept.error().message);
            return *result.error;
        }
        m_turns.push_back({StoredRole::Assistant, result.text});
        if (m_context.output.json()) {
            Json object = generationJson(result, m_settings.logprobs);
            if (m_store && kept)
                object["messageId"] = m_reply.id;
            m_context.output.object(object);
        } else {
            m_context.output.text("\n");
        }
        TRY_VOID(kept);  // what could not be kept is printed at least
        if (result.stop != engine::StopReason::Cancelled)
            return {};
        m_context.output.resultGiven();
        return Error{ErrorCode::Cancelled, m_store ? "Cancelled; the reply so far is kept" : "Cancelled", {}};
    }

  private:
    Result<void> resume(int64_t id) {
        auto stored = m_store->conversation(id);
        if (!stored)
            return std::move(stored).error();
        const std::string model = m_chat.modelPath, name = m_chat.modelName;
        m_chat = stored->chat;
        m_chat.modelPath = model;
        m_chat.modelName = name;
        const Json settings = Json::parse(m_chat.settingsJson, nullptr, false);
        if (m_system.empty() && settings.is_object() && settings.contains("systemPrompt") &&
            settings["systemPrompt"].is_string())
            m_system = settings["systemPrompt"].get<std::string>();
        for (const StoredMessage& message : branchOf(*stored, m_chat.activeLeaf))
            m_turns.push_back({message.role, message.text});
        m_lastMessage = m_chat.activeLeaf;
        return {};
    }

    Result<std::vector<int32_t>> renderedIds() const {
        Json messages = Json::array();
        addTurn(messages, "system", m_system);
        for (const Turn& turn : m_turns)
            addTurn(messages, storedRoleName(turn.role), turn.text);
        TRY(Prompt prompt, renderPrompt({m_session.model.tokenizer, m_template, std::move(messages), today()}));
        return std::move(prompt.ids);
    }

    // The acknowledgement is printed when, and only when, the words are on the disk.
    Result<void> storeTurn(const std::string& text) {
        if (!m_store)
            return {};
        if (m_chat.title.empty())
            m_chat.title = engine::plainText(text, 60);
        StoredMessage user, reply;
        user.chat = reply.chat = m_chat.id;
        user.role = StoredRole::User;
        user.parent = m_lastMessage;
        user.text = text;
        reply.role = StoredRole::Assistant;
        reply.state = StoredState::Streaming;
        reply.facts = facts();
        TRY(const Store::TurnIds ids, m_store->beginTurn({m_chat, user, reply}));
        m_chat.id = ids.chat;
        reply.id = ids.reply;
        reply.chat = ids.chat;
        reply.parent = ids.user;
        m_reply = reply;
        m_lastMessage = ids.reply;
        if (m_context.output.json())
            m_context.output.object({{"acknowledged", ids.user}});
        return {};
    }

    Result<void> storeReply(const Generation& result) {
        if (!m_store)
            return {};
        m_reply.text = result.text;
        m_reply.state = result.error                                   ? StoredState::Failed
                        : result.stop == engine::StopReason::Cancelled ? StoredState::Stopped
                                                                       : StoredState::Done;
        m_reply.error = result.error ? result.error->message : "";
        m_reply.facts = facts();
        m_reply.facts.promptTokens = result.stats.promptTokens;
        m_reply.facts.reusedTokens = result.stats.reusedTokens;
        m_reply.facts.tokens = result.stats.generatedTokens;
        m_reply.facts.prefillSeconds = result.stats.prefillSeconds;
        m_reply.facts.decodeSeconds = result.stats.decodeSeconds;
        m_reply.facts.firstTokenSeconds = result.stats.firstTokenSeconds;
        m_reply.facts.stopReason = result.error ? "" : engine::stopReasonName(result.stop);
        std::vector<StoredToken> tokens;
        int64_t end = 0;
        for (size_t i = 0; i < result.tokens.size(); ++i) {
            const engine::SampledToken& token = result.tokens[i];
            end += static_cast<int64_t>(result.texts[i].size());
            StoredToken stored{token.id, token.logprob, token.entropyBits, piece(token.id), end, {}};
            for (const engine::TokenProbability& other : token.top)
                stored.top.push_back({other.id, other.logprob, piece(other.id)});
            tokens.push_back(std::move(stored));
        }
        return m_store->finishReply(m_reply, tokens);
    }

    std::string piece(int32_t id) const { return m_session.model.tokenizer->piece(id, true); }

    // What is known before the first word.
    ReplyFacts facts() const {
        ReplyFacts facts;
        facts.seed = m_settings.sampling.seed;
        facts.modelName = m_session.model.name;
        facts.quantization = m_session.model.fileType;
        facts.modelPath = m_session.model.path;
        facts.settingsJson = m_chat.settingsJson;
        return facts;
    }

    CliContext& m_context;
    Session& m_session;
    RequestSettings m_settings;
    std::shared_ptr<const engine::ChatTemplate> m_template;
    std::unique_ptr<Store> m_store;
    std::string m_system;
    std::vector<Turn> m_turns;
    StoredChat m_chat;
    StoredMessage m_reply;  // of the running turn
    int64_t m_lastMessage = 0;
};

}  // namespace

std::span<const OptionSpec> chatOptions() {
    static const std::vector<OptionSpec> all = [] {
        std::vector<OptionSpec> options(std::begin(ownOptions), std::end(ownOptions));
        options.insert(options.end(), samplingOptions().begin(), samplingOptions().end());
        return options;
    }();
    return all;
}

Result<void> runChat(CliContext& context) {
    TRY(RequestSettings settings, requestSettings(context.arguments, defaultTokens));
    TRY(Session session, openSession(context));
    Conversation conversation(context, session, std::move(settings));
    TRY_VOID(conversation.prepare());
    struct Save {  // however the conversation ends
        CliContext& context;
        Session& session;
        ~Save() { savePromptCache(context, session); }
    } save{context, session};
    const bool terminal = inputIsTerminal() && !context.output.json();
    if (terminal)
        context.output.note(fmt::format("{}: one turn per line, Ctrl-D ends", engine::plainText(session.model.name)));
    std::string line;
    while (true) {
        if (terminal) {
            std::fputs("> ", stderr);
            std::fflush(stderr);
        }
        if (!std::getline(std::cin, line))
            break;
        if (!line.empty() && line.back() == '\r')
            line.pop_back();
        if (line.find_first_not_of(" \t") == std::string::npos)
            continue;
        TRY_VOID(conversation.turn(line));
    }
    if (context.interrupt.poll())
        return Error{ErrorCode::Cancelled, "Cancelled", {}};
    return {};
}

}  // namespace app
