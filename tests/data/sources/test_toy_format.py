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
import sys
import dlcli.data.sources as sources
sources.__path__.append(sys.argv.pop(1))
from dlcli.cli.main import main
sys.exit(main())
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


def dlcli(formats: Path, *arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The program with the format, in the folder above it."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(formats), *arguments],
        cwd=formats.parent,
        input=data,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr.decode()
    return done


@pytest.mark.slow
def test_what_is_told_of_a_format_before_anything_is_read(formats: Path) -> None:
    assert b"pairs" in dlcli(formats, "predict", "--help").stdout
    (formats.parent / "people.pairs").write_text("%pairs\n" + ROWS)
    (formats.parent / "job.yaml").write_text(CONFIG.replace("rich", "poor"))
    told = dlcli(formats, "check", "job.yaml").stderr.decode()
    assert "poor" in told
    assert "age, name, rich" in told
    (formats.parent / "people.xyz").write_bytes(b"\0")
    (formats.parent / "job.yaml").write_text(CONFIG.replace("pairs", "xyz"))
    assert b".pairs" in dlcli(formats, "check", "job.yaml").stderr


@pytest.mark.tensorflow
@pytest.mark.slow
def test_a_model_is_trained_on_it_and_predicts_from_it(formats: Path) -> None:
    folder = formats.parent
    (folder / "people.pairs").write_text("%pairs\n" + ROWS)
    (folder / "table.csv").write_text("".join(_csv(line) for line in ROWS.splitlines()))
    (folder / "job.yaml").write_text(CONFIG)
    trained = dlcli(formats, "train", "job.yaml", "--json")
    run = json.loads(trained.stdout)["run"]
    # The same rows: by a name, by their first bytes, by what is said of them, and in another format.
    pairs = (folder / "people.pairs").read_bytes()
    (folder / "noname").write_bytes(pairs)
    outputs = [
        dlcli(formats, "predict", run, "people.pairs").stdout,
        dlcli(formats, "predict", run, "noname").stdout,
        dlcli(formats, "predict", run, "-", data=pairs).stdout,
        dlcli(formats, "predict", run, "-", "--input-format", "pairs", data=b"-" + pairs).stdout,
        dlcli(formats, "predict", run, "table.csv").stdout,
    ]
    assert outputs[0].count(b"\n") == 13
    assert set(outputs) == {outputs[0]}
    assert dlcli(formats, "evaluate", run, "people.pairs", "--json").returncode == 0


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
