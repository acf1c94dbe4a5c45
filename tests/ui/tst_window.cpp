// The window as a person uses it: modes, docks that are remembered, folding, drop, palette, closing.
#include <QAbstractItemView>
#include <QAction>
#include <QDockWidget>
#include <QLabel>
#include <QMessageBox>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QPushButton>
#include <atomic>
#include <thread>

#include "tests/ui/desk.h"
#include "ui/dock_host.h"
#include "ui/main_window.h"
#include "ui/widgets/command_palette.h"
#include "ui/widgets/mode_rail.h"
#include "ui/widgets/model_selector.h"
#include "ui/widgets/top_bar.h"
#include "ui/widgets/vitals_strip.h"

using namespace ui;

class TstWindow : public QObject {
    Q_OBJECT
  private slots:
    void shortcutsOpenModes();
    void arrangementSurvivesARestart();
    void resetPutsBack();
    void foldsWhenNarrow();
    void sidesGetTheirWidths();
    void tearOffAndDockAgain();
    void everyModeWorksInSmallAndLarge_data();
    void everyModeWorksInSmallAndLarge();
    void dropLoadsAModel();
    void failedLoadIsSaidWhereItWasAskedFor();
    void namesOfFilesAreNotMarkup();
    void paletteListsActionsModelsAndPanels();
    void actionsHaveUniqueShortcuts();
    void actionsFollowWhatIsPossible();
    void inspectorHearsWhatItIsBuiltFor();
    void previewOfASlowTemplate();
    void vitalsSayWhyNot();
    void closesWhenNothingRuns();
    void asksOnceWhenSomethingRuns();
};

void TstWindow::shortcutsOpenModes() {
    test::Desk desk;
    MainWindow window(desk.workbench, desk.theme);
    window.resize(1400, 800);
    window.show();
    QVERIFY(QTest::qWaitForWindowActive(&window));
    int key = Qt::Key_1;
    for (const ModeEntry& mode : modes()) {
        QTest::keyClick(&window, static_cast<Qt::Key>(key++), Qt::ControlModifier);
        QCOMPARE(window.docks().mode(), mode.mode);
        for (const PanelEntry& panel : panels())
            if (panel.mode == mode.mode)
                QVERIFY2(window.docks().isPanelShown(QLatin1String(panel.id)), panel.id);
    }
}

void TstWindow::arrangementSurvivesARestart() {
    test::Desk desk;
    {
        MainWindow window(desk.workbench, desk.theme);
        window.resize(1400, 800);
        window.show();
        window.setMode(Mode::Chat);
        window.docks().setPanelShown(QStringLiteral("inspector"), false);
        window.setMode(Mode::Library);
        window.close();
    }
    MainWindow window(desk.workbench, desk.theme);
    window.show();
    QCOMPARE(window.docks().mode(), Mode::Library);
    QCOMPARE(window.size(), QSize(1400, 800));
    window.setMode(Mode::Chat);
    QVERIFY(!window.docks().isPanelShown(QStringLiteral("inspector")));
    window.docks().resetMode();
    QVERIFY(window.docks().isPanelShown(QStringLiteral("inspector")));
}

void TstWindow::resetPutsBack() {
    test::Desk desk;
    MainWindow window(desk.workbench, desk.theme);
    window.resize(1400, 800);
    window.show();
    for (const ModeEntry& mode : modes()) {
        window.setMode(mode.mode);
        for (const PanelEntry& panel : panels())
            window.docks().setPanelShown(QLatin1String(panel.id), panel.mode != mode.mode);
        window.docks().resetMode();
        for (const PanelEntry& panel : panels())
            QCOMPARE(window.docks().isPanelShown(QLatin1String(panel.id)), panel.mode == mode.mode);
    }
}

void TstWindow::foldsWhenNarrow() {
    test::Desk desk;
    MainWindow window(desk.workbench, desk.theme);
    window.resize(1300, 700);
    window.show();
    window.setMode(Mode::Chat);
    QVERIFY(window.docks().isPanelShown(QStringLiteral("inspector")));
    window.resize(900, 640);
    QVERIFY(!window.docks().isPanelShown(QStringLiteral("inspector")));
    window.setMode(Mode::Library);
    QVERIFY(!window.docks().isPanelShown(QStringLiteral("model_details")));
    window.setMode(Mode::Chat);
    window.resize(1300, 700);
    QVERIFY(window.docks().isPanelShown(QStringLiteral("inspector")));
    window.resize(1024, 640);  // the smallest size that shows all
    QVERIFY(window.docks().isPanelShown(QStringLiteral("inspector")));
    QCOMPARE(window.size(), QSize(1024, 640));
}

// From the first look on, whatever the size of the window; the center takes the rest.
void TstWindow::sidesGetTheirWidths() {
    test::Desk desk;
    MainWindow window(desk.workbench, desk.theme);
    window.resize(1440, 900);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    for (const int width : {1440, 1100, 1900}) {
        window.resize(width, 900);
        for (const PanelEntry& panel : panels())
            if (panel.mode == window.docks().mode() && panel.area != Area::Center)
                QTRY_VERIFY2(qAbs(window.docks().panel(QLatin1String(panel.id))->width() - panel.width) <= 4,
                             qPrintable(QStringLiteral("%1 at %2: %3 px")
                                            .arg(QLatin1String(panel.id))
                                            .arg(width)
                                            .arg(window.docks().panel(QLatin1String(panel.id))->width())));
    }
}

void TstWindow::tearOffAndDockAgain() {
    test::Desk desk;
    MainWindow window(desk.workbench, desk.theme);
    window.resize(1300, 700);
    window.show();
    window.setMode(Mode::Chat);
    window.docks().tearOff(QStringLiteral("inspector"));
    auto* dock = window.docks().findChild<QDockWidget*>(QStringLiteral("dock-inspector"));
    QVERIFY(dock && dock->isFloating());
    window.docks().tearOff(QStringLiteral("inspector"));
    QVERIFY(!dock->isFloating());
    QVERIFY(window.docks().isPanelShown(QStringLiteral("inspector")));
}

void TstWindow::everyModeWorksInSmallAndLarge_data() {
    QTest::addColumn<QSize>("size");
    QTest::addColumn<int>("zoom");
    QTest::newRow("1024x640") << QSize(1024, 640) << 100;
    QTest::newRow("640x480") << QSize(640, 480) << 100;
    QTest::newRow("1024x640 at 200 %") << QSize(1024, 640) << 200;
    QTest::newRow("1024x640 at 300 %") << QSize(1024, 640) << 300;
    QTest::newRow("2560x1440") << QSize(2560, 1440) << 100;
}

void TstWindow::everyModeWorksInSmallAndLarge() {
    QFETCH(QSize, size);
    QFETCH(int, zoom);
    test::Desk desk;
    desk.settings.setZoomPercent(zoom);
    MainWindow window(desk.workbench, desk.theme);
    window.resize(size);
    window.show();
    for (const ModeEntry& mode : modes()) {
        window.setMode(mode.mode);
        QCoreApplication::processEvents();
        window.grab();
        QVERIFY2(window.width() <= qMax(size.width(), zoom > 100 ? size.width() * zoom / 100 : 0),
                 qPrintable(QStringLiteral("%1 px").arg(window.width())));
    }
}

static void dropOn(QWidget* target, const QString& path) {
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(path)});
    QDragEnterEvent enter(QPoint(5, 5), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(target, &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(QPointF(5, 5), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(target, &drop);
    QVERIFY(drop.isAccepted());
}

void TstWindow::dropLoadsAModel() {
    test::Desk desk;
    MainWindow window(desk.workbench, desk.theme);
    window.show();
    desk.workbench.start();
    window.setMode(Mode::Library);
    dropOn(window.docks().panel(QStringLiteral("library")), desk.modelPath);
    QTRY_VERIFY_WITH_TIMEOUT(desk.workbench.currentModel() != 0, 20'000);
    QTRY_COMPARE(window.topBar().modelButton()->state(), ModelButton::State::Ready);
    QVERIFY(window.topBar().modelButton()->accessibleName().size() > 8);
}

void TstWindow::failedLoadIsSaidWhereItWasAskedFor() {
    test::Desk desk;
    MainWindow window(desk.workbench, desk.theme);
    window.show();
    QVERIFY(desk.start());
    QSignalSpy failed(&desk.workbench, &app::Workbench::modelLoadFailed);
    desk.workbench.loadModel(desk.folder.filePath(QStringLiteral("models/broken.gguf")));
    QTRY_COMPARE_WITH_TIMEOUT(failed.size(), 1, 10'000);
    QVERIFY(desk.workbench.loadError().contains(QLatin1String("broken.gguf")));
    // The model loaded before stays in use, and the bar says that another failed.
    QVERIFY(desk.workbench.currentModel() != 0);
    QVERIFY(!window.topBar().modelButton()->accessibleDescription().isEmpty());
    window.openModels();
    auto* popup = window.findChild<ModelPopup*>();
    QVERIFY(popup);
    bool said = false;
    for (QLabel* label : popup->findChildren<QLabel*>())
        said = said || (label->isVisible() && label->text().contains(desk.workbench.loadError()));
    QVERIFY(said);
    bool wayOn = false;
    for (QPushButton* button : popup->findChildren<QPushButton*>())
        wayOn = wayOn || (button->isVisible() && button->text() == QLatin1String("Choose another file"));
    QVERIFY(wayOn);
    popup->hide();
}

// A file's name may look like markup. A label or a tool tip that read it so would open the picture it names.
void TstWindow::namesOfFilesAreNotMarkup() {
    test::Desk desk;
    const QString name = QStringLiteral("<img src='secret.png'>.gguf");
    const QString path = QString::fromStdString(desk.profile.models) + QLatin1Char('/') + name;
    QVERIFY(QFile::copy(QString::fromStdString(desk.profile.models) + QStringLiteral("/broken.gguf"), path));
    QVERIFY(Qt::mightBeRichText(name));
    MainWindow window(desk.workbench, desk.theme);
    window.resize(1300, 800);
    window.show();
    QVERIFY(desk.start());
    QTRY_VERIFY_WITH_TIMEOUT(desk.workbench.library()->rowCount() >= 3, 10'000);
    QSignalSpy failed(&desk.workbench, &app::Workbench::modelLoadFailed);
    window.openModels();
    window.openJobs();
    desk.workbench.loadModel(path);
    desk.workbench.hashModel(path);
    QTRY_COMPARE_WITH_TIMEOUT(failed.size(), 1, 10'000);
    window.setMode(Mode::Library);
    QSignalSpy details(&desk.workbench, &app::Workbench::detailsReady);
    desk.workbench.requestDetails(path);
    QTRY_VERIFY(!details.isEmpty());
    int seen = 0;
    for (const QWidget* widget : window.findChildren<QWidget*>()) {
        const auto* label = qobject_cast<const QLabel*>(widget);
        if (label && label->text().contains(QLatin1String("<img"))) {
            ++seen;
            QVERIFY2(label->textFormat() == Qt::PlainText, qPrintable(label->text()));
        }
        QVERIFY2(!widget->toolTip().contains(QLatin1String("<img")), qPrintable(widget->toolTip()));
        if (const auto* view = qobject_cast<const QAbstractItemView*>(widget); view && view->model())
            for (int row = 0; row < view->model()->rowCount(); ++row)
                for (int column = 0; column < view->model()->columnCount(); ++column)
                    QVERIFY(!view->model()
                                 ->index(row, column)
                                 .data(Qt::ToolTipRole)
                                 .toString()
                                 .contains(QLatin1String("<img")));
    }
    QVERIFY2(seen >= 3, qPrintable(QString::number(seen)));
}

void TstWindow::paletteListsActionsModelsAndPanels() {
    test::Desk desk;
    MainWindow window(desk.workbench, desk.theme);
    window.show();
    QVERIFY(desk.start());
    QTRY_VERIFY_WITH_TIMEOUT(desk.workbench.library()->rowCount() >= 2, 10'000);
    window.palette().open();
    const auto find = [&window](const QString& needle) {
        window.palette().model()->setNeedle(needle);
        const PaletteEntry* entry = window.palette().model()->entryAt(0);
        return entry ? entry->text : QString();
    };
    QCOMPARE(find(QStringLiteral("theme dark")), QStringLiteral("Theme: dark"));
    QCOMPARE(find(QStringLiteral("go lib")), QStringLiteral("Go to Library"));
    QVERIFY(find(QStringLiteral("load tiny")).startsWith(QLatin1String("Load ")));
    QCOMPARE(find(QStringLiteral("tear insp")), QStringLiteral("Tear off panel: Inspector"));
    window.palette().open();
}

void TstWindow::actionsHaveUniqueShortcuts() {
    test::Desk desk;
    MainWindow window(desk.workbench, desk.theme);
    for (const PanelEntry& panel : panels())
        window.docks().panel(QLatin1String(panel.id));
    QHash<QKeySequence, QString> taken;
    for (const QAction* action : window.findChildren<QAction*>()) {
        if (action->shortcutContext() != Qt::WindowShortcut && action->shortcutContext() != Qt::ApplicationShortcut)
            continue;
        for (const QKeySequence& keys : action->shortcuts()) {
            QVERIFY2(!taken.contains(keys),
                     qPrintable(QStringLiteral("%1: %2 and %3").arg(keys.toString(), taken[keys], action->text())));
            taken.insert(keys, action->text());
        }
    }
    QVERIFY(taken.size() > 12);
}

// Something in front of the next reply holds the engine until `released`.
static void holdEngine(test::Desk& desk, const std::atomic<bool>& released) {
    desk.engine.run([&released](engine::Engine&, std::stop_token stop, const auto&) -> engine::Result<std::any> {
        while (!released && !stop.stop_requested())
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        return std::any();
    });
}

// The shortcuts of stopping and exporting work without a menu having been opened before.
void TstWindow::actionsFollowWhatIsPossible() {
    test::Desk desk;
    MainWindow window(desk.workbench, desk.theme);
    window.show();
    QVERIFY(desk.start());
    const auto enabled = [&window](const char* id) {
        const auto* action = window.findChild<QAction*>(QLatin1String(id));
        return action && action->isEnabled();
    };
    QTRY_VERIFY(!desk.workbench.hasRunningJobs());
    QTRY_VERIFY(!enabled("stop-all"));
    QVERIFY(!enabled("export-chat"));
    std::atomic<bool> answered = false;
    holdEngine(desk, answered);
    desk.workbench.send(QStringLiteral("Hello"));
    QTRY_VERIFY_WITH_TIMEOUT(desk.workbench.currentChat() != 0, 10'000);
    QVERIFY(enabled("export-chat"));
    QTRY_VERIFY(desk.workbench.hasRunningJobs());
    QVERIFY(enabled("stop-all"));
    answered = true;
    desk.workbench.stopAll();
    QTRY_VERIFY_WITH_TIMEOUT(!desk.workbench.hasRunningJobs(), 10'000);
    QTRY_VERIFY(!enabled("stop-all"));
}

// In a narrow window the inspector is not there before somebody asks for a setting.
void TstWindow::inspectorHearsWhatItIsBuiltFor() {
    test::Desk desk;
    desk.settings.setValue(QStringLiteral("view/mode"), QStringLiteral("library"));
    MainWindow window(desk.workbench, desk.theme);
    window.resize(900, 640);
    window.show();
    QVERIFY(desk.start());
    QVERIFY(!window.docks().isPanelShown(QStringLiteral("inspector")));
    desk.workbench.runAction(QStringLiteral("edit-template"));
    QVERIFY(window.docks().isPanelShown(QStringLiteral("inspector")));
    QCOMPARE(window.findChildren<QDialog*>(QStringLiteral("template-dialog")).size(), 1);
}

// A template that runs until it is stopped: the window goes on meanwhile, and then says why.
void TstWindow::previewOfASlowTemplate() {
    test::Desk desk;
    MainWindow window(desk.workbench, desk.theme);
    window.show();
    QVERIFY(desk.start());
    QTRY_VERIFY_WITH_TIMEOUT(desk.workbench.canSend(), 10'000);
    const QString slow = QStringLiteral(
        "{% set s = 'x' * 1000000 %}{% for i in range(100000) %}{% if s.replace('x', 'y') %}{% endif %}{% endfor %}");
    const app::LoadedId model = desk.workbench.currentModel();
    auto made = desk.workbench.previewTemplate(model, slow);
    QVERIFY(!made.isFinished());
    made.waitForFinished();
    QVERIFY2(made.result().problem.startsWith(QStringLiteral("chat template line 1")),
             qPrintable(made.result().problem));

    desk.workbench.runAction(QStringLiteral("edit-template"));
    auto* dialog = window.findChild<QDialog*>(QStringLiteral("template-dialog"));
    QVERIFY(dialog);
    QPlainTextEdit *source = nullptr, *preview = nullptr;
    for (auto* edit : dialog->findChildren<QPlainTextEdit*>())
        (edit->isReadOnly() ? preview : source) = edit;
    QVERIFY(source && preview);
    QTRY_VERIFY_WITH_TIMEOUT(!preview->toPlainText().isEmpty(), 10'000);
    source->setPlainText(slow);
    source->setPlainText(slow + QLatin1Char(' '));
    const auto says = [dialog](const QString& words) {
        const auto labels = dialog->findChildren<QLabel*>();
        return std::any_of(labels.begin(), labels.end(), [&words](const QLabel* label) {
            return label->isVisible() && label->text().startsWith(words);
        });
    };
    QTRY_VERIFY_WITH_TIMEOUT(says(QStringLiteral("chat template line 1")), 10'000);
    source->setPlainText(QStringLiteral("{{ messages[0].content }}"));
    QTRY_VERIFY_WITH_TIMEOUT(!says(QStringLiteral("chat template line 1")), 10'000);
    // Far more than anybody reads: the beginning is shown, and how much there is.
    source->setPlainText(QStringLiteral("{{ 'abc ' * 1000000 }}"));
    QTRY_VERIFY_WITH_TIMEOUT(preview->toPlainText().contains(QStringLiteral("more character")), 10'000);
    QVERIFY(preview->toPlainText().size() < 300'000);
}

void TstWindow::vitalsSayWhyNot() {
    test::Desk desk;
    MainWindow window(desk.workbench, desk.theme);
    window.show();
    for (const VitalCell* cell : window.vitals().findChildren<VitalCell*>()) {
        QVERIFY(!cell->accessibleName().isEmpty());
        QVERIFY(!cell->accessibleDescription().isEmpty());
        QVERIFY(!cell->toolTip().isEmpty());
    }
}

void TstWindow::closesWhenNothingRuns() {
    test::Desk desk;
    MainWindow window(desk.workbench, desk.theme);
    window.show();
    QVERIFY(desk.start());
    QTRY_VERIFY_WITH_TIMEOUT(!desk.workbench.hasRunningJobs(), 10'000);
    QSignalSpy closed(&window, &MainWindow::closed);
    window.close();
    QVERIFY(!window.isVisible());
    QTRY_COMPARE_WITH_TIMEOUT(closed.size(), 1, 10'000);
}

void TstWindow::asksOnceWhenSomethingRuns() {
    test::Desk desk;
    MainWindow window(desk.workbench, desk.theme);
    window.show();
    QVERIFY(desk.start());
    QTRY_VERIFY_WITH_TIMEOUT(desk.workbench.canSend(), 10'000);
    std::atomic<bool> answered = false;
    holdEngine(desk, answered);
    desk.workbench.send(QStringLiteral("Hello"));
    QTRY_VERIFY_WITH_TIMEOUT(desk.workbench.hasRunningJobs(), 10'000);
    window.close();
    auto* question = window.findChild<QMessageBox*>(QStringLiteral("close-question"));
    QVERIFY(question);
    window.close();
    QCOMPARE(window.findChildren<QMessageBox*>(QStringLiteral("close-question")).size(), 1);
    QVERIFY(window.isVisible());
    QSignalSpy closed(&window, &MainWindow::closed);
    for (QAbstractButton* button : question->buttons())
        if (question->buttonRole(button) == QMessageBox::AcceptRole)
            button->click();
    answered = true;
    QTRY_COMPARE_WITH_TIMEOUT(closed.size(), 1, 10'000);
}

QTEST_MAIN(TstWindow)
#include "tst_window.moc"
