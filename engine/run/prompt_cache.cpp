#include "engine/run/prompt_cache.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <vector>

#include "engine/core/error_text.h"
#include "engine/io/hash.h"
#include "engine/io/mapped_file.h"
#include "engine/io/plain_text.h"

namespace engine {

namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "the file's numbers are stored little-endian");

constexpr char Magic[8] = {'T', 'E', 'S', 'S', 'P', 'A', 'G', 'E'};
constexpr uint32_t Version = 1;
// Counts changes to the computation after which a page would hold other bits.
constexpr int64_t ComputationRevision = 1;
constexpr size_t HeaderBytes = 72, HeaderHashed = 64;
constexpr int64_t SampleBytes = 4096;  // of each tensor, from its middle

fs::path systemPath(const std::string& utf8) {
    return fs::path(std::u8string(utf8.begin(), utf8.end()));
}

template <typename T>
T numberAt(const std::byte* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}
template <typename T>
void putNumber(std::byte* at, T value) {
    std::memcpy(at, &value, sizeof value);
}

// Places within a record.
struct RecordLayout {
    explicit RecordLayout(const KvShape& shape)
        : pages(8 + 4 * static_cast<size_t>(shape.pageTokens)),
          hash(pages + static_cast<size_t>(shape.bytesPerPage())),
          bytes(hash + 8) {}
    size_t pages, hash, bytes;
};

std::array<std::byte, HeaderBytes> makeHeader(const KvShape& shape, const PromptCacheKey& key, uint64_t nRecords) {
    std::array<std::byte, HeaderBytes> header{};
    std::memcpy(header.data(), Magic, sizeof Magic);
    putNumber(header.data() + 8, Version);
    putNumber(header.data() + 12, static_cast<uint32_t>(shape.pageTokens));
    putNumber(header.data() + 16, static_cast<uint64_t>(RecordLayout(shape).bytes));
    putNumber(header.data() + 24, nRecords);
    std::copy(key.begin(), key.end(), header.begin() + 32);
    putNumber(header.data() + HeaderHashed, xxHash64(std::span(header).first(HeaderHashed), 0));
    return header;
}

// Calls visit(memory, bytes) for every stretch of a page, in the order of the file.
template <typename Visit>
void eachStretch(KvStorage& storage, int32_t page, Visit visit) {
    const KvShape& shape = storage.shape();
    for (int64_t layer = 0; layer < shape.nLayers; ++layer) {
        visit(storage.keyPage(layer, page), static_cast<size_t>(shape.pageBytesK()));
        visit(storage.valuePage(layer, page), static_cast<size_t>(shape.pageBytesV()));
    }
}

// A file that is not there in full unless `finish` succeeded.
class PartFile {
  public:
    explicit PartFile(const std::string& path) : m_path(path), m_partPath(path + ".part") {}
    ~PartFile() {
        if (!m_open)
            return;
        m_out.close();
        std::error_code ignored;
        fs::remove(systemPath(m_partPath), ignored);
    }
    Result<void> open() {
        std::error_code error;
        fs::remove(systemPath(m_partPath), error);  // of a run that was killed; a link there is not followed
        m_out.open(systemPath(m_partPath), std::ios::binary | std::ios::trunc);
        m_open = static_cast<bool>(m_out);
        if (m_open)  // before anything that was said is in it
            fs::permissions(systemPath(m_partPath), fs::perms::owner_read | fs::perms::owner_write, error);
        if (!m_open || error)
            return invalid("{} cannot be created for the prompt cache", plainFileName(m_partPath));
        return {};
    }
    Result<void> write(std::span<const std::byte> bytes, int64_t at = -1) {
        if (at >= 0)
            m_out.seekp(at);
        m_out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        return check();
    }
    Result<void> finish() {
        m_out.close();
        TRY_VOID(check());
        std::error_code error;
        fs::rename(systemPath(m_partPath), systemPath(m_path), error);
        if (error)
            return invalid("{} cannot be renamed to {}: {}", plainFileName(m_partPath), plainFileName(m_path),
                           error.message());
        m_open = false;
        return {};
    }

  private:
    Result<void> check() const {
        if (!m_out)
            return invalid("{} cannot be written completely: the disk is full or was removed",
                           plainFileName(m_partPath));
        return {};
    }
    std::string m_path, m_partPath;
    std::ofstream m_out;
    bool m_open = false;
};

}  // namespace

Result<PromptCacheKey> promptCacheKey(const ModelFile& file, const KvShape& shape, int64_t window,
                                      const RopeParams& rope, const Backend& backend) {
    Sha256 hash;
    const auto add = [&hash](const auto& value) { hash.update(std::as_bytes(std::span(&value, 1))); };
    const auto addAll = [&](const auto& list) {
        add(static_cast<uint64_t>(list.size()));
        hash.update(std::as_bytes(std::span(list)));
    };
    add(Version);
    add(ComputationRevision);
    addAll(backend.isa());
    add(static_cast<int64_t>(backend.exact()));
    for (const int64_t n : {shape.nLayers, shape.nKvHeads, shape.headDimK, shape.headDimV, shape.pageTokens,
                            static_cast<int64_t>(shape.kType), static_cast<int64_t>(shape.vType), window, rope.nRot,
                            static_cast<int64_t>(rope.style)})
        add(n);
    add(rope.magnitude);
    addAll(rope.inverseFrequency);

    // Metadata and tensor directory as they lie in the file: all bytes before a part's first tensor.
    std::vector<int64_t> dataBegin(file.parts().size());
    for (size_t part = 0; part < dataBegin.size(); ++part)
        dataBegin[part] = file.partSizeBytes(static_cast<int>(part));
    for (const TensorInfo& tensor : file.tensors()) {
        int64_t& begin = dataBegin[static_cast<size_t>(tensor.part)];
        begin = std::min(begin, tensor.fileOffset);
    }
    std::vector<std::byte> bytes;
    for (size_t part = 0; part < dataBegin.size(); ++part) {
        add(file.partSizeBytes(static_cast<int>(part)));
        for (int64_t at = 0; at < dataBegin[part]; at += static_cast<int64_t>(bytes.size())) {
            bytes.resize(static_cast<size_t>(std::min<int64_t>(dataBegin[part] - at, 1 << 20)));
            TRY_VOID(file.readPart(static_cast<int>(part), at, bytes));
            hash.update(bytes);
        }
    }
    for (const TensorInfo& tensor : file.tensors()) {
        bytes.resize(static_cast<size_t>(std::min(tensor.sizeBytes, SampleBytes)));
        TRY_VOID(file.read(tensor, (tensor.sizeBytes - static_cast<int64_t>(bytes.size())) / 2, bytes));
        hash.update(bytes);
    }
    return hash.digest();
}

std::string promptCacheFile(const std::string& path, const PromptCacheKey& key) {
    std::error_code ignored;
    if (!fs::is_directory(systemPath(path), ignored))
        return path;
    std::string name;
    for (const std::byte b : key)
        name += fmt::format("{:02x}", static_cast<int>(b));
    return path + (path.ends_with('/') ? "" : "/") + name;
}

Result<PromptCacheFile> writePromptCache(const KvPool& pool, const PromptCacheKey& key, const std::string& path,
                                         const PromptCacheLimits& limits, std::stop_token stop) {
    const auto begin = std::chrono::steady_clock::now();
    const auto timeIsUp = [&] {
        return limits.seconds > 0 &&
               std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() >= limits.seconds;
    };
    KvStorage& storage = *pool.storage();
    const RecordLayout layout(storage.shape());
    const auto room = static_cast<size_t>(std::max<int64_t>(limits.budgetBytes, 0));
    const std::vector<KvPool::FoundPage> pages =
        pool.findable(room > HeaderBytes ? static_cast<int64_t>((room - HeaderBytes) / layout.bytes) : 0);

    const std::string file = promptCacheFile(path, key);
    PartFile out(file);
    TRY_VOID(out.open());
    TRY_VOID(out.write(makeHeader(storage.shape(), key, 0)));
    PromptCacheFile saved;
    saved.path = file;
    std::vector<std::byte> record(layout.bytes);
    for (const KvPool::FoundPage& page : pages) {
        if (stop.stop_requested())
            return Error{ErrorCode::Cancelled, "Saving the prompt cache was stopped", file};
        if (timeIsUp())
            break;
        std::fill_n(record.begin(), layout.pages, std::byte{0});
        putNumber(record.data(), page.parent);
        putNumber(record.data() + 4, static_cast<uint32_t>(page.ids.size()));
        std::memcpy(record.data() + 8, page.ids.data(), page.ids.size() * sizeof(int32_t));
        std::byte* at = record.data() + layout.pages;
        eachStretch(storage, page.page, [&](const std::byte* memory, size_t bytes) {
            std::memcpy(at, memory, bytes);
            at += bytes;
        });
        putNumber(record.data() + layout.hash,
                  xxHash64(std::span(record).first(layout.hash), static_cast<uint64_t>(saved.pages)));
        TRY_VOID(out.write(record));
        ++saved.pages;
        saved.tokens += static_cast<int64_t>(page.ids.size());
    }
    saved.bytes = static_cast<int64_t>(HeaderBytes + static_cast<size_t>(saved.pages) * layout.bytes);
    TRY_VOID(out.write(makeHeader(storage.shape(), key, static_cast<uint64_t>(saved.pages)), 0));
    // Not forced to the disk: a power cut may leave a file whose checksums do not fit, and that is refused.
    TRY_VOID(out.finish());
    return saved;
}

Result<PromptCacheFile> readPromptCache(KvPool& pool, const PromptCacheKey& key, const std::string& path,
                                        std::stop_token stop) {
    const std::string file = promptCacheFile(path, key);
    const std::string name = plainFileName(file);
    auto opened = MappedFile::open(file);
    if (!opened && opened.error().code == ErrorCode::FileNotFound)
        return PromptCacheFile{file, 0, 0, 0};
    TRY(const auto in, std::move(opened));
    const auto size = static_cast<uint64_t>(in->sizeBytes());
    if (size < HeaderBytes)
        return damaged("{} has {} bytes, a prompt cache has at least {}", name, size, HeaderBytes);
    std::array<std::byte, HeaderBytes> header;
    TRY_VOID(in->read(0, header));
    if (std::memcmp(header.data(), Magic, sizeof Magic) != 0)
        return unsupported("{} is not a prompt cache: it does not begin with {}", name,
                           std::string_view(Magic, sizeof Magic));
    if (const auto version = numberAt<uint32_t>(header.data() + 8); version != Version)
        return unsupported("{} is a prompt cache of version {}, expected {}", name, version, Version);
    if (numberAt<uint64_t>(header.data() + HeaderHashed) != xxHash64(std::span(header).first(HeaderHashed), 0))
        return damaged("{}: the checksum of the prompt cache's header does not fit", name);
    if (!std::equal(key.begin(), key.end(), header.begin() + 32))
        return unsupported("{} is the prompt cache of another model or of other settings", name);
    KvStorage& storage = *pool.storage();
    const RecordLayout layout(storage.shape());
    const uint64_t nRecords = numberAt<uint64_t>(header.data() + 24);
    const auto pageTokens = static_cast<uint64_t>(pool.pageTokens());
    if (numberAt<uint32_t>(header.data() + 12) != pageTokens || numberAt<uint64_t>(header.data() + 16) != layout.bytes)
        return unsupported("{}: a record of the prompt cache has {} bytes for {} tokens, expected {} for {}", name,
                           numberAt<uint64_t>(header.data() + 16), numberAt<uint32_t>(header.data() + 12), layout.bytes,
                           pageTokens);
    if (nRecords != (size - HeaderBytes) / layout.bytes || (size - HeaderBytes) % layout.bytes != 0)
        return damaged("{} has {} bytes, and its header tells of {} records of {} bytes", name, size, nRecords,
                       layout.bytes);

    // The pages are held while the file is read and given back unless all of it is right; a file that is larger than
    // the pool is checked to its end all the same.
    PageTable table;
    struct GiveBack {
        KvPool& pool;
        PageTable& table;
        ~GiveBack() { pool.release(table); }
    } giveBack{pool, table};
    const auto nPages = std::min<int64_t>(static_cast<int64_t>(nRecords), pool.counts().free);
    pool.grow(table, nPages * pool.pageTokens());
    std::vector<KvPool::FoundPage> pages;
    std::vector<std::vector<int32_t>> ids(static_cast<size_t>(nPages));
    std::vector<bool> whole;  // of each record
    std::vector<std::byte> record(layout.bytes);
    for (uint64_t i = 0; i < nRecords; ++i) {
        if (stop.stop_requested())
            return Error{ErrorCode::Cancelled, "Reading the prompt cache was stopped", file};
        TRY_VOID(in->read(static_cast<int64_t>(HeaderBytes + i * layout.bytes), record));
        if (numberAt<uint64_t>(record.data() + layout.hash) != xxHash64(std::span(record).first(layout.hash), i))
            return damaged("{}: the checksum of record {} of the prompt cache does not fit", name, i);
        const auto parent = numberAt<int32_t>(record.data());
        const auto nIds = numberAt<uint32_t>(record.data() + 4);
        if (nIds < 1 || nIds > pageTokens)
            return damaged("{}: record {} of the prompt cache has {} tokens, expected 1 to {}", name, i, nIds,
                           pageTokens);
        if (parent < -1 || parent >= static_cast<int64_t>(i) || (parent >= 0 && !whole[static_cast<size_t>(parent)]))
            return damaged("{}: record {} of the prompt cache continues record {}, expected a full one before it", name,
                           i, parent);
        whole.push_back(nIds == pageTokens);
        if (static_cast<int64_t>(i) >= nPages)
            continue;
        std::vector<int32_t>& tokens = ids[static_cast<size_t>(i)];
        tokens.resize(nIds);
        std::memcpy(tokens.data(), record.data() + 8, nIds * sizeof(int32_t));
        const int32_t page = table.pages[static_cast<size_t>(i)];
        const std::byte* at = record.data() + layout.pages;
        eachStretch(storage, page, [&](std::byte* memory, size_t bytes) {
            std::memcpy(memory, at, bytes);
            at += bytes;
        });
        pages.push_back({page, parent, tokens});
    }
    const int64_t before = pool.counts().cached;
    PromptCacheFile restored{file, 0, pool.restore(table, pages), static_cast<int64_t>(size)};
    restored.pages = pool.counts().cached - before;
    return restored;
}

}  // namespace engine
