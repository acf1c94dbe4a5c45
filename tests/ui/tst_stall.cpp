// While a model generates at full speed: typing, scrolling, clicking, switching modes for a minute, and no turn of the
// event loop longer than a tenth of a second. With the sample model when it is there, else with a tiny one.
#include <QAbstractItemView>
#include <QElapsedTimer>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QTimer>

#include "tests/ui/desk.h"
#include "ui/dock_host.h"
#include "ui/main_window.h"
#include "ui/widgets/command_palette.h"

using namespace ui;

namespace {

constexpr int LongestStallMs = 100;

// The longest time between two turns of the event loop, and what was being done.
class StallMeter : public QObject {
  public:
    StallMeter() {
        m_clock.start();
        m_timer.setInterval(0);
        m_timer.setTimerType(Qt::PreciseTimer);
        connect(&m_timer, &QTimer::timeout, this, [this] {
            const qint64 now = m_clock.nsecsElapsed();
            if (m_last > 0 && now - m_last > m_longest)
                m_longest = now - m_last, m_what = m_doing;
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
    QElapsedTimer m_clock;
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
