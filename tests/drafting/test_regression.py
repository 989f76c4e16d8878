"""Small tables: a linear model where curves tell no more, a network where they do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import dlcli
from dlcli.drafting.regression.curves import families
from dlcli.drafting.regression.penalized import cross_validate, losses

ROWS = 200


SMALL = {"preset": {"realmlp": {"hidden": [64, 64, 64]}}}


def _inputs(rows: int = ROWS, width: int = 4) -> NDArray[np.float64]:
    return np.random.default_rng(3).normal(size=(rows, width)).round(4)


def _noise(rows: int = ROWS) -> NDArray[np.float64]:
    return np.random.default_rng(4).normal(size=rows)


def _classes(where: NDArray[np.bool_]) -> list[str]:
    return ["yes" if each else "no" for each in where]


STRAIGHT: dict[str, Callable[[NDArray[np.float64]], Any]] = {
    "a number": lambda x: (2 * x[:, 0] - x[:, 1] + _noise() / 2).round(3),
    "two classes": lambda x: _classes(2 * x[:, 0] - x[:, 1] + _noise() / 2 > 0),
    "three classes": lambda x: ["abc"[place] for place in np.digitize(x[:, 0] + x[:, 2] + _noise() / 3, [-0.5, 0.5])],
}

CURVED: dict[str, Callable[[NDArray[np.float64]], Any]] = {
    "a product": lambda x: (x[:, 0] * x[:, 1] + _noise() / 5).round(3),
    "a ring": lambda x: _classes((x[:, 0] ** 2 + x[:, 1] ** 2) > 1.4),
    "corners": lambda x: ["abcd"[place] for place in (x[:, 0] > 0) + 2 * (x[:, 1] * x[:, 2] > 0)],
}


def _write(folder: Path, x: NDArray[np.float64], y: object) -> Path:
    file = folder / "table.csv"
    lines = ["a,b,c,d,y", *(",".join(map(str, (*row, each))) for row, each in zip(x.tolist(), y, strict=True))]  # type: ignore[call-overload]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("name", STRAIGHT)
def test_where_curves_tell_no_more_a_line_is_drafted(name: str, tmp_path: Path) -> None:
    x = _inputs()
    drafted = dlcli.init(_write(tmp_path, x, STRAIGHT[name](x)), target="y")
    config = yaml.safe_load(drafted.text)
    assert [list(layer) for layer in config["model"]["layers"]] == [["Dense"]]
    assert config["data"]["test"] == 0.2
    assert "validation" not in config["data"], "all rows but those are learnt"
    assert "by curves" in drafted.text
    dlcli.check(drafted.output, fast=True)


@pytest.mark.parametrize("name", CURVED)
def test_where_they_do_a_network_is(name: str, tmp_path: Path) -> None:
    x = _inputs()
    drafted = dlcli.init(_write(tmp_path, x, CURVED[name](x)), target="y")
    config = yaml.safe_load(drafted.text)
    assert config["model"] == SMALL
    assert config["ensemble"] == {"folds": 5}


def test_rows_that_must_not_be_mixed_are_no_reason_for_a_line(tmp_path: Path) -> None:
    x = _inputs()
    patients = [f"p{place // 10}" for place in range(ROWS)]
    file = tmp_path / "table.csv"
    rows = zip(patients, x[:, 0], STRAIGHT["a number"](x), strict=True)
    file.write_text("patient_id,a,y\n" + "".join(f"{','.join(map(str, row))}\n" for row in rows))
    config = yaml.safe_load(dlcli.init(file, target="y").text)
    assert config["data"]["split"] == {"group": "patient_id"}
    assert config["model"] == {"preset": "realmlp"}


@given(seed=st.integers(0, 50), width=st.integers(1, 6))
def test_next_to_no_penalty_is_least_squares(seed: int, width: int) -> None:
    random = np.random.default_rng(seed)
    x, folds = random.normal(size=(40, width)), np.arange(40) % 4
    y = x @ random.normal(size=(width, 1)) + 3 + random.normal(size=(40, 1))
    found = cross_validate(x, y, folds, [1e-12], classes=False)
    one = np.column_stack([x, np.ones(40)])
    for fold in range(4):
        out = folds == fold
        weights = np.linalg.lstsq(one[~out], y[~out], rcond=None)[0]
        np.testing.assert_allclose(found.values[out], one[out] @ weights, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_least_loss_is_found_of_classes(classes: int) -> None:
    """Compared with plain descent, many steps of it, on the same loss."""
    random = np.random.default_rng(1)
    x, folds, penalty = random.normal(size=(60, 3)), np.arange(60) % 3, 0.01
    y = np.eye(classes)[np.digitize(x[:, 0] + random.normal(size=60), np.linspace(-0.5, 0.5, classes - 1))]
    found = losses(cross_validate(x, y, folds, [penalty], classes=True).values, y, classes=True)
    for fold in range(3):
        out = folds == fold
        assert found[out].mean() == pytest.approx(
            _descended(x[~out], y[~out], penalty, x[out], y[out]).mean(), abs=0.01
        )


def _descended(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    penalty: float,
    other: NDArray[np.float64],
    wanted: NDArray[np.float64],
) -> NDArray[np.float64]:
    learnt = np.array([0.0, 1.0]) if y.shape[1] == 2 else np.ones(y.shape[1])
    weights, shift = np.zeros((x.shape[1], y.shape[1])), np.zeros(y.shape[1])

    def sure(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        raised = np.exp(rows @ weights + shift)
        return np.asarray(raised / raised.sum(1, keepdims=True))

    for _ in range(4_000):
        wrong = (sure(x) - y) * learnt
        weights, shift = weights - 0.3 * (x.T @ wrong / len(x) + 2 * penalty * weights), shift - 0.3 * wrong.mean(0)
    return np.asarray(-np.log((sure(other) * wanted).sum(1)))


def test_a_strong_penalty_leaves_the_mean() -> None:
    x = _inputs(50, 2)
    found = cross_validate(x, x[:, :1] + 5, np.arange(50) % 5, [1e9, 1e8], classes=False)
    assert np.allclose(found.values, 5, atol=0.5)


def test_curves_are_the_same_each_time_and_of_one_size() -> None:
    x = _inputs()
    first, second = (list(families(x, random=np.random.default_rng(2))) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one, other)
        assert np.ptp(one[:, one.std(0) > 0].std(0)) < 1e-9


@pytest.mark.parametrize("rows", [30, 31, 60])
def test_few_rows_and_cells_of_every_kind(rows: int, tmp_path: Path) -> None:
    """Empty cells, one value in a fold, categories, booleans, as many columns as rows."""
    random = np.random.default_rng(rows)
    lines = ["a,kind,flag,rare,y," + ",".join(f"x{place}" for place in range(25))]
    for place in range(rows):
        cells = ["" if place % 7 == 0 else f"{random.normal():.3f}", "ab"[place % 2], "true" if place % 3 else "false"]
        lines.append(",".join([*cells, str(place == 5), f"{random.normal():.3f}", *map(str, random.normal(size=25))]))
    file = tmp_path / "table.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    dlcli.check(dlcli.init(file, target="y").output, fast=True)


def test_a_feature_that_varies_where_the_target_is_missing_alone(tmp_path: Path) -> None:
    lines = [f"1,{each:.3f}" for each in _noise(50)] + [f"{place}," for place in range(10)]
    file = tmp_path / "table.csv"
    file.write_text("\n".join(["x,y", *lines]) + "\n", encoding="utf-8")
    assert yaml.safe_load(dlcli.init(file, target="y").text)["model"] == {"preset": "realmlp"}
