"""Writes what a `sweep` may name (`dlcli/config/catalogue/search.json`) from the installed Optuna: samplers, pruners.

Run as `make catalogue`. The annotations give the types; what only Python can give, what is deprecated and what the
section says elsewhere (the seed) is left out.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from dlcli.config.catalogue.entries import SEARCH_FILE
from dlcli.files.replacing import write_file
from dlcli.model.introspection.catalogue import render

__all__ = ["introspect"]

JSON = dict[str, Any]

_NAMES = {
    "samplers": (
        "BruteForceSampler",
        "CmaEsSampler",
        "GPSampler",
        "GridSampler",
        "NSGAIISampler",
        "QMCSampler",
        "RandomSampler",
        "TPESampler",
    ),
    "pruners": (
        "HyperbandPruner",
        "MedianPruner",
        "PatientPruner",
        "PercentilePruner",
        "SuccessiveHalvingPruner",
        "ThresholdPruner",
        "WilcoxonPruner",
    ),
}
_TYPES = {"int": "integer", "float": "number", "bool": "boolean", "str": "string"}
_CHOICES = {"qmc_type": ["sobol", "halton"]}
_TAKES = {"independent_sampler": "samplers", "wrapped_pruner": "pruners"}
_SAID_ELSEWHERE = ("seed", "search_space", "warn_independent_sampling", "warn_asynchronous_seeding")
_ARGUMENT = re.compile(r"^        (\w+):\n((?:            .*\n|\n)+)", re.MULTILINE)


def introspect() -> JSON:
    """The catalogue of the installed Optuna, as JSON values in the form of Keras's."""
    import optuna

    kinds: JSON = {}
    for kind, names in _NAMES.items():
        module = getattr(optuna, kind)
        entries = {name: _entry(getattr(module, name)) for name in names}
        kinds[kind] = {"common": {}, "aliases": {}, "entries": entries}
    return {"keras": optuna.__version__, "kinds": kinds}


def _entry(thing: Any) -> JSON:
    text = (thing.__doc__ or "").replace("``", "`")
    texts = {name: _sentence(about) for name, about in _ARGUMENT.findall(text) if "Deprecated in v" not in about}
    parameters = list(inspect.signature(thing.__init__).parameters.values())[1:]
    found = ((each.name, _argument(each)) for each in parameters if each.name in texts)
    arguments = {
        name: {**record, "doc": texts[name]} if texts[name] else record for name, record in found if record is not None
    }
    return {"doc": _sentence(text), "arguments": arguments}


def _argument(parameter: inspect.Parameter) -> JSON | None:
    """An argument as the catalogue has it; None for what a config cannot say."""
    if parameter.name in _SAID_ELSEWHERE:
        return None
    record: JSON = (
        {"required": True} if parameter.default is parameter.empty else {"default": _plain(parameter.default)}
    )
    annotation = parameter.annotation
    words = {
        word.strip() for word in (annotation.__name__ if inspect.isclass(annotation) else str(annotation)).split("|")
    }
    none = {"none": True} if "None" in words else {}
    if (kind := _TAKES.get(parameter.name)) is not None:
        return {**record, "takes": kind, **none}
    types = words - {"None"}
    if types == {"str", "int"}:
        return {**record, **none}
    if len(types) != 1 or (word := types.pop()) not in _TYPES:
        return None
    choices = {"choices": _CHOICES[parameter.name]} if parameter.name in _CHOICES else {}
    return {**record, "type": _TYPES[word], **choices, **none}


def _plain(value: Any) -> Any:
    assert value is None or isinstance(value, (bool, int, float, str))
    return value


def _sentence(text: str) -> str:
    """The first sentence, without the marks of Sphinx."""
    line = " ".join(text.strip().split("\n\n")[0].split())
    line = re.sub(r":\w+:`~?([^`<]*?)(?:\s*<[^>]*>)?`_?", lambda match: match[1].rpartition(".")[2], line)
    line = re.sub(r"`([^`<]+?)\s*<[^>]*>`__?", r"\1", line)
    first = re.split(r"(?<!e\.g)(?<!i\.e)\.\s+(?=[A-Z])", line)[0]
    return first.rstrip(".") + "."


def main() -> None:
    """Write the file."""
    write_file(SEARCH_FILE, render(introspect()).replace('"keras":', '"optuna":', 1))


if __name__ == "__main__":
    main()
