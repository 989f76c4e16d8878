"""Inheritance: what merges, what replaces, where each value comes from, and chains that lead nowhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.document.document import Document
from dlcli.config.document.extends import MAX_BASES, extend, merge
from dlcli.config.document.reader import read
from dlcli.config.inspection.inspection import inspect
from dlcli.errors import Problem


def write(directory: Path, **files: str) -> None:
    for name, text in files.items():
        (directory / f"{name}.yaml").write_text(text)


def extended(file: Path) -> Document:
    return extend(read(file), directory=file.parent, file=file)


def only_problem(file: Path) -> Problem:
    document = extended(file)
    assert not document.complete
    (problem,) = document.problems
    return problem


def test_mappings_merge_lists_replace_and_the_child_wins(tmp_path: Path) -> None:
    write(
        tmp_path,
        base="seed: 1\nfit: {epochs: 5, validation_freq: 2}\ncallbacks: [A, B]\n",
        child="extends: base.yaml\nfit: {epochs: 7}\ncallbacks: [C]\nname: child\n",
    )
    document = extended(tmp_path / "child.yaml")
    assert document.value == {
        "seed": 1,
        "fit": {"epochs": 7, "validation_freq": 2},
        "callbacks": ["C"],
        "name": "child",
    }
    places = {path: (Path(str(place.file)).name, place.line) for path, place in document.positions.items() if path}
    assert places == {
        ("seed",): ("base.yaml", 1),
        ("fit",): ("child.yaml", 2),
        ("fit", "epochs"): ("child.yaml", 2),
        ("fit", "validation_freq"): ("base.yaml", 2),
        ("callbacks",): ("child.yaml", 3),
        ("callbacks", 0): ("child.yaml", 3),
        ("name",): ("child.yaml", 4),
    }


@pytest.mark.parametrize(
    ("base", "child", "merged"),
    [
        # Another component replaces; the same one merges its arguments.
        (
            {"compile": {"optimizer": {"SGD": {"momentum": 0.9}}}},
            {"compile": {"optimizer": {"Adam": {"beta_1": 0.8}}}},
            {"compile": {"optimizer": {"Adam": {"beta_1": 0.8}}}},
        ),
        (
            {"compile": {"optimizer": {"SGD": {"momentum": 0.9}}}},
            {"compile": {"optimizer": {"SGD": {"learning_rate": 1}}}},
            {"compile": {"optimizer": {"SGD": {"momentum": 0.9, "learning_rate": 1}}}},
        ),
        (
            {"compile": {"optimizer": {"adam": {"beta_1": 0.9}}}},
            {"compile": {"optimizer": {"SGD": None}}},
            {"compile": {"optimizer": {"SGD": None}}},
        ),
        (
            {"compile": {"optimizer": {"SGD": {"learning_rate": {"CosineDecay": {"alpha": 1}}}}}},
            {"compile": {"optimizer": {"SGD": {"learning_rate": {"ExponentialDecay": {}}}}}},
            {"compile": {"optimizer": {"SGD": {"learning_rate": {"ExponentialDecay": {}}}}}},
        ),
        # Outputs and classes are no components, whatever their names.
        (
            {"compile": {"loss": {"a": "mse"}}},
            {"compile": {"loss": {"b": "mae"}}},
            {"compile": {"loss": {"a": "mse", "b": "mae"}}},
        ),
        (
            {"fit": {"class_weight": {"No": 1}}},
            {"fit": {"class_weight": {"Yes": 2}}},
            {"fit": {"class_weight": {"No": 1, "Yes": 2}}},
        ),
        (
            {"data": {"features": {"Age": "number"}}},
            {"data": {"features": {"Sex": "category"}}},
            {"data": {"features": {"Age": "number", "Sex": "category"}}},
        ),
        # A feature of another type is another feature.
        (
            {"data": {"features": {"age": {"type": "number", "scale": "none"}}}},
            {"data": {"features": {"age": {"type": "category"}}}},
            {"data": {"features": {"age": {"type": "category"}}}},
        ),
        ({"fit": {"epochs": 1}}, {"fit": None}, {"fit": None}),
        ({"fit": [1]}, {"fit": {"a": 1}}, {"fit": {"a": 1}}),
    ],
)
def test_merging(base: Any, child: Any, merged: Any) -> None:
    assert merge(Document(base), Document(child)).value == merged


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)
MAPPINGS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@given(MAPPINGS)
def test_a_config_over_itself_or_over_nothing_is_itself(value: dict[str, Any]) -> None:
    document = Document(value)
    assert merge(document, document).value == value
    assert merge(Document({}), document).value == value
    assert merge(document, Document({})).value == value


@given(MAPPINGS, MAPPINGS, MAPPINGS)
def test_merging_keeps_every_key_and_the_last_word(a: dict[str, Any], b: dict[str, Any], c: dict[str, Any]) -> None:
    first, second, third = Document(a), Document(b), Document(c)
    # A list or value between two mappings cuts them apart, so only the last word is compared.
    assert merge(merge(first, second), third).value.keys() == merge(first, merge(second, third)).value.keys()
    assert all(merge(first, second).value[key] == value for key, value in b.items() if not isinstance(value, dict))


def test_of_several_bases_the_later_wins(tmp_path: Path) -> None:
    write(tmp_path, a="x: 1\ny: 1", b="y: 2\nz: 2", child="extends: [a.yaml, b.yaml]\nz: 3")
    assert extended(tmp_path / "child.yaml").value == {"x": 1, "y": 2, "z": 3}


def test_names_are_relative_to_the_file_that_says_them(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path, root="a: 1", child="extends: deep/middle.yaml")
    write(tmp_path / "deep", middle="extends: ../root.yaml\nb: 2")
    document = extended(tmp_path / "child.yaml")
    assert document.value == {"a": 1, "b": 2}
    assert document.positions["a",].file == tmp_path / "root.yaml"
    assert document.complete


def test_a_diamond_is_no_circle(tmp_path: Path) -> None:
    write(tmp_path, a="x: 1", b="extends: a.yaml", c="extends: a.yaml", d="extends: [b.yaml, c.yaml]")
    assert extended(tmp_path / "d.yaml").require().value == {"x": 1}


def test_circles_name_the_chain(tmp_path: Path) -> None:
    write(tmp_path, a="extends: b.yaml", b="x: 1\nextends: c.yaml", c="extends: ./a.yaml")
    problem = only_problem(tmp_path / "a.yaml")
    assert "a.yaml -> b.yaml -> c.yaml -> a.yaml" in problem.message
    assert (Path(str(problem.file)).name, problem.line, problem.rule) == ("c.yaml", 1, "extends")


def test_itself(tmp_path: Path) -> None:
    write(tmp_path, a="name: x\nextends: a.yaml")
    assert only_problem(tmp_path / "a.yaml").line == 2


def test_long_chains_and_many_bases_end(tmp_path: Path) -> None:
    for number in range(MAX_BASES + 2):
        write(tmp_path, **{f"f{number}": f"extends: [f{number + 1}.yaml, f{number + 1}.yaml]\nx: {number}"})
    write(tmp_path, **{f"f{MAX_BASES + 2}": "y: 1"})
    problems = extended(tmp_path / "f0.yaml").problems
    assert problems
    assert all("more than" in problem.message for problem in problems)


@pytest.mark.parametrize("name", ["3", "{a: b}", "''", "null", "https://example.org/base.yaml", "hf://x/y"])
def test_names_that_are_none(name: str, tmp_path: Path) -> None:
    write(tmp_path, child=f"name: x\nextends: {name}")
    problem = only_problem(tmp_path / "child.yaml")
    assert (problem.path, problem.line, problem.rule) == ("extends", 2, "extends")


def test_a_missing_base_is_mended_where_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, base="a: 1", child="name: x\nextends:\n  - base.yaml\n  - bse.yaml\n")
    document = extended(tmp_path / "child.yaml")
    (problem,) = document.problems
    assert (problem.file, problem.line) == (tmp_path / "child.yaml", 4)
    assert problem.hint == "did you mean 'base.yaml'?"
    assert document.value == {"a": 1, "name": "x"}


def test_faults_inside_a_base_are_mended_there(tmp_path: Path) -> None:
    write(tmp_path, base="a: 1\na: 2", broken="a: [", child="extends: [base.yaml, broken.yaml]\nb: 1\nb: 2")
    document = extended(tmp_path / "child.yaml")
    assert {(Path(str(problem.file)).name, problem.line, problem.rule) for problem in document.problems} == {
        ("base.yaml", 2, "duplicate-key"),
        ("broken.yaml", 1, "yaml-syntax"),
        ("child.yaml", 3, "duplicate-key"),
    }


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "base.yaml")
    os.mkfifo(tmp_path / "own.py")
    (tmp_path / "config.yaml").write_text("extends: base.yaml\ncode: [own.py]\n")
    found = {problem.path: problem for problem in inspect(tmp_path / "config.yaml").problems}
    assert "a pipe or a device" in found["extends"].message
    assert "a pipe or a device" in found["code[0]"].message
