"""Bytes in a result are typed base64, wherever they stand."""

import base64
import json
from collections import deque
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from agentkit.results import result_text

RAW = b"\xff\x00"
TYPED = {"type": "base64", "data": base64.b64encode(RAW).decode()}


class Model(BaseModel):
    raw: bytes


@dataclass
class Record:
    raw: bytes


class Row(NamedTuple):
    raw: bytes


class Mapped(dict[str, Any]):
    pass


@pytest.mark.parametrize("value", [RAW, bytearray(RAW), memoryview(RAW)])
def test_bytes_of_every_type_are_typed_base64(value: Any):
    assert json.loads(result_text(value, "f")) == TYPED


@pytest.mark.parametrize(
    "value",
    [[RAW], (RAW,), {RAW}, deque([RAW]), Row(RAW), iter([RAW]), (each for each in [RAW])],
    ids=lambda value: type(value).__name__,
)
def test_bytes_in_a_sequence_are_typed_base64(value: Any):
    assert json.loads(result_text(value, "f")) == [TYPED]


@pytest.mark.parametrize(
    "value",
    [{"raw": RAW}, Mapped(raw=RAW), Record(RAW), Model(raw=RAW)],
    ids=lambda value: type(value).__name__,
)
def test_bytes_in_an_object_are_typed_base64(value: Any):
    assert json.loads(result_text(value, "f")) == {"raw": TYPED}
    assert json.loads(result_text([value], "f")) == [{"raw": TYPED}]
