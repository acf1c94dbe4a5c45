// Evaluates a parsed chat template under limits: steps, depth, memory, output, time. One object per render; one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/text/chat_template.h"
#include "engine/text/jinja_ast.h"
#include "engine/text/jinja_value.h"

namespace engine::jinja {

class Interpreter;

// The arguments of one call, of a function, a method, a filter or a test.
struct Call {
    Interpreter& in;
    std::string_view name;  // for error sentences
    std::vector<Value> positional;
    std::vector<std::pair<std::string, Value>> named;

    // The i-th argument or the one of that name; null when not given.
    const Value* get(size_t i, std::string_view argument) const;
    Value get(size_t i, std::string_view argument, Value fallback) const;
    const Value& need(size_t i, std::string_view argument) const;
    int64_t integer(size_t i, std::string_view argument, int64_t fallback) const;
    bool flag(size_t i, std::string_view argument, bool fallback) const;
    std::string string(size_t i, std::string_view argument, std::string_view fallback) const;
};

using FilterFunction = Value (*)(const Value& input, Call& call);
using TestFunction = bool (*)(const Value& input, Call& call);
FilterFunction findFilter(std::string_view name);  // null: unknown
TestFunction findTest(std::string_view name);
// A method of a string, list or dict (bound to the object), or nothing.
std::optional<Value> findMethod(Interpreter& in, const Value& object, std::string_view name);
Value makeGlobal(Interpreter& in, std::string_view name);  // Undefined: no such global

class Interpreter {
  public:
    Interpreter(const TemplateLimits& limits, std::string_view date);
    ~Interpreter();

    Text render(const Node& root, const nlohmann::ordered_json& variables);

    Heap& heap() { return m_heap; }
    std::string_view date() const { return m_date; }
    const TemplateLimits& limits() const { return m_limits; }
    void spend(int64_t steps) { m_heap.meter().spend(steps); }  // counts work; Failure when steps or time are used up
    void spendText(size_t bytes) { m_heap.meter().spendText(bytes); }

    Value call(const Value& function, std::vector<Value> positional,
               std::vector<std::pair<std::string, Value>> named = {});
    Value applyFilter(std::string_view name, const Value& input, std::vector<Value> positional,
                      std::vector<std::pair<std::string, Value>> named = {});
    bool applyTest(std::string_view name, const Value& input, std::vector<Value> positional);
    Value attribute(const Value& object, std::string_view name);
    Value subscript(const Value& object, const Value& key);
    Value attributePath(const Value& object, const Value& path);  // "a.b.0", as the filters take it
    std::vector<Value> iterate(const Value& v);
    Value binary(std::string_view op, const Value& a, const Value& b);
    bool contains(const Value& item, const Value& container);
    Value string(Text t) { return m_heap.string(std::move(t)); }
    Value string(std::string_view s) { return m_heap.string(s); }

  private:
    struct Frame;
    struct LoopState;
    struct Nested;
    enum class Flow : uint8_t { Normal, Break, Continue };

    Flow execute(const Node& node);
    Flow executeInner(const Node& node);
    Flow executeCallBlock(const Node& node);
    Flow executeWith(const Node& node);
    // Makes a scope inside `parent` the current one; leave() goes back to `outer` and forgets the scope unless a macro
    // keeps it.
    Frame& enter(std::shared_ptr<Frame> parent);
    void leave(std::shared_ptr<Frame> outer);
    Flow executeFor(const Node& node);
    Flow loopOver(const Node& node, const Value& iterable, int depth);
    void executeSet(const Node& node);
    Value makeMacro(const Node& node, std::string name);
    Text capture(const Node& body);
    void assign(const Node& target, const Value& value);
    void write(const Text& text);

    Value evaluate(const Node& node);
    Value evaluateInner(const Node& node);
    Value evaluateCall(const Node& node);
    Value evaluateFilter(const Node& node, const Value* input);
    Value evaluateCompare(const Node& node);
    Value slice(const Value& object, const Value& from, const Value& to, const Value& step);
    void arguments(const Node& node, std::vector<Value>& positional, std::vector<std::pair<std::string, Value>>& named);
    Value lookup(const std::string& name);
    Value loopObject(const std::shared_ptr<LoopState>& loop);
    Value binaryText(std::string_view op, const Value& a, const Value& b);

    TemplateLimits m_limits;
    std::string m_date;
    Heap m_heap;
    Text m_output;
    Text* m_out = &m_output;
    int64_t m_outputBytes = 0;
    std::shared_ptr<Frame> m_frame;
    std::vector<std::shared_ptr<Frame>>
        m_frames;  // every frame, so that cycles of macros and frames are broken at the end
    int m_depth = 0;
    int m_macroDepth = 0;
};

}  // namespace engine::jinja
