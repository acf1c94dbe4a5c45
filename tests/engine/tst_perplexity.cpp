// Perplexity against a straightforward computation from the engine's logits, and against the reference on the sample
// model.
#include <QtTest>

#include <cmath>
#include <fstream>
#include <numeric>

#include "engine/eval/eval.h"
#include "tests/support/tiny_model.h"

using namespace engine;

namespace {

constexpr int64_t Ctx = 32;

struct World {
    QTemporaryDir dir;
    std::unique_ptr<Engine> engine;
    LoadedModel model;
    bool start(bool addBos, int threads = 2) {
        test::TinyModel tiny;
        tiny.addBos = addBos;
        const std::string path = dir.filePath("tiny.gguf").toStdString();
        if (!test::writeTinyModel(path, tiny))
            return false;
        engine = *Engine::make({.threads = threads, .prefillChunk = 20});
        auto loaded = engine->load(path, {}, {}, {});
        if (!loaded)
            return false;
        model = *std::move(loaded);
        return true;
    }
};

std::string text() {
    std::string s;
    for (int i = 0; i < 40; ++i)
        s += "the sea " + std::to_string(i * 37) + ", ";
    return s;
}

// Losses of the tokens after positions [first, end - 1) of one window, in double.
void addLosses(World& w, std::vector<int32_t> ids, int64_t first, std::vector<double>& losses) {
    const auto sink = [&](int64_t firstRow, int64_t rows, const float* logits) -> Result<void> {
        for (int64_t r = 0; r < rows; ++r) {
            const int64_t row = firstRow + r;
            if (row < first || row + 1 >= static_cast<int64_t>(ids.size()))
                continue;
            double sum = 0;
            for (int64_t i = 0; i < w.model.vocabSize; ++i)
                sum += std::exp(static_cast<double>(logits[r * w.model.vocabSize + i]));
            losses.push_back(std::log(sum) - logits[r * w.model.vocabSize + ids[static_cast<size_t>(row) + 1]]);
        }
        return {};
    };
    QVERIFY(w.engine->logits(w.model.id, ids, sink, {}));
}

}  // namespace

class TstPerplexity : public QObject {
    Q_OBJECT

  private slots:
    void matchesDefinition_data();
    void matchesDefinition();
    void sameOnOneThread();
    void refuses();
    void listNamesModes();
};

void TstPerplexity::matchesDefinition_data() {
    QTest::addColumn<QString>("mode");
    QTest::addColumn<bool>("bos");
    QTest::addColumn<int>("chunks");
    for (const char* mode : {"llama.cpp", "sliding", "paper"})
        for (bool bos : {false, true})
            for (int chunks : {0, 3})
                QTest::addRow("%s%s/chunks=%d", qPrintable(QString(mode)), bos ? "/bos" : "", chunks)
                    << QString(mode) << bos << chunks;
}

void TstPerplexity::matchesDefinition() {
    QFETCH(QString, mode);
    QFETCH(bool, bos);
    QFETCH(int, chunks);
    World w;
    QVERIFY(w.start(bos));
    std::vector<int32_t> ids = w.model.tokenizer->encode(text(), false);
    if (bos)
        ids.insert(ids.begin(), 1);
    const auto n = static_cast<int64_t>(ids.size());
    std::vector<double> losses;
    int64_t windows = 0;
    if (mode == "sliding") {
        for (int64_t end = Ctx, begin = 0;; begin += Ctx / 2, end = std::min(begin + Ctx, n)) {
            addLosses(w, {ids.begin() + begin, ids.begin() + end}, begin == 0 ? 0 : Ctx / 2 - 1, losses);
            ++windows;
            if (end == n || windows == chunks)
                break;
        }
    } else {
        for (int64_t begin = 0; begin + Ctx <= n && (chunks == 0 || windows < chunks); begin += Ctx, ++windows) {
            std::vector<int32_t> part(ids.begin() + begin, ids.begin() + begin + Ctx);
            if (bos)
                part[0] = 1;
            addLosses(w, part, mode == "paper" ? 0 : Ctx / 2, losses);
        }
    }
    const double count = static_cast<double>(losses.size());
    const double mean = std::accumulate(losses.begin(), losses.end(), 0.0) / count;
    double variance = 0;
    for (const double loss : losses)
        variance += (loss - mean) * (loss - mean) / count;

    PerplexityOptions options{.mode = *perplexityModeFromName(mode.toStdString()), .ctx = Ctx, .chunks = chunks};
    int64_t told = 0;
    const auto got =
        measurePerplexity(*w.engine, w.model.id, text(), options, [&](int64_t, int64_t, double) { ++told; }, {});
    QVERIFY2(got, got ? "" : got.error().message.c_str());
    QCOMPARE(got->chunks, windows);
    QCOMPARE(told, windows);
    QCOMPARE(got->tokensScored, static_cast<int64_t>(losses.size()));
    QVERIFY2(std::abs(got->perplexity / std::exp(mean) - 1) < 1e-5, qPrintable(QString::number(got->perplexity)));
    const double error = std::exp(mean) * std::sqrt(variance / (count - 1));
    QVERIFY2(std::abs(got->standardError / error - 1) < 1e-4, qPrintable(QString::number(got->standardError)));
    QCOMPARE(got->tokenHash.size(), size_t{64});
    if (mode == "sliding" && chunks == 0)
        QCOMPARE(got->tokensScored, n - 1);
}

void TstPerplexity::sameOnOneThread() {
    World one, two;
    QVERIFY(one.start(false, 1) && two.start(false, 2));
    const auto a = measurePerplexity(*one.engine, one.model.id, text(), {.ctx = Ctx}, {}, {});
    const auto b = measurePerplexity(*two.engine, two.model.id, text(), {.ctx = Ctx}, {}, {});
    QVERIFY(a && b);
    QVERIFY(a->perplexity == b->perplexity);
    QCOMPARE(a->tokenHash, b->tokenHash);
}

void TstPerplexity::refuses() {
    World w;
    QVERIFY(w.start(false));
    const auto code = [&](std::string_view t, PerplexityOptions options, std::stop_token stop = {}) {
        const auto r = measurePerplexity(*w.engine, w.model.id, t, options, {}, stop);
        return r ? ErrorCode::Internal : r.error().code;
    };
    QVERIFY(code("short", {.ctx = Ctx}) == ErrorCode::InvalidRequest);
    QVERIFY(code(text(), {.ctx = 3}) == ErrorCode::InvalidRequest);
    QVERIFY(code(text(), {.ctx = 100000}) == ErrorCode::InvalidRequest);
    std::stop_source stop;
    stop.request_stop();
    QVERIFY(code(text(), {.ctx = Ctx}, stop.get_token()) == ErrorCode::Cancelled);
    QVERIFY(!measurePerplexity(*w.engine, 77, text(), {.ctx = Ctx}, {}, {}));
}

void TstPerplexity::listNamesModes() {
    for (const Evaluation& e : evaluations())
        QVERIFY(perplexityModeFromName(perplexityModeName(e.mode)) == e.mode);
    QVERIFY(!perplexityModeFromName("guess"));
}

QTEST_APPLESS_MAIN(TstPerplexity)
#include "tst_perplexity.moc"
