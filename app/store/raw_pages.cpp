#include "app/store/raw_pages.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "engine/core/error_text.h"

namespace app {

using engine::Result;

namespace {

constexpr size_t PageBytes = 4096;  // what this program's stores always have
constexpr uintmax_t LargestFile = uintmax_t{4} << 30;

uint32_t big(std::string_view bytes, size_t at, int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; ++i)
        value = value << 8 | static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)]);
    return value;
}

// SQLite's variable-length integer: up to 9 bytes, high bit says that more follow.
bool varint(std::string_view bytes, size_t& at, uint64_t& value) {
    value = 0;
    for (int i = 0; i < 9; ++i) {
        if (at >= bytes.size())
            return false;
        const auto byte = static_cast<uint8_t>(bytes[at++]);
        if (i == 8) {
            value = value << 8 | byte;
            return true;
        }
        value = value << 7 | (byte & 0x7f);
        if (byte < 0x80)
            return true;
    }
    return false;
}

class RawFile {
  public:
    RawFile(std::string bytes, bool log) : m_bytes(std::move(bytes)), m_log(log) {}

    // Pages: a log has a 32-byte head, then frames of a 24-byte head (page number first) and the page.
    size_t pageCount() const {
        return m_log ? (m_bytes.size() < 32 ? 0 : (m_bytes.size() - 32) / (PageBytes + 24))
                     : m_bytes.size() / PageBytes;
    }
    std::string_view page(size_t i) const {
        const size_t at = m_log ? 32 + i * (PageBytes + 24) + 24 : i * PageBytes;
        return std::string_view(m_bytes).substr(at, PageBytes);
    }
    size_t numberOf(size_t i) const { return m_log ? big(m_bytes, 32 + i * (PageBytes + 24), 4) : i + 1; }

    // An overflow page by its number: in a log the copy written nearest to the record.
    std::string_view byNumber(size_t number, size_t near) const {
        if (!m_log)
            return number >= 1 && number <= pageCount() ? page(number - 1) : std::string_view();
        const size_t from = near > 2000 ? near - 2000 : 0, to = std::min(pageCount(), near + 2000);
        std::string_view best;
        size_t distance = SIZE_MAX;
        for (size_t i = from; i < to; ++i)
            if (const size_t d = i > near ? i - near : near - i; numberOf(i) == number && d < distance) {
                best = page(i);
                distance = d;
            }
        return best;
    }

    // The payload of the cell at `at`, with its overflow pages.
    bool payload(size_t pageIndex, size_t at, int64_t& rowid, std::string& out) const {
        const std::string_view p = page(pageIndex);
        uint64_t size, id;
        if (!varint(p, at, size) || !varint(p, at, id) || size > m_bytes.size())
            return false;
        rowid = static_cast<int64_t>(id);
        const size_t usable = PageBytes, most = usable - 35;
        size_t local = size;
        if (size > most) {
            const size_t least = (usable - 12) * 32 / 255 - 23;
            const size_t k = least + (size - least) % (usable - 4);
            local = k <= most ? k : least;
        }
        if (at + local + (local < size ? 4 : 0) > p.size())
            return false;
        out.assign(p.substr(at, local));
        size_t next = local < size ? big(p, at + local, 4) : 0;
        while (out.size() < size) {
            const std::string_view more = byNumber(next, pageIndex);
            if (more.empty())
                return false;
            out.append(more.substr(4, std::min(usable - 4, size - out.size())));
            next = big(more, 0, 4);
        }
        return true;
    }

  private:
    std::string m_bytes;
    bool m_log;
};

bool decode(std::string_view payload, RawRecord& record) {
    size_t head = 0;
    uint64_t headSize;
    if (!varint(payload, head, headSize) || headSize > payload.size())
        return false;
    size_t body = headSize;
    while (head < headSize) {
        uint64_t type;
        if (!varint(payload.substr(0, headSize), head, type) || record.values.size() > 64)
            return false;
        RawValue value;
        static constexpr size_t Widths[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
        if (type <= 9) {
            const size_t width = Widths[type];
            if (payload.size() - body < width)
                return false;
            if (type >= 1 && type <= 6) {
                value.kind = RawValue::Integer;
                int64_t v = static_cast<int8_t>(payload[body]);
                for (size_t i = 1; i < width; ++i)
                    v = static_cast<int64_t>(static_cast<uint64_t>(v) << 8 | static_cast<uint8_t>(payload[body + i]));
                value.integer = v;
            } else if (type == 7) {
                value.kind = RawValue::Real;
            } else if (type >= 8) {
                value.kind = RawValue::Integer;
                value.integer = static_cast<int64_t>(type - 8);
            }
            body += width;
        } else if (type >= 12) {
            const uint64_t size = (type - 12) / 2;
            if (payload.size() - body < size)
                return false;
            value.kind = type % 2 ? RawValue::Text : RawValue::Blob;
            value.bytes = payload.substr(body, size);
            body += size;
        } else {
            return false;
        }
        record.values.push_back(std::move(value));
    }
    return body == payload.size();
}

}  // namespace

Result<void> readRawRecords(const std::string& path, const std::function<void(const RawRecord&)>& sink) {
    std::error_code failed;
    const auto file = std::filesystem::u8path(path);
    const uintmax_t size = std::filesystem::file_size(file, failed);
    if (failed || size > LargestFile)
        return {};
    std::string bytes(size, '\0');
    std::ifstream in(file, std::ios::binary);
    in.read(bytes.data(), static_cast<std::streamsize>(size));
    bytes.resize(static_cast<size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    const RawFile raw(std::move(bytes), path.ends_with("-wal"));
    for (size_t i = 0; i < raw.pageCount(); ++i) {
        const std::string_view page = raw.page(i);
        const size_t head = raw.numberOf(i) == 1 ? 100 : 0;
        if (page[head] != 0x0d)
            continue;
        const size_t cells = big(page, head + 3, 2);
        if (head + 8 + cells * 2 > page.size())
            continue;
        for (size_t c = 0; c < cells; ++c) {
            const size_t at = big(page, head + 8 + c * 2, 2);
            RawRecord record;
            std::string payload;
            if (at < page.size() && raw.payload(i, at, record.rowid, payload) && decode(payload, record))
                sink(record);
        }
    }
    return {};
}

}  // namespace app
