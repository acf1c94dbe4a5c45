// Reads every byte of a model file: SHA-256, and whether every scale and value is a finite number. The extents of all
// tensors were checked when the file was opened. Thread: any; takes seconds on large files.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/core/result.h"
#include "engine/io/model_file.h"

namespace engine {

struct VerifyReport {
    struct Problem {
        std::string tensor;  // empty: the file as a whole
        std::string what;
    };
    bool ok = false;                      // no problems
    std::string sha256;                   // of the file, or of all parts one after the other
    std::vector<std::string> partSha256;  // one per part
    std::vector<Problem> problems;        // at most one per tensor
    std::vector<std::string> notes;       // odd but usable: trailing bytes, matrices of zeros
    int64_t bytesRead = 0;
};

// `progress` gets the share of bytes done, 0 to 1. Errors: Cancelled, or FileDamaged when a byte cannot be read.
Result<VerifyReport> verifyModel(const ModelFile& file, const std::function<void(double)>& progress,
                                 std::stop_token stop);

}  // namespace engine
