"""The second stage: the data read, the model built, and everything that only they can show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.backend import startup
from dlcli.config.inspection.inspection import CheckedConfig, Inspection
from dlcli.config.lint.linting import judge, lint
from dlcli.config.lint.output import Known
from dlcli.config.outputs.conventions import model_head, says_classification
from dlcli.config.outputs.metric_faults import metrics_of_parts
from dlcli.config.outputs.target_scale import thresholds_of_loss, unscalable_targets
from dlcli.config.schema import Config, DataConfig
from dlcli.data.cache.cache import Cache
from dlcli.data.prepare import Prepared, prepare_from
from dlcli.data.reader import TableReader
from dlcli.errors import ConfigError, Problem
from dlcli.jobs.checking import located
from dlcli.training.events import Listener, Notice, Stage

if TYPE_CHECKING:
    from dlcli.training.plan import Plan
    from dlcli.training.reuse import Models

__all__ = ["make_ready", "open_table", "prepare_job"]


def prepare_job(
    inspection: Inspection,
    checked: CheckedConfig,
    *,
    directory: Path,
    cache: Cache,
    tell: Listener,
    check: bool = False,
    ready: Callable[[CheckedConfig], Prepared] | None = None,
    models: Models | None = None,
) -> tuple[Prepared, Plan]:
    """Read the data, build the model, and plan the job.

    Args:
        inspection: Knows the lines of the config.
        checked: The config.
        directory: The run directory to be.
        cache: Of encoded data.
        tell: Called with the stages and notices.
        check: Nothing is trained afterwards: the end is tried too, as it is for code of the user's own in any case.
        ready: Gives the data that others have read, or made ready, before; None: it is read.
        models: Those of the process that may learn in place of the new one; None: there are none.

    Raises:
        DlcliError: Every fault that the data and the model show.
    """
    with located(inspection):
        config = checked.config
        tell(Stage("reading data"))
        if ready is not None:
            prepared = ready(checked)
        else:
            with open_table(config, cache=cache, tell=tell) as reader:
                prepared = make_ready(reader, checked)
        for note in prepared.notes:
            tell(Notice(Problem(note, rule="inferred")))
        capped = _smaller_batch(config.data, prepared.config)
        if capped is not None and not inspection.document.of_preset("data", "batch_size"):
            tell(Notice(inspection.locate(capped)))
        of_rows = judge(prepared.doubts, config.lint)
        for doubt in (*of_rows.warnings, *_thresholds(config, prepared)):
            if doubt not in of_rows.faults:
                tell(Notice(inspection.locate(doubt), warning=True))
        graph = checked.expanded.among(list(prepared.preprocessing.features)).require()
        tell(Stage("loading TensorFlow"))
        startup.load()
        from dlcli.backend.runtime import keeping_kernels
        from dlcli.jobs.adapting import adapt_layers
        from dlcli.jobs.beginning import begin
        from dlcli.jobs.drawing import draw_weights
        from dlcli.jobs.filling import fill_in
        from dlcli.jobs.rehearsing import rehearse, require_savable
        from dlcli.jobs.vectors import find_vectors
        from dlcli.trained.keras_predictor import assemble_run
        from dlcli.training.plan import make_plan

        tell(Stage("building the model"))
        config = config.model_copy(update={"data": prepared.config})
        preprocessing = prepared.preprocessing
        with keeping_kernels(models is not None and not config.code):
            config, graph, vectors = find_vectors(config, graph, preprocessing, tell=tell)
            config, graph = fill_in(config, graph, prepared)
            config, graph = adapt_layers(config, graph, prepared, tell=tell)
            assembly = None if models is None else models.again(config, graph, preprocessing)
            if assembly is not None:
                assembly = draw_weights(assembly, prepared)
            else:
                assembly = draw_weights(assemble_run(config, graph, preprocessing), prepared)
                assembly = begin(assembly, preprocessing, vectors=vectors, tell=tell).compile()
                if config.code and not check:
                    # On a model of its own, so that the draws of the one that is trained stay what they are.
                    rehearse(assembly, prepared, tell=tell)
                    assembly = draw_weights(assemble_run(config, graph, preprocessing), prepared)
                    assembly = begin(assembly, preprocessing, vectors=vectors).compile()
                if models is not None:
                    assembly = models.take(assembly, preprocessing, of=config)
        for part in metrics_of_parts(assembly.config.compile, assembly.outputs, code=assembly.code):
            tell(Notice(inspection.locate(part)))
        of_config = lint(assembly.config, known=Known(prepared.preprocessing.target_specs, prepared.ranges))
        for warning in of_config.warnings:
            if warning not in of_config.faults:
                tell(Notice(inspection.locate(warning), warning=True))
        if faults := (*of_rows.faults, *of_config.faults):
            raise ConfigError(faults)
        if assembly.model.weights and not assembly.model.trainable_weights and not config.fit.phases:
            tell(Notice(inspection.locate(_nothing_to_train()), warning=True))
        plan = make_plan(assembly, prepared, directory=directory, watches=checked.watches)
        if models is not None:
            models.remember(assembly)
        if check:
            rehearse(assembly, prepared, tell=tell)
        elif not (config.code or assembly.again):
            require_savable(assembly)
        return prepared, plan


def _nothing_to_train() -> Problem:
    message = "nothing is left that learns: all layers with weights are frozen"
    hint = "leave out `trainable: false` beside one of them"
    return Problem(message, path="model.layers", hint=hint, rule="nothing-to-train")


def open_table(config: Config, *, cache: Cache, tell: Listener) -> TableReader:
    """What reads the table of a job, once for all jobs that divide it.

    Args:
        config: The config, checked.
        cache: Of encoded data.
        tell: Called with notices.
    """
    head = model_head(config.model)
    loss = config.compile.loss if not isinstance(config.compile.loss, dict) else None
    return TableReader(
        config.data,
        classification=says_classification(loss, head),
        units=head.units,
        cache=cache,
        notify=lambda problem: tell(Notice(problem, warning=problem.rule != "cache-waiting")),
    )


def make_ready(reader: TableReader, checked: CheckedConfig) -> Prepared:
    """The data of a config, from a table that others may divide in another way.

    Args:
        reader: Reads it.
        checked: The config.

    Raises:
        DlcliError: Every fault that the data shows.
    """
    config = checked.config
    return prepare_from(
        reader,
        seed=config.data_seed,
        named=checked.expanded.words,
        unscalable=unscalable_targets(config),
        config=config.data,
    )


def _smaller_batch(asked: DataConfig, found: DataConfig) -> Problem | None:
    """What is said of a batch that the config asks for and the training split has not the rows for."""
    if "batch_size" not in asked.model_fields_set or asked.batch_size == found.batch_size:
        return None
    message = (
        f"the training split has {found.batch_size} rows, so a batch is {found.batch_size}, not {asked.batch_size}"
    )
    return Problem(message, path="data.batch_size", hint="batch_size: full says the same", rule="batch-capped")


def _thresholds(config: Config, prepared: Prepared) -> list[Problem]:
    """Warnings about thresholds of the loss where it is that of a target that was scaled without being asked to be."""
    scaled = {spec.name for spec in prepared.preprocessing.target_specs if spec.unit}
    asked = {name for name, target in config.data.target.items() if target is not None and not target.scale_is_open}
    if not scaled - asked:
        return []
    return [
        Problem(
            f"{threshold} is held against the loss of a target that is scaled to unit variance",
            path=path,
            hint="monitor a metric such as val_mae, which is in the own unit; or give a number for the scaled target",
            rule="target-scale",
        )
        for path, threshold in thresholds_of_loss(config)
    ]
