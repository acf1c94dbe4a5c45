#include "engine/io/verify.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error_text.h"
#include "engine/io/hash.h"
#include "engine/io/plain_text.h"
#include "kernels/cpu/cpu_kernels.h"

namespace engine {

namespace {

constexpr int64_t pieceBytes = 1 << 20;

struct Scan {
    int64_t firstBad = -1;  // element index
    int64_t nBad = 0;
    bool allZero = true;
};

void scanFloats(std::span<const float> values, int64_t first, Scan& scan) {
    for (size_t i = 0; i < values.size(); ++i) {
        if (!std::isfinite(values[i])) {
            if (scan.nBad++ == 0)
                scan.firstBad = first + static_cast<int64_t>(i);
        }
        scan.allZero &= values[i] == 0;
    }
}

// An infinite or broken scale shows in the decoded values of its block, so decoding covers scales and values alike.
Result<Scan> scanTensor(const ModelFile& file, const TensorInfo& tensor, const kernels::CpuKernels& cpu,
                        std::vector<std::byte>& bytes, std::vector<float>& values, std::stop_token stop) {
    const kernels::DTypeInfo& type = kernels::info(tensor.dtype);
    const auto decode = cpu.quant.decode[static_cast<size_t>(tensor.dtype)];
    const int64_t nBlocks = tensor.elements / type.blockElements;
    const int64_t blocksPerPiece = std::max<int64_t>(1, pieceBytes / type.blockBytes);
    Scan scan;
    for (int64_t block = 0; block < nBlocks; block += blocksPerPiece) {
        if (stop.stop_requested())
            return Error{ErrorCode::Cancelled, "Verification was cancelled", file.path()};
        const int64_t n = std::min(blocksPerPiece, nBlocks - block);
        const std::span<std::byte> piece(bytes.data(), static_cast<size_t>(n * type.blockBytes));
        TRY_VOID(file.read(tensor, block * type.blockBytes, piece));
        const std::span<float> decoded(values.data(), static_cast<size_t>(n * type.blockElements));
        decode(piece.data(), n * type.blockElements, decoded.data());
        scanFloats(decoded, block * type.blockElements, scan);
    }
    return scan;
}

}  // namespace

Result<VerifyReport> verifyModel(const ModelFile& file, const std::function<void(double)>& progress,
                                 std::stop_token stop) {
    const kernels::CpuKernels cpu = kernels::selectKernels();
    VerifyReport report;
    report.notes.assign(file.warnings().begin(), file.warnings().end());
    std::vector<std::byte> bytes(pieceBytes);
    int64_t tensorBytes = 0, done = 0;
    for (const TensorInfo& tensor : file.tensors())
        tensorBytes += tensor.sizeBytes;
    const auto total = static_cast<double>(std::max<int64_t>(1, file.sizeBytes() + tensorBytes));
    const auto advance = [&](int64_t n) {
        done += n;
        if (progress)
            progress(static_cast<double>(done) / total);
    };

    Sha256 whole;
    for (int part = 0; part < static_cast<int>(file.parts().size()); ++part) {
        Sha256 one;
        const int64_t size = file.partSizeBytes(part);
        for (int64_t at = 0; at < size; at += pieceBytes) {
            if (stop.stop_requested())
                return Error{ErrorCode::Cancelled, "Verification was cancelled", file.path()};
            const std::span<std::byte> piece(bytes.data(), static_cast<size_t>(std::min(pieceBytes, size - at)));
            TRY_VOID(file.readPart(part, at, piece));
            one.update(piece);
            if (file.parts().size() > 1)
                whole.update(piece);
            advance(static_cast<int64_t>(piece.size()));
        }
        report.partSha256.push_back(one.hexDigest());
    }
    report.sha256 = file.parts().size() > 1 ? whole.hexDigest() : report.partSha256.front();
    report.bytesRead = file.sizeBytes();

    int64_t mostElements = 0;  // of one piece
    for (const kernels::DTypeInfo& type : kernels::dtypeTable)
        mostElements = std::max(mostElements, pieceBytes / type.blockBytes * type.blockElements);
    std::vector<float> values(static_cast<size_t>(mostElements));
    for (const TensorInfo& tensor : file.tensors()) {
        TRY(const Scan scan, scanTensor(file, tensor, cpu, bytes, values, stop));
        if (scan.nBad > 0)
            report.problems.push_back(
                {tensor.name, fmt::format("{} of {} values are not finite numbers, the first at {}", scan.nBad,
                                          tensor.elements, scan.firstBad)});
        else if (scan.allZero && tensor.rank > 1)
            report.notes.push_back(fmt::format("every value of '{}' is zero", plainText(tensor.name)));
        advance(tensor.sizeBytes);
    }
    report.ok = report.problems.empty();
    return report;
}

}  // namespace engine
