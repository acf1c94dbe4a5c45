// The chat as a person uses it, on a real workbench with a tiny model: composer keys, sending, versions, deleting and
// undo, the list of chats with rename, pin, search, and the pages of an empty chat.
#include <QClipboard>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMimeData>
#include <QPushButton>
#include <QStackedWidget>

#include "tests/ui/desk.h"
#include "ui/panels/chat_list_panel.h"
#include "ui/panels/chat_panel.h"
#include "ui/widgets/composer.h"
#include "ui/widgets/conversation_view.h"
#include "ui/widgets/find_bar.h"
#include "ui/widgets/link_dialog.h"
#include "ui/widgets/start_page.h"

using namespace ui;

class TstChatPanel : public QObject {
    Q_OBJECT
  private slots:
    void composerKeys();
    void composerRefusesPictures();
    void composerTakesWordsOfHtml();
    void composerGrowsToItsLimit();
    void composerTurnsIntoStop();
    void composerKeepsTheDraftWhileEditing();
    void editStaysWhileItCannotBeSaved();
    void draftSurvivesPromptsAndEdits();
    void hintFollowsTheCount();
    void contextInWords();
    void linkWarnings_data();
    void linkWarnings();
    void startPages();
    void chatsFromPromptToUndo();
    void listRenamesPinsAndSearches();
    void doubleClickRenames();
};

void TstChatPanel::composerKeys() {
    test::Desk desk;
    Composer composer(desk.theme);
    composer.show();
    QSignalSpy sent(&composer, &Composer::sendRequested), stopped(&composer, &Composer::stopRequested);
    QSignalSpy last(&composer, &Composer::editLastRequested);
    QTest::keyClick(&composer.edit(), Qt::Key_Return);
    QCOMPARE(sent.size(), 0);  // nothing to send
    QTest::keyClick(&composer.edit(), Qt::Key_Up);
    QCOMPARE(last.size(), 1);
    QTest::keyClicks(&composer.edit(), QStringLiteral("one"));
    QTest::keyClick(&composer.edit(), Qt::Key_Return, Qt::ShiftModifier);
    QTest::keyClicks(&composer.edit(), QStringLiteral("two"));
    QCOMPARE(composer.text(), QStringLiteral("one\ntwo"));
    QTest::keyClick(&composer.edit(), Qt::Key_Escape);
    QCOMPARE(stopped.size(), 1);
    QTest::keyClick(&composer.edit(), Qt::Key_Return);
    QCOMPARE(sent.size(), 1);
    QCOMPARE(sent[0][0].toString(), QStringLiteral("one\ntwo"));
    composer.setBlocked(QStringLiteral("Load a model first"));
    QTest::keyClick(&composer.edit(), Qt::Key_Return);
    QCOMPARE(sent.size(), 1);  // the text stays, the reason is said
    QCOMPARE(composer.text(), QStringLiteral("one\ntwo"));
    composer.setBlocked({});
    composer.edit().setSendWithEnter(false);
    QTest::keyClick(&composer.edit(), Qt::Key_Return);
    QCOMPARE(sent.size(), 1);
    QTest::keyClick(&composer.edit(), Qt::Key_Return, Qt::ControlModifier);
    QCOMPARE(sent.size(), 2);
}

void TstChatPanel::composerRefusesPictures() {
    test::Desk desk;
    Composer composer(desk.theme);
    composer.show();
    QSignalSpy refused(&composer.edit(), &ComposerEdit::pictureRefused);
    QGuiApplication::clipboard()->setImage(QImage(8, 8, QImage::Format_RGB32));
    composer.edit().paste();
    QCOMPARE(refused.size(), 1);
    QVERIFY(composer.text().isEmpty());
    auto* file = new QMimeData;  // also as a file: its address is not what was meant
    file->setUrls({QUrl::fromLocalFile(QStringLiteral("/tmp/holiday.JPG"))});
    QGuiApplication::clipboard()->setMimeData(file);
    composer.edit().paste();
    QCOMPARE(refused.size(), 2);
    QVERIFY(composer.text().isEmpty());
    const auto labels = composer.findChildren<QLabel*>();
    QVERIFY(std::any_of(labels.begin(), labels.end(),
                        [](QLabel* l) { return l->isVisible() && l->text().contains(QLatin1String("Pictures")); }));
}

void TstChatPanel::composerTakesWordsOfHtml() {
    test::Desk desk;
    Composer composer(desk.theme);
    auto* data = new QMimeData;
    data->setHtml(QStringLiteral("<b>bold</b> <img src='file:///etc/passwd'>"));
    data->setText(QStringLiteral("bold"));
    QGuiApplication::clipboard()->setMimeData(data);
    composer.edit().paste();
    QCOMPARE(composer.text(), QStringLiteral("bold"));
}

void TstChatPanel::composerGrowsToItsLimit() {
    test::Desk desk;
    Composer composer(desk.theme);
    composer.resize(600, 100);
    composer.setMaxHeight(260);
    composer.show();
    const int one = composer.edit().height();
    composer.setText(QStringLiteral("a\nb\nc\nd"));
    QTRY_VERIFY(composer.edit().height() > 2 * one);
    composer.setText(QStringLiteral("line\n").repeated(200));
    QTest::qWait(10);
    QVERIFY(composer.sizeHint().height() <= 270);
}

void TstChatPanel::composerTurnsIntoStop() {
    test::Desk desk;
    Composer composer(desk.theme);
    composer.show();
    QSignalSpy sent(&composer, &Composer::sendRequested), stopped(&composer, &Composer::stopRequested);
    QVERIFY(!composer.sendButton().isEnabled());
    composer.setText(QStringLiteral("text"));
    composer.setRunning(false);
    QVERIFY(composer.sendButton().isEnabled());
    composer.sendButton().click();
    QCOMPARE(sent.size(), 1);
    composer.setRunning(true);
    QVERIFY(composer.sendButton().text().contains(QLatin1String("Stop")));
    composer.sendButton().click();
    QCOMPARE(stopped.size(), 1);
    QTest::keyClick(&composer.edit(), Qt::Key_Return);  // not lost, not sent
    QCOMPARE(sent.size(), 1);
    QCOMPARE(composer.text(), QStringLiteral("text"));
}

void TstChatPanel::composerKeepsTheDraftWhileEditing() {
    test::Desk desk;
    Composer composer(desk.theme);
    composer.show();
    QSignalSpy drafts(&composer, &Composer::textChanged), edited(&composer, &Composer::editRequested);
    composer.setText(QStringLiteral("my draft"));
    QCOMPARE(drafts.size(), 0);  // put in, not typed
    composer.beginEdit(7, QStringLiteral("old"), QStringLiteral("Editing"));
    QCOMPARE(composer.text(), QStringLiteral("old"));
    QTest::keyClicks(&composer.edit(), QStringLiteral("er"));
    QTest::keyClick(&composer.edit(), Qt::Key_Return);
    QCOMPARE(edited.size(), 1);
    QCOMPARE(edited[0][0].toLongLong(), 7);
    QCOMPARE(edited[0][1].toString(), QStringLiteral("older"));
    QCOMPARE(composer.text(), QStringLiteral("my draft"));
    composer.beginEdit(7, QStringLiteral("old"), QStringLiteral("Editing"));
    QTest::keyClick(&composer.edit(), Qt::Key_Escape);
    QCOMPARE(composer.text(), QStringLiteral("my draft"));
    QCOMPARE(edited.size(), 1);
    QCOMPARE(drafts.size(), 0);
}

void TstChatPanel::editStaysWhileItCannotBeSaved() {
    test::Desk desk;
    Composer composer(desk.theme);
    composer.show();
    QSignalSpy edited(&composer, &Composer::editRequested);
    composer.setText(QStringLiteral("my draft"));
    composer.setBlocked(QStringLiteral("Load a model first"));
    composer.beginEdit(7, QStringLiteral("a changed question"), QStringLiteral("Editing"));
    QTest::keyClick(&composer.edit(), Qt::Key_Return);
    QCOMPARE(edited.size(), 0);
    QCOMPARE(composer.text(), QStringLiteral("a changed question"));
    composer.setBlocked({});
    composer.setRunning(true);
    QTest::keyClick(&composer.edit(), Qt::Key_Return);
    QCOMPARE(edited.size(), 0);
    QCOMPARE(composer.text(), QStringLiteral("a changed question"));
    composer.setRunning(false);
    QTest::keyClick(&composer.edit(), Qt::Key_Return);
    QCOMPARE(edited.size(), 1);
}

// An example prompt or an edit is said beside the draft, not instead of it.
void TstChatPanel::draftSurvivesPromptsAndEdits() {
    test::Desk desk;
    ChatPanel panel(desk.workbench, desk.theme);
    panel.resize(900, 700);
    panel.show();
    QVERIFY(desk.start());
    QVERIFY(desk.workbench.setSetting(QStringLiteral("maxTokens"), 4).isEmpty());
    QTRY_COMPARE(panel.startPage().cards().size(), 3);
    QTest::keyClicks(&panel.composer().edit(), QStringLiteral("half a thought"));
    panel.startPage().cards().front()->click();
    auto* messages = desk.workbench.messages();
    QTRY_VERIFY_WITH_TIMEOUT(messages->rowCount() >= 2 && !desk.workbench.isRunning(), 20000);
    QCOMPARE(panel.composer().text(), QStringLiteral("half a thought"));
    QCOMPARE(desk.workbench.draft(), QStringLiteral("half a thought"));
    emit panel.conversation().actionTriggered(0, MessageAction::Edit);
    QTest::keyClicks(&panel.composer().edit(), QStringLiteral(" more"));
    QTest::keyClick(&panel.composer().edit(), Qt::Key_Return);
    QTRY_VERIFY_WITH_TIMEOUT(messages->rowCount() >= 2 && messages->at(0).versions == 2 && !desk.workbench.isRunning(),
                             20000);
    QCOMPARE(panel.composer().text(), QStringLiteral("half a thought"));
    QCOMPARE(desk.workbench.draft(), QStringLiteral("half a thought"));
}

// Why the context cannot be counted stays while it is so, and goes with it.
void TstChatPanel::hintFollowsTheCount() {
    test::Desk desk;
    Composer composer(desk.theme);
    composer.show();
    app::ContextUse use;
    use.limit = 8192;
    use.problem = QStringLiteral("template line 3, column 14: unknown filter");
    const auto shown = [&composer, &use] {
        const auto labels = composer.findChildren<QLabel*>();
        return std::any_of(labels.begin(), labels.end(), [&use](QLabel* l) {
            return l->isVisible() && l->text().contains(QLatin1String("column 14"));
        });
    };
    composer.setContextUse(use);
    QVERIFY(shown());
    QTest::keyClicks(&composer.edit(), QStringLiteral("a"));
    QVERIFY(shown());
    use.problem.clear();
    composer.setContextUse(use);
    QVERIFY(!shown());
}

void TstChatPanel::contextInWords() {
    app::ContextUse use;
    QCOMPARE(Composer::contextText(use), QString());
    use.limit = 8192;
    use.tokens = 274;
    use.exact = true;
    QVERIFY(Composer::contextText(use).contains(QLatin1String("274")));
    use.tokens = 9000;
    QVERIFY(Composer::contextText(use).contains(QLatin1String("808")));
    use.problem = QStringLiteral("template line 3");
    QVERIFY(!Composer::contextText(use).contains(QLatin1String("9")));
}

void TstChatPanel::linkWarnings_data() {
    QTest::addColumn<QString>("url");
    QTest::addColumn<bool>("warns");
    QTest::newRow("plain") << QStringLiteral("https://example.org/a") << false;
    QTest::newRow("mail") << QStringLiteral("mailto:a@b.org") << false;
    QTest::newRow("other alphabet") << QStringLiteral("https://xn--pple-43d.com") << true;
    QTest::newRow("user before host") << QStringLiteral("https://bank.com@evil.example/") << true;
    QTest::newRow("number") << QStringLiteral("http://10.0.0.1/x") << true;
    QTest::newRow("much data") << QStringLiteral("https://x.org/?q=") + QString(300, QLatin1Char('a')) << true;
}

void TstChatPanel::linkWarnings() {
    QFETCH(QString, url);
    QFETCH(bool, warns);
    QCOMPARE(!LinkDialog::warningFor(url).isEmpty(), warns);
}

void TstChatPanel::startPages() {
    test::Desk desk;
    ChatPanel panel(desk.workbench, desk.theme);
    panel.resize(900, 700);
    panel.show();
    QVERIFY(panel.startPage().isVisible());
    QVERIFY(panel.startPage().cards().isEmpty());
    QVERIFY(desk.start());
    QTRY_COMPARE(panel.startPage().cards().size(), 3);
    panel.resize(420, 700);
    QVERIFY(panel.startPage().isVisible());
}

void TstChatPanel::chatsFromPromptToUndo() {
    test::Desk desk;
    ChatPanel panel(desk.workbench, desk.theme);
    panel.resize(900, 700);
    panel.show();
    QVERIFY(desk.start());
    QVERIFY(desk.workbench.setSetting(QStringLiteral("maxTokens"), 12).isEmpty());
    QTRY_COMPARE(panel.startPage().cards().size(), 3);
    panel.startPage().cards().front()->click();
    auto* messages = desk.workbench.messages();
    QTRY_VERIFY_WITH_TIMEOUT(messages->rowCount() >= 2 && !desk.workbench.isRunning(), 20000);
    QVERIFY(panel.conversation().isVisible());
    QTRY_VERIFY(!panel.conversation().messageRect(1).isNull());
    // A second turn by the keyboard.
    QTest::keyClicks(&panel.composer().edit(), QStringLiteral("again"));
    QTest::keyClick(&panel.composer().edit(), Qt::Key_Return);
    QTRY_VERIFY_WITH_TIMEOUT(messages->rowCount() >= 4 && !desk.workbench.isRunning(), 20000);
    QVERIFY(panel.composer().text().isEmpty());
    const int reply = messages->rowCount() - 1;
    emit panel.conversation().actionTriggered(reply, MessageAction::Regenerate);
    QTRY_VERIFY_WITH_TIMEOUT(
        messages->rowCount() > reply && messages->at(reply).versions == 2 && !desk.workbench.isRunning(), 20000);
    emit panel.conversation().actionTriggered(reply, MessageAction::PreviousVersion);
    QTRY_COMPARE(messages->at(reply).version, 1);
    emit panel.conversation().actionTriggered(reply, MessageAction::Copy);
    QCOMPARE(QGuiApplication::clipboard()->text(), messages->at(reply).text);
    emit panel.conversation().actionTriggered(reply, MessageAction::Tokens);
    QTRY_VERIFY(!messages->at(reply).tokens.isEmpty());
    QTRY_VERIFY(!panel.conversation().tokenRect(reply, 0).isNull());
    emit panel.conversation().actionTriggered(2, MessageAction::Edit);
    QCOMPARE(panel.composer().text(), QStringLiteral("again"));
    panel.composer().endEdit();
    emit panel.conversation().actionTriggered(2, MessageAction::Delete);
    QTRY_COMPARE(messages->rowCount(), 2);
    QVERIFY(!desk.workbench.undoText().isEmpty());
    desk.workbench.undo();
    QTRY_COMPARE(messages->rowCount(), 4);
    // Find opens, counts and closes.
    panel.findBar().open();
    QVERIFY(panel.findBar().isVisible());
    panel.findBar().field().setText(QStringLiteral("again"));
    QTRY_COMPARE(panel.conversation().findState().count, 1);
    QTest::keyClick(&panel.findBar().field(), Qt::Key_Escape);
    QVERIFY(!panel.findBar().isVisible());
    QCOMPARE(panel.conversation().findState().count, 0);
}

void TstChatPanel::listRenamesPinsAndSearches() {
    test::Desk desk;
    ChatListPanel panel(desk.workbench, desk.theme);
    panel.resize(260, 600);
    panel.show();
    QVERIFY(desk.start());
    QVERIFY(desk.workbench.setSetting(QStringLiteral("maxTokens"), 4).isEmpty());
    auto* chats = desk.workbench.chats();
    for (const char* text : {"alpha zebra question", "beta question"}) {
        desk.workbench.newChat();
        desk.workbench.send(QLatin1String(text));
        QTRY_VERIFY_WITH_TIMEOUT(!desk.workbench.isRunning() && desk.workbench.currentChat() != 0, 20000);
    }
    QTRY_COMPARE(chats->rowCount(), 2);
    panel.startRename(chats->index(0));
    QVERIFY(panel.renameField());
    panel.renameField()->setText(QStringLiteral("A better title"));
    QTest::keyClick(panel.renameField(), Qt::Key_Return);
    QTRY_COMPARE(chats->data(chats->index(0), app::ChatListModel::TitleRole).toString(),
                 QStringLiteral("A better title"));
    panel.startRename(chats->index(0));
    panel.renameField()->setText(QStringLiteral("not this"));
    QTest::keyClick(panel.renameField(), Qt::Key_Escape);
    QVERIFY(!panel.renameField());
    QCOMPARE(chats->data(chats->index(0), app::ChatListModel::TitleRole).toString(), QStringLiteral("A better title"));
    const app::ChatId older = chats->idAt(1);
    panel.list().setCurrentIndex(chats->index(1));
    QTest::keyClick(&panel.list(), Qt::Key_P, Qt::ControlModifier);
    QTRY_COMPARE(chats->idAt(0), older);
    QVERIFY(ChatDelegate::opensSection(chats->index(0)) && ChatDelegate::opensSection(chats->index(1)));
    panel.list().setCurrentIndex(chats->index(0));
    QTest::keyClick(&panel.list(), Qt::Key_Return);
    QTRY_COMPARE(desk.workbench.currentChat(), older);
    panel.searchField().setText(QStringLiteral("zebra"));
    QTRY_VERIFY(panel.hits().model()->rowCount() >= 1);
    QVERIFY(panel.hits().isVisible());
    QVERIFY(!panel.grab().isNull());
    QTest::keyClick(&panel.searchField(), Qt::Key_Escape);
    QVERIFY(panel.list().isVisible());
    panel.list().setCurrentIndex(chats->index(1));
    QTest::keyClick(&panel.list(), Qt::Key_Delete);
    QTRY_COMPARE(chats->rowCount(), 1);
    desk.workbench.undo();
    QTRY_COMPARE(chats->rowCount(), 2);
}

// The first click opens the chat, which takes the focus to the composer; the second one renames.
void TstChatPanel::doubleClickRenames() {
    test::Desk desk;
    QWidget window;
    auto* row = new QHBoxLayout(&window);
    auto* list = new ChatListPanel(desk.workbench, desk.theme);
    auto* chat = new ChatPanel(desk.workbench, desk.theme);
    row->addWidget(list);
    row->addWidget(chat, 1);
    window.resize(1000, 600);
    window.show();
    QVERIFY(QTest::qWaitForWindowActive(&window));
    QVERIFY(desk.start());
    QVERIFY(desk.workbench.setSetting(QStringLiteral("maxTokens"), 4).isEmpty());
    desk.workbench.send(QStringLiteral("alpha"));
    QTRY_VERIFY_WITH_TIMEOUT(!desk.workbench.isRunning() && desk.workbench.currentChat() != 0, 20000);
    const app::ChatId id = desk.workbench.currentChat();
    desk.workbench.newChat();
    auto* chats = desk.workbench.chats();
    QTRY_COMPARE(chats->rowCount(), 1);
    const QRect item = list->list().visualRect(chats->index(0));
    const QPoint at(item.center().x(), item.bottom() - 12);
    QTest::mouseClick(list->list().viewport(), Qt::LeftButton, {}, at);
    QTest::mouseDClick(list->list().viewport(), Qt::LeftButton, {}, at);
    QTRY_COMPARE(desk.workbench.currentChat(), id);
    QTest::qWait(20);
    QVERIFY(list->renameField());
    QVERIFY(list->renameField()->hasFocus());
}

int main(int argc, char** argv) {
    QApplication app(argc, argv);
    TstChatPanel test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_chat_panel.moc"
