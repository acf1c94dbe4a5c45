// The table of hostile GGUF files: a small valid model, and every mutation of it that must be refused, with the code of
// the refusal. Rows are named by the catalogue (G01 to G24). Deterministic. Thread: any.
#pragma once

#include <string>
#include <vector>

#include "engine/core/result.h"
#include "tests/support/gguf_builder.h"

namespace test {

struct HostileFile {
    std::string name;  // "G07/tokens count 2^61"
    std::string bytes;
    engine::ErrorCode code;
    std::string says;  // a word that the sentence must contain; empty: any
};

// A valid model of about 8 KB: every value type, quantized and plain tensors.
GgufBuilder smallModel();
std::vector<HostileFile> hostileFiles();

}  // namespace test
