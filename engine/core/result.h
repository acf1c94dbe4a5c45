// Result<T>: a value or an Error. The names are a subset of std::expected's (GCC 12 has it only under C++23).
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace engine {

enum class ErrorCode {
    Cancelled,
    FileNotFound,
    FileDamaged,
    Unsupported,
    OutOfMemory,
    DeviceFailed,
    InvalidRequest,
    Internal
};

// "FileDamaged" and so on: the stable word used by the command line and the logs.
const char* codeName(ErrorCode code);

struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message;  // one sentence for people: what, which file or field, found and expected, what was kept
    std::string where;    // file or component, for the log
};

template <typename T>
class [[nodiscard]] Result {
  public:
    using value_type = T;
    Result(T value) : m_state(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : m_state(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const { return m_state.index() == 0; }
    explicit operator bool() const { return has_value(); }
    T& value() & { return std::get<0>(m_state); }
    const T& value() const& { return std::get<0>(m_state); }
    T&& value() && { return std::get<0>(std::move(m_state)); }
    T& operator*() & { return std::get<0>(m_state); }
    const T& operator*() const& { return std::get<0>(m_state); }
    T&& operator*() && { return std::get<0>(std::move(m_state)); }
    T* operator->() { return &std::get<0>(m_state); }
    const T* operator->() const { return &std::get<0>(m_state); }
    const Error& error() const& { return std::get<1>(m_state); }
    Error&& error() && { return std::get<1>(std::move(m_state)); }

  private:
    std::variant<T, Error> m_state;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    using value_type = void;
    Result() = default;
    Result(Error error) : m_error(std::move(error)), m_ok(false) {}

    bool has_value() const { return m_ok; }
    explicit operator bool() const { return m_ok; }
    const Error& error() const { return m_error; }

  private:
    Error m_error;
    bool m_ok = true;
};

}  // namespace engine

// TRY(auto x, expression): x becomes the value, or the function returns the error. TRY_VOID is for Result<void>.
#define TESSERA_CAT2(a, b) a##b
#define TESSERA_CAT(a, b) TESSERA_CAT2(a, b)
#define TRY(declaration, expression)                                \
    auto TESSERA_CAT(tryResult, __LINE__) = (expression);           \
    if (!TESSERA_CAT(tryResult, __LINE__))                          \
        return std::move(TESSERA_CAT(tryResult, __LINE__)).error(); \
    declaration = *std::move(TESSERA_CAT(tryResult, __LINE__))
#define TRY_VOID(expression)                       \
    do {                                           \
        if (auto tryVoid = (expression); !tryVoid) \
            return tryVoid.error();                \
    } while (false)
