// Which tensors a transformer is made of, and how they become weights.
#include <algorithm>
#include <cmath>
#include <map>

#include "engine/core/error_text.h"
#include "engine/io/plain_text.h"
#include "engine/models/rope_scaling.h"
#include "engine/models/transformer.h"

namespace engine {

namespace {

std::string block(int64_t layer, std::string_view part) {
    return fmt::format("blk.{}.{}", layer, part);
}

std::string shapeText(const TensorInfo& tensor) {
    std::string text;
    for (int i = 0; i < tensor.rank; ++i)
        text += fmt::format("{}{}", i ? ", " : "", tensor.shape[i]);
    return '[' + text + ']';
}

bool isReal(kernels::DType t) {
    return kernels::info(t).quantized || t == kernels::DType::F32 || t == kernels::DType::F16 ||
           t == kernels::DType::BF16 || t == kernels::DType::F64;
}

// The largest layer index of the tensors "blk.N.*" and the number of tensors with that index; -1: none.
int64_t lastLayer(const ModelFile& file) {
    int64_t last = -1;
    for (const TensorInfo& t : file.tensors()) {
        if (t.name.rfind("blk.", 0) != 0)
            continue;
        int64_t layer = 0;
        size_t i = 4;
        for (; i < t.name.size() && i < 14 && t.name[i] >= '0' && t.name[i] <= '9'; ++i)
            layer = layer * 10 + (t.name[i] - '0');
        if (i > 4 && i < t.name.size() && t.name[i] == '.')
            last = std::max(last, layer);
    }
    return last;
}

// Reads what a file holds and remembers how much.
class WeightReader {
  public:
    WeightReader(std::shared_ptr<const ModelFile> file, Backend& backend)
        : m_file(std::move(file)), m_backend(backend) {}

    Result<void> matrix(const std::string& name, Weight& out) {
        const TensorInfo* tensor = m_file->find(name);
        TRY(out, m_backend.makeWeight(*tensor, m_file));
        count(*tensor);
        return {};
    }
    // Absent: left empty. A norm or bias that is not finite would make every logit NaN.
    Result<void> vector(const std::string& name, std::vector<float>& out) {
        const TensorInfo* tensor = m_file->find(name);
        if (!tensor)
            return {};
        TRY(out, m_backend.makeVector(*tensor));
        count(*tensor);
        const auto bad = std::find_if(out.begin(), out.end(), [](float v) { return !std::isfinite(v); });
        if (bad != out.end())
            return damaged("{}: value {} of tensor '{}' is {}, expected a finite number", plainFileName(m_file->path()),
                           bad - out.begin(), plainText(name), *bad);
        return {};
    }
    int64_t bytes = 0, parameters = 0;

  private:
    void count(const TensorInfo& tensor) {
        bytes += tensor.sizeBytes;
        parameters += tensor.elements;
    }
    std::shared_ptr<const ModelFile> m_file;
    Backend& m_backend;
};

}  // namespace

std::vector<TensorNeed> transformerTensors(const ModelConfig& c) {
    const int64_t q = c.nHeads * c.headDim, k = c.nKvHeads * c.headDim, v = c.nKvHeads * c.headDimV;
    std::vector<TensorNeed> needs;
    needs.push_back({"token_embd.weight", c.dim, c.vocabSize});
    needs.push_back({"output_norm.weight", c.dim, 0});
    needs.push_back({"output.weight", c.dim, c.vocabSize, !c.tiedOutput});
    needs.push_back({"output.bias", c.vocabSize, 0, false});
    for (int64_t layer = 0; layer < c.nLayers; ++layer) {
        const auto need = [&](std::string_view part, int64_t inputs, int64_t outputs) {
            needs.push_back({block(layer, part) + ".weight", inputs, outputs});
            if (outputs > 0)
                needs.push_back({block(layer, part) + ".bias", outputs, 0, false});
        };
        need("attn_norm", c.dim, 0);
        need("attn_q", c.dim, q);
        need("attn_k", c.dim, k);
        need("attn_v", c.dim, v);
        need("attn_output", c.nHeads * c.headDimV, c.dim);
        need("ffn_norm", c.dim, 0);
        need("ffn_gate", c.dim, c.ffnDim);
        need("ffn_up", c.dim, c.ffnDim);
        need("ffn_down", c.ffnDim, c.dim);
    }
    return needs;
}

Result<void> checkTransformerTensors(const ModelFile& file, const ModelConfig& config) {
    const std::string name = plainFileName(file.path());
    const int64_t last = lastLayer(file);
    if (last >= config.nLayers)
        return damaged("{}: metadata '{}.block_count' is {}, but there is a tensor of block {}", name,
                       config.architecture, config.nLayers, last);
    if (config.nLayers > last + 1)  // said before a list of missing names as long as block_count is built
        return damaged("{}: metadata '{}.block_count' is {}, but the file has tensors of {} blocks", name,
                       config.architecture, config.nLayers, last + 1);
    std::vector<std::string> missing;
    size_t nMissing = 0;
    for (const TensorNeed& need : transformerTensors(config)) {
        const TensorInfo* tensor = file.find(need.name);
        if (!tensor) {
            if (need.required && ++nMissing <= 5)
                missing.push_back(need.name);
            continue;
        }
        const bool shapeFits = tensor->shape[0] == need.inputs &&
                               tensor->shape[1] == std::max<int64_t>(need.outputs, 1) && tensor->shape[2] == 1 &&
                               tensor->shape[3] == 1;
        if (!shapeFits) {
            const std::string expected = need.outputs > 0 ? fmt::format("[{}, {}]", need.inputs, need.outputs)
                                                          : fmt::format("[{}]", need.inputs);
            return damaged("{}: tensor '{}' has shape {}, the metadata calls for {}", name, plainText(need.name),
                           shapeText(*tensor), expected);
        }
        if (!isReal(tensor->dtype))
            return damaged("{}: tensor '{}' has type {}, expected a floating-point or quantized type", name,
                           plainText(need.name), kernels::name(tensor->dtype));
    }
    if (nMissing == 0)
        return {};
    std::string list;
    for (const std::string& m : missing)
        list += fmt::format("{}'{}'", list.empty() ? "" : ", ", m);
    if (nMissing > missing.size())
        list += fmt::format(" and {} more", nMissing - missing.size());
    return damaged("{} lacks tensors that a {} model needs: {}", name, config.architecture, list);
}

Result<std::shared_ptr<const Model>> Transformer::make(std::shared_ptr<const ModelFile> file, ModelConfig config,
                                                       int64_t contextTokens, Backend& backend,
                                                       const std::function<void(double)>& progress,
                                                       std::stop_token stop) {
    std::shared_ptr<Transformer> model(new Transformer);
    Transformer& m = *model;
    m.m_config = std::move(config);
    const ModelConfig& c = m.m_config;
    m.m_rope = makeRope(c.rope, contextTokens);
    m.m_attention = {.nHeads = c.nHeads,
                     .nKvHeads = c.nKvHeads,
                     .headDim = c.headDim,
                     .headDimV = c.headDimV,
                     .scale = c.attentionScale,
                     .softcap = c.attentionSoftcap,
                     .window = c.attentionWindow};
    WeightReader read(file, backend);
    TRY_VOID(read.matrix("token_embd.weight", m.m_embedding));
    TRY_VOID(read.vector("output_norm.weight", m.m_outputNorm));
    if (file->find("output.weight"))
        TRY_VOID(read.matrix("output.weight", m.m_output));
    else
        m.m_output = m.m_embedding;
    TRY_VOID(read.vector("output.bias", m.m_outputBias));
    m.m_layers.resize(static_cast<size_t>(c.nLayers));
    for (int64_t layer = 0; layer < c.nLayers; ++layer) {
        if (stop.stop_requested())
            return Error{ErrorCode::Cancelled, "Loading was stopped", file->path()};
        LayerWeights& w = m.m_layers[static_cast<size_t>(layer)];
        const std::pair<const char*, Weight*> matrices[] = {
            {"attn_q", &w.wq},     {"attn_k", &w.wk}, {"attn_v", &w.wv},    {"attn_output", &w.wo},
            {"ffn_gate", &w.gate}, {"ffn_up", &w.up}, {"ffn_down", &w.down}};
        std::vector<float>* const biases[] = {&w.bq, &w.bk, &w.bv, &w.bo, &w.bGate, &w.bUp, &w.bDown};
        for (size_t i = 0; i < std::size(matrices); ++i) {
            TRY_VOID(read.matrix(block(layer, matrices[i].first) + ".weight", *matrices[i].second));
            TRY_VOID(read.vector(block(layer, matrices[i].first) + ".bias", *biases[i]));
        }
        TRY_VOID(read.vector(block(layer, "attn_norm.weight"), w.attnNorm));
        TRY_VOID(read.vector(block(layer, "ffn_norm.weight"), w.ffnNorm));
        if (progress)
            progress(static_cast<double>(layer + 1) / static_cast<double>(c.nLayers));
    }
    m.m_weightBytes = read.bytes;
    m.m_parameters = read.parameters;
    return std::shared_ptr<const Model>(std::move(model));
}

}  // namespace engine
