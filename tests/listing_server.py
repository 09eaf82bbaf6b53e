"""A `ModelServer` that also lists its models, and has models that are gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

from model_server import Given, ModelServer, Raw, _Handler

from agentkit import FunctionCall

CALL = FunctionCall("note_color", '{"color": "red"}')


class ListingServer(ModelServer):
    """It calls `note_color` in either dialect, unless told otherwise."""

    def __init__(self, models: Sequence[str] | Raw = ("openai/gpt-oss-20b",)) -> None:
        super().__init__()
        self._http.RequestHandlerClass = _Listing
        self.models = models
        self.always = CALL

    def gone(self, models: Collection[str]) -> None:
        """Refuse some models as Groq does."""
        self.always = lambda body: missing(body["model"]) if body["model"] in models else CALL

    def deaf(self, key: str, then: Given) -> None:
        """Give another reply where the functions are under that key of the request."""
        self.always = lambda body: then if key in body else CALL

    def listed(self) -> Raw:
        """The reply to a request for the list."""
        if isinstance(self.models, Raw):
            return self.models
        data = [{"id": each, "object": "model", "created": 0} for each in self.models]
        return Raw([json.dumps({"object": "list", "data": data}).encode()])


class _Listing(_Handler):
    server: Any

    def do_GET(self) -> None:  # noqa: N802 - the library's name
        reply = self.server.owner.listed()
        self._head(reply, False)
        self.wfile.writelines(reply.pieces)


def refusal(status: int, message: str, code: str | None = None) -> Raw:
    """An error as servers send it."""
    error = {"message": message, "type": "invalid_request_error", "code": code}
    return Raw([json.dumps({"error": error}).encode()], status=status)


def missing(model: str) -> Raw:
    """Groq's word for a model that is gone."""
    text = f"The model `{model}` does not exist or you do not have access to it."
    return refusal(404, text, "model_not_found")


def asked(server: ModelServer) -> Callable[[str], list[Any]]:
    """A field of all requests."""
    return lambda key: [body.get(key) for body in server.bodies]
