#include "app/profile.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "engine/core/error_text.h"

#ifndef _WIN32
#include <sys/stat.h>
#endif

namespace app {

using engine::Result;
namespace fs = std::filesystem;

namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

std::string dataHome() {
#ifdef _WIN32
    return environment("APPDATA");
#else
    if (std::string xdg = environment("XDG_DATA_HOME"); xdg.starts_with('/'))
        return xdg;
    return environment("HOME") + "/.local/share";
#endif
}

std::string withoutSlash(std::string path) {
    while (path.size() > 1 && path.back() == '/')
        path.pop_back();
    return path;
}

}  // namespace

Profile profileFromEnvironment() {
    Profile profile;
    profile.home = environment("TESSERA_HOME");
    if (profile.home.empty())
        profile.home = dataHome() + "/tessera";
    profile.home = withoutSlash(profile.home);
    profile.store = profile.home + "/tessera.db";
    profile.settings = profile.home + "/settings.ini";
    profile.models = environment("TESSERA_MODELS");
    if (profile.models.empty())
        profile.models = dataHome() + "/tessera/models";
    profile.models = withoutSlash(profile.models);
    return profile;
}

Result<void> prepareProfile(const Profile& profile) {
#ifndef _WIN32
    ::umask(077);  // what is said to a model is nobody else's business
#endif
    std::error_code failed;
    fs::create_directories(fs::u8path(profile.home), failed);
    if (failed && !fs::is_directory(fs::u8path(profile.home)))
        return engine::makeError(
            engine::ErrorCode::DeviceFailed,
            "the profile folder '{}' cannot be made: {}; set TESSERA_HOME to a folder that can be written",
            profile.home, failed.message());
    fs::permissions(fs::u8path(profile.home), fs::perms::owner_all, failed);
    return {};
}

std::optional<std::string> findSampleModel(const Profile& profile) {
    std::error_code failed;
    std::vector<std::string> found;
    for (fs::directory_iterator entry(fs::u8path(profile.models), failed), end; !failed && entry != end;
         entry.increment(failed)) {
        std::error_code ignored;
        const std::string name = entry->path().filename().string();
        if (name.starts_with("SmolLM2-135M-Instruct") && name.ends_with(".gguf") && entry->is_regular_file(ignored))
            found.push_back(entry->path().string());
    }
    if (found.empty())
        return std::nullopt;
    return *std::min_element(found.begin(), found.end());
}

}  // namespace app
