// The decoder-only transformer with rotary positions, grouped-query attention and a gated feed-forward network: the
// layer that most language models share. What differs between them is in ModelConfig. Thread: the engine's.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/models/model.h"

namespace engine {

struct LayerWeights {
    std::vector<float> attnNorm;  // [dim]
    Weight wq;                    // [nHeads * headDim, dim]
    Weight wk;                    // [nKvHeads * headDim, dim]
    Weight wv;                    // [nKvHeads * headDimV, dim]
    Weight wo;                    // [dim, nHeads * headDimV]
    std::vector<float> ffnNorm;   // [dim]
    Weight gate, up;              // [ffnDim, dim]
    Weight down;                  // [dim, ffnDim]
    // Biases, one value per output; empty where the file has none.
    std::vector<float> bq, bk, bv, bo, bGate, bUp, bDown;
};

// One tensor that a configuration calls for. outputs 0: a vector of `inputs` values.
struct TensorNeed {
    std::string name;
    int64_t inputs = 0, outputs = 0;
    bool required = true;
};
std::vector<TensorNeed> transformerTensors(const ModelConfig& config);
// Every required tensor is there, every tensor has the shape and a type that the configuration calls for.
Result<void> checkTransformerTensors(const ModelFile& file, const ModelConfig& config);

class Transformer final : public Model {
  public:
    // The tensors were checked. `progress` gets the share of layers done.
    static Result<std::shared_ptr<const Model>> make(std::shared_ptr<const ModelFile> file, ModelConfig config,
                                                     int64_t contextTokens, Backend& backend,
                                                     const std::function<void(double)>& progress, std::stop_token stop);

    const ModelConfig& config() const override { return m_config; }
    int64_t weightBytes() const override { return m_weightBytes; }
    int64_t parameters() const override { return m_parameters; }
    Activations forward(const Step& step, KvStorage& kv, Backend& backend) const override;
    void project(Activations hidden, Backend& backend, Activations logits) const override;
    int64_t scratchBytes(int64_t rows, int64_t logitRows, int64_t projectedRows) const override;

  private:
    struct Buffers {
        Activations h;         // [rows, dim] the residual stream
        Activations x;         // [rows, dim]
        Activations q, k, v;   // [rows, heads * headDim]
        Activations attended;  // [rows, nHeads * headDimV]
        Activations gate, up;  // [rows, ffnDim]
    };
    Transformer() = default;
    Buffers takeBuffers(int64_t rows, Backend& backend) const;
    void runLayer(int64_t layer, const Step& step, const Buffers& b, KvStorage& kv, Backend& backend) const;
    void addProduct(Activations x, const Weight& w, const std::vector<float>& bias, bool fine, const Buffers& b,
                    Backend& backend) const;

    ModelConfig m_config;
    RopeParams m_rope;
    AttentionParams m_attention;
    Weight m_embedding;  // [vocabSize, dim]
    std::vector<LayerWeights> m_layers;
    std::vector<float> m_outputNorm;  // [dim]
    Weight m_output;                  // [vocabSize, dim]; the embedding when tied
    std::vector<float> m_outputBias;
    int64_t m_weightBytes = 0, m_parameters = 0;
};

}  // namespace engine
