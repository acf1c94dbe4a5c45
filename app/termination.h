// SIGTERM, SIGINT and SIGHUP (log-off, kill, Ctrl-C) as a signal of the event loop. Thread: UI.
#pragma once

#include <QObject>

namespace app {

class Termination : public QObject {
    Q_OBJECT
  public:
    // First thing in main: threads that begin later inherit that these signals wait for us.
    static void block();
    explicit Termination(QObject* parent = nullptr);
    ~Termination() override;

  signals:
    void asked();

  private:
    int m_descriptor = -1;
};

}  // namespace app
