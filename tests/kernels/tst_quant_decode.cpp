#include <QtTest>
#include <cmath>

#include "kernels/cpu/cpu_kernels.h"
#include "kernels/quant/q4_0.h"
#include "kernels/quant/q4_1.h"
#include "kernels/quant/q8_0.h"
#include "tests/kernels/quant_cases.h"

using namespace kernels;
using namespace tests;

namespace {

template <typename Format>
std::vector<uint8_t> encoded(const std::vector<float>& x) {
    std::vector<uint8_t> out;
    for (size_t i = 0; i < x.size(); i += 32) {
        typename Format::Block b;
        Format::encode(x.data() + i, b);
        const auto* bytes = reinterpret_cast<const uint8_t*>(&b);
        out.insert(out.end(), bytes, bytes + sizeof b);
    }
    return out;
}

}  // namespace

class TestQuantDecode : public QObject {
    Q_OBJECT

  private slots:
    // Hashes of what the format's own definition gives (tests/data/make_quant_goldens.py).
    void goldens_data() {
        QTest::addColumn<QString>("what");
        QTest::addColumn<QString>("type");
        QTest::addColumn<int>("nBlocks");
        QTest::addColumn<qulonglong>("hash");
        QFile file(QStringLiteral(TESSERA_TEST_DATA "/quant_goldens.txt"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        while (!file.atEnd()) {
            const QStringList words = QString::fromLatin1(file.readLine()).trimmed().split(' ');
            QCOMPARE(words.size(), 4);
            QTest::addRow("%s/%s", qPrintable(words[0]), qPrintable(words[1]))
                << words[0] << words[1] << words[2].toInt() << words[3].toULongLong(nullptr, 16);
        }
    }
    void goldens() {
        QFETCH(QString, what);
        QFETCH(QString, type);
        QFETCH(int, nBlocks);
        QFETCH(qulonglong, hash);
        const std::optional<DType> dtype = dtypeFromName(type.toStdString());
        QVERIFY(dtype);
        const int64_t elements = int64_t{nBlocks} * info(*dtype).blockElements;
        if (what == "decode") {
            const std::vector<std::byte> blocks = randomBlocks(*dtype, nBlocks, 1);
            std::vector<float> out(static_cast<size_t>(elements));
            selectKernels().quant.decode[static_cast<size_t>(*dtype)](blocks.data(), elements, out.data());
            QCOMPARE(qulonglong{fnv1a(out.data(), out.size() * sizeof(float))}, hash);
        } else {
            const std::vector<float> x = randomFloats(elements, 2);
            const std::vector<uint8_t> bytes = *dtype == DType::Q4_0   ? encoded<Q4_0>(x)
                                               : *dtype == DType::Q4_1 ? encoded<Q4_1>(x)
                                                                       : encoded<Q8_0>(x);
            QCOMPARE(qulonglong{fnv1a(bytes.data(), bytes.size())}, hash);
        }
    }

    void goldensCoverEveryType() {
        QFile file(QStringLiteral(TESSERA_TEST_DATA "/quant_goldens.txt"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray text = file.readAll();
        for (DType dtype : quantizedTypes())
            QVERIFY2(text.contains("decode " + QByteArray(name(dtype).data()) + ' '), name(dtype).data());
    }

    void everyTypeHasADecoder() {
        for (const DTypeInfo& row : dtypeTable) {
            const auto decode = selectKernels(Isa::Scalar).quant.decode[static_cast<size_t>(row.dtype)];
            QVERIFY(decode);
            const std::vector<std::byte> zeros(static_cast<size_t>(row.blockBytes) + 1);
            std::vector<float> out(static_cast<size_t>(row.blockElements), 1.0f);
            decode(zeros.data() + 1, row.blockElements, out.data());  // at an odd address
            for (float f : out)
                QCOMPARE(f, 0.0f);
        }
    }

    void plainTypes() {
        const QuantKernels q = selectKernels().quant;
        const auto decode = [&q](DType t, const auto& v) {
            float f = 0;
            q.decode[static_cast<size_t>(t)](reinterpret_cast<const std::byte*>(&v), 1, &f);
            return f;
        };
        QCOMPARE(decode(DType::F32, 1.5f), 1.5f);
        QCOMPARE(decode(DType::F64, -2.25), -2.25f);
        QCOMPARE(decode(DType::F16, uint16_t{0xc000}), -2.0f);
        QCOMPARE(decode(DType::BF16, uint16_t{0x4049}), 3.140625f);
        QCOMPARE(decode(DType::I8, int8_t{-128}), -128.0f);
        QCOMPARE(decode(DType::I16, int16_t{-300}), -300.0f);
        QCOMPARE(decode(DType::I32, int32_t{1 << 20}), 1048576.0f);
        QCOMPARE(decode(DType::I64, int64_t{-7}), -7.0f);
    }

    // Encoders: half a step, and the rounding of the scale to a half, is the largest error; zeros and values that are
    // no numbers are harmless.
    void encodersRoundToNearest() {
        const std::vector<float> x = randomFloats(32 * 64, 7);
        const QuantKernels q = selectKernels().quant;
        const auto check = [&](DType t, const std::vector<uint8_t>& bytes, float steps) {
            std::vector<float> back(x.size());
            q.decode[static_cast<size_t>(t)](reinterpret_cast<const std::byte*>(bytes.data()),
                                             static_cast<int64_t>(x.size()), back.data());
            for (size_t i = 0; i < x.size(); ++i)
                QVERIFY2(std::abs(back[i] - x[i]) <= 8.0f / steps * 1.01f + 8.0f / 1024,
                         qPrintable(QString::number(i)));
        };
        check(DType::Q8_0, encoded<Q8_0>(x), 2 * 127);
        check(DType::Q4_0, encoded<Q4_0>(x), 8);  // the far end of the range has no level of its own
        check(DType::Q4_1, encoded<Q4_1>(x), 15);
        const std::vector<float> zeros(32);
        for (uint8_t b : encoded<Q8_0>(zeros))
            QCOMPARE(b, uint8_t{0});
        std::vector<float> bad(32, NAN);
        bad[3] = INFINITY;
        encoded<Q8_0>(bad);
        encoded<Q4_0>(bad);
        encoded<Q4_1>(bad);
    }
};

QTEST_APPLESS_MAIN(TestQuantDecode)
#include "tst_quant_decode.moc"
