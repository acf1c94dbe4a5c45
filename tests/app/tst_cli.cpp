// The command line as a program: its words, its JSON, its exit statuses; and that a killed one loses nothing that it
// had acknowledged. Runs build/bin/tessera-cli on a tiny model with seeded weights.
#include <QCryptographicHash>
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>
#include <csignal>
#include <cstring>

#include "tests/support/tiny_model.h"

namespace {

struct Outcome {
    int status = -1;  // -1: it crashed or did not end
    QByteArray out, err;
    const QJsonObject json() const { return QJsonDocument::fromJson(out).object(); }
    QList<QJsonObject> lines() const {
        QList<QJsonObject> objects;
        for (const QByteArray& line : out.split('\n'))
            if (!line.isEmpty())
                objects << QJsonDocument::fromJson(line).object();
        return objects;
    }
    QString errorCode() const { return json()["error"]["code"].toString(); }
    QString errorMessage() const { return json()["error"]["message"].toString(); }
};

QByteArray describe(const Outcome& outcome) {
    return "status " + QByteArray::number(outcome.status) + "\n" + outcome.out.left(2000) + "\n" +
           outcome.err.left(2000);
}

#define VERIFY_DONE(expression)                                           \
    do {                                                                  \
        const Outcome& outcomeOf = (expression);                          \
        QVERIFY2(outcomeOf.status == 0, describe(outcomeOf).constData()); \
    } while (false)

}  // namespace

class TstCli : public QObject {
    Q_OBJECT

  private slots:
    void initTestCase();

    void version();
    void helpNamesEverySubcommand();
    void usage_data();
    void usage();
    void failures_data();
    void failures();
    void models();
    void info();
    void verify();
    void tokenizeAndBack();
    void templates();
    void generate();
    void generateIsReproducible();
    void generateShiftsContext();
    void longerThanTrained();
    void generateSpeculates();
    void generateStops();
    void promptCache();
    void batchEqualsAlone();
    void batchErrors_data();
    void batchErrors();
    void logprobs();
    void logits();
    void perplexity();
    void bench();
    void chatKeepsEverything();
    void chatGoesOn();
    void chatGoesOnAfterAFailure();
    void storeCheckTellsOfARescue();
    void chatWithoutStore();
    void storeQuery();
    void interruptKeepsThePartialReply();
    void modelFileThatShrinks();
    void killedWhileChatting();
    void filesArePrivate();

  private:
    Outcome run(const QStringList& arguments, const QByteArray& input = {}) const {
        QProcess process;
        prepare(process);
        process.start(m_cli, arguments);
        process.write(input);
        process.closeWriteChannel();
        if (!process.waitForFinished(30'000) || process.exitStatus() != QProcess::NormalExit)
            return {-1, process.readAllStandardOutput(), process.readAllStandardError()};
        return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
    }
    Outcome chat(const QByteArray& input, const QStringList& more = {}) const {
        return run(
            QStringList{"chat", "-m", m_model, "--template", m_template, "--json", "--temp", "0", "-n", "8"} + more,
            input);
    }
    void prepare(QProcess& process) const {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert("TESSERA_HOME", m_dir.filePath(m_home));
        environment.insert("TESSERA_MODELS", m_dir.filePath("models"));
        environment.insert("LC_ALL", "C.UTF-8");
        process.setProcessEnvironment(environment);
    }
    QString write(const QString& name, const QByteArray& content) const {
        QFile file(m_dir.filePath(name));
        if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size())
            qFatal("cannot write %s", qPrintable(file.fileName()));
        return file.fileName();
    }
    QString exported() const { return QString::fromUtf8(run({"store", "export", "--json"}).out); }

    QTemporaryDir m_dir;
    QString m_cli, m_model, m_slowModel, m_template, m_home = "home";
};

void TstCli::initTestCase() {
    m_cli = qEnvironmentVariable("TESSERA_BUILD") + "/bin/tessera-cli";
    QVERIFY2(QFile::exists(m_cli), qPrintable(m_cli));
    QVERIFY(QDir(m_dir.path()).mkpath("models/folder"));
    m_model = m_dir.filePath("models/folder/tiny.gguf");
    test::TinyModel tiny;
    tiny.context = 2048;
    QVERIFY(test::writeTinyModel(m_model.toStdString(), tiny));
    // Some milliseconds a token: long enough to be interrupted.
    m_slowModel = m_dir.filePath("slow.gguf");
    test::TinyModel slow;
    slow.context = 2048;
    slow.nLayers = 8;
    slow.dim = 256;
    slow.headDim = 64;
    slow.ffnDim = 1024;
    QVERIFY(test::writeTinyModel(m_slowModel.toStdString(), slow));
    m_template =
        write("plain.jinja",
              "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}"
              "assistant:{% endif %}");
}

void TstCli::version() {
    const Outcome outcome = run({"version", "--json"});
    VERIFY_DONE(outcome);
    const QJsonObject facts = outcome.json();
    for (const char* key : {"version", "commit", "compiler", "sqlite", "qt"})
        QVERIFY2(!facts[key].toString().isEmpty(), key);
    QVERIFY(facts["cpu"]["isa"].toArray().contains("scalar"));
    QVERIFY(facts["cpu"]["cores"].toInt() >= 1);
    QVERIFY(facts["cpu"]["memoryBytes"].toDouble() > 1e6);
    QCOMPARE(facts["cuda"]["built"], QJsonValue(false));
    QVERIFY(facts["cuda"]["devices"].isArray());
}

void TstCli::helpNamesEverySubcommand() {
    const Outcome help = run({"help"});
    VERIFY_DONE(help);
    for (const char* name : {"version", "models", "info", "verify", "tokenize", "detokenize", "template", "generate",
                             "chat", "logits", "perplexity", "bench", "store check", "store export", "store query"}) {
        QVERIFY2(help.out.contains("\n  " + QByteArray(name) + " "), name);
        const Outcome own = run(QStringList{"help"} + QString(name).split(' '));
        VERIFY_DONE(own);
        QVERIFY2(own.out.startsWith("usage: tessera-cli " + QByteArray(name)), own.out.constData());
    }
}

void TstCli::usage_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("says");
    QTest::newRow("nothing") << QStringList{} << "a subcommand is needed";
    QTest::newRow("unknown subcommand") << QStringList{"frobnicate"} << "no subcommand 'frobnicate'";
    QTest::newRow("half a subcommand") << QStringList{"store"} << "no subcommand 'store'";
    QTest::newRow("unknown option") << QStringList{"version", "--frobnicate"} << "no option --frobnicate";
    QTest::newRow("value missing") << QStringList{"info", "-m"} << "-m needs a value";
    QTest::newRow("model missing") << QStringList{"info"} << "-m is needed";
    QTest::newRow("word too many") << QStringList{"version", "now"} << "'now' is one word too many";
    QTest::newRow("word missing") << QStringList{"store", "query"} << "store query needs SQL";
    QTest::newRow("no number") << QStringList{"generate", "-m", "x", "-p", "x", "-n", "ten"}
                               << "-n is 'ten', expected an integer";
    QTest::newRow("out of range") << QStringList{"generate", "-m", "x", "-p", "x", "--top-p", "1.5"}
                                  << "--top-p is 1.5, expected 0 to 1";
    QTest::newRow("decimal comma") << QStringList{"generate", "-m", "x", "-p", "x", "--temp", "0,5"}
                                   << "--temp is '0,5'";
    QTest::newRow("switch with value") << QStringList{"version", "--json=yes"} << "--json is a switch";
    QTest::newRow("unknown isa") << QStringList{"generate", "-m", "x", "-p", "x", "--isa", "mmx"} << "--isa is 'mmx'";
    QTest::newRow("unknown scaling") << QStringList{"generate", "-m", "x", "-p", "x", "--rope-scaling", "magic"}
                                     << "--rope-scaling is 'magic'";
    QTest::newRow("memory twice") << QStringList{"generate", "-m", "x", "-p", "x", "--memory-target", "2"}
                                  << "--memory-target is 2";
    QTest::newRow("unknown kv") << QStringList{"generate", "-m", "x", "-p", "x", "--kv", "f8"} << "--kv is 'f8'";
    QTest::newRow("unknown keys") << QStringList{"generate", "-m", "x", "-p", "x", "--kv-k", "f8"} << "--kv-k is 'f8'";
    QTest::newRow("unknown values") << QStringList{"generate", "-m", "x", "-p", "x", "--kv", "f32", "--kv-v", "q5"}
                                    << "--kv-v is 'q5', expected f16, q8_0, q4_0 or f32";
    QTest::newRow("exact and q8_0") << QStringList{"generate", "-m", "x", "-p", "x", "--exact", "--kv-v", "q8_0"}
                                    << "--kv-v is q8_0, and --exact keeps keys and values in f32";
    QTest::newRow("unknown mode") << QStringList{"perplexity", "-m", "x", "--file", "x", "--mode", "y"}
                                  << "--mode is 'y'";
    QTest::newRow("nothing to measure") << QStringList{"bench", "-m", "x", "-p", "0", "-n", "0"}
                                        << "nothing to measure";
    QTest::newRow("speculation") << QStringList{"generate", "-m", "x", "-p", "x", "--speculate", "on"}
                                 << "--speculate is 'on'";
    QTest::newRow("no draft") << QStringList{"chat", "-m", "x", "--speculate", "draft"} << "needs --draft";
    QTest::newRow("draft unused") << QStringList{"generate", "-m", "x", "--speculate", "off", "--draft", "y"}
                                  << "--speculate off does not use";
    QTest::newRow("sampler list") << QStringList{"generate", "-m", "x", "-p", "x", "--samplers", "top-k,magic"}
                                  << "'magic'";
}

void TstCli::usage() {
    QFETCH(QStringList, arguments);
    QFETCH(QString, says);
    const Outcome outcome = run(arguments);
    QVERIFY2(outcome.status == 2, describe(outcome).constData());
    QVERIFY2(outcome.out.isEmpty(), outcome.out.constData());
    const QByteArray last = outcome.err.trimmed().split('\n').last();
    QVERIFY2(last.startsWith("error: InvalidRequest: "), outcome.err.constData());
    QVERIFY2(last.contains(says.toUtf8()), outcome.err.constData());
}

void TstCli::failures_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("code");
    QTest::addColumn<QString>("says");
    const QString page = write("page.gguf", "<!DOCTYPE html><html>");
    const QString ids = write("bad ids.json", "[1, 2, 99999]");
    QTest::newRow("no such file") << QStringList{"info", "-m", "/no/such.gguf"} << "FileNotFound"
                                  << "such.gguf was not found";
    QTest::newRow("no such name") << QStringList{"info", "-m", "nobody"} << "FileNotFound"
                                  << "'nobody' is neither a file nor";
    QTest::newRow("web page") << QStringList{"info", "-m", page} << "FileDamaged"
                              << "a web page";
    QTest::newRow("folder") << QStringList{"verify", "-m", "/"} << "InvalidRequest"
                            << "is a folder";
    QTest::newRow("no GPU") << QStringList{"generate", "-m", m_model, "-p", "x", "--backend", "cuda"} << "DeviceFailed"
                            << "CUDA";
    QTest::newRow("scaling by nothing") << QStringList{"generate", "-m", m_model, "-p", "x", "--rope-scaling", "yarn"}
                                        << "InvalidRequest"
                                        << "yarn";
    QTest::newRow("prompt too long") << QStringList{"generate", "-m", m_model, "-p", QString(5000, 'x'), "--ctx", "64"}
                                     << "InvalidRequest"
                                     << "64";
    QTest::newRow("id out of range")
        << QStringList{"logits", "-m", m_model, "--ids", ids, "--out", m_dir.filePath("x.npy")} << "InvalidRequest"
        << "element 2 is 99999";
    QTest::newRow("text too short") << QStringList{"perplexity", "-m", m_model, "--file", ids} << "InvalidRequest"
                                    << "";
    QTest::newRow("no store") << QStringList{"store", "check"} << "FileNotFound"
                              << "no store yet";
    QTest::newRow("no template") << QStringList{"chat", "-m", m_model} << "InvalidRequest"
                                 << "no chat template";
    QTest::newRow("output folder missing")
        << QStringList{"logits", "-m", m_model, "--ids", write("ids1.json", "[1,2]"), "--out", "/no/x.npy"}
        << "InvalidRequest"
        << "cannot be written";
}

void TstCli::failures() {
    QFETCH(QStringList, arguments);
    QFETCH(QString, code);
    QFETCH(QString, says);
    m_home = "no home";  // nothing here may create one
    const Outcome outcome = run(arguments + QStringList{"--json"});
    const Outcome plain = run(arguments);
    m_home = "home";
    QVERIFY2(outcome.status == 1, describe(outcome).constData());
    QVERIFY2(outcome.errorCode() == code, describe(outcome).constData());
    QVERIFY2(outcome.errorMessage().contains(says), describe(outcome).constData());
    QVERIFY2(outcome.errorMessage().size() >= 15, describe(outcome).constData());
    QCOMPARE(outcome.lines().size(), 1);
    QVERIFY2(plain.status == 1 && plain.out.isEmpty(), describe(plain).constData());
    QVERIFY2(plain.err.trimmed().split('\n').last().startsWith("error: " + code.toUtf8() + ": "),
             plain.err.constData());
}

void TstCli::models() {
    const Outcome outcome = run({"models", "--json"});
    VERIFY_DONE(outcome);
    const QJsonArray models = outcome.json()["models"].toArray();
    QCOMPARE(models.size(), 1);
    const QJsonObject model = models[0].toObject();
    QCOMPARE(model["path"].toString(), m_model);
    QCOMPARE(model["architecture"].toString(), QString("llama"));
    QCOMPARE(model["format"].toString(), QString("GGUF v3"));
    QCOMPARE(model["contextLength"].toInt(), 2048);
    QVERIFY(model["parameters"].toDouble() > 1000);
    QVERIFY(model.contains("sha256") && model.contains("vision") && model.contains("fileType"));
    // A name of the library stands for its path.
    for (const char* name : {"tiny", "TINY.gguf"})
        VERIFY_DONE(run({"info", "-m", name}));
}

void TstCli::info() {
    const Outcome outcome = run({"info", "-m", m_model, "--json"});
    VERIFY_DONE(outcome);
    const QJsonObject info = outcome.json();
    QCOMPARE(info["metadata"]["general.architecture"].toString(), QString("llama"));
    QCOMPARE(info["metadata"]["tokenizer.ggml.tokens"]["elements"].toInt(), int(test::tinyVocabSize));
    const QJsonObject tensor = info["tensors"].toArray()[0].toObject();
    for (const char* key : {"name", "type", "shape", "offset", "sizeBytes"})
        QVERIFY2(tensor.contains(key), key);
    QVERIFY(info["estimates"]["weightsBytes"].toDouble() > 0);
    QVERIFY(info["estimates"]["kvBytesPerToken"].toDouble() > 0);
    QVERIFY(info["estimates"]["peakBytes"].toDouble() > info["estimates"]["weightsBytes"].toDouble());
    const Outcome full = run({"info", "-m", m_model, "--json", "--full"});
    QCOMPARE(full.json()["metadata"]["tokenizer.ggml.tokens"].toArray().size(), qsizetype(test::tinyVocabSize));
    const Outcome plain = run({"info", "-m", m_model});
    QVERIFY(plain.out.contains("token_embd.weight"));
}

void TstCli::verify() {
    const Outcome outcome = run({"verify", "-m", m_model, "--json"});
    VERIFY_DONE(outcome);
    QCOMPARE(outcome.json()["ok"], QJsonValue(true));
    QCOMPARE(outcome.json()["sha256"].toString().size(), 64);
    QFile file(m_model);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QByteArray bytes = file.readAll();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    memcpy(bytes.data() + bytes.size() - 32 * 4, &nan, 4);  // in the last tensor
    const Outcome bad = run({"verify", "-m", write("nan.gguf", bytes), "--json"});
    QVERIFY2(bad.status == 1, describe(bad).constData());
    QCOMPARE(bad.lines().size(), 1);
    QCOMPARE(bad.json()["ok"], QJsonValue(false));
    QCOMPARE(bad.json()["problems"].toArray().size(), 1);
}

void TstCli::tokenizeAndBack() {
    const QByteArray text = "Hello,\xC3\xA4\xF0\x9F\xA6\x8A!";
    const Outcome ids = run({"tokenize", "-m", m_model, "--json"}, text);
    VERIFY_DONE(ids);
    const QJsonArray array = ids.json()["ids"].toArray();
    QVERIFY(!array.isEmpty());
    QCOMPARE(ids.json()["pieces"].toArray().size(), array.size());
    const Outcome back = run({"detokenize", "-m", m_model, "--json"}, QJsonDocument(array).toJson());
    VERIFY_DONE(back);
    QCOMPARE(back.json()["text"].toString().trimmed(), QString::fromUtf8(text));
    const Outcome bench = run({"tokenize", "-m", m_model, "--json", "--bench"}, QByteArray(10'000, 'a'));
    QVERIFY(bench.json()["bytesPerSecond"].toDouble() > 0);
    for (const char* bad : {"{}", "[1, 2", "[-1]", "[1.5]", "[\"a\"]", "[288]", ""}) {
        const Outcome outcome = run({"detokenize", "-m", m_model, "--json"}, bad);
        QVERIFY2(outcome.status == 1, bad);
        QVERIFY2(outcome.errorMessage().contains("Standard input"), describe(outcome).constData());
    }
}

void TstCli::templates() {
    const QString file =
        write("messages.json", R"({"messages": [{"role": "user", "content": "Hi"}], "add_generation_prompt": true})");
    const Outcome outcome = run({"template", "-m", m_model, "--template", m_template, "--file", file, "--json"});
    VERIFY_DONE(outcome);
    QCOMPARE(outcome.json()["text"].toString(), QString("user: Hi\nassistant:"));
    QVERIFY(!outcome.json()["ids"].toArray().isEmpty());
    const Outcome bare = run({"template", "--template", m_template, "--file", file});
    VERIFY_DONE(bare);
    QCOMPARE(bare.out, QByteArray("user: Hi\nassistant:\n"));
    const QString faulty = write("faulty.jinja", "a\n{% for %}");
    const Outcome error = run({"template", "--template", faulty, "--file", file, "--json"});
    QCOMPARE(error.status, 1);
    QVERIFY2(error.errorMessage().contains("line 2"), describe(error).constData());
}

void TstCli::generate() {
    const Outcome outcome = run({"generate", "-m", m_model, "-p", "The sea", "-n", "12", "--temp", "0", "--json"});
    VERIFY_DONE(outcome);
    QCOMPARE(outcome.lines().size(), 1);
    const QJsonObject result = outcome.json();
    for (const char* key : {"promptTokens", "ids", "text", "stop", "prefillSeconds", "decodeSeconds",
                            "prefillTokensPerSecond", "decodeTokensPerSecond", "firstTokenSeconds", "peakRssBytes"})
        QVERIFY2(result.contains(key), key);
    QVERIFY(result["promptTokens"].toInt() > 0);
    QVERIFY(result["peakRssBytes"].toDouble() > 1e6);
    QVERIFY(QStringList({"eos", "length"}).contains(result["stop"].toString()));
    // The prompt may also come from standard input and from a file; the sentence form prints the text alone.
    const Outcome piped = run({"generate", "-m", m_model, "-n", "12", "--temp", "0"}, "The sea");
    QCOMPARE(QString::fromUtf8(piped.out), result["text"].toString() + "\n");
    const Outcome filed =
        run({"generate", "-m", m_model, "-n", "12", "--temp", "0", "--file", write("p.txt", "The sea")});
    QCOMPARE(filed.out, piped.out);
}

void TstCli::generateIsReproducible() {
    const QStringList base = {"generate", "-m",  m_model,  "-p", "The sea",      "-n",    "30",
                              "--temp",   "1.2", "--seed", "7",  "--ignore-eos", "--json"};
    const QJsonValue one = run(base + QStringList{"--threads", "1"}).json()["ids"];
    QCOMPARE(one.toArray().size(), 30);
    QCOMPARE(run(base + QStringList{"--threads", "2"}).json()["ids"], one);
    QVERIFY(run({"generate", "-m", m_model, "-p", "The sea", "-n", "30", "--temp", "1.2", "--seed", "8", "--ignore-eos",
                 "--json"})
                .json()["ids"] != one);
    // Without a seed a new one is taken and reported, and it reproduces the text.
    const QJsonObject free =
        run({"generate", "-m", m_model, "-p", "The sea", "-n", "30", "--temp", "1.2", "--ignore-eos", "--json"}).json();
    const QString seed = QString::number(free["seed"].toInteger());
    const QJsonObject again = run({"generate", "-m", m_model, "-p", "The sea", "-n", "30", "--temp", "1.2",
                                   "--ignore-eos", "--json", "--seed", seed})
                                  .json();
    QCOMPARE(again["ids"], free["ids"]);
}

void TstCli::generateShiftsContext() {
    const QStringList base = {"generate", "-m", m_model,        "-p",    "The sea", "-n",    "150",
                              "--temp",   "0",  "--ignore-eos", "--ctx", "64",      "--json"};
    const Outcome ends = run(base);
    QCOMPARE(ends.json()["stop"].toString(), QString("context"));
    QCOMPARE(ends.json()["contextShifts"].toInt(), 0);
    const Outcome goesOn = run(base + QStringList{"--context-shift", "--keep", "4"});
    const QJsonObject result = goesOn.json();
    QCOMPARE(result["stop"].toString(), QString("length"));
    QCOMPARE(result["ids"].toArray().size(), qsizetype(150));
    QVERIFY(result["contextShifts"].toInt() >= 2);
    QCOMPARE(goesOn.err.count("the context of 64 tokens was full"), qsizetype(result["contextShifts"].toInt()));
    const QByteArray lines = "{\"prompt\": \"The sea\", \"n\": 90, \"context_shift\": true, \"ignore_eos\": true}\n";
    const Outcome batch =
        run({"generate", "-m", m_model, "--batch", write("shift.jsonl", lines), "--ctx", "64", "--json"});
    QVERIFY(batch.json()["contextShifts"].toInt() >= 1);
}

void TstCli::longerThanTrained() {
    const QStringList base = {"generate", "-m", m_model, "-p", "The sea", "-n", "4", "--temp", "0", "--ctx", "8192"};
    QVERIFY(run(base).err.contains("text beyond that may be of lower quality"));
    for (const char* scaling : {"linear", "yarn"}) {
        const Outcome scaled = run(base + QStringList{"--rope-scaling", scaling, "--rope-scale", "4"});
        QCOMPARE(scaled.status, 0);
        QVERIFY2(scaled.err.contains(QByteArray("scaled 4 times (") + scaling + ")"), scaled.err.constData());
    }
}

void TstCli::promptCache() {  // a second run begins where the first one ended, with the same words
    const QString file = m_dir.filePath("prompt.cache");
    const QStringList base = {"generate", "-m", m_model,  "-p", QString("The sea is wide. ").repeated(6),
                              "-n",       "10", "--temp", "0",  "--ignore-eos",
                              "--json"};
    const QJsonObject plain = run(base).json();
    const QJsonObject first = run(base + QStringList{"--prompt-cache", file}).json();
    QCOMPARE(first["reusedTokens"].toInt(), 0);
    QVERIFY(QFileInfo(file).size() > 0);
    const QJsonObject second = run(base + QStringList{"--prompt-cache", file}).json();
    QCOMPARE(second["reusedTokens"].toInt(), plain["promptTokens"].toInt() - 1);
    QCOMPARE(second["ids"], plain["ids"]);
    QCOMPARE(first["ids"], plain["ids"]);
    // Another type of keys is another cache: told, replaced.
    const Outcome other = run(base + QStringList{"--prompt-cache", file, "--kv-k", "f32"});
    QCOMPARE(other.status, 0);
    QCOMPARE(other.json()["reusedTokens"].toInt(), 0);
    QVERIFY2(other.err.contains("prompt cache of another model or of other settings"), other.err.constData());
    const Outcome nowhere = run(base + QStringList{"--prompt-cache", m_dir.filePath("no/where")});
    QCOMPARE(nowhere.status, 0);
    QVERIFY2(nowhere.err.contains("The prompt cache was not saved"), nowhere.err.constData());
}

void TstCli::generateSpeculates() {  // a model that is its own draft is always right; the reply stays the same
    const QStringList base = {"generate", "-m", m_model, "-p", "The sea", "-n", "60", "--ignore-eos", "--json"};
    const QJsonObject off = run(base + QStringList{"--temp", "0", "--speculate", "off"}).json();
    QCOMPARE(off["proposedTokens"].toInt(-1), 0);
    QCOMPARE(off["acceptedTokens"].toInt(-1), 0);
    for (const char* name : {"lookup", "auto"})
        QCOMPARE(run(base + QStringList{"--temp", "0", "--speculate", name}).json()["ids"], off["ids"]);
    const QStringList draft = {"--draft", m_model, "--speculate", "draft"};
    const QJsonObject guessed = run(base + draft + QStringList{"--temp", "0"}).json();
    QCOMPARE(guessed["ids"], off["ids"]);
    QCOMPARE(guessed["acceptedTokens"], guessed["proposedTokens"]);
    const QStringList sampled = base + QStringList{"--temp", "1.2", "--seed", "4"};
    QCOMPARE(run(sampled + draft).json()["ids"], run(sampled + QStringList{"--speculate", "off"}).json()["ids"]);
}

void TstCli::generateStops() {
    const QStringList base = {"generate", "-m",     m_model, "-p",           "The sea", "-n",
                              "40",       "--temp", "0",     "--ignore-eos", "--json"};
    const QString text = run(base).json()["text"].toString();
    QVERIFY(text.size() > 6);
    const QString stop = text.mid(3, 2);
    const QJsonObject stopped = run(base + QStringList{"--stop", stop}).json();
    QCOMPARE(stopped["stop"].toString(), QString("stop-string"));
    QCOMPARE(stopped["text"].toString(), text.left(text.indexOf(stop)));
}

void TstCli::batchEqualsAlone() {
    QByteArray lines;
    for (int i = 0; i < 9; ++i)
        lines += QString(R"({"prompt": "Item %1 %2", "n": 12, "temp": 1.1, "seed": %1, "ignore_eos": true})")
                     .arg(i)
                     .arg(QString("sea ").repeated(i % 4))
                     .toUtf8() +
                 "\n";
    const Outcome batch = run({"generate", "-m", m_model, "--batch", write("batch.jsonl", lines), "--json"});
    VERIFY_DONE(batch);
    const auto objects = batch.lines();
    QCOMPARE(objects.size(), 9);
    for (const int i : {0, 3, 7}) {
        const Outcome alone =
            run({"generate", "-m", m_model, "-p", QString("Item %1 %2").arg(i).arg(QString("sea ").repeated(i % 4)),
                 "-n", "12", "--temp", "1.1", "--seed", QString::number(i), "--ignore-eos", "--json"});
        QCOMPARE(objects[i]["ids"], alone.json()["ids"]);
        QCOMPARE(objects[i]["ids"].toArray().size(), 12);
    }
}

void TstCli::batchErrors_data() {
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QString>("says");
    QTest::newRow("not JSON") << QByteArray("prompt") << "line 2 is not a JSON object";
    QTest::newRow("no prompt") << QByteArray(R"({"n": 3})") << "line 2: \"prompt\" is missing";
    QTest::newRow("unknown key") << QByteArray(R"({"prompt": "a", "temperature": 1})") << "\"temperature\" is no key";
    QTest::newRow("type") << QByteArray(R"({"prompt": "a", "n": "3"})") << "\"n\" is \"3\"";
    QTest::newRow("huge") << QByteArray(R"({"prompt": "a", "n": 18446744073709551615})") << "\"n\" is";
    QTest::newRow("range") << QByteArray(R"({"prompt": "a", "top_p": 2})") << "\"top_p\" is 2";
    QTest::newRow("empty stop") << QByteArray(R"({"prompt": "a", "stop": [""]})") << "stop string";
}

void TstCli::batchErrors() {
    QFETCH(QByteArray, line);
    QFETCH(QString, says);
    const Outcome outcome = run(
        {"generate", "-m", m_model, "--batch", write("bad.jsonl", "{\"prompt\": \"fine\"}\n" + line + "\n"), "--json"});
    QVERIFY2(outcome.status == 1, describe(outcome).constData());
    QVERIFY2(outcome.errorMessage().contains(says), describe(outcome).constData());
}

void TstCli::logprobs() {
    const Outcome outcome = run({"generate", "-m", m_model, "-p", "The sea", "-n", "5", "--temp", "0", "--logprobs",
                                 "3", "--ignore-eos", "--json"});
    VERIFY_DONE(outcome);
    const QJsonArray ids = outcome.json()["ids"].toArray(), rows = outcome.json()["logprobs"].toArray();
    QCOMPARE(rows.size(), 5);
    for (int i = 0; i < 5; ++i) {
        QCOMPARE(rows[i]["id"], ids[i]);
        const QJsonArray top = rows[i]["top"].toArray();
        QCOMPARE(top.size(), 3);
        QCOMPARE(top[0]["id"], ids[i]);  // greedy
        QVERIFY(top[0]["logprob"].toDouble() >= top[1]["logprob"].toDouble());
        QVERIFY(rows[i]["logprob"].toDouble() <= 0);
    }
}

void TstCli::logits() {
    const QString out = m_dir.filePath("logits.npy");
    const Outcome outcome = run({"logits", "-m", m_model, "--ids", write("ids.json", "[1, 70, 80, 90, 100]"), "--out",
                                 out, "--exact", "--json"});
    VERIFY_DONE(outcome);
    QCOMPARE(outcome.json()["shape"].toArray(), (QJsonArray{5, int(test::tinyVocabSize)}));
    QFile file(out);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray bytes = file.readAll();
    QVERIFY(bytes.startsWith("\x93NUMPY\x01"));
    const int header = 10 + static_cast<uint8_t>(bytes[8]) + 256 * static_cast<uint8_t>(bytes[9]);
    QCOMPARE(header % 64, 0);
    QVERIFY(bytes.left(header).contains("'shape': (5, 288)"));
    QCOMPARE(bytes.size(), header + 5 * 288 * 4);
    QCOMPARE(QString::fromLatin1(QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex()),
             outcome.json()["sha256"].toString());
    QVERIFY(!QFile::exists(out + ".part"));
}

void TstCli::perplexity() {
    QByteArray text;
    for (int i = 0; i < 200; ++i)
        text += "line " + QByteArray::number(i) + " of a text\n";
    const QString file = write("text.txt", text);
    for (const char* mode : {"llama.cpp", "sliding", "paper"}) {
        const Outcome outcome = run(
            {"perplexity", "-m", m_model, "--file", file, "--ctx", "64", "--chunks", "3", "--mode", mode, "--json"});
        VERIFY_DONE(outcome);
        const QJsonObject result = outcome.json();
        for (const char* key : {"perplexity", "standardError", "tokensScored", "chunks", "tokenHash", "seconds"})
            QVERIFY2(result.contains(key), key);
        QVERIFY(result["perplexity"].toDouble() > 1);
        QCOMPARE(result["chunks"].toInt(), 3);
        QCOMPARE(result["mode"].toString(), QString(mode));
    }
}

void TstCli::bench() {
    const Outcome outcome =
        run({"bench", "-m", m_model, "-p", "16", "-n", "4", "-d", "0,32", "-b", "1,3", "-r", "2", "--json"});
    VERIFY_DONE(outcome);
    const auto objects = outcome.lines();
    QCOMPARE(objects.size(), 8);
    for (const QJsonObject& object : objects) {
        for (const char* key : {"kind", "n", "depth", "batch", "kv", "tokensPerSecond", "bytesPerToken", "roof",
                                "percentOfRoof", "peakRssBytes", "isa"})
            QVERIFY2(object.contains(key), key);
        const QJsonObject rate = object["tokensPerSecond"].toObject();
        QCOMPARE(rate["samples"].toArray().size(), 2);
        QVERIFY(rate["median"].toDouble() > 0);
        QVERIFY(object["roof"]["readBytesPerSecond"].toDouble() > 0);
        QVERIFY(object["roof"]["int8OpsPerSecond"].toDouble() > 0);
    }
}

void TstCli::chatKeepsEverything() {
    m_home = "chat home";
    const Outcome outcome = chat("First turn\n\n  \nSecond turn \xC3\xA4\n", {"--system", "Be brief"});
    VERIFY_DONE(outcome);
    const auto lines = outcome.lines();
    QCOMPARE(lines.size(), 4);  // acknowledged, reply, acknowledged, reply
    QVERIFY(lines[0]["acknowledged"].toInteger() > 0);
    QVERIFY(lines[1]["messageId"].toInteger() > lines[0]["acknowledged"].toInteger());
    QVERIFY(lines[2]["acknowledged"].toInteger() > lines[1]["messageId"].toInteger());
    QVERIFY(lines[3].contains("text") && lines[3].contains("decodeTokensPerSecond"));
    QVERIFY(lines[3]["promptTokens"].toInt() > lines[1]["promptTokens"].toInt());
    const QString records = exported();
    for (const char* text : {"First turn", "Second turn \xC3\xA4", "Be brief"})
        QVERIFY2(records.contains(QString::fromUtf8(text)), text);
    const Outcome check = run({"store", "check", "--json"});
    VERIFY_DONE(check);
    QCOMPARE(check.json()["ok"], QJsonValue(true));
    QCOMPARE(check.json()["chats"].toInt(), 1);
    QCOMPARE(check.json()["messages"].toInt(), 4);
    const Outcome markdown = run({"store", "export", "--chat", "1", "--format", "markdown"});
    VERIFY_DONE(markdown);
    QVERIFY(markdown.out.contains("Second turn"));
    const QString file = m_dir.filePath("export.json");
    VERIFY_DONE(run({"store", "export", "--out", file}));
    QVERIFY(QFile::exists(file));
    m_home = "home";
}

void TstCli::chatGoesOn() {
    m_home = "resume home";
    VERIFY_DONE(chat("One\n", {"--system", "Be brief"}));
    const Outcome more = chat("Two\n", {"--chat", "1"});
    VERIFY_DONE(more);
    QCOMPARE(run({"store", "check", "--json"}).json()["chats"].toInt(), 1);
    QCOMPARE(run({"store", "check", "--json"}).json()["messages"].toInt(), 4);
    // The same conversation in one go has the same prompt.
    m_home = "resume home 2";
    const Outcome together = chat("One\nTwo\n", {"--system", "Be brief"});
    QCOMPARE(more.lines()[1]["promptTokens"], together.lines()[3]["promptTokens"]);
    QCOMPARE(more.lines()[1]["ids"], together.lines()[3]["ids"]);
    QCOMPARE(chat("x\n", {"--chat", "77"}).status, 1);
    m_home = "home";
}

// A reply that failed before its first word: the next turn must not show the template an empty one, nor two turns of
// one side.
void TstCli::chatGoesOnAfterAFailure() {
    m_home = "failure home";
    const Outcome failed = chat(QByteArray(300, 'x') + "\n", {"--ctx", "128"});
    QVERIFY2(failed.status == 1, describe(failed).constData());
    QCOMPARE(failed.lines().size(), 2);
    QVERIFY(failed.lines()[0].contains("acknowledged"));
    QCOMPARE(failed.lines()[1]["error"].toObject()["code"].toString(), QString("InvalidRequest"));
    const QString strict = write("strict.jinja",
                                 "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) or not "
                                 "m.content %}{{ raise_exception('sides must alternate') }}{% endif %}{{ m.content }}\n"
                                 "{% endfor %}");
    VERIFY_DONE(run({"chat", "-m", m_model, "--template", strict, "--json", "-n", "4", "--chat", "1"}, "Two\n"));
    m_home = "home";
}

void TstCli::storeCheckTellsOfARescue() {
    m_home = "damage home";
    VERIFY_DONE(chat("Some words\n"));
    QFile store(m_dir.filePath("damage home/tessera.db"));
    QVERIFY(store.open(QIODevice::ReadWrite));
    QCOMPARE(store.write(QByteArray(100, '\xff')), 100);
    store.close();
    const Outcome first = run({"store", "check", "--json"});
    QVERIFY2(first.status == 1, describe(first).constData());
    QCOMPARE(first.json()["ok"].toBool(true), false);
    QVERIFY2(first.json()["problems"].toArray().at(0).toString().contains("1 of 1 chats recovered"),
             describe(first).constData());
    VERIFY_DONE(run({"store", "check", "--json"}));
    m_home = "home";
}

void TstCli::chatWithoutStore() {
    m_home = "unused home";
    const Outcome outcome = chat("Hello\n", {"--no-store"});
    VERIFY_DONE(outcome);
    QCOMPARE(outcome.lines().size(), 1);
    QVERIFY(!QFile::exists(m_dir.filePath("unused home")));
    m_home = "home";
}

void TstCli::storeQuery() {
    m_home = "query home";
    VERIFY_DONE(chat("Say <b>this</b>\n"));
    const Outcome rows = run({"store", "query", "SELECT count(*) AS n, 'x' AS n FROM messages", "--json"});
    VERIFY_DONE(rows);
    QCOMPARE(rows.json()["rows"].toArray().size(), 1);
    QCOMPARE(rows.json()["rows"].toArray().at(0)["n"].toInt(), 2);
    for (const char* sql : {"DELETE FROM messages", "SELECT", "SELECT 1; DROP TABLE messages", "ATTACH 'x' AS y",
                            "PRAGMA journal_mode=DELETE"}) {
        const Outcome refused = run({"store", "query", sql, "--json"});
        QVERIFY2(refused.status == 1, sql);
        QVERIFY2(!refused.errorMessage().isEmpty(), sql);
    }
    QCOMPARE(run({"store", "check", "--json"}).json()["messages"].toInt(), 2);
    m_home = "home";
}

void TstCli::interruptKeepsThePartialReply() {
    m_home = "interrupt home";
    QProcess process;
    prepare(process);
    process.start(m_cli, {"chat", "-m", m_slowModel, "--template", m_template, "--json", "-n", "1900", "--ignore-eos"});
    process.write("A long story\n");
    QVERIFY(process.waitForReadyRead(20'000));
    const QByteArray line = process.readLine();
    QVERIFY2(line.contains("acknowledged"), line.constData());
    QTest::qWait(100);
    ::kill(static_cast<pid_t>(process.processId()), SIGINT);
    QVERIFY(process.waitForFinished(20'000));
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    const QByteArray output = process.readAllStandardOutput();
    QVERIFY2(process.exitCode() == 130, output.left(500).constData());
    QCOMPARE(output.count('\n'), 1);  // the reply says that it was cancelled
    const QJsonObject reply = QJsonDocument::fromJson(output).object();
    QCOMPARE(reply["stop"].toString(), QString("cancelled"));
    const Outcome rows =
        run({"store", "query",
             "SELECT text FROM messages WHERE id = " + QString::number(reply["messageId"].toInteger()), "--json"});
    // The store holds text that every program can show: a zero byte is a replacement character there.
    QCOMPARE(rows.json()["rows"].toArray().at(0)["text"].toString(),
             reply["text"].toString().replace(QChar(u'\0'), QChar(QChar::ReplacementCharacter)));
    QVERIFY(exported().contains("\"stopped\""));
    m_home = "home";
}

void TstCli::modelFileThatShrinks() {
    m_home = "shrink home";
    const QString model = m_dir.filePath("shrinks.gguf");
    QVERIFY(QFile::copy(m_model, model));
    QProcess process;
    prepare(process);
    process.start(m_cli, {"chat", "-m", model, "--template", m_template, "--json", "-n", "4", "--ignore-eos"});
    process.write("One\n");
    QByteArray output;
    while (output.count('\n') < 2 && process.waitForReadyRead(20'000))
        output += process.readAllStandardOutput();
    QVERIFY2(output.contains("messageId"), output.constData());
    QVERIFY(QFile::resize(model, 4096));
    process.write("Two\n");
    process.closeWriteChannel();
    QVERIFY(process.waitForFinished(20'000));
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 1);
    const auto lines = process.readAllStandardOutput().trimmed().split('\n');
    QVERIFY(lines.first().contains("acknowledged"));
    QVERIFY2(lines.last().contains("became shorter"), lines.last().constData());
    const Outcome check = run({"store", "check", "--json"});
    VERIFY_DONE(check);
    QCOMPARE(check.json()["messages"].toInt(), 4);
    QVERIFY(exported().contains("\"failed\""));
    m_home = "home";
}

void TstCli::killedWhileChatting() {
    m_home = "kill home";
    constexpr int nTimes = 30;
    for (int i = 0; i < nTimes; ++i) {
        QProcess process;
        prepare(process);
        process.start(m_cli,
                      {"chat", "-m", m_slowModel, "--template", m_template, "--json", "-n", "1900", "--ignore-eos"});
        process.write(QString("Marker %1: tell me a story\n").arg(i).toUtf8());
        QVERIFY(process.waitForReadyRead(20'000));
        const QByteArray line = process.readLine();
        QVERIFY2(line.contains("acknowledged"), line.constData());
        QTest::qWait(i * 37 % 120);
        process.kill();
        QVERIFY(process.waitForFinished(20'000));
    }
    VERIFY_DONE(run({"store", "check", "--json"}));
    const QString records = exported();
    for (int i = 0; i < nTimes; ++i)
        QVERIFY2(records.contains(QString("Marker %1: ").arg(i)),
                 qPrintable(QString("marker %1 of %2 is lost").arg(i).arg(nTimes)));
    m_home = "home";
}

void TstCli::filesArePrivate() {
    m_home = "private home";
    VERIFY_DONE(chat("Secret\n"));
    const auto others =
        QFileDevice::ReadGroup | QFileDevice::ReadOther | QFileDevice::WriteGroup | QFileDevice::WriteOther;
    QVERIFY(!(QFile::permissions(m_dir.filePath(m_home)) & others));
    QVERIFY(!(QFile::permissions(m_dir.filePath(m_home + "/tessera.db")) & others));
    m_home = "home";
}

QTEST_GUILESS_MAIN(TstCli)
#include "tst_cli.moc"
