#include "tests/support/gguf_hostile.h"

#include <fmt/format.h>

namespace test {

using engine::ErrorCode;

namespace {

constexpr uint64_t hugeNumbers[] = {~0ull,      1ull << 63, (1ull << 63) - 1, 1ull << 62,    1ull << 61, 1ull << 60,
                                    1ull << 40, 1ull << 32, 1ull << 31,       1'000'000'000, 1'000'000};

std::string patterned(size_t size) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<char>(i * 7 % 60);  // as floats and scales: small finite numbers
    return bytes;
}

class Table {
  public:
    Table() : m_good(smallModel().build(&m_layout)) {}

    std::vector<HostileFile> take() && { return std::move(m_rows); }

    void notGguf() {
        const std::pair<const char*, std::string> contents[] = {
            {"web page", "<!DOCTYPE html><html><head><title>404</title></head></html>"},
            {"web page", "\n  <html><body>Sign in</body></html>"},
            {"web page", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"},
            {"LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4661211808\n"},
            {"JSON", "{\"error\": \"Repository not found\"}"},
            {"ZIP", std::string("PK\x03\x04\x14\0\0\0\0\0", 10) + patterned(100)},
            {"pickle", std::string("\x80\x02}q\0.", 6) + patterned(40)},
            {"safetensors", bytesOf<uint64_t>(72) + "{\"__metadata__\":{\"format\":\"pt\"}}" + patterned(100)},
            {"gzip", std::string("\x1F\x8B\x08\0", 4) + patterned(40)},
            {"PNG", "\x89PNG\r\n\x1a\n" + patterned(40)},
            {"zeros", std::string(4096, '\0')},
            {"text", "This is not a model at all.\n"},
            {"GGML", "lmgg" + patterned(40)},
            {"GGJT", "tjgg" + patterned(40)},
            {"reversed", "FUGG" + m_good.substr(4)},
            {"begins with", "XXXX" + m_good.substr(4)},
            {"begins with", std::string("GGU\0", 4) + m_good.substr(4)},
            {"begins with", "gguf" + m_good.substr(4)},
        };
        add("G01/empty", "", ErrorCode::FileDamaged, "empty");
        int i = 0;
        for (const auto& [says, bytes] : contents)
            add(fmt::format("G01/content {} {}", ++i, says), bytes, ErrorCode::FileDamaged, says);
        for (size_t size = 1; size < 24; ++size)
            add(fmt::format("G01/first {} bytes", size), m_good.substr(0, size), ErrorCode::FileDamaged, "");
    }

    void versions() {
        for (const uint32_t version : {0u, 1u, 4u, 5u, 100u, 9999u, 0x7FFFFFFFu, 0xFFFFFFFFu})
            patched(fmt::format("G02/version {}", version), GgufLayout::versionAt, version, ErrorCode::Unsupported,
                    "version");
        for (const uint32_t version : {1u, 2u, 3u, 4u})
            patched(fmt::format("G02/big-endian {}", version), GgufLayout::versionAt, version << 24,
                    ErrorCode::Unsupported, "big-endian");
    }

    void counts() {
        for (const uint64_t huge : hugeNumbers) {
            patched(fmt::format("G03/nTensors {:#x}", huge), GgufLayout::nTensorsAt, huge, ErrorCode::FileDamaged,
                    "tensors");
            patched(fmt::format("G03/nKeys {:#x}", huge), GgufLayout::nKeysAt, huge, ErrorCode::FileDamaged, "keys");
        }
        for (const uint64_t more : {1u, 2u, 10u}) {
            patched(fmt::format("G03/nTensors + {}", more), GgufLayout::nTensorsAt, m_layout.tensors.size() + more,
                    ErrorCode::FileDamaged, "");
            patched(fmt::format("G03/nKeys + {}", more), GgufLayout::nKeysAt, m_layout.keys.size() + more,
                    ErrorCode::FileDamaged, "");
            patched(fmt::format("G03/nKeys - {}", more), GgufLayout::nKeysAt, m_layout.keys.size() - more,
                    ErrorCode::FileDamaged, "");
        }
        // Enough bytes for more entries than the limits allow.
        std::string many = m_good + std::string(65'537 * 40, '\0');
        patch<uint64_t>(many, GgufLayout::nTensorsAt, 65'537);
        add("G03/more tensors than the limit", many, ErrorCode::Unsupported, "limit");
        many = m_good + std::string(65'537 * 14, '\0');
        patch<uint64_t>(many, GgufLayout::nKeysAt, 65'537);
        add("G03/more keys than the limit", many, ErrorCode::Unsupported, "limit");
    }

    void keyNames() {
        for (const GgufLayout::Key& key : m_layout.keys)
            for (const uint64_t length : {uint64_t{0}, uint64_t{1} << 63, ~uint64_t{0}, m_good.size()})
                patched(fmt::format("G04/length of {} is {:#x}", key.name, length), key.lengthAt, length,
                        ErrorCode::FileDamaged, "");
        for (const int c : {0, 1, 9, 10, 13, 27, 31, 127, 128, 192, 255, 0x2F, 0x5C})
            patched(fmt::format("G04/character {}", c), m_layout.keys[1].nameAt + 2, static_cast<uint8_t>(c),
                    ErrorCode::FileDamaged, "character");
        built("G04/path", smallModel().string("../../etc/passwd", "x"), ErrorCode::FileDamaged, "character");
        built("G04/65536 bytes", smallModel().string(std::string(65536, 'k'), "x"), ErrorCode::FileDamaged, "65535");
    }

    void duplicates() {
        for (const GgufLayout::Key& key : m_layout.keys)
            built("G05/key " + key.name, smallModel().string(key.name, "again"), ErrorCode::FileDamaged, "twice");
        for (const GgufLayout::Tensor& tensor : m_layout.tensors)
            built("G05/tensor " + tensor.name, smallModel().tensor(tensor.name, 0, {8}, patterned(32)),
                  ErrorCode::FileDamaged, "twice");
    }

    void valueTypes() {
        for (const GgufLayout::Key& key : m_layout.keys)
            for (const uint32_t type : {13u, 14u, 255u, 0x80000000u, 0xFFFFFFFFu})
                patched(fmt::format("G06/{} has type {}", key.name, type), key.typeAt, type, ErrorCode::FileDamaged,
                        "type");
        for (const int value : {2, 3, 127, 128, 255}) {
            patched(fmt::format("G06/bool {}", value), m_layout.key("test.bool").valueAt, static_cast<uint8_t>(value),
                    ErrorCode::FileDamaged, "bool");
            patched(fmt::format("G06/bool array {}", value), m_layout.key("test.bools").valueAt + 12 + 1,
                    static_cast<uint8_t>(value), ErrorCode::FileDamaged, "bool");
        }
    }

    void lengths() {
        for (const GgufLayout::Key& key : m_layout.keys) {
            if (key.type != Str && key.type != Arr)
                continue;
            const size_t at = key.valueAt + (key.type == Arr ? 4 : 0);
            for (const uint64_t huge : hugeNumbers)
                patched(fmt::format("G07/{} of {:#x}", key.name, huge), at, huge, ErrorCode::FileDamaged, "");
            patched(fmt::format("G07/{} as long as the file", key.name), at, m_good.size(), ErrorCode::FileDamaged, "");
            if (key.type == Arr)
                for (const uint32_t type : {13u, 77u, 0xFFFFFFFFu})
                    patched(fmt::format("G07/{} element type {}", key.name, type), key.valueAt, type,
                            ErrorCode::FileDamaged, "type");
        }
        const size_t firstToken = m_layout.key("tokenizer.ggml.tokens").valueAt + 12;
        for (const uint64_t huge : hugeNumbers)
            patched(fmt::format("G07/first token of {:#x}", huge), firstToken, huge, ErrorCode::FileDamaged, "tokens");
        built("G07/u64 array above 2^63", smallModel().integers("test.huge", U64, {1, -1}), ErrorCode::FileDamaged,
              "above");
        const std::string longText =
            bytesOf<uint32_t>(Str) + bytesOf<uint64_t>(1) + bytesOf<uint64_t>(1 << 24) + std::string(1 << 24, 'x');
        built("G07/array string over 16 MB", smallModel().raw("test.long", Arr, longText), ErrorCode::Unsupported,
              "limit");
    }

    void nesting() {
        for (const int depth : {5, 6, 10, 100, 1000, 10'000}) {
            std::string value;
            for (int i = 1; i < depth; ++i)
                value += bytesOf<uint32_t>(Arr) + bytesOf<uint64_t>(1);
            value += bytesOf<uint32_t>(U8) + bytesOf<uint64_t>(1) + "x";
            built(fmt::format("G08/depth {}", depth), smallModel().raw("test.deep", Arr, value), ErrorCode::FileDamaged,
                  "nested");
        }
        for (const size_t count : {65u, 1000u, 100'000u}) {
            std::string value = bytesOf<uint32_t>(Arr) + bytesOf<uint64_t>(count);
            for (size_t i = 0; i < count; ++i)
                value += bytesOf<uint32_t>(U8) + bytesOf<uint64_t>(0);
            built(fmt::format("G08/{} empty arrays", count), smallModel().raw("test.many", Arr, value),
                  ErrorCode::Unsupported, "arrays");
        }
        const std::string promised = bytesOf<uint32_t>(Arr) + bytesOf<uint64_t>(1'000'000'000);
        built("G08/10^9 empty arrays promised", smallModel().raw("test.many", Arr, promised), ErrorCode::FileDamaged,
              "");
    }

    void alignments() {
        for (const uint32_t alignment :
             {0u, 1u, 2u, 3u, 4u, 7u, 9u, 13u, 31u, 33u, 48u, 100u, 1u << 17, 1u << 31, 0xFFFFFFFFu})
            patched(fmt::format("G09/alignment {}", alignment), m_layout.key("general.alignment").valueAt, alignment,
                    ErrorCode::FileDamaged, "power of two");
        const auto withType = [&](const char* name, GgufType type, const std::string& value) {
            built(fmt::format("G09/alignment is {}", name), smallModel().raw("general.alignment", type, value),
                  ErrorCode::FileDamaged, "twice");
            GgufBuilder bare;
            bare.raw("general.alignment", type, value).tensor("t", 0, {8}, patterned(32));
            built(fmt::format("G09/alignment is {}, alone", name), bare, ErrorCode::FileDamaged, "u32");
        };
        withType("i32", I32, bytesOf<int32_t>(32));
        withType("u8", U8, bytesOf<uint8_t>(32));
        withType("u16", U16, bytesOf<uint16_t>(32));
        withType("u64", U64, bytesOf<uint64_t>(32));
        withType("i64", I64, bytesOf<int64_t>(32));
        withType("f32", F32, bytesOf<float>(32));
        withType("bool", Bool, bytesOf<uint8_t>(1));
        withType("string", Str, bytesOf<uint64_t>(2) + "32");
        withType("array", Arr, bytesOf<uint32_t>(U32) + bytesOf<uint64_t>(1) + bytesOf<uint32_t>(32));
    }

    void tensorNames() {
        const std::pair<const char*, std::string> names[] = {
            {"empty", ""},
            {"65 bytes", std::string(65, 'n')},
            {"1000 bytes", std::string(1000, 'n')},
            {"NUL", std::string("a\0b", 3)},
            {"line feed", "a\nb"},
            {"escape", "a\x1B[31mb"},
            {"DEL", "a\x7F"},
            {"lone continuation", "a\x80"},
            {"overlong", "a\xC0\x80"},
            {"surrogate", "a\xED\xA0\x80"},
            {"above U+10FFFF", "a\xF4\x90\x80\x80"},
            {"cut character", "a\xE2\x82"},
            {"right-to-left override",
             "a\xE2\x80\xAE"
             "b"},
            {"isolate",
             "a\xE2\x81\xA6"
             "b"},
            {"byte order mark",
             "\xEF\xBB\xBF"
             "a"},
            {"line separator",
             "a\xE2\x80\xA8"
             "b"},
            {"zero width",
             "a\xE2\x80\x8B"
             "b"},
        };
        for (const auto& [what, name] : names)
            built(fmt::format("G10/{}", what), smallModel().tensor(name, 0, {8}, patterned(32)), ErrorCode::FileDamaged,
                  "name");
        for (const GgufLayout::Tensor& tensor : m_layout.tensors)
            for (const uint64_t huge : hugeNumbers)
                patched(fmt::format("G10/name of {} has {:#x} bytes", tensor.name, huge), tensor.lengthAt, huge,
                        ErrorCode::FileDamaged, "");
    }

    void shapes() {
        for (const GgufLayout::Tensor& tensor : m_layout.tensors) {
            for (const uint32_t rank : {0u, 5u, 6u, 255u, 0x80000000u, 0xFFFFFFFFu})
                patched(fmt::format("G11/{} has rank {}", tensor.name, rank), tensor.rankAt, rank,
                        ErrorCode::FileDamaged, "dimensions");
            for (size_t d = 0; d < tensor.dimAt.size(); ++d) {
                patched(fmt::format("G11/{} dimension {} is 0", tensor.name, d), tensor.dimAt[d], uint64_t{0},
                        ErrorCode::FileDamaged, "is 0");
                for (const uint64_t huge : hugeNumbers)
                    patched(fmt::format("G11/{} dimension {} is {:#x}", tensor.name, d, huge), tensor.dimAt[d], huge,
                            ErrorCode::FileDamaged, "");
            }
        }
    }

    void tensorTypes() {
        for (const GgufLayout::Tensor& tensor : m_layout.tensors)
            for (const uint32_t type : {4u,  5u,  9u,  16u, 17u, 18u, 19u, 21u, 22u,  29u,         31u,
                                        32u, 33u, 34u, 35u, 36u, 37u, 38u, 40u, 100u, 0x80000000u, 0xFFFFFFFFu})
                patched(fmt::format("G12/{} has type {}", tensor.name, type), tensor.typeAt, type,
                        ErrorCode::Unsupported, "type number");
        for (const uint64_t row : {1u, 31u, 33u, 255u, 257u})
            patched(fmt::format("G12/quantized row of {}", row), m_layout.tensor("blk.0.ffn_up.weight").dimAt[0], row,
                    ErrorCode::FileDamaged, "multiple of");
        patched("G12/Q4_K on rows of 32", m_layout.tensor("token_embd.weight").typeAt, 12u, ErrorCode::FileDamaged,
                "multiple of");
    }

    void offsets() {
        for (const GgufLayout::Tensor& tensor : m_layout.tensors) {
            for (const uint64_t step : {1u, 8u, 16u, 31u})
                patched(fmt::format("G13/{} offset + {}", tensor.name, step), tensor.offsetAt, tensor.offset + step,
                        ErrorCode::FileDamaged, "multiple of");
            for (const uint64_t far : {uint64_t{1} << 63, uint64_t{1} << 62, (~uint64_t{0}) - 31, uint64_t{1} << 40,
                                       (m_good.size() / 32 + 1) * 32})
                patched(fmt::format("G13/{} offset {:#x}", tensor.name, far), tensor.offsetAt, far,
                        ErrorCode::FileDamaged, "");
        }
    }

    void overlaps() {
        for (size_t i = 1; i < m_layout.tensors.size(); ++i) {
            const GgufLayout::Tensor& tensor = m_layout.tensors[i];
            const GgufLayout::Tensor& before = m_layout.tensors[i - 1];
            patched(fmt::format("G14/{} on {}", tensor.name, before.name), tensor.offsetAt, before.offset,
                    ErrorCode::FileDamaged, "reaches into");
            if (before.sizeBytes > 32)
                patched(fmt::format("G14/{} inside {}", tensor.name, before.name), tensor.offsetAt,
                        before.offset + (before.sizeBytes - 1) / 32 * 32, ErrorCode::FileDamaged, "reaches into");
        }
        // The type needs more bytes than the writer reserved; the neighbour would supply the rest.
        patched("G14/F16 declared as F32", m_layout.tensor("test.cube").typeAt, 0u, ErrorCode::FileDamaged, "overlap");
        patched("G14/one row more", m_layout.tensor("token_embd.weight").dimAt[1], uint64_t{21}, ErrorCode::FileDamaged,
                "overlap");
    }

    void truncations() {
        const GgufLayout::Tensor& last = m_layout.tensors.back();
        const size_t end = m_layout.dataAt + last.offset + last.sizeBytes;
        for (size_t at = 24; at < end; at += at < m_layout.directoryEnd ? 13 : 257)
            cut(at);
        for (const GgufLayout::Key& key : m_layout.keys)
            for (const size_t at : {key.lengthAt, key.nameAt, key.typeAt, key.valueAt, key.end - 1})
                cut(at);
        for (const GgufLayout::Tensor& tensor : m_layout.tensors)
            for (const size_t at :
                 {tensor.lengthAt, tensor.nameAt, tensor.rankAt, tensor.typeAt, tensor.offsetAt,
                  m_layout.dataAt + tensor.offset, m_layout.dataAt + tensor.offset + tensor.sizeBytes - 1})
                cut(at);
    }

    void bombs() {
        const auto shaped = [](std::initializer_list<uint64_t> shape) {
            GgufBuilder bomb;
            bomb.string("general.architecture", "llama").tensor("token_embd.weight", 0, shape, patterned(64));
            return bomb;
        };
        built("G24/1 TB tensor", shaped({1ull << 20, 1ull << 18}), ErrorCode::FileDamaged, "incomplete");
        built("G24/1 PB tensor", shaped({1ull << 25, 1ull << 23}), ErrorCode::FileDamaged, "incomplete");
        built("G24/exabyte tensor", shaped({1ull << 20, 1ull << 20, 1ull << 19}), ErrorCode::FileDamaged, "");
        built("G24/product wraps to 16", shaped({1ull << 32, 1ull << 32, 1, 16}), ErrorCode::FileDamaged, "");
        for (const GgufType type : {U8, U16, U32, F32, U64, F64, Str, Arr}) {
            GgufBuilder bomb;
            bomb.raw("tokenizer.ggml.tokens", Arr, bytesOf<uint32_t>(type) + bytesOf<uint64_t>(1ull << 40));
            built(fmt::format("G24/10^12 elements of type {}", static_cast<int>(type)), bomb, ErrorCode::FileDamaged,
                  "");
        }
    }

  private:
    void add(std::string name, std::string bytes, ErrorCode code, std::string says) {
        m_rows.push_back({std::move(name), std::move(bytes), code, std::move(says)});
    }
    template <typename T>
    void patched(std::string name, size_t at, T value, ErrorCode code, std::string says) {
        std::string bytes = m_good;
        patch(bytes, at, value);
        add(std::move(name), std::move(bytes), code, std::move(says));
    }
    void built(std::string name, const GgufBuilder& builder, ErrorCode code, std::string says) {
        add(std::move(name), builder.build(), code, std::move(says));
    }
    void cut(size_t at) {
        add(fmt::format("G15/cut at {} of {}", at, m_good.size()), m_good.substr(0, at), ErrorCode::FileDamaged, "");
    }

    GgufLayout m_layout;
    std::string m_good;
    std::vector<HostileFile> m_rows;
};

}  // namespace

GgufBuilder smallModel() {
    std::vector<std::string> tokens, merges;
    for (int i = 0; i < 20; ++i)
        tokens.push_back(fmt::format("token{}", i));
    for (int i = 0; i < 8; ++i)
        merges.push_back(fmt::format("a{} b{}", i, i));
    GgufBuilder model;
    model.string("general.architecture", "llama")
        .string("general.name", "Small model")
        .integer("general.alignment", U32, 32)
        .integer("llama.block_count", U32, 1)
        .integer("llama.context_length", U32, 128)
        .real("llama.rope.freq_base", F32, 10000)
        .integer("test.bool", Bool, 1)
        .integer("test.u8", U8, 200)
        .integer("test.i8", I8, -100)
        .integer("test.u16", U16, 60'000)
        .integer("test.i16", I16, -30'000)
        .integer("test.i32", I32, -2'000'000'000)
        .integer("test.u64", U64, 1ll << 60)
        .integer("test.i64", I64, -(1ll << 60))
        .real("test.f64", F64, 0.1)
        .integers("test.bools", Bool, {1, 0, 1})
        .integers("test.u64s", U64, {1, 1ll << 62})
        .raw("test.nested", Arr,
             bytesOf<uint32_t>(Arr) + bytesOf<uint64_t>(2) + bytesOf<uint32_t>(I16) + bytesOf<uint64_t>(2) +
                 bytesOf<int16_t>(-1) + bytesOf<int16_t>(2) + bytesOf<uint32_t>(Str) + bytesOf<uint64_t>(1) +
                 bytesOf<uint64_t>(2) + "hi")
        .strings("tokenizer.ggml.tokens", tokens)
        .reals("tokenizer.ggml.scores", std::vector<float>(20, -1.5f))
        .integers("tokenizer.ggml.token_type", I32, std::vector<int64_t>(20, 1))
        .strings("tokenizer.ggml.merges", merges);
    model
        .tensor("token_embd.weight", 8, {32, 20}, patterned(20 * 34))        // Q8_0
        .tensor("blk.0.attn_q.weight", 0, {32, 32}, patterned(32 * 32 * 4))  // F32
        .tensor("test.cube", 1, {4, 4, 4}, patterned(64 * 2))                // F16
        .tensor("blk.0.ffn_up.weight", 12, {256, 2}, patterned(2 * 144))     // Q4_K
        .tensor("output_norm.weight", 0, {32}, patterned(32 * 4));
    return model;
}

std::vector<HostileFile> hostileFiles() {
    Table table;
    table.notGguf();
    table.versions();
    table.counts();
    table.keyNames();
    table.duplicates();
    table.valueTypes();
    table.lengths();
    table.nesting();
    table.alignments();
    table.tensorNames();
    table.shapes();
    table.tensorTypes();
    table.offsets();
    table.overlaps();
    table.truncations();
    table.bombs();
    return std::move(table).take();
}

}  // namespace test
