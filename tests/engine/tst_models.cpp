// What is refused before a model is built: metadata that does not fit the tensors, missing tensors, values that are no
// numbers, files that hold no language model. Each with its code and the words that name the place.
#include <QtTest>

#include "engine/io/model_file.h"
#include "engine/models/file_type.h"
#include "engine/models/models.h"
#include "engine/run/engine.h"
#include "engine/run/memory_plan.h"
#include "tests/support/tiny_model.h"

using namespace engine;
using test::TinyModel;

namespace {

struct Hostile {
    const char* name;
    TinyModel model;
    ErrorCode code;
    std::vector<std::string> words;
};

TinyModel with(const std::function<void(TinyModel&)>& change) {
    TinyModel m;
    change(m);
    return m;
}
TinyModel number(const std::string& key, double value) {
    return with([&](TinyModel& m) { m.numbers[key] = value; });
}
TinyModel lacking(std::set<std::string> names) {
    return with([&](TinyModel& m) { m.without = std::move(names); });
}
TinyModel shaped(const std::string& name, std::vector<int64_t> shape) {
    return with([&](TinyModel& m) { m.shapes[name] = std::move(shape); });
}

std::vector<Hostile> hostile() {
    constexpr ErrorCode Damaged = ErrorCode::FileDamaged, Unsupported = ErrorCode::Unsupported;
    return {
        {"no heads", number("llama.attention.head_count", 0), Damaged, {"llama.attention.head_count", "0"}},
        {"heads do not divide", number("llama.attention.head_count", 3), Damaged, {"head_count"}},
        {"kv heads do not divide", number("llama.attention.head_count_kv", 3), Damaged, {"head_count_kv", "divide"}},
        {"no kv heads", number("llama.attention.head_count_kv", 0), Damaged, {"head_count_kv"}},
        {"negative layers", number("llama.block_count", -1), Damaged, {"llama.block_count", "-1"}},
        {"2^31 layers", number("llama.block_count", 2147483648.0), Damaged, {"llama.block_count", "2147483648"}},
        {"fewer layers than tensors", number("llama.block_count", 1), Damaged, {"block_count", "block 1"}},
        {"more layers than tensors", number("llama.block_count", 9), Damaged, {"block_count", "2 blocks"}},
        {"other width", number("llama.embedding_length", 96), Damaged, {"has shape [64", "calls for"}},
        {"width 0", number("llama.embedding_length", 0), Damaged, {"embedding_length"}},
        {"width 2^40", number("llama.embedding_length", 1e12), Damaged, {"embedding_length"}},
        {"other inner width", number("llama.feed_forward_length", 100), Damaged, {"ffn_", "100"}},
        {"context 0", number("llama.context_length", 0), Damaged, {"context_length"}},
        {"context 2^32", number("llama.context_length", 4294967296.0), Damaged, {"context_length", "4294967296"}},
        {"rope wider than a head",
         number("llama.rope.dimension_count", 32),
         Damaged,
         {"rope.dimension_count", "32", "16"}},
        {"odd rope", number("llama.rope.dimension_count", 7), Damaged, {"rope.dimension_count"}},
        {"rope base 0", number("llama.rope.freq_base", 0), Damaged, {"rope.freq_base"}},
        {"rope base not a number",
         number("llama.rope.freq_base", std::numeric_limits<double>::quiet_NaN()),
         Damaged,
         {"rope.freq_base"}},
        {"eps negative", number("llama.attention.layer_norm_rms_epsilon", -1), Damaged, {"rms_epsilon"}},
        {"eps missing", lacking({"llama.attention.layer_norm_rms_epsilon"}), Damaged, {"rms_epsilon"}},
        {"other key length", number("llama.attention.key_length", 32), Damaged, {"attn_q", "calls for"}},
        {"key length 0", number("llama.attention.key_length", 0), Damaged, {"key_length"}},
        {"vocabulary size of its own", number("llama.vocab_size", 300), Damaged, {"vocab_size", "300", "288"}},
        {"fewer tokens than rows",
         with([](TinyModel& m) { m.nTokens = 280; }),
         Damaged,
         {"tokenizer.ggml.tokens", "280", "288"}},
        {"experts", number("llama.expert_count", 8), Unsupported, {"8 experts"}},
        {"unknown scaling",
         with([](TinyModel& m) { m.ropeType = "spiral", m.originalContext = 64; }),
         Unsupported,
         {"spiral", "yarn"}},
        {"longrope without factors",
         with([](TinyModel& m) { m.ropeType = "longrope", m.originalContext = 64; }),
         Damaged,
         {"rope_factors_long"}},
        {"factors of another size",
         with([](TinyModel& m) {
             m.ropeFactors = {1, 2, 3};
         }),
         Damaged,
         {"rope_freqs.weight", "3", "8"}},
        {"factor 0", with([](TinyModel& m) { m.ropeFactors.assign(8, 0.0f); }), Damaged, {"rope_freqs.weight"}},
        {"no embedding", lacking({"token_embd.weight"}), Damaged, {"token_embd.weight"}},
        {"two tensors missing",
         lacking({"blk.0.attn_q.weight", "blk.1.ffn_up.weight"}),
         Damaged,
         {"lacks", "'blk.0.attn_q.weight', 'blk.1.ffn_up.weight'"}},
        {"seven tensors missing",
         lacking({"output_norm.weight", "blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight",
                  "blk.0.ffn_up.weight", "blk.1.ffn_up.weight", "blk.1.ffn_down.weight"}),
         Damaged,
         {"'output_norm.weight'", "and 2 more"}},
        {"norm of another size",
         shaped("blk.1.attn_norm.weight", {32}),
         Damaged,
         {"blk.1.attn_norm.weight", "[32]", "[64]"}},
        {"bias of another size", shaped("blk.0.attn_q.bias", {3}), Damaged, {"blk.0.attn_q.bias", "[3]"}},
        {"transposed",
         shaped("blk.0.ffn_down.weight", {64, 96}),
         Damaged,
         {"blk.0.ffn_down.weight", "[64, 96]", "[96, 64]"}},
        {"three dimensions",
         shaped("blk.0.ffn_up.weight", {64, 48, 2}),
         Damaged,
         {"blk.0.ffn_up.weight", "[64, 48, 2]"}},
        {"unknown architecture",
         with([](TinyModel& m) { m.architecture = "foo"; }),
         Unsupported,
         {"'foo'", "llama", "granite"}},
        {"no architecture", lacking({"general.architecture"}), Damaged, {"general.architecture"}},
        {"vision part", with([](TinyModel& m) { m.architecture = "clip"; }), Unsupported, {"vision part"}},
        {"adapter", with([](TinyModel& m) { m.texts["general.type"] = "adapter"; }), Unsupported, {"adapter (LoRA)"}},
        {"importance matrix",
         with([](TinyModel& m) { m.texts["general.type"] = "imatrix"; }),
         Unsupported,
         {"importance matrix"}},
        {"norm not finite",
         with([](TinyModel& m) { m.notFinite = "blk.1.ffn_norm.weight"; }),
         Damaged,
         {"value 1", "blk.1.ffn_norm.weight", "nan"}},
        {"output norm not finite",
         with([](TinyModel& m) { m.notFinite = "output_norm.weight"; }),
         Damaged,
         {"output_norm.weight"}},
        {"bias not finite",
         with([](TinyModel& m) { m.attentionBias = true, m.notFinite = "blk.0.attn_v.bias"; }),
         Damaged,
         {"blk.0.attn_v.bias"}},
    };
}

}  // namespace

class TstModels : public QObject {
    Q_OBJECT

  private slots:
    void refusesHostile_data();
    void refusesHostile();
    void vocabularyOnly();
    void brokenWeightsFailTheRequest();
    void unusedTensorsAreTold();
    void estimates();
};

void TstModels::refusesHostile_data() {
    QTest::addColumn<int>("index");
    const auto all = hostile();
    for (size_t i = 0; i < all.size(); ++i)
        QTest::newRow(all[i].name) << static_cast<int>(i);
}

void TstModels::refusesHostile() {
    QFETCH(int, index);
    const Hostile h = hostile()[static_cast<size_t>(index)];
    QTemporaryDir dir;
    const std::string good = dir.filePath("good.gguf").toStdString(), bad = dir.filePath("bad.gguf").toStdString();
    QVERIFY(test::writeTinyModel(good, {}));
    QVERIFY(test::writeTinyModel(bad, h.model));
    auto engine = Engine::make({.threads = 1});
    QVERIFY(engine);
    const auto kept = (*engine)->load(good, {}, {}, {});
    QVERIFY(kept);
    const auto loaded = (*engine)->load(bad, {}, {}, {});
    QVERIFY2(!loaded, "it was loaded");
    const Error& error = loaded.error();
    QVERIFY2(error.code == h.code, error.message.c_str());
    for (const std::string& word : h.words)
        QVERIFY2(error.message.find(word) != std::string::npos, error.message.c_str());
    QVERIFY2(error.message.find("bad.gguf") != std::string::npos, error.message.c_str());
    QVERIFY((*engine)->model(kept->id));
    QCOMPARE((*engine)->snapshot().models.size(), size_t{1});
}

void TstModels::vocabularyOnly() {
    QTemporaryDir dir;
    const std::string path = dir.filePath("vocab.gguf").toStdString();
    TinyModel m;
    m.without = {"token_embd.weight", "output_norm.weight", "output.weight"};
    m.nLayers = 0;
    QVERIFY(test::writeTinyModel(path, m));
    const auto file = ModelFile::open(path);
    QVERIFY2(file, file ? "" : file.error().message.c_str());
    const auto config = readModelConfig(**file);
    QVERIFY(!config);
    QVERIFY2(config.error().message.find("vocabulary without weights") != std::string::npos,
             config.error().message.c_str());
}

// NaN in a matrix is not looked for at load (that would read every byte); it must end the request, not the program.
void TstModels::brokenWeightsFailTheRequest() {
    QTemporaryDir dir;
    const std::string path = dir.filePath("nan.gguf").toStdString();
    TinyModel m;
    m.notFinite = "blk.0.ffn_down.weight";
    QVERIFY(test::writeTinyModel(path, m));
    auto engine = Engine::make({.threads = 1});
    const auto model = (*engine)->load(path, {}, {}, {});
    QVERIFY(model);
    Request r;
    r.model = model->id;
    r.ids = {1, 5, 9};
    QVERIFY((*engine)->submit(r));
    std::vector<EngineEvent> events;
    while ((*engine)->step(events)) {
    }
    QCOMPARE(events.size(), size_t{1});
    const auto* failed = std::get_if<FailedEvent>(&events[0]);
    QVERIFY(failed);
    QVERIFY2(failed->error.message.find("not a number") != std::string::npos, failed->error.message.c_str());
    QCOMPARE((*engine)->snapshot().models[0].pagesUsed, int64_t{0});
}

void TstModels::unusedTensorsAreTold() {
    QTemporaryDir dir;
    const std::string path = dir.filePath("extra.gguf").toStdString();
    QVERIFY(test::writeTinyModel(path, shaped("blk.0.attn_q_norm.weight", {16})));
    auto engine = Engine::make({.threads = 1});
    const auto model = (*engine)->load(path, {}, {}, {});
    QVERIFY(model);
    QCOMPARE(model->notes.size(), size_t{1});
    QVERIFY(model->notes[0].find("blk.0.attn_q_norm.weight") != std::string::npos);
}

void TstModels::estimates() {
    QTemporaryDir dir;
    const std::string path = dir.filePath("tiny.gguf").toStdString();
    QVERIFY(test::writeTinyModel(path, {}));
    const auto file = ModelFile::open(path);
    QVERIFY(file);
    QCOMPARE(fileTypeOf(**file), std::string("F32"));
    const auto estimate = estimateMemory(**file, {});
    QVERIFY(estimate);
    QCOMPARE(estimate->weightBytes, parameterCount(**file) * 4);
    QCOMPARE(estimate->kvBytesPerToken, int64_t{2 * 2 * 2 * 16 * 2});  // layers, K and V, heads, head size, F16
    QVERIFY(estimate->peakBytes > estimate->weightBytes + 256 * estimate->kvBytesPerToken);
}

QTEST_APPLESS_MAIN(TstModels)
#include "tst_models.moc"
