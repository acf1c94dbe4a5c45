// The sampler against a straightforward double-precision reference that sorts everything, and against chance.
#include <QtTest>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>

#include "engine/text/sampler.h"
#include "engine/text/sampler_math.h"

using namespace engine;

namespace {

constexpr float Infinity = std::numeric_limits<float>::infinity();

SamplingParams plain() {  // every step off: the model's own distribution
    SamplingParams p;
    p.temperature = 1;
    p.topK = 0;
    p.topP = 1;
    p.minP = 0;
    return p;
}

std::vector<float> randomLogits(size_t n, uint32_t seed, float spread = 3.0f) {
    std::mt19937 random(seed);
    std::vector<float> logits(n);
    for (float& x : logits)
        x = spread *
            (static_cast<float>(random()) / 4294967296.0f * 2 - 1 + static_cast<float>(random()) / 4294967296.0f);
    return logits;
}

// The distribution that a set of parameters leaves, by definition: id -> probability.
std::map<int32_t, double> reference(const std::vector<float>& logits, const SamplingParams& p,
                                    const std::vector<int32_t>& history) {
    struct Entry {
        int32_t id;
        double logit;
    };
    std::vector<Entry> list;
    for (size_t i = 0; i < logits.size(); ++i)
        list.push_back({static_cast<int32_t>(i), logits[i]});
    const auto probabilities = [&] {
        double largest = -1e300, sum = 0;
        for (const Entry& e : list)
            largest = std::max(largest, e.logit);
        std::vector<double> result;
        for (const Entry& e : list)
            sum += std::exp(e.logit - largest);
        for (const Entry& e : list)
            result.push_back(std::exp(e.logit - largest) / sum);
        return result;
    };
    const auto sortDescending = [&] {
        std::stable_sort(list.begin(), list.end(), [](auto& a, auto& b) { return a.logit > b.logit; });
    };
    for (const SamplerStep step : p.order) {
        switch (step) {
            case SamplerStep::LogitBias:
                for (auto [id, bias] : p.logitBias)
                    for (Entry& e : list)
                        if (e.id == id)
                            e.logit += bias;
                std::erase_if(list, [](const Entry& e) { return std::isinf(e.logit); });
                break;
            case SamplerStep::Penalties: {
                size_t begin = 0;
                if (p.penaltyLastN >= 0 && history.size() > static_cast<size_t>(p.penaltyLastN))
                    begin = history.size() - static_cast<size_t>(p.penaltyLastN);
                for (Entry& e : list) {
                    const auto count = std::count(history.begin() + static_cast<int64_t>(begin), history.end(), e.id);
                    if (count == 0)
                        continue;
                    e.logit = e.logit <= 0 ? e.logit * p.repetitionPenalty : e.logit / p.repetitionPenalty;
                    e.logit -= static_cast<double>(count) * p.frequencyPenalty + p.presencePenalty;
                }
                break;
            }
            case SamplerStep::Dry:
                if (p.dryMultiplier == 0)
                    break;
                for (Entry& e : list) {  // longest suffix of the history that occurred before, followed by e.id
                    size_t longest = 0;
                    for (size_t end = 1; end < history.size(); ++end) {
                        if (history[end] != e.id)
                            continue;
                        size_t length = 0;
                        while (length < end && history[end - 1 - length] == history[history.size() - 1 - length])
                            ++length;
                        longest = std::max(longest, length);
                    }
                    if (longest >= static_cast<size_t>(p.dryAllowedLength))
                        e.logit -=
                            p.dryMultiplier * std::pow(p.dryBase, static_cast<double>(longest) - p.dryAllowedLength);
                }
                break;
            case SamplerStep::TopK:
                sortDescending();
                if (p.topK > 0 && list.size() > static_cast<size_t>(p.topK))
                    list.resize(static_cast<size_t>(p.topK));
                break;
            case SamplerStep::TopP: {
                if (p.topP >= 1)
                    break;
                sortDescending();
                const auto probability = probabilities();
                double mass = 0;
                size_t kept = 0;
                while (kept < list.size() && mass < p.topP)
                    mass += probability[kept++];
                list.resize(std::max<size_t>(kept, 1));
                break;
            }
            case SamplerStep::MinP: {
                const auto probability = probabilities();
                const double least = *std::max_element(probability.begin(), probability.end()) * p.minP;
                std::vector<Entry> kept;
                for (size_t i = 0; i < list.size(); ++i)
                    if (probability[i] >= least)
                        kept.push_back(list[i]);
                list = kept;
                break;
            }
            case SamplerStep::TypicalP: {
                if (p.typicalP >= 1)
                    break;
                const auto probability = probabilities();
                double entropy = 0;
                for (double q : probability)
                    entropy -= q > 0 ? q * std::log(q) : 0;
                std::vector<size_t> order(list.size());
                std::iota(order.begin(), order.end(), size_t{0});
                std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
                    return std::abs(-std::log(probability[a]) - entropy) <
                           std::abs(-std::log(probability[b]) - entropy);
                });
                std::vector<Entry> kept;
                double mass = 0;
                for (size_t i : order) {
                    if (!kept.empty() && mass >= p.typicalP)
                        break;
                    kept.push_back(list[i]);
                    mass += probability[i];
                }
                list = kept;
                break;
            }
            case SamplerStep::Temperature:
                for (Entry& e : list)
                    e.logit /= p.temperature;
                break;
        }
    }
    std::map<int32_t, double> result;
    const auto probability = probabilities();
    for (size_t i = 0; i < list.size(); ++i)
        result[list[i].id] = probability[i];
    return result;
}

// Draws often and compares with the reference: no token outside its support, every probability within 5 standard
// errors.
void compareWithReference(const std::vector<float>& logits, SamplingParams p, const std::vector<int32_t>& history,
                          int draws) {
    const auto want = reference(logits, p, history);
    p.seed = 99;
    Sampler sampler(p, nullptr);
    for (int32_t id : history)
        sampler.accept(id);
    std::map<int32_t, int> seen;
    for (int i = 0; i < draws; ++i) {
        std::vector<float> copy = logits;
        auto token = sampler.sample(copy, 0);
        QVERIFY2(token.has_value(), token ? "" : token.error().message.c_str());
        ++seen[token->id];
    }
    for (const auto& [id, count] : seen)
        QVERIFY2(want.count(id), qPrintable(QString("token %1 is outside the reference's support").arg(id)));
    for (const auto& [id, q] : want) {
        const double error = std::sqrt(q * (1 - q) / draws) + 1e-3;
        const double got = static_cast<double>(seen[id]) / draws;
        QVERIFY2(std::abs(got - q) <= 5 * error,
                 qPrintable(QString("token %1: drawn %2, expected %3").arg(id).arg(got).arg(q)));
    }
}

}  // namespace

class TstSampler : public QObject {
    Q_OBJECT

  private slots:
    void portableMath();
    void selectsLargest_data();
    void selectsLargest();
    void greedyTakesLowestIdOfTies();
    void logprobsAreTheModelsOwn();
    void matchesReference_data();
    void matchesReference();
    void sameSeedSameTokens();
    void generatorIsFixed();
    void badLogits_data();
    void badLogits();
    void bannedTokens();
    void validates_data();
    void validates();
};

void TstSampler::portableMath() {
    for (double x = -690; x < 690; x += 0.37) {
        const double want = std::exp(x);
        QVERIFY2(std::abs(portableExp(x) - want) <= 1e-13 * want, qPrintable(QString::number(x)));
    }
    QCOMPARE(portableExp(-800.0), 0.0);
    QCOMPARE(portableExp(0.0), 1.0);
    for (double x = 1e-30; x < 1e30; x *= 1.7)
        QVERIFY2(std::abs(portableLog(x) - std::log(x)) <= 1e-13 * std::max(1.0, std::abs(std::log(x))),
                 qPrintable(QString::number(x)));
    for (size_t n : {1, 7, 8, 63, 64, 65, 1000, 49152}) {
        const auto logits = randomLogits(n, 5);
        const float largest = *std::max_element(logits.begin(), logits.end());
        double sum = 0, weighted = 0;
        for (float x : logits) {
            const double t = static_cast<double>(x) - static_cast<double>(largest);
            sum += std::exp(t);
            weighted += std::exp(t) * t;
        }
        const ExpSums got = sumExp(logits, largest);
        QVERIFY(std::abs(got.sum - sum) <= 1e-6 * sum);
        QVERIFY(std::abs(got.weighted - weighted) <= 2e-6 * std::abs(weighted) + 1e-12);
    }
}

void TstSampler::selectsLargest_data() {
    QTest::addColumn<int>("n");
    QTest::addColumn<int>("k");
    QTest::addColumn<bool>("ties");
    for (int n : {1, 15, 16, 17, 500, 5000})
        for (int k : {1, 2, 40, 700, 6000})
            for (bool ties : {false, true})
                QTest::addRow("n=%d k=%d%s", n, k, ties ? " ties" : "") << n << k << ties;
}

void TstSampler::selectsLargest() {
    QFETCH(int, n);
    QFETCH(int, k);
    QFETCH(bool, ties);
    auto values = randomLogits(static_cast<size_t>(n), 3);
    if (ties)
        for (float& v : values)
            v = std::floor(v);
    if (n > 10)
        values[7] = -Infinity;
    std::vector<Candidate> want;
    for (int i = 0; i < n; ++i)
        if (values[static_cast<size_t>(i)] != -Infinity)
            want.push_back({i, values[static_cast<size_t>(i)]});
    std::sort(want.begin(), want.end(), isBefore);
    want.resize(std::min<size_t>(want.size(), static_cast<size_t>(k)));
    std::vector<Candidate> got;
    selectLargest(values, k, got);
    QCOMPARE(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i)
        QCOMPARE(got[i].id, want[i].id);
}

void TstSampler::greedyTakesLowestIdOfTies() {
    SamplingParams p = plain();
    p.temperature = 0;
    Sampler sampler(p, nullptr);
    std::vector<float> logits(100, 1.0f);
    logits[40] = logits[60] = logits[99] = 2.5f;
    QCOMPARE(sampler.sample(logits, 0)->id, 40);
}

void TstSampler::logprobsAreTheModelsOwn() {
    SamplingParams p;
    p.temperature = 0;
    p.logitBias = {{3, 50.0f}};
    p.repetitionPenalty = 1.5f;
    Sampler sampler(p, nullptr);
    sampler.accept(3);
    const auto logits = randomLogits(1000, 1);
    double sum = 0;
    for (float x : logits)
        sum += std::exp(static_cast<double>(x));
    auto copy = logits;
    const auto token = sampler.sample(copy, 5);
    QVERIFY(token);
    QCOMPARE(token->id, 3);
    QVERIFY(std::abs(token->logprob - (logits[3] - std::log(sum))) < 1e-5);
    QCOMPARE(token->top.size(), size_t{5});
    double entropy = 0;
    for (float x : logits) {
        const double q = std::exp(static_cast<double>(x)) / sum;
        entropy -= q * std::log2(q);
    }
    QVERIFY(std::abs(token->entropyBits - entropy) < 1e-4);
    std::vector<Candidate> best;
    selectLargest(logits, 5, best);
    for (size_t i = 0; i < 5; ++i) {
        QCOMPARE(token->top[i].id, best[i].id);
        QVERIFY(std::abs(token->top[i].logprob - (best[i].logit - std::log(sum))) < 1e-5);
    }
    // Nor does an edit behind the temperature count.
    p = plain();
    p.temperature = 0.5f;
    p.logitBias = {{3, 200.0f}};
    p.order = {SamplerStep::Temperature, SamplerStep::LogitBias};
    Sampler late(p, nullptr);
    copy = logits;
    const auto biased = late.sample(copy, 0);
    QVERIFY(biased);
    QCOMPARE(biased->id, 3);
    QVERIFY(std::abs(biased->logprob - (logits[3] - std::log(sum))) < 1e-5);
}

void TstSampler::matchesReference_data() {
    QTest::addColumn<int>("which");
    const char* names[] = {"plain",
                           "temperature",
                           "top-k",
                           "top-p",
                           "top-p keeps most",
                           "min-p",
                           "typical",
                           "typical of cut",
                           "penalties",
                           "window",
                           "dry",
                           "bias",
                           "all",
                           "temperature first",
                           "penalties last",
                           "order empty",
                           "temperature before typical",
                           "typical of one"};
    for (int i = 0; i < static_cast<int>(std::size(names)); ++i)
        QTest::newRow(names[i]) << i;
}

void TstSampler::matchesReference() {
    QFETCH(int, which);
    SamplingParams p = plain();
    std::vector<int32_t> history = {5, 6, 7, 8, 1, 2, 5, 6, 7, 8, 9, 3, 3, 5, 6, 7};
    switch (which) {
        case 1:
            p.temperature = 0.6f;
            break;
        case 2:
            p.topK = 7;
            break;
        case 3:
            p.topP = 0.6f;
            break;
        case 4:
            p.topP = 0.995f;
            break;
        case 5:
            p.minP = 0.1f;
            break;
        case 6:
            p.typicalP = 0.4f;
            break;
        case 7:
            p.topK = 50, p.typicalP = 0.5f;
            break;
        case 8:
            p.repetitionPenalty = 1.4f, p.frequencyPenalty = 0.3f, p.presencePenalty = 0.5f;
            break;
        case 9:
            p.repetitionPenalty = 2.0f, p.penaltyLastN = 4;
            break;
        case 10:
            p.dryMultiplier = 0.8f;
            break;
        case 11:
            p.logitBias = {{0, 2.0f}, {1, -Infinity}, {2, -1.0f}};
            break;
        case 12:
            p = SamplingParams{};
            p.repetitionPenalty = 1.2f, p.dryMultiplier = 0.5f, p.typicalP = 0.9f,
            p.logitBias = {{4, 3.0f}, {5, -Infinity}};
            break;
        case 13:
            p.temperature = 1.7f, p.topK = 30, p.minP = 0.2f, p.topP = 0.8f;
            p.order = {SamplerStep::Temperature, SamplerStep::MinP, SamplerStep::TopP, SamplerStep::TopK};
            break;
        case 14:
            p.topK = 10, p.repetitionPenalty = 1.5f, p.frequencyPenalty = 0.2f, p.topP = 0.7f;
            p.order = {SamplerStep::TopK, SamplerStep::Penalties, SamplerStep::TopP};
            break;
        case 15:
            p.order.clear();
            break;
        case 16:
            p.temperature = 1.7f, p.typicalP = 0.4f;
            p.order = {SamplerStep::Temperature, SamplerStep::TypicalP};
            break;
        case 17:
            p.topK = 50, p.typicalP = 0.0f;
            break;
        default:
            break;
    }
    compareWithReference(randomLogits(300, 11), p, history, 20000);
}

void TstSampler::sameSeedSameTokens() {
    const auto logits = randomLogits(2000, 2);
    const auto run = [&](uint64_t seed) {
        SamplingParams p;
        p.seed = seed;
        Sampler sampler(p, nullptr);
        std::vector<int32_t> ids;
        for (int i = 0; i < 200; ++i) {
            auto copy = logits;
            ids.push_back(sampler.sample(copy, i % 3)->id);
            sampler.accept(ids.back());
        }
        return ids;
    };
    QCOMPARE(run(7), run(7));
    QVERIFY(run(7) != run(8));
}

void TstSampler::generatorIsFixed() {  // published test values of splitmix64(0); xoshiro256++ started from them
    RandomBits a(0), b(0);
    const uint64_t s0 = 0xE220A8397B1DCDAFull, s3 = 0xF88BB8A8724C81ECull;
    QCOMPARE(a.next(), std::rotl(s0 + s3, 23) + s0);
    QCOMPARE(b.next(), 5987356902031041503ull);
    const double u = a.nextUniform();
    QVERIFY(u >= 0 && u < 1);
}

void TstSampler::badLogits_data() {
    QTest::addColumn<float>("value");
    QTest::addColumn<bool>("everywhere");
    QTest::newRow("one NaN") << std::numeric_limits<float>::quiet_NaN() << false;
    QTest::newRow("one +infinity") << Infinity << false;
    QTest::newRow("all -infinity") << -Infinity << true;
}

void TstSampler::badLogits() {
    QFETCH(float, value);
    QFETCH(bool, everywhere);
    Sampler sampler(SamplingParams{}, nullptr);
    std::vector<float> logits(101, everywhere ? value : 0.5f);
    logits[100] = value;
    const auto token = sampler.sample(logits, 3);
    QVERIFY(!token);
    QCOMPARE(token.error().code, ErrorCode::Internal);
}

void TstSampler::bannedTokens() {
    for (float temperature : {0.0f, 1.0f}) {
        SamplingParams p = plain();
        p.temperature = temperature;
        p.logitBias = {{0, -Infinity}, {1, -Infinity}, {2, -Infinity}};
        Sampler sampler(p, nullptr);
        std::vector<float> logits = {5, 6, 7, -2};
        QCOMPARE(sampler.sample(logits, 0)->id, 3);
        std::vector<float> three = {5, 6, 7};
        const auto none = sampler.sample(three, 0);
        QVERIFY(!none);
        QCOMPARE(none.error().code, ErrorCode::InvalidRequest);
    }
    std::vector<float> partly(50, -Infinity);  // a model may rule tokens out by itself
    partly[17] = 1.0f;
    Sampler sampler(SamplingParams{}, nullptr);
    QCOMPARE(sampler.sample(partly, 2)->id, 17);
}

void TstSampler::validates_data() {
    QTest::addColumn<int>("which");
    QTest::addColumn<QString>("field");
    const char* fields[] = {"temperature", "top-k",          "top-p",      "min-p",          "typical-p",
                            "repetition",  "frequency",      "presence",   "penalty window", "DRY multiplier",
                            "DRY base",    "DRY allowed",    "DRY window", "token 10",       "token -1",
                            "repeats",     "bias of token 1"};
    for (int i = 0; i < static_cast<int>(std::size(fields)); ++i)
        QTest::newRow(fields[i]) << i << QString(fields[i]);
}

void TstSampler::validates() {
    QFETCH(int, which);
    QFETCH(QString, field);
    SamplingParams p;
    QVERIFY(validate(p, 10));
    const float nan = std::numeric_limits<float>::quiet_NaN();
    switch (which) {
        case 0:
            p.temperature = nan;
            break;
        case 1:
            p.topK = -1;
            break;
        case 2:
            p.topP = 1.5f;
            break;
        case 3:
            p.minP = -0.1f;
            break;
        case 4:
            p.typicalP = nan;
            break;
        case 5:
            p.repetitionPenalty = 0;
            break;
        case 6:
            p.frequencyPenalty = Infinity;
            break;
        case 7:
            p.presencePenalty = -1e9f;
            break;
        case 8:
            p.penaltyLastN = -2;
            break;
        case 9:
            p.dryMultiplier = -1;
            break;
        case 10:
            p.dryBase = 0.5f;
            break;
        case 11:
            p.dryAllowedLength = 0;
            break;
        case 12:
            p.dryLastN = -5;
            break;
        case 13:
            p.logitBias = {{10, 1.0f}};
            break;
        case 14:
            p.logitBias = {{-1, 1.0f}};
            break;
        case 15:
            p.order = {SamplerStep::TopK, SamplerStep::TopK};
            break;
        case 16:
            p.logitBias = {{1, nan}};
            break;
    }
    const auto result = validate(p, 10);
    QVERIFY(!result);
    QCOMPARE(result.error().code, ErrorCode::InvalidRequest);
    QVERIFY2(QString::fromStdString(result.error().message).contains(field), result.error().message.c_str());
}

QTEST_APPLESS_MAIN(TstSampler)
#include "tst_sampler.moc"
