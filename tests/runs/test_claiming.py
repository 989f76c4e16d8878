"""A run gets its directory once; what is replaced was dlcli's alone, and stands until the new run is complete."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dlcli.errors import RunError
from dlcli.files.locks import FileLock
from dlcli.runs.claiming import Claim, choose, claim, exclusive
from dlcli.runs.contents import foreign_files, is_vacant, is_written_by_dlcli
from dlcli.runs.holder import RunLock
from dlcli.runs.layout import FORMAT, OWN_NAMES, RunDirectory, write_json

RECORD = {"format": FORMAT, "status": "completed", "versions": {"dlcli": "0.1.0"}}


def a_run(path: Path, *, mark: str = "old", **record: object) -> RunDirectory:
    """A finished run with all that it can hold."""
    run = RunDirectory(path)
    for folder in (run.checkpoints, run.evaluations, run.plots, run.code):
        folder.mkdir(parents=True)
    for file in (run.config, run.preprocessing, run.history, run.model, run.weights, run.portable):
        file.write_text(mark)
    (run.evaluations / "test.json").write_text("{}")
    (run.checkpoints / "03.keras").write_text("x")
    (run.code / "mine.py").write_text("x")
    write_json(run.record, {**RECORD, "writes": ["code/mine.py", "checkpoints/*.keras"], **record})
    return run


def write(claimed: Claim, mark: str = "new") -> None:
    """What a job writes."""
    claimed.run.config.write_text(mark)
    claimed.run.model.write_text(mark)
    write_json(claimed.run.record, RECORD)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def refused(run: Path, *, inputs: Sequence[Path] = ()) -> str:
    """What `--overwrite` says to a directory; nothing of it has changed."""
    before = {path: path.read_bytes() if path.is_file() else None for path in run.rglob("*")}
    with pytest.raises(RunError) as error:
        choose("iris", run, overwrite=True, inputs=inputs)
    with pytest.raises(RunError), claim(RunDirectory(run), numbered=False, overwrite=True, inputs=inputs):
        pass
    assert {path: path.read_bytes() if path.is_file() else None for path in run.rglob("*")} == before
    assert {problem.rule for problem in error.value.problems} == {"run-exists"}
    return str(error.value)


def test_runs_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "iris-²").mkdir(parents=True)
    made = []
    for _ in range(3):
        with claim(choose("iris", None, overwrite=False), numbered=True, overwrite=False) as claimed:
            write(claimed)
            made.append(claimed.run.path.name)
    assert made == ["iris-001", "iris-002", "iris-003"]


def test_two_runs_that_start_together_get_two_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = [choose("iris", None, overwrite=False) for _ in range(2)]
    assert chosen[0].path == chosen[1].path
    with (
        claim(chosen[0], numbered=True, overwrite=False) as one,
        claim(chosen[1], numbered=True, overwrite=False) as two,
    ):
        assert one.run.path != two.run.path
        write(one)
        write(two)


def test_choosing_leaves_nothing_behind(tmp_path: Path) -> None:
    choose("iris", tmp_path / "deep" / "run", overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_replaced_only_when_asked(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    with pytest.raises(RunError, match="--overwrite"):
        choose("iris", run.path, overwrite=False)
    with claim(run, numbered=False, overwrite=True) as claimed:
        assert claimed.left() is not None
        assert not run.model.exists()
        write(claimed)
        claimed.complete()
    assert names(tmp_path) == ["run"]
    assert run.model.read_text() == "new"
    assert names(run.path) == ["checkpoints", "config.yaml", "evaluations", "model.keras", "run.json"]


@pytest.mark.parametrize("record", [None, "{}", "", "not JSON", "[]", "null", '{"format": 1}', "\xff", '{"epochs": 3}'])
def test_what_dlcli_did_not_write_is_never_replaced(tmp_path: Path, record: str | None) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("precious")
    if record is not None:
        (tmp_path / "run" / "run.json").write_text(record, encoding="latin-1")
    assert "is no run directory" in refused(tmp_path / "run")


@pytest.mark.parametrize(
    "change",
    [
        {"format": True},
        {"format": "1"},
        {"format": 0},
        {"format": FORMAT + 1},
        {"status": "done"},
        {"versions": {}},
        {"versions": {"dlcli": 1}},
        {"versions": None},
    ],
    ids=str,
)
def test_another_tools_record_is_none(tmp_path: Path, change: dict[str, Any]) -> None:
    run = a_run(tmp_path / "run", **change)
    assert not is_written_by_dlcli(run)
    refused(run.path)


def test_a_record_that_is_a_link_or_a_pipe_is_none(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    run.record.rename(tmp_path / "elsewhere.json")
    run.record.symlink_to(tmp_path / "elsewhere.json")
    assert not is_written_by_dlcli(run)
    run.record.unlink()
    os.mkfifo(run.record)
    assert not is_written_by_dlcli(run)


STRANGERS = [
    "notes.txt",
    "predictions.csv",
    "deep/er/notes.txt",
    "checkpoints/notes.txt",
    "checkpoints/03.h5",
    "evaluations/notes.txt",
    "evaluations/deep/test.json",
    "code/other.py",
    "model.keras.bak",
    ".git/HEAD",
    ".0123.model.keras",
]


@pytest.mark.parametrize("name", STRANGERS)
def test_a_run_that_holds_anything_else_is_not_replaced(tmp_path: Path, name: str) -> None:
    run = a_run(tmp_path / "run")
    (run.path / name).parent.mkdir(parents=True, exist_ok=True)
    (run.path / name).write_text("precious")
    assert foreign_files(run) == [name]
    assert name in refused(run.path)


@pytest.mark.parametrize("name", ["link", "checkpoints/04.keras", "evaluations/x.json", "deep"])
def test_links_in_a_run_are_not_of_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    run = a_run(tmp_path / "run")
    (run.path / name).symlink_to(tmp_path / "precious")
    assert foreign_files(run) == [name]
    refused(run.path)


@pytest.mark.parametrize("name", [*sorted(OWN_NAMES), ".0123456789ab.model.keras", ".DS_Store", "code/mine.py"])
def test_what_dlcli_writes_is_no_stranger(tmp_path: Path, name: str) -> None:
    run = a_run(tmp_path / "run")
    if not (run.path / name).exists():
        (run.path / name).write_text("x")
    assert foreign_files(run) == []


def test_many_foreign_files_are_counted(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    for number in range(9):
        (run.path / f"note {number}").write_text("x")
    assert "note 4 and 4 more" in refused(run.path)


@pytest.mark.parametrize("name", ["config.yaml", "history.csv", "code/mine.py", "evaluations/test.json"])
def test_a_run_that_holds_an_input_is_not_replaced(tmp_path: Path, name: str) -> None:
    run = a_run(tmp_path / "run")
    assert name in refused(run.path, inputs=[run.path / name])
    (tmp_path / "link").symlink_to(run.path / name)
    assert "link" in refused(run.path, inputs=[tmp_path / "link"])
    (tmp_path / "alias").symlink_to(run.path)
    refused(tmp_path / "alias", inputs=[run.path / name])


@pytest.mark.parametrize("inside", [".", "checkpoints"])
def test_the_working_directory_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str) -> None:
    run = a_run(tmp_path / "run")
    monkeypatch.chdir(run.path / inside)
    assert "the directory that you work in" in refused(Path(os.path.relpath(run.path)))


def test_all_reasons_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = a_run(tmp_path / "run")
    (run.path / "notes.txt").write_text("x")
    monkeypatch.chdir(run.path)
    with pytest.raises(RunError) as error:
        choose("iris", run.path, overwrite=True, inputs=[run.config])
    assert len(error.value.problems) == 3


def test_a_link_to_a_run_stays_a_link(tmp_path: Path) -> None:
    run = a_run(tmp_path / "disk" / "run")
    (tmp_path / "latest").symlink_to(run.path)
    with claim(RunDirectory(tmp_path / "latest"), numbered=False, overwrite=True) as claimed:
        write(claimed)
        claimed.complete()
    assert (tmp_path / "latest").is_symlink()
    assert run.model.read_text() == "new"
    assert names(tmp_path / "disk") == ["run"]


def test_the_old_run_stays_until_the_new_one_is_complete(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    for kept in ("run.replaced", "run.replaced-2"):
        with claim(run, numbered=False, overwrite=True) as claimed:
            write(claimed)  # and then it fails, or is interrupted
        assert claimed.left() == tmp_path / kept
    assert (tmp_path / "run.replaced" / "model.keras").read_text() == "old"
    assert is_written_by_dlcli(RunDirectory(tmp_path / "run.replaced"))


def test_what_somebody_puts_into_the_old_run_meanwhile_is_kept(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    with claim(run, numbered=False, overwrite=True) as claimed:
        write(claimed)
        assert claimed.replaced is not None
        (claimed.replaced / "notes.txt").write_text("x")
        claimed.complete()
    assert claimed.left() == tmp_path / "run.replaced"


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_what_fails_before_there_is_a_record_was_never_there(
    tmp_path: Path, overwrite: bool, error: type[BaseException]
) -> None:
    run = a_run(tmp_path / "run") if overwrite else RunDirectory(tmp_path / "run")
    with pytest.raises(error), claim(run, numbered=False, overwrite=overwrite):
        raise error
    assert names(tmp_path) == (["run"] if overwrite else [])
    assert not overwrite or (run.model.read_text() == "old" and not run.lock.exists())


LEFT = [[], [".lock"], [".0123456789ab.run.json"], [".lock", "checkpoints/", "evaluations/"]]


@pytest.mark.parametrize("left", LEFT, ids=str)
@pytest.mark.parametrize("overwrite", [False, True])
def test_what_a_killed_process_left_without_a_record_is_in_nobodys_way(
    tmp_path: Path, left: list[str], overwrite: bool
) -> None:
    run = RunDirectory(tmp_path / "run")
    run.path.mkdir()
    for name in left:
        (run.path / name).mkdir() if name.endswith("/") else (run.path / name).write_text("")
    assert is_vacant(run.path)
    chosen = choose("iris", run.path, overwrite=overwrite)
    with claim(chosen, numbered=False, overwrite=overwrite) as claimed:
        write(claimed)
    assert run.model.exists()


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_directory_that_is_being_written_is_busy(tmp_path: Path, overwrite: bool) -> None:
    run = RunDirectory(tmp_path / "run")
    with claim(run, numbered=False, overwrite=False) as claimed:
        with pytest.raises(RunError), claim(run, numbered=False, overwrite=overwrite):
            pass
        write(claimed)
        with pytest.raises(RunError) as error:
            choose("iris", run.path, overwrite=True)
        assert error.value.problems[0].rule == "run-busy"
        with pytest.raises(RunError, match="another process"), exclusive(run):
            pass
    with exclusive(run):
        pass
    assert not run.lock.exists()


def test_only_one_of_many_that_overwrite_at_once_wins(tmp_path: Path) -> None:
    """And what is there in the end is the work of one alone."""
    run = a_run(tmp_path / "run")
    barrier, written, refusals = threading.Barrier(8), [], []

    def work(mark: str) -> None:
        barrier.wait()
        try:
            with claim(run, numbered=False, overwrite=True) as claimed:
                write(claimed, mark)
                claimed.complete()
                written.append(mark)
        except RunError as error:
            refusals.append(error.problems[0].rule)

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert written
    assert len(written) + len(refusals) == 8
    assert set(refusals) <= {"run-busy"}
    assert run.config.read_text() == run.model.read_text() == written[-1]
    assert names(tmp_path) == ["run"]


CLAIM = """
import sys
from dlcli.runs.claiming import claim
from dlcli.runs.layout import RunDirectory
from pathlib import Path
with claim(RunDirectory(Path(sys.argv[1])), numbered=False, overwrite=False) as claimed:
    print("mine", flush=True)
    sys.stdin.read()
"""


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    with subprocess.Popen([sys.executable, "-c", CLAIM, run.path], stdin=-1, stdout=-1) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"mine\n"
        with pytest.raises(RunError, match="another process"):
            choose("iris", run.path, overwrite=False)
        other.kill()
    with claim(choose("iris", run.path, overwrite=False), numbered=False, overwrite=False) as claimed:
        write(claimed)


def test_where_there_are_no_locks_the_directory_keeps_others_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(*_: object, **__: object) -> bool:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(FileLock, "acquire", unable)
    run = RunDirectory(tmp_path / "run")
    with claim(run, numbered=False, overwrite=False) as claimed:
        write(claimed)
        with pytest.raises(RunError, match="exists already"), claim(run, numbered=False, overwrite=False):
            pass


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(RunError, match="is a file"):
        choose("iris", tmp_path / "run", overwrite=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(RunError, match="cannot write"):
        choose("iris", tmp_path / "run", overwrite=False)


@pytest.mark.parametrize("place", ["/proc/nowhere/run", "x" * 300, "a\0b"])
def test_a_place_that_is_no_place(place: str) -> None:
    with pytest.raises(RunError, match="cannot"):
        choose("iris", Path(place), overwrite=False)


def test_a_record_that_is_not_a_mapping_of_lists(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", writes={"code/mine.py": 1})
    assert foreign_files(run) == ["checkpoints/03.keras", "code/mine.py"]
    run.record.write_text(json.dumps({**RECORD, "writes": [1, None, "code/*.py"]}))
    assert foreign_files(run) == ["checkpoints/03.keras"]


def test_what_only_looks_like_a_number_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (
        "iris-²",
        "iris-٣",
        "iris-002",
        "iris-old",
        "iris-2024-01-31",
        "iris--7",
        "irises-009",
        "iris-" + "9" * 200,
    ):
        (tmp_path / "runs" / name).mkdir(parents=True)
    assert choose("iris", None, overwrite=False).path.name == "iris-003"
    (tmp_path / "runs" / "a[b]-004").mkdir()
    assert choose("a[b]", None, overwrite=False).path.name == "a[b]-005"


@pytest.mark.parametrize("pattern", ["*", "**", "?*/**", "[a-z]*", "/**", "[!x]*.doc"])
def test_a_record_that_claims_everything_is_not_believed(tmp_path: Path, pattern: str) -> None:
    run = a_run(tmp_path / "run", writes=["code/mine.py", "checkpoints/*.keras", "logs[[]1]/**", pattern])
    for name in ("thesis.doc", "papers/one.doc", "logs[1]/events"):
        (run.path / name).parent.mkdir(exist_ok=True)
        (run.path / name).write_text("years of work")
    assert foreign_files(run) == ["papers/one.doc", "thesis.doc"]


@pytest.mark.parametrize(
    ("number", "new", "there"),
    [
        (errno.ENOSPC, "make room on that disk, or choose another --run-dir", "make room on that disk"),
        (errno.EROFS, "choose another --run-dir", "look at its permissions"),
    ],
)
def test_what_the_system_refuses_is_told_with_a_way_out_that_there_is(
    number: int, new: str, there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    run = RunDirectory(tmp_path / "run")
    monkeypatch.setattr(RunLock, "take", refuse)
    with pytest.raises(RunError, match="cannot create") as fault, claim(run, numbered=False, overwrite=False):
        pass
    assert fault.value.problems[0].hint == new
    with pytest.raises(RunError, match="cannot write into") as fault, exclusive(run):
        pass
    assert fault.value.problems[0].hint == there
