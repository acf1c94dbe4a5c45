// Vocabularies that are damaged, hostile or only odd: one clear sentence, or a tokenizer that works.
#include <QTest>
#include <limits>
#include <random>

#include "engine/text/char_map.h"
#include "engine/text/tokenizer.h"
#include "tests/support/vocab_file.h"

using namespace engine;
using test::byteVocab;
using test::GgufBuilder;
using test::VocabSpec;

namespace {

VocabSpec sentencePieces() {
    VocabSpec spec;
    spec.model = "llama";
    spec.tokens = {"<unk>", "<s>", "</s>", "▁", "a", "▁a"};
    spec.types = {2, 3, 3, 1, 1, 1};
    spec.scores = {0, 0, 0, -1, -2, -3};
    return spec;
}

template <typename Change>
VocabSpec changed(VocabSpec spec, Change change) {
    change(spec);
    return spec;
}

// A map that replaces "A" by "xy": units 0 (root), 'A' (leads on to 256) and 256 (the string's place).
std::string charMapBytes() {
    std::vector<uint32_t> units(320, 0);
    units['A'] = 'A' | 1u << 8 | uint32_t{'A' ^ 256} << 10;
    units[256] = 1;
    std::string bytes = test::bytesOf(static_cast<uint32_t>(units.size() * 4));
    for (const uint32_t unit : units)
        bytes += test::bytesOf(unit);
    return bytes + std::string("\0xy\0", 4);
}

}  // namespace

class TestTokenizerLoad : public QObject {
    Q_OBJECT
  private slots:
    void refused_data() {
        QTest::addColumn<int>("number");
        int number = 0;
        for (const auto& row : rows())
            QTest::newRow(row.name) << number++;
    }
    void refused() {
        QFETCH(int, number);
        const Row row = rows()[static_cast<size_t>(number)];
        const auto tokenizer = test::loadTokenizer(row.spec);
        QVERIFY(!tokenizer);
        const std::string& message = tokenizer.error().message;
        QVERIFY2(message.find(row.names) != std::string::npos, message.c_str());
        QVERIFY2(message.find(".gguf") != std::string::npos, message.c_str());
        QCOMPARE(QString(codeName(tokenizer.error().code)), QString(codeName(row.code)));
    }

    void accepted() {
        const auto plain = test::loadTokenizer(byteVocab({"a b", "ab c"}));
        QVERIFY(plain);
        QCOMPARE((*plain)->encode("abc", false), (std::vector<int32_t>{257}));

        // Without the key: a note, and the default.
        auto noPre = test::loadTokenizer(changed(byteVocab(), [](VocabSpec& s) { s.pre.clear(); }));
        QVERIFY(noPre);
        QCOMPARE((*noPre)->notes().size(), size_t{1});
        QVERIFY((*noPre)->notes()[0].find("tokenizer.ggml.pre") != std::string::npos);

        auto noTypes = test::loadTokenizer(changed(byteVocab(), [](VocabSpec& s) { s.types.clear(); }));
        QVERIFY(noTypes);
        QVERIFY((*noTypes)->notes()[0].find("tokenizer.ggml.token_type") != std::string::npos);

        // Normal tokens without text are never used.
        auto empty = test::loadTokenizer(changed(byteVocab(), [](VocabSpec& s) {
            s.tokens.insert(s.tokens.end(), 3, "");
            s.types.insert(s.types.end(), 3, 1);
        }));
        QVERIFY(empty);
        QCOMPARE((*empty)->encode("hi", true).size(), size_t{2});
        QCOMPARE((*empty)->piece(257, true), std::string());
        QCOMPARE((*empty)->notes().size(), size_t{1});

        // "None", as converters write it.
        auto none = test::loadTokenizer(changed(byteVocab(), [](VocabSpec& s) {
            s.ids["bos_token_id"] = 0xFFFFFFFF;
            s.flags["add_bos_token"] = true;
        }));
        QVERIFY(none);
        QCOMPARE((*none)->bosId(), -1);
        QVERIFY(!(*none)->addsBos());
        QCOMPARE((*none)->notes().size(), size_t{1});
    }

    void equalMergesTheFirstCounts() {
        const auto tokenizer = test::loadTokenizer(changed(byteVocab({"a b", "b c"}), [](VocabSpec& s) {
            s.merges = {"b c", "a b", "b c"};
        }));
        QVERIFY(tokenizer);
        QCOMPARE((*tokenizer)->encode("abc", false), (std::vector<int32_t>{'a', 257}));
    }

    void hugeVocabulary() {
        // 300,000 tokens with nested texts: loads, and finds the longest.
        VocabSpec spec = byteVocab();
        std::string text;
        for (int i = 0; i < 2000; ++i) {
            text += 'q';
            spec.tokens.push_back("<" + text + ">");
            spec.types.push_back(4);
        }
        for (int i = 0; i < 298'000; ++i) {
            spec.tokens.push_back("<<" + std::to_string(i) + ">>");
            spec.types.push_back(i % 2 == 0 ? 3 : 1);
        }
        const auto tokenizer = test::loadTokenizer(spec);
        QVERIFY(tokenizer);
        QCOMPARE((*tokenizer)->encode("<" + text + ">", false), (std::vector<int32_t>{256 + 1999}));
        QCOMPARE((*tokenizer)->encode("<<4444>>", true), (std::vector<int32_t>{2256 + 4444}));
        QCOMPARE((*tokenizer)->encode(std::string(200'000, 'q'), true).size(), size_t{200'000});
    }

    void charMap() {
        const std::string bytes = charMapBytes();
        const auto map = CharMap::read(bytes);
        QVERIFY(map);
        std::string_view replacement;
        QCOMPARE(map->replacePrefix("Az", replacement), size_t{1});
        QCOMPARE(replacement, std::string_view("xy"));
        QCOMPARE(map->replacePrefix("zA", replacement), size_t{0});
        QCOMPARE(map->replacePrefix("", replacement), size_t{0});

        VocabSpec spec = sentencePieces();
        spec.model = "t5";
        spec.tokens = {"<pad>", "</s>", "<unk>", "▁", "x", "y", "xy", "z"};
        spec.types = {3, 3, 2, 1, 1, 1, 1, 1};
        spec.scores = {0, 0, 0, -1, -3, -3, -2, -2};
        spec.more = [&](GgufBuilder& builder) {
            builder.integers("tokenizer.ggml.precompiled_charsmap", test::U8,
                             std::vector<int64_t>(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                  reinterpret_cast<const uint8_t*>(bytes.data()) + bytes.size()));
        };
        const auto tokenizer = test::loadTokenizer(spec);
        QVERIFY(tokenizer);
        QCOMPARE((*tokenizer)->encode("zAz", false), (std::vector<int32_t>{7, 6, 7}));
        QCOMPARE((*tokenizer)->encode("qq", false), (std::vector<int32_t>{2}));  // unknown characters together are one
    }

    void damagedCharMapReachesNothing() {
        const std::string good = charMapBytes();
        for (size_t at = 4; at < good.size() - 1; ++at) {
            for (const int bit : {0, 3, 6, 7}) {
                std::string bytes = good;
                bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit);
                const auto map = CharMap::read(bytes);
                QVERIFY(map);
                std::string_view replacement;
                for (int c = 0; c < 256; ++c) {
                    const char text[2] = {static_cast<char>(c), 'A'};
                    const size_t length = map->replacePrefix({text, 2}, replacement);
                    QVERIFY(length <= 2 && replacement.size() <= 4);
                }
            }
        }
    }

    // A map that makes a megabyte of each character, and one whose array leads back into itself.
    void hostileCharMap() {
        const auto longText = CharMap::read(charMapBytes() + std::string(1 << 20, 'x') + '\0');
        QVERIFY(!longText);
        QVERIFY(longText.error().message.find("replacement of 1048576 bytes") != std::string::npos);

        const std::string text(1 << 20, 'a');
        std::vector<uint32_t> units(256, 0);
        units['a'] = 'a' | uint32_t{'a'} << 10;  // leads back to the root
        std::string bytes = test::bytesOf(static_cast<uint32_t>(units.size() * 4));
        for (const uint32_t unit : units)
            bytes += test::bytesOf(unit);
        const auto loop = CharMap::read(bytes + '\0');
        QVERIFY(loop);
        std::string_view replacement;
        size_t replaced = 0;
        for (size_t at = 0; at < text.size(); ++at)  // would take hours if it followed each loop to the end
            replaced += loop->replacePrefix(std::string_view(text).substr(at), replacement);
        QCOMPARE(replaced, size_t{0});
    }

    void randomDamage() {
        // Whatever is changed in a vocabulary: an error with a sentence, or a tokenizer that keeps its promises.
        std::mt19937 random(6);
        const auto below = [&](size_t n) { return n == 0 ? size_t{0} : random() % n; };
        int nLoaded = 0;
        for (int round = 0; round < 1500; ++round) {
            VocabSpec spec = round % 3 == 0 ? sentencePieces() : byteVocab({"a b", "ab c", "c a"}, {"<|c|>"}, {"<u>"});
            if (round % 6 == 3)
                spec.model = round % 12 == 3 ? "t5" : "bert";
            for (size_t changes = 1 + below(3); changes > 0; --changes) {
                const size_t at = below(spec.tokens.size());
                switch (below(9)) {
                    case 0:
                        spec.tokens[at] = std::string(below(4), static_cast<char>(below(256)));
                        break;
                    case 1:
                        spec.types[below(spec.types.size())] = static_cast<int64_t>(below(9)) - 1;
                        break;
                    case 2:
                        if (!spec.scores.empty())
                            spec.scores[below(spec.scores.size())] = static_cast<float>(below(7)) - 3;
                        break;
                    case 3:
                        if (!spec.merges.empty())
                            spec.merges[below(spec.merges.size())] =
                                spec.tokens[at] + " " + spec.tokens[below(256) % spec.tokens.size()];
                        break;
                    case 4:
                        spec.ids["bos_token_id"] = static_cast<int64_t>(below(300));
                        spec.flags["add_bos_token"] = true;
                        break;
                    case 5:
                        spec.ids["unknown_token_id"] = static_cast<int64_t>(below(300));
                        break;
                    case 6:
                        spec.tokens.erase(spec.tokens.begin() + static_cast<ptrdiff_t>(at));
                        if (below(2) == 0)
                            spec.types.erase(spec.types.begin() + static_cast<ptrdiff_t>(at % spec.types.size()));
                        break;
                    case 7:
                        spec.tokens[at] = "</s>";
                        break;
                    default:
                        spec.flags["add_space_prefix"] = below(2) == 0;
                        spec.flags["remove_extra_whitespaces"] = below(2) == 0;
                }
                if (spec.tokens.empty() || spec.types.empty())
                    break;
            }
            const auto tokenizer = test::loadTokenizer(spec);
            if (!tokenizer) {
                QVERIFY(tokenizer.error().message.size() > 20);
                continue;
            }
            ++nLoaded;
            std::string text;
            for (size_t i = below(40); i > 0; --i)
                text += below(3) == 0 ? static_cast<char>(below(256)) : "abc <|>\n/su"[below(12)];
            for (const bool parse : {false, true}) {
                for (const int32_t id : (*tokenizer)->encode(text, parse)) {
                    QVERIFY(id >= 0 && id < (*tokenizer)->vocabSize());
                    QVERIFY(parse || (*tokenizer)->kind(id) != TokenKind::Control);
                    (*tokenizer)->piece(id, true);
                }
            }
        }
        QVERIFY2(nLoaded > 200 && nLoaded < 1400, qPrintable(QString::number(nLoaded)));
    }

  private:
    struct Row {
        const char* name;
        VocabSpec spec;
        ErrorCode code;
        const char* names;  // what the sentence must name
    };
    static std::vector<Row> rows() {
        constexpr ErrorCode Damaged = ErrorCode::FileDamaged;
        constexpr ErrorCode Unsupported = ErrorCode::Unsupported;
        std::vector<Row> list;
        const auto bytes = [&](const char* name, const char* names, auto change) {
            list.push_back({name, changed(byteVocab({"a b"}), change), Damaged, names});
        };
        const auto pieces = [&](const char* name, const char* names, auto change) {
            list.push_back({name, changed(sentencePieces(), change), Damaged, names});
        };
        bytes("no tokens", "tokenizer.ggml.tokens", [](VocabSpec& s) {
            s.tokens.clear();
            s.types.clear();
            s.merges.clear();
        });
        bytes("a token twice", "twice", [](VocabSpec& s) { s.tokens[256] = "a"; });
        bytes("fewer kinds than tokens", "tokenizer.ggml.token_type", [](VocabSpec& s) { s.types.pop_back(); });
        bytes("more kinds than tokens", "tokenizer.ggml.token_type", [](VocabSpec& s) { s.types.push_back(1); });
        bytes("kind 7", "tokenizer.ggml.token_type", [](VocabSpec& s) { s.types[3] = 7; });
        bytes("kind -1", "tokenizer.ggml.token_type", [](VocabSpec& s) { s.types[3] = -1; });
        bytes("byte token that is spelled otherwise", "<0xNN>", [](VocabSpec& s) { s.types[3] = 6; });
        bytes("special token without text", "tokenizer.ggml.tokens", [](VocabSpec& s) {
            s.tokens.push_back("");
            s.types.push_back(3);
        });
        bytes("user-defined token without text", "tokenizer.ggml.tokens", [](VocabSpec& s) {
            s.tokens.push_back("");
            s.types.push_back(4);
        });
        bytes("merge without a space", "tokenizer.ggml.merges, entry 1,",
              [](VocabSpec& s) { s.merges.push_back("ab"); });
        bytes("merge with one side", "tokenizer.ggml.merges", [](VocabSpec& s) { s.merges.push_back("a "); });
        bytes("empty merge", "tokenizer.ggml.merges", [](VocabSpec& s) { s.merges.push_back(""); });
        bytes("merge of an unknown token", "\"zz\"", [](VocabSpec& s) { s.merges.push_back("a zz"); });
        bytes("merge into an unknown token", "\"ac\"", [](VocabSpec& s) { s.merges.push_back("a c"); });
        bytes("merge longer than any token", "tokenizer.ggml.merges",
              [](VocabSpec& s) { s.merges.push_back("a " + std::string(100'000, 'b')); });
        bytes("bos outside", "tokenizer.ggml.bos_token_id", [](VocabSpec& s) { s.ids["bos_token_id"] = 257; });
        bytes("eos outside", "tokenizer.ggml.eos_token_id", [](VocabSpec& s) { s.ids["eos_token_id"] = 1 << 30; });
        bytes("eot outside", "tokenizer.ggml.eot_token_id", [](VocabSpec& s) { s.ids["eot_token_id"] = 300; });
        bytes("unknown outside", "tokenizer.ggml.unknown_token_id",
              [](VocabSpec& s) { s.ids["unknown_token_id"] = 300; });
        pieces("fewer scores than tokens", "tokenizer.ggml.scores", [](VocabSpec& s) { s.scores.pop_back(); });
        pieces("more scores than tokens", "tokenizer.ggml.scores", [](VocabSpec& s) { s.scores.push_back(0); });
        pieces("no scores", "tokenizer.ggml.scores", [](VocabSpec& s) { s.scores.clear(); });
        pieces("score not a number", "tokenizer.ggml.scores",
               [](VocabSpec& s) { s.scores[2] = std::numeric_limits<float>::quiet_NaN(); });
        pieces("score infinite", "tokenizer.ggml.scores",
               [](VocabSpec& s) { s.scores[2] = std::numeric_limits<float>::infinity(); });
        const auto map = [&](const char* name, std::string content) {
            list.push_back({name,
                            changed(sentencePieces(),
                                    [&](VocabSpec& s) {
                                        s.model = "t5";
                                        std::vector<int64_t> values;
                                        for (const char c : content)
                                            values.push_back(static_cast<unsigned char>(c));
                                        s.more = [values](GgufBuilder& b) {
                                            b.integers("tokenizer.ggml.precompiled_charsmap", test::U8, values);
                                        };
                                    }),
                            Damaged, "tokenizer.ggml.precompiled_charsmap"});
        };
        map("character map without a head", "abc");
        map("character map larger than its bytes", test::bytesOf(uint32_t{4096}) + "abcd");
        map("character map of a broken size", test::bytesOf(uint32_t{3}) + std::string("abcdefgh\0", 9));
        map("character map of 4 GB", test::bytesOf(uint32_t{0xFFFFFFFC}) + std::string("abcdefgh\0", 9));
        map("character map that ends in a string", test::bytesOf(uint32_t{4}) + "abcdxyz");
        list.push_back({"unknown pre-tokenizer", changed(byteVocab(), [](VocabSpec& s) { s.pre = "gpt-17"; }),
                        Unsupported, "gpt-17"});
        for (const char* model : {"rwkv", "plamo2", "no_vocab", "whitespace", "gpt3"})
            list.push_back({model, changed(byteVocab(), [&](VocabSpec& s) { s.model = model; }), Unsupported, model});
        return list;
    }
};

QTEST_APPLESS_MAIN(TestTokenizerLoad)
#include "tst_tokenizer_load.moc"
