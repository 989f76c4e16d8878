"""Lint says nothing of the configs that `init` drafts: not of the data that comes along, and not of clean tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import dlcli
from dlcli.config.inspection.inspection import inspect
from dlcli.config.lint.linting import lint
from dlcli.config.lint.output import Known
from dlcli.config.lint.rules import rule_names
from dlcli.data.prepare import prepare

Numbers = NDArray[np.float64]
BUNDLED = ("iris", "wine", "breast_cancer", "diabetes", "digits", "houses", "notes")
SHAPES = [(60, 3), (150, 5), (300, 8), (400, 20)]


def found(file: Path, target: str | None, folder: Path) -> list[str]:
    """What lint says of the draft for a table, on its own and of its rows."""
    drafted = dlcli.init(file, target=target, output=folder / f"{file.stem}.yaml", overwrite=True)
    config = inspect(drafted.output).require()
    seen = prepare(config.data, seed=config.seed, classification=drafted.task.kind == "classes")
    known = Known(seen.preprocessing.target_specs, seen.ranges)
    said = [*seen.doubts, *lint(config.model_copy(update={"data": seen.config}), known=known).warnings]
    return [f"{file.stem}: {each}" for each in said if each.rule in rule_names()]


def linear(x: Numbers, rng: np.random.Generator) -> NDArray[np.generic]:
    return np.asarray(x @ rng.normal(size=x.shape[1]) * 10 + rng.normal(size=len(x)) * 3)


def waves(x: Numbers, rng: np.random.Generator) -> NDArray[np.generic]:
    return np.asarray(np.sin(x[:, 0] * 2) * 10 + x[:, 1] ** 2 + rng.normal(size=len(x)))


def halves(x: Numbers, rng: np.random.Generator) -> NDArray[np.generic]:
    return np.where(x[:, 0] + x[:, 1] + rng.normal(size=len(x)) / 2 > 0, "yes", "no")


def rings(x: Numbers, rng: np.random.Generator) -> NDArray[np.generic]:
    return np.array(np.digitize((x[:, :3] ** 2).sum(axis=1), [1.5, 3.5]).astype(str))


def blobs(x: Numbers, rng: np.random.Generator) -> NDArray[np.generic]:
    """Classes that each column tells apart: an easy task, and no disguise."""
    classes = rng.integers(0, 3, len(x))
    x += classes[:, None] * 9
    return np.array(["a", "b", "c"])[classes]


def checkers(x: Numbers, rng: np.random.Generator) -> NDArray[np.generic]:
    return ((np.floor(x[:, 0]) + np.floor(x[:, 1])) % 2).astype(int)


def rare(x: Numbers, rng: np.random.Generator) -> NDArray[np.generic]:
    return np.where(x[:, 0] + rng.normal(size=len(x)) > 1.5, "fraud", "fine")


def of_many_kinds(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """As tables are: ids, constants, gaps, categories, repeated and redundant columns."""
    frame = pd.DataFrame(
        {
            "id": np.arange(rows),
            "age": rng.integers(18, 90, rows),
            "sex": rng.choice(["m", "f"], rows),
            "city": rng.choice(list("abcdefg"), rows),
            "income": np.round(rng.lognormal(10, 1, rows), 2),
            "kids": rng.integers(0, 4, rows),
            "member": rng.random(rows) < 0.5,
            "country": "de",
        }
    )
    frame["again"], frame["cents"] = frame["age"], frame["income"] * 100
    frame.loc[rng.random(rows) < 0.1, ["income", "cents"]] = np.nan
    frame["y"] = np.where(frame["age"] + rng.normal(0, 20, rows) > 50, "old", "young")
    return frame


@pytest.mark.parametrize("name", BUNDLED)
def test_nothing_is_said_of_what_comes_along(name: str, project: Path, tmp_path: Path) -> None:
    assert found(project / "data" / f"{name}.csv{'.gz' * (name == 'digits')}", None, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "shapes", [SHAPES[:2], pytest.param(SHAPES[2:], marks=pytest.mark.soak)], ids=["small", "large"]
)
@pytest.mark.parametrize("task", [linear, waves, halves, rings, blobs, checkers, rare], ids=lambda task: task.__name__)
def test_nothing_is_said_of_clean_tables(
    task: Callable[[Numbers, np.random.Generator], NDArray[np.generic]], shapes: list[tuple[int, int]], tmp_path: Path
) -> None:
    said = []
    for place, (rows, columns) in enumerate(shapes):
        rng = np.random.default_rng(place)
        x = rng.normal(size=(rows, columns))
        y = task(x, rng)
        table = pd.DataFrame(x, columns=[f"x{at}" for at in range(columns)]).assign(y=y)
        table.to_csv(tmp_path / f"table-{place}.csv", index=False)
        said += found(tmp_path / f"table-{place}.csv", "y", tmp_path)
    assert said == []


@pytest.mark.slow
def test_nothing_is_said_of_tables_of_many_kinds(tmp_path: Path) -> None:
    said = []
    for rows in (10, 12, 40, 90, 250, 600, 800, 1200):
        of_many_kinds(rows, np.random.default_rng(rows)).to_csv(tmp_path / f"mixed-{rows}.csv", index=False)
        said += found(tmp_path / f"mixed-{rows}.csv", "y", tmp_path)
    assert said == []
