#include <algorithm>
#include <cctype>

#include "engine/io/gguf_reader.h"

namespace engine {

namespace {

struct Signature {
    std::string_view bytes;
    std::string_view what;
};
constexpr Signature signatures[] = {
    {"FUGG", "a GGUF file with every byte pair reversed"},
    {"ggml", "a GGML file of 2023, the predecessor of GGUF"},
    {"lmgg", "a GGML file of 2023, the predecessor of GGUF"},
    {"tjgg", "a GGJT file of 2023, the predecessor of GGUF"},
    {"fmgg", "a GGMF file of 2023, the predecessor of GGUF"},
    {"PK\x03\x04", "a ZIP archive or a PyTorch checkpoint"},
    {"PK\x05\x06", "an empty ZIP archive"},
    {"\x80\x02", "a Python pickle"},
    {"\x80\x03", "a Python pickle"},
    {"\x80\x04", "a Python pickle"},
    {"\x1F\x8B", "a gzip archive"},
    {"\x28\xB5\x2F\xFD", "a Zstandard archive"},
    {"7z\xBC\xAF\x27\x1C", "a 7-Zip archive"},
    {"BZh", "a bzip2 archive"},
    {"\xFD"
     "7zXZ",
     "an xz archive"},
    {"\x89HDF", "an HDF5 file"},
    {"\x93NUMPY", "a NumPy array"},
    {"\x89PNG", "a PNG picture"},
    {"\xFF\xD8\xFF", "a JPEG picture"},
    {"%PDF", "a PDF document"},
    {"\x7F"
     "ELF",
     "a program"},
    {"MZ", "a Windows program"},
    {"SQLite format 3", "an SQLite database"},
};

std::string lowerStart(std::string_view text) {
    while (!text.empty() && (std::isspace(static_cast<unsigned char>(text.front())) || text.front() == '\xEF' ||
                             text.front() == '\xBB' || text.front() == '\xBF'))
        text.remove_prefix(1);
    std::string out(text.substr(0, 64));
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
}

}  // namespace

std::string_view looksLike(std::span<const std::byte> file) {
    const std::string_view text(reinterpret_cast<const char*>(file.data()), std::min<size_t>(file.size(), 512));
    for (const Signature& signature : signatures)
        if (text.starts_with(signature.bytes))
            return signature.what;
    if (text.starts_with("version https://git-lfs"))
        return "a Git LFS pointer: the model itself was not downloaded";
    // safetensors: length of the header as u64, then JSON.
    if (text.size() >= 9 && text[8] == '{' && text[5] == 0 && text[6] == 0 && text[7] == 0)
        return "a safetensors file";
    const std::string start = lowerStart(text);
    for (std::string_view tag : {"<!doctype", "<html", "<head", "<?xml", "<body"})
        if (start.starts_with(tag))
            return "a web page: the download was answered by an error or a login page";
    if (start.starts_with('{') || start.starts_with('['))
        return "a JSON text";
    if (!text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c == 0; }))
        return "zeros: the download was reserved but never filled";
    if (text.size() >= 8 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
            return c >= 0x20 || c == '\n' || c == '\r' || c == '\t';
        }))
        return "a text file";
    return {};
}

}  // namespace engine
