// Colours that can be read, icons that exist, a stylesheet that is whole, a switch without a restart.
#include <QApplication>
#include <QDirIterator>
#include <QFile>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

#include "ui/icons.h"
#include "ui/panels.h"
#include "ui/theme.h"

using namespace ui;

class TstTheme : public QObject {
    Q_OBJECT
  private slots:
    void contrast_data();
    void contrast();
    void ratioOfKnownColors();
    void seriesDiffer_data();
    void seriesDiffer();
    void styleSheetHasNoHoles_data();
    void styleSheetHasNoHoles();
    void everyNamedIconExists();
    void iconsFollowTheTheme();
    void switchesLive();
    void zoomScalesType();
};

static QList<std::pair<const char*, Tokens>> schemes() {
    return {{"light", lightTokens()}, {"dark", darkTokens()}, {"high contrast", highContrastTokens()}};
}

void TstTheme::contrast_data() {
    QTest::addColumn<QColor>("text");
    QTest::addColumn<QColor>("under");
    for (const auto& [name, t] : schemes()) {
        const std::pair<const char*, QColor> unders[] = {{"background", t.background},
                                                         {"surface", t.surface},
                                                         {"surface2", t.surface2},
                                                         {"accentSoft", t.accentSoft}};
        for (const auto& [where, under] : unders) {
            QTest::addRow("%s/text on %s", name, where) << t.text << under;
            QTest::addRow("%s/muted on %s", name, where) << t.muted << under;
        }
        for (const auto& [where, under] : {unders[0], unders[1], unders[3]})
            QTest::addRow("%s/accent on %s", name, where) << t.accent << under;
        QTest::addRow("%s/on accent", name) << t.onAccent << t.accent;
        QTest::addRow("%s/warning on its note", name) << t.warning << t.warningSoft;
        QTest::addRow("%s/warning on surface", name) << t.warning << t.surface;
        QTest::addRow("%s/error on its note", name) << t.error << t.errorSoft;
        QTest::addRow("%s/error on surface", name) << t.error << t.surface;
        QTest::addRow("%s/error on selection", name) << t.error << t.accentSoft;
    }
}

void TstTheme::contrast() {
    QFETCH(QColor, text);
    QFETCH(QColor, under);
    const double ratio = contrastRatio(text, under);
    QVERIFY2(ratio >= 4.5, qPrintable(QStringLiteral("%1 on %2 is %3 : 1").arg(text.name(), under.name()).arg(ratio)));
}

void TstTheme::ratioOfKnownColors() {
    QCOMPARE(qRound(contrastRatio(Qt::black, Qt::white)), 21);
    QCOMPARE(qRound(contrastRatio(Qt::white, Qt::white)), 1);
    QVERIFY(qAbs(contrastRatio(QColor(0x77, 0x77, 0x77), Qt::white) - 4.48) < 0.01);
}

void TstTheme::seriesDiffer_data() {
    QTest::addColumn<int>("scheme");
    for (int i = 0; i < schemes().size(); ++i)
        QTest::addRow("%s", schemes().at(i).first) << i;
}

// Also for people who see no difference of red and green: lightness or blue must tell two series apart.
void TstTheme::seriesDiffer() {
    QFETCH(int, scheme);
    const Tokens t = schemes().at(scheme).second;
    for (size_t i = 0; i < t.series.size(); ++i) {
        QVERIFY(contrastRatio(t.series[i], t.surface) >= 1.9);
        for (size_t j = i + 1; j < t.series.size(); ++j) {
            const QColor a = t.series[i], b = t.series[j];
            const int luma = qAbs(qGray(a.rgb()) - qGray(b.rgb())), blue = qAbs(a.blue() - b.blue());
            QVERIFY2(luma + blue >= 25, qPrintable(QStringLiteral("%1 and %2").arg(a.name(), b.name())));
        }
    }
}

void TstTheme::styleSheetHasNoHoles_data() {
    seriesDiffer_data();
}

void TstTheme::styleSheetHasNoHoles() {
    QFETCH(int, scheme);
    const QString sheet = styleSheetFor(schemes().at(scheme).second, 1.0);
    QVERIFY(!sheet.contains(QLatin1Char('@')));
    static const QRegularExpression hole(QStringLiteral(":\\s*;|solid\\s*;|\\(\\)"));
    const auto found = hole.match(sheet);
    QVERIFY2(!found.hasMatch(), qPrintable(sheet.mid(found.capturedStart() - 60, 120)));
    QCOMPARE(sheet.count(QLatin1Char('{')), sheet.count(QLatin1Char('}')));
    static const QRegularExpression picture(QStringLiteral("url\\(([^)]*)\\)"));
    for (auto it = picture.globalMatch(sheet); it.hasNext();)
        QVERIFY(QFile::exists(it.next().captured(1)));
}

void TstTheme::everyNamedIconExists() {
    QVERIFY(QFile::exists(QStringLiteral(":/tessera/icons/chat.svg")));
    for (const PanelEntry& panel : panels())
        QVERIFY2(QFile::exists(QStringLiteral(":/tessera/icons/%1.svg").arg(QLatin1String(panel.icon))), panel.icon);
    for (const ModeEntry& mode : modes())
        QVERIFY2(QFile::exists(QStringLiteral(":/tessera/icons/%1.svg").arg(QLatin1String(mode.icon))), mode.icon);
    int icons = 0;
    for (QDirIterator it(QStringLiteral(":/tessera/icons")); it.hasNext(); ++icons) {
        QFile file(it.next());
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray source = file.readAll();
        QVERIFY2(source.contains("stroke-width=\"1.5\""), qPrintable(file.fileName()));
        QVERIFY2(source.contains("currentColor"), qPrintable(file.fileName()));
    }
    QVERIFY(icons > 30);
}

void TstTheme::iconsFollowTheTheme() {
    QTemporaryDir folder;
    app::Settings settings(folder.filePath(QStringLiteral("settings.ini")));
    settings.setTheme(app::Settings::Theme::Light);
    Theme theme(settings, *qApp);
    const QIcon one = icon(theme, QStringLiteral("chat"));
    const auto darkest = [&one] {
        const QImage image = one.pixmap(QSize(32, 32)).toImage();
        QColor strongest;
        int alpha = 0;
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x)
                if (const QColor c = image.pixelColor(x, y); c.alpha() > alpha)
                    strongest = c, alpha = c.alpha();
        return strongest.lightness();
    };
    const int onLight = darkest();
    settings.setTheme(app::Settings::Theme::Dark);
    QVERIFY(onLight < 90);
    QVERIFY(darkest() > 160);
}

void TstTheme::switchesLive() {
    QTemporaryDir folder;
    app::Settings settings(folder.filePath(QStringLiteral("settings.ini")));
    settings.setTheme(app::Settings::Theme::Light);
    Theme theme(settings, *qApp);
    int changes = 0;
    connect(&theme, &Theme::changed, &theme, [&changes] { ++changes; });
    QWidget window;
    window.ensurePolished();
    QCOMPARE(window.palette().color(QPalette::Window), lightTokens().background);
    settings.setTheme(app::Settings::Theme::HighContrast);
    QCOMPARE(changes, 1);
    QVERIFY(theme.tokens().highContrast);
    QCOMPARE(window.palette().color(QPalette::Window), highContrastTokens().background);
    settings.setTheme(app::Settings::Theme::System);
    QCOMPARE(theme.tokens().dark, theme.systemIsDark());
}

void TstTheme::zoomScalesType() {
    QTemporaryDir folder;
    app::Settings settings(folder.filePath(QStringLiteral("settings.ini")));
    Theme theme(settings, *qApp);
    QCOMPARE(theme.font(Type::Body).pointSizeF(), 10.0);
    settings.setZoomPercent(200);
    QCOMPARE(theme.font(Type::Body).pointSizeF(), 20.0);
    QCOMPARE(theme.px(8), 16);
}

QTEST_MAIN(TstTheme)
#include "tst_theme.moc"
