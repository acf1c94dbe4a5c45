// The ops and the memory of one device: about 20 coarse operations on ragged batches and paged KV. A model calls them
// in the order of its paper and knows neither threads nor instruction sets. Thread: the engine's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/result.h"
#include "engine/io/model_file.h"
#include "kernels/cpu/float_kernels.h"
#include "kernels/dtype.h"

namespace engine {

// A weight matrix prepared for a backend's kernels. Cheap to copy; keeps its bytes (mapped file or packed copy) alive.
struct Weight {
    kernels::DType dtype = kernels::DType::F32;
    int64_t rows = 0;  // outputs
    int64_t cols = 0;  // inputs
    const std::byte* data = nullptr;
    int64_t rowBytes = 0;
    std::shared_ptr<const void> owner;
    explicit operator bool() const { return data != nullptr; }
};

// f32 activations [rows, cols], contiguous, in the backend's memory.
struct Activations {
    float* data = nullptr;
    int64_t rows = 0;
    int64_t cols = 0;
    float* row(int64_t r) const { return data + r * cols; }
};

struct RopeParams {
    kernels::RopeStyle style = kernels::RopeStyle::Interleaved;
    int64_t nRot = 0;                     // rotated dimensions of a head
    std::vector<float> inverseFrequency;  // [nRot / 2], every scaling of the file already applied
    float magnitude = 1.0f;               // YaRN's attention factor, applied to cos and sin
};

struct AttentionParams {
    int64_t nHeads = 0, nKvHeads = 0;
    int64_t headDim = 0, headDimV = 0;
    float scale = 0;
    float softcap = 0;
    int64_t window = 0;
};

// Where a step's rows belong. Rows of one sequence are adjacent and ascending in position.
struct StepSequence {
    int64_t rowBegin = 0, rowCount = 0;
    int64_t firstPosition = 0;       // position of its first row; rows continue from there
    std::span<const int32_t> pages;  // page table: page of positions [i * pageTokens, (i + 1) * pageTokens)
};
struct Step {
    std::vector<int32_t> ids;        // [rows] token of each row
    std::vector<int64_t> positions;  // [rows]
    std::vector<StepSequence> sequences;
    std::vector<int64_t> logitRows;  // rows whose logits are wanted
    int64_t rows() const { return static_cast<int64_t>(ids.size()); }
};

// Paged keys and values of all layers of one model on one device. A page is per layer [nKvHeads] runs of pageTokens
// positions; how a run lies is the device's own (kernels/cpu/float_kernels.h), so a page is copied as a whole.
struct KvShape {
    int64_t nLayers = 0, nKvHeads = 0, headDimK = 0, headDimV = 0;
    int64_t pageTokens = 32;
    kernels::DType kType = kernels::DType::F16, vType = kernels::DType::F16;
    int64_t pageBytesK() const { return nKvHeads * pageTokens * kernels::rowBytes(kType, headDimK); }
    int64_t pageBytesV() const { return nKvHeads * pageTokens * kernels::rowBytes(vType, headDimV); }
    int64_t bytesPerPage() const { return nLayers * (pageBytesK() + pageBytesV()); }
};
class KvStorage {
  public:
    virtual ~KvStorage() = default;
    virtual const KvShape& shape() const = 0;
    virtual int64_t nPages() const = 0;
    virtual std::byte* keyPage(int64_t layer, int32_t page) = 0;  // pageBytesK() bytes
    virtual std::byte* valuePage(int64_t layer, int32_t page) = 0;
    // Gives the memory of pages [first, first + n) back to the system, in the system's own pages: what lies at the
    // edges stays. Their content is lost, they can be written again. False: it cannot be given back here.
    virtual bool discard([[maybe_unused]] int32_t first, [[maybe_unused]] int64_t n) { return false; }
    // Copies keys and values of the first nTokens positions of a page in all layers; what lies behind them afterwards
    // is undefined. The pages differ; 0 <= nTokens <= pageTokens. Never fails.
    virtual void copyTokens(int32_t fromPage, int32_t toPage, int64_t nTokens) = 0;
};

// One product of a group that shares its input; `bias` may be null. accumulate: out += instead of out =.
struct MatmulTarget {
    const Weight* weight;
    const float* bias;
    Activations out;
    bool accumulate = false;
    bool fine = false;  // 16 instead of 8 bits of the input, for the few weights where 8 bits cost accuracy
};

struct BackendOptions {
    int threads = 0;     // 0: defaultThreadCount()
    std::string isa;     // "": the best of this CPU
    bool exact = false;  // f32 throughout: weights decoded, no 8-bit activations
};

class Backend {
  public:
    virtual ~Backend() = default;
    virtual std::string name() const = 0;  // "CPU, 2 threads, AVX2"
    virtual std::string isa() const = 0;
    virtual int threads() const = 0;
    virtual bool exact() const = 0;

    virtual Result<Weight> makeWeight(const TensorInfo& tensor, std::shared_ptr<const ModelFile> file) = 0;
    virtual Result<std::vector<float>> makeVector(const TensorInfo& tensor) = 0;  // norms and biases, as f32
    virtual Result<std::unique_ptr<KvStorage>> makeKv(const KvShape& shape, int64_t nPages) = 0;
    // Memory for one step's intermediate results; grows to the largest step seen, then is reused. Error: OutOfMemory.
    virtual Result<void> reserve(int64_t bytes) = 0;
    // While *giveUp is true, operations return early and what they write is undefined: whoever sets it throws the step
    // away. It outlives the backend's use; null: none.
    virtual void setGiveUp(const std::atomic<bool>* giveUp) = 0;
    virtual void beginStep(const Step& step, const RopeParams& rope) = 0;  // rewinds scratch, computes cos and sin once
    virtual Activations scratch(int64_t rows, int64_t cols) = 0;           // valid until the next beginStep

    virtual void embed(const Weight& table, std::span<const int32_t> ids, Activations out) = 0;
    virtual void rmsNorm(Activations x, std::span<const float> weight, float eps, Activations out) = 0;
    virtual void layerNorm(Activations x, std::span<const float> weight, std::span<const float> bias, float eps,
                           Activations out) = 0;
    virtual void matmul(Activations x, std::span<const MatmulTarget> targets) = 0;  // x is quantized once for all
    virtual void rope(Activations heads, int64_t nHeads, int64_t headDim) = 0;      // with beginStep's cos and sin
    virtual void kvAppend(KvStorage& kv, int64_t layer, const Step& step, Activations k, Activations v) = 0;
    virtual void attention(Activations q, KvStorage& kv, int64_t layer, const Step& step, const AttentionParams& params,
                           Activations out) = 0;
    virtual void gatedActivation(Activations gate, Activations up, kernels::Activation a, Activations out) = 0;
    virtual void activation(Activations x, kernels::Activation a) = 0;
    virtual void add(Activations x, Activations inOut) = 0;
    virtual void scale(Activations x, float by) = 0;
    virtual void gatherRows(Activations x, std::span<const int64_t> rows, Activations out) = 0;
};

Result<std::unique_ptr<Backend>> makeCpuBackend(const BackendOptions& options);

}  // namespace engine
