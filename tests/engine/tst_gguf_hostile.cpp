// Every hostile file of the table is refused: with the right code, in a sentence that names the file, at once, and
// without an allocation larger than the file.
#include <QElapsedTimer>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <atomic>
#include <cstdlib>
#include <new>
#include <random>

#include "engine/io/gguf_reader.h"
#include "engine/io/model_file.h"
#include "tests/support/gguf_hostile.h"

namespace {
std::atomic<bool> counting{false};
std::atomic<size_t> largest{0};

void* counted(size_t size) {
    if (counting.load(std::memory_order_relaxed) && size > largest.load(std::memory_order_relaxed))
        largest = size;
    if (void* memory = std::malloc(size))
        return memory;
    throw std::bad_alloc();
}
}  // namespace

void* operator new(size_t size) {
    return counted(size);
}
void* operator new[](size_t size) {
    return counted(size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, size_t) noexcept {
    std::free(memory);
}

using namespace engine;

class TstGgufHostile : public QObject {
    Q_OBJECT

  private slots:
    void theValidFileOpens();
    void refuses_data();
    void refuses();
    void enoughRows();
    void anyChangedByteIsHarmless();

  private:
    QTemporaryDir m_dir;
};

static size_t smallestAllowance(size_t fileBytes) {
    return std::max<size_t>(fileBytes, 16 << 10);  // sentences, paths and fixed buffers need a little room
}

void TstGgufHostile::theValidFileOpens() {
    const std::string bytes = test::smallModel().build();
    QFile file(m_dir.filePath("good.gguf"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(bytes.data(), static_cast<qint64>(bytes.size()));
    file.close();
    const auto opened = ModelFile::open(file.fileName().toStdString());
    QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
    QCOMPARE((*opened)->tensors().size(), size_t{5});
    QVERIFY((*opened)->warnings().empty());
}

void TstGgufHostile::refuses_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("says");
    for (const test::HostileFile& file : test::hostileFiles())
        QTest::newRow(file.name.c_str()) << QByteArray(file.bytes.data(), static_cast<qsizetype>(file.bytes.size()))
                                         << static_cast<int>(file.code) << QString::fromStdString(file.says);
}

void TstGgufHostile::refuses() {
    QFETCH(QByteArray, bytes);
    QFETCH(int, code);
    QFETCH(QString, says);
    QFile file(m_dir.filePath("hostile.gguf"));
    QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
    QCOMPARE(file.write(bytes), bytes.size());
    file.close();
    const std::string path = file.fileName().toStdString();

    QElapsedTimer timer;
    timer.start();
    largest = 0;
    counting = true;
    const auto opened = ModelFile::open(path);
    counting = false;
    QVERIFY2(timer.elapsed() < 1000, "opening took longer than a second");
    QVERIFY2(largest <= smallestAllowance(static_cast<size_t>(bytes.size())),
             qPrintable(QString("an allocation of %1 bytes").arg(largest.load())));
    QVERIFY2(!opened, "the file was accepted");
    const Error& error = opened.error();
    QVERIFY2(static_cast<int>(error.code) == code, (std::string(codeName(error.code)) + ": " + error.message).c_str());
    QVERIFY2(error.message.starts_with("hostile.gguf "), error.message.c_str());
    QVERIFY2(error.message.find(says.toStdString()) != std::string::npos, error.message.c_str());
    for (const char c : error.message)
        QVERIFY2(static_cast<unsigned char>(c) >= 0x20, "the sentence contains a control character");
}

void TstGgufHostile::enoughRows() {
    QVERIFY(test::hostileFiles().size() >= 400);
}

// Whatever byte is changed, to whatever value: the reader ends, with a directory that lies inside the file or an error.
void TstGgufHostile::anyChangedByteIsHarmless() {
    const std::string good = test::smallModel().build();
    std::mt19937 random(20240607);
    int nAccepted = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string bytes = good;
        for (int change = 0; change <= i % 4; ++change)
            bytes[random() % 2400] = static_cast<char>(i % 2 ? random() : 1u << random() % 8);
        if (i % 3 == 0)
            bytes.resize(random() % bytes.size());
        const auto content = readGguf({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}, "changed.gguf");
        if (!content)
            continue;
        ++nAccepted;
        for (const TensorInfo& tensor : content->tensors) {
            QVERIFY(tensor.fileOffset >= 0 && tensor.sizeBytes > 0);
            QVERIFY(static_cast<size_t>(tensor.fileOffset + tensor.sizeBytes) <= bytes.size());
        }
    }
    QVERIFY(nAccepted > 0);  // the changes are not all fatal: the accepted side is tested too
}

QTEST_APPLESS_MAIN(TstGgufHostile)
#include "tst_gguf_hostile.moc"
