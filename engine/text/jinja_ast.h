// The syntax tree of a chat template. Immutable after parsing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/text/jinja_value.h"

namespace engine::jinja {

enum class NodeKind : uint8_t {
    // expressions
    ConstNone,
    ConstBool,
    ConstInt,
    ConstFloat,
    ConstString,
    Name,
    ListLiteral,
    TupleLiteral,
    DictLiteral,
    Attribute,  // a.text
    Subscript,  // a[b]
    Slice,      // a[b:c:d], absent parts null
    CallExpr,   // a(args)
    Filter,     // a | text(args); a null: the body of a filter block
    Test,       // a is text(args)
    Not,
    Negate,
    Plus,
    And,
    Or,
    Binary,       // a text b
    Compare,      // a, then (operators[i], items[i])...
    Concat,       // items joined as text
    Conditional,  // a if b else c; c may be null
    // statements
    Output,       // a
    RawText,      // text
    Block,        // items in order
    If,           // items: condition, body, condition, body, ..., [else body]
    For,          // a: target, b: iterable, c: filter, items: body, else; flag: recursive
    Set,          // a: target, b: value
    SetBlock,     // a: target, b: filter or null, items: body
    Macro,        // text, params, items: body
    CallBlock,    // a: call, params, items: body
    FilterBlock,  // a: filter chain, items: body
    With,         // params, items: body
    Break,
    Continue,
    NamespaceTarget,  // ns.text as the target of a set
};

struct Node;
using NodePtr = std::unique_ptr<Node>;

struct Argument {
    enum class Kind : uint8_t { Positional, Keyword, Star, StarStar };
    Kind kind = Kind::Positional;
    std::string name;
    NodePtr value;  // of a macro's parameter: its default, or null
};

struct Node {
    NodeKind kind = NodeKind::Block;
    int line = 0, column = 0;
    int depth = 1;      // of the tree below, bounded by the parser
    bool flag = false;  // bool constant; recursive
    int64_t integer = 0;
    double floating = 0;
    std::string text;
    NodePtr a, b, c;
    std::vector<NodePtr> items;
    std::vector<std::string> operators;
    std::vector<Argument> arguments;  // call arguments, macro parameters, with-assignments
};

}  // namespace engine::jinja
