// Fills the vitals strip once a second from the engine's snapshot and the machine's metrics. Thread: UI.
#pragma once

#include <QTimer>
#include <memory>

#include "engine/run/engine.h"
#include "engine/trace/metric_source.h"

namespace app {

struct WorkbenchParts;

class VitalsFeed {
  public:
    explicit VitalsFeed(WorkbenchParts& parts);
    void start();
    void sample();

  private:
    void tellShortMemory(const engine::EngineSnapshot& snapshot);

    WorkbenchParts& m_parts;
    std::unique_ptr<engine::MetricSource> m_host;
    QTimer m_timer;
    QString m_toldShortMemory;
};

}  // namespace app
