// Products with weights: the input becomes blocks of 8 or 16 bits once per group of targets, the output rows of all
// targets are cut into pieces of whole 16 rows, and free threads take the next piece.
#include <algorithm>
#include <cstring>
#include <new>

#include "engine/backend/cpu_backend.h"

namespace engine {

namespace {

using kernels::DType;

constexpr int64_t pieceGrain = 16;               // rows: a block of one vector or two
constexpr int64_t pieceBytes = 24 * 1024;        // least weight bytes of a piece: taking one costs some 50 ns
constexpr int64_t serialProducts = 32 * 1024;    // multiply-adds below which the pool is not woken
constexpr int64_t serialInputs = 32 * 1024;      // inputs below which one thread lays them out
constexpr int64_t inputBlockBytes = 384 * 1024;  // of input rows visited at a time: they stay in the second-level cache

int64_t aligned64(int64_t n) {
    return (n + 63) / 64 * 64;
}

// Rows of 8-bit input that a piece visits at a time.
int64_t inputBlockRows(int64_t cols) {
    return std::max<int64_t>(inputBlockBytes / cols / 16 * 16, 16);
}

}  // namespace

bool CpuBackend::usesQ8(const Weight& weight) const {
    return !m_exact && m_kernels.quant.matmul[static_cast<size_t>(weight.dtype)] != nullptr;
}

void CpuBackend::quantizeInput(Activations x, bool any8, bool any16) {
    if (any8) {
        const int64_t bytes = kernels::q8RowsBytes(x.rows, x.cols);
        if (m_q8Memory.sizeBytes() < bytes && !m_q8Memory.allocate(bytes))
            throw std::bad_alloc();
        m_q8 = kernels::q8RowsIn(m_q8Memory.data(), x.rows, x.cols);
    }
    if (any16) {
        const int64_t bytes = kernels::q16RowsBytes(x.rows, x.cols);
        if (m_q16Memory.sizeBytes() < bytes && !m_q16Memory.allocate(bytes))
            throw std::bad_alloc();
        m_q16 = kernels::q16RowsIn(m_q16Memory.data(), x.rows, x.cols);
    }
    const auto part = [&](int64_t begin, int64_t end, int) {
        const int64_t count = end - begin;
        if (any8)
            m_kernels.quant.quantizeQ8(x.row(begin), count, x.cols, x.cols, kernels::quantRowRange(m_q8, begin, count));
        if (any16)
            m_kernels.quant.quantizeQ16(x.row(begin), count, x.cols, x.cols,
                                        kernels::quantRowRange(m_q16, begin, count));
    };
    if (x.rows * x.cols < serialInputs)
        part(0, x.rows, 0);
    else
        m_pool.parallelRange(x.rows, 1, part);
}

void CpuBackend::packInput(Activations x) {
    m_packedRows = kernels::floatPackedRows(x.rows);
    const int64_t bytes = m_packedRows * x.cols * static_cast<int64_t>(sizeof(float));
    if (m_packed.sizeBytes() < bytes && !m_packed.allocate(bytes))
        throw std::bad_alloc();
    const int64_t tiles = m_packedRows / kernels::floatPackRows;
    const auto part = [&](int64_t begin, int64_t end, int) {
        m_kernels.flt.packInputs(x.data, x.rows, x.cols, x.cols, m_packedRows, begin, end, m_packed.as<float>());
    };
    if (x.rows * x.cols < serialInputs)
        part(0, tiles, 0);
    else
        m_pool.parallelRange(tiles, 1, part);
}

void CpuBackend::cutMatmul(Activations x, std::span<const MatmulTarget> targets) {
    int64_t totalBytes = 0;
    for (const MatmulTarget& target : targets)
        totalBytes += target.weight->rows * target.weight->rowBytes;
    // Some pieces per thread, so that a thread that lost its core for a while does not hold up the others.
    const int64_t pieces = threads() == 1 ? 1 : threads() * (x.rows > 1 ? 8 : 4);
    const int64_t wanted = std::max(totalBytes / pieces, x.rows >= 16 ? 0 : pieceBytes);
    m_matmulPieces.clear();
    for (size_t t = 0; t < targets.size(); ++t) {
        const Weight& w = *targets[t].weight;
        const int64_t grains = std::max<int64_t>(wanted / (w.rowBytes * pieceGrain), 1);
        // A piece of many rows needs a tall temporary block when it accumulates; 256 rows amortize everything else.
        const int64_t rows = std::min<int64_t>(grains * pieceGrain, x.rows > 1 ? 256 : 1 << 16);
        for (int64_t begin = 0; begin < w.rows; begin += rows)
            m_matmulPieces.push_back({static_cast<int32_t>(t), begin, std::min(begin + rows, w.rows)});
    }
}

void CpuBackend::matmul(Activations x, std::span<const MatmulTarget> targets) {
    if (x.rows == 0 || targets.empty())
        return;
    bool any8 = false, any16 = false, anyFloat = false;
    int64_t products = 0;
    int64_t scratchBytes = kernels::floatMatmulScratchBytes();
    for (const MatmulTarget& target : targets) {
        const Weight& w = *target.weight;
        any8 = any8 || (usesQ8(w) && !target.fine);
        anyFloat = anyFloat || !usesQ8(w);
        any16 = any16 || (usesQ8(w) && target.fine);
        products += x.rows * w.rows * w.cols;
        if (usesQ8(w))
            scratchBytes = std::max(scratchBytes, kernels::quantMatmulScratchBytes(w.dtype, w.cols));
    }
    if (any8 || any16)
        quantizeInput(x, any8, any16);
    m_packedRows = 0;
    if (anyFloat && x.rows > kernels::floatUnpackedInputs)
        packInput(x);
    cutMatmul(x, targets);
    int64_t tileBytes = 0;  // of the blocks that a product goes through before it is added to the output
    for (const MatmulPiece& piece : m_matmulPieces) {
        const MatmulTarget& target = targets[static_cast<size_t>(piece.target)];
        const int64_t rows = usesQ8(*target.weight) ? std::min(x.rows, inputBlockRows(x.cols)) : x.rows;
        if (target.accumulate)
            tileBytes = std::max(tileBytes, rows * (piece.end - piece.begin) * 4);
    }
    reserveThreadScratch(aligned64(scratchBytes) + aligned64(pieceGrain * x.cols * 4) + aligned64(tileBytes));

    const auto task = [&](int64_t begin, int64_t end, int thread) {
        for (int64_t i = begin; i < end; ++i) {
            const MatmulPiece& piece = m_matmulPieces[static_cast<size_t>(i)];
            matmulPiece(x, targets[static_cast<size_t>(piece.target)], piece, threadScratch(thread));
        }
    };
    const int64_t nPieces = static_cast<int64_t>(m_matmulPieces.size());
    if (products < serialProducts)
        task(0, nPieces, 0);
    else
        m_pool.parallelChunks(nPieces, 1, task);
}

void CpuBackend::matmulPiece(Activations x, const MatmulTarget& target, const MatmulPiece& piece,
                             std::byte* scratch) const {
    const Weight& w = *target.weight;
    const int64_t nRows = piece.end - piece.begin;
    // Float weights are laid out anew for each block of inputs; packed inputs come in the order of their use.
    const int64_t step = usesQ8(w) ? inputBlockRows(x.cols) : x.rows;
    const int64_t before = aligned64(std::max(kernels::floatMatmulScratchBytes(),
                                              usesQ8(w) ? kernels::quantMatmulScratchBytes(w.dtype, w.cols) : 0)) +
                           aligned64(pieceGrain * x.cols * 4);
    float* tile = reinterpret_cast<float*>(scratch + before);
    for (int64_t m = 0; m < x.rows; m += step) {
        const int64_t mEnd = std::min(m + step, x.rows);
        float* out = target.accumulate ? tile : target.out.row(m) + piece.begin;
        const int64_t stride = target.accumulate ? nRows : target.out.cols;
        productBlock(x, m, mEnd, target, piece, out, stride, scratch);
        for (int64_t r = m; r < mEnd; ++r) {
            if (target.bias)
                m_kernels.flt.add(target.bias + piece.begin, nRows, out + (r - m) * stride);
            if (target.accumulate)
                m_kernels.flt.add(out + (r - m) * stride, nRows, target.out.row(r) + piece.begin);
        }
    }
}

// out[m - rowBegin][n - piece.begin] = w row n . x row m
void CpuBackend::productBlock(Activations x, int64_t rowBegin, int64_t rowEnd, const MatmulTarget& target,
                              const MatmulPiece& piece, float* out, int64_t outStride, std::byte* scratch) const {
    const Weight& w = *target.weight;
    const int64_t rows = rowEnd - rowBegin;
    const auto type = static_cast<size_t>(w.dtype);
    if (usesQ8(w) && target.fine) {
        m_kernels.quant.matmul16[type]({w.data, w.rowBytes, piece.begin, piece.end,
                                        kernels::quantRowRange(m_q16, rowBegin, rows), out - piece.begin, outStride,
                                        scratch});
        return;
    }
    if (usesQ8(w)) {
        m_kernels.quant.matmul[type]({w.data, w.rowBytes, piece.begin, piece.end,
                                      kernels::quantRowRange(m_q8, rowBegin, rows), out - piece.begin, outStride,
                                      scratch});
        return;
    }
    if (!kernels::info(w.dtype).quantized) {
        m_kernels.flt.matmul({w.dtype, w.data, w.rowBytes, piece.begin, piece.end, w.cols, x.row(rowBegin), x.cols,
                              rows, out - piece.begin, outStride, scratch,
                              m_packedRows > 0 ? m_packed.as<float>() : nullptr, m_packedRows, rowBegin});
        return;
    }
    // Weights decoded to f32 block by block: the exact mode, and types without a product of their own.
    const auto decode = m_kernels.quant.decode[type];
    float* decoded = reinterpret_cast<float*>(scratch + aligned64(kernels::floatMatmulScratchBytes()));
    for (int64_t n = piece.begin; n < piece.end; n += pieceGrain) {
        const int64_t count = std::min(pieceGrain, piece.end - n);
        for (int64_t i = 0; i < count; ++i)
            decode(w.data + (n + i) * w.rowBytes, w.cols, decoded + i * w.cols);
        m_kernels.flt.matmul({DType::F32, reinterpret_cast<const std::byte*>(decoded), w.cols * 4, 0, count, w.cols,
                              x.row(rowBegin), x.cols, rows, out + (n - piece.begin), outStride, scratch,
                              m_packedRows > 0 ? m_packed.as<float>() : nullptr, m_packedRows, rowBegin});
    }
}

}  // namespace engine
