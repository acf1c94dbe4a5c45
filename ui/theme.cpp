#include "ui/theme.h"

#include <QApplication>
#include <QEvent>
#include <QFontDatabase>
#include <QStyle>
#include <QStyleFactory>
#include <QWidget>
#include <cmath>

#include "ui/system_scheme.h"

// The pictures are compiled into a static library, which a linker would otherwise leave out.
static void registerPictures() {
    Q_INIT_RESOURCE(resources);
}

namespace ui {

Tokens lightTokens() {
    Tokens t;
    t.background = QColor(0xF4F6F8), t.surface = QColor(0xFFFFFF), t.surface2 = QColor(0xEDF0F4);
    t.border = QColor(0xD7DCE3), t.text = QColor(0x1A2230), t.muted = QColor(0x5B6676);
    t.accent = QColor(0x0F766E), t.accentSoft = QColor(0xD9EFEC), t.onAccent = QColor(0xFFFFFF);
    t.warning = QColor(0xA84C08), t.warningSoft = QColor(0xFDF0DC);
    t.error = QColor(0xB42318), t.errorSoft = QColor(0xFDE8E6);
    t.series = {QColor(0x0072B2), QColor(0xE69F00), QColor(0x009E73),
                QColor(0xCC79A7), QColor(0x56B4E9), QColor(0xD55E00)};
    return t;
}

Tokens darkTokens() {
    Tokens t;
    t.background = QColor(0x12161D), t.surface = QColor(0x1A2029), t.surface2 = QColor(0x232B36);
    t.border = QColor(0x333D4B), t.text = QColor(0xE5EAF1), t.muted = QColor(0x98A4B5);
    t.accent = QColor(0x2BB3A6), t.accentSoft = QColor(0x173A3A), t.onAccent = QColor(0x06201E);
    t.warning = QColor(0xF0B35A), t.warningSoft = QColor(0x3A2D17);
    t.error = QColor(0xFB7B71), t.errorSoft = QColor(0x3A1C1C);
    t.series = {QColor(0x4AA3DF), QColor(0xF0B63C), QColor(0x35C08F),
                QColor(0xDE96BF), QColor(0x7CC8F2), QColor(0xF28A4B)};
    t.dark = true;
    return t;
}

Tokens highContrastTokens() {
    Tokens t;
    t.background = QColor(0x000000u), t.surface = QColor(0x000000u), t.surface2 = QColor(0x1A1A1A);
    t.border = QColor(0xB8B8B8), t.text = QColor(0xFFFFFF), t.muted = QColor(0xDADADA);
    t.accent = QColor(0xFFD84D), t.accentSoft = QColor(0x33300A), t.onAccent = QColor(0x000000u);
    t.warning = QColor(0xFFC266), t.warningSoft = QColor(0x2B1D00);
    t.error = QColor(0xFF9C94), t.errorSoft = QColor(0x330A08);
    t.series = {QColor(0x6FC3FF), QColor(0xFFC94D), QColor(0x4DE0AE),
                QColor(0xF2B0D3), QColor(0xA6DCFF), QColor(0xFFA873)};
    t.dark = true, t.highContrast = true;
    return t;
}

namespace {

double luminance(const QColor& color) {
    const auto linear = [](double c) { return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

}  // namespace

double contrastRatio(const QColor& a, const QColor& b) {
    const double la = luminance(a), lb = luminance(b);
    return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

QColor mixed(const QColor& top, const QColor& under, double share) {
    const double s = qBound(0.0, share, 1.0);
    return QColor::fromRgbF(static_cast<float>(top.redF() * s + under.redF() * (1 - s)),
                            static_cast<float>(top.greenF() * s + under.greenF() * (1 - s)),
                            static_cast<float>(top.blueF() * s + under.blueF() * (1 - s)));
}

Theme::Theme(app::Settings& settings, QApplication& app) : m_settings(settings), m_app(app) {
    registerPictures();
    m_systemFont = QFontDatabase::systemFont(QFontDatabase::GeneralFont);
    m_monoFont = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    connect(&settings, &app::Settings::themeChanged, this, [this] { refresh(); });
    connect(&settings, &app::Settings::changed, this, [this](const QString& name) {
        if (name.contains(QLatin1String("zoom"), Qt::CaseInsensitive) ||
            name.contains(QLatin1String("motion"), Qt::CaseInsensitive))
            refresh();
    });
    app.setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    app.installEventFilter(this);
    refresh();
}

Theme::~Theme() = default;

void Theme::refresh() {
    if (m_applying)
        return;
    m_applying = true;
    const SystemScheme system = readSystemScheme(m_app);
    m_applying = false;
    m_systemDark = system.dark;
    m_systemContrast = system.highContrast;
    m_zoom = qBound(0.5, m_settings.zoomPercent() / 100.0, 3.0);
    switch (m_settings.theme()) {
        case app::Settings::Theme::Light:
            m_tokens = lightTokens();
            break;
        case app::Settings::Theme::Dark:
            m_tokens = darkTokens();
            break;
        case app::Settings::Theme::HighContrast:
            m_tokens = highContrastTokens();
            break;
        case app::Settings::Theme::System:
            m_tokens = m_systemContrast ? highContrastTokens() : m_systemDark ? darkTokens() : lightTokens();
            break;
    }
    apply();
}

void Theme::apply() {
    m_applying = true;
    for (size_t i = 0; i < m_fonts.size(); ++i)
        m_fonts[i] = makeFont(static_cast<Type>(i));
    m_app.setFont(m_fonts[static_cast<size_t>(Type::Body)]);
    m_app.setPalette(paletteFor(m_tokens));
    m_app.setStyleSheet(styleSheetFor(m_tokens, m_zoom));
    m_applying = false;
    m_applied = true;
    emit changed();
}

bool Theme::eventFilter(QObject* watched, QEvent* event) {
    // The desktop switched its scheme: delivered to windows as ThemeChange.
    if (event->type() == QEvent::ThemeChange && m_applied && !m_applying && watched->isWidgetType() &&
        static_cast<QWidget*>(watched)->isWindow() && m_settings.theme() == app::Settings::Theme::System)
        QMetaObject::invokeMethod(this, &Theme::refresh, Qt::QueuedConnection);
    return QObject::eventFilter(watched, event);
}

QFont Theme::font(Type type) const {
    return m_fonts[static_cast<size_t>(type)];
}

QFont Theme::makeFont(Type type) const {
    const bool mono = type == Type::Mono || type == Type::MonoSmall;
    QFont font = mono ? m_monoFont : m_systemFont;
    double points = 10;
    QFont::Weight weight = QFont::Normal;
    switch (type) {
        case Type::Body:
            break;
        case Type::Strong:
            weight = QFont::DemiBold;
            break;
        case Type::Small:
            points = 9;
            break;
        case Type::SmallStrong:
            points = 9, weight = QFont::DemiBold;
            break;
        case Type::Caption:
            points = 8.5, weight = QFont::DemiBold;
            break;
        case Type::Tiny:
            points = 8;
            break;
        case Type::Mono:
            points = 9.5;
            break;
        case Type::MonoSmall:
            points = 8.5;
            break;
        case Type::Title:
            points = 13, weight = QFont::DemiBold;
            break;
    }
    font.setPointSizeF(points * m_zoom);
    font.setWeight(weight);
    if (mono)
        font.setStyleHint(QFont::Monospace);
    return font;
}

int Theme::motionMs() const {
    return m_settings.reduceMotion() ? 0 : motion::Ms;
}

void setLook(QWidget* widget, const char* look) {
    const QString wanted = QString::fromLatin1(look);
    if (widget->property("look").toString() == wanted)
        return;
    widget->setProperty("look", wanted);
    // A stylesheet reads properties while it polishes: what was never polished will see it by itself.
    if (!widget->testAttribute(Qt::WA_WState_Polished))
        return;
    widget->style()->unpolish(widget);
    widget->style()->polish(widget);
    widget->update();
}

QPalette paletteFor(const Tokens& t) {
    QPalette p;
    const auto set = [&p](QPalette::ColorRole role, const QColor& color) { p.setColor(role, color); };
    set(QPalette::Window, t.background);
    set(QPalette::WindowText, t.text);
    set(QPalette::Base, t.surface);
    set(QPalette::AlternateBase, t.surface2);
    set(QPalette::Text, t.text);
    set(QPalette::PlaceholderText, t.muted);
    set(QPalette::Button, t.surface);
    set(QPalette::ButtonText, t.text);
    set(QPalette::BrightText, t.error);
    set(QPalette::ToolTipBase, t.surface2);
    set(QPalette::ToolTipText, t.text);
    set(QPalette::Highlight, t.accent);
    set(QPalette::HighlightedText, t.onAccent);
    set(QPalette::Link, t.accent);
    set(QPalette::LinkVisited, t.accent);
    set(QPalette::Light, t.surface2);
    set(QPalette::Midlight, t.surface2);
    set(QPalette::Mid, t.border);
    set(QPalette::Dark, t.border);
    set(QPalette::Shadow, QColor(0, 0, 0, 60));
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        p.setColor(QPalette::Disabled, role, mixed(t.muted, t.surface, 0.75));
    p.setColor(QPalette::Disabled, QPalette::Highlight, t.border);
    p.setColor(QPalette::Disabled, QPalette::HighlightedText, t.muted);
    return p;
}

}  // namespace ui
