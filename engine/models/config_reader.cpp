#include "engine/models/config_reader.h"

#include <algorithm>

#include "engine/core/error_text.h"
#include "engine/io/plain_text.h"

namespace engine {

ConfigReader::ConfigReader(const ModelFile& file, std::string architecture)
    : m_file(file), m_architecture(std::move(architecture)) {}

std::string ConfigReader::full(std::string_view key) const {
    return m_architecture + '.' + std::string(key);
}
std::string ConfigReader::name() const {
    return plainFileName(m_file.path());
}
bool ConfigReader::has(std::string_view key) const {
    return m_file.has(full(key));
}

void ConfigReader::fail(Error error) {
    if (!m_error)
        m_error = std::move(error);
}

Result<void> ConfigReader::result() const {
    if (m_error)
        return *m_error;
    return {};
}

int64_t ConfigReader::integer(std::string_view key, int64_t min, int64_t max) {
    const std::string name = full(key);
    const auto found = m_file.metadata().find(name);
    if (found != m_file.metadata().end()) {
        if (const auto* list = std::get_if<MetaArray>(&found->second.value)) {
            if (list->element != MetaArray::Element::Integer || list->integers.empty()) {
                fail(damaged("{}: metadata '{}' is a list without integers", this->name(), name));
                return min;
            }
            const int64_t first = list->integers[0];
            for (const int64_t value : list->integers)
                if (value != first) {
                    fail(unsupported("{}: '{}' differs between layers ({} and {}), which is not supported for '{}'",
                                     this->name(), name, first, value, m_architecture));
                    return min;
                }
            if (first < min || first > max)
                fail(damaged("{}: metadata '{}' is {}, expected {} to {}", this->name(), name, first, min, max));
            return std::clamp(first, min, max);
        }
    }
    auto value = m_file.integer(name, min, max);
    if (!value) {
        fail(std::move(value).error());
        return min;
    }
    return *value;
}

int64_t ConfigReader::integerOr(std::string_view key, int64_t fallback, int64_t min, int64_t max) {
    return has(key) ? integer(key, min, max) : fallback;
}

double ConfigReader::number(std::string_view key, double min, double max) {
    const std::string name = full(key);
    auto value = m_file.number(name);
    if (!value) {
        fail(std::move(value).error());
        return min;
    }
    if (!(*value >= min && *value <= max)) {
        fail(damaged("{}: metadata '{}' is {}, expected {} to {}", this->name(), name, *value, min, max));
        return min;
    }
    return *value;
}

double ConfigReader::numberOr(std::string_view key, double fallback, double min, double max) {
    return has(key) ? number(key, min, max) : fallback;
}

std::string ConfigReader::stringOr(std::string_view key, std::string fallback) {
    if (!has(key))
        return fallback;
    auto value = m_file.string(full(key));
    if (!value) {
        fail(std::move(value).error());
        return fallback;
    }
    return *std::move(value);
}

}  // namespace engine
