// Writes the starting corpus of the GGUF fuzzer: the small valid model and the hostile files, one file each.
#include <cstdio>
#include <fstream>

#include "tests/support/gguf_hostile.h"

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: make_seeds FOLDER\n");
        return 2;
    }
    int number = 0;
    const auto write = [&](const std::string& bytes) {
        if (bytes.size() <= 64 << 10)
            std::ofstream(std::string(argv[1]) + "/seed" + std::to_string(number++), std::ios::binary) << bytes;
    };
    write(test::smallModel().build());
    for (const test::HostileFile& file : test::hostileFiles())
        write(file.bytes);
    std::printf("%d seeds\n", number);
    return 0;
}
