#include "ui/panels/model_details_panel.h"

#include <QEvent>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QSortFilterProxyModel>
#include <QStackedWidget>
#include <QTabWidget>
#include <QTableView>
#include <QVBoxLayout>

#include "app/workbench.h"
#include "ui/icons.h"
#include "ui/theme.h"
#include "ui/widgets/layer_bars.h"
#include "ui/words.h"

namespace ui {

void TensorModel::setRows(QList<app::TensorRow> rows) {
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}
int TensorModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}
int TensorModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant TensorModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const app::TensorRow& row = m_rows.at(index.row());
    qint64 elements = 1;
    QStringList sides;
    for (const qint64 n : row.shape) {
        elements *= n;
        sides.append(countText(n));
    }
    if (role == Qt::TextAlignmentRole)
        return QVariant((index.column() == Size ? Qt::AlignTrailing : Qt::AlignLeading) | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole)
        return toolTipText(tr("%1, at byte %2").arg(row.name, countText(row.offset)));
    if (role != Qt::DisplayRole && role != SortRole)
        return {};
    switch (index.column()) {
        case Name:
            return row.name;
        case Type:
            return row.type;
        case Shape:
            return role == SortRole ? QVariant(elements) : QVariant(sides.join(QStringLiteral(" × ")));
        case Size:
            return role == SortRole ? QVariant(row.sizeBytes) : QVariant(bytesText(row.sizeBytes));
        default:
            return {};
    }
}

QVariant TensorModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
        case Name:
            return tr("Tensor");
        case Type:
            return tr("Type");
        case Shape:
            return tr("Shape");
        case Size:
            return tr("Size");
        default:
            return {};
    }
}

void PairModel::setRows(QList<QPair<QString, QString>> rows) {
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}
int PairModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}
int PairModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : 2;
}
QVariant PairModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole)
        return {};
    const auto& row = m_rows.at(index.row());
    const QString text = index.column() == 0 ? row.first : row.second;
    return role == Qt::ToolTipRole ? toolTipText(text.left(2000)) : text.left(300).simplified();
}
QVariant PairModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    return section == 0 ? tr("Key") : tr("Value");
}

ModelDetailsPanel::ModelDetailsPanel(app::Workbench& workbench, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_workbench(workbench), m_theme(theme) {
    setLook(this, "pane");
    setAttribute(Qt::WA_StyledBackground);
    setAccessibleName(tr("Details of the model file"));
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    m_pages = new QStackedWidget(this);
    outer->addWidget(m_pages);

    auto* empty =
        new QLabel(tr("Metadata, tensors, template and tokenizer of the file chosen in the library show here."), this);
    empty->setWordWrap(true);
    empty->setAlignment(Qt::AlignCenter);
    empty->setMargin(space::XL);
    setLook(empty, "muted");
    m_pages->addWidget(empty);

    auto* page = new QWidget(m_pages);
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(0, space::M, 0, 0);
    column->setSpacing(space::XS);
    auto* head = new QVBoxLayout;
    head->setContentsMargins(space::L, 0, space::L, space::S);
    head->setSpacing(space::XS);
    m_title = new QLabel(page);
    m_title->setTextFormat(Qt::PlainText);
    m_title->setWordWrap(true);
    setLook(m_title, "strong");
    m_facts = new QLabel(page);
    m_facts->setTextFormat(Qt::PlainText);
    m_facts->setWordWrap(true);
    setLook(m_facts, "small");
    m_path = new QLabel(page);
    m_path->setTextFormat(Qt::PlainText);
    m_path->installEventFilter(this);
    m_path->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_path->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    setLook(m_path, "small");
    m_problem = new QLabel(page);
    m_problem->setTextFormat(Qt::PlainText);
    m_problem->setWordWrap(true);
    m_problem->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setLook(m_problem, "error");
    head->addWidget(m_title);
    head->addWidget(m_facts);
    head->addWidget(m_path);
    head->addWidget(m_problem);
    auto* buttons = new QHBoxLayout;
    buttons->setContentsMargins(0, space::XS, 0, 0);
    m_load = new QPushButton(tr("Load"), page);
    setLook(m_load, "primary");
    m_hash = new QPushButton(tr("Compute SHA-256"), page);
    buttons->addWidget(m_load);
    buttons->addWidget(m_hash);
    buttons->addStretch(1);
    head->addLayout(buttons);
    column->addLayout(head);
    m_tabs = new QTabWidget(page);
    m_tabs->setDocumentMode(true);
    m_tabs->addTab(makeFacts(), tr("Facts"));
    m_tabs->addTab(makeTensors(), tr("Tensors"));
    m_tabs->addTab(makeMetadata(), tr("Metadata"));
    m_tabs->addTab(makeTemplate(), tr("Template"));
    column->addWidget(m_tabs, 1);
    m_pages->addWidget(page);

    connect(m_load, &QPushButton::clicked, this, [this] { m_workbench.loadModel(m_details.path); });
    connect(m_hash, &QPushButton::clicked, this, [this] {
        m_hash->setEnabled(false);
        m_workbench.hashModel(m_details.path);
    });
    connect(&workbench, &app::Workbench::detailsReady, this, &ModelDetailsPanel::onDetails);
    connect(&workbench, &app::Workbench::loadedModelsChanged, this, &ModelDetailsPanel::refresh);
    connect(&workbench, &app::Workbench::loadingChanged, this, &ModelDetailsPanel::refresh);
    connect(workbench.library(), &QAbstractItemModel::dataChanged, this, &ModelDetailsPanel::refresh);
}

QWidget* ModelDetailsPanel::makeFacts() {
    auto* scroll = new QScrollArea(this);
    scroll->setWidgetResizable(true);
    m_factsPage = new QWidget(scroll);
    setLook(m_factsPage, "inside");
    m_factsColumn = new QVBoxLayout(m_factsPage);
    m_factsColumn->setContentsMargins(space::L, space::M, space::L, space::M);
    m_factsColumn->setSpacing(space::S);
    scroll->setWidget(m_factsPage);
    return scroll;
}

QTableView* ModelDetailsPanel::makeTable(QAbstractItemModel* model, const QString& name) {
    auto* table = new QTableView(this);
    table->setModel(model);
    table->setSortingEnabled(true);
    table->setShowGrid(false);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    table->setSelectionMode(QAbstractItemView::SingleSelection);
    table->setTabKeyNavigation(false);
    table->setWordWrap(false);
    table->setTextElideMode(Qt::ElideMiddle);  // names of tensors and keys differ at their ends
    table->verticalHeader()->hide();
    table->verticalHeader()->setDefaultSectionSize(m_theme.px(28));
    table->horizontalHeader()->setHighlightSections(false);
    table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeading | Qt::AlignVCenter);
    table->setAccessibleName(name);
    table->setFont(m_theme.font(Type::Small));
    connect(&m_theme, &Theme::changed, table, [this, table] {
        table->setFont(m_theme.font(Type::Small));
        table->verticalHeader()->setDefaultSectionSize(m_theme.px(28));
    });
    return table;
}

QWidget* ModelDetailsPanel::makeTensors() {
    auto* page = new QWidget(this);
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(0, space::M, 0, 0);
    m_bars = new LayerBars(m_theme, page);
    auto* words = new QLineEdit(page);
    words->setPlaceholderText(tr("Filter tensors"));
    words->setAccessibleName(tr("Filter tensors"));
    words->setClearButtonEnabled(true);
    auto* head = new QVBoxLayout;
    head->setContentsMargins(space::L, 0, space::L, 0);
    head->addWidget(m_bars);
    head->addWidget(words);
    column->addLayout(head);
    m_tensors = new TensorModel(this);
    m_tensorFilter = new QSortFilterProxyModel(this);
    m_tensorFilter->setSourceModel(m_tensors);
    m_tensorFilter->setSortRole(TensorModel::SortRole);
    m_tensorFilter->setFilterCaseSensitivity(Qt::CaseInsensitive);
    m_tensorFilter->setFilterKeyColumn(-1);
    QTableView* table = makeTable(m_tensorFilter, tr("Tensors"));
    table->sortByColumn(-1, Qt::AscendingOrder);  // as in the file
    table->horizontalHeader()->setSectionResizeMode(TensorModel::Name, QHeaderView::Stretch);
    table->setColumnWidth(TensorModel::Type, m_theme.px(56));
    table->setColumnWidth(TensorModel::Shape, m_theme.px(98));
    table->setColumnWidth(TensorModel::Size, m_theme.px(68));
    column->addWidget(table, 1);
    connect(words, &QLineEdit::textChanged, m_tensorFilter, &QSortFilterProxyModel::setFilterFixedString);
    return page;
}

QWidget* ModelDetailsPanel::makeMetadata() {
    auto* page = new QWidget(this);
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(0, space::M, 0, 0);
    auto* words = new QLineEdit(page);
    words->setPlaceholderText(tr("Filter metadata"));
    words->setAccessibleName(tr("Filter metadata"));
    words->setClearButtonEnabled(true);
    auto* head = new QVBoxLayout;
    head->setContentsMargins(space::L, 0, space::L, 0);
    head->addWidget(words);
    column->addLayout(head);
    m_metadata = new PairModel(this);
    m_metadataFilter = new QSortFilterProxyModel(this);
    m_metadataFilter->setSourceModel(m_metadata);
    m_metadataFilter->setFilterCaseSensitivity(Qt::CaseInsensitive);
    m_metadataFilter->setFilterKeyColumn(-1);
    QTableView* table = makeTable(m_metadataFilter, tr("Metadata"));
    table->sortByColumn(-1, Qt::AscendingOrder);
    table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Interactive);
    table->setColumnWidth(0, m_theme.px(210));
    table->horizontalHeader()->setStretchLastSection(true);
    column->addWidget(table, 1);
    connect(words, &QLineEdit::textChanged, m_metadataFilter, &QSortFilterProxyModel::setFilterFixedString);
    return page;
}

QWidget* ModelDetailsPanel::makeTemplate() {
    auto* page = new QWidget(this);
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(space::L, space::M, space::L, space::M);
    m_template = new QPlainTextEdit(page);
    m_template->setReadOnly(true);
    m_template->setFont(m_theme.font(Type::MonoSmall));
    m_template->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_template->setAccessibleName(tr("Chat template"));
    m_template->setPlaceholderText(tr("This file carries no chat template."));
    connect(&m_theme, &Theme::changed, m_template, [this] { m_template->setFont(m_theme.font(Type::MonoSmall)); });
    column->addWidget(m_template);
    return page;
}

void ModelDetailsPanel::addFact(const QString& name, const QString& value, bool mono) {
    if (value.isEmpty())
        return;
    auto* row = new QHBoxLayout;
    auto* left = new QLabel(name, m_factsPage);
    setLook(left, "muted");
    auto* right = new QLabel(m_factsPage);
    right->setTextFormat(Qt::PlainText);
    right->setText(value);
    right->setWordWrap(!mono);
    right->setAlignment(Qt::AlignTrailing | Qt::AlignTop);
    right->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    right->setAccessibleName(name);
    setLook(right, "strong");
    if (mono) {
        // 64 digits do not fit beside their name.
        right->setFont(m_theme.font(Type::MonoSmall));
        right->setText(value.left(32) + QLatin1Char('\n') + value.mid(32));
    }
    row->addWidget(left, 0, Qt::AlignTop);
    row->addWidget(right, 1);
    m_factsColumn->addLayout(row);
}

// Its beginning and its end tell most; the whole is in the tool tip.
void ModelDetailsPanel::showPath() {
    m_path->setText(m_path->fontMetrics().elidedText(m_details.path, Qt::ElideMiddle, m_path->width()));
}

bool ModelDetailsPanel::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_path && event->type() == QEvent::Resize)
        showPath();
    return QWidget::eventFilter(watched, event);
}

void ModelDetailsPanel::onDetails(const app::ModelDetails& details) {
    m_details = details;
    m_pages->setCurrentIndex(1);
    m_title->setText(details.name.isEmpty() ? QFileInfo(details.path).fileName() : details.name);
    m_facts->setText(joinFacts({details.architecture, details.quantization,
                                details.parameters > 0 ? parametersText(details.parameters) : QString(),
                                bytesText(details.sizeBytes)}));
    showPath();
    m_path->setToolTip(toolTipText(details.path));
    m_problem->setText(details.problem);
    m_problem->setVisible(!details.problem.isEmpty());

    const std::function<void(QLayout*)> clear = [&clear](QLayout* layout) {
        while (QLayoutItem* item = layout->takeAt(0)) {
            if (item->layout())
                clear(item->layout());
            if (item->widget())
                item->widget()->deleteLater();
            delete item;
        }
    };
    clear(m_factsColumn);
    addFact(tr("Format"), details.format);
    addFact(tr("Architecture"), details.architecture);
    addFact(tr("Parameters"), details.parameters > 0 ? countText(details.parameters) : QString());
    addFact(tr("Quantization"), details.quantization);
    addFact(tr("Size"), tr("%1 (%2 bytes)").arg(bytesText(details.sizeBytes), countText(details.sizeBytes)));
    if (details.parameters > 0)
        addFact(tr("Bits per weight"),
                QLocale().toString(
                    8.0 * static_cast<double>(details.sizeBytes) / static_cast<double>(details.parameters), 'f', 2));
    addFact(tr("Context"),
            details.contextLength > 0 ? tr("%1 tokens").arg(countText(details.contextLength)) : QString());
    addFact(tr("Tokenizer"), joinFacts({details.tokenizerModel, details.tokenizerPre}));
    addFact(tr("Vocabulary"), details.vocabSize > 0 ? tr("%1 tokens").arg(countText(details.vocabSize)) : QString());
    addFact(tr("Tensors"), countText(details.tensors.size()));
    addFact(tr("Licence"), details.licence.isEmpty() ? tr("the file names none") : details.licence);
    addFact(tr("SHA-256"), details.sha256, true);
    for (const QString& warning : details.warnings) {
        auto* note = new QFrame(m_factsPage);
        setLook(note, "note");
        auto* inNote = new QVBoxLayout(note);
        inNote->setContentsMargins(space::M, space::S, space::M, space::S);
        auto* text = new QLabel(note);
        text->setTextFormat(Qt::PlainText);
        text->setText(warning);
        text->setWordWrap(true);
        setLook(text, "warning");
        inNote->addWidget(text);
        m_factsColumn->addWidget(note);
    }
    m_factsColumn->addStretch(1);

    m_tensors->setRows(details.tensors);
    m_metadata->setRows(details.metadata);
    m_bars->setBars(details.bytesByLayer);
    m_bars->setVisible(!details.bytesByLayer.isEmpty());
    m_template->setPlainText(details.chatTemplate);
    refresh();
}

void ModelDetailsPanel::refresh() {
    if (m_details.path.isEmpty())
        return;
    bool loaded = false;
    for (const app::LoadedModelInfo& info : m_workbench.loadedModels())
        loaded = loaded || info.path == m_details.path;
    m_load->setText(loaded ? tr("Loaded") : tr("Load"));
    m_load->setEnabled(!loaded && m_details.problem.isEmpty() && m_workbench.loadingModel().isEmpty());
    m_hash->setVisible(m_details.sha256.isEmpty());
    m_hash->setEnabled(true);
    // A hash that was just computed is in the library's row.
    const auto* library = m_workbench.library();
    if (const int row = library->rowOf(m_details.path);
        row >= 0 && m_details.sha256.isEmpty() && !library->at(row).sha256.isEmpty()) {
        app::ModelDetails details = m_details;
        details.sha256 = library->at(row).sha256;
        onDetails(details);
    }
}

}  // namespace ui
