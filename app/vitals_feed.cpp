#include "app/vitals_feed.h"

#include <QLocale>

#include "app/workbench_parts.h"

namespace app {

VitalsFeed::VitalsFeed(WorkbenchParts& parts) : m_parts(parts), m_host(engine::makeHostSource()) {
    m_timer.setInterval(1000);
    QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] { sample(); });
}

void VitalsFeed::start() {
    m_host->sample();  // shares of time need two readings
    m_timer.start();
}

void VitalsFeed::sample() {
    const QLocale locale;
    const engine::EngineSnapshot engineNow = m_parts.engine.snapshot();
    const std::vector<engine::MetricValue> values = m_host->sample();
    const auto metrics = m_host->metrics();
    const auto metric = [&](std::string_view id) -> engine::MetricValue {
        for (size_t i = 0; i < metrics.size() && i < values.size(); ++i)
            if (metrics[i].id == id)
                return values[i];
        return {0, "not measured on this system"};
    };
    const auto gigabytes = [&](double bytes) { return locale.toString(bytes / 1e9, 'f', bytes < 1e9 ? 2 : 1); };
    QList<VitalsModel::Sample> samples;
    const bool loaded = !engineNow.models.empty();
    const QString none = Workbench::tr("No model is loaded");

    // While a reply is written the engine's last second counts, afterwards the figure that stands under the reply.
    int64_t running = 0;
    for (const auto& model : engineNow.models)
        running += model.running;
    const double lastSpeed = m_parts.replies.lastTokensPerSecond();
    const bool fresh = running > 0 || lastSpeed <= 0;
    VitalsModel::Sample speed{
        QStringLiteral("speed"), {}, loaded ? QString() : none, fresh ? engineNow.tokensPerSecond : lastSpeed, 0};
    speed.text = Workbench::tr("%1 tok/s").arg(locale.toString(speed.value, 'f', speed.value < 20 ? 1 : 0));
    samples << speed;

    VitalsModel::Sample first{
        QStringLiteral("first-token"), {}, loaded ? QString() : none, engineNow.lastFirstTokenSeconds * 1000, 0};
    if (loaded && engineNow.lastFirstTokenSeconds <= 0)
        first.reason = Workbench::tr("No reply yet");
    first.text = first.value < 1000 ? Workbench::tr("%1 ms").arg(qRound(first.value))
                                    : Workbench::tr("%1 s").arg(locale.toString(first.value / 1000, 'f', 1));
    samples << first;

    qint64 used = 0, total = 0;
    for (const auto& model : engineNow.models) {
        used += model.pagesUsed;
        total += model.pagesTotal;
    }
    samples << VitalsModel::Sample{
        QStringLiteral("kv-pages"),
        Workbench::tr("%1 / %2", "pages used and there").arg(locale.toString(used), locale.toString(total)),
        loaded ? QString() : none, static_cast<double>(used), static_cast<double>(total)};

    const engine::MetricValue cpu = metric("host.cpu");
    samples << VitalsModel::Sample{
        QStringLiteral("cpu"), Workbench::tr("%1 %", "percent").arg(qRound(cpu.value)),
        cpu.ok() ? QString()
                 : Workbench::tr("The processor load is not known: %1").arg(QString::fromStdString(cpu.reason)),
        cpu.value, 100};

    const engine::MetricValue own = metric("process.memory"), all = metric("host.memory.total"),
                              free = metric("host.memory.free");
    const bool known = own.ok() && all.ok();
    samples << VitalsModel::Sample{
        QStringLiteral("memory"),
        Workbench::tr("%1 / %2 GB", "used by this program, there").arg(gigabytes(own.value), gigabytes(all.value)),
        known ? QString()
              : Workbench::tr("The memory in use is not known: %1")
                    .arg(QString::fromStdString(own.ok() ? all.reason : own.reason)),
        own.value, all.value};
    m_parts.library.setFreeMemory(free.ok() ? static_cast<qint64>(free.value) : -1);

    samples << VitalsModel::Sample{
        QStringLiteral("gpu"), {}, Workbench::tr("This build computes on the processor; no GPU is read"), 0, 0};
    m_parts.vitals.push(samples);
    tellShortMemory(engineNow);
}

// A model's pages are fewer than its context while other programs hold the memory that was free when it was loaded.
// Told when it changes: who has closed the banner does not see it again each second.
void VitalsFeed::tellShortMemory(const engine::EngineSnapshot& snapshot) {
    const QString id = QStringLiteral("short-memory");
    QString text;
    for (const auto& model : snapshot.models) {
        const ModelRack::Loaded* loaded = m_parts.rack.find(model.id);
        const qint64 tokens = loaded ? model.pagesUsable * loaded->model.kvPageTokens : 0;
        if (!loaded || model.pagesUsable >= model.pagesTotal || tokens >= loaded->info.contextTokens)
            continue;
        text = Workbench::tr(
                   "Memory has become short: other programs took it, and %1 can keep only part of its %2 tokens. Close "
                   "other programs, or unload models that are not needed.")
                   .arg(loaded->info.name, QLocale().toString(loaded->info.contextTokens));
    }
    if (text == m_toldShortMemory)
        return;
    m_toldShortMemory = text;
    if (text.isEmpty())
        m_parts.hideBanner(id);
    else
        m_parts.showBanner({id, Severity::Warning, text, {}});
}

}  // namespace app
