#include "ui/widgets/command_palette.h"

#include <QAccessible>
#include <QApplication>
#include <QGraphicsDropShadowEffect>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include "ui/icons.h"
#include "ui/theme.h"
#include "ui/widgets/fuzzy.h"

namespace ui {

namespace {

constexpr int MaxShown = 200, RowHeight = 34, Width = 620, VisibleRows = 11, KeysWidth = 92;

class EntryDelegate : public QStyledItemDelegate {
  public:
    EntryDelegate(const Theme& theme, QObject* parent) : QStyledItemDelegate(parent), m_theme(theme) {}

    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override {
        return {m_theme.px(200), m_theme.px(RowHeight)};
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const Tokens& t = m_theme.tokens();
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        const bool on = option.state & QStyle::State_Selected;
        if (on) {
            painter->setPen(Qt::NoPen);
            painter->setBrush(t.accentSoft);
            painter->drawRoundedRect(option.rect, radius::Control, radius::Control);
        }
        const bool enabled = index.flags() & Qt::ItemIsEnabled;
        const QColor text = enabled ? t.text : mixed(t.muted, t.surface, 0.75);
        const bool mirrored = option.direction == Qt::RightToLeft;
        const auto placed = [&](const QRect& r) { return QStyle::visualRect(option.direction, option.rect, r); };
        const int side = m_theme.px(16), pad = m_theme.px(10);
        QRect rest = option.rect.adjusted(pad, 0, -pad, 0);
        paintIcon(*painter, placed(QRect(rest.left(), rest.center().y() - side / 2, side, side)),
                  index.data(PaletteModel::IconRole).toString(), enabled ? t.muted : text);
        rest.setLeft(rest.left() + side + pad);
        // A column for the shortcuts, also where there is none: what stands before them is in line.
        const QString keys = index.data(PaletteModel::ShortcutRole).toString();
        painter->setFont(m_theme.font(Type::MonoSmall));
        painter->setPen(t.muted);
        const int wide = qMax(m_theme.px(KeysWidth), QFontMetrics(painter->font()).horizontalAdvance(keys));
        painter->drawText(placed(QRect(rest.right() - wide, rest.top(), wide + 1, rest.height())),
                          Qt::AlignVCenter | Qt::AlignTrailing, keys);
        rest.setRight(rest.right() - wide - pad);
        const QString detail = index.data(PaletteModel::DetailRole).toString();
        painter->setFont(m_theme.font(Type::Small));
        const int detailWidth = qMin(QFontMetrics(painter->font()).horizontalAdvance(detail) + 2, rest.width() / 2);
        painter->setPen(t.muted);
        painter->drawText(placed(QRect(rest.right() - detailWidth, rest.top(), detailWidth + 1, rest.height())),
                          Qt::AlignVCenter | Qt::AlignTrailing,
                          QFontMetrics(painter->font()).elidedText(detail, Qt::ElideRight, detailWidth));
        rest.setRight(rest.right() - detailWidth - pad);
        drawName(*painter, placed(rest), index, text, mirrored);
        painter->restore();
    }

  private:
    // The letters that matched are set in bold and in the accent.
    void drawName(QPainter& painter, const QRect& rect, const QModelIndex& index, const QColor& color,
                  bool mirrored) const {
        QTextLayout layout(QFontMetrics(m_theme.font(Type::Body))
                               .elidedText(index.data(Qt::DisplayRole).toString(), Qt::ElideRight, rect.width()),
                           m_theme.font(Type::Body));
        QTextOption textOption;
        textOption.setTextDirection(mirrored ? Qt::RightToLeft : Qt::LeftToRight);
        textOption.setWrapMode(QTextOption::NoWrap);
        layout.setTextOption(textOption);
        QList<QTextLayout::FormatRange> formats;
        for (const int at : index.data(PaletteModel::PositionsRole).value<QList<int>>()) {
            QTextLayout::FormatRange range;
            range.start = at;
            range.length = 1;
            range.format.setForeground(m_theme.tokens().accent);
            range.format.setFontWeight(QFont::DemiBold);
            formats.append(range);
        }
        layout.setFormats(formats);
        layout.beginLayout();
        QTextLine line = layout.createLine();
        line.setLineWidth(rect.width());
        layout.endLayout();
        painter.setPen(color);
        layout.draw(&painter, QPointF(rect.left(), rect.top() + (rect.height() - line.height()) / 2));
    }
    const Theme& m_theme;
};

}  // namespace

void PaletteModel::setEntries(QList<PaletteEntry> entries) {
    m_entries = std::move(entries);
    setNeedle({});
}

void PaletteModel::setNeedle(const QString& needle) {
    beginResetModel();
    m_hits.clear();
    for (int i = 0; i < m_entries.size(); ++i) {
        const auto match = fuzzyMatch(needle, m_entries.at(i).text);
        if (match)
            m_hits.append({i, match->score, match->positions});
    }
    std::stable_sort(m_hits.begin(), m_hits.end(), [this](const Hit& a, const Hit& b) {
        const PaletteEntry &left = m_entries.at(a.entry), &right = m_entries.at(b.entry);
        if (left.enabled != right.enabled)
            return left.enabled;
        return a.score != b.score ? a.score > b.score : left.weight > right.weight;
    });
    if (m_hits.size() > MaxShown)
        m_hits.resize(MaxShown);
    endResetModel();
}

int PaletteModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_hits.size());
}

QVariant PaletteModel::data(const QModelIndex& index, int role) const {
    const PaletteEntry* entry = entryAt(index.row());
    if (!entry)
        return {};
    switch (role) {
        case Qt::DisplayRole:
            return entry->text;
        case Qt::AccessibleTextRole:
            return QStringLiteral("%1, %2 %3").arg(entry->text, entry->detail, entry->shortcut).trimmed();
        case DetailRole:
            return entry->detail;
        case ShortcutRole:
            return entry->shortcut;
        case IconRole:
            return entry->icon;
        case PositionsRole:
            return QVariant::fromValue(m_hits.at(index.row()).positions);
        default:
            return {};
    }
}

const PaletteEntry* PaletteModel::entryAt(int row) const {
    return row >= 0 && row < m_hits.size() ? &m_entries.at(m_hits.at(row).entry) : nullptr;
}

CommandPalette::CommandPalette(const Theme& theme, std::function<QList<PaletteEntry>()> entries, QWidget* window)
    : QFrame(window), m_theme(theme), m_source(std::move(entries)) {
    setLook(this, "popup");
    setAccessibleName(tr("Command palette"));
    setObjectName(QStringLiteral("command-palette"));
    auto* shadow = new QGraphicsDropShadowEffect(this);
    shadow->setBlurRadius(36);
    shadow->setOffset(0, 10);
    shadow->setColor(QColor(0, 0, 0, 90));
    setGraphicsEffect(shadow);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::S, space::S, space::S, space::S);
    column->setSpacing(space::S);
    m_field = new QLineEdit(this);
    m_field->setPlaceholderText(tr("Search chats, models, actions"));
    m_field->setAccessibleName(tr("Search chats, models, actions"));
    m_field->addAction(icon(theme, QStringLiteral("search"), IconTone::Muted), QLineEdit::LeadingPosition);
    m_field->installEventFilter(this);
    column->addWidget(m_field);
    m_model = new PaletteModel(this);
    m_list = new QListView(this);
    m_list->setModel(m_model);
    m_list->setItemDelegate(new EntryDelegate(theme, m_list));
    m_list->setFocusPolicy(Qt::NoFocus);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setUniformItemSizes(true);
    m_list->setAccessibleName(tr("Matches"));
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setMouseTracking(true);
    column->addWidget(m_list);
    m_nothing = new QLabel(tr("Nothing has these letters in its name."), this);
    setLook(m_nothing, "muted");
    m_nothing->setAlignment(Qt::AlignCenter);
    m_nothing->setContentsMargins(0, space::L, 0, space::L);
    column->addWidget(m_nothing);
    connect(m_field, &QLineEdit::textChanged, this, [this](const QString& text) {
        m_model->setNeedle(text);
        m_list->setCurrentIndex(m_model->index(0));
        place();
    });
    // The focus stays in the field: a screen reader hears the entry as what the field says about itself.
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& index) {
        m_field->setAccessibleDescription(index.data(Qt::AccessibleTextRole).toString());
        QAccessibleEvent changed(m_field, QAccessible::DescriptionChanged);
        QAccessible::updateAccessibility(&changed);
    });
    connect(m_list, &QListView::clicked, this, [this](const QModelIndex& index) {
        m_list->setCurrentIndex(index);
        runCurrent();
    });
    connect(m_list, &QListView::entered, this, [this](const QModelIndex& index) { m_list->setCurrentIndex(index); });
    window->installEventFilter(this);
    hide();
}

void CommandPalette::open() {
    if (isVisible()) {
        dismiss();
        return;
    }
    m_before = QApplication::focusWidget();
    m_model->setEntries(m_source());
    m_field->clear();
    m_list->setCurrentIndex(m_model->index(0));
    place();
    show();
    raise();
    m_field->setFocus(Qt::PopupFocusReason);
}

void CommandPalette::place() {
    const int rows = qMin(VisibleRows, m_model->rowCount());
    m_list->setVisible(rows > 0);
    m_nothing->setVisible(rows == 0);
    m_list->setFixedHeight(rows * m_theme.px(RowHeight) + 2);
    const int width = qMin(m_theme.px(Width), parentWidget()->width() - 2 * space::L);
    setFixedWidth(qMax(200, width));
    adjustSize();
    if (height() > parentWidget()->height() - 80)
        m_list->setFixedHeight(
            qMax(m_theme.px(RowHeight), m_list->height() - height() + parentWidget()->height() - 80));
    adjustSize();
    move((parentWidget()->width() - this->width()) / 2, qMin(64, parentWidget()->height() / 10));
}

void CommandPalette::dismiss() {
    if (isHidden())
        return;
    hide();
    if (m_before && m_before->isVisible())
        m_before->setFocus(Qt::PopupFocusReason);
    m_before = nullptr;
    emit closed();
}

void CommandPalette::runCurrent() {
    const PaletteEntry* entry = m_model->entryAt(m_list->currentIndex().row());
    if (!entry || !entry->enabled)
        return;
    const auto run = entry->run;
    dismiss();
    if (run)
        run();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
    if (watched == parentWidget() && event->type() == QEvent::Resize && isVisible())
        place();
    if (watched == m_field && event->type() == QEvent::FocusOut && isVisible() &&
        static_cast<QFocusEvent*>(event)->reason() == Qt::MouseFocusReason)
        dismiss();
    if (watched == m_field && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const int rows = m_model->rowCount(), row = m_list->currentIndex().row();
        const auto go = [&](int to) { m_list->setCurrentIndex(m_model->index(qBound(0, to, rows - 1))); };
        switch (key->key()) {
            case Qt::Key_Escape:
                dismiss();
                return true;
            case Qt::Key_Return:
            case Qt::Key_Enter:
                runCurrent();
                return true;
            case Qt::Key_Down:
                go(row + 1 == rows ? 0 : row + 1);
                return true;
            case Qt::Key_Up:
                go(row <= 0 ? rows - 1 : row - 1);
                return true;
            case Qt::Key_PageDown:
                go(row + VisibleRows);
                return true;
            case Qt::Key_PageUp:
                go(row - VisibleRows);
                return true;
            case Qt::Key_Tab:
            case Qt::Key_Backtab:
                return true;
            default:
                break;
        }
    }
    return QFrame::eventFilter(watched, event);
}

}  // namespace ui
