"""A sweep that is about to begin or to go on: its folder, its config, and by what it measures."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlcli.config.checks.history_names import Direction
from dlcli.config.checks.monitors import Watch
from dlcli.config.document.reader import read_mapping
from dlcli.config.document.writer import dump
from dlcli.config.inspection.inspection import Inspection, measured
from dlcli.config.schema import Config
from dlcli.config.schema.sweep import SweepConfig
from dlcli.errors import ConfigError, Problem, RunError
from dlcli.jobs.checking import check_config, check_values
from dlcli.jobs.inputs import input_files
from dlcli.runs.claiming import claim, require_free
from dlcli.runs.contents import is_vacant
from dlcli.runs.layout import RunDirectory
from dlcli.runs.members import member_facts
from dlcli.runs.provenance import provenance
from dlcli.runs.record import RunRecord
from dlcli.sweeps.folder import FREE, WRITES, SweepFolder, Written, same_config
from dlcli.sweeps.storage.address import Address
from dlcli.sweeps.storage.board import Board, FolderBoard
from dlcli.training.tracking.tracking import followers, written_by_trackers

__all__ = ["Sweep", "begin_sweep", "facts", "join_database", "open_sweep"]


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
        board: Where the study is kept.
        address: The database that it is kept in; None: it is in the folder.
    """

    folder: SweepFolder
    written: Written
    config: Config
    section: SweepConfig
    direction: Direction
    watches: tuple[Watch, ...]
    board: Board
    address: Address | None = None

    @property
    def seed(self) -> int:
        """Of the sampler."""
        return self.config.seed if self.section.seed is None else self.section.seed


def begin_sweep(
    inspection: Inspection,
    directory: Path | None,
    *,
    overwrite: bool,
    started: float,
    address: Address | None = None,
) -> Sweep:
    """Make the directory of a sweep, or take up the one that is there.

    Args:
        inspection: The config.
        directory: Where it goes; `runs/<name>-sweep` when None, always the same, so that the same command goes on.
        overwrite: Replace the run or sweep that is there.
        started: `time.perf_counter()` when the command began.
        address: The database to keep the study in; None: the directory.

    Raises:
        ConfigError: The config has faults, or no `sweep`.
        RunError: The directory holds something else, or it or the database the sweep of another config.
        DlcliError: The database cannot be used.
    """
    config, section, said = _checked(inspection)
    check_values(inspection, section)
    path = directory or Path("runs") / f"{config.name}-sweep"
    folder = SweepFolder(path)
    base = inspection.file.parent if inspection.file is not None else Path.cwd()
    document = dataclasses.replace(
        inspection.written, value={"name": config.name, **inspection.written.value}, problems=()
    )
    written = Written(document, base)
    return _enter(
        folder,
        written,
        (config, section, said),
        address=None if address is None else address.named(address.study or config.name),
        file=inspection.file,
        overwrite=overwrite,
        inputs=lambda: input_files(inspection, config),
        started=started,
    )


def join_database(
    address: Address, directory: Path | None, *, overrides: dict[str, Any], allowed: bool, started: float
) -> Sweep:
    """Take part in a sweep of a database, from a directory of this machine.

    Args:
        address: The database, and the name of the sweep where it has several.
        directory: Where the trials of this machine go; `runs/<name>-sweep` when None.
        overrides: What is another for this process, such as `sweep.trials`.
        allowed: See `open_sweep`.
        started: `time.perf_counter()` when the command began.

    Raises:
        RunError: There is no such sweep, or the directory holds something else.
        ConfigError: Its config cannot be used here.
        DlcliError: The database cannot be used.
    """
    from dlcli.sweeps.storage.database import Database

    found = Database(address).sweeps()
    study = address.study or (next(iter(found)) if len(found) == 1 else "")
    if study not in found:
        message = f"{address} has {'no sweep of that name' if address.study else f'{len(found)} sweeps'}"
        names = ", ".join(sorted(found)) or "none: begin one with its config and --storage"
        raise RunError(Problem(message, hint=f"put the name behind it, as in URL#NAME: {names}", rule="sweep-storage"))
    written = _read_written(found[study], address)
    checked = _checked(_inspected(written, overrides))
    _require_leave(checked[0], str(address), allowed=allowed)
    folder = SweepFolder(directory or Path("runs") / f"{checked[0].name}-sweep")
    named = address.named(study)
    return _enter(folder, written, checked, address=named, file=None, overwrite=False, inputs=list, started=started)


def _enter(
    folder: SweepFolder,
    written: Written,
    checked: tuple[Config, SweepConfig, tuple[Direction, tuple[Watch, ...]]],
    *,
    address: Address | None,
    file: Path | None,
    overwrite: bool,
    inputs: Callable[[], list[Path]],
    started: float,
) -> Sweep:
    """Make the directory, or take up what is there; and enter the sweep into the database, where there is one."""
    config, section, said = checked
    if address is not None and overwrite:
        message = "a sweep that is in a database is not replaced: others may take part in it"
        raise RunError(Problem(message, hint="give it another name: URL#NAME", rule="sweep-storage"))
    fresh = overwrite or not _is_sweep(folder)
    if not fresh and folder.config.is_file():
        _require_same(folder, written, address)
    board = FolderBoard(folder) if address is None else _enter_database(folder, written, address)
    if fresh:
        try:
            _create(folder, written, config, file, address, overwrite=overwrite, inputs=inputs(), started=started)
            return Sweep(folder, written, config, section, *said, board, address)
        except RunError:
            if overwrite or not _comes_to_be(folder):
                raise
        _require_same(folder, written, address)
    folder.write(written, storage="" if address is None else address.plain)  # it may be longer now, or keep more
    return Sweep(folder, written, config, section, *said, board, address)


def _enter_database(folder: SweepFolder, written: Written, address: Address) -> Board:
    """The board of a sweep in a database, which has it from now on.

    Raises:
        RunError: It has the sweep of another config under the name.
    """
    from dlcli.sweeps.storage.database import Database, DatabaseBoard

    database = Database(address)
    kept = database.sweeps().get(address.study)
    if kept is not None and not same_config(_read_written(kept, address).document.value, written.document.value):
        message = f"{address} is the sweep of another config"
        raise RunError(Problem(message, hint="give this one another name: URL#NAME", rule="run-exists"))
    database.keep(json.dumps({"config": dump(written.document.value), **written.origin()}))
    return DatabaseBoard(folder, database)


def _read_written(text: str, address: Address) -> Written:
    said = json.loads(text)
    written = Written.of(read_mapping(str(said.get("config")), source=str(address)).value, said)
    if written is None:
        message = f"what {address} says of its sweep cannot be read"
        raise RunError(Problem(message, hint="begin another", rule="run-damaged"))
    return written


def _require_same(folder: SweepFolder, written: Written, address: Address | None) -> None:
    """Make sure that a directory is the one of this sweep.

    Raises:
        RunError: It is that of another, its config was edited there, or its study is elsewhere.
    """
    folder.require_unedited()
    if not same_config(folder.read().document.value, written.document.value):
        message = f"{folder.path} is the sweep of another config"
        hint = "choose another --run-dir, or pass --overwrite to replace it; `--join` goes on with it as it is"
        raise RunError(Problem(message, hint=hint, rule="run-exists"))
    _require_storage(folder, address)


def _require_storage(folder: SweepFolder, address: Address | None) -> None:
    """Make sure that a study is looked for where it is: a directory may come from anybody, and so may its address.

    Raises:
        RunError: It is elsewhere.
    """
    there, here = folder.storage(), "" if address is None else address.plain
    if there != here:
        where = [place or "its directory" for place in (there, here)]
        message = f"the study of {folder.path} is in {where[0]}, and not in {where[1]}"
        hint = f"give --storage '{there}'" if there else "leave --storage out"
        raise RunError(Problem(message, hint=hint, rule="sweep-storage"))


def open_sweep(
    path: Path, *, allowed: bool, overrides: dict[str, Any] | None = None, address: Address | None = None
) -> Sweep:
    """A sweep that was begun, by anybody.

    Args:
        path: Its directory.
        allowed: Whether what its config says may run code and tell others: it may be a stranger's.
        overrides: What is another for this process, such as `sweep.trials`.
        address: The database that has its study; None: the directory has it.

    Raises:
        RunError: It is none, or its study is elsewhere.
        ConfigError: Its config cannot be used here: a file is not there, for instance.
    """
    run = RunDirectory.open(path, trained=False, several=True)
    folder = SweepFolder(path)
    if run.read_record().get("kind") != "sweep":
        message = f"{path} is no sweep"
        raise RunError(Problem(message, hint="give the directory that `dlcli sweep` wrote", rule="not-a-run"))
    folder.require_unedited()
    written = folder.read()
    config, section, said = _checked(_inspected(written, overrides or {}))
    _require_leave(config, str(path), allowed=allowed)
    if address is not None:
        address = address.named(address.study or config.name)
    _require_storage(folder, address)
    board = FolderBoard(folder) if address is None else _enter_database(folder, written, address)
    return Sweep(folder, written, config, section, *said, board, address)


def _inspected(written: Written, overrides: dict[str, Any]) -> Inspection:
    """The config of a sweep that is joined.

    Raises:
        RunError: What is overridden would make other trials than those that there are.
    """
    inspection = written.inspect(overrides)
    if not same_config(inspection.written.value, written.document.value):
        message = "a sweep that is joined goes on with the config that it was begun with"
        hint = f"what may be another is {', '.join(f'sweep.{name}' for name in FREE)}"
        raise RunError(Problem(message, hint=hint, rule="sweep-differs"))
    return inspection


def _require_leave(config: Config, name: str, *, allowed: bool) -> None:
    """Make sure that a sweep that was begun elsewhere reaches no further than its trials, but by leave.

    Raises:
        RunError: It has code of its own, or names where MLflow is, and there is no leave.
    """
    if allowed:
        return
    hint = "read it; if you trust it, add --allow-code (in Python: allow_code=True)"
    problems = [
        Problem(
            f"{file} is Python code of the sweep {name}, which runs only when you allow it",
            path=f"code[{index}]",
            hint=hint,
            rule="code-not-allowed",
        )
        for index, file in enumerate(config.code)
    ]
    if config.tracking is not None and config.tracking.mlflow is not None and config.tracking.mlflow.tracking_uri:
        uri = config.tracking.mlflow.tracking_uri
        message = f"the sweep {name} names where MLflow is, {uri}, and would send something there"
        problems.append(Problem(message, path="tracking.mlflow.tracking_uri", hint=hint, rule="code-not-allowed"))
    if problems:
        raise RunError(problems)


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
    address: Address | None,
    *,
    overwrite: bool,
    inputs: list[Path],
    started: float,
) -> None:
    with claim(folder.run, numbered=False, overwrite=overwrite, inputs=inputs) as claimed:
        record = RunRecord(folder.run, facts=facts(config, file), started=started)
        record.begin()
        folder.write(written, storage="" if address is None else address.plain)
        for empty in (folder.run.checkpoints, folder.run.evaluations):
            empty.rmdir()
        claimed.complete()


def facts(config: Config, file: Path | None) -> dict[str, Any]:
    """What the record of a sweep says from the beginning on."""
    return {
        "name": config.name,
        "seed": config.seed,
        **member_facts("sweep", []),
        "tracking": followers(config.tracking),
        "writes": [*WRITES, *written_by_trackers(config.tracking)],
        **provenance(file),
    }
