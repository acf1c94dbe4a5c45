// What a newcomer does, done by the program itself on the real window: first start, the model loads, a prompt is typed
// and sent, the reply streams, each mode is opened, each theme is seen. A picture per stage. Thread: UI.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QStringList>
#include <functional>

class QTimer;

namespace app {
class Workbench;
}

namespace ui {

class MainWindow;

class Smoke : public QObject {
    Q_OBJECT
  public:
    // Pictures go to `folder`, which is made. Begin it before the window is shown.
    Smoke(app::Workbench& workbench, MainWindow& window, const QString& folder, const QElapsedTimer& sinceStart,
          QObject* parent = nullptr);

  signals:
    void finished(bool allHappened);

  private:
    struct Stage {
        const char* name;
        int limitMs;
        std::function<void()> begin;
        std::function<bool()> done;    // asked every few milliseconds
        std::function<QString()> why;  // what it waited for, when the limit is over
    };
    void makeStages();
    void tick();
    void fail(const QString& what);
    bool takePicture(const QString& name);
    QWidget* composer() const;

    app::Workbench& m_workbench;
    MainWindow& m_window;
    QString m_folder;
    QList<Stage> m_stages;
    int m_stage = -1, m_pictures = 0, m_settled = 0;
    bool m_painted = false, m_streamed = false, m_finished = false, m_over = false;
    QElapsedTimer m_whole, m_inStage;
    QTimer* m_timer;
};

}  // namespace ui
