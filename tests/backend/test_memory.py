"""Out of memory is named as what it is, wherever it comes from."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

import dlcli
from dlcli import api
from dlcli.backend.memory import is_out_of_memory, memory_problem, with_memory_named
from dlcli.cli.main import main
from dlcli.errors import ModelError
from dlcli.model.faults import reason
from dlcli.training.events import EpochStarted

NUMPY = np._core._exceptions._ArrayMemoryError((3000, 2000), np.dtype("float32"))  # type: ignore[attr-defined]
ERRORS: dict[str, tuple[BaseException, str]] = {
    "python": (MemoryError(), ""),
    "numpy": (NUMPY, "no room for"),
    "arrow": (pa.ArrowMemoryError("malloc of size 4096 failed"), "no room for size 4096"),
    "tensorflow": (
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[3000000,2000] and type"),
        "no room for shape[3000000,2000]",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_every_library_is_understood(name: str) -> None:
    error, words = ERRORS[name]
    assert is_out_of_memory(error)
    assert reason(error).startswith("out of memory on this machine")
    assert words in memory_problem(error).message
    assert memory_problem(error).rule == "out-of-memory"


@pytest.mark.parametrize("error", [ValueError("OOM"), tf.errors.ResourceExhaustedError(None, None, "quota")])
def test_what_only_sounds_like_it_is_not(error: Exception) -> None:
    assert not is_out_of_memory(error)


def job(folder: Path) -> dict[str, Any]:
    np.savez(folder / "rows.npz", x=np.arange(20.0), y=np.arange(20.0))
    return {
        "data": {"train": str(folder / "rows.npz"), "target": "y", "batch_size": 5},
        "model": {"layers": [{"Dense": {"units": 1}}]},
        "fit": {"epochs": 3},
    }


@pytest.mark.parametrize("name", ERRORS)
def test_while_training(name: str, tmp_path: Path) -> None:
    def listen(event: object) -> None:
        if isinstance(event, EpochStarted) and event.epoch == 2:
            raise ERRORS[name][0]

    with pytest.raises(ModelError) as error:
        dlcli.train(job(tmp_path), run_dir=tmp_path / "run", listener=listen)
    assert [problem.rule for problem in error.value.problems] == ["out-of-memory"]
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["status"], record["epochs"]) == ("failed", 1)
    assert "out of memory on cpu" in record["error"]


@pytest.mark.parametrize("name", ERRORS)
def test_of_a_layer(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ERRORS[name][0]

    monkeypatch.setattr("keras.initializers.GlorotUniform.__call__", fail)
    with pytest.raises(ModelError, match="out of memory on this machine"):
        dlcli.train(job(tmp_path), run_dir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.soak
def test_while_building(tmp_path: Path) -> None:
    """A layer of 2**51 numbers, for which no machine has the memory; TensorFlow waits ten seconds for it."""
    config = job(tmp_path)
    config["model"]["layers"].insert(0, {"Dense": {"units": 2**20}})
    config["model"]["layers"].insert(1, {"Dense": {"units": 2**31 - 1}})
    with pytest.raises(ModelError, match="out of memory on this machine"):
        dlcli.train(config, run_dir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["train", "check", "evaluate", "predict", "predict_file", "export", "reproduce"])
def test_every_function_of_the_api_names_it(command: str) -> None:
    assert hasattr(getattr(api, command), "__wrapped__")

    def fail() -> None:
        raise MemoryError

    with pytest.raises(ModelError, match="out of memory"):
        with_memory_named(fail)()


def test_the_program_calls_it_no_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    stand_in: Callable[..., None] = fail
    monkeypatch.setattr(api, "evaluate", stand_in)
    monkeypatch.setattr(sys, "argv", ["dlcli", "evaluate", str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert "out of memory on this machine" in capfd.readouterr().err
