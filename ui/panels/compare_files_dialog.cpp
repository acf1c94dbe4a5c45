#include "ui/panels/compare_files_dialog.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QTableWidget>
#include <QVBoxLayout>

#include "app/workbench.h"
#include "ui/theme.h"
#include "ui/words.h"

namespace ui {

CompareFilesDialog::CompareFilesDialog(app::Workbench& workbench, const Theme& theme, const QString& left,
                                       const QString& right, QWidget* parent)
    : QDialog(parent), m_workbench(workbench) {
    setWindowTitle(tr("Compare two files"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::L, space::L, space::L, space::L);
    column->setSpacing(space::M);
    auto* head = new QHBoxLayout;
    m_leftBox = new QComboBox(this);
    m_leftBox->setAccessibleName(tr("First file"));
    m_rightBox = new QComboBox(this);
    m_rightBox->setAccessibleName(tr("Second file"));
    for (QComboBox* box : {m_leftBox, m_rightBox}) {  // long names of files do not make the dialog wide
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        box->setMinimumContentsLength(16);
    }
    for (const app::LibraryRow& row : workbench.library()->rows()) {
        m_leftBox->addItem(row.fileName, row.path);
        m_rightBox->addItem(row.fileName, row.path);
    }
    m_leftBox->setCurrentIndex(m_leftBox->findData(left));
    int other = m_rightBox->findData(right);
    if (other < 0)
        for (int i = 0; i < m_rightBox->count() && other < 0; ++i)
            if (m_rightBox->itemData(i).toString() != left)
                other = i;
    m_rightBox->setCurrentIndex(other);
    head->addWidget(m_leftBox, 1);
    head->addWidget(m_rightBox, 1);
    column->addLayout(head);
    m_summary = new QLabel(this);
    m_summary->setWordWrap(true);
    setLook(m_summary, "muted");
    column->addWidget(m_summary);
    m_table = new QTableWidget(this);
    m_table->setColumnCount(3);
    m_table->verticalHeader()->hide();
    m_table->setShowGrid(false);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeading | Qt::AlignVCenter);
    m_table->setAccessibleName(tr("Differences"));
    column->addWidget(m_table, 1);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    column->addWidget(buttons);
    connect(m_leftBox, &QComboBox::currentIndexChanged, this, &CompareFilesDialog::request);
    connect(m_rightBox, &QComboBox::currentIndexChanged, this, &CompareFilesDialog::request);
    connect(&workbench, &app::Workbench::detailsReady, this, &CompareFilesDialog::onDetails);
    // Not larger than the window that it belongs to, with room for a title.
    resize(QSize(theme.px(860), theme.px(560)).boundedTo(parent->window()->size() - QSize(40, 60)));
    request();
}

void CompareFilesDialog::request() {
    m_left = {};
    m_right = {};
    m_table->setRowCount(0);
    m_table->setHorizontalHeaderLabels({tr("What"), m_leftBox->currentText(), m_rightBox->currentText()});
    m_summary->setText(tr("Reading both files…"));
    for (const QComboBox* box : {m_leftBox, m_rightBox})
        if (!box->currentData().toString().isEmpty())
            m_workbench.requestDetails(box->currentData().toString());
}

void CompareFilesDialog::onDetails(const app::ModelDetails& details) {
    if (details.path == m_leftBox->currentData().toString())
        m_left = details;
    if (details.path == m_rightBox->currentData().toString())
        m_right = details;
    if (!m_left.path.isEmpty() && !m_right.path.isEmpty())
        fill();
}

void CompareFilesDialog::fill() {
    const QList<app::DetailDifference> found = app::differences(m_left, m_right);
    m_table->setRowCount(static_cast<int>(found.size()));
    for (int i = 0; i < found.size(); ++i) {
        const app::DetailDifference& one = found.at(i);
        int part = 0;
        for (const QString& text : {one.field, one.left, one.right}) {
            auto* item = new QTableWidgetItem(text);
            item->setToolTip(toolTipText(text));
            m_table->setItem(i, part++, item);
        }
    }
    m_summary->setText(found.isEmpty() ? tr("These two files say the same in every field.")
                                       : tr("%n difference(s)", nullptr, static_cast<int>(found.size())));
}

}  // namespace ui
