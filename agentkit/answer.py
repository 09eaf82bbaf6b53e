"""A typed final answer: a function definition for it, and its validation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Generic, TypeVar

from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from agentkit.arguments import read_arguments, read_json
from agentkit.errors import ArgumentsError, ConfigError, DefinitionError
from agentkit.messages import ANSWER, AssistantMessage, FunctionCall, FunctionDefinition
from agentkit.problems import problems
from agentkit.profile import drop_nulls, tolerant
from agentkit.run import Run
from agentkit.transcript import last_assistant
from agentkit.type_schemas import schema_of
from agentkit.typeddicts import portable

_WRAPPED = "answer"
T = TypeVar("T")


class Answer(Generic[T]):
    """What the final answer must be.

    Args:
        annotation: A model, dataclass, TypedDict or any other type that pydantic validates.

    Raises:
        DefinitionError: The type has no JSON schema.
    """

    def __init__(self, annotation: Any) -> None:
        try:
            self._adapter: TypeAdapter[T] = TypeAdapter(portable(annotation))
            schema = schema_of(self._adapter)
        except (
            PydanticSchemaGenerationError,
            PydanticUserError,
            PydanticInvalidForJsonSchema,
        ) as e:
            raise DefinitionError(f"output: {annotation!r} has no JSON form: {e}") from e
        self._schema = schema
        self._is_object = schema.get("type") == "object" and "properties" in schema
        if not self._is_object:
            inner = {key: value for key, value in schema.items() if key != "$defs"}
            wrapped = {"type": "object", "properties": {_WRAPPED: inner}, "required": [_WRAPPED]}
            schema = wrapped | ({"$defs": schema["$defs"]} if "$defs" in schema else {})
        self.definition = FunctionDefinition(
            ANSWER, "Give the final answer by calling this function.", tolerant(schema)
        )

    def read(self, call: FunctionCall) -> T:
        """The answer in a call of `final_answer`.

        Raises:
            ArgumentsError: It does not fit.
        """
        values, _ = read_arguments(call.written)
        if self._is_object:
            return self._validated(values)
        if _WRAPPED not in values:
            raise ArgumentsError([f"{_WRAPPED}: missing"])
        return self._validated(values[_WRAPPED])

    def read_text(self, text: str) -> T:
        """The answer in a text: JSON of the type, with or without a fence, or the bare value.

        Raises:
            ArgumentsError: It does not fit.
        """
        refused: list[ArgumentsError] = []
        for value in _readings(text):
            try:
                return self._validated(value)
            except ArgumentsError as error:
                refused.append(error)
        raise refused[0]

    def given_in(self, run: Run[Any]) -> T:
        """The answer that a run has ended with, from its transcript.

        Raises:
            ConfigError: It does not fit.
        """
        found = last_assistant(run.messages)
        message = found[1] if found else AssistantMessage()
        for call in reversed(message.calls):
            if call.name == ANSWER:
                with suppress(ArgumentsError):
                    return self.read(call)
        try:
            return self.read_text(message.content or "")
        except ArgumentsError as error:
            raise ConfigError(f"The answer of the run {run.id!r} is another: {error}") from error

    def _validated(self, value: Any) -> T:
        try:
            return self._adapter.validate_python(drop_nulls(self._schema, value))
        except ValidationError as error:
            raise ArgumentsError(problems(error, self._schema)) from error


def _readings(text: str) -> Iterator[Any]:
    """What a text may mean, the likeliest first."""
    with suppress(ArgumentsError):
        value = read_json(text, [])
        yield value
        if isinstance(value, dict) and value.keys() == {_WRAPPED}:
            yield value[_WRAPPED]
    yield text.strip()
