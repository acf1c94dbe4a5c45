// A model whose layers all see a window: pages before it are given back while a long text is generated, and the logits
// keep their bits.
#include <QtTest>

#include <algorithm>

#include "engine/models/models.h"
#include "engine/run/kv_pool.h"
#include "engine/run/memory_plan.h"
#include "tests/support/tiny_model.h"

using namespace engine;

namespace {

constexpr int64_t Window = 70, PageTokens = 32, Pages = 40;

// One sequence on a pool; the next token is the likeliest, pushed about so that the text does not repeat itself.
struct Run {
    std::shared_ptr<const Model> model;
    std::unique_ptr<Backend> backend;
    std::unique_ptr<KvPool> pool;
    std::vector<int32_t> ids;
    PageTable table;
    int64_t computed = 0, mostHeld = 0;
    std::vector<float> logits;

    bool start(const std::string& path, int64_t poolWindow, int threads) {
        auto made = makeCpuBackend({.threads = threads, .isa = {}, .exact = false});
        auto file = ModelFile::open(path);
        if (!made || !file)
            return false;
        backend = *std::move(made);
        auto config = readModelConfig(**file);
        if (!config)
            return false;
        config->attentionWindow = Window;
        auto built = makeModel(*file, *config, config->trainedContext, *backend, {}, {});
        auto storage = backend->makeKv(kvShapeOf(*config, {}), Pages);
        if (!built || !storage)
            return false;
        model = *std::move(built);
        pool = std::make_unique<KvPool>(*std::move(storage), Pages, PageTokens, poolWindow);
        return true;
    }

    void begin(std::vector<int32_t> prompt) {
        pool->release(table);
        ids = std::move(prompt);
        computed = pool->attachPrefix(ids, table);
        computed += pool->attachTail(ids, table);
        mostHeld = 0;
    }

    bool compute(int64_t rows) {
        if (!pool->grow(table, computed + rows))
            return false;
        Step step;
        step.sequences.push_back({0, rows, computed, table.pages});
        for (int64_t i = computed; i < computed + rows; ++i) {
            step.ids.push_back(ids[static_cast<size_t>(i)]);
            step.positions.push_back(i);
        }
        step.logitRows.push_back(rows - 1);
        if (!backend->reserve(model->scratchBytes(rows, 1, 1)))
            return false;
        const Activations hidden = model->forward(step, *pool->storage(), *backend);
        const Activations out = backend->scratch(1, model->config().vocabSize);
        model->project(hidden, *backend, out);
        logits.assign(out.data, out.data + out.cols);
        mostHeld = std::max(mostHeld, table.held());
        computed += rows;
        pool->publish(table, ids, computed);
        return true;
    }

    void sample() {
        const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
        ids.push_back(static_cast<int32_t>((best + static_cast<int64_t>(ids.size())) % 280 + 3));
    }
};

std::vector<int32_t> prompt(int64_t n) {
    std::vector<int32_t> ids;
    for (int64_t i = 0; i < n; ++i)
        ids.push_back(static_cast<int32_t>(3 + i * 7 % 280));
    return ids;
}

}  // namespace

class TstSlidingWindow : public QObject {
    Q_OBJECT

  private slots:
    void initTestCase() {
        QVERIFY(m_dir.isValid());
        m_path = m_dir.filePath("tiny.gguf").toStdString();
        QVERIFY(test::writeTinyModel(m_path, {.context = 2048, .dtype = kernels::DType::Q8_0}));
    }
    void sameBitsWithBoundedPages_data();
    void sameBitsWithBoundedPages();
    void windowMatters();
    void reusedPrefix();

  private:
    QTemporaryDir m_dir;
    std::string m_path;
};

void TstSlidingWindow::sameBitsWithBoundedPages_data() {
    QTest::addColumn<int>("threads");
    QTest::addColumn<int>("chunk");
    for (const int threads : {1, 2})
        for (const int chunk : {7, 32, 100})
            QTest::addRow("threads=%d/chunk=%d", threads, chunk) << threads << chunk;
}

void TstSlidingWindow::sameBitsWithBoundedPages() {
    QFETCH(int, threads);
    QFETCH(int, chunk);
    Run bounded, all;
    QVERIFY(bounded.start(m_path, Window, threads) && all.start(m_path, 0, 1));
    bounded.begin(prompt(300));
    all.begin(prompt(300));
    for (int64_t left = 300; left > 0; left -= chunk)
        QVERIFY(bounded.compute(std::min<int64_t>(left, chunk)));
    QVERIFY(all.compute(300));
    for (int i = 0; i < 600; ++i) {
        QVERIFY2(bounded.logits == all.logits, qPrintable(QString("after %1 tokens").arg(all.computed)));
        bounded.sample();
        all.sample();
        QVERIFY(bounded.compute(1) && all.compute(1));
    }
    QVERIFY(bounded.mostHeld <= bounded.pool->mostHeld(2048, chunk));
    QVERIFY(bounded.table.held() <= 4);  // 70 positions lie on at most four pages
    QCOMPARE(all.table.held(), int64_t{29});
}

void TstSlidingWindow::windowMatters() {  // what lies before it changes nothing that is computed after it
    Run a, b;
    QVERIFY(a.start(m_path, Window, 1) && b.start(m_path, 0, 1));
    std::vector<int32_t> other = prompt(400);
    for (int64_t i = 0; i < 100; ++i)  // two layers reach back two windows
        other[static_cast<size_t>(i)] = 5;
    a.begin(prompt(400));
    b.begin(other);
    QVERIFY(a.compute(400) && b.compute(400));
    QVERIFY(a.logits == b.logits);
    other[395] = 5;
    b.begin(other);
    QVERIFY(b.compute(400 - b.computed));
    QVERIFY(a.logits != b.logits);
}

void TstSlidingWindow::reusedPrefix() {
    Run warm, fresh;
    QVERIFY(warm.start(m_path, Window, 2) && fresh.start(m_path, 0, 1));
    warm.begin(prompt(250));
    QVERIFY(warm.compute(250));
    std::vector<int32_t> longer = prompt(240);
    longer.push_back(4);
    longer.resize(300, 9);
    warm.begin(longer);
    QCOMPARE(warm.computed, int64_t{240});
    QVERIFY(warm.table.held() <= 4);
    QVERIFY(warm.compute(60));
    fresh.begin(longer);
    QVERIFY(fresh.compute(300));
    QVERIFY(warm.logits == fresh.logits);
}

QTEST_APPLESS_MAIN(TstSlidingWindow)
#include "tst_sliding_window.moc"
