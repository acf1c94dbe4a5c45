// Values of the chat-template language: Python's None, bool, int, float, str, list, tuple, dict and a few callables.
// Every string remembers which of its bytes the template wrote and which came from people. Used by one render on one
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace engine {
struct TemplateLimits;
}

namespace engine::jinja {

// Raised inside the interpreter only; ChatTemplate turns it into an Error.
struct Failure {
    std::string message;
    int line = 0, column = 0;  // 0: not yet known, filled by the node that was being evaluated
};

// UTF-8 text with a trust mark per byte. `mask` is empty while all bytes have the same mark.
struct Text {
    std::string bytes;
    std::string mask;  // 1: trusted, 0: not; same length as bytes when used
    bool trusted = true;

    Text() = default;
    explicit Text(std::string s, bool isTrusted = true) : bytes(std::move(s)), trusted(isTrusted) {}
    size_t size() const { return bytes.size(); }
    bool trustedAt(size_t i) const { return mask.empty() ? trusted : mask[i] != 0; }
    void append(const Text& other);
    void append(const Text& other, size_t pos, size_t n);
    void append(std::string_view s, bool isTrusted);
    Text substr(size_t pos, size_t n = std::string::npos) const;
};

class Value;
class Meter;
struct Call;  // arguments of a call, jinja_interpreter.h
using Native = std::function<Value(Call&)>;

struct Undefined {
    std::string why;  // "'name' is undefined"
};
struct None {};

struct List {
    std::vector<Value> items;
    bool tuple = false;
    Meter* meter = nullptr;
    int64_t charged = 0;
    ~List();
};

// A dict, or a namespace (the one thing a template can change).
struct Dict {
    std::vector<std::pair<Value, Value>> entries;
    std::unordered_map<std::string, size_t> index;
    bool isNamespace = false;
    Meter* meter = nullptr;
    int64_t charged = 0;
    ~Dict();
    const Value* find(const Value& key) const;
    const Value* find(std::string_view key) const;
    void set(Value key, Value value);
};

struct String {
    Text text;
    Meter* meter = nullptr;
    int64_t charged = 0;
    ~String();
};

struct Function {
    std::string name;
    Native call;
    std::shared_ptr<Dict> attributes;  // loop.index and the like, macro.name
};

class Value {
  public:
    using Storage = std::variant<Undefined, None, bool, int64_t, double, std::shared_ptr<const String>,
                                 std::shared_ptr<List>, std::shared_ptr<Dict>, std::shared_ptr<Function>>;
    Value() : m_storage(Undefined{}) {}
    Value(None) : m_storage(None{}) {}
    Value(Undefined u) : m_storage(std::move(u)) {}
    Value(bool b) : m_storage(b) {}
    Value(int64_t i) : m_storage(i) {}
    Value(double d) : m_storage(d) {}
    Value(std::shared_ptr<const String> s) : m_storage(std::move(s)) {}
    Value(std::shared_ptr<List> l) : m_storage(std::move(l)) {}
    Value(std::shared_ptr<Dict> d) : m_storage(std::move(d)) {}
    Value(std::shared_ptr<Function> f) : m_storage(std::move(f)) {}
    Value(const char*) = delete;

    template <typename T>
    bool is() const {
        return std::holds_alternative<T>(m_storage);
    }
    bool isUndefined() const { return is<Undefined>(); }
    bool isNone() const { return is<None>(); }
    bool isString() const { return is<std::shared_ptr<const String>>(); }
    bool isList() const { return is<std::shared_ptr<List>>(); }
    bool isDict() const { return is<std::shared_ptr<Dict>>(); }
    bool isFunction() const { return is<std::shared_ptr<Function>>(); }
    bool isNumber() const { return is<bool>() || is<int64_t>() || is<double>(); }
    bool isInteger() const { return is<bool>() || is<int64_t>(); }

    const Text& text() const { return std::get<std::shared_ptr<const String>>(m_storage)->text; }
    const std::shared_ptr<List>& sharedList() const { return std::get<std::shared_ptr<List>>(m_storage); }
    List& list() const { return *std::get<std::shared_ptr<List>>(m_storage); }
    Dict& dict() const { return *std::get<std::shared_ptr<Dict>>(m_storage); }
    Function& function() const { return *std::get<std::shared_ptr<Function>>(m_storage); }
    const Undefined& undefined() const { return std::get<Undefined>(m_storage); }
    bool boolean() const { return std::get<bool>(m_storage); }
    double floating() const { return std::get<double>(m_storage); }
    int64_t integer() const;  // of bool or int
    double number() const;    // of bool, int or float

    // Same object, as Python's `is`.
    bool same(const Value& other) const;

  private:
    Storage m_storage;
};

// What one render uses: bytes alive, steps of work, time. Going over a limit is a Failure.
class Meter {
  public:
    explicit Meter(const TemplateLimits& limits);
    void add(int64_t bytes);
    void remove(int64_t bytes) { m_liveBytes -= bytes; }
    void spend(int64_t steps);
    void spendText(size_t bytes) { spend(static_cast<int64_t>(bytes / 64)); }  // work that reads or copies a text

    // The contents of a list or dict that dies. They go one after the other: values nested a hundred thousand deep
    // would overflow the stack if each destroyed the next.
    void bury(std::vector<Value> items) noexcept;
    void bury(std::vector<std::pair<Value, Value>> entries) noexcept;

  private:
    void clearBuried() noexcept;

    int64_t m_liveBytes = 0, m_maxBytes;
    int64_t m_steps = 0, m_maxSteps;
    int m_milliseconds;
    std::chrono::steady_clock::time_point m_deadline;
    std::vector<std::vector<Value>> m_buriedItems;
    std::vector<std::vector<std::pair<Value, Value>>> m_buriedEntries;
    bool m_clearing = false;
};

// Makes values whose memory counts against one render.
class Heap {
  public:
    explicit Heap(const TemplateLimits& limits) : m_meter(limits) {}
    Meter& meter() { return m_meter; }
    Value string(Text text);
    Value string(std::string_view s) { return string(Text(std::string(s))); }
    Value list(std::vector<Value> items, bool tuple = false);
    std::shared_ptr<Dict> dict();
    std::shared_ptr<Dict> changeable();  // a namespace
    // Only namespaces can come to hold themselves; the end of a render empties them.
    void clearNamespaces();
    void grow(List& list, int64_t elements);
    void grow(Dict& dict, int64_t elements);
    Value fromJson(const nlohmann::ordered_json& json, bool trusted, int depth = 0);

  private:
    Meter m_meter;
    std::vector<std::weak_ptr<Dict>> m_namespaces;
    size_t m_sweepAt = 64;
};

const char* typeName(const Value& v);  // "str", "int", ... as Python names it
bool truth(const Value& v);
bool equal(const Value& a, const Value& b, int depth = 0);
int compare(const Value& a, const Value& b, int depth = 0);  // -1, 0, 1; Failure when the types have no order
Text toText(const Value& v, int depth = 0);                  // str(v)
Text repr(const Value& v, int depth = 0);                    // repr(v)
std::string floatText(double d);                             // as Python writes it

struct JsonStyle {
    int indent = -1;  // -1: one line
    bool asciiOnly = false;
    bool sortKeys = false;
    std::string itemSeparator = ", ", keySeparator = ": ";
    std::string indentText;  // when not empty, used in place of spaces
};
Text toJson(const Value& v, const JsonStyle& style, int level = 0);  // json.dumps

// Code points, for Python's string indexing. offsets[i] is the byte of character i; the last entry is the byte length.
std::vector<size_t> characterOffsets(std::string_view utf8);
size_t characterCount(std::string_view utf8);
void appendUtf8(std::string& out, uint32_t codePoint);
uint32_t codePointAt(std::string_view utf8, size_t& pos);  // advances; broken bytes give U+FFFD
bool isSpace(uint32_t codePoint);                          // Python's str.isspace

}  // namespace engine::jinja
