"""Every shipped config: it loads without fault or warning, an editor accepts it, and the guide names it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import dlcli
from dlcli.config.document.composer import compose
from dlcli.config.document.reader import read
from dlcli.config.document.writer import dump
from dlcli.config.inspection.inspection import inspect
from dlcli.data.sources.peek import source_files

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
SHIPPED = sorted(CONFIGS.rglob("*.yaml"))

HEADING = re.compile(
    r"\A# yaml-language-server: \$schema=(?P<schema>\S+)\n"
    r"# Purpose:  \S.*\n(?:#           .*\n)*"
    r"# Command:  dlcli (?:train|sweep|cross-validate) (?P<config>\S+).*\n(?:#           .*\n)*"
    r"# Expect:   \S.*\n(?:#           .*\n)*"
    r"\n"
)


def label(path: Path) -> str:
    return str(path.relative_to(CONFIGS))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    loaded = json.loads((CONFIGS / "dlcli.schema.json").read_text())
    assert isinstance(loaded, dict)
    return loaded


def test_there_are_configs() -> None:
    assert len(SHIPPED) > 40


@pytest.mark.parametrize("path", SHIPPED, ids=label)
def test_it_loads_without_fault_or_warning(path: Path) -> None:
    inspection = inspect(path)
    assert not inspection.problems
    assert inspection.config is not None
    assert inspection.config.name == path.stem


@pytest.mark.parametrize("path", SHIPPED, ids=label)
def test_it_makes_no_classic_mistake(path: Path) -> None:
    assert dlcli.check(path, fast=True).warnings == ()


@pytest.mark.parametrize("path", SHIPPED, ids=label)
def test_its_files_exist(path: Path) -> None:
    config = inspect(path).require()
    said = [config.data.train, config.data.validation, config.data.test, config.code]
    sources = [source for source in said if source and not isinstance(source, float)]
    files = [file for source in sources for file in source_files(source, path="data")]
    assert files
    assert [file for file in files if not file.exists()] == []


@pytest.mark.parametrize("path", SHIPPED, ids=label)
def test_an_editor_accepts_it(path: Path, schema: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(schema)
    assert [error.message for error in validator.iter_errors(read(path).value)] == []


@pytest.mark.parametrize("path", SHIPPED, ids=label)
def test_it_opens_with_purpose_command_and_expectation(path: Path) -> None:
    heading = HEADING.match(path.read_text())
    assert heading, f"{path} does not open as its neighbours do"
    assert (path.parent / heading["schema"]).resolve() == CONFIGS / "dlcli.schema.json"
    assert heading["config"] == f"configs/{label(path)}"


def test_the_guide_names_every_config_and_no_other() -> None:
    named = set(re.findall(r"\]\(([^)]+\.yaml)\)", (CONFIGS / "README.md").read_text()))
    assert named == {label(path) for path in SHIPPED}


def holds_none(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(map(holds_none, inner))


@pytest.mark.parametrize("path", SHIPPED, ids=label)
def test_it_is_written_without_a_null_that_nobody_wrote(path: Path) -> None:
    """Types that are inferred are filled in before a run writes its config."""
    config = inspect(path).require()
    data = config.data.model_copy(update={"target": {}, "features": {}})
    assert not holds_none(compose(dump(config.model_copy(update={"data": data}).notation()), source=None).value)
