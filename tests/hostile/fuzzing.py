"""What is fuzzed: readers of what may come from anybody, each with real inputs to start from and a call.

    python -m tests.hostile.fuzzing COUNT [SEED]

puts COUNT changed inputs through them and prints a line of counts. Where the package atheris is installed,

    python -m tests.hostile.fuzzing --atheris TARGET [OPTION...]

lets libFuzzer choose the inputs of one of them by what they reach.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import random
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any

from dlcli.config.document.document import Document
from dlcli.config.document.overrides import override
from dlcli.config.document.reader import read_mapping
from dlcli.config.inspection.inspection import inspect
from dlcli.config.inspection.resolved import read_resolved
from dlcli.data.inputs import open_input
from dlcli.data.reader import TableReader
from dlcli.errors import DlcliError, Problem
from dlcli.jobs.checking import check_config
from dlcli.runs.contents import special_files
from dlcli.runs.history import read_history
from dlcli.runs.layout import RunDirectory
from dlcli.runs.record import read_batch_size
from dlcli.runs.run import Run
from dlcli.trained.external_data import outside
from dlcli.trained.recorded_files import recorded_files
from dlcli.trained.run import read_preprocessing
from tests.hostile.mutation import Mutator

__all__ = ["Fuzzed", "Outcome", "Target", "fuzz", "targets"]

PROJECT = Path(__file__).resolve().parents[2]
KEPT = PROJECT / "tests" / "trained" / "visits"

TABLES = (
    b"age,city,label\n20,a,yes\n21,b,no\n22,c,yes\n23,a,no\n24,b,yes\n25,a,no\n",
    b'age;city;label\r\n20,5;"a;b";yes\r\n21,25;b;no\r\n1.022,0;"c""d";yes\r\n23;a;no\r\n',
    b"\xef\xbb\xbfage\tcity\tlabel\n2001-01-02\ttrue\t1\n2002-02-03\tfalse\t2\n\tNA\t1\n",
    b'# a comment\nage|city|label\n1e3|\xc3\xa4\xc3\xb6|0\n-1|x y|1\n1_000|"two\nlines"|0\n',
    "age,city,label\n1,ä,ja\n2,ö,nein\n3,ü,ja\n".encode("latin-1"),
    "age,city,label\n1,ä,ja\n2,ö,nein\n3,ü,ja\n".encode("utf-16"),
)
LINES = (
    b'{"age": 20, "city": "a", "label": "yes"}\n{"age": null, "city": "b"}\n{"age": 1e3, "city": 5, "label": "yes"}\n',
    b'{"age": 20, "city": ["a"], "label": {"x": 1}}\n\n{"age": "x", "city": "b"}\n{"label": true}\n',
)
OVERRIDES = (
    *(b"fit.epochs=5", b"model.layers.0.Dense.units=8", b"model.layers[1].Dense.activation=relu", b"name=x"),
    *(b"compile.optimizer={Adam: {learning_rate: 1e-3}}", b"data.features.age={type: number}", b"callbacks=[]"),
    *(b'data.features."a.b"={type: number, scale: {divide: 255}}', b"callbacks.0.EarlyStopping.patience=3", b"seed=~"),
    *(b"data.split={validation: 0.1, test: 0.2}", b"lint.ignore=[x, y]", b"compile.optimizer.adam.beta_1=0.5"),
)


@dataclasses.dataclass(frozen=True)
class Target:
    """A reader.

    Args:
        seeds: Real inputs.
        call: Reads one; may raise `DlcliError`, and nothing else.
        share: Of all inputs, the part that is its.
    """

    seeds: Sequence[bytes]
    call: Callable[[bytes], object]
    share: float


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of an input that did not do what is promised.

    Args:
        target: The name of the reader.
        content: The input.
        error: What came out.
    """

    target: str
    content: bytes
    error: str


@dataclasses.dataclass
class Fuzzed:
    """Counts of inputs by reader, and of those that were refused; and what should not have been."""

    inputs: Counter[str]
    refused: Counter[str]
    failures: list[Outcome]

    def line(self) -> str:
        """One line for people."""
        each = ", ".join(f"{name} {count:,} ({self.refused[name]:,} refused)" for name, count in self.inputs.items())
        return f"fuzzed {self.inputs.total():,} inputs, {len(self.failures)} errors but DlcliError: {each}"


def fuzz(count: int, *, seed: int, place: Path, only: Sequence[str] = ()) -> Fuzzed:
    """Put inputs through all readers.

    Args:
        count: How many in all.
        seed: Of the draws.
        place: An empty directory to write in.
        only: The readers; all when empty.
    """
    result = Fuzzed(Counter(), Counter(), [])
    for name, target in targets(place).items():
        if only and name not in only:
            continue
        chance = random.Random(f"{seed} {name}")
        mutator = Mutator(target.seeds)
        for _ in range(round(count * target.share)):
            content = mutator.draw(chance)
            result.inputs[name] += 1
            try:
                target.call(content)
            except DlcliError as error:
                result.refused[name] += bool(error.problems)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - whatever it is, it should not have come
                result.failures.append(Outcome(name, content, "".join(traceback.format_exception(error))))
    return result


def targets(place: Path) -> dict[str, Target]:
    """The readers, with an empty directory to write in."""
    configs = [file.read_bytes() for file in sorted((PROJECT / "configs").glob("*.yaml"))]
    goldens = [file.read_bytes() for file in sorted((PROJECT / "tests" / "config" / "goldens").glob("*.yaml"))]
    kept = KEPT / "run"
    return {
        "yaml": Target([*configs, *goldens, (kept / "config.yaml").read_bytes()], _yaml, 0.30),
        "config": Target(configs, _Config(place), 0.06),
        "override": Target(OVERRIDES, _override, 0.24),
        **{
            f"run/{name}": Target([(kept / name).read_bytes()], _RunFile(place, name), share)
            for name, share in (
                ("run.json", 0.06),
                ("preprocessing.json", 0.06),
                ("config.yaml", 0.03),
                ("history.csv", 0.03),
            )
        },
        "run/model.onnx": Target([(kept / "model.onnx").read_bytes()], _onnx, 0.06),
        "csv": Target(TABLES, _Table(place, "table.csv"), 0.10),
        "csv new rows": Target(
            [b"".join((KEPT / "visits.csv").read_bytes().splitlines(keepends=True)[:20])], _NewRows(place), 0.03
        ),
        "jsonl": Target(LINES, _Table(place, "table.jsonl"), 0.03),
    }


def _yaml(content: bytes) -> None:
    document = read_mapping(content.decode("utf-8", "replace"), source=None)
    document.require()


def _override(content: bytes) -> None:
    base = {"fit": {"epochs": 1}, "compile": {"optimizer": "adam"}, "model": {"layers": [{"Dense": {"units": 1}}]}}
    override(Document(base), [content.decode("utf-8", "surrogateescape")]).require()


def _onnx(content: bytes) -> None:
    if reaches := outside(content):
        raise DlcliError(Problem(reaches))


class _Config:
    """A config file through the first stage, its data files' headers with it."""

    def __init__(self, place: Path) -> None:
        self._file = place / "configs" / "config.yaml"
        self._file.parent.mkdir()
        (place / "data").symlink_to(PROJECT / "data")

    def __call__(self, content: bytes) -> None:
        self._file.write_bytes(content)
        check_config(inspect(self._file))


class _RunFile:
    """A file of a run, read as all commands together read it."""

    def __init__(self, place: Path, name: str) -> None:
        self._run = RunDirectory(place / name.replace(".", "-"))
        self._file = self._run.path / name
        self._whole = (KEPT / "run" / name).read_bytes()
        shutil.copytree(KEPT / "run", self._run.path)

    def __call__(self, content: bytes) -> None:
        self._file.write_bytes(content)
        run = self._run
        problems: list[Problem] = []
        readers = (self._open, self._python, lambda: read_history(run.history), lambda: read_resolved(run.config))
        for read_it in readers:
            try:
                read_it()
            except DlcliError as error:
                problems += error.problems
        if problems:
            raise DlcliError(problems)

    def _open(self) -> None:
        run = RunDirectory.open(self._run.path)
        special_files(run.path)
        read_preprocessing(run)
        read_batch_size(run)
        recorded_files(run)

    def _python(self) -> None:
        run = Run(self._run.path)
        _ = run.record, run.status, run.epochs, run.model_epoch, run.seconds, run.final_metrics(), run.history


class _Table:
    """A file of rows to be trained on: header, dialect, cells and types."""

    def __init__(self, place: Path, name: str) -> None:
        self._file = place / name
        (place / f"{name}.yaml").write_text(
            f"data: {{train: {name}, test: 0.3, target: label}}\nmodel: {{layers: [{{Dense: {{units: 1}}}}]}}\n"
        )
        self._config = inspect(place / f"{name}.yaml").require()

    def __call__(self, content: bytes) -> None:
        self._file.write_bytes(content)
        with TableReader(self._config.data) as reader:
            reader.table()


class _NewRows:
    """A file of rows to predict for."""

    def __init__(self, place: Path) -> None:
        self._file = place / "new.csv"
        run = RunDirectory(KEPT / "run")
        self._config, self._preprocessing = read_resolved(run.config), read_preprocessing(run)

    def __call__(self, content: bytes) -> None:
        self._file.write_bytes(content)
        for part in open_input([self._file], self._config.data, self._preprocessing, keep=None).rows():
            self._preprocessing.encode(part.chunk, tuple(self._preprocessing.features))


def main(arguments: Sequence[str]) -> int:
    """See the head of this file."""
    with tempfile.TemporaryDirectory() as place:
        if arguments[0] == "--atheris":
            target, seeds = targets(Path(place))[arguments[1]], Path(place) / "seeds"
            seeds.mkdir()
            for number, content in enumerate(target.seeds):
                (seeds / str(number)).write_bytes(content)
            _guided(target, [*arguments[2:], "-max_len=4000", str(seeds)])
        result = fuzz(int(arguments[0]), seed=int((*arguments, "0")[1]), place=Path(place), only=arguments[2:])
    for failure in result.failures[:20]:
        sys.stdout.write(f"{failure.target}: {failure.content[:300]!r}\n{failure.error}\n")
    sys.stdout.write(result.line() + "\n")
    return 1 if result.failures else 0


def _functions() -> list[FunctionType]:
    """The functions of dlcli: to follow those of all libraries takes minutes before the first input."""
    spaces: list[Mapping[str, Any]] = [
        vars(module) for name, module in list(sys.modules.items()) if name.startswith("dlcli.")
    ]
    spaces += [vars(each) for space in spaces for each in list(space.values()) if isinstance(each, type)]
    found = [getattr(value, "__func__", value) for space in spaces for value in list(space.values())]
    own = (each for each in found if isinstance(each, FunctionType) and each.__module__.startswith("dlcli."))
    return list(dict.fromkeys(own))


def _guided(target: Target, options: list[str]) -> None:
    """Let libFuzzer choose the inputs. Does not return."""
    atheris: Any = importlib.import_module("atheris")
    for function in _functions():
        atheris.instrument_func(function)

    def one(content: bytes) -> None:
        with contextlib.suppress(DlcliError):
            target.call(content)

    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
