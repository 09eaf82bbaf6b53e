import json
from collections import namedtuple
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import BaseModel

from agentkit import ToolError
from agentkit.results import capped, result_text


class Color(Enum):
    RED = "red"


class Item(BaseModel):
    name: str
    price: Decimal


@dataclass
class Place:
    name: str
    since: date


Pair = namedtuple("Pair", "a b")
KEY = UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain text", "plain text"),
        ("", ""),
        (None, "null"),
        (True, "true"),
        ({"\ud800": ["a\udc00", "é"]}, '{"\ufffd":["a\ufffd","é"]}'),
        (1.5, "1.5"),
        (float("inf"), '"Infinity"'),
        (date(2026, 1, 2), '"2026-01-02"'),
        (datetime(2026, 1, 2, 3, 4), '"2026-01-02T03:04:00"'),
        (timedelta(minutes=90), '"PT1H30M"'),
        (Decimal("1.10"), '"1.10"'),
        (KEY, f'"{KEY}"'),
        (Path("a/b"), '"a/b"'),
        (Color.RED, '"red"'),
        (Item(name="tea", price=Decimal("2.50")), '{"name":"tea","price":"2.50"}'),
        ([Item(name="tea", price=Decimal(1))], '[{"name":"tea","price":"1"}]'),
        (Place("Oslo", date(1048, 1, 1)), '{"name":"Oslo","since":"1048-01-01"}'),
        (Pair(1, "x"), '[1,"x"]'),
        ({1: {2}}, '{"1":[2]}'),
        ((n for n in range(3)), "[0,1,2]"),
        (b"hi", '{"type":"base64","data":"aGk="}'),
        ({"a": [bytearray(b"hi")]}, '{"a":[{"type":"base64","data":"aGk="}]}'),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_becomes_text_as_it_is_or_json(value, text):
    assert result_text(value, "f") == text


def circle():
    around = []
    around.append(around)
    return around


@pytest.mark.parametrize(
    "value",
    [object(), [object()], {"a": iter}, circle()],
    ids=["object", "inside", "function", "circle"],
)
def test_a_value_without_json_form_names_tool_and_type_and_shows_no_repr(value):
    with pytest.raises(ToolError) as refused:
        result_text(value, "find")

    assert "The result of find cannot be sent" in str(refused.value)
    assert f"type {type(value).__name__}" in str(refused.value)
    assert " at 0x" not in str(refused.value)


def test_a_short_text_is_not_capped():
    assert capped("x" * 10, 10) == "x" * 10
    assert capped("x" * 10, None) == "x" * 10


def test_a_long_text_keeps_head_and_tail_and_tells_its_size():
    text = "a" * 5_000 + "b" * 5_000

    cut = capped(text, 1_000)

    assert cut == ("a" * 800 + "\n[... 9,000 of 10,000 characters left out ...]\n" + "b" * 200)


def test_json_stays_json_when_it_fits():
    assert json.loads(capped(result_text({"a": [1]}, "f"), 100)) == {"a": [1]}
