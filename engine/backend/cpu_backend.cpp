#include "engine/backend/cpu_backend.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "engine/backend/cpu_kv.h"
#include "engine/core/error_text.h"

namespace engine {

namespace {

using kernels::DType;

// Elements below which waking the pool costs more than it saves (a run costs about half a microsecond).
constexpr int64_t serialElements = 16384;

bool isWeightType(DType t) {
    return kernels::info(t).quantized || t == DType::F32 || t == DType::F16 || t == DType::BF16;
}

}  // namespace

CpuBackend::CpuBackend(const kernels::CpuKernels& table, int threads, bool exact)
    : m_kernels(table), m_pool(threads > 0 ? threads : defaultThreadCount()), m_exact(exact) {}

std::string CpuBackend::name() const {
    std::string isaName = isa();
    std::transform(isaName.begin(), isaName.end(), isaName.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return fmt::format("CPU, {} thread{}, {}{}", threads(), threads() == 1 ? "" : "s", isaName,
                       m_exact ? ", exact" : "");
}

Result<Weight> CpuBackend::makeWeight(const TensorInfo& tensor, std::shared_ptr<const ModelFile> file) {
    if (!isWeightType(tensor.dtype))
        return unsupported("tensor '{}' has type {}, which cannot be the weights of a product", tensor.name,
                           kernels::name(tensor.dtype));
    if (tensor.rank > 2)
        return unsupported("tensor '{}' has {} dimensions; the weights of a product have 2", tensor.name, tensor.rank);
    Weight weight;
    weight.dtype = tensor.dtype;
    weight.cols = tensor.shape[0];
    weight.rows = tensor.shape[1];
    weight.rowBytes = kernels::rowBytes(tensor.dtype, weight.cols);
    const int64_t block = kernels::info(tensor.dtype).blockElements;
    if (!tensor.data || weight.cols <= 0 || weight.rows <= 0 || weight.cols % block != 0 ||
        tensor.sizeBytes != weight.rows * weight.rowBytes)
        return damaged(
            "tensor '{}' of type {} is [{}, {}] in {} bytes; expected rows of whole blocks of {} in {} bytes",
            tensor.name, kernels::name(tensor.dtype), weight.cols, weight.rows, tensor.sizeBytes, block,
            weight.rows * weight.rowBytes);
    weight.data = tensor.data;
    weight.owner = std::move(file);
    return weight;
}

Result<std::vector<float>> CpuBackend::makeVector(const TensorInfo& tensor) {
    const auto decode = m_kernels.quant.decode[static_cast<size_t>(tensor.dtype)];
    if (tensor.dtype != DType::F32 && !decode)
        return unsupported("tensor '{}' has type {}, which cannot be read as numbers", tensor.name,
                           kernels::name(tensor.dtype));
    if (!tensor.data || tensor.elements % kernels::info(tensor.dtype).blockElements != 0 ||
        tensor.sizeBytes != kernels::rowBytes(tensor.dtype, tensor.elements))
        return damaged("tensor '{}' of type {} has {} elements in {} bytes", tensor.name, kernels::name(tensor.dtype),
                       tensor.elements, tensor.sizeBytes);
    std::vector<float> values(static_cast<size_t>(tensor.elements));
    if (tensor.dtype == DType::F32)
        std::memcpy(values.data(), tensor.data, values.size() * sizeof(float));
    else
        decode(tensor.data, tensor.elements, values.data());
    return values;
}

Result<std::unique_ptr<KvStorage>> CpuBackend::makeKv(const KvShape& shape, int64_t nPages) {
    return CpuKv::make(shape, nPages);
}

Result<void> CpuBackend::reserve(int64_t bytes) {
    if (!m_arena.reserve(bytes))
        return makeError(ErrorCode::OutOfMemory,
                         "a step needs {} bytes for its intermediate results, which the system "
                         "does not give",
                         bytes);
    return {};
}

void CpuBackend::reserveThreadScratch(int64_t bytesPerThread) {
    if (bytesPerThread <= m_threadScratchBytes)
        return;
    bytesPerThread = (bytesPerThread + 4095) / 4096 * 4096 + 64;  // an odd distance: threads do not share cache sets
    if (!m_threadScratch.allocate(bytesPerThread * threads()))
        throw std::bad_alloc();
    m_threadScratchBytes = bytesPerThread;
}

void CpuBackend::beginStep(const Step& step, const RopeParams& rope) {
    m_arena.rewind();
    m_rope = rope;
    const int64_t half = std::min<int64_t>(rope.nRot / 2, static_cast<int64_t>(rope.inverseFrequency.size()));
    m_rope.nRot = half * 2;
    const int64_t rows = static_cast<int64_t>(step.positions.size());
    m_cosSin.resize(static_cast<size_t>(rows * half * 2));
    const auto fill = [&](int64_t begin, int64_t end, int) {
        for (int64_t r = begin; r < end; ++r) {
            const float position = static_cast<float>(step.positions[static_cast<size_t>(r)]);
            float* out = m_cosSin.data() + r * half * 2;
            for (int64_t i = 0; i < half; ++i) {
                // The angle is rounded to f32, as the models were trained; its cosine is not rounded again.
                const double angle = position * rope.inverseFrequency[static_cast<size_t>(i)];
                out[2 * i] = static_cast<float>(std::cos(angle)) * rope.magnitude;
                out[2 * i + 1] = static_cast<float>(std::sin(angle)) * rope.magnitude;
            }
        }
    };
    if (rows * half * 64 < serialElements)
        fill(0, rows, 0);
    else
        m_pool.parallelRange(rows, 1, fill);
}

Activations CpuBackend::scratch(int64_t rows, int64_t cols) {
    return {reinterpret_cast<float*>(m_arena.take(rows * cols * static_cast<int64_t>(sizeof(float)))), rows, cols};
}

void CpuBackend::embed(const Weight& table, std::span<const int32_t> ids, Activations out) {
    const auto decode = m_kernels.quant.decode[static_cast<size_t>(table.dtype)];
    for (size_t i = 0; i < ids.size(); ++i) {
        float* to = out.row(static_cast<int64_t>(i));
        const size_t bytes = static_cast<size_t>(table.cols) * sizeof(float);
        if (ids[i] < 0 || ids[i] >= table.rows)
            std::memset(to, 0, bytes);  // a token that the table lacks
        else if (table.dtype == DType::F32)
            std::memcpy(to, table.data + ids[i] * table.rowBytes, bytes);
        else
            decode(table.data + ids[i] * table.rowBytes, table.cols, to);
    }
}

void CpuBackend::rmsNorm(Activations x, std::span<const float> weight, float eps, Activations out) {
    const auto part = [&](int64_t begin, int64_t end, int) {
        m_kernels.flt.rmsNorm(x.row(begin), weight.data(), eps, end - begin, x.cols, out.row(begin));
    };
    if (x.rows * x.cols < serialElements)
        part(0, x.rows, 0);
    else
        m_pool.parallelRange(x.rows, 1, part);
}

void CpuBackend::layerNorm(Activations x, std::span<const float> weight, std::span<const float> bias, float eps,
                           Activations out) {
    const auto part = [&](int64_t begin, int64_t end, int) {
        m_kernels.flt.layerNorm(x.row(begin), weight.data(), bias.empty() ? nullptr : bias.data(), eps, end - begin,
                                x.cols, out.row(begin));
    };
    if (x.rows * x.cols < serialElements)
        part(0, x.rows, 0);
    else
        m_pool.parallelRange(x.rows, 1, part);
}

void CpuBackend::rope(Activations heads, int64_t nHeads, int64_t headDim) {
    if (m_rope.nRot == 0)
        return;
    const auto part = [&](int64_t begin, int64_t end, int) {
        m_kernels.flt.rope(heads.row(begin), m_cosSin.data() + begin * m_rope.nRot, end - begin, nHeads, headDim,
                           m_rope.nRot, heads.cols, m_rope.style);
    };
    if (heads.rows * heads.cols < serialElements)
        part(0, heads.rows, 0);
    else
        m_pool.parallelRange(heads.rows, 1, part);
}

void CpuBackend::kvAppend(KvStorage& kv, int64_t layer, const Step& step, Activations k, Activations v) {
    const KvShape& shape = kv.shape();
    const int64_t kRow = kernels::rowBytes(shape.kType, shape.headDimK);
    const int64_t vRow = kernels::rowBytes(shape.vType, shape.headDimV);
    for (const StepSequence& sequence : step.sequences) {
        const auto part = [&](int64_t begin, int64_t end, int) {
            for (int64_t r = begin; r < end; ++r) {
                const int64_t position = sequence.firstPosition + r;
                const int32_t page = sequence.pages[static_cast<size_t>(position / shape.pageTokens)];
                const int64_t slot = position % shape.pageTokens;
                const int64_t inGroup = slot % kernels::keyGroupTokens;
                std::byte* group = kv.keyPage(layer, page) + (slot - inGroup) * kRow;
                for (int64_t head = 0; head < shape.nKvHeads; ++head, group += shape.pageTokens * kRow)
                    m_kernels.flt.storeKey(shape.kType, k.row(sequence.rowBegin + r) + head * shape.headDimK,
                                           shape.headDimK, group, inGroup);
                // One call per row: its heads lie a page's run of tokens apart.
                m_kernels.flt.encodeRows(shape.vType, v.row(sequence.rowBegin + r), shape.nKvHeads, shape.headDimV,
                                         shape.headDimV, kv.valuePage(layer, page) + slot * vRow,
                                         shape.pageTokens * vRow);
            }
        };
        if (sequence.rowCount * (k.cols + v.cols) < serialElements)
            part(0, sequence.rowCount, 0);
        else
            m_pool.parallelRange(sequence.rowCount, 1, part);
    }
}

void CpuBackend::gatedActivation(Activations gate, Activations up, kernels::Activation a, Activations out) {
    const int64_t n = gate.rows * gate.cols;
    const auto part = [&](int64_t begin, int64_t end, int) {
        m_kernels.flt.gatedActivation(gate.data + begin, up.data + begin, end - begin, a, out.data + begin);
    };
    if (n < serialElements / 4)
        part(0, n, 0);
    else
        m_pool.parallelRange(n, 1024, part);
}

void CpuBackend::activation(Activations x, kernels::Activation a) {
    const int64_t n = x.rows * x.cols;
    const auto part = [&](int64_t begin, int64_t end, int) {
        m_kernels.flt.activation(x.data + begin, end - begin, a);
    };
    if (n < serialElements / 4)
        part(0, n, 0);
    else
        m_pool.parallelRange(n, 1024, part);
}

void CpuBackend::add(Activations x, Activations inOut) {
    const int64_t n = x.rows * x.cols;
    const auto part = [&](int64_t begin, int64_t end, int) {
        m_kernels.flt.add(x.data + begin, end - begin, inOut.data + begin);
    };
    if (n < serialElements)
        part(0, n, 0);
    else
        m_pool.parallelRange(n, 1024, part);
}

void CpuBackend::scale(Activations x, float by) {
    const int64_t n = x.rows * x.cols;
    const auto part = [&](int64_t begin, int64_t end, int) { m_kernels.flt.scale(x.data + begin, end - begin, by); };
    if (n < serialElements)
        part(0, n, 0);
    else
        m_pool.parallelRange(n, 1024, part);
}

void CpuBackend::gatherRows(Activations x, std::span<const int64_t> rows, Activations out) {
    for (size_t i = 0; i < rows.size(); ++i)
        std::memcpy(out.row(static_cast<int64_t>(i)), x.row(rows[i]), static_cast<size_t>(x.cols) * sizeof(float));
}

Result<std::unique_ptr<Backend>> makeCpuBackend(const BackendOptions& options) {
    std::optional<kernels::Isa> highest;
    if (!options.isa.empty()) {
        highest = kernels::isaFromName(options.isa);
        if (!highest)
            return invalid("the instruction set '{}' is not known; expected scalar, avx2, avx512 or amx", options.isa);
    }
    return std::unique_ptr<Backend>(
        std::make_unique<CpuBackend>(kernels::selectKernels(highest), options.threads, options.exact));
}

}  // namespace engine
