"""Names and texts that a terminal would obey are shown by every command, and obeyed by none."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import dlcli as package
from dlcli.cli.display.console import Console
from dlcli.errors import Problem

Dlcli = Callable[..., CompletedProcess[str]]

ODD = "\x1b]0;x\x07\x9b31m\u202e[red]:smile:[/x]"
"""It sets the title, changes the colour, turns the direction; and is no markup."""

ALLOWED = "\n\t"


def hidden(text: str) -> set[str]:
    """What a terminal would obey."""
    return {
        letter
        for letter in text
        if letter not in ALLOWED and (ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 or letter in "\u202e\u2066\u2028")
    }


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run whose columns and classes have such names."""
    folder = tmp_path_factory.mktemp("odd")
    rows = [{f"a{ODD}": i, f"b{ODD}": f"{'pq'[i % 2]}{ODD}", f"label{ODD}": f"{'xy'[i % 2]}{ODD}"} for i in range(20)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = {
        "data": {"train": "rows.jsonl", "validation": 0.2, "test": 0.2, "target": f"label{ODD}"},
        "model": {"layers": [{"Dense": {"units": 2}}]},
        "fit": {"epochs": 1},
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    package.train(folder / "config.yaml", run_dir=folder / "run")
    return folder


def test_every_command_shows_them(odd: Path, dlcli: Dlcli, tmp_path: Path) -> None:
    config, rows, name = odd / "config.yaml", odd / "rows.jsonl", f"x{ODD}"
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text(json.dumps({f"a{ODD}": f"cell{ODD}", f"b{ODD}": f"new{ODD}", f"label{ODD}": f"z{ODD}"}) + "\n")
    (tmp_path / f"a{ODD.replace('/', '')}.jsonl").write_text(rows.read_text())
    commands: list[tuple[str | Path, ...]] = [
        ("train", config, "--run-dir", tmp_path / "again"),
        ("check", config),
        ("check", config, "--set", f"fit.{name}=1"),
        ("check", config, "--set", f"model.layers=[{json.dumps(name)}]"),
        ("check", config, "--set", f"name={json.dumps(name)}"),
        ("check", config, "--set", f"data.target={json.dumps(name)}"),
        ("check", tmp_path / name),
        ("evaluate", odd / "run"),
        ("evaluate", odd / "run", "--runtime", "keras"),
        ("evaluate", odd / "run", tmp_path / f"a{ODD.replace('/', '')}.jsonl"),
        ("evaluate", odd / "run", wrong),
        ("predict", odd / "run", wrong, "-o", tmp_path / "out.csv"),
        ("predict", odd / "run", rows, "-o", tmp_path / "out.csv", "--keep", name),
        ("predict", tmp_path / name, rows),
        ("export", odd / "run", "--format", name),
        ("export", odd / "run", "--format", "onnx", "-o", tmp_path / name / "x.onnx", "--rows", rows),
        ("train", "--resume", tmp_path / name),
        ("reproduce", tmp_path / name),
        ("evaluate", odd / "run", "--split", name),
        (name,),
        (f"--{name}",),
        ("evaluate", f"--{name}"),
        ("evaluate", odd / "run", rows, name),
        ("cache", "list", "--cache-dir", tmp_path / name),
        ("cache", name),
        ("cache", "list", f"--{name}"),
    ]
    for command in commands:
        for more in ((), ("--json",)):
            done = dlcli(*command, *more)
            assert not hidden(done.stdout + done.stderr), (command, done.stdout + done.stderr)
            assert done.returncode in (0, 1, 2), (command, done.stderr)
        if more and done.stdout.startswith("{"):
            json.loads(done.stdout)


def test_a_message_stays_in_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    Console().problems([Problem("no column 'a\n✗ all is lost'", hint="b\nc", file="d\ne", path="f\ng")])
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_predictions_on_a_terminal_and_in_a_pipe(odd: Path) -> None:
    command = [sys.executable, "-m", "dlcli", "predict", str(odd / "run"), str(odd / "rows.jsonl")]
    piped = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert ODD in piped
    terminal, stream = pty.openpty()
    with subprocess.Popen(command, stdout=stream, stderr=subprocess.DEVNULL) as running:
        os.close(stream)
        shown = b""
        while piece := _read(terminal):
            shown += piece
    os.close(terminal)
    assert running.returncode == 0
    assert not hidden(shown.decode().replace("\r\n", "\n"))
    assert len(shown.decode().splitlines()) == len(piped.split("\n")) - 1


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 2**16)
    except OSError:  # as Linux says that nobody writes any more
        return b""
