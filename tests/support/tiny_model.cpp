#include "tests/support/tiny_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

#include "engine/io/gguf_writer.h"

using engine::GgufWriter;
using engine::MetaWidth;

namespace test {

namespace {

struct Tensor {
    std::string name;
    std::vector<int64_t> shape;
    std::vector<float> values;
};

uint64_t nameHash(const std::string& name) {
    uint64_t hash = 0xCBF29CE484222325ull;
    for (const char c : name)
        hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3ull;
    return hash;
}

// Matrices keep the size of what passes through them; norms lie around 1; biases are small.
Tensor makeTensor(const TinyModel& m, const std::string& name, std::vector<int64_t> shape) {
    int64_t count = 1;
    for (const int64_t n : shape)
        count *= n;
    const bool isNorm = name.find("norm") != std::string::npos;
    const float scale = shape.size() == 1 ? 0.25f : 2.0f / std::sqrt(static_cast<float>(shape[0]));
    Tensor tensor{name, std::move(shape), std::vector<float>(static_cast<size_t>(count))};
    for (int64_t i = 0; i < count; ++i)
        tensor.values[static_cast<size_t>(i)] = tinyValue(m.seed, name, i) * scale + (isNorm ? 1.0f : 0.0f);
    return tensor;
}

std::vector<Tensor> makeTensors(const TinyModel& m) {
    std::vector<Tensor> tensors;
    const auto add = [&](const std::string& name, std::vector<int64_t> shape) {
        tensors.push_back(makeTensor(m, name, shape));
    };
    add("token_embd.weight", {m.dim, tinyVocabSize});
    add("output_norm.weight", {m.dim});
    if (!m.tied)
        add("output.weight", {m.dim, tinyVocabSize});
    const auto factors = [&](const std::string& name, const std::vector<float>& values) {
        if (!values.empty())
            tensors.push_back({name, {static_cast<int64_t>(values.size())}, values});
    };
    factors("rope_freqs.weight", m.ropeFactors);
    factors("rope_factors_long.weight", m.longFactors);
    factors("rope_factors_short.weight", m.shortFactors);
    for (int64_t layer = 0; layer < m.nLayers; ++layer) {
        const std::string at = "blk." + std::to_string(layer) + '.';
        const auto matrix = [&](const std::string& part, int64_t inputs, int64_t outputs, bool bias) {
            add(at + part + ".weight", {inputs, outputs});
            if (bias)
                add(at + part + ".bias", {outputs});
        };
        const int64_t q = m.nHeads * m.headDim, kv = m.nKvHeads * m.headDim;
        add(at + "attn_norm.weight", {m.dim});
        matrix("attn_q", m.dim, q, m.attentionBias);
        matrix("attn_k", m.dim, kv, m.attentionBias);
        matrix("attn_v", m.dim, kv, m.attentionBias);
        matrix("attn_output", q, m.dim, m.attentionBias);
        add(at + "ffn_norm.weight", {m.dim});
        matrix("ffn_gate", m.dim, m.ffnDim, m.ffnBias);
        matrix("ffn_up", m.dim, m.ffnDim, m.ffnBias);
        matrix("ffn_down", m.ffnDim, m.dim, m.ffnBias);
    }
    std::erase_if(tensors, [&](const Tensor& t) { return m.without.contains(t.name); });
    for (const auto& [name, shape] : m.shapes) {
        std::erase_if(tensors, [&name = name](const Tensor& t) { return t.name == name; });
        add(name, shape);
    }
    for (Tensor& t : tensors)
        if (t.name == m.notFinite)
            t.values[1] = std::numeric_limits<float>::quiet_NaN();
    return tensors;
}

void addMetadata(GgufWriter& writer, const TinyModel& m) {
    const std::string a = m.architecture + '.';
    const auto valueOf = [&](const std::string& key, double value) {
        const auto other = m.numbers.find(key);
        return other == m.numbers.end() ? value : other->second;
    };
    const auto integer = [&](const std::string& key, int64_t value) {
        if (!m.without.contains(key))
            writer.addInteger(key, MetaWidth::I64, static_cast<int64_t>(valueOf(key, static_cast<double>(value))));
    };
    const auto number = [&](const std::string& key, double value) {
        if (!m.without.contains(key))
            writer.addFloat(key, MetaWidth::F32, valueOf(key, value));
    };
    for (const auto& [key, text] : m.texts)
        writer.add(key, text);
    for (const auto& [key, value] : m.numbers)
        if (key.find("expert") != std::string::npos || key.find("vocab_size") != std::string::npos)
            integer(key, 0);
    if (!m.without.contains("general.architecture"))
        writer.add("general.architecture", m.architecture);
    writer.add("general.name", "Tiny");
    integer(a + "block_count", m.nLayers);
    integer(a + "context_length", m.context);
    integer(a + "embedding_length", m.dim);
    integer(a + "feed_forward_length", m.ffnDim);
    integer(a + "attention.head_count", m.nHeads);
    integer(a + "attention.head_count_kv", m.nKvHeads);
    integer(a + "attention.key_length", m.headDim);
    integer(a + "attention.value_length", m.headDim);
    number(a + "attention.layer_norm_rms_epsilon", m.normEps);
    number(a + "rope.freq_base", m.ropeBase);
    integer(a + "rope.dimension_count", m.headDim);
    if (m.ropeType != "none") {
        writer.add(a + "rope.scaling.type", m.ropeType);
        number(a + "rope.scaling.factor", m.ropeFactor);
        integer(a + "rope.scaling.original_context_length", m.originalContext);
        if (m.attentionFactor != 1)
            number(a + "rope.scaling.attn_factor", m.attentionFactor);
    }
    if (m.architecture == "granite") {
        number(a + "embedding_scale", m.embeddingScale);
        number(a + "residual_scale", m.residualScale);
        number(a + "attention.scale", m.attentionScale);
        number(a + "logit_scale", m.logitScale);
    }
    std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
    std::vector<int64_t> types = {2, 3, 3};
    for (int byte = 0; byte < 256; ++byte) {
        const char* digits = "0123456789ABCDEF";
        tokens.push_back(std::string("<0x") + digits[byte / 16] + digits[byte % 16] + '>');
        types.push_back(6);
    }
    const int64_t nTokens = m.nTokens > 0 ? m.nTokens : tinyVocabSize;
    for (char c = 'a'; static_cast<int64_t>(tokens.size()) < nTokens; c = static_cast<char>(c + 1)) {
        tokens.push_back(c <= 'z' ? std::string(1, c) : std::string("th") + static_cast<char>('a' + (c - 'z')));
        types.push_back(1);
    }
    if (m.otherToken >= 0)
        tokens[static_cast<size_t>(m.otherToken)] = "other";
    const std::vector<float> scores(tokens.size(), -1.0f);
    writer.add("tokenizer.ggml.model", "llama");
    writer.addStrings("tokenizer.ggml.tokens", tokens);
    writer.addFloats("tokenizer.ggml.scores", scores);
    writer.addIntegers("tokenizer.ggml.token_type", MetaWidth::I32, types);
    integer("tokenizer.ggml.unknown_token_id", 0);
    integer("tokenizer.ggml.bos_token_id", 1);
    integer("tokenizer.ggml.eos_token_id", 2);
    writer.add("tokenizer.ggml.add_bos_token", m.addBos);
    writer.add("tokenizer.ggml.add_space_prefix", false);
}

}  // namespace

float tinyValue(uint64_t seed, const std::string& tensor, int64_t index) {
    uint64_t z = (nameHash(tensor) ^ seed) + static_cast<uint64_t>(index + 1) * 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    z ^= z >> 31;
    return static_cast<float>(static_cast<int32_t>(z >> 40) - (1 << 23)) * 0x1.0p-23f;
}

namespace {

// F16 of values in the range of a model's weights, rounded to nearest even.
uint16_t toHalf(float value) {
    const float scaled = value * 0x1.0p-112f;  // makes the exponent's bias that of a half
    uint32_t bits;
    std::memcpy(&bits, &scaled, sizeof(bits));
    const uint32_t magnitude = bits & 0x7FFFFFFFu;
    const uint32_t rounded = (magnitude + 0xFFFu + ((magnitude >> 13) & 1u)) >> 13;
    return static_cast<uint16_t>((bits >> 16 & 0x8000u) | rounded);
}

// The values in the bytes of a type: F32, F16 or Q8_0 (blocks of 32: scale as F16, 32 signed bytes).
std::vector<std::byte> encodeValues(const std::vector<float>& values, kernels::DType dtype) {
    std::vector<std::byte> out;
    const auto put = [&out](const void* bytes, size_t n) {
        const auto* begin = static_cast<const std::byte*>(bytes);
        out.insert(out.end(), begin, begin + n);
    };
    if (dtype == kernels::DType::F32)
        put(values.data(), values.size() * sizeof(float));
    if (dtype == kernels::DType::F16)
        for (const float v : values) {
            const uint16_t half = toHalf(v);
            put(&half, sizeof(half));
        }
    if (dtype == kernels::DType::Q8_0)
        for (size_t i = 0; i < values.size(); i += 32) {
            float largest = 0;
            for (size_t k = i; k < i + 32; ++k)
                largest = std::max(largest, std::abs(values[k]));
            const uint16_t scale = toHalf(largest / 127);
            put(&scale, sizeof(scale));
            for (size_t k = i; k < i + 32; ++k) {
                const auto q = static_cast<int8_t>(std::lround(values[k] / largest * 127));
                put(&q, 1);
            }
        }
    return out;
}

}  // namespace

bool writeTinyModel(const std::string& path, const TinyModel& model) {
    GgufWriter writer(path);
    addMetadata(writer, model);
    const std::vector<Tensor> tensors = makeTensors(model);
    const auto dtypeOf = [&](const Tensor& t) { return t.shape.size() > 1 ? model.dtype : kernels::DType::F32; };
    for (const Tensor& tensor : tensors)
        writer.declare(tensor.name, dtypeOf(tensor), tensor.shape);
    if (!writer.begin())
        return false;
    for (const Tensor& tensor : tensors) {
        if (!writer.append(encodeValues(tensor.values, dtypeOf(tensor))))
            return false;
    }
    return writer.finish().has_value();
}

}  // namespace test
