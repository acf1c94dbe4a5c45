// The workbench on a fake engine: what a person does, and what must be on the disk and on the screen afterwards.
#include <QtTest>

#include <sys/resource.h>

#include <QAbstractItemModelTester>
#include <csignal>

#include "app/engine_runner.h"
#include "app/store/place.h"
#include "app/store_queue.h"
#include "app/workbench.h"
#include "tests/app/fake_engine.h"

using namespace app;

namespace {

// No file of this process can grow while one of these lives.
class FullDisk {
  public:
    FullDisk() {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &m_before);
        struct rlimit none = m_before;
        none.rlim_cur = 1;
        ::setrlimit(RLIMIT_FSIZE, &none);
    }
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &m_before); }

  private:
    struct rlimit m_before {};
};

}  // namespace

class TstWorkbench : public QObject {
    Q_OBJECT
  private slots:
    void init() {
        m_dir = std::make_unique<QTemporaryDir>();
        m_script = std::make_shared<fake::Script>();
        open();
    }
    void cleanup() { close(); }

    void sendsAndStores() {
        load();
        m_bench->setDraft("Hello th");
        m_bench->send("Hello there, what is the capital of France?");
        QCOMPARE(model()->rowCount(), 2);
        QTRY_COMPARE(lastState(), MessageState::Done);
        QCOMPARE(text(0), QString("Hello there, what is the capital of France?"));
        QCOMPARE(text(1), QString("Hello from the fake model."));
        QVERIFY(m_bench->currentChat() > 0);
        QCOMPARE(m_bench->chats()->rowCount(), 1);
        QCOMPARE(m_bench->currentTitle(), QString("Hello there, what is the capital of France?"));
        QCOMPARE(m_bench->draft(), QString());
        QVERIFY(m_script->lastPrompt().ends_with("[user]Hello there, what is the capital of France?\n[assistant]"));
        const auto stats = model()->index(1).data(MessageModel::StatsRole).value<ReplyStats>();
        QCOMPARE(stats.stopReason, QString("eos"));
        QCOMPARE(stats.tokens, 26);
        QCOMPARE(stats.modelName, QString("a"));
        QVERIFY(model()->index(1).data(MessageModel::StatsLineRole).toString().contains("tok/s"));
        const auto tokens = model()->index(1).data(MessageModel::TokensRole).value<TokenRecords>();
        QCOMPARE(tokens.size(), 26);
        QCOMPARE(tokens.at(0).text, QString("H"));
        QCOMPARE(tokens.at(3).begin, 3);
        // Everything is there again after a restart.
        const ChatId chat = m_bench->currentChat();
        reopen();
        QTRY_COMPARE(m_bench->chats()->rowCount(), 1);
        m_bench->openChat(chat);
        QTRY_COMPARE(model()->rowCount(), 2);
        QCOMPARE(text(1), QString("Hello from the fake model."));
        QVERIFY(model()->index(1).data(MessageModel::HasTokensRole).toBool());
        m_bench->requestTokens(model()->at(1).id);
        QTRY_COMPARE(model()->at(1).tokens.size(), 26);
        QCOMPARE(model()->at(1).tokens.at(3).begin, 3);
        QCOMPARE(model()->at(1).tokens.at(3).top.size(), 8);
    }

    void storedBeforeComputed() {
        load();
        bool storedFirst = false;
        connect(m_bench.get(), &Workbench::messageStored, this, [&] { storedFirst = m_script->submitted().empty(); });
        m_bench->send("first the disk");
        QTRY_COMPARE(lastState(), MessageState::Done);
        QVERIFY(storedFirst);
    }

    void sendWithoutModel() {
        QSignalSpy failed(m_bench.get(), &Workbench::sendFailed);
        m_bench->send("anyone there?");
        QCOMPARE(failed.size(), 1);
        QCOMPARE(failed.at(0).at(0).toString(), QString("anyone there?"));
        QVERIFY(!m_bench->sendBlockReason().isEmpty());
        QCOMPARE(model()->rowCount(), 0);
    }

    void stopKeepsWhatWasSaid() {
        load();
        slowEndless();
        m_bench->send("go on for ever");
        QTRY_VERIFY(model()->rowCount() == 2 && text(1).size() > 5);
        QVERIFY(m_bench->isRunning());
        QVERIFY(!m_bench->canSend());
        m_bench->stop();
        QTRY_COMPARE(lastState(), MessageState::Stopped);
        QVERIFY(!m_bench->isRunning());
        QVERIFY(text(1).size() > 5);
        QCOMPARE(model()->at(1).stats.stopReason, QString("cancelled"));
    }

    void stopAtOnce() {
        load();
        slowEndless();
        m_bench->send("stop before it begins");
        m_bench->stop();
        QTRY_COMPARE(lastState(), MessageState::Stopped);
    }

    void versions() {
        load();
        say("question", "first answer");
        m_script->setReply("second answer");
        m_bench->regenerate(model()->at(1).id);
        QTRY_COMPARE(lastState(), MessageState::Done);
        QCOMPARE(text(1), QString("second answer"));
        QCOMPARE(model()->at(1).version, 2);
        QCOMPARE(model()->at(1).versions, 2);
        say("follow-up", "third");
        QCOMPARE(model()->rowCount(), 4);
        m_bench->showVersion(model()->at(1).id, 1);
        QCOMPARE(model()->rowCount(), 2);
        QCOMPARE(text(1), QString("first answer"));
        m_bench->showVersion(model()->at(1).id, 2);
        QCOMPARE(model()->rowCount(), 4);  // the branch below comes back
        // Another version of the question.
        m_script->setReply("fourth");
        m_bench->editMessage(model()->at(0).id, "better question");
        QTRY_COMPARE(lastState(), MessageState::Done);
        QCOMPARE(text(0), QString("better question"));
        QCOMPARE(model()->at(0).versions, 2);
        QCOMPARE(model()->rowCount(), 2);
        // A reply edited by hand.
        m_bench->editMessage(model()->at(1).id, "what I would have said");
        QTRY_VERIFY(model()->at(1).id > 0 && model()->at(1).edited);
        QCOMPARE(text(1), QString("what I would have said"));
        say("next", "ok");
        QVERIFY(m_script->lastPrompt().find("[assistant]what I would have said\n") != std::string::npos);
        // And all of it after a restart.
        const ChatId chat = m_bench->currentChat();
        reopen();
        m_bench->openChat(chat);
        QTRY_COMPARE(model()->rowCount(), 4);
        QCOMPARE(text(1), QString("what I would have said"));
        m_bench->showVersion(model()->at(0).id, 1);
        QCOMPARE(text(0), QString("question"));
        QCOMPARE(model()->at(1).versions, 2);
    }

    void continuesWhereItEnded() {
        load();
        m_bench->setSetting("maxTokens", 5);
        say("count", "one two three");
        QCOMPARE(text(1), QString("one t"));
        QCOMPARE(model()->at(1).stats.stopReason, QString("length"));
        m_script->setReply("wo");
        m_bench->continueReply(model()->at(1).id);
        QTRY_COMPARE(text(1), QString("one two"));
        QTRY_COMPARE(lastState(), MessageState::Done);
        QVERIFY(m_script->lastPrompt().ends_with("[assistant]one t"));
        QCOMPARE(model()->at(1).stats.tokens, 7);
        QCOMPARE(model()->at(1).tokens.size(), 7);
        QCOMPARE(model()->at(1).versions, 1);
    }

    void forksAtToken() {
        load();
        say("say hello", "hello world");
        const MessageId reply = model()->at(1).id;
        m_script->setReply("-forked");
        m_bench->forkAtToken(reply, 4, 'B');
        QTRY_COMPARE(lastState(), MessageState::Done);
        QTRY_COMPARE(text(1), QString("hellB-forked"));
        QVERIFY(m_script->lastPrompt().ends_with("[assistant]hellB"));
        QCOMPARE(model()->at(1).versions, 2);
        QCOMPARE(model()->at(1).tokens.size(), 12);
        QCOMPARE(model()->at(1).tokens.at(4).text, QString("B"));
        // An end chosen as the alternative ends the reply.
        m_bench->forkAtToken(model()->at(1).id, 5, fake::ByteTokenizer::Eos);
        QTRY_COMPARE(text(1), QString("hellB"));
        QTRY_VERIFY(model()->at(1).id > 0);
        QCOMPARE(model()->at(1).state, MessageState::Done);
        QCOMPARE(model()->at(1).versions, 3);
        // Nonsense is refused.
        m_bench->forkAtToken(reply, 500, 'B');
        m_bench->forkAtToken(reply, 0, 9999);
        QTest::qWait(50);
        QCOMPARE(model()->at(1).versions, 3);
    }

    void failuresAreSaid() {
        load();
        m_script->failMidway = true;
        m_bench->send("fail, please");
        QTRY_COMPARE(lastState(), MessageState::Failed);
        QVERIFY(model()->at(1).error.contains("device failed"));
        QCOMPARE(text(1), QString("Hel"));
        m_script->failMidway = false;
        m_bench->regenerate(model()->at(1).id);
        QTRY_COMPARE(lastState(), MessageState::Done);
    }

    void contextTooSmall() {
        m_script->contextTokens = 60;
        load();
        m_bench->send(QString(200, 'x'));
        QTRY_VERIFY(model()->rowCount() == 3);
        QCOMPARE(model()->at(1).state, MessageState::Failed);
        QCOMPARE(model()->at(2).role, Role::Note);
        QVERIFY2(model()->at(2).text.contains("60"), qPrintable(model()->at(2).text));
        QVERIFY(model()->at(2).action.id.startsWith("set-context:"));
        QVERIFY(m_script->submitted().empty());  // nothing was cut, nothing was computed
        m_bench->runAction(model()->at(2).action.id);
        QTRY_VERIFY(m_bench->loadedModels().size() == 1 && m_bench->loadedModels().at(0).contextTokens >= 1024);
        m_bench->regenerate(model()->at(1).id);
        QTRY_COMPARE(model()->at(1).state, MessageState::Done);
    }

    void contextShiftIsTold() {
        load();
        m_script->shiftContext = true;
        say("hello", "hi there");
        QCOMPARE(model()->rowCount(), 2);  // nobody asked for it
        QVERIFY(!m_script->submitted().back().contextShift);
        m_bench->newChat();
        QCOMPARE(m_bench->setSetting("contextShift", true), QString());
        QCOMPARE(m_bench->setSetting("systemPrompt", "be brief"), QString());
        m_bench->send("go on");
        QTRY_VERIFY(model()->rowCount() == 3);
        QTRY_COMPARE(model()->at(1).state, MessageState::Done);
        QCOMPARE(model()->at(2).role, Role::Note);
        QVERIFY2(model()->at(2).text.contains("50"), qPrintable(model()->at(2).text));
        const engine::Request request = m_script->submitted().back();
        QVERIFY(request.contextShift);
        // "[system]be brief\n[", one token per byte; the next role differs.
        QCOMPARE(request.keepTokens, int64_t{18});
    }

    void brokenTemplate() {
        load();
        const LoadedId id = m_bench->currentModel();
        QVERIFY(m_bench->setTemplate(id, "{% for").contains("line"));
        QVERIFY(m_bench->setTemplate(id, "{{ raise_exception('never works') }}").isEmpty());
        m_bench->send("hi");
        QTRY_VERIFY(model()->rowCount() == 3);
        QCOMPARE(model()->at(1).state, MessageState::Failed);
        QVERIFY(model()->at(1).error.contains("never works"));
        m_bench->runAction(model()->at(2).action.id);  // the built-in one
        QCOMPARE(m_bench->templateInfo(id).origin, TemplateInfo::Custom);
        m_bench->regenerate(model()->at(1).id);
        QTRY_COMPARE(model()->at(1).state, MessageState::Done);
        QVERIFY(m_script->lastPrompt().find("<|im_start|>user") != std::string::npos);
    }

    void deleteAndUndo() {
        load();
        say("one", "1");
        say("two", "2");
        m_bench->deleteMessage(model()->at(2).id);
        QCOMPARE(model()->rowCount(), 2);
        QVERIFY(!m_bench->undoText().isEmpty());
        m_bench->undo();
        QTRY_COMPARE(model()->rowCount(), 4);
        const ChatId chat = m_bench->currentChat();
        m_bench->deleteChat(chat);
        QCOMPARE(m_bench->chats()->rowCount(), 0);
        QCOMPARE(m_bench->currentChat(), 0);
        QCOMPARE(model()->rowCount(), 0);
        m_bench->undo();
        QTRY_COMPARE(m_bench->chats()->rowCount(), 1);
        QTRY_COMPARE(m_bench->currentChat(), chat);
        QTRY_COMPARE(model()->rowCount(), 4);
    }

    void draftsSurviveACrash() {
        load();
        say("hello", "hi");
        m_bench->setDraft("half a thought");
        const ChatId chat = m_bench->currentChat();
        m_bench->newChat();
        m_bench->setDraft("something new");
        QTest::qWait(1000);
        m_store->flush();
        crash();
        QTRY_COMPARE(m_bench->draft(), QString("something new"));
        m_bench->openChat(chat);
        QTRY_COMPARE(m_bench->currentChat(), chat);
        QCOMPARE(m_bench->draft(), QString("half a thought"));
    }

    void streamingSurvivesACrash() {
        load();
        slowEndless();
        m_bench->send("talk");
        QTRY_VERIFY(model()->rowCount() == 2 && text(1).size() > 3);
        QTest::qWait(1100);
        const ChatId chat = m_bench->currentChat();
        const qsizetype shown = text(1).size();
        m_store->flush();
        crash();
        m_bench->openChat(chat);
        QTRY_COMPARE(model()->rowCount(), 2);
        QCOMPARE(model()->at(1).state, MessageState::Interrupted);
        QVERIFY2(text(1).size() > shown / 3, qPrintable(QString("%1 of %2").arg(text(1).size()).arg(shown)));
    }

    void twoChatsAtOnce() {
        load();
        slowEndless();
        m_bench->send("first");
        QTRY_VERIFY(m_bench->currentChat() > 0 && model()->rowCount() == 2 && text(1).size() > 2);
        const ChatId one = m_bench->currentChat();
        m_bench->newChat();
        QVERIFY(!m_bench->isRunning());
        QVERIFY(m_bench->isRunning(one));
        m_bench->send("second");
        QTRY_VERIFY(m_bench->currentChat() > 0 && model()->rowCount() == 2 && text(1).size() > 2);
        m_bench->openChat(one);
        QCOMPARE(m_bench->currentChat(), one);
        const qsizetype before = text(1).size();
        QTRY_VERIFY(text(1).size() > before + 3);  // it goes on, on the screen
        m_bench->stopAll();
        QTRY_VERIFY(!m_bench->hasRunningJobs());
        QCOMPARE(m_bench->chats()->rowCount(), 2);
    }

    void twoModels() {
        load();
        const LoadedId first = m_bench->currentModel();
        m_bench->loadModel(file("b.gguf"), true);
        QTRY_COMPARE(m_bench->loadedModels().size(), 2);
        QVERIFY(m_bench->currentModel() != first);
        m_bench->useModel(first);
        QCOMPARE(m_bench->currentModel(), first);
        m_bench->loadModel(file("c.gguf"));  // takes the place of the first
        QTRY_VERIFY(m_bench->loadedModels().size() == 2 && m_bench->model(first).id == 0);
        m_bench->unloadModel(m_bench->currentModel());
        QTRY_COMPARE(m_bench->loadedModels().size(), 1);
    }

    void failedLoadKeepsTheOther() {
        load();
        const LoadedId before = m_bench->currentModel();
        m_script->failLoad = true;
        QSignalSpy failed(m_bench.get(), &Workbench::modelLoadFailed);
        m_bench->loadModel(file("bad.gguf"));
        QTRY_COMPARE(failed.size(), 1);
        QCOMPARE(failed.at(0).at(1).toString(), QString("FileDamaged"));
        QVERIFY(m_bench->loadError().contains("stays in use"));
        QCOMPARE(m_bench->currentModel(), before);
        QCOMPARE(m_bench->jobs()->index(0).data(JobModel::StateRole).toInt(), int(JobState::Failed));
    }

    void cancelsALoad() {
        m_script->loadMilliseconds = 5000;
        m_bench->loadModel(file("slow.gguf"));
        QVERIFY(!m_bench->loadingModel().isEmpty());
        QTest::qWait(30);
        m_bench->cancelJob(m_bench->jobs()->index(0).data(JobModel::IdRole).value<JobId>());
        QTRY_VERIFY(m_bench->loadingModel().isEmpty());
        QCOMPARE(m_bench->jobs()->index(0).data(JobModel::StateRole).toInt(), int(JobState::Cancelled));
        m_bench->dismissJob(m_bench->jobs()->index(0).data(JobModel::IdRole).value<JobId>());
        QCOMPARE(m_bench->jobs()->rowCount(), 0);
    }

    void stopsEverything() {  // replies and jobs alike
        m_script->loadMilliseconds = 60'000;
        m_bench->loadModel(file("slow.gguf"));
        QTRY_VERIFY(m_bench->hasRunningJobs());
        m_bench->stopAll();
        QTRY_VERIFY(!m_bench->hasRunningJobs());
        QCOMPARE(m_bench->jobs()->index(0).data(JobModel::StateRole).toInt(), int(JobState::Cancelled));
    }

    void fullDisk() {
        load();
        m_store->flush();
        {
            const FullDisk full;
            m_bench->send("words that must not be lost");
            QTRY_COMPARE(lastState(), MessageState::Done);  // the conversation goes on
        }
        QCOMPARE(model()->at(0).state, MessageState::NotSaved);
        QCOMPARE(text(0), QString("words that must not be lost"));
        QVERIFY(!m_bench->banners().isEmpty());
        QVERIFY(m_bench->currentChat() < 0);
        m_bench->runAction(m_bench->banners().first().action.id);
        QTRY_VERIFY(m_bench->currentChat() > 0);
        QVERIFY(m_bench->banners().isEmpty());
        QCOMPARE(model()->at(0).state, MessageState::Done);
        const ChatId chat = m_bench->currentChat();
        say("and on", "yes");
        reopen();
        m_bench->openChat(chat);
        QTRY_COMPARE(model()->rowCount(), 4);
        QCOMPARE(text(0), QString("words that must not be lost"));
    }

    // Whatever is asked for meanwhile: words that the disk refused are stored once, and the banner stays until they
    // are.
    void wordsAreSavedOnce() {
        load();
        m_store->flush();
        {
            const FullDisk full;
            m_bench->send("refused");
            QTRY_COMPARE(lastState(), MessageState::Done);
        }
        m_bench->newChat();
        say("stored", "yes");
        QVERIFY(!m_bench->banners().isEmpty());
        for (int click = 0; click < 3; ++click)
            m_bench->runAction("retry-save");
        QTRY_VERIFY(m_bench->banners().isEmpty());
        reopen();
        QTRY_COMPARE(m_bench->chats()->rowCount(), 2);
        for (int row = 0; row < 2; ++row) {
            m_bench->openChat(m_bench->chats()->idAt(row));
            QTRY_COMPARE(m_bench->currentChat(), m_bench->chats()->idAt(row));
            QCOMPARE(model()->rowCount(), 2);
        }
    }

    void replyOfRefusedWordsIsSaved() {
        load();
        slowEndless();
        m_store->flush();
        {
            const FullDisk full;
            m_bench->send("refused");
            QTRY_VERIFY(model()->rowCount() == 2 && text(1).size() > 3);
        }
        m_bench->runAction("retry-save");  // while the reply is written
        QTRY_VERIFY(m_bench->currentChat() > 0);
        m_bench->stop();
        QTRY_COMPARE(lastState(), MessageState::Stopped);
        QTRY_VERIFY(model()->at(1).id > 0);
        const ChatId chat = m_bench->currentChat();
        const QString said = text(1);
        reopen();
        m_bench->openChat(chat);
        QTRY_COMPARE(model()->rowCount(), 2);
        QCOMPARE(text(1), said);
    }

    void closingSavesWhatWasRefused() {
        load();
        m_store->flush();
        {
            const FullDisk full;
            m_bench->send("refused");
            QTRY_COMPARE(lastState(), MessageState::Done);
        }
        QSignalSpy ready(m_bench.get(), &Workbench::readyToQuit);
        m_bench->shutDown();
        QTRY_COMPARE_WITH_TIMEOUT(ready.size(), 1, 3000);
        reopen();
        QTRY_COMPARE(m_bench->chats()->rowCount(), 1);
    }

    void undoKeepsUnsavedWords() {
        load();
        say("one", "1");
        say("two", "2");
        m_bench->deleteMessage(model()->at(2).id);
        m_store->flush();
        {
            const FullDisk full;
            m_bench->send("refused");
            QTRY_COMPARE(lastState(), MessageState::Done);
        }
        m_bench->undo();
        QTest::qWait(100);
        QCOMPARE(text(2), QString("refused"));
    }

    void deletedChatStaysAway() {
        load();
        slowEndless();
        m_bench->send("delete me");
        QTRY_VERIFY(m_bench->currentChat() > 0 && model()->rowCount() == 2 && text(1).size() > 3);
        const ChatId chat = m_bench->currentChat();
        m_bench->deleteChat(chat);
        QTRY_VERIFY(!m_bench->hasRunningJobs());
        QTest::qWait(50);
        QCOMPARE(m_bench->chats()->rowCount(), 0);
        m_bench->undo();
        QTRY_COMPARE(m_bench->currentChat(), chat);
        QCOMPARE(m_bench->chats()->rowCount(), 1);
        QCOMPARE(lastState(), MessageState::Stopped);
    }

    void deletedWordsThatWereRefusedStayAway() {
        load();
        slowEndless();
        m_store->flush();
        {
            const FullDisk full;
            m_bench->send("delete me");
            QTRY_VERIFY(model()->rowCount() == 2 && text(1).size() > 3);
        }
        QVERIFY(m_bench->currentChat() < 0);
        m_bench->deleteChat(m_bench->currentChat());
        QTRY_VERIFY(!m_bench->hasRunningJobs());
        QSignalSpy ready(m_bench.get(), &Workbench::readyToQuit);
        m_bench->shutDown();
        QTRY_COMPARE_WITH_TIMEOUT(ready.size(), 1, 3000);
        reopen();
        QCOMPARE(m_bench->chats()->rowCount(), 0);
    }

    void deletedBeforeItIsStored() {
        load();
        say("question", "answer");
        m_bench->editMessage(model()->at(1).id, "edited");
        m_bench->deleteMessage(model()->at(1).id);
        QTRY_VERIFY(model()->at(1).id > 0);
        QCOMPARE(text(1), QString("edited"));
        m_bench->send("at once");
        QTRY_COMPARE(lastState(), MessageState::Done);
        QVERIFY(m_bench->banners().isEmpty());
    }

    // A model that is loaded before the store is open must not replace what the store knows of it.
    void ownTemplateOutlivesAnEarlyLoad() {
        load();
        QVERIFY(m_bench->setTemplate(m_bench->currentModel(), "mine: {{ messages[0].content }}").isEmpty());
        close();
        auto alone = StoreLock::open(m_dir->filePath("tessera.db-lock").toStdString());
        QVERIFY(alone && *(*alone)->enter(1000));
        make();
        m_bench->start();
        QSignalSpy loaded(m_bench.get(), &Workbench::modelLoaded), started(m_bench.get(), &Workbench::started);
        m_bench->loadModel(file("a.gguf"));
        QTRY_COMPARE(loaded.size(), 1);
        alone->reset();
        QTRY_COMPARE(started.size(), 1);
        QTRY_COMPARE(m_bench->templateInfo(m_bench->currentModel()).origin, TemplateInfo::Custom);
        reopen();
        load();
        QTRY_COMPARE(m_bench->templateInfo(m_bench->currentModel()).source, QString("mine: {{ messages[0].content }}"));
    }

    void unreadableSettingsAreSaid() {
        load();
        say("hello", "hi");
        const ChatId chat = m_bench->currentChat();
        close();
        {
            auto store = Store::open(m_dir->filePath("tessera.db").toStdString());
            StoredChat record = (*store)->conversation(chat)->chat;
            record.settingsJson = R"({"systemPrompt":"Be brief.","temperature":99})";
            QVERIFY((*store)->updateChat(record));
        }
        open();
        m_bench->openChat(chat);
        QTRY_COMPARE(model()->rowCount(), 3);
        QCOMPARE(model()->at(0).role, Role::Note);
        QVERIFY2(text(0).contains("99"), qPrintable(text(0)));
    }

    void searchFindsAndReveals() {
        load();
        say("where do giraffes live", "in Africa");
        const ChatId chat = m_bench->currentChat();
        m_bench->newChat();
        QSignalSpy finished(m_bench.get(), &Workbench::searchFinished);
        m_bench->search("gira");
        QTRY_COMPARE(finished.size(), 1);
        QCOMPARE(m_bench->searchResults()->rowCount(), 1);
        const SearchHit hit = m_bench->searchResults()->at(0);
        QCOMPARE(hit.chat, chat);
        QCOMPARE(hit.snippet.mid(hit.marks.at(0).first, hit.marks.at(0).second), QString("giraffes"));
        QSignalSpy reveal(m_bench.get(), &Workbench::revealMessage);
        m_bench->openChat(hit.chat, hit.message);
        QTRY_COMPARE(reveal.size(), 1);
        QCOMPARE(m_bench->messages()->find("LIVE").size(), 1);
    }

    void listActions() {
        load();
        say("a chat", "ok");
        const ChatId chat = m_bench->currentChat();
        m_bench->renameChat(chat, "  My title ");
        QCOMPARE(m_bench->chats()->index(0).data().toString(), QString("My title"));
        m_bench->setChatPinned(chat, true);
        QCOMPARE(m_bench->chats()->index(0).data(ChatListModel::SectionRole).toString(), QString("Pinned"));
        m_bench->setChatPinned(chat, false);
        m_bench->createFolder("Work", chat);
        QTRY_COMPARE(m_bench->folders().size(), 1);
        QTRY_COMPARE(m_bench->chats()->index(0).data(ChatListModel::SectionRole).toString(), QString("Work"));
        m_bench->duplicateChat(chat);
        QTRY_COMPARE(m_bench->chats()->rowCount(), 2);
        QTRY_VERIFY(m_bench->currentChat() != chat);
        m_bench->deleteFolder(m_bench->folders().first().id);
        QTRY_VERIFY(m_bench->folders().isEmpty());
        QTRY_COMPARE(m_bench->chats()->index(0).data(ChatListModel::SectionRole).toString(), QString("Today"));
    }

    void exportsAndImports() {
        load();
        say("export me", "done");
        QSignalSpy exported(m_bench.get(), &Workbench::exportFinished),
            imported(m_bench.get(), &Workbench::importFinished);
        const QString path = m_dir->filePath("chat.json");
        m_bench->exportChat(m_bench->currentChat(), path, ExportFormat::Json);
        QTRY_COMPARE(exported.size(), 1);
        QCOMPARE(exported.at(0).at(1).toString(), QString());
        m_bench->importChats(path);
        QTRY_COMPARE(imported.size(), 1);
        QTRY_COMPARE(m_bench->chats()->rowCount(), 2);
        m_bench->importChats(m_dir->filePath("nothing.json"));
        QTRY_COMPARE(imported.size(), 2);
        QVERIFY(!imported.at(1).at(2).toString().isEmpty());
    }

    void settingsBelongToTheChat() {
        load();
        QVERIFY(m_bench->setSetting("temperature", 0.1).isEmpty());
        QVERIFY(m_bench->setSetting("temperature", 99).contains("0"));
        QVERIFY(!m_bench->setSetting("nonsense", 1).isEmpty());
        QVERIFY(!m_bench->isDefault("temperature"));
        m_bench->setSetting("systemPrompt", "Be brief.");
        m_bench->setSetting("randomSeed", false);
        m_bench->setSetting("seed", 7);
        say("hi", "ok");
        QVERIFY(m_script->lastPrompt().starts_with("[system]Be brief.\n[user]hi"));
        QCOMPARE(m_script->submitted().back().sampling.temperature, 0.1f);
        QCOMPARE(m_script->submitted().back().sampling.seed, uint64_t{7});
        const ChatId chat = m_bench->currentChat();
        QTest::qWait(500);
        reopen();
        QVERIFY(m_bench->isDefault("temperature"));
        m_bench->openChat(chat);
        QTRY_COMPARE(m_bench->currentChat(), chat);
        QCOMPARE(m_bench->setting("temperature").toDouble(), 0.1);
        m_bench->resetSetting("temperature");
        QVERIFY(m_bench->isDefault("temperature"));
        m_bench->applyPreset("Creative");
        QCOMPARE(m_bench->presetName(), QString("Creative"));
        QCOMPARE(m_bench->setting("systemPrompt").toString(), QString("Be brief."));
        m_bench->savePreset("Mine");
        QCOMPARE(m_bench->presets().last().name, QString("Mine"));
        m_bench->removePreset("Mine");
        QVERIFY(m_bench->presets().last().name != "Mine");
    }

    void contextIsCountedExactly() {
        load();
        m_bench->setDraft("four");
        QTRY_VERIFY(m_bench->contextUse().exact);
        QCOMPARE(m_bench->contextUse().tokens, qint64(QByteArray("[user]four\n[assistant]").size()));
        QCOMPARE(m_bench->contextUse().draftTokens, 4);
        QCOMPARE(m_bench->contextUse().limit, 2048);
    }

    void libraryTellsReasons() {
        QVERIFY(QDir().mkpath(m_dir->filePath("models/deep")));
        write("models/page.gguf", "<!DOCTYPE html><html>");
        write("models/deep/empty.gguf", "");
        write("models/readme.txt", "no model");
        QSignalSpy scanned(m_bench.get(), &Workbench::libraryScanned);
        m_bench->rescanLibrary();
        QTRY_VERIFY(!scanned.isEmpty());
        QTRY_COMPARE(m_bench->library()->rowCount(), 2);
        for (int i = 0; i < 2; ++i)
            QVERIFY(!m_bench->library()->at(i).problem.isEmpty());
        QSignalSpy details(m_bench.get(), &Workbench::detailsReady);
        m_bench->requestDetails(m_bench->library()->at(0).path);
        QTRY_COMPARE(details.size(), 1);
        QVERIFY(!details.at(0).at(0).value<ModelDetails>().problem.isEmpty());
    }

    void shutsDownInOrder() {
        load();
        slowEndless();
        m_bench->send("never ends");
        QTRY_VERIFY(model()->rowCount() == 2 && text(1).size() > 3);
        QSignalSpy ready(m_bench.get(), &Workbench::readyToQuit);
        m_bench->shutDown();
        QTRY_COMPARE_WITH_TIMEOUT(ready.size(), 1, 3000);
        QCOMPARE(lastState(), MessageState::Stopped);
        const ChatId chat = m_bench->currentChat();
        reopen();
        m_bench->openChat(chat);
        QTRY_COMPARE(model()->rowCount(), 2);
        QCOMPARE(model()->at(1).state, MessageState::Stopped);
    }

  private:
    MessageModel* model() const { return m_bench->messages(); }
    QString text(int row) const { return model()->at(row).text; }
    MessageState lastState() const {
        for (int i = model()->rowCount() - 1; i >= 0; --i)
            if (model()->at(i).role == Role::Assistant)
                return m_bench->isRunning() ? MessageState::Streaming : model()->at(i).state;
        return MessageState::Saving;
    }
    QString file(const QString& name) const { return m_dir->filePath(name); }
    void write(const QString& name, const QByteArray& bytes) {
        QFile f(m_dir->filePath(name));
        QVERIFY(f.open(QIODevice::WriteOnly));
        f.write(bytes);
    }
    void load() {
        QSignalSpy loaded(m_bench.get(), &Workbench::modelLoaded);
        m_bench->loadModel(file("a.gguf"));
        QTRY_COMPARE(loaded.size(), 1);
        QTRY_VERIFY(m_bench->canSend());
    }
    void say(const QString& said, const std::string& answer) {
        m_script->setReply(answer);
        const int rows = model()->rowCount();
        m_bench->send(said);
        QTRY_COMPARE(model()->rowCount(), rows + 2);
        QTRY_VERIFY(!m_bench->isRunning());
    }
    void slowEndless() {
        m_script->stepMilliseconds = 5;
        m_script->setReply(std::string(100'000, 'w'));
    }

    void open() {
        make();
        QSignalSpy started(m_bench.get(), &Workbench::started);
        m_bench->start();
        QTRY_COMPARE(started.size(), 1);
    }
    void make() {
        Profile profile;
        profile.home = m_dir->path().toStdString();
        profile.store = profile.home + "/tessera.db";
        profile.settings = profile.home + "/settings.ini";
        profile.models = profile.home + "/models";
        m_settings = std::make_unique<Settings>(QString::fromStdString(profile.settings));
        m_settings->setLoadLastModelAtStart(false);
        m_store = std::make_unique<StoreQueue>(profile.store);
        m_engine = std::make_unique<EngineRunner>(fake::maker(m_script));
        m_bench = std::make_unique<Workbench>(profile, *m_settings, *m_store, *m_engine);
        for (QAbstractItemModel* m :
             std::initializer_list<QAbstractItemModel*>{m_bench->chats(), m_bench->messages(), m_bench->library(),
                                                        m_bench->jobs(), m_bench->vitals(), m_bench->searchResults()})
            new QAbstractItemModelTester(m, QAbstractItemModelTester::FailureReportingMode::QtTest, m);
    }
    void close() {
        m_bench.reset();
        m_engine.reset();
        m_store.reset();
        m_settings.reset();
    }
    void reopen() {
        close();
        m_script->stepMilliseconds = 0;
        open();
    }
    // The files as they are at this moment, in another place: what a kill leaves behind.
    void crash() {
        auto copy = std::make_unique<QTemporaryDir>();
        for (const char* name : {"tessera.db", "tessera.db-wal"})
            QFile::copy(m_dir->filePath(name), copy->filePath(name));
        close();
        m_dir = std::move(copy);
        m_script->stepMilliseconds = 0;
        open();
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::shared_ptr<fake::Script> m_script;
    std::unique_ptr<Settings> m_settings;
    std::unique_ptr<StoreQueue> m_store;
    std::unique_ptr<EngineRunner> m_engine;
    std::unique_ptr<Workbench> m_bench;
};

QTEST_GUILESS_MAIN(TstWorkbench)
#include "tst_workbench.moc"
