// Ctrl+K: every action, model and chat by a few of its letters, by keyboard alone. Lies over the window that owns it.
// Thread: UI.
#pragma once

#include <QAbstractListModel>
#include <QFrame>
#include <QPointer>
#include <functional>

class QAction;
class QLineEdit;
class QListView;
class QLabel;

namespace ui {

class Theme;

struct PaletteEntry {
    QString text, detail, shortcut, icon;  // detail: "Action", "Model", "Chat - yesterday"
    std::function<void()> run;
    bool enabled = true;
    int weight = 0;  // breaks ties: larger first
};

// The entries that match, best first.
class PaletteModel : public QAbstractListModel {
    Q_OBJECT
  public:
    enum Roles { DetailRole = Qt::UserRole + 1, ShortcutRole, IconRole, PositionsRole };
    using QAbstractListModel::QAbstractListModel;
    void setEntries(QList<PaletteEntry> entries);
    void setNeedle(const QString& needle);
    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    const PaletteEntry* entryAt(int row) const;

  private:
    struct Hit {
        int entry;
        int score;
        QList<int> positions;
    };
    QList<PaletteEntry> m_entries;
    QList<Hit> m_hits;
};

class CommandPalette : public QFrame {
    Q_OBJECT
  public:
    // `entries` is asked each time the palette opens.
    CommandPalette(const Theme& theme, std::function<QList<PaletteEntry>()> entries, QWidget* window);
    void open();
    QLineEdit* field() const { return m_field; }
    PaletteModel* model() const { return m_model; }

  signals:
    void closed();

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void place();
    void dismiss();
    void runCurrent();
    const Theme& m_theme;
    std::function<QList<PaletteEntry>()> m_source;
    QLineEdit* m_field;
    QListView* m_list;
    QLabel* m_nothing;
    PaletteModel* m_model;
    QPointer<QWidget> m_before;  // had the focus; may be gone when the palette closes
};

}  // namespace ui
