#include "engine/text/chat_template.h"

#include <new>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "engine/core/error_text.h"
#include "engine/io/utf8.h"
#include "engine/text/jinja_interpreter.h"
#include "engine/text/jinja_parser.h"

namespace engine {

namespace {

constexpr size_t MaxSourceBytes = 1 << 20;

Error templateError(const jinja::Failure& failure) {
    if (failure.line > 0)
        return invalid("chat template line {}, column {}: {}", failure.line, failure.column, failure.message);
    return invalid("chat template: {}", failure.message);
}

class ParsedTemplate final : public ChatTemplate {
  public:
    ParsedTemplate(std::string source, jinja::NodePtr root, TemplateLimits limits)
        : m_source(std::move(source)), m_root(std::move(root)), m_limits(limits) {}

    Result<std::vector<Tokenizer::Part>> render(const nlohmann::ordered_json& variables,
                                                std::string_view date) const override {
        if (!variables.is_object())
            return invalid("the variables of a chat template must be a JSON object, found {}", variables.type_name());
        jinja::Text text;
        try {
            jinja::Interpreter interpreter(m_limits, date);
            text = interpreter.render(*m_root, variables);
        } catch (const jinja::Failure& failure) {
            return templateError(failure);
        } catch (const std::bad_alloc&) {
            return makeError(ErrorCode::OutOfMemory, "there is not enough memory to render the chat template");
        } catch (const std::length_error&) {
            return makeError(ErrorCode::OutOfMemory, "the chat template asks for a text longer than memory");
        }
        std::vector<Tokenizer::Part> parts;
        for (size_t begin = 0; begin < text.size();) {
            const bool trusted = text.trustedAt(begin);
            size_t end = text.mask.empty() ? text.size() : text.mask.find(static_cast<char>(!trusted), begin);
            end = std::min(end, text.size());
            parts.push_back({text.bytes.substr(begin, end - begin), trusted});
            begin = end;
        }
        return parts;
    }

    const std::string& source() const override { return m_source; }

  private:
    std::string m_source;
    jinja::NodePtr m_root;
    TemplateLimits m_limits;
};

}  // namespace

Result<std::shared_ptr<const ChatTemplate>> ChatTemplate::parse(std::string source, TemplateLimits limits) {
    if (source.size() > MaxSourceBytes)
        return invalid("the chat template has {} bytes; the limit is {}", source.size(), MaxSourceBytes);
    if (source.find_first_not_of(" \t\r\n") == std::string::npos)
        return invalid("the chat template is empty");
    if (!isValidUtf8(source))
        return invalid("the chat template is not valid UTF-8");
    try {
        jinja::NodePtr root = jinja::parse(source, limits.depth);
        return std::shared_ptr<const ChatTemplate>(
            std::make_shared<ParsedTemplate>(std::move(source), std::move(root), limits));
    } catch (const jinja::Failure& failure) {
        return templateError(failure);
    } catch (const std::bad_alloc&) {
        return makeError(ErrorCode::OutOfMemory, "there is not enough memory to read the chat template");
    }
}

const std::vector<BuiltinTemplate>& builtinTemplates() {
    static const std::vector<BuiltinTemplate> templates = {
        {"chatml",
         "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
         "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"},
        {"llama2",
         "{% set ns = namespace(system='') %}{% for message in messages %}{% if message.role == 'system' %}"
         "{% set ns.system = '<<SYS>>\\n' ~ message.content ~ '\\n<</SYS>>\\n\\n' %}{% elif message.role == 'user' %}"
         "{{ bos_token }}[INST] {{ ns.system ~ message.content }} [/INST]{% set ns.system = '' %}{% else %} {{ "
         "message.content }} "
         "{{ eos_token }}{% endif %}{% endfor %}"},
        {"llama3",
         "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message.role }}<|end_header_id|>\n\n"
         "{{ message.content | trim }}<|eot_id|>{% endfor %}{% if add_generation_prompt %}"
         "<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"},
        {"gemma",
         "{{ bos_token }}{% for message in messages %}<start_of_turn>{{ 'model' if message.role == 'assistant' else "
         "'user' }}\n"
         "{{ message.content | trim }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt "
         "%}<start_of_turn>model\n{% endif %}"},
        {"plain",
         "{% for message in messages %}{% if message.role == 'user' %}User: {% elif message.role == 'assistant' "
         "%}Assistant: "
         "{% endif %}{{ message.content }}\n\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"},
    };
    return templates;
}

}  // namespace engine
