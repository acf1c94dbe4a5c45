// Tokenizers against what the package `tokenizers` makes of the same vocabularies and texts (tests/data/tokenizer),
// special tokens, trusted and untrusted text, decoding.
#include <QFile>
#include <QTest>
#include <nlohmann/json.hpp>

#include "engine/text/pre_tokenizer.h"
#include "engine/text/tokenizer.h"
#include "tests/support/vocab_file.h"

using namespace engine;
using nlohmann::json;

namespace {

const json& goldens() {
    static const json value = [] {
        QFile file(TESSERA_TEST_DATA "/tokenizer/goldens.json");
        return file.open(QIODevice::ReadOnly) ? json::parse(file.readAll().toStdString(), nullptr, false) : json();
    }();
    return value;
}

test::VocabSpec specOf(const char* model) {
    const json& golden = goldens()[model];
    test::VocabSpec spec;
    spec.model = model;
    spec.tokens = golden["tokens"].get<std::vector<std::string>>();
    spec.types = golden["types"].get<std::vector<int64_t>>();
    if (golden.contains("scores"))
        spec.scores = golden["scores"].get<std::vector<float>>();
    if (golden.contains("merges"))
        spec.merges = golden["merges"].get<std::vector<std::string>>();
    return spec;
}

std::shared_ptr<const Tokenizer> loaded(const test::VocabSpec& spec) {
    auto tokenizer = test::loadTokenizer(spec);
    if (!tokenizer)
        qWarning("%s", tokenizer.error().message.c_str());
    return tokenizer ? *tokenizer : nullptr;
}

QString shown(const std::vector<int32_t>& ids, const Tokenizer& tokenizer) {
    QString out;
    for (const int32_t id : ids)
        out += QString("%1:%2 ").arg(id).arg(QString::fromStdString(std::string(tokenizer.tokenText(id))));
    return out;
}

QByteArray bytesOf(const std::string& text) {
    return QByteArray::fromStdString(text);
}

using Ids = std::vector<int32_t>;

}  // namespace

class TestTokenizer : public QObject {
    Q_OBJECT
  private slots:
    void initTestCase() { QVERIFY2(goldens().is_object(), "tests/data/tokenizer/goldens.json cannot be read"); }

    void pieces_data() {
        QTest::addColumn<QString>("name");
        for (const auto& [name, unused] : goldens()["pieces"].items())
            QTest::newRow(name.c_str()) << QString::fromStdString(name);
    }
    void pieces() {
        QFETCH(QString, name);
        const PreTokenizer* preTokenizer = findPreTokenizer(name.toStdString());
        QVERIFY(preTokenizer);
        const json& texts = goldens()["texts"];
        for (size_t i = 0; i < texts.size(); ++i) {
            const std::string text = texts[i].get<std::string>();
            std::vector<size_t> sizes;
            PieceReader reader(*preTokenizer, text);
            for (std::string_view piece; reader.next(piece);)
                sizes.push_back(piece.size());
            QVERIFY2(sizes == goldens()["pieces"][name.toStdString()][i].get<std::vector<size_t>>(), text.c_str());
        }
    }

    void bytePairs_data() {
        QTest::addColumn<QString>("name");
        for (const auto& [name, unused] : goldens()["gpt2"]["ids"].items())
            QTest::newRow(name.c_str()) << QString::fromStdString(name);
    }
    void bytePairs() {
        QFETCH(QString, name);
        test::VocabSpec spec = specOf("gpt2");
        spec.pre = name.toStdString();
        const auto tokenizer = loaded(spec);
        QVERIFY(tokenizer);
        const json& expected = goldens()["gpt2"]["ids"][name.toStdString()];
        for (size_t i = 0; i < expected.size(); ++i) {
            const std::string text = goldens()["texts"][i].get<std::string>();
            const Ids ids = tokenizer->encode(text, false);
            QVERIFY2(ids == expected[i].get<Ids>(),
                     qPrintable(QString::fromStdString(text) + "\n" + shown(ids, *tokenizer)));
            QCOMPARE(bytesOf(tokenizer->decode(ids, false)), bytesOf(text));
        }
    }

    // Every name that is accepted makes a whole of its pieces, and long texts end in reasonable time.
    void everyPreTokenizer_data() {
        QTest::addColumn<QString>("name");
        std::vector<decltype(PreTokenizer::stages)> seen;
        for (const PreTokenizer& p : preTokenizers()) {
            if (std::find(seen.begin(), seen.end(), p.stages) != seen.end())
                continue;  // only another name
            seen.push_back(p.stages);
            QTest::newRow(std::string(p.name).c_str()) << QString::fromStdString(std::string(p.name));
        }
    }
    void everyPreTokenizer() {
        QFETCH(QString, name);
        const PreTokenizer* preTokenizer = findPreTokenizer(name.toStdString());
        for (const char* unit : {"a", "A", " ", "\n", "1", "'", "\xF0\x9F\x98\x80", "\xCC\x81", "\xE3\x80\x80",
                                 "\xE4\xB8\xAD", "\x80", "<sentinel:", " \n", "a ", "IMG", "\xD9\xA3"}) {
            std::string text;
            while (text.size() < 300'000)
                text += unit;
            size_t total = 0;
            PieceReader reader(*preTokenizer, text);
            for (std::string_view piece; reader.next(piece);) {
                if (piece.empty() || piece.data() != text.data() + total)
                    QFAIL("an empty piece, or not the next one");
                total += piece.size();
            }
            QCOMPARE(total, text.size());
        }
    }

    void sentencePieces() {
        const auto tokenizer = loaded(specOf("llama"));
        QVERIFY(tokenizer);
        for (size_t i = 0; i < goldens()["texts"].size(); ++i) {
            const std::string text = goldens()["texts"][i].get<std::string>();
            const Ids ids = tokenizer->encode(text, false);
            QVERIFY2(ids == goldens()["llama"]["ids"][i].get<Ids>(),
                     qPrintable(QString::fromStdString(text) + "\n" + shown(ids, *tokenizer)));
            QCOMPARE(bytesOf(tokenizer->decode(ids, false)), bytesOf(text));
        }
    }

    void unigrams() {
        test::VocabSpec spec = specOf("t5");
        spec.flags["add_space_prefix"] = true;
        const auto tokenizer = loaded(spec);
        QVERIFY(tokenizer);
        const json& texts = goldens()["t5"]["texts"];
        for (size_t i = 0; i < texts.size(); ++i) {
            const std::string text = texts[i].get<std::string>();
            const Ids ids = tokenizer->encode(text, false);
            QVERIFY2(ids == goldens()["t5"]["ids"][i].get<Ids>(),
                     qPrintable(QString::fromStdString(text) + "\n" + shown(ids, *tokenizer)));
        }
    }

    void wordPieces() {
        test::VocabSpec spec = specOf("bert");
        spec.ids = {{"cls_token_id", 2}, {"seperator_token_id", 3}, {"unknown_token_id", 1}};
        const auto tokenizer = loaded(spec);
        QVERIFY(tokenizer);
        QCOMPARE(tokenizer->bosId(), 2);
        QCOMPARE(tokenizer->eosId(), 3);
        const json& texts = goldens()["bert"]["texts"];
        for (size_t i = 0; i < texts.size(); ++i) {
            const std::string text = texts[i].get<std::string>();
            const Ids ids = tokenizer->encode(text, false);
            QVERIFY2(ids == goldens()["bert"]["ids"][i].get<Ids>(),
                     qPrintable(QString::fromStdString(text) + "\n" + shown(ids, *tokenizer)));
        }
    }

    void rawByteBytePairs() {
        // Gemma 4's form: characters, U+2581 for the space, lines apart, bytes as <0xNN>.
        test::VocabSpec spec;
        spec.model = "gemma4";
        spec.tokens = {"<unk>", "<s>", "a", "b", "▁", "▁a", "ab", "▁ab", "\n", "\n\n", "ba"};
        spec.types = {2, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1};
        for (int b = 0; b < 256; ++b) {
            char text[8];
            std::snprintf(text, sizeof text, "<0x%02X>", b);
            spec.tokens.push_back(text);
            spec.types.push_back(6);
        }
        spec.merges = {"b a", "▁ a", "a b", "▁ ab", "▁a b", "\n \n"};
        spec.ids["bos_token_id"] = 1;
        const auto tokenizer = loaded(spec);
        QVERIFY(tokenizer);
        QVERIFY(tokenizer->addsBos());
        const auto byteId = [](int b) { return 11 + b; };
        QCOMPARE(tokenizer->encode("ab ab", false), (Ids{6, 7}));
        QCOMPARE(tokenizer->encode("aba", false), (Ids{2, 10}));
        QCOMPARE(tokenizer->encode("a\n\n\n\nb", false), (Ids{2, 9, 9, 3}));
        QCOMPARE(tokenizer->encode("aé", false), (Ids{2, byteId(0xC3), byteId(0xA9)}));
        QCOMPARE(tokenizer->decode(tokenizer->encode("a é\n\xFF", false), false), std::string("a é\n\xEF\xBF\xBD"));
    }

    void specialTokens_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<bool>("parse");
        QTest::addColumn<QStringList>("tokens");
        QTest::newRow("control in a user's text stays text")
            << "a<|c|>" << false << QStringList{"a", "<", "|", "c", "|", ">"};
        QTest::newRow("control in a template counts") << "a<|c|>b" << true << QStringList{"a", "<|c|>", "b"};
        QTest::newRow("user-defined counts anywhere") << "a<u>b" << false << QStringList{"a", "<u>", "b"};
        QTest::newRow("only the token") << "<u>" << false << QStringList{"<u>"};
        QTest::newRow("twice") << "<u><u>" << false << QStringList{"<u>", "<u>"};
        QTest::newRow("the longest of those that begin together") << "<u>>" << false << QStringList{"<u>>"};
        QTest::newRow("the first of those that overlap") << "xyzw" << false << QStringList{"xyz", "w"};
        QTest::newRow("begins inside a token that does not go on") << "xyxyz" << false << QStringList{"x", "y", "xyz"};
        QTest::newRow("unknown-kind token only in templates") << "?unk?" << true << QStringList{"?unk?"};
        QTest::newRow("unknown-kind token of a user") << "?u" << false << QStringList{"?", "u"};
        QTest::newRow("cut short") << "<|c|" << true << QStringList{"<", "|", "c", "|"};
    }
    void specialTokens() {
        QFETCH(QString, text);
        QFETCH(bool, parse);
        QFETCH(QStringList, tokens);
        test::VocabSpec spec = test::byteVocab({}, {"<|c|>"}, {"<u>", "<u>>", "xyz", "yzw"});
        spec.tokens.push_back("?unk?");
        spec.types.push_back(2);
        const auto tokenizer = loaded(spec);
        QVERIFY(tokenizer);
        QStringList got;
        for (const int32_t id : tokenizer->encode(text.toStdString(), parse))
            got << QString::fromStdString(std::string(tokenizer->tokenText(id)));
        QCOMPARE(got, tokens);
    }

    void parts_data() {
        QTest::addColumn<QStringList>("trusted");  // parts alternate, beginning with trusted
        QTest::addColumn<QStringList>("tokens");
        QTest::newRow("in trusted text") << QStringList{"<|c|>", "ab", "<|c|>"} << QStringList{"<|c|>", "ab", "<|c|>"};
        QTest::newRow("written by a user") << QStringList{"a", "<|c|>"} << QStringList{"a", "<", "|", "c", "|", ">"};
        QTest::newRow("joined from both") << QStringList{"<|", "c|>"} << QStringList{"<", "|", "c", "|", ">"};
        QTest::newRow("joined the other way") << QStringList{"", "<|c", "|>"} << QStringList{"<", "|", "c", "|", ">"};
        QTest::newRow("around nothing") << QStringList{"<|c", "", "|>"} << QStringList{"<|c|>"};
        QTest::newRow("a word across parts is one word") << QStringList{"a", "b"} << QStringList{"ab"};
        QTest::newRow("a user cannot hide the template's token")
            << QStringList{"", "<|c", "<|c|>"} << QStringList{"<", "|", "c", "<|c|>"};
        QTest::newRow("user-defined across parts") << QStringList{"<", "u>"} << QStringList{"<u>"};
    }
    void parts() {
        QFETCH(QStringList, trusted);
        QFETCH(QStringList, tokens);
        const auto tokenizer = loaded(test::byteVocab({"a b"}, {"<|c|>"}, {"<u>"}));
        QVERIFY(tokenizer);
        std::vector<Tokenizer::Part> list;
        for (qsizetype i = 0; i < trusted.size(); ++i)
            list.push_back({trusted[i].toStdString(), i % 2 == 0});
        QStringList got;
        for (const int32_t id : tokenizer->encodeParts(list))
            got << QString::fromStdString(std::string(tokenizer->tokenText(id)));
        QCOMPARE(got, tokens);
    }

    void mergesNeverMakeControlTokens() {
        // "</s>" can be merged from its parts here; in a user's text it stays parts.
        test::VocabSpec bytes = test::byteVocab({"< /", "s >", "</ s>"});
        bytes.types[bytes.tokens.size() - 1] = 3;
        bytes.pre = "superbpe";  // keeps the signs and letters together
        const auto byteLevel = loaded(bytes);
        QVERIFY(byteLevel);
        QCOMPARE(byteLevel->encode("</s>", false).size(), size_t{2});
        QCOMPARE(byteLevel->encode("</s>", true).size(), size_t{1});

        test::VocabSpec pieces;
        pieces.model = "llama";
        pieces.tokens = {"<unk>", "<s>", "</s>", "<0x3C>", "▁", "<", "/", "s", ">", "</", "s>", "▁<0", "x3C>"};
        pieces.types = {2, 3, 3, 6, 1, 1, 1, 1, 1, 1, 1, 1, 1};
        pieces.scores = {0, 0, 0, 0, -1, -2, -3, -4, -5, -6, -7, -8, -9};
        const auto sentencePiece = loaded(pieces);
        QVERIFY(sentencePiece);
        QCOMPARE(sentencePiece->encode("</s>", false), (Ids{4, 9, 10}));
        QCOMPARE(sentencePiece->encode("</s>", true), (Ids{2}));
    }

    void stripping() {
        // Phi-3's special tokens eat the white space behind them.
        test::VocabSpec spec = test::byteVocab({}, {"<|end|>", "<s>"});
        spec.more = [](test::GgufBuilder& builder) { builder.string("general.name", "Phi-3 mini"); };
        const auto tokenizer = loaded(spec);
        QVERIFY(tokenizer);
        QCOMPARE(tokenizer->encode("<|end|> \n\ta", true), (Ids{256, 'a'}));
        QCOMPARE(tokenizer->encode("<s> a", true).size(), size_t{3});
    }

    void roles() {
        test::VocabSpec spec = test::byteVocab({}, {"<bos>", "<eos>", "<|im_end|>", "<|tool|>"});
        spec.ids = {{"bos_token_id", 256}, {"eos_token_id", 257}};
        spec.flags = {{"add_bos_token", true}};
        const auto tokenizer = loaded(spec);
        QVERIFY(tokenizer);
        QCOMPARE(tokenizer->vocabSize(), 260);
        QCOMPARE(tokenizer->bosId(), 256);
        QCOMPARE(tokenizer->eosId(), 257);
        QVERIFY(tokenizer->addsBos());
        QVERIFY(!tokenizer->addsEos());
        QVERIFY(tokenizer->isEndOfGeneration(257));
        QVERIFY(tokenizer->isEndOfGeneration(258));
        QVERIFY(!tokenizer->isEndOfGeneration(259));
        QVERIFY(!tokenizer->isEndOfGeneration(-1));
        QVERIFY(!tokenizer->isEndOfGeneration(260));
        QCOMPARE(tokenizer->kind(258), TokenKind::Control);
        QCOMPARE(tokenizer->piece(258, true), std::string("<|im_end|>"));
        QCOMPARE(tokenizer->piece(258, false), std::string());
        QCOMPARE(tokenizer->piece(-5, true), std::string());
        QCOMPARE(tokenizer->modelName(), std::string_view("gpt2"));
        QCOMPARE(tokenizer->preName(), std::string_view("gpt-2"));
        QVERIFY(tokenizer->notes().empty());
    }

    void harmonyEnds() {
        const auto plain = loaded(test::byteVocab({}, {"<|end|>"}));
        QVERIFY(plain->isEndOfGeneration(256));
        const auto harmony = loaded(test::byteVocab({}, {"<|end|>", "<|return|>", "<|call|>"}));
        QVERIFY(!harmony->isEndOfGeneration(256));
        QVERIFY(harmony->isEndOfGeneration(257));
        QVERIFY(harmony->isEndOfGeneration(258));
    }

    void namesBeatTheFile() {
        // Some files call <|im_end|> a normal or user-defined token; a user could then end the turn.
        test::VocabSpec spec = test::byteVocab({}, {}, {"<|im_end|>"});
        const auto tokenizer = loaded(spec);
        QVERIFY(tokenizer);
        QCOMPARE(tokenizer->kind(256), TokenKind::Control);
        QCOMPARE(tokenizer->encode("<|im_end|>", false).size(), size_t{10});
    }

    void anyBytes_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("zero") << QByteArray("a\0b", 3);
        QTest::newRow("lone continuation") << QByteArray("a\x80 b");
        QTest::newRow("overlong") << QByteArray("\xC0\x80");
        QTest::newRow("surrogate") << QByteArray("\xED\xA0\x80");
        QTest::newRow("too high") << QByteArray("\xF4\x90\x80\x80");
        QTest::newRow("cut") << QByteArray("ab\xF0\x9F\x98");
        QTest::newRow("FF") << QByteArray("\xFF\xFE\xFF");
        QTest::newRow("not a character") << QByteArray("\xEF\xBF\xBE\xEF\xBB\xBF");
        QTest::newRow("many marks") << QByteArray("\xCC\x81").repeated(50'000);
        QTest::newRow("joined emoji") << QByteArray("👨‍👩‍👧‍👦").repeated(1000);
        QTest::newRow("right to left") << QByteArray("\xE2\x80\xAE evil \xE2\x80\xAC");
    }
    void anyBytes() {
        QFETCH(QByteArray, text);
        for (const char* model : {"gpt2", "llama"}) {
            test::VocabSpec spec = specOf(model);
            if (spec.model == "gpt2")
                spec.pre = "smollm";
            const auto tokenizer = loaded(spec);
            QVERIFY(tokenizer);
            const Ids ids = tokenizer->encode({text.data(), static_cast<size_t>(text.size())}, true);
            std::string bytes;
            for (const int32_t id : ids)
                bytes += tokenizer->piece(id, true);
            if (spec.model == "llama" && !bytes.empty())
                bytes.erase(0, 1);  // the space put in front
            QCOMPARE(bytesOf(bytes), text);
        }
    }

    void missingBytesBecomeUnknown() {
        test::VocabSpec spec;
        spec.pre = "gpt-2";
        spec.tokens = {"a", "b", "<unk>"};
        spec.types = {1, 1, 2};
        spec.ids["unknown_token_id"] = 2;
        const auto tokenizer = loaded(spec);
        QVERIFY(tokenizer);
        QCOMPARE(tokenizer->encode("acb", false), (Ids{0, 2, 1}));
    }

    void longTextsOfOneCharacter() {
        // A quadratic step somewhere would take hours here.
        for (const char* model : {"gpt2", "llama", "t5", "bert"}) {
            test::VocabSpec spec = specOf(model);
            if (spec.model == "gpt2")
                spec.pre = "smollm";
            const auto tokenizer = loaded(spec);
            QVERIFY(tokenizer);
            for (const char* unit : {"a", " ", "\n", "\xF0\x9F\x98\x80", "the", "\x80"}) {
                std::string text;
                while (text.size() < 400'000)
                    text += unit;
                const Ids ids = tokenizer->encode(text, true);
                QVERIFY(spec.model == "bert" || spec.model == "t5" || !ids.empty());
            }
        }
    }

    void manySpecialTokens() {
        std::vector<std::string> control;
        for (int i = 0; i < 20'000; ++i)
            control.push_back("<|" + std::string(static_cast<size_t>(i % 7), 'a') + std::to_string(i) + "|>");
        const auto tokenizer = loaded(test::byteVocab({}, control));
        QVERIFY(tokenizer);
        std::string text;
        while (text.size() < 500'000)
            text += "<|aaa";
        text += "<|aaa10003|>";
        const Ids ids = tokenizer->encode(text, true);
        QCOMPARE(tokenizer->tokenText(ids.back()), std::string_view(">"));  // 10003 % 7 is 0: not a token
        QCOMPARE(tokenizer->encode("x<|9996|>", true).back(), 256 + 9996);
    }
};

QTEST_APPLESS_MAIN(TestTokenizer)
#include "tst_tokenizer.moc"
