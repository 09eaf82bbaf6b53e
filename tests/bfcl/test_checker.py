"""Whether calls are right, by the leaderboard's own verdicts and by its rules."""

import gzip
import json

import pytest

from benchmarks.bfcl.checker import problem
from benchmarks.bfcl.verdicts import STORED, differing

BOOK = {
    "name": "hotel.book",
    "parameters": {
        "type": "dict",
        "properties": {
            "city": {"type": "string"},
            "nights": {"type": "integer"},
            "price": {"type": "float"},
            "quiet": {"type": "boolean"},
            "ages": {"type": "array", "items": {"type": "integer"}},
            "names": {"type": "array", "items": {"type": "string"}},
            "beds": {"type": "dict"},
            "extras": {"type": "array", "items": {"type": "dict"}},
            "note": {"type": "any"},
            "floor": {"type": "integer"},
        },
        "required": ["city"],
    },
}
ACCEPTED = {
    "city": ["St. Louis, MO", "St Louis"],
    "nights": [3, ""],
    "price": [80.0, ""],
    "quiet": [True, ""],
    "ages": [[4, 9], ""],
    "names": [["Ann", "Bo"], ""],
    "beds": [{"size": ["king"], "count": [1, ""]}, ""],
    "extras": [[{"kind": ["cot"]}, {"kind": ["desk"]}], ""],
    "note": ["", "late"],
}
CITY = {"city": "st-louis mo"}


def wrong(*calls, functions=(BOOK,), accepted=({"hotel.book": ACCEPTED},)):
    """The kind of what is wrong."""
    return problem(functions, calls, accepted).partition(":")[0]


def test_each_verdict_is_the_official_one():
    lines = [json.loads(line) for line in gzip.decompress(STORED.read_bytes()).splitlines()]

    assert sum(len(line["right"]) for line in lines) > 3_500
    assert sum(len(line["wrong"]) for line in lines) > 3_500
    assert list(differing(lines)) == []


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"nights": 3, "price": 80, "quiet": True},
        {"ages": [4, 9], "names": ["ann", "BO."]},
        {"beds": {"size": "King"}},
        {"beds": {"size": "king", "count": 1}},
        {"extras": [{"kind": "Cot"}, {"kind": "desk"}]},
        {"extras": []},
        {"note": "Late"},
    ],
    ids=lambda given: "-".join(given) or "least",
)
def test_calls_that_are_right(arguments):
    assert wrong({"hotel_book": CITY | arguments}) == ""


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("missing", {"city": ...}),
        ("value", {"city": "Saint Louis"}),
        ("value", {"city": "St. Louis (MO)"}),
        ("type", {"city": ["St Louis"]}),
        ("type", {"nights": "3"}),
        ("type", {"nights": 3.0}),
        ("type", {"nights": True}),
        ("type", {"quiet": "true"}),
        ("value", {"price": 79.5}),
        ("type", {"price": None}),
        ("value", {"ages": [9, 4]}),
        ("value", {"names": ["Ann"]}),
        ("value", {"names": [["Ann", "Bo"]]}),
        ("value", {"beds": {"count": 1}}),
        ("value", {"beds": {"size": "king", "view": "sea"}}),
        ("type", {"beds": "king"}),
        ("value", {"extras": [{"kind": "desk"}, {"kind": "cot"}]}),
        ("unexpected", {"floor": 2}),
        ("unexpected", {"garden": True}),
    ],
    ids=lambda given: given if isinstance(given, str) else "-".join(given),
)
def test_calls_that_are_wrong(kind, arguments):
    given = {key: each for key, each in (CITY | arguments).items() if each is not ...}

    assert wrong({"hotel_book": given}) == kind


def test_a_name_is_compared_as_it_was_sent():
    assert wrong({"hotel.book": CITY}) == "function"
    assert wrong({"hotel_Book": CITY}) == "function"


def test_arguments_that_could_not_be_read_are_wrong():
    assert wrong({"hotel_book": '{"city": '}) == "arguments"


def test_what_no_answer_allows_to_leave_out_is_to_be_given():
    answer = {"hotel.book": {"city": ["Rome"], "nights": [1]}}

    assert wrong({"hotel_book": {"city": "Rome"}}, accepted=[answer]) == "left out"


def test_items_of_a_list_have_the_type_that_is_declared():
    answer = {"hotel.book": {"city": ["Rome"], "ages": [[4, 9]]}}

    assert wrong({"hotel_book": {"city": "Rome", "ages": [4, 9]}}, accepted=[answer]) == ""
    assert wrong({"hotel_book": {"city": "Rome", "ages": [4.0, 9]}}, accepted=[answer]) == "type"


def test_parallel_calls_come_in_any_order_and_in_the_right_number():
    accepted = [{"hotel.book": {"city": [each]}} for each in ("Rome", "Oslo", "Oslo")]
    rome, oslo = ({"hotel_book": {"city": each}} for each in ("Rome", "Oslo"))

    assert wrong(oslo, rome, oslo, accepted=accepted) == ""
    assert wrong(oslo, rome, accepted=accepted) == "count"
    assert wrong(oslo, rome, rome, accepted=accepted) == "value"
    assert wrong(oslo, rome, oslo, oslo, accepted=accepted) == "count"


def test_what_is_wrong_with_parallel_calls_is_told_of_the_function_that_was_meant():
    other = {"name": "wake", "parameters": {"type": "dict", "properties": {}, "required": []}}
    accepted = [{"hotel.book": {"city": ["Rome"]}}, {"wake": {}}]

    told = problem([BOOK, other], [{"wake": {}}, {"hotel_book": {"city": "Oslo"}}], accepted)

    assert told == "value: city='Oslo', accepted ['Rome']"


def test_where_no_call_is_right_each_is_wrong():
    assert wrong(accepted=()) == ""
    assert wrong({"hotel_book": CITY}, accepted=()) == "called"


def test_data_of_ones_own_may_have_the_types_of_json_schema_or_none():
    properties = {
        "size": {"type": "number"},
        "box": {"type": "object"},
        "either": {"type": ["string", "null"]},
        "mode": {"enum": ["fast", 2]},
        "all": {"type": "array"},
    }
    function = {"name": "pack", "parameters": {"type": "object", "properties": properties}}
    values = {"size": 2, "box": {"w": 1}, "either": "A", "mode": 2, "all": ["B", 1]}
    accepted = {"size": [2.0], "box": [{"w": 1}], "either": ["a"], "mode": [2], "all": [["b", 1]]}

    def judged(**changed):
        call = {"pack": values | changed}
        return wrong(call, functions=[function], accepted=[{"pack": accepted}])

    assert judged() == ""
    for name, other in (("box", {"w": 2}), ("either", "c"), ("mode", "fast"), ("all", [])):
        assert judged(**{name: other}) == "value"


def test_an_answer_of_a_function_that_is_not_offered_is_said_to_be_wrong_itself():
    assert wrong({"hotel_book": CITY}, accepted=[{"fly": {}}]) == "answer"
