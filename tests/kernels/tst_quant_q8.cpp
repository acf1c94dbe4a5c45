#include <QtTest>
#include <cmath>
#include <limits>

#include "kernels/cpu/cpu_kernels.h"
#include "tests/kernels/quant_cases.h"

using namespace kernels;
using namespace tests;

namespace {

struct Quantized {
    std::vector<std::byte> memory;
    Q8Rows rows;

    Quantized(Isa isa, const float* x, int64_t m, int64_t cols, int64_t stride)
        : memory(static_cast<size_t>(q8RowsBytes(m, cols)) + 64) {
        auto* p = reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64);
        rows = q8RowsIn(p, m, cols);
        selectKernels(isa).quant.quantizeQ8(x, m, cols, stride, rows);
    }
};

struct Quantized16 {
    std::vector<std::byte> memory;
    Q16Rows rows;

    Quantized16(Isa isa, const float* x, int64_t m, int64_t cols, int64_t stride)
        : memory(static_cast<size_t>(q16RowsBytes(m, cols)) + 64) {
        auto* p = reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64);
        rows = q16RowsIn(p, m, cols);
        selectKernels(isa).quant.quantizeQ16(x, m, cols, stride, rows);
    }
};

}  // namespace

class TestQuantQ8 : public QObject {
    Q_OBJECT

  private slots:
    void fieldsAreConsistent() {
        const std::vector<float> x = randomFloats(3 * 200, 3);
        const Quantized q(Isa::Scalar, x.data(), 3, 192, 200);
        for (int64_t m = 0; m < 3; ++m)
            for (int64_t b = 0; b < 6; ++b) {
                const Q8Block& block = q.rows.blocks[m * 6 + b];
                const int8_t* bytes = q.rows.q + m * q.rows.qStride + b * 32;
                float magnitude = 0;
                int sums[2] = {0, 0};
                for (int i = 0; i < 32; ++i) {
                    const float v = x[static_cast<size_t>(m * 200 + b * 32 + i)];
                    magnitude = std::max(magnitude, std::abs(v));
                    sums[i / 16] += bytes[i];
                    QVERIFY(std::abs(v - block.scale * static_cast<float>(bytes[i])) <= block.scale * 0.5001f);
                }
                QCOMPARE(block.scale, magnitude / 127.0f);
                QCOMPARE(block.sum, block.scale * static_cast<float>(sums[0] + sums[1]));
                QCOMPARE(block.bias, -128 * (sums[0] + sums[1]));
                QCOMPARE(int{block.sum16[0]}, sums[0]);
                QCOMPARE(int{block.sum16[1]}, sums[1]);
            }
    }

    // Sixteen bits: the same fields, of four neighbours the middle ones change places.
    void fineFieldsAreConsistent() {
        const std::vector<float> x = randomFloats(64, 5);
        const Quantized16 q(Isa::Scalar, x.data(), 1, 64, 64);
        for (int64_t b = 0; b < 2; ++b) {
            const Q16Block& block = q.rows.blocks[b];
            float magnitude = 0;
            int32_t sums[2] = {0, 0};
            for (int i = 0; i < 32; ++i) {
                const float v = x[static_cast<size_t>(b * 32 + i)];
                const int16_t value = q.rows.q[b * 32 + (i % 4 == 1 || i % 4 == 2 ? i ^ 3 : i)];
                magnitude = std::max(magnitude, std::abs(v));
                sums[i / 16] += value;
                QVERIFY(std::abs(v - block.scale * static_cast<float>(value)) <= block.scale * 0.51f);
            }
            QCOMPARE(block.scale, magnitude / 32767.0f);
            QCOMPARE(block.sum, block.scale * static_cast<float>(sums[0] + sums[1]));
            QCOMPARE(block.sums[0], sums[0]);
            QCOMPARE(block.sums[1], sums[1]);
        }
    }

    void equalBits_data() {
        QTest::addColumn<int>("isa");
        QTest::addColumn<int>("cols");
        for (Isa isa : supportedIsas())
            for (int cols : {32, 64, 96, 576, 2048})
                QTest::addRow("%s/cols=%d", isaName(isa).data(), cols) << static_cast<int>(isa) << cols;
    }
    void equalBits() {
        QFETCH(int, isa);
        QFETCH(int, cols);
        constexpr int64_t rows = 8;
        const int64_t stride = cols + 5;
        std::vector<float> x = randomFloats(rows * stride, 17);
        const auto row = [&](int64_t m) { return x.data() + m * stride; };
        for (int i = 0; i < cols; ++i) {
            row(1)[i] = 0.0f;
            row(2)[i] = static_cast<float>(i % 255 - 127) * 0.5f;  // ties: half steps
            row(3)[i] *= 1e-38f;
            row(4)[i] *= 1e36f;
            row(7)[i] *= 1e-35f;  // large enough for 8 bits, too small for 16
        }
        row(2)[0] = 127.0f;
        row(5)[3] = std::numeric_limits<float>::quiet_NaN();
        row(6)[cols - 1] = -std::numeric_limits<float>::infinity();
        const Quantized a(Isa::Scalar, x.data(), rows, cols, stride),
            b(static_cast<Isa>(isa), x.data(), rows, cols, stride);
        for (int64_t m = 0; m < rows; ++m) {
            QVERIFY(std::memcmp(a.rows.q + m * a.rows.qStride, b.rows.q + m * b.rows.qStride,
                                static_cast<size_t>(cols)) == 0);
            for (int64_t k = 0; k < cols / 32; ++k) {
                const Q8Block& p = a.rows.blocks[m * (cols / 32) + k];
                const Q8Block& q = b.rows.blocks[m * (cols / 32) + k];
                QVERIFY2(std::memcmp(&p, &q, sizeof p) == 0,
                         qPrintable(QStringLiteral("row %1 block %2").arg(m).arg(k)));
            }
        }
        const Quantized16 c(Isa::Scalar, x.data(), rows, cols, stride),
            d(static_cast<Isa>(isa), x.data(), rows, cols, stride);
        for (int64_t m = 0; m < rows; ++m) {
            QVERIFY(std::memcmp(c.rows.q + m * c.rows.qStride, d.rows.q + m * d.rows.qStride,
                                static_cast<size_t>(cols) * 2) == 0);
            for (int64_t k = 0; k < cols / 32; ++k)
                QVERIFY2(std::memcmp(c.rows.blocks + m * (cols / 32) + k, d.rows.blocks + m * (cols / 32) + k,
                                     sizeof(Q16Block)) == 0,
                         qPrintable(QStringLiteral("16 bits, row %1 block %2").arg(m).arg(k)));
        }
        QVERIFY(b.rows.blocks[7 * (cols / 32)].scale > 0);
        QCOMPARE(d.rows.blocks[7 * (cols / 32)].scale, 0.0f);
        QCOMPARE(int{d.rows.q[7 * d.rows.qStride]}, 0);
        QVERIFY(std::isnan(b.rows.blocks[5 * (cols / 32)].scale));
        QVERIFY(std::isnan(b.rows.blocks[7 * (cols / 32) - 1].scale));
        QCOMPARE(b.rows.blocks[cols / 32].scale, 0.0f);
    }
};

QTEST_APPLESS_MAIN(TestQuantQ8)
#include "tst_quant_q8.moc"
