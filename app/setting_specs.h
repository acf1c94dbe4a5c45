// The settings of a chat as data: one row per setting with its kind, range, default and one sentence of help, so that
// the inspector, presets and the reset marks draw from one list. Immutable; thread: any.
#pragma once

#include <QList>
#include <QString>
#include <QStringList>
#include <QVariant>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/result.h"
#include "engine/text/sampler.h"

namespace app {

// What a chat asks of the model. Stored as JSON with the chat and with every reply.
struct ChatSettings {
    std::string systemPrompt;
    engine::SamplingParams sampling;
    bool randomSeed = true;    // a new seed for each reply (told under the reply); else sampling.seed
    int64_t maxTokens = 1024;  // -1: until the context is full
    std::vector<std::string> stops;
    int64_t contextTokens = 0;   // 0: the model's own, as memory allows. Applies when the model is loaded
    std::string kvType = "f16";  // "f32", "f16", "q8_0", "q4_0". Applies when the model is loaded
    std::string ropeScaling =
        "model";                     // "model": as the file says; "none", "linear", "yarn". Applies when it is loaded
    double ropeScale = 0;            // 0: by the context. Applies when the model is loaded
    double memoryTarget = 0.9;       // share of the free memory. Applies when the model is loaded
    int promptCacheMegabytes = 512;  // of pages kept on disk between runs; 0: none. Applies when the model is loaded
    bool contextShift = false;       // a reply goes on when the context is full, without its oldest half
    int tokenAlternatives = 8;       // kept per token for the token view
    bool speculate = true;           // guess tokens where that is faster; the reply is the same

    std::string toJson() const;
    // Unknown keys are ignored; a wrong type or range names the key.
    static engine::Result<ChatSettings> fromJson(const std::string& json);
    bool operator==(const ChatSettings& other) const { return toJson() == other.toJson(); }
};

enum class SettingKind { Real, Integer, Toggle, Choice, Text, Lines, SamplerOrder };

struct SettingSpec {
    QString id;          // "temperature"
    QString group;       // translated: "Sampling", "Penalties", "Model", ...
    QString name, help;  // translated
    SettingKind kind = SettingKind::Real;
    double min = 0, max = 0, step = 0;
    int decimals = 0;
    QVariant defaultValue;             // double, qlonglong, bool, QString or QStringList (Lines, SamplerOrder)
    QStringList choices, choiceNames;  // Choice: values and translated names
    bool appliesOnLoad = false;        // takes effect when the model is loaded again
    bool advanced = false;             // folded away at first
    QString offValueText;              // shown instead of the number at `offValue`
    QVariant offValue;
};

// In the order in which they are shown.
QList<SettingSpec> settingSpecs();
QVariant settingValue(const ChatSettings& settings, const QString& id);
// Error names the setting, the value and the range; the settings stay as they were.
engine::Result<void> setSettingValue(ChatSettings& settings, const QString& id, const QVariant& value);

struct Preset {
    QString name;  // translated for the built-in ones
    bool builtin = false;
    ChatSettings settings;  // how to load a model, system prompt and speculation are not part of a preset
};
QList<Preset> builtinPresets();
// Copies what a preset holds, leaves the rest.
void applyPreset(ChatSettings& settings, const ChatSettings& preset);

}  // namespace app
