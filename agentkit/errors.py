"""Every error that agentkit raises on purpose.

AgentkitError
├── ConfigError              a setting, interface, alias or option that does not exist or fit
│   └── MissingKeyError      an interface without its key
├── DefinitionError          a function or schema that cannot be offered to a model
├── ToolError                a tool's own words for the model
├── ArgumentsError           arguments that do not fit a tool
├── JournalError             a journal that cannot be used, or has no such run
├── ReplayError              a recording that cannot be used, or has no such request
├── MCPError                 an MCP server that cannot be started, reached or understood
├── DurableError             a database of durable runs that cannot be used, or has no such run
├── InterfaceError           the model gave no usable reply
│   ├── ConnectError         no connection: refused, DNS, TLS, cut
│   ├── RequestTimeoutError  no reply in time
│   ├── StatusError          the server answered with an error
│   └── ReplyError           the reply makes no sense
├── StoppedError             a run was cancelled, or interrupted to be gone on with later
└── LimitError               a run reached one of its limits

An error that ends a run carries the run so far as `error.run`: its transcript can be sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class AgentkitError(Exception):
    """The base of all errors of agentkit."""

    run: Any = None
    """The `Run` so far, where the error ended one."""

    def __reduce__(self) -> Any:  # as __init__ takes other arguments than those it hands on
        return _rebuilt, (type(self), self.args, vars(self))

    def add(self, text: str) -> None:
        """Say more: the message with a sentence behind it."""
        said = str(self).rstrip()
        self.args = (f"{said}{'' if said.endswith(('.', '!', '?', ')')) else '.'} {text}",)


def _rebuilt(kind: type[AgentkitError], args: Any, state: Mapping[str, Any]) -> AgentkitError:
    error = kind.__new__(kind, *args)
    vars(error).update(state)
    return error


class ConfigError(AgentkitError):
    """A setting, interface, alias or option does not exist or does not fit."""


class MissingKeyError(ConfigError):
    """An interface has no key."""


class DefinitionError(AgentkitError):
    """A function or schema cannot be offered to a model."""


class ToolError(AgentkitError):
    """Raised by a tool: its text goes to the model as it stands."""


class ArgumentsError(AgentkitError):
    """The model's arguments do not fit the tool; one problem a line."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class JournalError(AgentkitError):
    """A journal cannot be used, has no such run, or somebody else goes on with the run."""


class ReplayError(AgentkitError):
    """A recording cannot be used, or has no such request or call."""


class MCPError(AgentkitError):
    """An MCP server cannot be started or reached, or makes no sense."""


class DurableError(AgentkitError):
    """A database of durable runs cannot be used, has no such run, or the run was cancelled."""


class InterfaceError(AgentkitError):
    """The model gave no usable reply."""

    retryable = False
    """Whether the same request may well succeed a little later."""

    handed_out = False
    """Whether a part of the answer had been streamed to the caller; then nothing is asked again."""

    waited = 0.0
    """Seconds spent waiting before it came to this."""

    excess = 0.0
    """Characters by which the request was too long, where that is why it failed."""


class ConnectError(InterfaceError):
    """The server could not be reached, or the connection was cut."""

    retryable = True


class RequestTimeoutError(InterfaceError):
    """The server did not answer in time."""

    retryable = True


class StatusError(InterfaceError):
    """The server answered with an error.

    Args:
        message: What happened and what to do.
        status: The HTTP status; for an error in the middle of a stream the one that its body names.
        code: The server's own word for the error, such as `model_not_found`.
        body: The error object as the server sent it, or the first characters of its text.
        retry_after: Seconds to wait, where the server named them.
        quotas: What is left of the server's limits, as far as its headers say.
        partial: What had come of the answer, for an error in the middle of a stream.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str | None = None,
        body: Any = None,
        retry_after: float | None = None,
        quotas: tuple[Any, ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.body = body
        self.retry_after = retry_after
        self.quotas = quotas
        self.partial: Any = None
        # 498 is Groq's word for a flex tier that is full.
        self.retryable = status in (408, 409, 429, 498) or status >= 500

    @property
    def no_such_model(self) -> bool:
        """Whether the server has no such model, or has it no more."""
        return self.code in ("model_decommissioned", "model_not_found")


class ReplyError(InterfaceError):
    """The reply makes no sense; the message shows how it begins."""


class StoppedError(AgentkitError):
    """A run was stopped from outside.

    Args:
        message: By whom, or why.
        for_good: Whether it was cancelled; otherwise it was interrupted, to be gone on with later.
    """

    def __init__(self, message: str, *, for_good: bool) -> None:
        super().__init__(message)
        self.for_good = for_good


class LimitError(AgentkitError):
    """A run reached one of its limits; `run.messages` can be continued with a higher one."""


def closest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """A hint such as " Did you mean 'clock'?", or nothing where no known name is near."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f" Did you mean {near[0]!r}?" if near else ""
