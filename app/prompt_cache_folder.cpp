#include "app/prompt_cache_folder.h"

#include <algorithm>
#include <filesystem>
#include <vector>

namespace app {

namespace fs = std::filesystem;

namespace {

fs::path systemPath(const std::string& utf8) {
    return fs::path(std::u8string(utf8.begin(), utf8.end()));
}

}  // namespace

bool preparePromptCacheFolder(const std::string& folderUtf8) {
    const fs::path folder = systemPath(folderUtf8);
    std::error_code error;
    if (fs::create_directories(folder, error))
        fs::permissions(folder, fs::perms::owner_all, error);
    return fs::is_directory(folder, error);
}

void trimPromptCacheFolder(const std::string& folderUtf8, int64_t limitBytes) {
    struct File {
        fs::path path;
        fs::file_time_type written;
        int64_t bytes;
    };
    std::vector<File> files;
    std::error_code error;
    for (fs::directory_iterator it(systemPath(folderUtf8), error), end; !error && it != end; it.increment(error)) {
        std::error_code unreadable;
        if (!it->is_regular_file(unreadable))
            continue;
        if (it->path().extension() == ".part")
            fs::remove(it->path(), unreadable);
        else
            files.push_back(
                {it->path(), it->last_write_time(unreadable), static_cast<int64_t>(it->file_size(unreadable))});
    }
    std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.written > b.written; });
    int64_t total = 0;
    for (const File& file : files)
        if ((total += file.bytes) > limitBytes)
            fs::remove(file.path, error);
}

}  // namespace app
