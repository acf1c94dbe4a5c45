#include "app/replies.h"

#include <QDate>
#include <QFutureWatcher>
#include <QLocale>
#include <QtConcurrent>

#include "app/workbench_parts.h"

namespace app {

using engine::Result;

Replies::Replies(WorkbenchParts& parts) : m_parts(parts) {
    m_paintTimer.setSingleShot(true);
    m_paintTimer.setInterval(33);
    QObject::connect(&m_paintTimer, &QTimer::timeout, &m_paintTimer, [this] { flushToModel(); });
    m_saveTimer.setInterval(500);
    QObject::connect(&m_saveTimer, &QTimer::timeout, &m_saveTimer, [this] { saveStreaming(); });
}

bool Replies::isRunning(const Conversation& chat) const {
    return std::any_of(m_runs.begin(), m_runs.end(), [&](const RunPtr& run) { return run->chat.get() == &chat; });
}
bool Replies::isRunning(ChatId id) const {
    return std::any_of(m_runs.begin(), m_runs.end(), [&](const RunPtr& run) { return run->chat->id == id; });
}
bool Replies::usesModel(LoadedId id) const {
    return std::any_of(m_runs.begin(), m_runs.end(), [&](const RunPtr& run) { return run->model == id; });
}
bool Replies::owns(JobId job) const {
    return std::any_of(m_runs.begin(), m_runs.end(), [&](const RunPtr& run) { return run->job == job; });
}

void Replies::renumbered(const Conversation& chat, MessageId from, MessageId to) {
    for (const RunPtr& run : m_runs)
        if (run->chat.get() == &chat && run->reply == from)
            run->reply = to;
}

void Replies::start(const std::shared_ptr<Conversation>& chat, MessageId reply) {
    auto run = std::make_shared<Run>();
    run->chat = chat;
    run->reply = reply;
    run->clock.start();
    m_runs.push_back(run);
    m_saveTimer.start();
    m_parts.upsertChat(chat);
    emit m_parts.bench.runningChanged();
    emit m_parts.bench.canSendChanged();
    const auto* loaded = m_parts.modelFor(*chat);
    MessageNode* message = node(run);
    if (!message)
        return drop(run);
    run->text = message->row.text.toStdString();
    run->tokensBefore = static_cast<qint64>(message->tokens.size());
    if (chat->stopAsked || m_parts.shuttingDown) {
        chat->stopAsked = false;
        return finish(run, MessageState::Stopped, {}, {});
    }
    if (!loaded)
        return fail(run, Workbench::tr("No model is loaded any more. Load one and regenerate the reply."));
    run->model = loaded->info.id;
    run->tokenizer = loaded->model.tokenizer;
    if (!loaded->chatTemplate)
        return fail(run,
                    Workbench::tr("The chat template of %1 cannot be used: %2")
                        .arg(loaded->info.name, loaded->templateInfo.problem),
                    {QStringLiteral("edit-template:%1").arg(run->model), Workbench::tr("Edit the template")});
    PromptInput input{loaded->model.tokenizer, loaded->chatTemplate, chat->messagesFor(message->row.parent),
                      QDate::currentDate().toString(Qt::ISODate).toStdString()};
    auto* watcher = new QFutureWatcher<Result<Prompt>>(&m_parts.bench);
    QObject::connect(watcher, &QFutureWatcherBase::finished, &m_parts.bench, [this, run, watcher] {
        watcher->deleteLater();
        submit(run, watcher->result());
    });
    const auto asked = ChatSettings::fromJson(message->row.stats.settingsJson.toStdString());
    const bool shifts = asked ? asked->contextShift : chat->settings.contextShift;
    watcher->setFuture(QtConcurrent::run([input = std::move(input), shifts] {
        Result<Prompt> prompt = renderPrompt(input);
        if (prompt && shifts)
            prompt->systemTokens = systemTokens(input, *prompt);
        return prompt;
    }));
}

void Replies::submit(const RunPtr& run, Result<Prompt> prompt) {
    MessageNode* message = node(run);
    if (!message)
        return drop(run);
    if (run->stopAsked)
        return finish(run, MessageState::Stopped, {}, {});
    const auto* loaded = m_parts.rack.find(run->model);
    if (!loaded)
        return fail(run, Workbench::tr("The model was unloaded before the reply began."));
    if (!prompt)
        return fail(
            run,
            Workbench::tr("The chat template of %1 failed: %2")
                .arg(loaded->info.name, WorkbenchParts::errorText(prompt.error())),
            {QStringLiteral("builtin-template:%1:chatml").arg(run->model), Workbench::tr("Use the built-in template")});
    const auto parsed = ChatSettings::fromJson(message->row.stats.settingsJson.toStdString());
    const ChatSettings settings = parsed ? *parsed : run->chat->settings;
    engine::Request request;
    request.model = run->model;
    request.ids = std::move(prompt->ids);
    // What the reply has already is part of the prompt: it goes on from there.
    if (!message->tokens.empty())
        for (const StoredToken& token : message->tokens)
            request.ids.push_back(token.id);
    else if (!run->text.empty())
        for (const int32_t id : run->tokenizer->encode(run->text, false))
            request.ids.push_back(id);
    const QLocale locale;
    const qint64 limit = loaded->info.contextTokens, needed = static_cast<qint64>(request.ids.size()) + 1;
    if (limit > 0 && needed > limit) {
        const qint64 trained = loaded->info.trainedContext;
        Action remedy{QStringLiteral("new-chat"), Workbench::tr("New chat")};
        if (trained > limit && needed + 512 <= trained)
            remedy = {QStringLiteral("set-context:%1").arg(qMin(trained, (needed + 1023) / 1024 * 1024 + 1024)),
                      Workbench::tr("Load again with a larger context")};
        return fail(
            run,
            Workbench::tr(
                "This conversation needs %1 tokens, the context holds %2. Nothing was cut and nothing was sent to "
                "the model.")
                .arg(locale.toString(needed), locale.toString(limit)),
            remedy);
    }
    request.maxTokens = settings.maxTokens;
    request.sampling = settings.sampling;
    request.sampling.seed = message->row.stats.seed;
    request.stops = settings.stops;
    request.nTop = settings.tokenAlternatives;
    request.contextShift = settings.contextShift;
    request.keepTokens = qMin(static_cast<int64_t>(prompt->systemTokens), static_cast<int64_t>(limit / 2));
    request.speculation = settings.speculate ? engine::Speculation::Auto : engine::Speculation::Off;
    request.priority = m_parts.isOpen(*run->chat) ? 1 : 0;
    message->row.stats.promptTokens = static_cast<qint64>(request.ids.size());
    run->job = m_parts.engine.generate(std::move(request));
}

void Replies::stop(const Conversation& chat) {
    for (const RunPtr& run : std::vector<RunPtr>(m_runs))
        if (run->chat.get() == &chat) {
            run->stopAsked = true;
            if (run->job != 0)
                m_parts.engine.cancel(run->job);
        }
}

void Replies::stopAll() {
    for (const RunPtr& run : std::vector<RunPtr>(m_runs))
        stop(*run->chat);
}

void Replies::onTokens(JobId job, const std::vector<engine::TokenEvent>& events) {
    const auto found = std::find_if(m_runs.begin(), m_runs.end(), [&](const RunPtr& run) { return run->job == job; });
    if (found == m_runs.end())
        return;
    const RunPtr run = *found;
    MessageNode* message = node(run);
    if (!message)
        return;
    const bool first = message->row.state != MessageState::Streaming;
    for (const engine::TokenEvent& event : events) {
        StoredToken stored;
        stored.id = event.token.id;
        stored.logprob = event.token.logprob;
        stored.entropyBits = event.token.entropyBits;
        stored.text = run->tokenizer->piece(event.token.id, true);
        for (const engine::TokenProbability& other : event.token.top)
            stored.top.push_back({other.id, other.logprob, run->tokenizer->piece(other.id, true)});
        const QString text = QString::fromStdString(event.text);
        TokenRecord record;
        record.id = stored.id;
        record.logprob = stored.logprob;
        record.entropyBits = stored.entropyBits;
        record.text = displayToken(stored.text);
        record.begin = static_cast<qint32>(message->row.text.size());
        record.end = record.begin + static_cast<qint32>(text.size());
        for (const StoredAlternative& other : stored.top)
            record.top.append({other.id, other.logprob, displayToken(other.text)});
        run->text += event.text;
        stored.textEnd = static_cast<int64_t>(run->text.size());
        message->tokens.push_back(std::move(stored));
        message->row.text += text;
        message->row.tokens.append(std::move(record));
    }
    run->unshownText = run->unsavedText = true;
    if (first) {
        message->row.state = MessageState::Streaming;
        message->row.stats.firstTokenSeconds = static_cast<double>(run->clock.elapsed()) / 1000;
        if (m_parts.isOpen(*run->chat))
            m_parts.messages.setState(m_parts.messages.rowOf(run->reply), MessageState::Streaming);
        flushToModel();  // the first word at once
        emit m_parts.bench.replyStarted(run->reply);
    } else if (!m_paintTimer.isActive()) {
        m_paintTimer.start();
    }
}

void Replies::onContextShifted(JobId job, qint64 kept, qint64 dropped, qint64 contextTokens) {
    const auto found = std::find_if(m_runs.begin(), m_runs.end(), [&](const RunPtr& run) { return run->job == job; });
    if (found == m_runs.end())
        return;
    const QLocale locale;
    m_parts.addNote((*found)->chat, (*found)->reply, Severity::Info,
                    Workbench::tr("The context of %1 tokens was full. After the first %2 tokens, the next %3 were left "
                                  "out of what the model sees, and the reply went on.")
                        .arg(locale.toString(contextTokens), locale.toString(kept), locale.toString(dropped)));
}

void Replies::flushToModel() {
    for (const RunPtr& run : m_runs) {
        if (!std::exchange(run->unshownText, false))
            continue;
        if (m_parts.isOpen(*run->chat)) {
            const int row = m_parts.messages.rowOf(run->reply);
            const MessageNode* message = node(run);
            // A chat that was opened in between has the text already.
            if (row >= 0 && message && m_parts.messages.at(row).text.size() < message->row.text.size())
                m_parts.messages.appendText(row, message->row.text.mid(m_parts.messages.at(row).text.size()),
                                            message->row.tokens.mid(m_parts.messages.at(row).tokens.size()));
        }
    }
}

void Replies::saveStreaming() {
    if (m_runs.empty())
        return m_saveTimer.stop();
    for (const RunPtr& run : m_runs) {
        if (!run->unsavedText || run->reply <= 0)
            continue;
        run->unsavedText = false;
        m_parts.store.post(
            &m_parts.bench, [id = run->reply, text = run->text](Store& s) { return s.updateStreaming(id, text); },
            [this, run](Result<void> done) {
                // The whole text goes to the disk at the end once more; until then the banner says what is the matter.
                if (!done && isRunning(*run->chat))
                    m_parts.notSaved(WorkbenchParts::errorText(done.error()));
            });
    }
}

void Replies::onEnded(const JobEnd& end) {
    const auto found =
        std::find_if(m_runs.begin(), m_runs.end(), [&](const RunPtr& run) { return run->job == end.job; });
    if (found == m_runs.end())
        return;
    const RunPtr run = *found;
    const auto* given = std::get_if<GeneratedResult>(&end.result);
    const GeneratedResult result = given ? *given : GeneratedResult{};
    switch (end.outcome) {
        case JobOutcome::Done:
            finish(run, MessageState::Done, {}, result);
            break;
        case JobOutcome::Cancelled:
            finish(run, MessageState::Stopped, {}, result);
            break;
        case JobOutcome::Failed:
            finish(run, MessageState::Failed, WorkbenchParts::errorText(end.error), result);
            break;
    }
}

void Replies::fail(const RunPtr& run, const QString& why, const Action& remedy) {
    const MessageId reply = run->reply;
    const auto chat = run->chat;
    finish(run, MessageState::Failed, why, {});
    if (remedy)
        m_parts.addNote(chat, reply, Severity::Error, why, remedy);
}

void Replies::finish(const RunPtr& run, MessageState state, const QString& error, const GeneratedResult& result) {
    MessageNode* message = node(run);
    if (!message)
        return drop(run);
    run->text += result.text;
    const QString rest = QString::fromStdString(result.text);
    message->row.text += rest;
    message->row.state = state;
    message->row.error = error;
    ReplyFacts facts = factsFromStats(message->row.stats);
    const engine::RequestStats& s = result.stats;
    facts.tokens = run->tokensBefore + s.generatedTokens;
    if (s.promptTokens > 0)
        facts.promptTokens = s.promptTokens;
    facts.reusedTokens = s.reusedTokens;
    facts.prefillSeconds = s.prefillSeconds;
    facts.decodeSeconds = run->tokensBefore > 0 ? facts.decodeSeconds + s.decodeSeconds : s.decodeSeconds;
    if (run->tokensBefore == 0 || facts.firstTokenSeconds == 0)
        facts.firstTokenSeconds = s.firstTokenSeconds;
    facts.stopReason = state == MessageState::Failed    ? std::string()
                       : state == MessageState::Stopped ? engine::stopReasonName(engine::StopReason::Cancelled)
                                                        : engine::stopReasonName(result.reason);
    message->row.stats = statsFromFacts(facts);
    if (message->row.stats.tokensPerSecond > 0)
        m_lastTokensPerSecond = message->row.stats.tokensPerSecond;
    message->row.hasTokens = !message->tokens.empty();
    if (m_parts.isOpen(*run->chat)) {
        flushToModel();
        if (const int row = m_parts.messages.rowOf(run->reply); row >= 0) {
            MessageRow shown = message->row;
            shown.version = m_parts.messages.at(row).version;
            shown.versions = m_parts.messages.at(row).versions;
            m_parts.messages.replace(row, shown);
        }
    }
    store(run);
    const auto chat = run->chat;
    const MessageId reply = run->reply;
    if (state == MessageState::Done && result.reason == engine::StopReason::ContextFull) {
        const auto* loaded = m_parts.rack.find(run->model);
        m_parts.addNote(
            chat, reply, Severity::Warning,
            Workbench::tr(
                "The reply ended because the context of %1 tokens is full. Nothing was cut from the conversation.")
                .arg(QLocale().toString(loaded ? loaded->info.contextTokens : 0)),
            {QStringLiteral("new-chat"), Workbench::tr("New chat")});
    }
    drop(run);
    emit m_parts.bench.replyFinished(reply);
}

void Replies::store(const RunPtr& run) {
    MessageNode* message = node(run);
    if (run->reply <= 0) {
        message->stored = false;
        if (run->chat->deleted && run->chat->id < 0)
            return;  // never was on the disk, and no undo brings it back
        m_parts.alive[run->chat->id] = run->chat;
        // When the words before it were saved in the meantime, nobody is asked to save again.
        if (run->chat->id > 0 && message->row.parent > 0)
            m_parts.saveUnsaved(run->chat);
        return;
    }
    const auto chat = run->chat;
    m_parts.store.post(
        &m_parts.bench,
        [record = storedFromNode(*message, chat->id), tokens = message->tokens](Store& s) {
            return s.finishReply(record, tokens);
        },
        [this, chat, reply = run->reply](Result<void> done) {
            MessageNode* message = chat->find(reply);
            if (message)
                message->stored = done.has_value();
            if (!done) {
                m_parts.alive[chat->id] = chat;
                return m_parts.notSaved(WorkbenchParts::errorText(done.error()));
            }
            // The chat is on the disk as it is here: it need not stay in memory.
            if (!m_parts.isOpen(*chat) && !m_parts.isBusy(*chat) && chat->unsaved().empty())
                m_parts.alive.erase(chat->id);
        });
}

void Replies::drop(const RunPtr& run) {
    std::erase(m_runs, run);
    m_parts.upsertChat(run->chat);
    emit m_parts.bench.runningChanged();
    emit m_parts.bench.canSendChanged();
    m_parts.composer.recount();
    m_parts.maybeQuit();
}

}  // namespace app
