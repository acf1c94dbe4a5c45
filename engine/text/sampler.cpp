#include "engine/text/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/error_text.h"
#include "engine/text/sampler_history.h"
#include "engine/text/sampler_math.h"

namespace engine {

namespace {

constexpr float Infinity = std::numeric_limits<float>::infinity();

Result<void> checkRange(const char* field, double value, double min, double max) {
    if (!(value >= min && value <= max))
        return invalid("sampling: {} is {}, allowed is {} to {}", field, value, min, max);
    return {};
}

}  // namespace

Result<void> validate(const SamplingParams& p, int64_t vocabSize) {
    TRY_VOID(checkRange("temperature", p.temperature, 0, 100));
    TRY_VOID(checkRange("top-k", p.topK, 0, std::numeric_limits<int32_t>::max()));
    TRY_VOID(checkRange("top-p", p.topP, 0, 1));
    TRY_VOID(checkRange("min-p", p.minP, 0, 1));
    TRY_VOID(checkRange("typical-p", p.typicalP, 0, 1));
    TRY_VOID(checkRange("repetition penalty", p.repetitionPenalty, 0.01, 100));
    TRY_VOID(checkRange("frequency penalty", p.frequencyPenalty, -100, 100));
    TRY_VOID(checkRange("presence penalty", p.presencePenalty, -100, 100));
    TRY_VOID(checkRange("penalty window", p.penaltyLastN, -1, std::numeric_limits<int32_t>::max()));
    TRY_VOID(checkRange("DRY multiplier", p.dryMultiplier, 0, 100));
    TRY_VOID(checkRange("DRY base", p.dryBase, 1, 100));
    TRY_VOID(checkRange("DRY allowed length", p.dryAllowedLength, 1, 1 << 20));
    TRY_VOID(checkRange("DRY window", p.dryLastN, -1, std::numeric_limits<int32_t>::max()));
    if (p.dryBreakers.size() > 64)
        return invalid("sampling: {} DRY breakers, at most 64 are allowed", p.dryBreakers.size());
    if (static_cast<int64_t>(p.logitBias.size()) > vocabSize)
        return invalid("sampling: {} logit biases, the vocabulary has {} tokens", p.logitBias.size(), vocabSize);
    for (const auto& [id, bias] : p.logitBias) {
        if (id < 0 || id >= vocabSize)
            return invalid("sampling: logit bias names token {}, the vocabulary has 0 to {}", id, vocabSize - 1);
        if (std::isnan(bias) || bias == Infinity)
            return invalid("sampling: logit bias of token {} is {}, expected a finite number or -infinity", id, bias);
    }
    for (size_t i = 0; i < p.order.size(); ++i) {
        if (p.order[i] > SamplerStep::Temperature)
            return invalid("sampling: entry {} of the order is {}, which is no sampler", i,
                           static_cast<int>(p.order[i]));
        if (std::find(p.order.begin(), p.order.begin() + static_cast<int64_t>(i), p.order[i]) !=
            p.order.begin() + static_cast<int64_t>(i))
            return invalid("sampling: entry {} of the order repeats an earlier one", i);
    }
    return {};
}

// The distribution is a dense array of logits until the first step that cuts it; from then on a short list, best first.
struct Sampler::State {
    State(SamplingParams p, const Tokenizer* tokenizer)
        : params(std::move(p)), history(params, tokenizer), random(params.seed) {}

    SamplingParams params;
    SamplerHistory history;
    RandomBits random;

    std::span<float> dense;
    bool isCut = false;
    std::vector<Candidate> cut;                     // when isCut
    std::vector<std::pair<int32_t, float>> edited;  // the model's own logit of every token edited in its own array
    std::vector<Candidate> top;
    std::vector<float> scaled;  // the logits divided by the temperature; `dense` then lies here
    std::vector<float> nearness;
    std::vector<double> weights;
    bool needsHistory = false;

    // So cold that only the best token has any weight; 1 / temperature must not overflow.
    bool isGreedy() const { return params.temperature < 1e-4f; }
    void edit(int32_t id, float logit);
    float* find(int32_t id);
    void addBias();
    void addPenalties();
    void addDry();
    void keepTopK();
    void keepTypical();
    void keepTopP();
    void keepMinP();
    void applyTemperature();
    void apply(SamplerStep step);
    Candidate draw();
    double cutWeights();
};

float* Sampler::State::find(int32_t id) {
    if (id < 0 || id >= static_cast<int64_t>(dense.size()))
        return nullptr;
    if (!isCut)
        return &dense[static_cast<size_t>(id)];
    const auto it = std::find_if(cut.begin(), cut.end(), [id](const Candidate& c) { return c.id == id; });
    return it == cut.end() ? nullptr : &it->logit;
}

void Sampler::State::edit(int32_t id, float logit) {
    float* place = find(id);
    if (!place || *place == -Infinity)
        return;
    if (!isCut && dense.data() != scaled.data())
        edited.emplace_back(id, *place);
    *place = logit;
}

void Sampler::State::addBias() {
    for (const auto& [id, bias] : params.logitBias)
        if (const float* logit = find(id))
            edit(id, *logit + bias);
}

void Sampler::State::addPenalties() {
    const bool repeats = params.repetitionPenalty != 1.0f;
    if (!repeats && params.frequencyPenalty == 0.0f && params.presencePenalty == 0.0f)
        return;
    for (const auto& [id, count] : history.counts()) {
        const float* place = find(id);
        if (!place)
            continue;
        float logit = *place;
        if (repeats)
            logit = logit <= 0.0f ? logit * params.repetitionPenalty : logit / params.repetitionPenalty;
        logit -= static_cast<float>(count) * params.frequencyPenalty + params.presencePenalty;
        edit(id, logit);
    }
}

void Sampler::State::addDry() {
    if (params.dryMultiplier == 0.0f)
        return;
    for (const auto& [id, length] : history.continuations()) {
        float penalty = params.dryMultiplier;
        for (int32_t i = params.dryAllowedLength; i < length && penalty < 1e6f; ++i)
            penalty *= params.dryBase;
        if (const float* logit = find(id))
            edit(id, *logit - penalty);
    }
}

// Weights of the cut list relative to its best; returns their sum.
double Sampler::State::cutWeights() {
    weights.resize(cut.size());
    double sum = 0;
    for (size_t i = 0; i < cut.size(); ++i)
        sum += weights[i] = portableExp(static_cast<double>(cut[i].logit) - static_cast<double>(cut[0].logit));
    return sum;
}

void Sampler::State::keepTopK() {
    if (params.topK <= 0)
        return;
    if (!isCut) {
        selectLargest(dense, params.topK, cut);
        isCut = true;
    } else if (static_cast<int64_t>(cut.size()) > params.topK) {
        cut.resize(static_cast<size_t>(params.topK));
    }
}

void Sampler::State::keepTopP() {
    if (params.topP >= 1.0f)
        return;
    const auto prefix = [this](double total) {  // length of the shortest prefix with the mass asked for; 0: not reached
        double mass = 0;
        for (size_t i = 0; i < cut.size(); ++i) {
            mass += weights[i];
            if (mass >= params.topP * total)
                return i + 1;
        }
        return size_t{0};
    };
    if (isCut) {
        const size_t kept = prefix(cutWeights());
        if (kept > 0)
            cut.resize(kept);
        return;
    }
    const double total = sumExp(dense, scanLogits(dense).largest).sum;
    for (int64_t k = 64;; k *= 8) {
        selectLargest(dense, k, cut);
        cutWeights();
        const size_t kept = prefix(total);
        if (kept > 0)
            cut.resize(kept);
        if (kept > 0 || k >= static_cast<int64_t>(dense.size()))
            break;
    }
    isCut = true;
}

void Sampler::State::keepMinP() {
    if (params.minP <= 0.0f)
        return;
    const float largest = isCut ? cut[0].logit : scanLogits(dense).largest;
    const auto least = static_cast<float>(static_cast<double>(largest) + portableLog(params.minP));
    if (isCut) {
        const auto end =
            std::find_if(cut.begin() + 1, cut.end(), [least](const Candidate& c) { return c.logit < least; });
        cut.erase(end, cut.end());
        return;
    }
    cut.clear();
    for (size_t i = 0; i < dense.size(); ++i)
        if (dense[i] >= least)
            cut.push_back({static_cast<int32_t>(i), dense[i]});
    std::sort(cut.begin(), cut.end(), isBefore);
    isCut = true;
}

// Meister et al. 2022, arXiv:2202.00666: keeps the tokens whose surprise is nearest to the entropy.
void Sampler::State::keepTypical() {
    if (params.typicalP >= 1.0f)
        return;
    const float largest = isCut ? cut[0].logit : scanLogits(dense).largest;
    double total, entropy;
    if (isCut) {
        total = cutWeights();
        double weighted = 0;
        for (size_t i = 0; i < cut.size(); ++i)
            weighted += weights[i] * (static_cast<double>(cut[i].logit) - static_cast<double>(largest));
        entropy = portableLog(total) - weighted / total;
    } else {
        const ExpSums sums = sumExp(dense, largest);
        total = sums.sum;
        entropy = portableLog(total) - sums.weighted / total;
    }
    const double offset = static_cast<double>(largest) + portableLog(total) - entropy;  // logit of a typical token
    const auto near = [&](float logit) {
        return logit == -Infinity ? -Infinity : static_cast<float>(-std::abs(offset - static_cast<double>(logit)));
    };
    const size_t n = isCut ? cut.size() : dense.size();
    nearness.resize(n);
    for (size_t i = 0; i < n; ++i)
        nearness[i] = near(isCut ? cut[i].logit : dense[i]);
    for (int64_t k = 64;; k *= 8) {
        selectLargest(nearness, k, top);
        double mass = 0;
        size_t kept = 0;
        while (kept < top.size() && (kept == 0 || mass < params.typicalP * total)) {
            Candidate& c = top[kept++];  // becomes the token itself
            const auto index = static_cast<size_t>(c.id);
            c = isCut ? cut[index] : Candidate{c.id, dense[index]};
            mass += portableExp(static_cast<double>(c.logit) - static_cast<double>(largest));
        }
        if (mass >= params.typicalP * total || k >= static_cast<int64_t>(n)) {
            top.resize(kept);
            break;
        }
    }
    cut.swap(top);
    std::sort(cut.begin(), cut.end(), isBefore);
    isCut = true;
}

void Sampler::State::applyTemperature() {
    if (isGreedy()) {
        if (!isCut)
            selectLargest(dense, 1, cut);
        cut.resize(1);
        isCut = true;
        return;
    }
    if (params.temperature == 1.0f)
        return;
    const float factor = 1.0f / params.temperature;
    if (isCut) {
        for (Candidate& c : cut)
            c.logit *= factor;
        return;
    }
    scaled.assign(dense.begin(), dense.end());
    for (float& logit : scaled)
        logit *= factor;
    dense = scaled;
}

void Sampler::State::apply(SamplerStep step) {
    const bool keepsBest = step == SamplerStep::TopK || step == SamplerStep::TopP || step == SamplerStep::MinP;
    if (isGreedy() && keepsBest && params.typicalP >= 1.0f)
        return;
    switch (step) {
        case SamplerStep::LogitBias:
            addBias();
            break;
        case SamplerStep::Penalties:
            addPenalties();
            break;
        case SamplerStep::Dry:
            addDry();
            break;
        case SamplerStep::TopK:
            keepTopK();
            break;
        case SamplerStep::TypicalP:
            keepTypical();
            break;
        case SamplerStep::TopP:
            keepTopP();
            break;
        case SamplerStep::MinP:
            keepMinP();
            break;
        case SamplerStep::Temperature:
            applyTemperature();
            break;
    }
    const bool edits = step == SamplerStep::LogitBias || step == SamplerStep::Penalties || step == SamplerStep::Dry;
    if (edits && isCut) {  // best first again, banned tokens out
        std::sort(cut.begin(), cut.end(), isBefore);
        const auto end = std::find_if(cut.begin(), cut.end(), [](const Candidate& c) { return c.logit == -Infinity; });
        cut.erase(end, cut.end());
    }
}

Candidate Sampler::State::draw() {
    if (isGreedy()) {
        if (!isCut)
            selectLargest(dense, 1, cut);
        return cut[0];
    }
    const double uniform = random.nextUniform();
    double mass = 0;
    if (isCut) {
        const double goal = uniform * cutWeights();
        for (size_t i = 0; i < cut.size(); ++i) {
            mass += weights[i];
            if (mass > goal)
                return cut[i];
        }
        return cut.back();
    }
    const float largest = scanLogits(dense).largest;
    weights.resize(dense.size());
    double total = 0;
    for (size_t i = 0; i < dense.size(); ++i)
        total += weights[i] = portableExp(static_cast<double>(dense[i]) - static_cast<double>(largest));
    const double goal = uniform * total;
    size_t last = 0;
    for (size_t i = 0; i < dense.size(); ++i) {
        mass += weights[i];
        if (weights[i] > 0)
            last = i;
        if (mass > goal)
            break;
    }
    return {static_cast<int32_t>(last), dense[last]};
}

Sampler::Sampler(SamplingParams params, const Tokenizer* tokenizer)
    : m_state(std::make_unique<State>(std::move(params), tokenizer)) {
    const SamplingParams& p = m_state->params;
    m_state->needsHistory = p.repetitionPenalty != 1.0f || p.frequencyPenalty != 0.0f || p.presencePenalty != 0.0f ||
                            p.dryMultiplier != 0.0f;
}
Sampler::~Sampler() = default;
Sampler::Sampler(Sampler&&) noexcept = default;

void Sampler::accept(int32_t id) {
    if (m_state->needsHistory)
        m_state->history.accept(id);
}

Result<SampledToken> Sampler::sample(std::span<float> logits, int nTop) {
    State& s = *m_state;
    const LogitScan scan = scanLogits(logits);
    if (scan.hasNan)
        return Error{ErrorCode::Internal,
                     "sampling: the model computed a value that is not a number; its weights or the "
                     "cache are damaged",
                     "sampler"};
    if (!scan.anyFinite)
        return Error{ErrorCode::Internal, "sampling: the model gave no token a finite logit", "sampler"};
    const ExpSums sums = sumExp(logits, scan.largest);
    const double logSum = static_cast<double>(scan.largest) + portableLog(sums.sum);

    SampledToken token;
    if (nTop > 0) {
        selectLargest(logits, nTop, s.top);
        for (const Candidate& c : s.top)
            token.top.push_back({c.id, static_cast<float>(static_cast<double>(c.logit) - logSum)});
        token.entropyBits = static_cast<float>((portableLog(sums.sum) - sums.weighted / sums.sum) * 1.4426950408889634);
    }

    s.dense = logits;
    s.isCut = false;
    s.edited.clear();
    for (const SamplerStep step : s.params.order) {
        s.apply(step);
        const bool mayBeEmpty = step == SamplerStep::LogitBias && !s.params.logitBias.empty();
        if (s.isCut ? s.cut.empty() : mayBeEmpty && !scanLogits(s.dense).anyFinite)
            return invalid("sampling: every token is banned by logit bias");
    }
    token.id = s.draw().id;

    float own = logits[static_cast<size_t>(token.id)];  // undo the first edit: the model's own logit
    const auto it = std::find_if(s.edited.begin(), s.edited.end(), [&](const auto& e) { return e.first == token.id; });
    if (it != s.edited.end())
        own = it->second;
    token.logprob = static_cast<float>(static_cast<double>(own) - logSum);
    return token;
}

}  // namespace engine
