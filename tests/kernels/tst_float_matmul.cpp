// Products of f32 inputs with F32, F16 and BF16 weights: against double precision, and equal bits for any cut, with
// packed inputs and without.
#include "tests/kernels/float_cases.h"

using kernels::DType;

namespace {

struct Weights {
    std::vector<std::byte> bytes;
    std::vector<double> values;
    int64_t rowBytes = 0;
};

Weights makeWeights(DType type, int64_t rows, int64_t cols, int64_t paddingBytes) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    Weights w;
    w.rowBytes = kernels::rowBytes(type, cols) + paddingBytes;
    w.bytes.resize(static_cast<size_t>(rows * w.rowBytes));
    for (int64_t n = 0; n < rows; ++n) {
        for (int64_t k = 0; k < cols; ++k) {
            const float x = normal(random);
            std::byte* at = w.bytes.data() + n * w.rowBytes + k * kernels::info(type).blockBytes;
            float stored = x;
            if (type == DType::F32) {
                std::memcpy(at, &x, 4);
            } else {
                const uint16_t half = type == DType::F16 ? kernels::floatToHalf(x) : kernels::floatToBf16(x);
                std::memcpy(at, &half, 2);
                stored = type == DType::F16 ? kernels::halfToFloat(half) : kernels::bf16ToFloat(half);
            }
            w.values.push_back(stored);
        }
    }
    return w;
}

Floats product(const FloatTable& table, DType type, const Weights& w, int64_t rows, int64_t cols, Floats& x,
               int64_t inputs, int64_t rowsPerCall, int64_t inputsPerCall, bool packed) {
    Floats out(rows * inputs, 4);
    std::vector<std::byte> memory(static_cast<size_t>(kernels::floatMatmulScratchBytes() + 64));
    std::byte* scratch = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64);
    const int64_t packedRows = kernels::floatPackedRows(inputs);
    std::vector<float> tiles(static_cast<size_t>(packed ? packedRows * cols : 0));
    if (packed)
        for (int64_t tile = 0; tile < packedRows / kernels::floatPackRows; ++tile)
            table.flt.packInputs(x.data(), inputs, cols, cols, packedRows, tile, tile + 1, tiles.data());
    for (int64_t n = 0; n < rows; n += rowsPerCall)
        for (int64_t m = 0; m < inputs; m += inputsPerCall)
            table.flt.matmul({type, w.bytes.data(), w.rowBytes, n, std::min(n + rowsPerCall, rows), cols,
                              packed ? nullptr : x.data() + m * cols, cols, std::min(inputsPerCall, inputs - m),
                              out.data() + m * rows, rows, scratch, packed ? tiles.data() : nullptr, packedRows, m});
    return out;
}

}  // namespace

class TstFloatMatmul : public QObject {
    Q_OBJECT

  private slots:
    void matchesDouble_data() {
        QTest::addColumn<int>("type");
        QTest::addColumn<qint64>("rows");
        QTest::addColumn<qint64>("cols");
        QTest::addColumn<qint64>("inputs");
        QTest::addColumn<qint64>("misalignment");
        for (const DType type : {DType::F32, DType::F16, DType::BF16})
            for (const auto& [rows, cols, inputs] :
                 std::initializer_list<std::tuple<qint64, qint64, qint64>>{{1, 1, 1},
                                                                           {3, 15, 2},
                                                                           {4, 16, 1},
                                                                           {5, 17, 3},
                                                                           {17, 31, 7},
                                                                           {16, 64, 6},
                                                                           {33, 257, 13},
                                                                           {48, 520, 12},
                                                                           {64, 512, 1},
                                                                           {7, 1000, 5},
                                                                           {20, 96, 40}})
                for (const qint64 misalignment : {0, 2})
                    QTest::addRow("%s/rows=%lld cols=%lld inputs=%lld +%lld", kernels::name(type).data(), rows, cols,
                                  inputs, misalignment)
                        << static_cast<int>(type) << rows << cols << inputs << misalignment;
    }

    void matchesDouble() {
        QFETCH(int, type);
        QFETCH(qint64, rows);
        QFETCH(qint64, cols);
        QFETCH(qint64, inputs);
        QFETCH(qint64, misalignment);
        const auto dtype = static_cast<DType>(type);
        const Weights w = makeWeights(dtype, rows, cols, misalignment);
        Floats x(inputs * cols, 4 * misalignment, 11);

        std::optional<Floats> first;
        for (const FloatTable& table : floatTables()) {
            const Floats out = product(table, dtype, w, rows, cols, x, inputs, rows, inputs, false);
            QVERIFY2(out.guardIntact(), table.name.c_str());
            for (int64_t m = 0; m < inputs; ++m) {
                for (int64_t n = 0; n < rows; ++n) {
                    double want = 0, magnitude = 0;
                    for (int64_t k = 0; k < cols; ++k) {
                        const double term = w.values[static_cast<size_t>(n * cols + k)] * x[m * cols + k];
                        want += term;
                        magnitude += std::fabs(term);
                    }
                    const double error = std::fabs(out[m * rows + n] - want);
                    QVERIFY2(error <= 5e-7 * magnitude, qPrintable(QString("%1: [%2][%3] is %4, expected %5")
                                                                       .arg(table.name.c_str())
                                                                       .arg(m)
                                                                       .arg(n)
                                                                       .arg(out[m * rows + n])
                                                                       .arg(want)));
                }
            }
            if (!first)
                first = out;
            QVERIFY2(out.sameBits(*first), table.name.c_str());
            // Any cut of rows and inputs.
            for (const auto& [rowsPerCall, inputsPerCall, packed] :
                 std::initializer_list<std::tuple<int64_t, int64_t, bool>>{{1, 1, false},
                                                                           {3, 2, false},
                                                                           {16, 1, false},
                                                                           {5, inputs, false},
                                                                           {rows, inputs, true},
                                                                           {7, 6, true},
                                                                           {16, 12, true}})
                QVERIFY2(product(table, dtype, w, rows, cols, x, inputs, rowsPerCall, inputsPerCall, packed)
                             .sameBits(*first),
                         qPrintable(QString("%1 cut %2 x %3, packed %4")
                                        .arg(table.name.c_str())
                                        .arg(rowsPerCall)
                                        .arg(inputsPerCall)
                                        .arg(packed)));
        }
    }

    // The order of the sum is a promise: a chain per part of the columns, the parts added in ascending order.
    void canonicalOrder() {
        constexpr int64_t cols = 2 * kernels::floatMatmulPart + 100;
        const Weights w = makeWeights(DType::F32, 1, cols, 0);
        Floats x(cols, 0, 3);
        float total = 0;
        for (int64_t begin = 0; begin < cols; begin += kernels::floatMatmulPart) {
            float part = 0;
            for (int64_t k = begin; k < std::min(begin + kernels::floatMatmulPart, cols); ++k)
                part = std::fma(static_cast<float>(w.values[static_cast<size_t>(k)]), x[k], part);
            total = begin == 0 ? part : total + part;
        }
        for (const FloatTable& table : floatTables())
            QCOMPARE(product(table, DType::F32, w, 1, cols, x, 1, 1, 1, false)[0], total);
    }
};

QTEST_APPLESS_MAIN(TstFloatMatmul)
#include "tst_float_matmul.moc"
