"""A search over a config: many trainings, the results of which choose the next."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.api.arguments import ConfigLike, Overrides, cache_in, require_names, with_more
from dlcli.api.listeners import ignore, once
from dlcli.backend.memory import with_memory_named
from dlcli.config.inspection.inspection import Inspection, inspect, inspect_value
from dlcli.errors import ConfigError
from dlcli.training.messages import with_warnings_forwarded

if TYPE_CHECKING:
    from dlcli.config.schema.sweep import SweepConfig
    from dlcli.sweeps.outcome import SweepOutcome

__all__ = ["sweep", "work_for"]


@with_memory_named
@with_warnings_forwarded
def sweep(
    config: ConfigLike | None = None,
    *,
    overrides: Overrides = (),
    trials: int | None = None,
    minutes: float | None = None,
    workers: int = 1,
    join: str | os.PathLike[str] | None = None,
    storage: str | None = None,
    run_dir: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    allow_code: bool = False,
    cache_dir: str | os.PathLike[str] | None = None,
    listener: Callable[[Any], None] | None = None,
) -> SweepOutcome:
    """Search the values that the `sweep` of a config names, for those that are best by its metric.

    The same call goes on with a sweep that was ended, however it was.

    Args:
        config: A YAML file with a `sweep`, or the same as a mapping. None where a sweep is joined: it has its own.
        overrides: As for `train`.
        trials: In place of `sweep.trials`.
        minutes: In place of `sweep.minutes`; from this call on.
        workers: Processes on this machine; one is this process.
        join: The directory of a sweep that was begun elsewhere, or the database with it, to take part in.
        storage: A database that keeps the study, for machines that share no folder: SQLAlchemy's URL, and the name of
            the sweep behind it where that is not the config's: `postgresql://user@host/name#iris`.
        run_dir: Where the sweep goes; `runs/<name>-sweep` when None.
        overwrite: Replace what is in `run_dir`.
        allow_code: Of a sweep that is joined: run the Python files that its config names, and tell its tracker.
        cache_dir: As for `train`.
        listener: Called with the events of the sweep (`dlcli.sweeps.events`) and of its trainings.

    Returns:
        The trials, the best of them, and which parameters matter; its status is `completed`, or `interrupted`.

    Raises:
        ConfigError: The config has faults, also with a value that would be tried; all of them.
        RunError: The directory holds something else, or every trial has failed.
        DlcliError: Optuna is not installed.

    Example:
        >>> outcome = dlcli.sweep("configs/sweep.yaml", trials=20)  # doctest: +SKIP
        >>> run = dlcli.train(outcome.best_config)  # doctest: +SKIP
    """
    started = time.perf_counter()
    require_names(run_dir, cache_dir, join)
    from dlcli.sweeps.storage.address import Address, is_address

    there = isinstance(join, str) and is_address(join)
    if (config is None) == (join is None) or (join is not None and (overwrite or (run_dir is not None and not there))):
        raise TypeError("sweep takes a config, or the directory of a sweep to join, which has its own")
    if there and storage is not None:
        raise TypeError("the sweep to join is in a database: leave storage out")
    longer = {
        **({"sweep.trials": trials} if trials is not None else {}),
        **({"sweep.minutes": minutes} if minutes is not None else {}),
    }
    from dlcli.sweeps.optuna_names import require, require_optuna
    from dlcli.sweeps.sweep import begin_sweep, join_database, open_sweep

    file = None
    place = None if run_dir is None else Path(run_dir)
    address = Address.parse(str(join)) if there else None if storage is None else Address.parse(storage)
    if join is not None:
        given = {**_mapping(overrides), **longer}
        if there:
            assert address is not None
            require_optuna()
            searched = join_database(address, place, overrides=given, allowed=allow_code, started=started)
        else:
            searched = open_sweep(Path(join), allowed=allow_code, overrides=given, address=address)
        require(searched.section)
    else:
        assert config is not None
        inspection = _inspected(config, overrides, longer)
        file = inspection.file
        if inspection.config is not None and inspection.config.sweep is not None:
            require(inspection.config.sweep)
            _make(inspection, inspection.config.sweep)
        searched = begin_sweep(inspection, place, overwrite=overwrite, started=started, address=address)
    from dlcli.sweeps.running import run_sweep

    return run_sweep(
        searched,
        workers=workers,
        cache=cache_in(cache_dir),
        options=[] if cache_dir is None else [f"--cache-dir={os.fspath(cache_dir)}"],
        config_file=file,
        started=started,
        tell=once(listener or ignore),
    )


@with_memory_named
@with_warnings_forwarded
def work_for(
    join: Path,
    *,
    storage: str | None,
    minutes: float | None,
    cache_dir: Path | None,
    listener: Callable[[Any], None],
) -> str:
    """Be one of the processes of a sweep that another watches; why it has ended."""
    from dlcli.sweeps.running import open_study
    from dlcli.sweeps.storage.address import Address
    from dlcli.sweeps.sweep import open_sweep
    from dlcli.sweeps.worker import work

    searched = open_sweep(join, allowed=True, address=None if storage is None else Address.parse(storage))
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    return work(searched, open_study(searched), cache=cache_in(cache_dir), deadline=deadline, tell=listener)


def _make(inspection: Inspection, section: SweepConfig) -> None:
    """Let Optuna look at what the config says of its own, before a directory is made.

    Raises:
        ConfigError: It refuses an argument.
    """
    from dlcli.sweeps.optuna_names import make_pruner, make_sampler

    try:
        make_pruner(section)
        make_sampler(section, 0)
    except ConfigError as error:
        raise ConfigError(map(inspection.locate, error.problems)) from error


def _inspected(config: ConfigLike, overrides: Overrides, more: Mapping[str, Any]) -> Any:
    given = with_more(overrides, more)
    if isinstance(config, Mapping):
        return inspect_value(config, Path.cwd(), given)
    return inspect(Path(config), given)


def _mapping(overrides: Overrides) -> dict[str, Any]:
    if not isinstance(overrides, Mapping) and overrides:
        raise TypeError("a sweep that is joined has its own config: leave overrides out")
    return dict(overrides) if isinstance(overrides, Mapping) else {}
