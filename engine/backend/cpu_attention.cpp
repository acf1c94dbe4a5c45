// Attention over pages: the work is cut by sequence, KV head, query rows and, where that leaves threads idle, by
// segments of positions, whose partial results the last piece merges in order.
#include <algorithm>
#include <new>

#include "engine/backend/cpu_backend.h"

namespace engine {

namespace {

constexpr int64_t queriesPerPiece = 48;        // query rows x heads: their scores stay in the second-level cache
constexpr int64_t serialProducts = 64 * 1024;  // multiply-adds below which the pool is not woken

}  // namespace

struct CpuBackend::AttentionCall {
    Activations q, out;
    KvStorage& kv;
    int64_t layer;
    const Step& step;
    const AttentionParams& params;
    int64_t groupHeads;  // query heads per KV head
    int64_t rowsPerPiece;
};

void CpuBackend::cutAttention(const AttentionCall& call) {
    const AttentionParams& p = call.params;
    m_attentionPieces.clear();
    int64_t segments = 0;
    for (size_t s = 0; s < call.step.sequences.size(); ++s) {
        const StepSequence& sequence = call.step.sequences[s];
        // The last rows see most keys: they go first, so that the pieces become smaller towards the end.
        const int64_t blocks = (sequence.rowCount + call.rowsPerPiece - 1) / call.rowsPerPiece;
        for (int64_t block = blocks - 1; block >= 0; --block) {
            AttentionPiece piece{};
            piece.sequence = static_cast<int32_t>(s);
            piece.nHeads = static_cast<int32_t>(call.groupHeads);
            piece.rowBegin = block * call.rowsPerPiece;
            piece.nRows = std::min(call.rowsPerPiece, sequence.rowCount - piece.rowBegin);
            const int64_t first = sequence.firstPosition + piece.rowBegin;
            const int64_t oldest = p.window > 0 ? std::max<int64_t>(first + 1 - p.window, 0) : 0;
            piece.segmentBegin = piece.allSegmentBegin = oldest / kernels::attentionSegment;
            piece.segmentEnd = piece.allSegmentEnd = (first + piece.nRows - 1) / kernels::attentionSegment + 1;
            piece.partials = piece.countdown = -1;
            for (int64_t head = 0; head < p.nKvHeads; ++head) {
                piece.kvHead = static_cast<int32_t>(head);
                m_attentionPieces.push_back(piece);
                segments += piece.segmentEnd - piece.segmentBegin;
            }
        }
    }
    const int64_t nWorks = static_cast<int64_t>(m_attentionPieces.size());
    if (threads() == 1 || nWorks >= 4 * threads())
        return;

    if (segments == nWorks) {  // short contexts: heads apart if that evens out the load
        if (nWorks % threads() == 0 || call.groupHeads == 1)
            return;
        for (int64_t i = 0; i < nWorks; ++i) {
            AttentionPiece piece = m_attentionPieces[static_cast<size_t>(i)];
            piece.nHeads = 1;
            m_attentionPieces[static_cast<size_t>(i)] = piece;
            for (piece.headBegin = 1; piece.headBegin < call.groupHeads; ++piece.headBegin)
                m_attentionPieces.push_back(piece);
        }
        return;
    }

    const int64_t perPiece = std::max<int64_t>(segments / (8 * threads()), 1);
    if (m_nCountdowns < nWorks) {
        m_countdowns = std::make_unique<std::atomic<int32_t>[]>(static_cast<size_t>(nWorks));
        m_nCountdowns = nWorks;
    }
    int64_t floats = 0;
    for (int64_t i = 0; i < nWorks; ++i) {
        AttentionPiece piece = m_attentionPieces[static_cast<size_t>(i)];
        const int64_t nSegments = piece.allSegmentEnd - piece.allSegmentBegin;
        if (nSegments <= perPiece)
            continue;
        piece.partials = floats;
        piece.countdown = static_cast<int32_t>(i);
        floats += nSegments * kernels::attentionPartialFloats(piece.nRows * piece.nHeads, p.headDimV);
        int32_t count = 0;
        for (int64_t begin = piece.allSegmentBegin; begin < piece.allSegmentEnd; begin += perPiece, ++count) {
            piece.segmentBegin = begin;
            piece.segmentEnd = std::min(begin + perPiece, piece.allSegmentEnd);
            if (count == 0)
                m_attentionPieces[static_cast<size_t>(i)] = piece;
            else
                m_attentionPieces.push_back(piece);
        }
        m_countdowns[static_cast<size_t>(i)].store(count, std::memory_order_relaxed);
    }
    const int64_t bytes = floats * static_cast<int64_t>(sizeof(float));
    if (m_partials.sizeBytes() < bytes && !m_partials.allocate(bytes))
        throw std::bad_alloc();
}

void CpuBackend::attention(Activations q, KvStorage& kv, int64_t layer, const Step& step, const AttentionParams& params,
                           Activations out) {
    if (q.rows == 0)
        return;
    const int64_t groupHeads = params.nHeads / params.nKvHeads;
    const int64_t rowsPerPiece = std::clamp<int64_t>(queriesPerPiece / groupHeads, 1, kernels::attentionMaxRows);
    const AttentionCall call{q, out, kv, layer, step, params, groupHeads, rowsPerPiece};
    int64_t products = 0;
    int64_t mostRows = 0;
    for (const StepSequence& sequence : step.sequences) {
        products += sequence.rowCount * (sequence.firstPosition + sequence.rowCount) * params.nHeads *
                    (params.headDim + params.headDimV);
        mostRows = std::max(mostRows, std::min(sequence.rowCount, rowsPerPiece));
    }
    reserveThreadScratch(kernels::attentionScratchBytes(params.headDim, params.headDimV, groupHeads, mostRows));
    cutAttention(call);
    const auto task = [&](int64_t begin, int64_t end, int thread) {
        for (int64_t i = begin; i < end; ++i)
            attentionPiece(call, m_attentionPieces[static_cast<size_t>(i)], threadScratch(thread));
    };
    const int64_t nPieces = static_cast<int64_t>(m_attentionPieces.size());
    if (products < serialProducts)
        task(0, nPieces, 0);
    else
        m_pool.parallelChunks(nPieces, 1, task);
}

void CpuBackend::attentionPiece(const AttentionCall& call, const AttentionPiece& piece, std::byte* scratch) {
    const AttentionParams& p = call.params;
    const KvShape& shape = call.kv.shape();
    const StepSequence& sequence = call.step.sequences[static_cast<size_t>(piece.sequence)];
    const int64_t head = piece.kvHead * call.groupHeads + piece.headBegin;
    const int64_t row = sequence.rowBegin + piece.rowBegin;
    kernels::AttentionWork w{};
    w.q = call.q.row(row) + head * p.headDim;
    w.qStride = call.q.cols;
    w.nRows = piece.nRows;
    w.nGroupHeads = piece.nHeads;
    w.headDim = p.headDim;
    w.headDimV = p.headDimV;
    w.firstPosition = sequence.firstPosition + piece.rowBegin;
    w.kType = shape.kType;
    w.vType = shape.vType;
    w.kPageStride = w.vPageStride = shape.bytesPerPage();
    w.kBase = call.kv.keyPage(call.layer, 0) + piece.kvHead * (shape.pageBytesK() / shape.nKvHeads);
    w.vBase = call.kv.valuePage(call.layer, 0) + piece.kvHead * (shape.pageBytesV() / shape.nKvHeads);
    w.pages = sequence.pages.data();
    w.pageTokens = shape.pageTokens;
    w.scale = p.scale;
    w.softcap = p.softcap;
    w.window = p.window;
    w.segmentBegin = piece.segmentBegin;
    w.segmentEnd = piece.segmentEnd;
    w.out = call.out.row(row) + head * p.headDimV;
    w.outStride = call.out.cols;
    w.scratch = scratch;
    if (piece.partials < 0) {
        m_kernels.flt.attention(w);
        return;
    }
    float* partials = m_partials.as<float>() + piece.partials;
    const int64_t size = kernels::attentionPartialFloats(piece.nRows * piece.nHeads, p.headDimV);
    w.partials = partials + (piece.segmentBegin - piece.allSegmentBegin) * size;
    m_kernels.flt.attention(w);
    if (m_countdowns[static_cast<size_t>(piece.countdown)].fetch_sub(1, std::memory_order_acq_rel) == 1) {
        w.partials = partials;
        w.segmentBegin = piece.allSegmentBegin;
        w.segmentEnd = piece.allSegmentEnd;
        m_kernels.flt.mergeAttention(w);
    }
}

}  // namespace engine
