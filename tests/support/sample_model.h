// Where the sample model lies, for tests with the label `model` and for benches.
#pragma once

#include <string>

namespace test {

// The path of SmolLM2-135M-Instruct under $TESSERA_MODELS, else $XDG_DATA_HOME/tessera/models, else
// ~/.local/share/tessera/models; empty when it is not there.
std::string sampleModelPath();

}  // namespace test

// Skips where the sample model was not found, and fails where a run counts (./dev test sets TESSERA_COMPLETE).
#define NEED_SAMPLE_MODEL(found)                                                                       \
    do {                                                                                               \
        if (!(found)) {                                                                                \
            QVERIFY2(!qEnvironmentVariableIsSet("TESSERA_COMPLETE"), "the sample model is not there"); \
            QSKIP("the sample model is not there: ./dev models gets it");                              \
        }                                                                                              \
    } while (false)
