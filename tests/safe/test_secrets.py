"""Secrets: given by `reveal` alone, whatever else is done with them."""

import copy
import io
import json
import logging
import pickle
import pprint
import reprlib
import traceback
from collections import deque
from dataclasses import asdict, astuple, dataclass, replace
from typing import Annotated, NamedTuple

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel, TypeAdapter, ValidationError
from pydantic_core import to_json, to_jsonable_python

from agentkit import FunctionCall, Toolbox, tool
from agentkit.safe import Secret
from agentkit.safe.secrets import secrets_in

TEXT = "hunter2-correct-horse"
SECRET = Secret(TEXT)


class Login(BaseModel):
    password: Secret
    user: str = "anna"


@dataclass
class Account:
    password: Secret
    inner: object = None


class Pair(NamedTuple):
    left: object
    right: object


def logged(value: object) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.emit(logging.LogRecord("x", logging.INFO, "x", 1, "%s %r", (value, value), None))
    return stream.getvalue()


def trace(value: object) -> str:
    try:
        raise ValueError(value)
    except ValueError as error:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        return "".join(told.format())


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        ascii,
        format,
        pprint.pformat,
        reprlib.repr,
        logged,
        trace,
        lambda value: f"{value}{value!r}{value!s:>40}{value:x}{value:0>3}",
        lambda value: "%s %r %a %40s".__mod__((value,) * 4),
        "{0} {0!r} {0:>30} {0.reveal} {0.__class__}".format,
        lambda value: json.dumps({"a": [value]}, default=str),
        lambda value: json.dumps({"a": [value]}, default=repr),
        lambda value: to_json([value, {"a": value}, {value: 1}]).decode(),
        lambda value: str(to_jsonable_python({"a": (value,)})),
        lambda value: repr(Account(value)) + str(asdict(Account(value))) + str(astuple(Account(value))),
        lambda value: repr(replace(Account(value), inner=value)),
        lambda value: repr(Login(password=value)) + str(Login(password=value)),
        lambda value: Login(password=value).model_dump_json() + str(Login(password=value).model_dump()),
        lambda value: str(RootModel[list[Secret]]([value]).model_dump(mode="json")),
        lambda value: repr(copy.copy(value)) + repr(copy.deepcopy([value])),
        lambda value: repr([value, (value,), {value}, {value: value}]),
    ],
)  # fmt: skip
def test_a_secret_is_never_shown(show):
    shown = show(SECRET)

    assert TEXT not in shown
    assert "[secret]" in shown


def test_a_secret_gives_its_text_to_whoever_asks():
    assert SECRET.reveal() == TEXT
    assert copy.deepcopy(Login(password=TEXT)).password.reveal() == TEXT


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol):
    with pytest.raises(TypeError, match="A Secret is not pickled"):
        pickle.dumps(Account(SECRET), protocol)
    assert pickle.loads(pickle.dumps(Account(None), protocol)) == Account(None)


@settings(max_examples=50, deadline=None)
@given(st.text(), st.text())
def test_secrets_are_equal_where_their_texts_are(one, other):
    assert (Secret(one) == Secret(other)) == (one == other)
    assert Secret(one) == Secret(one)
    assert hash(Secret(one)) == hash(Secret(one))
    assert Secret(one) != one
    assert len(Secret(one)) == len(one)


def test_halves_of_characters_can_be_compared():
    assert Secret("\ud800") != Secret("\ud801")


def test_a_secret_is_told_apart_in_the_schema():
    schema = TypeAdapter(Secret | None).json_schema()

    secret = {"type": "string", "format": "password", "writeOnly": True}
    assert schema == {"anyOf": [secret, {"type": "null"}]}


@pytest.mark.parametrize("value", [TEXT, SECRET])
def test_a_secret_is_made_of_text_or_of_itself(value):
    adapter = TypeAdapter(Secret)

    assert adapter.validate_python(value) == SECRET
    assert adapter.validate_python(value, strict=True) == SECRET
    assert adapter.validate_json(json.dumps(TEXT)) == SECRET


@pytest.mark.parametrize("value", [12345678, ["12345678"], {"a": "12345678"}, b"12345678", None])
def test_what_is_no_text_is_refused_and_not_shown(value):
    with pytest.raises(ValidationError, match="Input should be a valid string") as refused:
        Login(password=value)
    assert "12345678" not in str(refused.value) + repr(refused.value.errors())
    assert Login(password="12345678").password.reveal() == "12345678"


def test_what_is_shown_in_place_of_a_secret_is_no_secret():
    shown = Login(password=TEXT).model_dump_json()

    with pytest.raises(ValidationError, match="stands for a secret that is not shown"):
        Login.model_validate_json(shown)


def test_a_length_can_be_asked_for():
    adapter = TypeAdapter(Annotated[Secret, Field(min_length=8)])

    assert adapter.validate_python(TEXT) == SECRET
    with pytest.raises(ValidationError, match="at least 8"):
        adapter.validate_python("short")


def ring() -> list[object]:
    circle: list[object] = [SECRET]
    circle.append(circle)
    return circle


def deep() -> list[object]:
    nested: list[object] = [SECRET]
    for _ in range(100_000):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        [SECRET],
        (SECRET, SECRET),
        {SECRET},
        frozenset([SECRET]),
        deque([SECRET]),
        {"a": SECRET},
        {SECRET: 1},
        Pair(1, SECRET),
        Login(password=TEXT),
        RootModel[list[Secret]]([SECRET]),
        Account(SECRET),
        Account(None, [{"a": Login(password=TEXT)}]),
        ((SECRET,), {"other": [1, "a", None, 2.5]}),
        pydantic.SecretStr(TEXT),
        pydantic.SecretBytes(TEXT.encode()),
        pydantic.Secret[str](TEXT),
        ring(),
        deep(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_secrets_are_found_wherever_they_are(value):
    assert secrets_in(value) == (TEXT,)


@pytest.mark.parametrize("value", [TEXT, [TEXT], Account(None), Secret, Account, Login, 1, None])
def test_what_is_no_secret_is_not_found(value):
    assert secrets_in(value) == ()


def test_secrets_in_fields_that_a_model_does_not_know_are_found():
    class Open(BaseModel, extra="allow"):
        _hidden: Secret = Secret("hidden")

    assert {*secrets_in(Open(more=SECRET))} == {TEXT, "hidden"}


@tool
def log_in(password: Secret, login: Login | None = None) -> object:
    """Log in."""
    if login:
        raise ValueError(f"{password.reveal()} is wrong, {login.password.reveal()} as well")
    return {"password": password, "told": f"It is {password.reveal()}", password: [password]}


def called(**arguments: object) -> str:
    return Toolbox(log_in).call(FunctionCall("log_in", json.dumps(arguments))).content


def test_a_tools_result_is_without_its_secrets():
    told = json.loads(called(password=TEXT))

    assert told == {"password": "[secret]", "told": "It is [secret]", "[secret]": ["[secret]"]}


def test_a_tools_error_is_without_its_secrets():
    told = called(password=TEXT, login={"password": "other secret"})

    assert told == "Error: ValueError: [secret] is wrong, [secret] as well"


@pytest.mark.parametrize("value", [12345678, ["12345678"], {"a": "12345678"}])
def test_a_model_is_not_shown_what_it_gave_for_a_secret(value):
    told = called(password=value)

    assert "password: Input should be a valid string" in told
    assert "12345678" not in told


@tool
def send(token: Secret = SECRET) -> bool:
    """Send."""
    return token.reveal() == TEXT


def test_a_default_is_used_and_not_published():
    assert TEXT not in json.dumps(send.definition.parameters)
    assert Toolbox(send).call(FunctionCall("send", "{}")).content == "true"
