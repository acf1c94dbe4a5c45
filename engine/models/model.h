// What a loaded language model offers: its measurements, and the computation of one ragged step. Immutable after load;
// the state of a sequence lives in its pages. Thread: the engine's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/core/result.h"
#include "kernels/cpu/float_kernels.h"

namespace engine {

enum class RopeScaling : uint8_t { None, Linear, Yarn, LongRope };

// Rotary positions as the file describes them; makeRope (rope_scaling.h) turns them into frequencies for a context.
struct RopeConfig {
    kernels::RopeStyle style = kernels::RopeStyle::Interleaved;
    int64_t nRot = 0;
    double freqBase = 10000;
    RopeScaling scaling = RopeScaling::None;
    double factor = 1;                             // how much longer the context is than the trained one
    int64_t originalContext = 0;                   // trained before scaling
    double attentionFactor = 1;                    // multiplies cos and sin
    double extrapolation = 1;                      // YaRN: share of the ramp that keeps its frequency
    double betaFast = 32, betaSlow = 1;            // YaRN: rotations within the original context that bound the ramp
    std::vector<float> factors;                    // [nRot / 2] divisors of the frequencies; empty: none (Llama 3)
    std::vector<float> longFactors, shortFactors;  // [nRot / 2] LongRoPE
};

// Behaviour as data: everything in which the transformers of engine/models differ.
struct ModelConfig {
    std::string architecture;
    int64_t nLayers = 0, dim = 0, ffnDim = 0, vocabSize = 0;
    int64_t nHeads = 0, nKvHeads = 0, headDim = 0, headDimV = 0;
    int64_t trainedContext = 0;
    float normEps = 1e-5f;
    kernels::Activation activation = kernels::Activation::Silu;
    float attentionScale = 0;     // of the scores; usually 1 / sqrt(headDim)
    float attentionSoftcap = 0;   // 0: none
    int64_t attentionWindow = 0;  // 0: none
    float embeddingScale = 1, residualScale = 1, logitScale = 1;
    bool tiedOutput = false;  // the embedding table is the output matrix
    RopeConfig rope;
};

class Model {
  public:
    virtual ~Model() = default;
    virtual const ModelConfig& config() const = 0;
    virtual int64_t weightBytes() const = 0;
    virtual int64_t parameters() const = 0;

    // Computes all rows of a step, stores their keys and values, and returns the final hidden states of step.logitRows,
    // [logitRows, dim], normalized. They lie in the backend's scratch.
    virtual Activations forward(const Step& step, KvStorage& kv, Backend& backend) const = 0;
    // logits [hidden.rows, vocabSize]; each row depends on its own hidden state alone.
    virtual void project(Activations hidden, Backend& backend, Activations logits) const = 0;
    // Scratch that a step and one block of logits take.
    virtual int64_t scratchBytes(int64_t rows, int64_t logitRows, int64_t projectedRows) const = 0;
};

}  // namespace engine
