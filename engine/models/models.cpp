#include "engine/models/models.h"

#include <algorithm>
#include <unordered_set>

#include "engine/core/error_text.h"
#include "engine/io/plain_text.h"
#include "engine/models/architectures.h"
#include "engine/models/transformer.h"

namespace engine {

namespace {

struct ArchitectureEntry {
    std::string_view name;  // general.architecture
    Result<ModelConfig> (*readConfig)(const ModelFile& file);
};

constexpr ArchitectureEntry architectures[] = {
    {"llama", readLlamaConfig},
    {"granite", readGraniteConfig},
};

// What a file is that holds no language model; empty: nothing special.
std::string otherKind(const ModelFile& file, const std::string& architecture) {
    const auto type = file.string("general.type");
    const std::string kind = type ? *type : "";
    if (architecture == "clip" || kind == "mmproj")
        return "the vision part of a model (mmproj); open the language model and give this file as its vision part";
    if (kind == "adapter" || file.has("adapter.type"))
        return "an adapter (LoRA), not a model; it changes a model and cannot run alone";
    if (kind == "imatrix" || architecture == "imatrix")
        return "an importance matrix, not a model";
    if (file.tensors().empty())
        return file.has("tokenizer.ggml.tokens") ? "a vocabulary without weights, not a model"
                                                 : "a file without tensors, not a model";
    return {};
}

}  // namespace

std::vector<std::string_view> knownArchitectures() {
    std::vector<std::string_view> names;
    for (const ArchitectureEntry& entry : architectures)
        names.push_back(entry.name);
    return names;
}

Result<ModelConfig> readModelConfig(const ModelFile& file) {
    const std::string name = plainFileName(file.path());
    const auto architecture = file.string("general.architecture");
    const std::string kind = otherKind(file, architecture ? *architecture : "");
    if (!kind.empty())
        return unsupported("{} is {}", name, kind);
    if (!architecture)
        return architecture.error();
    const auto entry = std::find_if(std::begin(architectures), std::end(architectures),
                                    [&](const ArchitectureEntry& e) { return e.name == *architecture; });
    if (entry == std::end(architectures)) {
        std::string known;
        for (const std::string_view a : knownArchitectures())
            known += (known.empty() ? "" : ", ") + std::string(a);
        return unsupported("{}: architecture '{}' is not supported; known are {}", name, plainText(*architecture),
                           known);
    }
    TRY(ModelConfig config, entry->readConfig(file));
    TRY_VOID(checkTransformerTensors(file, config));
    return config;
}

std::vector<std::string> unusedTensors(const ModelFile& file, const ModelConfig& config) {
    std::unordered_set<std::string> used = {"rope_freqs.weight", "rope_factors_long.weight",
                                            "rope_factors_short.weight"};
    for (TensorNeed& need : transformerTensors(config))
        used.insert(std::move(need.name));
    std::vector<std::string> unused;
    for (const TensorInfo& tensor : file.tensors())
        if (!used.contains(tensor.name) && tensor.name.find("rope_freqs") == std::string::npos)  // once kept per block
            unused.push_back(tensor.name);
    return unused;
}

Result<std::shared_ptr<const Model>> makeModel(std::shared_ptr<const ModelFile> file, const ModelConfig& config,
                                               int64_t contextTokens, Backend& backend,
                                               const std::function<void(double)>& progress, std::stop_token stop) {
    return Transformer::make(std::move(file), config, contextTokens, backend, progress, std::move(stop));
}

}  // namespace engine
