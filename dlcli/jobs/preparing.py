"""The second stage: the data read, the model built, and everything that only they can show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.config.conventions import model_head, says_classification
from dlcli.config.graph import expand
from dlcli.config.lint import lint
from dlcli.config.loading import Inspection
from dlcli.config.schema import Config
from dlcli.data.cache import Cache
from dlcli.data.prepare import Prepared, prepare
from dlcli.errors import ConfigError, Problem
from dlcli.jobs.checking import located
from dlcli.model import backend
from dlcli.training.events import Listener, Notice, Stage

if TYPE_CHECKING:
    from dlcli.training.plan import Plan

__all__ = ["prepare_job"]


def prepare_job(
    inspection: Inspection, config: Config, *, directory: Path, cache: Cache, tell: Listener
) -> tuple[Prepared, Plan]:
    """Read the data, build the model, and plan the job.

    Args:
        inspection: Knows the lines of the config.
        config: The config, checked.
        directory: The run directory to be.
        cache: Of encoded data.
        tell: Called with the stages and notices.

    Raises:
        DlcliError: Every fault that the data and the model show.
    """
    with located(inspection):
        graph, problems = expand(config.model, features=None)
        if graph is None or problems:
            raise ConfigError(problems)
        head = model_head(config.model)
        loss = config.compile.loss if not isinstance(config.compile.loss, dict) else None
        tell(Stage("reading data"))
        prepared = prepare(
            config.data,
            seed=config.seed,
            named=graph.features,
            classification=says_classification(loss, head),
            units=head.units,
            cache=cache,
            notify=lambda problem: tell(Notice(problem, warning=problem.rule != "cache-waiting")),
        )
        for note in prepared.notes:
            tell(Notice(Problem(note, rule="inferred")))
        for warning in prepared.warnings:
            tell(Notice(inspection.locate(warning), warning=True))
        tell(Stage("loading TensorFlow"))
        backend.load()
        from dlcli.inference.keras_model import assemble_run
        from dlcli.training.plan import make_plan

        tell(Stage("building the model"))
        config = config.model_copy(update={"data": prepared.config})
        assembly = assemble_run(config, prepared.preprocessing).compile()
        for warning in lint(assembly.config, prepared.preprocessing.target_specs):
            tell(Notice(inspection.locate(warning), warning=True))
        return prepared, make_plan(assembly, prepared, directory=directory)
