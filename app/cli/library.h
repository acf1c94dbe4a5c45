// The models that a name can mean: GGUF files in the models folder, and those that the window remembers. Thread: main.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/cli/output.h"
#include "app/profile.h"
#include "app/store/records.h"
#include "engine/io/model_file.h"

namespace app {

// What the window knows of files. Read once: it opens the store. Empty when there is none or it cannot be read.
std::vector<StoredModel> rememberedModels(const Profile& profile);
// Paths, sorted; of a split model its first part. Looks into subfolders, three deep.
std::vector<std::string> libraryFiles(const Profile& profile, const std::vector<StoredModel>& remembered);
// By file name, with or without ".gguf", or by the model's own name; capital letters do not matter.
std::optional<std::string> findInLibrary(const Profile& profile, const std::string& name);

// The fields of `models`. sha256: empty becomes null.
Json describeModel(const engine::ModelFile& file, const std::string& sha256);
// Empty unless it is known of this very file: same size, same time of change.
std::string knownSha256(const std::vector<StoredModel>& remembered, const std::string& path);

}  // namespace app
