"""What to write instead of a word that is not known where it stands: a near miss, or what other tools call it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dlcli.config.habits.homes import belongs, home
from dlcli.config.habits.words import SHORT, VALUES, find_habit
from dlcli.errors import did_you_mean

__all__ = ["option_way_out", "value_way_out", "way_out"]


def way_out(word: str, known: Iterable[str]) -> str:
    """What to write instead of a word that is not known where it stands; empty when nobody can tell.

    Args:
        word: The key, argument or name.
        known: What could stand there.

    Example:
        >>> way_out("sep", ["train", "delimiter"]), way_out("nb_epoch", ["train"]), way_out("lr", [])[:17]
        ("did you mean 'delimiter'?", 'write `fit.epochs`: it belongs below `fit:`', 'the learning rate')
    """
    known, habit = list(known), find_habit(word)
    place = home(word)
    for meant in habit.means:
        if meant in known:
            return f"did you mean '{meant}'?" + (f" or, as `{place}`: {belongs(place)}" if place else "")
    if place:
        other = {f"{word}s", word.removesuffix("s")} - {word}
        return did_you_mean(word, known) if other.intersection(known) else belongs(place)
    if habit.says:
        return habit.says
    for meant in habit.means:
        if place := home(meant):
            return f"write `{place}`: {belongs(place)}"
    return did_you_mean(word, known)


def value_way_out(key: str, value: Any) -> str:
    """What to write instead of a value that a key of the config cannot have; empty when nobody can tell.

    Example:
        >>> value_way_out("delimiter", "whitespace"), value_way_out("epochs", "many")
        ('write `blanks` for runs of spaces and tabs', '')
    """
    habits = VALUES.get(key, {})
    return habits.get(str(value).lower()) or habits.get("", "")


def option_way_out(option: str, *, known: Iterable[str], value: str | None) -> str:
    """What to write instead of an option that a command does not have; empty when nobody can tell.

    Args:
        option: As it was typed, such as `--epochs` or `-e`.
        known: The command's own long options, without their dashes.
        value: What was given to it, if anything.

    Example:
        >>> option_way_out("--nb-epoch", known=["set", "quiet"], value="5")
        'it is a value of the config: --set fit.epochs=5'
        >>> option_way_out("--epochs", known=["quiet"], value="5")
        'it is a value of the config that the run was trained with: fit.epochs'
    """
    known, word = list(known), option.strip("-").replace("-", "_")
    if not option.startswith("--"):
        word = SHORT.get(word[:1], "") if len(set(word)) == 1 else word
    habit = find_habit(word)
    if meant := next((meant for meant in habit.means if meant in known), None):
        return f"did you mean --{meant}?"
    places = [place for name in (word, *habit.means) if (place := home(name))]
    if habit.says or not places:
        return habit.says
    if "set" not in known:
        return f"it is a value of the config that the run was trained with: {places[0]}"
    assignment = f"{places[0]}={value or '...'}"
    return "it is a value of the config: --set " + (
        f"'{assignment}'" if set(assignment) & set(" ,;*{}[]|&") else assignment
    )
