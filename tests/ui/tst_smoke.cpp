// The real program on the real model, as a newcomer meets it: `tessera --smoke`. And without a model: one clear
// sentence.
#include <QDir>
#include <QImage>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include "app/profile.h"
#include "tests/support/sample_model.h"

class TstSmoke : public QObject {
    Q_OBJECT
  private slots:
    void newcomer();
    void withoutAModel();

  private:
    static QString program() { return qEnvironmentVariable("TESSERA_BUILD") + QStringLiteral("/bin/tessera"); }
};

void TstSmoke::newcomer() {
    const auto sample = app::findSampleModel(app::profileFromEnvironment());
    NEED_SAMPLE_MODEL(sample);
    QTemporaryDir folder;
    QProcess run;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.remove(QStringLiteral("TESSERA_HOME"));  // a newcomer has no profile
    run.setProcessEnvironment(environment);
    run.start(program(), {QStringLiteral("--smoke"), folder.path()});
    QVERIFY2(run.waitForFinished(130'000), "it did not end");
    const QByteArray said = run.readAllStandardOutput() + run.readAllStandardError();
    QVERIFY2(run.exitStatus() == QProcess::NormalExit && run.exitCode() == 0, said.constData());
    const QStringList pictures = QDir(folder.path()).entryList({QStringLiteral("*.png")});
    QVERIFY2(pictures.size() >= 6, qPrintable(pictures.join(QLatin1Char(' '))));
    QSet<QByteArray> different;
    for (const QString& name : pictures) {
        const QImage picture(folder.filePath(name));
        QVERIFY2(picture.width() >= 560 && picture.height() >= 400, qPrintable(name));
        QFile file(folder.filePath(name));
        QVERIFY(file.open(QIODevice::ReadOnly));
        different.insert(file.readAll());
    }
    QVERIFY2(different.size() >= 6, "the stages look alike");
}

void TstSmoke::withoutAModel() {
    QTemporaryDir folder, models;
    QProcess run;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.remove(QStringLiteral("TESSERA_HOME"));
    environment.insert(QStringLiteral("TESSERA_MODELS"), models.path());
    environment.insert(QStringLiteral("XDG_DATA_HOME"), models.path());
    run.setProcessEnvironment(environment);
    run.start(program(), {QStringLiteral("--smoke"), folder.path()});
    QVERIFY2(run.waitForFinished(60'000), "it did not end");
    QCOMPARE(run.exitStatus(), QProcess::NormalExit);
    QCOMPARE(run.exitCode(), 1);
    QVERIFY(run.readAllStandardError().contains(models.path().toUtf8()));
}

QTEST_GUILESS_MAIN(TstSmoke)
#include "tst_smoke.moc"
