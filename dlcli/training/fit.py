"""Keras's `fit`, as planned: a History, checkpoints and the trained model's file in the run directory."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from dlcli.backend import engine, workers
from dlcli.backend.datasets import dataset, stacked_dataset
from dlcli.backend.epochs.loop import EpochLoop
from dlcli.backend.epochs.program import EpochProgram
from dlcli.backend.failures import BackendError, training_failure
from dlcli.backend.sharing import mixes_rows, shared, summing
from dlcli.errors import ModelError, Problem, RunError
from dlcli.model.augmentation.changes import install_changes
from dlcli.model.state import metric_values
from dlcli.runs.commits import Commits
from dlcli.runs.history import HistoryFile
from dlcli.runs.layout import RunDirectory
from dlcli.training.callback_failures import explain_failures, tolerate
from dlcli.training.callbacks import make_callbacks, write_no_models
from dlcli.training.checkpointing.committer import Committer
from dlcli.training.checkpointing.logs import append_to_logs, close_logs, cut_logs
from dlcli.training.checkpointing.snapshot import Progress, Snapshot
from dlcli.training.checkpointing.spacing import Spacing
from dlcli.training.epoch_order import EpochOrder
from dlcli.training.events import Listener, Notice
from dlcli.training.execution import Execution, choose, needs_every_batch, sees_validation_batches
from dlcli.training.guards.finite import (
    FiniteLosses,
    NotFinite,
    go_back_to_best,
    guard_best,
    has_finite_weights,
    require_finite_weights,
)
from dlcli.training.guards.interruption import Interruption, StopTraining
from dlcli.training.guards.presence import Presence
from dlcli.training.messages import forward_messages
from dlcli.training.model_file import save_trained
from dlcli.training.plan import Plan
from dlcli.training.recorder import Recorder
from dlcli.training.validation import validation_dataset
from dlcli.training.whole_epochs import at_most, by_whole_epochs, in_turn, keeper_of, watch_of

__all__ = ["Outcome", "fit"]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What training came to.

    Args:
        status: `completed` or `interrupted`.
        epochs: Whole epochs trained.
        execution: How it was executed.
        file: The name of the file with the trained weights.
        model_epoch: The epoch whose weights the model has, one-based: the last, or one that a callback went back to.
        metrics: Of the training split in that epoch, by Keras's names; empty when there was no whole epoch.
    """

    status: str
    epochs: int
    execution: Execution
    file: str
    model_epoch: int
    metrics: Mapping[str, float]


def fit(
    plan: Plan,
    run: RunDirectory,
    *,
    listener: Listener,
    spent: Callable[[], float] = lambda: 0.0,
    start: Snapshot | None = None,
) -> Outcome:
    """Train, writing `history.csv` as each epoch ends and `model.keras` at the end.

    Args:
        plan: What to train.
        run: Where to write.
        listener: Called with the events.
        spent: The seconds that the job has taken until now.
        start: A committed epoch to go on from; None: the beginning.

    Raises:
        ModelError: Keras or its backend failed on the way, out of memory included; the weights that were reached are
            written nevertheless.
        RunError: The model cannot be written, or the commit is not of this training.
    """
    model = plan.assembly.model
    group = workers.group()
    agree = group.any if group is not None else bool
    with Interruption(agree) as interruption, forward_messages(listener):
        training = _Training(plan, run, listener=listener, interruption=interruption, spent=spent, start=start)
        status = training.run()
        if not _follows() and (problem := save_trained(model, run)) is not None:
            listener(Notice(problem, warning=True))
        training.recorder.flush()
    epochs = training.recorder.epochs
    kept = epochs if status == "interrupted" else _model_epoch(training.callbacks, epochs)
    metrics = _training_metrics(model, training.recorder.logs.get(kept, {}))
    return Outcome(status, epochs, training.execution, run.trained.name, kept, metrics)


class _Training:
    """One call of `fit`, with the callbacks and the functions that it is to have."""

    def __init__(
        self,
        plan: Plan,
        run: RunDirectory,
        *,
        listener: Listener,
        interruption: Interruption,
        spent: Callable[[], float],
        start: Snapshot | None,
    ) -> None:
        self._plan, self._run, self._listener = plan, run, listener
        self._spent, self._start = spent, start
        self._model, self._config = plan.assembly.model, plan.assembly.config
        self._tracing = engine.Tracing(() if start is None else start.progress.traced)
        self.callbacks = make_callbacks(self._config.callbacks, run.path, code=plan.assembly.code)
        if _follows():
            write_no_models(self.callbacks)
        self._group = workers.group()
        self.execution = self._chosen() if start is None else self._taken_up(start.progress.execution)
        self._presence = Presence(run) if run.record.exists() else None
        self._guard_callbacks()
        self._interruption = interruption
        install_changes(plan.assembly)
        if self._group is not None:
            summing(self._model, self._group)
        self._step = self._model.train_step
        self._loop: EpochLoop | None = None
        self._phase, self._begun = (0, 0) if start is None else (start.progress.phase, start.progress.begun)
        for number in range(1, min(self._phase + 1, len(plan.phases))):
            plan.phases.enter(number)
        self._prepare_functions()
        self.recorder = Recorder(
            history=HistoryFile(run.history),
            listener=listener,
            rows=plan.train.rows,
            batch_size=plan.train.batch_size,
            stack=self.execution.stack,
            interruption=interruption,
        )
        self._committer = self._make_committer(interruption)
        self._committer.look_ahead()
        if start is not None and self._phase >= len(plan.phases):
            message = f"the commit is of phase {self._phase + 1}, and there are {len(plan.phases)}"
            raise RunError(Problem(message, hint="undo the changes to the run", rule="run-damaged"))
        if start is not None:
            self.recorder.restore(start.history)
            start.restore_model(self._model)
            cut_logs(self.callbacks, start.epoch)

    def run(self) -> str:
        """Train; returns whether it was `completed` or `interrupted`."""
        try:
            with self._shared(), self._rescuing(), self._going_back():
                while True:
                    self._fit()
                    if self._phase + 1 == len(self._plan.phases):
                        break
                    self._enter_next()
                require_finite_weights(self._model, self._config)
        except StopTraining:
            return "interrupted"
        except ModelError as error:
            raise error from error.__context__  # Keras has cut off what it comes from
        except (BackendError, MemoryError) as error:
            for batches in (self._plan.train, self._plan.validation):
                if batches is not None and batches.failure is not None:
                    raise batches.failure from None
            problem = training_failure(self._model, error, device=self._plan.assembly.runtime.device)
            if problem is None:
                raise
            raise ModelError(problem) from error
        finally:
            close_logs(self.callbacks)
        return "completed"

    def _enter_next(self) -> None:
        """Go on with the next phase: another optimizer, other layers that learn, and functions traced for them."""
        self._phase, self._begun, self._start = self._phase + 1, self.recorder.epochs, None
        self._plan.phases.enter(self._phase)
        self._tracing = engine.Tracing()
        self._prepare_functions()
        append_to_logs(self.callbacks)

    def _fit(self) -> None:
        batches, stack = self._plan.train, self.execution.stack
        by_batch = self.execution.mode == "step"
        done = self._begun if self._start is None else self._start.epoch
        epochs = self._begun + self._plan.phases.epochs(self._phase)
        if self._start is not None and self._start.progress.stopped:
            epochs = done  # a callback has ended it: only the end of `fit` is left
        batches.epoch = done
        self.recorder.phase = self._phase + 1 if self._plan.phases.said else None
        self._committer.expect(done, epochs)
        callbacks = [
            EpochOrder(batches),
            *([self._presence] if self._presence else []),
            self._finite(),
            *self.callbacks,
            self.recorder,
            self._committer,
        ]
        if self._loop is not None:
            self._loop.fit(first=done, last=epochs, callbacks=callbacks)
            return
        self._model.fit(
            dataset(batches) if by_batch else stacked_dataset(batches, stack),
            validation_data=self._validation,
            steps_per_epoch=None if by_batch else batches.num_stacks(stack),
            epochs=epochs,
            initial_epoch=done,
            validation_freq=self._config.fit.validation_freq,
            callbacks=callbacks,
            shuffle=False,  # the batches come in their order already
            verbose=0,
        )

    def _finite(self) -> FiniteLosses:
        return FiniteLosses(self._config, record=self.recorder.on_epoch_end)

    @contextlib.contextmanager
    def _going_back(self) -> Iterator[None]:
        """What is rescued is the best that EarlyStopping has kept, and nothing of weights that are no numbers."""
        try:
            yield
        except NotFinite:
            epoch = go_back_to_best(self._model, self.callbacks)
            if epoch is not None or not has_finite_weights(self._model):
                instead = "nothing" if epoch is None else f"what EarlyStopping kept of epoch {epoch}"
                message = f"the weights of the last epoch are not kept: {instead} is written of the model"
                hint = "checkpoints of epochs before are what they were"
                self._listener(Notice(Problem(message, hint=hint, rule="weights-not-kept"), warning=True))
            raise

    @contextlib.contextmanager
    def _rescuing(self) -> Iterator[None]:
        """Whatever ends training before its time, what the model has learnt is kept."""
        done = False
        try:
            yield
            done = True
        except (StopTraining, KeyboardInterrupt):  # the one is saved after, the other wants to leave at once
            done = True
            raise
        finally:
            if not done and not _follows() and self._has_learnt() and has_finite_weights(self._model):
                with contextlib.suppress(RunError):  # a full disk may be what has ended it
                    save_trained(self._model, self._run)
                    message = f"the weights that training had reached are in {self._run.trained}"
                    self._listener(Notice(Problem(message, rule="weights-kept"), warning=True))

    def _has_learnt(self) -> bool:
        optimizer = self._model.optimizer
        return bool(self._begun) or (optimizer is not None and int(optimizer.iterations) > 0)

    def _chosen(self) -> Execution:
        execution = choose(
            self._config.runtime.execution,
            model=self._model,
            batches=self._plan.train,
            epochs=self._config.fit.epochs,
            device=self._plan.assembly.runtime.device,
            deterministic=self._config.runtime.deterministic,
            demanding=needs_every_batch(self.callbacks),
            alone=self._group is None,
        )
        if execution.reason:
            self._listener(Notice(Problem(execution.reason, path="callbacks", rule="every-batch"), warning=True))
        return execution

    def _taken_up(self, execution: Execution) -> Execution:
        """How a training goes on: as it began, but for XLA where it has other workers now."""
        if self._group is None or execution.mode != "xla":
            return execution
        return dataclasses.replace(execution, mode="graph")

    def _shared(self) -> contextlib.AbstractContextManager[None]:
        """The model's call is shared with the other workers, if there are any."""
        if self._group is None:
            return contextlib.nullcontext()
        self._model.jit_compile = False
        self._require_separate_rows()
        return shared(self._model, self._group)

    def _require_separate_rows(self) -> None:
        """Make sure that layers of the user's own take each row by itself. Raises ModelError."""
        if self._config.code and mixes_rows(self._model, self._plan.train.batch(0, 0)[0]):
            message = "what the model gives for a row depends on the others of its batch, and workers divide batches"
            hint = "take each row by itself in layers of your own, or workers: 1"
            raise ModelError(Problem(message, path="runtime.workers", hint=hint, rule="workers"))

    def _guard_callbacks(self) -> None:
        """The user's own end the training with a fault that names them; Keras's that cannot write do not end it."""
        for index, (callback, component) in enumerate(zip(self.callbacks, self._config.callbacks, strict=True)):
            path = f"callbacks[{index}].{component.name}"
            if component.name in self._plan.assembly.code:
                explain_failures(callback, path=path, files=self._config.code)
            else:
                require = functools.partial(require_finite_weights, self._model, self._config)
                before = self._presence.require if self._presence else lambda: None
                tolerate(callback, path=path, listener=self._listener, require=require, before=before)
            guard_best(callback)

    def _prepare_functions(self) -> None:
        """The functions that train and validate, for the model as it is compiled now."""
        self._loop = None
        if self.execution.mode != "step":
            trainer = self._install_engine(self._interruption)
            if by_whole_epochs(self._plan, self.execution, self.callbacks, alone=self._group is None):
                self._loop = self._by_epochs(trainer)
                return
        else:
            self._model.train_step = self._step
            engine.watch_steps(self._model, tracing=self._tracing, unkept=self._note_unkept)
        self._validation = self._validated()

    def _by_epochs(self, trainer: engine.Trainer) -> EpochLoop:
        checkpoint = None if _follows() else self._config.checkpoint
        every = checkpoint.interval[0] if checkpoint else None
        keeper = keeper_of(self.callbacks)
        return EpochLoop(
            self._model,
            EpochProgram(self._model, trainer, self._plan.train, self._plan.validation, in_turn=in_turn(self._plan)),
            most=at_most(self._plan, self.callbacks, every=every),
            timed=lambda *seconds: self.recorder.time(*seconds),
            keeper=keeper,
            watch=None if keeper is None else lambda: watch_of(keeper),
        )

    def _settle(self) -> None:
        """Make the model that of the epoch that ends: it may be ahead."""
        if self._loop is not None:
            self._loop.settle()

    def _install_engine(self, interruption: Interruption) -> engine.Trainer:
        return engine.install(
            self._model,
            xla=self.execution.mode == "xla",
            between=interruption.stop_if_requested,
            tracing=self._tracing,
            fall_back=None if self._config.runtime.execution == "xla" else self._fall_back,
            notice=self._note_draws,
            unkept=self._note_unkept,
        )

    def _make_committer(self, interruption: Interruption) -> Committer:
        wanted = None if _follows() else self._config.checkpoint
        return Committer(
            Commits(self._run.checkpoints),
            spacing=Spacing(wanted) if wanted else None,
            keep=wanted.keep if wanted else 1,
            callbacks=self.callbacks,
            progress=self._progress,
            settle=self._settle,
            config=self._config.notation(),
            history=self.recorder.content,
            logs=self.recorder.logs,
            interruption=interruption,
            listener=self._listener,
            start=self._start,
        )

    def _progress(self) -> Progress:
        stopped = bool(self._model.stop_training)
        place = (self._phase, self._begun)
        return Progress(self.execution, self._tracing.begun, stopped, self._spent(), *place)

    def _validated(self) -> Any:
        if self._plan.validation is None:
            return None
        seen = self.execution.mode == "step" or sees_validation_batches(self.callbacks)
        return validation_dataset(self._model, self._plan.validation, seen=seen)

    def _fall_back(self, reason: str) -> None:
        self.execution = dataclasses.replace(self.execution, mode="graph")
        problem = Problem(f"{reason}; training goes on without XLA", path="runtime.execution", rule="xla")
        self._listener(Notice(problem, warning=True))

    def _note_unkept(self, state: str) -> None:
        if self._config.checkpoint:
            message = f"a run that goes on does not get back {state}"
            hint = "draw by keras.random with a SeedGenerator, and keep state in weights: self.add_weight(...)"
            self._listener(Notice(Problem(message, path="model", hint=hint, rule="unkept-state"), warning=True))

    def _note_draws(self, reason: str) -> None:
        hint = "execution: step draws those; keras.random with a SeedGenerator draws alike everywhere"
        self._listener(Notice(Problem(reason, path="runtime.execution", hint=hint, rule="random-draws")))


def _follows() -> bool:
    """Whether this process trains for another one, which writes the files."""
    group = workers.group()
    return group is not None and group.rank > 0


def _model_epoch(callbacks: Iterable[Any], last: int) -> int:
    """The epoch whose weights the model has after `fit`: EarlyStopping may have gone back to the best."""
    epochs = [
        callback.best_epoch + 1
        for callback in callbacks
        if getattr(callback, "restore_best_weights", False) and getattr(callback, "best_weights", None) is not None
    ]
    return epochs[-1] if epochs else last


def _training_metrics(model: Any, logs: Mapping[str, float]) -> dict[str, float]:
    """What an epoch says of the training split: without validation, and without what callbacks add to it."""
    names = set(metric_values(model))
    return {name: value for name, value in logs.items() if name in names}
