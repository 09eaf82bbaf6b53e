"""Calls that a model wrote as text: many shapes are read, and talk of calls stays talk."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentkit.wire import clean_name, may_be_call, written_calls

NAMES = ["f", "g", "look_up"]
F, G = ("f", {"a": 1}), ("g", {"b": 2})


def read(text: str, *, anything: bool = True) -> list[tuple[str, Any]]:
    calls, _ = written_calls(text, NAMES, anything=anything)
    return [(call.name, json.loads(call.arguments)) for call in calls]


TAGGED = [
    '<function=f>{"a":1}</function>',
    '<function=f{"a":1}</function>',
    '<function=f{"a":1}</function>\n',
    '<function=f {"a":1}></function>',
    '<function=f> {"a":1}',
    '<function=f={"a":1}</function>',
    '<function=f,{"a":1}</function>',
    '<function=name="f"{"a":1}</function>',
    '<function="f">{"a":1}</function>',
    '<function name="f">{"a":1}</function>',
    "<function='f'>{\"a\":1}</function>",
    '<function=f>\n{\n  "a": 1\n}\n</function>',
    '<function=f>{"a":1}',
    '<function=f>{"a":1}}',
    '<function=functions.f>{"a":1}</function>',
    '<function=f: {"a":1}</function>',
    '<function=f>{"a":1}</function> And so on.',
]
MARKED = [
    '<tool_call>\n{"name":"f","arguments":{"a":1}}\n</tool_call>',
    '<tool_call>{"name":"f","arguments":{"a":1}}',
    '<tool-call>{"name":"f","arguments":{"a":1}}</tool-call>',
    '<tool_calls>[{"name":"f","arguments":{"a":1}}]</tool_calls>',
    '<tool-use>{"tool_calls":[{"id":"p","type":"function","function":{"name":"f"},"parameters":{"a":1}}]}</tool-use>',
    '[TOOL_CALLS][{"name":"f","arguments":{"a":1}}]',
    '[TOOL_CALLS] {"name":"f","arguments":{"a":1}}',
    '<|tool_call|>[{"name":"f","arguments":{"a":1}}]<|/tool_call|>',
    '<|python_tag|>{"type":"function","name":"f","parameters":{"a":1}}',
    '<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{"a":1}<|tool_call_end|>',
    '<|tool_calls_section_begin|><|tool_call_begin|>f:12<|tool_call_argument_begin|> {"a":1}',
    '<|channel|>commentary to=functions.f <|constrain|>json<|message|>{"a":1}',
    '<|start|>assistant<|channel|>commentary to=f<|message|>{"a":1}<|call|>',
    'to=functions.f code<|message|>{"a":1}',
]
VALUES = [
    '{"name":"f","arguments":{"a":1}}',
    '{"name":"f","arguments":"{\\"a\\":1}"}',
    '{"name":"f","parameters":{"a":1}}',
    '{"name":"f","args":{"a":1}}',
    '{"name":"f","input":{"a":1}}',
    '{"function":"f","arguments":{"a":1}}',
    '{"function":{"name":"f","arguments":{"a":1}}}',
    '{"type":"function","function":{"name":"f"},"parameters":{"a":1}}',
    '{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\\"a\\":1}"}}',
    '{"tool_call":{"function":{"name":"f"},"parameters":{"a":1}}}\n</tool-use>',
    '{"function_call":{"name":"f","arguments":{"a":1}}}',
    '{"tool_calls":[{"name":"f","arguments":{"a":1}}]}',
    '[{"name":"f","parameters":{"a":1}}]',
    '```json\n{"name":"f","arguments":{"a":1}}\n```',
    '```\n[{"name":"f","arguments":{"a":1}}]\n```',
    "{'name': 'f', 'arguments': {'a': 1}}",
    '{"name":"f","arguments":{"a":1,},}',
    '{"name":"f","arguments":{"a":1}}<|im_end|>',
    '{"name":"f<|channel|>commentary","arguments":{"a":1}}',
    '{"name":"functions.f","arguments":{"a":1}}',
    '  {"name":"f","arguments":{"a":1}}}}\n',
    'f{"a":1}</function>',
    'f {"a":1}',
    'functions.f{"a":1}',
]


@pytest.mark.parametrize("anything", [True, False])
@pytest.mark.parametrize("text", [*TAGGED, *MARKED, *VALUES])
def test_a_call_in_any_shape_is_read(text, anything):
    assert read(text, anything=anything) == [F]


@pytest.mark.parametrize(
    "text",
    [
        '<function=f>{"a":1}</function><function=g>{"b":2}</function>',
        '<function=f>{"a":1}</function>\n<function=g>{"b":2}></function>',
        '<function=f{"a":1}\n<function=g{"b":2}',
        '<tool_call>{"name":"f","arguments":{"a":1}}</tool_call>\n<tool_call>{"name":"g","arguments":{"b":2}}</tool_call>',
        '<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{"a":1}<|tool_call_end|>'
        '<|tool_call_begin|>functions.g:1<|tool_call_argument_begin|>{"b":2}<|tool_call_end|>',
        '[{"name":"f","arguments":{"a":1}},{"name":"g","arguments":{"b":2}}]',
        '{"name":"f","arguments":{"a":1}}{"name":"g","arguments":{"b":2}}',
        '{"name":"f","arguments":{"a":1}}\n\n{"name":"g","arguments":{"b":2}}',
        '{"name":"f","arguments":{"a":1}}; {"name":"g","arguments":{"b":2}}',
        '```json\n{"name":"f","arguments":{"a":1}}\n```\n```json\n{"name":"g","arguments":{"b":2}}\n```',
        '{"tool_calls":[{"function":{"name":"f","arguments":{"a":1}}},{"function":{"name":"g","arguments":"{\\"b\\":2}"}}]}',
    ],
)
def test_several_calls_are_read_in_their_order(text):
    assert read(text) == read(text, anything=False) == [F, G]


@pytest.mark.parametrize(
    "text",
    [
        *("<function=f></function>", "<function=f>", "<function=f>  \n", '<function name="f">'),
        *('{"name":"f"}', '{"name":"f","type":"function"}', '{"function":{"name":"f"}}'),
        *('{"name":"f","arguments":{}}', '{"name":"f","arguments":[]}', "f{}", "<function=f{}"),
        '{"name":"f","arguments":null}',
        "<function=f />",
    ],
)
def test_a_call_may_have_no_arguments(text):
    assert read(text) == [("f", {})]


@pytest.mark.parametrize("head", ["<function=f>", "<function=f ", "f", '{"name":"f","arguments":'])
def test_brackets_and_tags_inside_texts_end_nothing(head):
    values = {"a": '}]</function>"\\', "b": [{"c": "<function=g>{"}], "d": "é\u2028\n"}
    text = head + json.dumps(values, ensure_ascii=False) + ("}" if head[0] == "{" else "")
    assert read(text) == [("f", values)]


@pytest.mark.parametrize("anything", [True, False])
@pytest.mark.parametrize("inner", ["<function=g>", "<function=g>{}</function>", "[TOOL_CALLS]"])
@pytest.mark.parametrize(
    "head", ["<function=f>", "f", '{"name":"f","arguments":', '[{"name":"f","args":']
)
def test_a_call_inside_an_argument_is_never_run(head, inner, anything):
    text = head + json.dumps({"a": f"Write {inner} there"})
    text += {"{": "}", "[": "}]"}.get(head[0], "")
    assert read(text, anything=anything) == [("f", {"a": f"Write {inner} there"})]


def test_arguments_that_look_like_a_call_are_arguments():
    assert read('{"name":"f","arguments":{"name":"g","arguments":{}}}') == [
        ("f", {"name": "g", "arguments": {}})
    ]


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ('So.\n\n<function=f{"a":1}</function>', "So."),
        ('I use {it}. <tool_call>{"name":"f","arguments":{"a":1}}</tool_call>', "I use {it}."),
        ('<function=f>{"a":1}</function>', ""),
        ('<|channel|>commentary to=f<|message|>{"a":1}', ""),
    ],
)
def test_prose_before_a_call_is_kept_and_marks_are_not(text, before):
    calls, kept = written_calls(text, NAMES)
    assert ([call.name for call in calls], kept) == (["f"], before)


@pytest.mark.parametrize(
    "text",
    [
        'Let me look.\n{"name":"f","arguments":{"a":1}}',
        'Let me look.\n```json\n{"name":"f","arguments":{"a":1}}\n```',
        '{"name":"f","arguments":{"a":1}} and so on',
    ],
)
def test_json_amid_other_text_is_a_call_where_one_was_meant(text):
    assert read(text) == [F]
    assert read(text, anything=False) == []


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "[]", "{}", "null", "maybe", "```json\n```", '{"name":""}', '{"name":1}'),
        *("<function=", "<function=>", "<tool_call>", "[TOOL_CALLS]", "to=f", "<|python_tag|>"),
        '<|python_tag|>f.call(a="1")',
        '{"name":"f","arguments":{"a":"Os',
        '<function=f>{"a":"Os',
        '<function=f>{"a":[{"name":"g","arguments":{}}',
        '<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{"a":"Os',
        "import json\nprint(json.dumps({'a': 1}))\n",
        "{{{{{{[[[[[[",
    ],
)
def test_what_holds_no_whole_call_gives_none(text):
    assert written_calls(text, NAMES)[0] == ()


@pytest.mark.parametrize("text", ['{"name":"h","arguments":{}}', "<function=h>{}</function>"])
def test_a_call_of_an_unknown_function_counts_only_where_one_was_meant(text):
    assert read(text) == [("h", {})]
    assert written_calls(text, NAMES, anything=False) == ((), "")


@pytest.mark.parametrize("anything", [True, False])
def test_calls_of_unknown_functions_do_not_count_beside_offered_ones(anything):
    text = '<function=ff>{"a":1}</function> is wrong. <function=f>{"a":1}</function>'
    assert read(text, anything=anything) == [F]


@pytest.mark.parametrize("levels", [1, 3, 900, 5_000])
def test_arguments_nested_too_deep_are_kept_as_they_stand(levels):
    inner = "[" * levels + "]" * levels
    (call,), _ = written_calls(f'{{"name":"f","arguments":{{"a":{inner}}}}}', NAMES)
    assert call.arguments.replace(" ", "") == f'{{"a":{inner}}}'


def test_arguments_that_cannot_be_read_are_kept_as_they_stand():
    (call,), _ = written_calls('{"name": "f", "arguments": {"a": NaN, "a": 1}}', NAMES)
    assert call.arguments == '{"a": NaN, "a": 1}'


TALK = [
    'The schema is {"name": "f", "arguments": {"a": 1}}, as you see.',
    'Write `{"name": "f", "arguments": {}}` into the file.',
    '```json\n{"name": "f", "arguments": {}}\n```\nThat is how a call looks.',
    "```python\nprint({'a': 1})\n```",
    '{"name": "Ada", "age": 3}',
    '{"name": "f", "email": "f@example.com"}',
    '[{"name": "f", "size": 3}]',
    '{"city": "Oslo", "rain": false}',
    '{"type": "object", "properties": {"name": {"type": "string"}}}',
    '{"users": [{"name": "f", "input": "x"}]}',
    "[1, 2, 3]",
    "The tag <function> begins a call, and </function> ends it.",
    "In C, f{1} is no call, and f(1) is one.",
    "Use <b>{x}</b> and <|im_end|>.",
    "[TOOL_CALLS] is a word of Mistral's.",
    "The answer is to=day.",
    '{"name": "h", "arguments": {}}',
    'You write <tool_call>{"name": "f", "arguments": {}}</tool_call> to call it.',
    '```\n<function=f>{"a": 1}</function>\n```\nThat is how Llama writes a call.',
    '{"id": 7, "name": "f"}',
]


@pytest.mark.parametrize("text", TALK)
def test_an_answer_that_speaks_of_json_or_code_holds_no_call(text):
    assert written_calls(text, NAMES, anything=False) == ((), "")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        *(("f", "f"), (" f\n", "f"), ('"f"', "f"), ("`f`", "f"), ("'f'", "f"), ('f" />', "f")),
        *(("f/>", "f"), ("f>", "f"), ("f<|channel|>commentary", "f"), ("functions.f", "f")),
        ("functions.f<|channel|>json", "f"),
        ("look_up", "look_up"),
        *((n, n) for n in ("", "F", "ff", "f()", "x.f", "look-up", "<|channel|>f", "repo.look_up")),
        *((n, n) for n in ("functions.", "functions.h", "functions.functions.f", "__class__")),
    ],
)
def test_a_name_is_cleaned_only_where_an_offered_one_comes_out(written, name):
    assert clean_name(written, NAMES) == name


def test_a_name_that_is_offered_as_it_stands_is_not_cleaned():
    assert clean_name("functions.f", ["f", "functions.f"]) == "functions.f"


@pytest.mark.parametrize("text", [*TAGGED, *MARKED, *VALUES[:-3]])
def test_each_beginning_of_a_call_may_be_one(text):
    if not text.startswith("to="):
        assert all(may_be_call(text[:size]) for size in range(len(text) + 1))


@pytest.mark.parametrize("text", ["Hello", "f(x)", "I will", "1. {", "a [", "<b>", "`f`", "#"])
def test_prose_is_not_held_back(text):
    assert not may_be_call(text)


@pytest.mark.parametrize("text", ["So. <function=f", "So. <tool_call>", "a</tool-use>", "a <|x|>"])
def test_a_mark_anywhere_makes_a_call_likely(text):
    assert may_be_call(text)


def test_a_bare_name_before_its_arguments_and_an_end_tag_may_be_a_call():
    assert may_be_call('f{"a":1}</function>')
