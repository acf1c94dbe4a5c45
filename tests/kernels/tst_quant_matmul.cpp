#include <QtTest>
#include <cmath>
#include <limits>
#include <memory>
#include <type_traits>

#include "kernels/cpu/cpu_kernels.h"
#include "tests/kernels/quant_cases.h"

using namespace kernels;
using namespace tests;

namespace {

struct Free {
    void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{64}); }
};
using Memory = std::unique_ptr<std::byte[], Free>;
Memory allocate(int64_t bytes) {
    return Memory(static_cast<std::byte*>(::operator new[](static_cast<size_t>(bytes), std::align_val_t{64})));
}

// A product with everything it needs, for activations of 8 and of 16 bits; weights start `offset` bytes after an
// aligned address.
struct Case {
    DType dtype;
    int64_t rows, cols, m;
    Memory weights, xMemory, x16Memory, scratch;
    std::byte* w;
    std::vector<float> x;
    Q8Rows q8;
    Q16Rows q16;

    Case(DType type, int64_t nRows, int64_t nCols, int64_t nX, int64_t offset = 0)
        : dtype(type), rows(nRows), cols(nCols), m(nX), x(randomFloats(nX * nCols, 11)) {
        const std::vector<std::byte> blocks = randomBlocks(type, rows * cols / info(type).blockElements, 5);
        weights = allocate(static_cast<int64_t>(blocks.size()) + offset);
        w = weights.get() + offset;
        std::copy(blocks.begin(), blocks.end(), w);
        xMemory = allocate(q8RowsBytes(m, cols));
        q8 = q8RowsIn(xMemory.get(), m, cols);
        x16Memory = allocate(q16RowsBytes(m, cols));
        q16 = q16RowsIn(x16Memory.get(), m, cols);
        quantizeInput();
        scratch = allocate(quantMatmulScratchBytes(type, cols));
    }
    void quantizeInput() {
        const QuantKernels quant = selectKernels(Isa::Scalar).quant;
        quant.quantizeQ8(x.data(), m, cols, cols, q8);
        quant.quantizeQ16(x.data(), m, cols, cols, q16);
    }

    template <typename X>
    std::vector<float> run(Isa isa, const X& activations, int64_t begin, int64_t end) const {
        std::vector<float> out(static_cast<size_t>(activations.rows * rows), -7.0f);
        const QuantProduct<X> a{.w = w,
                                .wRowBytes = rowBytes(dtype, cols),
                                .nBegin = begin,
                                .nEnd = end,
                                .x = activations,
                                .out = out.data(),
                                .outStride = rows,
                                .scratch = scratch.get()};
        const QuantKernels quant = selectKernels(isa).quant;
        if constexpr (std::is_same_v<X, Q8Rows>)
            quant.matmul[static_cast<size_t>(dtype)](a);
        else
            quant.matmul16[static_cast<size_t>(dtype)](a);
        return out;
    }
    // The results of both widths, one behind the other.
    std::vector<float> run(Isa isa, int64_t xBegin, int64_t count, int64_t begin, int64_t end) const {
        std::vector<float> out = run(isa, quantRowRange(q8, xBegin, count), begin, end);
        const std::vector<float> fine = run(isa, quantRowRange(q16, xBegin, count), begin, end);
        out.insert(out.end(), fine.begin(), fine.end());
        return out;
    }
    std::vector<float> run(Isa isa) const { return run(isa, 0, m, 0, rows); }
};

// True if bits agree; any two NaN agree.
bool sameBits(float a, float b) {
    return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b));
}

QByteArray firstDifference(const std::vector<float>& a, const std::vector<float>& b) {
    for (size_t i = 0; i < a.size(); ++i)
        if (!sameBits(a[i], b[i]))
            return QStringLiteral("element %1: %2 and %3").arg(i).arg(a[i], 0, 'g', 9).arg(b[i], 0, 'g', 9).toUtf8();
    return {};
}

// Largest error of a product of 8-bit activations against the same sum in double precision, as a part of the sum of
// magnitudes: a few roundings per block of the chain.
double errorBound(DType dtype) {
    switch (dtype) {
        case DType::Q2_K:
        case DType::Q3_K:
        case DType::Q6_K:
            return 3e-6;  // twice as many links: sub-blocks of 16
        default:
            return 2e-6;
    }
}

}  // namespace

class TestQuantMatmul : public QObject {
    Q_OBJECT

  private slots:
    void everyTypeHasAKernel() {
        for (DType dtype : quantizedTypes()) {
            QVERIFY2(selectKernels(Isa::Scalar).quant.matmul[static_cast<size_t>(dtype)], name(dtype).data());
            QVERIFY2(selectKernels(Isa::Scalar).quant.matmul16[static_cast<size_t>(dtype)], name(dtype).data());
        }
    }

    void scalarAgainstDouble_data() { types(); }
    void scalarAgainstDouble() {
        QFETCH(int, type);
        const Case c(static_cast<DType>(type), 5, 1024, 3);
        const std::vector<float> out = c.run(Isa::Scalar);
        std::vector<float> w(static_cast<size_t>(c.cols));
        for (int64_t n = 0; n < c.rows; ++n) {
            selectKernels(Isa::Scalar)
                .quant.decode[static_cast<size_t>(c.dtype)](c.w + n * rowBytes(c.dtype, c.cols), c.cols, w.data());
            for (int64_t m = 0; m < c.m; ++m) {
                const size_t at = static_cast<size_t>(m * c.rows + n), half = static_cast<size_t>(c.m * c.rows);
                const auto check = [&](auto&& activation, float result) {
                    double sum = 0, magnitude = 0;
                    for (int64_t k = 0; k < c.cols; ++k) {
                        const double x = activation(k);
                        sum += double{w[static_cast<size_t>(k)]} * x;
                        magnitude += std::abs(double{w[static_cast<size_t>(k)]} * x);
                    }
                    const double error = std::abs(double{result} - sum) / magnitude;
                    QVERIFY2(error <= errorBound(c.dtype), qPrintable(QString::number(error)));
                };
                const int64_t block = m * c.cols / 32;
                check(
                    [&](int64_t k) { return double{c.q8.blocks[block + k / 32].scale} * c.q8.q[m * c.q8.qStride + k]; },
                    out[at]);
                check(
                    [&](int64_t k) {  // of four neighbours the middle ones change places
                        const int64_t place = k % 4 == 1 || k % 4 == 2 ? k ^ 3 : k;
                        return double{c.q16.blocks[block + k / 32].scale} * c.q16.q[m * c.q16.qStride + place];
                    },
                    out[half + at]);
            }
        }
    }

    // Bits equal the scalar kernel's for every number of x rows, lengths, row counts and addresses.
    void equalBits_data() {
        QTest::addColumn<int>("isa");
        QTest::addColumn<int>("type");
        QTest::addColumn<int>("m");
        for (Isa isa : supportedIsas())
            for (DType dtype : quantizedTypes())
                for (int m : {1, 2, 3, 4, 5, 7, 8, 16, 33})
                    if (isa != Isa::Scalar)
                        QTest::addRow("%s/%s/m=%d", isaName(isa).data(), name(dtype).data(), m)
                            << static_cast<int>(isa) << static_cast<int>(dtype) << m;
    }
    void equalBits() {
        QFETCH(int, isa);
        QFETCH(int, type);
        QFETCH(int, m);
        const DType dtype = static_cast<DType>(type);
        const int64_t block = info(dtype).blockElements;
        struct Shape {
            int64_t rows, cols, offset;
        };
        const Shape shapes[] = {{1, block, 1}, {37, block, 0}, {16, 3 * block, 3}, {50, block == 32 ? 576 : 1280, 0}};
        for (const Shape& s : shapes) {
            const Case c(dtype, s.rows, s.cols, m, s.offset);
            const QByteArray difference = firstDifference(c.run(static_cast<Isa>(isa)), c.run(Isa::Scalar));
            QVERIFY2(difference.isEmpty(), difference.constData());
        }
    }

    // A part of the rows, or one row of x alone, gives the same bits as the whole, and touches nothing else.
    void partsEqualTheWhole_data() { types(); }
    void partsEqualTheWhole() {
        QFETCH(int, type);
        const Case c(static_cast<DType>(type), 70, 512, 9);
        for (Isa isa : supportedIsas()) {
            const std::vector<float> whole = c.run(isa);
            const std::vector<float> part = c.run(isa, 0, c.m, 13, 54);
            for (int64_t m = 0; m < 2 * c.m; ++m)
                for (int64_t n = 0; n < c.rows; ++n) {
                    const size_t i = static_cast<size_t>(m * c.rows + n);
                    QVERIFY(sameBits(part[i], n >= 13 && n < 54 ? whole[i] : -7.0f));
                }
            const std::vector<float> alone = c.run(isa, 6, 1, 0, c.rows);
            for (int64_t n = 0; n < c.rows; ++n) {
                QVERIFY(sameBits(alone[static_cast<size_t>(n)], whole[static_cast<size_t>(6 * c.rows + n)]));
                QVERIFY(sameBits(alone[static_cast<size_t>(c.rows + n)],
                                 whole[static_cast<size_t>((c.m + 6) * c.rows + n)]));
            }
        }
    }

    void emptyRanges() {
        const Case c(DType::Q4_1, 4, 64, 2);
        for (Isa isa : supportedIsas()) {
            const std::vector<float> out = c.run(isa, 0, 2, 2, 2);
            for (float f : out)
                QCOMPARE(f, -7.0f);
            c.run(isa, 0, 0, 0, 4);
        }
    }

    // Any bytes at all in a file: results may be NaN or infinite, and are so on every instruction set.
    void anyBytes_data() { types(); }
    void anyBytes() {
        QFETCH(int, type);
        Case c(static_cast<DType>(type), 40, 512, 5);
        SplitMix r(99);
        const int64_t bytes = c.rows * rowBytes(c.dtype, c.cols);
        for (int64_t i = 0; i < bytes; ++i)
            c.w[i] = static_cast<std::byte>(r.next() % 3 == 0 ? 0xff : r.next() >> 56);
        const std::vector<float> scalar = c.run(Isa::Scalar);
        for (Isa isa : supportedIsas()) {
            const QByteArray difference = firstDifference(c.run(isa), scalar);
            QVERIFY2(difference.isEmpty(), difference.constData());
        }
    }

    // The extreme bytes: a product that a narrower sum would not hold.
    void extremes_data() { types(); }
    void extremes() {
        QFETCH(int, type);
        Case c(static_cast<DType>(type), 16, 512, 4);
        for (int fill : {0x00, 0x7f, 0x80, 0x88, 0xff}) {
            for (int64_t i = 0; i < c.rows * rowBytes(c.dtype, c.cols); ++i)
                c.w[i] = static_cast<std::byte>(fill);
            const int64_t nBlocks = c.rows * c.cols / info(c.dtype).blockElements;
            for (int64_t b = 0; b < nBlocks; ++b)
                for (int offset : scaleBytes(c.dtype))
                    c.w[b * info(c.dtype).blockBytes + offset] = std::byte{0x3c};
            for (int sign : {1, -1}) {
                for (size_t i = 0; i < c.x.size(); ++i)
                    c.x[i] = static_cast<float>(sign) * 4.0f;
                c.quantizeInput();
                const std::vector<float> scalar = c.run(Isa::Scalar);
                for (Isa isa : supportedIsas()) {
                    const QByteArray difference = firstDifference(c.run(isa), scalar);
                    QVERIFY2(difference.isEmpty(), difference.constData());
                }
            }
        }
    }

    void environmentLowers() {
        const Isa best = supportedIsas().back();
        qputenv("TESSERA_ISA", "scalar");
        QVERIFY(selectKernels().isa == Isa::Scalar);
        qputenv("TESSERA_ISA", "amx");
        QVERIFY(selectKernels().isa == best);
        qputenv("TESSERA_ISA", "nonsense");
        QVERIFY(selectKernels().isa == best);
        qunsetenv("TESSERA_ISA");
        QVERIFY(selectKernels().isa == best);
        QVERIFY(selectKernels(Isa::Scalar).isa == Isa::Scalar);
        for (Isa isa : supportedIsas()) {
            QVERIFY(selectKernels(isa).isa == isa);
            QVERIFY(isaFromName(isaName(isa)) == isa);
        }
    }

  private:
    static void types() {
        QTest::addColumn<int>("type");
        for (DType dtype : quantizedTypes())
            QTest::addRow("%s", name(dtype).data()) << static_cast<int>(dtype);
    }
};

QTEST_APPLESS_MAIN(TestQuantMatmul)
#include "tst_quant_matmul.moc"
