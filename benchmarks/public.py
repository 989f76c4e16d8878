"""Tables that anybody has: those of scikit-learn in `data/`, and made ones of many kinds, the same at each call.

The made ones are smooth and stepped, of numbers and of categories, with heavy tails, with gaps, small and large: what
boosting likes is among them, and what networks like.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["PUBLIC", "Public", "divided"]

DATA = Path(__file__).parent.parent / "data"
TEST = 0.2
"""The part of the rows that is tested on."""

Numbers = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Public:
    """A table.

    Args:
        make: All of its rows.
        target: What is to be learnt.
        kind: Of that.
    """

    make: Callable[[], pd.DataFrame]
    target: str
    kind: Literal["classes", "number"]


def divided(name: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows to train on and those to test on, another division for each seed."""
    frame = PUBLIC[name].make().sample(frac=1, random_state=seed)
    tested = int(len(frame) * TEST)
    return frame[tested:], frame[:tested]


def _file(name: str) -> Callable[[], pd.DataFrame]:
    return lambda: pd.read_csv(DATA / name)


def _frame(x: Numbers, y: Numbers | NDArray[np.int64]) -> pd.DataFrame:
    return pd.DataFrame(x.round(6), columns=[f"x{place}" for place in range(x.shape[1])]).assign(y=y)


def _friedman1() -> pd.DataFrame:
    random = np.random.default_rng(1)
    x = random.random((2_000, 10))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return _frame(x, y + random.normal(size=len(x)))


def _circuit(random: np.random.Generator, rows: int) -> tuple[Numbers, Numbers]:
    """Friedman's second and third function are those of an electric circuit: its inputs, and what they share."""
    x = random.random((rows, 4)) * [100, 520 * np.pi, 1, 10] + [0, 40 * np.pi, 0, 1]
    return x, x[:, 1] * x[:, 2] - 1 / (x[:, 1] * x[:, 3])


def _friedman2() -> pd.DataFrame:
    random = np.random.default_rng(2)
    x, part = _circuit(random, 2_000)
    return _frame(x, np.sqrt(x[:, 0] ** 2 + part**2) + random.normal(scale=60, size=len(x)))


def _friedman3() -> pd.DataFrame:
    random = np.random.default_rng(3)
    x, part = _circuit(random, 2_000)
    return _frame(x, np.arctan(part / x[:, 0]) + random.normal(scale=0.1, size=len(x)))


def _corners(seed: int, rows: int, columns: int, informative: int, classes: int, flipped: float) -> pd.DataFrame:
    """Clouds at corners of a cube, two a class, stretched and turned; the other columns are noise or sums of those."""
    random = np.random.default_rng(seed)
    places = random.choice(2**informative, 2 * classes, replace=False)
    corners = ((places[:, None] >> np.arange(informative)) & 1) * 2.0 - 1
    cloud = random.integers(0, 2 * classes, rows)
    turns = random.uniform(-1, 1, (2 * classes, informative, informative))
    x = np.einsum("ri,rij->rj", random.normal(size=(rows, informative)), turns[cloud]) + corners[cloud]
    sums = x @ random.uniform(-1, 1, (informative, (columns - informative) // 2))
    noise = random.normal(size=(rows, columns - informative - sums.shape[1]))
    y = np.where(random.random(rows) < flipped, random.integers(0, classes, rows), cloud % classes)
    return _frame(np.column_stack([x, sums, noise])[:, random.permutation(columns)], y)


def _shops() -> pd.DataFrame:
    """Numbers, some of them skewed, beside categories that change what they mean."""
    random = np.random.default_rng(4)
    rows = 5_000
    size, rate, age = np.exp(random.normal(size=rows)), random.random(rows), random.integers(18, 90, rows)
    shop, weekday, is_open = random.integers(0, 30, rows), random.integers(0, 7, rows), random.random(rows) < 0.6
    of_shop = random.normal(size=30)[shop]
    y = of_shop + np.log1p(size) * rate * 4 + (weekday >= 5) * (1 + of_shop) + np.where(is_open, age / 20, 1)
    frame = pd.DataFrame({"size": size.round(4), "rate": rate.round(4), "age": age, "noise": random.random(rows)})
    frame["shop"] = [f"s{each}" for each in shop]
    frame["weekday"] = np.array(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])[weekday]
    return frame.assign(open=np.where(is_open, "yes", "no"), y=y + random.normal(scale=0.7, size=rows))


def _tails() -> pd.DataFrame:
    """Numbers of which few are far out, and classes by their logarithms and signs."""
    random = np.random.default_rng(5)
    x = random.standard_t(1.5, (5_000, 12)) * 10.0 ** random.integers(-2, 4, 12)
    inner = np.sign(x[:, :6]) * np.log1p(np.abs(x[:, :6]) / np.median(np.abs(x[:, :6]), axis=0))
    score = inner[:, 0] + inner[:, 1] * inner[:, 2] + np.abs(inner[:, 3]) - 0.7 * inner[:, 4]
    return _frame(x, (score + random.logistic(scale=0.4, size=len(x)) > np.median(score)).astype(int))


def _gaps() -> pd.DataFrame:
    """Three classes; a sixth of the cells has no value, of two columns rather where the value is high."""
    random = np.random.default_rng(6)
    x = random.normal(size=(5_000, 15)) @ random.normal(size=(15, 15)) / 4
    score = np.tanh(x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * x[:, 3] + np.maximum(x[:, 4], 0)
    score += random.normal(scale=0.3, size=len(x))
    gaps = random.random(x.shape) < np.where(np.arange(15) < 2, 0.3 * (x > 0.5), 0.16)
    x[gaps] = np.nan
    return _frame(x, np.digitize(score, np.quantile(score, [0.33, 0.67])))


def _codes() -> pd.DataFrame:
    """Columns of hundreds of categories, some of them rare, beside a few numbers."""
    random = np.random.default_rng(7)
    rows = 10_000
    many, some = (random.zipf(1.3, rows) * 7919) % 400, random.integers(0, 90, rows)
    x = random.normal(size=(rows, 5))
    slope = random.normal(size=90)[some]
    y = random.normal(size=400)[many] * 1.5 + slope * x[:, 0] + np.sin(2 * x[:, 1]) + 0.5 * x[:, 2] ** 2
    frame = _frame(x, y + random.normal(scale=0.5, size=rows))
    return frame.assign(many=[f"m{each}" for each in many], some=[f"k{each}" for each in some])


def _steps(seed: int, rows: int, columns: int, noise: float) -> pd.DataFrame:
    """A number that jumps at thresholds: the mean of many random trees over few of the columns."""
    random = np.random.default_rng(seed)
    x = random.random((rows, columns)) ** random.uniform(0.5, 3, columns)
    y = np.zeros(rows)
    for _ in range(25):
        chosen = random.choice(columns // 2, 3, replace=False)
        leaf = (x[:, chosen] > np.quantile(x[:, chosen], random.uniform(0.2, 0.8), axis=0)) @ [1, 2, 4]
        y += random.normal(size=8)[leaf]
    return _frame(x, y / y.std() + random.normal(scale=noise, size=rows))


def _sales() -> pd.DataFrame:
    """Twenty thousand rows: smooth parts, jumps, products, and two columns of categories."""
    random = np.random.default_rng(9)
    rows = 20_000
    x = random.normal(size=(rows, 12))
    x[:, 3], x[:, 4] = np.exp(x[:, 3]), random.integers(0, 12, rows)
    kind, place = random.integers(0, 6, rows), random.integers(0, 50, rows)
    y = np.sin(2 * x[:, 0]) * (kind % 3) + x[:, 1] * x[:, 2] + np.log(x[:, 3]) * (x[:, 5] > 0)
    y += random.normal(size=12)[x[:, 4].astype(int)] + random.normal(size=50)[place] + (x[:, 6] > 1) * 2
    frame = _frame(x, y + random.normal(scale=0.6, size=rows))
    return frame.assign(kind=[f"t{each}" for each in kind], place=[f"p{each}" for each in place])


def _clicks() -> pd.DataFrame:
    """Fifty thousand rows of two classes, by pairs of numbers and by thresholds."""
    random = np.random.default_rng(10)
    x = random.normal(size=(50_000, 20))
    score = x[:, 0] * x[:, 1] + np.cos(2 * x[:, 2]) + (x[:, 3] > 0.3) * x[:, 4] + 0.5 * np.abs(x[:, 5]) - 0.4
    score += (x[:, 6] > 0) * 1.0 * (x[:, 7] > 0) - 0.25
    return _frame(x, (score + random.logistic(scale=0.3, size=len(x)) > 0).astype(int))


PUBLIC = {
    "iris": Public(_file("iris.csv"), "species", "classes"),
    "wine": Public(_file("wine.csv"), "cultivar", "classes"),
    "breast cancer": Public(_file("breast_cancer.csv"), "diagnosis", "classes"),
    "diabetes": Public(_file("diabetes.csv"), "progression", "number"),
    "digits": Public(_file("digits.csv.gz"), "label", "classes"),
    "friedman 1": Public(_friedman1, "y", "number"),
    "friedman 2": Public(_friedman2, "y", "number"),
    "friedman 3": Public(_friedman3, "y", "number"),
    "corners, 4 classes": Public(lambda: _corners(11, 3_000, 20, 8, 4, 0.01), "y", "classes"),
    "corners, noisy": Public(lambda: _corners(12, 5_000, 30, 6, 2, 0.1), "y", "classes"),
    "shops": Public(_shops, "y", "number"),
    "tails": Public(_tails, "y", "classes"),
    "gaps": Public(_gaps, "y", "classes"),
    "codes": Public(_codes, "y", "number"),
    "steps": Public(lambda: _steps(8, 10_000, 12, 0.3), "y", "number"),
    "sales": Public(_sales, "y", "number"),
    "clicks": Public(_clicks, "y", "classes"),
}
