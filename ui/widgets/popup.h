// A card that floats beside a button until it loses the focus: Esc closes it, the focus goes back. Thread: UI.
#pragma once

#include <QFrame>

namespace ui {

class Popup : public QFrame {
    Q_OBJECT
  public:
    explicit Popup(QWidget* parent);
    enum class Side { Below, Above };
    // Beside `anchor`, inside its window; aligned with its leading or trailing edge where there is room.
    void openAt(QWidget* anchor, Side side, bool trailing = false);

  signals:
    void closed();

  protected:
    void resizeEvent(QResizeEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
};

}  // namespace ui
