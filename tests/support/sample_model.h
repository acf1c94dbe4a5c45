// Where the sample model lies, for tests with the label `model` and for benches.
#pragma once

#include <string>

namespace test {

// The path of SmolLM2-135M-Instruct under $TESSERA_MODELS, else $XDG_DATA_HOME/tessera/models, else
// ~/.local/share/tessera/models; empty when it is not there.
std::string sampleModelPath();

}  // namespace test
