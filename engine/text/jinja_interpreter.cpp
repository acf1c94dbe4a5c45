#include "engine/text/jinja_interpreter.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace engine::jinja {

namespace {

// Nested statements and expressions that may be active at once: bounds the stack whatever macros and trees do together.
constexpr int MaxActive = 500;
constexpr size_t MaxScopeFrames = 200'000;

[[noreturn]] void fail(std::string message) {
    throw Failure{std::move(message)};
}

void needDefined(const Value& v) {
    if (v.isUndefined())
        fail(v.undefined().why);
}

}  // namespace

struct Interpreter::Frame {
    std::unordered_map<std::string, Value> variables;
    std::shared_ptr<Frame> parent;
};

struct Interpreter::LoopState {
    std::shared_ptr<List> list;
    size_t index = 0;
    int depth = 0;
    const Node* node = nullptr;
    std::shared_ptr<Dict> memory;  // what changed() saw last, under "changed"
    const std::vector<Value>& items() const { return list->items; }
};

struct Interpreter::Nested {
    explicit Nested(int& d) : depth(d) {
        if (++depth > MaxActive) {
            --depth;
            fail(fmt::format("more than {} nested statements and expressions", MaxActive));
        }
    }
    ~Nested() { --depth; }
    int& depth;
};

// --- Call ---

const Value* Call::get(size_t i, std::string_view argument) const {
    if (i < positional.size())
        return &positional[i];
    for (const auto& [key, value] : named)
        if (key == argument)
            return &value;
    return nullptr;
}

Value Call::get(size_t i, std::string_view argument, Value fallback) const {
    const Value* v = get(i, argument);
    return v ? *v : std::move(fallback);
}

const Value& Call::need(size_t i, std::string_view argument) const {
    const Value* v = get(i, argument);
    if (!v)
        fail(fmt::format("{}() needs the argument '{}'", name, argument));
    return *v;
}

int64_t Call::integer(size_t i, std::string_view argument, int64_t fallback) const {
    const Value* v = get(i, argument);
    if (!v || v->isNone())
        return fallback;
    if (!v->isInteger())
        fail(fmt::format("{}(): '{}' must be an integer, not {}", name, argument, typeName(*v)));
    return v->integer();
}

bool Call::flag(size_t i, std::string_view argument, bool fallback) const {
    const Value* v = get(i, argument);
    return v ? truth(*v) : fallback;
}

std::string Call::string(size_t i, std::string_view argument, std::string_view fallback) const {
    const Value* v = get(i, argument);
    if (!v || v->isNone())
        return std::string(fallback);
    return toText(*v).bytes;
}

// --- Life ---

Interpreter::Interpreter(const TemplateLimits& limits, std::string_view date)
    : m_limits(limits), m_date(date), m_heap(limits) {}

Interpreter::~Interpreter() {
    for (const auto& frame : m_frames) {
        frame->variables.clear();
        frame->parent.reset();
    }
    m_heap.clearNamespaces();
}

Text Interpreter::render(const Node& root, const nlohmann::ordered_json& variables) {
    enter(nullptr);
    for (const auto& [name, value] : variables.items()) {
        // The vocabulary's own tokens are the template's words; everything else came from people or programs.
        const bool trusted = name.size() > 6 && name.ends_with("_token") && value.is_string();
        m_frame->variables[name] = m_heap.fromJson(value, trusted);
    }
    execute(root);
    return std::move(m_output);
}

void Interpreter::write(const Text& text) {
    m_outputBytes += static_cast<int64_t>(text.size());
    if (m_outputBytes > m_limits.outputBytes)
        fail(fmt::format("the template wrote more than {} MB", m_limits.outputBytes >> 20));
    spendText(text.size());
    m_out->append(text);
}

Interpreter::Frame& Interpreter::enter(std::shared_ptr<Frame> parent) {
    if (m_frames.size() >= MaxScopeFrames)
        fail("the template makes too many scopes");
    m_frame = std::make_shared<Frame>();
    m_frame->parent = std::move(parent);
    m_frames.push_back(m_frame);
    return *m_frame;
}

void Interpreter::leave(std::shared_ptr<Frame> outer) {
    if (m_frame.use_count() == 2 && m_frames.back() == m_frame)
        m_frames.pop_back();
    m_frame = std::move(outer);
}

// --- Statements ---

Interpreter::Flow Interpreter::execute(const Node& node) {
    const Nested nested(m_depth);
    spend(1);
    return executeInner(node);
}

Interpreter::Flow Interpreter::executeInner(const Node& node) {
    switch (node.kind) {
        case NodeKind::Block:
            for (const NodePtr& item : node.items)
                if (const Flow flow = execute(*item); flow != Flow::Normal)
                    return flow;
            return Flow::Normal;
        case NodeKind::RawText:
            write(Text(node.text));
            return Flow::Normal;
        case NodeKind::Output:
            write(toText(evaluate(*node.a)));
            return Flow::Normal;
        case NodeKind::If:
            for (size_t i = 0; i + 1 < node.items.size(); i += 2)
                if (truth(evaluate(*node.items[i])))
                    return execute(*node.items[i + 1]);
            return node.items.size() % 2 ? execute(*node.items.back()) : Flow::Normal;
        case NodeKind::For:
            return executeFor(node);
        case NodeKind::Set:
        case NodeKind::SetBlock:
            executeSet(node);
            return Flow::Normal;
        case NodeKind::Macro: {
            m_frame->variables[node.text] = makeMacro(node, node.text);
            return Flow::Normal;
        }
        case NodeKind::CallBlock:
            return executeCallBlock(node);
        case NodeKind::FilterBlock: {
            const Value body = string(capture(*node.items[0]));
            write(toText(evaluateFilter(*node.a, &body)));
            return Flow::Normal;
        }
        case NodeKind::With:
            return executeWith(node);
        case NodeKind::Break:
            return Flow::Break;
        case NodeKind::Continue:
            return Flow::Continue;
        default:
            evaluate(node);
            return Flow::Normal;
    }
}

Interpreter::Flow Interpreter::executeCallBlock(const Node& node) {
    std::vector<Value> positional;
    std::vector<std::pair<std::string, Value>> named;
    const Value callee = evaluate(*node.a->a);
    arguments(*node.a, positional, named);
    named.emplace_back("caller", makeMacro(node, "caller"));
    write(toText(call(callee, std::move(positional), std::move(named))));
    return Flow::Normal;
}

Interpreter::Flow Interpreter::executeWith(const Node& node) {
    std::vector<Value> values;
    for (const Argument& argument : node.arguments)
        values.push_back(evaluate(*argument.value));
    const auto outer = m_frame;
    auto& variables = enter(outer).variables;
    for (size_t i = 0; i < values.size(); ++i)
        variables[node.arguments[i].name] = std::move(values[i]);
    const Flow flow = execute(*node.items[0]);
    leave(outer);
    return flow;
}

Interpreter::Flow Interpreter::executeFor(const Node& node) {
    return loopOver(node, evaluate(*node.b), 0);
}

Interpreter::Flow Interpreter::loopOver(const Node& node, const Value& iterable, int depth) {
    const auto outer = m_frame;
    std::vector<Value> items;
    for (Value& item : iterate(iterable)) {
        if (node.c) {
            enter(outer);
            assign(*node.a, item);
            const bool keep = truth(evaluate(*node.c));
            leave(outer);
            if (!keep)
                continue;
        }
        items.push_back(std::move(item));
    }
    if (items.empty())
        return node.items.size() > 1 ? execute(*node.items[1]) : Flow::Normal;
    const Value list = m_heap.list(std::move(items));
    auto loop = std::make_shared<LoopState>();
    loop->list = list.sharedList();
    loop->depth = depth;
    loop->node = &node;
    const Value object = loopObject(loop);
    for (; loop->index < loop->items().size(); ++loop->index) {
        spend(1);
        enter(outer).variables["loop"] = object;
        assign(*node.a, loop->items()[loop->index]);
        const Flow flow = execute(*node.items[0]);
        leave(outer);
        if (flow == Flow::Break)
            break;
    }
    return Flow::Normal;
}

Value Interpreter::loopObject(const std::shared_ptr<LoopState>& loop) {
    auto object = std::make_shared<Function>();
    object->name = "loop";
    // loop(children) in a recursive loop; the state is shared, not owned by a frame, so there is no cycle.
    object->call = [this, weak = std::weak_ptr<LoopState>(loop)](Call& c) -> Value {
        const auto state = weak.lock();
        if (!state || !state->node->flag)
            fail("this loop is not recursive");
        if (m_macroDepth >= m_limits.depth)
            fail(fmt::format("more than {} levels of recursion", m_limits.depth));
        Text buffer;
        Text* before = std::exchange(m_out, &buffer);
        const auto frame = m_frame;
        ++m_macroDepth;
        loopOver(*state->node, c.need(0, "iterable"), state->depth + 1);
        --m_macroDepth;
        m_frame = frame;
        m_out = before;
        m_outputBytes -= static_cast<int64_t>(buffer.size());
        return string(std::move(buffer));
    };
    object->attributes = m_heap.dict();
    const auto get = [&](const char* name, Native native) {
        auto f = std::make_shared<Function>();
        f->name = name;
        f->call = std::move(native);
        object->attributes->set(string(name), Value(std::move(f)));
    };
    // Attributes are computed when they are read: see attribute().
    const auto number = [&](const char* name, auto compute) {
        get(name, [loop, compute](Call&) { return Value(static_cast<int64_t>(compute(*loop))); });
    };
    number("index", [](const LoopState& l) { return l.index + 1; });
    number("index0", [](const LoopState& l) { return l.index; });
    number("revindex", [](const LoopState& l) { return l.items().size() - l.index; });
    number("revindex0", [](const LoopState& l) { return l.items().size() - l.index - 1; });
    number("length", [](const LoopState& l) { return l.items().size(); });
    number("depth", [](const LoopState& l) { return l.depth + 1; });
    number("depth0", [](const LoopState& l) { return l.depth; });
    get("first", [loop](Call&) { return Value(loop->index == 0); });
    get("last", [loop](Call&) { return Value(loop->index + 1 == loop->items().size()); });
    get("previtem", [loop](Call&) {
        return loop->index == 0 ? Value(Undefined{"there is no previous item"}) : loop->items()[loop->index - 1];
    });
    get("nextitem", [loop](Call&) {
        return loop->index + 1 >= loop->items().size() ? Value(Undefined{"there is no next item"})
                                                       : loop->items()[loop->index + 1];
    });
    const auto method = [](const char* name, Native native) {
        auto f = std::make_shared<Function>();
        f->name = name;
        f->call = std::move(native);
        return Value(std::move(f));
    };
    get("cycle", [loop, method](Call&) {
        return method("cycle", [loop](Call& c) {
            if (c.positional.empty())
                fail("cycle() needs at least one item");
            return c.positional[loop->index % c.positional.size()];
        });
    });
    get("changed", [this, loop, method](Call&) {
        return method("changed", [this, loop](Call& c) {
            const Value now = m_heap.list(c.positional);
            if (!loop->memory)
                loop->memory = m_heap.changeable();
            const Value* before = loop->memory->find(std::string_view("changed"));
            const bool same = before && equal(*before, now);
            loop->memory->set(string("changed"), now);
            return Value(!same);
        });
    });
    return Value(std::move(object));
}

void Interpreter::executeSet(const Node& node) {
    if (node.kind == NodeKind::Set)
        return assign(*node.a, evaluate(*node.b));
    Value body = string(capture(*node.items[0]));
    assign(*node.a, node.b ? evaluateFilter(*node.b, &body) : body);
}

Text Interpreter::capture(const Node& body) {
    Text buffer;
    Text* before = std::exchange(m_out, &buffer);
    const auto outer = m_frame;
    enter(outer);
    execute(body);
    leave(outer);
    m_out = before;
    m_outputBytes -= static_cast<int64_t>(buffer.size());
    return buffer;
}

Value Interpreter::makeMacro(const Node& node, std::string name) {
    auto macro = std::make_shared<Function>();
    macro->name = name;
    macro->call = [this, &node, closure = m_frame, name](Call& c) -> Value {
        if (m_macroDepth >= m_limits.depth)
            fail(fmt::format("more than {} levels of macro calls", m_limits.depth));
        const auto caller = m_frame;
        auto& variables = enter(closure).variables;
        if (c.positional.size() > node.arguments.size()) {
            std::vector<Value> rest(c.positional.begin() + static_cast<std::ptrdiff_t>(node.arguments.size()),
                                    c.positional.end());
            variables["varargs"] = m_heap.list(std::move(rest), true);
        }
        for (size_t i = 0; i < node.arguments.size(); ++i) {
            const Argument& parameter = node.arguments[i];
            const Value* given = c.get(i, parameter.name);
            if (given)
                variables[parameter.name] = *given;
            else if (parameter.value)
                variables[parameter.name] = evaluate(*parameter.value);
            else
                variables[parameter.name] =
                    Value(Undefined{fmt::format("parameter '{}' was not provided", parameter.name)});
        }
        auto extra = m_heap.dict();
        for (const auto& [key, value] : c.named) {
            bool known = key == "caller";
            for (const Argument& parameter : node.arguments)
                known = known || parameter.name == key;
            if (!known)
                extra->set(string(Text(key, false)), value);
            if (key == "caller")
                variables[key] = value;
        }
        variables["kwargs"] = Value(std::move(extra));
        Text buffer;
        Text* before = std::exchange(m_out, &buffer);
        ++m_macroDepth;
        execute(*node.items[0]);
        --m_macroDepth;
        m_out = before;
        leave(caller);
        m_outputBytes -= static_cast<int64_t>(buffer.size());
        return string(std::move(buffer));
    };
    macro->attributes = m_heap.dict();
    return Value(std::move(macro));
}

void Interpreter::assign(const Node& target, const Value& value) {
    if (target.kind == NodeKind::Name) {
        m_frame->variables[target.text] = value;
        return;
    }
    if (target.kind == NodeKind::NamespaceTarget) {
        const Value ns = lookup(target.a->text);
        if (!ns.isDict() || !ns.dict().isNamespace)
            fail(fmt::format("'{}' is not a namespace: only namespaces have attributes that can be set",
                             target.a->text));
        if (target.text.starts_with('_'))
            fail(fmt::format("'{}' is not allowed as the name of an attribute", target.text));
        if (!ns.dict().find(std::string_view(target.text)))
            m_heap.grow(ns.dict(), 1);
        ns.dict().set(string(target.text), value);
        return;
    }
    const std::vector<Value> items = iterate(value);
    if (items.size() != target.items.size())
        fail(fmt::format("{} values cannot be unpacked into {} names", items.size(), target.items.size()));
    for (size_t i = 0; i < items.size(); ++i)
        assign(*target.items[i], items[i]);
}

// --- Expressions ---

Value Interpreter::evaluate(const Node& node) {
    try {
        const Nested nested(m_depth);
        spend(1);
        return evaluateInner(node);
    } catch (Failure& failure) {
        if (failure.line == 0) {
            failure.line = node.line;
            failure.column = node.column;
        }
        throw;
    }
}

Value Interpreter::evaluateInner(const Node& node) {
    switch (node.kind) {
        case NodeKind::ConstNone:
            return Value(None{});
        case NodeKind::ConstBool:
            return Value(node.flag);
        case NodeKind::ConstInt:
            return Value(node.integer);
        case NodeKind::ConstFloat:
            return Value(node.floating);
        case NodeKind::ConstString:
            spendText(node.text.size());
            return string(node.text);
        case NodeKind::Name:
            return lookup(node.text);
        case NodeKind::ListLiteral:
        case NodeKind::TupleLiteral: {
            std::vector<Value> items;
            items.reserve(node.items.size());
            for (const NodePtr& item : node.items)
                items.push_back(evaluate(*item));
            return m_heap.list(std::move(items), node.kind == NodeKind::TupleLiteral);
        }
        case NodeKind::DictLiteral: {
            auto dict = m_heap.dict();
            m_heap.grow(*dict, static_cast<int64_t>(node.items.size() / 2) + 1);
            for (size_t i = 0; i + 1 < node.items.size(); i += 2)
                dict->set(evaluate(*node.items[i]), evaluate(*node.items[i + 1]));
            return Value(std::move(dict));
        }
        case NodeKind::Attribute:
            return attribute(evaluate(*node.a), node.text);
        case NodeKind::Subscript:
            return subscript(evaluate(*node.a), evaluate(*node.b));
        case NodeKind::Slice: {
            const auto part = [&](size_t i) { return node.items[i] ? evaluate(*node.items[i]) : Value(None{}); };
            const Value object = evaluate(*node.a);
            const Value from = part(0), to = part(1), step = part(2);
            return slice(object, from, to, step);
        }
        case NodeKind::CallExpr:
            return evaluateCall(node);
        case NodeKind::Filter:
            return evaluateFilter(node, nullptr);
        case NodeKind::Test: {
            const Value input = evaluate(*node.a);
            std::vector<Value> positional;
            std::vector<std::pair<std::string, Value>> named;
            arguments(node, positional, named);
            return Value(applyTest(node.text, input, std::move(positional)));
        }
        case NodeKind::Not:
            return Value(!truth(evaluate(*node.a)));
        case NodeKind::Negate:
        case NodeKind::Plus: {
            const Value v = evaluate(*node.a);
            needDefined(v);
            if (!v.isNumber())
                fail(fmt::format("bad operand type for unary {}: '{}'", node.kind == NodeKind::Plus ? '+' : '-',
                                 typeName(v)));
            const bool negative = node.kind == NodeKind::Negate;
            if (v.isInteger()) {
                if (negative && v.integer() == INT64_MIN)
                    fail("integer overflow");
                return Value(negative ? -v.integer() : v.integer());
            }
            return Value(negative ? -v.number() : v.number());
        }
        case NodeKind::And: {
            Value a = evaluate(*node.a);
            return truth(a) ? evaluate(*node.b) : a;
        }
        case NodeKind::Or: {
            Value a = evaluate(*node.a);
            return truth(a) ? a : evaluate(*node.b);
        }
        case NodeKind::Binary: {
            const Value a = evaluate(*node.a);
            const Value b = evaluate(*node.b);
            return binary(node.text, a, b);
        }
        case NodeKind::Compare:
            return evaluateCompare(node);
        case NodeKind::Concat: {
            Text out;
            for (const NodePtr& item : node.items) {
                const Text piece = toText(evaluate(*item));
                spendText(piece.size());
                out.append(piece);
            }
            return string(std::move(out));
        }
        case NodeKind::Conditional:
            if (truth(evaluate(*node.b)))
                return evaluate(*node.a);
            return node.c ? evaluate(*node.c)
                          : Value(Undefined{
                                "the inline if-expression evaluated to false and no else section was defined"});
        default:
            fail("a statement stands where an expression was expected");
    }
}

Value Interpreter::lookup(const std::string& name) {
    for (Frame* frame = m_frame.get(); frame; frame = frame->parent.get())
        if (const auto it = frame->variables.find(name); it != frame->variables.end())
            return it->second;
    return makeGlobal(*this, name);
}

void Interpreter::arguments(const Node& node, std::vector<Value>& positional,
                            std::vector<std::pair<std::string, Value>>& named) {
    for (const Argument& argument : node.arguments) {
        Value value = evaluate(*argument.value);
        switch (argument.kind) {
            case Argument::Kind::Positional:
                positional.push_back(std::move(value));
                break;
            case Argument::Kind::Keyword:
                named.emplace_back(argument.name, std::move(value));
                break;
            case Argument::Kind::Star:
                for (Value& item : iterate(value))
                    positional.push_back(std::move(item));
                break;
            case Argument::Kind::StarStar:
                if (!value.isDict())
                    fail("** needs a dict");
                for (const auto& [key, item] : value.dict().entries)
                    named.emplace_back(toText(key).bytes, item);
                break;
        }
    }
}

Value Interpreter::evaluateCall(const Node& node) {
    const Value callee = evaluate(*node.a);
    std::vector<Value> positional;
    std::vector<std::pair<std::string, Value>> named;
    arguments(node, positional, named);
    return call(callee, std::move(positional), std::move(named));
}

Value Interpreter::call(const Value& callee, std::vector<Value> positional,
                        std::vector<std::pair<std::string, Value>> named) {
    needDefined(callee);
    if (!callee.isFunction())
        fail(fmt::format("'{}' object is not callable", typeName(callee)));
    const Value keep = callee;
    Function& function = keep.function();
    Call c{*this, function.name, std::move(positional), std::move(named)};
    return function.call(c);
}

Value Interpreter::evaluateFilter(const Node& node, const Value* input) {
    const Value value =
        node.a ? (node.a->kind == NodeKind::Filter && input ? evaluateFilter(*node.a, input) : evaluate(*node.a))
               : *input;
    std::vector<Value> positional;
    std::vector<std::pair<std::string, Value>> named;
    arguments(node, positional, named);
    return applyFilter(node.text, value, std::move(positional), std::move(named));
}

Value Interpreter::applyFilter(std::string_view name, const Value& input, std::vector<Value> positional,
                               std::vector<std::pair<std::string, Value>> named) {
    const FilterFunction filter = findFilter(name);
    if (!filter)
        fail(fmt::format("no filter named '{}'", name.substr(0, 60)));
    spend(1);
    if (input.isString())
        spendText(input.text().size());
    Call c{*this, name, std::move(positional), std::move(named)};
    return filter(input, c);
}

bool Interpreter::applyTest(std::string_view name, const Value& input, std::vector<Value> positional) {
    const TestFunction test = findTest(name);
    if (!test)
        fail(fmt::format("no test named '{}'", name.substr(0, 60)));
    spend(1);
    if (input.isString())
        spendText(input.text().size());
    Call c{*this, name, std::move(positional), {}};
    return test(input, c);
}

Value Interpreter::evaluateCompare(const Node& node) {
    Value left = evaluate(*node.a);
    for (size_t i = 0; i < node.operators.size(); ++i) {
        Value right = evaluate(*node.items[i]);
        const std::string& op = node.operators[i];
        bool holds = false;
        if (op == "==")
            holds = equal(left, right);
        else if (op == "!=")
            holds = !equal(left, right);
        else if (op == "in")
            holds = contains(left, right);
        else if (op == "not in")
            holds = !contains(left, right);
        else if (op == "<")
            holds = compare(left, right) < 0;
        else if (op == ">")
            holds = compare(left, right) > 0;
        else if (op == "<=")
            holds = compare(left, right) <= 0;
        else
            holds = compare(left, right) >= 0;
        if (!holds)
            return Value(false);
        left = std::move(right);
    }
    return Value(true);
}

bool Interpreter::contains(const Value& item, const Value& container) {
    if (container.isString()) {
        if (!item.isString())
            fail(fmt::format("'in <string>' requires a string on the left, not {}", typeName(item)));
        spendText(container.text().size());
        return container.text().bytes.find(item.text().bytes) != std::string::npos;
    }
    if (container.isDict() && !container.dict().isNamespace)
        return container.dict().find(item) != nullptr;
    for (const Value& other : iterate(container)) {
        spend(1);
        if (equal(item, other))
            return true;
    }
    return false;
}

std::vector<Value> Interpreter::iterate(const Value& v) {
    if (v.isUndefined())
        return {};
    if (v.isList()) {
        spend(1 + static_cast<int64_t>(v.list().items.size() / 16));
        return v.list().items;
    }
    if (v.isDict() && !v.dict().isNamespace) {
        std::vector<Value> keys;
        for (const auto& [key, value] : v.dict().entries)
            keys.push_back(key);
        return keys;
    }
    if (v.isString()) {
        const Text& t = v.text();
        const auto offsets = characterOffsets(t.bytes);
        if (static_cast<int64_t>(offsets.size()) > m_limits.range)
            fail(fmt::format("a loop over {} characters; the limit is {}", offsets.size() - 1, m_limits.range));
        std::vector<Value> characters;
        for (size_t i = 0; i + 1 < offsets.size(); ++i) {
            spend(1);
            characters.push_back(string(t.substr(offsets[i], offsets[i + 1] - offsets[i])));
        }
        return characters;
    }
    fail(fmt::format("'{}' object is not iterable", typeName(v)));
}

}  // namespace engine::jinja
