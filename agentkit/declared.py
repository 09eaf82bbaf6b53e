"""The parameters of a tool that comes with a ready JSON schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from agentkit.errors import ArgumentsError, DefinitionError
from agentkit.profile import drop_nulls

if TYPE_CHECKING:
    from agentkit.schema import Bound  # needs pydantic

_VALUES = ("const", "default", "enum", "examples")  # what stands there is no schema
_REFERENCES = ("$ref", "$dynamicRef")
_MOST = 20_000  # places of a schema, each as often as references lead there
_SHOWN = 200  # characters of a problem that are worth showing to a model


class DeclaredParameters:
    """Parameters described by a JSON schema; the function gets them as keyword arguments.

    Raises:
        DefinitionError: It is no valid JSON schema, or not one of an object.
    """

    is_declared = True

    def __init__(self, schema: Mapping[str, Any], name: str, context: str | None = None) -> None:
        self.schema: dict[str, Any] = {"type": "object", "properties": {}}
        if isinstance(schema, Mapping):
            self.schema |= schema
        self._context, self.takes_context = context, context is not None
        if not isinstance(schema, Mapping) or self.schema["type"] != "object":
            raise DefinitionError(f"{name}: parameters must be of type 'object'.")
        validator = validator_for(self.schema, default=Draft202012Validator)
        try:
            validator.check_schema(self.schema)
        except SchemaError as error:
            where = "/".join(str(step) for step in error.absolute_path)
            raise DefinitionError(
                f"{name}: its parameters are no valid JSON schema: {error.message} (at /{where})."
            ) from error
        check_references(self.schema, name)
        # A registry of our own: without one jsonschema would fetch references from the network.
        self._validator = validator(self.schema, registry=Registry())

    def bind(self, values: dict[str, Any], context: Any) -> Bound:
        """The values as keyword arguments, checked against the schema."""
        values = drop_nulls(self.schema, values)
        found = [_problem(each) for each in self._validator.iter_errors(values)]
        if found:
            raise ArgumentsError(found)
        return (), values | ({self._context: context} if self._context else {})


def check_references(schema: Mapping[str, Any], name: str, *, may_recur: bool = True) -> None:
    """Refuse a schema with references that lead nowhere, or that nobody could follow to the end.

    A few that each lead twice to the next one make a schema that takes years to go through.

    Args:
        schema: The schema.
        name: What has it.
        may_recur: Whether one may lead back to itself.

    Raises:
        DefinitionError: So it is.
    """
    resolver = Registry().resolver_with_root(DRAFT202012.create_resource(dict(schema)))
    sizes: dict[str, int] = {}

    def places_at(reference: str) -> int:
        if reference in sizes:
            return sizes[reference]
        sizes[reference] = 0 if may_recur else _MOST  # what it is where it leads back to itself
        try:
            target = resolver.lookup(reference).contents
        except Unresolvable as error:
            raise DefinitionError(
                f"{name}: the reference {reference!r} leads nowhere inside its schema."
            ) from error
        sizes[reference] = places(target)
        return sizes[reference]

    def places(value: Any) -> int:
        if isinstance(value, list):
            return sum(map(places, value))
        if not isinstance(value, Mapping):
            return 0
        references = (each for key in _REFERENCES if isinstance(each := value.get(key), str))
        parts = (inner for key, inner in value.items() if key not in _VALUES)
        return 1 + sum(map(places_at, references)) + sum(map(places, parts))

    if places(schema) > _MOST:
        raise DefinitionError(f"{name}: its references make its schema too large to be checked.")


def _problem(error: ValidationError) -> str:
    path = error.json_path.removeprefix("$").removeprefix(".") or "arguments"
    wanted = json.dumps(error.validator_value, default=str)
    text = f"{path}: {error.message} ({error.validator}: {wanted})"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
