"""The faults of a `sweep` section that its types do not show."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.checks.history_names import Direction, history_names
from dlcli.config.checks.monitors import Watch, check_monitors, unknown_watches
from dlcli.config.document.places import format_path, parse_path
from dlcli.config.schema.component import Component
from dlcli.config.schema.config import CompileConfig, FitConfig
from dlcli.config.schema.sweep import ParameterConfig, SweepConfig, same
from dlcli.config.searching.ends import place_of
from dlcli.errors import Problem, did_you_mean

__all__ = ["Measured", "check_folds", "check_space", "measure"]

_NOT_SEARCHED = {
    "sweep": "the search does not change itself",
    "extends": "a base belongs into the file",
    "name": "a trial is named by its number",
    "code": "all trials have the same code",
    "runtime.workers": "a trial is trained by one process; --workers trains several trials at once",
    "ensemble": "a trial is one model; train the best as an ensemble afterwards",
    "report": "the report of a trial is made when it is asked for",
}

_OF_FOLDS = (("data", "fold"), ("data", "validation"))
"""What folds decide."""

_FINITE = ("BruteForceSampler", "GridSampler")
"""Samplers that try every combination."""


def check_space(sweep: SweepConfig) -> list[Problem]:
    """Faults of the paths, the conditions, and of the values where a sampler wants them otherwise."""
    return [*_paths(sweep), *_conditions(sweep), *_combinations(sweep)]


def _paths(sweep: SweepConfig) -> Iterator[Problem]:
    taken: dict[tuple[str | int, ...], str] = {}
    for name, text in sweep.paths():
        below = () if sweep.space[name].at is None else ("at",)
        try:
            path = parse_path(text)
        except ValueError as error:
            yield Problem(str(error), path=place_of(name, *below), hint="write it as after --set", rule="sweep-path")
            continue
        if why := next(
            (_NOT_SEARCHED[each] for each in map(format_path, (path[:1], path[:2])) if each in _NOT_SEARCHED), ""
        ):
            message = f"{text!r} is not to be searched"
            yield Problem(message, path=place_of(name, *below), hint=why, rule="sweep-path")
        if sweep.folds is not None and path[:2] in _OF_FOLDS:
            message = f"{text!r} is not to be searched: `sweep.folds` says what is validated on"
            yield Problem(message, path=place_of(name, *below), hint="leave one of them out", rule="sweep-path")
        if above := next((each for each in taken if len(each) > len(path) and each[: len(path)] == path), None):
            message = f"{text!r} is put in after {format_path(above)!r}, and takes its place with all that is in it"
            hint = f"put {name!r} above {taken[above]!r}"
            yield Problem(message, path=place_of(name, *below), hint=hint, rule="sweep-path")
        other = taken.setdefault(path, name)
        if other != name and not (sweep.space[name].when and sweep.space[other].when):
            message = f"{text!r} is set by {other!r} too"
            hint = "leave one of them out, or give both a `when`"
            yield Problem(message, path=place_of(name, *below), hint=hint, rule="sweep-path")


def check_folds(known: Sequence[Problem], folded: Sequence[Problem], *, is_fold: bool) -> list[Problem]:
    """Faults of a config whose trials have folds, that it would not have without them.

    Args:
        known: Its faults as it stands.
        folded: Those that it has at a fold.
        is_fold: Whether it is of one fold itself.
    """
    if is_fold:
        message = "the config is of one fold, and each trial is to have all of them"
        return [Problem(message, path="data.fold", hint="leave it out", rule="sweep-folds")]
    before = {(each.path, each.message) for each in known}
    return [
        Problem(each.message, path="sweep.folds", hint=each.hint, rule="sweep-folds")
        for each in folded
        if (each.path, each.message) not in before
    ]


def _conditions(sweep: SweepConfig) -> Iterator[Problem]:
    above: dict[str, ParameterConfig] = {}
    for name, parameter in sweep.space.items():
        for parent, allowed in (parameter.when or {}).items():
            place = place_of(name, "when", parent)
            if parent not in above:
                hint = did_you_mean(parent, above) or "`when` names parameters that stand above this one"
                message = f"{parent!r} is no parameter above {name!r}"
                if parent in sweep.space and parent != name:
                    hint = f"put {parent!r} above it"
                yield Problem(message, path=place, hint=hint, rule="sweep-condition")
            else:
                yield from _reachable(above[parent], parent, allowed, place)
        above[name] = parameter


def _reachable(parent: ParameterConfig, name: str, allowed: Any, place: str) -> Iterator[Problem]:
    for value in allowed if isinstance(allowed, list) else [allowed]:
        if parent.choice is not None and not any(same(value, each) for each in parent.choice):
            hint = f"it is one of {', '.join(map(str, parent.choice))}"
            if any(allowed == each for each in parent.choice):
                hint = f"a list in `when` names several values: to name this one write [{allowed}]"
            yield Problem(f"{name!r} is never {value!r}", path=place, hint=hint, rule="sweep-condition")
        elif parent.kind in ("int", "int_log") and not _is_among(parent, value):
            yield Problem(f"{name!r} is never {value!r}", path=place, hint=_whole(parent), rule="sweep-condition")
        elif parent.choice is None and parent.kind not in ("int", "int_log"):
            message = f"{name!r} is any number of a range, and will hardly ever be {value!r}"
            yield Problem(message, path=place, hint="a condition names a value of a list", rule="sweep-condition")


def _is_among(parent: ParameterConfig, value: Any) -> bool:
    """Whether a value is one of a parameter's whole numbers."""
    low, high = parent.ends
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return bool(low <= value <= high and (value - low) % _step(parent) == 0)


def _step(parent: ParameterConfig) -> int:
    return parent.int[2] if parent.int is not None and len(parent.int) > 2 else 1


def _whole(parent: ParameterConfig) -> str:
    low, high = parent.ends
    step = _step(parent)
    return f"it is a whole number from {low} to {high}" + (f" in steps of {step}" if step > 1 else "")


def _combinations(sweep: SweepConfig) -> Iterator[Problem]:
    if sweep.sampler.name not in _FINITE:
        return
    for name, parameter in sweep.space.items():
        values = parameter.choice or getattr(parameter, parameter.kind)
        if parameter.kind in ("log", "int_log") or (parameter.kind == "range" and len(values) == 2):
            message = f"{sweep.sampler.name} tries every combination, and {name!r} has too many values"
            hint = "give it a list, or a step: {range: [0, 0.5, 0.1]}"
            yield Problem(message, path=place_of(name), hint=hint, rule="sweep-sampler")
        if parameter.when and sweep.sampler.name == "GridSampler":
            message = "GridSampler knows no conditions"
            yield Problem(message, path=place_of(name, "when"), hint="take BruteForceSampler", rule="sweep-sampler")


@dataclasses.dataclass(frozen=True)
class Measured:
    """By what a sweep measures its trials, as far as the config alone tells.

    Args:
        metric: A name of the History.
        direction: Which way it is better; None where the data decides.
        problems: What is wrong with it.
        watches: What is left to be seen when the data has been read.
    """

    metric: str
    direction: Direction | None
    problems: tuple[Problem, ...] = ()
    watches: tuple[Watch, ...] = ()

    def require(self, names: Sequence[str]) -> list[Problem]:
        """The faults that were left open, the names of the History being known."""
        return unknown_watches(self.watches, names)


def measure(
    sweep: SweepConfig,
    *,
    compiled: CompileConfig,
    callbacks: Sequence[Component],
    fit: FitConfig | None,
    outputs: Sequence[str],
    validation: bool,
    code: Collection[str],
    own_model: bool,
) -> Measured:
    """Look for the metric of a sweep in the History to be, and for its direction.

    Args:
        sweep: The section.
        compiled: The `compile` section.
        callbacks: Those of the config.
        fit: The `fit` section.
        outputs: The model's outputs.
        validation: Whether there is a validation split.
        code: Names that the user's own files define.
        own_model: Whether the model is of a class of the user's.
    """
    # What a callback watches is looked for in the same way.
    watching = Component("EarlyStopping", {"monitor": sweep.metric})
    problems, watches = check_monitors(
        compiled,
        [*callbacks, watching],
        outputs=outputs,
        validation=validation,
        fit=fit,
        code=code,
        own_model=own_model,
    )
    index = len(callbacks)
    ours = [_ours(each) for each in problems if each.path.startswith(f"callbacks[{index}]")]
    left = [
        dataclasses.replace(each, problem=_ours(each.problem))
        for each in watches
        if each.problem.path.startswith(f"callbacks[{index}]")
    ]
    known = history_names(compiled, outputs=outputs, validation=validation, callbacks=callbacks, code=code)
    found = known.directions.get(sweep.metric) or _by_name(sweep.metric, outputs)
    if found is not None and sweep.direction not in (None, found):
        better = "more" if found == "max" else "less"
        message = f"of {sweep.metric!r} {better} is better, and the sweep would look for the worst"
        hint = f"write direction: {found}, or leave it out"
        ours.append(Problem(message, path="sweep.direction", hint=hint, rule="monitor-direction"))
    direction = sweep.direction or found
    if direction is None and not ours:
        message = f"nothing says whether more or less of {sweep.metric!r} is better"
        hint = "add direction: max or direction: min"
        ours.append(Problem(message, path="sweep.metric", hint=hint, rule="monitor-direction"))
    return Measured(sweep.metric, direction, tuple(ours), tuple(left))


def _ours(problem: Problem) -> Problem:
    return dataclasses.replace(problem, path="sweep.metric")


def _by_name(metric: str, outputs: Sequence[str]) -> Direction | None:
    """Of a metric that the data will choose: that of Keras's of this name, the name of its output left out."""
    name = metric.removeprefix("val_")
    for output in outputs:
        name = name.removeprefix(f"{output}_") if len(outputs) > 1 else name
    if name == "loss":
        return "min"
    for entry in catalogue.load().entries("metrics"):
        if name in (entry.default_name, *entry.aliases) and entry.direction is not None:
            return entry.direction
    return None
