// Cuts the source of a chat template into text, names, literals and operators, and applies the white-space rules that
// model templates are written for: trim_blocks, lstrip_blocks, '-' and '+' marks, one trailing newline dropped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/text/jinja_value.h"

namespace engine::jinja {

enum class TokenType : uint8_t {
    Text,
    BlockBegin,
    BlockEnd,
    VariableBegin,
    VariableEnd,
    Name,
    Integer,
    Float,
    String,
    Operator,
    End
};

struct Token {
    TokenType type = TokenType::End;
    std::string value;  // text, name, unescaped string, operator, digits
    int64_t integer = 0;
    double floating = 0;
    int line = 1, column = 1;
};

// Throws Failure with line and column. Linear in the source.
std::vector<Token> lex(std::string_view source);

}  // namespace engine::jinja
