// Parses the expressions of the chat-template language; the parser of statements is built on it. One object per
// template.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "engine/text/jinja_ast.h"
#include "engine/text/jinja_lexer.h"

namespace engine::jinja {

class ExpressionParser {
  protected:
    ExpressionParser(std::string_view source, int maxDepth) : m_tokens(lex(source)), m_maxDepth(maxDepth) {}

    struct Nested {
        explicit Nested(ExpressionParser& p) : parser(p) {
            if (++parser.m_depth > parser.m_maxDepth)
                parser.fail(fmt::format("more than {} levels of nesting", parser.m_maxDepth));
        }
        ~Nested() { --parser.m_depth; }
        ExpressionParser& parser;
    };

    const Token& current() const { return m_tokens[m_at]; }
    const Token& ahead() const { return m_tokens[std::min(m_at + 1, m_tokens.size() - 1)]; }
    bool isName(std::string_view name) const { return current().type == TokenType::Name && current().value == name; }
    bool isOperator(std::string_view op) const;
    void next();
    bool skipName(std::string_view name);
    bool skipOperator(std::string_view op);

    std::string describe() const;
    [[noreturn]] void fail(std::string message) const;
    [[noreturn]] void failExpected(std::string_view what) const;

    void expectOperator(std::string_view op);
    void expect(TokenType type, std::string_view what);
    std::string expectIdentifier();

    NodePtr make(NodeKind kind, const Token& at) const;
    NodePtr make(NodeKind kind) const { return make(kind, current()); }

    // Gives the node its depth from its children.
    NodePtr finish(NodePtr node) const;
    NodePtr unary(NodeKind kind, const Token& at, NodePtr a) const;
    NodePtr binary(NodeKind kind, const Token& at, std::string text, NodePtr a, NodePtr b) const;

    NodePtr expression();
    // A comma makes a tuple. withoutConditional: an 'if' that follows belongs to the loop, not to the expression.
    NodePtr tuple(bool withoutConditional = false);
    bool endsTuple() const;
    NodePtr conditional();
    NodePtr disjunction();
    NodePtr conjunction();
    NodePtr negation();
    NodePtr comparison();
    NodePtr sum();
    NodePtr concat();
    NodePtr product();
    NodePtr power();
    NodePtr signedValue(bool withFilter);
    NodePtr primary();
    NodePtr postfix(NodePtr node);
    NodePtr subscript(const Token& at, NodePtr object);
    void callArguments(Node& node);
    NodePtr call(NodePtr callee);
    std::string dottedName();
    // "| name(args) | ...". `startInline`: the first filter has no bar (filter block).
    NodePtr filterChain(NodePtr node, bool startInline = false);
    NodePtr filtersAndTests(NodePtr node);
    NodePtr test(NodePtr value);
    bool startsTestArgument() const;

    std::vector<Token> m_tokens;
    size_t m_at = 0;
    int m_depth = 0;
    int m_maxDepth;
};

}  // namespace engine::jinja
