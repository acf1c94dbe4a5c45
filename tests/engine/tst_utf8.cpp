// What streams to the reader: whole characters only, and nothing of a stop string.
#include <QTest>
#include <random>

#include "engine/text/tokenizer.h"
#include "engine/text/unicode.h"

using namespace engine;

namespace {

// Feeds the bytes cut at the given places.
std::string streamed(const std::string& bytes, const std::vector<size_t>& cuts) {
    Utf8Stream stream;
    std::string out;
    size_t begin = 0;
    for (const size_t cut : cuts) {
        out += stream.push(std::string_view(bytes).substr(begin, cut - begin));
        begin = cut;
    }
    out += stream.push(std::string_view(bytes).substr(begin));
    return out + stream.finish();
}

struct Stopped {
    std::string text;
    bool stopped;
};
Stopped matched(const std::vector<std::string>& stops, const std::string& text, size_t chunk) {
    StopMatcher matcher(stops);
    Stopped result{"", false};
    for (size_t at = 0; at < text.size() && !result.stopped; at += chunk)
        result.text += matcher.push(std::string_view(text).substr(at, chunk), result.stopped);
    if (!result.stopped)
        result.text += matcher.finish();
    return result;
}

// The plain way: the earliest end of a stop string, of those the earliest beginning.
Stopped expectedStop(const std::vector<std::string>& stops, const std::string& text) {
    size_t bestEnd = std::string::npos, bestBegin = 0;
    for (const std::string& stop : stops) {
        if (stop.empty())
            continue;
        const size_t begin = text.find(stop);
        if (begin == std::string::npos)
            continue;
        const size_t end = begin + stop.size();
        if (end < bestEnd || (end == bestEnd && begin < bestBegin)) {
            bestEnd = end;
            bestBegin = begin;
        }
    }
    return bestEnd == std::string::npos ? Stopped{text, false} : Stopped{text.substr(0, bestBegin), true};
}

}  // namespace

class TestUtf8 : public QObject {
    Q_OBJECT
  private slots:
    void everyCut() {
        const std::string text =
            "aé中😀\xE4\xB8|\xF0\x9F\x98|\x80|\xC0\x80|\xED\xA0\x80|👨‍👩‍👧 end\xF0\x9F";
        const std::string expected = toValidUtf8(text);
        for (size_t a = 0; a <= text.size(); ++a) {
            for (size_t b = a; b <= text.size(); ++b)
                QCOMPARE(QByteArray::fromStdString(streamed(text, {a, b})), QByteArray::fromStdString(expected));
        }
    }

    void neverHalfACharacter() {
        std::mt19937 random(1);
        for (int round = 0; round < 2000; ++round) {
            Utf8Stream stream;
            std::string bytes, out;
            for (int i = 0; i < 20; ++i) {
                // Mostly leading and continuation bytes, so that unfinished characters are common.
                const char byte = static_cast<char>(random() % 4 == 0 ? random() % 256 : 0x80 + random() % 0x78);
                bytes += byte;
                const std::string shown = stream.push({&byte, 1});
                QVERIFY(toValidUtf8(shown) == shown);
                out += shown;
            }
            out += stream.finish();
            QCOMPARE(QByteArray::fromStdString(out), QByteArray::fromStdString(toValidUtf8(bytes)));
            QVERIFY(stream.finish().empty());
        }
    }

    void stops_data() {
        QTest::addColumn<QStringList>("stops");
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("shown");
        QTest::addColumn<bool>("stopped");
        QTest::newRow("none") << QStringList{} << "abc"
                              << "abc" << false;
        QTest::newRow("empty stop is left out") << QStringList{""} << "abc"
                                                << "abc" << false;
        QTest::newRow("in the middle") << QStringList{"bc"} << "abcd"
                                       << "a" << true;
        QTest::newRow("at once") << QStringList{"a"} << "abc"
                                 << "" << true;
        QTest::newRow("beginning that does not go on") << QStringList{"abcd"} << "xabcyabc"
                                                       << "xabcyabc" << false;
        QTest::newRow("falls back to a shorter beginning") << QStringList{"aab"} << "xaaab"
                                                           << "xa" << true;
        QTest::newRow("the one that ends first") << QStringList{"bcde", "cd"} << "abcdef"
                                                 << "ab" << true;
        QTest::newRow("same end: the longer one") << QStringList{"d", "bcd"} << "abcd"
                                                  << "a" << true;
        QTest::newRow("characters of several bytes") << QStringList{"終"} << "前終後"
                                                     << "前" << true;
        QTest::newRow("a beginning in half a character") << QStringList{"é!"} << "aéé"
                                                         << "aéé" << false;
        QTest::newRow("line") << QStringList{"\nUser:", "\n\n"} << "Hi\nUse it\nUser: x"
                              << "Hi\nUse it" << true;
    }
    void stops() {
        QFETCH(QStringList, stops);
        QFETCH(QString, text);
        QFETCH(QString, shown);
        QFETCH(bool, stopped);
        std::vector<std::string> list;
        for (const QString& stop : stops)
            list.push_back(stop.toStdString());
        for (const size_t chunk : {size_t{1}, size_t{2}, size_t{3}, size_t{100}}) {
            const Stopped got = matched(list, text.toStdString(), chunk);
            QCOMPARE(QString::fromStdString(got.text), shown);
            QCOMPARE(got.stopped, stopped);
        }
    }

    void stopsAgainstThePlainWay() {
        std::mt19937 random(2);
        const auto letters = [&](size_t count) {
            std::string text;
            for (size_t i = 0; i < count; ++i)
                text += static_cast<char>('a' + random() % 3);
            return text;
        };
        for (int round = 0; round < 3000; ++round) {
            std::vector<std::string> stops;
            for (size_t i = random() % 5; i > 0; --i)
                stops.push_back(letters(1 + random() % 6));
            const std::string text = letters(random() % 60);
            const Stopped want = expectedStop(stops, text);
            const Stopped got = matched(stops, text, 1 + random() % 5);
            QCOMPARE(QByteArray::fromStdString(got.text), QByteArray::fromStdString(want.text));
            QCOMPARE(got.stopped, want.stopped);
        }
    }

    void manyStops() {
        std::vector<std::string> stops;
        for (int i = 0; i < 100'000; ++i)
            stops.push_back("stop" + std::to_string(i) + "!");
        const Stopped got = matched(stops, "it will stop9 and stop99999 and stop31415! here", 7);
        QVERIFY(got.stopped);
        QCOMPARE(QString::fromStdString(got.text), QString("it will stop9 and stop99999 and "));
    }

    void afterTheStopNothing() {
        StopMatcher matcher({"x"});
        bool stopped = false;
        QCOMPARE(matcher.push("ax", stopped), std::string("a"));
        QVERIFY(stopped);
        stopped = false;
        QCOMPARE(matcher.push("more", stopped), std::string());
        QVERIFY(stopped);
        QCOMPARE(matcher.finish(), std::string());
    }
};

QTEST_APPLESS_MAIN(TestUtf8)
#include "tst_utf8.moc"
