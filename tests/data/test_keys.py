"""The names of cached arrays: everything that decides what is in them changes the name, nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import dlcli
from dlcli.config.options.types import paths
from dlcli.config.schema import DataConfig
from dlcli.data import sources
from dlcli.data.cache.known_files import KnownFile
from dlcli.data.samples import keys
from dlcli.data.samples.keys import content_key, encoding_key, program_key, recipe_key
from dlcli.files.identity import Identity

PACKAGE = Path(dlcli.__file__).parent

BASE: dict[str, Any] = {"train": "a.csv", "target": "y"}

CHANGES: dict[str, Any] = {
    "validation": [0.1, 0.2, "b.csv"],
    "test": [0.1, "b.csv"],
    "split": ["stratified", "ordered", {"group": "g"}, {"ordered": "g"}],
    "target": [
        "z",
        ["y", "z"],
        ["z", "y"],
        {"y": "number"},
        {"y": {"type": "number", "scale": "standard"}},
        {"y": {"type": "number", "unit": "$"}},
    ],
    "features": [
        *(["a", "b"], ["b", "a"], {"a": "number"}, {"a": {"type": "number", "scale": "none"}}),
        *(
            {"a": {"type": "number", key: value}}
            for key, value in (("unit", "$"), ("decimal", ","), ("thousands", ","))
        ),
    ],
    "exclude": ["a"],
    "defaults": [{"number": {"missing": "zero"}}, {"number": {"missing": "error"}}],
    "windows": [{"length": 3}, {"length": 4}, {"length": 3, "look_back": True}, {"length": 3, "scale": "window"}],
    "rows": ["folders"],
    "sample_weight": ["w"],
    "columns": [["a", "y"]],
    "header": [True, False],
    "delimiter": [";", "\t", "blanks"],
    "encoding": ["latin-1"],
    "decimal": [".", ","],
    "thousands": [",", "'"],
    "comment": ["#"],
    "missing_values": [["?"], {"only": ["?"]}],
    "seed": [5],
    "fold": [{"number": 1, "of": 3, "repeat": 1}, {"number": 2, "of": 3, "repeat": 1}],
}
"""Values of every option that decides what is in the arrays."""

ORDER_ALONE: dict[str, list[Any]] = {
    "batch_size": [1, 64, "full"],
    "shuffle": [False],
    "drop_last": [True],
    "augment": [["MixUp"]],
}
"""Values of those that do not."""

ELSEWHERE = {"train", "directory"}
"""What the content's key says."""


def recipe(config: dict[str, Any] = BASE, **keys: Any) -> str:
    defaults = {"seed": 1, "named": ["a"], "classification": None, "units": None}
    return recipe_key(DataConfig.model_validate(config), **{**defaults, **keys})


def test_every_option_is_decided_on() -> None:
    assert CHANGES.keys() | ORDER_ALONE.keys() | ELSEWHERE == DataConfig.model_fields.keys()


def test_a_format_from_elsewhere_is_part_of_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy").mkdir()
    found = [recipe()]
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    for code in ("READ = 1", "READ = 22"):  # of another length, or what is compiled of it would still count
        (tmp_path / "toy" / "source.py").write_text(code)
        keys._program.cache_clear()
        found.append(recipe())
    keys._program.cache_clear()
    assert len(set(found)) == 3


def test_every_option_that_matters_changes_the_recipe() -> None:
    keys = {recipe()}
    count = 1
    for name, values in CHANGES.items():
        for value in values:
            keys.add(recipe({**BASE, name: value}))
            count += 1
    arguments: list[dict[str, Any]] = [
        {"seed": 2},
        {"named": []},
        {"named": ["a", "b"]},
        {"classification": True},
        {"units": 3},
        {"unscalable": ["y"]},
    ]
    for each in arguments:
        keys.add(recipe(**each))
        count += 1
    assert len(keys) == count


def test_an_option_that_is_given_is_not_that_of_the_defaults() -> None:
    def key(feature: dict[str, Any], defaults: dict[str, Any]) -> str:
        return recipe({"train": ["a.csv"], "target": "y", "features": {"a": feature}, "defaults": {"number": defaults}})

    given, open_ = {"type": "number", "scale": "standard"}, {"type": "number"}
    assert key(given, {"scale": "none"}) != key(open_, {"scale": "none"})
    assert key(open_, {"scale": "standard"}) != key(open_, {"scale": "none"})


def test_what_does_not_matter_does_not() -> None:
    for name, values in ORDER_ALONE.items():
        for value in values:
            assert recipe({**BASE, name: value}) == recipe()
    assert recipe({**BASE, "train": ["other/a.csv", "b.csv"]}) == recipe()
    assert recipe(named=["b", "a"]) == recipe(named=["a", "b"])
    typed = {**BASE, "target": {"y": "number"}}
    assert recipe(typed, units=3, classification=True) == recipe(typed)
    scaled = {**BASE, "target": {"y": {"type": "number", "scale": "none"}}}
    assert recipe(scaled, unscalable=["y"]) == recipe(scaled)


def test_the_encoding_is_what_was_found() -> None:
    asked = DataConfig.model_validate({**BASE, "validation": 0.2})
    found = DataConfig.model_validate({**BASE, "validation": 0.2, "target": {"y": "number"}, "features": ["a"]})
    keys: dict[str, Any] = {"seed": 1, "named": [], "state": {"features": [1]}}
    assert encoding_key(asked, **keys) == encoding_key(found, **keys)
    others = [
        encoding_key(DataConfig.model_validate({**BASE, "validation": 0.3}), **keys),
        encoding_key(asked, **{**keys, "seed": 2}),
        encoding_key(asked, **{**keys, "named": ["a"]}),
        encoding_key(asked, **{**keys, "state": {"features": [2]}}),
    ]
    assert len({*others, encoding_key(asked, **keys)}) == 5


def known(path: str, sha256: str = "0") -> KnownFile:
    return KnownFile(Identity(path, 1, 2, 3, 4), 5, sha256)


@pytest.mark.parametrize(
    "other",
    [
        {"train": [known("/a.csv", "1")]},
        {"train": [known("/a.csv"), known("/b.csv")]},
        {"train": [known("/a.csv")], "test": [known("/a.csv")]},
        {"train": [known("/a.tsv")]},
        {"train": [known("/a.csv.gz")]},
        {"train": [known("/a.parquet")]},
    ],
)
def test_other_content_has_another_key(other: Any) -> None:
    assert content_key({"train": [known("/a.csv")]}) != content_key(other)


def test_the_place_of_a_file_does_not_matter() -> None:
    assert content_key({"train": [known("/a.csv")]}) == content_key({"train": [known(str(Path("/b") / "c.csv"))]})
    two = [known("/a.csv", "1"), known("/b.csv", "2")]
    assert content_key({"train": two}) != content_key({"train": two[::-1]})


PROGRAM = """\
import math

WANTED = frozenset(["a", "b", "c", "d"])


def encode(value, *, scale=2.0):
    if value in {"x", "y", "z"}:
        return 0
    return [math.sqrt(each) * scale for each in value if each not in {1, 2}]
"""

SAME = [
    "# A comment.\n" + PROGRAM,
    PROGRAM.replace("import math\n", "import math  # why\n\n\n"),
    PROGRAM.replace("    return 0", "    # why\n\n        return   0"),
    PROGRAM.replace('["a", "b", "c", "d"]', '[\n    "a",\n    "b",\n    "c",\n    "d",\n]'),
]
OTHERS = [
    PROGRAM.replace("2.0", "2.5"),
    PROGRAM.replace("2.0", "2"),
    PROGRAM.replace("sqrt", "cbrt"),
    PROGRAM.replace("return 0", "return 1"),
    PROGRAM.replace("return 0", "return -0.0"),
    PROGRAM.replace('"z"', '"w"'),
    PROGRAM.replace('"d"', '"e"'),
    PROGRAM.replace("not in", "in"),
    PROGRAM.replace("*, scale", "scale"),
    PROGRAM.replace("* scale", "/ scale"),
    PROGRAM + "WANTED = {1}\n",
]
VERSIONS = {"numpy": "2.0", "pyarrow": "18.0"}


def program(directory: Path, text: str, name: str = "code.py") -> str:
    directory.mkdir(parents=True)
    (directory / name).write_text(text)
    return program_key(directory, VERSIONS)


def test_what_the_program_does_is_in_the_key_and_how_it_is_written_is_not(tmp_path: Path) -> None:
    own = program(tmp_path / "own", PROGRAM)
    for index, text in enumerate(SAME):
        assert program(tmp_path / f"same{index}", text) == own, text
    others = {program(tmp_path / f"other{index}", text) for index, text in enumerate(OTHERS)}
    others.add(program(tmp_path / "named", PROGRAM, "other.py"))
    assert len(others) == len(OTHERS) + 1
    assert own not in others


def test_a_change_of_a_file_is_seen_though_its_code_is_kept_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    package = tmp_path / "package"
    before = program(package, PROGRAM)
    assert (package / "__pycache__").is_dir()
    (package / "code.py").write_text(PROGRAM.replace("sqrt", "expm1"))
    assert program_key(package, VERSIONS) != before
    assert program_key(package, VERSIONS) == program_key(package, VERSIONS)


def test_the_packages_that_compute_are_in_the_key(tmp_path: Path) -> None:
    own = program(tmp_path / "own", PROGRAM)
    for name in VERSIONS:
        assert program_key(tmp_path / "own", {**VERSIONS, name: "99"}) != own


def test_types_that_stand_elsewhere_are_in_the_key_and_keras_layers_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paths() == (PACKAGE / "codecs",)
    monkeypatch.setattr(keys, "paths", lambda: (tmp_path,))
    found = []
    for name, text in (("codec", "x = 1"), ("codec", "x = 22"), ("keras_layer", "x = 1"), ("keras_layer", "x = 22")):
        (tmp_path / f"{name}.py").write_text(text)
        found.append(keys._program.__wrapped__())
    assert found[0] != found[1] == found[2] == found[3]


@pytest.mark.slow
def test_every_process_has_the_same_key() -> None:
    code = "from dlcli.data.samples.keys import _program; print(_program())"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1


@pytest.mark.slow
def test_all_code_that_reads_and_encodes_is_in_the_key() -> None:
    """Whatever preparing data imports, in whatever folder; the language is in the key by what a config says."""
    code = """
import sys
import dlcli.data.prepare
from dlcli.data import sources
from dlcli.data.samples import keys
seen = set()
keys._instructions = lambda code: seen.add(code.co_filename) or ()
keys._program()
files = {module.__file__ for name, module in sys.modules.items() if name.startswith("dlcli.")}
print(*sorted(files - seen))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    folders = {Path(file).relative_to(PACKAGE).parts[0] for file in done.stdout.split()}
    assert folders == {"config", "errors.py", "files"}
