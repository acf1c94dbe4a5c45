// Every panel of the list: build, drive, grab, close; no control without a name; longer words and mirrored layouts.
#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAbstractSlider>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QDialog>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTableView>
#include <QTranslator>

#include "tests/ui/desk.h"
#include "ui/panels.h"

using namespace ui;

namespace {

// Every text 40 % longer, as some languages are.
class LongWords : public QTranslator {
  public:
    bool isEmpty() const override { return false; }
    QString translate(const char*, const char* source, const char*, int) const override {
        const QString text = QString::fromUtf8(source);
        return text + QString(qMax(2, static_cast<int>(text.size() * 2 / 5)), QChar(0x00E4));
    }
};

QString nameOf(const QWidget* widget) {
    if (!widget->accessibleName().isEmpty())
        return widget->accessibleName();
    if (const auto* button = qobject_cast<const QAbstractButton*>(widget))
        return button->text().isEmpty() ? button->toolTip() : button->text();
    return {};
}

}  // namespace

class TstPanels : public QObject {
    Q_OBJECT
  private slots:
    void initTestCase();
    void cleanupTestCase() { m_desk.reset(); }
    void listIsSound();
    void buildDriveGrabClose_data();
    void buildDriveGrabClose();
    void everyControlHasAName_data() { buildDriveGrabClose_data(); }
    void everyControlHasAName();
    void longerWordsAndMirrored_data() { buildDriveGrabClose_data(); }
    void longerWordsAndMirrored();
    void typedSettingsCountAtOnce();
    void libraryLoadsWithEnterAndKeepsItsDetails();
    void everyThemeAndSize_data() { buildDriveGrabClose_data(); }
    void everyThemeAndSize();

  private:
    std::unique_ptr<test::Desk> m_desk;
};

void TstPanels::initTestCase() {
    m_desk = std::make_unique<test::Desk>();
    QVERIFY(m_desk->start());
}

void TstPanels::listIsSound() {
    QSet<QString> ids;
    for (const PanelEntry& entry : panels()) {
        QVERIFY(!ids.contains(QLatin1String(entry.id)));
        ids.insert(QLatin1String(entry.id));
        QVERIFY(entry.make != nullptr);
        QVERIFY(entry.area == Area::Center || entry.width > 0);
    }
    for (const ModeEntry& mode : modes()) {
        int centers = 0;
        for (const PanelEntry& entry : panels())
            centers += entry.mode == mode.mode && entry.area == Area::Center;
        QVERIFY2(centers >= 1, mode.id);
    }
}

void TstPanels::buildDriveGrabClose_data() {
    QTest::addColumn<QString>("id");
    for (const PanelEntry& entry : panels())
        QTest::newRow(entry.id) << QString::fromLatin1(entry.id);
}

void TstPanels::buildDriveGrabClose() {
    QFETCH(QString, id);
    const PanelEntry* entry = findPanel(id);
    QVERIFY(entry);
    std::unique_ptr<QWidget> panel(entry->make(m_desk->workbench, m_desk->theme, nullptr));
    panel->resize(entry->width > 0 ? entry->width : 800, 700);
    panel->show();
    QVERIFY(QTest::qWaitForWindowExposed(panel.get()));
    // Drive: the keyboard walks through every control, letters and arrows go to each.
    for (int i = 0; i < 60; ++i) {
        QWidget* focus = panel->focusWidget() ? panel->focusWidget() : panel.get();
        QTest::keyClick(focus, Qt::Key_Down);
        if (qobject_cast<QLineEdit*>(focus))
            QTest::keyClicks(focus, QStringLiteral("a"));
        QTest::keyClick(focus, Qt::Key_Tab);
    }
    const QImage image = panel->grab().toImage();
    QSet<QRgb> colors;
    for (int y = 0; y < image.height(); y += 2)
        for (int x = 0; x < image.width(); x += 2)
            colors.insert(image.pixel(x, y));
    QVERIFY2(colors.size() > 4, "the panel paints nothing");
    panel->close();
    panel.reset();
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    emit m_desk->workbench.settingsChanged();  // nobody may listen any more
}

void TstPanels::everyControlHasAName() {
    QFETCH(QString, id);
    std::unique_ptr<QWidget> panel(findPanel(id)->make(m_desk->workbench, m_desk->theme, nullptr));
    panel->show();
    QVERIFY(!panel->accessibleName().isEmpty() || panel->focusProxy());
    for (QWidget* widget : panel->findChildren<QWidget*>()) {
        const bool control = qobject_cast<QAbstractButton*>(widget) || qobject_cast<QLineEdit*>(widget) ||
                             qobject_cast<QAbstractSpinBox*>(widget) || qobject_cast<QComboBox*>(widget) ||
                             qobject_cast<QAbstractSlider*>(widget) || qobject_cast<QPlainTextEdit*>(widget) ||
                             qobject_cast<QAbstractItemView*>(widget);
        // Parts of a larger control speak through it.
        const bool part = widget->objectName().startsWith(QLatin1String("qt_")) || !widget->isVisibleTo(panel.get()) ||
                          qobject_cast<QAbstractSpinBox*>(widget->parentWidget()) ||
                          qobject_cast<QComboBox*>(widget->parentWidget()) || widget->inherits("QHeaderView") ||
                          widget->inherits("QScrollBar") || widget->inherits("QLineEditIconButton") ||
                          widget->inherits("QTableCornerButton") || widget->inherits("QTabBar") ||
                          (widget->parentWidget() && widget->parentWidget()->inherits("QTabBar"));
        if (control && !part)
            QVERIFY2(!nameOf(widget).isEmpty(),
                     qPrintable(QStringLiteral("%1 %2").arg(QLatin1String(widget->metaObject()->className()),
                                                            widget->objectName())));
    }
}

void TstPanels::longerWordsAndMirrored() {
    QFETCH(QString, id);
    LongWords words;
    QCoreApplication::installTranslator(&words);
    QApplication::setLayoutDirection(Qt::RightToLeft);
    {
        const PanelEntry* entry = findPanel(id);
        std::unique_ptr<QWidget> panel(entry->make(m_desk->workbench, m_desk->theme, nullptr));
        const int wide = entry->width > 0 ? entry->width : 560;
        panel->resize(wide, 560);
        panel->show();
        QVERIFY(QTest::qWaitForWindowExposed(panel.get()));
        panel->grab();
        QVERIFY2(panel->minimumSizeHint().width() <= qMax(wide + 160, 640),
                 qPrintable(QStringLiteral("asks for %1 px").arg(panel->minimumSizeHint().width())));
    }
    QApplication::setLayoutDirection(Qt::LeftToRight);
    QCoreApplication::removeTranslator(&words);
}

void TstPanels::libraryLoadsWithEnterAndKeepsItsDetails() {
    test::Desk desk;
    std::unique_ptr<QWidget> panel(findPanel(QStringLiteral("library"))->make(desk.workbench, desk.theme, nullptr));
    panel->resize(900, 500);
    panel->show();
    desk.workbench.start();
    auto* table = panel->findChild<QTableView*>();
    QVERIFY(table);
    QTRY_COMPARE_WITH_TIMEOUT(table->model()->rowCount(), 2, 10'000);
    QTRY_VERIFY(!desk.workbench.isScanning());
    const auto pathOf = [table](int row) {
        return table->model()->index(row, 0).data(app::LibraryModel::PathRole).toString();
    };
    const int good = pathOf(0) == desk.modelPath ? 0 : 1;
    table->selectRow(good);
    QTest::keyClick(table, Qt::Key_Return);
    QTRY_VERIFY_WITH_TIMEOUT(desk.workbench.currentModel() != 0, 20'000);
    // Comparing reads both files; what is shown afterwards is the chosen one.
    QSignalSpy details(&desk.workbench, &app::Workbench::detailsReady);
    for (QPushButton* button : panel->findChildren<QPushButton*>())
        if (button->text().startsWith(QLatin1String("Compare")))
            button->click();
    auto* dialog = panel->findChild<QDialog*>();
    QVERIFY(dialog);
    QTRY_VERIFY(details.size() >= 2);
    dialog->reject();
    QTRY_VERIFY(details.size() >= 3);
    QCOMPARE(details.last()[0].value<app::ModelDetails>().path, desk.modelPath);
}

// A chat that is opened right after typing must not get the words meant for the one before.
void TstPanels::typedSettingsCountAtOnce() {
    std::unique_ptr<QWidget> panel(
        findPanel(QStringLiteral("inspector"))->make(m_desk->workbench, m_desk->theme, nullptr));
    panel->show();
    const auto edits = panel->findChildren<QPlainTextEdit*>();
    const auto named = [&edits](const QString& name) {
        const auto found = std::find_if(edits.begin(), edits.end(),
                                        [&name](const QPlainTextEdit* edit) { return edit->accessibleName() == name; });
        return found == edits.end() ? nullptr : *found;
    };
    QPlainTextEdit* prompt = named(QStringLiteral("System prompt"));
    QVERIFY(prompt);
    QTest::keyClicks(prompt, QStringLiteral("Be brief"));
    QCOMPARE(m_desk->workbench.setting(QStringLiteral("systemPrompt")).toString(), QStringLiteral("Be brief"));
    QPlainTextEdit* stops = named(QStringLiteral("Stop strings"));
    QVERIFY(stops);
    QTest::keyClicks(stops, QStringLiteral("END"));
    QTest::keyClick(stops, Qt::Key_Return);
    QCOMPARE(m_desk->workbench.setting(QStringLiteral("stops")).toStringList(), QStringList{QStringLiteral("END")});
    QCOMPARE(stops->toPlainText(), QStringLiteral("END\n"));
    m_desk->workbench.resetSettings();
    m_desk->workbench.resetSetting(QStringLiteral("systemPrompt"));
}

void TstPanels::everyThemeAndSize() {
    QFETCH(QString, id);
    std::unique_ptr<QWidget> panel(findPanel(id)->make(m_desk->workbench, m_desk->theme, nullptr));
    panel->show();
    using Theme = app::Settings::Theme;
    for (const Theme choice : {Theme::Dark, Theme::HighContrast, Theme::Light}) {
        m_desk->settings.setTheme(choice);
        for (const int zoom : {100, 300}) {
            m_desk->settings.setZoomPercent(zoom);
            panel->resize(500, 400);
            panel->grab();
        }
    }
    m_desk->settings.setZoomPercent(100);
}

QTEST_MAIN(TstPanels)
#include "tst_panels.moc"
