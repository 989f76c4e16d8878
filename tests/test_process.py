"""The end of the program's process: at once, and nothing of a usual end is left out."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlcli.backend.startup import _without_collecting

pytestmark = pytest.mark.tensorflow

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


LOG = """
import keras
file = None
class Log(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        global file
        file = file or open("log.txt", "w")
        file.write(f"epoch {epoch}")
"""

LOGGED = """
data: {train: t.csv, target: y}
code: [log.py]
model: {layers: [{Dense: {units: 1}}]}
fit: {epochs: 2}
callbacks: [Log]
"""


def test_what_the_user_s_code_has_left_open_is_flushed(tmp_path: Path) -> None:
    """It runs when most objects are frozen, and is looked for among the others."""
    (tmp_path / "log.py").write_text(LOG)
    (tmp_path / "job.yaml").write_text(LOGGED)
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{i},{i}.5\n" for i in range(8)))
    done = run("train", "job.yaml", directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "log.txt").read_text() == "epoch 0epoch 1"


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


@pytest.fixture
def collector() -> Iterator[None]:
    """The garbage collector is as it was afterwards."""
    frozen = gc.get_freeze_count()
    gc.unfreeze()
    yield
    gc.enable()
    if frozen:
        gc.freeze()


@pytest.mark.usefixtures("collector")
def test_imports_collect_no_garbage_and_the_collector_is_as_it_was() -> None:
    with _without_collecting():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert not gc.get_freeze_count()  # this process is another's
    gc.disable()
    with _without_collecting():
        pass
    assert not gc.isenabled()


@pytest.mark.usefixtures("collector")
def test_the_program_keeps_what_it_imports() -> None:
    gc.freeze()
    with _without_collecting():
        kept: list[int] = []
    assert not any(each is kept for each in gc.get_objects()), "what is frozen is not looked at"


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
