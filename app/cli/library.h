// The models that a name can mean: GGUF files in the models folder, and those that the window remembers. Thread: main.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/cli/output.h"
#include "app/profile.h"
#include "engine/io/model_file.h"

namespace app {

// Paths, sorted; of a split model its first part. Looks into subfolders, three deep.
std::vector<std::string> libraryFiles(const Profile& profile);
// By file name, with or without ".gguf", or by the model's own name; capital letters do not matter.
std::optional<std::string> findInLibrary(const Profile& profile, const std::string& name);

// The fields of `models`. sha256 is null unless the store knows it for this very file.
Json describeModel(const engine::ModelFile& file, const std::string& sha256);
// What the store knows; empty when it does not exist or knows nothing.
std::string knownSha256(const Profile& profile, const std::string& path);

}  // namespace app
