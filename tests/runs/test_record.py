"""`run.json` says how a job ended, whenever it was interrupted."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from dlcli.errors import RunError
from dlcli.runs import record as module
from dlcli.runs.layout import RunDirectory, write_json
from dlcli.runs.record import RunRecord


def job(run: RunDirectory, *, work: bool = True) -> None:
    """As a job does it."""
    record = RunRecord(run, facts={"name": "it"}, started=0.0)
    try:
        record.begin()
        if work:
            record.note(epochs=3)
            record.finish("completed", metrics={"train": {"loss": 0.5}})
    finally:
        record.close()


@pytest.mark.parametrize(("moment", "status"), [(1, "interrupted"), (2, "completed")])
@pytest.mark.parametrize("after", [False, True], ids=["before it is there", "after"])
def test_an_interrupt_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int, status: str, after: bool
) -> None:
    calls = 0

    def interrupted(path: Path, value: Any, **how: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == moment and not after:
            raise KeyboardInterrupt
        write_json(path, value, **how)
        if calls == moment:
            raise KeyboardInterrupt

    run = RunDirectory(tmp_path)
    monkeypatch.setattr(module, "write_json", interrupted)
    with pytest.raises(KeyboardInterrupt):
        job(run)
    if moment == 1 and not after:
        assert not run.record.exists()  # the directory is given back, as if nothing had been
    else:
        assert run.read_json(run.record)["status"] == status
        assert run.read_json(run.record)["epochs"] == (3 if moment == 2 else 0)


def test_a_job_that_ends_without_a_word_has_failed(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    with contextlib.suppress(RunError):
        job(run, work=False)
    assert run.read_json(run.record)["status"] == "failed"
