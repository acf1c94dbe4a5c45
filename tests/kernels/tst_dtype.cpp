#include <QtTest>
#include <cmath>
#include <limits>

#include "kernels/dtype.h"
#include "kernels/quant/half.h"

using namespace kernels;

class TestDType : public QObject {
    Q_OBJECT

  private slots:
    void tableIsConsistent() {
        for (const DTypeInfo& row : dtypeTable) {
            QVERIFY(dtypeFromGgml(row.ggmlType) == row.dtype);
            QVERIFY(dtypeFromName(row.name) == row.dtype);
            QCOMPARE(row.quantized, row.blockElements > 1);
            QCOMPARE(rowBytes(row.dtype, 3 * int64_t{row.blockElements}), 3 * int64_t{row.blockBytes});
        }
        QVERIFY(!dtypeFromGgml(9999));
        QVERIFY(!dtypeFromName("Q9_9"));
    }

    // Every half goes to the float of the same value, computed here by powers of two, and back.
    void everyHalf() {
        for (uint32_t h = 0; h < 0x10000; ++h) {
            const int exponent = (h >> 10) & 31;
            const int mantissa = h & 1023;
            const float f = halfToFloat(static_cast<uint16_t>(h));
            if (exponent == 31 && mantissa != 0) {
                QVERIFY(std::isnan(f));
                QVERIFY(std::isnan(halfToFloat(floatToHalf(f))));
                continue;
            }
            const double magnitude = exponent == 31  ? std::numeric_limits<double>::infinity()
                                     : exponent == 0 ? std::ldexp(mantissa, -24)
                                                     : std::ldexp(1024 + mantissa, exponent - 25);
            QCOMPARE(static_cast<double>(f), (h & 0x8000) ? -magnitude : magnitude);
            QCOMPARE(std::signbit(f), (h & 0x8000) != 0);
            QCOMPARE(floatToHalf(f), static_cast<uint16_t>(h));
        }
    }

    // Between two neighbouring halves: below the middle down, above it up, the middle to the even one.
    void halfRounding() {
        for (uint32_t h = 0; h < 0x7bff; ++h) {
            const double low = halfToFloat(static_cast<uint16_t>(h)), high = halfToFloat(static_cast<uint16_t>(h + 1));
            const float middle = static_cast<float>((low + high) / 2);
            QCOMPARE(floatToHalf(middle), static_cast<uint16_t>(h + (h & 1)));
            QCOMPARE(floatToHalf(std::nextafter(middle, 0.0f)), static_cast<uint16_t>(h));
            QCOMPARE(floatToHalf(std::nextafter(middle, 1e9f)), static_cast<uint16_t>(h + 1));
            QCOMPARE(floatToHalf(-middle), static_cast<uint16_t>(0x8000 | (h + (h & 1))));
        }
        QCOMPARE(floatToHalf(65519.996f), uint16_t{0x7bff});
        QCOMPARE(floatToHalf(65520.0f), uint16_t{0x7c00});
        QCOMPARE(floatToHalf(3e38f), uint16_t{0x7c00});
        QCOMPARE(floatToHalf(-std::numeric_limits<float>::infinity()), uint16_t{0xfc00});
        QCOMPARE(floatToHalf(1e-9f), uint16_t{0});
        QVERIFY(std::isnan(halfToFloat(floatToHalf(floatOfBits(0x7f800001u)))));
    }

    void bf16() {
        QCOMPARE(bf16ToFloat(0x3f80), 1.0f);
        QCOMPARE(floatToBf16(1.0f), uint16_t{0x3f80});
        QCOMPARE(floatToBf16(floatOfBits(0x3f808000u)), uint16_t{0x3f80});  // a tie, to even
        QCOMPARE(floatToBf16(floatOfBits(0x3f818000u)), uint16_t{0x3f82});
        QCOMPARE(floatToBf16(floatOfBits(0x3f808001u)), uint16_t{0x3f81});
        QVERIFY(std::isnan(bf16ToFloat(floatToBf16(floatOfBits(0x7f800001u)))));
        QVERIFY(std::isinf(bf16ToFloat(floatToBf16(std::numeric_limits<float>::max()))));
    }

    void e8m0() {
        for (int e = 0; e < 256; ++e)
            QCOMPARE(static_cast<double>(e8m0HalfToFloat(static_cast<uint8_t>(e))), std::ldexp(1.0, e - 128));
    }
};

QTEST_APPLESS_MAIN(TestDType)
#include "tst_dtype.moc"
