// The conversation view: only what is visible is laid out, scrolling and following, selection and copying, search, the
// token view, keyboard and what screen readers get.
#include <QAccessible>
#include <QApplication>
#include <QClipboard>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <random>

#include "app/settings.h"
#include "tests/ui/chat_samples.h"
#include "ui/widgets/conversation_view.h"
#include "ui/widgets/height_index.h"
#include "ui/widgets/token_card.h"

using namespace ui;

namespace {

struct Window {
    explicit Window(const QList<app::MessageRow>& rows, QSize size = {900, 600})
        : settings(dir.filePath(QStringLiteral("s.ini"))), theme(settings, *qApp), view(theme) {
        model.setRows(rows);
        view.setModel(&model);
        view.resize(size);
        view.show();
        settle();
    }
    void settle() { QTest::qWait(20); }
    // A click in the middle of a button of a message, by its action.
    QTemporaryDir dir;
    app::Settings settings;
    Theme theme;
    app::MessageModel model;
    ConversationView view;
};

}  // namespace

class TstChatView : public QObject {
    Q_OBJECT
  private slots:
    void heightIndex();
    void laysOutOnlyWhatIsSeen();
    void scrollsThroughEverything();
    void followsOnlyAtTheEnd();
    void keepsItsPlaceWhileAReplyStreams();
    void selectionAcrossMessages();
    void selectionWhileStreaming();
    void selectAllCopiesEverything();
    void findsAndStepsThroughHits();
    void findInLongChat();
    void findGoesOnWhileMessagesCome();
    void copyOfCode();
    void linkIsOnlyAsked();
    void versionsAndActions();
    void actionsAreMirrored();
    void noteActions();
    void tokenViewMapsPoints();
    void doubtIsMoreThanColour_data();
    void doubtIsMoreThanColour();
    void tokenLabels();
    void keyboardGoesFromTokenToToken();
    void keyboardGoesFromMessageToMessage();
    void screenReaderReadsMessages();
    void hugeMessageIsParsedInSteps();
    void resizeKeepsThePlace();
    void removedRows();
    void branchSwitch();
};

void TstChatView::heightIndex() {
    std::mt19937 random(5);
    HeightIndex index;
    std::vector<double> heights;
    for (int step = 0; step < 3000; ++step) {
        const int what = int(random() % 10);
        if (what < 6 || heights.empty()) {
            heights.push_back(double(random() % 100));
            index.append(heights.back());
        } else if (what < 8) {
            const size_t i = random() % heights.size();
            heights[i] = double(random() % 100);
            index.set(int(i), heights[i]);
        } else if (what == 8) {
            const size_t n = heights.size() - random() % std::min<size_t>(heights.size(), 5);
            heights.resize(n);
            index.truncate(int(n));
        } else {
            index.assign(heights);
        }
        double sum = 0;
        const size_t probe = heights.empty() ? 0 : random() % heights.size();
        for (size_t i = 0; i < probe; ++i)
            sum += heights[i];
        QCOMPARE(index.count(), int(heights.size()));
        if (heights.empty())
            continue;
        QCOMPARE(index.top(int(probe)), sum);
        if (heights[probe] > 0)
            QCOMPARE(index.rowAt(sum + heights[probe] / 2), int(probe));
    }
    QCOMPARE(HeightIndex().rowAt(5), -1);
}

void TstChatView::laysOutOnlyWhatIsSeen() {
    Window w(longChat(10000));
    QVERIFY(w.view.atEnd());
    QVERIFY2(w.view.preparedMessages() < 60, qPrintable(QString::number(w.view.preparedMessages())));
    QVERIFY(!w.view.messageRect(9999).isNull());
    w.view.verticalScrollBar()->setValue(0);
    w.settle();
    QVERIFY(!w.view.messageRect(0).isNull());
    w.view.verticalScrollBar()->setValue(w.view.verticalScrollBar()->maximum() / 2);
    w.settle();
    QVERIFY2(w.view.preparedMessages() < 160, qPrintable(QString::number(w.view.preparedMessages())));
}

void TstChatView::scrollsThroughEverything() {
    Window w(longChat(120));
    QScrollBar* bar = w.view.verticalScrollBar();
    bar->setValue(0);
    w.settle();
    // Every message comes by, in order, and none jumps: a visible message moves by what was scrolled.
    QSet<int> seen;
    int guard = 0;
    while (!w.view.atEnd() && ++guard < 5000) {
        int probe = -1, before = 0;
        for (int row = 0; row < 120 && probe < 0; ++row) {
            const QRect rect = w.view.messageRect(row);
            if (!rect.isNull() && rect.bottom() > 160 && rect.bottom() < 500) {
                probe = row;
                before = rect.bottom();
            }
        }
        for (int row = 0; row < 120; ++row)
            if (!w.view.messageRect(row).isNull())
                seen.insert(row);
        const int from = bar->value();
        bar->setValue(from + 90);
        if (probe >= 0 && !w.view.atEnd() && !w.view.messageRect(probe).isNull())
            QVERIFY2(std::abs(w.view.messageRect(probe).bottom() - (before - 90)) <= 2,
                     qPrintable(QString::number(probe)));
    }
    for (int row = 0; row < 120; ++row)
        if (!w.view.messageRect(row).isNull())
            seen.insert(row);
    QCOMPARE(seen.size(), 120);
    // And back, over messages of corrected height.
    while (bar->value() > 0 && ++guard < 9000)
        bar->setValue(bar->value() - 70);
    QVERIFY(!w.view.messageRect(0).isNull());
    QVERIFY(std::abs(w.view.messageRect(0).top()) <= 1);
}

void TstChatView::followsOnlyAtTheEnd() {
    Window w(longChat(40));
    QVERIFY(w.view.atEnd());
    w.model.append(userRow(1000, QStringLiteral("more")));
    w.settle();
    QVERIFY(w.view.atEnd());
    QVERIFY(!w.view.messageRect(40).isNull());
    w.view.verticalScrollBar()->setValue(w.view.verticalScrollBar()->value() - 900);
    w.settle();
    QVERIFY(!w.view.atEnd());
    w.model.append(userRow(1001, QStringLiteral("not followed")));
    w.settle();
    QVERIFY(!w.view.atEnd());
    QVERIFY(w.view.messageRect(41).isNull());
    w.view.jumpToEnd();
    w.settle();
    QVERIFY(w.view.atEnd());
    QVERIFY(!w.view.messageRect(41).isNull());
}

void TstChatView::keepsItsPlaceWhileAReplyStreams() {
    auto rows = longChat(40);
    rows.push_back(replyRow(500, QStringLiteral("start")));
    rows.back().state = app::MessageState::Streaming;
    Window w(rows);
    w.view.verticalScrollBar()->setValue(w.view.verticalScrollBar()->value() - 700);
    w.settle();
    int probe = 0;
    while (w.view.messageRect(probe).isNull())
        ++probe;
    const QRect before = w.view.messageRect(probe);
    for (int i = 0; i < 50; ++i)
        w.model.appendText(40, QStringLiteral(" word\n\n- item %1\n").arg(i), {});
    w.settle();
    QCOMPARE(w.view.messageRect(probe), before);
    w.view.jumpToEnd();
    const int end = w.view.verticalScrollBar()->maximum();
    for (int i = 0; i < 30; ++i)
        w.model.appendText(40, QStringLiteral("\n\nanother paragraph"), {});
    w.settle();
    QVERIFY(w.view.verticalScrollBar()->maximum() > end);
    QVERIFY(w.view.atEnd());
}

void TstChatView::selectionAcrossMessages() {
    Window w({userRow(1, QStringLiteral("Hello *there*")),
              replyRow(2, QStringLiteral("A **bold** word.\n\n- one\n- two\n\n$x^2$ ends"))});
    w.view.select({0, 1, 6}, {1, 3, 3});
    QCOMPARE(w.view.selectedText(), QStringLiteral("You:\n*there*\n\nSmolLM2:\nA bold word.\n\n- one\n- two"));
    w.view.select({1, 1, 2}, {1, 1, 6});
    QCOMPARE(w.view.selectedText(), QStringLiteral("bold"));
    w.view.select({1, 4, 0}, {1, 4, 6});
    QCOMPARE(w.view.selectedText(), QStringLiteral("$x^2$ ends"));
    // With the mouse: from the first letters of the question to the end of the reply.
    const QRect first = w.view.messageRect(0), second = w.view.messageRect(1);
    QTest::mousePress(w.view.viewport(), Qt::LeftButton, {}, {first.left() + 1, first.bottom() - 8});
    QTest::mouseMove(w.view.viewport(), {second.left() + 40, second.top() + 60});
    QMouseEvent move(QEvent::MouseMove, QPointF(second.right() - 10, second.bottom() - 46), QPointF(), Qt::NoButton,
                     Qt::LeftButton, {});
    QApplication::sendEvent(w.view.viewport(), &move);
    QTest::mouseRelease(w.view.viewport(), Qt::LeftButton, {}, {second.right() - 10, second.bottom() - 46});
    QVERIFY2(w.view.selectedText().startsWith(QLatin1String("You:\nHello *there*\n\nSmolLM2:\nA bold")),
             qPrintable(w.view.selectedText()));
    QSignalSpy copied(&w.view, &ConversationView::copyRequested);
    QTest::keyClick(&w.view, Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(copied.size(), 1);
    w.view.clearSelection();
    QVERIFY(!w.view.hasSelection());
    // Two clicks: a word.
    QTest::mouseDClick(w.view.viewport(), Qt::LeftButton, {}, {first.left() + 8, first.bottom() - 8});
    QCOMPARE(w.view.selectedText(), QStringLiteral("Hello"));
}

void TstChatView::selectionWhileStreaming() {
    Window w({userRow(1, QStringLiteral("q")), replyRow(2, QStringLiteral("First paragraph.\n\nSecond"))});
    w.model.setState(1, app::MessageState::Streaming);
    w.view.select({1, 1, 0}, {1, 1, 5});
    for (int i = 0; i < 20; ++i) {
        w.model.appendText(1, QStringLiteral(" more words\n"), {});
        QTest::qWait(1);
        QCOMPARE(w.view.selectedText(), QStringLiteral("First"));
    }
}

void TstChatView::selectAllCopiesEverything() {
    Window w(longChat(300));
    w.view.selectAll();
    const QString text = w.view.selectedText();
    for (int i = 0; i < 300; ++i)
        QVERIFY2(
            text.contains(i % 2 == 0 ? QStringLiteral("Question %1:").arg(i) : QStringLiteral("Done with %1.").arg(i)),
            qPrintable(QString::number(i)));
}

void TstChatView::findsAndStepsThroughHits() {
    Window w({userRow(1, QStringLiteral("the apple")),
              replyRow(2, QStringLiteral("An **app**le and an Apple.\n\n| apple |\n|---|\n| pear |")),
              userRow(3, QStringLiteral("none"))});
    w.view.find(QStringLiteral("apple"));
    QTRY_VERIFY(!w.view.findState().searching);
    QCOMPARE(w.view.findState().count, 4);  // the one in bold letters too: as it is shown
    QCOMPARE(w.view.findState().current, 1);
    w.view.findNext(false);
    QCOMPARE(w.view.findState().current, 2);
    w.view.findNext(true);
    w.view.findNext(true);
    QCOMPARE(w.view.findState().current, 4);
    w.view.find(QStringLiteral("zebra"));
    QTRY_VERIFY(!w.view.findState().searching);
    QCOMPARE(w.view.findState().count, 0);
    w.view.find({});
    QCOMPARE(w.view.findState().count, 0);
}

void TstChatView::findInLongChat() {
    Window w(longChat(2000));
    w.view.find(QStringLiteral("number 1234?"));
    QTRY_COMPARE(w.view.findState().count, 1);
    QTRY_VERIFY(!w.view.messageRect(1234).isNull());
}

// A message that comes while something is searched for is searched too, and does not move the view.
void TstChatView::findGoesOnWhileMessagesCome() {
    Window w(longChat(40));
    w.view.find(QStringLiteral("capital"));
    QTRY_VERIFY(!w.view.findState().searching);
    const int count = w.view.findState().count;
    QVERIFY(count >= 40);
    w.view.findNext(true);
    const int current = w.view.findState().current;
    w.view.jumpToEnd();
    w.model.append(userRow(1000, QStringLiteral("one more capital")));
    QTRY_COMPARE(w.view.findState().count, count + 1);
    QCOMPARE(w.view.findState().current, current);
    QVERIFY(w.view.atEnd());
    w.model.append(replyRow(1001, QStringLiteral("The capital")));
    w.model.setState(41, app::MessageState::Streaming);
    w.model.appendText(41, QStringLiteral(" and another capital"), {});
    w.model.setState(41, app::MessageState::Done);
    QTRY_COMPARE(w.view.findState().count, count + 3);
    QVERIFY(w.view.atEnd());
    w.model.truncate(40);
    QTRY_COMPARE(w.view.findState().count, count);
}

void TstChatView::copyOfCode() {
    QString code;
    for (int i = 0; i < 200; ++i)
        code += QStringLiteral("line %1\n").arg(i);
    Window w({replyRow(1, QStringLiteral("```py\n") + code + QStringLiteral("```"))}, {900, 600});
    w.view.verticalScrollBar()->setValue(0);
    w.settle();
    QSignalSpy copied(&w.view, &ConversationView::copyRequested);
    const QRect message = w.view.messageRect(0);
    for (int y = message.top() + 30; y < message.top() + 90 && copied.isEmpty(); y += 6)
        QTest::mouseClick(w.view.viewport(), Qt::LeftButton, {}, {message.right() - 30, y});
    QVERIFY(!copied.isEmpty());
    QCOMPARE(copied[0][0].toString() + QLatin1Char('\n'), code);
}

void TstChatView::linkIsOnlyAsked() {
    Window w({replyRow(1, QStringLiteral("[a link](https://example.org/x) and [bad](javascript:alert(1))"))});
    QSignalSpy clicked(&w.view, &ConversationView::linkClicked);
    const QRect message = w.view.messageRect(0);
    for (int x = message.left(); x < message.right(); x += 5)
        for (int y = message.top() + 30; y < message.bottom() - 40; y += 6)
            QTest::mouseClick(w.view.viewport(), Qt::LeftButton, {}, {x, y}, 0);
    QVERIFY(clicked.size() > 2);
    for (const auto& click : clicked)
        QCOMPARE(click[0].toString(), QStringLiteral("https://example.org/x"));
}

void TstChatView::versionsAndActions() {
    auto reply = replyRow(2, QStringLiteral("text"));
    reply.version = 2;
    reply.versions = 3;
    reply.hasTokens = true;
    Window w({userRow(1, QStringLiteral("q")), reply});
    QSignalSpy spy(&w.view, &ConversationView::actionTriggered);
    const QRect message = w.view.messageRect(1);
    for (int x = message.left() + 300; x < message.right() + 2; x += 3)
        QTest::mouseClick(w.view.viewport(), Qt::LeftButton, {}, {x, message.bottom() - 11});
    QSet<int> actions;
    for (const auto& signal : spy) {
        QCOMPARE(signal[0].toInt(), 1);
        actions.insert(int(signal[1].value<MessageAction>()));
    }
    for (const MessageAction action :
         {MessageAction::Copy, MessageAction::Regenerate, MessageAction::Edit, MessageAction::Continue,
          MessageAction::Tokens, MessageAction::Delete, MessageAction::PreviousVersion, MessageAction::NextVersion})
        QVERIFY2(actions.contains(int(action)), qPrintable(QString::number(int(action))));
    // The last version has no next one; a reply in work has no actions.
    reply.version = 3;
    w.model.replace(1, reply);
    w.settle();
    spy.clear();
    w.view.setCurrentRow(1);
    QTest::keyClick(&w.view, Qt::Key_Right, Qt::AltModifier);
    QCOMPARE(spy.size(), 0);
    QTest::keyClick(&w.view, Qt::Key_Left, Qt::AltModifier);
    QCOMPARE(spy.size(), 1);
    w.model.setState(1, app::MessageState::Streaming);
    w.settle();
    spy.clear();
    for (int x = message.left(); x < message.right(); x += 3)
        QTest::mouseClick(w.view.viewport(), Qt::LeftButton, {}, {x, message.bottom() - 11});
    QCOMPARE(spy.size(), 0);
}

// Right to left, the actions stand at the other edge, away from the facts.
void TstChatView::actionsAreMirrored() {
    Window w({userRow(1, QStringLiteral("q")), replyRow(2, QStringLiteral("text"))});
    const auto copiesAt = [&w](int fromRight) {
        QSignalSpy spy(&w.view, &ConversationView::actionTriggered);
        const QRect message = w.view.messageRect(1);
        for (int x = 2; x < 160; x += 6)
            QTest::mouseClick(w.view.viewport(), Qt::LeftButton, {},
                              {fromRight > 0 ? message.right() - x : message.left() + x, message.bottom() - 11});
        return spy.size();
    };
    QVERIFY(copiesAt(1) > 0);
    QCOMPARE(copiesAt(0), 0);
    w.view.setLayoutDirection(Qt::RightToLeft);
    w.settle();
    QVERIFY(copiesAt(0) > 0);
    QCOMPARE(copiesAt(1), 0);
}

void TstChatView::noteActions() {
    app::MessageRow note;
    note.id = 9;
    note.role = app::Role::Note;
    note.text = QStringLiteral("The context is full: 8,300 of 8,192 tokens. <img src='file:///etc/passwd'>");
    note.action = {QStringLiteral("new-chat"), QStringLiteral("Start a new chat")};
    auto failed = replyRow(3, {});
    failed.state = app::MessageState::Failed;
    failed.error = QStringLiteral("template line 3, column 14: unknown filter");
    Window w({userRow(1, QStringLiteral("q")), note, failed});
    QSignalSpy spy(&w.view, &ConversationView::cardActionTriggered);
    for (const int row : {1, 2}) {
        const QRect rect = w.view.messageRect(row);
        for (int x = rect.left(); x < rect.right(); x += 6)
            for (int y = rect.top(); y < rect.bottom(); y += 8)
                QTest::mouseClick(w.view.viewport(), Qt::LeftButton, {}, {x, y}, 0);
    }
    QSet<QString> ids;
    for (const auto& signal : spy)
        ids.insert(signal[1].toString());
    QCOMPARE(ids, (QSet<QString>{QStringLiteral("new-chat"), QStringLiteral("message:regenerate")}));
}

void TstChatView::tokenViewMapsPoints() {
    auto reply = replyRow(2, QStringLiteral("I am quite sure"));
    reply.tokens =
        tokensOf({QStringLiteral("I"), QStringLiteral(" am"), QStringLiteral(" quite"), QStringLiteral(" sure")},
                 {0.92, 0.97, 0.41, 0.15});
    Window w({userRow(1, QStringLiteral("q")), reply});
    w.view.setTokenView(1, true);
    w.settle();
    QVERIFY(w.view.tokenView(1));
    QSignalSpy hovered(&w.view, &ConversationView::tokenHovered);
    for (int token = 0; token < 4; ++token) {
        const QRect rect = w.view.tokenRect(1, token);
        QVERIFY2(!rect.isNull(), qPrintable(QString::number(token)));
        QTest::mouseClick(w.view.viewport(), Qt::LeftButton, {}, rect.center());
        QCOMPARE(hovered.last()[0].toInt(), 1);
        QCOMPARE(hovered.last()[1].toInt(), token);
        if (token > 0)
            QVERIFY(rect.left() >= w.view.tokenRect(1, token - 1).right() - 2);
    }
    w.view.setFocus();
    w.view.setCurrentRow(1);
    w.view.focusToken(1, 0);
    QTest::keyClick(&w.view, Qt::Key_Right);
    QCOMPARE(hovered.last()[1].toInt(), 1);
    QTest::keyClick(&w.view, Qt::Key_Left);
    QTest::keyClick(&w.view, Qt::Key_Left);
    QCOMPARE(hovered.last()[1].toInt(), 0);
    w.view.select({1, 1, 0}, {1, 1, 4});
    QCOMPARE(w.view.selectedText(), QStringLiteral("I am"));
    // A long reply: pieces of tokens, all of them reachable.
    QStringList words;
    for (int i = 0; i < 2000; ++i)
        words += QStringLiteral(" w%1").arg(i);
    reply.tokens = tokensOf(words, {0.9, 0.3});
    w.model.replace(1, reply);
    w.view.jumpToEnd();
    w.settle();
    QVERIFY(!w.view.tokenRect(1, 1999).isNull());
    QVERIFY(w.view.tokenRect(1, 10).isNull());
    w.view.setTokenView(1, false);
    w.settle();
    QVERIFY(w.view.tokenRect(1, 1999).isNull());
}

void TstChatView::doubtIsMoreThanColour_data() {
    QTest::addColumn<double>("probability");
    QTest::addColumn<int>("doubt");
    QTest::newRow("sure") << 0.99 << int(Doubt::None);
    QTest::newRow("at 0.9") << 0.9 << int(Doubt::None);
    QTest::newRow("slight") << 0.6 << int(Doubt::Slight);
    QTest::newRow("medium") << 0.3 << int(Doubt::Medium);
    QTest::newRow("strong") << 0.01 << int(Doubt::Strong);
}

void TstChatView::doubtIsMoreThanColour() {
    QFETCH(double, probability);
    QFETCH(int, doubt);
    QCOMPARE(int(doubtOf(probability)), doubt);
}

void TstChatView::tokenLabels() {
    QCOMPARE(TokenCard::tokenLabel(QStringLiteral(" quite")), QStringLiteral("quite"));
    QCOMPARE(TokenCard::tokenLabel(QStringLiteral("ing")), QStringLiteral("·ing"));
    QCOMPARE(TokenCard::tokenLabel(QStringLiteral("  ")), QStringLiteral("␣␣"));
    QCOMPARE(TokenCard::tokenLabel(QStringLiteral("\n")), QStringLiteral("·↵"));
    QCOMPARE(TokenCard::tokenLabel(QStringLiteral(" \u202e")), QStringLiteral("‹U+202E›"));
    QVERIFY(TokenCard::percent(0.41).startsWith(QLatin1String("41")));
    QVERIFY(TokenCard::percent(0.0001).contains(QLatin1Char('<')));
}

void TstChatView::keyboardGoesFromTokenToToken() {
    auto reply = replyRow(2, QStringLiteral("many words"));
    QStringList words;
    for (int i = 0; i < 900; ++i)
        words += QStringLiteral(" word%1").arg(i);
    reply.tokens = tokensOf(words, {0.9, 0.4});
    Window w({userRow(1, QStringLiteral("q")), reply}, {700, 300});
    w.view.setTokenView(1, true);
    w.settle();
    w.view.setFocus();
    w.view.setCurrentRow(1);
    for (const int steps : {1, 450, 449}) {
        for (int i = 0; i < steps; ++i)
            QTest::keyClick(&w.view, Qt::Key_Right);
        QSignalSpy hovered(&w.view, &ConversationView::tokenHovered);
        QTest::keyClick(&w.view, Qt::Key_Left);
        QCOMPARE(hovered.size(), 1);
        const QRect rect = w.view.tokenRect(1, hovered[0][1].toInt());
        QVERIFY2(w.view.viewport()->rect().contains(rect) && !rect.isNull(), qPrintable(hovered[0][1].toString()));
    }
    QSignalSpy entered(&w.view, &ConversationView::tokenEntered);
    QTest::keyClick(&w.view, Qt::Key_Return);
    QCOMPARE(entered.size(), 1);
    // In the card: the chosen token cannot be chosen again, Enter takes an alternative.
    QWidget area;
    area.resize(600, 400);
    TokenCard card(w.theme, &area);
    area.show();
    QVERIFY(QTest::qWaitForWindowActive(&area));
    card.showFor(reply.tokens[0], {20, 20, 40, 20}, true);
    QSignalSpy chosen(&card, &TokenCard::alternativeChosen);
    card.takeFocus();
    QVERIFY(area.focusWidget() && area.focusWidget()->isEnabled());
    QTest::keyClick(area.focusWidget(), Qt::Key_Return);
    QCOMPARE(chosen.size(), 1);
    QVERIFY(chosen[0][0].toInt() != reply.tokens[0].id);
}

void TstChatView::keyboardGoesFromMessageToMessage() {
    Window w(longChat(50));
    w.view.setFocus();
    QSignalSpy typed(&w.view, &ConversationView::typed);
    QTest::keyClick(&w.view, Qt::Key_H);
    QCOMPARE(typed.size(), 1);
    QTest::keyClick(&w.view, Qt::Key_Up, Qt::AltModifier);
    const int start = w.view.currentRow();
    QVERIFY(start >= 0);
    for (int i = 0; i < 20; ++i)
        QTest::keyClick(&w.view, Qt::Key_Up, Qt::AltModifier);
    QCOMPARE(w.view.currentRow(), start - 20);
    QVERIFY(!w.view.messageRect(start - 20).isNull());
    QSignalSpy actions(&w.view, &ConversationView::actionTriggered);
    QTest::keyClick(&w.view, Qt::Key_F2);
    QTest::keyClick(&w.view, Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(actions.size(), 2);
    QTest::keyClick(&w.view, Qt::Key_Home);
    QCOMPARE(w.view.verticalScrollBar()->value(), 0);
    QTest::keyClick(&w.view, Qt::Key_End);
    QVERIFY(w.view.atEnd());
    QTest::keyClick(&w.view, Qt::Key_Escape);
    QCOMPARE(w.view.currentRow(), -1);
}

void TstChatView::screenReaderReadsMessages() {
    Window w({userRow(1, QStringLiteral("How?")), replyRow(2, QStringLiteral("**So**: $x^2$"))});
    QAccessibleInterface* list = QAccessible::queryAccessibleInterface(&w.view);
    QVERIFY(list);
    QCOMPARE(list->role(), QAccessible::List);
    QCOMPARE(list->childCount(), 2);
    QVERIFY(!list->text(QAccessible::Name).isEmpty());
    QAccessibleInterface* first = list->child(0);
    QAccessibleInterface* second = list->child(1);
    QCOMPARE(first->role(), QAccessible::ListItem);
    QCOMPARE(first->text(QAccessible::Name), QStringLiteral("You: How?"));
    QCOMPARE(second->text(QAccessible::Name), QStringLiteral("SmolLM2: So: x²"));
    QVERIFY(second->text(QAccessible::Description).contains(QLatin1String("68")));
    QVERIFY(!second->rect().isNull());
    QCOMPARE(list->indexOfChild(second), 1);
    QCOMPARE(list->child(1), second);
    QSignalSpy actions(&w.view, &ConversationView::actionTriggered);
    auto* action = second->actionInterface();
    QVERIFY(action && action->actionNames().size() >= 4);
    action->doAction(action->actionNames().at(1));
    QCOMPARE(actions.size(), 1);
    QVERIFY(!list->child(2));
}

void TstChatView::hugeMessageIsParsedInSteps() {
    QString text;
    while (text.size() < 3000000)
        text += QStringLiteral("A paragraph with **bold** words.\n\n```cpp\nint x = 1;\n```\n\n- item\n\n");
    Window w({replyRow(1, text)});
    QVERIFY(w.view.isVisible());
    w.view.verticalScrollBar()->setValue(0);
    QTRY_VERIFY_WITH_TIMEOUT(w.view.verticalScrollBar()->maximum() > 1000000, 20000);
    w.view.jumpToEnd();
    w.settle();
    QVERIFY(w.view.atEnd());
    Window line({replyRow(1, QString(2000000, QLatin1Char('x')))});
    QVERIFY(line.view.verticalScrollBar()->maximum() > 1000);
}

void TstChatView::resizeKeepsThePlace() {
    Window w(longChat(60));
    w.view.reveal(20, false);
    w.settle();
    const int top = w.view.messageRect(20).top();
    w.view.resize(500, 600);
    w.settle();
    QVERIFY(!w.view.messageRect(20).isNull());
    QVERIFY(std::abs(w.view.messageRect(20).top() - top) < 60);
}

void TstChatView::removedRows() {
    Window w(longChat(40));
    w.view.select({39, 1, 0}, {39, 1, 3});
    w.model.truncate(3);
    w.settle();
    QVERIFY(!w.view.messageRect(2).isNull());
    QVERIFY(!w.view.hasSelection());
    w.model.truncate(0);
    w.settle();
    QCOMPARE(w.view.verticalScrollBar()->maximum(), 0);
    w.model.append(userRow(77, QStringLiteral("again")));
    w.settle();
    QVERIFY(!w.view.messageRect(0).isNull());
}

void TstChatView::branchSwitch() {
    Window w(longChat(10));
    auto rows = longChat(10);
    rows[9] = replyRow(900, QStringLiteral("another answer"));
    w.model.setRows(rows);
    w.settle();
    QVERIFY(w.view.messageText(9).contains(QLatin1String("another answer")));
}

int main(int argc, char** argv) {
    QApplication app(argc, argv);
    TstChatView test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_chat_view.moc"
