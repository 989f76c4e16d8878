"""The training job: a plan becomes a History and a run directory."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dlcli.backend.datasets import dataset, stacked_dataset
from dlcli.config.document.writer import dump
from dlcli.config.schema import Config
from dlcli.errors import ModelError, Problem, RunError
from dlcli.model.state import metric_values
from dlcli.runs.history import HistoryFile
from dlcli.runs.layout import RunDirectory, write_atomically, write_json
from dlcli.training.callbacks import make_callbacks
from dlcli.training.epoch_order import EpochOrder
from dlcli.training.events import Listener, Notice
from dlcli.training.execution import Execution, choose, needs_every_batch, sees_validation_batches
from dlcli.training.hooks import explain_failures
from dlcli.training.interruption import Interruption, StopTraining
from dlcli.training.messages import forward_messages
from dlcli.training.plan import Plan
from dlcli.training.recorder import Recorder
from dlcli.training.saving import save_trained
from dlcli.training.tensorflow import engine
from dlcli.training.tensorflow.failures import training_failure
from dlcli.training.tolerance import tolerate
from dlcli.training.validation import validation_dataset

__all__ = ["Outcome", "fit", "write_inputs"]


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


def write_inputs(run: RunDirectory, config: Config, preprocessing: Mapping[str, Any]) -> None:
    """Write what is known before training: the resolved config, the fitted preprocessing, the user's own code."""
    config = config.model_copy(update={"code": run.keep_code(config.code)})
    write_atomically(run.config, dump(config.notation()))
    write_json(run.preprocessing, preprocessing)


def fit(plan: Plan, run: RunDirectory, *, listener: Listener) -> Outcome:
    """Train, writing `history.csv` as each epoch ends and `model.keras` at the end.

    Raises:
        ModelError: Keras or TensorFlow failed on the way, out of memory included; the weights that were reached are
            written nevertheless.
        RunError: The model cannot be written.
    """
    import tensorflow as tf

    assembly, batches = plan.assembly, plan.train
    config, model = assembly.config, assembly.model
    with Interruption() as interruption, forward_messages(listener):
        callbacks = make_callbacks(config.callbacks, run.path, code=assembly.code)
        execution = choose(
            config.runtime.execution,
            model=model,
            batches=batches,
            epochs=config.fit.epochs,
            device=assembly.runtime.device,
            deterministic=config.runtime.deterministic,
            demanding=needs_every_batch(callbacks),
        )
        if execution.reason:
            listener(Notice(Problem(execution.reason, path="callbacks", rule="every-batch"), warning=True))
        for index, (callback, component) in enumerate(zip(callbacks, config.callbacks, strict=True)):
            path = f"callbacks[{index}].{component.name}"
            if component.name in assembly.code:
                explain_failures(callback, path=path, files=config.code)
            else:
                tolerate(callback, path=path, listener=listener)

        def fall_back(reason: str) -> None:
            nonlocal execution
            execution = dataclasses.replace(execution, mode="graph")
            message = f"{reason}; training goes on without XLA"
            listener(Notice(Problem(message, path="runtime.execution", rule="xla"), warning=True))

        def notice(reason: str) -> None:
            problem = Problem(
                reason,
                path="runtime.execution",
                hint="execution: step draws those; keras.random with a SeedGenerator draws alike everywhere",
                rule="random-draws",
            )
            listener(Notice(problem))

        if execution.mode != "step":
            engine.install(
                model,
                xla=execution.mode == "xla",
                interruption=interruption,
                fall_back=None if config.runtime.execution == "xla" else fall_back,
                notice=notice,
            )
        seen = execution.mode == "step" or sees_validation_batches(callbacks)
        validation = validation_dataset(model, plan.validation, seen=seen) if plan.validation is not None else None
        recorder = Recorder(
            history=HistoryFile(run.history),
            listener=listener,
            rows=batches.rows,
            batch_size=batches.batch_size,
            stack=execution.stack,
            interruption=interruption,
        )
        status = "completed"
        try:
            with _rescuing(model, run, listener):
                model.fit(
                    dataset(batches) if execution.mode == "step" else stacked_dataset(batches, execution.stack),
                    validation_data=validation,
                    steps_per_epoch=None if execution.mode == "step" else batches.num_stacks(execution.stack),
                    epochs=config.fit.epochs,
                    validation_freq=config.fit.validation_freq,
                    callbacks=[EpochOrder(batches), *callbacks, recorder],
                    shuffle=False,  # the batches come in their order already
                    verbose=0,
                )
        except StopTraining:
            status = "interrupted"
        except ModelError as error:
            raise error from error.__context__  # Keras has cut off what it comes from
        except tf.errors.OpError as error:
            problem = training_failure(model, error, device=assembly.runtime.device)
            if problem is None:
                raise
            raise ModelError(problem) from error
        if (problem := save_trained(model, run)) is not None:
            listener(Notice(problem, warning=True))
        recorder.settle()
    kept = recorder.epochs if status == "interrupted" else _model_epoch(callbacks, recorder.epochs)
    metrics = _training_metrics(model, recorder.logs.get(kept, {}))
    return Outcome(status, recorder.epochs, execution, run.trained.name, kept, metrics)


@contextlib.contextmanager
def _rescuing(model: Any, run: RunDirectory, listener: Listener) -> Iterator[None]:
    """Whatever ends training before its time, what the model has learnt is kept."""
    done = False
    try:
        yield
        done = True
    except (StopTraining, KeyboardInterrupt):  # the one is saved after, the other wants to leave at once
        done = True
        raise
    finally:
        if not done and model.optimizer is not None and int(model.optimizer.iterations):
            with contextlib.suppress(RunError):  # a full disk may be what has ended it
                save_trained(model, run)
                message = f"the weights that training had reached are in {run.trained}"
                listener(Notice(Problem(message, rule="weights-kept"), warning=True))


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
