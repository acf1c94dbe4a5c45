#include "engine/text/jinja_parser.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "engine/text/jinja_lexer.h"

namespace engine::jinja {

namespace {

// A chain such as a + b + c + ... is a tree as deep as it is long.
constexpr int MaxTreeDepth = 250;

class Parser {
  public:
    Parser(std::string_view source, int maxDepth) : m_tokens(lex(source)), m_maxDepth(maxDepth) {}

    NodePtr run() {
        NodePtr body = statements({});
        return body;
    }

  private:
    struct Nested {
        explicit Nested(Parser& p) : parser(p) {
            if (++parser.m_depth > parser.m_maxDepth)
                parser.fail(fmt::format("more than {} levels of nesting", parser.m_maxDepth));
        }
        ~Nested() { --parser.m_depth; }
        Parser& parser;
    };

    const Token& current() const { return m_tokens[m_at]; }
    const Token& ahead() const { return m_tokens[std::min(m_at + 1, m_tokens.size() - 1)]; }
    bool isName(std::string_view name) const { return current().type == TokenType::Name && current().value == name; }
    bool isOperator(std::string_view op) const {
        return current().type == TokenType::Operator && current().value == op;
    }
    void next() {
        if (m_at + 1 < m_tokens.size())
            ++m_at;
    }
    bool skipName(std::string_view name) {
        if (!isName(name))
            return false;
        next();
        return true;
    }
    bool skipOperator(std::string_view op) {
        if (!isOperator(op))
            return false;
        next();
        return true;
    }

    std::string describe() const {
        switch (current().type) {
            case TokenType::End:
                return "the end of the template";
            case TokenType::BlockEnd:
                return "'%}'";
            case TokenType::VariableEnd:
                return "'}}'";
            case TokenType::Text:
                return "text";
            case TokenType::String:
                return fmt::format("the string '{}'", current().value.substr(0, 40));
            default:
                return fmt::format("'{}'", current().value.substr(0, 40));
        }
    }
    [[noreturn]] void fail(std::string message) const {
        throw Failure{std::move(message), current().line, current().column};
    }
    [[noreturn]] void failExpected(std::string_view what) const {
        fail(fmt::format("expected {}, found {}", what, describe()));
    }

    void expectOperator(std::string_view op) {
        if (!skipOperator(op))
            failExpected(fmt::format("'{}'", op));
    }
    void expect(TokenType type, std::string_view what) {
        if (current().type != type)
            failExpected(what);
        next();
    }
    std::string expectIdentifier() {
        if (current().type != TokenType::Name)
            failExpected("a name");
        std::string name = current().value;
        next();
        return name;
    }

    NodePtr make(NodeKind kind, const Token& at) const {
        auto node = std::make_unique<Node>();
        node->kind = kind;
        node->line = at.line;
        node->column = at.column;
        return node;
    }
    NodePtr make(NodeKind kind) const { return make(kind, current()); }

    // Gives the node its depth from its children.
    NodePtr finish(NodePtr node) const {
        int depth = 0;
        const auto see = [&](const NodePtr& child) {
            if (child)
                depth = std::max(depth, child->depth);
        };
        see(node->a);
        see(node->b);
        see(node->c);
        for (const NodePtr& item : node->items)
            see(item);
        for (const Argument& argument : node->arguments)
            see(argument.value);
        node->depth = depth + 1;
        if (node->depth > MaxTreeDepth)
            throw Failure{fmt::format("an expression of more than {} levels", MaxTreeDepth), node->line, node->column};
        return node;
    }
    NodePtr unary(NodeKind kind, const Token& at, NodePtr a) const {
        NodePtr node = make(kind, at);
        node->a = std::move(a);
        return finish(std::move(node));
    }
    NodePtr binary(NodeKind kind, const Token& at, std::string text, NodePtr a, NodePtr b) const {
        NodePtr node = make(kind, at);
        node->text = std::move(text);
        node->a = std::move(a);
        node->b = std::move(b);
        return finish(std::move(node));
    }

    // Statements
    // ---------------------------------------------------------------------------------------------------------

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

    // Expressions
    // --------------------------------------------------------------------------------------------------------

    NodePtr expression() {
        Nested nested(*this);
        return conditional();
    }

    // A comma makes a tuple. withoutConditional: an 'if' that follows belongs to the loop, not to the expression.
    NodePtr tuple(bool withoutConditional = false) {
        Nested nested(*this);
        const Token at = current();
        const auto parseOne = [&]() -> NodePtr { return withoutConditional ? disjunction() : conditional(); };
        NodePtr first = parseOne();
        if (!isOperator(","))
            return first;
        NodePtr node = make(NodeKind::TupleLiteral, at);
        node->items.push_back(std::move(first));
        while (skipOperator(",")) {
            if (endsTuple())
                break;
            node->items.push_back(parseOne());
        }
        return finish(std::move(node));
    }
    bool endsTuple() const {
        return current().type == TokenType::VariableEnd || current().type == TokenType::BlockEnd || isOperator(")");
    }

    NodePtr conditional() {
        const Token at = current();
        NodePtr value = disjunction();
        while (skipName("if")) {
            NodePtr node = make(NodeKind::Conditional, at);
            node->a = std::move(value);
            node->b = disjunction();
            if (skipName("else")) {
                Nested nested(*this);
                node->c = conditional();
            }
            value = finish(std::move(node));
        }
        return value;
    }
    NodePtr disjunction() {
        const Token at = current();
        NodePtr left = conjunction();
        while (skipName("or"))
            left = binary(NodeKind::Or, at, "or", std::move(left), conjunction());
        return left;
    }
    NodePtr conjunction() {
        const Token at = current();
        NodePtr left = negation();
        while (skipName("and"))
            left = binary(NodeKind::And, at, "and", std::move(left), negation());
        return left;
    }
    NodePtr negation() {
        if (isName("not")) {
            Nested nested(*this);
            const Token at = current();
            next();
            return unary(NodeKind::Not, at, negation());
        }
        return comparison();
    }
    NodePtr comparison() {
        const Token at = current();
        NodePtr left = sum();
        NodePtr node;
        while (true) {
            std::string op;
            static constexpr std::array<std::string_view, 6> operators = {"==", "!=", "<", ">", "<=", ">="};
            if (current().type == TokenType::Operator &&
                std::find(operators.begin(), operators.end(), current().value) != operators.end())
                op = current().value;
            else if (isName("in"))
                op = "in";
            else if (isName("not") && ahead().type == TokenType::Name && ahead().value == "in") {
                next();
                op = "not in";
            } else {
                break;
            }
            next();
            if (!node) {
                node = make(NodeKind::Compare, at);
                node->a = std::move(left);
            }
            node->operators.push_back(std::move(op));
            node->items.push_back(sum());
        }
        return node ? finish(std::move(node)) : std::move(left);
    }
    NodePtr sum() {
        const Token at = current();
        NodePtr left = concat();
        while (isOperator("+") || isOperator("-")) {
            std::string op = current().value;
            next();
            left = binary(NodeKind::Binary, at, std::move(op), std::move(left), concat());
        }
        return left;
    }
    NodePtr concat() {
        const Token at = current();
        NodePtr first = product();
        if (!isOperator("~"))
            return first;
        NodePtr node = make(NodeKind::Concat, at);
        node->items.push_back(std::move(first));
        while (skipOperator("~"))
            node->items.push_back(product());
        return finish(std::move(node));
    }
    NodePtr product() {
        const Token at = current();
        NodePtr left = power();
        while (isOperator("*") || isOperator("/") || isOperator("//") || isOperator("%")) {
            std::string op = current().value;
            next();
            left = binary(NodeKind::Binary, at, std::move(op), std::move(left), power());
        }
        return left;
    }
    NodePtr power() {
        const Token at = current();
        NodePtr left = signedValue(true);
        while (skipOperator("**"))
            left = binary(NodeKind::Binary, at, "**", std::move(left), signedValue(true));
        return left;
    }
    NodePtr signedValue(bool withFilter) {
        const Token at = current();
        NodePtr node;
        if (isOperator("-") || isOperator("+")) {
            Nested nested(*this);
            const NodeKind kind = isOperator("-") ? NodeKind::Negate : NodeKind::Plus;
            next();
            node = unary(kind, at, signedValue(false));
        } else {
            node = primary();
        }
        node = postfix(std::move(node));
        return withFilter ? filtersAndTests(std::move(node)) : std::move(node);
    }

    NodePtr primary() {
        const Token at = current();
        switch (at.type) {
            case TokenType::Name: {
                next();
                NodePtr node = make(NodeKind::Name, at);
                if (at.value == "true" || at.value == "True" || at.value == "false" || at.value == "False") {
                    node->kind = NodeKind::ConstBool;
                    node->flag = at.value == "true" || at.value == "True";
                } else if (at.value == "none" || at.value == "None") {
                    node->kind = NodeKind::ConstNone;
                } else {
                    node->text = at.value;
                }
                return node;
            }
            case TokenType::String: {
                NodePtr node = make(NodeKind::ConstString);
                while (current().type == TokenType::String) {
                    node->text += current().value;
                    next();
                }
                return node;
            }
            case TokenType::Integer: {
                NodePtr node = make(NodeKind::ConstInt);
                node->integer = at.integer;
                next();
                return node;
            }
            case TokenType::Float: {
                NodePtr node = make(NodeKind::ConstFloat);
                node->floating = at.floating;
                next();
                return node;
            }
            default:
                break;
        }
        if (skipOperator("(")) {
            Nested nested(*this);
            if (skipOperator(")"))
                return make(NodeKind::TupleLiteral, at);
            NodePtr inner = tuple();
            expectOperator(")");
            return inner;
        }
        if (skipOperator("[")) {
            NodePtr node = make(NodeKind::ListLiteral, at);
            while (!isOperator("]")) {
                if (!node->items.empty())
                    expectOperator(",");
                if (isOperator("]"))
                    break;
                node->items.push_back(expression());
            }
            next();
            return finish(std::move(node));
        }
        if (skipOperator("{")) {
            NodePtr node = make(NodeKind::DictLiteral, at);
            while (!isOperator("}")) {
                if (!node->items.empty())
                    expectOperator(",");
                if (isOperator("}"))
                    break;
                node->items.push_back(expression());
                expectOperator(":");
                node->items.push_back(expression());
            }
            next();
            return finish(std::move(node));
        }
        failExpected("an expression");
    }

    NodePtr postfix(NodePtr node) {
        while (true) {
            const Token at = current();
            if (skipOperator(".")) {
                NodePtr attribute = make(NodeKind::Attribute, at);
                attribute->a = std::move(node);
                if (current().type == TokenType::Integer) {
                    attribute->kind = NodeKind::Subscript;
                    attribute->b = primary();
                } else {
                    attribute->text = expectIdentifier();
                }
                node = finish(std::move(attribute));
            } else if (skipOperator("[")) {
                node = subscript(at, std::move(node));
            } else if (isOperator("(")) {
                node = call(std::move(node));
            } else {
                return node;
            }
        }
    }

    NodePtr subscript(const Token& at, NodePtr object) {
        NodePtr node = make(NodeKind::Subscript, at);
        node->a = std::move(object);
        std::array<NodePtr, 3> parts;
        size_t colons = 0;
        while (!isOperator("]")) {
            if (skipOperator(":")) {
                if (++colons > 2)
                    fail("a slice has at most three parts");
            } else {
                if (parts[colons])
                    failExpected("']'");
                parts[colons] = expression();
            }
        }
        next();
        if (colons == 0) {
            if (!parts[0])
                fail("a subscript is empty");
            node->b = std::move(parts[0]);
        } else {
            node->kind = NodeKind::Slice;
            for (NodePtr& part : parts)
                node->items.push_back(std::move(part));
        }
        return finish(std::move(node));
    }

    void callArguments(Node& node) {
        expectOperator("(");
        while (!isOperator(")")) {
            if (!node.arguments.empty())
                expectOperator(",");
            if (isOperator(")"))
                break;
            Argument argument;
            if (skipOperator("**")) {
                argument.kind = Argument::Kind::StarStar;
            } else if (skipOperator("*")) {
                argument.kind = Argument::Kind::Star;
            } else if (current().type == TokenType::Name && ahead().type == TokenType::Operator &&
                       ahead().value == "=") {
                argument.kind = Argument::Kind::Keyword;
                argument.name = expectIdentifier();
                next();
            } else if (!node.arguments.empty() && node.arguments.back().kind != Argument::Kind::Positional &&
                       node.arguments.back().kind != Argument::Kind::Star) {
                fail("a positional argument follows a named one");
            }
            argument.value = expression();
            node.arguments.push_back(std::move(argument));
        }
        next();
    }
    NodePtr call(NodePtr callee) {
        NodePtr node = make(NodeKind::CallExpr);
        node->a = std::move(callee);
        callArguments(*node);
        return finish(std::move(node));
    }

    std::string dottedName() {
        std::string name = expectIdentifier();
        while (skipOperator("."))
            name += "." + expectIdentifier();
        return name;
    }

    // "| name(args) | ...". `startInline`: the first filter has no bar (filter block).
    NodePtr filterChain(NodePtr node, bool startInline = false) {
        while (startInline || isOperator("|")) {
            if (!startInline)
                next();
            startInline = false;
            NodePtr filter = make(NodeKind::Filter);
            filter->text = dottedName();
            filter->a = std::move(node);
            if (isOperator("("))
                callArguments(*filter);
            node = finish(std::move(filter));
        }
        return node;
    }

    NodePtr filtersAndTests(NodePtr node) {
        while (true) {
            if (isOperator("|")) {
                node = filterChain(std::move(node));
            } else if (isName("is")) {
                node = test(std::move(node));
            } else if (isOperator("(")) {
                node = call(std::move(node));
            } else {
                return node;
            }
        }
    }

    NodePtr test(NodePtr value) {
        const Token at = current();
        next();
        const bool negated = skipName("not");
        NodePtr node = make(NodeKind::Test, at);
        node->a = std::move(value);
        node->text = dottedName();
        if (isOperator("(")) {
            callArguments(*node);
        } else if (startsTestArgument()) {
            Argument argument;
            argument.value = postfix(primary());
            node->arguments.push_back(std::move(argument));
        }
        node = finish(std::move(node));
        return negated ? unary(NodeKind::Not, at, std::move(node)) : std::move(node);
    }
    bool startsTestArgument() const {
        switch (current().type) {
            case TokenType::String:
            case TokenType::Integer:
            case TokenType::Float:
                return true;
            case TokenType::Operator:
                return isOperator("[") || isOperator("{");
            case TokenType::Name: {
                if (isName("is"))
                    fail("tests cannot be chained with 'is'");
                static constexpr std::array<std::string_view, 7> others = {"else", "or", "and",      "if",
                                                                           "not",  "in", "recursive"};
                return std::find(others.begin(), others.end(), current().value) == others.end();
            }
            default:
                return false;
        }
    }

    std::vector<Token> m_tokens;
    size_t m_at = 0;
    int m_depth = 0;
    int m_maxDepth;
    int m_loops = 0;
};

}  // namespace

NodePtr parse(std::string_view source, int maxDepth) {
    return Parser(source, maxDepth).run();
}

}  // namespace engine::jinja
