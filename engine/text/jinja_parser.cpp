#include "engine/text/jinja_parser.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "engine/text/jinja_expression_parser.h"

namespace engine::jinja {

namespace {

class Parser : ExpressionParser {
  public:
    Parser(std::string_view source, int maxDepth) : ExpressionParser(source, maxDepth) {}

    NodePtr run() { return statements({}); }

  private:
    // Up to a block that begins with one of `ends` (its name is left as the current token), or the end of the template.
    NodePtr statements(std::initializer_list<std::string_view> ends) {
        Nested nested(*this);
        NodePtr body = make(NodeKind::Block);
        while (true) {
            const Token& token = current();
            if (token.type == TokenType::End) {
                if (ends.size() != 0)
                    fail(fmt::format("the template ends before '{}'", *(ends.end() - 1)));
                return finish(std::move(body));
            }
            if (token.type == TokenType::Text) {
                NodePtr text = make(NodeKind::RawText);
                text->text = token.value;
                body->items.push_back(std::move(text));
                next();
            } else if (token.type == TokenType::VariableBegin) {
                next();
                NodePtr output = make(NodeKind::Output);
                output->a = tuple();
                expect(TokenType::VariableEnd, "'}}'");
                body->items.push_back(finish(std::move(output)));
            } else {
                expect(TokenType::BlockBegin, "a block");
                if (current().type != TokenType::Name)
                    failExpected("the name of a block");
                if (std::find(ends.begin(), ends.end(), current().value) != ends.end())
                    return finish(std::move(body));
                body->items.push_back(statement());
            }
        }
    }
    void endBlock(std::string_view name) {
        if (!skipName(name))
            failExpected(fmt::format("'{}'", name));
        expect(TokenType::BlockEnd, "'%}'");
    }
    void blockEnd() { expect(TokenType::BlockEnd, "'%}'"); }

    NodePtr statement() {
        struct Entry {
            std::string_view name;
            NodePtr (Parser::*parse)();
        };
        static constexpr std::array entries = {
            Entry{"if", &Parser::ifStatement},
            Entry{"for", &Parser::forStatement},
            Entry{"set", &Parser::setStatement},
            Entry{"macro", &Parser::macroStatement},
            Entry{"call", &Parser::callStatement},
            Entry{"filter", &Parser::filterStatement},
            Entry{"with", &Parser::withStatement},
            Entry{"generation", &Parser::generationStatement},
            Entry{"break", &Parser::breakStatement},
            Entry{"continue", &Parser::breakStatement},
            Entry{"block", &Parser::blockStatement},
            Entry{"print", &Parser::printStatement},
            Entry{"autoescape", &Parser::autoescapeStatement},
        };
        for (const Entry& entry : entries)
            if (isName(entry.name))
                return (this->*entry.parse)();
        const std::string& name = current().value;
        if (name == "include" || name == "import" || name == "from" || name == "extends")
            fail(fmt::format("'{}' is not available: a chat template stands alone", name));
        fail(fmt::format("unknown block '{}'", name.substr(0, 60)));
    }

    NodePtr ifStatement() {
        NodePtr node = make(NodeKind::If);
        next();
        while (true) {
            node->items.push_back(tuple(true));
            blockEnd();
            node->items.push_back(statements({"elif", "else", "endif"}));
            if (skipName("elif"))
                continue;
            if (skipName("else")) {
                blockEnd();
                node->items.push_back(statements({"endif"}));
            }
            endBlock("endif");
            return finish(std::move(node));
        }
    }

    NodePtr forStatement() {
        NodePtr node = make(NodeKind::For);
        next();
        node->a = target(false);
        if (!skipName("in"))
            failExpected("'in'");
        node->b = tuple(true);
        if (skipName("if"))
            node->c = expression();
        node->flag = skipName("recursive");
        blockEnd();
        ++m_loops;
        node->items.push_back(statements({"else", "endfor"}));
        --m_loops;
        if (skipName("else")) {
            blockEnd();
            node->items.push_back(statements({"endfor"}));
        }
        endBlock("endfor");
        return finish(std::move(node));
    }

    NodePtr breakStatement() {
        NodePtr node = make(isName("break") ? NodeKind::Break : NodeKind::Continue);
        if (m_loops == 0)
            fail(fmt::format("'{}' outside a loop", current().value));
        next();
        blockEnd();
        return node;
    }

    NodePtr setStatement() {
        NodePtr node = make(NodeKind::Set);
        next();
        node->a = target(true);
        if (skipOperator("=")) {
            node->b = tuple();
            blockEnd();
            return finish(std::move(node));
        }
        node->kind = NodeKind::SetBlock;
        if (isOperator("|"))
            node->b = filterChain(nullptr);
        blockEnd();
        node->items.push_back(statements({"endset"}));
        endBlock("endset");
        return finish(std::move(node));
    }

    void signature(Node& node) {
        expectOperator("(");
        while (!isOperator(")")) {
            if (!node.arguments.empty())
                expectOperator(",");
            if (isOperator(")"))
                break;
            Argument parameter;
            parameter.name = expectIdentifier();
            if (skipOperator("="))
                parameter.value = expression();
            else if (!node.arguments.empty() && node.arguments.back().value)
                fail("a parameter without a default follows one with a default");
            node.arguments.push_back(std::move(parameter));
        }
        expectOperator(")");
    }

    NodePtr macroStatement() {
        NodePtr node = make(NodeKind::Macro);
        next();
        node->text = expectIdentifier();
        signature(*node);
        blockEnd();
        const int loops = std::exchange(m_loops, 0);
        node->items.push_back(statements({"endmacro"}));
        m_loops = loops;
        endBlock("endmacro");
        return finish(std::move(node));
    }

    NodePtr callStatement() {
        NodePtr node = make(NodeKind::CallBlock);
        next();
        if (isOperator("("))
            signature(*node);
        node->a = expression();
        if (node->a->kind != NodeKind::CallExpr)
            fail("expected a call");
        blockEnd();
        const int loops = std::exchange(m_loops, 0);
        node->items.push_back(statements({"endcall"}));
        m_loops = loops;
        endBlock("endcall");
        return finish(std::move(node));
    }

    NodePtr filterStatement() {
        NodePtr node = make(NodeKind::FilterBlock);
        next();
        node->a = filterChain(nullptr, true);
        blockEnd();
        node->items.push_back(statements({"endfilter"}));
        endBlock("endfilter");
        return finish(std::move(node));
    }

    NodePtr withStatement() {
        NodePtr node = make(NodeKind::With);
        next();
        while (current().type != TokenType::BlockEnd) {
            if (!node->arguments.empty())
                expectOperator(",");
            Argument assignment;
            assignment.name = expectIdentifier();
            expectOperator("=");
            assignment.value = expression();
            node->arguments.push_back(std::move(assignment));
        }
        blockEnd();
        node->items.push_back(statements({"endwith"}));
        endBlock("endwith");
        return finish(std::move(node));
    }

    // {% generation %} marks what the model wrote, for training; here it is only its body.
    NodePtr generationStatement() { return plainBody("endgeneration"); }
    NodePtr autoescapeStatement() {
        next();
        NodePtr flag = expression();
        blockEnd();
        NodePtr body = statements({"endautoescape"});
        endBlock("endautoescape");
        return body;
    }
    NodePtr blockStatement() {
        next();
        expectIdentifier();
        blockEnd();
        NodePtr body = statements({"endblock"});
        next();
        if (current().type == TokenType::Name)
            next();
        blockEnd();
        return body;
    }
    NodePtr plainBody(std::string_view end) {
        next();
        blockEnd();
        NodePtr body = statements({end});
        endBlock(end);
        return body;
    }
    NodePtr printStatement() {
        NodePtr output = make(NodeKind::Output);
        next();
        output->a = tuple();
        blockEnd();
        return finish(std::move(output));
    }

    NodePtr target(bool allowNamespace) {
        const auto one = [&]() -> NodePtr {
            if (skipOperator("(")) {
                Nested nested(*this);
                NodePtr inner = target(false);
                expectOperator(")");
                return inner;
            }
            NodePtr name = make(NodeKind::Name);
            name->text = expectIdentifier();
            static constexpr std::array<std::string_view, 9> reserved = {"true", "false", "none", "True", "False",
                                                                         "None", "not",   "and",  "or"};
            if (std::find(reserved.begin(), reserved.end(), name->text) != reserved.end())
                fail(fmt::format("cannot assign to '{}'", name->text));
            if (allowNamespace && skipOperator(".")) {
                NodePtr ns = make(NodeKind::NamespaceTarget);
                ns->a = std::move(name);
                ns->text = expectIdentifier();
                return finish(std::move(ns));
            }
            return name;
        };
        NodePtr first = one();
        if (!isOperator(","))
            return first;
        NodePtr list = make(NodeKind::TupleLiteral);
        list->items.push_back(std::move(first));
        while (skipOperator(",")) {
            if (current().type != TokenType::Name && !isOperator("("))
                break;
            if (isName("in"))
                break;
            list->items.push_back(one());
        }
        return finish(std::move(list));
    }

    int m_loops = 0;
};

}  // namespace

NodePtr parse(std::string_view source, int maxDepth) {
    return Parser(source, maxDepth).run();
}

}  // namespace engine::jinja
