"""The user's own files: what they define, and how their faults are told."""

from __future__ import annotations

import importlib.util
import inspect
import py_compile
import sys
from pathlib import Path

import pytest

from dlcli.errors import ConfigError
from dlcli.model.code import load_code


def write(directory: Path, name: str, text: str) -> Path:
    file = directory / name
    file.write_text(text)
    return file


def test_public_classes_and_functions_of_the_file_itself(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "mine.py",
        "from pathlib import Path\nfrom os.path import join\nRATE = 3\n_hidden = 1\n"
        "class Scale:\n    pass\ndef loss(y, p):\n    return RATE\ndef _private():\n    pass\n",
    )
    found = load_code([file])
    assert sorted(found) == ["Scale", "loss"]
    assert inspect.isclass(found["Scale"])
    assert found["Scale"].__module__ == "dlcli_code_mine"
    assert str(tmp_path) not in sys.path


def test_no_files_are_no_names() -> None:
    assert load_code([]) == {}


def test_a_file_may_import_its_neighbour(tmp_path: Path) -> None:
    write(tmp_path, "neighbour_of_mine.py", "VALUE = 41\n")
    file = write(
        tmp_path, "mine.py", "import neighbour_of_mine\ndef value():\n    return neighbour_of_mine.VALUE + 1\n"
    )
    try:
        value = load_code([file])["value"]
        assert callable(value)
        assert value() == 42
        assert str(tmp_path) not in sys.path
    finally:
        sys.meta_path.pop()


def test_bytecode_of_another_text_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    text = "import friend_of_mine\ndef value():\n    return friend_of_mine.VALUE\n"
    for name, good, bad in (
        ("mine.py", text, "raise SystemExit\n"),
        ("friend_of_mine.py", "VALUE = 1\n", "VALUE = 2\n"),
    ):
        write(tmp_path, name, good)
        other = write(tmp_path, "other.py", bad)
        cached = Path(importlib.util.cache_from_source(str(tmp_path / name)))
        py_compile.compile(str(other), str(cached), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        other.unlink()
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.pyc")}
    value = load_code([tmp_path / "mine.py"])["value"]
    assert callable(value)
    assert value() == 1
    assert {file: file.read_bytes() for file in tmp_path.rglob("*.pyc")} == before
    sys.modules.pop("friend_of_mine")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = write(tmp_path, "mine.py", "def value():\n    return 1\n")
    load_code([file])
    write(tmp_path, "mine.py", "def value():\n    return 'two, and longer'\n")
    value = load_code([file])["value"]
    assert callable(value)
    assert value() == "two, and longer"


FAULTS = {
    "raises": ("x = 1\n\nraise RuntimeError('bad\\nday')\n", 3, "RuntimeError: bad day"),
    "in a function": ("def f():\n    return 1 / 0\n\nf()\n", 2, "ZeroDivisionError"),
    "syntax": ("x = 1\ndef f(:\n", 2, "SyntaxError"),
    "import": ("import no_such_module_anywhere\n", 1, "no_such_module_anywhere"),
    "exit": ("import sys\nsys.exit(3)\n", 2, "SystemExit"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_has_the_users_own_line(case: str, tmp_path: Path) -> None:
    text, line, message = FAULTS[case]
    good = write(tmp_path, "good.py", "def f():\n    pass\n")
    file = write(tmp_path, "bad.py", text)
    with pytest.raises(ConfigError) as raised:
        load_code([good, file])
    (problem,) = raised.value.problems
    assert (problem.path, problem.file, problem.line) == ("code[1]", file, line)
    assert message in problem.message
    assert "dlcli_code_bad" not in sys.modules


def test_all_faults_at_once(tmp_path: Path) -> None:
    first = write(tmp_path, "first.py", "def f():\n    pass\n")
    again = write(tmp_path, "again.py", "def f():\n    pass\n")
    text = write(tmp_path, "notes.txt", "hello")
    with pytest.raises(ConfigError) as raised:
        load_code([first, again, tmp_path / "none.py", tmp_path, text])
    assert [(problem.path, problem.rule) for problem in raised.value.problems] == [
        ("code[1]", "duplicate-name"),
        ("code[2]", "user-code"),
        ("code[3]", "user-code"),
        ("code[4]", "user-code"),
    ]
