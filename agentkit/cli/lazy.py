"""Commands that are imported when they are run: a help that lists them does not need them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

Table = Mapping[str, tuple[str, str]]


class LazyGroup(TyperGroup):
    """A group that knows of some commands only where they are, and the first line of their help.

    They stand before those that are registered in the usual way.
    """

    table: ClassVar[Table]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        lines = {
            name: TyperCommand(name=name, help=line, rich_markup_mode=None)
            for name, (_, line) in self.table.items()
        }
        self.commands = {**lines, **self.commands}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is meant, imported; an unknown one is refused without any import."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, self.loaded(name) if name and name in self.table else command, rest

    def loaded(self, name: str) -> Any:
        """A command of the table."""
        module, _, attribute = self.table[name][0].partition(":")
        found: Any = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            return typer.main.get_command(found)
        alone = new_app({})
        alone.command(name)(found)
        return typer.main.get_command(alone)


def new_app(table: Table, base: type[LazyGroup] = LazyGroup, **settings: Any) -> typer.Typer:
    """A part of the command line, without what Typer adds to it of its own.

    Args:
        table: Its commands by name, with `module:attribute` and the first line of their help; the
            attribute is a function or a `Typer`.
        base: The class of its group.
        settings: Of `Typer`.
    """
    group = type("Commands", (base,), {"table": table})
    return typer.Typer(cls=group, add_completion=False, rich_markup_mode=None, **settings)
