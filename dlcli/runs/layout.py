"""The run directory: the one home of its file names, and how one is claimed, opened and written.

runs/iris-001/
  config.yaml            fully resolved
  run.json               status, provenance, results
  preprocessing.json     the fitted state of every feature and target
  history.csv            a row per epoch
  checkpoints/           files of ModelCheckpoint
  model.keras            the final (or restored best) model
  model.onnx             the same model for prediction without TensorFlow, proved equal
  code/                  copies of the user's own Python files, when there are any
  evaluations/           one JSON file a split or data set
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dlcli.config.locations import name_problem
from dlcli.errors import Problem, RunError, did_you_mean
from dlcli.runs.inside import read_inside, unsafe

__all__ = ["OWN_NAMES", "RunDirectory", "write_atomically", "write_json"]

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

FORMAT = 1
"""The version of the run directory's layout, in `run.json`; a higher one is refused."""


MOST_JSON = 256 * 2**20
"""Bytes of a JSON file of a run: the vocabularies of a hundred features, the fingerprints of a million files."""


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file that appears whole or not at all.

    Raises:
        RunError: The file cannot be written (permissions, a full disk).
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RunError(Problem(f"cannot write {path}: {error.strerror or error}", rule="not-writable")) from error


def write_json(path: Path, value: Any) -> None:
    """Write strict JSON (no NaN: they become null), indented, atomically."""
    write_atomically(path, json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


OWN_NAMES = frozenset(
    [
        "config.yaml",
        "run.json",
        "preprocessing.json",
        "history.csv",
        "checkpoints",
        "model.keras",
        "model.onnx",
        "evaluations",
        "code",
    ]
)
"""What a run directory holds by itself; no callback writes under these names."""


class RunDirectory:
    """Paths inside one run directory, and its JSON files.

    Args:
        path: The directory; kept as it was given, so that messages show what the user wrote.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"
        self.record = path / "run.json"
        self.preprocessing = path / "preprocessing.json"
        self.history = path / "history.csv"
        self.checkpoints = path / "checkpoints"
        self.model = path / "model.keras"
        self.portable = path / "model.onnx"
        self.evaluations = path / "evaluations"
        self.code = path / "code"

    @classmethod
    def choose(cls, name: str, directory: Path | None, *, overwrite: bool) -> RunDirectory:
        """Say where a new run will go, and find out early whether it can; creates nothing that stays.

        Args:
            name: The config's name; without `directory` the run is `runs/<name>-<NNN>`.
            directory: What `--run-dir` says.
            overwrite: Whether an existing run may be replaced.

        Raises:
            RunError: The directory exists, or cannot be written.
        """
        if directory is None:
            base = Path("runs")
            taken = [number for entry in _entries(base) if (number := _number_of(entry, name))]
            run = cls(base / f"{name}-{max(taken, default=0) + 1:03d}")
        else:
            run = cls(directory)
            if run.path.is_dir() and any(run.path.iterdir()):
                if not run.record.is_file():
                    raise RunError(
                        Problem(
                            f"{run.path} is not empty and is no run directory: it has no {run.record.name}",
                            hint="choose another --run-dir",
                            rule="run-exists",
                        )
                    )
                if not overwrite:
                    raise RunError(
                        Problem(
                            f"the run {run.path} exists already",
                            hint="pass --overwrite to replace it, or another --run-dir",
                            rule="run-exists",
                        )
                    )
            elif run.path.exists() and not run.path.is_dir():
                raise RunError(Problem(f"{run.path} is a file", hint="choose another --run-dir", rule="run-exists"))
        ancestor = run.path.absolute()
        while not ancestor.exists():
            ancestor = ancestor.parent
        try:
            with tempfile.TemporaryFile(dir=ancestor):
                pass
        except OSError as error:
            raise RunError(
                Problem(
                    f"cannot write the run directory {run.path}: {ancestor}: {error.strerror or error}",
                    hint="choose another --run-dir",
                    rule="not-writable",
                )
            ) from error
        return run

    def create(self, *, numbered: bool, overwrite: bool) -> RunDirectory:
        """Make the directory, and nobody else's: two runs that start together get two directories.

        Args:
            numbered: The name ends in a number that may be raised when another run has just taken it.
            overwrite: Remove an existing run first.
        """
        run = self
        try:
            if overwrite and run.record.is_file():
                shutil.rmtree(run.path)
            run.path.parent.mkdir(parents=True, exist_ok=True)
            while True:
                try:
                    run.path.mkdir()
                    break
                except FileExistsError:
                    if numbered:
                        stem, number = run.path.name.rsplit("-", 1)
                        run = RunDirectory(run.path.with_name(f"{stem}-{int(number) + 1:03d}"))
                    elif any(run.path.iterdir()):
                        raise
                    else:
                        break
            run.checkpoints.mkdir()
            run.evaluations.mkdir()
        except OSError as error:
            raise RunError(
                Problem(f"cannot create {run.path}: {error.strerror or error}", rule="not-writable")
            ) from error
        return run

    def keep_code(self, files: Sequence[str]) -> list[str]:
        """Copy the user's Python files into the run, so that it needs nothing outside of itself.

        Returns:
            Their new names, relative to the run directory, in the same order.

        Raises:
            RunError: A file cannot be copied.
        """
        names: list[str] = []
        for index, file in enumerate(map(Path, files)):
            taken = f"{self.code.name}/{file.name}" in names
            target = self.code / (f"{file.stem}_{index}{file.suffix}" if taken else file.name)
            try:
                self.code.mkdir(exist_ok=True)
                shutil.copyfile(file, target)
            except OSError as error:
                raise RunError(
                    Problem(f"cannot copy {file} into the run: {error.strerror or error}", rule="not-writable")
                ) from error
            names.append(target.relative_to(self.path).as_posix())
        return names

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """An existing run that can be evaluated and predicted with.

        Raises:
            RunError: There is no such directory, it is no run, it is of a newer version, or incomplete.
        """
        run = cls(path)
        fault = name_problem(str(path))
        if fault is not None:
            raise RunError(fault)
        if not os.path.exists(path):
            near = (
                did_you_mean(path.name, (p.name for p in path.parent.glob("*") if p.is_dir()))
                if path.parent.is_dir()
                else ""
            )
            raise RunError(Problem(f"there is no run directory {path}", hint=near, rule="run-missing"))
        if not path.is_dir():
            raise RunError(
                Problem(
                    f"{path} is a file, not a run directory",
                    hint="give the directory that `dlcli train` wrote",
                    rule="not-a-run",
                )
            )
        run.require_own_files()
        if not run.record.is_file():
            raise RunError(
                Problem(
                    f"{path} is not a run directory: it has no {run.record.name}",
                    hint="give the directory that `dlcli train` wrote, such as runs/iris-001",
                    rule="not-a-run",
                )
            )
        record = run.read_json(run.record)
        found = record.get("format")
        if not isinstance(found, int) or isinstance(found, bool):
            raise RunError(
                Problem(
                    f"{run.record} is no record of a run: it does not say which format it has",
                    hint="give the directory that `dlcli train` wrote",
                    rule="not-a-run",
                )
            )
        if found > FORMAT:
            raise RunError(
                Problem(
                    f"{path} was written by a newer dlcli ({_writer(record)}, "
                    f"run format {found}; this one reads up to {FORMAT})",
                    hint="upgrade dlcli",
                    rule="run-newer",
                )
            )
        missing = [file.name for file in (run.config, run.preprocessing, run.model) if not file.is_file()]
        if missing:
            raise RunError(
                Problem(
                    f"{path} is incomplete: {', '.join(missing)} missing; its status is {record.get('status')!r}",
                    hint="train again, or wait until the run that writes it ends",
                    rule="run-incomplete",
                )
            )
        return run

    def require_own_files(self) -> None:
        """Make sure that everything in the run that is read, or written to, is its own.

        Raises:
            RunError: A file is a link, a pipe or a device, a folder is a link; all that are.
        """
        files = [self.record, self.config, self.preprocessing, self.history, self.model, self.portable]
        problems = unsafe(files)
        problems += unsafe([self.evaluations, self.checkpoints, self.code], directories=True)
        if not problems and self.code.is_dir():
            problems = unsafe(self.code.iterdir())
        if problems:
            raise RunError(problems)

    def read_json(self, path: Path) -> dict[str, Any]:
        """One of the run's JSON files.

        Raises:
            RunError: It is missing, truncated, no JSON object, or not the run's own.
        """
        folder = unsafe([path.parent], directories=True) if path.parent != self.path else []
        if folder:
            raise RunError(folder)
        try:
            text = read_inside(path, most=MOST_JSON).decode("utf-8")
            value = json.loads(text)
            if _SURROGATE.search(text):
                json.dumps(value, ensure_ascii=False).encode()  # a half of a character cannot be shown or written
        except OSError as error:
            raise RunError(Problem(f"cannot read {path}: {error.strerror or error}", rule="run-incomplete")) from error
        except (ValueError, RecursionError) as error:
            raise RunError(
                Problem(f"{path} is damaged: {error}", hint="restore the file, or train again", rule="run-damaged")
            ) from error
        if not isinstance(value, dict):
            hint = "restore the file, or train again"
            raise RunError(Problem(f"{path} is damaged: expected a JSON object", hint=hint, rule="run-damaged"))
        return value


def _entries(directory: Path) -> list[str]:
    """The names in a directory; none where there is none, or where we may not look."""
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _number_of(entry: str, name: str) -> int | None:
    """The number of a run's directory, `iris-007`; None of all else, such as `iris-²` and `iris-2024-01-31`."""
    match = re.fullmatch(rf"{re.escape(name)}-([0-9]{{1,9}})", entry)
    return int(match[1]) if match else None


def _writer(record: dict[str, Any]) -> str:
    """The version that wrote a record, as far as it tells."""
    versions = record.get("versions")
    return str(versions.get("dlcli", "unknown"))[:40] if isinstance(versions, dict) else "unknown"
