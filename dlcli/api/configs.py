"""Configs: checked, written out whole, drafted from data."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.api.arguments import (
    ConfigLike,
    Overrides,
    cache_in,
    checked_config,
    inspected,
    require_names,
)
from dlcli.api.listeners import ignore
from dlcli.api.several import fold_job, require_no_fold
from dlcli.backend.memory import with_memory_named
from dlcli.errors import ConfigError, Problem
from dlcli.training.events import Listener, Notice, Planned
from dlcli.training.messages import forward_warnings

if TYPE_CHECKING:
    from dlcli.config.inspection.inspection import CheckedConfig, Inspection
    from dlcli.data.cache.cache import Cache
    from dlcli.data.prepare import Prepared
    from dlcli.data.sources.options import Reading
    from dlcli.drafting.draft import Draft
    from dlcli.jobs.several.dividing import FoldRows


@dataclasses.dataclass(frozen=True)
class CheckReport:
    """A config without faults.

    Args:
        warnings: What looks like a mistake, and still can be trained.
        planned: The model, the splits and the accounting; None after the first stage alone.
        folds: What each fold is made of, where folds were asked for.
    """

    warnings: tuple[Problem, ...]
    planned: Planned | None
    folds: tuple[FoldRows, ...] = ()


@with_memory_named
def check(
    config: ConfigLike,
    *,
    overrides: Overrides = (),
    fast: bool = False,
    show: str | os.PathLike[str] | None = None,
    folds: int | None = None,
    repeats: int = 1,
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
        folds: Check what `cross_validate` would do with so many folds: how the rows are divided, for which they are
            read in the first stage too, and then the first fold as a training.
        repeats: As for `cross_validate`.
        cache_dir: As for `train`, which then finds the data ready.
        listener: Called with the stages and notices.

    Raises:
        DlcliError: There are faults; all of those that the stage can see.
    """
    require_names(cache_dir, show)
    warnings: list[Problem] = []

    def collect(event: Any) -> None:
        if isinstance(event, Notice) and event.warning:
            warnings.append(event.problem)
        elif listener is not None:
            listener(event)

    if folds is not None:
        return _check_folds(
            config, overrides, folds, repeats, fast=fast, show=show, cache_dir=cache_dir, tell=collect, told=warnings
        )
    inspection, checked = checked_config(config, overrides, needs_keras=not fast, notify=warnings.append)
    if checked.config.sweep is not None:
        from dlcli.jobs.checking import check_values

        check_values(inspection, checked.config.sweep)
    own = checked.config.ensemble_folds
    asking = f"ensemble: {{folds: {own}}}"
    if own is not None and fast:
        require_no_fold(config, overrides)
        fold_job(config, overrides, own, 1, needs_keras=False, notify=ignore, label=asking)
    if checked.config.ensemble is not None and listener is not None:
        which = "the first" if own else "each"
        message = f"ensemble: {own or checked.config.ensemble} models are trained; what follows is of {which} of them"
        listener(Notice(Problem(message, path="ensemble", rule="inferred")))
    if fast:
        from dlcli.config.lint.linting import lint

        return CheckReport((*warnings, *map(inspection.locate, lint(checked.config).warnings)), None)
    searched = None if checked.config.sweep is None else checked.config.sweep.folds
    if (folds := searched or own) is not None:
        warnings.clear()  # they are told again
        return _check_folds(
            config,
            overrides,
            folds,
            1,
            fast=False,
            show=show,
            cache_dir=cache_dir,
            tell=collect,
            told=warnings,
            label=f"sweep.folds: {searched}" if searched else asking,
        )
    planned = _second_stage(inspection, checked, show=show, cache=cache_in(cache_dir), tell=collect)
    return CheckReport(tuple(warnings), planned)


def _second_stage(
    inspection: Inspection,
    checked: CheckedConfig,
    *,
    show: str | os.PathLike[str] | None,
    cache: Cache,
    tell: Listener,
    ready: Callable[[CheckedConfig], Prepared] | None = None,
) -> Planned:
    """Read the data, unless that is done, and build the model."""
    from dlcli.jobs.preparing import prepare_job
    from dlcli.jobs.showing import show_batch

    with forward_warnings(tell):
        prepared, plan = prepare_job(
            inspection, checked, directory=Path("run"), cache=cache, tell=tell, check=True, ready=ready
        )
        if show is not None:
            show_batch(plan, prepared, Path(show))
    return plan.planned


def _check_folds(
    config: ConfigLike,
    overrides: Overrides,
    folds: int,
    repeats: int,
    *,
    fast: bool,
    show: str | os.PathLike[str] | None,
    cache_dir: str | os.PathLike[str] | None,
    tell: Listener,
    told: list[Problem],
    label: str = "",
) -> CheckReport:
    """Check a cross-validation, which `label` asks for; see `check`. What is told as a warning is in `told`."""
    require_no_fold(config, overrides)
    job = fold_job(config, overrides, folds, repeats, needs_keras=not fast, notify=told.append, label=label)
    from dlcli.jobs.several.dividing import divide_job
    from dlcli.jobs.several.shared import Shared

    cache = cache_in(cache_dir)
    with Shared(cache, tell) as shared:
        found = divide_job(job, shared, tell).parts
        if fast:
            return CheckReport(tuple(told), None, found)
        checked = job.checked_of(job.members[0])
        planned = _second_stage(job.inspection, checked, show=show, cache=cache, tell=tell, ready=shared.prepared)
    return CheckReport(tuple(told), planned, found)


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

    inspection = inspected(config, overrides)
    if not inspection.document.complete or not inspection.document.value:
        raise ConfigError(inspection.problems)
    return dump(inspection.document.value)


@with_memory_named
def init(
    data: str | os.PathLike[str],
    *,
    target: str | Sequence[str] | None = None,
    output: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    reading: Reading | None = None,
    expand: bool = False,
) -> Draft:
    """Look at data and write a config that trains on it, with the reason of each choice beside it. Without TensorFlow.

    Args:
        data: A table, a glob, a folder of files or of splits, or a source as in a config: `{keras: mnist}`.
        target: The column to predict, or several; guessed when None: one with a usual name such as `target`, or
            the last.
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
