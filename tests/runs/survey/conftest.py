"""Run directories as trainings leave them, written without one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlcli.config.document.writer import dump
from dlcli.runs.layout import FORMAT

MakeRun = Callable[..., Path]

CONFIG: dict[str, Any] = {
    "name": "iris",
    "fit": {"epochs": 3},
    "compile": {"optimizer": {"Adam": {"learning_rate": 0.01}}, "metrics": ["accuracy"]},
    "model": {"layers": [{"Dense": {"units": 8}}, {"Dropout": {"rate": 0.1}}, {"Dense": {"units": 3}}]},
}


@pytest.fixture
def make_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeRun:
    """Write a run below the working directory: its accuracy on the test split, its validation losses, its record."""
    monkeypatch.chdir(tmp_path)

    def make(
        path: str,
        accuracy: float | None = 0.5,
        *,
        losses: list[float] | None = None,
        config: dict[str, Any] | None = None,
        **record: Any,
    ) -> Path:
        run = tmp_path / path
        (run / "checkpoints" / "epoch-000003").mkdir(parents=True)
        (run / "checkpoints" / "epoch-000003" / "arrays.bin").write_bytes(bytes(1000))
        metrics = {} if accuracy is None else {"test": {"loss": 1 - accuracy, "accuracy": accuracy}}
        values = {
            "format": FORMAT,
            "status": "completed",
            "started": "2026-11-01T10:00:00+00:00",
            "finished": "2026-11-01T10:00:05+00:00",
            "seconds": 5.0,
            "epochs": 3,
            "metrics": metrics,
            "name": "iris",
            "parameters": 51,
            "rows": {"train": 100, "test": 50},
            "data": {"train": [{"path": "iris.csv", "bytes": 3, "sha256": "9" * 64}]},
            "versions": {"dlcli": "0.1.0", "keras": "3.15.1"},
            "argv": ["dlcli", "train", "iris.yaml"],
            "writes": [],
            **record,
        }
        (run / "run.json").write_text(json.dumps(values, indent=2))
        (run / "config.yaml").write_text(dump(CONFIG if config is None else config))
        lines = [f"{epoch},0.5,100.0,{loss}" for epoch, loss in enumerate(losses or [0.9, 0.4, 0.6], start=1)]
        (run / "history.csv").write_text("\n".join(["epoch,seconds,rows_per_second,val_loss", *lines, ""]))
        return run

    return make
