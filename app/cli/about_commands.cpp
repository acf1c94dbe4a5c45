// version, models, info, verify: what needs no engine.
#include <algorithm>

#include "app/cli/build_facts.h"
#include "app/cli/command.h"
#include "app/cli/library.h"
#include "app/cli/session.h"
#include "app/store/store.h"
#include "engine/core/thread_pool.h"
#include "engine/io/plain_text.h"
#include "engine/io/verify.h"
#include "engine/models/models.h"
#include "engine/run/memory_plan.h"
#include "kernels/cpu/cpu_kernels.h"

namespace app {

using engine::Result;

namespace {

constexpr size_t longArray = 64;  // elements; longer ones are shortened in `info` unless asked for

template <typename List>
Json firstOf(const List& list, size_t count) {
    Json out = Json::array();
    for (size_t i = 0; i < std::min(count, list.size()); ++i)
        out.push_back(list[i]);
    return out;
}

Json arrayJson(const engine::MetaArray& array, bool full) {
    using Element = engine::MetaArray::Element;
    const size_t count = full || array.size() <= longArray ? array.size() : 8;
    Json elements;
    switch (array.element) {
        case Element::Integer:
            elements = firstOf(array.integers, count);
            break;
        case Element::Float:
            elements = firstOf(array.floats, count);
            break;
        case Element::String:
            elements = firstOf(array.strings, count);
            break;
        case Element::Bool:
            elements = Json::array();
            for (size_t i = 0; i < count; ++i)
                elements.push_back(array.integers[i] != 0);
            break;
        case Element::Array:
            elements = Json::array();
            for (size_t i = 0; i < count; ++i)
                elements.push_back(arrayJson(array.arrays[i], full));
            break;
    }
    if (count == array.size())
        return elements;
    return {{"type", engine::widthName(array.width)}, {"elements", array.size()}, {"first", std::move(elements)}};
}

Json valueJson(const engine::MetaValue& value, bool full) {
    struct Visit {
        bool full;
        Json operator()(bool v) const { return v; }
        Json operator()(int64_t v) const { return v; }
        Json operator()(uint64_t v) const { return v; }
        Json operator()(double v) const { return v; }
        Json operator()(std::string_view v) const { return std::string(v); }
        Json operator()(const engine::MetaArray& v) const { return arrayJson(v, full); }
    };
    return std::visit(Visit{full}, value.value);
}

std::string shortened(const Json& value) {
    return engine::plainText(value.is_string() ? value.get<std::string>() : jsonText(value), 100);
}

std::string shapeText(const engine::TensorInfo& tensor) {
    std::string text;
    for (int d = 0; d < tensor.rank; ++d)
        text += fmt::format("{}{}", d ? " x " : "", tensor.shape[d]);
    return text;
}

}  // namespace

Result<void> runVersion(CliContext& context) {
    Json isas = Json::array();
    std::string isaText;
    for (const kernels::Isa isa : kernels::supportedIsas()) {
        isas.push_back(kernels::isaName(isa));
        isaText += fmt::format("{}{}", isaText.empty() ? "" : ", ", kernels::isaName(isa));
    }
    const Json facts = {
        {"version", buildVersion()},
        {"commit", buildCommit()},
        {"compiler", buildCompiler()},
        {"cpu",
         {{"name", cpuName()}, {"isa", isas}, {"cores", engine::defaultThreadCount()}, {"memoryBytes", memoryBytes()}}},
        {"cuda", {{"built", false}, {"devices", Json::array()}}},
        {"sqlite", Store::sqliteVersion()},
        {"qt", buildQt()}};
    if (context.output.json()) {
        context.output.object(facts);
        return {};
    }
    context.output.text(fmt::format("Tessera {} ({})\n{}\n{}: {} cores, {}, {}\nSQLite {}, Qt {}\n", buildVersion(),
                                    buildCommit(), buildCompiler(), cpuName(), engine::defaultThreadCount(), isaText,
                                    humanBytes(memoryBytes()), Store::sqliteVersion(), buildQt()));
    return {};
}

Result<void> runModels(CliContext& context) {
    Json models = Json::array();
    const std::vector<StoredModel> remembered = rememberedModels(context.profile);
    for (const std::string& path : libraryFiles(context.profile, remembered)) {
        const auto file = engine::ModelFile::open(path);
        if (!file) {
            context.output.note("note: " + file.error().message);
            continue;
        }
        models.push_back(describeModel(**file, knownSha256(remembered, path)));
    }
    if (context.output.json()) {
        context.output.object({{"models", models}});
        return {};
    }
    for (const Json& model : models)
        context.output.text(fmt::format(
            "{:<32} {:<10} {:<8} {:>9}  {}\n", engine::plainText(model["name"].get<std::string>(), 32),
            engine::plainText(model["architecture"].get<std::string>(), 10), model["fileType"].get<std::string>(),
            humanBytes(model["sizeBytes"].get<int64_t>()), engine::plainText(model["path"].get<std::string>(), 400)));
    if (models.empty())
        context.output.note("There is no model in " + engine::plainText(context.profile.models, 400) +
                            "; `./dev models` gets the sample model");
    return {};
}

Result<void> runInfo(CliContext& context) {
    TRY(const std::string path, chosenModel(context));
    TRY(const auto file, engine::ModelFile::open(path));
    Json info = describeModel(*file, knownSha256(rememberedModels(context.profile), file->path()));
    Json metadata = Json::object();
    for (const auto* entry : file->keys())
        metadata[entry->first] = valueJson(entry->second, context.arguments.has("--full"));
    Json tensors = Json::array();
    for (const engine::TensorInfo& tensor : file->tensors()) {
        Json shape = Json::array();
        for (int d = 0; d < tensor.rank; ++d)
            shape.push_back(tensor.shape[d]);
        tensors.push_back({{"name", tensor.name},
                           {"type", kernels::name(tensor.dtype)},
                           {"shape", std::move(shape)},
                           {"offset", tensor.fileOffset},
                           {"sizeBytes", tensor.sizeBytes}});
    }
    info["metadata"] = std::move(metadata);
    info["tensors"] = std::move(tensors);
    info["estimates"] = nullptr;
    info["warnings"] = std::vector<std::string>(file->warnings().begin(), file->warnings().end());
    // A file that cannot be run is still worth looking at; one whose metadata contradicts its tensors is an error.
    const auto config = engine::readModelConfig(*file);
    if (!config && config.error().code == engine::ErrorCode::FileDamaged && !file->tensors().empty())
        return config.error();
    if (!config) {
        info["problem"] = config.error().message;
    } else if (const auto estimate = engine::estimateMemory(*file, {})) {
        info["estimates"] = {{"weightsBytes", estimate->weightBytes},
                             {"kvBytesPerToken", estimate->kvBytesPerToken},
                             {"peakBytes", estimate->peakBytes}};
    }
    if (context.output.json()) {
        context.output.object(info);
        return {};
    }
    std::string text = fmt::format(
        "{}\n{}, {}, {} parameters, {}, {}\n\n", engine::plainText(info["name"].get<std::string>()), file->format(),
        engine::plainText(info["architecture"].get<std::string>()), info["parameters"].get<int64_t>(),
        info["fileType"].get<std::string>(), humanBytes(file->sizeBytes()));
    for (const auto& [key, value] : info["metadata"].items())
        text += fmt::format("{:<44} {}\n", engine::plainText(key), shortened(value));
    text += "\n";
    for (const engine::TensorInfo& tensor : file->tensors())
        text += fmt::format("{:<44} {:<7} {:<20} {:>12}\n", engine::plainText(tensor.name), kernels::name(tensor.dtype),
                            shapeText(tensor), humanBytes(tensor.sizeBytes));
    context.output.text(text);
    for (const std::string& warning : file->warnings())
        context.output.note("note: " + warning);
    if (info.contains("problem"))
        context.output.note("note: " + info["problem"].get<std::string>());
    else if (!info["estimates"].is_null())
        context.output.text(fmt::format("\nMemory: weights {}, cache {} per token, peak about {}\n",
                                        humanBytes(info["estimates"]["weightsBytes"].get<int64_t>()),
                                        humanBytes(info["estimates"]["kvBytesPerToken"].get<int64_t>()),
                                        humanBytes(info["estimates"]["peakBytes"].get<int64_t>())));
    return {};
}

Result<void> runVerify(CliContext& context) {
    TRY(const std::string path, chosenModel(context));
    TRY(const auto file, engine::ModelFile::open(path));
    const auto progress = [&](double fraction) { context.output.progress("Reading every byte", fraction); };
    TRY(const engine::VerifyReport report, engine::verifyModel(*file, progress, context.interrupt.token()));
    Json problems = Json::array();
    for (const auto& problem : report.problems)
        problems.push_back({{"tensor", problem.tensor}, {"what", problem.what}});
    if (context.output.json()) {
        Json object = {{"ok", report.ok}, {"sha256", report.sha256}, {"problems", problems}, {"notes", report.notes}};
        if (report.partSha256.size() > 1)
            object["partSha256"] = report.partSha256;
        context.output.object(object);
    } else {
        context.output.text(fmt::format("SHA-256 {}\n", report.sha256));
        for (const auto& problem : report.problems)
            context.output.text(fmt::format("{}: {}\n", engine::plainText(problem.tensor), problem.what));
        context.output.text(report.ok ? "Every byte was read; all values are finite.\n" : "");
        for (const std::string& note : report.notes)
            context.output.note("note: " + note);
    }
    context.output.resultGiven();
    if (!report.ok)
        return engine::damaged("{} has {} tensors with broken values, the first is '{}'", engine::plainFileName(path),
                               report.problems.size(), engine::plainText(report.problems.front().tensor));
    return {};
}

}  // namespace app
