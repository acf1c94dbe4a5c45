// A whole workbench on a fresh profile with a tiny seeded model and the real engine: what the panel tests sit at.
#pragma once

#include <QApplication>
#include <QDir>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/engine_runner.h"
#include "app/profile.h"
#include "app/settings.h"
#include "app/store_queue.h"
#include "app/workbench.h"
#include "engine/run/engine.h"
#include "tests/support/tiny_model.h"
#include "ui/english_plurals.h"
#include "ui/theme.h"

namespace test {

// `model`: the file to chat with; empty: a tiny one is written.
struct Desk {
    explicit Desk(const QString& model = {})
        : profile(makeProfile(model)),
          settings(QString::fromStdString(profile.settings)),
          store(profile.store),
          engine([] { return engine::Engine::make({}); }),
          workbench(profile, settings, store, engine),
          theme(settings, *qApp) {
        QObject::connect(&workbench, &app::Workbench::readyToQuit, &workbench, [this] { ended = true; });
    }
    ~Desk() {
        if (!ended)
            workbench.shutDown();
        (void)QTest::qWaitFor([this] { return ended; }, 10'000);
    }

    // Opens the store and loads the model. False: it did not come.
    bool start() {
        workbench.start();
        workbench.loadModel(modelPath);
        return QTest::qWaitFor([this] { return workbench.currentModel() != 0; }, 20'000);
    }

    bool ended = false;
    QTemporaryDir folder;
    QString modelPath;
    app::Profile profile;
    app::Settings settings;
    app::StoreQueue store;
    app::EngineRunner engine;
    app::Workbench workbench;
    ui::Theme theme;

  private:
    app::Profile makeProfile(const QString& model) {
        app::Profile p;
        const QString home = folder.filePath(QStringLiteral("home")),
                      models = folder.filePath(QStringLiteral("models"));
        QDir().mkpath(home);
        QDir().mkpath(models);
        p.home = home.toStdString();
        p.store = p.home + "/tessera.db";
        p.settings = p.home + "/settings.ini";
        p.models = models.toStdString();
        modelPath = model;
        if (model.isEmpty()) {
            modelPath = models + QStringLiteral("/tiny.gguf");
            writeTinyModel(modelPath.toStdString(), {});
            QFile broken(models + QStringLiteral("/broken.gguf"));
            if (broken.open(QIODevice::WriteOnly))
                broken.write("GGUF and then nothing of use");
        }
        return p;
    }
};

}  // namespace test
