// Norms, rotation, activations, sums and cache encoders: every instruction set against double precision, within the
// bounds of one table, and with equal bits among themselves.
#include "kernels/quant/q4_0.h"
#include "kernels/quant/q8_0.h"
#include "tests/kernels/float_cases.h"

using kernels::Activation;
using kernels::DType;
using kernels::RopeStyle;

namespace {

// Largest absolute error per unit of max(1, |exact|).
constexpr double normBound = 1e-6;
constexpr double ropeBound = 3e-7;
struct ActivationBound {
    Activation activation;
    const char* name;
    double bound;  // per unit of max(1, |x|)
};
constexpr ActivationBound activationBounds[] = {
    {Activation::Silu, "silu", 2e-7},        {Activation::GeluTanh, "gelu_tanh", 3e-7},
    {Activation::GeluErf, "gelu_erf", 3e-7}, {Activation::GeluQuick, "gelu_quick", 3e-7},
    {Activation::Relu, "relu", 0},
};

double exactActivation(Activation a, double x) {
    switch (a) {
        case Activation::Silu:
            return x / (1 + std::exp(-x));
        case Activation::GeluTanh:
            return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
        case Activation::GeluErf:
            return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
        case Activation::GeluQuick:
            return x / (1 + std::exp(-1.702 * x));
        case Activation::Relu:
            return x > 0 ? x : 0;
    }
    return 0;
}

const std::vector<int64_t> lengths = {1, 7, 15, 16, 17, 31, 33, 64, 100, 576, 1003};

}  // namespace

class TstFloatElementwise : public QObject {
    Q_OBJECT

    // Runs `kernel` into fresh memory for every table and offset; checks bits, guards and the error bound.
    template <typename Kernel, typename Exact>
    void check(int64_t n, double bound, Kernel kernel, Exact exact) {
        std::optional<Floats> first;
        for (const FloatTable& table : floatTables()) {
            for (const int64_t offset : {0, 4, 20}) {
                Floats out(n, offset);
                kernel(table.flt, out, offset);
                QVERIFY2(out.guardIntact(), table.name.c_str());
                if (!first)
                    first = out;
                QVERIFY2(out.sameBits(*first), table.name.c_str());
            }
        }
        for (int64_t i = 0; i < n; ++i) {
            const double want = exact(i);
            QVERIFY2(
                std::fabs((*first)[i] - want) <= bound * std::max(1.0, std::fabs(want)),
                qPrintable(QString("[%1] is %2, expected %3").arg(i).arg((*first)[i], 0, 'g', 9).arg(want, 0, 'g', 9)));
        }
    }

  private slots:
    void norms_data() {
        QTest::addColumn<qint64>("cols");
        QTest::addColumn<bool>("bias");
        for (const int64_t cols : lengths)
            for (const bool bias : {false, true})
                QTest::addRow("cols=%lld%s", static_cast<long long>(cols), bias ? " bias" : "")
                    << static_cast<qint64>(cols) << bias;
    }
    void norms() {
        QFETCH(qint64, cols);
        QFETCH(bool, bias);
        constexpr int64_t rows = 3;
        constexpr float eps = 1e-5f;
        Floats x(rows * cols, 8, 1, 3.0f), weight(cols, 4, 2), shift(cols, 12, 3);
        const auto moment = [&](int64_t row, double mean) {
            double sum = 0;
            for (int64_t i = 0; i < cols; ++i)
                sum += (x[row * cols + i] - mean) * (x[row * cols + i] - mean);
            return sum / static_cast<double>(cols);
        };
        check(
            rows * cols, normBound,
            [&](const kernels::FloatKernels& k, Floats& out, int64_t) {
                k.rmsNorm(x.data(), weight.data(), eps, rows, cols, out.data());
            },
            [&](int64_t i) { return x[i] / std::sqrt(moment(i / cols, 0) + eps) * weight[i % cols]; });
        check(
            rows * cols, 2 * normBound,
            [&](const kernels::FloatKernels& k, Floats& out, int64_t) {
                k.layerNorm(x.data(), weight.data(), bias ? shift.data() : nullptr, eps, rows, cols, out.data());
            },
            [&](int64_t i) {
                double mean = 0;
                for (int64_t j = 0; j < cols; ++j)
                    mean += x[i / cols * cols + j];
                mean /= static_cast<double>(cols);
                const double y = (x[i] - mean) / std::sqrt(moment(i / cols, mean) + eps) * weight[i % cols];
                return bias ? y + shift[i % cols] : y;
            });
    }

    void rmsNormInPlace() {
        for (const FloatTable& table : floatTables()) {
            Floats x(2 * 50, 0, 4), weight(50, 0, 5), out(2 * 50);
            table.flt.rmsNorm(x.data(), weight.data(), 1e-6f, 2, 50, out.data());
            table.flt.rmsNorm(x.data(), weight.data(), 1e-6f, 2, 50, x.data());
            QVERIFY(std::memcmp(x.data(), out.data(), 400) == 0);
        }
    }

    void rotation_data() {
        QTest::addColumn<int>("style");
        QTest::addColumn<qint64>("headDim");
        QTest::addColumn<qint64>("nRot");
        for (const int style : {0, 1})
            for (const auto& [headDim, nRot] : std::initializer_list<std::pair<qint64, qint64>>{
                     {2, 2}, {64, 64}, {80, 32}, {96, 50}, {128, 128}, {1200, 1100}})
                QTest::addRow("%s/headDim=%lld nRot=%lld", style ? "halves" : "interleaved", headDim, nRot)
                    << style << headDim << nRot;
    }
    void rotation() {
        QFETCH(int, style);
        QFETCH(qint64, headDim);
        QFETCH(qint64, nRot);
        constexpr int64_t rows = 3, heads = 2;
        const int64_t stride = heads * headDim;
        Floats x(rows * stride, 4, 6), cosSin(rows * nRot);
        for (int64_t i = 0; i < rows * nRot / 2; ++i) {
            cosSin.set(2 * i, std::cos(0.37f * static_cast<float>(i)));
            cosSin.set(2 * i + 1, std::sin(0.37f * static_cast<float>(i)));
        }
        check(
            rows * stride, ropeBound,
            [&](const kernels::FloatKernels& k, Floats& out, int64_t) {
                std::memcpy(out.data(), x.data(), static_cast<size_t>(rows * stride) * 4);
                k.rope(out.data(), cosSin.data(), rows, heads, headDim, nRot, stride, static_cast<RopeStyle>(style));
            },
            [&](int64_t i) -> double {
                const int64_t row = i / stride, d = i % headDim;
                if (d >= nRot)
                    return x[i];
                const bool halves = static_cast<RopeStyle>(style) == RopeStyle::Halves;
                const int64_t pair = halves ? d % (nRot / 2) : d / 2;
                const bool second = halves ? d >= nRot / 2 : d % 2 == 1;
                const int64_t other = halves ? (second ? i - nRot / 2 : i + nRot / 2) : (second ? i - 1 : i + 1);
                const double c = cosSin[row * nRot + 2 * pair], s = cosSin[row * nRot + 2 * pair + 1];
                return second ? x[other] * s + x[i] * c : x[i] * c - x[other] * s;
            });
    }

    void activations_data() {
        QTest::addColumn<int>("entry");
        for (size_t i = 0; i < std::size(activationBounds); ++i)
            QTest::newRow(activationBounds[i].name) << static_cast<int>(i);
    }
    void activations() {
        QFETCH(int, entry);
        const ActivationBound& a = activationBounds[entry];
        constexpr int64_t n = 4001;
        Floats x(n), up(n, 4, 9);
        for (int64_t i = 0; i < n; ++i)
            x.set(i, static_cast<float>(i - 2000) * 0.0101f);
        x.set(0, -120.0f);  // where the exponential leaves the range of f32
        x.set(1, 120.0f);
        x.set(2, -88.2f);
        const auto exact = [&](int64_t i) { return exactActivation(a.activation, x[i]); };
        check(
            n, a.bound,
            [&](const kernels::FloatKernels& k, Floats& out, int64_t) {
                std::memcpy(out.data(), x.data(), n * 4);
                k.activation(out.data(), n, a.activation);
            },
            exact);
        check(
            n, a.bound * 8 + 1e-7,  // |up| stays below 8
            [&](const kernels::FloatKernels& k, Floats& out, int64_t) {
                k.gatedActivation(x.data(), up.data(), n, a.activation, out.data());
            },
            [&](int64_t i) { return exact(i) * up[i]; });
    }

    void addAndScale() {
        for (const int64_t n : lengths) {
            Floats x(n, 4, 12), y(n, 8, 13);
            check(
                n, 1e-7,
                [&](const kernels::FloatKernels& k, Floats& out, int64_t) {
                    std::memcpy(out.data(), y.data(), static_cast<size_t>(n) * 4);
                    k.add(x.data(), n, out.data());
                    k.scale(out.data(), n, 0.3f);
                },
                [&](int64_t i) { return (static_cast<double>(x[i]) + y[i]) * 0.3f; });
        }
    }

    void halvesExact() {
        // Every bit pattern of a half survives; floats between two halves go to the even one.
        for (const FloatTable& table : floatTables()) {
            std::vector<float> all;
            for (uint32_t h = 0; h < 0x10000; ++h)
                if ((h & 0x7c00) != 0x7c00 || (h & 0x3ff) == 0)
                    all.push_back(kernels::halfToFloat(static_cast<uint16_t>(h)));
            for (const float x :
                 {65519.9f, 65520.0f, -1e30f, 1e-8f, 2.98023224e-8f, 2.98023259e-8f, 6.1e-5f, 1.00048828f})
                all.push_back(x);
            std::vector<uint16_t> got(all.size());
            table.flt.encodeRows(DType::F16, all.data(), 1, static_cast<int64_t>(all.size()), 0,
                                 reinterpret_cast<std::byte*>(got.data()), 0);
            for (size_t i = 0; i < all.size(); ++i)
                QCOMPARE(got[i], kernels::floatToHalf(all[i]));
        }
    }

    void cacheRows_data() {
        QTest::addColumn<int>("type");
        for (const DType type : {DType::F32, DType::F16, DType::Q8_0, DType::Q4_0})
            QTest::newRow(kernels::name(type).data()) << static_cast<int>(type);
    }
    void cacheRows() {
        QFETCH(int, type);
        const auto dtype = static_cast<DType>(type);
        constexpr int64_t rows = 4, cols = 96, xStride = 100;
        const int64_t rowBytes = kernels::rowBytes(dtype, cols), stride = rowBytes + 6;
        Floats x(rows * xStride, 4, 14);
        std::vector<std::byte> first;
        for (const FloatTable& table : floatTables()) {
            std::vector<std::byte> out(static_cast<size_t>(rows * stride), std::byte{0x77});
            table.flt.encodeRows(dtype, x.data(), rows, cols, xStride, out.data(), stride);
            if (first.empty())
                first = out;
            QVERIFY2(out == first, table.name.c_str());
        }
        const kernels::CpuKernels k = kernels::selectKernels(kernels::Isa::Scalar);
        const double step = dtype == DType::F32    ? 0
                            : dtype == DType::F16  ? 0x1p-11
                            : dtype == DType::Q8_0 ? 0.005
                                                   : 0.15;
        for (int64_t r = 0; r < rows; ++r) {
            std::vector<float> back(cols);
            if (dtype == DType::F32)
                std::memcpy(back.data(), first.data() + r * stride, cols * 4);
            else
                k.quant.decode[static_cast<size_t>(type)](first.data() + r * stride, cols, back.data());
            for (int64_t c = 0; c < cols; ++c)
                QVERIFY(std::fabs(back[static_cast<size_t>(c)] - x[r * xStride + c]) <= step * 4);
            for (int64_t b = rowBytes; b < stride; ++b)
                QCOMPARE(first[static_cast<size_t>(r * stride + b)], std::byte{0x77});
        }
    }
};

QTEST_APPLESS_MAIN(TstFloatElementwise)
#include "tst_float_elementwise.moc"
