"""Loading: every fault of a config at once, each with its place, in words for people.

`goldens/NAME.yaml` is a config with faults, `goldens/NAME.txt` what is said about it. After a change of words, run
with REFRESH_GOLDENS=1 and read the difference.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.document.writer import dump
from dlcli.config.inspection.inspection import Inspection, inspect, inspect_value
from dlcli.config.options.section import Section
from dlcli.config.schema import CompileConfig, Config, DataConfig, FitConfig, ModelConfig, RuntimeConfig
from dlcli.errors import ConfigError, Problem

GOLDENS = Path(__file__).parent / "goldens"
SMALL: dict[str, Any] = {"data": {"train": "a.csv", "target": "y"}, "model": {"layers": [{"Dense": {"units": 1}}]}}


def write(directory: Path, value: Any, name: str = "config.yaml") -> Path:
    file = directory / name
    file.write_text(value if isinstance(value, str) else dump(value))
    return file


@pytest.mark.parametrize("config", sorted(GOLDENS.glob("*.yaml")), ids=lambda config: config.stem)
def test_what_is_said(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDENS)
    inspection = inspect(config.name)
    with pytest.raises(ConfigError) as raised:
        inspection.require()
    assert raised.value.problems == inspection.problems
    said = "".join(f"{problem} [{problem.rule}]\n" for problem in inspection.problems).replace(str(GOLDENS), "GOLDENS")
    expected = config.with_suffix(".txt")
    if os.environ.get("REFRESH_GOLDENS"):
        expected.write_text(said)
    assert said == expected.read_text()
    assert all(problem.line is not None for problem in inspection.problems)


def test_six_mistakes_are_six_problems_each_with_its_line() -> None:
    problems = inspect(GOLDENS / "six_mistakes.yaml").problems
    assert [problem.line for problem in problems] == [6, 9, 12, 15, 17, 19]


def test_problems_are_in_the_order_of_the_file() -> None:
    for config in GOLDENS.glob("*.yaml"):
        places = [(problem.line or 0, problem.column or 0) for problem in inspect(config).problems]
        assert places == sorted(places)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no such file"),
        (b"\xff\xfea\0", "UTF-16"),
        (b"\x89PNG\0", "binary"),
        (b"data:\n  train: caf\xe9.csv\n", "not UTF-8: byte 0xE9 at offset 18"),
        (b"#" * (2**20 + 1), "1.0 MiB"),
    ],
)
def test_files_that_are_no_config(content: bytes | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    if content is not None:
        file.write_bytes(content)
    inspection = inspect(file)
    (problem,) = inspection.problems
    assert words in problem.message
    assert problem.file == file
    assert inspection.config is None


def test_a_valid_config_has_its_defaults_and_absolute_paths(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "layers.py").write_text("class Mine: ...\n")
    value = SMALL | {
        "data": {
            "train": ["../data/a.csv", "~/b.csv", "/c/*.csv"],
            "test": "t-*.csv",
            "validation": 0.2,
            "target": "y",
        },
        "code": ["../layers.py"],
        "model": {"layers": ["Mine", {"Dense": {"units": 1}}]},
    }
    config = inspect(write(tmp_path / "configs", value, "my config (1).yaml")).require()
    assert config.name == "my-config-1"
    assert config.data.train == [str(tmp_path / "data/a.csv"), str(Path.home() / "b.csv"), "/c/*.csv"]
    assert config.data.test == [str(tmp_path / "configs/t-*.csv")]
    assert config.data.validation == 0.2
    assert config.code == [str(tmp_path / "layers.py")]
    assert config.fit == FitConfig()
    assert config.compile == CompileConfig()


def test_paths_are_relative_to_the_file_in_which_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "bases").mkdir()
    write(tmp_path / "bases", {"data": {"train": "a.csv", "test": "b.csv", "target": "y"}}, "base.yaml")
    child = write(tmp_path, {"extends": "bases/base.yaml", "data": {"test": "c.csv"}, "model": SMALL["model"]})
    data = inspect(child, ["data.validation=d.csv"]).require().data
    assert (data.train, data.test, data.validation) == (
        [str(tmp_path / "bases/a.csv")],
        [str(tmp_path / "c.csv")],
        [str(tmp_path / "d.csv")],
    )


def test_a_directory_that_looks_like_a_glob(tmp_path: Path) -> None:
    directory = tmp_path / "runs [1]"
    directory.mkdir()
    (directory / "a.csv").write_text("y\n1\n")
    train = inspect(write(directory, SMALL | {"data": {"train": "*.csv", "target": "y"}})).require().data.train
    assert isinstance(train, list)
    assert list(Path("/").glob(train[0].lstrip("/"))) == [directory / "a.csv"]


def test_sections_with_nothing_in_them_are_the_defaults(tmp_path: Path) -> None:
    text = "data: {train: a.csv, target: y}\nmodel: {layers: [{Dense: {units: 1}}]}\nfit:\ncallbacks:\nname:\n"
    config = inspect(write(tmp_path, text)).require()
    assert (config.fit, config.callbacks, config.name) == (FitConfig(), [], "config")


def test_one_bad_section_does_not_hide_another(tmp_path: Path) -> None:
    inspection = inspect(write(tmp_path, SMALL | {"data": 3, "fit": {"epochs": 0}}))
    assert {problem.path for problem in inspection.problems} == {"data", "fit.epochs"}
    assert isinstance(inspection.sections["model"], ModelConfig)
    assert isinstance(inspection.sections["runtime"], RuntimeConfig)
    assert "data" not in inspection.sections
    assert inspection.sections["fit"].epochs == 10  # what is left of it, for the faults that it shows with others
    assert inspection.config is None


def test_valid_sections_have_absolute_paths_even_when_others_are_bad(tmp_path: Path) -> None:
    data = inspect(write(tmp_path, SMALL | {"seed": -1})).sections["data"]
    assert isinstance(data, DataConfig)
    assert data.train == [str(tmp_path / "a.csv")]


def test_problems_of_overrides_and_bases_name_them(tmp_path: Path) -> None:
    write(tmp_path, {"fit": {"epochs": 0}, "seed": 1}, "base.yaml")
    child = write(tmp_path, {"extends": "base.yaml", **SMALL, "lint": {"ignore": 3}})
    problems = inspect(child, ["runtime.threads=none", "runtime.x"]).problems
    assert [problem.place for problem in problems] == [
        f"{child}:10:3",
        "--set runtime.threads=none",
        "--set runtime.x",
        f"{tmp_path / 'base.yaml'}:2:3",
    ]


def test_nothing_is_missing_when_a_base_is(tmp_path: Path) -> None:
    problems = inspect(write(tmp_path, {"extends": "base.yaml", "fit": {"epochs": 0}})).problems
    assert [problem.path for problem in problems] == ["extends", "fit.epochs"]


def test_names_may_come_from_code_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("class (")
    value = SMALL | {"code": ["mine.py"], "model": {"layers": ["Xyzzy", {"Dence": {"units": 1}}]}}
    problems = inspect(write(tmp_path, value)).problems
    assert {problem.rule for problem in problems} == {"user-code", "unknown-component"}
    assert not any("Xyzzy" in problem.message for problem in problems)


def test_locating_a_problem_that_is_found_later(tmp_path: Path) -> None:
    file = write(tmp_path, "seed: 1\ndata:\n  target: y\n  train: a.csv\nmodel: {layers: [{Dense: {units: 1}}]}\n")
    inspection = inspect(file, ["fit.epochs=2"])
    places = {
        "data.target": f"{file}:3:3",
        "data.features.x": f"{file}:2:1",
        "model.layers[0].Dense.activation": f"{file}:5:19",
        "compile.loss": f"{file}:1:1",
        "fit.epochs": "--set fit.epochs=2",
        "": f"{file}:1",
        "not a path": f"{file}:1",
    }
    assert {path: inspection.locate(Problem("x", path=path)).place for path in places} == places
    elsewhere = Problem("x", path="data.target", file=Path("a.csv"), line=7)
    assert inspection.locate(elsewhere) == elsewhere


def test_configs_as_mappings(tmp_path: Path) -> None:
    value = {"data": {"train": tmp_path / "a.csv", "target": ("y",)}, "model": {"layers": ({"Dense": {"units": 1}},)}}
    inspection = inspect_value(value, tmp_path, {"data.test": "b.csv", "fit.class_weight": {0: 1, 1: 5}})
    config = inspection.require()
    assert inspection.file is None
    assert config.name == "run"
    assert (config.data.train, config.data.test) == ([str(tmp_path / "a.csv")], [str(tmp_path / "b.csv")])
    assert config.fit.class_weight == {"0": 1, "1": 5}


@pytest.mark.parametrize("value", [[], 3, {"data": object()}, {"data": {(): 1}}, {"name": "\ud800"}])
def test_mappings_that_are_no_config(value: Any, tmp_path: Path) -> None:
    assert inspect_value(value, tmp_path).problems


def test_mappings_that_hold_themselves(tmp_path: Path) -> None:
    value: dict[str, Any] = {}
    value["data"] = value
    (problem,) = inspect_value(value, tmp_path).problems
    assert problem.rule == "config-limit"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["Dense", "number", "adam", "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Dense", "units", "type", "layers", "name", "inputs", "for", "columns", "scale", "encode", "x", ""]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)
SECTIONS: dict[str, type[Section]] = {
    "data": DataConfig,
    "model": ModelConfig,
    "compile": CompileConfig,
    "fit": FitConfig,
    "runtime": RuntimeConfig,
}


@st.composite
def near_configs(draw: st.DrawFn) -> dict[str, Any]:
    """Mappings with the right keys and anything below them."""
    names = draw(st.lists(st.sampled_from([*SECTIONS, "name", "seed", "callbacks", "code", "lint"]), max_size=4))
    value = dict(SMALL)
    for name in names:
        section = SECTIONS.get(name)
        keys = [field.alias or key for key, field in section.model_fields.items()] if section is not None else []
        value[name] = draw(JUNK | st.dictionaries(st.sampled_from(keys), JUNK, max_size=3) if keys else JUNK)
    return value


@given(near_configs())
def test_whatever_is_written_is_a_config_or_problems(value: dict[str, Any]) -> None:
    inspection: Inspection = inspect_value(value, ".")
    assert (inspection.config is None) == bool(inspection.problems)
    for problem in inspection.problems:
        assert problem.message
        assert "Input should" not in str(problem)
        assert "tagged-union" not in problem.path
    if inspection.config is not None:
        again = inspect_value(inspection.config.notation(), ".").require()
        assert again.notation() == inspection.config.notation()


def test_a_config_is_read_again_as_it_is_written(tmp_path: Path) -> None:
    text = """
        name: iris
        data:
          train: iris.csv
          validation: 0.2
          split: {group: patient}
          target: {species: {type: category, classes: [0, 1]}}
          features: {a: number, b: {type: category, encode: {embedding: 8}}, 3: }
          batch_size: full
        model:
          layers:
            - {Dense: {units: 64, kernel_regularizer: {L2: {l2: 1e-4}}}, name: x, inputs: [a, b], repeat: 2}
            - {Dense: {}, for: {units: [3, 2]}}
            - Flatten
        compile: {loss: {x: mse, y: {Huber: {delta: 2}}}, metrics: {x: [mae], y: accuracy}}
        fit: {class_weight: {0: 1, 1: 2.5}}
        """
    config = Config(**inspect(write(tmp_path, text)).sections)
    written = write(tmp_path, config.notation(), "again.yaml")
    assert Config(**inspect(written).sections) == config


def test_checking_imports_nothing_heavy() -> None:
    program = (
        "import sys; from dlcli.config.inspection.inspection import inspect; inspect('x.yaml');"
        "print([name for name in ('tensorflow', 'keras', 'pandas', 'numpy', 'pyarrow') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("key", ["layers", "block", "shared"])
def test_an_item_whose_only_key_says_nothing_is_no_layer(key: str) -> None:
    (problem,) = inspect_value(
        {"data": {"train": "a.csv", "target": "y"}, "model": {"layers": [{key: None}]}}, "."
    ).problems
    assert (problem.path, problem.rule) == ("model.layers[0]", "notation")
    assert "this holds none" in problem.message
