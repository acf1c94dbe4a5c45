// The parts of speculation that decide, on invented times and texts: look-up finds what a plain search finds, guesses
// are made where they pay and only there, and what stopped paying is tried again now and then.
#include <QtTest>

#include <algorithm>
#include <numeric>
#include <random>

#include "engine/run/proposer.h"
#include "engine/run/speculation_control.h"

using namespace engine;

namespace {

// The longest earlier run that ends like the text, by trying all places, latest first; at least three tokens.
Proposal searched(const std::vector<int32_t>& ids, int64_t most) {
    Proposal best;
    int64_t bestLength = 0;
    const int64_t size = std::ssize(ids);
    for (int64_t next = size - 1; next > 0; --next) {
        int64_t length = 0;
        while (length < next && length < 3 + MaxSureness &&
               ids[static_cast<size_t>(next - 1 - length)] == ids[static_cast<size_t>(size - 1 - length)])
            ++length;
        if (length < 3 || length <= bestLength)
            continue;
        bestLength = length;
        best.sureness = static_cast<int32_t>(length - 3);
        best.ids.clear();
        for (int64_t i = 0; i < most; ++i)
            best.ids.push_back(next + i < size ? ids[static_cast<size_t>(next + i)]
                                               : best.ids[static_cast<size_t>(next + i - size)]);
    }
    return best;
}

// One sequence alone on a machine where a row more costs `perRow` of the first; guesses are right with `chance`.
struct Machine {
    double perRow, chance;
    StepCosts costs = {};
    Acceptance acceptance = Acceptance();
    std::mt19937 random = std::mt19937(7);
    int64_t tokens = 0, guessed = 0;
    double seconds = 0;

    int64_t step() {
        const Prospect prospect = prospectOf(acceptance, 0, MaxGuesses);
        StepOutlook outlook{.rows = 1, .rowsLeft = 100, .seconds = [this](int64_t r) { return costs.seconds(r); }};
        int64_t guesses = 0;
        if (!costs.isOld(1))
            guesses = chooseGuesses(std::span(&prospect, 1), outlook).guesses[0];
        const double took = 1 + perRow * static_cast<double>(guesses);
        costs.add(1 + guesses, took);
        seconds += took;
        int64_t got = 1;
        for (int32_t i = 0; i < guesses; ++i) {
            const bool right = std::uniform_real_distribution<>(0, 1)(random) < chance;
            acceptance.add(i, right);
            if (!right)
                break;
            ++got;
        }
        acceptance.age(got);
        tokens += got;
        guessed += guesses;
        return guesses;
    }
    double speed() const { return static_cast<double>(tokens) / seconds; }
};

}  // namespace

class TstSpeculationControl : public QObject {
    Q_OBJECT

  private slots:
    void lookupFindsLongestMatch_data();
    void lookupFindsLongestMatch();
    void paysOrStaysOff_data();
    void paysOrStaysOff();
    void triesAgain();
    void plainCostStaysKnown();
    void bystandersAreNotDelayed();
    void crowdGetsFewGuesses();
    void paidGuessesMustPay();
    void unmeasuredRowsAreTried();
    void busyMachineIsForgotten();
};

void TstSpeculationControl::lookupFindsLongestMatch_data() {
    QTest::addColumn<int>("alphabet");
    QTest::addColumn<int>("length");
    QTest::newRow("two letters") << 2 << 60;  // few: only so many places are looked at
    QTest::newRow("many letters") << 6 << 3000;
    QTest::newRow("words") << 40 << 5000;
}

void TstSpeculationControl::lookupFindsLongestMatch() {
    QFETCH(int, alphabet);
    QFETCH(int, length);
    const auto backend = makeCpuBackend({.threads = 1, .isa = {}, .exact = false});
    QVERIFY(backend);
    const auto lookup = makePromptLookup();
    std::mt19937 random(static_cast<uint32_t>(alphabet));
    std::vector<int32_t> ids;
    int64_t found = 0, same = 0;
    while (std::ssize(ids) < length) {
        if (!ids.empty() && random() % 8 == 0) {  // a phrase again
            const size_t from = random() % ids.size();
            for (size_t i = from; i < ids.size() && i < from + 12; ++i)
                ids.push_back(ids[i]);
        }
        for (uint32_t n = random() % 4 + 1; n > 0; --n)
            ids.push_back(static_cast<int32_t>(random() % static_cast<uint32_t>(alphabet)));
        Proposal got;
        const ProposalAsk asks[] = {{1, ids, 8, &got}};
        QVERIFY(lookup->propose(asks, **backend));
        const Proposal want = searched(ids, 8);
        QCOMPARE(got.ids.empty(), want.ids.empty());
        QVERIFY(got.sureness <= want.sureness);
        found += !want.ids.empty();
        same += !want.ids.empty() && got.ids == want.ids && got.sureness == want.sureness;
    }
    QVERIFY2(found > 10 && same * 10 >= found * 9, qPrintable(QString("%1 of %2").arg(same).arg(found)));
    ids.resize(10);  // a text that became shorter
    Proposal got;
    const ProposalAsk asks[] = {{1, ids, 8, &got}};
    QVERIFY(lookup->propose(asks, **backend));
    QCOMPARE(got.ids, searched(ids, 8).ids);
    lookup->forget(1);
    lookup->forget(2);
}

void TstSpeculationControl::paysOrStaysOff_data() {
    QTest::addColumn<double>("perRow");
    QTest::addColumn<double>("chance");
    QTest::addColumn<double>("least");  // speed, plain is 1
    QTest::newRow("never right") << 0.1 << 0.0 << 0.985;
    QTest::newRow("seldom right") << 0.2 << 0.1 << 0.985;
    QTest::newRow("rows as dear as steps") << 1.0 << 0.8 << 0.985;
    QTest::newRow("often right") << 0.1 << 0.8 << 2.0;
    QTest::newRow("always right") << 0.1 << 1.0 << 4.5;
    QTest::newRow("free rows") << 0.0 << 0.5 << 1.9;
}

void TstSpeculationControl::paysOrStaysOff() {
    QFETCH(double, perRow);
    QFETCH(double, chance);
    QFETCH(double, least);
    Machine machine{perRow, chance};
    while (machine.tokens < 5000)
        machine.step();
    QVERIFY2(machine.speed() >= least, qPrintable(QString::number(machine.speed())));
    if (chance < 0.2)
        QVERIFY2(machine.guessed < machine.tokens / 20, qPrintable(QString::number(machine.guessed)));
}

void TstSpeculationControl::triesAgain() {
    Machine machine{0.1, 0.0};
    while (machine.tokens < 3000)
        machine.step();
    machine.chance = 1;  // the text begins to repeat itself
    const int64_t from = machine.tokens;
    while (machine.tokens < from + 3000)
        machine.step();
    machine.tokens = 0, machine.seconds = 0;
    while (machine.tokens < 500)
        machine.step();
    QVERIFY2(machine.speed() > 4, qPrintable(QString::number(machine.speed())));
}

void TstSpeculationControl::plainCostStaysKnown() {
    Machine machine{0.1, 1.0};
    int64_t plain = 0;
    for (int i = 0; i < 2000; ++i)
        plain += machine.step() == 0;
    QVERIFY(plain >= 5 && plain < 40);
}

void TstSpeculationControl::bystandersAreNotDelayed() {
    Acceptance sure;
    for (int i = 0; i < 200; ++i)
        for (int32_t s = 0; s <= MaxSureness; ++s)
            sure.add(s, true);
    const Prospect prospect = prospectOf(sure, 0, MaxGuesses);
    StepOutlook step{.rows = 2, .rowsLeft = 100, .hasBystanders = true, .seconds = [](int64_t r) {
                         return 1.0 + 0.1 * static_cast<double>(r);
                     }};
    QCOMPARE(chooseGuesses(std::span(&prospect, 1), step).guesses[0], int64_t{0});
    step.hasBystanders = false;
    step.rows = 1;
    QCOMPARE(chooseGuesses(std::span(&prospect, 1), step).guesses[0], MaxGuesses);
    step.hasBystanders = true;
    step.rows = 512;  // beside a prompt a few rows more are no delay
    QCOMPARE(chooseGuesses(std::span(&prospect, 1), step).guesses[0], MaxGuesses);
    step.rowsLeft = 3;
    QCOMPARE(chooseGuesses(std::span(&prospect, 1), step).guesses[0], int64_t{3});
    step.seconds = [](int64_t) { return 0.0; };  // nothing is known
    QCOMPARE(chooseGuesses(std::span(&prospect, 1), step).guesses[0], int64_t{0});
}

void TstSpeculationControl::crowdGetsFewGuesses() {  // a full batch makes every row dear
    Acceptance half;
    for (int i = 0; i < 400; ++i)
        for (int32_t s = 0; s <= MaxSureness; ++s)
            half.add(s, i % 2 == 0);
    const auto seconds = [](int64_t rows) { return std::max(1.0, static_cast<double>(rows) / 4); };
    for (const size_t sequences : {size_t{1}, size_t{4}, size_t{16}}) {
        const std::vector<Prospect> prospects(sequences, prospectOf(half, 0, MaxGuesses));
        const auto choice =
            chooseGuesses(prospects, {.rows = static_cast<int64_t>(sequences), .rowsLeft = 100, .seconds = seconds});
        const int64_t all = std::accumulate(choice.guesses.begin(), choice.guesses.end(), int64_t{0});
        QVERIFY(sequences == 1 ? all == 3 : all == 0);
    }
}

void TstSpeculationControl::paidGuessesMustPay() {
    Acceptance good;
    for (int i = 0; i < 400; ++i)
        for (int32_t s = 0; s <= MaxSureness; ++s)
            good.add(s, i % 5 != 0);
    Prospect prospect = prospectOf(good, 0, MaxGuesses);
    prospect.isPaid = true;
    StepOutlook step{
        .rows = 1, .rowsLeft = 100, .seconds = [](int64_t r) { return 1 + 0.05 * static_cast<double>(r); }};
    step.paid = {.perGuessSeconds = 0.1};
    const int64_t cheap = chooseGuesses(std::span(&prospect, 1), step).guesses[0];
    step.paid = {.perGuessSeconds = 0.4};
    const int64_t dear = chooseGuesses(std::span(&prospect, 1), step).guesses[0];
    step.paid = {.perGuessSeconds = 1};
    QVERIFY(cheap > dear && dear > 0);
    QCOMPARE(chooseGuesses(std::span(&prospect, 1), step).guesses[0], int64_t{0});
    step.paid = {.perGuessSeconds = 0.1, .onceSeconds = 5};
    QCOMPARE(chooseGuesses(std::span(&prospect, 1), step).guesses[0], int64_t{0});
}

void TstSpeculationControl::unmeasuredRowsAreTried() {
    StepCosts costs;
    QCOMPARE(costs.seconds(1), 0.0);
    costs.add(1, 2.0);
    QCOMPARE(costs.seconds(1), 2.0);
    QVERIFY(costs.seconds(5) < 3.0);
    costs.add(9, 6.0);
    QCOMPARE(costs.seconds(5), 4.0);
    costs.add(5, 10.0);
    QCOMPARE(costs.seconds(5), 10.0);
    for (int i = 0; i < 5000; ++i)
        costs.add(1, 2.0);
    QVERIFY(costs.seconds(5) < 4.1);
    QCOMPARE(costs.seconds(0), 0.0);
    QCOMPARE(costs.seconds(StepCosts::MostRows + 1), 0.0);
    costs.add(StepCosts::MostRows + 1, 1.0);
    costs.add(2, -1.0);
    QVERIFY(costs.seconds(2) > 0);
}

void TstSpeculationControl::busyMachineIsForgotten() {
    StepCosts costs;
    costs.add(1, 1.0);
    costs.add(1, 20.0);  // the machine did something else
    QVERIFY(costs.seconds(1) < 3.0);
    costs.add(1, 1.0);
    costs.add(1, 1.0);
    QVERIFY(costs.seconds(1) < 1.6);
}

QTEST_APPLESS_MAIN(TstSpeculationControl)
#include "tst_speculation_control.moc"
