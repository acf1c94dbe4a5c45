// Attention over pages: against double precision for every cache type and instruction set; equal bits for any cut into
// rows, heads and segments; keys that a row does not see contribute nothing, whatever they hold.
#include "tests/kernels/float_cases.h"

using kernels::AttentionWork;
using kernels::DType;

namespace {

struct Case {
    int64_t keys, rows, heads, headDim, headDimV, pageTokens, window;
    float softcap;
    DType kType, vType;
};

// A sequence of `keys` positions in shuffled pages; its last `rows` positions are queries.
struct Sequence {
    Case c;
    std::vector<float> q;
    std::vector<std::byte> k, v;
    std::vector<int32_t> pages;
    std::vector<double> keys, values;  // as decoded from the cache

    explicit Sequence(const Case& which) : c(which) {
        const kernels::CpuKernels scalar = kernels::selectKernels(kernels::Isa::Scalar);
        std::mt19937 random(5);
        std::normal_distribution<float> normal;
        const int64_t nPages = (c.keys + c.pageTokens - 1) / c.pageTokens;
        for (int64_t i = 0; i < nPages; ++i)
            pages.push_back(static_cast<int32_t>(i));
        std::shuffle(pages.begin(), pages.end(), random);
        for (int64_t i = 0; i < c.rows * c.heads * c.headDim; ++i)
            q.push_back(2 * normal(random));
        const auto fill = [&](DType type, int64_t dim, bool keysToo, std::vector<std::byte>& bytes,
                              std::vector<double>& decoded) {
            const int64_t rowBytes = kernels::rowBytes(type, dim);
            std::vector<std::byte> encoded(static_cast<size_t>(rowBytes));
            // What no position has written is NaN in every format.
            bytes.assign(static_cast<size_t>(nPages * c.pageTokens * rowBytes), std::byte{0xff});
            std::vector<float> row(static_cast<size_t>(dim)), back(row.size());
            for (int64_t p = 0; p < c.keys; ++p) {
                for (float& x : row)
                    x = normal(random);
                scalar.flt.encodeRows(type, row.data(), 1, dim, dim, encoded.data(), rowBytes);
                if (keysToo)
                    storeKey(scalar.flt, type, row.data(), dim, p, bytes);
                else
                    std::memcpy(bytes.data() + slot(p) * rowBytes, encoded.data(), encoded.size());
                if (type == DType::F32)
                    std::memcpy(back.data(), encoded.data(), row.size() * 4);
                else
                    scalar.quant.decode[static_cast<size_t>(type)](encoded.data(), dim, back.data());
                decoded.insert(decoded.end(), back.begin(), back.end());
            }
        };
        fill(c.kType, c.headDim, true, k, keys);
        fill(c.vType, c.headDimV, false, v, values);
    }
    void storeKey(const kernels::FloatKernels& flt, DType type, const float* key, int64_t dim, int64_t p,
                  std::vector<std::byte>& bytes) const {
        const int64_t inGroup = slot(p) % kernels::keyGroupTokens;
        flt.storeKey(type, key, dim, bytes.data() + (slot(p) - inGroup) * kernels::rowBytes(type, dim), inGroup);
    }
    int64_t slot(int64_t p) const {
        return pages[static_cast<size_t>(p / c.pageTokens)] * c.pageTokens + p % c.pageTokens;
    }

    // rowsPerCall and headsPerCall cut the work; segmentsPerCall > 0: through partial results.
    std::vector<float> run(const FloatTable& table, int64_t rowsPerCall, int64_t headsPerCall,
                           int64_t segmentsPerCall) const {
        std::vector<float> out(static_cast<size_t>(c.rows * c.heads * c.headDimV));
        std::vector<std::byte> memory(
            static_cast<size_t>(kernels::attentionScratchBytes(c.headDim, c.headDimV, headsPerCall, rowsPerCall)) + 64);
        for (int64_t row = 0; row < c.rows; row += rowsPerCall) {
            for (int64_t head = 0; head < c.heads; head += headsPerCall) {
                AttentionWork w{};
                w.q = q.data() + (row * c.heads + head) * c.headDim;
                w.qStride = c.heads * c.headDim;
                w.nRows = std::min(rowsPerCall, c.rows - row);
                w.nGroupHeads = std::min(headsPerCall, c.heads - head);
                w.headDim = c.headDim;
                w.headDimV = c.headDimV;
                w.firstPosition = c.keys - c.rows + row;
                w.kType = c.kType;
                w.vType = c.vType;
                w.kBase = k.data();
                w.vBase = v.data();
                w.kPageStride = c.pageTokens * kernels::rowBytes(c.kType, c.headDim);
                w.vPageStride = c.pageTokens * kernels::rowBytes(c.vType, c.headDimV);
                w.pages = pages.data();
                w.pageTokens = c.pageTokens;
                w.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(c.headDim)));
                w.softcap = c.softcap;
                w.window = c.window;
                const int64_t end = (w.firstPosition + w.nRows - 1) / kernels::attentionSegment + 1;
                w.segmentEnd = end;
                w.out = out.data() + (row * c.heads + head) * c.headDimV;
                w.outStride = c.heads * c.headDimV;
                w.scratch = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64);
                if (segmentsPerCall == 0) {
                    table.flt.attention(w);
                    continue;
                }
                const int64_t size = kernels::attentionPartialFloats(w.nRows * w.nGroupHeads, c.headDimV);
                std::vector<float> partials(static_cast<size_t>(size * end));
                for (int64_t s = (end - 1) / segmentsPerCall * segmentsPerCall; s >= 0; s -= segmentsPerCall) {
                    w.segmentBegin = s;
                    w.segmentEnd = std::min(s + segmentsPerCall, end);
                    w.partials = partials.data() + s * size;
                    table.flt.attention(w);
                }
                w.segmentBegin = 0;
                w.segmentEnd = end;
                w.partials = partials.data();
                table.flt.mergeAttention(w);
            }
        }
        return out;
    }

    std::vector<double> exact() const {
        std::vector<double> out;
        for (int64_t row = 0; row < c.rows; ++row) {
            const int64_t position = c.keys - c.rows + row;
            const int64_t oldest = c.window > 0 ? std::max<int64_t>(position + 1 - c.window, 0) : 0;
            for (int64_t head = 0; head < c.heads; ++head) {
                std::vector<double> e;
                double largest = -INFINITY, sum = 0;
                for (int64_t p = oldest; p <= position; ++p) {
                    double score = 0;
                    for (int64_t d = 0; d < c.headDim; ++d)
                        score += static_cast<double>(q[static_cast<size_t>((row * c.heads + head) * c.headDim + d)]) *
                                 keys[static_cast<size_t>(p * c.headDim + d)];
                    score /= std::sqrt(static_cast<double>(c.headDim));
                    e.push_back(c.softcap > 0 ? c.softcap * std::tanh(score / c.softcap) : score);
                    largest = std::max(largest, e.back());
                }
                for (double& x : e)
                    sum += x = std::exp(x - largest);
                for (int64_t d = 0; d < c.headDimV; ++d) {
                    double total = 0;
                    for (int64_t p = oldest; p <= position; ++p)
                        total += e[static_cast<size_t>(p - oldest)] * values[static_cast<size_t>(p * c.headDimV + d)];
                    out.push_back(total / sum);
                }
            }
        }
        return out;
    }
};

bool sameBits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * 4) == 0;
}

}  // namespace

class TstFloatAttention : public QObject {
    Q_OBJECT

  private slots:
    void matchesDouble_data() {
        QTest::addColumn<int>("index");
        for (size_t i = 0; i < cases().size(); ++i) {
            const Case& c = cases()[i];
            QTest::addRow("%s/%s keys=%lld rows=%lld heads=%lld dim=%lld/%lld page=%lld window=%lld cap=%g",
                          kernels::name(c.kType).data(), kernels::name(c.vType).data(), (long long)c.keys,
                          (long long)c.rows, (long long)c.heads, (long long)c.headDim, (long long)c.headDimV,
                          (long long)c.pageTokens, (long long)c.window, static_cast<double>(c.softcap))
                << static_cast<int>(i);
        }
    }

    static const std::vector<Case>& cases() {
        using enum DType;
        static const std::vector<Case> all = {
            {1, 1, 1, 16, 16, 32, 0, 0, F32, F32},      {40, 40, 3, 64, 64, 32, 0, 0, F16, F16},
            {257, 20, 3, 64, 64, 32, 0, 0, F16, F16},   {600, 3, 1, 64, 64, 16, 0, 0, F16, F32},
            {530, 9, 4, 80, 80, 32, 0, 0, F16, F16},    {300, 5, 2, 24, 40, 48, 0, 0, F32, F16},
            {700, 33, 2, 32, 32, 64, 100, 0, F16, F16}, {290, 12, 5, 128, 64, 32, 0, 30.0f, F16, F16},
            {530, 10, 3, 64, 64, 32, 0, 0, Q8_0, Q8_0}, {300, 2, 8, 64, 96, 32, 270, 0, Q8_0, Q4_0},
            {260, 4, 1, 64, 64, 32, 0, 0, Q4_0, F16},   {1100, 1, 7, 64, 64, 32, 0, 0, F16, F16},
            {277, 1, 2, 64, 64, 32, 0, 0, F16, F16},    {277, 1, 4, 128, 128, 16, 40, 0, F16, Q8_0},
        };
        return all;
    }

    // A damaged model must not talk on: what is not a number stays so, for the head and the row that it belongs to.
    void notANumberStaysSo_data() {
        QTest::addColumn<float>("value");
        QTest::addColumn<float>("softcap");
        const float nan = std::numeric_limits<float>::quiet_NaN();
        QTest::addRow("nan") << nan << 0.0f;
        QTest::addRow("nan, capped") << nan << 30.0f;
        QTest::addRow("infinity") << std::numeric_limits<float>::infinity() << 0.0f;
    }
    void notANumberStaysSo() {
        QFETCH(float, value);
        QFETCH(float, softcap);
        Sequence s({600, 3, 2, 16, 16, 32, 0, softcap, DType::F16, DType::F16});
        s.q[static_cast<size_t>((1 * s.c.heads + 1) * s.c.headDim)] = value;  // row 1, head 1
        for (const FloatTable& table : floatTables())
            for (const int64_t segments : {0, 1}) {
                const std::vector<float> out = s.run(table, s.c.rows, s.c.heads, segments);
                for (int64_t i = 0; i < std::ssize(out); ++i)
                    QVERIFY2(std::isnan(out[static_cast<size_t>(i)]) == (i / s.c.headDimV == 3),
                             qPrintable(QString("%1: [%2] is %3")
                                            .arg(table.name.c_str())
                                            .arg(i)
                                            .arg(static_cast<double>(out[static_cast<size_t>(i)]))));
            }
    }

    void matchesDouble() {
        QFETCH(int, index);
        const Sequence s(cases()[static_cast<size_t>(index)]);
        const std::vector<double> want = s.exact();
        std::vector<float> first;
        for (const FloatTable& table : floatTables()) {
            const int64_t most = std::min<int64_t>(s.c.rows, kernels::attentionMaxRows);
            const std::vector<float> whole = s.run(table, most, s.c.heads, 0);
            for (size_t i = 0; i < want.size(); ++i)
                QVERIFY2(std::fabs(whole[i] - want[i]) <= 4e-6, qPrintable(QString("%1: [%2] is %3, expected %4")
                                                                               .arg(table.name.c_str())
                                                                               .arg(i)
                                                                               .arg(whole[i])
                                                                               .arg(want[i])));
            if (first.empty())
                first = whole;
            QVERIFY2(sameBits(whole, first), table.name.c_str());
            for (const auto& [rows, heads, segments] :
                 std::initializer_list<std::tuple<int64_t, int64_t, int64_t>>{{1, s.c.heads, 0},
                                                                              {1, 1, 0},
                                                                              {3, s.c.heads, 0},
                                                                              {most, 1, 0},
                                                                              {1, s.c.heads, 1},
                                                                              {most, s.c.heads, 1},
                                                                              {2, 2, 2}})
                QVERIFY2(sameBits(s.run(table, rows, heads, segments), first),
                         qPrintable(QString("%1: rows %2, heads %3, segments %4")
                                        .arg(table.name.c_str())
                                        .arg(rows)
                                        .arg(heads)
                                        .arg(segments)));
        }
    }

    // Every instruction set stores a key in the same bytes, and touches no other slot.
    void storesKeys() {
        std::vector<float> key(96);
        for (size_t i = 0; i < key.size(); ++i)
            key[i] = static_cast<float>(i) * 0.37f - 11;
        for (const DType type : {DType::F32, DType::F16, DType::Q8_0, DType::Q4_0}) {
            std::vector<std::byte> first;
            for (const FloatTable& table : floatTables()) {
                std::vector<std::byte> group(static_cast<size_t>(16 * kernels::rowBytes(type, 96)), std::byte{0x5a});
                table.flt.storeKey(type, key.data(), 96, group.data(), 5);
                const auto untouched = std::count(group.begin(), group.end(), std::byte{0x5a});
                QVERIFY(untouched >= static_cast<qsizetype>(15 * kernels::rowBytes(type, 96)));
                if (first.empty())
                    first = group;
                QVERIFY2(group == first, table.name.c_str());
            }
        }
    }

    // The keys and values of later rows of the same chunk, and what lies behind them, may hold anything.
    void unseenKeysContributeNothing() {
        for (const FloatTable& table : floatTables()) {
            Sequence s({100, 8, 3, 64, 64, 32, 0, 0, DType::F16, DType::F16});
            const std::vector<float> before = s.run(table, 8, 3, 0);
            const int64_t rowBytes = 128;
            const std::vector<float> notNumbers(64, NAN);
            for (int64_t p = 96; p < 100; ++p) {
                s.storeKey(table.flt, DType::F16, notNumbers.data(), 64, p, s.k);
                std::memset(s.v.data() + s.slot(p) * rowBytes, 0x7e, rowBytes);
            }
            const std::vector<float> after = s.run(table, 8, 3, 0);
            const size_t seen = 4 * 3 * 64;  // rows at positions 92 .. 95
            QVERIFY2(std::memcmp(before.data(), after.data(), seen * 4) == 0, table.name.c_str());
            QVERIFY(std::isnan(after[seen]));
        }
    }
};

QTEST_APPLESS_MAIN(TstFloatAttention)
#include "tst_float_attention.moc"
