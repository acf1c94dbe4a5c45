// Writes small GGUF models with weights from a seed: the same weights that tests/data/parity/make_parity.py gives to an
// independent implementation. Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kernels/dtype.h"

namespace test {

struct TinyModel {
    std::string architecture = "llama";
    uint64_t seed = 1;
    int64_t nLayers = 2, dim = 64, nHeads = 4, nKvHeads = 2, headDim = 16, ffnDim = 96, context = 256;
    bool tied = false, attentionBias = false, ffnBias = false;
    double ropeBase = 10000, normEps = 1e-5;
    std::string ropeType = "none";  // rope.scaling.type
    double ropeFactor = 1, attentionFactor = 1;
    int64_t originalContext = 0;
    std::vector<float> ropeFactors = {}, longFactors = {}, shortFactors = {};
    double embeddingScale = 1, residualScale = 1, attentionScale = 0, logitScale = 1;  // Granite's
    kernels::DType dtype = kernels::DType::F32;  // F32, F16 or Q8_0, of the matrices
    bool addBos = false;
    int32_t otherToken = -1;  // a token that is spelled otherwise than in all other tiny models

    // Damage.
    std::map<std::string, double> numbers = {};               // metadata key -> another value
    std::map<std::string, std::string> texts = {};            // metadata key -> another text
    std::set<std::string> without = {};                       // metadata keys and tensors left out
    std::map<std::string, std::vector<int64_t>> shapes = {};  // tensor -> another shape, also of a new tensor
    std::string notFinite = {};                               // tensor whose value 1 is NaN
    int64_t nTokens = 0;                                      // length of the token list, if not the vocabulary's
};

// Unknown, BOS, EOS, 256 byte tokens and the first letters: what a vocabulary needs to encode any text.
inline constexpr int64_t tinyVocabSize = 288;

// Value `index` of the tensor of that name: uniform in [-1, 1), a multiple of 2^-23.
float tinyValue(uint64_t seed, const std::string& tensor, int64_t index);
// False: the file could not be written.
bool writeTinyModel(const std::string& path, const TinyModel& model);

}  // namespace test
