"""Taking up a run again: that it can be, and that what it is made of is what it was."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.config.document.overrides import Overrides
from dlcli.config.inspection.inspection import Inspection
from dlcli.config.schema import Config
from dlcli.config.schema.tracking import TrackingConfig
from dlcli.data.cache.fingerprint import fingerprint
from dlcli.errors import Problem, RunError
from dlcli.runs.contents import special_files
from dlcli.runs.inside import unsafe
from dlcli.runs.layout import RunDirectory, copied_names
from dlcli.runs.provenance import now
from dlcli.trained.own_code import Leave, inspect_run, require_code
from dlcli.trained.recorded_files import recorded_files
from dlcli.training.events import Listener, Notice

__all__ = [
    "Resumption",
    "followed",
    "hashes_of",
    "open_resumption",
    "other_sources",
    "require_beginning",
    "require_epochs",
    "require_other_end",
    "require_same_config",
    "require_same_data",
]

FREE = (
    "fit.epochs",
    "checkpoint",
    "runtime.threads",
    "runtime.workers",
    "runtime.restarts",
    "lint",
    "report",
    "tracking",
)
"""What may be another when a run goes on."""

ANEW = "train anew: dlcli train {config}"

MOST_SECONDS = 1e10


@dataclasses.dataclass(frozen=True)
class Resumption:
    """A run that is to go on.

    Args:
        directory: The run.
        record: Its `run.json`.
        inspection: Its config, with what is overridden.
        finished: Why there is nothing to do; empty when there is something.
        allowed: Whether what its config says may reach beyond the run: its code is run, its tracker is called.
    """

    directory: RunDirectory
    record: Mapping[str, Any]
    inspection: Inspection
    finished: str
    allowed: bool = False

    @property
    def earlier(self) -> float:
        """The seconds that the run has taken, as far as its record says."""
        seconds = self.record.get("seconds")
        return float(seconds) if isinstance(seconds, (int, float)) and 0 <= seconds < MOST_SECONDS else 0.0

    def facts(self, epoch: int, provenance: Mapping[str, Any]) -> dict[str, Any]:
        """What stays in the record of what it said, and that the run was taken up.

        Args:
            epoch: The whole epochs that it goes on from.
            provenance: Of the process that goes on.
        """
        of_model = ("model", "model_epoch")  # whose files are what they were until there are new ones
        kept = ("started", "argv", "config_file", "working_directory", "versions", "hardware", "git", "writes")
        earlier = self.record.get("resumed")
        resumed = {"at": now(), "epoch": epoch, "argv": provenance["argv"], "versions": provenance["versions"]}
        return {
            **{name: self.record[name] for name in (*kept, "weights", *of_model) if name in self.record},
            "resumed": [*(earlier if isinstance(earlier, list) else []), resumed],
        }


def open_resumption(path: Path, overrides: Overrides = (), *, leave: Leave) -> Resumption:
    """Open a run to go on with.

    Args:
        path: The run directory.
        overrides: What is to be another, as for `inspect`.
        leave: Whether code of the run's own may be run.

    Raises:
        RunError: It is no run, or one that cannot be taken up; its data, its code or the config differ; all that do.
        ConfigError: Its config is not valid.
    """
    run = RunDirectory.open(path, trained=False)
    if links := special_files(run.path):
        raise RunError(unsafe(run.path / name for name in links))
    record = run.read_json(run.record)
    before = inspect_run(run).require()
    inspection = inspect_run(run, overrides)
    if not isinstance(record.get("code"), dict):
        message = f"{run.path} was trained by a dlcli that committed no epochs, and cannot be gone on with"
        raise RunError(Problem(message, hint=_anew(run), rule="not-resumable"))
    after = inspection.require()
    finished = _finished(record, before, after)
    if not finished:
        problems = [
            *_differences(before.notation(), after.notation(), run),
            *_changed_code(run, after, record["code"]),
            *_changed_data(run),
        ]
        if problems:
            raise RunError(inspection.locate(problem) for problem in problems)
        require_code(after, run, leave)
    return Resumption(run, record, inspection, finished, allowed=leave.given)


def followed(config: TrackingConfig | None, *, allowed: bool, tell: Listener) -> TrackingConfig | None:
    """Who follows a job: of a run that goes on nobody at an address that its own config names, but by leave.

    A run may come from anybody, and so may the address.

    Args:
        config: The section.
        allowed: Whether the run is new, or there is leave.
        tell: Told of an address that is not used.
    """
    if allowed or config is None or config.mlflow is None or config.mlflow.tracking_uri is None:
        return config
    message = f"the run names where MLflow is, {config.mlflow.tracking_uri}, and nothing is sent there"
    hint = "--allow-code, if the run is yours"
    tell(Notice(Problem(message, path="tracking.mlflow.tracking_uri", hint=hint, rule="not-tracked"), warning=True))
    return config.model_copy(update={"mlflow": None})


def require_beginning(resumption: Resumption) -> None:
    """Make sure that a run without a commit was ended before its first one, and so can begin again.

    Raises:
        RunError: It has committed nothing on purpose, or what it committed was removed.
    """
    run = resumption.directory
    if resumption.record.get("status") == "completed":
        why = "it has no committed epoch (any more)"
    elif not resumption.inspection.require().checkpoint:
        why = "its epochs are not committed: checkpoint is false"
    else:
        return
    raise RunError(Problem(f"{run.path} cannot be gone on with: {why}", hint=_anew(run), rule="not-resumable"))


def require_epochs(epochs: int, done: int) -> None:
    """Make sure that a run is not to have fewer epochs than it has.

    Raises:
        RunError: It is.
    """
    if epochs < done:
        message = f"fit.epochs is {epochs}, and {done} epochs are trained and committed"
        hint = f"give {done} or more"
        raise RunError(Problem(message, path="fit.epochs", hint=hint, rule="resume-differs"))


def require_other_end(resumption: Resumption, epochs: int, done: int) -> None:
    """Make sure that a training does not go on to where its numbers ended: it would come to the same.

    Args:
        resumption: The run.
        epochs: How many it is to have.
        done: How many it goes on from.

    Raises:
        RunError: Its loss or its weights became NaN or infinite after those.
    """
    record, run = resumption.record, resumption.directory
    if record.get("rule") != "loss-not-finite" or record.get("status") != "failed" or epochs <= done:
        return
    message = f"{run.path} has ended because its numbers did, after epoch {done}, and would end so again"
    hint = f"--set fit.epochs={done} completes it with what it has learnt till then; or {_anew(run)}, with a lower "
    hint += "learning rate for instance"
    raise RunError(Problem(message, path="fit.epochs", hint=hint, rule="resume-not-finite"))


def hashes_of(code: Sequence[str]) -> dict[str, str]:
    """The SHA-256 of the user's Python files, by the names that a run keeps them under."""
    return {name: fingerprint(Path(file)).sha256 for file, name in zip(code, copied_names(code), strict=True)}


def require_same_config(config: Config, committed: Mapping[str, Any], run: RunDirectory) -> None:
    """Make sure that a config is the one that an epoch was committed with.

    Raises:
        RunError: It is not; all that differs.
    """
    if problems := _differences(committed, config.notation(), run):
        raise RunError(problems)


def require_same_data(
    fingerprints: Mapping[str, Sequence[Mapping[str, Any]]], state: Mapping[str, Any], run: RunDirectory
) -> None:
    """Make sure that the data is the same, and was prepared as before.

    Args:
        fingerprints: Of the files that were read now, by their source.
        state: Of the preprocessing now.
        run: The run.

    Raises:
        RunError: A glob has found other files; or another dlcli has prepared them in another way.
    """
    if sources := other_sources(fingerprints, run):
        message = f"{', '.join(sources)} reads other files than when the run was begun"
        raise RunError(Problem(message, hint=f"put them back; or {_anew(run)}", rule="resume-differs"))
    if _plain(state) != _plain(run.read_json(run.preprocessing)):
        message = f"the data is prepared in another way than {run.preprocessing} says"
        hint = f"go on with the dlcli that began the run; or {_anew(run)}"
        raise RunError(Problem(message, hint=hint, rule="resume-differs"))


def other_sources(fingerprints: Mapping[str, Sequence[Mapping[str, Any]]], run: RunDirectory) -> list[str]:
    """The sources that are other files now, or have another content, than when a run was begun: `data.train`.

    Args:
        fingerprints: Of the files that were read now, by their source.
        run: The run.

    Raises:
        RunError: The record of the run is damaged.
    """
    recorded = {source: [file.sha256 for file in files] for source, files in recorded_files(run).items()}
    read = {source: [file["sha256"] for file in files] for source, files in fingerprints.items()}
    return [f"data.{each}" for each in dict.fromkeys([*read, *recorded]) if read.get(each) != recorded.get(each)]


def _finished(record: Mapping[str, Any], before: Config, after: Config) -> str:
    """Why there is nothing to do; empty when there is something."""
    epochs = record.get("epochs")
    if record.get("status") != "completed" or not isinstance(epochs, int):
        return ""
    if epochs < before.fit.epochs:
        return f"a callback has ended the training after epoch {epochs} of {before.fit.epochs}, as it was to"
    return f"all {epochs} epochs are trained" if after.fit.epochs <= epochs else ""


def _differences(before: Any, after: Any, run: RunDirectory) -> list[Problem]:
    # The end of the training may be another: of phases, that of the last one.
    last = f"fit.phases[{len(before['fit'].get('phases', ())) - 1}].epochs"
    return [
        Problem(
            f"{path} is {_shown(now)}, and the run was begun with {_shown(then)}",
            path=path,
            hint=f"what may be another is {', '.join(FREE)}; or {_anew(run)}",
            rule="resume-differs",
        )
        for path, then, now in _compared(_plain(before), _plain(after), "")
        if not _is_free(path) and path != last
    ]


def _is_free(path: str) -> bool:
    # The files of `code` are held against their hashes; the run keeps copies of them, in places of their own.
    return any(path == free or path.startswith((f"{free}.", f"{free}[")) for free in (*FREE, "code"))


def _compared(then: Any, now: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """The places where two configs differ, as deep as they are alike."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*then, *now]):
            yield from _compared(then.get(key), now.get(key), f"{path}.{key}" if path else key)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for index, pair in enumerate(zip(then, now, strict=True)):
            yield from _compared(*pair, f"{path}[{index}]")
    elif then != now or type(then) is not type(now):
        yield path, then, now


def _changed_code(run: RunDirectory, config: Config, recorded: Mapping[str, Any]) -> Iterator[Problem]:
    own = run.path.resolve() / run.code.name
    for index, name in enumerate(config.code):
        file = Path(name)
        known = recorded.get(f"{run.code.name}/{file.name}")
        if file.parent != own or known is None:
            message = f"{name} is not of the code that the run keeps in {run.code}"
        elif not file.is_file():
            message = f"{run.code / file.name} is gone"
        elif fingerprint(file).sha256 != known:
            message = f"{run.code / file.name} has changed since the run was begun"
        else:
            continue
        yield Problem(message, path=f"code[{index}]", hint=f"put it back; or {_anew(run)}", rule="resume-differs")


def _changed_data(run: RunDirectory) -> Iterator[Problem]:
    for files in recorded_files(run).values():
        for known in files:
            path = Path(known.path)
            if not path.exists():
                message = f"the data of this run, {path}, is gone"
            elif fingerprint(path).sha256 != known.sha256:
                message = f"{path} has changed since the run was begun"
            else:
                continue
            yield Problem(message, hint=f"put it back; or {_anew(run)}", rule="resume-differs")


def _anew(run: RunDirectory) -> str:
    return ANEW.format(config=run.config)


def _plain(value: Any) -> Any:
    """A value as JSON has it: tuples are lists, and all keys are texts."""
    return json.loads(json.dumps(value, default=str))


def _shown(value: Any) -> str:
    text = "not given" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
