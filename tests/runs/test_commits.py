"""Commits are whole or not there, the newest whole one is taken, and nothing outside of the run is read or removed."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from dlcli.errors import RunError
from dlcli.runs.commits import ARRAYS, COMMIT_FILES, HISTORY, STATE, Commits
from dlcli.runs.contents import foreign_files
from dlcli.runs.layout import RunDirectory

FILES = {ARRAYS: [b"12", b"34"], STATE: [b'{"a": 1}'], HISTORY: [b"epoch\n1\n"]}


@pytest.fixture
def commits(tmp_path: Path) -> Commits:
    """Three of them, in a run's folder."""
    commits = Commits(tmp_path / "checkpoints")
    for epoch in (1, 2, 1000000):
        commits.write(epoch, FILES, keep=3)
    return commits


def newest(commits: Commits) -> int | None:
    commit = commits.latest(most=100)
    return None if commit is None else commit.epoch


def test_the_newest_is_taken_and_the_oldest_go(commits: Commits, tmp_path: Path) -> None:
    commit = commits.latest(most=4)
    assert commit is not None
    assert (commit.epoch, commit.read(ARRAYS), commit.state()) == (1000000, b"1234", {"a": 1})
    commits.write(1000001, FILES, keep=2)
    assert commits.epochs() == [1000001, 1000000]
    commits.forget_after(1000000)
    assert commits.epochs() == [1000000]


def test_what_a_killed_process_has_not_removed_is_removed_later(commits: Commits) -> None:
    commits.forget_after(1000000, keep=2)
    assert commits.epochs() == [1000000, 2]


def test_commits_are_of_the_run(commits: Commits, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    assert foreign_files(RunDirectory(tmp_path)) == []


def test_what_is_no_commit_stays(commits: Commits, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    for name in ("01.keras", "epoch-000001.keras", "epoch-1"):
        (folder / name).write_text("mine")
    (folder / ".0123456789ab.epoch-000003").mkdir()
    commits.forget_after(1)
    assert sorted(os.listdir(folder)) == ["01.keras", "epoch-000001", "epoch-000001.keras", "epoch-1"]


@pytest.mark.parametrize("name", COMMIT_FILES)
def test_whatever_happens_to_a_file_the_one_before_is_taken(commits: Commits, tmp_path: Path, name: str) -> None:
    file = tmp_path / "checkpoints" / "epoch-1000000" / name
    content = file.read_bytes()
    draw = random.Random(5)
    for _ in range(20):
        place = draw.randrange(len(content))
        changed = [
            content[:place],
            content + b"x",
            content[:place] + bytes([content[place] ^ 64]) + content[place + 1 :],
        ]
        for damaged in changed:
            file.write_bytes(damaged)
            # Of the manifest a blank more, or a letter of a name that is not asked for, is no damage.
            assert newest(commits) == 2 or (name == COMMIT_FILES[-1] and damaged != content)
    file.unlink()
    assert newest(commits) == 2
    file.write_bytes(content)
    assert newest(commits) == 1000000


def test_more_than_the_model_can_have_is_not_read(commits: Commits) -> None:
    assert commits.latest(most=3) is None


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("replace", [link, pipe])
@pytest.mark.parametrize("name", COMMIT_FILES)
def test_links_and_pipes_are_refused(
    commits: Commits, tmp_path: Path, name: str, replace: Callable[[Path], None]
) -> None:
    replace(tmp_path / "checkpoints" / "epoch-1000000" / name)
    with pytest.raises(RunError, match="a run is made of files of its own"):
        commits.latest(most=100)


def test_a_linked_commit_is_refused_and_removed_as_a_link(commits: Commits, tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere"
    (tmp_path / "checkpoints" / "epoch-1000000").rename(kept)
    (tmp_path / "checkpoints" / "epoch-1000000").symlink_to(kept)
    with pytest.raises(RunError, match="a run is made of files of its own"):
        commits.latest(most=100)
    commits.forget_after(2)
    assert sorted(os.listdir(kept)) == sorted(COMMIT_FILES)
    assert newest(commits) == 2


@pytest.mark.parametrize(
    "manifest",
    ["[]", "null", "{}", '{"format": 2}', '{"format": 1, "epoch": 2, "files": {}}', "[" * 100_000, "\xff", "x" * 2**17],
    ids=range(8),
)
def test_a_manifest_that_is_none(commits: Commits, tmp_path: Path, manifest: str) -> None:
    (tmp_path / "checkpoints" / "epoch-1000000" / COMMIT_FILES[-1]).write_text(manifest, encoding="latin-1")
    assert newest(commits) == 2


@pytest.mark.parametrize("entry", ["../../secret", "/etc/hostname"])
def test_a_manifest_names_no_files_of_others(commits: Commits, tmp_path: Path, entry: str) -> None:
    file = tmp_path / "checkpoints" / "epoch-1000000" / COMMIT_FILES[-1]
    document = json.loads(file.read_text())
    document["files"][entry] = {"bytes": 1, "sha256": ""}
    file.write_text(json.dumps(document))
    commit = commits.latest(most=100)
    assert commit is not None
    assert entry not in commit.sizes


def test_a_full_disk_leaves_what_was_there(commits: Commits, tmp_path: Path) -> None:
    def fails() -> object:
        yield b"12"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        commits.write(1000001, {**FILES, STATE: fails()}, keep=1)  # type: ignore[dict-item]
    assert commits.epochs() == [1000000, 2, 1]
    assert all(not name.startswith(".") for name in os.listdir(tmp_path / "checkpoints"))
