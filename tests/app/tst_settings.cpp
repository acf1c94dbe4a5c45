// Settings: values, ranges, presets, a torn file, unknown keys; the rule of one instance per profile; the models'
// reading of the machine.
#include <QFile>
#include <QProcess>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>

#include "app/settings.h"
#include "app/single_instance.h"
#include "engine/trace/metric_source.h"

using namespace app;

class TstSettings : public QObject {
    Q_OBJECT
  private slots:
    void init() {
        m_dir = std::make_unique<QTemporaryDir>();
        m_path = m_dir->filePath("settings.ini");
    }

    void valuesStay() {
        {
            Settings s(m_path);
            QVERIFY(s.problem().isEmpty());
            QSignalSpy themes(&s, &Settings::themeChanged);
            s.setTheme(Settings::Theme::Dark);
            QCOMPARE(themes.size(), 1);
            s.setZoomPercent(1000);
            s.setState("window", QByteArray("\x00\x01\xff geometry", 12));
            s.setLibraryFolders({"/a, b", "/c=d"});
            ChatSettings chat;
            chat.sampling.temperature = 0.33f;
            chat.stops = {"\n\n", "END"};
            s.setChatDefaults(chat);
            s.savePreset("My preset", chat);
            QVERIFY(s.sync());
        }
        Settings s(m_path);
        QVERIFY2(s.problem().isEmpty(), qPrintable(s.problem()));
        QCOMPARE(s.theme(), Settings::Theme::Dark);
        QCOMPARE(s.zoomPercent(), 300);
        QCOMPARE(s.state("window"), QByteArray("\x00\x01\xff geometry", 12));
        QCOMPARE(s.libraryFolders(), QStringList({"/a, b", "/c=d"}));
        QCOMPARE(s.chatDefaults().sampling.temperature, 0.33f);
        QCOMPARE(s.chatDefaults().stops, std::vector<std::string>({"\n\n", "END"}));
        QCOMPARE(s.presets().last().name, QString("My preset"));
        s.removePreset("My preset");
        QVERIFY(s.presets().last().builtin);
    }

    void unknownKeysAreKept() {
        write("[future]\nmagic=42\n[look]\ntheme=light\n");
        {
            Settings s(m_path);
            QCOMPARE(s.theme(), Settings::Theme::Light);
            s.setTheme(Settings::Theme::Dark);
        }
        QFile file(m_path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QVERIFY(file.readAll().contains("magic=42"));
    }

    void damaged_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("zeros") << QByteArray(300, '\0');
        QTest::newRow("torn") << QByteArray("[look]\ntheme=dark\nzoo");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("noise") << QByteArray(
            "\x7f"
            "ELF\x02\x01\x01 nothing of ours");
        QTest::newRow("text") << QByteArray("just a line of text\n");
    }
    void damaged() {
        QFETCH(QByteArray, bytes);
        {
            Settings s(m_path);
            s.setTheme(Settings::Theme::Dark);
            s.sync();
        }
        { Settings again(m_path); }  // the good copy is made of what could be read
        write(bytes);
        Settings s(m_path);
        QVERIFY(!s.problem().isEmpty());
        QCOMPARE(s.theme(), Settings::Theme::Dark);  // the last good copy
        QFile::remove(m_path + ".good");
        s.sync();
    }

    void settingsAsData() {
        const ChatSettings defaults;
        for (const SettingSpec& spec : settingSpecs()) {
            QVERIFY2(!spec.name.isEmpty() && !spec.help.isEmpty(), qPrintable(spec.id));
            QVERIFY2(!settingValue(defaults, spec.id).isNull(), qPrintable(spec.id));
            ChatSettings changed;
            if (spec.kind == SettingKind::Real || spec.kind == SettingKind::Integer) {
                QVERIFY2(setSettingValue(changed, spec.id, spec.min), qPrintable(spec.id));
                QVERIFY2(setSettingValue(changed, spec.id, spec.max), qPrintable(spec.id));
                QVERIFY2(!setSettingValue(changed, spec.id, spec.max + 1), qPrintable(spec.id));
                QVERIFY2(!setSettingValue(changed, spec.id, spec.min - 1), qPrintable(spec.id));
                QVERIFY2(!setSettingValue(changed, spec.id, std::nan("")), qPrintable(spec.id));
                QVERIFY2(!setSettingValue(changed, spec.id, "word"), qPrintable(spec.id));
            }
            const auto round = ChatSettings::fromJson(changed.toJson());
            QVERIFY2(round.has_value(), qPrintable(spec.id));
            QVERIFY2(*round == changed, qPrintable(spec.id));
        }
        QVERIFY(!ChatSettings::fromJson("[]"));
        QVERIFY(!ChatSettings::fromJson(R"({"temperature": 900})"));
        QVERIFY(ChatSettings::fromJson(R"({"something new": 1})"));
        ChatSettings seed;
        seed.sampling.seed = 18446744073709551615u;
        QCOMPARE(ChatSettings::fromJson(seed.toJson())->sampling.seed, seed.sampling.seed);
    }

    void oneInstance() {
        SingleInstance first(m_dir->path());
        QCOMPARE(first.claim({}), SingleInstance::Claim::First);
        QSignalSpy raised(&first, &SingleInstance::raised);
        // Another process: this program itself, told to claim the same profile.
        QProcess second;
        second.start(QCoreApplication::applicationFilePath(), {"--claim", m_dir->path(), "/some/model.gguf"});
        QTRY_COMPARE_WITH_TIMEOUT(raised.size(), 1, 10'000);
        QCOMPARE(raised.at(0).at(0).toStringList(), QStringList("/some/model.gguf"));
        QTRY_COMPARE_WITH_TIMEOUT(second.state(), QProcess::NotRunning, 10'000);
        QCOMPARE(second.exitCode(), static_cast<int>(SingleInstance::Claim::HandedOver));
    }

    void killedInstanceLeavesNoLock() {
        QProcess first;
        first.start(QCoreApplication::applicationFilePath(), {"--claim", m_dir->path(), "--stay"});
        QVERIFY(first.waitForReadyRead(10'000));
        first.kill();
        QVERIFY(first.waitForFinished(10'000));
        SingleInstance next(m_dir->path());
        QCOMPARE(next.claim({}), SingleInstance::Claim::First);
    }

    void machineIsRead() {
        const auto source = engine::makeHostSource();
        QCOMPARE(source->sample().size(), source->metrics().size());
        QTest::qWait(30);
        const auto values = source->sample();
        for (size_t i = 0; i < values.size(); ++i) {
            const QString id =
                QString::fromUtf8(source->metrics()[i].id.data(), static_cast<int>(source->metrics()[i].id.size()));
            if (!values[i].ok())
                continue;  // it says why
            QVERIFY2(std::isfinite(values[i].value) && values[i].value >= 0, qPrintable(id));
            if (id.endsWith("memory") || id.endsWith("total"))
                QVERIFY2(values[i].value > 1e6, qPrintable(id));
        }
    }

  private:
    void write(const QByteArray& bytes) {
        QFile file(m_path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(bytes);
    }
    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_path;
};

int main(int argc, char** argv) {
    QCoreApplication program(argc, argv);
    if (argc >= 3 && QByteArray(argv[1]) == "--claim") {
        SingleInstance instance(QString::fromLocal8Bit(argv[2]));
        QStringList files;
        for (int i = 3; i < argc; ++i)
            files << QString::fromLocal8Bit(argv[i]);
        const auto claim = instance.claim(files);
        if (!files.contains("--stay"))
            return static_cast<int>(claim);
        std::puts("here");
        std::fflush(stdout);
        return QCoreApplication::exec();
    }
    TstSettings test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_settings.moc"
