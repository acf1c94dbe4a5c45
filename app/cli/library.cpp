#include "app/cli/library.h"

#include <algorithm>
#include <filesystem>

#include "app/cli/system.h"
#include "app/store/store.h"
#include "engine/io/plain_text.h"
#include "engine/io/split_name.h"
#include "engine/models/file_type.h"

namespace app {

namespace fs = std::filesystem;

namespace {

std::string utf8(const fs::path& path) {
    const std::u8string text = path.u8string();
    return {text.begin(), text.end()};
}

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return text;
}

bool isFirstPart(const std::string& path) {
    const auto split = engine::parseSplitName(path);
    return !split || split->number == 1;
}

void collect(const fs::path& folder, int depth, std::vector<std::string>& files) {
    std::error_code error;
    for (fs::directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end;
         !error && it != end; it.increment(error)) {
        std::error_code ignored;
        if (it->is_directory(ignored)) {
            if (depth > 1)
                collect(it->path(), depth - 1, files);
        } else if (it->is_regular_file(ignored) && lower(utf8(it->path().extension())) == ".gguf") {
            if (std::string path = utf8(it->path()); isFirstPart(path))
                files.push_back(std::move(path));
        }
    }
}

}  // namespace

std::vector<StoredModel> rememberedModels(const Profile& profile) {
    std::error_code ignored;
    if (!fs::exists(systemPath(profile.store), ignored))
        return {};
    auto store = Store::open(profile.store, {.readOnly = true});
    if (!store)
        return {};
    auto models = (*store)->models();
    return models ? *std::move(models) : std::vector<StoredModel>();
}

std::vector<std::string> libraryFiles(const Profile& profile, const std::vector<StoredModel>& remembered) {
    std::vector<std::string> files;
    collect(systemPath(profile.models), 3, files);
    std::error_code ignored;
    for (const StoredModel& model : remembered)
        if (fs::is_regular_file(systemPath(model.path), ignored) && isFirstPart(model.path))
            files.push_back(model.path);
    std::sort(files.begin(), files.end());
    files.erase(std::unique(files.begin(), files.end()), files.end());
    return files;
}

std::optional<std::string> findInLibrary(const Profile& profile, const std::string& name) {
    const std::vector<std::string> files = libraryFiles(profile, rememberedModels(profile));
    const std::string wanted = lower(name);
    for (const std::string& path : files) {
        const std::string file = lower(utf8(systemPath(path).filename()));
        if (file == wanted || file == wanted + ".gguf")
            return path;
    }
    for (const std::string& path : files)
        if (const auto file = engine::ModelFile::open(path))
            if (const auto own = (*file)->string("general.name"); own && lower(*own) == wanted)
                return path;
    return std::nullopt;
}

Json describeModel(const engine::ModelFile& file, const std::string& sha256) {
    const auto name = file.string("general.name");
    const auto architecture = file.string("general.architecture");
    const std::string family = architecture ? engine::toValidUtf8(*architecture) : "";
    Json context = nullptr;
    if (const auto length = file.integer(family + ".context_length", 0, INT64_MAX))
        context = *length;
    return {{"name", name && !name->empty() ? engine::toValidUtf8(*name) : engine::plainFileName(file.path())},
            {"path", file.path()},
            {"format", file.format()},
            {"architecture", family},
            {"parameters", engine::parameterCount(file)},
            {"fileType", engine::fileTypeOf(file)},
            {"sizeBytes", file.sizeBytes()},
            {"contextLength", context},
            {"vision", family == "clip" || family == "mmproj"},
            {"sha256", sha256.empty() ? Json(nullptr) : Json(sha256)}};
}

std::string knownSha256(const std::vector<StoredModel>& remembered, const std::string& path) {
    std::error_code ignored;
    for (const StoredModel& model : remembered)
        if (model.path == path && model.modifiedMs == modifiedMilliseconds(path) &&
            static_cast<uintmax_t>(model.sizeBytes) == fs::file_size(systemPath(path), ignored))
            return model.sha256;
    return {};
}

}  // namespace app
