#include "app/composer.h"

#include <QDate>
#include <QFutureWatcher>
#include <QtConcurrent>

#include "app/prompt.h"
#include "app/workbench_parts.h"

namespace app {

using engine::Result;

Composer::Composer(WorkbenchParts& parts) : m_parts(parts) {
    m_saveTimer.setSingleShot(true);
    m_saveTimer.setInterval(800);  // a draft is on the disk within a second
    QObject::connect(&m_saveTimer, &QTimer::timeout, &m_saveTimer, [this] { saveDraft(); });
    m_countTimer.setSingleShot(true);
    m_countTimer.setInterval(150);
    QObject::connect(&m_countTimer, &QTimer::timeout, &m_countTimer, [this] { count(); });
}

void Composer::setDraft(const QString& text) {
    Conversation& chat = *m_parts.open;
    if (chat.draft == text)
        return;
    chat.draft = text;
    m_unsaved = true;
    if (!m_saveTimer.isActive())  // not started anew with each key: someone who types without a pause is saved too
        m_saveTimer.start();
    recount();
}

void Composer::saveDraft() {
    m_saveTimer.stop();
    if (!m_unsaved)
        return;
    Conversation& chat = *m_parts.open;
    if (chat.turnPending && chat.id == 0)
        return m_saveTimer.start();  // in a moment the chat has its number
    m_unsaved = false;
    chat.chat.hasDraft = !chat.draft.isEmpty();
    if (chat.id < 0)
        return;
    m_parts.upsertChat(m_parts.open);
    m_parts.store.post(
        &m_parts.bench, [id = chat.id, text = chat.draft.toStdString()](Store& s) { return s.setDraft(id, text); },
        [](Result<void>) {});  // the words are on the screen; sending them says what is the matter
}

void Composer::recount() {
    m_use.exact = false;
    m_countTimer.start();
}

void Composer::count() {
    if (m_counting) {
        m_again = true;
        return;
    }
    const auto* loaded = m_parts.rack.current();
    ContextUse use;
    use.limit = loaded ? loaded->info.contextTokens : 0;
    const Conversation& chat = *m_parts.open;
    use.reserved = chat.settings.maxTokens > 0 ? chat.settings.maxTokens : 0;
    if (!loaded || !loaded->chatTemplate) {
        use.problem = loaded ? loaded->templateInfo.problem : Workbench::tr("Load a model to count tokens");
        m_use = use;
        emit m_parts.bench.contextUseChanged(m_use);
        return;
    }
    struct Counted {
        qint64 tokens = 0, draftTokens = 0;
        QString problem;
    };
    PromptInput input{loaded->model.tokenizer, loaded->chatTemplate, chat.messagesFor(chat.activeLeaf, chat.draft),
                      QDate::currentDate().toString(Qt::ISODate).toStdString()};
    m_counting = true;
    const quint64 generation = ++m_generation;
    auto* watcher = new QFutureWatcher<Counted>(&m_parts.bench);
    QObject::connect(watcher, &QFutureWatcherBase::finished, &m_parts.bench,
                     [this, use, watcher, generation]() mutable {
                         watcher->deleteLater();
                         m_counting = false;
                         const Counted counted = watcher->result();
                         if (generation == m_generation && !m_again) {
                             use.tokens = counted.tokens;
                             use.draftTokens = counted.draftTokens;
                             use.problem = counted.problem;
                             use.exact = counted.problem.isEmpty();
                             m_use = use;
                             emit m_parts.bench.contextUseChanged(m_use);
                         }
                         if (std::exchange(m_again, false))
                             count();
                     });
    watcher->setFuture(QtConcurrent::run([input = std::move(input), draft = chat.draft.toStdString()] {
        Counted counted;
        counted.draftTokens = static_cast<qint64>(input.tokenizer->encode(draft, false).size());
        if (input.messages.empty())
            return counted;
        const auto prompt = renderPrompt(input);
        if (prompt)
            counted.tokens = static_cast<qint64>(prompt->ids.size());
        else
            counted.problem = WorkbenchParts::errorText(prompt.error());
        return counted;
    }));
}

}  // namespace app
