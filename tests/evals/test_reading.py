"""Files of cases: what can be written in them, and one clear error for each mistake."""

from __future__ import annotations

import json
import sys

import pytest

from agentkit import ConfigError
from agentkit.evals import Answer, Call, OneOf, Turn, read_cases
from agentkit.evals.matching import MATCHERS, problem

LINES = (
    '{"id": "oslo", "prompt": "Weather in Oslo?", "calls": [{"name": "weather", "arguments": {"city": "Oslo"}}], "answer": "dry"}',
    "",
    '{"prompt": "Hi.", "calls": [], "tags": "talk", "draft": true, "note": "by hand"}',
    '{"id": 7, "prompt": "Both?", "calls": ["weather", {"any_of": ["mail", {"name": "send"}]}], "order": "given", "extra": ["now"],'
    ' "forbidden": ["delete"], "results": {"weather": {"t": 1}}}',
    '{"turns": [{"prompt": "A?", "calls": []}, {"prompt": "B?", "answer": {"not_contains": ["no"], "pattern": "^y"}}]}',
)  # fmt: skip


def write(place, *lines, name="cases.jsonl"):
    path = place / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_case_is_a_line_of_json(tmp_path):
    oslo, hi, both, turns = read_cases(write(tmp_path, *LINES))

    assert (oslo.id, oslo.prompt, oslo.calls) == (
        "oslo",
        "Weather in Oslo?",
        (Call("weather", {"city": "Oslo"}),),
    )
    assert oslo.answer == Answer(("dry",))
    assert (hi.id, hi.calls, hi.tags, hi.draft, hi.note) == (
        "case-2",
        (),
        ("talk",),
        True,
        "by hand",
    )
    assert (both.id, both.order, both.extra) == ("7", "given", ("now",))
    assert both.calls == (Call("weather"), OneOf((Call("mail"), Call("send"))))
    assert (both.forbidden, both.results) == (("delete",), {"weather": {"t": 1}})
    assert turns.all_turns == (
        Turn("A?", ()),
        Turn("B?", None, Answer(not_contains=("no",), pattern="^y")),
    )
    assert turns.place.endswith("cases.jsonl, line 5")


YAML = """\
defaults: {tags: [a], extra: allow}
cases:
  - prompt: Is it no or yes?
    calls: [{name: say, arguments: {text: no, day: 2026-03-14, at: 12:30, code: 007, deep: {any_of: [1, 0x10, 1.5, -2e3, true, ~]}}}]
  - id: two
    prompt: Hi.
    calls: []
    extra: fail
"""


def test_yaml_has_the_types_of_json_alone(tmp_path):
    one, two = read_cases(write(tmp_path, YAML, name="cases.yaml"))
    arguments = one.calls[0].arguments

    assert [arguments[each] for each in ("text", "day", "at", "code")] == [
        "no",
        "2026-03-14",
        "12:30",
        "007",
    ]
    assert arguments["deep"].choices == (1, 16, 1.5, -2000.0, True, None)
    assert (one.tags, one.extra, two.extra) == (("a",), "allow", "fail")
    assert [each.place.rpartition(" ")[2] for each in (one, two)] == ["3", "5"]


def test_json_may_be_a_list_or_have_defaults(tmp_path):
    cases = [{"prompt": "Hi.", "calls": []}]
    alone = write(tmp_path, json.dumps(cases), name="a.json")
    shared = write(
        tmp_path, json.dumps({"cases": cases, "defaults": {"tags": ["b"]}}), name="b.json"
    )

    assert [each.id for each in read_cases(alone)] == ["case-1"]
    assert read_cases(shared)[0].tags == ("b",)


def test_without_pyyaml_one_is_told_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)

    with pytest.raises(ConfigError, match=r'pip install "agentkit\[yaml\]"'):
        read_cases(write(tmp_path, YAML, name="cases.yml"))


VALUES = [
    ({"any_of": ["a", {"pattern": "b+"}]}, "bb", 1),
    ({"pattern": "b+"}, "bab", 0),
    ({"like": "St. Louis"}, "st louis", 1),
    ({"optional": {"any_of": [1, 2]}}, 2, 1),
    ({"anything": True}, [1], 1),
    ({"exact": {"pattern": "x"}}, {"pattern": "x"}, 1),
    ({"exact": {"pattern": "x"}}, "x", 0),
    ({"predicate": "checks.py:is_near"}, 3.1, 1),
    ({"predicate": "checks.py:is_near"}, 9, 0),
    ({"predicate": "math:isfinite"}, 9, 1),
    ({"a": {"any_of": [1]}, "b": [{"like": "X"}]}, {"a": 1, "b": ["x"]}, 1),
    ({"any_of": [1], "b": 2}, {"any_of": [1], "b": 2}, 1),
]


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_an_object_with_a_matchers_name_alone_is_a_matcher(tmp_path, number):
    expected, actual, fits = VALUES[number]
    (tmp_path / "checks.py").write_text("def is_near(x):\n    return abs(x - 3) < 1\n")
    call = {"name": "t", "arguments": {"x": expected}}
    (case,) = read_cases(write(tmp_path, json.dumps({"prompt": "Go.", "calls": [call]})))

    assert (problem(case.calls[0].arguments["x"], actual) == "") == bool(fits)


def test_each_matcher_has_a_name_in_files():
    assert {name for each, *_ in VALUES for name in each if len(each) == 1} == MATCHERS


def case(**more):
    return json.dumps({"prompt": "Go.", "calls": [], **more})


def call(value):
    return case(calls=[{"name": "t", "arguments": {"x": value}}])


WRONG = [
    ("{", "line 1: it is no JSON: Expecting property name enclosed in double quotes (column 2)."),
    ("[" * 100_000, "line 1: it is no JSON: it is nested too deeply."),
    ('{"prompt": "a", "prompt": "b"}', "line 1: it is no JSON: 'prompt' is there twice."),
    (case(answer={"contains": [float("nan")]}), "line 1: it is no JSON: NaN is no number of JSON."),
    (call(json.loads("[" * 101 + "]" * 101)), "line 1: it is no JSON: it is nested more than 100 levels deep."),
    ("3", "line 1: a case is an object, not 3."),
    (case(cals=[]), "line 1: a case has no 'cals'. Did you mean 'calls'? It has: id, prompt, "),
    ('{"calls": []}', "line 1: there is no prompt."),
    (case(prompt=" "), "line 1: the prompt is empty."),
    (case(prompt=3), "line 1: prompt is a text, not 3."),
    ('{"prompt": "Go."}', "line 1: it judges nothing: give calls ([] where none is right), an answer, or "),
    (case(calls={}), "line 1: calls is a list, not {}."),
    (case(calls=[3]), "line 1: a call is an object, not 3."),
    (case(calls=[{"arguments": {}}]), "line 1: a call has no name."),
    (case(calls=[{"name": "t", "args": {}}]), "line 1: a call has no 'args'. Did you mean 'arguments'? It has: name, arguments."),
    (case(calls=[{"name": "t", "arguments": []}]), "line 1: arguments of t is an object, not []."),
    (case(calls=[{"any_of": []}]), "line 1: any_of is empty."),
    (call({"any_of": []}), "line 1: any_of is empty."),
    (call({"any_of": "a"}), "line 1: any_of is a list, not 'a'."),
    (call({"pattern": "("}), "line 1: the pattern '(' is no regular expression: "),
    (call({"like": 3}), "line 1: like is a text, not 3."),
    (call({"predicate": "checks"}), "line 1: a predicate is module:function or file.py:function, not 'checks'."),
    (call({"predicate": "no_such_module:f"}), "line 1: no_such_module cannot be imported: "),
    (call({"predicate": "nothing.py:f"}), "line 1: There is no file "),
    (call({"predicate": "math:isfinit"}), "line 1: math has no 'isfinit'. Did you mean 'isfinite'?"),
    (call({"predicate": "math:pi"}), "line 1: math:pi is no function."),
    (case(answer=3), "line 1: an answer is an object, not 3."),
    (case(answer={}), "line 1: an answer has one of: contains, not_contains, pattern, predicate."),
    (case(answer={"contain": "a"}), "line 1: an answer has no 'contain'. Did you mean 'contains'?"),
    (case(answer={"contains": 3}), "line 1: contains is a list of texts, not 3."),
    (case(order="random"), "line 1: order is \"any\" or \"given\", not 'random'."),
    (case(extra=3), 'line 1: extra, if not "fail" or "allow", is a list of texts, not 3.'),
    (case(forbidden=3), "line 1: forbidden is a list of texts, not 3."),
    (case(tags=[3]), "line 1: tags is a list of texts, not [3]."),
    (case(results=[]), "line 1: results is an object, not []."),
    (case(id=""), "line 1: its id is empty."),
    (case(id=[]), "line 1: its id is empty."),
    (case(note=3), "line 1: note is a text, not 3."),
    (case(turns=[{"prompt": "A?"}]), "line 1: 'prompt' belongs into its turns."),
    ('{"turns": []}', "line 1: turns is an empty list."),
    ('{"turns": [{"prompt": "A?", "forbidden": []}]}', "line 1: a turn has no 'forbidden'."),
    ("\n" + case(id="a") + "\n" + case(id="a"), "line 3: its id is 'a', as in "),
    ("", "cases.jsonl has no cases."),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_mistake_is_one_error_that_names_the_line(tmp_path, number):
    text, why = WRONG[number]
    path = write(tmp_path, text)

    with pytest.raises(ConfigError) as raised:
        read_cases(path)
    assert (
        str(raised.value)
        .removeprefix(f"{path}, ")
        .removeprefix(str(tmp_path) + "/")
        .startswith(why)
    )
    assert "\n" not in str(raised.value)


DOCUMENTS = [
    ("a.yaml", "cases: [", "a.yaml, line 2: it is no YAML: "),
    ("a.yaml", "", "a.yaml is empty."),
    ("a.yaml", "3", "a.yaml: it is a list of cases, or an object with a list `cases`."),
    ("a.yaml", "cases: []\nmore: 1", "a.yaml: beside cases there is only `defaults`, not 'more'."),
    ("a.yaml", "cases: []\ndefaults: 1", "a.yaml: defaults is an object with what all cases share."),
    ("a.yaml", "- prompt: a\n  calls: !!python/name:os.system []", "a.yaml: it is no YAML that JSON can hold: "),
    ("a.yaml", "- prompt: a\n  calls: []\n-\n  prompt: a", "a.yaml, line 4: it judges nothing"),
    ("a.yaml", "[]", "a.yaml has no cases."),
    ("a.json", "{", "a.json: it is no JSON: Expecting property name enclosed in double quotes (line 2, column 1)."),
    ("a.json", '[{"prompt": ""}]', "a.json, case 1: the prompt is empty."),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
def test_a_mistake_in_a_document_is_one_error_too(tmp_path, number):
    name, text, why = DOCUMENTS[number]
    path = write(tmp_path, text, name=name)

    with pytest.raises(ConfigError) as raised:
        read_cases(path)
    assert str(raised.value).removeprefix(f"{tmp_path}/").startswith(why)


def test_a_file_that_cannot_be_read_is_one_error(tmp_path):
    (tmp_path / "latin.jsonl").write_bytes(b'{"prompt": "\xe9"}\n')

    with pytest.raises(ConfigError, match=r"latin\.jsonl is no UTF-8"):
        read_cases(tmp_path / "latin.jsonl")
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_cases(tmp_path / "none.jsonl")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_cases(tmp_path)
