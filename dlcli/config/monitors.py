"""What callbacks want of the History: a `monitor` that it will have, and values for a checkpoint's file name."""

from __future__ import annotations

import dataclasses
import string
from collections.abc import Collection, Iterator, Sequence

from dlcli.config import catalogue
from dlcli.config.component import Component
from dlcli.config.history_names import history_names
from dlcli.config.schema import CompileConfig
from dlcli.errors import Problem, did_you_mean

__all__ = ["check_monitors"]


def check_monitors(
    compile_config: CompileConfig,
    callbacks: Sequence[Component],
    *,
    outputs: Sequence[str],
    validation: bool,
    code: Collection[str] = (),
    own_model: bool = False,
) -> list[Problem]:
    """The callbacks that watch, or name their files after, what the History will not have.

    Args:
        compile_config: The `compile` section. Without metrics, which are then chosen when the data has been read,
            only what needs a validation split is looked at.
        callbacks: The config's callbacks.
        outputs: The model's outputs, in order; of a single one the name does not matter.
        validation: Whether the run has a validation split.
        code: Names that the user's own files define.
        own_model: Whether the model is of a class of the user's, whose training step may report anything.

    Example:
        >>> [stopping] = [Component("EarlyStopping", {"monitor": "val_loss"})]
        >>> check_monitors(CompileConfig(), [stopping], outputs=["dense"], validation=False)[0].message
        "the history will have no 'val_loss'"
    """
    expected = history_names(compile_config, outputs=outputs, validation=validation, callbacks=callbacks, code=code)
    history = _History(
        names=expected.names,
        complete=expected.complete and compile_config.metrics is not None and not own_model,
        validation=validation or any(callback.name in code for callback in callbacks),
    )
    problems: list[Problem] = []
    for index, callback in enumerate(callbacks):
        if callback.name not in code:
            path = f"callbacks[{index}].{callback.name}"
            problems += _monitor(callback, history, path)
            if callback.name == "ModelCheckpoint":
                problems += _file_name(callback, history, f"{path}.filepath")
    return problems


@dataclasses.dataclass(frozen=True)
class _History:
    """The names that the History will have.

    Args:
        names: Those that are known.
        complete: Whether there are no others.
        validation: Whether there may be others that begin with `val_`.
    """

    names: tuple[str, ...]
    complete: bool
    validation: bool

    def lacks(self, name: str) -> bool:
        """Whether the name will certainly not be there."""
        return name not in self.names and (self.complete or (name.startswith("val_") and not self.validation))

    def hint(self, name: str) -> str:
        """What to do about a name that it lacks."""
        if name.startswith("val_") and not self.validation:
            return "set data.validation, such as validation: 0.2"
        return did_you_mean(name, self.names) or f"it will have {', '.join(self.names)}"


def _monitor(callback: Component, history: _History, path: str) -> Iterator[Problem]:
    entry = catalogue.load().get("callbacks", callback.name)
    if entry is None or "monitor" not in entry.arguments:
        return
    monitor = callback.arguments.get("monitor")
    if isinstance(monitor, str) and history.lacks(monitor):
        message = f"the history will have no {monitor!r}"
        yield Problem(message, path=f"{path}.monitor", hint=history.hint(monitor), rule="unknown-monitor")
    default = entry.arguments["monitor"].default
    # A ModelCheckpoint that saves every epoch watches nothing.
    watches = callback.name != "ModelCheckpoint" or callback.arguments.get("save_best_only") is True
    if "monitor" not in callback.arguments and watches and history.lacks(default):
        message = f"{callback.name} watches {default!r} unless told otherwise, and the history will have no such value"
        hint = f"{history.hint(default)}; or watch another value, such as monitor: loss"
        yield Problem(message, path=path, hint=hint, rule="unknown-monitor")


def _file_name(callback: Component, history: _History, path: str) -> Iterator[Problem]:
    """Faults of a name such as `{epoch:02d}_{val_loss:.2f}.keras`, which Keras fills in when it saves."""
    name = callback.arguments.get("filepath")
    if not isinstance(name, str):
        return
    hint = "such as {epoch:02d}_{loss:.2f}.keras; a brace that is meant as such is written twice"
    counters = {"epoch", "batch"} if isinstance(callback.arguments.get("save_freq"), int) else {"epoch"}
    try:
        fields = [(field, spec or "") for _, field, spec, _ in string.Formatter().parse(name) if field is not None]
        for field, spec in fields:
            if field in counters:
                format(1, spec)
            elif not field.isidentifier():
                raise ValueError(f"{{{field}}} names no value")
            elif history.lacks(field):
                message = f"the file name holds {{{field}}}, and the history will have no {field!r}"
                yield Problem(message, path=path, hint=history.hint(field), rule="unknown-monitor")
            else:
                format(0.5, spec)
    except ValueError as error:
        message = f"{name!r} is no pattern for file names: {error}"
        yield Problem(message, path=path, hint=hint, rule="checkpoint-name")
