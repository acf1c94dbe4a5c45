// Replies in work: from a conversation to a prompt, to a request, to streamed text, to the store. Several chats may
// have one each. Thread: UI; prompts are rendered on a pool thread.
#pragma once

#include <QElapsedTimer>
#include <QTimer>
#include <map>
#include <memory>

#include "app/conversation.h"
#include "app/engine_runner.h"
#include "app/prompt.h"
#include "engine/text/tokenizer.h"

namespace app {

struct WorkbenchParts;

class Replies {
  public:
    explicit Replies(WorkbenchParts& parts);

    // The message must be in the conversation already, in state Waiting, with the text and tokens that it continues.
    void start(const std::shared_ptr<Conversation>& chat, MessageId reply);
    void stop(const Conversation& chat);
    void stopAll();
    bool isRunning(const Conversation& chat) const;
    bool isRunning(ChatId chat) const;
    int count() const { return static_cast<int>(m_runs.size()); }
    void saveStreaming();  // now; a timer does it twice a second
    void renumbered(const Conversation& chat, MessageId from, MessageId to);

    bool owns(JobId job) const;
    void onTokens(JobId job, const std::vector<engine::TokenEvent>& tokens);
    void onContextShifted(JobId job, qint64 kept, qint64 dropped, qint64 contextTokens);
    void onEnded(const JobEnd& end);
    bool usesModel(LoadedId id) const;
    double lastTokensPerSecond() const { return m_lastTokensPerSecond; }  // of the reply that ended last; 0: none

  private:
    struct Run {
        std::shared_ptr<Conversation> chat;
        MessageId reply = 0;
        LoadedId model = 0;
        JobId job = 0;  // 0: the prompt is being rendered
        bool stopAsked = false;
        std::shared_ptr<const engine::Tokenizer> tokenizer;
        std::string text;         // all of the reply, UTF-8
        qint64 tokensBefore = 0;  // of the part that is continued
        bool unshownText = false, unsavedText = false;
        QElapsedTimer clock;
    };
    using RunPtr = std::shared_ptr<Run>;

    void submit(const RunPtr& run, engine::Result<Prompt> prompt);
    void fail(const RunPtr& run, const QString& why, const Action& remedy = {});
    void finish(const RunPtr& run, MessageState state, const QString& error, const GeneratedResult& result);
    void store(const RunPtr& run);
    void flushToModel();
    MessageNode* node(const RunPtr& run) const { return run->chat->find(run->reply); }
    void drop(const RunPtr& run);

    WorkbenchParts& m_parts;
    std::vector<RunPtr> m_runs;
    double m_lastTokensPerSecond = 0;
    QTimer m_paintTimer;  // streamed text reaches the model at most 30 times a second
    QTimer m_saveTimer;   // and the disk twice a second
};

}  // namespace app
