// Tiny models of every kind against logits that transformers computed from the same weights (tests/data/parity), in
// exact and in default mode.
#include <QtTest>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/models/rope_scaling.h"
#include "engine/run/engine.h"
#include "tests/support/tiny_model.h"

using namespace engine;

namespace {

struct Case {
    test::TinyModel model;
    int64_t loadContext = 0;
    std::vector<int32_t> ids;
    std::vector<int64_t> rows;
    std::vector<std::vector<float>> logits;  // of `rows`
};

Case readCase(const QString& name) {
    std::ifstream file(QString(TESSERA_TEST_DATA "/parity/%1.json").arg(name).toStdString());
    const auto j = nlohmann::json::parse(file, nullptr, false);
    Case c;
    if (j.is_discarded())
        return c;
    test::TinyModel& m = c.model;
    m.architecture = j["architecture"];
    m.seed = j["seed"];
    m.nLayers = j["nLayers"], m.dim = j["dim"], m.nHeads = j["nHeads"], m.nKvHeads = j["nKvHeads"];
    m.headDim = j["headDim"], m.ffnDim = j["ffnDim"], m.context = j["context"];
    m.tied = j["tied"], m.attentionBias = j["attentionBias"], m.ffnBias = j["ffnBias"];
    m.ropeBase = j["ropeBase"], m.normEps = j["normEps"], m.ropeType = j["ropeType"], m.ropeFactor = j["ropeFactor"];
    m.attentionFactor = j["attentionFactor"], m.originalContext = j["originalContext"];
    m.ropeFactors = j["ropeFactors"].get<std::vector<float>>();
    m.longFactors = j["longFactors"].get<std::vector<float>>();
    m.shortFactors = j["shortFactors"].get<std::vector<float>>();
    m.embeddingScale = j["embeddingScale"], m.residualScale = j["residualScale"];
    m.attentionScale = j["attentionScale"], m.logitScale = j["logitScale"];
    c.loadContext = j["loadContext"];
    c.ids = j["ids"].get<std::vector<int32_t>>();
    c.rows = j["rows"].get<std::vector<int64_t>>();
    c.logits = j["logits"].get<std::vector<std::vector<float>>>();
    return c;
}

Result<std::vector<std::vector<float>>> allLogits(Engine& engine, const LoadedModel& model,
                                                  const std::vector<int32_t>& ids) {
    std::vector<std::vector<float>> all;
    const auto sink = [&](int64_t, int64_t rows, const float* logits) -> Result<void> {
        for (int64_t r = 0; r < rows; ++r)
            all.emplace_back(logits + r * model.vocabSize, logits + (r + 1) * model.vocabSize);
        return {};
    };
    TRY_VOID(engine.logits(model.id, ids, sink, {}));
    return all;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        ab += static_cast<double>(a[i]) * b[i];
        aa += static_cast<double>(a[i]) * a[i];
        bb += static_cast<double>(b[i]) * b[i];
    }
    return ab / std::sqrt(aa * bb);
}

double largestDifference(const std::vector<float>& a, const std::vector<float>& b) {
    double largest = 0;
    for (size_t i = 0; i < a.size(); ++i)
        largest = std::max(largest, static_cast<double>(std::abs(a[i] - b[i])));
    return largest;
}

}  // namespace

class TstLlamaParity : public QObject {
    Q_OBJECT

  private slots:
    void matchesReference_data();
    void matchesReference();
    void yarnBounds();
    void askedLikeWritten_data();
    void askedLikeWritten();
    void askedWrongly();
};

void TstLlamaParity::matchesReference_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<bool>("exact");
    QTest::addColumn<int>("chunk");
    const char* names[] = {
        "plain", "grouped",       "one_kv_head_wide", "biases", "attention_bias_tied", "linear", "llama3",
        "yarn",  "longrope_long", "longrope_short",   "granite"};
    for (const char* name : names) {
        QTest::addRow("exact/%s", name) << QString(name) << true << 512;
        QTest::addRow("default/%s", name) << QString(name) << false << 512;
    }
    QTest::addRow("exact/grouped/chunks of 7") << QString("grouped") << true << 7;
}

void TstLlamaParity::matchesReference() {
    QFETCH(QString, name);
    QFETCH(bool, exact);
    QFETCH(int, chunk);
    const Case c = readCase(name);
    QVERIFY2(!c.rows.empty(), "the reference cannot be read");
    QTemporaryDir dir;
    const std::string path = dir.filePath("tiny.gguf").toStdString();
    QVERIFY(test::writeTinyModel(path, c.model));
    auto engine = Engine::make({.threads = 2, .exact = exact, .prefillChunk = chunk});
    QVERIFY2(engine.has_value(), engine ? "" : engine.error().message.c_str());
    const auto model = (*engine)->load(path, {.contextTokens = c.loadContext}, {}, {});
    QVERIFY2(model.has_value(), model ? "" : model.error().message.c_str());
    const auto got = allLogits(**engine, *model, c.ids);
    QVERIFY2(got.has_value(), got ? "" : got.error().message.c_str());
    QCOMPARE(got->size(), c.ids.size());
    // Logits lie within about +-5. The default mode keeps keys and values in 16 bits.
    const double bound = exact ? 1e-4 : 2e-2, leastCosine = exact ? 0.999999 : 0.9999;
    for (size_t i = 0; i < c.rows.size(); ++i) {
        const auto& row = (*got)[static_cast<size_t>(c.rows[i])];
        const double difference = largestDifference(row, c.logits[i]), similarity = cosine(row, c.logits[i]);
        QVERIFY2(
            difference <= bound && similarity >= leastCosine,
            qPrintable(
                QString("row %1: largest difference %2, cosine %3").arg(c.rows[i]).arg(difference).arg(similarity)));
    }
}

// The ramp's ends keep and divide the frequency; the values of the middle are covered by the reference above.
void TstLlamaParity::yarnBounds() {
    RopeConfig config;
    config.nRot = 64;
    config.freqBase = 10000;
    config.scaling = RopeScaling::Yarn;
    config.factor = 8;
    config.originalContext = 4096;
    const RopeParams rope = makeRope(config, 32768);
    const RopeParams plain = makeRope({.nRot = 64, .factors = {}, .longFactors = {}, .shortFactors = {}}, 4096);
    QCOMPARE(rope.inverseFrequency.front(), plain.inverseFrequency.front());
    QVERIFY(std::abs(rope.inverseFrequency.back() * 8 / plain.inverseFrequency.back() - 1) < 1e-6);
    QVERIFY(std::is_sorted(rope.inverseFrequency.rbegin(), rope.inverseFrequency.rend()));
    QVERIFY(std::abs(rope.magnitude - (1 + 0.1 * std::log(8.0))) < 1e-6);
}

void TstLlamaParity::askedLikeWritten_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<int>("scaling");  // -1: the factor alone
    QTest::addColumn<double>("scale");
    QTest::addColumn<int>("context");
    const int linear = static_cast<int>(RopeScaling::Linear), yarn = static_cast<int>(RopeScaling::Yarn);
    QTest::newRow("linear/factor") << "linear" << linear << 4.0 << 256;
    QTest::newRow("linear/by the context") << "linear" << linear << 0.0 << 256;
    QTest::newRow("linear/factor alone") << "linear" << -1 << 4.0 << 0;
    QTest::newRow("yarn/factor") << "yarn" << yarn << 4.0 << 0;
    QTest::newRow("yarn/by the context") << "yarn" << yarn << 0.0 << 256;
}

// A file without scaling, asked to scale, gives the bits of the file that says so, which the reference covers.
void TstLlamaParity::askedLikeWritten() {
    QFETCH(QString, name);
    QFETCH(int, scaling);
    QFETCH(double, scale);
    QFETCH(int, context);
    const Case c = readCase(name);
    QVERIFY(!c.rows.empty());
    QTemporaryDir dir;
    const std::string written = dir.filePath("written.gguf").toStdString(),
                      plain = dir.filePath("plain.gguf").toStdString();
    test::TinyModel unscaled = c.model;
    unscaled.ropeType = "none";
    unscaled.context = c.model.originalContext;
    QVERIFY(test::writeTinyModel(written, c.model) && test::writeTinyModel(plain, unscaled));
    auto engine = Engine::make({.threads = 1});
    QVERIFY(engine);
    const auto like = (*engine)->load(written, {}, {}, {});
    LoadOptions options{.contextTokens = context, .ropeScale = scale};
    if (scaling >= 0)
        options.ropeScaling = static_cast<RopeScaling>(scaling);
    const auto asked = (*engine)->load(plain, options, {}, {});
    const auto unasked = (*engine)->load(plain, {}, {}, {});
    QVERIFY2(asked, asked ? "" : asked.error().message.c_str());
    QVERIFY(like && unasked);
    const auto want = allLogits(**engine, *like, c.ids), got = allLogits(**engine, *asked, c.ids),
               other = allLogits(**engine, *unasked, c.ids);
    QVERIFY(want && got && other);
    QVERIFY(*got == *want);
    QVERIFY(*got != *other);
    if (context > 64) {
        QVERIFY(!asked->notes.empty());
        QVERIFY2(asked->notes[0].find("scaled 4 times (" + name.toStdString() + ")") != std::string::npos,
                 asked->notes[0].c_str());
    }
    const auto back = (*engine)->load(written, {.ropeScaling = RopeScaling::None}, {}, {});
    QVERIFY(back);
    const auto without = allLogits(**engine, *back, c.ids);
    QVERIFY(without && *without == *other);
}

void TstLlamaParity::askedWrongly() {
    const auto message = [](std::optional<RopeScaling> scaling, double factor, int64_t context,
                            RopeScaling written = RopeScaling::None) {
        RopeConfig config;
        config.originalContext = 4096;
        config.scaling = written;
        const auto done = overrideRopeScaling(config, scaling, factor, context);
        return done ? std::string() : done.error().message;
    };
    QCOMPARE(message({}, 0, 0), std::string());
    QVERIFY(message(RopeScaling::Yarn, 0, 0).find("yarn scaling needs a factor") != std::string::npos);
    QVERIFY(message(RopeScaling::Linear, 0, 4096).find("longer than the 4096") != std::string::npos);
    QVERIFY(message(RopeScaling::None, 2, 0).find("by none") != std::string::npos);
    QVERIFY(message({}, -1, 0).find("0.01 to 10000") != std::string::npos);
    QVERIFY(message({}, std::nan(""), 0).find("0.01 to 10000") != std::string::npos);
    QVERIFY(message({}, 2, 0, RopeScaling::LongRope).find("longrope") != std::string::npos);
    QVERIFY(message(RopeScaling::LongRope, 0, 0).find("longrope") != std::string::npos);
}

QTEST_APPLESS_MAIN(TstLlamaParity)
#include "tst_llama_parity.moc"
