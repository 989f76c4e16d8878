"""What callbacks want of the History: a `monitor` that it will have, and values for a checkpoint's file name."""

from __future__ import annotations

import dataclasses
import string
from collections.abc import Collection, Iterator, Sequence

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.checks.callback_values import by_batches
from dlcli.config.checks.history_names import history_names
from dlcli.config.checks.modes import watched
from dlcli.config.checks.rates import RATE_SETTERS
from dlcli.config.schema import CompileConfig, FitConfig
from dlcli.config.schema.component import Component
from dlcli.errors import Problem, did_you_mean

__all__ = ["Watch", "check_monitors", "unknown_watches"]


@dataclasses.dataclass(frozen=True, slots=True)
class Watch:
    """A look at a value of which only the metrics tell whether it will be there, and they are not chosen yet.

    Args:
        name: The value.
        problem: What is said when it will not be there; its hint has a place for the names of those that will.
        rate: Whether the learning rate will be there for this callback.
    """

    name: str
    problem: Problem
    rate: bool


_HINT = "{hint}"
"""Where a hint says what the History will have, once that is known."""


def check_monitors(
    compile_config: CompileConfig,
    callbacks: Sequence[Component],
    *,
    outputs: Sequence[str],
    validation: bool,
    fit: FitConfig | None = None,
    code: Collection[str] = (),
    own_model: bool = False,
) -> tuple[list[Problem], list[Watch]]:
    """The callbacks that watch, or name their files after, what the History will not have.

    Args:
        compile_config: The `compile` section; without metrics, they are chosen when the data has been read.
        callbacks: The config's callbacks.
        outputs: The model's outputs, in order; of a single one the name does not matter.
        validation: Whether the run has a validation split.
        fit: The `fit` section; it says in which epochs there is a validation.
        code: Names that the user's own files define.
        own_model: Whether the model is of a class of the user's, whose training step may report anything.

    Returns:
        The faults; and what is left to `unknown_watches` until the metrics are chosen.

    Example:
        >>> [stopping] = [Component("EarlyStopping", {"monitor": "val_loss"})]
        >>> check_monitors(CompileConfig(), [stopping], outputs=["dense"], validation=False)[0][0].message
        "the history will have no 'val_loss'"
    """
    fit = fit or FitConfig()
    frequency = fit.validation_freq
    validated = validation and frequency <= fit.epochs
    expected = history_names(compile_config, outputs=outputs, validation=validated, callbacks=callbacks, code=code)
    history = _History(
        names=expected.names,
        complete=expected.complete and compile_config.metrics is not None and not own_model,
        chosen=compile_config.metrics is not None or not expected.complete or own_model,
        validation=validated or any(callback.name in code for callback in callbacks),
        frequency=frequency if validated else 1,
        why="" if validated or not validation else f"validate more often than every {frequency} of {fit.epochs} epochs",
    )
    found: list[Problem | Watch] = []
    for index, callback in enumerate(callbacks):
        if callback.name in code:
            continue
        path = f"callbacks[{index}].{callback.name}"
        before = history.before(callbacks[:index])
        found += _monitor(callback, before, path)
        if callback.name == "ModelCheckpoint":
            found += _checkpoint(callback, before, path)
            found += _file_name(callback, before, f"{path}.filepath")
    return [one for one in found if isinstance(one, Problem)], [one for one in found if isinstance(one, Watch)]


def unknown_watches(watches: Sequence[Watch], names: Sequence[str]) -> list[Problem]:
    """The faults that `check_monitors` has left open.

    Args:
        watches: What it left.
        names: What the History will have, without the learning rate.
    """
    problems = []
    for watch in watches:
        there = [*names, *(["learning_rate"] if watch.rate else [])]
        if watch.name not in there:
            hint = watch.problem.hint.replace(_HINT, _near(watch.name, there))
            problems.append(dataclasses.replace(watch.problem, hint=hint))
    return problems


@dataclasses.dataclass(frozen=True)
class _History:
    """The names that the History will have.

    Args:
        names: Those that are known.
        complete: Whether there are no others.
        chosen: Whether no more will be known of them when the metrics are chosen.
        validation: Whether there may be others that begin with `val_`.
        frequency: Those that begin with `val_` are there in every so many epochs.
        why: Why there is no validation, though there is a split for it.
        late: The learning rate will be there, and not yet.
    """

    names: tuple[str, ...]
    complete: bool
    chosen: bool
    validation: bool
    frequency: int
    why: str
    late: bool = False

    def before(self, callbacks: Sequence[Component]) -> _History:
        """What a callback sees that comes after these alone: those that set the rate write it in their turn."""
        if any(callback.name in RATE_SETTERS for callback in callbacks):
            return self
        names = tuple(name for name in self.names if name != "learning_rate")
        return dataclasses.replace(self, names=names, late=len(names) < len(self.names))

    def lacks(self, name: str) -> bool:
        """Whether the name will certainly not be there."""
        certain = self.complete or (name.startswith("val_") and not self.validation)
        return name not in self.names and (certain or (name == "learning_rate" and self.late))

    def hint(self, name: str) -> str:
        """What to do about a name that it lacks."""
        if name == "learning_rate" and self.late:
            return "put this callback after the one that sets the rate"
        if name.startswith("val_") and not self.validation:
            return self.why or "set data.validation, such as validation: 0.2"
        return _near(name, self.names)

    def missing(self, name: str, problem: Problem) -> Iterator[Problem | Watch]:
        """The problem, whose hint is to say what there is, if the name will not be there; a watch if that is open."""
        if self.lacks(name):
            yield dataclasses.replace(problem, hint=problem.hint.replace(_HINT, self.hint(name)))
        elif name not in self.names and not self.chosen:
            yield Watch(name, problem, "learning_rate" in self.names)

    def sometimes(self, name: str, *, every_batch: bool = False) -> str:
        """Why a name is not there whenever it is looked at, in words; empty when it is."""
        if not name.startswith("val_"):
            return ""
        if every_batch:
            return "with save_freq a number the model is saved after a batch, when there has been no validation"
        if self.frequency > 1:
            return f"with fit.validation_freq: {self.frequency} it is there in one epoch of {self.frequency}"
        return ""


def _near(name: str, names: Sequence[str]) -> str:
    return did_you_mean(name, names) or f"it will have {', '.join(names)}"


def _monitor(callback: Component, history: _History, path: str) -> Iterator[Problem | Watch]:
    entry = catalogue.load().get("callbacks", callback.name)
    if entry is None or "monitor" not in entry.arguments:
        return
    monitor = callback.arguments.get("monitor")
    if isinstance(monitor, str):
        message = f"the history will have no {monitor!r}"
        problem = Problem(message, path=f"{path}.monitor", hint=_HINT, rule="unknown-monitor")
        yield from history.missing(monitor, problem)
    default = watched(callback)
    if "monitor" not in callback.arguments and default is not None:
        message = f"{callback.name} watches {default!r} unless told otherwise, and the history will have no such value"
        hint = f"{_HINT}; or watch another value, such as monitor: loss"
        yield from history.missing(default, Problem(message, path=path, hint=hint, rule="unknown-monitor"))


def _checkpoint(callback: Component, history: _History, path: str) -> Iterator[Problem]:
    """A best model that would be chosen where nothing was measured: Keras then saves whatever it has."""
    monitor = watched(callback)
    if monitor is not None and by_batches(callback):
        message = "the best model is looked for at the end of an epoch, and save_freq asks to save after batches"
        hint = "leave out save_freq or save_best_only"
        yield Problem(message, path=f"{path}.save_freq", hint=hint, rule="seldom-there")
    elif monitor is not None and (why := history.sometimes(monitor)):
        message = f"save_best_only would save the epochs without {monitor!r} too, over the best: {why}"
        hint = "validate every epoch, watch a value of training such as loss, or leave out save_best_only"
        yield Problem(message, path=path, hint=hint, rule="seldom-there")


def _file_name(callback: Component, history: _History, path: str) -> Iterator[Problem | Watch]:
    """Faults of a name such as `{epoch:02d}_{val_loss:.2f}.keras`, which Keras fills in when it saves."""
    name = callback.arguments.get("filepath")
    if not isinstance(name, str):
        return
    hint = "such as {epoch:02d}_{loss:.2f}.keras; a brace that is meant as such is written twice"
    every_batch = by_batches(callback)
    counters = {"epoch", "batch"} if every_batch else {"epoch"}
    try:
        fields = [(field, spec or "") for _, field, spec, _ in string.Formatter().parse(name) if field is not None]
        for field, spec in fields:
            if field in counters:
                format(1, spec)
            elif not field.isidentifier():
                raise ValueError(f"{{{field}}} names no value")
            else:
                yield from _value_of(field, history, path, every_batch=every_batch)
                format(0.5, spec)
    except ValueError as error:
        message = f"{name!r} is no pattern for file names: {error}"
        yield Problem(message, path=path, hint=hint, rule="checkpoint-name")


def _value_of(field: str, history: _History, path: str, *, every_batch: bool) -> Iterator[Problem | Watch]:
    """The fault of a value of the History that a file name holds."""
    message = f"the file name holds {{{field}}}, and the history will have no {field!r}"
    missing = Problem(message, path=path, hint=_HINT, rule="unknown-monitor")
    if every_batch and field == "learning_rate":
        yield dataclasses.replace(missing, hint=history.hint(field))
    elif history.lacks(field):
        yield from history.missing(field, missing)
    elif why := history.sometimes(field, every_batch=every_batch):
        message = f"the file name holds {{{field}}}, which is not always there: {why}"
        yield Problem(message, path=path, hint="leave it out, or name {loss} or {epoch}", rule="seldom-there")
    else:
        yield from history.missing(field, missing)
