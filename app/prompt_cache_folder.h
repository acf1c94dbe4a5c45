// The folder of the prompt caches in the profile: one file per model and settings, all together below a size. Thread:
// any.
#pragma once

#include <cstdint>
#include <string>

namespace app {

// False: the folder is not there and cannot be created. Only its owner may enter it.
bool preparePromptCacheFolder(const std::string& folderUtf8);
// Removes the files written longest ago until the rest fits, and what killed runs left unfinished.
void trimPromptCacheFolder(const std::string& folderUtf8, int64_t limitBytes);

}  // namespace app
