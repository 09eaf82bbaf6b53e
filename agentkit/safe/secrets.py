"""`Secret`: text that nothing shows by accident."""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar, NoReturn

import pydantic
from pydantic_core import PydanticCustomError, SchemaSerializer, core_schema

_SHOWN = "[secret]"
_AS_TEXT = core_schema.to_string_ser_schema()
_OF_PYDANTIC = (pydantic.Secret, pydantic.SecretStr, pydantic.SecretBytes)


class Secret:
    """Text such as a password: an argument of a tool, or a part of what `Context` brings.

    Wherever it would be shown it reads `[secret]`: printed, formatted, logged, in a dataclass or a
    model, as JSON, and in what pydantic says of a wrong value. Only `reveal()` gives the text.
    Where it is an argument of a tool, the tool's results and errors are without it as well.

    It is not pickled, because whoever can read a pickle could read the text in it.

    Args:
        text: What is secret.
    """

    __slots__ = ("_text",)

    __pydantic_serializer__: ClassVar = SchemaSerializer(
        core_schema.any_schema(serialization=_AS_TEXT)
    )  # so that results may hold secrets

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return _SHOWN

    def __format__(self, form: str) -> str:
        return _SHOWN

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same; how long it takes does not tell how near they are."""
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (each._text.encode("utf-8", "surrogatepass") for each in (self, other))
        return hmac.compare_digest(mine, theirs)

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __len__(self) -> int:
        return len(self._text)  # so that Field(min_length=...) can be said of it

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A Secret is not pickled: its text would stand there for all to read.")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        # In two steps, because an error shows what its step was given: the second never has it.
        steps = (_hidden, _checked)
        return core_schema.chain_schema(
            [core_schema.no_info_plain_validator_function(step) for step in steps],
            serialization=_AS_TEXT,
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "string", "format": "password", "writeOnly": True}


def secrets_in(value: Any) -> tuple[str, ...]:
    """The texts of all secrets in a value, those of pydantic's own types too.

    It looks into lists, tuples, sets, mappings, models and dataclasses, however deep.
    """
    found: dict[str, None] = {}
    seen: dict[int, Any] = {}  # with the objects, so that no id is given twice
    left = [value]
    while left:
        current = left.pop()
        if isinstance(current, Secret):
            found[current.reveal()] = None
        elif isinstance(current, _OF_PYDANTIC):
            hidden = current.get_secret_value()
            text = hidden.decode("utf-8", "replace") if isinstance(hidden, bytes) else str(hidden)
            found[text] = None
        elif id(current) not in seen:
            seen[id(current)] = current
            left += _parts(current)
    return tuple(found)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset | deque):
        return value
    if isinstance(value, pydantic.BaseModel):
        hidden = value.__pydantic_private__ or {}
        return [*vars(value).values(), *(value.model_extra or {}).values(), *hidden.values()]
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, each.name, None) for each in fields(value)]
    return ()


class Hidden:
    """Stands for a value that is no text, and may be a secret for all that."""

    def __repr__(self) -> str:
        return _SHOWN


def _hidden(value: Any) -> Any:
    if isinstance(value, Secret):
        return value
    return Secret(value) if isinstance(value, str) else Hidden()


def _checked(value: Any) -> Secret:
    if not isinstance(value, Secret):
        raise PydanticCustomError("secret_type", "Input should be a valid string")
    if value.reveal() == _SHOWN:
        raise PydanticCustomError(
            "secret_shown", "this stands for a secret that is not shown; it is not the secret"
        )
    return value
