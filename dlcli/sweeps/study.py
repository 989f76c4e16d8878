"""The study: which values are tried next, by whom, and what came of them. Optuna chooses and remembers.

Every process that takes part holds the study's lock while it takes a trial or tells its result, and the lock of its
trial while it trains it. A trial that is begun, and whose lock nobody holds, was left by a process that is dead; the
next who asks gets it, with the same number and the same values.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from dlcli.config.checks.history_names import Direction
from dlcli.config.schema.sweep import SweepConfig
from dlcli.runs.commits import Commits
from dlcli.sweeps.folder import SweepFolder
from dlcli.sweeps.optuna_names import label_of, load, make_pruner, make_sampler, suggest
from dlcli.sweeps.results import Result, TrialResult
from dlcli.sweeps.storage.board import Board, FolderBoard, Lease

__all__ = ["MOST_DEATHS", "Study", "Taken"]

_NAME = "sweep"
_TOLD, _TWIN, _DIED = "result", "twin", "died"
MOST_DEATHS = 3
"""So often the process of one trial may be killed before the trial is held to be the reason."""

_MOST_COUNTED = 100_000
_DRAWS = 100
"""So many proposals in a row that were tried before are the end of a search, where nobody can count what is left."""

_LAST, _REPEATS = 20, 10
"""When so many of the last proposals were tried before, what is left is drawn from, where it can be counted."""


@dataclasses.dataclass(frozen=True)
class Taken:
    """A trial that is ours to train.

    Args:
        number: From 1 on.
        values: Of the parameters that are active.
        lock: Released when it has ended, or with the process.
        again: Whether another process had begun it.
        asked: Optuna's trial.
        board: Where the study is kept.
    """

    number: int
    values: Mapping[str, Any]
    lock: Lease
    again: bool
    asked: Any
    board: Board

    def report(self, epoch: int, value: float) -> bool:
        """Tell how far it has come; whether the pruner ends it here."""
        with self.board.reaching():
            self.asked.report(value, epoch)
            return bool(self.asked.should_prune())


class Study:
    """The study of a sweep.

    Args:
        folder: The sweep.
        sweep: Its section.
        direction: Which way the metric is better.
        seed: Of the sampler.
        most: Trials in all; None: no end.
        board: Where it is kept; None: in the folder.
    """

    def __init__(
        self,
        folder: SweepFolder,
        sweep: SweepConfig,
        *,
        direction: Direction,
        seed: int,
        most: int | None,
        board: Board | None = None,
    ) -> None:
        self.folder, self.sweep, self.direction, self.most = folder, sweep, direction, most
        self._board: Board = FolderBoard(folder) if board is None else board
        self._seed = seed
        self._optuna = load()
        self._states = self._optuna.trial.TrialState
        with self._board.exclusive():
            self._study = self._optuna.create_study(
                storage=self._board.storage(),
                study_name=_NAME,
                direction="maximize" if direction == "max" else "minimize",
                sampler=self._optuna.samplers.RandomSampler(),
                pruner=make_pruner(sweep),
                load_if_exists=True,
            )
        self._combinations = _count(sweep, list(sweep.space), {})

    @property
    def prunes(self) -> bool:
        """Whether trials are to report each epoch."""
        return self.sweep.pruner is not None

    def take(self) -> Taken | None:
        """The next trial: one that a dead process has left, or a new one; None when there is none to be had now."""
        with self._board.exclusive():
            while True:
                trials = self._trials()
                for trial in trials:
                    if trial.state == self._states.RUNNING and (taken := self._taken(trial, trials, again=True)):
                        return taken
                if not self._wants_more(trials):
                    return None
                self._study.sampler = self._sampler(trials)
                asked = self._study.ask()
                self._values(asked)
                trials = self._trials()
                if taken := self._taken(trials[asked.number], trials, again=False):
                    return taken

    def tell(self, taken: Taken, result: Result) -> None:
        """The result of a trial, which is over with that; nothing where another has it, who took us for dead."""
        with self._board.exclusive():
            if self._board.holds(taken.number):
                self._tell(taken.asked, result)
        self.release(taken)

    def release(self, taken: Taken) -> None:
        """Give a trial back as it is: it is over, or the next who asks is to go on with it."""
        taken.lock.release(remove=True)

    def is_over(self) -> bool:
        """Whether all trials have ended and no more are wanted."""
        with self._board.exclusive():
            trials = self._trials()
            over = not self._wants_more(trials) and not any(trial.state == self._states.RUNNING for trial in trials)
            if over:
                self.folder.forget_leases()
            return over

    def results(self) -> list[TrialResult]:
        """The trials that have ended, by number."""
        ended = (self._states.COMPLETE, self._states.PRUNED, self._states.FAIL)
        return [self._result(trial) for trial in self._trials() if trial.state in ended]

    def is_exhausted(self) -> bool:
        """Whether every combination of values has been tried."""
        return self._combinations is not None and _distinct(self._trials()) >= self._combinations

    def running(self) -> list[int]:
        """The numbers of the trials that have not ended."""
        return [trial.number + 1 for trial in self._trials() if trial.state == self._states.RUNNING]

    def best(self) -> list[TrialResult]:
        """The trials that came to their end, the best first; of equals the earlier. Repetitions are left out."""
        complete = [each for each in self.results() if each.result.state == "complete" and each.twin is None]
        sign = -1 if self.direction == "max" else 1
        return sorted(complete, key=lambda each: (sign * (each.result.value or 0.0), each.number))

    def importance(self) -> dict[str, float]:
        """How much of the differences each parameter explains, the most first; empty where that cannot be said."""
        complete = [trial for trial in self._trials() if trial.state == self._states.COMPLETE]
        values = {trial.value for trial in complete}
        if len(complete) < 10 or len(values) < 2:
            return {}
        optuna = self._optuna
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        found: dict[str, float] = {}
        varied = [name for name in self.sweep.space if _varies(name, complete)]
        always = [name for name in varied if all(name in trial.params for trial in complete)]
        if always:
            found = optuna.importance.get_param_importances(self._study, evaluator=evaluator, params=always)
        return {name: float(each) for name, each in found.items() if math.isfinite(each)}

    def _trials(self) -> list[Any]:
        with self._board.reaching():
            found = self._study.get_trials(deepcopy=False)
        return sorted(found, key=lambda trial: int(trial.number))  # a database has no order

    def _wants_more(self, trials: list[Any]) -> bool:
        trained = [trial for trial in trials if _TWIN not in trial.user_attrs]
        if self.most is not None and len(trained) >= self.most:
            return False
        if self._combinations is not None:
            return _distinct(trained) < self._combinations
        last = trials[-_DRAWS:]
        return len(last) < _DRAWS or any(_TWIN not in trial.user_attrs for trial in last)

    def _sampler(self, trials: list[Any]) -> Any:
        """What proposes the next trial: the sampler of the sweep, but where it only knows what was tried already. A
        sampler that has found where it is good proposes that again, hundreds of times for each value that is left.
        """
        seed = self._seed_of(len(trials))
        repeats = sum(_TWIN in trial.user_attrs for trial in trials[-_LAST:])
        if self._combinations is None or repeats < _REPEATS:
            return make_sampler(self.sweep, seed, first=self._seed)
        return self._optuna.samplers.BruteForceSampler(seed=seed)

    def _taken(self, trial: Any, trials: list[Any], *, again: bool) -> Taken | None:
        """A trial with its lock; None when another has it, or another with the same values settles it."""
        number = trial.number + 1
        lock = self._board.lease(number)
        died = again and self._board.was_left(number)
        if not lock.take():
            return None
        asked = self._again(trial)
        if died and self._is_given_up(asked):
            lock.release(remove=True)
            return None
        values = self._values(asked)
        twin = self._twin(asked, trials)
        if twin is None:
            return Taken(number, values, lock, again, asked, self._board)
        if twin.state != self._states.RUNNING:
            self._repeat(asked, twin)
        lock.release(remove=True)
        return None

    def _is_given_up(self, asked: Any) -> bool:
        """Count that a process was killed that trained a trial: when one after the other is, and none commits an epoch
        more than the one before, the trial is held to be the reason, and has failed."""
        commit = max(Commits(self.folder.trial(asked.number + 1).checkpoints).epochs(), default=0)
        before = asked.user_attrs.get(_DIED) or {"times": 0, "commit": 0}
        times = before["times"] + 1 if before["commit"] >= commit else 1
        asked.set_user_attr(_DIED, {"times": times, "commit": commit})
        if times >= MOST_DEATHS:
            reason = f"its process was killed {times} times: out of memory, perhaps"
            self._tell(asked, Result("failed", reason=reason))
        return times >= MOST_DEATHS

    def _again(self, trial: Any) -> Any:
        return self._optuna.trial.Trial(self._study, trial._trial_id)

    def _twin(self, asked: Any, trials: list[Any]) -> Any:
        """The first earlier trial with the same values."""
        key = _key(asked.params)
        earlier = trials[: asked.number]
        return next((each for each in earlier if _key(each.params) == key and _TWIN not in each.user_attrs), None)

    def _repeat(self, asked: Any, twin: Any) -> None:
        asked.set_user_attr(_TWIN, twin.number + 1)
        self._tell(asked, self._result(twin).result)

    def _values(self, asked: Any) -> dict[str, Any]:
        """The values of a trial, those that are missing being chosen."""
        values: dict[str, Any] = {}
        for name, parameter in self.sweep.space.items():
            if not self.sweep.inactive(name, values):
                values[name] = suggest(asked, name, parameter)
        return values

    def _tell(self, asked: Any, result: Result) -> None:
        asked.set_user_attr(_TOLD, dataclasses.asdict(result))
        # Some samplers want to end Optuna's own loop, which there is not.
        self._study.sampler = self._optuna.samplers.RandomSampler()
        if result.state == "complete":
            self._study.tell(asked.number, result.value)
        else:
            state = self._states.PRUNED if result.state == "pruned" else self._states.FAIL
            self._study.tell(asked.number, state=state)

    def _result(self, trial: Any) -> TrialResult:
        values = {
            name: value if self.sweep.space[name].choice is None else label_of(self.sweep.space[name], value)
            for name, value in trial.params.items()
            if name in self.sweep.space
        }
        said = trial.user_attrs.get(_TOLD) or {"state": "failed", "reason": "nothing is known of it"}
        return TrialResult(trial.number + 1, values, Result(**said), trial.user_attrs.get(_TWIN))

    def _seed_of(self, number: int) -> int:
        return (self._seed * 1_000_003 + number) % 2**32


def _distinct(trials: list[Any]) -> int:
    return len({_key(trial.params) for trial in trials})


def _key(params: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(sorted((name, type(value).__name__, repr(value)) for name, value in params.items()))


def _varies(name: str, trials: list[Any]) -> bool:
    return len({repr(trial.params.get(name)) for trial in trials}) > 1


def _count(sweep: SweepConfig, names: list[str], values: dict[str, Any]) -> int | None:
    """How many combinations there are; None where there is no end to them, or nearly none."""
    if not names:
        return 1
    name, *rest = names
    if sweep.inactive(name, values):
        return _count(sweep, rest, values)
    if (listed := _listed(sweep, name)) is None:
        return None
    depends = any(each in (sweep.space[other].when or {}) for other in rest for each in [name])
    counts: Iterator[int | None] = (
        _count(sweep, rest, {**values, name: value}) for value in (listed if depends else listed[:1])
    )
    total = 0
    for count in counts:
        if count is None or total > _MOST_COUNTED:
            return None
        total += count
    return total if depends else total * len(listed)


def _listed(sweep: SweepConfig, name: str) -> list[Any] | None:
    parameter = sweep.space[name]
    if parameter.choice is not None:
        return list({repr(value): value for value in parameter.choice}.values())
    low, high = parameter.ends
    step = (getattr(parameter, parameter.kind)[2:] or [1])[0]
    if parameter.kind in ("log",) or (parameter.kind == "range" and len(parameter.range or ()) == 2):
        return None
    number = round((high - low) / step) + 1
    return [low + step * index for index in range(number)] if number <= _MOST_COUNTED else None
