// Character classes, case and accents, and the UTF-8 reader.
#include <QTest>

#include "engine/text/unicode.h"

using namespace engine;

namespace {

std::u32string lowerOf(uint32_t c) {
    std::u32string out;
    appendLower(out, c);
    return out;
}
std::u32string plainOf(uint32_t c) {
    std::u32string out;
    appendPlain(out, c);
    return out;
}

}  // namespace

class TestUnicode : public QObject {
    Q_OBJECT
  private slots:
    void classes_data() {
        QTest::addColumn<uint>("codepoint");
        QTest::addColumn<uint>("expected");
        const auto row = [](const char* name, uint codepoint, uint expected) {
            QTest::newRow(name) << codepoint << (expected | ClassAny);
        };
        row("A", 'A', ClassUpper);
        row("sharp s", 0xDF, ClassLower);
        row("dz with caron, title case", 0x1C5, ClassTitle);
        row("modifier h", 0x2B0, ClassModifier);
        row("ideograph", 0x4E2D, ClassOtherLetter);
        row("last ideograph of a block", 0x9FFF, ClassOtherLetter);
        row("Hangul", 0xD55C, ClassOtherLetter);
        row("combining acute", 0x301, ClassMark | ClassNonspacing);
        row("Devanagari vowel sign", 0x93F, ClassMark);
        row("Arabic digit", 0x663, ClassNumber | ClassDigit);
        row("Roman numeral", 0x2167, ClassNumber);
        row("one half", 0xBD, ClassNumber);
        row("underscore", '_', ClassPunct | ClassConnector);
        row("guillemet", 0xAB, ClassPunct);
        row("euro", 0x20AC, ClassSymbol);
        row("emoji", 0x1F600, ClassSymbol);
        row("no-break space", 0xA0, ClassSpace);
        row("ideographic space", 0x3000, ClassSpace);
        row("line separator", 0x2028, ClassSpace);
        row("next line", 0x85, ClassSpace | ClassControl);
        row("line feed", '\n', ClassSpace | ClassControl | ClassNewline);
        row("vertical tab", 0x0B, ClassSpace | ClassControl);
        row("unit separator is no white space", 0x1F, ClassControl);
        row("zero width joiner", 0x200D, ClassControl);
        row("private use", 0xE000, ClassControl);
        row("unassigned", 0x378, 0);
        row("last code point", 0x10FFFF, 0);
    }
    void classes() {
        QFETCH(uint, codepoint);
        QFETCH(uint, expected);
        QCOMPARE(classesOf(codepoint), expected);
    }

    void asciiAgreesWithTheTable() {
        for (uint32_t c = 0; c < 128; ++c) {
            uint32_t big = CategoryClasses[static_cast<size_t>(UnicodeBlocks[UnicodeBlockIndex[0]][c] - 'A')];
            if (c == '\n' || c == '\r')
                big |= ClassNewline;
            QCOMPARE(AsciiClasses[c], big);
        }
    }

    void counts() {
        // Of Unicode 15.1: a shifted or cut table cannot keep these.
        QCOMPARE(QString(UnicodeVersion), QString("15.1.0"));
        int letters = 0, marks = 0, numbers = 0, spaces = 0;
        for (uint32_t c = 0; c <= 0x10FFFF; ++c) {
            const uint32_t classes = classesOf(c);
            letters += (classes & ClassLetter) != 0;
            marks += (classes & ClassMark) != 0;
            numbers += (classes & ClassNumber) != 0;
            spaces += (classes & ClassSpace) != 0;
        }
        QCOMPARE(letters, 136726);
        QCOMPARE(marks, 2450);
        QCOMPARE(numbers, 1831);
        QCOMPARE(spaces, 25);
    }

    void caseAndAccents() {
        QCOMPARE(lowerOf('A'), U"a");
        QCOMPARE(lowerOf('a'), U"a");
        QCOMPARE(lowerOf(0x416), U"ж");
        QCOMPARE(lowerOf(0x130), U"i\u0307");
        QCOMPARE(lowerOf(0x1E9E), U"ß");
        QCOMPARE(lowerOf(0x10400), U"𐐨");
        QCOMPARE(plainOf(0xE9), U"e");
        QCOMPARE(plainOf(0x1EA4), U"A");
        QCOMPARE(plainOf(0x212B), U"A");
        QCOMPARE(plainOf(0x301), U"");
        QCOMPARE(plainOf(0xF900), U"豈");
        QCOMPARE(plainOf(0xAC01), U"\u1100\u1161\u11A8");
        QCOMPARE(plainOf(0xAC00), U"\u1100\u1161");
        QCOMPARE(plainOf(0x4E2D), U"中");
    }

    void repair_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("expected");
        const QString bad(QChar(0xFFFD));
        QTest::newRow("plain") << QByteArray("abc") << "abc";
        QTest::newRow("all lengths") << QByteArray("a\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80")
                                     << QString::fromUtf8("aé中😀");
        QTest::newRow("lone continuation") << QByteArray("\x80z") << bad + "z";
        QTest::newRow("overlong zero") << QByteArray("\xC0\x80") << bad + bad;
        QTest::newRow("overlong slash of three") << QByteArray("\xE0\x80\xAF") << bad + bad + bad;
        QTest::newRow("surrogate") << QByteArray("\xED\xA0\x80") << bad + bad + bad;
        QTest::newRow("above the last") << QByteArray("\xF4\x90\x80\x80") << bad + bad + bad + bad;
        QTest::newRow("F5") << QByteArray("\xF5\x80") << bad + bad;
        QTest::newRow("cut after two of three") << QByteArray("\xE4\xB8") << bad;
        QTest::newRow("cut after three of four") << QByteArray("\xF0\x9F\x98") << bad;
        QTest::newRow("cut, then a letter") << QByteArray("\xF0\x9F\x98z") << bad + "z";
        QTest::newRow("two cut ones") << QByteArray("\xE4\xB8\xE4\xB8\xAD") << bad + QString::fromUtf8("中");
        // The example of the Unicode Standard, table 3-8.
        QTest::newRow("the standard's example") << QByteArray("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64")
                                                << "a" + bad + bad + bad + "b" + bad + "c" + bad + bad + "d";
        QTest::newRow("byte order mark and zero")
            << QByteArray("\xEF\xBB\xBF\0x", 5) << QString(QChar(0xFEFF)) + QChar(0) + "x";
    }
    void repair() {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, expected);
        const std::string out = toValidUtf8({bytes.data(), static_cast<size_t>(bytes.size())});
        QCOMPARE(QByteArray::fromStdString(out), expected.toUtf8());
    }

    void wholeOnes() {
        QCOMPARE(wholeCharacters("abc", 5), size_t{3});
        QCOMPARE(wholeCharacters("abc", 2), size_t{2});
        QCOMPARE(wholeCharacters("a中b", 3), size_t{1});
        QCOMPARE(wholeCharacters("a中b", 4), size_t{4});
        QCOMPARE(wholeCharacters("😀😀", 7), size_t{4});
        QCOMPARE(wholeCharacters("\x80\x80\x80\x80\x80\x80\x80", 5), size_t{5});
    }

    void everyCodePointGoesRound() {
        for (uint32_t c = 0; c <= 0x10FFFF; ++c) {
            if (c >= 0xD800 && c <= 0xDFFF)
                continue;
            std::string bytes;
            appendCharacter(bytes, c);
            const Utf8Char read = readUtf8(bytes.data(), bytes.data() + bytes.size());
            if (read.codepoint != c || read.length != bytes.size() || read.state != Utf8State::Valid)
                QFAIL(qPrintable(QString("U+%1").arg(c, 0, 16)));
        }
    }
};

QTEST_APPLESS_MAIN(TestUnicode)
#include "tst_unicode.moc"
