"""The commands as people and programs use them: help, exit codes, what goes to which stream, signals, outputs."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, TextIO

import pandas as pd
import pytest
import typer.main

from dlcli import api
from dlcli.cli.main import app
from dlcli.data.sources.options import Reading

Dlcli = Callable[..., CompletedProcess[str]]

PROGRAM = Path(sys.executable).with_name("dlcli")
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]

TALKATIVE = """\
callbacks:
  - EarlyStopping: {monitor: loss, patience: 1, min_delta: 10, restore_best_weights: true, verbose: 1}
  - ModelCheckpoint: {filepath: "{epoch:02d}", verbose: 1}
"""
"""Callbacks that Keras lets speak, and that lint warns of."""


@pytest.fixture
def config(original: Path, tmp_path: Path) -> Path:
    """The config and the table in the working directory."""
    for name in ("config.yaml", "table.csv"):
        shutil.copyfile(original / name, tmp_path / name)
    return tmp_path / "config.yaml"


# Help and usage.


@pytest.mark.parametrize("command", COMMANDS)
def test_help_documents_every_parameter(command: str, dlcli: Dlcli, project: Path) -> None:
    done = dlcli(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert COMMANDS[command].help in " ".join(done.stdout.split())
    page = (project / "docs" / "commands.md").read_text()
    for parameter in COMMANDS[command].params:
        assert parameter.help, parameter.name
        name = parameter.opts[0] if parameter.param_type_name == "option" else parameter.metavar.strip("[]")
        assert name in done.stdout
        assert name in page


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_new_files_are_read_with_every_option_of_a_reading(command: str) -> None:
    flags = {option for parameter in COMMANDS[command].params for option in parameter.opts}
    fields = {field.name.removesuffix("_values") for field in dataclasses.fields(Reading)}
    assert {f"--{field}" for field in fields} <= flags


def test_help_lists_every_command(dlcli: Dlcli) -> None:
    done = dlcli("--help")
    assert done.returncode == 0
    assert all(f"\n  {command}" in done.stdout for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["train"],
        ["train", "a.yaml", "b.yaml"],
        ["train", "config.yaml", "--epochs", "3"],
        ["predict", "run"],
        ["evaluate", "run", "--split", "tset"],
        ["evaluate", "run", "new.csv", "--split", "test"],
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments: list[str], dlcli: Dlcli, tmp_path: Path) -> None:
    done = dlcli(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: dlcli" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


# Exit codes of what no user can mend.


def test_a_bug_shows_its_traceback(dlcli: Dlcli, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a slip of ours")

    monkeypatch.setattr(api, "train", fail)
    for option in ([], ["--json"], ["--quiet"]):
        done = dlcli("train", "config.yaml", *option)
        assert (done.returncode, done.stdout) == (3, "")
        assert "This is a bug in dlcli" in done.stderr
        assert "ZeroDivisionError: a slip of ours" in done.stderr


def test_ctrl_c_before_training(dlcli: Dlcli, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "train", interrupt)
    done = dlcli("train", "config.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (75, "", "interrupted\n")


# Streams.


def test_train_speaks_plainly_in_a_pipe(dlcli: Dlcli, config: Path) -> None:
    done = dlcli("train", "config.yaml", "--set", "fit.epochs=3", "--run-dir", "run")
    assert done.returncode == 0
    epochs = [line for line in done.stderr.splitlines() if line.startswith("epoch ")]
    assert [line.split()[1] for line in epochs] == ["1/3", "2/3", "3/3"]
    assert all("loss" in line and "rows/s" in line for line in epochs)
    assert not set(map(chr, [*range(9), *range(11, 32), 127])) & set(done.stdout + done.stderr)
    assert "run  completed, 3 epochs" in done.stdout
    assert "epoch" not in done.stdout.partition("run  completed")[0]


def test_quiet_leaves_the_result_and_the_warnings(dlcli: Dlcli, config: Path) -> None:
    with config.open("a") as file:
        file.write(TALKATIVE)
    done = dlcli("train", "config.yaml", "--quiet", "--run-dir", "run")
    assert done.returncode == 0
    assert "run  completed" in done.stdout
    first, *others = [line for line in done.stderr.splitlines() if line.startswith("!")]
    assert "callbacks[0].EarlyStopping.restore_best_weights" in first
    assert all("data.target" in line for line in others), "one epoch may come to less than the most frequent class"
    assert "epoch 1" not in done.stderr.lower()


def test_json_is_one_document_whatever_is_said(dlcli: Dlcli, config: Path) -> None:
    with config.open("a") as file:
        file.write(TALKATIVE)
    done = dlcli("train", "config.yaml", "--json", "--set", "fit.epochs=9", "--run-dir", "run")
    trained = json.loads(done.stdout)
    assert done.returncode == 0
    assert (trained["run"], trained["status"], trained["epochs"]) == ("run", "completed", 2)
    assert trained["metrics"]["test"].keys() == {"loss", "accuracy"}
    assert "early stopping" in done.stderr
    assert "saving model to" in done.stderr
    checked = dlcli("check", "config.yaml", "--json")
    answer = json.loads(checked.stdout)
    assert (checked.returncode, answer["status"], answer["built"]) == (0, "ok", True)
    assert [each["rule"] for each in answer["warnings"]] == ["restore-without-validation"]
    evaluated = json.loads(dlcli("evaluate", "run", "--json").stdout)
    assert evaluated == json.loads((config.parent / "run" / "evaluations" / "test.json").read_text())
    assert evaluated["metrics"] == pytest.approx(trained["metrics"]["test"])  # Keras there, ONNX Runtime here


def test_check_says_what_it_found(dlcli: Dlcli, config: Path) -> None:
    fast = dlcli("check", "config.yaml", "--fast")
    assert (fast.returncode, fast.stdout, fast.stderr) == (0, "config.yaml: no problems\n", "")
    whole = dlcli("check", "config.yaml")
    assert (whole.returncode, whole.stdout) == (0, "config.yaml: no problems\n")
    assert "14 rows in batches of 14: 1 update an epoch" in whole.stderr
    assert not (config.parent / "runs").exists()


# Predictions.

ROWS = "name,city,age,note\n" + "".join(f'"n {i}","{"abcz"[i % 4]}",{20 + i % 9}.50,"a, ""{i}"""\n' for i in range(300))


def read(file: Path) -> pd.DataFrame:
    """A file of predictions as texts, as they are written in it."""
    match file.suffix:
        case ".parquet":
            return pd.read_parquet(file).astype(str)
        case ".jsonl":
            return pd.DataFrame([json.loads(line) for line in file.read_text().splitlines()]).astype(str)
        case suffix:
            return pd.read_csv(file, dtype=str, sep="\t" if suffix == ".tsv" else ",")


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_predictions_keep_rows_and_columns(suffix: str, dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(ROWS)
    given = pd.read_csv(tmp_path / "new.csv", dtype=str)
    alone, some, everything = (tmp_path / f"{name}{suffix}" for name in ("alone", "some", "all"))
    for output, options in ((alone, []), (some, ["--keep", "note", "--keep", "age"]), (everything, ["--keep-all"])):
        done = dlcli("predict", "run", "new.csv", "-o", output.name, *options)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert done.stderr.endswith(f"300 predictions in {output.name}\n")
        assert "75 values that are none of the 3 categories learnt: 'z' (75 times)" in done.stderr
    names = ["prediction", "probability_no", "probability_yes"]
    assert list(read(alone)) == names
    assert len(read(alone)) == 300
    assert list(read(some)) == ["note", "age", *names]
    pd.testing.assert_frame_equal(read(some)[["note", "age"]], given[["note", "age"]])
    assert list(read(everything)) == [*given, *names]
    pd.testing.assert_frame_equal(read(everything)[list(given)], given)
    pd.testing.assert_frame_equal(read(everything)[names], read(alone))


def test_every_format_says_the_same(dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(ROWS)
    with pytest.warns(UserWarning, match="none of the 3 categories"):
        expected = api.predict(run_directory, pd.read_csv(tmp_path / "new.csv"))
    for suffix in (".csv", ".tsv", ".jsonl", ".parquet"):
        assert dlcli("predict", "run", "new.csv", "--output", f"out{suffix}", "--quiet").returncode == 0
        table = read(tmp_path / f"out{suffix}")
        assert table["prediction"].tolist() == expected["prediction"].tolist()
        # Parquet holds all that was computed, text its six significant digits.
        exact = expected["probability_yes"].tolist()
        written = exact if suffix == ".parquet" else [float(f"{value:.5e}") for value in exact]
        assert table["probability_yes"].astype("float32").tolist() == pd.Series(written, dtype="float32").tolist()
    on_stdout, lines = dlcli("predict", "run", "new.csv"), dlcli("predict", "run", "new.csv", "--json")
    assert on_stdout.stdout == (tmp_path / "out.csv").read_text()
    assert lines.stdout == (tmp_path / "out.jsonl").read_text()
    assert on_stdout.stderr == lines.stderr
    assert on_stdout.stderr.startswith("! data.features.city")


def test_columns_in_another_order_beside_others_are_the_same(dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("age,city\n30,a\n31,b\n")
    (tmp_path / "other.csv").write_text("note,city,label,age\nx,a,,30\ny,b,,31\n")
    assert dlcli("predict", "run", "one.csv").stdout == dlcli("predict", "run", "other.csv").stdout


def test_a_run_moved_and_used_from_elsewhere(
    dlcli: Dlcli, run_directory: Path, original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = json.loads(dlcli("evaluate", "run", "--json").stdout)
    (tmp_path / "new.csv").write_text("age,city\n30,a\n")
    predicted = dlcli("predict", "run", "new.csv").stdout
    moved = tmp_path / "archive" / "deep" / "other name"
    moved.parent.mkdir(parents=True)
    run_directory.rename(moved)
    monkeypatch.chdir(moved.parent)
    assert json.loads(dlcli("evaluate", moved, "--json").stdout) == before
    assert dlcli("predict", "other name", "../../new.csv").stdout == predicted
    named = json.loads(dlcli("evaluate", "other name", original / "table.csv", "--json").stdout)
    assert (named["name"], named["rows"]) == ("table", 20)


def test_data_called_like_a_split_does_not_take_its_place(dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    before = (run_directory / "evaluations" / "test.json").read_text()
    (tmp_path / "test.csv").write_text("age,city,label\n30,a,yes\n")
    assert dlcli("evaluate", "run", "test.csv").returncode == 0
    assert (run_directory / "evaluations" / "test.json").read_text() == before
    assert json.loads((run_directory / "evaluations" / "test.csv.json").read_text())["rows"] == 1


def test_a_reader_that_leaves_is_no_fault(run_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("age,city\n" + "30,a\n" * 20_000)
    done = subprocess.run(
        ["bash", "-c", f"'{PROGRAM}' predict run new.csv | head -n 1; echo ${{PIPESTATUS[0]}}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.splitlines() == ["prediction,probability_no,probability_yes", "0"]
    assert done.stderr == ""


# Outputs that cannot be written.


@pytest.fixture
def full() -> Iterator[TextIO]:
    """A file on a full disk, as Python opens its streams."""
    stream = open("/dev/full", "w", buffering=1, encoding="utf-8")  # noqa: SIM115 - what it holds cannot be flushed
    yield stream
    with contextlib.suppress(OSError):
        stream.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full disk to offer")
def test_a_log_on_a_full_disk_ends_no_training(
    dlcli: Dlcli, config: Path, tmp_path: Path, full: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    with config.open("a") as file:
        file.write("code: [talking.py]\ncallbacks: [Talking]\n")
    (tmp_path / "talking.py").write_text(TALKING)
    monkeypatch.setattr(sys, "stderr", full)
    done = dlcli("train", "config.yaml", "--run-dir", "run", "--set", "fit.epochs=4")
    assert done.returncode == 0
    assert "completed, 4 epochs" in done.stdout
    assert len(epochs_in(tmp_path / "run")) == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full disk to offer")
@pytest.mark.parametrize("json_only", [False, True])
def test_results_on_a_full_disk_are_a_fault(
    dlcli: Dlcli, run_directory: Path, full: TextIO, monkeypatch: pytest.MonkeyPatch, json_only: bool
) -> None:
    monkeypatch.setattr(sys, "stdout", full)
    done = dlcli("evaluate", "run", *(["--json"] if json_only else []))
    assert done.returncode == 1
    assert json_only or "cannot write standard output" in done.stderr


TALKING = """\
import sys
import keras


class Talking(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print("out loud", flush=True)
        sys.stderr.write("and aside")
        sys.stderr.writelines(["one", "two"])
        sys.stderr.flush()
"""


# Interruption.


def start(directory: Path) -> subprocess.Popen[str]:
    """A training that does not end by itself."""
    command = [
        str(PROGRAM),
        "train",
        "config.yaml",
        "--json",
        "--set",
        "fit.epochs=100000",
        "--set",
        "data.batch_size=1",
    ]
    return subprocess.Popen(
        command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )


def epochs_in(run: Path) -> list[list[str]]:
    """The rows of the run's history, without the header."""
    file = run / "history.csv"
    return [line.split(",") for line in file.read_text().splitlines()[1:]] if file.is_file() else []


def test_signals_end_training_with_a_run_that_can_be_used(dlcli: Dlcli, config: Path, tmp_path: Path) -> None:
    """Two trainings at once get two directories; Ctrl-C ends the one, and the other a terminal that is closed."""
    jobs = [start(tmp_path), start(tmp_path)]
    try:
        runs = [tmp_path / "runs" / f"config-{number:03d}" for number in (1, 2)]
        limit = time.monotonic() + 100
        while any(len(epochs_in(run)) < 3 for run in runs):
            assert time.monotonic() < limit, [job.poll() for job in jobs]
            time.sleep(0.05)
        for job, numbers in zip(jobs, ((signal.SIGINT,), (signal.SIGHUP, signal.SIGTERM, signal.SIGHUP)), strict=True):
            for number in numbers:
                job.send_signal(number)
        outcomes = [(*job.communicate(timeout=60), job.returncode) for job in jobs]
    finally:
        for job in jobs:
            job.kill()
            job.wait()
    assert [code for _, _, code in outcomes] == [75, 75], outcomes
    answers = [json.loads(out) for out, _, _ in outcomes]
    assert sorted(answer["run"] for answer in answers) == ["runs/config-001", "runs/config-002"]
    (tmp_path / "new.csv").write_text("age,city\n30,a\n31,b\n")
    for answer, (_, said, _) in zip(answers, outcomes, strict=True):
        assert f"go on with: dlcli train --resume {answer['run']}\n" in said
        run = tmp_path / answer["run"]
        record = json.loads((run / "run.json").read_text())
        rows = epochs_in(run)
        assert answer["status"] == record["status"] == "interrupted"
        assert answer["epochs"] == record["epochs"] == len(rows) >= 3
        assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))
        assert len({len(row) for row in rows}) == 1
        assert dlcli("evaluate", answer["run"], "--json").returncode == 0
        assert dlcli("predict", answer["run"], "new.csv").stdout.count("\n") == 3
        assert not [path for path in run.iterdir() if path.name.startswith(".")]


# Drafting.


def test_init_writes_what_check_accepts(dlcli: Dlcli, original: Path, tmp_path: Path) -> None:
    shutil.copyfile(original / "table.csv", tmp_path / "table.csv")
    done = dlcli("init", "table.csv")
    assert (done.returncode, done.stdout) == (0, "table.yaml: dlcli train table.yaml\n")
    assert "guessed" in done.stderr
    assert dlcli("check", "table.yaml", "--fast").returncode == 0
    again = dlcli("init", "table.csv")
    assert again.returncode == 1
    assert "--overwrite" in again.stderr
    shown = dlcli("init", "table.csv", "-o", "-")
    written = (tmp_path / "table.yaml").read_text()
    assert shown.stdout == written.replace("dlcli train table.yaml", "dlcli train config.yaml")
    document = json.loads(dlcli("init", "table.csv", "--overwrite", "--json").stdout)
    assert document["config"] == "table.yaml"
    assert document["target"] not in document["features"]
