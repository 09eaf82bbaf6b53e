from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cli.command import Command, Done
from model_server import ModelServer, Reply

KEY = "gsk_0123456789abcdef"


@dataclass
class Batch:
    """`agentkit batch` over prompts that a server answers in capitals."""

    command: Command
    server: ModelServer

    @property
    def place(self) -> Path:
        return self.command.place

    @property
    def asked(self) -> list[str]:
        """The prompts that the server was sent, in their order."""
        return [prompt_of(body) for body in self.server.bodies]

    @property
    def environment(self) -> dict[str, str]:
        return {"GROQ_API_KEY": KEY, "GROQ_BASE_URL": self.server.url}

    def __call__(self, *arguments: str, stdin: str | None = None, tools: str = "none") -> Done:
        given = ("batch", *arguments, "--tools", tools, "--interface", "groq")
        return self.command(*given, stdin=stdin, env=self.environment)

    def rows(self, name: str = "out.jsonl") -> list[Any]:
        return [json.loads(line) for line in self.text(name).splitlines()]

    def text(self, name: str) -> str:
        return (self.place / name).read_text(encoding="utf-8")

    def write(self, name: str, *lines: Any) -> str:
        texts = [each if isinstance(each, str) else json.dumps(each) for each in lines]
        (self.place / name).write_text("\n".join(texts) + "\n", encoding="utf-8")
        return name


def prompt_of(body: Any) -> str:
    return str([each["content"] for each in body["messages"] if each["role"] == "user"][-1])


@pytest.fixture
def batch(command: Command) -> Iterator[Batch]:
    with ModelServer() as server:
        server.always = lambda body: Reply(prompt_of(body).upper())
        yield Batch(command, server)
        server.check()
