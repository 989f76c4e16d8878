"""What was found out of a file holds as long as it is the same file, and no longer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dlcli.errors import DataError, Problem
from dlcli.files import identity
from dlcli.files.remembered import Remembered


class Looks:
    """Counts how often a file is read."""

    def __init__(self, **keys: int) -> None:
        self.remembered = Remembered[str](most=keys.get("most", 100), weight=len)
        self.count = 0

    def __call__(self, file: Path, way: str = "") -> str:
        def look() -> str:
            self.count += 1
            return file.read_text()

        return self.remembered.of(file, way, look)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are taken as written long ago."""
    monkeypatch.setattr(identity, "RACY_NANOSECONDS", -(1 << 62))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "t.csv"
    file.write_text("one")
    return file


@pytest.mark.usefixtures("settled")
def test_a_file_is_looked_at_once_in_each_way(file: Path) -> None:
    looks = Looks()
    assert [looks(file), looks(file), looks(file, "other"), looks(file)] == ["one"] * 4
    assert looks.count == 2


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("text", ["two", "three"])
def test_a_file_that_was_replaced_or_written_to_is_looked_at_again(file: Path, text: str) -> None:
    looks = Looks()
    before = file.stat()
    looks(file)
    other = file.with_name("other")
    other.write_text(text)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(other, file)
    assert looks(file) == text
    file.write_text("longer than that")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert looks(file) == "longer than that"
    assert looks.count == 3


def test_a_file_that_was_written_just_now_may_be_written_again_and_look_the_same(file: Path) -> None:
    looks = Looks()
    for text in ("one", "two", "six"):
        file.write_text(text)
        assert looks(file) == text
    assert looks.count == 3


@pytest.mark.usefixtures("settled")
def test_what_fails_is_tried_again(file: Path) -> None:
    remembered = Remembered[str](most=10)

    def fails() -> str:
        raise DataError(Problem("no", rule="header"))

    for _ in range(2):
        with pytest.raises(DataError, match="no"):
            remembered.of(file, (), fails)
    assert remembered.of(file, (), file.read_text) == "one"
    file.unlink()
    with pytest.raises(FileNotFoundError):
        remembered.of(file, (), file.read_text)


@pytest.mark.usefixtures("settled")
def test_no_more_is_kept_than_said_and_what_is_wanted_stays(tmp_path: Path) -> None:
    looks = Looks(most=5)
    files = [tmp_path / f"{number}.csv" for number in range(4)]
    for file in files:
        file.write_text("12")
        looks(file)
        looks(files[0])
    assert looks.count == 4, "the first was asked for again and again"
    looks(files[1])
    assert looks.count == 5
    (tmp_path / "large").write_text("larger than all")
    looks(tmp_path / "large")
    looks(files[1])
    assert looks.count == 7
