#include <windows.h>

#include "engine/core/error_text.h"
#include "engine/io/mapped_file.h"
#include "engine/io/plain_text.h"

namespace engine {

struct FaultGuard {};  // Windows refuses to shorten or delete a mapped file; see mapped_file.h

namespace {

std::wstring wide(std::string_view utf8) {
    if (utf8.empty())
        return {};
    const int length = MultiByteToWideChar(CP_UTF8, 0, utf8.data(), static_cast<int>(utf8.size()), nullptr, 0);
    std::wstring out(static_cast<size_t>(length), L'\0');
    MultiByteToWideChar(CP_UTF8, 0, utf8.data(), static_cast<int>(utf8.size()), out.data(), length);
    return out;
}

std::string narrow(std::wstring_view text) {
    if (text.empty())
        return {};
    const int length =
        WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0, nullptr, nullptr);
    std::string out(static_cast<size_t>(length), '\0');
    WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), out.data(), length, nullptr, nullptr);
    return out;
}

// The absolute path in the form that has no limit of 260 characters.
std::wstring longPath(std::string_view utf8) {
    const std::wstring path = wide(utf8);
    if (path.starts_with(L"\\\\?\\"))
        return path;
    const DWORD length = GetFullPathNameW(path.c_str(), 0, nullptr, nullptr);
    if (length == 0)
        return path;
    std::wstring full(length, L'\0');
    full.resize(GetFullPathNameW(path.c_str(), length, full.data(), nullptr));
    if (full.starts_with(L"\\\\.\\"))
        return full;  // a device; refused below because it is not a disk file
    if (full.starts_with(L"\\\\"))
        return L"\\\\?\\UNC\\" + full.substr(2);
    return L"\\\\?\\" + full;
}

std::string systemReason(DWORD error) {
    wchar_t* text = nullptr;
    const DWORD length =
        FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS,
                       nullptr, error, 0, reinterpret_cast<wchar_t*>(&text), 0, nullptr);
    std::string out = length ? narrow({text, length}) : fmt::format("system error {}", error);
    LocalFree(text);
    while (!out.empty() && (out.back() == '\n' || out.back() == '\r' || out.back() == ' ' || out.back() == '.'))
        out.pop_back();
    return out;
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& pathUtf8) {
    const std::string shown = plainFileName(pathUtf8);
    const auto fail = [&](ErrorCode code, const std::string& what) {
        return Error{code, fmt::format("{} {}", shown, what), pathUtf8};
    };
    if (pathUtf8.empty())
        return Error{ErrorCode::InvalidRequest, "The path of the file is empty", {}};
    if (pathUtf8.find('\0') != std::string::npos)
        return fail(ErrorCode::InvalidRequest, "is not a path: it contains a zero byte");

    const std::wstring path = longPath(pathUtf8);
    const DWORD attributes = GetFileAttributesW(path.c_str());
    if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY))
        return fail(ErrorCode::InvalidRequest, "is a folder, not a file");
    const HANDLE file = CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, nullptr,
                                    OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
    if (file == INVALID_HANDLE_VALUE) {
        const DWORD error = GetLastError();
        if (error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND || error == ERROR_INVALID_NAME)
            return fail(ErrorCode::FileNotFound, "was not found: " + plainText(pathUtf8, 400) + " does not exist");
        return fail(ErrorCode::InvalidRequest, "cannot be opened: " + systemReason(error));
    }
    std::shared_ptr<MappedFile> mapped(new MappedFile);
    mapped->m_path = pathUtf8;
    mapped->m_handle = reinterpret_cast<intptr_t>(file);
    if (GetFileType(file) != FILE_TYPE_DISK)
        return fail(ErrorCode::InvalidRequest, "is a pipe or a device, not an ordinary file");
    LARGE_INTEGER size{};
    if (!GetFileSizeEx(file, &size))
        return fail(ErrorCode::InvalidRequest, "cannot be examined: " + systemReason(GetLastError()));
    mapped->m_sizeBytes = size.QuadPart;
    if (size.QuadPart > 0) {
        const HANDLE mapping = CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr);
        if (!mapping)
            return fail(ErrorCode::OutOfMemory, "cannot be mapped into memory: " + systemReason(GetLastError()));
        mapped->m_data = static_cast<const std::byte*>(MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0));
        const DWORD error = GetLastError();
        CloseHandle(mapping);  // the view keeps it alive
        if (!mapped->m_data)
            return fail(ErrorCode::OutOfMemory, "cannot be mapped into memory: " + systemReason(error));
    }
    return std::shared_ptr<const MappedFile>(std::move(mapped));
}

MappedFile::~MappedFile() {
    if (m_data)
        UnmapViewOfFile(m_data);
    if (m_handle != -1)
        CloseHandle(reinterpret_cast<HANDLE>(m_handle));
}

bool MappedFile::intact() const {
    LARGE_INTEGER size{};
    return GetFileSizeEx(reinterpret_cast<HANDLE>(m_handle), &size) && size.QuadPart >= m_sizeBytes;
}

Result<void> MappedFile::read(int64_t offset, std::span<std::byte> out) const {
    if (offset < 0 || offset > m_sizeBytes || static_cast<int64_t>(out.size()) > m_sizeBytes - offset)
        return invalid("{}: bytes {} to {} were asked for, the file has {}", plainFileName(m_path), offset,
                       offset + static_cast<int64_t>(out.size()), m_sizeBytes);
    while (!out.empty()) {
        OVERLAPPED position{};
        position.Offset = static_cast<DWORD>(offset);
        position.OffsetHigh = static_cast<DWORD>(offset >> 32);
        DWORD got = 0;
        const auto wanted = static_cast<DWORD>(std::min<size_t>(out.size(), 1u << 30));
        if (!ReadFile(reinterpret_cast<HANDLE>(m_handle), out.data(), wanted, &got, &position) || got == 0)
            return damaged("{} cannot be read at byte {}: {}", plainFileName(m_path), offset,
                           systemReason(GetLastError()));
        out = out.subspan(got);
        offset += got;
    }
    return {};
}

}  // namespace engine
