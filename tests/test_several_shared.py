"""What several trainings share is bounded: tables and data that were not wanted for longest are let go of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dlcli.config.inspection.inspection import CheckedConfig, inspect_value
from dlcli.data.cache.cache import Cache
from dlcli.data.table import memory
from dlcli.jobs.preparing import open_table
from dlcli.jobs.several import shared as module
from dlcli.jobs.several.shared import Shared


def checked(table: Path, **data: Any) -> CheckedConfig:
    config = {
        "data": {"train": str(table), "validation": 0.5, "target": "y", "features": ["a"], **data},
        "model": {"layers": [{"Dense": {"units": 1}}]},
        "compile": {"optimizer": "Adam", "loss": "mse"},
    }
    return inspect_value(config, table.parent).checked()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Ten rows."""
    file = tmp_path / "table.csv"
    file.write_text("a,y\n" + "".join(f"{n},{2 * n}\n" for n in range(10)))
    return file


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was opened and closed, as it was: `+0`, `-0`."""
    told: list[str] = []
    original = open_table

    def watched(*arguments: Any, **more: Any) -> Any:
        reader, number = original(*arguments, **more), sum(each.startswith("+") for each in told)
        told.append(f"+{number}")
        leave = reader.__class__.__exit__

        class Watched(reader.__class__):  # type: ignore[misc, name-defined]
            def __exit__(self, *given: object) -> None:
                told.append(f"-{number}")
                leave(self, *given)

        reader.__class__ = Watched
        return reader

    monkeypatch.setattr(module, "open_table", watched)
    return told


def marks(table: Path, number: int) -> CheckedConfig:
    """Another reading for each number."""
    return checked(table, missing_values=[f"mark-{number}"])


def test_the_table_that_was_not_wanted_for_longest_goes_first(
    table: Path, tmp_path: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_READERS", 2)
    with Shared(Cache(tmp_path / "cache"), lambda event: None) as shared:
        first = shared.prepared(marks(table, 0))
        shared.prepared(marks(table, 1))
        assert shared.prepared(marks(table, 0)) is first
        shared.prepared(marks(table, 2))
        assert opened == ["+0", "+1", "-1", "+2"]
        assert shared.prepared(marks(table, 0)) is first
        shared.prepared(marks(table, 1))
        assert opened == ["+0", "+1", "-1", "+2", "-2", "+3"]
    assert sorted(opened) == sorted([*(f"+{n}" for n in range(4)), *(f"-{n}" for n in range(4))])


def test_tables_take_no_more_memory_than_is_meant_for_one_and_another(
    table: Path, tmp_path: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "ROWS_BUDGET", 0)
    with Shared(Cache(tmp_path / "cache"), lambda event: None) as shared:
        for number in range(3):
            reader = shared.reader(marks(table, number).config)
            reader.table()
            reader.overflow._held = 1  # what is too much goes to the disk: as if it were just within the budget
    assert opened == ["+0", "-0", "+1", "-1", "+2", "-2"]


def test_data_that_comes_again_is_made_ready_once_as_long_as_there_is_room(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folds = [checked(table, fold={"number": number, "of": 3}) for number in (1, 2, 3)]
    with Shared(Cache(tmp_path / "cache"), lambda event: None) as shared:
        before = [shared.prepared(each) for each in folds]
        assert [shared.prepared(each) for each in folds] == before
        monkeypatch.setattr(memory, "ARRAYS_BUDGET", 2 * module._size(before[0]))
        other = shared.prepared(checked(table))
        assert shared.prepared(checked(table)) is other
        assert shared.prepared(folds[2]) is before[2]
        assert shared.prepared(folds[0]) is not before[0]
