"""The user's Python files are parsed and never run."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlcli.config.validation.source_code import CodeName, code_names

SOURCE = """
import keras
raise SystemExit("this file was run")

@keras.saving.register_keras_serializable(package="mine")
class MyDense(keras.layers.Layer):
    def __init__(self, units, activation=None, *, bias, scale=1.0, **kwargs):
        super().__init__(**kwargs)

class Wider(MyDense):
    pass

class Bare(keras.layers.Layer):
    def call(self, x):
        return x

class _Private: ...

def my_loss(y_true, y_pred, /, weight=1):
    return 0

@decorate
def changed(a): ...

if True:
    def conditional(*, a): ...
else:
    try:
        class InTry:
            def __init__(self): ...
    except ImportError:
        async def in_handler(): ...
"""


def names_of(source: str, directory: Path) -> dict[str, CodeName]:
    file = directory / "mine.py"
    file.write_text(source)
    code = code_names([file])
    assert code.problems == ()
    return code.names


def test_classes_and_functions_with_their_arguments(tmp_path: Path) -> None:
    found = {
        name: (code.kind, code.arguments, code.required, code.extra)
        for name, code in names_of(SOURCE, tmp_path).items()
    }
    dense = ("class", ("units", "activation", "bias", "scale"), ("units", "bias"), True)
    assert found == {
        "MyDense": dense,
        "Wider": dense,
        "Bare": ("class", (), (), True),
        "my_loss": ("function", ("y_true", "y_pred", "weight"), ("y_true", "y_pred"), False),
        "changed": ("function", ("a",), (), True),
        "conditional": ("function", ("a",), ("a",), False),
        "InTry": ("class", (), (), False),
        "in_handler": ("function", (), (), False),
    }


def test_a_definition_has_its_place(tmp_path: Path) -> None:
    code = names_of("x = 1\n\ndef f(): ...\n", tmp_path)["f"]
    assert (code.file, code.line) == (tmp_path / "mine.py", 3)


def test_bases_in_a_circle_end(tmp_path: Path) -> None:
    assert names_of("class A(B): ...\nclass B(A): ...\n", tmp_path)["A"].extra


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"def f(:\n", 1), (b"x = 1\nif x:\ny\n", 3), (b"x = '\xff'", 1), (b"a\0b", None), (b"(" * 100_000, None)],
)
def test_files_that_are_no_python(content: bytes, line: int | None, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_bytes(content)
    (problem,) = code_names([file]).problems
    assert (problem.file, problem.rule) == (file, "user-code")
    assert line is None or problem.line == line


def test_missing_files(tmp_path: Path) -> None:
    (problem,) = code_names([tmp_path / "no.py"]).problems
    assert "No such file" in problem.message


def test_one_bad_file_does_not_hide_another_nor_the_good(tmp_path: Path) -> None:
    for name, source in {"a": "def f(): ...", "b": "def (", "c": "def f(): ...\nx ="}.items():
        (tmp_path / f"{name}.py").write_text(source)
    code = code_names([tmp_path / f"{name}.py" for name in "abc"])
    assert set(code.names) == {"f"}
    assert [problem.file for problem in code.problems] == [tmp_path / "b.py", tmp_path / "c.py"]


def test_a_name_in_two_files_is_a_problem(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.py").write_text("\ndef f(): ...\n")
    (problem,) = code_names([tmp_path / "a.py", tmp_path / "b.py", tmp_path / "a.py"]).problems
    assert (problem.file, problem.line, problem.rule) == (tmp_path / "b.py", 2, "duplicate-name")
    assert "a.py, line 2" in problem.message
