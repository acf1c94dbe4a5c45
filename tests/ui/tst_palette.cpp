// Finding by a few letters, and the palette driven by keys alone.
#include <QApplication>
#include <QLineEdit>
#include <QTemporaryDir>
#include <QTest>

#include "ui/english_plurals.h"
#include "ui/theme.h"
#include "ui/widgets/command_palette.h"
#include "ui/widgets/fuzzy.h"

using namespace ui;

class TstPalette : public QObject {
    Q_OBJECT
  private slots:
    void matches_data();
    void matches();
    void ranks_data();
    void ranks();
    void longTextIsQuick();
    void keysAlone();
    void escapeGivesTheFocusBack();
    void closesWhenTheFieldBeforeIsGone();
    void saysTheCurrentEntry();
    void disabledEntriesDoNotRun();
    void plurals_data();
    void plurals();
};

void TstPalette::matches_data() {
    QTest::addColumn<QString>("needle");
    QTest::addColumn<QString>("text");
    QTest::addColumn<bool>("found");
    QTest::newRow("empty") << ""
                           << "New chat" << true;
    QTest::newRow("prefix") << "new"
                            << "New chat" << true;
    QTest::newRow("initials") << "nc"
                              << "New chat" << true;
    QTest::newRow("scattered") << "nwct"
                               << "New chat" << true;
    QTest::newRow("words") << "new ch"
                           << "New chat" << true;
    QTest::newRow("wrong order") << "tahc"
                                 << "New chat" << false;
    QTest::newRow("missing letter") << "newz"
                                    << "New chat" << false;
    QTest::newRow("accent") << "resume" << QString::fromUtf8("R\u00e9sum\u00e9 of the day") << true;
    QTest::newRow("other script") << QString::fromUtf8("чат") << QString::fromUtf8("Новый чат") << true;
    QTest::newRow("needs the plain walk") << "aab"
                                          << "axa ab" << true;
}

void TstPalette::matches() {
    QFETCH(QString, needle);
    QFETCH(QString, text);
    QFETCH(bool, found);
    const auto match = fuzzyMatch(needle, text);
    QCOMPARE(match.has_value(), found);
    if (!match)
        return;
    int last = -1;
    for (const int at : match->positions) {
        QVERIFY(at > last && at < text.size());
        last = at;
    }
}

void TstPalette::ranks_data() {
    QTest::addColumn<QString>("needle");
    QTest::addColumn<QString>("better");
    QTest::addColumn<QString>("worse");
    QTest::newRow("start beats middle") << "load"
                                        << "Load a model"
                                        << "Unload the model";
    QTest::newRow("words beat letters") << "td"
                                        << "Theme: dark"
                                        << "Start new chats with these defaults";
    QTest::newRow("together beats apart") << "chat"
                                          << "New chat"
                                          << "Choose what to keep at it";
    QTest::newRow("short beats long") << "jobs"
                                      << "Jobs"
                                      << "Jobs that were finished a long time ago and forgotten";
}

void TstPalette::ranks() {
    QFETCH(QString, needle);
    QFETCH(QString, better);
    QFETCH(QString, worse);
    const auto a = fuzzyMatch(needle, better), b = fuzzyMatch(needle, worse);
    QVERIFY(a.has_value());
    QVERIFY2(!b || a->score > b->score, qPrintable(QStringLiteral("%1 <= %2").arg(a->score).arg(b ? b->score : 0)));
}

void TstPalette::longTextIsQuick() {
    // Every letter starts a match: the worst case. Must come back, and look at a bounded part only.
    const QString text(1'000'000, QLatin1Char('a'));
    QVERIFY(fuzzyMatch(QString(40, QLatin1Char('a')), text));
    QVERIFY(!fuzzyMatch(QString(40, QLatin1Char('a')) + QLatin1Char('b'), text));
}

struct Fixture {
    QTemporaryDir folder;
    app::Settings settings{folder.filePath(QStringLiteral("settings.ini"))};
    Theme theme{settings, *qApp};
    QWidget window;
    QLineEdit before{&window};
    QStringList ran;
    CommandPalette palette{theme,
                           [this] {
                               QList<PaletteEntry> entries;
                               for (const char* name : {"New chat", "Load a model", "Theme: dark", "Not now"}) {
                                   PaletteEntry entry;
                                   entry.text = QString::fromLatin1(name);
                                   entry.enabled = entry.text != QLatin1String("Not now");
                                   entry.run = [this, text = entry.text] { ran.append(text); };
                                   entries.append(entry);
                               }
                               return entries;
                           },
                           &window};
    Fixture() {
        window.resize(900, 600);
        window.show();
        before.setFocus();
        QVERIFY(QTest::qWaitForWindowActive(&window));
        palette.open();
    }
};

void TstPalette::keysAlone() {
    Fixture f;
    QVERIFY(f.palette.isVisible());
    QVERIFY(f.palette.field()->hasFocus());
    QTest::keyClicks(f.palette.field(), QStringLiteral("dark"));
    QCOMPARE(f.palette.model()->rowCount(), 1);
    QTest::keyClick(f.palette.field(), Qt::Key_Return);
    QCOMPARE(f.ran, QStringList{QStringLiteral("Theme: dark")});
    QVERIFY(!f.palette.isVisible());
    f.palette.open();
    QTest::keyClick(f.palette.field(), Qt::Key_Down);
    QTest::keyClick(f.palette.field(), Qt::Key_Return);
    QCOMPARE(f.ran.size(), 2);
    QCOMPARE(f.ran.last(), QStringLiteral("Load a model"));
    f.palette.open();
    QTest::keyClicks(f.palette.field(), QStringLiteral("zzz"));
    QCOMPARE(f.palette.model()->rowCount(), 0);
    QTest::keyClick(f.palette.field(), Qt::Key_Return);
    QTest::keyClick(f.palette.field(), Qt::Key_Down);
    QCOMPARE(f.ran.size(), 2);
}

void TstPalette::escapeGivesTheFocusBack() {
    Fixture f;
    QTest::keyClick(f.palette.field(), Qt::Key_Escape);
    QVERIFY(!f.palette.isVisible());
    QVERIFY(f.before.hasFocus());
    QVERIFY(f.ran.isEmpty());
}

// A field that ends when it loses the focus (a rename in a list) is no more when the palette closes.
void TstPalette::closesWhenTheFieldBeforeIsGone() {
    Fixture f;
    f.palette.open();  // closes it
    auto* passing = new QLineEdit(&f.window);
    passing->show();
    passing->setFocus();
    QVERIFY(passing->hasFocus());
    f.palette.open();
    delete passing;
    QTest::keyClick(f.palette.field(), Qt::Key_Escape);
    QVERIFY(!f.palette.isVisible());
}

void TstPalette::saysTheCurrentEntry() {
    Fixture f;
    QTest::keyClick(f.palette.field(), Qt::Key_Down);
    QVERIFY(f.palette.field()->accessibleDescription().startsWith(QLatin1String("Load a model")));
}

void TstPalette::disabledEntriesDoNotRun() {
    Fixture f;
    QTest::keyClicks(f.palette.field(), QStringLiteral("not now"));
    QTest::keyClick(f.palette.field(), Qt::Key_Return);
    QVERIFY(f.ran.isEmpty());
    QVERIFY(f.palette.isVisible());
}

void TstPalette::plurals_data() {
    QTest::addColumn<QString>("source");
    QTest::addColumn<int>("n");
    QTest::addColumn<QString>("text");
    QTest::newRow("one") << "%n file(s)" << 1 << "1 file";
    QTest::newRow("none") << "%n file(s)" << 0 << "0 files";
    QTest::newRow("many") << "%n file(s) and more" << 7 << "7 files and more";
    QTest::newRow("reply") << "%n reply(s) running" << 2 << "2 replies running";
    QTest::newRow("one reply") << "%n reply(s) running" << 1 << "1 reply running";
    QTest::newRow("no plural") << "%n running" << 2 << "2 running";
}

void TstPalette::plurals() {
    QFETCH(QString, source);
    QFETCH(int, n);
    QFETCH(QString, text);
    EnglishPlurals plurals;
    QCoreApplication::installTranslator(&plurals);
    QCOMPARE(QCoreApplication::translate("Test", source.toUtf8().constData(), nullptr, n), text);
    QCoreApplication::removeTranslator(&plurals);
}

QTEST_MAIN(TstPalette)
#include "tst_palette.moc"
