"""Secrets among the arguments of a tool show in no result, no error and no log."""

import logging

import pytest
from pydantic import BaseModel

from agentkit import Toolbox, ToolError, tool
from agentkit.safe import Secret
from agentkit.testing import call

PASSWORD = 'pass"wörd'


class Login(BaseModel):
    user: str
    password: Secret


@tool
def echo(password: Secret, how: str = "text") -> object:
    """Give it back."""
    plain = password.reveal()
    return {"text": f"it is {plain}!", "list": [plain, {"inside": plain}], "itself": password}[how]


@tool
def fail(login: Login, kind: str = "own") -> str:
    """Fail with it."""
    text = f"{login.user} cannot log in with {login.password.reveal()}"
    raise (ToolError if kind == "own" else ValueError)(text)


@pytest.mark.parametrize("how", ["text", "list", "itself"])
def test_a_result_that_holds_the_secret_does_not_show_it(how):
    content = Toolbox(echo).call(call("echo", password=PASSWORD, how=how)).content

    assert "[secret]" in content
    assert "rd" not in content


@pytest.mark.parametrize("kind", ["own", "other"])
def test_an_error_that_holds_the_secret_does_not_show_it(kind, caplog):
    login = {"user": "Ada", "password": PASSWORD}
    with caplog.at_level(logging.WARNING, "agentkit"):
        result = Toolbox(fail).call(call("fail", login=login, kind=kind))

    assert "Ada cannot log in with [secret]" in result.content
    assert PASSWORD not in caplog.text


def test_a_wrong_secret_is_told_without_it():
    result = Toolbox(echo).call(call("echo", password=12345678))

    assert result.is_error
    assert "12345678" not in result.content
