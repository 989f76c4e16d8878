"""Every hostile input through every command that it is for: refused, or used without effect; nothing runs, nothing is
read or written outside, and all that is raised is a `DlcliError`."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

import dlcli
from dlcli.config.inspection.inspection import inspect
from dlcli.data.cache.fingerprint import fingerprint
from dlcli.data.reader import TableReader
from dlcli.errors import DlcliError
from tests.hostile.corpus import SECRET, Command, Hostile, Place, corpus

pytestmark = pytest.mark.tensorflow

SECONDS = 120
"""Whoever waits for a pipe, a device or the end of a bomb is ended."""

MOST_BYTES = 2 * 2**30
"""What a hostile input may make the process grow by."""

BOUND = 6 * 10**9
"""Of the address space of a process that is given a bomb."""

OWN = """\
import keras


class Scale(keras.layers.Layer):
    def call(self, inputs):
        return 2.0 * inputs
"""

ROWS = "a,b,label\n" + "".join(f"{i},{i % 3},{'xy'[i % 2]}\n" for i in range(24))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, and the data that it was trained on in `outside`; not to be changed."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "outside").mkdir()
    (folder / "outside" / "rows.csv").write_text(ROWS)
    (folder / "own.py").write_text(OWN)
    config = {
        "name": "hostile",
        "data": {"train": "OUTSIDE/rows.csv", "validation": 0.2, "test": 0.2, "target": "label"},
        "model": {"layers": [{"Dense": {"units": 2}}, "Scale", {"Dense": {"units": 2}}]},
        "code": [str(folder / "own.py")],
        "fit": {"epochs": 1},
    }
    config["data"]["train"] = str(folder / "outside" / "rows.csv")  # type: ignore[index]
    dlcli.train(config, run_dir=folder / "run")
    return folder


@pytest.fixture
def place(kept: Path, tmp_path: Path) -> Iterator[Place]:
    """A copy of the run whose data lies beside it, and what it may try to reach."""
    outside = tmp_path / "outside"
    shutil.copytree(kept / "outside", outside)
    shutil.copytree(kept / "run", tmp_path / "run")
    made = Place(tmp_path / "run", tmp_path / "input", outside, tmp_path / "marker")
    made.secret.write_text(SECRET)
    (outside / "evil.py").write_text(made.evil + OWN)
    config = (made.run / "config.yaml").read_text()
    (outside / "config.yaml").write_text(f"name: {SECRET.replace(' ', '-')}\n")
    with h5py.File(outside / "numbers.h5", "w") as file:
        file["x"] = np.ones((2, 2), np.float32)
    for name in ("config.yaml", "run.json"):
        text = (made.run / name).read_text()
        (made.run / name).write_text(text.replace(str(kept / "outside"), str(outside)))
    assert str(outside) in (made.run / "config.yaml").read_text() != config
    record = json.loads((made.run / "run.json").read_text())
    record["portable"]["proved_with"]["config.yaml"] = fingerprint(made.run / "config.yaml").sha256
    (made.run / "run.json").write_text(json.dumps(record))
    before = signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(SECONDS)
    yield made
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _give_up(*_: object) -> None:
    raise AssertionError("a hostile input keeps the program waiting")


def call(command: Command, input_: Hostile, place: Place) -> object:
    """What a command does."""
    run, rows = place.run, place.outside / "rows.csv"
    is_rows = not input_.suffix.endswith("yaml")
    leave = input_.allow_code
    calls: dict[Command, Callable[[], object]] = {
        "predict": lambda: dlcli.predict_file(run, place.input if is_rows else rows, output=place.outside / "out.csv"),
        "portable": lambda: dlcli.predict_file(run, rows, output=place.outside / "out.csv", runtime="portable"),
        "keras": lambda: dlcli.predict_file(
            run, rows, output=place.outside / "out.csv", runtime="keras", allow_code=leave
        ),
        "evaluate": lambda: dlcli.evaluate(run, rows, runtime="keras", allow_code=leave),
        "split": lambda: dlcli.evaluate(run, runtime="keras", allow_code=leave),
        "export": lambda: dlcli.export(run, place.outside / "out.keras", format="keras", rows=rows, allow_code=leave),
        "report": lambda: dlcli.report(run, place.outside / "out.html"),
        "resume": lambda: dlcli.train(resume=run, overrides={"fit.epochs": 2}, allow_code=leave),
        "reproduce": lambda: dlcli.reproduce(run, allow_code=leave),
        "check": lambda: dlcli.check(place.input, fast=True),
        "build": lambda: dlcli.check(place.input),
        "table": lambda: read_table(place),
    }
    return calls[command]()


def read_table(place: Place) -> None:
    """Read a file of rows as a training does."""
    config = place.outside / "of-table.yaml"
    config.write_text(f"data: {{train: {place.input}, target: label}}\nmodel: {{layers: [{{Dense: {{units: 2}}}}]}}\n")
    with TableReader(inspect(config).require().data) as reader:
        reader.table()


def contents(directory: Path) -> dict[Path, bytes]:
    """Every regular file below, but what the commands are asked to write."""
    return {
        file: file.read_bytes()
        for file in directory.rglob("*")
        if file.is_file() and not file.name.startswith(("out.", "of-table"))
    }


LONG = {"giant_layer"}
"""What `tests/backend/test_memory.py` trains too: TensorFlow waits ten seconds for the memory that is not there."""


@pytest.mark.parametrize(
    "hostile",
    [pytest.param(each, marks=[pytest.mark.soak] * (each.name in LONG)) for each in corpus()],
    ids=lambda each: each.name,
)
def test_a_hostile_input(hostile: Hostile, place: Place) -> None:
    go_through(dataclasses.replace(hostile, refused=hostile.refused[:1], used=hostile.used[:1]), place)


@pytest.mark.parametrize("hostile", [each for each in corpus() if "report" in each.refused], ids=lambda each: each.name)
def test_a_run_that_is_refused_has_no_report(hostile: Hostile, place: Place) -> None:
    go_through(dataclasses.replace(hostile, refused=("report",), used=()), place)


@pytest.mark.soak
@pytest.mark.parametrize("hostile", corpus(), ids=lambda each: each.name)
def test_a_hostile_input_in_all_commands(hostile: Hostile, place: Place) -> None:
    go_through(hostile, place)


def go_through(hostile: Hostile, place: Place) -> None:
    """Build an input, and call the commands that refuse or use it."""
    place = Place(place.run, place.input.with_suffix(hostile.suffix), place.outside, place.marker)
    hostile.build(place)
    before, grown = contents(place.outside), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for command in hostile.refused:
        with pytest.raises(DlcliError) as error:
            call(command, hostile, place)
        assert error.value.problems, command
        assert SECRET not in str(error.value)
        assert len(str(error.value)) < 20_000
    for command in hostile.used:
        call(command, hostile, place)
    assert contents(place.outside) == before
    assert not any(file.name.startswith("marker") for file in place.marker.parent.rglob("*"))
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown) * 1024 < MOST_BYTES


@pytest.mark.soak
@pytest.mark.parametrize(("name", "head"), [("bomb.csv.gz", b"a,b,label\n1,2,"), ("bomb.jsonl.gz", b'{"a": "')])
def test_a_bomb_in_a_process_of_bounded_memory(name: str, head: bytes, place: Place) -> None:
    """A megabyte that unpacks to a line of a gigabyte."""
    with gzip.open(place.outside / name, "wb", compresslevel=1) as file:
        file.write(head)
        for _ in range(2**10):
            file.write(b"x" * 2**20)
    command = [sys.executable, "-m", "dlcli", "predict", str(place.run), str(place.outside / name)]
    limit = f"ulimit -v {BOUND // 2**10} && exec " + shlex.join(command)
    done = subprocess.run(["bash", "-c", limit], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr[-2000:]  # the cell is one that no feature reads
    assert "Traceback" not in done.stderr
    assert len(done.stdout + done.stderr) < 20_000


def test_the_corpus_is_a_corpus() -> None:
    inputs = corpus()
    assert len(inputs) >= 30
    assert all(each.note and (each.refused or each.used) for each in inputs)
    assert len({(each.name, each.suffix, each.build.__module__) for each in inputs}) == len(inputs)


def test_a_run_that_nobody_has_touched_is_used(place: Place) -> None:
    sound = Hostile("", lambda place: None)
    for command in ("predict", "portable", "keras", "evaluate", "split", "report"):
        call(command, sound, place)
    assert os.listdir(place.run / "code") == ["own.py"]
