#include "ui/smoke.h"

#include <QApplication>
#include <QDir>
#include <QImage>
#include <QKeyEvent>
#include <QLineEdit>
#include <QPixmap>
#include <QPlainTextEdit>
#include <QSet>
#include <QTextEdit>
#include <QTextStream>
#include <QTimer>
#include <ctime>

#include "app/workbench.h"
#include "ui/dock_host.h"
#include "ui/main_window.h"
#include "ui/widgets/command_palette.h"

namespace ui {

namespace {

constexpr int TickMs = 20, SettleTicks = 8, WholeLimitMs = 110'000, FewestColors = 12;
constexpr auto Prompt = "Name three colors of the rainbow and say one sentence about each.";

void say(const QString& line) {
    QTextStream(stdout) << line << Qt::endl;
}

// As a keyboard would.
void type(QWidget* widget, const QString& text) {
    for (const QChar letter : text) {
        QKeyEvent press(QEvent::KeyPress, 0, Qt::NoModifier, QString(letter));
        QKeyEvent release(QEvent::KeyRelease, 0, Qt::NoModifier, QString(letter));
        QCoreApplication::sendEvent(widget, &press);
        QCoreApplication::sendEvent(widget, &release);
    }
}

void pressKey(QWidget* widget, int key) {
    QKeyEvent press(QEvent::KeyPress, key, Qt::NoModifier, QStringLiteral("\r"));
    QKeyEvent release(QEvent::KeyRelease, key, Qt::NoModifier);
    QCoreApplication::sendEvent(widget, &press);
    QCoreApplication::sendEvent(widget, &release);
}

}  // namespace

Smoke::Smoke(app::Workbench& workbench, MainWindow& window, const QString& folder, const QElapsedTimer& sinceStart,
             QObject* parent)
    : QObject(parent), m_workbench(workbench), m_window(window), m_folder(folder), m_whole(sinceStart) {
    QDir().mkpath(folder);
    connect(&window, &MainWindow::painted, this, [this] {
        m_painted = true;
        say(QStringLiteral("smoke: window painted after %1 ms, %2 ms of them computed")
                .arg(m_whole.elapsed())
                .arg(std::clock() * 1000 / CLOCKS_PER_SEC));
    });
    connect(&workbench, &app::Workbench::replyFinished, this, [this] { m_finished = true; });
    makeStages();
    m_timer = new QTimer(this);
    m_timer->setInterval(TickMs);
    connect(m_timer, &QTimer::timeout, this, &Smoke::tick);
    m_timer->start();
}

// The text field of the chat panel, found as a person finds it: by where the focus goes.
QWidget* Smoke::composer() const {
    QWidget* panel = m_window.docks().panel(QStringLiteral("chat"));
    if (!panel)
        return nullptr;
    if (auto* named = panel->findChild<QWidget*>(QStringLiteral("composer-text")))
        return named;
    for (auto* edit : panel->findChildren<QPlainTextEdit*>())
        if (!edit->isReadOnly() && edit->isVisibleTo(panel))
            return edit;
    for (auto* edit : panel->findChildren<QTextEdit*>())
        if (!edit->isReadOnly() && edit->isVisibleTo(panel))
            return edit;
    return nullptr;
}

void Smoke::makeStages() {
    const auto lastText = [this] {
        const auto* messages = m_workbench.messages();
        const int rows = messages->rowCount();
        for (int row = rows - 1; row >= 0; --row)
            if (messages->at(row).role == app::Role::Assistant)
                return messages->at(row).text;
        return QString();
    };
    const auto nothing = [] {};
    const auto at_once = [] { return true; };
    const auto why = [](const char* text) { return [text] { return QString::fromLatin1(text); }; };

    m_stages.append({"first-start", 10'000, nothing, [this] { return m_painted; }, why("the window was not painted")});
    m_stages.append({"model-ready", 20'000, nothing, [this] { return m_workbench.currentModel() != 0; },
                     [this] {
                         const QString error = m_workbench.loadError();
                         return error.isEmpty() ? QStringLiteral("no model was loaded; put one into %1")
                                                      .arg(QString::fromStdString(m_workbench.profile().models))
                                                : error;
                     }});
    m_stages.append(
        {"prompt-typed", 10'000,
         [this] {
             m_workbench.setSetting(QStringLiteral("maxTokens"), 120);
             m_window.setMode(Mode::Chat);
             if (QWidget* edit = composer()) {
                 edit->setFocus();
                 type(edit, QString::fromLatin1(Prompt));
             }
         },
         [this] { return composer() && m_workbench.canSend(); },
         [this] { return QStringLiteral("the prompt cannot be sent: %1").arg(m_workbench.sendBlockReason()); }});
    m_stages.append({"reply-streams", 30'000,
                     [this] {
                         if (QWidget* edit = composer())
                             pressKey(edit, Qt::Key_Return);
                     },
                     [lastText] { return lastText().size() > 20; }, why("no text came")});
    m_stages.append({"reply-done", 60'000, nothing,
                     [this, lastText] { return m_finished && !m_workbench.isRunning() && !lastText().isEmpty(); },
                     why("the reply did not end")});
    for (const ModeEntry& mode : modes())
        m_stages.append({mode.id, 10'000, [this, mode] { m_window.setMode(mode.mode); },
                         [this, mode] { return m_window.docks().mode() == mode.mode; }, why("the mode did not open")});
    m_stages.append({"palette", 5'000,
                     [this] {
                         m_window.palette().open();
                         type(m_window.palette().field(), QStringLiteral("the"));
                     },
                     [this] { return m_window.palette().model()->rowCount() > 0; }, why("the palette found nothing")});
    using Theme = app::Settings::Theme;
    const auto theme = [this](Theme choice) {
        return [this, choice] {
            if (m_window.palette().isVisible())
                m_window.palette().open();  // closes it
            m_window.setMode(Mode::Chat);
            m_workbench.settings().setTheme(choice);
        };
    };
    m_stages.append({"theme-dark", 5'000, theme(Theme::Dark), at_once, why("")});
    m_stages.append({"library-dark", 5'000, [this] { m_window.setMode(Mode::Library); }, at_once, why("")});
    m_stages.append({"theme-high-contrast", 5'000, theme(Theme::HighContrast), at_once, why("")});
    m_stages.append({"theme-light", 5'000, theme(Theme::Light), at_once, why("")});
}

void Smoke::tick() {
    if (m_over)
        return;
    if (m_whole.elapsed() > WholeLimitMs) {
        fail(QStringLiteral("the whole run took longer than %1 s").arg(WholeLimitMs / 1000));
        return;
    }
    if (m_stage < 0 || m_settled > SettleTicks) {
        if (m_stage >= 0 && !takePicture(QString::fromLatin1(m_stages.at(m_stage).name))) {
            fail(QStringLiteral("the picture of '%1' is empty or could not be saved")
                     .arg(QLatin1String(m_stages.at(m_stage).name)));
            return;
        }
        m_settled = 0;
        if (++m_stage == m_stages.size()) {
            m_over = true;
            m_timer->stop();
            say(QStringLiteral("smoke: all %1 stages happened in %2 s, pictures in %3")
                    .arg(m_pictures)
                    .arg(m_whole.elapsed() / 1000.0, 0, 'f', 1)
                    .arg(m_folder));
            emit finished(true);
            return;
        }
        m_inStage.start();
        m_stages.at(m_stage).begin();
        return;
    }
    const Stage& stage = m_stages.at(m_stage);
    if (m_settled > 0 || stage.done())
        ++m_settled;  // a few frames more: what was started is painted
    else if (m_inStage.elapsed() > stage.limitMs)
        fail(QStringLiteral("%1: %2").arg(QLatin1String(stage.name), stage.why()));
}

bool Smoke::takePicture(const QString& name) {
    const QPixmap picture = m_window.grab();
    const QString path =
        QStringLiteral("%1/%2-%3.png").arg(m_folder).arg(m_pictures + 1, 2, 10, QLatin1Char('0')).arg(name);
    if (!picture.save(path))
        return false;
    QSet<QRgb> colors;
    const QImage image = picture.toImage();
    for (int y = 0; y < image.height() && colors.size() < FewestColors; y += 3)
        for (int x = 0; x < image.width(); x += 3)
            colors.insert(image.pixel(x, y));
    ++m_pictures;
    say(QStringLiteral("smoke: %1, %2 s").arg(name).arg(m_whole.elapsed() / 1000.0, 0, 'f', 1));
    return colors.size() >= FewestColors;
}

void Smoke::fail(const QString& what) {
    m_over = true;
    m_timer->stop();
    m_window.grab().save(m_folder + QStringLiteral("/failed.png"));
    QTextStream(stderr) << "smoke: " << what << Qt::endl;
    emit finished(false);
}

}  // namespace ui
