// logits and perplexity: what a model says about given text.
#include <filesystem>
#include <fstream>

#include "app/cli/command.h"
#include "app/cli/session.h"
#include "engine/eval/perplexity.h"
#include "engine/io/hash.h"
#include "engine/io/plain_text.h"

namespace app {

using engine::invalid;
using engine::Result;

namespace {

// A NumPy file of f32 [rows, cols], written row by row to "<path>.part" and renamed when it is complete.
class NpyFile {
  public:
    NpyFile(std::string path, int64_t rows, int64_t cols) : m_path(std::move(path)), m_part(m_path + ".part") {
        m_out.open(systemPath(m_part), std::ios::binary | std::ios::trunc);
        std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, cols);
        header.resize((10 + header.size() + 1 + 63) / 64 * 64 - 11, ' ');  // data begins at a multiple of 64
        header += '\n';
        const auto length = static_cast<uint16_t>(header.size());
        std::string begin("\x93NUMPY\x01\x00", 8);
        begin += static_cast<char>(length & 0xFF);
        begin += static_cast<char>(length >> 8);
        write(begin.data(), begin.size());
        write(header.data(), header.size());
    }
    ~NpyFile() {
        if (m_finished)
            return;
        m_out.close();
        std::error_code ignored;
        std::filesystem::remove(systemPath(m_part), ignored);
    }
    NpyFile(const NpyFile&) = delete;
    NpyFile& operator=(const NpyFile&) = delete;

    Result<void> append(const float* values, int64_t count) {
        write(values, static_cast<size_t>(count) * sizeof(float));
        return check();
    }
    Result<void> check() {
        if (m_out)
            return {};
        return invalid("{} cannot be written: no rights, or the disk is full", engine::plainText(m_part, 400));
    }
    // The SHA-256 of the whole file.
    Result<std::string> finish() {
        m_out.close();
        TRY_VOID(check());
        std::error_code error;
        std::filesystem::rename(systemPath(m_part), systemPath(m_path), error);
        if (error)
            return invalid("{} cannot be renamed: {}", engine::plainText(m_part, 400), error.message());
        m_finished = true;
        return m_hash.hexDigest();
    }

  private:
    void write(const void* bytes, size_t count) {
        m_out.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(count));
        m_hash.update({static_cast<const std::byte*>(bytes), count});
    }
    std::string m_path, m_part;
    std::ofstream m_out;
    engine::Sha256 m_hash;
    bool m_finished = false;
};

}  // namespace

Result<void> runLogits(CliContext& context) {
    TRY(const std::string idsPath, context.arguments.required("--ids"));
    TRY(const std::string outPath, context.arguments.required("--out"));
    TRY(const std::string text, readWholeFile(idsPath, 256 << 20));
    const Json array = Json::parse(text, nullptr, false);
    if (array.is_discarded())
        return invalid("{} is not valid JSON", engine::plainFileName(idsPath));
    if (array.empty())
        return invalid("{} holds no token ids", engine::plainFileName(idsPath));
    TRY(Session session, openSession(context, static_cast<int64_t>(array.size())));
    const int64_t vocab = session.model.vocabSize;
    TRY(const std::vector<int32_t> ids, idsFromJson(array, vocab, engine::plainFileName(idsPath)));
    const auto nIds = static_cast<int64_t>(ids.size());
    NpyFile file(outPath, nIds, vocab);
    TRY_VOID(file.check());
    const auto sink = [&](int64_t firstRow, int64_t rows, const float* logits) -> Result<void> {
        context.output.progress("Computing logits", static_cast<double>(firstRow + rows) / static_cast<double>(nIds));
        return file.append(logits, rows * vocab);
    };
    TRY_VOID(session.engine->logits(session.model.id, ids, sink, context.interrupt.token()));
    TRY(const std::string hash, file.finish());
    if (context.output.json())
        context.output.object({{"shape", {nIds, vocab}}, {"sha256", hash}});
    else
        context.output.text(
            fmt::format("{}: [{}, {}] f32, SHA-256 {}\n", engine::plainText(outPath, 400), nIds, vocab, hash));
    return {};
}

Result<void> runPerplexity(CliContext& context) {
    TRY(const std::string path, context.arguments.required("--file"));
    engine::PerplexityOptions options;
    TRY(options.ctx, context.arguments.integer("--ctx", 512, 4, 1 << 24));
    TRY(options.chunks, context.arguments.integer("--chunks", 0, 1, INT64_MAX));
    const std::string mode = context.arguments.text("--mode", "llama.cpp");
    const auto known = engine::perplexityModeFromName(mode);
    if (!known)
        return usageError("--mode is '{}', expected llama.cpp, sliding or paper", engine::plainText(mode));
    options.mode = *known;
    TRY(const std::string text, readWholeFile(path, int64_t{1} << 30));
    TRY(Session session, openSession(context, options.ctx));
    int64_t nDone = 0;
    double soFar = 0;
    const auto progress = [&](int64_t done, int64_t chunks, double perplexity) {
        nDone = done;
        soFar = perplexity;
        context.output.progress(fmt::format("Perplexity of {} windows", chunks),
                                static_cast<double>(done) / static_cast<double>(chunks));
    };
    const auto measured = engine::measurePerplexity(*session.engine, session.model.id, text, options, progress,
                                                    context.interrupt.token());
    if (!measured && measured.error().code == engine::ErrorCode::Cancelled && nDone > 0) {
        if (context.output.json())
            context.output.object({{"perplexity", soFar}, {"chunks", nDone}, {"cancelled", true}});
        else
            context.output.text(fmt::format("{:.4f}   (cancelled after {} windows)\n", soFar, nDone));
        context.output.resultGiven();
    }
    if (!measured)
        return measured.error();
    const engine::PerplexityResult& result = *measured;
    if (context.output.json())
        context.output.object({{"perplexity", result.perplexity},
                               {"standardError", result.standardError},
                               {"tokensScored", result.tokensScored},
                               {"chunks", result.chunks},
                               {"tokenHash", result.tokenHash},
                               {"seconds", result.seconds},
                               {"mode", engine::perplexityModeName(options.mode)},
                               {"ctx", options.ctx}});
    else
        context.output.text(fmt::format("{:.4f} +/- {:.4f}   ({} tokens in {} windows of {}, {}, {:.1f} s)\n",
                                        result.perplexity, result.standardError, result.tokensScored, result.chunks,
                                        options.ctx, engine::perplexityModeName(options.mode), result.seconds));
    return {};
}

}  // namespace app
