// The one stylesheet, built from tokens. Colours and distances come in by name ("@accent", "@8"), so that what is
// written here reads like a stylesheet and holds no value of its own.
#include <QRegularExpression>

#include "ui/theme.h"

namespace ui {

namespace {

constexpr const char* Sheet = R"(
* { outline: none; }
QToolTip { background: @surface2; color: @text; border: 1px solid @border; padding: @4; }

QMainWindow, QDialog, QMessageBox { background: @background; }
QMainWindow::separator { background: @border; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: @accent; }
QSplitter::handle { background: @border; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QDockWidget { color: @muted; }

*[look="pane"] { background: @surface; }
*[look="well"] { background: @surface2; }
*[look="bar"] { background: @surface; }
QFrame[look="bar-top"] { background: @surface; border: none; border-bottom: 1px solid @border; }
QFrame[look="bar-bottom"] { background: @surface; border: none; border-top: 1px solid @border; }
QFrame[look="rail"] { background: @surface2; border: none; border-right: 1px solid @border; }
QFrame[look="card"] { background: @surface; border: 1px solid @border; border-radius: @r8; }
QFrame[look="popup"] { background: @surface; border: 1px solid @border; border-radius: @r8; }
QFrame[look="composer"] { background: @surface; border: 1px solid @border; border-radius: @r10; }
QFrame[look="composer"][focused="true"] { border: 1px solid @accent; }
QFrame[look="note"] { background: @warningSoft; border: none; border-radius: @r6; }
QFrame[look="note-error"] { background: @errorSoft; border: none; border-radius: @r6; }
QFrame[look="note-info"] { background: @accentSoft; border: none; border-radius: @r6; }
QFrame[look="line"] { background: @border; border: none; max-height: 1px; min-height: 1px; }

QLabel { background: transparent; }
QLabel[look="muted"] { color: @muted; }
QLabel[look="small"] { color: @muted; font-size: @pt9; }
QLabel[look="heading"] { color: @muted; font-size: @pt8.5; font-weight: 600; }
QLabel[look="strong"] { font-weight: 600; }
QLabel[look="title"] { font-size: @pt13; font-weight: 600; }
QLabel[look="warning"] { color: @warning; }
QLabel[look="error"] { color: @error; }
QLabel[look="accent"] { color: @accent; font-weight: 600; }

QPushButton, QToolButton[look="ghost"] {
  background: @surface; color: @text; border: 1px solid @border; border-radius: @r6; padding: @5 @10; }
QPushButton:hover, QToolButton[look="ghost"]:hover { background: @surface2; }
QPushButton:pressed, QToolButton[look="ghost"]:pressed { background: @border; }
QPushButton:focus, QToolButton[look="ghost"]:focus { border: 1px solid @accent; }
QPushButton:disabled, QToolButton[look="ghost"]:disabled { color: @disabled; background: @surface; }
QPushButton:checked, QToolButton[look="ghost"]:checked { background: @accentSoft; color: @accent; border-color: @accent; }
QToolButton::menu-indicator, QPushButton::menu-indicator { image: none; width: 0px; }
QPushButton[look="primary"], QToolButton[look="primary"] {
  background: @accent; color: @onAccent; border: 1px solid @accent; border-radius: @r6; padding: @5 @14; font-weight: 600; }
QPushButton[look="primary"]:hover, QToolButton[look="primary"]:hover { background: @accentHover; border-color: @accentHover; }
QPushButton[look="primary"]:pressed, QToolButton[look="primary"]:pressed { background: @accentDown; }
QPushButton[look="primary"]:focus, QToolButton[look="primary"]:focus { border: 2px solid @text; padding: @4 @13; }
QPushButton[look="primary"]:disabled, QToolButton[look="primary"]:disabled {
  background: @surface2; color: @disabled; border-color: @border; }
QPushButton[look="link"], QToolButton[look="link"] {
  background: transparent; color: @accent; border: 1px solid transparent; border-radius: @4; padding: 1px @4; }
QPushButton[look="link"]:hover, QToolButton[look="link"]:hover { background: @accentSoft; }
QPushButton[look="link"]:focus, QToolButton[look="link"]:focus { border: 1px solid @accent; }
QPushButton[look="link"]:disabled, QToolButton[look="link"]:disabled { color: @disabled; }
QPushButton[look="muted-link"], QToolButton[look="muted-link"] {
  background: transparent; color: @muted; border: 1px solid transparent; border-radius: @4; padding: 1px @4; }
QPushButton[look="muted-link"]:hover, QToolButton[look="muted-link"]:hover { color: @text; background: @surface2; }
QPushButton[look="muted-link"]:focus, QToolButton[look="muted-link"]:focus { border: 1px solid @accent; }
QPushButton[look="flat"], QToolButton, QToolButton[look="flat"] {
  background: transparent; color: @text; border: 1px solid transparent; border-radius: @r6; padding: @4; }
QPushButton[look="flat"]:hover, QToolButton:hover, QToolButton[look="flat"]:hover { background: @surface2; }
QToolButton:pressed, QToolButton[look="flat"]:pressed { background: @border; }
QToolButton:focus, QPushButton[look="flat"]:focus { border: 1px solid @accent; }
QToolButton:checked { background: @accentSoft; color: @accent; }
QToolButton:disabled { color: @disabled; }
QToolButton[look="fold"] { color: @muted; border-radius: @4; padding: 1px @4 1px 0px; }
QToolButton[look="fold"]:checked { background: transparent; color: @muted; }
QToolButton[look="fold"]:hover { color: @text; background: @surface2; }
QToolButton[look="menu"] { color: @accent; border-radius: @4; padding: 1px 0px 1px @4; }
QToolButton[look="menu"]:hover { background: @accentSoft; }
QPushButton[look="danger"] { color: @error; }
QPushButton[look="danger"]:focus { border: 1px solid @error; }
QPushButton[look="pill"] {
  background: @surface2; color: @text; border: 1px solid @border; border-radius: @r6; padding: @4 @10; text-align: left; }
QPushButton[look="pill"]:hover { border-color: @muted; }
QPushButton[look="pill"]:focus { border: 1px solid @accent; }
QPushButton[look="field"] {
  background: @surface; color: @muted; border: 1px solid @border; border-radius: @r6; padding: @5 @10; text-align: left; }
QPushButton[look="field"]:hover { border-color: @muted; }
QPushButton[look="field"]:focus { border: 1px solid @accent; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
  background: @surface; border: 1px solid @border; border-radius: @r6;
  selection-background-color: @accent; selection-color: @onAccent; }
QLineEdit { padding: @5 @8; }
QSpinBox, QDoubleSpinBox { padding: @3 @6; }
QComboBox { padding: @4 @8; }
QPlainTextEdit, QTextEdit { padding: @4; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
  border: 1px solid @accent; }
QLineEdit[refused="true"], QSpinBox[refused="true"], QDoubleSpinBox[refused="true"], QPlainTextEdit[refused="true"] {
  border: 1px solid @error; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled { color: @disabled; }
QDoubleSpinBox[look="bare"] { background: transparent; border: 1px solid transparent; padding: 1px 0px 1px @4; }
QDoubleSpinBox[look="bare"]:hover { border: 1px solid @border; }
QDoubleSpinBox[look="bare"]:focus { border: 1px solid @accent; background: @surface; }
QLineEdit[look="bare"], QPlainTextEdit[look="bare"], QTextEdit[look="bare"] { background: transparent; border: none; padding: 0px; }
QComboBox::drop-down { border: none; width: @20; }
QComboBox::down-arrow { image: url(:/tessera/plain/chevron-down.svg); width: @12; height: @12; }
QComboBox QAbstractItemView { background: @surface; border: 1px solid @border; outline: none; padding: @4;
  selection-background-color: @accentSoft; selection-color: @text; }
QSpinBox::up-button, QDoubleSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::down-button {
  border: none; background: transparent; width: @16; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url(:/tessera/plain/chevron-up.svg); width: @10; height: @10; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url(:/tessera/plain/chevron-down.svg); width: @10; height: @10; }

QAbstractItemView { background: @surface; color: @text; border: none; alternate-background-color: @surface2;
  selection-background-color: @accentSoft; selection-color: @text; outline: none; }
QListView[look="field"] { border: 1px solid @border; border-radius: @r6; padding: @4; }
QListView[look="field"]:focus { border: 1px solid @accent; }
QTableView { gridline-color: @border; }
QTableView::item, QTreeView::item { border: none; border-bottom: 1px solid @border; padding: @4 @8; }
QTableView::item:selected, QTreeView::item:selected { background: @accentSoft; color: @text; }
QTableView::item:focus, QTreeView::item:focus { border-bottom: 1px solid @accent; }
QHeaderView { background: @surface; border: none; }
QHeaderView::section { background: @surface; color: @muted; border: none; border-bottom: 1px solid @border;
  padding: @5 @8; font-size: @pt8.5; font-weight: 600; }
QHeaderView::section:hover { color: @text; }
QHeaderView::up-arrow { image: url(:/tessera/plain/chevron-up.svg); width: @10; height: @10; }
QHeaderView::down-arrow { image: url(:/tessera/plain/chevron-down.svg); width: @10; height: @10; }
QTableCornerButton::section { background: @surface; border: none; }

QTabWidget::pane { border: none; border-top: 1px solid @border; }
QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: @muted; border: none; border-bottom: 2px solid transparent; padding: @6 @10; }
QTabBar::tab:selected { color: @text; border-bottom: 2px solid @accent; }
QTabBar::tab:hover { color: @text; }
QTabBar::tab:focus { color: @accent; }

QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget[look="inside"] { background: transparent; }
QScrollBar:vertical { background: transparent; width: @10; margin: 0px; }
QScrollBar:horizontal { background: transparent; height: @10; margin: 0px; }
QScrollBar::handle { background: @handle; border-radius: @r3; margin: 2px; }
QScrollBar::handle:vertical { min-height: @32; }
QScrollBar::handle:horizontal { min-width: @32; }
QScrollBar::handle:hover { background: @muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0px; height: 0px; border: none; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; border: none; }

QSlider { min-height: @16; }
QSlider::groove:horizontal { height: @4; background: @surface2; border-radius: @r2; }
QSlider::sub-page:horizontal { background: @accent; border-radius: @r2; }
QSlider::sub-page:horizontal:disabled { background: @border; }
QSlider::handle:horizontal { background: @accent; width: @10; height: @10; margin: -@3 0px; border-radius: @r5; }
QSlider::handle:horizontal:hover { background: @accentHover; }
QSlider:focus { border: 1px solid @accent; border-radius: @r6; }
QProgressBar { background: @surface2; border: none; border-radius: @r2; max-height: @5; min-height: @5; }
QProgressBar::chunk { background: @accent; border-radius: @r2; }

QMenuBar { background: @surface; color: @text; border-bottom: 1px solid @border; }
QMenuBar::item { padding: @4 @8; background: transparent; border-radius: @4; }
QMenuBar::item:selected { background: @surface2; }
QMenu { background: @surface; color: @text; border: 1px solid @border; padding: @4; }
QMenu::item { padding: @5 @24 @5 @12; border-radius: @4; }
QMenu::item:selected { background: @accentSoft; color: @text; }
QMenu::item:disabled { color: @disabled; }
QMenu::separator { height: 1px; background: @border; margin: @4 @8; }
QMenu::icon { padding-left: @8; }
QMenu::indicator { width: @14; height: @14; padding-left: @4; }
QCheckBox, QRadioButton { spacing: @6; background: transparent; }
QCheckBox[look="bare"] { spacing: 0px; }
QCheckBox::indicator { width: @14; height: @14; border: 1px solid @muted; border-radius: @r3; background: @surface; }
QCheckBox::indicator:hover { border: 1px solid @accent; }
QCheckBox::indicator:checked { background: @accent; border: 1px solid @accent; image: url(@check); }
QCheckBox:focus, QRadioButton:focus { color: @accent; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QGroupBox { border: 1px solid @border; border-radius: @r8; margin-top: @12; padding-top: @8; }
QGroupBox::title { subcontrol-origin: margin; left: @8; color: @muted; }
)";

QString hex(const QColor& color) {
    return color.name(QColor::HexRgb);
}

}  // namespace

QString styleSheetFor(const Tokens& t, double zoom) {
    const QHash<QString, QString> colors = {
        {QStringLiteral("background"), hex(t.background)},
        {QStringLiteral("surface"), hex(t.surface)},
        {QStringLiteral("surface2"), hex(t.surface2)},
        {QStringLiteral("border"), hex(t.border)},
        {QStringLiteral("text"), hex(t.text)},
        {QStringLiteral("muted"), hex(t.muted)},
        {QStringLiteral("accent"), hex(t.accent)},
        {QStringLiteral("accentSoft"), hex(t.accentSoft)},
        {QStringLiteral("onAccent"), hex(t.onAccent)},
        {QStringLiteral("accentHover"), hex(mixed(t.text, t.accent, 0.12))},
        {QStringLiteral("accentDown"), hex(mixed(t.text, t.accent, 0.24))},
        {QStringLiteral("warning"), hex(t.warning)},
        {QStringLiteral("warningSoft"), hex(t.warningSoft)},
        {QStringLiteral("error"), hex(t.error)},
        {QStringLiteral("errorSoft"), hex(t.errorSoft)},
        {QStringLiteral("disabled"), hex(mixed(t.muted, t.surface, 0.75))},
        {QStringLiteral("check"),
         t.dark ? QStringLiteral(":/tessera/plain/check-dark.svg") : QStringLiteral(":/tessera/plain/check-light.svg")},
        {QStringLiteral("handle"), hex(mixed(t.muted, t.surface, 0.45))},
    };
    static const QRegularExpression mark(QStringLiteral("@(pt|r)?([0-9]+(?:\\.[0-9]+)?|[a-zA-Z][a-zA-Z0-9]*)"));
    const QString sheet = QString::fromLatin1(Sheet);
    QString out;
    out.reserve(sheet.size() + sheet.size() / 4);
    qsizetype last = 0;
    for (auto it = mark.globalMatch(sheet); it.hasNext();) {
        const auto match = it.next();
        out += QStringView(sheet).mid(last, match.capturedStart() - last);
        const QString unit = match.captured(1), name = match.captured(2);
        if (!name.at(0).isDigit()) {
            // "@r..." and "@pt..." followed by a letter belong to the name of a colour.
            out += colors.value(unit + name);
        } else if (unit == QLatin1String("pt")) {
            out += QString::number(name.toDouble() * zoom, 'f', 1) + QStringLiteral("pt");
        } else if (unit == QLatin1String("r")) {
            // A radius of more than half the side makes a corner square.
            out += QString::number(static_cast<int>(name.toDouble() * zoom)) + QStringLiteral("px");
        } else {
            out += QString::number(qRound(name.toDouble() * zoom)) + QStringLiteral("px");
        }
        last = match.capturedEnd();
    }
    out += QStringView(sheet).mid(last);
    return out;
}

}  // namespace ui
