// Kernels against what the machine allows, both measured here and now, one thread, in turns: fails when a product got
// about twice as slow as it was. Ratios of neighbouring samples hardly depend on how busy the machine is; where they
// do, the measurement is repeated before it counts. The shares are about half of what a virtual AMD EPYC (Zen 3)
// reached, less where processors differ most: raise them when a kernel gets faster.
#include <QtTest>

#include <algorithm>
#include <ctime>
#include <functional>

#include "engine/backend/backend.h"
#include "tests/bench/roofs.h"

using engine::Backend;
using kernels::DType;

namespace {

// Processor time: what other programs take does not count.
double now() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double secondsOf(const std::function<void()>& work) {
    const double begin = now();
    work();
    return now() - begin;
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

// Weights of small, finite values in every type: `copies` matrices one after the other in memory.
class Matrices {
  public:
    Matrices(Backend& backend, DType type, int64_t rows, int64_t cols, int64_t copies)
        : m_bytes(static_cast<size_t>(copies * rows * kernels::rowBytes(type, cols))) {
        for (size_t i = 0; i < m_bytes.size(); ++i)
            m_bytes[i] = static_cast<std::byte>(i * 7 % 0x30);
        for (int64_t i = 0; i < copies; ++i) {
            engine::TensorInfo info;
            info.dtype = type;
            info.rank = 2;
            info.shape[0] = cols;
            info.shape[1] = rows;
            info.elements = rows * cols;
            info.sizeBytes = rows * kernels::rowBytes(type, cols);
            info.data = m_bytes.data() + i * info.sizeBytes;
            m_weights.push_back(*backend.makeWeight(info, nullptr));
        }
    }
    const std::vector<engine::Weight>& weights() const { return m_weights; }
    double bytes() const { return static_cast<double>(m_bytes.size()); }

  private:
    std::vector<std::byte> m_bytes;
    std::vector<engine::Weight> m_weights;
};

}  // namespace

class TstRoofGate : public QObject {
    Q_OBJECT

  private slots:
    void initTestCase() {
        auto made = engine::makeCpuBackend({.threads = 1, .isa = "avx2"});
        QVERIFY(made);
        m_backend = std::move(*made);
        m_loops = bench::roofLoops();
        if (m_backend->isa() != "avx2" || !m_loops.int8Narrow)
            QSKIP("the shares below are those of the AVX2 kernels, which this processor cannot run");
        m_memory.assign(readBytes + 1024, std::byte{1});
    }

    // One row of input: the weights are read once, from memory. `share` of plain reading is what it must reach.
    void reading_data() {
        QTest::addColumn<DType>("type");
        QTest::addColumn<double>("share");
        const auto row = [](DType type, double share) { QTest::newRow(kernels::name(type).data()) << type << share; };
        row(DType::Q4_0, 0.4);
        row(DType::Q4_1, 0.4);
        row(DType::Q4_K, 0.35);
        row(DType::Q5_K, 0.33);
        row(DType::Q6_K, 0.28);
        row(DType::Q8_0, 0.42);
        row(DType::F16, 0.38);
        row(DType::BF16, 0.38);
    }
    void reading() {
        QFETCH(const DType, type);
        QFETCH(const double, share);
        constexpr int64_t rows = 2048, cols = 2048;
        const int64_t copies = (int64_t{96} << 20) / (rows * kernels::rowBytes(type, cols)) + 1;
        const Matrices matrices(*m_backend, type, rows, cols, copies);
        const auto kernel = product(matrices, 1);
        const auto roof = [this] { m_keep += m_loops.read(aligned(), readBytes, true) & 1; };
        reach(share, matrices.bytes() / readBytes, kernel, roof);
    }

    // Many rows of input: arithmetic decides. `share` of the fastest 8-bit (for floats 32-bit) loop in registers.
    void computing_data() {
        QTest::addColumn<DType>("type");
        QTest::addColumn<double>("share");
        const auto row = [](DType type, double share) { QTest::newRow(kernels::name(type).data()) << type << share; };
        row(DType::Q4_0, 0.36);
        row(DType::Q4_1, 0.36);
        row(DType::Q4_K, 0.36);
        row(DType::Q5_K, 0.34);
        row(DType::Q6_K, 0.22);
        row(DType::Q8_0, 0.2);
        row(DType::F16, 0.45);
        row(DType::BF16, 0.45);
    }
    void computing() {
        QFETCH(const DType, type);
        QFETCH(const double, share);
        constexpr int64_t rows = 512, cols = 768, inputs = 128;
        const Matrices matrices(*m_backend, type, rows, cols, 1);
        const auto kernel = product(matrices, inputs);
        const double ops = 2.0 * rows * cols * inputs;
        const bool quantized = kernels::info(type).quantized;
        const auto steps = static_cast<int64_t>(ops / (quantized ? m_loops.int8NarrowOps : m_loops.fmaOps));
        const auto roof = [this, steps, quantized] {
            m_keep +=
                static_cast<uint64_t>(quantized ? m_loops.int8Narrow(steps) : static_cast<int32_t>(m_loops.fma(steps)));
        };
        reach(share, 1, kernel, roof);
    }

  private:
    static constexpr size_t readBytes = size_t{96} << 20;

    const std::byte* aligned() const {
        const auto address = reinterpret_cast<uintptr_t>(m_memory.data());
        return m_memory.data() + (64 - address % 64) % 64;
    }

    std::function<void()> product(const Matrices& matrices, int64_t inputs) {
        const engine::Weight& first = matrices.weights().front();
        m_backend->beginStep(engine::Step{}, engine::RopeParams{});
        const engine::Activations x = m_backend->scratch(inputs, first.cols);
        const engine::Activations out = m_backend->scratch(inputs, first.rows);
        std::fill_n(x.data, inputs * first.cols, 0.5f);
        return [this, &matrices, x, out] {
            for (const engine::Weight& weight : matrices.weights()) {
                const engine::MatmulTarget targets[] = {{&weight, nullptr, out}};
                m_backend->matmul(x, targets);
            }
        };
    }

    // kernel() does `work` times what roof() does. Passes as soon as the median of a series of samples in turns reaches
    // the share.
    void reach(double share, double work, const std::function<void()>& kernel, const std::function<void()>& roof) {
        double best = 0;
        kernel();
        roof();
        for (int series = 0; series < 6 && best < share; ++series) {
            std::vector<double> ratios;
            for (int sample = 0; sample < 7; ++sample) {
                const double limit = secondsOf(roof), took = secondsOf(kernel);
                ratios.push_back(limit * work / took);
            }
            best = std::max(best, median(ratios));
        }
        qInfo("%s: %.2f of the roof, at least %.2f", QTest::currentDataTag(), best, share);
        QVERIFY2(best >= share, qPrintable(QString("%1 of the roof, expected at least %2").arg(best).arg(share)));
    }

    std::unique_ptr<Backend> m_backend;
    std::vector<std::byte> m_memory;
    bench::RoofLoops m_loops{};
    uint64_t m_keep = 0;
};

QTEST_APPLESS_MAIN(TstRoofGate)
#include "tst_roof_gate.moc"
