"""A format of files is a folder: one that is put beside the others is trained on, checked and predicted from."""

from __future__ import annotations

import ast
import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pytest

from dlcli.data.columns.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.sources import registry
from dlcli.data.sources.files import Files
from dlcli.data.sources.format import Format
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.source import FileSource
from dlcli.data.table.rows import Rows
from dlcli.data.values.typed import typed_chunk
from dlcli.prediction.outputs import OUTPUTS

FORMAT = '''\
"""Rows as `age=31 name=ann`, below a line that says what the file is."""

from dlcli.data.sources.format import Format, Peek


def rows(file):
    with file.open() as stream:
        next(stream)
        for line in stream:
            yield dict(cell.split("=") for cell in line.split())


def sniff(start):
    return ".pairs" if start.startswith(b"%pairs") else None


def peek(file, options):
    return Peek(tuple(next(rows(file))))


def open(file, options):
    from dlcli.data.sources.pairs.source import PairsFile

    return PairsFile(file, options)


FORMAT = Format(
    name="pairs",
    title="pairs",
    suffixes=(".pairs",),
    spoken={"pairs": {}},
    text=True,
    sniff=sniff,
    peek=peek,
    open=open,
)
'''

SOURCE = """\
import pyarrow as pa

from dlcli.data.columns.chunk import ColumnInfo
from dlcli.data.sources.pairs.format import rows
from dlcli.data.sources.source import FileSource
from dlcli.data.values.typed import typed_chunk


class PairsFile(FileSource):
    def columns(self, *, whole=False):
        return tuple(ColumnInfo(name, "number" if name == "age" else "text") for name in next(rows(self.path)))

    def chunks(self, kinds):
        found = list(rows(self.path))
        arrays = {name: pa.array([row[name] for row in found]) for name in kinds}
        yield typed_chunk(
            arrays, kinds, missing=self.options.missing_values, num_rows=len(found), start=0, file=self.path
        )
"""

PROGRAM = """\
import contextlib, io, json, sys
import dlcli.data.sources as sources
sources.__path__.append(sys.argv[1])
from dlcli.cli.main import main
told = []
for arguments, data in json.loads(sys.argv[2]):
    sys.argv, sys.stdin = ["dlcli", *arguments], io.TextIOWrapper(io.BytesIO(data.encode()))
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            code = main()
        except SystemExit as stop:
            code = stop.code
    told.append([code or 0, out.getvalue(), err.getvalue()])
print(json.dumps(told))
"""

CONFIG = """\
seed: 1
data:
  train: people.pairs
  target: rich
  batch_size: 4
model:
  layers:
    - Dense: {units: 1, activation: sigmoid}
fit: {epochs: 2}
"""

ROWS = "".join(
    f"age={20 + number} name={'ann' if number % 2 else 'bob'} rich={number % 3 // 2}\n" for number in range(12)
)


@pytest.fixture
def formats(tmp_path: Path) -> Path:
    """A folder with a format in it that dlcli does not have."""
    folder = tmp_path / "formats" / "pairs"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "format.py").write_text(FORMAT)
    (folder / "source.py").write_text(SOURCE)
    return folder.parent


def dlcli(formats: Path, *commands: list[str], data: str = "") -> list[tuple[int, str, str]]:
    """Commands one after another in a process that knows the format, in the folder above it: codes and outputs."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(formats), json.dumps([(command, data) for command in commands])],
        cwd=formats.parent,
        capture_output=True,
        timeout=300,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [(code, out, err) for code, out, err in json.loads(done.stdout)]


@pytest.mark.slow
def test_what_is_told_of_a_format_before_anything_is_read(formats: Path) -> None:
    (formats.parent / "people.pairs").write_text("%pairs\n" + ROWS)
    (formats.parent / "poor.yaml").write_text(CONFIG.replace("rich", "poor"))
    (formats.parent / "people.xyz").write_bytes(b"\0")
    (formats.parent / "xyz.yaml").write_text(CONFIG.replace("pairs", "xyz"))
    help_, poor, xyz = dlcli(formats, ["predict", "--help"], ["check", "poor.yaml"], ["check", "xyz.yaml"])
    assert "pairs" in help_[1]
    assert "poor" in poor[2]
    assert "age, name, rich" in poor[2]
    assert ".pairs" in xyz[2]


@pytest.mark.tensorflow
@pytest.mark.slow
def test_a_model_is_trained_on_it_and_predicts_from_it(formats: Path) -> None:
    folder = formats.parent
    (folder / "people.pairs").write_text("%pairs\n" + ROWS)
    (folder / "table.csv").write_text("".join(_csv(line) for line in ROWS.splitlines()))
    (folder / "job.yaml").write_text(CONFIG)
    # The same rows: by a name, by their first bytes, by what is said of them, and in another format.
    pairs = (folder / "people.pairs").read_text()
    (folder / "noname").write_text(pairs)
    (folder / "untold").write_text("-" + pairs)
    inputs = [["people.pairs"], ["noname"], ["-"], ["untold", "--input-format", "pairs"], ["table.csv"]]
    outputs = [f"{number}.csv" for number in range(len(inputs))]
    commands = [
        ["train", "job.yaml", "--run-dir", "run"],
        *(["predict", "run", *rows, "-o", output] for rows, output in zip(inputs, outputs, strict=True)),
        ["evaluate", "run", "people.pairs", "--json"],
    ]
    for code, _, said in dlcli(formats, *commands, data=pairs):
        assert code == 0, said
    predictions = {(folder / output).read_text() for output in outputs}
    assert len(predictions) == 1
    assert predictions.pop().count("\n") == 13


def _csv(line: str) -> str:
    cells = dict(cell.split("=") for cell in line.split())
    return ("age,name,rich\n" if cells["age"] == "20" else "") + ",".join(cells.values()) + "\n"


@dataclasses.dataclass(frozen=True)
class Folder(FileSource):
    """A folder whose files are rows, of which not a byte is read."""

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(sorted(each for each in self.path.rglob("*") if each.is_file()))

    def columns(self, *, whole: bool = False) -> tuple[ColumnInfo, ...]:
        return tuple(ColumnInfo(name, "text", dtype="string") for name in ("path", "folder", "name"))

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        files = [each.relative_to(self.path) for each in self.paths]
        cells = {
            "path": [str(each) for each in files],
            "folder": [each.parent.name for each in files],
            "name": [each.name for each in files],
        }
        arrays = {name: pa.array(cells[name]) for name in kinds}
        yield typed_chunk(arrays, kinds, missing=(), num_rows=len(files), start=0, file=self.path)

    def about_rows(self) -> int:
        return len(self.paths)


def test_a_folder_of_files_can_be_a_table(tmp_path: Path) -> None:
    for name in ("cat/1.png", "cat/2.png", "dog/1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    format = Format(name="folder", title="folders", suffixes=(), open=Folder)
    source = Files((format.open(tmp_path, TableOptions()),))
    assert format.peek(tmp_path, TableOptions()).names is None
    assert source.about_rows() == len(source.paths) == 3
    rows = Rows.read(source, {"folder": "text", "name": "text"})
    assert rows.num_rows == 3
    assert next(rows.chunks()).columns["folder"].tolist() == ["cat", "cat", "dog"]


def test_no_two_formats_have_a_name_or_a_suffix_in_common() -> None:
    formats = registry.formats()
    assert len({format.name for format in formats}) == len(formats)
    assert len(registry.spoken_names()) == len(set(registry.spoken_names()))
    assert sum(len(format.suffixes) for format in formats) == len(registry.suffixes())
    for format in formats:
        assert {f".{name}" for name in format.spoken} <= set(format.suffixes)


SHARED: dict[str, set[str]] = {
    "dlcli/prediction/outputs.py": {*OUTPUTS, *(suffix for output in OUTPUTS.values() for suffix in output.suffixes)},
    "dlcli/cli/commands/predict.py": {"jsonl"},
    "dlcli/data/cache/entry.py": {".npy"},
    "dlcli/prediction/writers.py": {".npy"},
    "dlcli/jobs/several/predicting.py": {"csv"},
    "dlcli/training/tracking/tracking.py": {"jsonl"},
}
"""Files that name formats for another reason: what is written, `--json`, trackers, how arrays are kept in the cache."""


@pytest.mark.slow
def test_formats_are_named_in_their_folders_alone(project: Path) -> None:
    """Outside of it no code knows a format's name, its suffixes or its modules."""
    home = project / "dlcli" / "data" / "sources"
    names = {name for format in registry.formats() for name in (format.name, *format.suffixes, *format.spoken)}
    folders = {each.name for each in home.iterdir() if (each / "format.py").exists()}
    assert len(folders) == len(registry.formats())
    for file in sorted((project / "dlcli").rglob("*.py")):
        place = file.relative_to(project).as_posix()
        if file.is_relative_to(home) and file.relative_to(home).parts[0] in folders:
            continue
        tree = ast.parse(file.read_text())
        said = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        assert not (said & names) - SHARED.get(place, set()), place
        imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        for folder in folders:
            assert not any(name.startswith(f"dlcli.data.sources.{folder}") for name in imported), place
