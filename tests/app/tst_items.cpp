// The item models under Qt's own tester and random changes: order, sections, roles, text in the middle of streaming.
#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>
#include <cmath>
#include <random>

#include "app/conversation.h"
#include "app/items/chat_list_model.h"
#include "app/items/job_model.h"
#include "app/items/library_model.h"
#include "app/items/message_model.h"
#include "app/items/search_model.h"
#include "app/items/vitals_model.h"

using namespace app;

class TstItems : public QObject {
    Q_OBJECT
    static void watch(QAbstractItemModel& model) {
        new QAbstractItemModelTester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest, &model);
    }
  private slots:
    void chatListStaysSorted() {
        ChatListModel model;
        watch(model);
        std::mt19937 random(1);
        for (int i = 0; i < 1500; ++i) {
            ChatRow row;
            row.id = 1 + random() % 40;
            row.title = QString("chat %1").arg(random() % 100);
            row.pinned = random() % 5 == 0;
            row.folder = random() % 4;
            row.folderName = row.folder ? QString("folder %1").arg(row.folder) : QString();
            row.sequence = random() % 1000;
            row.changed = QDateTime::currentDateTime().addDays(-static_cast<int>(random() % 60));
            if (random() % 5 == 0)
                model.remove(row.id);
            else
                model.upsert(row);
            model.setCurrent(random() % 40);
        }
        // Pinned ones first; a section's rows stand together as far as pins and folders go.
        bool unpinned = false;
        QStringList folders;
        for (int i = 0; i < model.rowCount(); ++i) {
            const QModelIndex at = model.index(i);
            const bool pinned = at.data(ChatListModel::PinnedRole).toBool();
            QVERIFY(!pinned || !unpinned);
            unpinned |= !pinned;
            const QString folder = at.data(ChatListModel::FolderNameRole).toString();
            if (!pinned && !folder.isEmpty() && (folders.isEmpty() || folders.last() != folder)) {
                QVERIFY(!folders.contains(folder));
                folders << folder;
            }
            QVERIFY(!at.data(ChatListModel::TitleRole).toString().isEmpty());
            QVERIFY(!at.data(ChatListModel::SectionRole).toString().isEmpty());
        }
    }

    void messagesFollowTheTree() {
        MessageModel model;
        watch(model);
        Conversation chat;
        std::mt19937 random(2);
        MessageId next = 0;
        for (int i = 0; i < 800; ++i) {
            std::vector<MessageId> all{0};
            for (const auto& [id, node] : chat.nodes)
                all.push_back(id);
            const MessageId some = all[random() % all.size()];
            switch (random() % 6) {
                case 0:
                    if (some != 0 && chat.nodes.size() > 30)
                        chat.remove(some);
                    break;
                case 1:
                    if (some != 0)
                        chat.show(some);
                    break;
                case 2:
                    if (some != 0 && some < 1'000'000)
                        chat.renumber(some, some + 1'000'000);
                    break;
                default: {
                    MessageRow row;
                    row.id = ++next;
                    row.parent = some;
                    row.role = random() % 2 ? Role::User : Role::Assistant;
                    row.text = QString("message %1").arg(next);
                    chat.add(row);
                }
            }
            model.setRows(chat.rows());
            const auto path = chat.path(chat.activeLeaf);
            QCOMPARE(model.rowCount(), static_cast<int>(path.size()));
            for (int row = 0; row < model.rowCount(); ++row) {
                QCOMPARE(model.at(row).id, path[static_cast<size_t>(row)]);
                QCOMPARE(model.rowOf(model.at(row).id), row);
                QVERIFY(model.at(row).version >= 1 && model.at(row).version <= model.at(row).versions);
            }
        }
    }

    void longChatsAreReadQuickly() {
        // Ten thousand messages: rows are made, one is added, and only what changed is announced.
        Conversation chat;
        for (int i = 1; i <= 10'000; ++i) {
            MessageRow row;
            row.id = i;
            row.parent = i - 1;
            row.text = QString("message %1 ").arg(i).repeated(20);
            chat.add(row);
        }
        MessageModel model;
        model.setRows(chat.rows());
        QCOMPARE(model.rowCount(), 10'000);
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged),
            inserted(&model, &QAbstractItemModel::rowsInserted);
        MessageRow row;
        row.id = 10'001;
        row.parent = 10'000;
        chat.add(row);
        model.setRows(chat.rows());
        QCOMPARE(inserted.size(), 1);
        int rows = 0;
        for (const auto& arguments : changed)
            rows += arguments.at(1).toModelIndex().row() - arguments.at(0).toModelIndex().row() + 1;
        QVERIFY2(rows <= 2, qPrintable(QString::number(rows)));
    }

    void streaming() {
        MessageModel model;
        watch(model);
        MessageRow row;
        row.id = 1;
        row.role = Role::Assistant;
        row.state = MessageState::Streaming;
        model.append(row);
        for (int i = 0; i < 100; ++i)
            model.appendText(0, "word ", {TokenRecord{}});
        QCOMPARE(model.at(0).text.size(), 500);
        QCOMPARE(model.index(0).data(MessageModel::TokensRole).value<TokenRecords>().size(), 100);
        model.setState(0, MessageState::Stopped);
        QCOMPARE(model.index(0).data(MessageModel::StateRole).toInt(), static_cast<int>(MessageState::Stopped));
        QCOMPARE(model.find("word").size(), 100);
        model.appendText(7, "nothing", {});
    }

    void jobs() {
        JobModel model;
        watch(model);
        QSignalSpy running(&model, &JobModel::runningChanged);
        for (JobId id = 1; id <= 3; ++id) {
            JobRow row;
            row.id = id;
            row.name = QString("job %1").arg(id);
            model.add(row);
        }
        model.progress(2, 0.5, "half", "1 GB/s");
        model.finish(2, JobState::Done, "well");
        model.finish(2, JobState::Failed, "twice");  // ended once
        QCOMPARE(model.find(2)->result, QString("well"));
        model.dismiss(1);  // still runs
        QCOMPARE(model.rowCount(), 3);
        model.dismissFinished();
        QCOMPARE(model.rowCount(), 2);
        QCOMPARE(running.size(), 4);
    }

    void libraryRows() {
        LibraryModel model;
        watch(model);
        std::mt19937 random(4);
        for (int i = 0; i < 300; ++i) {
            LibraryRow row;
            row.path = QString("/m/%1.gguf").arg(random() % 30);
            row.fileName = "x.gguf";
            row.sizeBytes = random();
            row.filled = random() % 2;
            if (random() % 4 == 0)
                row.problem = "damaged";
            if (random() % 6 == 0)
                model.remove(row.path);
            else
                model.upsert(row);
            model.setFreeMemory(random());
            model.setLoaded(row.path, random() % 2);
        }
        for (int row = 0; row < model.rowCount(); ++row)
            for (int column = 0; column < model.columnCount(); ++column)
                QVERIFY(model.index(row, column).data().isValid());
    }

    void vitalsSayWhy() {
        VitalsModel model;
        watch(model);
        for (int i = 0; i < 80; ++i)
            model.push({{"speed", "12 tok/s", {}, 12, 0},
                        {"cpu", {}, "no /proc here", 0, 100},
                        {"memory", "x", {}, std::nan(""), 0}});
        const auto row = [&](const QString& id) {
            for (int i = 0; i < model.rowCount(); ++i)
                if (model.index(i).data(VitalsModel::IdRole).toString() == id)
                    return model.index(i);
            return QModelIndex();
        };
        QCOMPARE(row("speed").data().toString(), QString("12 tok/s"));
        QCOMPARE(row("speed").data(VitalsModel::HistoryRole).value<QList<double>>().size(), 60);
        QVERIFY(!row("cpu").data(VitalsModel::ValueRole).isValid());
        QCOMPARE(row("cpu").data(VitalsModel::ReasonRole).toString(), QString("no /proc here"));
        QVERIFY(std::isnan(row("cpu").data(VitalsModel::HistoryRole).value<QList<double>>().last()));
        QVERIFY(!row("memory").data(VitalsModel::ReasonRole).toString().isEmpty());
        QVERIFY(!row("gpu").data(VitalsModel::ReasonRole).toString().isEmpty());
    }

    void tokensOfHalfCharacters() {
        // The euro sign in three tokens.
        const std::vector<StoredToken> tokens = {{1, 0, 0, "a", 1, {}},
                                                 {2, 0, 0, "\xe2", 1, {}},
                                                 {3, 0, 0, "\x82", 1, {}},
                                                 {4, 0, 0, "\xac", 4, {}},
                                                 {5, 0, 0, "b", 5, {}}};
        const TokenRecords records = recordsFromTokens(tokens, "a€b");
        QCOMPARE(records.at(1).text, QString("<E2>"));
        QCOMPARE(records.at(3).begin, 1);
        QCOMPARE(records.at(3).end, 2);
        QCOMPARE(records.at(4).begin, 2);
        // Lengths that lie stay inside the text.
        QCOMPARE(recordsFromTokens({{1, 0, 0, "x", 900, {}}}, "ab").at(0).end, 2);
    }

    void titles_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("title");
        QTest::newRow("short") << "Hello"
                               << "Hello";
        QTest::newRow("lines") << "  Hello\n\n there "
                               << "Hello there";
        QTest::newRow("long") << QString("word ").repeated(30) << QString("word ").repeated(9) + "word…";
        QTest::newRow("no spaces") << QString(100, 'x') << QString(48, 'x') + "…";
        QTest::newRow("empty") << ""
                               << "";
    }
    void titles() {
        QFETCH(QString, text);
        QFETCH(QString, title);
        const QString made = titleFromText(text);
        QVERIFY(made.size() <= 49);
        if (QByteArray(QTest::currentDataTag()) != "long")
            QCOMPARE(made, title);
        else
            QVERIFY2(made.endsWith("word…"), qPrintable(made));
    }
};

QTEST_GUILESS_MAIN(TstItems)
#include "tst_items.moc"
