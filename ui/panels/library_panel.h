// Every model file that is known: what it is, whether it fits, what is wrong with it. Choosing a row asks the workbench
// for its details, which the details panel shows. Thread: UI.
#pragma once

#include <QHash>
#include <QSortFilterProxyModel>
#include <QWidget>

class QLabel;
class QLineEdit;
class QPushButton;
class QStackedWidget;
class QTableView;
class QToolButton;

namespace app {
class Workbench;
}

namespace ui {

class Theme;

// Filters on every word of the field in name, file, architecture, quantization or reason; sorts by raw values and
// keeps files that cannot be used at the end.
class LibraryFilter : public QSortFilterProxyModel {
    Q_OBJECT
  public:
    using QSortFilterProxyModel::QSortFilterProxyModel;
    void setWords(const QString& text);
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    QVariant data(const QModelIndex& index, int role) const override;

  protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

  private:
    QStringList m_words;
};

class LibraryPanel : public QWidget {
    Q_OBJECT
  public:
    LibraryPanel(app::Workbench& workbench, const Theme& theme, QWidget* parent = nullptr);

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void onSelection();
    void fitColumns();
    void refresh();
    void refreshSoon();  // once for many rows
    void measure();
    void load(bool beside);
    void compare();
    void addFolder();
    void makeFoldersMenu();
    void showMenu(const QPoint& at);
    QStringList selectedPaths() const;
    QString currentPath() const;

    app::Workbench& m_workbench;
    const Theme& m_theme;
    LibraryFilter* m_filter;
    QTableView* m_table;
    QLineEdit* m_words;
    QPushButton *m_load, *m_beside, *m_compare, *m_add;
    QToolButton* m_folders;
    QLabel *m_status, *m_empty;
    QPushButton* m_emptyAction;
    QStackedWidget* m_pages;
    QHash<int, int> m_hiddenWidths;  // of columns, to show them again
    bool m_refreshing = false;
};

}  // namespace ui
