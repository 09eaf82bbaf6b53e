"""A typed final answer: a function definition for it, and its validation."""

from __future__ import annotations

import json
from typing import Any, Generic, TypeVar

from pydantic import (
    PydanticSchemaGenerationError,
    PydanticUserError,
    TypeAdapter,
    ValidationError,
)
from pydantic.errors import PydanticInvalidForJsonSchema

from agentkit.arguments import read_arguments
from agentkit.errors import ArgumentsError, DefinitionError
from agentkit.messages import FunctionCall, FunctionDefinition
from agentkit.profile import drop_nulls, tolerant
from agentkit.schema import problems, schema_of
from agentkit.typeddicts import portable

ANSWER = "final_answer"
"""The name of the function by which a model gives a typed answer."""

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
        self._is_object = schema.get("type") == "object" and "properties" in schema
        if not self._is_object:
            definitions = {"$defs": schema.pop("$defs")} if "$defs" in schema else {}
            schema = {
                "type": "object",
                "properties": {_WRAPPED: schema},
                "required": [_WRAPPED],
                **definitions,
            }
        self._schema = schema
        self.definition = FunctionDefinition(
            ANSWER, "Give the final answer by calling this function.", tolerant(schema)
        )

    def read(self, call: FunctionCall) -> T:
        """The answer in a call of `final_answer`.

        Raises:
            ArgumentsError: It does not fit.
        """
        values, _ = read_arguments(call.arguments if call.malformed is None else call.malformed)
        return self._validated(drop_nulls(self._schema, values))

    def read_text(self, text: str) -> T:
        """The answer in a text: JSON of the type, with or without a fence, or the bare value.

        Raises:
            ArgumentsError: It does not fit.
        """
        try:
            values, _ = read_arguments(text)
        except ArgumentsError:
            return self._validated(self._wrap(_scalar(text)))
        fits = self._is_object or values.keys() == {_WRAPPED}
        return self._validated(drop_nulls(self._schema, values) if fits else self._wrap(values))

    def _wrap(self, value: Any) -> Any:
        return value if self._is_object else {_WRAPPED: value}

    def _validated(self, values: Any) -> T:
        if not self._is_object:
            if _WRAPPED not in values:
                raise ArgumentsError([f"{_WRAPPED}: missing"])
            values = values[_WRAPPED]
        try:
            return self._adapter.validate_python(values)
        except ValidationError as error:
            raise ArgumentsError(problems(error, self._schema)) from error


def _scalar(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()
