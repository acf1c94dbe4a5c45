// What a step costs, learned from steps that were timed: told apart, not forgotten, not shaken by a stall.
#include <QtTest>

#include <cmath>
#include <random>

#include "engine/run/step_cost.h"

using namespace engine;

namespace {

StepLoad loadOf(int64_t rows, int64_t position) {
    StepLoad load;
    load.add(rows, position);
    return load;
}

// Within a quarter, and three milliseconds where next to nothing is all that there is.
bool isNear(const StepCost& learned, const StepCost& truth, const StepLoad& load) {
    return std::abs(learned.seconds(load) - truth.seconds(load)) <= 0.25 * truth.seconds(load) + 0.003;
}

double relativeError(const StepCost& learned, const StepCost& truth, const StepLoad& load) {
    return std::abs(learned.seconds(load) / truth.seconds(load) - 1);
}

}  // namespace

class TstStepCost : public QObject {
    Q_OBJECT

  private slots:
    void countsDepth();
    void knowsNothingAtFirst();
    void oneKindOfStepPromisesLittle();
    void learns_data();
    void learns();
    void doesNotForgetPrompts();
    void followsAChange();
    void aStallIsNoCost();
    void rowsWithin();
};

void TstStepCost::countsDepth() {
    StepLoad load = loadOf(3, 10);  // attend to 11, 12 and 13 positions
    QCOMPARE(load.depth, int64_t{36});
    load.add(1, 0);
    QCOMPARE(load.rows, int64_t{4});
    QCOMPARE(load.depth, int64_t{37});
}

void TstStepCost::knowsNothingAtFirst() {
    StepCost cost;
    QVERIFY(!cost.known());
    QCOMPARE(cost.seconds(loadOf(100, 0)), 0.0);
    cost.observe({}, 1.0);
    cost.observe(loadOf(1, 0), 0.0);
    QVERIFY(!cost.known());
    cost.observe(loadOf(1, 0), 0.01);
    QVERIFY(cost.known());
}

void TstStepCost::oneKindOfStepPromisesLittle() {  // it could all be a cost per row
    StepCost cost;
    for (int i = 0; i < 10; ++i)
        cost.observe(loadOf(1, i), 0.01);
    QVERIFY(std::abs(cost.seconds(loadOf(1, 5)) - 0.01) < 1e-3);
    QVERIFY(cost.seconds(loadOf(10, 5)) > 0.09);
}

void TstStepCost::learns_data() {
    QTest::addColumn<double>("fixed");
    QTest::addColumn<double>("perRow");
    QTest::addColumn<double>("perDepth");
    QTest::newRow("small model") << 0.012 << 0.001 << 1e-7;
    QTest::newRow("large model") << 0.4 << 0.02 << 5e-7;
    QTest::newRow("no depth") << 0.012 << 0.001 << 0.0;
    QTest::newRow("no fixed cost") << 0.0 << 0.001 << 1e-7;
    QTest::newRow("attention is all") << 0.001 << 1e-5 << 1e-6;
}

void TstStepCost::learns() {
    QFETCH(double, fixed);
    QFETCH(double, perRow);
    QFETCH(double, perDepth);
    const StepCost truth(fixed, perRow, perDepth);
    StepCost learned;
    std::mt19937 random(1);
    for (int i = 0; i < 400; ++i) {
        const int64_t rows = i % 3 ? 1 + static_cast<int64_t>(random() % 8) : static_cast<int64_t>(random() % 512);
        const StepLoad load = loadOf(rows, static_cast<int64_t>(random() % 16000));
        learned.observe(load, truth.seconds(load) * (0.95 + 0.1 * (random() % 1000) / 1000));
    }
    for (const int64_t rows : {1, 16, 64, 256, 512})
        for (const int64_t position : {0, 1000, 15000})
            QVERIFY2(isNear(learned, truth, loadOf(rows, position)),
                     qPrintable(QString("%1 rows at %2: %3 instead of %4")
                                    .arg(rows)
                                    .arg(position)
                                    .arg(learned.seconds(loadOf(rows, position)))
                                    .arg(truth.seconds(loadOf(rows, position)))));
}

void TstStepCost::doesNotForgetPrompts() {
    const StepCost truth(0.012, 0.001, 0);
    StepCost learned;
    for (const int64_t rows : {64, 448, 512, 100})
        learned.observe(loadOf(rows, 0), truth.seconds(loadOf(rows, 0)));
    for (int i = 0; i < 20000; ++i)
        learned.observe(loadOf(1, 300), truth.seconds(loadOf(1, 300)));
    QVERIFY(relativeError(learned, truth, loadOf(256, 0)) < 0.1);
}

void TstStepCost::followsAChange() {  // another program takes half of the machine
    const StepCost before(0.012, 0.001, 0), after(0.024, 0.002, 0);
    StepCost learned;
    for (int i = 0; i < 100; ++i)
        learned.observe(loadOf(i % 2 ? 1 : 256, 0), before.seconds(loadOf(i % 2 ? 1 : 256, 0)));
    for (int i = 0; i < 40; ++i)
        learned.observe(loadOf(i % 2 ? 1 : 256, 0), after.seconds(loadOf(i % 2 ? 1 : 256, 0)));
    QVERIFY(relativeError(learned, after, loadOf(256, 0)) < 0.1);
    QVERIFY(relativeError(learned, after, loadOf(1, 0)) < 0.1);
}

void TstStepCost::aStallIsNoCost() {
    const StepCost truth(0.012, 0.001, 0);
    StepCost learned;
    for (int i = 0; i < 40; ++i)
        learned.observe(loadOf(i % 4 ? 1 : 64, 0), truth.seconds(loadOf(i % 4 ? 1 : 64, 0)));
    learned.observe(loadOf(1, 0), 5.0);
    QVERIFY(learned.seconds(loadOf(1, 0)) < 3 * truth.seconds(loadOf(1, 0)));
    for (int i = 0; i < 8; ++i)
        learned.observe(loadOf(1, 0), truth.seconds(loadOf(1, 0)));
    QVERIFY(relativeError(learned, truth, loadOf(1, 0)) < 0.2);
}

void TstStepCost::rowsWithin() {
    const StepCost cost(0.01, 0.001, 1e-6);
    const int64_t rows = cost.rowsWithin(0.1, loadOf(4, 100), 2000, 512);
    StepLoad just = loadOf(4, 100), more = just;
    just.add(rows, 2000);
    more.add(rows + 1, 2000);
    QVERIFY(cost.seconds(just) <= 0.1 && cost.seconds(more) > 0.1);
    QCOMPARE(cost.rowsWithin(100, {}, 0, 512), int64_t{512});
    QCOMPARE(cost.rowsWithin(0.001, {}, 0, 512), int64_t{0});
    QCOMPARE(cost.rowsWithin(0.1, {}, 0, 0), int64_t{0});
}

QTEST_APPLESS_MAIN(TstStepCost)
#include "tst_step_cost.moc"
