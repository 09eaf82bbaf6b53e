"""Functions as people write them, with parameters of built-in types; see `signatures`."""

from typing import Any, Literal, Optional


def text(city: str) -> str:
    """Say it.

    Args:
        city: The name of the city.
    """
    return city


def scalars(name: str, number: int, share: float, really: bool) -> str:
    """Take one of each.

    Args:
        name: A name.
        number: A whole number.
        share: A share.
        really: Whether it is meant.
    """
    return name


def default_text(unit: str = "celsius") -> str:
    """Take a text or none.

    Args:
        unit: The unit.
    """
    return unit


def default_numbers(first: int, last: int = 10, step: float = 0.5) -> str:
    """Count.

    Args:
        first: Where to begin.
        last: Where to end.
        step: How far to go.
    """
    return str(first)


def optional(note: Optional[str] = None) -> str:  # noqa: UP045 - people write it
    """Note it.

    Args:
        note: The note.
    """
    return note or ""


def or_none(limit: int | None = None) -> str:
    """Limit it.

    Args:
        limit: The limit.
    """
    return str(limit)


def needed_or_none(limit: int | None) -> str:
    """Limit it, or say that there is no limit.

    Args:
        limit: The limit.
    """
    return str(limit)


def either(key: int | str) -> str:
    """Look up.

    Args:
        key: A number or a name.
    """
    return str(key)


def list_of_text(names: list[str]) -> str:
    """Join.

    Args:
        names: The names.
    """
    return ",".join(names)


def list_of_lists(rows: list[list[int]]) -> str:
    """Add up.

    Args:
        rows: The rows.
    """
    return str(rows)


def mapping(prices: dict[str, float]) -> str:
    """Sum up.

    Args:
        prices: The price of each thing.
    """
    return str(prices)


def anything(data: dict[str, Any], extra: list[Any]) -> str:
    """Take it as it is.

    Args:
        data: Some data.
        extra: More of it.
    """
    return str(data)


def set_of_numbers(numbers: set[int]) -> str:
    """Count the different ones.

    Args:
        numbers: The numbers.
    """
    return str(len(numbers))


def pair(place: tuple[float, float]) -> str:
    """Go there.

    Args:
        place: Latitude and longitude.
    """
    return str(place)


def row(values: tuple[int, ...] = ()) -> str:
    """Add up.

    Args:
        values: The values.
    """
    return str(sum(values))


def choice(mode: Literal["fast", "slow"]) -> str:
    """Go.

    Args:
        mode: How to go.
    """
    return mode


def choice_of_numbers(size: Literal[1, 2, 4] = 1) -> str:
    """Pack.

    Args:
        size: How many in a box.
    """
    return str(size)


FUNCTIONS = [
    *(text, scalars, default_text, default_numbers, optional, or_none, needed_or_none, either),
    *(list_of_text, list_of_lists, mapping, anything, set_of_numbers, pair, row, choice),
    choice_of_numbers,
]
