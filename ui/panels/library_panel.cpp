#include "ui/panels/library_panel.h"

#include <QClipboard>
#include <QDateTime>
#include <QFileDialog>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QStackedWidget>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>
#include <utility>

#include "app/workbench.h"
#include "ui/icons.h"
#include "ui/panels/compare_files_dialog.h"
#include "ui/theme.h"
#include "ui/words.h"

namespace ui {

namespace {

using Lib = app::LibraryModel;
constexpr int CellPad = 9, NarrowestName = 200;

// Two lines for the name (the second says the file or what is wrong), a sign beside "fits".
class RowDelegate : public QStyledItemDelegate {
  public:
    RowDelegate(const Theme& theme, QObject* parent) : QStyledItemDelegate(parent), m_theme(theme) {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const Tokens& t = m_theme.tokens();
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        if (option.state & QStyle::State_Selected)
            painter->fillRect(option.rect, t.accentSoft);
        else if (option.state & QStyle::State_MouseOver)
            painter->fillRect(option.rect, mixed(t.surface2, t.surface, 0.6));
        painter->fillRect(QRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1), t.border);
        const QString problem = index.data(Lib::ProblemRole).toString();
        const int pad = CellPad;
        QRect rect = option.rect.adjusted(pad, 0, -pad, -1);
        const QString text = index.data(Qt::DisplayRole).toString();
        const auto alignment = Qt::Alignment(index.data(Qt::TextAlignmentRole).toInt()) & Qt::AlignHorizontal_Mask;
        if (index.column() == Lib::Name) {
            drawName(*painter, option, rect, index, text, problem);
        } else {
            if (index.column() == Lib::Fits)
                rect = drawFits(*painter, option, rect, index);
            const bool loaded = index.column() == Lib::LastUsed && index.data(Lib::LoadedRole).toUInt() != 0;
            painter->setFont(m_theme.font(loaded ? Type::SmallStrong : Type::Body));
            painter->setPen(!problem.isEmpty() ? t.muted : loaded ? t.accent : t.text);
            painter->drawText(rect, Qt::AlignVCenter | alignment,
                              QFontMetrics(painter->font()).elidedText(text, Qt::ElideRight, rect.width()));
        }
        if (option.state & QStyle::State_HasFocus) {
            painter->setPen(QPen(t.accent, 1));
            painter->setBrush(Qt::NoBrush);
            painter->drawRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -1.5));
        }
        painter->restore();
    }

  private:
    void drawName(QPainter& painter, const QStyleOptionViewItem& option, QRect rect, const QModelIndex& index,
                  const QString& text, const QString& problem) const {
        const Tokens& t = m_theme.tokens();
        const int side = m_theme.px(18);
        const QRect sign =
            QStyle::visualRect(option.direction, rect, QRect(rect.left(), rect.center().y() - side / 2, side, side));
        const bool loaded = index.data(Lib::LoadedRole).toUInt() != 0;
        paintIcon(painter, sign, problem.isEmpty() ? QStringLiteral("model") : QStringLiteral("warning"),
                  !problem.isEmpty() ? t.error
                  : loaded           ? t.accent
                                     : t.muted);
        rect = QStyle::visualRect(option.direction, rect, rect.adjusted(side + space::M, 0, 0, 0));
        const QFontMetrics strong(m_theme.font(Type::Strong)), small(m_theme.font(Type::Small));
        const int block = strong.height() + small.height();
        const QRect first(rect.left(), rect.top() + (rect.height() - block) / 2, rect.width(), strong.height());
        const QRect second(rect.left(), first.bottom() + 1, rect.width(), small.height());
        painter.setFont(m_theme.font(Type::Strong));
        painter.setPen(problem.isEmpty() ? t.text : t.muted);
        painter.drawText(first, Qt::AlignVCenter | Qt::AlignLeading,
                         strong.elidedText(text, Qt::ElideMiddle, rect.width()));
        painter.setFont(m_theme.font(Type::Small));
        painter.setPen(problem.isEmpty() ? t.muted : t.error);
        const int parts = index.data(Lib::PartsRole).toInt();
        const QString file = QFileInfo(index.data(Lib::PathRole).toString()).fileName();
        const QString line = !problem.isEmpty() ? problem
                             : parts > 1        ? LibraryPanel::tr("%1, %n part(s)", nullptr, parts).arg(file)
                                                : file;
        painter.drawText(second, Qt::AlignVCenter | Qt::AlignLeading,
                         small.elidedText(line, Qt::ElideRight, rect.width()));
    }

    QRect drawFits(QPainter& painter, const QStyleOptionViewItem& option, const QRect& rect,
                   const QModelIndex& index) const {
        const Tokens& t = m_theme.tokens();
        const int fits = index.data(Lib::FitsRole).toInt();
        if (fits == -2)
            return rect;
        const int side = m_theme.px(14);
        const QRect sign =
            QStyle::visualRect(option.direction, rect, QRect(rect.left(), rect.center().y() - side / 2, side, side));
        paintIcon(painter, sign,
                  fits == 1   ? QStringLiteral("check")
                  : fits == 0 ? QStringLiteral("warning")
                              : QStringLiteral("close"),
                  fits == 1   ? t.accent
                  : fits == 0 ? t.warning
                              : t.error);
        return QStyle::visualRect(option.direction, rect, rect.adjusted(side + space::XS, 0, 0, 0));
    }

    const Theme& m_theme;
};

}  // namespace

void LibraryFilter::setWords(const QString& text) {
    m_words = text.simplified().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    invalidateFilter();
}

bool LibraryFilter::filterAcceptsRow(int row, const QModelIndex&) const {
    const app::LibraryRow& file = static_cast<Lib*>(sourceModel())->at(row);
    for (const QString& word : m_words) {
        bool found = false;
        for (const QString& field : {file.name, file.path, file.architecture, file.quantization, file.problem})
            found = found || field.contains(word, Qt::CaseInsensitive);
        if (!found)
            return false;
    }
    return true;
}

// Titles stand over their values.
QVariant LibraryFilter::headerData(int section, Qt::Orientation orientation, int role) const {
    if (role == Qt::TextAlignmentRole && orientation == Qt::Horizontal) {
        const bool number = section == Lib::Parameters || section == Lib::Size || section == Lib::Context;
        return QVariant((number ? Qt::AlignTrailing : Qt::AlignLeading) | Qt::AlignVCenter);
    }
    return QSortFilterProxyModel::headerData(section, orientation, role);
}

// Names of files are shown as they are, never read as markup.
QVariant LibraryFilter::data(const QModelIndex& index, int role) const {
    const QVariant value = QSortFilterProxyModel::data(index, role);
    return role == Qt::ToolTipRole ? QVariant(toolTipText(value.toString())) : value;
}

bool LibraryFilter::lessThan(const QModelIndex& left, const QModelIndex& right) const {
    const bool leftBad = !left.data(Lib::ProblemRole).toString().isEmpty();
    const bool rightBad = !right.data(Lib::ProblemRole).toString().isEmpty();
    if (leftBad != rightBad)
        return sortOrder() == Qt::AscendingOrder ? rightBad : leftBad;
    const QVariant a = left.data(Lib::SortRole), b = right.data(Lib::SortRole);
    if (a.typeId() == QMetaType::QString)
        return QString::localeAwareCompare(a.toString(), b.toString()) < 0;
    if (a.typeId() == QMetaType::QDateTime)
        return a.toDateTime() < b.toDateTime();
    return a.toDouble() < b.toDouble();
}

LibraryPanel::LibraryPanel(app::Workbench& workbench, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_workbench(workbench), m_theme(theme) {
    setAccessibleName(tr("Library"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::L, space::M, space::L, space::M);
    column->setSpacing(space::M);

    auto* bar = new QHBoxLayout;
    bar->setSpacing(space::S);
    m_words = new QLineEdit(this);
    m_words->setPlaceholderText(tr("Filter by name, architecture, quantization"));
    m_words->setAccessibleName(tr("Filter the library"));
    m_words->setClearButtonEnabled(true);
    m_words->addAction(icon(theme, QStringLiteral("filter"), IconTone::Muted), QLineEdit::LeadingPosition);
    m_words->setMinimumWidth(120);
    bar->addWidget(m_words, 1);
    m_compare = new QPushButton(tr("Compare with…"), this);
    m_compare->setToolTip(tr("Shows what differs between two files"));
    m_beside = new QPushButton(tr("Load beside"), this);
    m_beside->setToolTip(tr("Keeps the models that are loaded"));
    m_add = new QPushButton(tr("Add a folder…"), this);
    m_folders = new QToolButton(this);
    m_folders->setIcon(icon(theme, QStringLiteral("folder")));
    m_folders->setToolTip(tr("Folders of the library"));
    m_folders->setAccessibleName(tr("Folders of the library"));
    m_folders->setPopupMode(QToolButton::InstantPopup);
    setLook(m_folders, "ghost");
    m_folders->setMenu(new QMenu(m_folders));
    m_load = new QPushButton(tr("Load"), this);
    setLook(m_load, "primary");
    for (QWidget* widget : std::initializer_list<QWidget*>{m_folders, m_add, m_compare, m_beside, m_load})
        bar->addWidget(widget);
    column->addLayout(bar);

    m_pages = new QStackedWidget(this);
    auto* card = new QFrame(m_pages);
    setLook(card, "card");
    auto* inCard = new QVBoxLayout(card);
    inCard->setContentsMargins(1, 1, 1, 1);
    m_filter = new LibraryFilter(this);
    m_filter->setSourceModel(workbench.library());
    m_filter->setSortRole(Lib::SortRole);
    m_table = new QTableView(card);
    m_table->setModel(m_filter);
    m_table->setItemDelegate(new RowDelegate(theme, m_table));
    m_table->setSortingEnabled(true);
    m_table->sortByColumn(Lib::Name, Qt::AscendingOrder);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setTabKeyNavigation(false);
    m_table->setMouseTracking(true);
    m_table->setContextMenuPolicy(Qt::CustomContextMenu);
    m_table->setAccessibleName(tr("Model files"));
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeading | Qt::AlignVCenter);
    m_table->horizontalHeader()->setSectionResizeMode(Lib::Name, QHeaderView::Stretch);
    m_table->horizontalHeader()->setMinimumSectionSize(40);
    inCard->addWidget(m_table);
    m_pages->addWidget(card);

    auto* empty = new QWidget(m_pages);
    auto* inEmpty = new QVBoxLayout(empty);
    inEmpty->addStretch(1);
    m_empty = new QLabel(empty);
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    inEmpty->addWidget(m_empty);
    m_emptyAction = new QPushButton(tr("Add a folder…"), empty);
    setLook(m_emptyAction, "primary");
    inEmpty->addWidget(m_emptyAction, 0, Qt::AlignHCenter);
    inEmpty->addStretch(2);
    m_pages->addWidget(empty);
    column->addWidget(m_pages, 1);

    m_status = new QLabel(this);
    setLook(m_status, "small");
    column->addWidget(m_status);

    connect(m_words, &QLineEdit::textChanged, this, [this](const QString& text) {
        m_filter->setWords(text);
        refresh();
    });
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &LibraryPanel::onSelection);
    connect(m_table, &QTableView::doubleClicked, this, [this] { load(false); });
    connect(m_table, &QTableView::customContextMenuRequested, this, &LibraryPanel::showMenu);
    connect(m_load, &QPushButton::clicked, this, [this] { load(false); });
    connect(m_beside, &QPushButton::clicked, this, [this] { load(true); });
    connect(m_compare, &QPushButton::clicked, this, &LibraryPanel::compare);
    connect(m_add, &QPushButton::clicked, this, &LibraryPanel::addFolder);
    connect(m_emptyAction, &QPushButton::clicked, this, &LibraryPanel::addFolder);
    connect(m_folders->menu(), &QMenu::aboutToShow, this, &LibraryPanel::makeFoldersMenu);
    connect(&workbench, &app::Workbench::libraryScanned, this, &LibraryPanel::refresh);
    connect(&workbench, &app::Workbench::loadedModelsChanged, this, &LibraryPanel::refresh);
    connect(&workbench, &app::Workbench::loadingChanged, this, &LibraryPanel::refresh);
    connect(m_filter, &QAbstractItemModel::rowsInserted, this, &LibraryPanel::refreshSoon);
    connect(m_filter, &QAbstractItemModel::rowsRemoved, this, &LibraryPanel::refreshSoon);
    connect(m_filter, &QAbstractItemModel::dataChanged, this, &LibraryPanel::refreshSoon);
    connect(&theme, &Theme::changed, this, &LibraryPanel::measure);
    m_table->installEventFilter(this);
    setFocusProxy(m_table);
    measure();
    refresh();
}

void LibraryPanel::measure() {
    m_table->verticalHeader()->setDefaultSectionSize(m_theme.px(46));
    const QFontMetrics body(m_theme.font(Type::Body)), caption(m_theme.font(Type::Caption));
    // Wide enough for what is usual; the name takes the rest.
    const std::pair<int, QString> columns[] = {
        {Lib::Architecture, QStringLiteral("deepseek2")}, {Lib::Parameters, QStringLiteral("000 M")},
        {Lib::Quantization, QStringLiteral("Q4_K_M")},    {Lib::Size, QStringLiteral("000.0 MB")},
        {Lib::Context, QStringLiteral("000,000")},        {Lib::Vision, QStringLiteral("yes")},
        {Lib::Fits, QStringLiteral("cannot be used W")},  {Lib::LastUsed, QStringLiteral("00/00/0000")}};
    for (const auto& [section, sample] : columns) {
        const int title =
            caption.horizontalAdvance(m_filter->headerData(section, Qt::Horizontal, Qt::DisplayRole).toString());
        m_table->setColumnWidth(section,
                                qMax(body.horizontalAdvance(sample) + 2, title + m_theme.px(14)) + 2 * CellPad);
    }
    fitColumns();
    m_table->viewport()->update();
}

// The name keeps its room: in a narrow table the columns that say least go first.
void LibraryPanel::fitColumns() {
    int room = m_table->viewport()->width() - m_theme.px(NarrowestName);
    for (int column = 0; column < Lib::ColumnCount; ++column)
        if (column != Lib::Name)
            room -= m_table->isColumnHidden(column) ? m_hiddenWidths.value(column) : m_table->columnWidth(column);
    bool vision = false;
    for (const app::LibraryRow& row : m_workbench.library()->rows())
        vision = vision || row.vision;
    for (const int column : {Lib::Vision, Lib::Architecture, Lib::LastUsed, Lib::Context, Lib::Parameters}) {
        const int width = m_table->isColumnHidden(column) ? m_hiddenWidths.value(column) : m_table->columnWidth(column);
        m_hiddenWidths.insert(column, width);
        const bool hide = room < 0 || (column == Lib::Vision && !vision);
        m_table->setColumnHidden(column, hide);
        if (hide)
            room += width;
    }
    const bool wide = width() > m_theme.px(720);
    m_add->setVisible(wide);      // also in the menu of folders
    m_compare->setVisible(wide);  // also in the menu of a row
}

bool LibraryPanel::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Resize)
        QMetaObject::invokeMethod(this, &LibraryPanel::fitColumns, Qt::QueuedConnection);
    if (event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Return || key == Qt::Key_Enter) {
            load(false);
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

// A scan tells of each file; walking through all of them each time would be quadratic.
void LibraryPanel::refreshSoon() {
    if (!std::exchange(m_refreshing, true))
        QMetaObject::invokeMethod(this, &LibraryPanel::refresh, Qt::QueuedConnection);
}

void LibraryPanel::refresh() {
    m_refreshing = false;
    const auto* library = m_workbench.library();
    const bool none = library->rowCount() == 0;
    m_pages->setCurrentIndex(m_filter->rowCount() == 0 ? 1 : 0);
    m_emptyAction->setVisible(none);
    m_empty->setText(none ? (m_workbench.isScanning()
                                 ? tr("Looking for model files…")
                                 : tr("Model files (GGUF) in the folders of the library show here."))
                          : tr("No file has these words."));
    qint64 bytes = 0;
    int bad = 0;
    for (const app::LibraryRow& row : library->rows()) {
        bytes += row.sizeBytes;
        bad += !row.problem.isEmpty();
    }
    m_status->setText(joinFacts({tr("%n file(s)", nullptr, library->rowCount()), bytesText(bytes),
                                 bad > 0 ? tr("%n cannot be used", nullptr, bad) : QString(),
                                 m_workbench.isScanning() ? tr("looking for more…") : QString()}));
    m_status->setVisible(!none);
    fitColumns();
    const QString path = currentPath();
    const int row = path.isEmpty() ? -1 : library->rowOf(path);
    const bool usable = row >= 0 && library->at(row).problem.isEmpty() && m_workbench.loadingModel().isEmpty();
    const bool loaded = row >= 0 && library->at(row).loaded != 0;
    m_load->setEnabled(usable && !loaded);
    m_beside->setEnabled(usable && !loaded && !m_workbench.loadedModels().isEmpty());
    m_compare->setEnabled(row >= 0 && library->rowCount() > 1);
    if (m_table->currentIndex().isValid() || m_filter->rowCount() == 0)
        return;
    // Something is always shown beside the table.
    m_table->selectRow(0);
}

QString LibraryPanel::currentPath() const {
    const QModelIndex index = m_table->currentIndex();
    return index.isValid() ? index.data(Lib::PathRole).toString() : QString();
}

QStringList LibraryPanel::selectedPaths() const {
    QStringList paths;
    for (const QModelIndex& index : m_table->selectionModel()->selectedRows())
        paths.append(index.data(Lib::PathRole).toString());
    return paths;
}

void LibraryPanel::onSelection() {
    const QString path = currentPath();
    if (!path.isEmpty())
        m_workbench.requestDetails(path);
    refresh();
}

void LibraryPanel::load(bool beside) {
    if (!currentPath().isEmpty() && m_load->isEnabled())
        m_workbench.loadModel(currentPath(), beside);
}

void LibraryPanel::compare() {
    QStringList paths = selectedPaths();
    const QString left = currentPath();
    paths.removeAll(left);
    auto* dialog =
        new CompareFilesDialog(m_workbench, m_theme, left, paths.isEmpty() ? QString() : paths.first(), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    // It asked for the details of both files: those of the chosen row are shown again.
    connect(dialog, &QDialog::finished, this, &LibraryPanel::onSelection);
    dialog->open();
}

void LibraryPanel::addFolder() {
    auto* dialog = new QFileDialog(this, tr("Add a folder to the library"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this](const QString& path) { m_workbench.addLibraryFolder(path); });
    dialog->open();
}

void LibraryPanel::makeFoldersMenu() {
    QMenu* menu = m_folders->menu();
    menu->clear();
    for (const QString& folder : m_workbench.libraryFolders()) {
        QMenu* one = menu->addMenu(icon(m_theme, QStringLiteral("folder"), IconTone::Muted), withoutMnemonic(folder));
        one->addAction(tr("Remove from the library"), this,
                       [this, folder] { m_workbench.removeLibraryFolder(folder); });
    }
    menu->addSeparator();
    menu->addAction(icon(m_theme, QStringLiteral("folder-plus"), IconTone::Muted), tr("Add a folder…"), this,
                    &LibraryPanel::addFolder);
    menu->addAction(icon(m_theme, QStringLiteral("regenerate"), IconTone::Muted), tr("Look again"), this,
                    [this] { m_workbench.rescanLibrary(); });
}

void LibraryPanel::showMenu(const QPoint& at) {
    const QModelIndex index = m_table->indexAt(at);
    if (!index.isValid())
        return;
    const QString path = index.data(Lib::PathRole).toString();
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const auto add = [&](const QString& iconName, const QString& text, bool enabled, auto run) {
        QAction* action = menu->addAction(icon(m_theme, iconName, IconTone::Muted), text, this, run);
        action->setEnabled(enabled);
    };
    const bool fine = index.data(Lib::ProblemRole).toString().isEmpty();
    add(QStringLiteral("model"), tr("Load"), fine, [this, path] { m_workbench.loadModel(path); });
    add(QStringLiteral("plus"), tr("Load beside"), fine && !m_workbench.loadedModels().isEmpty(),
        [this, path] { m_workbench.loadModel(path, true); });
    add(QStringLiteral("compare"), tr("Compare with…"), m_compare->isEnabled(), [this] { compare(); });
    menu->addSeparator();
    add(QStringLiteral("hash"), tr("Compute SHA-256"), true, [this, path] { m_workbench.hashModel(path); });
    add(QStringLiteral("copy"), tr("Copy path"), true, [path] { QGuiApplication::clipboard()->setText(path); });
    if (!QFileInfo::exists(path))
        add(QStringLiteral("close"), tr("Forget this file"), true,
            [this, path] { m_workbench.removeFromLibrary(path); });
    menu->popup(m_table->viewport()->mapToGlobal(at));
}

}  // namespace ui
