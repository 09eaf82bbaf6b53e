"""What goes wrong, as OpenAI's API tells it: a status, and `{"error": {...}}`."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from traceback import format_exception
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from agentkit.errors import (
    AgentkitError,
    ConfigError,
    ConnectError,
    DefinitionError,
    InterfaceError,
    JournalError,
    LimitError,
    MissingKeyError,
    RequestTimeoutError,
    StatusError,
    StoppedError,
)
from agentkit.log import log
from agentkit.redact import redact
from agentkit.serve.json_reply import JsonReply

_AGAIN = "x-should-retry"  # OpenAI's clients ask by themselves again, unless this says not to


class Problem(Exception):  # noqa: N818 - it is what the caller is told
    """What the caller is told.

    Args:
        status: The HTTP status.
        message: What is wrong and what to do.
        code: A word for it.
        type: A kind of it; that of the status if not given.
        param: Which part of the body is meant.
        headers: More headers.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        *,
        type: str = "",  # noqa: A002 - as OpenAI calls it
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, dict(headers or {})
        kind = type or ("server_error" if status >= 500 else "invalid_request_error")
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}

    def response(self) -> Response:
        """The reply."""
        return JsonReply(self.body, self.status, self.headers)


def busy(message: str, code: str, seconds: float = 1.0) -> Problem:
    """There is no room now; nothing was begun."""
    return Problem(503, message, code, headers={"Retry-After": str(max(1, ceil(seconds)))})


def not_found(message: str, code: str = "not_found", param: str | None = None) -> Problem:
    """There is no such thing."""
    return Problem(404, message, code, param=param)


def conflict(message: str, code: str = "conflict") -> Problem:
    """It cannot be done as things stand."""
    return Problem(409, message, code, headers={_AGAIN: "false"})


def problem_of(error: BaseException, *, begun: bool = True) -> Problem:
    """What a caller is told of an error.

    Args:
        error: The error.
        begun: Whether a run had begun: then the same request again would begin another.
    """
    found = error if isinstance(error, Problem) else _problem(error)
    if begun:
        found.headers.setdefault(_AGAIN, "false")
    return found


def _problem(error: BaseException) -> Problem:
    text = redact(str(error)) or type(error).__name__
    if isinstance(error, StatusError):
        return _refused(error, text)
    if isinstance(error, JournalError) and is_broken(error):
        return Problem(503, text, "journal_unusable")
    for kind, status, code, word in _KINDS:
        if isinstance(error, kind):
            return Problem(status, text, code, type=word)
    if isinstance(error, StoppedError) and error.for_good:
        return Problem(409, f"The run was cancelled: {text}.", "run_cancelled")
    if isinstance(error, StoppedError):
        return Problem(503, f"The run was interrupted: {text}.", "run_interrupted")
    said = text if isinstance(error, AgentkitError) else f"{type(error).__name__}: {text}"
    return Problem(500, f"The run failed: {said}", "run_failed")


def is_broken(error: JournalError) -> bool:
    """Whether the journal itself cannot be used, and not what was asked of it."""
    return error.__cause__ is not None and not isinstance(error.__cause__, JournalError)


_KINDS: tuple[tuple[Any, int, str, str], ...] = (
    (RequestTimeoutError, 504, "upstream_timeout", "upstream_error"),
    (ConnectError, 502, "upstream_unreachable", "upstream_error"),
    (InterfaceError, 502, "upstream_reply", "upstream_error"),
    (LimitError, 422, "run_limit", "limit_error"),
    ((MissingKeyError, DefinitionError), 500, "agent_misconfigured", ""),
    (ConfigError, 400, "invalid_value", ""),
    (JournalError, 409, "conflict", ""),
)
"""What an error is told as: the first kind that it is of."""


def _refused(error: StatusError, text: str) -> Problem:
    """What a model's server refused."""
    if error.status in (429, 498):
        wait = {} if error.retry_after is None else {"Retry-After": str(ceil(error.retry_after))}
        code = error.code or "rate_limit_exceeded"
        return Problem(429, text, code, type="rate_limit_error", headers=wait)
    if error.code == "context_length_exceeded" or error.status == 413:
        return Problem(400, text, "context_length_exceeded", param="messages")
    return Problem(502, text, error.code or "upstream_error", type="upstream_error")


async def tell_problem(request: Request, error: Exception) -> Response:
    """The reply to what a handler raised on purpose."""
    return problem_of(error, begun=False).response()


async def tell_status(request: Request, error: Any) -> Response:
    """The reply to what the router refused: no such path, or no such method there."""
    status = int(error.status_code)
    what = f"{request.method} {request.url.path}"
    if status == 405:
        said = f"{what} is not allowed."
        return Problem(405, said, "method_not_allowed", headers=error.headers).response()
    if status == 404:
        return not_found(f"There is no {what}.").response()
    return Problem(status, str(error.detail), "refused").response()


def traced(error: BaseException) -> str:
    """An error and where it came from, for a log, without secrets."""
    return redact("".join(format_exception(error)))


def tell_bug(scope: Mapping[str, Any], error: Exception) -> Response:
    """The reply to what nobody thought of; the log has more."""
    log.error("%s %r failed: %s", scope["method"], scope["path"], traced(error))
    return Problem(500, "Something went wrong in the service; its log has more.", "bug").response()
