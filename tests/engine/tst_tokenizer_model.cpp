// The sample model's own vocabulary: ids that its makers' tokenizer gives, and that its template's tokens are what they
// are.
#include <QTest>

#include "engine/text/tokenizer.h"
#include "tests/support/sample_model.h"

using namespace engine;
using Ids = std::vector<int32_t>;
Q_DECLARE_METATYPE(Ids)

class TestTokenizerModel : public QObject {
    Q_OBJECT
  private slots:
    void initTestCase() {
        const std::string path = test::sampleModelPath();
        NEED_SAMPLE_MODEL(!path.empty());
        const auto file = ModelFile::open(path);
        QVERIFY2(file, file ? "" : file.error().message.c_str());
        const auto tokenizer = Tokenizer::load(**file);
        QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
        m_tokenizer = *tokenizer;
    }

    void ids_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<bool>("parse");
        QTest::addColumn<Ids>("expected");
        QTest::newRow("greeting") << "Hello, world!" << false << Ids{19556, 28, 905, 17};
        QTest::newRow("question") << "The capital of France is" << false << Ids{504, 3575, 282, 4649, 314};
        QTest::newRow("white space and digits")
            << "  two  spaces\n\n\ttab 1234 don't" << false
            << Ids{216, 827, 216, 5600, 1116, 197, 15999, 216, 33, 34, 35, 36, 1326, 982};
        QTest::newRow("many scripts") << "Größe café 中文 한국어 😀👍🏽" << false
                                      << Ids{27302, 7466,  34878, 85,  37366, 216, 28589, 29184, 216,
                                             33085, 246,   181,   130, 251,   183, 240,   129,   40303,
                                             218,   10813, 235,   231, 10813, 233, 138};
        QTest::newRow("template") << "<|im_start|>user\nHi<|im_end|>\n" << true << Ids{1, 4093, 198, 26843, 2, 198};
        QTest::newRow("the same from a user")
            << "<|im_start|>user\nHi<|im_end|>\n"
            << false << Ids{44, 108, 306, 79, 3738, 108, 46, 4093, 198, 26843, 44, 108, 306, 79, 486, 108, 46, 198};
        QTest::newRow("code") << "def f(x):\n    return x**2  # square\n"
                              << false << Ids{1604, 275, 24, 104, 727, 472, 1003, 1792, 828, 34, 216, 907, 5222, 198};
        QTest::newRow("odd spaces") << QString::fromUtf8("\u00a0 \u3000\u200b\u0301") << false
                                    << Ids{15442, 216, 12109, 218, 321, 229, 151, 219};
        QTest::newRow("address and contractions") << "https://example.org/?q=1&r=2 I'm we'LL 'tis" << false
                                                  << Ids{4687, 1742, 7434, 30,  2295, 35005, 97, 45,    33,  22,
                                                         98,   45,   34,   339, 5248, 392,   23, 16421, 637, 34818};
    }
    void ids() {
        QFETCH(QString, text);
        QFETCH(bool, parse);
        QFETCH(Ids, expected);
        const Ids ids = m_tokenizer->encode(text.toStdString(), parse);
        QCOMPARE(ids, expected);
        QCOMPARE(QString::fromStdString(m_tokenizer->decode(ids, true)), text);
    }

    void roles() {
        QCOMPARE(m_tokenizer->modelName(), std::string_view("gpt2"));
        QCOMPARE(m_tokenizer->preName(), std::string_view("smollm"));
        QCOMPARE(m_tokenizer->vocabSize(), 49152);
        QCOMPARE(m_tokenizer->tokenText(2), std::string_view("<|im_end|>"));
        QVERIFY(m_tokenizer->isEndOfGeneration(2));
        QVERIFY(m_tokenizer->isEndOfGeneration(m_tokenizer->eosId()));
        QVERIFY(!m_tokenizer->isEndOfGeneration(19556));
    }

    void everyTokenComesBack() {
        for (int32_t id = 0; id < m_tokenizer->vocabSize(); ++id) {
            const std::string piece = m_tokenizer->piece(id, true);
            QVERIFY(!piece.empty());
            std::string back;
            for (const int32_t part : m_tokenizer->encode(piece, true))
                back += m_tokenizer->piece(part, true);
            QVERIFY2(back == piece, piece.c_str());
        }
    }

  private:
    std::shared_ptr<const Tokenizer> m_tokenizer;
};

QTEST_APPLESS_MAIN(TestTokenizerModel)
#include "tst_tokenizer_model.moc"
