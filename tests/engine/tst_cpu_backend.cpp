// The CPU's backend: every op against a naive double-precision reference on random weights of several types, equal
// results for any number of threads, any batch and any chunking, and clear refusals.
#include <QtTest>
#include <cmath>
#include <cstring>
#include <random>

#include "engine/backend/backend.h"
#include "kernels/cpu/cpu_kernels.h"
#include "kernels/quant/half.h"

using namespace engine;
using kernels::DType;

namespace {

std::unique_ptr<Backend> makeBackend(int threads, const std::string& isa = "", bool exact = false) {
    auto backend = makeCpuBackend({.threads = threads, .isa = isa, .exact = exact});
    if (!backend)
        qFatal("%s", backend.error().message.c_str());
    return std::move(*backend);
}

std::vector<float> randomFloats(int64_t n, uint32_t seed, float spread = 1) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, spread);
    std::vector<float> all(static_cast<size_t>(n));
    for (float& x : all)
        x = normal(random);
    return all;
}

// A tensor of random bytes whose scales are small finite halves, and its exact values.
struct RandomTensor {
    std::vector<std::byte> bytes;
    std::vector<float> values;
    TensorInfo info;

    RandomTensor(DType type, int64_t rows, int64_t cols, uint32_t seed) {
        const kernels::CpuKernels k = kernels::selectKernels(kernels::Isa::Scalar);
        std::mt19937 random(seed);
        const int64_t blockBytes = kernels::info(type).blockBytes;
        bytes.resize(static_cast<size_t>(rows * kernels::rowBytes(type, cols)));
        values.resize(static_cast<size_t>(rows * cols));
        if (!kernels::info(type).quantized) {
            const std::vector<float> x = randomFloats(rows * cols, seed);
            for (size_t i = 0; i < x.size(); ++i) {
                const uint16_t half = type == DType::F16 ? kernels::floatToHalf(x[i]) : kernels::floatToBf16(x[i]);
                std::memcpy(bytes.data() + static_cast<int64_t>(i) * blockBytes,
                            type == DType::F32 ? (const void*)&x[i] : &half, static_cast<size_t>(blockBytes));
            }
        } else {
            for (std::byte& b : bytes)
                b = static_cast<std::byte>(random());
            // Halves lie at the start (Q4_0 ... Q8_0, Q4_K, Q5_K) or at the end (Q6_K) of a block.
            const auto scaleAt = [&](int64_t at) {
                const uint16_t half = kernels::floatToHalf(0.01f + 0.001f * static_cast<float>(random() % 16));
                std::memcpy(bytes.data() + at, &half, 2);
            };
            for (int64_t b = 0; b < static_cast<int64_t>(bytes.size()); b += blockBytes) {
                if (type == DType::Q6_K) {
                    scaleAt(b + blockBytes - 2);
                } else {
                    scaleAt(b);
                    if (type == DType::Q4_1 || type == DType::Q5_1 || type == DType::Q4_K || type == DType::Q5_K)
                        scaleAt(b + 2);
                }
            }
        }
        if (type == DType::F32)
            std::memcpy(values.data(), bytes.data(), bytes.size());
        else
            k.quant.decode[static_cast<size_t>(type)](bytes.data(), rows * cols, values.data());
        info.name = "blk.0.test.weight";
        info.dtype = type;
        info.rank = 2;
        info.shape[0] = cols;
        info.shape[1] = rows;
        info.elements = rows * cols;
        info.sizeBytes = static_cast<int64_t>(bytes.size());
        info.data = bytes.data();
    }
    Weight weight(Backend& backend) const {
        auto w = backend.makeWeight(info, nullptr);
        if (!w)
            qFatal("%s", w.error().message.c_str());
        return *w;
    }
};

Step stepOf(std::initializer_list<std::tuple<int64_t, int64_t, std::span<const int32_t>>> sequences) {
    Step step;
    for (const auto& [firstPosition, rows, pages] : sequences) {
        step.sequences.push_back({step.rows(), rows, firstPosition, pages});
        for (int64_t i = 0; i < rows; ++i) {
            step.ids.push_back(0);
            step.positions.push_back(firstPosition + i);
        }
    }
    return step;
}

RopeParams ropeParams(int64_t nRot) {
    RopeParams rope{.style = kernels::RopeStyle::Interleaved, .nRot = nRot, .inverseFrequency = {}, .magnitude = 1};
    for (int64_t i = 0; i < nRot / 2; ++i)
        rope.inverseFrequency.push_back(std::pow(10000.0f, -2.0f * static_cast<float>(i) / static_cast<float>(nRot)));
    return rope;
}

Activations filled(Backend& backend, int64_t rows, int64_t cols, const float* from) {
    Activations a = backend.scratch(rows, cols);
    std::memcpy(a.data, from, static_cast<size_t>(rows * cols) * 4);
    return a;
}

std::vector<float> copied(Activations a) {
    return {a.data, a.data + a.rows * a.cols};
}

}  // namespace

class TstCpuBackend : public QObject {
    Q_OBJECT

  private slots:
    void matmul_data() {
        QTest::addColumn<int>("type");
        QTest::addColumn<qint64>("inputs");
        QTest::addColumn<bool>("exact");
        for (const DType type : {DType::F32, DType::F16, DType::BF16, DType::Q4_0, DType::Q4_1, DType::Q5_0,
                                 DType::Q8_0, DType::Q4_K, DType::Q6_K})
            for (const qint64 inputs : {1, 5, 70})
                for (const bool exact : {false, true})
                    QTest::addRow("%s/inputs=%lld%s", kernels::name(type).data(), inputs, exact ? " exact" : "")
                        << static_cast<int>(type) << inputs << exact;
    }
    // Two targets, one with bias, one accumulated with bias, against double precision; the same bits for 1, 2 and 3
    // threads.
    void matmul() {
        QFETCH(int, type);
        QFETCH(qint64, inputs);
        QFETCH(bool, exact);
        constexpr int64_t cols = 512, rowsA = 75, rowsB = 48;
        const auto dtype = static_cast<DType>(type);
        const RandomTensor a(dtype, rowsA, cols, 1), b(DType::Q8_0, rowsB, cols, 2);
        const std::vector<float> x = randomFloats(inputs * cols, 3), biasA = randomFloats(rowsA, 4),
                                 biasB = randomFloats(rowsB, 5), before = randomFloats(inputs * rowsB, 6);
        std::vector<float> firstA, firstB;
        for (const int threads : {1, 2, 3}) {
            const auto backend = makeBackend(threads, "", exact);
            const Weight wa = a.weight(*backend), wb = b.weight(*backend);
            backend->beginStep(Step{}, RopeParams{});
            const Activations in = filled(*backend, inputs, cols, x.data()), outA = backend->scratch(inputs, rowsA),
                              outB = filled(*backend, inputs, rowsB, before.data());
            const MatmulTarget targets[] = {{&wa, biasA.data(), outA}, {&wb, biasB.data(), outB, true}};
            backend->matmul(in, targets);
            if (firstA.empty()) {
                firstA = copied(outA);
                firstB = copied(outB);
            }
            QVERIFY(std::memcmp(firstA.data(), outA.data, firstA.size() * 4) == 0);
            QVERIFY(std::memcmp(firstB.data(), outB.data, firstB.size() * 4) == 0);
        }
        const auto check = [&](const RandomTensor& w, int64_t rows, const std::vector<float>& got, const float* bias,
                               const float* added) {
            // 8-bit inputs: half a step of 1 / 127 of the block's largest value, against products of random sign.
            const bool rounded = !exact && kernels::info(w.info.dtype).quantized;
            for (int64_t m = 0; m < inputs; ++m) {
                for (int64_t n = 0; n < rows; ++n) {
                    double want = bias[n] + (added ? added[m * rows + n] : 0.0f), squares = 0, magnitude = 1;
                    for (int64_t k = 0; k < cols; ++k) {
                        const double weight = w.values[static_cast<size_t>(n * cols + k)];
                        want += weight * x[static_cast<size_t>(m * cols + k)];
                        magnitude += std::fabs(weight * x[static_cast<size_t>(m * cols + k)]);
                        squares += weight * weight;
                    }
                    const double bound = rounded ? 0.08 * std::sqrt(squares) + 1e-6 * magnitude : 1e-6 * magnitude;
                    const double error = std::fabs(got[static_cast<size_t>(m * rows + n)] - want);
                    QVERIFY2(
                        error <= bound,
                        qPrintable(QString("[%1][%2] is off by %3, allowed %4").arg(m).arg(n).arg(error).arg(bound)));
                }
            }
        };
        check(a, rowsA, firstA, biasA.data(), nullptr);
        check(b, rowsB, firstB, biasB.data(), before.data());
    }

    // A row's result does not depend on the rows beside it.
    void rowsAreIndependent_data() {
        QTest::addColumn<int>("type");
        for (const DType type :
             {DType::F32, DType::F16, DType::Q4_0, DType::Q4_1, DType::Q8_0, DType::Q4_K, DType::Q6_K})
            QTest::newRow(kernels::name(type).data()) << static_cast<int>(type);
    }
    void rowsAreIndependent() {
        QFETCH(int, type);
        constexpr int64_t cols = 256, rows = 40, inputs = 37;
        const RandomTensor w(static_cast<DType>(type), rows, cols, 1);
        const std::vector<float> x = randomFloats(inputs * cols, 3);
        for (const bool exact : {false, true}) {
            const auto backend = makeBackend(2, "", exact);
            const Weight weight = w.weight(*backend);
            backend->beginStep(Step{}, RopeParams{});
            const Activations out = backend->scratch(inputs, rows), one = backend->scratch(1, rows);
            const MatmulTarget all[] = {{&weight, nullptr, out}}, alone[] = {{&weight, nullptr, one}};
            backend->matmul(filled(*backend, inputs, cols, x.data()), all);
            for (int64_t m = 0; m < inputs; ++m) {
                backend->matmul(filled(*backend, 1, cols, x.data() + m * cols), alone);
                QVERIFY(std::memcmp(one.data, out.row(m), rows * 4) == 0);
            }
        }
    }

    // One layer's worth of rope, append and attention over a conversation of 290 positions (two segments): in chunks of
    // any size, alone or beside another sequence, on any number of threads and every instruction set, bit for bit the
    // same.
    void attentionInAnyChunks_data() {
        QTest::addColumn<int>("kType");
        for (const DType type : {DType::F32, DType::F16, DType::Q8_0, DType::Q4_0})
            QTest::newRow(kernels::name(type).data()) << static_cast<int>(type);
    }
    void attentionInAnyChunks() {
        QFETCH(int, kType);
        constexpr int64_t total = 290, heads = 6, kvHeads = 2, dim = 32;
        const std::vector<float> q = randomFloats(total * heads * dim, 1), k = randomFloats(total * kvHeads * dim, 2),
                                 v = randomFloats(total * kvHeads * dim, 3);
        std::vector<int32_t> pages, otherPages;
        for (int32_t i = 0; i < 10; ++i) {
            pages.push_back(i * 7 % 10);
            otherPages.push_back(10 + i);
        }
        std::vector<float> first;
        for (const kernels::Isa isa : kernels::supportedIsas()) {
            for (const auto& [threads, chunk, neighbour] : std::initializer_list<std::tuple<int, int64_t, bool>>{
                     {1, total, false}, {2, 1, false}, {2, 64, true}, {3, 7, true}, {3, total, false}}) {
                const auto backend = makeBackend(threads, std::string(kernels::isaName(isa)));
                const auto kv = std::move(*backend->makeKv({.nLayers = 2,
                                                            .nKvHeads = kvHeads,
                                                            .headDimK = dim,
                                                            .headDimV = dim,
                                                            .kType = static_cast<DType>(kType),
                                                            .vType = static_cast<DType>(kType)},
                                                           20));
                std::vector<float> got;
                for (int64_t begin = 0; begin < total; begin += chunk) {
                    const int64_t n = std::min(chunk, total - begin);
                    // The neighbour is the same conversation in its own pages, one chunk of 5 at a time.
                    const int64_t beside = neighbour ? 5 : 0;
                    Step step =
                        neighbour ? stepOf({{0, beside, otherPages}, {begin, n, pages}}) : stepOf({{begin, n, pages}});
                    backend->beginStep(step, ropeParams(dim));
                    const auto rows = [&](const std::vector<float>& from, int64_t width) {
                        const Activations a = backend->scratch(beside + n, width);
                        std::memcpy(a.data, from.data(), static_cast<size_t>(beside * width) * 4);
                        std::memcpy(a.row(beside), from.data() + begin * width, static_cast<size_t>(n * width) * 4);
                        return a;
                    };
                    const Activations qs = rows(q, heads * dim), ks = rows(k, kvHeads * dim),
                                      vs = rows(v, kvHeads * dim);
                    backend->rope(qs, heads, dim);
                    backend->rope(ks, kvHeads, dim);
                    backend->kvAppend(*kv, 1, step, ks, vs);
                    const Activations out = backend->scratch(beside + n, heads * dim);
                    backend->attention(qs, *kv, 1, step, {heads, kvHeads, dim, dim, 0.2f, 0, 0}, out);
                    got.insert(got.end(), out.row(beside), out.row(beside) + n * heads * dim);
                }
                if (first.empty())
                    first = got;
                QVERIFY2(
                    got.size() == first.size() && std::memcmp(got.data(), first.data(), got.size() * 4) == 0,
                    qPrintable(
                        QString("%1 threads=%2 chunk=%3").arg(kernels::isaName(isa).data()).arg(threads).arg(chunk)));
            }
        }
        if (static_cast<DType>(kType) == DType::F32)
            checkAgainstDouble(q, k, v, first, total, heads, kvHeads, dim);
    }

    void smallOps() {
        const auto backend = makeBackend(2);
        for (const int64_t rows : {1, 3, 300}) {
            constexpr int64_t cols = 200;
            backend->beginStep(Step{}, RopeParams{});
            const std::vector<float> x = randomFloats(rows * cols, 1), y = randomFloats(rows * cols, 2),
                                     w = randomFloats(cols, 3), b = randomFloats(cols, 4);
            const Activations a = filled(*backend, rows, cols, x.data()), c = filled(*backend, rows, cols, y.data()),
                              norm = backend->scratch(rows, cols), layer = backend->scratch(rows, cols),
                              gated = backend->scratch(rows, cols);
            backend->rmsNorm(a, w, 1e-5f, norm);
            backend->layerNorm(a, w, b, 1e-5f, layer);
            backend->gatedActivation(a, c, kernels::Activation::Silu, gated);
            for (int64_t r = 0; r < rows; ++r) {
                double sum = 0, squares = 0;
                for (int64_t i = 0; i < cols; ++i) {
                    sum += a.row(r)[i];
                    squares += static_cast<double>(a.row(r)[i]) * a.row(r)[i];
                }
                const double mean = sum / cols, variance = squares / cols - mean * mean;
                for (int64_t i = 0; i < cols; ++i) {
                    const double v = a.row(r)[i];
                    const auto column = static_cast<size_t>(i);
                    QVERIFY(std::fabs(norm.row(r)[i] - v / std::sqrt(squares / cols + 1e-5) * w[column]) < 1e-5);
                    QVERIFY(std::fabs(layer.row(r)[i] -
                                      ((v - mean) / std::sqrt(variance + 1e-5) * w[column] + b[column])) < 1e-5);
                    QVERIFY(std::fabs(gated.row(r)[i] - v / (1 + std::exp(-v)) * c.row(r)[i]) < 1e-5);
                }
            }
            backend->add(a, c);
            backend->scale(c, 0.5f);
            for (size_t i = 0; i < x.size(); ++i)
                QCOMPARE(c.data[i], (x[i] + y[i]) * 0.5f);
            backend->activation(c, kernels::Activation::Relu);
            for (size_t i = 0; i < x.size(); ++i)
                QCOMPARE(c.data[i], std::max((x[i] + y[i]) * 0.5f, 0.0f));
            const int64_t wanted[] = {rows - 1, 0};
            const Activations picked = backend->scratch(2, cols);
            backend->gatherRows(a, wanted, picked);
            QVERIFY(std::memcmp(picked.row(0), a.row(rows - 1), cols * 4) == 0);
            QVERIFY(std::memcmp(picked.row(1), a.row(0), cols * 4) == 0);
        }
    }

    void embed() {
        const auto backend = makeBackend(1);
        for (const DType type : {DType::F32, DType::F16, DType::Q8_0, DType::Q4_K}) {
            const RandomTensor table(type, 10, 256, 1);
            const Weight w = table.weight(*backend);
            backend->beginStep(Step{}, RopeParams{});
            const int32_t ids[] = {3, 9, 0, 3, 10, -1};
            const Activations out = backend->scratch(6, 256);
            backend->embed(w, ids, out);
            for (int i = 0; i < 4; ++i)
                QVERIFY(std::memcmp(out.row(i), table.values.data() + ids[i] * 256, 256 * 4) == 0);
            for (int i = 4; i < 6; ++i)  // ids outside the table
                for (int c = 0; c < 256; ++c)
                    QCOMPARE(out.row(i)[c], 0.0f);
        }
    }

    void refusals() {
        const auto backend = makeBackend(1);
        for (const DType type : {DType::F64, DType::I8, DType::I16, DType::I32, DType::I64}) {
            TensorInfo info;
            info.name = "blk.3.odd.weight";
            info.dtype = type;
            info.rank = 2;
            const auto w = backend->makeWeight(info, nullptr);
            QVERIFY(!w);
            QCOMPARE(w.error().code, ErrorCode::Unsupported);
            QVERIFY(w.error().message.find("blk.3.odd.weight") != std::string::npos);
            QVERIFY(w.error().message.find(kernels::name(type)) != std::string::npos);
        }
        RandomTensor w(DType::Q4_0, 4, 64, 1);
        w.info.sizeBytes -= 18;
        QCOMPARE(backend->makeWeight(w.info, nullptr).error().code, ErrorCode::FileDamaged);
        w.info.rank = 3;
        QCOMPARE(backend->makeWeight(w.info, nullptr).error().code, ErrorCode::Unsupported);

        KvShape shape{.nLayers = 1, .nKvHeads = 1, .headDimK = 24, .headDimV = 32};
        QVERIFY(backend->makeKv(shape, 2));
        shape.kType = DType::Q8_0;
        QCOMPARE(backend->makeKv(shape, 2).error().code, ErrorCode::Unsupported);  // 24 is no multiple of 32
        shape.kType = DType::Q4_K;
        QCOMPARE(backend->makeKv(shape, 2).error().code, ErrorCode::Unsupported);
        shape.kType = DType::F16;
        QCOMPARE(backend->makeKv(shape, 0).error().code, ErrorCode::InvalidRequest);
        QCOMPARE(backend->makeKv(shape, 1'000'000'000'000).error().code, ErrorCode::InvalidRequest);
        QCOMPARE(backend->reserve(int64_t{1} << 60).error().code, ErrorCode::OutOfMemory);
        QCOMPARE(makeCpuBackend({.isa = "sse9"}).error().code, ErrorCode::InvalidRequest);
    }

    void scratchGrowsAndIsReused() {
        const auto backend = makeBackend(1);
        QVERIFY(backend->reserve(1000));
        backend->beginStep(Step{}, RopeParams{});
        const Activations a = backend->scratch(10, 10), b = backend->scratch(3, 1'000'000), c = backend->scratch(1, 1);
        for (const Activations& each : {a, b, c}) {
            QCOMPARE(reinterpret_cast<uintptr_t>(each.data) % 64, uintptr_t{0});
            std::fill_n(each.data, each.rows * each.cols, 1.0f);
        }
        backend->beginStep(Step{}, RopeParams{});
        const float* first = backend->scratch(10, 10).data;
        (void)backend->scratch(3, 1'000'000);
        backend->beginStep(Step{}, RopeParams{});
        QCOMPARE(backend->scratch(10, 10).data, first);
    }

  private:
    static void checkAgainstDouble(const std::vector<float>& q, const std::vector<float>& k,
                                   const std::vector<float>& v, const std::vector<float>& got, int64_t total,
                                   int64_t heads, int64_t kvHeads, int64_t dim) {
        const auto rotated = [&](const std::vector<float>& x, int64_t row, int64_t nHeads, int64_t head) {
            std::vector<double> out(static_cast<size_t>(dim));
            const float* from = x.data() + (row * nHeads + head) * dim;
            const RopeParams rope = ropeParams(dim);
            for (int64_t i = 0; i < dim / 2; ++i) {
                const double angle = static_cast<double>(row) * rope.inverseFrequency[static_cast<size_t>(i)];
                out[static_cast<size_t>(2 * i)] = from[2 * i] * std::cos(angle) - from[2 * i + 1] * std::sin(angle);
                out[static_cast<size_t>(2 * i + 1)] = from[2 * i + 1] * std::cos(angle) + from[2 * i] * std::sin(angle);
            }
            return out;
        };
        for (const int64_t row : {int64_t{0}, int64_t{31}, int64_t{260}, total - 1}) {
            for (int64_t head = 0; head < heads; ++head) {
                const int64_t kvHead = head / (heads / kvHeads);
                const std::vector<double> query = rotated(q, row, heads, head);
                std::vector<double> out(static_cast<size_t>(dim));
                double sum = 0;
                for (int64_t p = 0; p <= row; ++p) {
                    const std::vector<double> key = rotated(k, p, kvHeads, kvHead);
                    double score = 0;
                    for (int64_t d = 0; d < dim; ++d)
                        score += query[static_cast<size_t>(d)] * key[static_cast<size_t>(d)];
                    const double e = std::exp(0.2 * score);
                    sum += e;
                    for (int64_t d = 0; d < dim; ++d)
                        out[static_cast<size_t>(d)] += e * v[static_cast<size_t>((p * kvHeads + kvHead) * dim + d)];
                }
                for (int64_t d = 0; d < dim; ++d)
                    QVERIFY(std::fabs(got[static_cast<size_t>((row * heads + head) * dim + d)] -
                                      out[static_cast<size_t>(d)] / sum) < 2e-5);
            }
        }
    }
};

QTEST_APPLESS_MAIN(TstCpuBackend)
#include "tst_cpu_backend.moc"
