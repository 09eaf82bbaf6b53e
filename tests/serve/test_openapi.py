"""The OpenAPI document is valid, and tells what the service does."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from serve.stage import calls_then_says, staged

from agentkit.testing import call


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    path = tmp_path_factory.mktemp("described")
    with staged(path, calls_then_says(call("wipe", name="x"))).running() as running:
        yield running


def fits(document: dict[str, Any], method: str, path: str, reply: Any) -> None:
    """See that a reply is as the document says."""
    told = document["paths"][path][method.lower()]["responses"][str(reply.status_code)]
    schema = told["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": document["components"]}).validate(reply.json())


def test_the_document_is_valid(here):
    document = here.call("GET", "/openapi.json")

    validate(document)
    assert document["paths"]["/api/runs"]["post"]["operationId"] == "startRun"
    assert document["paths"]["/healthz"]["get"]["security"] == []


def test_replies_are_as_the_document_says(here):
    document = here.call("GET", "/openapi.json")
    chat = {"model": "helper", "messages": [{"role": "user", "content": "Go."}]}
    asked: list[tuple[str, str, Any]] = [
        ("POST", "/api/runs", {"prompt": "Go.", "id": "r"}),
        ("POST", "/api/runs", {"prompt": "Else.", "id": "r"}),
        ("GET", "/api/runs", None),
        ("GET", "/api/runs/{id}", None),
        ("POST", "/api/runs/{id}/approve", {"call": 9}),
        ("POST", "/api/runs/{id}/deny", {"call": 0}),
        ("GET", "/api/agents", None),
        ("GET", "/api/tools", None),
        ("POST", "/api/tools/{name}/call", {"arguments": {"a": 1, "b": 2}}),
        ("POST", "/v1/chat/completions", chat),
        ("POST", "/v1/chat/completions", {**chat, "n": 2}),
        ("GET", "/v1/models", None),
        ("GET", "/v1/models/{model}", None),
        ("GET", "/healthz", None),
        ("GET", "/readyz", None),
    ]
    for method, path, body in asked:
        place = path.format(id="r", name="add", model="helper")
        reply = here.http.request(method, place, **({} if body is None else {"json": body}))
        fits(document, method, path, reply)
        if body and body.get("id"):
            here.events("r")


def test_every_route_of_the_api_is_in_the_document(here):
    document = here.call("GET", "/openapi.json")
    told = {(path, method) for path, methods in document["paths"].items() for method in methods}

    assert told == {(each.path, each.method.lower()) for each in here.service.operations}
