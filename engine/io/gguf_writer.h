// Writes a GGUF file: metadata, tensor directory, then the tensors' bytes as they come. Everything goes to
// "<path>.part", which takes the final name only when it is complete; a file of that name stays untouched until then.
// Thread: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/result.h"
#include "engine/io/model_file.h"
#include "kernels/dtype.h"

namespace engine {

class GgufWriter {
  public:
    // Alignment: a power of two from 8 to 65536. It is written as metadata only when it differs from 32 and was not
    // added.
    explicit GgufWriter(std::string pathUtf8, uint32_t version = 3, uint64_t alignment = 32);
    ~GgufWriter();  // removes an unfinished ".part"
    GgufWriter(const GgufWriter&) = delete;
    GgufWriter& operator=(const GgufWriter&) = delete;

    // Metadata, in the order of the calls.
    void add(std::string_view key, std::string_view text);
    void add(std::string_view key, const char* text) { add(key, std::string_view(text)); }
    void add(std::string_view key, bool value);
    void addInteger(std::string_view key, MetaWidth width, int64_t value);
    void addFloat(std::string_view key, MetaWidth width, double value);
    void addStrings(std::string_view key, std::span<const std::string> texts);
    void addIntegers(std::string_view key, MetaWidth width, std::span<const int64_t> values);
    void addFloats(std::string_view key, std::span<const float> values);
    void add(std::string_view key, const MetaValue& value);  // as another file has it, widths kept
    // A tensor of the directory; its bytes are appended later, in the same order.
    void declare(std::string_view name, kernels::DType dtype, std::span<const int64_t> shape);

    // Writes everything before the data. Errors: InvalidRequest for what no reader would accept, or the system's
    // reason.
    Result<void> begin();
    // Bytes of the next tensor or of a piece of it; tensors follow each other without a call between them.
    Result<void> append(std::span<const std::byte> bytes);
    // Checks that every tensor is complete and gives the file its name.
    Result<void> finish();

  private:
    struct Tensor {
        std::string name;
        kernels::DType dtype;
        std::vector<int64_t> shape;
        int64_t sizeBytes = 0;
    };
    Result<void> write(const void* bytes, size_t count);
    void startEntry(std::string_view key, MetaWidth width);
    template <typename T>
    void put(T value);
    void putString(std::string_view text);
    void putInteger(MetaWidth width, int64_t value);
    void putArray(const MetaArray& array);

    std::string m_path, m_partPath;
    uint32_t m_version;
    uint64_t m_alignment;
    bool m_hasAlignment = false;
    uint64_t m_nKeys = 0;
    std::string m_keys;  // encoded entries
    std::vector<Tensor> m_tensors;
    std::ofstream m_out;
    bool m_begun = false, m_finished = false;
    size_t m_current = 0;  // tensor that is being appended
    int64_t m_currentBytes = 0;
};

}  // namespace engine
