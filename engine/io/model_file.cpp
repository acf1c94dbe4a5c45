#include "engine/io/model_file.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error_text.h"
#include "engine/io/gguf_reader.h"
#include "engine/io/mapped_file.h"
#include "engine/io/plain_text.h"
#include "engine/io/split_name.h"

namespace engine {

namespace {

struct Part {
    std::shared_ptr<const MappedFile> file;
    GgufContent content;
};

class GgufModelFile : public ModelFile {
  public:
    explicit GgufModelFile(std::vector<Part> parts) : m_parts(std::move(parts)) {
        size_t nTensors = 0;
        for (const Part& part : m_parts)
            nTensors += part.content.tensors.size();
        m_tensors.reserve(nTensors);
        for (size_t p = 0; p < m_parts.size(); ++p) {
            Part& part = m_parts[p];
            m_paths.push_back(part.file->path());
            m_sizeBytes += part.file->sizeBytes();
            for (TensorInfo& tensor : part.content.tensors) {
                tensor.part = static_cast<int>(p);
                m_tensors.push_back(std::move(tensor));
            }
            part.content.tensors = {};
            m_warnings.insert(m_warnings.end(), part.content.warnings.begin(), part.content.warnings.end());
        }
        m_format = fmt::format("GGUF v{}", m_parts.front().content.version);
        m_byName.reserve(m_tensors.size());
        for (const TensorInfo& tensor : m_tensors)
            m_byName.push_back(&tensor);
        std::sort(m_byName.begin(), m_byName.end(), [](auto* a, auto* b) { return a->name < b->name; });
    }

    const std::string& path() const override { return m_paths.front(); }
    std::span<const std::string> parts() const override { return m_paths; }
    int64_t sizeBytes() const override { return m_sizeBytes; }
    std::string_view format() const override { return m_format; }
    const Metadata& metadata() const override { return m_parts.front().content.metadata; }
    std::span<const Metadata::value_type* const> keys() const override { return m_parts.front().content.keys; }
    std::span<const TensorInfo> tensors() const override { return m_tensors; }
    std::span<const std::string> warnings() const override { return m_warnings; }
    const TensorInfo* find(std::string_view name) const override {
        const auto at = std::lower_bound(m_byName.begin(), m_byName.end(), name,
                                         [](const TensorInfo* t, std::string_view n) { return t->name < n; });
        return at != m_byName.end() && (*at)->name == name ? *at : nullptr;
    }
    // The first name that occurs in more than one part, or null.
    const TensorInfo* duplicate() const {
        const auto at =
            std::adjacent_find(m_byName.begin(), m_byName.end(), [](auto* a, auto* b) { return a->name == b->name; });
        return at == m_byName.end() ? nullptr : *at;
    }

    Result<void> checkIntact() const override {
        for (const Part& part : m_parts)
            if (!part.file->intact())
                return Error{ErrorCode::FileDamaged,
                             plainFileName(part.file->path()) +
                                 " disappeared or became shorter while it was in use; load it again when it is back",
                             part.file->path()};
        return {};
    }
    Result<void> read(const TensorInfo& tensor, int64_t offset, std::span<std::byte> out) const override {
        if (offset < 0 || offset > tensor.sizeBytes || static_cast<int64_t>(out.size()) > tensor.sizeBytes - offset)
            return invalid("tensor '{}': bytes {} to {} were asked for, it has {}", plainText(tensor.name), offset,
                           offset + static_cast<int64_t>(out.size()), tensor.sizeBytes);
        return m_parts[static_cast<size_t>(tensor.part)].file->read(tensor.fileOffset + offset, out);
    }

    int64_t partSizeBytes(int part) const override { return m_parts[static_cast<size_t>(part)].file->sizeBytes(); }
    Result<void> readPart(int part, int64_t offset, std::span<std::byte> out) const override {
        return m_parts[static_cast<size_t>(part)].file->read(offset, out);
    }

  private:
    std::vector<Part> m_parts;
    std::vector<std::string> m_paths, m_warnings;
    std::vector<TensorInfo> m_tensors;
    std::vector<const TensorInfo*> m_byName;  // sorted
    std::string m_format;
    int64_t m_sizeBytes = 0;
};

Result<Part> openPart(const std::string& path) {
    Part part;
    TRY(part.file, MappedFile::open(path));
    TRY(part.content, readGguf(part.file->bytes(), path));
    if (!part.file->intact())
        return Error{ErrorCode::FileDamaged, plainFileName(path) + " disappeared or became shorter while it was read",
                     path};
    return part;
}

Result<int64_t> splitNumber(const Part& part, std::string_view key, int64_t max) {
    const auto found = part.content.metadata.find(key);
    const std::string name = plainFileName(part.file->path());
    if (found == part.content.metadata.end())
        return damaged("{} is damaged: metadata '{}' is missing in a part of a split model", name, key);
    const int64_t* value = std::get_if<int64_t>(&found->second.value);
    if (!value || *value < 0 || *value > max)
        return damaged("{} is damaged: metadata '{}' is {}, expected an integer from 0 to {}", name, key,
                       value ? std::to_string(*value) : "of type " + std::string(found->second.width), max);
    return *value;
}

// All parts of a split model, `opened` being one of them.
Result<std::vector<Part>> openAllParts(Part opened, int64_t count) {
    const std::string path = opened.file->path();
    const std::string shown = plainFileName(path);
    const auto name = parseSplitName(path);
    TRY(const int64_t number, splitNumber(opened, "split.no", count - 1));
    if (!name || name->count != count || name->number != number + 1)
        return Error{ErrorCode::FileDamaged,
                     fmt::format("{} is part {} of {} of a split model, but is not named so: expected a name ending in "
                                 "\"-{:05}-of-{:05}.gguf\"; give the parts their original names",
                                 shown, number + 1, count, number + 1, count),
                     path};
    std::vector<Part> parts;
    for (int64_t i = 0; i < count; ++i) {
        if (i == number) {
            parts.push_back(std::move(opened));
            continue;
        }
        const std::string partPath = splitPath(*name, i + 1);
        auto part = openPart(partPath);
        if (!part && part.error().code == ErrorCode::FileNotFound)
            return Error{ErrorCode::FileNotFound,
                         fmt::format("Part {} of {} is missing: {} was not found beside {}", i + 1, count,
                                     plainFileName(partPath), shown),
                         partPath};
        if (!part)
            return std::move(part).error();
        TRY(const int64_t partCount, splitNumber(*part, "split.count", 65535));
        TRY(const int64_t partNumber, splitNumber(*part, "split.no", 65535));
        if (partCount != count || partNumber != i)
            return damaged("{} says that it is part {} of {}, expected part {} of {}: it belongs to another model",
                           plainFileName(partPath), partNumber + 1, partCount, i + 1, count);
        parts.push_back(*std::move(part));
    }
    return parts;
}

}  // namespace

Result<std::shared_ptr<const ModelFile>> ModelFile::open(const std::string& pathUtf8) {
    TRY(Part first, openPart(pathUtf8));
    int64_t count = 0;
    if (first.content.metadata.contains("split.count")) {
        TRY(count, splitNumber(first, "split.count", 65535));
    }
    std::vector<Part> parts;
    if (count > 1) {
        TRY(parts, openAllParts(std::move(first), count));
    } else {
        parts.push_back(std::move(first));
    }
    int64_t promised = -1;
    if (count > 1 && parts.front().content.metadata.contains("split.tensors.count")) {
        TRY(promised, splitNumber(parts.front(), "split.tensors.count", INT32_MAX));
        for (const Part& part : parts) {
            TRY(const int64_t other, splitNumber(part, "split.tensors.count", INT32_MAX));
            if (other != promised)
                return damaged("{} belongs to a model of {} tensors, {} to one of {}: the parts are not of one model",
                               plainFileName(part.file->path()), other, plainFileName(parts.front().file->path()),
                               promised);
        }
    }
    auto file = std::make_shared<const GgufModelFile>(std::move(parts));
    if (promised >= 0 && static_cast<int64_t>(file->tensors().size()) != promised)
        return damaged("{} and its other parts hold {} tensors together, 'split.tensors.count' is {}",
                       plainFileName(pathUtf8), file->tensors().size(), promised);
    if (const TensorInfo* twice = file->duplicate())
        return damaged("{} is damaged: tensor '{}' occurs in two parts", plainFileName(pathUtf8),
                       plainText(twice->name));
    return std::shared_ptr<const ModelFile>(std::move(file));
}

bool ModelFile::has(std::string_view key) const {
    return metadata().contains(key);
}

namespace {

Result<const MetaValue*> findValue(const ModelFile& file, std::string_view key) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end())
        return damaged("{}: metadata '{}' is missing", plainFileName(file.path()), plainText(key));
    return &found->second;
}

Error wrongType(const ModelFile& file, std::string_view key, std::string_view found, std::string_view expected) {
    return damaged("{}: metadata '{}' has type {}, expected {}", plainFileName(file.path()), plainText(key), found,
                   expected);
}

}  // namespace

Result<std::string> ModelFile::string(std::string_view key) const {
    TRY(const MetaValue* value, findValue(*this, key));
    if (const auto* text = std::get_if<std::string_view>(&value->value))
        return std::string(*text);
    return wrongType(*this, key, value->width, "string");
}

Result<int64_t> ModelFile::integer(std::string_view key, int64_t min, int64_t max) const {
    TRY(const MetaValue* value, findValue(*this, key));
    if (const auto* large = std::get_if<uint64_t>(&value->value))
        return damaged("{}: metadata '{}' is {}, expected {} to {}", plainFileName(path()), plainText(key), *large, min,
                       max);
    const auto* number = std::get_if<int64_t>(&value->value);
    if (!number)
        return wrongType(*this, key, value->width, "an integer");
    if (*number < min || *number > max)
        return damaged("{}: metadata '{}' is {}, expected {} to {}", plainFileName(path()), plainText(key), *number,
                       min, max);
    return *number;
}

Result<double> ModelFile::number(std::string_view key) const {
    TRY(const MetaValue* value, findValue(*this, key));
    if (const auto* integer = std::get_if<int64_t>(&value->value))
        return static_cast<double>(*integer);
    if (const auto* large = std::get_if<uint64_t>(&value->value))
        return static_cast<double>(*large);
    const auto* real = std::get_if<double>(&value->value);
    if (!real)
        return wrongType(*this, key, value->width, "a number");
    if (!std::isfinite(*real))
        return damaged("{}: metadata '{}' is {}, expected a finite number", plainFileName(path()), plainText(key),
                       *real);
    return *real;
}

Result<bool> ModelFile::boolean(std::string_view key) const {
    TRY(const MetaValue* value, findValue(*this, key));
    if (const auto* flag = std::get_if<bool>(&value->value))
        return *flag;
    return wrongType(*this, key, value->width, "bool");
}

Result<const MetaArray*> ModelFile::array(std::string_view key, MetaArray::Element element) const {
    constexpr std::string_view names[] = {"integers", "floats", "bools", "strings", "arrays"};
    TRY(const MetaValue* value, findValue(*this, key));
    const auto* array = std::get_if<MetaArray>(&value->value);
    if (!array)
        return wrongType(*this, key, value->width, fmt::format("an array of {}", names[static_cast<size_t>(element)]));
    if (array->element != element)
        return wrongType(*this, key, fmt::format("array of {}", names[static_cast<size_t>(array->element)]),
                         fmt::format("an array of {}", names[static_cast<size_t>(element)]));
    return array;
}

}  // namespace engine
