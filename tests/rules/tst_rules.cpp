// The rules of the house, as searches over the source: who may include whom, how long a file may be, which symbols an
// instruction-set file may leave behind, where SQL and threads live, and how code is formatted.
#include <QtTest>

#include <QDirIterator>
#include <QProcess>
#include <QRegularExpression>
#include <QStandardPaths>

namespace {

const QString root = QStringLiteral(TESSERA_SOURCE);

QStringList sources(const QStringList& folders, const QStringList& patterns = {"*.h", "*.cpp", "*.cu", "*.cuh"}) {
    QStringList files;
    for (const QString& folder : folders) {
        QDirIterator it(root + '/' + folder, patterns, QDir::Files, QDirIterator::Subdirectories);
        while (it.hasNext())
            files << QDir(root).relativeFilePath(it.next());
    }
    files.sort();
    return files;
}

QString contents(const QString& file) {
    QFile f(root + '/' + file);
    return f.open(QIODevice::ReadOnly) ? QString::fromUtf8(f.readAll()) : QString();
}

const QStringList houseOrder = {"kernels", "engine", "app", "ui"};
const QStringList engineOrder = {"core", "io", "trace", "backend", "text", "vision", "models", "run", "quant", "eval"};

// "engine/io/gguf.cpp" -> place in the order; -1 for what has none.
int houseRank(const QString& path) {
    return static_cast<int>(houseOrder.indexOf(path.section('/', 0, 0)));
}
int engineRank(const QString& path) {
    return static_cast<int>(engineOrder.indexOf(path.section('/', 1, 1)));
}

}  // namespace

class TstRules : public QObject {
    Q_OBJECT

  private slots:
    void includeDirection() {
        static const QRegularExpression include(QStringLiteral("^\\s*#\\s*include\\s+\"([^\"]+)\""),
                                                QRegularExpression::MultilineOption);
        QStringList bad;
        int seen = 0;
        for (const QString& file : sources(houseOrder)) {
            for (auto it = include.globalMatch(contents(file)); it.hasNext();) {
                const QString to = it.next().captured(1);
                ++seen;
                if (to.endsWith(".moc") || to.startsWith("moc_") || to.startsWith("generated/"))
                    continue;
                if (houseRank(to) < 0) {
                    bad << file + ": \"" + to + "\" is not written from the root";
                    continue;
                }
                if (!QFile::exists(root + '/' + to))
                    bad << file + ": " + to + " does not exist";
                if (houseRank(to) > houseRank(file) && file != "app/main.cpp")
                    bad << file + " includes " + to;
                if (file.startsWith("engine/") && to.startsWith("engine/") && engineRank(file) >= 0 &&
                    engineRank(to) > engineRank(file))
                    bad << file + " includes " + to;
            }
        }
        QVERIFY(seen > 200);
        QVERIFY2(bad.isEmpty(), qPrintable(bad.join('\n')));
    }

    void engineKnowsNoQt() {
        static const QRegularExpression qt(QStringLiteral("^\\s*#\\s*include\\s+<(Q[A-Z]|Qt)"),
                                           QRegularExpression::MultilineOption);
        QStringList bad;
        for (const QString& file : sources({"kernels", "engine"}))
            if (contents(file).contains(qt))
                bad << file;
        QVERIFY2(bad.isEmpty(), qPrintable(bad.join('\n')));
    }

    void platformCodeHasItsOwnFiles() {
        static const QRegularExpression headers(
            QStringLiteral(
                "^\\s*#\\s*include\\s+<(windows|unistd|sys/[a-z]+|fcntl|pthread|sched|io|psapi|linux/[a-z]+)\\.h>"),
            QRegularExpression::MultilineOption);
        QStringList bad;
        for (const QString& file : sources({"kernels", "engine"}))
            if (contents(file).contains(headers) && !file.contains("_linux.") && !file.contains("_windows."))
                bad << file;
        QVERIFY2(bad.isEmpty(), qPrintable(bad.join('\n')));
    }

    void sqlLivesInTheStore() {
        QStringList bad;
        for (const QString& file : sources(houseOrder))
            if (!file.startsWith("app/store/") && contents(file).contains("sqlite3_prepare"))
                bad << file;
        QVERIFY2(bad.isEmpty(), qPrintable(bad.join('\n')));
    }

    void noDefaultRendererForModelText() {
        static const QRegularExpression rich(QStringLiteral("\\b(setMarkdown|setHtml|QTextBrowser|insertHtml)\\b"));
        QStringList bad;
        for (const QString& file : sources({"ui", "app"})) {
            const QStringList lines = contents(file).split('\n');
            for (const QString& line : lines)
                if (line.contains(rich) && !line.trimmed().startsWith("//"))
                    bad << file + ": " + line.trimmed();
        }
        QVERIFY2(bad.isEmpty(), qPrintable(bad.join('\n')));
    }

    void fileSizes() {
        QStringList bad;
        for (const QString& file : sources({"kernels", "engine", "app", "ui", "tests", "resources"},
                                           {"*.h", "*.cpp", "*.cu", "*.cuh", "*.py"}))
            if (const auto lines = contents(file).count('\n'); lines > 800)
                bad << QStringLiteral("%1: %2 lines, at most 800").arg(file).arg(lines);
        QVERIFY2(bad.isEmpty(), qPrintable(bad.join('\n')));
    }

    void everyFolderExplainsItself() {
        QStringList bad;
        for (const char* folder : {"kernels", "engine", "app", "ui", "resources", "tests", "installer", "engine/core",
                                   "engine/io", "engine/backend", "engine/text", "engine/models", "engine/run",
                                   "engine/eval", "app/store", "app/cli", "ui/panels"})
            if (contents(QString(folder) + "/README.md").size() < 300)
                bad << folder;
        QVERIFY2(bad.isEmpty(), qPrintable("no README.md of any length: " + bad.join(", ")));
    }

    // A weak symbol compiled for AVX-512 could be the copy that the linker keeps for everyone.
    void instructionSetFilesLeaveNoWeakSymbols() {
        const QString build = qEnvironmentVariable("TESSERA_BUILD");
        QVERIFY(!build.isEmpty());
        static const QRegularExpression isa(QStringLiteral("(avx2|avx512|amx)[^/]*\\.o(bj)?$"));
        QStringList bad;
        int seen = 0;
        QDirIterator it(build + "/kernels", {"*.o", "*.obj"}, QDir::Files, QDirIterator::Subdirectories);
        while (it.hasNext()) {
            const QString object = it.next();
            if (!object.contains(isa))
                continue;
            ++seen;
            QProcess nm;
            nm.start("nm", {"-C", object});
            QVERIFY2(nm.waitForFinished(), "nm (binutils) is needed");
            const QStringList lines = QString::fromUtf8(nm.readAllStandardOutput()).split('\n');
            for (const QString& line : lines)
                if (line.contains(QRegularExpression(" [WVu] ")) && !line.contains("DW.ref"))
                    bad << QFileInfo(object).fileName() + ": " + line.trimmed();
        }
        QVERIFY(seen > 0);
        QVERIFY2(bad.isEmpty(), qPrintable(bad.join('\n')));
    }

    void nothingUnfinished() {
        static const QRegularExpression words(
            QStringLiteral("\\b(TODO|FIXME|XXX|HACK|not implemented|unimplemented)\\b"));
        QStringList bad;
        for (const QString& file : sources(houseOrder))
            if (contents(file).contains(words))
                bad << file;
        QVERIFY2(bad.isEmpty(), qPrintable(bad.join('\n')));
    }

    void formatting() {
        QString tool = QStandardPaths::findExecutable("clang-format-14");
        if (tool.isEmpty())
            tool = QStandardPaths::findExecutable("clang-format");
        QVERIFY2(!tool.isEmpty(), "clang-format 14 is needed");
        QProcess version;
        version.start(tool, {"--version"});
        QVERIFY(version.waitForFinished());
        const bool counts = version.readAllStandardOutput().contains("version 14");
        QVERIFY2(counts || !qEnvironmentVariableIsSet("TESSERA_COMPLETE"), "clang-format 14 is needed");
        if (!counts)
            QSKIP("another version of clang-format formats otherwise: 14 is the one that counts");
        QStringList files = sources({"kernels", "engine", "app", "ui", "tests"});
        QProcess format;
        format.setWorkingDirectory(root);
        format.start(tool, QStringList{"--dry-run", "--Werror", "--ferror-limit=1"} + files);
        QVERIFY(format.waitForFinished(120000));
        const QString complaints = QString::fromUtf8(format.readAllStandardError());
        QStringList bad;
        for (const QString& line : complaints.split('\n'))
            if (line.contains("error:"))
                bad << line.section(':', 0, 1);
        QVERIFY2(format.exitCode() == 0, qPrintable("not formatted: " + bad.join(", ")));
    }
};

QTEST_APPLESS_MAIN(TstRules)
#include "tst_rules.moc"
