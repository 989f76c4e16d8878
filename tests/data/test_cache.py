"""The cache directory: where it is, what it holds, what goes; and the commands that show it."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dlcli.cli.main import app
from dlcli.data.cache.cache import Cache, Cleared, default_directory, parse_size
from dlcli.errors import DataError
from dlcli.files.locks import FileLock

NAMES = [f"{digit * 16}-{digit * 16}-{digit * 16}" for digit in "abc"]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """Three entries of 1000 bytes, used one, two and three days ago."""
    cache = Cache(tmp_path / "cache", limit=10_000)
    for days, name in enumerate(NAMES, start=1):
        with cache.scratch() as scratch:
            entry = scratch.directory() / "entry"
            entry.mkdir()
            (entry / "0.npy").write_bytes(b"0" * 1000)
            (entry / "in-use").touch()
            cache.add(entry, name)
        used = time.time() - days * 86_400 - 60
        os.utime(cache.directory / "entries" / name / "in-use", (used, used))
    return cache


def names(cache: Cache) -> list[str]:
    return [entry.directory.name for entry in cache.entries()]


def test_the_directory_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for variable in ("DLCLI_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert default_directory() == tmp_path / ".cache" / "dlcli"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_directory() == tmp_path / ".cache" / "dlcli"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_directory() == tmp_path / "xdg" / "dlcli"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert default_directory() == tmp_path / "Library" / "Caches" / "dlcli"
    monkeypatch.setattr(sys, "platform", "win32")
    assert default_directory() == tmp_path / "AppData" / "Local" / "dlcli" / "cache"
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert default_directory() == tmp_path / "local" / "dlcli" / "cache"
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / "mine"))
    assert default_directory() == tmp_path / "mine"


def test_looking_makes_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "none")
    assert cache.entries() == []
    assert cache.clear() == Cleared(0, 0, 0)
    assert not cache.directory.exists()


def test_the_directory_is_private_and_not_backed_up(cache: Cache) -> None:
    assert (cache.directory / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    if os.name == "posix":
        assert cache.directory.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("text", "size"),
    [("500", 500), ("500B", 500), ("2 kB", 2000), ("1.5GB", 1_500_000_000), ("20g", 20 * 10**9), ("1TB", 10**12)],
)
def test_sizes(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse_size(text) == size
    monkeypatch.setenv("DLCLI_CACHE_SIZE", text)
    assert Cache().limit == size


@pytest.mark.parametrize("text", ["big", "-1", "1 PB", "GB", "1e3"])
def test_a_size_that_is_none(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLCLI_CACHE_SIZE", text)
    with pytest.raises(DataError) as caught:
        Cache()
    (problem,) = caught.value.problems
    assert problem.rule == "cache-size"
    assert repr(text) in problem.message


def test_the_oldest_go_when_room_is_needed(cache: Cache) -> None:
    assert names(cache) == NAMES
    Cache(cache.directory, limit=2100).evict()
    assert names(cache) == NAMES[:2]
    Cache(cache.directory, limit=0).evict(keep=cache.directory / "entries" / NAMES[1])
    assert names(cache) == [NAMES[1]]


def test_what_others_use_stays(cache: Cache) -> None:
    lock = FileLock(cache.directory / "entries" / NAMES[2] / "in-use")
    assert lock.acquire(shared=True)
    cache_of_another = Cache(cache.directory, limit=0)
    cache_of_another.evict()
    assert names(cache) == [NAMES[2]]
    assert cache.clear() == Cleared(0, 0, 1)
    lock.release()
    assert cache.clear() == Cleared(1, 1000, 0)


def test_only_entries_are_removed(cache: Cache) -> None:
    mine = cache.directory / "entries" / "thesis"
    mine.mkdir()
    (mine / "in-use").touch()
    cache.clear()
    assert mine.is_dir()
    assert names(cache) == []


def test_clearing_by_age(cache: Cache) -> None:
    assert cache.clear(older_than_days=2) == Cleared(2, 2000, 0)
    assert names(cache) == [NAMES[0]]


def test_scratch_directories_go_with_their_process(cache: Cache) -> None:
    scratch = cache.scratch()
    mine = scratch.directory()
    # What a killed process leaves: a lock that nobody holds.
    left = mine.with_name("0123456789abcdef")
    left.mkdir()
    left.with_name(f"{left.name}.lock").touch()
    # What others keep in a directory that we are told to use.
    foreign = mine.with_name("uv")
    foreign.mkdir()
    foreign.with_name("uv.lock").touch()
    cache.clear()
    assert mine.is_dir()
    assert not left.exists()
    scratch.close()
    assert sorted(path.name for path in mine.parent.iterdir()) == ["uv", "uv.lock"]


def test_an_entry_without_its_mark_is_still_one(cache: Cache) -> None:
    (cache.directory / "entries" / NAMES[0] / "in-use").unlink()
    assert {entry.directory.name for entry in cache.entries()} == set(NAMES)
    assert cache.clear().entries == 3


def test_the_commands(cache: Cache) -> None:
    runner = CliRunner()
    directory = ["--cache-dir", str(cache.directory)]
    (cache.directory / "entries" / NAMES[0] / "files.json").write_text('[{"identity": {"path": "/data/a.csv"}}]')
    listed = runner.invoke(app, ["cache", "list", *directory])
    assert listed.exit_code == 0, listed.output
    assert "/data/a.csv" in listed.stdout
    assert NAMES[2] in listed.stdout
    assert "3 entries" in listed.stdout
    found = json.loads(runner.invoke(app, ["cache", "list", "--json", *directory]).stdout)
    assert [entry["name"] for entry in found["entries"]] == NAMES
    assert found["entries"][0]["data"] == ["/data/a.csv"]
    cleared = runner.invoke(app, ["cache", "clear", "--older-than", "2.5", "--json", *directory])
    assert json.loads(cleared.stdout) == {
        "directory": str(cache.directory),
        "removed": 1,
        "bytes": 1000,
        "in_use": 0,
    }
    assert "2 entries removed" in runner.invoke(app, ["cache", "clear", *directory]).stdout
    assert "0 entries" in runner.invoke(app, ["cache", "list", *directory]).stdout
    assert runner.invoke(app, ["cache", "clear", "--older-than", "-1", *directory]).exit_code == 2


def test_a_removed_lock_file_is_no_lock(tmp_path: Path) -> None:
    one, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert one.acquire()
    assert not other.acquire(wait=False)
    one.release(remove=True)
    assert other.acquire(wait=False)
    assert (tmp_path / "lock").exists()
    third = FileLock(tmp_path / "lock")
    assert not third.acquire(shared=True, wait=False)
    other.release()
    assert third.acquire(shared=True, wait=False)
