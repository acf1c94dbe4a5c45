// The name of a model from its file's.
#include <QTest>

#include "app/model_name.h"

class TstModelName : public QObject {
    Q_OBJECT
  private slots:
    void names_data();
    void names();
};

void TstModelName::names_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("name");
    QTest::newRow("dot") << "/m/SmolLM2-135M-Instruct.Q4_1.gguf"
                         << "SmolLM2-135M-Instruct";
    QTest::newRow("dash, K") << "/m/Qwen2.5-1.5B-Instruct-Q4_K_M.gguf"
                             << "Qwen2.5-1.5B-Instruct";
    QTest::newRow("lower case") << "/m/gemma-2b-it-q8_0.gguf"
                                << "gemma-2b-it";
    QTest::newRow("i-quant") << "/m/Phi-3.IQ4_XS.gguf"
                             << "Phi-3";
    QTest::newRow("half") << "/m/tiny-f16.gguf"
                          << "tiny";
    QTest::newRow("split") << "/m/Llama-70B-Q4_K_M-00001-of-00003.gguf"
                           << "Llama-70B";
    QTest::newRow("version is no type") << "/m/Mistral-7B-v0.3.gguf"
                                        << "Mistral-7B-v0.3";
    QTest::newRow("nothing but a type") << "/m/q4_0.gguf"
                                        << "q4_0";
    QTest::newRow("only a type") << "/m/-q4_0.gguf"
                                 << "-q4_0";
    QTest::newRow("no ending") << "/m/model"
                               << "model";
    QTest::newRow("hidden") << "/m/.gguf"
                            << ".gguf";
    QTest::newRow("empty") << ""
                           << "";
}

void TstModelName::names() {
    QFETCH(QString, path);
    QFETCH(QString, name);
    QCOMPARE(app::modelName(path), name);
}

QTEST_APPLESS_MAIN(TstModelName)
#include "tst_model_name.moc"
