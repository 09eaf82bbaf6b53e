"""What may be asked of a model beside the messages, and the check of a value."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

_NUMBER = Annotated[float, Field(allow_inf_nan=False)]
_TYPES: dict[str, Any] = {
    "number": _NUMBER,
    "integer": int,
    "boolean": bool,
    "text": str,
    "text or list of texts": str | list[str],
    "text or map": str | dict[str, str],
    "list": list[dict[str, Any]],
}


class Option(BaseModel):
    """Something that can be asked of a model beside the messages.

    Args:
        type: number, integer, boolean, text, text or list of texts, map (of numbers), text or map,
            or list.
        description: What it does.
        minimum, maximum: The range of a number, or of the numbers in a map.
        most: How many items a list may have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal[
        "number",
        "integer",
        "boolean",
        "text",
        "text or list of texts",
        "text or map",
        "map",
        "list",
    ]
    description: str
    minimum: float | None = None
    maximum: float | None = None
    most: int | None = None

    def problem(self, value: Any) -> str | None:
        """Why the value does not fit, or None."""
        try:
            _adapter(self.type, self.minimum, self.maximum).validate_python(value, strict=True)
        except ValidationError as error:
            return f"takes {self.type}{self.range}; {value!r}: {error.errors()[0]['msg']}"
        if self.most is not None and isinstance(value, list) and len(value) > self.most:
            return f"takes at most {self.most} items, not {len(value)}"
        return None

    @property
    def range(self) -> str:
        """The allowed range in words, or nothing."""
        if self.minimum is not None and self.maximum is not None:
            return f" from {self.minimum:g} to {self.maximum:g}"
        if self.minimum is not None:
            return f" of at least {self.minimum:g}"
        return f" of at most {self.most} items" if self.most is not None else ""


@cache
def _adapter(kind: str, minimum: float | None, maximum: float | None) -> TypeAdapter[Any]:
    """What checks a value; made once, because every request asks for it."""
    bounds = Field(ge=minimum, le=maximum)  # None does not count
    limited: Any = Annotated[_TYPES.get(kind, _NUMBER), bounds]
    return TypeAdapter(dict[str, limited] if kind == "map" else limited)
