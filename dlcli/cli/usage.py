"""Wrong usage with its way out: what people type out of habit is told where it lives."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from dlcli.files.visible import visible

__all__ = ["Command", "Program", "UsageError"]

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
        from dlcli.config.habits.advice import option_way_out

        known = [name.lstrip("-") for parameter in self.params for name in parameter.opts if name.startswith("--")]
        option = _typed(error.option_name, args)
        hint = option_way_out(option, known=known, value=_value(option, args))
        if hint:
            error.possibilities = None
        return hint

    def _choice(self, error: Any, args: list[str]) -> str:
        """The way out of a value that is none of an option's."""
        parameter = getattr(error, "param", None)
        if parameter is None or not parameter.opts:
            return ""
        from dlcli.config.habits.words import find_habit
        from dlcli.errors import did_you_mean

        value = next((found for name in parameter.opts if (found := _value(name, args)) is not None), "")
        choices, habit = [each for each in re.findall(r"'([^']+)'", str(error)) if each != value], find_habit(value)
        meant = next((f"did you mean '{meant}'?" for meant in habit.means if meant in choices), "")
        return meant or (habit.says if choices else "") or did_you_mean(value, choices)


class Program(TyperGroup):
    """The group of all commands, which explains a command that it does not have."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As Typer does."""
        try:
            return super().resolve_command(ctx, args)
        except UsageError as error:
            from dlcli.config.habits.words import Habit, find_habit

            habit = find_habit(args[0]) if args else Habit()
            means = (f"did you mean '{meant}'?" for meant in habit.means if meant in self.commands)
            _add(error, next(means, "" if habit.means else habit.says))
            raise

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer does."""
        given = list(args)
        try:
            return list(super().parse_args(ctx, args))
        except UsageError as error:
            hint = self._option(_typed(error.option_name, given)) if hasattr(error, "option_name") else ""
            if hint:
                error.possibilities = None
            _add(error, hint)
            raise

    def _option(self, option: str) -> str:
        """The way out of an option before the command."""
        from dlcli.config.habits.advice import option_way_out

        if option.lower() == "-v":
            return "did you mean --version?"
        owners = [name for name, command in self.commands.items() for each in command.params if option in each.opts]
        if owners:
            return f"it comes after the command: dlcli {owners[0]} {option} ..."
        return option_way_out(option, known=["set"], value=None)


def _add(error: Any, hint: str) -> None:
    """Add the way out to a message, which holds what was typed, or what a pattern of the shell has found."""
    message = visible(error.message)
    error.message = f"{message.rstrip('.')}\n  → {visible(hint)}" if hint else message


def _typed(option: str, args: list[str]) -> str:
    """The option as it was typed: of `-lr` the library that takes options apart names only `-l`."""
    if option.startswith("--"):
        return option
    return next((each for each in args if each.startswith(option) and not each.startswith("--")), option)


def _value(option: str, args: list[str]) -> str | None:
    """What was given to an option: `--epochs 5` or `--epochs=5`."""
    for place, argument in enumerate(args):
        if argument == option:
            following = args[place + 1] if place + 1 < len(args) else None
            return None if following is None or following.startswith("-") else following
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
    return None
