#include "engine/text/jinja_expression_parser.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace engine::jinja {

namespace {

// A chain such as a + b + c + ... is a tree as deep as it is long.
constexpr int MaxTreeDepth = 250;

}  // namespace

bool ExpressionParser::isOperator(std::string_view op) const {
    return current().type == TokenType::Operator && current().value == op;
}

void ExpressionParser::next() {
    if (m_at + 1 < m_tokens.size())
        ++m_at;
}

bool ExpressionParser::skipName(std::string_view name) {
    if (!isName(name))
        return false;
    next();
    return true;
}

bool ExpressionParser::skipOperator(std::string_view op) {
    if (!isOperator(op))
        return false;
    next();
    return true;
}

std::string ExpressionParser::describe() const {
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

void ExpressionParser::fail(std::string message) const {
    throw Failure{std::move(message), current().line, current().column};
}

void ExpressionParser::failExpected(std::string_view what) const {
    fail(fmt::format("expected {}, found {}", what, describe()));
}

void ExpressionParser::expectOperator(std::string_view op) {
    if (!skipOperator(op))
        failExpected(fmt::format("'{}'", op));
}

void ExpressionParser::expect(TokenType type, std::string_view what) {
    if (current().type != type)
        failExpected(what);
    next();
}

std::string ExpressionParser::expectIdentifier() {
    if (current().type != TokenType::Name)
        failExpected("a name");
    std::string name = current().value;
    next();
    return name;
}

NodePtr ExpressionParser::make(NodeKind kind, const Token& at) const {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->line = at.line;
    node->column = at.column;
    return node;
}

NodePtr ExpressionParser::finish(NodePtr node) const {
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

NodePtr ExpressionParser::unary(NodeKind kind, const Token& at, NodePtr a) const {
    NodePtr node = make(kind, at);
    node->a = std::move(a);
    return finish(std::move(node));
}

NodePtr ExpressionParser::binary(NodeKind kind, const Token& at, std::string text, NodePtr a, NodePtr b) const {
    NodePtr node = make(kind, at);
    node->text = std::move(text);
    node->a = std::move(a);
    node->b = std::move(b);
    return finish(std::move(node));
}

NodePtr ExpressionParser::expression() {
    Nested nested(*this);
    return conditional();
}

NodePtr ExpressionParser::tuple(bool withoutConditional) {
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

bool ExpressionParser::endsTuple() const {
    return current().type == TokenType::VariableEnd || current().type == TokenType::BlockEnd || isOperator(")");
}

NodePtr ExpressionParser::conditional() {
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

NodePtr ExpressionParser::disjunction() {
    const Token at = current();
    NodePtr left = conjunction();
    while (skipName("or"))
        left = binary(NodeKind::Or, at, "or", std::move(left), conjunction());
    return left;
}

NodePtr ExpressionParser::conjunction() {
    const Token at = current();
    NodePtr left = negation();
    while (skipName("and"))
        left = binary(NodeKind::And, at, "and", std::move(left), negation());
    return left;
}

NodePtr ExpressionParser::negation() {
    if (isName("not")) {
        Nested nested(*this);
        const Token at = current();
        next();
        return unary(NodeKind::Not, at, negation());
    }
    return comparison();
}

NodePtr ExpressionParser::comparison() {
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

NodePtr ExpressionParser::sum() {
    const Token at = current();
    NodePtr left = concat();
    while (isOperator("+") || isOperator("-")) {
        std::string op = current().value;
        next();
        left = binary(NodeKind::Binary, at, std::move(op), std::move(left), concat());
    }
    return left;
}

NodePtr ExpressionParser::concat() {
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

NodePtr ExpressionParser::product() {
    const Token at = current();
    NodePtr left = power();
    while (isOperator("*") || isOperator("/") || isOperator("//") || isOperator("%")) {
        std::string op = current().value;
        next();
        left = binary(NodeKind::Binary, at, std::move(op), std::move(left), power());
    }
    return left;
}

NodePtr ExpressionParser::power() {
    const Token at = current();
    NodePtr left = signedValue(true);
    while (skipOperator("**"))
        left = binary(NodeKind::Binary, at, "**", std::move(left), signedValue(true));
    return left;
}

NodePtr ExpressionParser::signedValue(bool withFilter) {
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

NodePtr ExpressionParser::primary() {
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

NodePtr ExpressionParser::postfix(NodePtr node) {
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

NodePtr ExpressionParser::subscript(const Token& at, NodePtr object) {
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

void ExpressionParser::callArguments(Node& node) {
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
        } else if (current().type == TokenType::Name && ahead().type == TokenType::Operator && ahead().value == "=") {
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

NodePtr ExpressionParser::call(NodePtr callee) {
    NodePtr node = make(NodeKind::CallExpr);
    node->a = std::move(callee);
    callArguments(*node);
    return finish(std::move(node));
}

std::string ExpressionParser::dottedName() {
    std::string name = expectIdentifier();
    while (skipOperator("."))
        name += "." + expectIdentifier();
    return name;
}

NodePtr ExpressionParser::filterChain(NodePtr node, bool startInline) {
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

NodePtr ExpressionParser::filtersAndTests(NodePtr node) {
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

NodePtr ExpressionParser::test(NodePtr value) {
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

bool ExpressionParser::startsTestArgument() const {
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

}  // namespace engine::jinja
