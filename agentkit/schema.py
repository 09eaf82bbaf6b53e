"""A Python function's parameters -> JSON schema, and JSON values -> the function's arguments."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import PydanticSerializationError, PydanticUndefined, to_jsonable_python

from agentkit.context import is_context
from agentkit.errors import ArgumentsError, DefinitionError
from agentkit.hints import read_hints
from agentkit.problems import problems
from agentkit.profile import drop_nulls, plain
from agentkit.type_schemas import QuietSchema, SimpleType
from agentkit.typeddicts import portable

_EMPTY = inspect.Parameter.empty
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)

Bound = tuple[tuple[Any, ...], dict[str, Any]]
"""Positional and keyword arguments, ready for the function."""


class Parameters(Protocol):
    """What a tool takes."""

    schema: dict[str, Any]
    takes_context: bool
    is_declared: bool  # whether the schema came ready, and is published as it is

    def bind(self, values: dict[str, Any], context: Any) -> Bound:
        """Check a model's values and make the function's arguments of them.

        Raises:
            ArgumentsError: They do not fit; one problem a line.
        """


class _Arguments(BaseModel):
    """The base of models that take no other values than their fields."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One parameter; `field` is its name in the model, `public` its name in the schema."""

    field: str
    public: str
    name: str
    kind: Any
    annotation: Any
    default: Any
    is_context: bool
    simple: SimpleType | None
    text: str | None  # what it is for

    @property
    def has_own_default(self) -> bool:
        return not isinstance(self.default, FieldInfo) and self.default is not _EMPTY


class FunctionParameters:
    """The parameters of a Python function, read from its signature.

    Args:
        function: Any callable with a signature.
        name: The tool's name, for error messages.
        described: Descriptions by parameter; those of a `Field` win.

    Raises:
        DefinitionError: The function takes what cannot be offered to a model.
    """

    is_declared = False

    def __init__(self, function: Callable[..., Any], name: str, described: dict[str, str]) -> None:
        self._tool = name
        self._parameters = self._read(function, described)
        self.takes_context = any(each.is_context for each in self._parameters)
        self._is_plain = not self.takes_context and all(
            p.kind in _BY_NAME for p in self._parameters
        )
        self.schema = self._simple_schema() or self._schema()

    @functools.cached_property
    def _model(self) -> type[BaseModel]:
        """What checks values: most of what a tool costs, so that simple ones wait for a call."""
        return self._build(self._tool)

    def bind(self, values: dict[str, Any], context: Any) -> Bound:
        """Validated instances in the places where the function wants them."""
        values = drop_nulls(self.schema, values)
        try:
            model = self._model.model_validate(values)
        except ValidationError as error:
            raise ArgumentsError(problems(error, self.schema)) from error
        if self._is_plain:
            given = model.model_fields_set
            return (), {
                each.name: getattr(model, each.field)
                if each.field in given or not each.has_own_default
                else each.default
                for each in self._parameters
            }
        return self._placed(model, context)

    def _placed(self, model: BaseModel, context: Any) -> Bound:
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        by_position = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in self._parameters)
        for each in self._parameters:
            own = each.has_own_default and each.field not in model.model_fields_set
            value = each.default if own else getattr(model, each.field, None)
            if each.is_context:
                value = context
            if each.kind is inspect.Parameter.VAR_KEYWORD:
                kwargs |= model.model_extra or {}
            elif each.kind is inspect.Parameter.VAR_POSITIONAL:
                args += value or ()
            elif each.kind is inspect.Parameter.POSITIONAL_ONLY or (
                by_position and each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
            ):
                args.append(value)
            else:
                kwargs[each.name] = value
        return tuple(args), kwargs

    def _read(
        self, function: Callable[..., Any], described: dict[str, str]
    ) -> tuple[_Parameter, ...]:
        bound = function.keywords if isinstance(function, functools.partial) else {}
        try:
            signature = inspect.signature(function)
        except (ValueError, TypeError) as error:
            raise DefinitionError(
                f"{self._tool}: its parameters cannot be read ({error}); "
                "use Tool.declared(definition, function) with a JSON schema."
            ) from error
        hints = read_hints(function, self._tool)
        found = []
        for index, each in enumerate(signature.parameters.values()):
            if each.name not in bound:
                try:
                    found.append(self._parameter(index, each, hints, described))
                except (AttributeError, TypeError, ValueError) as error:
                    raise self._unfit(each.name, error) from error
        return tuple(found)

    def _parameter(
        self, index: int, given: inspect.Parameter, hints: dict[str, Any], described: dict[str, str]
    ) -> _Parameter:
        if given.name in ("self", "cls") and given.annotation is _EMPTY and index == 0:
            raise DefinitionError(
                f"{self._tool}: it is a method without its object; pass the method of an instance."
            )
        annotation: Any = portable(hints.get(given.name, Any))
        words = [m for m in getattr(annotation, "__metadata__", ()) if isinstance(m, str)]
        text = words[0] if words else described.get(given.name)
        if given.kind is inspect.Parameter.VAR_POSITIONAL:
            annotation = types.GenericAlias(list, (annotation,))
        public, hidden, simple = given.name, is_context(annotation), None
        if not hidden and given.kind is not inspect.Parameter.VAR_KEYWORD:
            simple = None if isinstance(given.default, FieldInfo) else _simple(annotation)
            if simple is None:
                info = Field(alias=given.name, description=text or None)
                annotation = _outermost(annotation, info)
                field = FieldInfo.from_annotated_attribute(annotation, _field_default(given))
                public = field.alias or given.name
        kinds = (given.kind, annotation, given.default, hidden, simple)
        return _Parameter(f"p{index}", public, given.name, *kinds, text)

    def _build(self, name: str) -> type[BaseModel]:
        spread = [p for p in self._parameters if p.kind is inspect.Parameter.VAR_KEYWORD]
        fields: dict[str, Any] = {
            p.field: (p.annotation, _in_model(p))
            for p in self._parameters
            if p.kind is not inspect.Parameter.VAR_KEYWORD and not p.is_context
        }
        try:
            base = _open_to(spread[0].annotation) if spread else _Arguments
            return create_model(name, __base__=base, **fields)
        except Exception as error:  # an odd annotation can raise anything
            raise self._refusal(error) from error

    def _simple_schema(self) -> dict[str, Any] | None:
        """What `_schema` gives, where all types are simple."""
        properties, required = {}, []
        for each in self._parameters:
            if each.is_context:
                continue
            if each.simple is None:
                return None
            properties[each.public] = inner = each.simple.schema(each.text)
            if _model_default(each) is ...:
                required.append(each.public)
            elif each.has_own_default and each.default is not None:
                _publish_default(inner, each.default)
        head: dict[str, Any] = {"type": "object", "properties": properties}
        return head | ({"required": required} if required else {})

    def _schema(self) -> dict[str, Any]:
        try:
            schema = plain(self._model.model_json_schema(schema_generator=QuietSchema))
        except Exception as error:
            raise self._refusal(error) from error
        schema.pop("description", None)
        properties = schema.setdefault("properties", {})
        for each in self._parameters:
            inner = properties.get(each.public, {})
            if inner.get("default", 0) is None:
                del inner["default"]
            if each.has_own_default and each.default is not None:
                _publish_default(inner, each.default)
        head = {"type": "object", "properties": properties}
        return head | {k: v for k, v in schema.items() if k not in head}

    def _refusal(self, error: Exception) -> DefinitionError:
        """Find the parameter that pydantic could not handle."""
        for each in self._parameters:
            if each.is_context:
                continue
            try:
                probe = create_model("Probe", p=(each.annotation, ...))
                probe.model_json_schema(schema_generator=QuietSchema)
            except Exception as culprit:
                return self._unfit(each.name, culprit)
        return DefinitionError(f"{self._tool}: {error}")

    def _unfit(self, name: str, error: Exception) -> DefinitionError:
        reason = str(error).partition("\n")[0].partition(". ")[0]
        return DefinitionError(
            f"{self._tool}: parameter {name!r} has a type that JSON cannot carry ({reason}). Give "
            "it a type that pydantic can validate, or hide it behind Context or functools.partial."
        )


def _outermost(annotation: Any, info: FieldInfo) -> Any:
    """The annotation with ours as the first metadata, so that the user's own wins."""
    if get_origin(annotation) is Annotated:
        bare, *metadata = get_args(annotation)
        return Annotated[(bare, info, *metadata)]
    return Annotated[annotation, info]


def _simple(annotation: Any) -> SimpleType | None:
    """The type, if it is simple; texts beside it say what the parameter is for, and no more."""
    if get_origin(annotation) is Annotated:
        annotation, *metadata = get_args(annotation)
        if not all(isinstance(each, str) for each in metadata):
            return None
    return SimpleType.of(annotation)


def _open_to(annotation: Any) -> type[BaseModel]:
    """The base of models that take other values of a type too."""
    extra = {"__pydantic_extra__": types.GenericAlias(dict, (str, annotation))}
    config = ConfigDict(extra="allow", protected_namespaces=())
    return type("Arguments", (BaseModel,), {"__annotations__": extra, "model_config": config})


def _field_default(given: inspect.Parameter) -> Any:
    return given.default if isinstance(given.default, FieldInfo) else PydanticUndefined


def _in_model(parameter: _Parameter) -> Any:
    """What a model is told of a field beside its type, which says the rest where not simple."""
    default = _model_default(parameter)
    if parameter.simple is None:
        return default
    return Field(default, alias=parameter.name, description=parameter.text or None)


def _model_default(parameter: _Parameter) -> Any:
    """None stands in for a Python default, which is handed over as it is and never copied."""
    if isinstance(parameter.default, FieldInfo):
        return parameter.default
    optional = parameter.has_own_default or parameter.kind is inspect.Parameter.VAR_POSITIONAL
    return None if optional else ...


def _publish_default(schema: dict[str, Any], default: Any) -> None:
    # A default without a JSON form is the function's own business.
    with suppress(PydanticSerializationError, ValueError, RecursionError):
        schema["default"] = to_jsonable_python(default, inf_nan_mode="strings")
