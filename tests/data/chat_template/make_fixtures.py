#!/usr/bin/env python3
"""Writes fixtures.json: our own chat templates, random conversations, and what Python's jinja2 renders of them.

usage: make_fixtures.py > fixtures.json        (needs PyPI jinja2; the environment is the one that model templates are written for)
"""
import json, random
from datetime import datetime
import jinja2, jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def stop(message):
    raise jinja2.exceptions.TemplateError(message)


env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
env.filters["tojson"] = lambda x, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(
    x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
env.globals["raise_exception"] = stop
env.globals["strftime_now"] = lambda f: datetime(2026, 1, 31).strftime(f)

T = {}
T["chatml"] = """{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"""
T["chatml-default-system"] = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe brief.<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"""
T["inst-system-first"] = """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system = false %}{% endif %}{% for message in loop_messages %}{% if loop.index0 == 0 and system != false %}{% set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"""
T["inst-alternate"] = """{{ bos_token }}{% for message in messages %}{% if message.role == 'system' %}{% continue %}{% endif %}{% if (message['role'] == 'user') != (loop.index0 % 2 == (1 if messages[0].role == 'system' else 0)) %}{{ '(out of turn)' }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% else %}{{ message['content'] + eos_token }}{% endif %}{% endfor %}"""
T["header-ids"] = """{{- bos_token }}
{%- set date_string = strftime_now("%d %b %Y") if date_string is not defined else date_string %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|header|>system<|end|>\\n\\n" }}
{{- "Today: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot|>" }}
{%- for message in messages %}
    {{- '<|header|>' + message['role'] + '<|end|>\\n\\n' + message['content'] | trim + '<|eot|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|header|>assistant<|end|>\\n\\n' }}
{%- endif %}
"""
T["tools-json"] = """{%- if tools is defined and tools %}
{{- '<|system|>\\nTools:\\n' }}
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}
{{- '\\n</tools>' }}
{%- endif %}
{% for m in messages %}<{{ m.role }}>{{ m.content }}</{{ m.role }}>
{% endfor %}"""
T["tools-json-indent"] = """{% if tools %}{{ tools | tojson(indent=4) }}{% endif %}
{% for m in messages %}
{{ m.role|upper }}: {{ m.content }}
{% if m.tool_calls is defined and m.tool_calls %}
{% for call in m.tool_calls %}
<call>{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}</call>
{% endfor %}
{% endif %}
{% endfor %}
"""
T["namespace-last-user"] = """{% set ns = namespace(last=-1, count=0) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% set ns.count = ns.count + 1 %}{% endif %}{% endfor %}{% for m in messages %}{% if loop.index0 == ns.last %}>>{% endif %}[{{ m.role }}]{{ m.content }}{{ "\n" }}{% endfor %}{{ ns.count }} user turns"""
T["thinking-split"] = """{% for m in messages %}{% set content = m.content %}{% if m.role == 'assistant' and '</think>' in content %}{% set content = content.split('</think>')[-1].lstrip('\n') %}{% endif %}<{{ m.role }}>{{ content }}
{% endfor %}{% if add_generation_prompt %}<assistant>{% if enable_thinking is defined and enable_thinking is false %}<think>

</think>{% endif %}{% endif %}"""
T["content-parts"] = """{% for m in messages %}{{ m.role }}: {% if m.content is string %}{{ m.content }}{% else %}{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% elif part.type == 'image' %}<image>{% endif %}{% endfor %}{% endif %}
{% endfor %}"""
T["macro-render"] = """{% macro render(m, prefix='', suffix='\n') -%}
{{ prefix }}{{ m.role }}={{ m.content }}{{ suffix }}
{%- endmacro %}
{% for m in messages %}{{ render(m, prefix='* ') }}{% endfor %}{{ render({'role': 'x', 'content': 'y'}, suffix='!') }}"""
T["macro-schema"] = """{%- macro kind(s) -%}
    {%- if s.type == 'array' -%}list[{{ kind(s['items']) }}]
    {%- elif s.type == 'object' -%}{ {%- for k, v in s.properties.items() %}{{ k }}: {{ kind(v) }}{{ ', ' if not loop.last }}{%- endfor -%} }
    {%- else -%}{{ s.type }}{%- endif -%}
{%- endmacro -%}
{% for t in tools or [] %}{{ t.function.name }}({{ kind(t.function.parameters) }})
{% endfor %}{{ messages | length }}"""
T["call-block"] = """{% macro box(title) %}[{{ title }}: {{ caller() }}]{% endmacro %}{% for m in messages %}{% call box(m.role) %}{{ m.content | trim }}{% endcall %}
{% endfor %}"""
T["call-block-args"] = """{% macro each(items) %}{% for i in items %}{{ caller(i, loop.index) }}{% endfor %}{% endmacro %}{% call(m, n) each(messages) %}{{ n }}.{{ m.role }};{% endcall %}"""
T["filter-block"] = """{% filter upper %}{% for m in messages %}{{ m.role }}, {% endfor %}{% endfilter %}"""
T["filter-block-chain"] = """{% filter trim | replace('a', 'A') %}  {{ messages[0].content }}  {% endfilter %}"""
T["set-block"] = """{% set body %}{% for m in messages %}{{ m.content }}|{% endfor %}{% endset %}{{ body | length }}:{{ body }}"""
T["set-block-filter"] = """{% set body | trim | upper %}   {{ messages[-1].role }}   {% endset %}({{ body }})"""
T["with-block"] = """{% with a = messages|length, b = 3 %}{{ a * b }}{% endwith %}{{ a is defined }}"""
T["raw-block"] = """{% raw %}{{ not evaluated }} {% if %}{% endraw %}{{ messages[0].role }}"""
T["comments"] = """{# a comment #}
{#- another -#}
A{# inline #}B
  {# own line #}
C{{ messages|length }}"""
T["whitespace-control"] = """
  {%- for m in messages -%}
    {{ m.role }}
  {%- endfor -%}
  end
{%+ if true %}  plus  {% endif +%}
 x
    {%- if false %}no{% endif %}   y
{{- ' z ' -}}   
w
"""
T["lstrip"] = """a
    {% if true %}
    b
    {% endif %}
  c {% if true %} d {% endif %}
	{% set q = 1 %}
e{{ q }}
"""
T["slices"] = """{{ messages[:2] | map(attribute='role') | join(',') }};{{ messages[-2:] | map(attribute='role') | join(',') }};{{ messages[::2]|length }};{{ messages[::-1][0].role }};{{ 'abcdef'[1:4] }};{{ 'abcdef'[::-1] }};{{ 'abcdef'[-2:] }};{{ [1,2,3,4,5][1:-1:2] }}"""
T["selectattr"] = """{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join('\n') }}#{{ messages | rejectattr('role', 'eq', 'user') | list | length }}#{{ messages | selectattr('tool_calls', 'defined') | list | length }}"""
T["map-filter"] = """{{ messages | map(attribute='role') | map('upper') | join('-') }} {{ messages | map(attribute='missing', default='none') | unique | join }}"""
T["select-reject"] = """{{ [1, 2, 3, 4, 5, 6] | select('odd') | list }}{{ [1, 2, 3, 4] | reject('divisibleby', 2) | list }}{{ ['', 'a', none] | select | list }}"""
T["sorting"] = """{{ messages | sort(attribute='role') | map(attribute='role') | join(',') }} {{ ['b', 'A', 'c'] | sort }} {{ ['b', 'A', 'c'] | sort(case_sensitive=true) }} {{ [3, 1, 2] | sort(reverse=true) }} {{ {'b': 2, 'a': 1} | dictsort }}"""
T["groupby"] = """{% for role, group in messages | groupby('role') %}{{ role }}={{ group | length }};{% endfor %}"""
T["loop-variables"] = """{% for m in messages %}{{ loop.index }}/{{ loop.length }} {{ loop.index0 }} {{ loop.revindex }} {{ loop.revindex0 }} {{ loop.first }} {{ loop.last }} {{ loop.cycle('odd', 'even') }} {{ loop.previtem.role if loop.previtem is defined else '-' }} {{ loop.nextitem.role if not loop.last else '-' }} {{ loop.changed(m.role) }} {{ loop.depth }}
{% endfor %}"""
T["loop-else-filter"] = """{% for m in messages if m.role == 'tool' %}{{ loop.index }}{{ m.content }}{% else %}no tools{% endfor %} {% for x in [] %}{% else %}empty{% endfor %}"""
T["loop-break-continue"] = """{% for m in messages %}{% if m.role == 'system' %}{% continue %}{% endif %}{% if loop.index > 4 %}{% break %}{% endif %}{{ m.content }};{% endfor %}"""
T["loop-recursive"] = """{% for item in tree recursive %}({{ item.name }}{{ loop.depth }}{% if item.children %}{{ loop(item.children) }}{% endif %}){% endfor %}"""
T["nested-loops"] = """{% for m in messages %}{% set outer = loop %}{% for c in m.role %}{{ outer.index }}{{ loop.index }}{{ c }}{% endfor %} {% endfor %}"""
T["unpacking"] = """{% for k, v in {'a': 1, 'b': [2, 3]}.items() %}{{ k }}={{ v }};{% endfor %}{% set x, y = 1, 2 %}{{ x + y }}{% for a, (b, c) in [(1, (2, 3))] %}{{ a + b + c }}{% endfor %}"""
T["scoping"] = """{% set x = 1 %}{% for i in range(3) %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 9 %}{% endif %}{{ x }}"""
T["string-methods"] = """{% set s = messages[0].content %}{{ s.upper() }}|{{ s.lower() }}|{{ s.title() }}|{{ s.capitalize() }}|{{ s.strip() }}|{{ s.startswith('T') }}|{{ s.endswith('.') }}|{{ s.split() | length }}|{{ s.find('e') }}|{{ s.count('e') }}|{{ s.replace('e', '3') }}|{{ s.replace('e', '3', 1) }}"""
T["string-methods-2"] = """{{ 'a,b,,c'.split(',') }}{{ 'a b  c'.split() }}{{ 'a,b,c'.split(',', 1) }}{{ 'a,b,c'.rsplit(',', 1) }}{{ 'x\ny\n'.splitlines() }}{{ '-'.join(['a', 'b']) }}{{ 'xxabxx'.strip('x') }}{{ 'abc'.partition('b') }}{{ '7'.zfill(3) }}{{ 'ab'.center(6, '*') }}{{ 'ab'.ljust(4) }}|{{ 'ab'.rjust(4) }}{{ 'prefix-x'.removeprefix('prefix-') }}{{ 'x.txt'.removesuffix('.txt') }}{{ '12'.isdigit() }}{{ 'ab1'.isalpha() }}{{ ' '.isspace() }}{{ 'aB'.swapcase() }}"""
T["filters-text"] = """{{ '  x ' | trim }}|{{ 'hello world' | title }}|{{ 'hello' | capitalize }}|{{ 'a b c' | wordcount }}|{{ 'hello' | replace('l', 'L') }}|{{ 'hello' | length }}|{{ 'hello' | first }}{{ 'hello' | last }}|{{ 'hello' | reverse }}|{{ '<b>&</b>' | e }}|{{ 'a/b c?' | urlencode }}|{{ 'one two three four' | truncate(9) }}|{{ 'x' | center(5) }}|{{ '%s has %d' | format('it', 3) }}|{{ '<p>hi <b>you</b></p>' | striptags }}"""
T["filters-lists"] = """{{ [1, 2, 3] | sum }} {{ [3, 1, 2] | max }} {{ [3, 1, 2] | min }} {{ range(7) | batch(3) | list }} {{ range(7) | slice(3) | list }} {{ [1, 1, 2] | unique | list }} {{ [1, 2] | join('+') }} {{ 'abc' | list }} {{ {'a': 1} | items | list }} {{ messages | sum(attribute='n', start=0) if false else 0 }}"""
T["filters-numbers"] = """{{ 3.7 | int }} {{ '42' | int }} {{ 'x' | int(7) }} {{ '0x1f' | int(0, 16) }} {{ '3.5' | float }} {{ 2.567 | round(2) }} {{ 2.5 | round }} {{ 2.1 | round(0, 'ceil') }} {{ -3 | abs }} {{ 5 | string ~ '!' }}"""
T["default-filter"] = """{{ missing | default('d') }}{{ none | default('d') }}{{ none | default('d', true) }}{{ '' | d('e', boolean=true) }}{{ missing }}{{ missing is undefined }}{{ messages[0].nothing is defined }}{{ messages[0].nothing | default('n') }}"""
T["tests"] = """{{ 1 is number }}{{ 'a' is string }}{{ [] is sequence }}{{ {} is mapping }}{{ none is none }}{{ true is boolean }}{{ 1.0 is float }}{{ 1 is integer }}{{ true is integer }}{{ 4 is even }}{{ 3 is odd }}{{ 9 is divisibleby 3 }}{{ 'a' is in 'abc' }}{{ 1 is in [1, 2] }}{{ 'ab' is lower }}{{ 'AB' is upper }}{{ [] is iterable }}{{ 3 is not none }}{{ 2 is gt 1 }}{{ 2 is eq 2 }}{{ x is not defined }}{{ true is true }}{{ false is false }}{{ range is callable }}"""
T["arithmetic"] = """{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ -2 ** 2 }} {{ 1.5 + 1 }} {{ 10 / 5 }} {{ 'a' * 3 }} {{ [1] * 2 }} {{ [1] + [2] }} {{ 1e3 }} {{ 1.0 }} {{ 0.1 + 0.2 }} {{ 1e16 }} {{ 1e-5 }} {{ 5 // 2.0 }} {{ 1_000 }}"""
T["comparisons"] = """{{ 1 < 2 < 3 }} {{ 1 < 2 > 3 }} {{ 1 == 1.0 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 'a' == 'a' }} {{ none == none }} {{ true == 1 }} {{ 1 in [1] }} {{ 'x' not in 'abc' }} {{ 'k' in {'k': 1} }} {{ not false }} {{ not 1 in [2] }}"""
T["logic"] = """{{ 0 or 'x' }}{{ 1 and 'y' }}{{ '' or none or 'z' }}{{ 'a' if false }}{{ 'b' if true else 'c' }}{{ 'p' if false else 'q' if false else 'r' }}{{ none and 1 }}{{ [] or {} or 0 }}"""
T["concat"] = """{{ 1 ~ 'a' ~ 2.5 ~ none ~ true }}{{ 'a' ~ 'b' | upper }}{{ ('a' ~ 'b') | upper }}{{ 1 ~ (2 + 3) }}"""
T["printing"] = """{{ [1, 'a', none, true, 2.0] }}{{ {'a': [1], 'b': {'c': 'd\\'e'}} }}{{ (1,) }}{{ () }}{{ 'it\\'s' }}{{ ["it's"] }}{{ ['"'] }}{{ ['\\n'] }}{{ true }}{{ none }}{{ ['é', '日本'] }}"""
T["tojson"] = """{{ {'a': 1, 'b': [true, none, 1.5], 'c': 'x"y\\n<é>'} | tojson }}{{ [] | tojson }}{{ {} | tojson(indent=2) }}{{ {'b': 1, 'a': {'x': []}} | tojson(indent=2, sort_keys=true) }}{{ 'é' | tojson(ensure_ascii=true) }}{{ [1, 2] | tojson(separators=(',', ':')) }}"""
T["escapes"] = """{{ 'tab\\there' }}{{ "nl\\nx" }}{{ 'q\\'q' }}{{ "\\u00e9" }}{{ '\\x41' }}{{ 'back\\\\slash' }}{{ 'a' 'b' "c" }}"""
T["unicode"] = """{% for m in messages %}{{ m.content | length }}:{{ m.content[:3] }}…{{ m.content | upper }}{% endfor %}{{ 'Ärger Ünal ñandú' | title }}{{ 'ЖУК' | lower }}{{ '日本語'[1] }}"""
T["dict-methods"] = """{% set d = {'a': 1, 'items': 2} %}{{ d.get('a') }}{{ d.get('z') }}{{ d.get('z', 5) }}{{ d.keys() | list }}{{ d.values() | list }}{{ d['items'] }}{{ d.a }}{{ d | length }}{% for k in d %}{{ k }}{% endfor %}{{ dict(x=1, y=2) }}{{ dict([('p', 1)]) }}"""
T["cycler-joiner"] = """{% set c = cycler('a', 'b') %}{% set j = joiner(', ') %}{% for m in messages %}{{ j() }}{{ c.next() }}{{ c.current }}{% endfor %}"""
T["strftime"] = """{{ strftime_now('%Y-%m-%d') }} {{ strftime_now('%B %d, %Y') }} {{ strftime_now('%A %j %y %b %a') }} {{ strftime_now('%-d/%-m %H:%M %p 100%%') }}"""
T["dates-known"] = """{% if strftime_now is defined %}{% set date = strftime_now('%d %b %Y') %}{% else %}{% set date = '26 Jul 2024' %}{% endif %}Today Date: {{ date }}
{% for m in messages %}{{ m.role }}{% endfor %}"""
T["generation"] = """{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}
{% endfor %}"""
T["roles-map"] = """{% set names = {'user': 'Human', 'assistant': 'AI'} %}{% for m in messages %}{{ names[m.role] if m.role in names else m.role | capitalize }}: {{ m.content }}

{% endfor %}{{ names['assistant'] }}:"""
T["alpaca"] = """{% for m in messages %}{% if m['role'] == 'user' %}### Instruction:
{{ m['content']|trim -}}
{% if not loop.last %}


{% endif %}
{% elif m['role'] == 'assistant' %}### Response:
{{ m['content']|trim -}}
{% if not loop.last %}


{% endif %}
{% elif m['role'] == 'system' %}{{ m['content'] }}

{% endif %}
{% endfor %}
{% if add_generation_prompt and messages[-1]['role'] != 'assistant' %}


### Response:
{% endif %}"""
T["turns-model"] = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set first = messages[0]['content'] | trim + '\n\n' %}{% set rest = messages[1:] %}{% else %}{% set first = '' %}{% set rest = messages %}{% endif %}{% for m in rest %}{% set role = 'model' if m.role == 'assistant' else m.role %}<start>{{ role }}
{{ first if loop.first }}{{ m.content | trim }}<end>
{% endfor %}{% if add_generation_prompt %}<start>model
{% endif %}"""
T["tool-results"] = """{% for m in messages %}{% if m.role == 'tool' %}{% if loop.index0 == 0 or messages[loop.index0 - 1].role != 'tool' %}<results>{% endif %}
- {{ m.content }}{% if loop.last or messages[loop.index0 + 1].role != 'tool' %}
</results>{% endif %}
{% elif m.tool_calls %}{% for c in m.tool_calls %}{% if c.function %}{% set c = c.function %}{% endif %}<call>{{ c.name }}({% for k, v in c.arguments.items() %}{{ k }}={{ v | tojson if v is not string else v }}{% if not loop.last %}, {% endif %}{% endfor %})</call>
{% endfor %}{% else %}{{ m.role }}: {{ m.content }}
{% endif %}{% endfor %}"""
T["reverse-scan"] = """{% set ns = namespace(multi=true, last=messages|length - 1) %}{% for m in messages[::-1] %}{% set index = (messages|length - 1) - loop.index0 %}{% if ns.multi and m.role == "user" and m.content is string and not(m.content.startswith('<r>') and m.content.endswith('</r>')) %}{% set ns.multi = false %}{% set ns.last = index %}{% endif %}{% endfor %}{{ ns.last }}{% for m in messages %}{% if loop.index0 > ns.last %}+{% else %}-{% endif %}{{ m.role }}{% endfor %}"""
T["indent-filter"] = """{{ 'a\nb\n\nc' | indent(2) }}|{{ 'a\nb' | indent(2, true) }}|{{ 'a\n\nb' | indent('>', blank=true) }}"""
T["kwargs"] = """{% macro f(a, b=2, c=3) %}{{ a }},{{ b }},{{ c }};{% endmacro %}{{ f(1) }}{{ f(1, c=9) }}{{ f(b=5, a=4) }}{% macro g() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ g(1, 2, x=3) }}"""
T["undefined-truth"] = """{% if nothing %}yes{% else %}no{% endif %}{% if messages[0].tool_calls %}t{% else %}f{% endif %}{% for x in nothing %}x{% endfor %}{{ nothing | length }}{{ nothing ~ 'a' }}{{ [nothing is defined, nothing == none] }}"""
T["adjacent"] = """{%if messages%}{{messages|length}}{%endif%}{%-if not messages-%}none{%-endif-%}{{-"x"-}}"""

WORDS = "The a river runs over old stones while seven birds watch É ö 日本 🙂 and Tom's \"quiet\" house waits; cost: $5 <b> {x} % \\ ok".split()


def text(r):
    return " ".join(r.choice(WORDS) for _ in range(r.randint(1, 12))) + r.choice([".", "!", "\n", "  ", "\n\nNext line", ""])


def conversation(r):
    messages = []
    if r.random() < 0.5:
        messages.append({"role": "system", "content": text(r)})
    for _ in range(r.randint(1, 4)):
        messages.append({"role": "user", "content": text(r)})
        kind = r.random()
        if kind < 0.2:
            messages.append({"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": {
                "name": r.choice(["search", "add"]), "arguments": {"q": text(r), "n": r.randint(-3, 9), "deep": {"x": [1, 2.5, None, True]}}}}]})
            for _ in range(r.randint(1, 2)):
                messages.append({"role": "tool", "content": text(r)})
        elif kind < 0.4:
            messages.append({"role": "assistant", "content": "<think>\n" + text(r) + "\n</think>\n\n" + text(r)})
        else:
            messages.append({"role": "assistant", "content": text(r)})
    if r.random() < 0.7:
        messages.append({"role": "user", "content": text(r)})
    tools = None
    if r.random() < 0.4:
        tools = [{"type": "function", "function": {"name": "search", "description": text(r), "parameters": {"type": "object", "properties": {
            "q": {"type": "string"}, "tags": {"type": "array", "items": {"type": "integer"}}}, "required": ["q"]}}}]
    variables = {"messages": messages, "tools": tools, "add_generation_prompt": r.random() < 0.6, "bos_token": "<s>", "eos_token": "</s>",
                 "tree": [{"name": "a", "children": [{"name": "b", "children": []}, {"name": "c"}]}, {"name": "d"}]}
    if r.random() < 0.3:
        variables["enable_thinking"] = r.random() < 0.5
    return variables


def main():
    r = random.Random(20260131)
    names = list(T)
    compiled = {name: env.from_string(source) for name, source in T.items()}
    cases = []
    for i in range(520):
        variables = conversation(r)
        name = names[i % len(names)]
        if name == "content-parts":
            for m in variables["messages"]:
                if r.random() < 0.5:
                    m["content"] = [{"type": "text", "text": m["content"]}, {"type": "image"}]
        cases.append({"template": name, "variables": variables, "want": compiled[name].render(**variables)})
    print(json.dumps({"templates": T, "cases": cases}, ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main()
