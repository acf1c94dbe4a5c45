#include "engine/text/pre_tokenizer.h"

#include <algorithm>
#include <iterator>

namespace engine {

namespace {

constexpr PreTokenizer List[] = {
    {.name = "default", .stages = {stagePunctRuns, stageGpt2, stageNumbers, stageThreeAscii}},
    // GPT-2's expression alone.
    {.name = "gpt-2", .stages = {stageGpt2}},
    {.name = "phi-2", .stages = {stageGpt2}},
    {.name = "jina-es", .stages = {stageGpt2}},
    {.name = "jina-de", .stages = {stageGpt2}},
    {.name = "jina-v1-en", .stages = {stageGpt2}},
    {.name = "jina-v2-es", .stages = {stageGpt2}},
    {.name = "jina-v2-de", .stages = {stageGpt2}},
    {.name = "jina-v2-code", .stages = {stageGpt2}},
    {.name = "roberta-bpe", .stages = {stageGpt2}},
    {.name = "gigachat", .stages = {stageGpt2}},
    {.name = "a.x-4.0", .stages = {stageGpt2}},
    {.name = "mellum", .stages = {stageGpt2}},
    {.name = "modern-bert", .stages = {stageGpt2}},
    {.name = "exaone4", .stages = {stageGpt2}},
    {.name = "mpt", .stages = {stageGpt2}},
    {.name = "olmo", .stages = {stageGpt2}},
    {.name = "jais", .stages = {stageGpt2}},
    {.name = "trillion", .stages = {stageGpt2}},
    {.name = "granite-docling", .stages = {stageGpt2}},
    // Each digit alone, then GPT-2's expression.
    {.name = "smollm", .stages = {stageDigit, stageGpt2}},
    {.name = "starcoder", .stages = {stageDigit, stageGpt2}},
    {.name = "refact", .stages = {stageDigit, stageGpt2}},
    {.name = "command-r", .stages = {stageDigit, stageGpt2}},
    {.name = "codeshell", .stages = {stageDigit, stageGpt2}},
    {.name = "exaone", .stages = {stageDigit, stageGpt2}},
    {.name = "minerva-7b", .stages = {stageDigit, stageGpt2}},
    {.name = "mellum2", .stages = {stageDigit, stageGpt2}},
    {.name = "falcon", .stages = {stagePunctRunsTick, stageGpt2, stageThreeAscii}},
    {.name = "chameleon",
     .stages = {stageSentinel, stageImageToken, stageIndent, stageDigit, stagePunctEach, stageGpt2},
     .addsBos = true},
    // Llama 3 and its relatives.
    {.name = "llama-bpe", .stages = {stageLlama3}, .ignoresMerges = true, .addsBos = true},
    {.name = "llama3", .stages = {stageLlama3}, .ignoresMerges = true, .addsBos = true},
    {.name = "llama-v3", .stages = {stageLlama3}, .ignoresMerges = true, .addsBos = true},
    {.name = "falcon3", .stages = {stageLlama3}, .ignoresMerges = true, .addsBos = true},
    {.name = "falcon-h1", .stages = {stageLlama3}, .ignoresMerges = true, .addsBos = true},
    {.name = "pixtral", .stages = {stageLlama3}, .ignoresMerges = true, .addsBos = true},
    {.name = "midm-2.0", .stages = {stageLlama3}, .ignoresMerges = true, .addsBos = true},
    {.name = "lfm2", .stages = {stageLlama3}, .ignoresMerges = true, .addsBos = true},
    {.name = "jina-v5-nano", .stages = {stageLlama3}, .ignoresMerges = true, .addsBos = true},
    {.name = "dbrx", .stages = {stageLlama3}},
    {.name = "smaug-bpe", .stages = {stageLlama3}},
    {.name = "chatglm-bpe", .stages = {stageLlama3}},
    {.name = "glm4", .stages = {stageLlama3}, .ignoresMerges = true},
    {.name = "glm5", .stages = {stageLlama3}, .ignoresMerges = true},
    {.name = "jais-2", .stages = {stageJais2}},
    {.name = "minicpm5", .stages = {stageDigits3, stageMinicpm5}, .ignoresMerges = true},
    // Qwen 2 and its relatives.
    {.name = "qwen2", .stages = {stageQwen2}},
    {.name = "deepseek-r1-qwen", .stages = {stageQwen2}},
    {.name = "kormo", .stages = {stageQwen2}},
    {.name = "f2llmv2", .stages = {stageQwen2}},
    {.name = "megrez", .stages = {stageQwen2}},
    {.name = "stablelm2", .stages = {stageQwen2}},
    {.name = "hunyuan", .stages = {stageQwen2}},
    {.name = "solar-open", .stages = {stageQwen2}},
    {.name = "grok-2", .stages = {stageQwen2}},
    {.name = "bailingmoe", .stages = {stageQwen2}},
    {.name = "bailingmoe2", .stages = {stageQwen2}},
    {.name = "llada-moe", .stages = {stageQwen2}},
    {.name = "laguna", .stages = {stageLines, stageQwen2}},
    {.name = "qwen35", .stages = {stageQwen35}},
    {.name = "ufakzeka", .stages = {stageUfakzeka}},
    {.name = "seed-coder", .stages = {stageSeedCoder}},
    {.name = "exaone-moe", .stages = {stageExaoneMoe}},
    // Words by case.
    {.name = "gpt-4o", .stages = {stageGpt4o}},
    {.name = "llama4", .stages = {stageGpt4o}},
    {.name = "kanana2", .stages = {stageGpt4o}},
    {.name = "talkie", .stages = {stageGpt4o}},
    {.name = "minimax-m2", .stages = {stageGpt4o}},
    {.name = "granite-embed-multi-97m", .stages = {stageGpt4o}, .ignoresMerges = true},
    {.name = "tiny_aya", .stages = {stageAyaDigits, stageGpt4o}},
    {.name = "cohere2moe", .stages = {stageAyaDigits, stageGpt4o}},
    {.name = "tekken", .stages = {stageTekken}, .ignoresMerges = true, .addsBos = true},
    {.name = "youtu", .stages = {stageYoutuScripts, stageYoutu}, .ignoresMerges = true},
    {.name = "kimi-k2", .stages = {stageKimi}},
    // DeepSeek.
    {.name = "deepseek-llm",
     .stages = {stageLineBreak, stageCasedScripts, stageWidePunct, stageSpacesAtEnd, stageHanHangul, stageNumbers}},
    {.name = "deepseek-coder",
     .stages = {stageLineBreak, stageSpaceLetters, stageSpacePunct, stageHanHangul, stageDigit}},
    {.name = "deepseek-v3", .stages = {stageDigits3, stageHanKana, stageDeepseekV3}},
    {.name = "hunyuan-dense", .stages = {stageDigits3, stageHanKana, stageDeepseekV3}},
    {.name = "joyai-llm", .stages = {stageDigits3, stageHanKana, stageDeepseekV3}},
    {.name = "hy_v4", .stages = {stageDigits3, stageHanKana, stageDeepseekV3}},
    {.name = "spark2_5", .stages = {stageDigits3, stageHanKana, stageSpark, stageDigit}},
    {.name = "afmoe", .stages = {stageDigitsFromRight, stageAfmoeScripts, stageDeepseekV3}},
    // Others.
    {.name = "bloom", .stages = {stageBloom}},
    {.name = "poro-chat", .stages = {stageBloom}},
    {.name = "gpt3-finnish", .stages = {stageBloom}},
    {.name = "viking", .stages = {stageBloom, stageDigit}},
    {.name = "superbpe", .stages = {stageNumbers, stageSuperDigits}},
    {.name = "gemma4", .stages = {stageLines}, .rawUtf8 = true, .addsBos = true},
    {.name = "granite-embed-multi-311m", .stages = {stageLines}, .rawUtf8 = true, .addsBos = true},
    {.name = "sarvam-moe", .stages = {stageLines}, .rawUtf8 = true},
};

}  // namespace

int PreTokenizer::stageCount() const {
    return static_cast<int>(std::find(stages.begin(), stages.end(), nullptr) - stages.begin());
}

std::span<const PreTokenizer> preTokenizers() {
    return List;
}

const PreTokenizer* findPreTokenizer(std::string_view name) {
    const auto found =
        std::find_if(std::begin(List), std::end(List), [&](const PreTokenizer& p) { return p.name == name; });
    return found == std::end(List) ? nullptr : found;
}

PieceReader::PieceReader(const PreTokenizer& preTokenizer, std::string_view text)
    : m_preTokenizer(preTokenizer), m_stages(preTokenizer.stageCount()) {
    m_levels[0] = {text.data(), text.data() + text.size(), {}};
}

bool PieceReader::next(std::string_view& piece) {
    while (m_level >= 0 && m_levels[m_level].p == m_levels[m_level].end)
        --m_level;
    if (m_level < 0)
        return false;
    for (;;) {
        Level& level = m_levels[m_level];
        const char* begin = level.p;
        level.p = m_preTokenizer.stages[m_level](level.memory, begin, level.end);
        if (m_level + 1 == m_stages) {
            piece = {begin, static_cast<size_t>(level.p - begin)};
            return true;
        }
        m_levels[++m_level] = {begin, level.p, {}};
    }
}

}  // namespace engine
