"""Results that are kept for a while."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from agentkit import Context, DefinitionError, Toolbox, tool
from agentkit import cached as cached_module
from agentkit.safe import Secret
from agentkit.testing import call

PURE = {"read_only": True, "idempotent": True}


def counting(**options: Any) -> tuple[Toolbox, list[Any]]:
    calls: list[Any] = []

    @tool(**PURE, **options)
    def double(n: int, loud: bool = False) -> str:
        calls.append(n)
        if n < 0:
            raise ValueError("negative")
        return f"{2 * n}{'!' * loud}"

    return Toolbox(double), calls


def test_equal_arguments_get_the_kept_result():
    toolbox, calls = counting(cache=60)
    texts = [
        toolbox.call(call("double", arguments)).content
        for arguments in ({"n": 1}, {"n": "1"}, {"loud": False, "n": 1}, {"n": 1, "loud": True})
    ]

    assert texts == ["2", "2", "2", "2!"]
    assert calls == [1, 1]


def test_nothing_is_kept_without_being_asked_for():
    toolbox, calls = counting()
    for _ in range(2):
        toolbox.call(call("double", n=1))

    assert calls == [1, 1]


def test_an_old_result_is_not_given_again(monkeypatch):
    toolbox, calls = counting(cache=60)
    now = [0.0]
    monkeypatch.setattr(cached_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    for now[0] in (0.0, 59.0, 60.0, 61.0):
        toolbox.call(call("double", n=1))

    assert calls == [1, 1]


def test_a_failure_is_not_kept():
    toolbox, calls = counting(cache=60)
    results = [toolbox.call(call("double", n=-1)) for _ in range(2)]

    assert all(each.is_error for each in results)
    assert calls == [-1, -1]


def test_the_oldest_results_go_first(monkeypatch):
    monkeypatch.setattr(cached_module, "_MOST", 2)
    toolbox, calls = counting(cache=60)
    for n in (1, 2, 3, 3, 2, 1):
        toolbox.call(call("double", n=n))

    assert calls == [1, 2, 3, 1]


def test_tools_of_two_objects_keep_their_own():
    class Counter:
        def __init__(self, start: int) -> None:
            self.start = start

        @tool(**PURE, cache=60)
        def count(self) -> int:
            return self.start

    toolboxes = [Toolbox(Counter(1)), Toolbox(Counter(2))]

    assert [each.call(call("count")).content for each in toolboxes * 2] == ["1", "2", "1", "2"]


def test_a_default_without_a_json_form_does_no_harm():
    calls = []
    thing = object()
    odd = tool(lambda n=thing: calls.append(n), name="odd", **PURE, cache=60)
    for _ in range(2):
        Toolbox(odd).call(call("odd"))

    assert calls == [thing]


class Login(BaseModel):
    user: str
    tenant: str = Field(exclude=True)


@pytest.mark.parametrize("kind", [Secret, SecretStr, Login])
def test_what_no_json_shows_still_tells_calls_apart(kind):
    @tool(**PURE, cache=60)
    def balance(key: kind) -> str:
        return key.tenant if isinstance(key, Login) else str(hash(key))

    toolbox = Toolbox(balance)
    given = [{"user": "a", "tenant": t} for t in "xy"] if kind is Login else ["right", "wrong"]
    texts = [toolbox.call(call("balance", key=each)).content for each in (*given, *given)]

    assert texts[0] != texts[1]
    assert texts[:2] == texts[2:]


def test_a_tool_that_changes_its_arguments_is_kept_under_those_that_came():
    @tool(**PURE, cache=60)
    def last(xs: list[int]) -> int:
        return xs.pop()

    toolbox = Toolbox(last)
    texts = [toolbox.call(call("last", xs=xs)).content for xs in ([1, 2, 3], [1, 2], [1, 2, 3])]

    assert texts == ["3", "2", "3"]


def test_an_iterator_is_left_for_the_tool():
    @tool(**PURE, cache=60)
    def total(xs: Iterable[int]) -> int:
        return sum(xs)

    assert Toolbox(total).call(call("total", xs=[1, 2, 3])).content == "6"


@pytest.mark.parametrize("cache", [0, -1, float("nan")])
def test_a_time_is_above_zero(cache):
    with pytest.raises(DefinitionError, match="cache is a number of seconds above 0"):
        tool(lambda: 1, name="one", **PURE, cache=cache)


@pytest.mark.parametrize("hints", [{}, {"read_only": True}, {"idempotent": True}])
def test_only_tools_that_change_nothing_can_keep_results(hints):
    with pytest.raises(DefinitionError, match="read_only and idempotent"):
        tool(lambda: 1, name="one", cache=60, **hints)


def test_a_tool_with_a_context_cannot_keep_results():
    def whoami(context: Context[str]) -> str:
        return context.deps

    with pytest.raises(DefinitionError, match="Context"):
        tool(whoami, **PURE, cache=60)
