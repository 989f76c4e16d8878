"""The plan of a job: what only the built model and the data together can tell, checked and counted before it starts."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlcli.config.checks.history_names import history_names
from dlcli.config.checks.modes import with_modes
from dlcli.config.checks.monitors import Watch, unknown_watches
from dlcli.config.outputs.metric_faults import check_metrics_of
from dlcli.config.signature import TargetSpec
from dlcli.data.prepare import Prepared
from dlcli.data.samples.batches import Batches
from dlcli.data.samples.labels import class_weights, make_labels, weigh_classes
from dlcli.errors import ConfigError
from dlcli.model.assembly import Assembly
from dlcli.model.augmentation.changes import change_faults
from dlcli.model.metrics.directions import own_directions
from dlcli.model.state import check_metrics, create_state
from dlcli.model.summary import summarize
from dlcli.training.callbacks import make_callbacks
from dlcli.training.events import Planned
from dlcli.training.execution import sees_validation_batches
from dlcli.training.indices import check_indices
from dlcli.training.phases.phases import Phases, plan_phases
from dlcli.training.validation import validation_rows

__all__ = ["Plan", "make_plan"]


@dataclasses.dataclass(frozen=True)
class Plan:
    """All that `fit` needs, checked.

    Args:
        assembly: The compiled model.
        train: The batches that are learnt.
        validation: Those that are validated on.
        planned: What is told of the job.
        phases: The parts of the training.
        directions: Which way each metric is better, `min` or `max`, by Keras's name without `val_`.
    """

    assembly: Assembly
    train: Batches
    validation: Batches | None
    planned: Planned
    phases: Phases
    directions: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def at(self, directory: Path) -> Plan:
        """The same plan for another run directory."""
        return dataclasses.replace(self, planned=dataclasses.replace(self.planned, directory=directory))


def make_plan(assembly: Assembly, prepared: Prepared, *, directory: Path, watches: Sequence[Watch] = ()) -> Plan:
    """Check what only the built model and the data together can tell, and count the job.

    Args:
        assembly: The compiled model.
        prepared: The data.
        directory: The run directory to be.
        watches: What callbacks look at that only the metrics decide.

    Raises:
        ConfigError: A monitor that will not exist, class weights without a class.
        ModelError: A callback that cannot be made, a metric of several numbers.
    """
    config = assembly.config
    outputs, validated = [output.name for output in assembly.outputs], config.data.validation is not None
    problems = check_metrics_of(config.compile, assembly.outputs, code=assembly.code)
    own = own_directions(config.compile, code=assembly.code)
    history = history_names(config.compile, outputs=outputs, validation=validated, code=assembly.code, own=own)
    problems += unknown_watches(watches, history.names)
    callbacks, asked = with_modes(config.callbacks, history, code=assembly.code)
    reported = {problem.path.removesuffix(".monitor") for problem in problems}
    problems += [problem for problem in asked if problem.path not in reported]
    config = config.model_copy(update={"callbacks": callbacks})
    assembly = dataclasses.replace(assembly, config=config)
    weighted = None
    try:
        weighted = class_weights(config.fit.class_weight, assembly.outputs)
    except ConfigError as error:
        problems += error.problems
    problems += check_indices(assembly, prepared.splits)
    problems += change_faults(assembly)
    if problems:
        raise ConfigError(problems)
    # What Keras refuses about a callback is to be known before there is a run directory; the real ones write into it.
    with tempfile.TemporaryDirectory(prefix="dlcli-") as scratch:
        made = make_callbacks(config.callbacks, Path(scratch), code=assembly.code)
    size = config.data.batch_size
    rows = {name: len(samples) for name, samples in prepared.splits.items()}
    batch_size = rows["train"] if size == "full" else size
    seen = sees_validation_batches(made) or config.runtime.execution == "step"
    validated_at_once = validation_rows(assembly, batch_size, seen=seen)
    samples = prepared.splits["train"]
    labels = make_labels(assembly.outputs, weigh_classes(config.fit.class_weight, weighted, samples))
    train = Batches(
        samples,
        labels,
        batch_size=batch_size,
        shuffle=config.data.shuffle,
        seed=config.seed,
        drop_last=config.data.drop_last,
    )
    batch = next(train.slices())
    if not assembly.again:
        create_state(assembly.model, batch)
        check_metrics(assembly.model)
    phases = plan_phases(assembly, lambda model: create_state(model, batch))
    phases.enter(0)
    validation = None
    if "validation" in prepared.splits:
        held_out = prepared.splits["validation"]
        validation = Batches(held_out, make_labels(assembly.outputs), batch_size=validated_at_once)
    planned = Planned(
        directory=directory,
        summary=summarize(assembly.model, assembly.graph),
        rows=rows,
        batch_size=batch_size,
        steps=train.steps,
        epochs=config.fit.epochs,
        device=assembly.runtime.device,
        targets=tuple(
            f"{target.name}: {len(target.classes)} classes" + ", any number of them" * (target.kind == "categories")
            if target.classes
            else f"{target.name}: number"
            + (f", {len(target.quantiles)} quantiles" if target.quantiles else "")
            + _unit_of(target)
            for output in assembly.outputs
            for target in output.targets
        ),
    )
    directions = {name: way for name, way in history.directions.items() if not name.startswith("val_")}
    return Plan(assembly, train, validation, planned, phases, directions)


def _unit_of(target: TargetSpec) -> str:
    """In which unit the numbers of a target are learnt and measured, in words; empty for its own."""
    if target.measured:
        return ", measured by each window's own past; so are loss and metrics, and reports are in its own unit"
    return ", scaled for the loss, metrics in its own unit" if target.unit else ""
