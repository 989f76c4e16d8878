"""The end of the program's process: at once, and nothing of a usual end is left out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import atexit, sys, threading
class Dismantled:
    def __del__(self):
        sys.__stderr__.write("dismantled\\n")
kept = Dismantled()
def leave_open():
    global log
    log = open("left-open.txt", "w")
    log.write("all of it")
def work():
    threading.main_thread().join()
    print("thread done")
threading.Thread(target=work).start()
atexit.register(leave_open)
atexit.register(print, "atexit done")
from dlcli.__main__ import program
program()
"""


def run(*arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["train"], 2), (["check", "no.yaml"], 1)])
def test_threads_and_exit_functions_run_and_files_are_flushed(arguments: list[str], code: int, tmp_path: Path) -> None:
    done = run(*arguments, directory=tmp_path)
    assert done.returncode == code
    lines = done.stdout.splitlines()
    assert lines[-1] == "atexit done"
    assert "thread done" in lines
    assert "dismantled" not in done.stderr
    assert (tmp_path / "left-open.txt").read_text() == "all of it"


def test_a_closed_output_is_no_success(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") if Path("/dev/full").exists() else pytest.skip("needs /dev/full") as full:
        command = [sys.executable, "-c", PROGRAM, "--version"]
        done = subprocess.run(
            command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert done.returncode
    assert "No space left" in done.stderr


def test_the_module_is_the_program() -> None:
    done = subprocess.run([sys.executable, "-m", "dlcli", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("dlcli ")


COLLECTOR = """
import gc
from dlcli.backend.startup import _without_collecting
with _without_collecting():
    assert not gc.isenabled()
assert gc.isenabled()
assert not gc.get_freeze_count()  # this process is another's
gc.disable()
with _without_collecting():
    pass
assert not gc.isenabled()
gc.enable()
gc.freeze()
with _without_collecting():
    kept = []
assert not any(each is kept for each in gc.get_objects()), "what is frozen is not looked at"
"""


def test_imports_collect_no_garbage_and_the_collector_is_as_it_was() -> None:
    """And the program, which freezes what there is, keeps what it imports."""
    subprocess.run([sys.executable, "-c", COLLECTOR], check=True)


EARLY = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from dlcli.__main__ import program
program()
"""


def test_ctrl_c_before_there_is_a_command() -> None:
    command = [sys.executable, "-c", EARLY, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (75, "", "")
