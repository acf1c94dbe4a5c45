// While a model generates at full speed: typing, scrolling, clicking, switching modes for a minute, and no turn of the
// event loop longer than a tenth of a second. With the sample model when it is there, else with a tiny one.
#include <QAbstractItemView>
#include <QElapsedTimer>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QTimer>
#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/ui/desk.h"
#include "ui/dock_host.h"
#include "ui/main_window.h"
#include "ui/widgets/command_palette.h"

using namespace ui;

namespace {

constexpr int LongestStallMs = 100;

// How long the machine kept a thread that only sleeps from running: on a shared machine both cores can be gone for a
// while, and that is nobody's stall.
class Bystander {
  public:
    explicit Bystander(const QElapsedTimer& clock) : m_clock(clock) {}
    // Nanoseconds of lateness within the last `span` nanoseconds.
    qint64 lateWithin(qint64 span) {
        const std::lock_guard lock(m_mutex);
        const qint64 from = m_clock.nsecsElapsed() - span;
        qint64 late = 0;
        for (const auto& [at, by] : m_late)
            if (at >= from)
                late += std::min(by, at - from);
        return late;
    }

  private:
    void run(const std::stop_token& stop) {
        constexpr qint64 Nap = 2'000'000;
        while (!stop.stop_requested()) {
            const qint64 before = m_clock.nsecsElapsed();
            std::this_thread::sleep_for(std::chrono::nanoseconds(Nap));
            const qint64 now = m_clock.nsecsElapsed();
            if (now - before > 5 * Nap) {
                const std::lock_guard lock(m_mutex);
                m_late.emplace_back(now, now - before - Nap);
            }
        }
    }

    const QElapsedTimer& m_clock;
    std::mutex m_mutex;
    std::vector<std::pair<qint64, qint64>> m_late;
    std::jthread m_thread{[this](const std::stop_token& stop) { run(stop); }};
};

// The longest time between two turns of the event loop, and what was being done.
class StallMeter : public QObject {
  public:
    StallMeter() {
        m_timer.setInterval(0);
        m_timer.setTimerType(Qt::PreciseTimer);
        connect(&m_timer, &QTimer::timeout, this, [this] {
            const qint64 now = m_clock.nsecsElapsed();
            const qint64 turn = now - m_last;
            if (m_last > 0 && turn > m_longest)
                if (const qint64 own = turn - m_bystander.lateWithin(turn); own > m_longest)
                    m_longest = own, m_what = m_doing;
            m_last = now;
        });
        m_timer.start(4);
    }
    void doing(const QString& what) { m_doing = what; }
    void reset() { m_longest = 0, m_last = 0; }
    double longestMs() const { return static_cast<double>(m_longest) / 1e6; }
    QString what() const { return m_what; }

  private:
    QTimer m_timer;
    QElapsedTimer m_clock = [] {
        QElapsedTimer clock;
        clock.start();
        return clock;
    }();
    Bystander m_bystander{m_clock};
    qint64 m_last = 0, m_longest = 0;
    QString m_doing, m_what;
};

QString sampleModel() {
    const auto found = app::findSampleModel(app::profileFromEnvironment());
    return found ? QString::fromStdString(*found) : QString();
}

}  // namespace

class TstStall : public QObject {
    Q_OBJECT
  private slots:
    void nothingBlocksWhileItGenerates();
};

void TstStall::nothingBlocksWhileItGenerates() {
    const int seconds = qEnvironmentVariableIntValue("TESSERA_STALL_SECONDS") > 0
                            ? qEnvironmentVariableIntValue("TESSERA_STALL_SECONDS")
                            : 60;
    test::Desk desk(sampleModel());
    MainWindow window(desk.workbench, desk.theme);
    window.resize(1300, 800);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    QVERIFY(desk.start());
    window.setMode(Mode::Library);
    window.setMode(Mode::Chat);
    desk.workbench.setSetting(QStringLiteral("maxTokens"), 400);
    QTRY_VERIFY_WITH_TIMEOUT(desk.workbench.canSend(), 10'000);
    QWidget* chat = window.docks().panel(QStringLiteral("chat"));
    auto* composer = chat->findChild<QPlainTextEdit*>();
    QVERIFY(composer);
    QTest::qWait(500);  // first layouts are part of starting, not of generating

    StallMeter meter;
    QElapsedTimer whole;
    whole.start();
    int step = 0, replies = 0;
    qint64 characters = 0;
    connect(&desk.workbench, &app::Workbench::replyFinished, this, [&](app::MessageId id) {
        ++replies;
        if (const int row = desk.workbench.messages()->rowOf(id); row >= 0)
            characters += desk.workbench.messages()->at(row).text.size();
    });
    while (whole.elapsed() < seconds * 1000) {
        if (!desk.workbench.isRunning() && desk.workbench.canSend()) {
            meter.doing(QStringLiteral("sending"));
            desk.workbench.send(QStringLiteral("Tell a long story about a lighthouse, with a table and a list."));
        }
        switch (step++ % 6) {
            case 0:
            case 1:
                meter.doing(QStringLiteral("typing"));
                QTest::keyClick(composer, static_cast<char>('a' + step % 26));
                if (step % 120 == 0)
                    composer->clear();
                break;
            case 2:
                meter.doing(QStringLiteral("scrolling"));
                for (QScrollBar* bar : chat->findChildren<QScrollBar*>())
                    if (bar->isVisible() && bar->maximum() > 0)
                        bar->setValue(step * 37 % (bar->maximum() + 1));
                break;
            case 3:
                if (step % 60 == 3) {
                    meter.doing(QStringLiteral("switching modes"));
                    window.setMode(Mode::Library);
                    window.setMode(Mode::Chat);
                }
                break;
            case 4:
                if (step % 90 == 4) {
                    meter.doing(QStringLiteral("the palette"));
                    window.palette().open();
                    QTest::keyClicks(window.palette().field(), QStringLiteral("lo"));
                    window.palette().open();
                }
                break;
            case 5:
                meter.doing(QStringLiteral("clicking"));
                QTest::mouseClick(composer->viewport(), Qt::LeftButton, Qt::NoModifier, QPoint(20, 10));
                break;
        }
        QTest::qWait(15);
    }
    qInfo("%d steps, %d replies, %lld characters; longest stall %.1f ms (%s)", step, replies,
          static_cast<long long>(characters), meter.longestMs(), qPrintable(meter.what()));
    QVERIFY2(replies > 0 || desk.workbench.isRunning(), "nothing was generated");
    QVERIFY2(meter.longestMs() <= LongestStallMs,
             qPrintable(QStringLiteral("%1 ms while %2").arg(meter.longestMs()).arg(meter.what())));
    desk.workbench.stopAll();
}

QTEST_MAIN(TstStall)
#include "tst_stall.moc"
