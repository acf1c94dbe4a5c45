#include "app/setting_specs.h"

#include <QCoreApplication>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/core/error_text.h"

namespace app {

using engine::Result;
using engine::SamplerStep;
using nlohmann::ordered_json;

namespace {

constexpr std::pair<SamplerStep, const char*> StepNames[] = {
    {SamplerStep::LogitBias, "logit-bias"}, {SamplerStep::Penalties, "penalties"},    {SamplerStep::Dry, "dry"},
    {SamplerStep::TopK, "top-k"},           {SamplerStep::TypicalP, "typical-p"},     {SamplerStep::TopP, "top-p"},
    {SamplerStep::MinP, "min-p"},           {SamplerStep::Temperature, "temperature"}};

QString tr(const char* text) {
    return QCoreApplication::translate("Settings", text);
}

QStringList orderToList(const std::vector<SamplerStep>& order) {
    QStringList names;
    for (const SamplerStep step : order)
        for (const auto& [value, name] : StepNames)
            if (value == step)
                names << QString::fromLatin1(name);
    return names;
}

// What is a float in the sampler is shown and stored with the digits that a person typed.
double tidy(float value) {
    return std::round(static_cast<double>(value) * 1e6) / 1e6;
}

QStringList toList(const std::vector<std::string>& lines) {
    QStringList list;
    for (const std::string& line : lines)
        list << QString::fromStdString(line);
    return list;
}
std::vector<std::string> fromList(const QStringList& list) {
    std::vector<std::string> lines;
    for (const QString& line : list)
        if (!line.isEmpty())
            lines.push_back(line.toStdString());
    return lines;
}

struct RealField {
    const char* id;
    float engine::SamplingParams::*field;
};
constexpr RealField RealFields[] = {{"temperature", &engine::SamplingParams::temperature},
                                    {"topP", &engine::SamplingParams::topP},
                                    {"minP", &engine::SamplingParams::minP},
                                    {"typicalP", &engine::SamplingParams::typicalP},
                                    {"repetitionPenalty", &engine::SamplingParams::repetitionPenalty},
                                    {"frequencyPenalty", &engine::SamplingParams::frequencyPenalty},
                                    {"presencePenalty", &engine::SamplingParams::presencePenalty},
                                    {"dryMultiplier", &engine::SamplingParams::dryMultiplier},
                                    {"dryBase", &engine::SamplingParams::dryBase}};
struct IntegerField {
    const char* id;
    int32_t engine::SamplingParams::*field;
};
constexpr IntegerField IntegerFields[] = {{"topK", &engine::SamplingParams::topK},
                                          {"penaltyLastN", &engine::SamplingParams::penaltyLastN},
                                          {"dryAllowedLength", &engine::SamplingParams::dryAllowedLength},
                                          {"dryLastN", &engine::SamplingParams::dryLastN}};

}  // namespace

QList<SettingSpec> settingSpecs() {
    const ChatSettings d;
    QList<SettingSpec> specs;
    const auto add = [&](const char* id, const QString& group, const QString& name, const QString& help,
                         SettingKind kind) {
        SettingSpec spec;
        spec.id = QString::fromLatin1(id);
        spec.group = group;
        spec.name = name;
        spec.help = help;
        spec.kind = kind;
        spec.defaultValue = settingValue(d, spec.id);
        specs.append(spec);
        return &specs.last();
    };
    const auto real = [&](const char* id, const QString& group, const QString& name, const QString& help, double min,
                          double max, double step, int decimals) {
        SettingSpec* spec = add(id, group, name, help, SettingKind::Real);
        spec->min = min, spec->max = max, spec->step = step, spec->decimals = decimals;
        return spec;
    };
    const auto integer = [&](const char* id, const QString& group, const QString& name, const QString& help, double min,
                             double max, double step) {
        SettingSpec* spec = add(id, group, name, help, SettingKind::Integer);
        spec->min = min, spec->max = max, spec->step = step;
        return spec;
    };
    const auto off = [](SettingSpec* spec, const QVariant& value, const QString& text) {
        spec->offValue = value;
        spec->offValueText = text;
    };
    const QString prompt = tr("Prompt"), sampling = tr("Sampling"), penalties = tr("Penalties"), reply = tr("Reply"),
                  model = tr("Model");

    add("systemPrompt", prompt, tr("System prompt"), tr("Said to the model before everything else in this chat."),
        SettingKind::Text);

    off(real("temperature", sampling, tr("Temperature"),
             tr("How freely the model chooses: low values stay with the likeliest words, high values vary more."), 0, 2,
             0.05, 2),
        0.0, tr("0: always the likeliest"));
    real("topP", sampling, tr("Top-p"),
         tr("Only the likeliest words whose probabilities add up to this share are considered."), 0, 1, 0.01, 2);
    off(&specs.last(), 1.0, tr("off"));
    off(real("minP", sampling, tr("Min-p"), tr("Words less likely than this share of the likeliest one are left out."),
             0, 1, 0.01, 2),
        0.0, tr("off"));
    off(integer("topK", sampling, tr("Top-k"), tr("At most this many of the likeliest words are considered."), 0, 1000,
                1),
        0, tr("off"));
    off(real("typicalP", sampling, tr("Typical-p"),
             tr("Keeps words whose surprise is near the average, up to this share of probability."), 0.01, 1, 0.01, 2),
        1.0, tr("off"));
    specs.last().advanced = true;
    add("randomSeed", sampling, tr("New seed for each reply"),
        tr("Off: the seed below is used, and the same prompt gives the same reply again."), SettingKind::Toggle);
    integer("seed", sampling, tr("Seed"),
            tr("The beginning of the chain of chance; equal seeds repeat a reply bit for bit."), 0, 4294967295.0, 1);

    off(real("repetitionPenalty", penalties, tr("Repetition penalty"),
             tr("Makes words that were used lately less likely; 1.1 is gentle."), 0.5, 2, 0.01, 2),
        1.0, tr("off"));
    off(real("frequencyPenalty", penalties, tr("Frequency penalty"),
             tr("Lowers a word's chance with each time it was used."), -2, 2, 0.05, 2),
        0.0, tr("off"));
    off(real("presencePenalty", penalties, tr("Presence penalty"),
             tr("Lowers the chance of every word that was used at all."), -2, 2, 0.05, 2),
        0.0, tr("off"));
    off(integer("penaltyLastN", penalties, tr("Penalty window"),
                tr("How many of the last tokens the penalties look at; -1 is the whole context."), -1, 65536, 16),
        0, tr("off"));
    specs.last().advanced = true;
    off(real("dryMultiplier", penalties, tr("DRY strength"),
             tr("Punishes repeating whole phrases that were said before."), 0, 5, 0.05, 2),
        0.0, tr("off"));
    specs.last().advanced = true;
    real("dryBase", penalties, tr("DRY growth"),
         tr("How fast the punishment grows with the length of the repeated phrase."), 1, 4, 0.05, 2);
    specs.last().advanced = true;
    integer("dryAllowedLength", penalties, tr("DRY free length"),
            tr("Phrases up to this many tokens may repeat freely."), 0, 100, 1);
    specs.last().advanced = true;
    integer("dryLastN", penalties, tr("DRY window"),
            tr("How many of the last tokens are searched; -1 is the whole context."), -1, 65536, 64);
    specs.last().advanced = true;
    add("dryBreakers", penalties, tr("DRY breakers"), tr("A phrase ends at these; one per line."), SettingKind::Lines);
    specs.last().advanced = true;
    add("order", sampling, tr("Order of the samplers"),
        tr("The steps through which the probabilities go, first to last."), SettingKind::SamplerOrder);
    specs.last().advanced = true;

    off(integer("maxTokens", reply, tr("Longest reply"), tr("The reply ends after this many tokens."), -1, 1048576, 64),
        -1, tr("until the context is full"));
    add("stops", reply, tr("Stop strings"), tr("The reply ends where one of these appears; one per line."),
        SettingKind::Lines);
    add("contextShift", reply, tr("Go on when the context is full"),
        tr("The oldest half of the conversation is left out then, after the system prompt, and the chat says so. Off: "
           "the "
           "reply ends there."),
        SettingKind::Toggle);
    integer("tokenAlternatives", reply, tr("Alternatives per token"),
            tr("How many other choices are kept for the token view; 0 keeps none."), 0, 50, 1);
    specs.last().advanced = true;

    add("speculate", model, tr("Speculative decoding"),
        tr("Where a text repeats itself, several tokens are guessed and checked at once: faster, and the reply stays "
           "the "
           "same, bit for bit."),
        SettingKind::Toggle);
    specs.last().advanced = true;
    off(integer("contextTokens", model, tr("Context"),
                tr("How many tokens the model can look back at; more needs more memory."), 0, 1048576, 1024),
        0, tr("the model's own, as memory allows"));
    specs.last().appliesOnLoad = true;
    SettingSpec* kv = add(
        "kvType", model, tr("KV type"),
        tr("How the memory of the conversation is stored: smaller types need less room and lose a little accuracy."),
        SettingKind::Choice);
    kv->choices =
        QStringList{QStringLiteral("f32"), QStringLiteral("f16"), QStringLiteral("q8_0"), QStringLiteral("q4_0")};
    kv->choiceNames =
        QStringList{QStringLiteral("F32"), QStringLiteral("F16"), QStringLiteral("Q8_0"), QStringLiteral("Q4_0")};
    kv->appliesOnLoad = true;
    SettingSpec* scaling =
        add("ropeScaling", model, tr("Position scaling"),
            tr("Stretches the positions for contexts longer than the trained one; YaRN keeps more of "
               "the quality."),
            SettingKind::Choice);
    scaling->choices =
        QStringList{QStringLiteral("model"), QStringLiteral("none"), QStringLiteral("linear"), QStringLiteral("yarn")};
    scaling->choiceNames = QStringList{tr("as the model says"), tr("none"), tr("linear"), QStringLiteral("YaRN")};
    scaling->appliesOnLoad = true;
    scaling->advanced = true;
    off(real("ropeScale", model, tr("Scaling factor"), tr("How many times longer the context becomes."), 0, 64, 0.5, 2),
        0.0, tr("by the context"));
    specs.last().appliesOnLoad = true;
    specs.last().advanced = true;
    real("memoryTarget", model, tr("Memory to use"),
         tr("The share of the free memory that weights, context and computing may take together."), 0.1, 1, 0.05, 2);
    off(integer("promptCacheMegabytes", model, tr("Prompt cache (MB)"),
                tr("What was computed for your chats is kept on the disk up to this size, so that they go on at once "
                   "after a restart."),
                0, 65536, 128),
        0, tr("off: nothing is kept"));
    specs.last().appliesOnLoad = true;
    specs.last().advanced = true;
    return specs;
}

QVariant settingValue(const ChatSettings& s, const QString& id) {
    for (const RealField& f : RealFields)
        if (id == QLatin1String(f.id))
            return tidy(s.sampling.*f.field);
    for (const IntegerField& f : IntegerFields)
        if (id == QLatin1String(f.id))
            return static_cast<qlonglong>(s.sampling.*f.field);
    if (id == QLatin1String("systemPrompt"))
        return QString::fromStdString(s.systemPrompt);
    if (id == QLatin1String("randomSeed"))
        return s.randomSeed;
    if (id == QLatin1String("seed"))
        return static_cast<qlonglong>(s.sampling.seed);
    if (id == QLatin1String("dryBreakers"))
        return toList(s.sampling.dryBreakers);
    if (id == QLatin1String("order"))
        return orderToList(s.sampling.order);
    if (id == QLatin1String("maxTokens"))
        return static_cast<qlonglong>(s.maxTokens);
    if (id == QLatin1String("stops"))
        return toList(s.stops);
    if (id == QLatin1String("tokenAlternatives"))
        return static_cast<qlonglong>(s.tokenAlternatives);
    if (id == QLatin1String("contextTokens"))
        return static_cast<qlonglong>(s.contextTokens);
    if (id == QLatin1String("kvType"))
        return QString::fromStdString(s.kvType);
    if (id == QLatin1String("ropeScaling"))
        return QString::fromStdString(s.ropeScaling);
    if (id == QLatin1String("ropeScale"))
        return s.ropeScale;
    if (id == QLatin1String("memoryTarget"))
        return s.memoryTarget;
    if (id == QLatin1String("contextShift"))
        return s.contextShift;
    if (id == QLatin1String("promptCacheMegabytes"))
        return static_cast<qlonglong>(s.promptCacheMegabytes);
    if (id == QLatin1String("speculate"))
        return s.speculate;
    return {};
}

Result<void> setSettingValue(ChatSettings& s, const QString& id, const QVariant& value) {
    static const QList<SettingSpec> specs = settingSpecs();
    const SettingSpec* spec = nullptr;
    for (const SettingSpec& candidate : specs)
        if (candidate.id == id)
            spec = &candidate;
    if (!spec)
        return engine::invalid("there is no setting '{}'", id.toStdString());
    const auto refuse = [&](const QString& expected) {
        return engine::Error{engine::ErrorCode::InvalidRequest,
                             QCoreApplication::translate("Settings", "%1 is %2; expected is %3")
                                 .arg(spec->name, value.toString(), expected)
                                 .toStdString(),
                             {}};
    };
    if (spec->kind == SettingKind::Real || spec->kind == SettingKind::Integer) {
        bool isNumber = false;
        const double number = value.toDouble(&isNumber);
        const bool whole = spec->kind == SettingKind::Real || number == std::floor(number);
        if (!isNumber || !std::isfinite(number) || !whole || number < spec->min || number > spec->max)
            return refuse(tr("%1 to %2").arg(spec->min).arg(QString::number(spec->max, 'g', 12)));
        for (const RealField& f : RealFields)
            if (id == QLatin1String(f.id))
                s.sampling.*f.field = static_cast<float>(number);
        for (const IntegerField& f : IntegerFields)
            if (id == QLatin1String(f.id))
                s.sampling.*f.field = static_cast<int32_t>(number);
        if (id == QLatin1String("seed"))
            s.sampling.seed = static_cast<uint64_t>(number);
        else if (id == QLatin1String("ropeScale"))
            s.ropeScale = number;
        else if (id == QLatin1String("memoryTarget"))
            s.memoryTarget = number;
        else if (id == QLatin1String("maxTokens"))
            s.maxTokens = number == 0 ? -1 : static_cast<int64_t>(number);
        else if (id == QLatin1String("tokenAlternatives"))
            s.tokenAlternatives = static_cast<int>(number);
        else if (id == QLatin1String("contextTokens"))
            s.contextTokens = static_cast<int64_t>(number);
        else if (id == QLatin1String("promptCacheMegabytes"))
            s.promptCacheMegabytes = static_cast<int>(number);
        return {};
    }
    if (id == QLatin1String("systemPrompt")) {
        s.systemPrompt = value.toString().toStdString();
    } else if (id == QLatin1String("randomSeed")) {
        s.randomSeed = value.toBool();
    } else if (id == QLatin1String("contextShift")) {
        s.contextShift = value.toBool();
    } else if (id == QLatin1String("speculate")) {
        s.speculate = value.toBool();
    } else if (id == QLatin1String("dryBreakers")) {
        s.sampling.dryBreakers = fromList(value.toStringList());
    } else if (id == QLatin1String("stops")) {
        if (value.toStringList().size() > 64)
            return refuse(tr("at most 64 lines"));
        s.stops = fromList(value.toStringList());
    } else if (id == QLatin1String("kvType")) {
        if (!spec->choices.contains(value.toString()))
            return refuse(spec->choices.join(QStringLiteral(", ")));
        s.kvType = value.toString().toStdString();
    } else if (id == QLatin1String("ropeScaling")) {
        if (!spec->choices.contains(value.toString()))
            return refuse(spec->choices.join(QStringLiteral(", ")));
        s.ropeScaling = value.toString().toStdString();
    } else if (id == QLatin1String("order")) {
        std::vector<SamplerStep> order;
        for (const QString& name : value.toStringList()) {
            bool known = false;
            for (const auto& [step, stepName] : StepNames)
                if (name == QLatin1String(stepName) && std::find(order.begin(), order.end(), step) == order.end()) {
                    order.push_back(step);
                    known = true;
                }
            if (!known)
                return refuse(orderToList(ChatSettings{}.sampling.order).join(QStringLiteral(", ")));
        }
        s.sampling.order = order;
    }
    return {};
}

std::string ChatSettings::toJson() const {
    ordered_json j;
    j["systemPrompt"] = systemPrompt;
    for (const RealField& f : RealFields)
        j[f.id] = tidy(sampling.*f.field);
    for (const IntegerField& f : IntegerFields)
        j[f.id] = sampling.*f.field;
    j["randomSeed"] = randomSeed;
    j["seed"] = sampling.seed;
    j["dryBreakers"] = sampling.dryBreakers;
    std::vector<std::string> order;
    for (const QString& name : orderToList(sampling.order))
        order.push_back(name.toStdString());
    j["order"] = order;
    j["maxTokens"] = maxTokens;
    j["stops"] = stops;
    j["tokenAlternatives"] = tokenAlternatives;
    j["contextTokens"] = contextTokens;
    j["kvType"] = kvType;
    j["ropeScaling"] = ropeScaling;
    j["ropeScale"] = ropeScale;
    j["memoryTarget"] = memoryTarget;
    j["contextShift"] = contextShift;
    j["promptCacheMegabytes"] = promptCacheMegabytes;
    j["speculate"] = speculate;
    if (!sampling.logitBias.empty()) {
        ordered_json bias = ordered_json::array();
        for (const auto& [id, value] : sampling.logitBias)
            bias.push_back({id, std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr)});
        j["logitBias"] = std::move(bias);
    }
    return j.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Result<ChatSettings> ChatSettings::fromJson(const std::string& json) {
    ChatSettings s;
    const ordered_json j = ordered_json::parse(json, nullptr, false);
    if (!j.is_object())
        return engine::invalid("the settings are no JSON object");
    for (const auto& [key, value] : j.items()) {
        if (key == "logitBias") {
            if (!value.is_array())
                return engine::invalid("setting 'logitBias' is no list");
            for (const auto& pair : value) {
                if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_integer())
                    return engine::invalid("setting 'logitBias' holds something else than [id, value]");
                s.sampling.logitBias.emplace_back(
                    pair[0].get<int32_t>(),
                    pair[1].is_number() ? pair[1].get<float>() : -std::numeric_limits<float>::infinity());
            }
            continue;
        }
        QVariant variant;
        if (value.is_boolean()) {
            variant = value.get<bool>();
        } else if (value.is_number()) {
            variant = value.get<double>();
        } else if (value.is_string()) {
            variant = QString::fromStdString(value.get<std::string>());
        } else if (value.is_array()) {
            QStringList list;
            for (const auto& entry : value)
                if (entry.is_string())
                    list << QString::fromStdString(entry.get<std::string>());
            variant = list;
        } else {
            continue;
        }
        const QString id = QString::fromStdString(key);
        // 64-bit seeds do not fit the double of a variant.
        if (key == "seed" && value.is_number_unsigned())
            s.sampling.seed = value.get<uint64_t>();
        else if (!settingValue(s, id).isNull())
            TRY_VOID(setSettingValue(s, id, variant));
    }
    return s;
}

void applyPreset(ChatSettings& settings, const ChatSettings& preset) {
    ChatSettings next = preset;
    next.systemPrompt = settings.systemPrompt;
    next.contextTokens = settings.contextTokens;
    next.kvType = settings.kvType;
    next.ropeScaling = settings.ropeScaling;
    next.ropeScale = settings.ropeScale;
    next.memoryTarget = settings.memoryTarget;
    next.contextShift = settings.contextShift;
    next.promptCacheMegabytes = settings.promptCacheMegabytes;
    next.tokenAlternatives = settings.tokenAlternatives;
    next.speculate = settings.speculate;
    settings = std::move(next);
}

QList<Preset> builtinPresets() {
    const auto make = [](const char* name, float temperature, float topP, float minP, int topK, float repetition) {
        Preset preset;
        preset.name = tr(name);
        preset.builtin = true;
        preset.settings.sampling.temperature = temperature;
        preset.settings.sampling.topP = topP;
        preset.settings.sampling.minP = minP;
        preset.settings.sampling.topK = topK;
        preset.settings.sampling.repetitionPenalty = repetition;
        return preset;
    };
    Preset balanced;
    balanced.name = tr("Balanced");
    balanced.builtin = true;
    return {balanced, make(QT_TRANSLATE_NOOP("Settings", "Precise"), 0.2f, 0.9f, 0.05f, 40, 1.05f),
            make(QT_TRANSLATE_NOOP("Settings", "Creative"), 1.1f, 0.98f, 0.03f, 0, 1.05f),
            make(QT_TRANSLATE_NOOP("Settings", "Repeatable"), 0.0f, 1.0f, 0.0f, 1, 1.0f)};
}

}  // namespace app
