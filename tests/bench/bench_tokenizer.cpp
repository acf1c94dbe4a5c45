// Speed of tokenizers: loading, a real text, and long runs of one character at two lengths (twice the length should
// take twice the time).
//   build/tests/bench_tokenizer [model.gguf] [text file]
// Without a model: the sample model. Without a text: this repository's own sources. Best of several runs, since other
// programs share the machine.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "engine/text/tokenizer.h"
#include "tests/support/sample_model.h"

using namespace engine;
namespace fs = std::filesystem;

namespace {

double secondsOf(const auto& work, int runs) {
    double best = 1e9;
    for (int run = 0; run < runs; ++run) {
        const auto start = std::chrono::steady_clock::now();
        work();
        best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return best;
}

std::string contents(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string ownSources() {
    std::set<fs::path> paths;
    for (const char* folder : {"app", "engine", "kernels", "ui"}) {
        for (const auto& entry : fs::recursive_directory_iterator(fs::path(TESSERA_SOURCE) / folder)) {
            const std::string extension = entry.path().extension().string();
            if (extension == ".h" || extension == ".md" || extension == ".cpp")
                paths.insert(entry.path());
        }
    }
    std::string text = contents(fs::path(TESSERA_SOURCE) / "LICENSE");
    for (const fs::path& path : paths)
        text += contents(path);
    return text;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string model = argc > 1 ? argv[1] : test::sampleModelPath();
    if (model.empty()) {
        fmt::print("no model: give a path, or fetch the sample model with ./dev models\n");
        return 0;
    }
    const auto file = ModelFile::open(model);
    if (!file) {
        fmt::print("error: {}\n", file.error().message);
        return 1;
    }
    std::shared_ptr<const Tokenizer> tokenizer;
    const double loadSeconds = secondsOf(
        [&] {
            if (auto loaded = Tokenizer::load(**file))
                tokenizer = *loaded;
        },
        10);
    if (!tokenizer) {
        fmt::print("error: {}\n", Tokenizer::load(**file).error().message);
        return 1;
    }
    fmt::print("{} {}, {} tokens: loaded in {:.1f} ms\n", tokenizer->modelName(), tokenizer->preName(),
               tokenizer->vocabSize(), loadSeconds * 1e3);

    const std::string text = argc > 2 ? contents(argv[2]) : ownSources();
    std::vector<int32_t> ids;
    const double seconds = secondsOf([&] { ids = tokenizer->encode(text, false); }, 10);
    std::string back;
    const double decodeSeconds = secondsOf([&] { back = tokenizer->decode(ids, true); }, 5);
    fmt::print("text of {} bytes: {} ids, encode {:.1f} MB/s, decode {:.1f} MB/s, {}\n", text.size(), ids.size(),
               static_cast<double>(text.size()) / seconds / 1e6, static_cast<double>(text.size()) / decodeSeconds / 1e6,
               back == text ? "comes back equal" : "does NOT come back equal");

    for (const auto& [name, unit] : {std::pair{"a", "a"}, std::pair{"space", " "}, std::pair{"newline", "\n"},
                                     std::pair{"digit", "7"}, std::pair{"emoji", "\xF0\x9F\x98\x80"}}) {
        double times[2] = {};
        for (const size_t factor : {size_t{1}, size_t{2}}) {
            std::string run;
            while (run.size() < 5'000'000 * factor)
                run += unit;
            times[factor - 1] = secondsOf([&] { ids = tokenizer->encode(run, false); }, 2);
        }
        fmt::print("10 MB of one {:<8} {:6.1f} MB/s, {:.2f} times the time of 5 MB\n", name, 10 / times[1],
                   times[1] / times[0]);
    }
    return 0;
}
