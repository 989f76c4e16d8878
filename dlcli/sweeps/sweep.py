"""A sweep that is about to begin or to go on: its folder, its config, and by what it measures."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

from dlcli.config.checks.history_names import Direction
from dlcli.config.checks.monitors import Watch
from dlcli.config.inspection.inspection import Inspection, measured
from dlcli.config.schema import Config
from dlcli.config.schema.sweep import SweepConfig
from dlcli.errors import ConfigError, Problem, RunError
from dlcli.jobs.checking import check_config
from dlcli.jobs.inputs import input_files
from dlcli.runs.claiming import claim, require_free
from dlcli.runs.contents import is_vacant
from dlcli.runs.layout import RunDirectory
from dlcli.runs.members import member_facts
from dlcli.runs.provenance import provenance
from dlcli.runs.record import RunRecord
from dlcli.sweeps.folder import WRITES, SweepFolder, Written, same_config

__all__ = ["Sweep", "begin_sweep", "facts", "open_sweep"]


BEGINNING_SECONDS = 5.0
"""So long it is waited for a sweep that others begin."""


@dataclasses.dataclass(frozen=True)
class Sweep:
    """What is searched, and where.

    Args:
        folder: Its directory.
        written: The config as it was written.
        config: The config, checked.
        section: Its `sweep`.
        direction: Which way the metric is better.
        watches: What is to be seen of the metric when the data has been read.
    """

    folder: SweepFolder
    written: Written
    config: Config
    section: SweepConfig
    direction: Direction
    watches: tuple[Watch, ...]

    @property
    def seed(self) -> int:
        """Of the sampler."""
        return self.config.seed if self.section.seed is None else self.section.seed


def begin_sweep(inspection: Inspection, directory: Path | None, *, overwrite: bool, started: float) -> Sweep:
    """Make the directory of a sweep, or take up the one that is there.

    Args:
        inspection: The config.
        directory: Where it goes; `runs/<name>-sweep` when None, always the same, so that the same command goes on.
        overwrite: Replace the run or sweep that is there.
        started: `time.perf_counter()` when the command began.

    Raises:
        ConfigError: The config has faults, or no `sweep`.
        RunError: The directory holds something else, or the sweep of another config.
    """
    config, section, said = _checked(inspection)
    path = directory or Path("runs") / f"{config.name}-sweep"
    folder = SweepFolder(path)
    base = inspection.file.parent if inspection.file is not None else Path.cwd()
    document = dataclasses.replace(
        inspection.written, value={"name": config.name, **inspection.written.value}, problems=()
    )
    written = Written(document, base)
    if overwrite or not _is_sweep(folder):
        inputs = input_files(inspection, config)
        try:
            _create(folder, written, config, inspection.file, overwrite=overwrite, inputs=inputs, started=started)
            return Sweep(folder, written, config, section, *said)
        except RunError:
            if overwrite or not _comes_to_be(folder):
                raise
    if not folder.config.is_file():
        folder.write(written)
    elif not same_config(folder.read().document.value, document.value):
        message = f"{path} is the sweep of another config"
        hint = "choose another --run-dir, or pass --overwrite to replace it; `--join` goes on with it as it is"
        raise RunError(Problem(message, hint=hint, rule="run-exists"))
    else:
        folder.write(written)  # it may be longer now, or keep more
    return Sweep(folder, written, config, section, *said)


def open_sweep(path: Path, *, overrides: dict[str, Any] | None = None) -> Sweep:
    """A sweep that was begun, by anybody.

    Args:
        path: Its directory.
        overrides: What is another for this process, such as `sweep.trials`.

    Raises:
        RunError: It is none.
        ConfigError: Its config cannot be used here: a file is not there, for instance.
    """
    run = RunDirectory.open(path, trained=False, several=True)
    folder = SweepFolder(path)
    if run.read_record().get("kind") != "sweep":
        message = f"{path} is no sweep"
        raise RunError(Problem(message, hint="give the directory that `dlcli sweep` wrote", rule="not-a-run"))
    written = folder.read()
    config, section, said = _checked(written.inspect(overrides or {}))
    return Sweep(folder, written, config, section, *said)


def _checked(inspection: Inspection) -> tuple[Config, SweepConfig, tuple[Direction, tuple[Watch, ...]]]:
    checked = check_config(inspection)
    section = checked.config.sweep
    if section is None:
        message = "the config has no `sweep`: nothing says what is to be searched"
        hint = "sweep: {space: {compile.optimizer.Adam.learning_rate: {log: [1e-4, 1e-1]}}}"
        raise ConfigError(inspection.locate(Problem(message, path="sweep", hint=hint, rule="missing-key")))
    if problems := _of_several(checked.config):
        raise ConfigError(map(inspection.locate, problems))
    said = measured(inspection.document, inspection.sections, inspection.code, checked.expanded)
    assert said.direction is not None  # else there was a problem
    return checked.config, section, (said.direction, said.watches)


def _of_several(config: Config) -> list[Problem]:
    """What would make a trial more than one model by one process."""
    problems = []
    if config.ensemble is not None:
        message = "a trial of a sweep is one model, and no ensemble"
        hint = "leave it out; afterwards `dlcli train best.yaml --set ensemble=5` trains the best as one"
        problems.append(Problem(message, path="ensemble", hint=hint, rule="ensemble"))
    if config.runtime.workers > 1:
        message = "a trial of a sweep is trained by one process"
        hint = "leave it out; `dlcli sweep --workers` trains several trials at once"
        problems.append(Problem(message, path="runtime.workers", hint=hint, rule="workers"))
    return problems


def _comes_to_be(folder: SweepFolder) -> bool:
    """Whether another process is beginning the same sweep at the same moment: then it is there in a moment."""
    until = time.monotonic() + BEGINNING_SECONDS
    while time.monotonic() < until:
        if folder.config.is_file() and folder.run.record.is_file():
            return True
        time.sleep(0.1)
    return False


def _is_sweep(folder: SweepFolder) -> bool:
    """Whether a sweep is there that can be taken up."""
    if not folder.path.is_dir() or is_vacant(folder.path):
        return False
    require = folder.run.record.is_file() and folder.run.read_json(folder.run.record).get("kind") == "sweep"
    if not require:
        require_free(folder.run, overwrite=False, inputs=())
    return require


def _create(
    folder: SweepFolder,
    written: Written,
    config: Config,
    file: Path | None,
    *,
    overwrite: bool,
    inputs: list[Path],
    started: float,
) -> None:
    with claim(folder.run, numbered=False, overwrite=overwrite, inputs=inputs) as claimed:
        record = RunRecord(folder.run, facts=facts(config, file), started=started)
        record.begin()
        folder.write(written)
        for empty in (folder.run.checkpoints, folder.run.evaluations):
            empty.rmdir()
        claimed.complete()


def facts(config: Config, file: Path | None) -> dict[str, Any]:
    """What the record of a sweep says from the beginning on."""
    return {
        "name": config.name,
        "seed": config.seed,
        **member_facts("sweep", []),
        "writes": list(WRITES),
        **provenance(file),
    }
