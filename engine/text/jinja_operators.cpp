// Attributes, subscripts, slices and arithmetic of the chat-template language.
#include <cmath>

#include <fmt/format.h>

#include "engine/text/jinja_interpreter.h"

namespace engine::jinja {

namespace {

[[noreturn]] void fail(std::string message) {
    throw Failure{std::move(message)};
}

void needDefined(const Value& v) {
    if (v.isUndefined())
        fail(v.undefined().why);
}

}  // namespace

Value Interpreter::attribute(const Value& object, std::string_view name) {
    needDefined(object);
    if (name.starts_with("__"))
        fail(fmt::format("access to the attribute '{}' is not allowed", name));
    if (object.isFunction()) {
        const Function& f = object.function();
        if (name == "name")
            return string(f.name);
        if (f.attributes)
            if (const Value* getter = f.attributes->find(name))
                return getter->isFunction() ? call(*getter, {}) : *getter;
    } else if (object.isDict() && object.dict().isNamespace) {
        if (const Value* v = object.dict().find(name))
            return *v;
    } else {
        if (auto method = findMethod(*this, object, name))
            return *std::move(method);
        if (object.isDict())
            if (const Value* v = object.dict().find(name))
                return *v;
    }
    return Value(Undefined{fmt::format("'{} object' has no attribute '{}'", typeName(object), name)});
}

Value Interpreter::subscript(const Value& object, const Value& key) {
    needDefined(object);
    if (object.isDict()) {
        if (key.isUndefined())
            return Value(Undefined{key.undefined().why});
        if (const Value* v = object.dict().find(key))
            return *v;
    } else if ((object.isList() || object.isString()) && key.isInteger()) {
        const auto size =
            static_cast<int64_t>(object.isList() ? object.list().items.size() : characterCount(object.text().bytes));
        const int64_t i = key.integer() < 0 ? key.integer() + size : key.integer();
        if (i < 0 || i >= size)
            return Value(Undefined{fmt::format("'{} object' has no element {}", typeName(object), key.integer())});
        if (object.isList())
            return object.list().items[static_cast<size_t>(i)];
        spend(1 + size / 64);
        const auto offsets = characterOffsets(object.text().bytes);
        return string(object.text().substr(offsets[i], offsets[i + 1] - offsets[i]));
    }
    if (key.isString())
        return attribute(object, key.text().bytes);
    return Value(
        Undefined{fmt::format("'{} object' has no element {}", typeName(object), toText(key).bytes.substr(0, 60))});
}

Value Interpreter::attributePath(const Value& object, const Value& path) {
    if (!path.isString())
        return subscript(object, path);
    Value v = object;
    std::string_view rest = path.text().bytes;
    while (true) {
        const size_t dot = rest.find('.');
        const std::string_view part = rest.substr(0, dot);
        const bool digits =
            !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos && part.size() < 10;
        if (v.isUndefined())
            return v;
        v = subscript(v, digits ? Value(static_cast<int64_t>(std::stoll(std::string(part)))) : string(part));
        if (dot == std::string_view::npos)
            return v;
        rest = rest.substr(dot + 1);
    }
}

Value Interpreter::slice(const Value& object, const Value& from, const Value& to, const Value& step) {
    needDefined(object);
    if (!object.isList() && !object.isString())
        fail(fmt::format("'{}' object cannot be sliced", typeName(object)));
    const auto bound = [&](const Value& v, const char* what) -> std::optional<int64_t> {
        if (v.isNone())
            return std::nullopt;
        if (!v.isInteger())
            fail(fmt::format("the {} of a slice must be an integer, not {}", what, typeName(v)));
        return v.integer();
    };
    const std::vector<size_t> offsets =
        object.isString() ? characterOffsets(object.text().bytes) : std::vector<size_t>();
    const auto size = static_cast<int64_t>(object.isList() ? object.list().items.size() : offsets.size() - 1);
    const int64_t by = bound(step, "step").value_or(1);
    if (by == 0)
        fail("the step of a slice cannot be zero");
    const auto clamp = [&](std::optional<int64_t> v, int64_t absent, int64_t low, int64_t high) {
        if (!v)
            return absent;
        const int64_t i = *v < 0 ? *v + size : *v;
        return std::min(std::max(i, low), high);
    };
    const int64_t low = by > 0 ? 0 : -1, high = by > 0 ? size : size - 1;
    const int64_t begin = clamp(bound(from, "start"), by > 0 ? low : high, low, high);
    const int64_t end = clamp(bound(to, "end"), by > 0 ? high : low, low, high);
    spend(1 + size / 16);
    if (object.isString() && by == 1)
        return string(begin < end ? object.text().substr(offsets[begin], offsets[end] - offsets[begin]) : Text());
    Text text;
    std::vector<Value> items;
    for (int64_t i = begin; by > 0 ? i < end : i > end;) {
        if (object.isString())
            text.append(object.text(), offsets[i], offsets[i + 1] - offsets[i]);
        else
            items.push_back(object.list().items[static_cast<size_t>(i)]);
        if (by > 0 ? by >= end - i : by <= end - i)
            break;
        i += by;
    }
    return object.isString() ? string(std::move(text)) : m_heap.list(std::move(items), object.list().tuple);
}

// Arithmetic
// ---------------------------------------------------------------------------------------------------------------

Value Interpreter::binaryText(std::string_view op, const Value& a, const Value& b) {
    if (op == "+" && a.isString() && b.isString()) {
        spend(1 + static_cast<int64_t>((a.text().size() + b.text().size()) / 256));
        Text out = a.text();
        out.append(b.text());
        return string(std::move(out));
    }
    if (op == "+" && a.isList() && b.isList() && a.list().tuple == b.list().tuple) {
        std::vector<Value> items = iterate(a);
        for (Value& item : iterate(b))
            items.push_back(std::move(item));
        return m_heap.list(std::move(items), a.list().tuple);
    }
    if (op == "*" && (a.isInteger() || b.isInteger())) {
        const Value& object = a.isInteger() ? b : a;
        const int64_t times = std::max<int64_t>(0, a.isInteger() ? a.integer() : b.integer());
        const auto size = static_cast<int64_t>(object.isString() ? object.text().size()
                                               : object.isList() ? object.list().items.size()
                                                                 : 0);
        if (size > 0 && times > m_limits.outputBytes / size)
            fail(fmt::format("a repetition of {} x {} is larger than the limit of {} MB", size, times,
                             m_limits.outputBytes >> 20));
        spend(1 + size * times / 64);
        if (object.isString()) {
            Text out;
            for (int64_t i = 0; i < times && size > 0; ++i)
                out.append(object.text());
            return string(std::move(out));
        }
        if (object.isList()) {
            std::vector<Value> items;
            for (int64_t i = 0; i < times && size > 0; ++i)
                items.insert(items.end(), object.list().items.begin(), object.list().items.end());
            return m_heap.list(std::move(items), object.list().tuple);
        }
    }
    if (op == "%" && a.isString()) {
        std::vector<Value> positional = b.isList() && b.list().tuple ? b.list().items : std::vector<Value>{b};
        return applyFilter("format", a, std::move(positional));
    }
    fail(fmt::format("unsupported operand types for {}: '{}' and '{}'", op, typeName(a), typeName(b)));
}

Value Interpreter::binary(std::string_view op, const Value& a, const Value& b) {
    needDefined(a);
    needDefined(b);
    if (!a.isNumber() || !b.isNumber())
        return binaryText(op, a, b);
    const auto overflow = [&]() -> Value {
        fail(fmt::format("integer overflow in {} {} {}", a.number(), op, b.number()));
    };
    if (a.isInteger() && b.isInteger() && op != "/") {
        const int64_t x = a.integer(), y = b.integer();
        int64_t r = 0;
        if (op == "+")
            return __builtin_add_overflow(x, y, &r) ? overflow() : Value(r);
        if (op == "-")
            return __builtin_sub_overflow(x, y, &r) ? overflow() : Value(r);
        if (op == "*")
            return __builtin_mul_overflow(x, y, &r) ? overflow() : Value(r);
        if (op == "//" || op == "%") {
            if (y == 0)
                fail("division by zero");
            if (y == -1)
                return op == "%" ? Value(int64_t{0}) : x == INT64_MIN ? overflow() : Value(-x);
            const int64_t quotient = x / y - ((x % y != 0 && (x < 0) != (y < 0)) ? 1 : 0);
            return Value(op == "//" ? quotient : x - quotient * y);
        }
        if (y < 0)
            return Value(std::pow(static_cast<double>(x), static_cast<double>(y)));
        r = 1;
        for (int64_t i = 0, base = x; i < y; ++i) {
            if (i > 64 && (base == 1 || base == 0 || base == -1)) {
                r = base == -1 ? (y % 2 ? -1 : 1) : base;
                break;
            }
            if (__builtin_mul_overflow(r, base, &r))
                return overflow();
        }
        return Value(r);
    }
    const double x = a.number(), y = b.number();
    if ((op == "/" || op == "//" || op == "%") && y == 0)
        fail("division by zero");
    if (op == "+")
        return Value(x + y);
    if (op == "-")
        return Value(x - y);
    if (op == "*")
        return Value(x * y);
    if (op == "/")
        return Value(x / y);
    if (op == "//")
        return Value(std::floor(x / y));
    if (op == "%") {
        const double r = std::fmod(x, y);
        return Value(r != 0 && (r < 0) != (y < 0) ? r + y : r);
    }
    return Value(std::pow(x, y));
}

}  // namespace engine::jinja
