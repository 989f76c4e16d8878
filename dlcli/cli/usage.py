"""Wrong usage with its way out: what people type out of habit is told where it lives."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["Command", "Program"]

UsageError: type[Any] = typer.BadParameter.__mro__[1]
"""Typer's, which it has no public name for."""


class Command(TyperCommand):
    """A command that explains options and values that it does not have."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer does."""
        given = list(args)
        try:
            return list(super().parse_args(ctx, args))
        except UsageError as error:
            error.message = error.message.replace("Value error, ", "")  # of the library that reads choices
            hint = self._option(error, given) if hasattr(error, "option_name") else self._choice(error, given)
            _add(error, hint)
            raise

    def _option(self, error: Any, args: list[str]) -> str:
        """The way out of an option that is not there."""
        if not error.option_name.startswith("--"):
            return ""
        from dlcli.config.habits.advice import option_way_out

        known = [name.lstrip("-") for parameter in self.params for name in parameter.opts if name.startswith("--")]
        hint = option_way_out(error.option_name, known=known, value=_value(error.option_name, args))
        if hint:
            error.possibilities = None
        return hint

    def _choice(self, error: Any, args: list[str]) -> str:
        """The way out of a value that is none of an option's."""
        parameter = getattr(error, "param", None)
        if parameter is None or not parameter.opts:
            return ""
        from dlcli.config.habits.words import find_habit

        value = next((found for name in parameter.opts if (found := _value(name, args)) is not None), "")
        return next((f"did you mean '{meant}'?" for meant in find_habit(value).means if f"'{meant}'" in str(error)), "")


class Program(TyperGroup):
    """The group of all commands, which explains a command that it does not have."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As Typer does."""
        try:
            return super().resolve_command(ctx, args)
        except UsageError as error:
            from dlcli.config.habits.words import find_habit

            means = find_habit(args[0]).means if args else ()
            _add(error, next((f"did you mean '{meant}'?" for meant in means if meant in self.commands), ""))
            raise


def _add(error: Any, hint: str) -> None:
    if hint:
        error.message = f"{error.message.rstrip('.')}\n  → {hint}"


def _value(option: str, args: list[str]) -> str | None:
    """What was given to an option: `--epochs 5` or `--epochs=5`."""
    for place, argument in enumerate(args):
        if argument == option:
            following = args[place + 1] if place + 1 < len(args) else None
            return None if following is None or following.startswith("-") else following
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
    return None
