// Prompt caches: a restart gives the same bits from restored pages; what goes into a file of which size; every
// truncated, flipped or foreign file is refused with a sentence and changes nothing.
#include <QtTest>

#include <cstring>
#include <random>

#include "engine/io/hash.h"
#include "engine/run/prompt_cache.h"
#include "tests/support/tiny_model.h"
#include "tests/support/token_storage.h"

using namespace engine;

namespace {

constexpr int64_t PageTokens = 4;
constexpr int HeaderBytes = 72, RecordBytes = 8 + 4 * PageTokens + 2 * 4 * PageTokens + 8;
constexpr int64_t NoLimit = int64_t{1} << 40;

PromptCacheKey keyOf(int n) {
    PromptCacheKey key{};
    key[0] = static_cast<std::byte>(n);
    return key;
}

std::unique_ptr<KvPool> makePool(int64_t nPages) {
    return std::make_unique<KvPool>(std::make_unique<test::TokenStorage>(nPages, PageTokens), nPages, PageTokens);
}
test::TokenStorage& storageOf(KvPool& pool) {
    return *static_cast<test::TokenStorage*>(pool.storage());
}

// Computes ids in the pool: the key of a position is its id + 1000.
PageTable compute(KvPool& pool, const std::vector<int32_t>& ids) {
    PageTable table;
    int64_t at = pool.attachPrefix(ids, table);
    at += pool.attachTail(ids, table);
    if (pool.grow(table, static_cast<int64_t>(ids.size())))
        for (; at < static_cast<int64_t>(ids.size()); ++at)
            storageOf(pool).at(table.pages, at) = ids[static_cast<size_t>(at)] + 1000;
    pool.publish(table, ids, static_cast<int64_t>(ids.size()));
    return table;
}
void computeAndRelease(KvPool& pool, const std::vector<int32_t>& ids) {
    PageTable table = compute(pool, ids);
    pool.release(table);
}

// Tokens of `ids` that the pool holds, after checking their keys.
int64_t found(KvPool& pool, std::vector<int32_t> ids) {
    ids.push_back(-1);
    PageTable table;
    int64_t tokens = pool.attachPrefix(ids, table);
    tokens += pool.attachTail(ids, table);
    for (int64_t i = 0; i < tokens; ++i)
        if (storageOf(pool).at(table.pages, i) != ids[static_cast<size_t>(i)] + 1000)
            tokens = -1;
    pool.release(table);
    return tokens;
}

std::vector<int32_t> chat(int32_t n, int64_t tokens) {  // chats share their first six tokens
    std::vector<int32_t> ids;
    for (int32_t i = 0; i < tokens; ++i)
        ids.push_back(i < 6 ? i : 100 * n + i);
    return ids;
}

struct World {
    std::unique_ptr<Engine> engine;
    LoadedModel model;

    bool start(const QString& path, const LoadOptions& load, EngineOptions options = {.threads = 1}) {
        auto made = Engine::make(options);
        if (!made)
            return false;
        engine = *std::move(made);
        auto loaded = engine->load(path.toStdString(), load, {}, {});
        if (!loaded) {
            qWarning("%s", loaded.error().message.c_str());
            return false;
        }
        model = *std::move(loaded);
        return true;
    }

    struct Outcome {
        std::vector<int32_t> ids;
        std::vector<float> logprobs;
        int64_t reused = -1;
        bool operator==(const Outcome& o) const { return ids == o.ids && logprobs == o.logprobs; }
    };
    Outcome run(int64_t promptTokens, int32_t last) {
        Request r;
        r.model = model.id;
        for (int64_t i = 0; i < promptTokens; ++i)
            r.ids.push_back(static_cast<int32_t>(3 + i * 7 % 280));
        r.ids.back() = last;
        r.maxTokens = 20;
        r.sampling.temperature = 0.8f;
        r.sampling.seed = 5;
        r.ignoreEos = true;
        Outcome outcome;
        if (!engine->submit(r))
            return outcome;
        std::vector<EngineEvent> events;
        while (engine->step(events)) {
        }
        for (const EngineEvent& event : events) {
            if (const auto* token = std::get_if<TokenEvent>(&event)) {
                outcome.ids.push_back(token->token.id);
                outcome.logprobs.push_back(token->token.logprob);
            } else if (const auto* finished = std::get_if<FinishedEvent>(&event)) {
                outcome.reused = finished->stats.reusedTokens;
            }
        }
        return outcome;
    }
    Result<PromptCacheFile> save(const QString& path, PromptCacheLimits limits = {}, std::stop_token stop = {}) {
        return engine->savePromptCache(model.id, path.toStdString(), limits, std::move(stop));
    }
};

}  // namespace

class TstPromptCache : public QObject {
    Q_OBJECT

  private slots:
    void init();
    void restartGivesSameBits_data();
    void restartGivesSameBits();
    void folderHoldsOneFilePerSettings();
    void liveChatsAreSaved();
    void unusableFileIsToldAndLeftAlone();
    void keyCoversModelAndSettings();
    void restoresPrefixesOnce();
    void budgetKeepsLatestChains();
    void timeEndsFileEarly();
    void cancelKeepsOldFile();
    void largerThanPool();
    void evictsInOrderAfterRestore();
    void everyTruncation();
    void everyByteFlipped();
    void randomFlips();
    void hostileRecords_data();
    void hostileRecords();

  private:
    QString path(const char* name) const { return m_dir->filePath(QString::fromLatin1(name)); }
    QByteArray bytesOf(const QString& file) const {
        QFile in(file);
        return in.open(QIODevice::ReadOnly) ? in.readAll() : QByteArray();
    }
    QString write(const QByteArray& bytes) const {
        QFile out(path("changed"));
        if (out.open(QIODevice::WriteOnly))
            out.write(bytes);
        return path("changed");
    }
    QByteArray someFile() const {
        auto pool = makePool(20);
        for (int32_t n = 1; n <= 3; ++n)
            computeAndRelease(*pool, chat(n, 9 + n));
        const auto saved = writePromptCache(*pool, keyOf(1), path("cache").toStdString(), {.budgetBytes = NoLimit}, {});
        return saved ? bytesOf(path("cache")) : QByteArray();
    }
    // Reads bytes that must be refused; the pool must be as it was.
    Error refused(const QByteArray& bytes, int key = 1) const {
        auto pool = makePool(20);
        computeAndRelease(*pool, chat(9, 10));
        const auto before = pool->counts();
        const auto read = readPromptCache(*pool, keyOf(key), write(bytes).toStdString(), {});
        const auto& after = pool->counts();
        if (before.free != after.free || before.cached != after.cached || after.held != 0 ||
            found(*pool, chat(9, 10)) != 10)
            return Error{ErrorCode::Internal, "the pool was changed", {}};
        return read ? Error{ErrorCode::Internal, "it was accepted", {}} : read.error();
    }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TstPromptCache::init() {
    m_dir = std::make_unique<QTemporaryDir>();
    QVERIFY(m_dir->isValid());
}

void TstPromptCache::restartGivesSameBits_data() {
    QTest::addColumn<QString>("kType");
    QTest::addColumn<QString>("vType");
    QTest::addRow("f16") << "F16"
                         << "F16";
    QTest::addRow("q8_0/f32") << "Q8_0"
                              << "F32";
    QTest::addRow("q4_0/q8_0") << "Q4_0"
                               << "Q8_0";
}

void TstPromptCache::restartGivesSameBits() {
    QFETCH(QString, kType);
    QFETCH(QString, vType);
    QVERIFY(test::writeTinyModel(path("m.gguf").toStdString(), {.headDim = 32, .dtype = kernels::DType::Q8_0}));
    LoadOptions load;
    load.kType = *kernels::dtypeFromName(kType.toStdString());
    load.vType = *kernels::dtypeFromName(vType.toStdString());
    load.promptCache = path("cache").toStdString();
    World before, after, fresh;
    QVERIFY(before.start(path("m.gguf"), load));
    QCOMPARE(before.model.restoredTokens, int64_t{0});  // no file yet: nothing wrong
    QVERIFY(before.model.notes.empty());
    const World::Outcome want = before.run(100, 7);
    const auto saved = before.save(path("cache"));
    QVERIFY(saved);
    QCOMPARE(saved->tokens, int64_t{119});
    QCOMPARE(QFileInfo(path("cache")).size(), saved->bytes);
    QCOMPARE(QFile(path("cache")).permissions() & (QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther),
             QFile::Permissions());
    QVERIFY(!QFileInfo::exists(path("cache.part")));

    QVERIFY(after.start(path("m.gguf"), load));
    QCOMPARE(after.model.restoredTokens, int64_t{119});
    QVERIFY(after.model.notes.empty());
    const World::Outcome again = after.run(100, 7);
    QCOMPARE(again.reused, int64_t{99});
    QVERIFY(again == want);
    const World::Outcome other = after.run(110, 9);
    QVERIFY(other.reused >= 96);
    load.promptCache.clear();
    QVERIFY(fresh.start(path("m.gguf"), load));
    QVERIFY(fresh.run(110, 9) == other);
}

void TstPromptCache::folderHoldsOneFilePerSettings() {
    QVERIFY(test::writeTinyModel(path("m.gguf").toStdString(), {.headDim = 32}));
    QVERIFY(QDir(m_dir->path()).mkdir("caches"));
    LoadOptions load;
    load.promptCache = path("caches").toStdString();
    World a, b, again;
    QVERIFY(a.start(path("m.gguf"), load));
    a.run(60, 5);
    QVERIFY(a.save(path("caches")));
    load.kType = kernels::DType::Q8_0;
    QVERIFY(b.start(path("m.gguf"), load));
    QCOMPARE(b.model.restoredTokens, int64_t{0});
    QVERIFY(b.model.notes.empty());
    b.run(60, 5);
    const auto saved = b.save(path("caches"));
    QVERIFY(saved);
    QCOMPARE(QDir(path("caches")).entryList(QDir::Files).size(), 2);
    QCOMPARE(QFileInfo(QString::fromStdString(saved->path)).fileName().size(), 64);
    QVERIFY(again.start(path("m.gguf"), load));
    QCOMPARE(again.model.restoredTokens, int64_t{79});
    // Nothing new was computed: the file stays as it is.
    const QDateTime written = QFileInfo(QString::fromStdString(saved->path)).lastModified();
    QTest::qSleep(20);
    const auto same = again.save(path("caches"));
    QVERIFY(same);
    QCOMPARE(same->tokens, int64_t{79});
    QCOMPARE(QFileInfo(QString::fromStdString(saved->path)).lastModified(), written);
}

void TstPromptCache::liveChatsAreSaved() {
    QVERIFY(test::writeTinyModel(path("m.gguf").toStdString(), {}));
    LoadOptions load;
    load.promptCache = path("cache").toStdString();
    World world, after;
    QVERIFY(world.start(path("m.gguf"), load));
    Request r;
    r.model = world.model.id;
    r.ids.assign(70, 5);
    r.maxTokens = 50;
    r.ignoreEos = true;
    QVERIFY(world.engine->submit(r));
    std::vector<EngineEvent> events;
    for (int i = 0; i < 3; ++i)  // the prompt and two tokens
        QVERIFY(world.engine->step(events));
    const auto saved = world.save(path("cache"));
    QVERIFY(saved);
    QCOMPARE(saved->tokens, int64_t{72});
    while (world.engine->step(events)) {
    }
    QVERIFY(std::holds_alternative<FinishedEvent>(events.back()));
    QVERIFY(after.start(path("m.gguf"), load));
    QCOMPARE(after.model.restoredTokens, int64_t{72});
}

void TstPromptCache::unusableFileIsToldAndLeftAlone() {
    QVERIFY(test::writeTinyModel(path("m.gguf").toStdString(), {}));
    QVERIFY(test::writeTinyModel(path("other.gguf").toStdString(), {.seed = 2}));
    LoadOptions load;
    load.promptCache = path("cache").toStdString();
    World a, b, c;
    QVERIFY(a.start(path("m.gguf"), load));
    a.run(60, 5);
    QVERIFY(a.save(path("cache")));
    const QByteArray good = bytesOf(path("cache"));
    QVERIFY(b.start(path("other.gguf"), load));
    QCOMPARE(b.model.notes.size(), size_t{1});
    QVERIFY2(b.model.notes[0].find("prompt cache of another model") != std::string::npos, b.model.notes[0].c_str());
    QCOMPARE(bytesOf(path("cache")), good);
    QFile torn(path("cache"));
    QVERIFY(torn.resize(torn.size() - 1));
    QVERIFY(c.start(path("m.gguf"), load));
    QCOMPARE(c.model.restoredTokens, int64_t{0});
    QCOMPARE(c.model.notes.size(), size_t{1});
    QVERIFY2(c.model.notes[0].find("cache has ") != std::string::npos, c.model.notes[0].c_str());
    QVERIFY(!c.run(60, 5).ids.empty());
    QVERIFY(c.save(path("cache")));  // replaced by a good one
    QVERIFY(a.start(path("m.gguf"), load));
    QCOMPARE(a.model.restoredTokens, int64_t{79});
    QVERIFY(!c.save(path("no folder/cache")));
    std::stop_source stop;
    stop.request_stop();
    const auto stopped = c.engine->load(path("m.gguf").toStdString(), load, {}, stop.get_token());
    QVERIFY(!stopped && stopped.error().code == ErrorCode::Cancelled);
}

void TstPromptCache::keyCoversModelAndSettings() {
    const auto backend = *makeCpuBackend({.threads = 1, .isa = {}, .exact = false});
    const auto exact = *makeCpuBackend({.threads = 1, .isa = {}, .exact = true});
    const KvShape shape{.nLayers = 2, .nKvHeads = 2, .headDimK = 32, .headDimV = 32};
    const RopeParams rope{.nRot = 4, .inverseFrequency = {1.0f, 0.5f}};
    const auto open = [&](const char* name, const test::TinyModel& model) {
        test::writeTinyModel(path(name).toStdString(), model);
        return *ModelFile::open(path(name).toStdString());
    };
    const auto file = open("a.gguf", {});
    const auto key = [&](const ModelFile& f, const KvShape& s, int64_t window, const RopeParams& r, const Backend& b) {
        return *promptCacheKey(f, s, window, r, b);
    };
    const PromptCacheKey base = key(*file, shape, 0, rope, *backend);
    QVERIFY(base == key(*open("copy.gguf", {}), shape, 0, rope, *backend));
    QVERIFY(base != key(*open("b.gguf", {.seed = 2}), shape, 0, rope, *backend));        // only tensor bytes differ
    QVERIFY(base != key(*open("c.gguf", {.ropeBase = 500}), shape, 0, rope, *backend));  // only metadata
    KvShape other = shape;
    other.kType = kernels::DType::Q8_0;
    QVERIFY(base != key(*file, other, 0, rope, *backend));
    other = shape;
    other.vType = kernels::DType::Q8_0;
    QVERIFY(base != key(*file, other, 0, rope, *backend));
    other = shape;
    other.pageTokens = 16;
    QVERIFY(base != key(*file, other, 0, rope, *backend));
    QVERIFY(base != key(*file, shape, 512, rope, *backend));
    RopeParams scaled = rope;
    scaled.inverseFrequency[1] = 0.25f;
    QVERIFY(base != key(*file, shape, 0, scaled, *backend));
    scaled = rope;
    scaled.magnitude = 1.1f;
    QVERIFY(base != key(*file, shape, 0, scaled, *backend));
    QVERIFY(base != key(*file, shape, 0, rope, *exact));
}

void TstPromptCache::restoresPrefixesOnce() {
    auto pool = makePool(40), other = makePool(40);
    PageTable live = compute(*pool, chat(1, 11));
    for (int32_t n = 2; n <= 4; ++n)
        computeAndRelease(*pool, chat(n, 11));
    const auto saved = writePromptCache(*pool, keyOf(1), path("c").toStdString(), {.budgetBytes = NoLimit}, {});
    QVERIFY(saved);
    QCOMPARE(saved->pages, int64_t{9});  // one shared by four chats, two more each
    QCOMPARE(saved->bytes, int64_t{HeaderBytes + 9 * RecordBytes});
    pool->release(live);
    const auto read = readPromptCache(*other, keyOf(1), path("c").toStdString(), {});
    QVERIFY(read);
    QCOMPARE(read->pages, saved->pages);
    QCOMPARE(read->tokens, saved->tokens);
    QCOMPARE(other->counts().cached, int64_t{9});
    QCOMPARE(other->counts().free, int64_t{31});
    for (int32_t n = 1; n <= 4; ++n)
        QCOMPARE(found(*other, chat(n, 11)), int64_t{11});
    // Once more into a pool that has it all: nothing changes.
    const auto twice = readPromptCache(*other, keyOf(1), path("c").toStdString(), {});
    QVERIFY(twice);
    QCOMPARE(twice->pages, int64_t{0});
    QCOMPARE(other->counts().cached, int64_t{9});
}

void TstPromptCache::budgetKeepsLatestChains() {
    auto pool = makePool(60);
    for (int32_t n = 1; n <= 8; ++n)
        computeAndRelease(*pool, chat(n, 16));
    computeAndRelease(*pool, chat(3, 16));  // used again
    for (int64_t room = 0; room <= 30; ++room) {
        const int64_t budget = HeaderBytes + room * RecordBytes + RecordBytes - 1;
        const auto saved = writePromptCache(*pool, keyOf(1), path("c").toStdString(), {.budgetBytes = budget}, {});
        QVERIFY(saved);
        QVERIFY(saved->bytes <= budget);
        QCOMPARE(saved->pages, std::min<int64_t>(room, 25));  // a shared page and three of each chat
        auto other = makePool(60);
        QVERIFY(readPromptCache(*other, keyOf(1), path("c").toStdString(), {}));
        QCOMPARE(found(*other, chat(3, 16)), std::min<int64_t>(room, 4) * PageTokens);
        if (room == 7) {
            QCOMPARE(found(*other, chat(8, 16)), int64_t{16});
            QCOMPARE(found(*other, chat(7, 16)), int64_t{6});  // what all have in common, two of it copied
        }
    }
    const auto none = writePromptCache(*pool, keyOf(1), path("c").toStdString(), {.budgetBytes = 0}, {});
    QVERIFY(none);
    QCOMPARE(none->pages, int64_t{0});
    QCOMPARE(readPromptCache(*pool, keyOf(1), path("c").toStdString(), {})->pages, int64_t{0});
}

void TstPromptCache::timeEndsFileEarly() {
    auto pool = makePool(60), other = makePool(60);
    for (int32_t n = 1; n <= 8; ++n)
        computeAndRelease(*pool, chat(n, 16));
    const PromptCacheLimits limits{.budgetBytes = NoLimit, .seconds = 1e-9};
    const auto saved = writePromptCache(*pool, keyOf(1), path("c").toStdString(), limits, {});
    QVERIFY(saved);
    QCOMPARE(saved->pages, int64_t{0});
    QVERIFY(readPromptCache(*other, keyOf(1), path("c").toStdString(), {}));
}

void TstPromptCache::cancelKeepsOldFile() {
    const QByteArray before = someFile();
    auto pool = makePool(20);
    computeAndRelease(*pool, chat(1, 16));
    std::stop_source stop;
    stop.request_stop();
    const auto stopped =
        writePromptCache(*pool, keyOf(1), path("cache").toStdString(), {.budgetBytes = NoLimit}, stop.get_token());
    QVERIFY(!stopped && stopped.error().code == ErrorCode::Cancelled);
    QCOMPARE(bytesOf(path("cache")), before);
    QVERIFY(!QFileInfo::exists(path("cache.part")));
    const auto counts = pool->counts();
    const auto read = readPromptCache(*pool, keyOf(1), path("cache").toStdString(), stop.get_token());
    QVERIFY(!read && read.error().code == ErrorCode::Cancelled);
    QCOMPARE(pool->counts().free, counts.free);
}

void TstPromptCache::largerThanPool() {
    auto pool = makePool(60), small = makePool(5);
    for (int32_t n = 1; n <= 8; ++n)
        computeAndRelease(*pool, chat(n, 16));
    QVERIFY(writePromptCache(*pool, keyOf(1), path("c").toStdString(), {.budgetBytes = NoLimit}, {}));
    const auto read = readPromptCache(*small, keyOf(1), path("c").toStdString(), {});
    QVERIFY(read);
    QCOMPARE(read->pages, int64_t{5});
    QCOMPARE(found(*small, chat(8, 16)), int64_t{16});
    QByteArray damaged = bytesOf(path("c"));  // beyond what fits
    damaged[damaged.size() - 20] = static_cast<char>(damaged[damaged.size() - 20] ^ 1);
    auto again = makePool(5);
    QVERIFY(!readPromptCache(*again, keyOf(1), write(damaged).toStdString(), {}));
    QCOMPARE(again->counts().free, int64_t{5});
}

void TstPromptCache::evictsInOrderAfterRestore() {
    auto pool = makePool(60), other = makePool(25);
    for (int32_t n = 1; n <= 8; ++n)
        computeAndRelease(*pool, chat(n, 16));
    QVERIFY(writePromptCache(*pool, keyOf(1), path("c").toStdString(), {.budgetBytes = NoLimit}, {}));
    QVERIFY(readPromptCache(*other, keyOf(1), path("c").toStdString(), {}));
    PageTable table;
    QVERIFY(other->grow(table, 21 * PageTokens));
    QCOMPARE(found(*other, chat(8, 16)), int64_t{16});
}

void TstPromptCache::everyTruncation() {
    const QByteArray good = someFile();
    QCOMPARE(good.size(), qsizetype{HeaderBytes + 7 * RecordBytes});
    for (qsizetype n = 0; n < good.size(); ++n) {
        const Error error = refused(good.first(n));
        QVERIFY2(error.code == ErrorCode::FileDamaged || (n == 0 && error.code != ErrorCode::Internal),
                 qPrintable(QString("%1 bytes: %2").arg(n).arg(error.message.c_str())));
    }
    QVERIFY(refused(good + QByteArray(1, 'x')).code == ErrorCode::FileDamaged);
    QVERIFY(refused(good + QByteArray(RecordBytes, '\0')).code == ErrorCode::FileDamaged);
}

void TstPromptCache::everyByteFlipped() {
    const QByteArray good = someFile();
    std::mt19937 random(1);
    for (qsizetype i = 0; i < good.size(); ++i) {
        QByteArray bad = good;
        bad[i] = static_cast<char>(bad[i] ^ (1 << random() % 8));
        const Error error = refused(bad);
        QVERIFY2(error.code == ErrorCode::FileDamaged || error.code == ErrorCode::Unsupported,
                 qPrintable(QString("byte %1: %2").arg(i).arg(error.message.c_str())));
    }
}

void TstPromptCache::randomFlips() {
    const QByteArray good = someFile();
    std::mt19937 random(7);
    for (int i = 0; i < 1000; ++i) {
        QByteArray bad = good;
        for (unsigned n = 1 + random() % 8; n > 0; --n)
            bad[static_cast<qsizetype>(random() % static_cast<uint32_t>(bad.size()))] = static_cast<char>(random());
        if (bad == good)
            continue;
        const Error error = refused(bad);
        QVERIFY2(error.code == ErrorCode::FileDamaged || error.code == ErrorCode::Unsupported, error.message.c_str());
    }
}

// Files whose checksums are right and whose content is not.
void TstPromptCache::hostileRecords_data() {
    QTest::addColumn<int>("record");
    QTest::addColumn<int>("parent");
    QTest::addColumn<uint>("nIds");
    QTest::addColumn<QString>("words");
    QTest::addRow("its own parent") << 2 << 2 << 4u << "continues record 2";
    QTest::addRow("a later parent") << 1 << 3 << 4u << "continues record 3";
    QTest::addRow("negative parent") << 1 << -2 << 4u << "continues record -2";
    QTest::addRow("far parent") << 1 << 0x7fffffff << 4u << "continues record 2147483647";
    QTest::addRow("parent not full") << 5 << 4 << 4u << "continues record 4";
    QTest::addRow("no tokens") << 1 << 0 << 0u << "0 tokens, expected 1 to 4";
    QTest::addRow("five tokens") << 1 << 0 << 5u << "5 tokens, expected 1 to 4";
    QTest::addRow("2^32 - 1 tokens") << 1 << 0 << 0xffffffffu << "4294967295 tokens";
}

void TstPromptCache::hostileRecords() {
    QFETCH(int, record);
    QFETCH(int, parent);
    QFETCH(uint, nIds);
    QFETCH(QString, words);
    QByteArray bytes = someFile();  // record 4 is the unfinished page of the second chat
    char* at = bytes.data() + HeaderBytes + record * RecordBytes;
    const auto i = static_cast<int32_t>(parent);
    const auto n = static_cast<uint32_t>(nIds);
    std::memcpy(at, &i, 4);
    std::memcpy(at + 4, &n, 4);
    const uint64_t hash =
        xxHash64({reinterpret_cast<const std::byte*>(at), RecordBytes - 8}, static_cast<uint64_t>(record));
    std::memcpy(at + RecordBytes - 8, &hash, 8);
    const Error error = refused(bytes);
    QVERIFY2(error.code == ErrorCode::FileDamaged && QString::fromStdString(error.message).contains(words),
             error.message.c_str());
}

QTEST_APPLESS_MAIN(TstPromptCache)
#include "tst_prompt_cache.moc"
