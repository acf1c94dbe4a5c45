// The CPU's backend: cuts every op into pieces for the thread pool and calls the kernels of the chosen instruction set.
// A result never depends on how the work was cut. Thread: the engine's.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/backend/step_arena.h"
#include "engine/core/buffer.h"
#include "engine/core/thread_pool.h"
#include "kernels/cpu/cpu_kernels.h"

namespace engine {

class CpuBackend final : public Backend {
  public:
    CpuBackend(const kernels::CpuKernels& table, int threads, bool exact);

    std::string name() const override;
    std::string isa() const override { return std::string(kernels::isaName(m_kernels.isa)); }
    int threads() const override { return m_pool.size(); }
    bool exact() const override { return m_exact; }

    Result<Weight> makeWeight(const TensorInfo& tensor, std::shared_ptr<const ModelFile> file) override;
    Result<std::vector<float>> makeVector(const TensorInfo& tensor) override;
    Result<std::unique_ptr<KvStorage>> makeKv(const KvShape& shape, int64_t nPages) override;
    Result<void> reserve(int64_t bytes) override;
    void setGiveUp(const std::atomic<bool>* giveUp) override { m_pool.setGiveUp(giveUp); }
    void beginStep(const Step& step, const RopeParams& rope) override;
    Activations scratch(int64_t rows, int64_t cols) override;

    void embed(const Weight& table, std::span<const int32_t> ids, Activations out) override;
    void rmsNorm(Activations x, std::span<const float> weight, float eps, Activations out) override;
    void layerNorm(Activations x, std::span<const float> weight, std::span<const float> bias, float eps,
                   Activations out) override;
    void matmul(Activations x, std::span<const MatmulTarget> targets) override;
    void rope(Activations heads, int64_t nHeads, int64_t headDim) override;
    void kvAppend(KvStorage& kv, int64_t layer, const Step& step, Activations k, Activations v) override;
    void attention(Activations q, KvStorage& kv, int64_t layer, const Step& step, const AttentionParams& params,
                   Activations out) override;
    void gatedActivation(Activations gate, Activations up, kernels::Activation a, Activations out) override;
    void activation(Activations x, kernels::Activation a) override;
    void add(Activations x, Activations inOut) override;
    void scale(Activations x, float by) override;
    void gatherRows(Activations x, std::span<const int64_t> rows, Activations out) override;

  private:
    // Output rows [begin, end) of one target.
    struct MatmulPiece {
        int32_t target;
        int64_t begin, end;
    };
    // Some query rows and heads of one sequence that share a KV head, over some segments.
    struct AttentionPiece {
        int32_t sequence, kvHead, headBegin, nHeads;
        int64_t rowBegin, nRows;                 // within the sequence
        int64_t segmentBegin, segmentEnd;        // of this piece
        int64_t allSegmentBegin, allSegmentEnd;  // of the work that it is a part of
        int64_t partials = -1;   // offset of the work's partial results; -1: the piece is the whole work
        int32_t countdown = -1;  // pieces of the work still to come
    };
    struct AttentionCall;

    bool usesQ8(const Weight& weight) const;
    void quantizeInput(Activations x, bool any8, bool any16);
    void packInput(Activations x);
    void cutMatmul(Activations x, std::span<const MatmulTarget> targets);
    void matmulPiece(Activations x, const MatmulTarget& target, const MatmulPiece& piece, std::byte* scratch) const;
    void productBlock(Activations x, int64_t rowBegin, int64_t rowEnd, const MatmulTarget& target,
                      const MatmulPiece& piece, float* out, int64_t outStride, std::byte* scratch) const;
    void cutAttention(const AttentionCall& call);
    void attentionPiece(const AttentionCall& call, const AttentionPiece& piece, std::byte* scratch);
    // Bytes for each thread's private use; throws std::bad_alloc.
    void reserveThreadScratch(int64_t bytesPerThread);
    std::byte* threadScratch(int thread) const { return m_threadScratch.data() + thread * m_threadScratchBytes; }

    kernels::CpuKernels m_kernels;
    ThreadPool m_pool;
    bool m_exact;
    StepArena m_arena;
    Buffer m_threadScratch;
    int64_t m_threadScratchBytes = 0;

    RopeParams m_rope;
    std::vector<float> m_cosSin;  // [rows, nRot / 2, 2] of the current step
    Buffer m_q8Memory, m_q16Memory;
    kernels::Q8Rows m_q8{};    // the input of the current matmul, in blocks of 8-bit values
    kernels::Q16Rows m_q16{};  // the same in 16 bits
    Buffer m_packed;           // the input of the current matmul, in tiles for the float kernels
    int64_t m_packedRows = 0;  // 0: not packed
    std::vector<MatmulPiece> m_matmulPieces;
    std::vector<AttentionPiece> m_attentionPieces;
    Buffer m_partials;  // partial results of attention
    std::unique_ptr<std::atomic<int32_t>[]> m_countdowns;
    int64_t m_nCountdowns = 0;
};

}  // namespace engine
