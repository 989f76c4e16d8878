"""Configs: checked, written out whole, drafted from data."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.api.arguments import (
    ConfigLike,
    Overrides,
    cache_in,
    checked_config,
    require_names,
    with_more,
)
from dlcli.api.listeners import ignore
from dlcli.backend.memory import with_memory_named
from dlcli.config.inspection.inspection import inspect, inspect_value
from dlcli.errors import ConfigError, Problem
from dlcli.training.events import Listener, Notice, Planned
from dlcli.training.messages import forward_warnings

if TYPE_CHECKING:
    from dlcli.data.sources.options import Reading
    from dlcli.drafting.draft import Draft


@dataclasses.dataclass(frozen=True)
class CheckReport:
    """A config without faults.

    Args:
        warnings: What looks like a mistake, and still can be trained.
        planned: The model, the splits and the accounting; None after the first stage alone.
    """

    warnings: tuple[Problem, ...]
    planned: Planned | None


@with_memory_named
def check(
    config: ConfigLike,
    *,
    overrides: Overrides = (),
    fast: bool = False,
    show: str | os.PathLike[str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    listener: Listener | None = None,
) -> CheckReport:
    """Report everything that `train` would refuse, without training.

    The first stage looks at the config and the headers of the data files in a fraction of a second, without Keras.
    When it finds nothing, the second reads the data and builds the model.

    Args:
        config: A YAML file, or the same as a mapping.
        overrides: As for `train`.
        fast: Only the first stage.
        show: A PNG file to write: images of the first batch of the training, as they are changed at random, with what
            is to be learnt of each.
        cache_dir: As for `train`, which then finds the data ready.
        listener: Called with the stages and notices.

    Raises:
        DlcliError: There are faults; all of those that the stage can see.
    """
    require_names(cache_dir, show)
    warnings: list[Problem] = []
    inspection, checked = checked_config(config, overrides, needs_keras=not fast, notify=warnings.append)
    if checked.config.ensemble is not None and listener is not None:
        message = f"ensemble: {checked.config.ensemble} models are trained; what follows is of each of them"
        listener(Notice(Problem(message, path="ensemble", rule="inferred")))
    if fast:
        from dlcli.config.lint.linting import lint

        return CheckReport((*warnings, *map(inspection.locate, lint(checked.config).warnings)), None)
    if checked.config.sweep is not None and checked.config.sweep.folds is not None:
        fold = {"number": 1, "of": checked.config.sweep.folds, "repeat": 1}
        given = with_more(overrides, {"data.fold": fold, "sweep": None})
        inspection, checked = checked_config(config, given, needs_keras=True, notify=ignore)
    from dlcli.jobs.preparing import prepare_job
    from dlcli.jobs.showing import show_batch

    def collect(event: Any) -> None:
        if isinstance(event, Notice) and event.warning:
            warnings.append(event.problem)
        elif listener is not None:
            listener(event)

    with forward_warnings(collect):
        prepared, plan = prepare_job(
            inspection, checked, directory=Path("run"), cache=cache_in(cache_dir), tell=collect, check=True
        )
        if show is not None:
            show_batch(plan, prepared, Path(show))
    return CheckReport(tuple(warnings), plan.planned)


def expanded(config: ConfigLike, *, overrides: Overrides = ()) -> str:
    """A config as YAML with its preset and what it extends written out; nothing is checked.

    Args:
        config: A YAML file, or the same as a mapping.
        overrides: As for `train`.

    Raises:
        ConfigError: It cannot be read.

    Example:
        >>> print(dlcli.expanded({"model": {"preset": "linear"}}))  # doctest: +SKIP
    """
    from dlcli.config.document.writer import dump

    if isinstance(config, Mapping):
        inspection = inspect_value(config, Path.cwd(), overrides)
    else:
        inspection = inspect(Path(config), overrides)
    if not inspection.document.complete or not inspection.document.value:
        raise ConfigError(inspection.problems)
    return dump(inspection.document.value)


@with_memory_named
def init(
    data: str | os.PathLike[str],
    *,
    target: str | None = None,
    output: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    reading: Reading | None = None,
    expand: bool = False,
) -> Draft:
    """Look at data and write a config that trains on it, with the reason of each choice beside it. Without TensorFlow.

    Args:
        data: A table, a glob, a folder of files or of splits, or a source as in a config: `{keras: mnist}`.
        target: The column to predict; guessed when None: one with a usual name such as `target`, or the last.
        output: The YAML file; beside the data, with its name, when None; `-`: nothing is written, see `Draft.text`.
        overwrite: Replace an existing file.
        reading: The delimiter, encoding and the like of a file of text; found from the file when None.
        expand: Write out what the preset stands for: its layers, its training.

    Returns:
        The config and what it was drafted from.

    Raises:
        DataError: The data cannot be read, the target cannot be learnt, no feature is left, or `check` would refuse
            what came of it.
        RunError: The file exists or cannot be written.

    Example:
        >>> dlcli.init("iris.csv", target="species").output  # doctest: +SKIP
        PosixPath('iris.yaml')
    """
    require_names(data, output)
    from dlcli.data.sources.options import Reading
    from dlcli.jobs.drafting import draft_config

    return draft_config(
        data, target=target, output=output, overwrite=overwrite, reading=reading or Reading(), expand=expand
    )
