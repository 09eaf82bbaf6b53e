"""Functions as people write them, for a schema of each: only the standard library and pydantic.

None has a model as its only parameter: some libraries make that the whole of the arguments.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Literal, NotRequired
from uuid import UUID

import plain_signatures
from pydantic import BaseModel, Field
from typing_extensions import TypedDict  # as pydantic asks for before Python 3.12


class Colour(Enum):
    """A colour."""

    RED = "red"
    GREEN = "green"


class Priority(IntEnum):
    """How urgent something is."""

    LOW = 1
    HIGH = 2


@dataclass
class Point:
    """A place on a plane."""

    x: float
    y: float = 0.0


@dataclass
class Path:
    """Points in order."""

    name: str
    points: list[Point] = field(default_factory=list)


class Address(TypedDict):
    """Where somebody lives."""

    street: str
    city: str
    code: NotRequired[str]


class Item(BaseModel):
    """A thing in an order."""

    name: str = Field(min_length=1)
    number: int = Field(1, ge=1, le=99)


class Order(BaseModel):
    """What somebody ordered."""

    items: list[Item]
    note: str | None = None
    placed: datetime | None = None


class Node(BaseModel):
    """A tree."""

    value: int
    children: list["Node"] = []


class Cat(BaseModel):
    """A cat."""

    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    """A dog."""

    kind: Literal["dog"]
    tricks: list[str]


def enumeration(colour: Colour) -> str:
    """Paint.

    Args:
        colour: The colour.
    """
    return colour.value


def number_enumeration(priority: Priority = Priority.LOW) -> str:
    """Sort in.

    Args:
        priority: How urgent it is.
    """
    return str(priority)


def data_class(point: Point, size: int = 1) -> str:
    """Draw.

    Args:
        point: Where.
        size: How large.
    """
    return str(point)


def nested_data_class(path: Path, size: int = 1) -> str:
    """Draw.

    Args:
        path: Along what.
        size: How large.
    """
    return path.name


def typed_dict(address: Address, weight: int = 1) -> str:
    """Send.

    Args:
        address: Where to.
        weight: How heavy it is.
    """
    return address["city"]


def model(item: Item, place: int = 0) -> str:
    """Put it in the cart.

    Args:
        item: What.
        place: Before which other.
    """
    return item.name


def nested_model(order: Order, urgent: bool = False) -> str:
    """Place an order.

    Args:
        order: What is ordered.
        urgent: Whether it must come at once.
    """
    return str(order)


def models(items: list[Item]) -> str:
    """Fill the cart.

    Args:
        items: What to put there.
    """
    return str(items)


def model_or_none(item: Item | None = None, place: int = 0) -> str:
    """Put it in the cart.

    Args:
        item: What, if anything.
        place: Before which other.
    """
    return str(item)


def recursive(tree: Node, depth: int = 1) -> str:
    """Walk.

    Args:
        tree: The tree.
        depth: How deep.
    """
    return str(tree.value)


def tagged(pet: Annotated[Cat | Dog, Field(discriminator="kind")], cups: int = 1) -> str:
    """Feed.

    Args:
        pet: Whom.
        cups: How much.
    """
    return pet.kind


def times(begin: datetime, day: date, rest: timedelta | None = None) -> str:
    """Plan.

    Args:
        begin: When it begins.
        day: On which day.
        rest: How long it lasts.
    """
    return str(begin)


def identity(user: UUID, amount: Decimal = Decimal("1")) -> str:
    """Pay.

    Args:
        user: Who pays.
        amount: How much.
    """
    return str(user)


def bounded(
    percent: Annotated[int, Field(ge=0, le=100)],
    code: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR",
) -> str:
    """Convert.

    Args:
        percent: How much of it.
        code: The currency.
    """
    return code


def keywords(first: str, *, names: Annotated[list[str], Field(min_length=1)]) -> str:
    """Call by name.

    Args:
        first: The first.
        names: All others.
    """
    return first


FUNCTIONS = [
    *plain_signatures.FUNCTIONS,
    *(enumeration, number_enumeration, data_class, nested_data_class, typed_dict),
    *(model, nested_model, models, model_or_none, recursive, tagged),
    *(times, identity, bounded, keywords),
]
"""All of them: 32."""
