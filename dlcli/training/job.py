"""The training job: a plan becomes a History and a run directory."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dlcli.config.schema import Config
from dlcli.config.writing import dump
from dlcli.errors import ModelError, Problem
from dlcli.runs.history import HistoryFile
from dlcli.runs.layout import RunDirectory, write_atomically, write_json
from dlcli.training import engine
from dlcli.training.callbacks import make_callbacks
from dlcli.training.epoch_order import EpochOrder
from dlcli.training.events import Listener, Notice
from dlcli.training.execution import Execution, choose, needs_every_batch, sees_validation_batches
from dlcli.training.failures import training_failure
from dlcli.training.interruption import Interruption, StopTraining
from dlcli.training.messages import forward_messages
from dlcli.training.plan import Plan
from dlcli.training.recorder import Recorder
from dlcli.training.saving import save_model
from dlcli.training.validation import validation_dataset

__all__ = ["Outcome", "fit", "write_inputs"]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What training came to.

    Args:
        status: `completed` or `interrupted`.
        epochs: Whole epochs trained.
        execution: How it was executed.
    """

    status: str
    epochs: int
    execution: Execution


def write_inputs(run: RunDirectory, config: Config, preprocessing: Mapping[str, Any]) -> None:
    """Write what is known before training: the resolved config, the fitted preprocessing, the user's own code."""
    config = config.model_copy(update={"code": run.keep_code(config.code)})
    write_atomically(run.config, dump(config.notation()))
    write_json(run.preprocessing, preprocessing)


def fit(plan: Plan, run: RunDirectory, *, listener: Listener) -> Outcome:
    """Train, writing `history.csv` as each epoch ends and `model.keras` at the end.

    Raises:
        ModelError: Keras or TensorFlow failed on the way, out of memory included.
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
            model.fit(
                batches.dataset() if execution.mode == "step" else batches.stacked_dataset(execution.stack),
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
        except tf.errors.OpError as error:
            problem = training_failure(model, error, device=assembly.runtime.device)
            if problem is None:
                raise
            raise ModelError(problem) from error
        save_model(model, run.model)
    return Outcome(status, recorder.epochs, execution)
