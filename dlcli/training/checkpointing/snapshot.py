"""The state of a training between two epochs, as the files of a commit, and put back into one that begins.

The order of the rows is a function of the seed and the epoch, and needs none.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dlcli.backend.random_state import Drawn, random_state, restore_random_state
from dlcli.errors import Problem, RunError
from dlcli.runs.commits import ARRAYS, HISTORY, STATE, Commit, Part
from dlcli.training.checkpointing.callback_state import pack_callback, restore_callback
from dlcli.training.checkpointing.values import PackedArrays, StoredArrays, pack, unpack
from dlcli.training.execution import Execution

__all__ = ["Lost", "Progress", "Snapshot", "most_bytes", "take_snapshot"]

COPIES = 16
"""How often a commit may hold the variables: callbacks keep the best ones."""

SLACK_BYTES = 256 * 2**20
"""What callbacks of the user's own may keep beside."""


@dataclasses.dataclass(frozen=True)
class Progress:
    """What of a training is neither in its model nor in its callbacks.

    Args:
        execution: How it is executed; another way would draw other numbers.
        traced: Where Python's and NumPy's random numbers stood each time that its step was traced.
        stopped: Whether a callback has ended it.
        seconds: What the job has taken until now.
        phase: The phase that is trained, from 0.
        begun: After how many epochs it began.
    """

    execution: Execution
    traced: Sequence[Drawn]
    stopped: bool
    seconds: float
    phase: int = 0
    begun: int = 0


Lost = Callable[[int, str, str], None]
"""Told of what of a callback is not kept: the callback's number, the attribute, and what it holds."""


def take_snapshot(
    model: Any, callbacks: Sequence[Any], progress: Progress, *, config: Mapping[str, Any], history: bytes, lost: Lost
) -> dict[str, Part]:
    """The files of a commit.

    Args:
        model: The model that is trained.
        callbacks: Those of the config.
        progress: See there.
        config: The resolved config, as plain values.
        history: `history.csv` as it is now.
        lost: See there.
    """
    arrays = PackedArrays()
    state = {
        "config": config,
        "execution": {"mode": progress.execution.mode, "stack": progress.execution.stack},
        "stopped": progress.stopped,
        "seconds": progress.seconds,
        "phase": [progress.phase, progress.begun],
        "variables": {kind: _stored(variables, arrays) for kind, variables in _variables(model).items()},
        "callbacks": [
            pack_callback(callback, arrays, lost=functools.partial(lost, number))
            for number, callback in enumerate(callbacks)
        ],
        "random": pack({**random_state(), "traced": list(progress.traced)}, arrays),
    }
    state["arrays"] = arrays.table()
    return {ARRAYS: arrays.pieces(), STATE: [json.dumps(state).encode()], HISTORY: [history]}


def most_bytes(model: Any) -> int:
    """What the numbers of a commit of a model may take."""
    variables = [each for group in _variables(model).values() for each in group]
    return COPIES * sum(np.asarray(each).nbytes for each in variables) + SLACK_BYTES


class Snapshot:
    """A commit that was opened, to go on from.

    Args:
        commit: It.

    Raises:
        RunError: It does not hold what a commit holds.
    """

    def __init__(self, commit: Commit) -> None:
        self.epoch = commit.epoch
        self.history = commit.read(HISTORY)
        self._path = commit.path
        self._state = commit.state()
        with self._reading():
            self._arrays = StoredArrays(self._state["arrays"], commit.read(ARRAYS))
            self._random = unpack(self._state["random"], self._arrays)
            self.config: Mapping[str, Any] = self._state["config"]
            self.progress = Progress(
                _execution(self._state["execution"]),
                list(self._random["traced"]),
                self._state["stopped"] is True,
                float(self._state["seconds"]),
                *_phase(self._state.get("phase", [0, 0]), self.epoch),
            )

    def restore_model(self, model: Any) -> None:
        """Give all variables their values: the model's, the optimizer's, the metrics' and those of random layers.

        Raises:
            RunError: The commit is of another model.
        """
        with self._reading():
            pairs = [
                (variable, entry)
                for kind, variables in _variables(model).items()
                for variable, entry in _paired(variables, self._state["variables"][kind])
            ]
            values = [_value(variable, entry, self._arrays) for variable, entry in pairs]
        for (variable, _), value in zip(pairs, values, strict=True):
            variable.assign(value)

    def restore_callbacks(self, callbacks: Sequence[Any], *, lost: Lost) -> None:
        """Give the callbacks their state, after all `on_train_begin`.

        Args:
            callbacks: Those of the config.
            lost: Told of what does not come back.

        Raises:
            RunError: The commit is of other callbacks.
        """
        with self._reading():
            for number, (callback, state) in enumerate(_paired(callbacks, self._state["callbacks"])):
                restore_callback(callback, state, self._arrays, lost=functools.partial(lost, number))

    def restore_random_numbers(self) -> None:
        """Let all random numbers go on from where they were. Raises RunError."""
        with self._reading():
            restore_random_state(self._random)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
            message = f"{self._path} does not hold the state of this training: {error}"
            hint = "undo the changes to the run; or train anew"
            raise RunError(Problem(message, hint=hint, rule="run-damaged")) from error


def _variables(model: Any) -> dict[str, list[Any]]:
    """All variables of a training: random layers keep their seeds among the model's."""
    optimizer = [] if model.optimizer is None else list(model.optimizer.variables)
    return {"model": list(model.variables), "optimizer": optimizer, "metrics": list(model.metrics_variables)}


def _stored(variables: Sequence[Any], arrays: PackedArrays) -> list[dict[str, Any]]:
    return [{"path": variable.path, "array": arrays.add(np.asarray(variable))} for variable in variables]


def _paired(items: Sequence[Any], entries: Any) -> list[tuple[Any, Any]]:
    if not isinstance(entries, list) or len(entries) != len(items):
        raise ValueError(f"expected {len(items)} entries")
    return list(zip(items, entries, strict=True))


def _value(variable: Any, entry: Any, arrays: StoredArrays) -> Any:
    """The stored value of a variable.

    Raises:
        ValueError: It is that of another one.
    """
    array, now = arrays[entry["array"]], np.asarray(variable)
    if entry["path"] != variable.path or array.shape != now.shape or array.dtype != now.dtype:
        found = f"{entry['path']} {list(array.shape)} {array.dtype}"
        raise ValueError(f"{variable.path} is {list(now.shape)} {now.dtype}, and there is {found}")
    return array


def _phase(stored: Any, epoch: int) -> tuple[int, int]:
    phase, begun = stored
    if type(phase) is not int or type(begun) is not int or phase < 0 or not 0 <= begun <= epoch:
        raise ValueError("it does not say which phase it is of")
    return phase, begun


def _execution(stored: Any) -> Execution:
    mode, stack = stored["mode"], stored["stack"]
    if mode not in ("step", "graph", "xla") or type(stack) is not int or not 1 <= stack <= 2**20:
        raise ValueError("it does not say how it was executed")
    return Execution(mode, stack)
