#include "ui/widgets/top_bar.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QToolButton>

#include "app/workbench.h"
#include "ui/icons.h"
#include "ui/theme.h"
#include "ui/widgets/model_selector.h"

namespace ui {

TopBar::TopBar(app::Workbench& workbench, const Theme& theme, QWidget* parent)
    : QFrame(parent), m_workbench(workbench), m_theme(theme) {
    setLook(this, "bar-top");
    setAccessibleName(tr("Top bar"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(space::M, 6, space::M, 6);
    row->setSpacing(space::M);
    m_menu = new QToolButton(this);
    m_menu->setIcon(appIcon());
    m_menu->setToolTip(tr("Menu (F10)"));
    m_menu->setAccessibleName(tr("Menu"));
    m_menu->setPopupMode(QToolButton::InstantPopup);
    row->addWidget(m_menu);
    m_model = new ModelButton(workbench, theme, this);
    row->addWidget(m_model);
    m_second = new QPushButton(tr("+ second model"), this);
    m_second->setToolTip(tr("Load another model beside the one in use"));
    m_second->setAccessibleName(tr("Load a second model"));
    row->addWidget(m_second);
    row->addStretch(1);
    // A button that looks like the field it opens: the palette has the real one.
    m_search = new QPushButton(this);
    setLook(m_search, "field");
    m_search->setAccessibleName(tr("Search chats, models, actions"));
    m_search->setToolTip(tr("Search chats, models, actions (Ctrl+K)"));
    auto* inner = new QHBoxLayout(m_search);
    inner->setContentsMargins(space::M, 0, space::M, 0);
    auto* hint = new QLabel(tr("Search chats, models, actions"), m_search);
    setLook(hint, "muted");
    auto* keys = new QLabel(QKeySequence(Qt::CTRL | Qt::Key_K).toString(QKeySequence::NativeText), m_search);
    setLook(keys, "small");
    hint->setObjectName(QStringLiteral("hint"));
    hint->setMinimumWidth(10);
    for (QLabel* label : {hint, keys})
        label->setAttribute(Qt::WA_TransparentForMouseEvents);
    inner->addWidget(hint, 1);
    inner->addWidget(keys);
    row->addWidget(m_search);
    m_themeButton = new QToolButton(this);
    m_themeButton->setIcon(icon(theme, QStringLiteral("theme")));
    m_themeButton->setAccessibleName(tr("Theme"));
    m_themeButton->setToolTip(tr("Light, dark, high contrast"));
    m_themeButton->setPopupMode(QToolButton::InstantPopup);
    setLook(m_themeButton, "ghost");
    row->addWidget(m_themeButton);
    const auto measure = [this] {
        const int side = m_theme.px(22);
        m_menu->setIconSize(QSize(side, side));
        m_themeButton->setIconSize(QSize(m_theme.px(16), m_theme.px(16)));
        m_search->setFixedHeight(m_theme.px(30));
        setFixedHeight(m_theme.px(30) + 14);
    };
    measure();
    connect(&theme, &Theme::changed, this, [this, measure] {
        measure();
        refresh();
    });
    connect(&workbench, &app::Workbench::loadedModelsChanged, this, &TopBar::refresh);
    refresh();
}

void TopBar::resizeEvent(QResizeEvent* event) {
    QFrame::resizeEvent(event);
    refresh();
}

void TopBar::refresh() {
    m_second->setVisible(!m_workbench.loadedModels().isEmpty() && width() > m_theme.px(900));
    const bool roomy = width() > m_theme.px(900);
    for (QLabel* label : m_search->findChildren<QLabel*>(QStringLiteral("hint")))
        label->setText(roomy ? tr("Search chats, models, actions") : tr("Search"));
    m_search->setFixedWidth(qBound(m_theme.px(140), width() - m_theme.px(720), m_theme.px(300)));
}

}  // namespace ui
