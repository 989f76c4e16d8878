"""The catalogue: every Keras component by name, with arguments, defaults and one-line docs, without importing Keras.

It is read from `catalogue.json`, which `make catalogue` writes from the installed Keras, and `search.json`, which has
Optuna's samplers and pruners. The files are read when first needed, and an entry is made when it is first looked at.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, Literal

from dlcli.config.catalogue.own import with_own
from dlcli.errors import did_you_mean

__all__ = [
    "CATALOGUE_FILE",
    "KERAS_KINDS",
    "KINDS",
    "SEARCH_FILE",
    "Argument",
    "Catalogue",
    "Entry",
    "load",
    "singular",
]

CATALOGUE_FILE: Final = Path(__file__).with_name("catalogue.json")
SEARCH_FILE: Final = Path(__file__).with_name("search.json")

KERAS_KINDS: Final = (
    "layers",
    "applications",
    "optimizers",
    "losses",
    "metrics",
    "callbacks",
    "initializers",
    "regularizers",
    "constraints",
    "schedules",
    "activations",
)
KINDS: Final = (*KERAS_KINDS, "samplers", "pruners")

_SINGULAR = {
    "layers": "a layer",
    "applications": "a pretrained network",
    "optimizers": "an optimizer",
    "losses": "a loss",
    "metrics": "a metric",
    "callbacks": "a callback",
    "initializers": "an initializer",
    "regularizers": "a regularizer",
    "constraints": "a constraint",
    "schedules": "a learning-rate schedule",
    "activations": "an activation",
    "samplers": "a sampler",
    "pruners": "a pruner",
}


def singular(kind: str, *, article: bool = True) -> str:
    """`layers` -> `a layer`, or `layer` without the article."""
    words = _SINGULAR[kind]
    return words if article else words.split(" ", 1)[1]


@dataclasses.dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a component.

    Args:
        name: Keras's name.
        required: It has no default.
        default: The default as a JSON value (tuples are lists); None too where there is none or JSON has no such value.
        default_text: The default in words where it is no JSON value.
        doc: One line from Keras's docstring; may be empty.
        takes: The kind of component that it takes, such as `initializers`; None for a plain value.
        several: A list of components may stand here as well.
        type: `positive_integer`, `integer`, `number`, `fraction` (0 to 1), `fractions`, `boolean`, `string`, `callable`
            (only Python can give it), or None when Keras's docstring leaves doubt. Beside `takes`: a plain value of
            that type may stand here too.
        choices: The allowed strings, read without regard to case; empty when any value may stand here.
        none: `null` may stand here.
        auto: `auto` may stand here: the data decides.
        deprecated: Accepted by Keras for old code only.
        reach: What Keras does with a name that is given here: it opens the `file`, runs the `program` in it, calls the
            address on the `network`, or writes the file, which is kept in the `run` directory; `weights`: we read the
            file ourselves. None where a text is nothing but a text. See `dlcli.config.catalogue.reach`.
    """

    name: str
    required: bool = False
    default: Any = None
    default_text: str = ""
    doc: str = ""
    takes: str | None = None
    several: bool = False
    type: str | None = None
    choices: tuple[str | None, ...] = ()
    none: bool = False
    auto: bool = False
    deprecated: bool = False
    reach: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A component.

    Args:
        name: Its name in `keras.<kind>` (`keras.optimizers.schedules` for schedules).
        kind: One of `KINDS`.
        doc: One line from Keras's docstring.
        arguments: By name, in Keras's order.
        extra: It takes further keyword arguments that nobody lists.
        needs_python: It cannot be made without a Python function or object; write it in a file under `code:`.
        aliases: Other names that Keras knows it by.
        default_name: Metrics and losses: the name that history shows when none is given.
        direction: Metrics: `max` where more is better, `min` where less is; None where only the user can know.
        inputs: Layers: `one` tensor; a `list` of tensors (Add, Attention); or several `arguments` (MultiHeadAttention).
        call: Layers: the arguments of a call by name, the first of them what it is applied to.
        activation: A layer that may also stand where an activation is taken, such as LeakyReLU.
        own: Not Keras's but ours, made of Keras's layers.
        shorthand: A string that only `compile` understands (`accuracy`, `crossentropy`), not an object to make.
        preprocessing: Networks: what their pixels, 0 to 255, go through: `tf` (-1 to 1), `torch` (0 to 1, then
            standardised), `caffe` (BGR, without their mean), or `included` where the network does it itself.
        smallest: Networks: the least height and width of their images.
    """

    name: str
    kind: str
    doc: str
    arguments: dict[str, Argument]
    extra: bool = False
    needs_python: bool = False
    aliases: tuple[str, ...] = ()
    default_name: str | None = None
    direction: Literal["min", "max"] | None = None
    inputs: str = "one"
    call: tuple[str, ...] = ("inputs",)
    activation: bool = False
    own: bool = False
    shorthand: bool = False
    preprocessing: str | None = None
    smallest: int = 0

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the arguments without a default."""
        return tuple(argument.name for argument in self.arguments.values() if argument.required)

    @property
    def usable(self) -> bool:
        """Whether a config can have it: it needs nothing that only Python can give, and reaches for nothing outside."""
        reaches = any(argument.reach in ("program", "network") for argument in self.arguments.values())
        return not (self.needs_python or reaches)


class Catalogue:
    """Look-up by kind and name."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.keras: str = content["keras"]
        self.optuna: str = content["optuna"]
        self.kinds: tuple[str, ...] = tuple(content["kinds"])
        self._content: Mapping[str, Any] = content["kinds"]
        self._entries: dict[tuple[str, str], Entry] = {}

    def get(self, kind: str, name: str) -> Entry | None:
        """The component that `name` means where a `kind` is expected, or None.

        Names and identifiers are taken as Keras takes them: `mse` and `MSE` are MeanSquaredError, optimizers are
        found in any case, `swish` is silu. Where an activation is expected, an activation layer such as `LeakyReLU`
        is found too (its entry's kind is then `layers`), and a network where a layer is (`applications`).

        Example:
            >>> load().get("losses", "mse").name
            'MeanSquaredError'
        """
        canonical = self._canonical(kind, name)
        if canonical is not None:
            return self._entry(kind, canonical)
        if kind == "activations":
            layer = self.get("layers", name)
            return layer if layer is not None and layer.activation else None
        return self.get("applications", name) if kind == "layers" else None

    def names(self, kind: str) -> list[str]:
        """The names of all components of a kind, sorted, identifiers and aliases left out."""
        return sorted(self._content[kind]["entries"])

    def identifiers(self, kind: str) -> list[str]:
        """All names that `get` finds as they are written, aliases included, sorted."""
        found = {*self._content[kind]["entries"], *self._content[kind]["aliases"]}
        if kind == "activations":
            found |= {name for name in self.identifiers("layers") if self.get(kind, name) is not None}
        if kind == "layers":
            found |= {*self.identifiers("applications")}
        return sorted(found)

    def entries(self, kind: str) -> list[Entry]:
        """All components of a kind, sorted by name."""
        return [self._entry(kind, name) for name in self.names(kind)]

    def elsewhere(self, kind: str, name: str) -> str | None:
        """The other kind that has exactly this name, if any: `Adam` is no layer but in `optimizers`."""
        return next((other for other in self.kinds if other != kind and self.get(other, name) is not None), None)

    def near_misses(self, kind: str, name: str, *, more: Collection[str] = ()) -> str:
        """A 'did you mean' hint from the names of a kind and `more`, or an empty string."""
        return did_you_mean(name, [*self.identifiers(kind), *more])

    def history_name(self, kind: str, name: str, arguments: Mapping[str, Any] | None = None) -> str | None:
        """The name under which a metric or loss appears in history, or None when the catalogue does not know it.

        An identifier such as `mse` is handed to Keras as the string that it is and shows as such; a class name is
        made into an object and shows under its `name` argument or default.
        """
        entry = self.get(kind, name)
        if entry is None:
            return None
        given = (arguments or {}).get("name")
        if isinstance(given, str):
            return given
        return name if name != entry.name and not arguments else entry.default_name

    def _canonical(self, kind: str, name: str) -> str | None:
        content = self._content[kind]
        if name in content["entries"]:
            return name
        alias: str | None = content["aliases"].get(name)
        if alias is None and kind == "optimizers":
            lowered = name.lower()
            return next((entry for entry in content["entries"] if entry.lower() == lowered), None)
        if alias is None and kind in ("losses", "metrics"):
            # Keras lowers the shorthands alone: `ACC`, but not `Mse`.
            lowered = content["aliases"].get(name.lower(), name.lower())
            return lowered if content["entries"].get(lowered, {}).get("shorthand") else None
        return alias

    def _entry(self, kind: str, name: str) -> Entry:
        if (kind, name) not in self._entries:
            content = self._content[kind]
            fields = dict(content["entries"][name])
            arguments = {
                argument: _argument(argument, content["common"][argument] if record == "common" else record)
                for argument, record in fields.pop("arguments").items()
            }
            if "call" in fields:
                fields["call"] = tuple(fields["call"])
            aliases = tuple(alias for alias, target in content["aliases"].items() if target == name)
            self._entries[kind, name] = Entry(name=name, kind=kind, arguments=arguments, aliases=aliases, **fields)
        return self._entries[kind, name]


def _argument(name: str, record: Mapping[str, Any]) -> Argument:
    fields = dict(record)
    fields["choices"] = tuple(fields.get("choices", ()))
    return Argument(name=name, **fields)


@functools.cache
def load() -> Catalogue:
    """The catalogue that comes with the package, read once."""
    content = json.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))
    search = json.loads(SEARCH_FILE.read_text(encoding="utf-8"))
    return Catalogue({**search, **content, "kinds": {**with_own(content["kinds"]), **search["kinds"]}})
