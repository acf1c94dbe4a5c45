// The program with a window: builds store, engine runner, workbench and window, connects their beginnings and ends.
#include <QApplication>
#include <QCommandLineParser>
#include <QDir>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QLibraryInfo>
#include <QLocale>
#include <QMessageBox>
#include <QTemporaryDir>
#include <QTextStream>
#include <QTranslator>
#include <memory>

#include "app/engine_runner.h"
#include "app/profile.h"
#include "app/settings.h"
#include "app/single_instance.h"
#include "app/store_queue.h"
#include "app/termination.h"
#include "app/workbench.h"
#include "ui/english_plurals.h"
#include "ui/main_window.h"
#include "ui/smoke.h"
#include "ui/theme.h"

namespace {

// One sentence where it can be read: on the terminal and, with a display, in a box.
int refuse(const QString& sentence, bool box) {
    QTextStream(stderr) << "error: " << sentence << Qt::endl;
    if (box) {
        QMessageBox message(QMessageBox::Critical, QStringLiteral("Tessera"), sentence);
        message.setTextFormat(Qt::PlainText);  // a path is no markup
        message.exec();
    }
    return 1;
}

void installTranslators(QApplication& application) {
    application.installTranslator(new ui::EnglishPlurals(&application));
    auto* own = new QTranslator(&application);
    if (own->load(QLocale(), QStringLiteral("tessera"), QStringLiteral("_"),
                  QCoreApplication::applicationDirPath() + QStringLiteral("/translations")))
        application.installTranslator(own);
    auto* qt = new QTranslator(&application);
    if (qt->load(QLocale(), QStringLiteral("qtbase"), QStringLiteral("_"),
                 QLibraryInfo::path(QLibraryInfo::TranslationsPath)))
        application.installTranslator(qt);
}

engine::Result<std::unique_ptr<engine::Engine>> makeEngine(int threads, bool exact) {
    engine::EngineOptions options;
    options.threads = threads;
    options.exact = exact;
    return engine::Engine::make(options);
}

}  // namespace

int main(int argc, char** argv) {
    app::Termination::block();  // before Qt begins threads
    QElapsedTimer sinceStart;
    sinceStart.start();
    QCoreApplication::setApplicationName(QStringLiteral("Tessera"));
    QCoreApplication::setApplicationVersion(QStringLiteral(TESSERA_VERSION));
    QGuiApplication::setDesktopFileName(QStringLiteral("tessera"));
    QApplication application(argc, argv);
    application.setQuitOnLastWindowClosed(false);  // the window hides first, what is running is stopped, then it ends
    installTranslators(application);

    QCommandLineParser parser;
    parser.setApplicationDescription(
        QCoreApplication::translate("main", "A workbench for language models on this machine."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption smoke(
        QStringLiteral("smoke"),
        QCoreApplication::translate("main",
                                    "Do what a newcomer does, save a picture of each stage in <folder>, then end."),
        QCoreApplication::translate("main", "folder"));
    parser.addOption(smoke);
    parser.addPositionalArgument(QStringLiteral("model"), QCoreApplication::translate("main", "Model file to load."),
                                 QStringLiteral("[model.gguf]"));
    parser.process(application);
    const bool smoking = parser.isSet(smoke);

    app::Profile profile = app::profileFromEnvironment();
    std::unique_ptr<QTemporaryDir> fresh;
    if (smoking && qEnvironmentVariableIsEmpty("TESSERA_HOME")) {  // a newcomer has no profile
        fresh = std::make_unique<QTemporaryDir>();
        if (!fresh->isValid())
            return refuse(fresh->errorString(), false);
        profile.home = fresh->path().toStdString();
        profile.store = profile.home + "/tessera.db";
        profile.settings = profile.home + "/settings.ini";
    }
    if (const auto prepared = app::prepareProfile(profile); !prepared)
        return refuse(QString::fromStdString(prepared.error().message), !smoking);

    QStringList files;
    for (const QString& file : parser.positionalArguments())
        files.append(QFileInfo(file).absoluteFilePath());
    app::SingleInstance instance(QString::fromStdString(profile.home));
    switch (instance.claim(files)) {
        case app::SingleInstance::Claim::First:
            break;
        case app::SingleInstance::Claim::HandedOver:
            return 0;
        case app::SingleInstance::Claim::Held:
            return refuse(QCoreApplication::translate(
                              "main", "The profile %1 is in use by %2. End it, or set TESSERA_HOME to another folder.")
                              .arg(QString::fromStdString(profile.home), instance.holder()),
                          !smoking);
    }

    app::Settings settings(QString::fromStdString(profile.settings));
    app::StoreQueue store(profile.store);
    app::EngineRunner engine(
        [threads = settings.threads(), exact = settings.exact()] { return makeEngine(threads, exact); });
    app::Workbench workbench(profile, settings, store, engine);
    ui::Theme theme(settings, application);
    ui::MainWindow window(workbench, theme);

    const auto open = [&workbench](const QStringList& paths) {
        bool beside = false;
        for (const QString& path : paths) {
            workbench.loadModel(path, beside);
            beside = true;
        }
    };
    QObject::connect(&window, &ui::MainWindow::painted, &workbench, [&] {
        workbench.start();
        open(files);
    });
    QObject::connect(&window, &ui::MainWindow::closed, &application, [&application] { application.quit(); });
    QObject::connect(&instance, &app::SingleInstance::raised, &window, [&](const QStringList& paths) {
        window.setWindowState(window.windowState() & ~Qt::WindowMinimized);
        window.show();
        window.raise();
        window.activateWindow();
        open(paths);
    });

    // A log-off or kill asks nobody: what has streamed is stored, then the program ends.
    app::Termination termination;
    QObject::connect(&termination, &app::Termination::asked, &workbench, [&] {
        QObject::connect(&workbench, &app::Workbench::readyToQuit, &application,
                         [&application] { application.quit(); });
        workbench.shutDown();
    });

    int status = 0;
    std::unique_ptr<ui::Smoke> run;
    if (smoking) {
        run = std::make_unique<ui::Smoke>(workbench, window, parser.value(smoke), sinceStart);
        QObject::connect(run.get(), &ui::Smoke::finished, &window, [&](bool allHappened) {
            status = allHappened ? 0 : 1;
            workbench.stopAll();
            window.close();
        });
    }
    window.show();
    const int ended = application.exec();
    return ended != 0 ? ended : status;
}
