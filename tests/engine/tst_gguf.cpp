// Reading, writing and verifying ordinary GGUF files; split models; odd paths; a file that shrinks while it is mapped.
#include <sys/stat.h>

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>
#include <filesystem>
#include <thread>

#include "engine/io/gguf_reader.h"
#include "engine/io/gguf_writer.h"
#include "engine/io/hash.h"
#include "engine/io/mapped_file.h"
#include "engine/io/model_file.h"
#include "engine/io/split_name.h"
#include "engine/io/verify.h"
#include "tests/support/gguf_hostile.h"

using namespace engine;

namespace {

std::span<const std::byte> bytesOfText(const std::string& text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string contents(const std::string& path) {
    QFile file(QString::fromStdString(path));
    return file.open(QIODevice::ReadOnly) ? file.readAll().toStdString() : std::string("(cannot be read)");
}

const char* messageOf(const auto& result) {
    return result ? "no error" : result.error().message.c_str();
}

std::string arrayText(const MetaArray& array) {
    std::string text = std::string(widthName(array.width)) + "[";
    for (const int64_t value : array.integers)
        text += std::to_string(value) + ",";
    for (const double value : array.floats)
        text += std::to_string(value) + ",";
    for (const std::string_view value : array.strings)
        text += std::string(value) + ",";
    for (const MetaArray& inner : array.arrays)
        text += arrayText(inner) + ",";
    return text + "]";
}

std::string valueText(const MetaValue& value) {
    struct Show {
        std::string operator()(bool v) const { return v ? "true" : "false"; }
        std::string operator()(int64_t v) const { return std::to_string(v); }
        std::string operator()(uint64_t v) const { return std::to_string(v); }
        std::string operator()(double v) const { return std::to_string(v); }
        std::string operator()(std::string_view v) const { return std::string(v); }
        std::string operator()(const MetaArray& v) const { return arrayText(v); }
    };
    return std::string(value.width) + " " + std::visit(Show{}, value.value);
}

// Writes what `file` holds to `path`.
Result<void> copyModel(const ModelFile& file, const std::string& path, uint32_t version, uint64_t alignment) {
    GgufWriter writer(path, version, alignment);
    for (const auto* entry : file.keys())
        writer.add(entry->first, entry->second);
    for (const TensorInfo& tensor : file.tensors())
        writer.declare(tensor.name, tensor.dtype, {tensor.shape, static_cast<size_t>(tensor.rank)});
    TRY_VOID(writer.begin());
    for (const TensorInfo& tensor : file.tensors())
        TRY_VOID(writer.append({tensor.data, static_cast<size_t>(tensor.sizeBytes)}));
    return writer.finish();
}

}  // namespace

class TstGguf : public QObject {
    Q_OBJECT

  private slots:
    void readsValues();
    void readsTensors();
    void typedGetters_data();
    void typedGetters();
    void trailingBytesAreAWarning();
    void roundTrip_data();
    void roundTrip();
    void sampleRoundTrip();
    void unfinishedFilesLeaveNothing();
    void splitModel();
    void splitErrors_data();
    void splitErrors();
    void splitNames();
    void oddPaths_data();
    void oddPaths();
    void notOrdinaryFiles();
    void fileThatShrinks();
    void verifies();
    void verifyFindsBadValues_data();
    void verifyFindsBadValues();
    void verifyCanBeCancelled();

  private:
    std::string write(const std::string& name, const std::string& bytes) {
        const std::string path = m_dir.path().toStdString() + "/" + name;
        QFile file(QString::fromStdString(path));
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes.data(), qint64(bytes.size())) != qint64(bytes.size()))
            qFatal("cannot write %s", path.c_str());
        return path;
    }
    QTemporaryDir m_dir;
};

void TstGguf::readsValues() {
    const auto file = ModelFile::open(write("values.gguf", test::smallModel().build()));
    QVERIFY2(file, messageOf(file));
    const std::pair<const char*, const char*> expected[] = {
        {"general.architecture", "string llama"},
        {"test.bool", "bool true"},
        {"test.u8", "u8 200"},
        {"test.i8", "i8 -100"},
        {"test.u16", "u16 60000"},
        {"test.i16", "i16 -30000"},
        {"test.i32", "i32 -2000000000"},
        {"test.u64", "u64 1152921504606846976"},
        {"test.i64", "i64 -1152921504606846976"},
        {"test.f64", "f64 0.100000"},
        {"llama.rope.freq_base", "f32 10000.000000"},
        {"test.bools", "array bool[1,0,1,]"},
        {"test.u64s", "array u64[1,4611686018427387904,]"},
        {"test.nested", "array array[i16[-1,2,],string[hi,],]"},
    };
    for (const auto& [key, text] : expected) {
        const auto found = (*file)->metadata().find(key);
        QVERIFY2(found != (*file)->metadata().end(), key);
        QCOMPARE(valueText(found->second), std::string(text));
    }
    QCOMPARE((*file)->keys().front()->first, std::string("general.architecture"));
    QCOMPARE((*file)->format(), std::string_view("GGUF v3"));
    const auto large =
        ModelFile::open(write("large.gguf", test::smallModel().integer("test.large", test::U64, -2).build()));
    QVERIFY2(large, messageOf(large));
    QCOMPARE(valueText((*large)->metadata().find("test.large")->second), std::string("u64 18446744073709551614"));
}

void TstGguf::readsTensors() {
    test::GgufLayout layout;
    const std::string bytes = test::smallModel().build(&layout);
    const auto file = ModelFile::open(write("tensors.gguf", bytes));
    QVERIFY2(file, messageOf(file));
    const TensorInfo* tensor = (*file)->find("blk.0.ffn_up.weight");
    QVERIFY(tensor);
    QCOMPARE(tensor->dtype, kernels::DType::Q4_K);
    QCOMPARE(tensor->rank, 2);
    QCOMPARE(tensor->shape[0], int64_t{256});
    QCOMPARE(tensor->shape[1], int64_t{2});
    QCOMPARE(tensor->sizeBytes, int64_t{288});
    const auto& place = layout.tensor("blk.0.ffn_up.weight");
    QCOMPARE(tensor->fileOffset, int64_t(layout.dataAt + place.offset));
    QVERIFY(std::memcmp(tensor->data, bytes.data() + tensor->fileOffset, 288) == 0);
    std::vector<std::byte> copy(288);
    QVERIFY((*file)->read(*tensor, 0, copy));
    QVERIFY(std::memcmp(copy.data(), tensor->data, 288) == 0);
    QVERIFY(!(*file)->read(*tensor, 1, copy));
    QVERIFY(!(*file)->find("blk.1.ffn_up.weight"));
}

void TstGguf::typedGetters_data() {
    QTest::addColumn<QString>("getter");
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("says");  // empty: succeeds
    const auto row = [](const char* getter, const char* key, const char* says) {
        QTest::addRow("%s of %s", getter, key) << getter << key << says;
    };
    row("string", "general.name", "");
    row("string", "test.u8", "has type u8, expected string");
    row("string", "test.missing", "is missing");
    row("integer", "test.u8", "");
    row("integer", "test.i8", "is -100, expected 0 to 1000");
    row("integer", "test.u16", "is 60000, expected 0 to 1000");
    row("integer", "test.large", "is 18446744073709551614, expected 0 to 1000");
    row("integer", "test.bool", "has type bool, expected an integer");
    row("integer", "general.name", "has type string, expected an integer");
    row("number", "test.f64", "");
    row("number", "test.u8", "");
    row("number", "test.nan", "expected a finite number");
    row("number", "general.name", "expected a number");
    row("bool", "test.bool", "");
    row("bool", "test.u8", "has type u8, expected bool");
    row("strings", "tokenizer.ggml.tokens", "");
    row("strings", "tokenizer.ggml.scores", "has type array of floats, expected an array of strings");
    row("strings", "test.u8", "has type u8, expected an array of strings");
}

void TstGguf::typedGetters() {
    QFETCH(QString, getter);
    QFETCH(QString, key);
    QFETCH(QString, says);
    auto model = test::smallModel();
    model.real("test.nan", test::F32, NAN).integer("test.large", test::U64, -2);
    const auto opened = ModelFile::open(write("getters.gguf", model.build()));
    QVERIFY2(opened, messageOf(opened));
    const ModelFile& file = **opened;
    const std::string name = key.toStdString();
    Result<void> result;
    const auto take = [&](const auto& r) { result = r ? Result<void>() : Result<void>(r.error()); };
    if (getter == "string")
        take(file.string(name));
    else if (getter == "integer")
        take(file.integer(name, 0, 1000));
    else if (getter == "number")
        take(file.number(name));
    else if (getter == "bool")
        take(file.boolean(name));
    else
        take(file.array(name, MetaArray::Element::String));
    if (says.isEmpty()) {
        QVERIFY2(result, messageOf(result));
        return;
    }
    QVERIFY(!result);
    QVERIFY2(result.error().message.find(says.toStdString()) != std::string::npos, messageOf(result));
    QVERIFY2(result.error().message.starts_with("getters.gguf"), messageOf(result));
    QVERIFY2(result.error().message.find("'" + name + "'") != std::string::npos, messageOf(result));
}

void TstGguf::trailingBytesAreAWarning() {
    const auto file = ModelFile::open(write("trailing.gguf", test::smallModel().build() + std::string(100, 'x')));
    QVERIFY2(file, messageOf(file));
    QCOMPARE((*file)->warnings().size(), size_t{1});
    QVERIFY((*file)->warnings()[0].find("100 bytes after") != std::string::npos);
    // A writer may leave the last tensor without padding.
    test::GgufLayout layout;
    std::string bytes = test::GgufBuilder().tensor("t", 0, {3}, std::string(12, '\0')).build(&layout);
    bytes.resize(layout.dataAt + 12);
    const auto bare = ModelFile::open(write("bare.gguf", bytes));
    QVERIFY2(bare, messageOf(bare));
    QVERIFY((*bare)->warnings().empty());
}

void TstGguf::roundTrip_data() {
    QTest::addColumn<int>("version");
    QTest::addColumn<int>("alignment");
    for (const int version : {2, 3})
        for (const int alignment : {8, 32, 64, 4096})
            QTest::addRow("v%d/%d", version, alignment) << version << alignment;
}

void TstGguf::roundTrip() {
    QFETCH(int, version);
    QFETCH(int, alignment);
    // The small model, its alignment replaced, written by the builder; then read, written, and compared byte for byte.
    test::GgufLayout layout;
    test::GgufBuilder builder(static_cast<uint32_t>(version));
    builder.string("general.architecture", "llama").integer("general.alignment", test::U32, alignment);
    builder.raw("test.nested", test::Arr,
                test::bytesOf<uint32_t>(test::Arr) + test::bytesOf<uint64_t>(1) + test::bytesOf<uint32_t>(test::U8) +
                    test::bytesOf<uint64_t>(3) + "abc");
    builder.strings("tokens", {"a", "", "ccc"}).integers("ints", test::I16, {-1, 5}).reals("floats", {1.5f, -2});
    builder.integer("flag", test::Bool, 0).integer("large", test::U64, -1).real("f64", test::F64, 1e300);
    builder.integers("flags", test::Bool, {0, 1}).integers("none", test::I32, {});
    builder.alignment(static_cast<uint64_t>(alignment));
    builder.tensor("a", 0, {5, 3}, std::string(60, 'a')).tensor("b", 8, {32}, std::string(34, 'b'));
    const std::string bytes = builder.build();
    const auto file = ModelFile::open(write("in.gguf", bytes));
    QVERIFY2(file, messageOf(file));
    const std::string out = m_dir.filePath("out.gguf").toStdString();
    const auto copied = copyModel(**file, out, static_cast<uint32_t>(version), static_cast<uint64_t>(alignment));
    QVERIFY2(copied, messageOf(copied));
    QVERIFY(contents(out) == bytes);
    QVERIFY(!QFile::exists(m_dir.filePath("out.gguf.part")));
}

void TstGguf::sampleRoundTrip() {
    const std::string bytes = test::smallModel().build();
    const auto file = ModelFile::open(write("small.gguf", bytes));
    QVERIFY2(file, messageOf(file));
    const std::string out = m_dir.filePath("small-copy.gguf").toStdString();
    const auto copied = copyModel(**file, out, 3, 32);
    QVERIFY2(copied, messageOf(copied));
    QVERIFY(contents(out) == bytes);
}

void TstGguf::unfinishedFilesLeaveNothing() {
    const std::string path = write("kept.gguf", "old content");
    {
        GgufWriter writer(path);
        const int64_t shape[] = {8};
        writer.declare("t", kernels::DType::F32, shape);
        QVERIFY(writer.begin());
        QVERIFY(QFile::exists(QString::fromStdString(path + ".part")));
        QVERIFY(writer.append(bytesOfText(std::string(31, 'x'))));
        QVERIFY(!writer.finish());                                  // a byte is missing
        QVERIFY(!writer.append(bytesOfText(std::string(2, 'x'))));  // and now one is too many
    }
    QVERIFY(!QFile::exists(QString::fromStdString(path + ".part")));
    QCOMPARE(contents(path), std::string("old content"));
    GgufWriter nowhere("/nonexistent-folder/x.gguf");
    const auto begun = nowhere.begin();
    QVERIFY(!begun);
    QVERIFY2(begun.error().message.find("cannot be created") != std::string::npos, messageOf(begun));
}

static std::string splitPart(int number, int count, int nTensors, const char* tensor) {
    test::GgufBuilder part;
    if (number == 0)
        part.string("general.architecture", "llama");
    part.integer("split.no", test::U16, number).integer("split.count", test::U16, count);
    part.integer("split.tensors.count", test::I32, nTensors);
    part.tensor(tensor, 0, {8}, std::string(32, static_cast<char>('a' + number)));
    return part.build();
}

void TstGguf::splitModel() {
    const std::string paths[] = {write("model-00001-of-00003.gguf", splitPart(0, 3, 3, "a")),
                                 write("model-00002-of-00003.gguf", splitPart(1, 3, 3, "b")),
                                 write("model-00003-of-00003.gguf", splitPart(2, 3, 3, "c"))};
    for (const std::string& path : paths) {
        const auto file = ModelFile::open(path);
        QVERIFY2(file, messageOf(file));
        QCOMPARE((*file)->path(), paths[0]);
        QCOMPARE((*file)->parts().size(), size_t{3});
        QCOMPARE((*file)->tensors().size(), size_t{3});
        QVERIFY((*file)->has("general.architecture"));
        const TensorInfo* c = (*file)->find("c");
        QVERIFY(c);
        QCOMPARE(c->part, 2);
        QCOMPARE(static_cast<char>(*c->data), 'c');
        std::byte first{};
        QVERIFY((*file)->read(*c, 0, {&first, 1}));
        QCOMPARE(static_cast<char>(first), 'c');
        QVERIFY((*file)->checkIntact());
    }
    // What a merge leaves behind: a count of 0.
    const auto merged = ModelFile::open(write("merged.gguf", splitPart(0, 0, 1, "a")));
    QVERIFY2(merged, messageOf(merged));
}

void TstGguf::splitErrors_data() {
    QTest::addColumn<QString>("name");  // the part that is opened; part 1 of 2 of tensor "a" lies beside it
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* what, const char* name, const std::string& bytes, ErrorCode code,
                        const char* says) {
        QTest::newRow(what) << name << QByteArray(bytes.data(), qsizetype(bytes.size())) << static_cast<int>(code)
                            << says;
    };
    const char* second = "x-00002-of-00002.gguf";
    row("G21/part missing", "y-00002-of-00002.gguf", splitPart(1, 2, 2, "b"), ErrorCode::FileNotFound,
        "Part 1 of 2 is missing: y-00001-of-00002.gguf");
    row("G21/renamed", "second half.gguf", splitPart(1, 2, 2, "b"), ErrorCode::FileDamaged, "-00002-of-00002.gguf");
    row("G21/wrong number in the name", "x-00001-of-00003.gguf", splitPart(1, 2, 2, "b"), ErrorCode::FileDamaged,
        "not named so");
    row("G21/other tensor count", second, splitPart(1, 2, 5, "b"), ErrorCode::FileDamaged, "not of one model");
    row("G21/tensor twice", second, splitPart(1, 2, 2, "a"), ErrorCode::FileDamaged, "occurs in two parts");
    row("G21/part says another number", second, splitPart(0, 2, 2, "b"), ErrorCode::FileDamaged, "not named so");
    row("G21/count 65535", "z-00002-of-65535.gguf", splitPart(1, 65535, 2, "b"), ErrorCode::FileNotFound,
        "Part 1 of 65535");
    row("G21/number beyond the count", second, splitPart(7, 2, 2, "b"), ErrorCode::FileDamaged, "'split.no' is 7");
    row("G21/count is a string", second, test::GgufBuilder().string("split.count", "2").build(), ErrorCode::FileDamaged,
        "'split.count'");
    row("G21/number missing", second, test::GgufBuilder().integer("split.count", test::U16, 2).build(),
        ErrorCode::FileDamaged, "'split.no' is missing");
}

void TstGguf::splitErrors() {
    QFETCH(QString, name);
    QFETCH(QByteArray, bytes);
    QFETCH(int, code);
    QFETCH(QString, says);
    write("x-00001-of-00002.gguf", splitPart(0, 2, 2, "a"));
    const auto file = ModelFile::open(write(name.toStdString(), bytes.toStdString()));
    QVERIFY(!file);
    QVERIFY2(static_cast<int>(file.error().code) == code, messageOf(file));
    QVERIFY2(file.error().message.find(says.toStdString()) != std::string::npos, messageOf(file));
}

void TstGguf::splitNames() {
    const auto name = parseSplitName("/a/b-00002-of-00013.gguf");
    QVERIFY(name);
    QCOMPARE(name->prefix, std::string("/a/b"));
    QCOMPARE(name->number, int64_t{2});
    QCOMPARE(name->count, int64_t{13});
    QCOMPARE(splitPath(*name, 13), std::string("/a/b-00013-of-00013.gguf"));
    for (const char* wrong : {"b.gguf", "b-2-of-3.gguf", "b-00002-of-0000x.gguf", "-00002-of-00003", "",
                              "00002-of-00003.gguf", "b-00002-of-00003.d/b"})
        QVERIFY2(!parseSplitName(wrong), wrong);
}

void TstGguf::oddPaths_data() {
    QTest::addColumn<QString>("name");
    QTest::newRow("O04/umlauts") << "größe ø.gguf";
    QTest::newRow("O04/emoji") << "\U0001F98A model.gguf";
    QTest::newRow("O04/CJK") << "模型.gguf";
    QTest::newRow("O04/trailing space") << "model.gguf ";
    QTest::newRow("O04/quote") << "it's \"one\".gguf";
    QTest::newRow("O04/line feed") << "two\nlines.gguf";
    QTest::newRow("O04/direction override") << "fdp.\u202Efugg.gguf";
    QTest::newRow("O04/no extension") << "CON";
    QTest::newRow("O04/deep") << QString("folder-with-a-rather-long-name/").repeated(12) + "model.gguf";
}

void TstGguf::oddPaths() {
    QFETCH(QString, name);
    QVERIFY(QDir(m_dir.path()).mkpath(QFileInfo(name).path()));
    const std::string path = write(name.toStdString(), test::smallModel().build());
    const auto good = ModelFile::open(path);
    QVERIFY2(good, messageOf(good));
    // Its name in a sentence can neither break the line nor turn its direction.
    const auto bad = ModelFile::open(write(name.toStdString(), "<html>"));
    QVERIFY(!bad);
    QVERIFY(bad.error().message.find('\n') == std::string::npos);
    QVERIFY(bad.error().message.find("\u202E") == std::string::npos);
    QVERIFY2(bad.error().message.find("a web page") != std::string::npos, messageOf(bad));
    QCOMPARE(bad.error().where, path);
}

void TstGguf::notOrdinaryFiles() {
    const auto expect = [](const std::string& path, ErrorCode code, const char* says) {
        const auto file = ModelFile::open(path);
        QVERIFY(!file);
        QVERIFY2(file.error().code == code, messageOf(file));
        QVERIFY2(file.error().message.find(says) != std::string::npos, messageOf(file));
    };
    expect(m_dir.path().toStdString(), ErrorCode::InvalidRequest, "is a folder");
    expect(m_dir.filePath("no such.gguf").toStdString(), ErrorCode::FileNotFound, "no such.gguf was not found");
    expect("", ErrorCode::InvalidRequest, "empty");
    expect(std::string("a\0b", 3), ErrorCode::InvalidRequest, "zero byte");
    expect(std::string(5000, 'x'), ErrorCode::InvalidRequest, "cannot be opened");
    expect("/dev/null", ErrorCode::InvalidRequest, "a device");
    const std::string pipe = m_dir.filePath("pipe.gguf").toStdString();
    QCOMPARE(mkfifo(pipe.c_str(), 0600), 0);
    expect(pipe, ErrorCode::InvalidRequest, "is a pipe");  // and does not wait for a writer
    const std::string target = write("target.gguf", test::smallModel().build());
    std::filesystem::create_symlink(target, m_dir.filePath("link.gguf").toStdString());
    QVERIFY(ModelFile::open(m_dir.filePath("link.gguf").toStdString()));
    std::filesystem::create_symlink("loop.gguf", m_dir.filePath("loop.gguf").toStdString());
    expect(m_dir.filePath("loop.gguf").toStdString(), ErrorCode::InvalidRequest, "cannot be opened");
}

void TstGguf::fileThatShrinks() {
    constexpr size_t pages = 64;
    const std::string path = write("shrinks.bin", std::string(pages * 4096, 'x'));
    auto file = MappedFile::open(path);
    QVERIFY2(file, messageOf(file));
    QVERIFY((*file)->intact());
    std::filesystem::resize_file(path, 4096);
    QVERIFY(!(*file)->intact());
    // Touching what is gone gives zeros, in this thread and in others, and is remembered.
    const auto sum = [&](size_t begin, size_t end) {
        int64_t total = 0;
        for (size_t i = begin; i < end; ++i)
            total += static_cast<int64_t>((*file)->bytes()[i]);
        return total;
    };
    QCOMPARE(sum(0, 4096), int64_t{4096} * 'x');
    int64_t others[4] = {-1, -1, -1, -1};
    {
        std::vector<std::jthread> threads;
        for (size_t t = 0; t < 4; ++t)
            threads.emplace_back([&, t] { others[t] = sum(4096 * (1 + t), 4096 * pages); });
    }
    for (const int64_t other : others)
        QCOMPARE(other, int64_t{0});
    std::filesystem::resize_file(path, pages * 4096);
    QVERIFY(!(*file)->intact());
    std::vector<std::byte> copy(4096);
    std::filesystem::resize_file(path, 4096);
    const auto read = (*file)->read(8192, copy);
    QVERIFY(!read);
    QVERIFY2(read.error().message.find("became shorter") != std::string::npos, messageOf(read));
}

void TstGguf::verifies() {
    const std::string bytes = test::smallModel().build();
    const auto file = ModelFile::open(write("verify.gguf", bytes));
    QVERIFY2(file, messageOf(file));
    double last = 0;
    bool ascending = true;
    const auto report = verifyModel(**file,
                                    [&](double fraction) {
                                        ascending &= fraction >= last;
                                        last = fraction;
                                    },
                                    {});
    QVERIFY2(report, messageOf(report));
    QVERIFY2(report->ok, report->problems.empty() ? "" : report->problems[0].what.c_str());
    QCOMPARE(report->sha256, sha256Hex(bytesOfText(bytes)));
    QVERIFY(ascending && std::abs(last - 1) < 1e-9);
}

void TstGguf::verifyFindsBadValues_data() {
    QTest::addColumn<QString>("tensor");
    QTest::addColumn<int>("at");
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("firstBad");
    const QByteArray nan32("\0\0\xC0\x7F", 4), inf32("\0\0\x80\x7F", 4), inf16("\0\x7C", 2), nan16("\1\x7C", 2);
    QTest::newRow("G17/F32 NaN") << "blk.0.attn_q.weight" << 400 << nan32 << 100;
    QTest::newRow("G17/F32 infinity") << "output_norm.weight" << 124 << inf32 << 31;
    QTest::newRow("G17/F16 NaN") << "test.cube" << 20 << nan16 << 10;
    QTest::newRow("G17/Q8_0 scale infinite") << "token_embd.weight" << 34 * 3 << inf16 << 96;
    QTest::newRow("G17/Q4_K scale NaN") << "blk.0.ffn_up.weight" << 144 << nan16 << 256;
}

void TstGguf::verifyFindsBadValues() {
    QFETCH(QString, tensor);
    QFETCH(int, at);
    QFETCH(QByteArray, bytes);
    QFETCH(int, firstBad);
    test::GgufLayout layout;
    std::string model = test::smallModel().build(&layout);
    const auto& place = layout.tensor(tensor.toStdString());
    model.replace(layout.dataAt + place.offset + static_cast<size_t>(at), static_cast<size_t>(bytes.size()),
                  bytes.toStdString());
    const auto file = ModelFile::open(write("bad.gguf", model));
    QVERIFY2(file, messageOf(file));
    const auto report = verifyModel(**file, {}, {});
    QVERIFY2(report, messageOf(report));
    QVERIFY(!report->ok);
    QCOMPARE(report->problems.size(), size_t{1});
    QCOMPARE(report->problems[0].tensor, tensor.toStdString());
    const std::string expected = "the first at " + std::to_string(firstBad);
    QVERIFY2(report->problems[0].what.ends_with(expected), report->problems[0].what.c_str());
}

void TstGguf::verifyCanBeCancelled() {
    const auto file = ModelFile::open(write("cancel.gguf", test::smallModel().build()));
    QVERIFY2(file, messageOf(file));
    std::stop_source stop;
    stop.request_stop();
    const auto report = verifyModel(**file, {}, stop.get_token());
    QVERIFY(!report);
    QCOMPARE(report.error().code, ErrorCode::Cancelled);
}

QTEST_APPLESS_MAIN(TstGguf)
#include "tst_gguf.moc"
