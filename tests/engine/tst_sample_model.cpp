// The sample model (SmolLM2-135M-Instruct, Q4_1) against float32 logits of an independent implementation
// (tests/data/parity/make_sample_reference.py): exact mode to rounding, default mode to its accuracy bound.
#include <QtTest>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/run/engine.h"
#include "engine/text/sampler_math.h"
#include "tests/support/sample_model.h"

using namespace engine;

class TstSampleModel : public QObject {
    Q_OBJECT

  private slots:
    void initTestCase();
    void matchesReference_data();
    void matchesReference();
    void sameOnOneThread();
    void sameAmongThirty();

  private:
    std::string m_path;
    std::vector<int32_t> m_ids;
    size_t m_prompt = 0;
    double m_meanLoss = 0;
    std::vector<std::vector<int32_t>> m_topIds;
    std::vector<std::vector<double>> m_topLogprobs;
};

void TstSampleModel::initTestCase() {
    m_path = test::sampleModelPath();
    NEED_SAMPLE_MODEL(!m_path.empty());
    std::ifstream file(TESSERA_TEST_DATA "/parity/sample_model.json");
    const auto j = nlohmann::json::parse(file, nullptr, false);
    QVERIFY(!j.is_discarded());
    m_prompt = j["prompt"];
    m_meanLoss = j["meanLoss"];
    m_ids = j["ids"].get<std::vector<int32_t>>();
    m_topIds = j["topIds"].get<std::vector<std::vector<int32_t>>>();
    m_topLogprobs = j["topLogprobs"].get<std::vector<std::vector<double>>>();
}

void TstSampleModel::matchesReference_data() {
    QTest::addColumn<bool>("exact");
    QTest::addColumn<double>("meanBound");
    QTest::addColumn<double>("sameTopBound");
    QTest::newRow("exact") << true << 1e-4 << 1.0;
    QTest::newRow("default") << false << 0.12 << 0.93;
}

void TstSampleModel::matchesReference() {
    QFETCH(bool, exact);
    QFETCH(double, meanBound);
    QFETCH(double, sameTopBound);
    auto engine = Engine::make({.exact = exact});
    QVERIFY(engine);
    const auto model = (*engine)->load(m_path, {}, {}, {});
    QVERIFY2(model, model ? "" : model.error().message.c_str());
    QVERIFY(model->chatTemplate != nullptr);
    double difference = 0, loss = 0;
    int64_t compared = 0, sameTop = 0;
    const auto sink = [&](int64_t first, int64_t rows, const float* logits) -> Result<void> {
        for (int64_t r = 0; r < rows; ++r) {
            const auto row = static_cast<size_t>(first + r);
            const std::span<const float> values(logits + r * model->vocabSize, static_cast<size_t>(model->vocabSize));
            const float largest = scanLogits(values).largest;
            const double logSum = static_cast<double>(largest) + std::log(sumExp(values, largest).sum);
            for (size_t i = 0; i < m_topIds[row].size(); ++i, ++compared)
                difference += std::abs(static_cast<double>(values[static_cast<size_t>(m_topIds[row][i])]) - logSum -
                                       m_topLogprobs[row][i]);
            sameTop += std::max_element(values.begin(), values.end()) - values.begin() == m_topIds[row][0];
            if (row + 1 < m_ids.size())
                loss += logSum - static_cast<double>(values[static_cast<size_t>(m_ids[row + 1])]);
        }
        return {};
    };
    QVERIFY((*engine)->logits(model->id, m_ids, sink, {}));
    const double mean = difference / static_cast<double>(compared);
    const double share = static_cast<double>(sameTop) / static_cast<double>(m_ids.size());
    const double meanLoss = loss / static_cast<double>(m_ids.size() - 1);
    const QString found = QString("mean difference %1, same top %2, mean loss %3").arg(mean).arg(share).arg(meanLoss);
    QVERIFY2(mean <= meanBound && share >= sameTopBound, qPrintable(found));
    QVERIFY2(std::abs(meanLoss - m_meanLoss) <= (exact ? 1e-4 : 0.03), qPrintable(found));
    if (!exact)
        return;
    Request r;  // greedy text is the reference's
    r.model = model->id;
    r.ids.assign(m_ids.begin(), m_ids.begin() + static_cast<int64_t>(m_prompt));
    r.maxTokens = static_cast<int64_t>(m_ids.size() - m_prompt);
    r.sampling.temperature = 0;
    r.ignoreEos = true;
    QVERIFY((*engine)->submit(r));
    std::vector<EngineEvent> events;
    while ((*engine)->step(events)) {
    }
    std::vector<int32_t> got = r.ids;
    for (const EngineEvent& event : events)
        if (const auto* token = std::get_if<TokenEvent>(&event))
            got.push_back(token->token.id);
    QCOMPARE(got, m_ids);
}

void TstSampleModel::sameOnOneThread() {
    std::vector<std::vector<int32_t>> all;
    for (int threads : {1, 2, 3}) {
        auto engine = Engine::make({.threads = threads, .prefillChunk = 8 * threads});
        const auto model = (*engine)->load(m_path, {.contextTokens = 512}, {}, {});
        QVERIFY(model);
        Request r;
        r.model = model->id;
        r.ids.assign(m_ids.begin(), m_ids.begin() + static_cast<int64_t>(m_prompt));
        r.maxTokens = 24;
        r.sampling.seed = 5;
        QVERIFY((*engine)->submit(r));
        std::vector<EngineEvent> events;
        while ((*engine)->step(events)) {
        }
        std::vector<int32_t>& got = all.emplace_back();
        for (const EngineEvent& event : events)
            if (const auto* token = std::get_if<TokenEvent>(&event))
                got.push_back(token->token.id);
    }
    QVERIFY(!all[0].empty());
    QCOMPARE(all[1], all[0]);
    QCOMPARE(all[2], all[0]);
}

// The kernels of a real model: thirty that begin alike, on one and two threads, in small and large chunks, and once
// more when their pages are there already; against runs alone on pages of their own.
void TstSampleModel::sameAmongThirty() {
    constexpr int Requests = 30;
    struct Reply {
        std::vector<int32_t> ids;
        std::vector<float> logprobs;
        int64_t reused = 0;
        bool operator==(const Reply& other) const { return ids == other.ids && logprobs == other.logprobs; }
    };
    const auto requestOf = [&](ModelId model, int n) {
        Request r;
        r.model = model;
        r.ids.assign(m_ids.begin(), m_ids.begin() + 48);
        r.ids.insert(r.ids.end(), m_ids.begin() + n, m_ids.begin() + n + 5 + n % 9);
        r.maxTokens = 10;
        r.sampling.seed = static_cast<uint64_t>(n);
        r.ignoreEos = true;
        return r;
    };
    const auto run = [&](Engine& engine, const std::vector<Request>& requests) {
        std::map<RequestId, Reply> replies;
        for (const Request& r : requests)
            replies[*engine.submit(r)] = {};
        std::vector<EngineEvent> events;
        while (engine.step(events)) {
        }
        for (const EngineEvent& event : events)
            if (const auto* token = std::get_if<TokenEvent>(&event)) {
                replies[token->request].ids.push_back(token->token.id);
                replies[token->request].logprobs.push_back(token->token.logprob);
            } else if (const auto* finished = std::get_if<FinishedEvent>(&event)) {
                replies[finished->request].reused = finished->stats.reusedTokens;
            }
        std::vector<Reply> inOrder;
        for (auto& [id, reply] : replies)
            inOrder.push_back(std::move(reply));
        return inOrder;
    };
    std::map<int, Reply> alone;
    for (const int n : {0, 7, 13, 29}) {
        auto engine = Engine::make({.threads = 1, .decodingStepSeconds = 0});
        const auto model = (*engine)->load(m_path, {.contextTokens = 512}, {}, {});
        QVERIFY(model);
        alone[n] = run(**engine, {requestOf(model->id, n)})[0];
        QCOMPARE(alone[n].ids.size(), size_t{10});
        QCOMPARE(alone[n].reused, int64_t{0});
    }
    std::vector<Reply> first;
    for (const auto& [threads, chunk] : {std::pair<int, int64_t>{1, 512}, {2, 512}, {2, 24}}) {
        auto engine = Engine::make({.threads = threads, .prefillChunk = chunk});
        const auto model = (*engine)->load(m_path, {.contextTokens = 1024}, {}, {});
        QVERIFY(model);
        std::vector<Request> requests;
        for (int n = 0; n < Requests; ++n)
            requests.push_back(requestOf(model->id, n));
        const auto fresh = run(**engine, requests), again = run(**engine, requests);
        if (first.empty())
            first = fresh;
        QVERIFY(fresh == first);
        QVERIFY(again == first);
        QVERIFY(again[0].reused >= 32);
        for (const auto& [n, reply] : alone)
            QVERIFY(fresh[static_cast<size_t>(n)] == reply);
    }
}

QTEST_APPLESS_MAIN(TstSampleModel)
#include "tst_sample_model.moc"
