"""Whether calls come back: a small forced one in each dialect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from agentkit.adapting import Adapting
from agentkit.doctor.checks import Check, Verdict, denied, is_denied, skipped, successors, words
from agentkit.errors import (
    ConfigError,
    ConnectError,
    InterfaceError,
    ReplyError,
    RequestTimeoutError,
    StatusError,
)
from agentkit.http import HTTPInterface
from agentkit.memory import Memory
from agentkit.messages import FunctionDefinition, Request, UserMessage
from agentkit.recovering import Recovering
from agentkit.wire import Dialect

DIALECTS: tuple[Dialect, ...] = ("functions", "tools")
CONCLUSION = "calls"

_TOKENS = 400  # for one small call: models that reason need most of them to think
_TRIAL = FunctionDefinition(
    "note_color",
    "Note a color.",
    {"type": "object", "properties": {"color": {"type": "string"}}, "required": ["color"]},
)
_ASKED = UserMessage("Call the function note_color with the color red.")


@dataclass(frozen=True, slots=True)
class _Trial:
    """How a call went; `ends` is the verdict where the other trials would go no better."""

    came: bool
    text: str
    model: str
    ends: Verdict | None = None


class Calls:
    """Small requests to one model.

    Args:
        http: The interface as agentkit uses it.
        model: The model's full name.
        given: The settings of `HTTPInterface`.
    """

    def __init__(self, http: HTTPInterface, model: str, given: Mapping[str, Any]) -> None:
        self._http, self._page, self._given = http, http.page, given
        self._model = model

    def checks(self) -> Iterator[Check]:
        """A check for each dialect, and one that says what agentkit makes of them."""
        came: list[Dialect] = []
        for index, dialect in enumerate(DIALECTS):
            trial = self._tried(dialect)
            self._model = trial.model
            if trial.ends:
                yield Check(dialect, trial.ends, trial.text)
                left = (*DIALECTS[index + 1 :], CONCLUSION)
                yield from skipped(left, "the request before it would end like this one")
                return
            if trial.came:
                came.append(dialect)
            yield Check(dialect, "ok" if trial.came else self._miss(dialect), trial.text)
        yield self._concluded(came)

    def _miss(self, dialect: Dialect) -> Verdict:
        """How bad it is that a dialect does not work: not at all where it is not used."""
        return "warning" if self._http.finds_dialect or dialect == self._http.dialect else "ok"

    def _tried(self, dialect: Dialect) -> _Trial:
        asked = self._model
        for model in successors(self._page, asked):
            instead = f", asked instead of {asked}, which is gone" if model != asked else ""
            with closing(self._one(dialect)) as http:
                try:
                    response = Recovering(http).send(self._request(model))
                except InterfaceError as error:
                    if _is_gone(error) and self._page.successor(model):
                        continue
                    return self._failed(error, model, instead)
                except ConfigError as error:  # a page that leaves out what agentkit sends
                    return _Trial(False, str(error), model, "problem")
            if response.message.calls:
                mended = f" ({'; '.join(response.repairs)})" if response.repairs else ""
                return _Trial(True, f"the call came back from {model}{instead}{mended}", model)
            return _Trial(False, f"ignored: text and no call from {model}{instead}", model)
        raise AssertionError("the last model of the chain has no successor")

    def _failed(self, error: InterfaceError, model: str, instead: str) -> _Trial:
        told = f"{model}{instead}: {words(error)}"
        if is_denied(error):
            return _Trial(False, denied(error, self._page), model, "problem")
        if isinstance(error, ConnectError | RequestTimeoutError):
            return _Trial(False, told, model, "problem")
        if _is_gone(error):
            text = f"{told}; choose another model"
            return _Trial(False, text, model, "problem")
        if isinstance(error, StatusError) and error.status == 429:
            return _Trial(False, f"the limit is reached, try later: {told}", model, "warning")
        refused = isinstance(error, StatusError) and error.status < 500
        kind = "refused" if refused else "no sense" if isinstance(error, ReplyError) else "error"
        return _Trial(False, f"{kind}: {told}", model)

    def _concluded(self, came: list[Dialect]) -> Check:
        """Which dialect agentkit uses, and whether that is well."""
        if not came:
            text = f"no call came back from {self._model}: try another model with --model"
            return Check(CONCLUSION, "problem", text)
        used = self._used(came)
        if used in came:
            found = self._http.finds_dialect and used == "tools"
            finds = ", after a first request in functions" if found else ""
            return Check(CONCLUSION, "ok", f"agentkit uses {used}{finds}")
        where = self._http.address.removesuffix("/chat/completions")
        return Check(
            CONCLUSION,
            "problem",
            f"agentkit uses {used or 'functions'}, because replies do not tell it that only "
            f"{came[0]} work here. Make a page that does: "
            f"`agentkit interfaces add NAME --url {where} --dialect {came[0]}`",
        )

    def _used(self, came: list[Dialect]) -> Dialect | None:
        """The dialect that agentkit uses after the first request; it is tried where it is moot."""
        if not self._http.finds_dialect:
            return self._http.dialect
        if "functions" in came:
            return "functions"
        with closing(self._one("auto")) as http:
            try:
                response = Recovering(Adapting(http)).send(self._request(self._model))
            except InterfaceError:
                return None
        learned = http.memory.dialects.get(self._model, http.dialect)
        return learned if response.message.calls else None

    def _one(self, dialect: str) -> HTTPInterface:
        """An interface that speaks one dialect, knows nothing yet, and takes all names as full."""
        names = {each: each for each in successors(self._page, self._model)}
        settings = {**self._given, "dialect": dialect, "aliases": names}
        http = HTTPInterface(self._page, **settings)
        http.memory = Memory()  # the process may have learned of a server that has changed since
        return http

    def _request(self, model: str) -> Request:
        wanted = {
            "function_call": _TRIAL.name,
            "max_tokens": _TOKENS,
            "max_completion_tokens": _TOKENS,
        }
        options = {name: value for name, value in wanted.items() if name in self._page.options}
        if "max_tokens" in options:
            options.pop("max_completion_tokens", None)
        return Request(messages=(_ASKED,), definitions=(_TRIAL,), model=model, options=options)


def _is_gone(error: InterfaceError) -> bool:
    return isinstance(error, StatusError) and error.no_such_model
