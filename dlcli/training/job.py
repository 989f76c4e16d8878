"""The training job: an assembled model and prepared rows become a History and a run directory."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.config.history_names import history_names
from dlcli.config.schema import Config
from dlcli.config.writing import dump
from dlcli.data.batches import Batches
from dlcli.data.labels import class_weights, make_labels, row_weights
from dlcli.data.prepare import Prepared, Split
from dlcli.errors import ConfigError, ModelError, Problem, RunError, did_you_mean
from dlcli.model.assembly import Assembly
from dlcli.model.summary import summarize
from dlcli.runs.history import HistoryFile
from dlcli.runs.layout import RunDirectory, write_atomically, write_json
from dlcli.training.callbacks import make_callbacks
from dlcli.training.epoch_order import EpochOrder
from dlcli.training.events import Listener, Planned
from dlcli.training.interruption import Interruption, StopTraining
from dlcli.training.messages import forward_messages
from dlcli.training.recorder import Recorder

__all__ = ["Outcome", "check_monitors", "fit", "plan"]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What training came to.

    Args:
        status: `completed` or `interrupted`.
        epochs: Whole epochs trained.
        history: Keras's History: a list of values for each metric, one an epoch.
    """

    status: str
    epochs: int
    history: dict[str, list[float]]


def check_monitors(config: Config, outputs: Sequence[str], code: Collection[str]) -> list[Problem]:
    """The callbacks whose `monitor` the History will not have.

    Args:
        config: The config with loss and metrics filled in.
        outputs: The model's outputs.
        code: The names of the user's own objects.
    """
    expected = history_names(
        config.compile,
        outputs=outputs,
        validation=config.data.validation is not None,
        callbacks=config.callbacks,
        code=code,
    )
    if not expected.complete:
        return []
    names = expected.names
    problems = []
    for index, callback in enumerate(config.callbacks):
        monitor = callback.arguments.get("monitor")
        if not isinstance(monitor, str) or monitor in names:
            continue
        hint = did_you_mean(monitor, names) or f"it will have {', '.join(names)}"
        if monitor.startswith("val_") and config.data.validation is None:
            hint = "set data.validation, such as validation: 0.2"
        problems.append(
            Problem(
                f"the history will have no {monitor!r}",
                path=f"callbacks[{index}].{callback.name}.monitor",
                hint=hint,
                rule="unknown-monitor",
            )
        )
    return problems


@dataclasses.dataclass(frozen=True)
class Plan:
    """All that `fit` needs, checked."""

    assembly: Assembly
    train: Batches
    validation: Batches | None
    planned: Planned

    def at(self, directory: Path) -> Plan:
        """The same plan for another run directory."""
        return dataclasses.replace(self, planned=dataclasses.replace(self.planned, directory=directory))


def plan(assembly: Assembly, prepared: Prepared, *, directory: Path) -> Plan:
    """Check what only the built model and the data together can tell, and count the job.

    Raises:
        ConfigError: A monitor that will not exist, class weights without a class.
    """
    config = assembly.config
    problems = check_monitors(config, [output.name for output in assembly.outputs], assembly.code)
    weighted = None
    try:
        weighted = class_weights(config.fit.class_weight, assembly.outputs)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    size = config.data.batch_size
    rows = {name: len(split.rows) for name, split in prepared.splits.items()}
    batch_size = rows["train"] if size == "full" else size

    def batches(split: Split, *, training: bool) -> Batches:
        weights = row_weights(
            sample_weight=split.sample_weight,
            setting=config.fit.class_weight if training else None,
            weighted=weighted if training else None,
            targets=split.targets,
            outputs=assembly.outputs,
        )
        return Batches(
            inputs=split.inputs,
            labels=make_labels(split.targets, assembly.outputs),
            weights=weights,
            batch_size=batch_size if training else max(batch_size, 256),
            shuffle=training and config.data.shuffle,
            seed=config.seed,
        )

    train = batches(prepared.splits["train"], training=True)
    validation = batches(prepared.splits["validation"], training=False) if "validation" in prepared.splits else None
    planned = Planned(
        directory=directory,
        summary=summarize(assembly.model),
        rows=rows,
        batch_size=batch_size,
        steps=train.steps,
        epochs=config.fit.epochs,
        device=assembly.runtime.device,
        targets=tuple(
            f"{target.name}: {len(target.classes)} classes" if target.classes else f"{target.name}: number"
            for output in assembly.outputs
            for target in output.targets
        ),
    )
    return Plan(assembly, train, validation, planned)


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

    config, model = plan.assembly.config, plan.assembly.model
    with Interruption() as interruption, forward_messages(listener):
        recorder = Recorder(
            history=HistoryFile(run.history),
            listener=listener,
            batch_size=plan.planned.batch_size,
            rows=plan.planned.rows["train"],
            interruption=interruption,
        )
        callbacks = make_callbacks(config.callbacks, run.path, code=plan.assembly.code)
        status = "completed"
        try:
            model.fit(
                plan.train.dataset(),
                validation_data=plan.validation.dataset() if plan.validation else None,
                epochs=config.fit.epochs,
                validation_freq=config.fit.validation_freq,
                callbacks=[EpochOrder(plan.train), *callbacks, recorder],
                shuffle=False,  # the batches come in their order already
                verbose=0,
            )
        except StopTraining:
            status = "interrupted"
        except tf.errors.ResourceExhaustedError as error:
            raise ModelError(
                Problem(
                    f"out of memory on {plan.assembly.runtime.device}: {str(error).splitlines()[0]}",
                    path="data.batch_size",
                    hint="use a smaller batch_size or a smaller model",
                    rule="out-of-memory",
                )
            ) from error
        history = {name: [float(value) for value in values] for name, values in model.history.history.items()}
        save_model(model, run.model)
    return Outcome(status, recorder.epochs, history)


def save_model(model: Any, path: Path) -> None:
    """Write a `.keras` file that appears whole or not at all.

    Raises:
        RunError: The disk is full or the file cannot be written.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=".model.", suffix=".keras", dir=path.parent)
    os.close(descriptor)
    try:
        model.save(temporary)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise RunError(Problem(f"cannot write {path}: {error.strerror or error}", rule="not-writable")) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def elapsed(started: float) -> float:
    """Seconds since `started` (a `time.perf_counter()`), to the millisecond."""
    return round(time.perf_counter() - started, 3)
