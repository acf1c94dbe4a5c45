// Builds the syntax tree of a chat template. Nesting is bounded, so neither parsing nor evaluating can overflow the
// stack.
#pragma once

#include <string_view>

#include "engine/text/jinja_ast.h"

namespace engine::jinja {

// Throws Failure with line and column. `maxDepth` bounds the nesting of brackets and blocks.
NodePtr parse(std::string_view source, int maxDepth);

}  // namespace engine::jinja
