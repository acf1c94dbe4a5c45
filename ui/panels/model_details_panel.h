// One model file in depth: facts, tensors with their sizes by layer, metadata, template, tokenizer, licence, hash.
// Shows what the workbench last read (detailsReady). Thread: UI.
#pragma once

#include <QAbstractTableModel>
#include <QWidget>

#include "app/values.h"

class QFormLayout;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QPushButton;
class QSortFilterProxyModel;
class QStackedWidget;
class QTabWidget;
class QTableView;
class QVBoxLayout;

namespace app {
class Workbench;
}

namespace ui {

class LayerBars;
class Theme;

class TensorModel : public QAbstractTableModel {
    Q_OBJECT
  public:
    enum Column { Name, Type, Shape, Size, ColumnCount };
    static constexpr int SortRole = Qt::UserRole + 1;
    using QAbstractTableModel::QAbstractTableModel;
    void setRows(QList<app::TensorRow> rows);
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

  private:
    QList<app::TensorRow> m_rows;
};

class PairModel : public QAbstractTableModel {
    Q_OBJECT
  public:
    using QAbstractTableModel::QAbstractTableModel;
    void setRows(QList<QPair<QString, QString>> rows);
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

  private:
    QList<QPair<QString, QString>> m_rows;
};

class ModelDetailsPanel : public QWidget {
    Q_OBJECT
  public:
    ModelDetailsPanel(app::Workbench& workbench, const Theme& theme, QWidget* parent = nullptr);

    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void onDetails(const app::ModelDetails& details);
    void showPath();
    void refresh();
    QWidget* makeFacts();
    QWidget* makeTensors();
    QWidget* makeMetadata();
    QWidget* makeTemplate();
    QTableView* makeTable(QAbstractItemModel* model, const QString& name);
    void addFact(const QString& name, const QString& value, bool mono = false);

    app::Workbench& m_workbench;
    const Theme& m_theme;
    app::ModelDetails m_details;
    QStackedWidget* m_pages;
    QLabel *m_title, *m_facts, *m_problem, *m_path;
    QPushButton *m_load, *m_hash;
    QTabWidget* m_tabs;
    QWidget* m_factsPage;
    QVBoxLayout* m_factsColumn;
    TensorModel* m_tensors;
    PairModel* m_metadata;
    QSortFilterProxyModel *m_tensorFilter, *m_metadataFilter;
    LayerBars* m_bars;
    QPlainTextEdit* m_template;
};

}  // namespace ui
