// SHA-256 against the vectors of FIPS 180-4 and its own pieces; XXH64 against those of its author.
#include <QTest>

#include "engine/io/hash.h"

using namespace engine;

class TstHash : public QObject {
    Q_OBJECT

  private slots:
    void vectors_data();
    void vectors();
    void piecesDoNotMatter();
    void checksum();
};

static std::span<const std::byte> bytes(const std::string& text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

void TstHash::vectors_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("digest");
    QTest::newRow("empty") << QByteArray() << "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    QTest::newRow("abc") << QByteArray("abc") << "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    QTest::newRow("two blocks") << QByteArray("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                                << "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
    QTest::newRow("a million a") << QByteArray(1'000'000, 'a')
                                 << "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
}

void TstHash::vectors() {
    QFETCH(QByteArray, text);
    QFETCH(QString, digest);
    QCOMPARE(QString::fromStdString(sha256Hex(bytes(text.toStdString()))), digest);
}

void TstHash::checksum() {
    QCOMPARE(xxHash64({}, 0), uint64_t{0xEF46DB3751D8E999});
    QCOMPARE(xxHash64(bytes("a"), 0), uint64_t{0xD24EC4F1A98C6E5B});
    QCOMPARE(xxHash64(bytes("abc"), 0), uint64_t{0x44BC2CF5AD770999});
    QCOMPARE(xxHash64(bytes("Nobody inspects the spammish repetition"), 0), uint64_t{0xFBCEA83C8A378BF1});
    QVERIFY(xxHash64(bytes("abc"), 1) != xxHash64(bytes("abc"), 0));
}

void TstHash::piecesDoNotMatter() {
    std::string text;
    for (int i = 0; i < 300; ++i)
        text += static_cast<char>(i * 31);
    for (size_t length = 0; length <= text.size(); ++length) {
        const std::string whole = sha256Hex(bytes(text.substr(0, length)));
        Sha256 hash;
        for (size_t at = 0; at < length; at += 1 + at % 67)
            hash.update(bytes(text).subspan(at, std::min(1 + at % 67, length - at)));
        QCOMPARE(hash.hexDigest(), whole);
    }
}

QTEST_APPLESS_MAIN(TstHash)
#include "tst_hash.moc"
