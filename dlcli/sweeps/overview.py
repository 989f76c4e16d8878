"""What a sweep shows of itself: a table of its trials, the config of the best, and whose models stay."""

from __future__ import annotations

import contextlib
import csv
import io
import shutil
from pathlib import Path
from typing import Any

from dlcli.config.document.reader import read
from dlcli.config.document.writer import dump, flow
from dlcli.config.schema.sweep import PLAIN, SweepConfig
from dlcli.config.searching.ends import assignments
from dlcli.errors import RunError
from dlcli.files.linking import link_equal
from dlcli.files.syncing import Sync
from dlcli.runs.layout import INITIAL, RunDirectory, write_atomically
from dlcli.runs.members import open_several
from dlcli.sweeps.folder import SweepFolder
from dlcli.sweeps.results import TrialResult
from dlcli.sweeps.study import Study

__all__ = ["keep_best", "shown", "write_best", "write_table"]

COLUMNS = ("trial", "state", "value", "epochs", "seconds", "same_as", "reason")
"""Before the parameters, each of which has a column by its name; `parameter.epochs` where that is one of these."""

FOLD_COLUMNS = ("spread", "folds")
"""After those, where trials have folds: of the metric among them, and how many were trained."""


def shown(value: Any) -> str:
    """A value as a config has it, in one line.

    Example:
        >>> shown("relu"), shown([64, 32]), shown(None)
        ('relu', '[64, 32]', 'null')
    """
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else flow(value)


def write_table(folder: SweepFolder, study: Study) -> None:
    """Write `trials.csv`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    folded = study.sweep.folds is not None
    columns = [*COLUMNS, *(FOLD_COLUMNS if folded else ())]
    names = list(study.sweep.space)
    writer.writerow([*columns, *(f"parameter.{name}" if name in columns else name for name in names)])
    for each in study.results():
        writer.writerow([*_row(each, folded=folded), *(_cell(each, name) for name in names)])
    write_atomically(folder.table, text.getvalue(), sync=Sync.NEVER)


def _row(trial: TrialResult, *, folded: bool) -> list[object]:
    result = trial.result
    own = [_number(result.spread), result.folds] if folded else []
    seconds = round(result.seconds, 3)
    value = _number(result.value)
    return [trial.number, result.state, value, result.epochs, seconds, trial.twin or "", result.reason, *own]


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _cell(trial: TrialResult, name: str) -> str:
    if name not in trial.values:
        return ""
    value = trial.values[name]
    return repr(value) if isinstance(value, float) else str(value) if isinstance(value, PLAIN[2:]) else flow(value)


def write_best(folder: SweepFolder, study: Study) -> TrialResult | None:
    """Write the config of the best trial to `best.yaml`; the trial, if there is one."""
    for best in study.best():
        config = folder.trial(best.number).config
        if config.is_file():
            if not folder.owns(best.number) and folder.best.is_file():
                return best  # it was gone on with, and what was written before is the trial's
            content = _as_whole(config)
        elif folder.storage():  # another machine has trained it
            content = _with_values(folder, study.sweep, best).encode()
        else:
            continue
        _replace(folder.best, content)
        return best
    return None


def _as_whole(config: Path) -> bytes:
    """The config of a trial as it is to be read beside the trials: the files that the trial keeps are named in its
    directory."""
    if not any((config.parent / name).exists() for name in ("code", INITIAL)):
        return config.read_bytes()
    value, own = read(config).value, config.parent.name
    if value.get("code"):
        value = {**value, "code": [f"{own}/{name}" for name in value["code"]]}
    if value["model"].get("weights") in (INITIAL, {"run": INITIAL}):
        value = {**value, "model": {**value["model"], "weights": {"run": f"{own}/{INITIAL}"}}}
    return dump(value).encode()


def _with_values(folder: SweepFolder, sweep: SweepConfig, trial: TrialResult) -> str:
    """The config of the sweep with the values of a trial."""
    written = folder.read()
    values: dict[str, Any] = {"sweep": None, **assignments(sweep, dict(trial.values))}
    inspection = written.inspect(values)
    return dump(inspection.document.value if inspection.config is None else inspection.config.notation())


def _replace(target: Path, content: bytes) -> None:
    if not target.is_file() or target.read_bytes() != content:
        write_atomically(target, content, sync=Sync.NEVER)


def keep_best(folder: SweepFolder, study: Study, sweep: SweepConfig, ended: int | None = None) -> None:
    """Remove the models of all but the best; of a trial that has just ended, and of the one that it has driven out.

    Those that somebody has gone on with by `dlcli train --resume` are that person's, and stay. What a trial begins with
    stays too, for its config needs it; on the disk once, where trials begin alike.

    Args:
        folder: The sweep.
        study: Its study, which nobody else changes meanwhile.
        sweep: Its section.
        ended: The number of the trial; None: all trials are looked at.
    """
    _share_beginnings(folder, ended)
    if sweep.keep == "all":
        return
    best = [each.number for each in study.best()]
    kept = set(best[: sweep.keep])
    if ended is not None:
        gone = [*best[sweep.keep : sweep.keep + 1], ended]
    else:
        gone = [each.number for each in study.results() if each.twin is None]
    for number in gone:
        if number not in kept and folder.owns(number):
            _strip(folder.trial(number))


def _share_beginnings(folder: SweepFolder, ended: int | None) -> None:
    """Let trials that begin with the same weights have one file of them: that which has ended, or all."""
    own = None if ended is None else _beginnings(folder, folder.member(ended))
    if own == []:
        return
    distinct: list[Path] = []
    for file in _beginnings(folder, "trial-*"):
        if (own is not None and file not in own) or not link_equal(file, distinct):
            distinct.append(file)


def _beginnings(folder: SweepFolder, trial: str) -> list[Path]:
    """What trials, or their folds, begin with."""
    return sorted(file for place in (trial, f"{trial}/*") for file in folder.path.glob(f"{place}/{INITIAL}"))


def _strip(run: RunDirectory) -> None:
    """Remove the models of a trial that is not among the best; its config and its history stay."""
    with contextlib.suppress(RunError):
        several = open_several(run.path) if run.record.is_file() else None
        for member in several.present() if several is not None else ():
            _strip(member)
    for file in (run.model, run.weights, run.portable):
        with contextlib.suppress(OSError):
            file.unlink()
    _remove(run.checkpoints)


def _remove(directory: Path) -> None:
    if not directory.is_symlink():
        shutil.rmtree(directory, ignore_errors=True)
