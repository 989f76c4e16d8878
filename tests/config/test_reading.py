"""Reading: the values people mean, the place of each, and every kind of file that is no config."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from dlcli.config.document import composer as composing
from dlcli.config.document.composer import MAX_DEPTH, MAX_NODES
from dlcli.config.document.document import Document
from dlcli.config.document.reader import MAX_BYTES, compose, read
from dlcli.config.document.scalars import WrittenInteger
from dlcli.errors import ConfigError, Problem


def value_of(text: str) -> Any:
    return compose(text, source=None).require().value


def problems_of(text: str) -> tuple[Problem, ...]:
    try:
        return compose(text, source="config.yaml").problems
    except ConfigError as error:
        return error.problems


def read_problem(file: Path) -> Problem:
    with pytest.raises(ConfigError) as raised:
        read(file)
    (problem,) = raised.value.problems
    assert problem.file == file
    return problem


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 1e5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0.0", -0.0),
        ("+7", 7),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2020-01-01", "2020-01-01"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("off", "off"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("=", "="),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ('!!int "3"', 3),
        ("!!float 3", 3.0),
        ("!!bool true", True),
        ("!!null ''", None),
        ("! 3", "3"),
        ("!!seq [1]", [1]),
        ("!!map {a: 1}", {"a": 1}),
    ],
)
def test_words_mean_what_yaml_1_2_says(word: str, value: Any) -> None:
    found = value_of(f"a: {word}")["a"]
    assert found == value
    assert (int(found) if isinstance(found, WrittenInteger) else found).__class__ is type(value)


def test_not_a_number() -> None:
    assert math.isnan(value_of("a: .nan")["a"])


def test_keys_are_their_text() -> None:
    assert value_of("{0: a, 1.50: b, true: c, no: d, null: e, '': f}") == {
        "0": "a",
        "1.50": "b",
        "true": "c",
        "no": "d",
        "null": "e",
        "": "f",
    }


def test_every_value_has_its_place() -> None:
    text = "model:\n  layers:\n    - Dense: {units: 8,\n              activation: relu}\n    - Flatten\nseed: 1\n"
    positions = compose(text, source="x").positions
    assert {path: (place.line, place.column) for path, place in positions.items()} == {
        (): (1, 1),
        ("model",): (1, 1),
        ("model", "layers"): (2, 3),
        ("model", "layers", 0): (3, 7),
        ("model", "layers", 0, "Dense"): (3, 7),
        ("model", "layers", 0, "Dense", "units"): (3, 15),
        ("model", "layers", 0, "Dense", "activation"): (4, 15),
        ("model", "layers", 1): (5, 7),
        ("seed",): (6, 1),
    }


def test_the_nearest_known_place_stands_for_what_is_not_written() -> None:
    document = compose("a:\n  b: {0: x}", source="x")
    for path, line in {("a", "c"): 1, ("a", "b", "d", 3): 2, ("z",): 1, ("a", "b", 0): 2}.items():
        position = document.position(path)
        assert position is not None
        assert position.line == line
    assert Document({}).position(("a",)) is None


def test_anchors_and_merge_keys() -> None:
    text = "base: &base {a: 1, b: 2}\nother: &other {b: 5, c: 6}\nx: {<<: *base, b: 3}\ny: {b: 4, <<: [*base, *other]}"
    value = value_of(text)
    assert value["x"] == {"a": 1, "b": 3}
    assert value["y"] == {"a": 1, "b": 4, "c": 6}
    value["base"]["a"] = "changed"
    assert value["x"]["a"] == 1


def test_aliases_are_copies_with_the_place_of_what_they_stand_for() -> None:
    document = compose("a: &a\n  units: 3\nb: *a\n", source="x")
    assert document.value["b"] == {"units": 3}
    assert document.value["b"] is not document.value["a"]
    assert document.positions["b", "units"].line == 2


def test_a_quoted_merge_key_is_a_key() -> None:
    assert value_of('"<<": 1') == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "rule", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3", "duplicate-key", 3, 1),
        ("a: {0: 1, '0': 2}", "duplicate-key", 1, 11),
        ("a: !!python/object/apply:os.system [ls]", "yaml-tag", 1, 4),
        ("a: !!python/name:os.system x", "yaml-tag", 1, 4),
        ("a: !mine {b: 1}", "yaml-tag", 1, 4),
        ("a: !!timestamp 2020-01-01", "yaml-tag", 1, 4),
        ("a: !!set {b}", "yaml-tag", 1, 4),
        ("a: !!int many", "yaml-tag", 1, 4),
        ("a: !!int true", "yaml-tag", 1, 4),
        ("a: &a [*a]", "yaml-alias", 1, 8),
        ("a: &a {b: {c: *a}}", "yaml-alias", 1, 15),
        ("a: *b", "yaml-alias", 1, 4),
        ("a: {<<: 3}", "yaml-key", 1, 9),
        ("a: {{ x }}", "yaml-key", 1, 5),
        ("? [a]\n: 1", "yaml-key", 1, 3),
        ("a: 1\n?\n: 1", "yaml-key", 2, 2),
        ("a: 1\n---\nb: 1", "several-documents", 2, 1),
        ("a: " + "9" * 5000, "wrong-value", 1, 4),
    ],
)
def test_faults_that_leave_the_rest_readable(text: str, rule: str, line: int, column: int) -> None:
    document = compose(text, source="config.yaml")
    assert [(problem.rule, problem.line, problem.column) for problem in document.problems] == [(rule, line, column)]
    assert isinstance(document.value, dict)


def test_all_of_them_are_reported() -> None:
    problems = problems_of("a: 1\na: 2\nb: !x 1\nc: {d: 1, d: 2, d: 3}\ne: *f\n")
    assert [(problem.line, problem.rule) for problem in problems] == [
        (2, "duplicate-key"),
        (3, "yaml-tag"),
        (4, "duplicate-key"),
        (4, "duplicate-key"),
        (5, "yaml-alias"),
    ]


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("a:\n\tb: 1", "tab-indentation", 2),
        ("a:\n  b: 1\n \tc: 1", "tab-indentation", 3),
        ("a: 1\nb\nc: 2", "yaml-syntax", 2),
        ("a: [1, 2\nb: 3", "yaml-syntax", 1),
        ("a: {x: 1\nb: 3", "yaml-syntax", 1),
        ("a: 'x\nb: 3", "yaml-syntax", 1),
        ('a: "x\nb: 3', "yaml-syntax", 1),
        ("a: *.csv", "yaml-syntax", 1),
        ("a: b: c", "yaml-syntax", 1),
        ("a: - b", "yaml-syntax", 1),
        ("a:\n  - x\n - y", "yaml-syntax", 3),
        ("a:\n  b: 1\n c: 2", "yaml-syntax", 3),
        ('a: "C:\\dir"', "yaml-syntax", 1),
        ("a: @x", "yaml-syntax", 1),
        ("a: 'it's'", "yaml-syntax", 1),
        ("a: [1,,2]", "yaml-syntax", 1),
        ("a: !x!y 1", "yaml-syntax", 1),
        ("a: 1\nb: \x07", "yaml-syntax", 2),
        ("a:\n  - Flatten\n    name: flat", "yaml-syntax", 2),
    ],
)
@pytest.mark.parametrize("loader", [getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader])
def test_syntax_errors(text: str, rule: str, line: int, loader: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "_LOADER", loader)
    (problem,) = problems_of(text)
    assert (problem.rule, problem.line) == (rule, line)
    assert problem.column is not None
    assert "this is not YAML" not in problem.message  # the parser's own words are for its authors


@pytest.mark.parametrize("loader", [getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader])
@pytest.mark.parametrize(
    "text",
    [
        "layers:\n  - Dense\n  - Flatten\n    name: flat",
        "layers:\n  - Dense: {units: 3}\n  - Flatten  # (12, 4)\n\n    # takes both\n    inputs: [a]\n    name: b",
        "layers:\n- Dense\n- Flatten\n  name: flat\n- Dense",
    ],
)
def test_a_layer_without_a_colon_above_its_keys(text: str, loader: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "_LOADER", loader)
    (problem,) = problems_of(text)
    assert problem.line == 3
    assert "write `- Flatten:`" in problem.hint


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def bomb(width: int, levels: int) -> str:
    lines = [f"k0: &k0 [{', '.join(['x'] * width)}]"]
    lines += [f"k{i}: &k{i} [{', '.join([f'*k{i - 1}'] * width)}]" for i in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        nested(MAX_DEPTH + 1),
        "[" * 500_000,
        "- " * 300_000,
        "{a: " * 100_000,
        bomb(9, 20),
        bomb(9, 4) + "\nm: {" + ", ".join(f"a{i}: *k3" for i in range(20)) + "}",
        "\n".join(["a0: &a0 {k: 1}"] + [f"a{i}: &a{i} {{x: *a{i - 1}}}" for i in range(1, 80)]),
    ],
)
@pytest.mark.parametrize("loader", [getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader])
def test_limits(text: str, loader: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "_LOADER", loader)
    (problem,) = problems_of(text)
    assert problem.rule == "config-limit"
    assert problem.line is not None


@pytest.mark.parametrize("loader", [getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader])
def test_the_limit_of_nodes(loader: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "_LOADER", loader)
    if loader is yaml.SafeLoader:
        monkeypatch.setattr(composing, "MAX_NODES", 1000)  # a hundred times as slow as the other
    (problem,) = problems_of("a: [" + "1," * composing.MAX_NODES + "]")
    assert problem.rule == "config-limit"
    assert problem.line is not None


def test_just_within_the_limits() -> None:
    assert problems_of(nested(MAX_DEPTH)) == ()
    assert len(value_of("[" + ",".join("1" * (MAX_NODES - 1)) + "]")) == MAX_NODES - 1


def test_a_large_file_is_refused_by_its_size(tmp_path: Path) -> None:
    file = tmp_path / "data.yaml"
    with file.open("wb") as stream:
        stream.truncate(100 * 2**20)  # sparse: nothing is written, and nothing may be read
    problem = read_problem(file)
    assert problem.rule == "config-limit"
    assert "100.0 MiB" in problem.message


def test_a_file_of_the_greatest_size(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("a: 1\n#".ljust(MAX_BYTES, "x"))
    assert read(file).value == {"a": 1}
    file.write_text("a: 1\n#".ljust(MAX_BYTES + 1, "x"))
    assert read_problem(file).rule == "config-limit"


def test_an_endless_file(tmp_path: Path) -> None:
    assert "more than 1 MiB" in read_problem(Path("/dev/zero")).message


@pytest.mark.parametrize(
    ("content", "rule", "line", "column"),
    [
        (b"", "empty-config", 1, None),
        (b"# nothing\n", "empty-config", 1, None),
        (b"{}", "empty-config", 1, None),
        (b"null", "empty-config", 1, None),
        (b"\n- a\n- b\n", "wrong-value", 2, 1),
        (b"data", "wrong-value", 1, 1),
        (b"data:x", "wrong-value", 1, 1),
        (b"a: 1\nb: \xe9\n", "wrong-encoding", 2, 4),
        ("é: ".encode() + b"\xff", "wrong-encoding", 1, 4),
        (b"PK\x03\x04\x00\x00", "binary-file", None, None),
        ("a: 1".encode("utf-16"), "wrong-encoding", None, None),
    ],
)
def test_files_that_are_no_config(
    content: bytes, rule: str, line: int | None, column: int | None, tmp_path: Path
) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(content)
    problem = read_problem(file)
    assert (problem.rule, problem.line, problem.column) == (rule, line, column)


def test_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes("\ufeffa: 1\r\nb:\r\n  c: é\r\n".encode())
    document = read(file)
    assert document.value == {"a": 1, "b": {"c": "é"}}
    assert document.positions["a",].column == 1
    assert document.positions["b", "c"].line == 3


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "iris.yaml").write_text("a: 1")
    assert read_problem(tmp_path / "iriss.yaml").hint == "did you mean 'iris.yaml'?"
    assert read_problem(tmp_path / "iris.yml").hint == "did you mean 'iris.yaml'?"
    assert read_problem(tmp_path / "iris").hint == "did you mean 'iris.yaml'?"
    assert str(tmp_path / "no") in read_problem(tmp_path / "no" / "iris.yaml").hint


def test_a_directory(tmp_path: Path) -> None:
    (tmp_path / "iris.yaml").write_text("a: 1")
    problem = read_problem(tmp_path)
    assert "directory" in problem.message
    assert "iris.yaml" in problem.hint


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    assert read_problem(loop).rule == "unreadable-file"
    assert read_problem(tmp_path / ("x" * 300)).rule == "unreadable-file"
    assert read_problem(Path("a\0b")).rule == "unreadable-file"
    (tmp_path / "file").write_text("a: 1")
    assert read_problem(tmp_path / "file" / "config.yaml").rule == "unreadable-file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("a: 1")
    file.chmod(0)
    assert read_problem(file).rule == "unreadable-file"
