// Reads the keys of one architecture ("llama.block_count") with ranges and defaults. The first error is kept, so that a
// loader reads like a list. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/core/result.h"
#include "engine/io/model_file.h"

namespace engine {

class ConfigReader {
  public:
    ConfigReader(const ModelFile& file, std::string architecture);

    // `key` without the architecture. A list with one value per layer counts when all its values are equal.
    int64_t integer(std::string_view key, int64_t min, int64_t max);
    int64_t integerOr(std::string_view key, int64_t fallback, int64_t min, int64_t max);
    double number(std::string_view key, double min, double max);
    double numberOr(std::string_view key, double fallback, double min, double max);
    std::string stringOr(std::string_view key, std::string fallback);
    bool has(std::string_view key) const;

    void fail(Error error);  // kept if it is the first
    bool ok() const { return !m_error.has_value(); }
    Result<void> result() const;
    std::string full(std::string_view key) const;
    const ModelFile& file() const { return m_file; }
    std::string name() const;  // of the file, for messages

  private:
    const ModelFile& m_file;
    std::string m_architecture;
    std::optional<Error> m_error;
};

}  // namespace engine
