// The model in use, at the top of the window, and the card that opens from it: every model of the library with its
// state, load, unload, load beside; progress with cancel; what went wrong, in words, with a way on. Thread: UI.
#pragma once

#include <QAbstractButton>

#include "app/values.h"
#include "ui/widgets/popup.h"

class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QScrollArea;
class QVBoxLayout;

namespace app {
class Workbench;
}

namespace ui {

class Theme;

// A dot for the state, name, quantization, size; what happens is also said in words.
class ModelButton : public QAbstractButton {
    Q_OBJECT
  public:
    ModelButton(app::Workbench& workbench, const Theme& theme, QWidget* parent);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
    enum class State { None, Loading, Ready, Failed };
    State state() const { return m_state; }

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    void refresh();
    app::Workbench& m_workbench;
    const Theme& m_theme;
    State m_state = State::None;
    QString m_name, m_facts;
    double m_fraction = 0;
};

class ModelPopup : public Popup {
    Q_OBJECT
  public:
    ModelPopup(app::Workbench& workbench, const Theme& theme, QWidget* parent);
    // beside: what is chosen loads beside the others.
    void openFor(QWidget* anchor, bool beside);

  signals:
    void chooseFileRequested(bool beside);
    void addFolderRequested();
    void libraryRequested();

  private:
    void refresh();
    void fill();
    void refreshLoading();
    QWidget* makeLoadedRow(const app::LoadedModelInfo& info);
    QWidget* makeFileRow(int row);

    app::Workbench& m_workbench;
    const Theme& m_theme;
    bool m_beside = false;
    QLabel *m_title, *m_loadingText, *m_error, *m_empty;
    QFrame *m_loading, *m_failed;
    QProgressBar* m_bar;
    QPushButton* m_cancel;
    QLineEdit* m_filter;
    QWidget* m_inside;
    QVBoxLayout* m_list;
    QScrollArea* m_scroll;
};

}  // namespace ui
