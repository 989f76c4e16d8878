"""Whatever stands in a table: `init` writes a config that `check` accepts, or refuses with its reasons."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings

import dlcli
from dlcli.errors import DataError


def _tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("drafting_tables", Path(__file__).with_name("tables.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLES = _tables()

REFUSED = {"unusable-target", "no-target", "no-features", "no-draft", "missing-column", "stray-line"}
"""What a table may be refused for; `no-draft` stands beside what `check` would say of the data."""

ALONE = {"one-class", "unknown-class", "too-few-rows", "infinite-value", "no-features", "no-values"}
"""What `check` may say of the data that no config could mend, as where all values of the only column are held back."""


def _try(table: tuple[list[str], list[list[str]]], folder: Path, *, targets: int = 1) -> None:
    names, _ = table
    file = folder / "table.csv"
    file.write_text(TABLES.as_csv(table), encoding="utf-8")
    rules: set[str] = set()
    try:
        drafted = dlcli.init(file, target=names[-targets:], overwrite=True)
    except DataError as error:
        rules = {problem.rule for problem in error.problems}
    if rules:
        assert rules & REFUSED
        assert rules <= REFUSED | ALONE
        return
    assert set(drafted.used).isdisjoint(drafted.left_out)
    assert dlcli.check(drafted.output, fast=True).planned is None


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(table=TABLES.tables())
def test_check_passes_on_what_is_written(table: tuple[list[str], list[list[str]]], tmp_path: Path) -> None:
    _try(table, tmp_path)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(table=TABLES.tables(learnable=2))
def test_check_passes_on_several_targets(table: tuple[list[str], list[list[str]]], tmp_path: Path) -> None:
    _try(table, tmp_path, targets=2)


@pytest.mark.soak
@settings(max_examples=1500, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(table=TABLES.tables())
def test_check_passes_on_many(table: tuple[list[str], list[list[str]]], tmp_path: Path) -> None:
    _try(table, tmp_path)


@pytest.mark.soak
@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(table=TABLES.tables(learnable=2))
def test_check_passes_on_several_targets_of_many(table: tuple[list[str], list[list[str]]], tmp_path: Path) -> None:
    _try(table, tmp_path, targets=2)
