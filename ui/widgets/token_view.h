// The token view of a reply: every token tinted and underlined by its probability. A run of at most MaxTokens tokens is
// one piece, so that long replies are laid out where they are seen. UI thread.
#pragma once

#include <functional>

#include "app/values.h"
#include "ui/widgets/body_piece.h"

class QTextLayout;

namespace ui {

struct TokenStyle {
    QFont font;
    QColor text, heat, background, accent, muted;
    double unit = 1;
};

// How a token's probability is drawn: tint and line, so that colour is not alone. Below Strong the line is solid, below
// Medium dashed, below Slight dotted.
enum class Doubt { None, Slight, Medium, Strong };
Doubt doubtOf(double probability);  // 0.9, 0.5 and 0.2 are the steps

class TokenPiece : public BodyPiece {
  public:
    static constexpr int MaxTokens = 300;
    // Tokens [first, first + count) of `tokens`. `focused`: index of the token with the focus, or -1.
    TokenPiece(const app::TokenRecords& tokens, int first, int count, const TokenStyle& style, double width);
    ~TokenPiece() override;

    double height() const override { return m_height; }
    void paint(QPainter& painter, QPointF origin, const std::vector<markdown::Mark>& marks,
               const QRectF& clip) const override;
    int positionAt(QPointF point) const override;
    QRectF cursorRect(int position) const override;
    int tokenAt(QPointF point) const override;  // index into all tokens of the reply
    QRectF tokenRect(int token) const override;

    static QString text(const app::TokenRecords& tokens, int first, int count);
    void setFocusedToken(int token) { m_focused = token; }

  private:
    struct Range {
        int from, to;
        float probability;
    };
    void forEachRect(int from, int to, const std::function<void(const QRectF&)>& visit) const;
    std::unique_ptr<QTextLayout> m_layout;
    std::vector<Range> m_ranges;
    const TokenStyle& m_style;
    int m_first = 0, m_focused = -1;
    double m_height = 0, m_lineHeight = 0;
};

}  // namespace ui
