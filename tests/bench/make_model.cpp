// Writes a model with random weights, so that speed can be compared without downloading: of the llama architecture, in
// any type with an encoder in block_encoders.h. The same seed gives the same weights in every type.
//   build/bench/make_model OUT.gguf --type Q4_K [--output TYPE] [--tiny] [--dim 2048] [--layers 16] [--ffn 8192]
//       [--heads 32] [--kv-heads 8] [--head-dim 64] [--vocab 32000] [--context 131072] [--seed 1]
// --output is the type of the output matrix: Q6_K for Q4_K and Q5_K unless given, as quantizers choose it.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/core/error_text.h"
#include "engine/io/gguf_writer.h"
#include "tests/bench/block_encoders.h"

using engine::GgufWriter;
using engine::MetaWidth;
using engine::Result;
using kernels::DType;

namespace {

struct Shape {
    int64_t dim = 2048, layers = 16, ffn = 8192, heads = 32, kvHeads = 8, headDim = 64, vocab = 32000, context = 131072;
    uint64_t seed = 1;
};

struct Tensor {
    std::string name;
    DType dtype;
    std::vector<int64_t> shape;
    float deviation;  // 0: a norm, all ones
};

uint64_t mix(uint64_t z) {  // splitmix64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

// Nearly normal with deviation 1: the sum of four uniform numbers, from one draw.
float normalOf(uint64_t draw) {
    const auto sum =
        static_cast<int64_t>((draw & 0xFFFF) + (draw >> 16 & 0xFFFF) + (draw >> 32 & 0xFFFF) + (draw >> 48));
    return static_cast<float>(sum - 2 * 0xFFFF) * static_cast<float>(1.7320508 / 65536);
}

// Matrices keep the size of what passes through them. The output's are larger, so that the distribution of the next
// token has a peak, as a trained model's.
std::vector<Tensor> tensorsOf(const Shape& s, DType type, DType output) {
    std::vector<Tensor> tensors;
    const auto norm = [&](const std::string& name) { tensors.push_back({name, DType::F32, {s.dim}, 0}); };
    const auto matrix = [&](const std::string& name, int64_t inputs, int64_t outputs) {
        tensors.push_back({name, type, {inputs, outputs}, 1 / std::sqrt(static_cast<float>(inputs))});
    };
    tensors.push_back({"token_embd.weight", type, {s.dim, s.vocab}, 1});
    norm("output_norm.weight");
    tensors.push_back({"output.weight", output, {s.dim, s.vocab}, 2.5f / std::sqrt(static_cast<float>(s.dim))});
    for (int64_t layer = 0; layer < s.layers; ++layer) {
        const std::string at = "blk." + std::to_string(layer) + '.';
        norm(at + "attn_norm.weight");
        matrix(at + "attn_q.weight", s.dim, s.heads * s.headDim);
        matrix(at + "attn_k.weight", s.dim, s.kvHeads * s.headDim);
        matrix(at + "attn_v.weight", s.dim, s.kvHeads * s.headDim);
        matrix(at + "attn_output.weight", s.heads * s.headDim, s.dim);
        norm(at + "ffn_norm.weight");
        matrix(at + "ffn_gate.weight", s.dim, s.ffn);
        matrix(at + "ffn_up.weight", s.dim, s.ffn);
        matrix(at + "ffn_down.weight", s.ffn, s.dim);
    }
    return tensors;
}

// A vocabulary that encodes any text: control tokens, bytes, printable characters, then short runs of letters with and
// without a space before them, the shorter ones first.
void addVocabulary(GgufWriter& writer, int64_t size) {
    constexpr int64_t Normal = 1, Unknown = 2, Control = 3, Byte = 6;
    std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
    std::vector<int64_t> types = {Unknown, Control, Control};
    for (int byte = 0; byte < 256; ++byte) {
        tokens.push_back(fmt::format("<0x{:02X}>", byte));
        types.push_back(Byte);
    }
    const auto add = [&](const std::string& token) {
        if (static_cast<int64_t>(tokens.size()) < size) {
            tokens.push_back(token);
            types.push_back(Normal);
        }
    };
    const std::string space = "\xE2\x96\x81";
    add(space);
    for (char c = '!'; c <= '~'; ++c)
        add(std::string(1, c));
    std::vector<std::string> runs = {""};
    while (static_cast<int64_t>(tokens.size()) < size) {
        std::vector<std::string> longer;
        for (const std::string& run : runs)
            for (char c = 'a'; c <= 'z'; ++c)
                longer.push_back(run + c);
        for (const std::string& run : longer)
            if (run.size() > 1)
                add(run);
        for (const std::string& run : longer)
            add(space + run);
        runs = std::move(longer);
    }
    std::vector<float> scores;
    for (size_t i = 0; i < tokens.size(); ++i)
        scores.push_back(types[i] == Normal ? -static_cast<float>(i) : 0);
    writer.add("tokenizer.ggml.model", "llama");
    writer.add("tokenizer.ggml.pre", "default");
    writer.addStrings("tokenizer.ggml.tokens", tokens);
    writer.addFloats("tokenizer.ggml.scores", scores);
    writer.addIntegers("tokenizer.ggml.token_type", MetaWidth::I32, types);
    writer.addInteger("tokenizer.ggml.unknown_token_id", MetaWidth::U32, 0);
    writer.addInteger("tokenizer.ggml.bos_token_id", MetaWidth::U32, 1);
    writer.addInteger("tokenizer.ggml.eos_token_id", MetaWidth::U32, 2);
    writer.add("tokenizer.ggml.add_bos_token", true);
}

void addMetadata(GgufWriter& writer, const Shape& s, DType type) {
    writer.add("general.architecture", "llama");
    writer.add("general.name", fmt::format("Random {} x {} {}", s.layers, s.dim, kernels::name(type)));
    const auto integer = [&](const char* key, int64_t value) {
        writer.addInteger(std::string("llama.") + key, MetaWidth::U32, value);
    };
    integer("block_count", s.layers);
    integer("context_length", s.context);
    integer("embedding_length", s.dim);
    integer("feed_forward_length", s.ffn);
    integer("attention.head_count", s.heads);
    integer("attention.head_count_kv", s.kvHeads);
    integer("attention.key_length", s.headDim);
    integer("attention.value_length", s.headDim);
    integer("rope.dimension_count", s.headDim);
    integer("vocab_size", s.vocab);
    writer.addFloat("llama.rope.freq_base", MetaWidth::F32, 500000);
    writer.addFloat("llama.attention.layer_norm_rms_epsilon", MetaWidth::F32, 1e-5);
    addVocabulary(writer, s.vocab);
}

// One row after the other: a model larger than the memory can be written.
Result<void> appendTensor(GgufWriter& writer, const Tensor& tensor, uint64_t stream) {
    const int64_t cols = tensor.shape[0], rows = tensor.shape.size() > 1 ? tensor.shape[1] : 1;
    const kernels::DTypeInfo& type = kernels::info(tensor.dtype);
    const bench::BlockEncoder encode = *bench::blockEncoder(tensor.dtype);
    std::vector<float> values(static_cast<size_t>(cols), 1.0f);
    std::vector<std::byte> bytes(static_cast<size_t>(kernels::rowBytes(tensor.dtype, cols)));
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t i = 0; i < cols && tensor.deviation != 0; ++i) {
            const uint64_t draw = mix(stream + static_cast<uint64_t>(row * cols + i + 1) * 0x9E3779B97F4A7C15ull);
            values[static_cast<size_t>(i)] = normalOf(draw) * tensor.deviation;
        }
        for (int64_t block = 0; block < cols / type.blockElements; ++block)
            encode(values.data() + block * type.blockElements, bytes.data() + block * type.blockBytes);
        TRY_VOID(writer.append(bytes));
    }
    return {};
}

Result<void> writeModel(const std::string& path, const Shape& shape, DType type, DType output) {
    const std::vector<Tensor> tensors = tensorsOf(shape, type, output);
    GgufWriter writer(path);
    addMetadata(writer, shape, type);
    for (const Tensor& tensor : tensors) {
        if (tensor.shape[0] % kernels::info(tensor.dtype).blockElements != 0)
            return engine::invalid("{} has rows of {}, expected a multiple of {} for {}", tensor.name, tensor.shape[0],
                                   kernels::info(tensor.dtype).blockElements, kernels::name(tensor.dtype));
        writer.declare(tensor.name, tensor.dtype, tensor.shape);
    }
    TRY_VOID(writer.begin());
    for (size_t i = 0; i < tensors.size(); ++i)
        TRY_VOID(appendTensor(writer, tensors[i], mix(shape.seed * 0x10001 + i)));
    return writer.finish();
}

int usage() {
    fmt::print(stderr,
               "usage: make_model OUT.gguf --type TYPE [--output TYPE] [--tiny] [--dim N] [--layers N] [--ffn N] "
               "[--heads N] [--kv-heads N] [--head-dim N] [--vocab N] [--context N] [--seed N]\n");
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argv[1][0] == '-')
        return usage();
    const std::string path = argv[1];
    Shape shape;
    std::string typeName = "Q4_K", outputName;
    for (int i = 2; i < argc; ++i) {
        const std::string key = argv[i];
        if (key == "--tiny") {
            shape.dim = 512, shape.layers = 24, shape.ffn = 1536, shape.heads = 8, shape.kvHeads = 4;
            continue;
        }
        if (++i == argc)
            return usage();
        const std::pair<const char*, int64_t*> numbers[] = {
            {"--dim", &shape.dim},     {"--layers", &shape.layers},    {"--ffn", &shape.ffn},
            {"--heads", &shape.heads}, {"--kv-heads", &shape.kvHeads}, {"--head-dim", &shape.headDim},
            {"--vocab", &shape.vocab}, {"--context", &shape.context}};
        bool known = key == "--type" || key == "--output" || key == "--seed";
        if (key == "--type")
            typeName = argv[i];
        if (key == "--output")
            outputName = argv[i];
        if (key == "--seed")
            shape.seed = static_cast<uint64_t>(std::atoll(argv[i]));
        for (const auto& [name, value] : numbers)
            if (key == name) {
                *value = std::atoll(argv[i]);
                known = *value > 0;
            }
        if (!known)
            return usage();
    }
    if (outputName.empty())
        outputName = typeName == "Q4_K" || typeName == "Q5_K" ? "Q6_K" : typeName;
    const auto type = kernels::dtypeFromName(typeName), output = kernels::dtypeFromName(outputName);
    if (!type || !output || !bench::blockEncoder(*type) || !bench::blockEncoder(*output)) {
        fmt::print(stderr, "error: no encoder for {} or {}\n", typeName, outputName);
        return 2;
    }
    if (shape.vocab < 400) {
        fmt::print(stderr, "error: a vocabulary of {}, expected at least 400\n", shape.vocab);
        return 2;
    }
    if (const auto written = writeModel(path, shape, *type, *output); !written) {
        fmt::print(stderr, "error: {}\n", written.error().message);
        return 1;
    }
    return 0;
}
