"""Plots are pictures whatever they are given, and their curves are those of their definitions."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from dlcli.evaluation.ranking import Ranking
from dlcli.reporting.plots.axes import Scale, limits, short_number
from dlcli.reporting.plots.bars import bars_plot, histogram_plot
from dlcli.reporting.plots.lines import Line, Mark, lines_plot, thinned
from dlcli.reporting.plots.matrix import matrix_plot
from dlcli.reporting.plots.png import png, thumbnail
from dlcli.reporting.plots.points import Points, points_plot
from dlcli.reporting.plots.svg import Plot, element, escape, plain
from dlcli.reporting.sections.classes import Scored, precision_recall, roc
from dlcli.reporting.style import PLOTS
from tests.reporting.pages import read_plots

HOSTILE = '"><script>alert(1)</script>\x00\x1b[31m\u202e\ud800\uffff&amp;\n]]>'
LARGE = st.floats(-1e300, 1e300) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1e-300])
POINTS = st.lists(st.tuples(LARGE, LARGE), max_size=12)


def require_drawn(plot: Plot, folder: Path) -> None:
    for old in folder.iterdir():
        old.unlink()
    (folder / f"{plot.name}.svg").write_text(plot.file(PLOTS), encoding="utf-8")
    read_plots(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plots")


@given(points=POINTS, dots=st.booleans())
@example(points=[(0.0, 5e-324)], dots=False)
def test_whatever_numbers_there_are_a_plot_is_drawn(
    folder: Path, points: list[tuple[float, float]], dots: bool
) -> None:
    x, y = np.array([point[0] for point in points]), np.array([point[1] for point in points])
    lines = [Line(HOSTILE, x, y, dots=dots), Line("other", [], [], 1)]
    marks = [Mark(float(x[0]), float(y[0]), HOSTILE)] if len(points) and np.isfinite([x[0], y[0]]).all() else []
    require_drawn(lines_plot("a", HOSTILE, HOSTILE, lines, x_label=HOSTILE, y_label=HOSTILE, marks=marks), folder)
    require_drawn(points_plot("b", HOSTILE, "w", [Points(HOSTILE, x, y)], x_label="x", y_label="y", level=0.0), folder)
    require_drawn(histogram_plot("c", HOSTILE, "w", y, x_label=HOSTILE), folder)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=5))
def test_bars_have_their_names(folder: Path, values: list[float]) -> None:
    names = [HOSTILE] * len(values)
    require_drawn(bars_plot("bars", "t", "w", names, values, label=HOSTILE, spreads=[0.1] * len(values)), folder)


@pytest.mark.parametrize("size", [1, 2, 12, 25, 26, 120])
def test_a_matrix_of_any_size(folder: Path, size: int) -> None:
    counts = np.arange(size * size).reshape(size, size) * 1000
    require_drawn(matrix_plot("matrix", "t", "w", [f"{HOSTILE}{each}" for each in range(size)], counts), folder)


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e12), st.booleans())
def test_ticks_are_on_their_axis(low: float, span: float, whole: bool) -> None:
    scale = Scale(low, low + span, 0, 100, whole=whole)
    if scale.high - scale.low <= 1e-9 * abs(low):
        return
    ticks = scale.ticks()
    room = 1e-6 * span + 1e-9 * max(abs(low), float(whole))
    assert all(scale.low - room <= tick <= scale.high + room for tick in ticks)
    assert len(ticks) <= 12
    assert not whole or all(tick == round(tick) for tick in ticks)


@given(arrays(float, st.integers(401, 3000), elements=st.floats(-1e6, 1e6)))
def test_a_long_line_keeps_its_peaks_and_its_ends(values: np.ndarray[Any, np.dtype[np.float64]]) -> None:
    x, y = thinned(np.arange(len(values)), values)
    assert len(x) <= 402
    assert (y.min(), y.max()) == (values.min(), values.max())
    assert (x[0], x[-1]) == (0, len(values) - 1)
    assert np.array_equal(values[x.astype(int)], y)


def test_a_long_line_is_broken_where_it_has_no_numbers() -> None:
    values = np.ones(10_000)
    values[3_000:6_000] = math.nan
    plot = lines_plot("a", "t", "w", [Line("l", np.arange(10_000), values)], x_label="x", y_label="y")
    (path,) = [part for part in plot.marks.split("<path ") if "line c0" in part and "L" in part]
    assert path.partition('d="')[2].partition('"')[0].count("M") == 2


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=2, max_size=60))
def test_the_curve_has_the_area_that_the_evaluation_says(rows: list[tuple[float, bool]]) -> None:
    scores, own = np.array([score for score, _ in rows]), np.array([is_own for _, is_own in rows])
    if own.all() or not own.any():
        return
    ranking = Ranking()
    ranking.add(scores, own)
    x, y, area = roc(Scored("a", scores, own))
    assert area == pytest.approx(ranking.area(), abs=1e-9)
    assert (np.diff(x) >= 0).all()
    assert (np.diff(y) >= 0).all()
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=40))
def test_precision_and_recall_are_those_of_every_threshold(rows: list[tuple[float, bool]]) -> None:
    scores, own = np.array([score for score, _ in rows]), np.array([is_own for _, is_own in rows])
    if not own.any():
        return
    recall, precision, average = precision_recall(Scored("a", scores, own))
    wanted = [
        (own[scores >= bound].sum() / own.sum(), own[scores >= bound].mean()) for bound in sorted(set(scores))[::-1]
    ]
    assert np.stack([recall[1:], precision[1:]], axis=1) == pytest.approx(np.array(wanted))
    steps = np.diff([0.0, *(share for share, _ in wanted)])
    assert average == pytest.approx(float((steps * [each for _, each in wanted]).sum()))


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 3, 4]), st.randoms(use_true_random=False))
def test_pixels_come_back_from_a_png(height: int, width: int, channels: int, random: Any) -> None:
    count = height * width * channels
    pixels = np.array([random.randrange(256) for _ in range(count)], np.uint8).reshape(height, width, channels)
    read = np.asarray(Image.open(io.BytesIO(png(pixels))))
    assert np.array_equal(read.reshape(pixels.shape), pixels)


@pytest.mark.parametrize("shape", [(64, 64, 3), (65, 10, 1), (500, 3, 4), (1, 900, 3), (7, 7, 1)])
def test_a_thumbnail_is_small_and_as_bright(shape: tuple[int, int, int]) -> None:
    small = thumbnail(np.full(shape, 77, np.uint8), 64)
    assert max(small.shape[:2]) <= 64
    assert min(small.shape) >= 1
    assert (small == 77).all()


def test_texts_are_shown_and_do_nothing() -> None:
    text = escape(HOSTILE)
    assert not {"<", ">", '"', "\x00", "\x1b", "\u202e", "\ud800", "\uffff", "\n"} & set(text)
    assert plain(HOSTILE).startswith('"><script>')
    assert element("a", escape("<"), title='"') == '<a title="&quot;">&lt;</a>'
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.0, "0"), (1.0, "1"), (0.96667, "0.9667"), (12345.6, "12,346"), (-3.5, "-3.5"), (1e-7, "1.000e-07"),
     (1e12, "1.000e+12"), (None, "–"), (math.nan, "–"), (999_999.9, "1,000,000"), (100.04, "100")],
)  # fmt: skip
def test_numbers_as_people_write_them(number: float | None, text: str) -> None:
    assert short_number(number) == text


@given(st.lists(LARGE, max_size=5))
def test_limits_are_apart(values: list[float]) -> None:
    low, high = limits(values)
    assert math.isfinite(low)
    assert math.isfinite(high)
    assert low < high
