#include "tests/support/sample_model.h"

#include <cstdlib>
#include <filesystem>

namespace test {

std::string sampleModelPath() {
    const auto environment = [](const char* name) {
        const char* value = std::getenv(name);
        return std::filesystem::path(value ? value : "");
    };
    std::filesystem::path folder = environment("TESSERA_MODELS");
    if (folder.empty()) {
        const std::filesystem::path data = environment("XDG_DATA_HOME");
        folder = (data.empty() ? environment("HOME") / ".local/share" : data) / "tessera" / "models";
    }
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
        const std::string name = entry.path().filename().string();
        if (name.rfind("SmolLM2-135M-Instruct", 0) == 0 && entry.path().extension() == ".gguf")
            return entry.path().string();
    }
    return {};
}

}  // namespace test
