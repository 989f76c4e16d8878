"""What is decided, and that the reason stands beside it."""

from __future__ import annotations

import datetime
import itertools
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import dlcli
from dlcli.config.document.composer import compose
from dlcli.config.inspection.inspection import inspect
from dlcli.config.presets.expansion import expand_preset
from dlcli.data.prepare import prepare
from dlcli.data.sources.delimited.header import delimited_header
from dlcli.data.sources.options import Reading, TableOptions
from dlcli.drafting.draft import Draft
from dlcli.errors import DataError, RunError

ROWS = 120

SMALL = {"preset": {"realmlp": {"hidden": [64, 64, 64]}}}
"""What each fold of a small table gets."""


def _numbers(rows: int = ROWS, seed: int = 0) -> list[str]:
    return [f"{value:.4f}" for value in np.random.default_rng(seed).normal(size=rows)]


def _classes(rows: int = ROWS, seed: int = 1) -> list[str]:
    draw = random.Random(seed)
    return [draw.choice(["no", "yes"]) for _ in range(rows)]


def _write(folder: Path, /, **columns: Sequence[object] | NDArray[Any]) -> Path:
    file = folder / "table.csv"
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _config(drafted: Draft) -> Any:
    return compose(drafted.text, source="the draft").require().value


def _init(folder: Path, target: str = "y", /, **columns: Sequence[object] | NDArray[Any]) -> Draft:
    file = _write(folder, **columns)
    drafted = dlcli.init(file, target=target, overwrite=True)
    dlcli.check(drafted.output, fast=True)
    return drafted


def _line(drafted: Draft, begin: str) -> str:
    """The line that begins so, with the remark above it."""
    lines = [line.strip() for line in drafted.text.splitlines()]
    place = next(place for place, line in enumerate(lines) if line.startswith(begin))
    above = lines[place - 1] if lines[place - 1].startswith("#") else ""
    return f"{above} {lines[place]}"


# Columns.


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["7"] * ROWS, "one value"),
        ([""] * ROWS, "empty"),
        ([str(1000 + place * 3) for place in range(ROWS)], "an id"),
        ([f"customer {place}" for place in range(ROWS)], "an id"),
        (_numbers(), "the same as 'x'"),
        ([*map(str, range(ROWS - 1)), "oops"], "'oops'"),
        (["1e300" if place == 7 else "1" for place in range(ROWS)], "1e+300"),
        ([f"is {cell}" for cell in _classes()], "gives the target away"),
        (["1" if cell == "yes" else "" for cell in _classes()], "gives the target away"),
        ([("9" if cell == "yes" else "2") + str(place % 10) for place, cell in enumerate(_classes())], "thresholds"),
    ],
)
def test_columns_are_left_out_and_why(cells: list[str], reason: str, tmp_path: Path) -> None:
    drafted = _init(tmp_path, x=_numbers(), some_id=cells, z=_numbers(seed=5), y=_classes())
    assert reason in drafted.left_out["some_id"]
    assert drafted.used == ("x", "z")
    assert reason in drafted.text


def test_what_is_needed_stays(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).normal(size=ROWS)
    drafted = _init(
        tmp_path,
        x=numbers,
        few=["a" if place % 3 else "b" for place in range(ROWS)],
        strong=[value * 2 + noise for value, noise in zip(numbers, map(float, _numbers(seed=9)), strict=True)],
        y=[
            "high" if value > 0.3 * noise else "low"
            for value, noise in zip(numbers, map(float, _numbers(seed=3)), strict=True)
        ],
    )
    assert drafted.used == ("x", "few", "strong")


def test_numbers_that_go_with_another_column_say_more_than_it(tmp_path: Path) -> None:
    """How large a store is tells of others than its name does; squares of distances are no distances."""
    store = [place * 7 % 6 for place in range(ROWS)]
    drafted = _init(
        tmp_path,
        store=["abcdef"[each] for each in store],
        size=[(300, 95, 180, 60, 75, 410)[each] for each in store],
        far=[each - 2 for each in store],
        near=[(each - 1.5) ** 2 for each in store],
        other=[30 - 10 * each for each in store],
        two=["yes" if each % 2 else "no" for each in store],
        same=[each % 2 for each in store],
        y=_classes(),
    )
    assert drafted.used == ("store", "size", "near", "other", "two")
    assert drafted.left_out["far"] == "the same as 'store' in every row, in other words"
    assert drafted.left_out["same"] == "the same as 'two' in every row, in other words"


def test_many_categories_that_tell_nothing_are_left_out(tmp_path: Path) -> None:
    """A network learns by heart which of a hundred planes were late; a name that tells of others is kept."""
    random = np.random.default_rng(0)
    plane, cook = random.integers(0, 60, 2 * ROWS), random.integers(0, 60, 2 * ROWS)
    score = random.normal(size=60)[cook] + random.normal(size=2 * ROWS) / 2
    names = {"plane": [f"N{each}" for each in plane], "cook": [f"C{each}" for each in cook]}
    drafted = _init(tmp_path, x=_numbers(2 * ROWS), **names, y=score)
    assert drafted.used == ("x", "cook")
    assert "learnt by heart" in drafted.left_out["plane"]
    classes = _init(tmp_path, x=_numbers(2 * ROWS), **names, y=np.where(score > 0, "good", "bad"))
    assert classes.used == ("x", "cook")
    assert _init(tmp_path, plane=names["plane"], y=score).used == ("plane",)
    whose = _init(tmp_path, x=_numbers(2 * ROWS), user_id=names["plane"], y=score)
    assert _config(whose)["data"]["split"] == {"group": "user_id"}


def test_numbers_that_would_hardly_be_seen_get_a_scale(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = 3_100  # of fewer a line is looked for, which scales all as it is
    delay = np.exp(2 * random.normal(size=rows)).round(2) + 0.01
    visits = np.where(random.random(rows) < 0.8, 0, random.integers(1, 6, rows))
    visits[7] = 600
    columns = {"delay": delay, "visits": visits, "flag": visits > 0, "x": random.normal(size=rows).round(3)}
    late = _config(_init(tmp_path, **columns, y=(delay + 9 * random.normal(size=rows)).round(3)))["data"]["features"]
    assert late["delay"] == {"type": "number", "scale": "standard"}
    assert late["visits"] == {"type": "number", "scale": "quantile"}
    assert late["x"] == "number"
    other = _init(tmp_path, **columns, y=(np.log(delay) + visits % 7 + random.normal(size=rows)).round(3))
    assert _config(other)["data"]["features"]["delay"] == "number"
    assert "by quantiles they are told apart" in _line(other, "visits:")


def test_few_numbers_with_a_word_among_them_are_categories(tmp_path: Path) -> None:
    cylinders = ["rotary" if place == 50 else str(4 + 2 * (place % 3)) for place in range(ROWS)]
    drafted = _init(tmp_path, x=_numbers(), cylinders=cylinders, y=_classes())
    assert drafted.used == ("x", "cylinders")
    assert "but for 'rotary'" in _line(drafted, "cylinders: category")
    more = {f"x{place}": _numbers(seed=place) for place in range(50)}
    many = _init(tmp_path, **more, cylinders=cylinders, y=_classes())
    assert _config(many)["data"]["features"] == {"...": "auto", "cylinders": "category"}


def test_a_target_too_large_for_its_variance(tmp_path: Path) -> None:
    for large in (["1e300", "0", "-1e300", "1e299"] * 30, ["1e300"] * 118 + ["1e-300", "-1e300"]):
        with pytest.raises(DataError, match="1e\\+300") as caught:
            _init(tmp_path, x=_numbers(), few=[f"c{place % 7}" for place in range(ROWS)], y=large)
        assert {problem.rule for problem in caught.value.problems} == {"unusable-target"}


def test_the_target_in_another_unit_is_left_out(tmp_path: Path) -> None:
    price = [float(each) for each in _numbers()]
    drafted = _init(tmp_path, x=_numbers(seed=2), cents=[100 * each + 3 for each in price], y=price)
    assert "another unit" in drafted.left_out["cents"]


def test_two_columns_that_make_the_target_are_left_out(tmp_path: Path) -> None:
    """As riders with and without a subscription do all of them."""
    rng = np.random.default_rng(2)
    casual, registered = rng.integers(0, 300, ROWS), rng.integers(0, 900, ROWS)
    drafted = _init(tmp_path, x=_numbers(), casual=casual, registered=registered, y=casual + registered)
    assert drafted.used == ("x",)
    assert "together with 'registered': it is 'casual' + 'registered'" in drafted.left_out["casual"]
    alone = _init(tmp_path, casual=casual, registered=registered, y=casual + registered)
    assert alone.used == ("casual", "registered")


def test_what_gives_the_target_away_stays_where_nothing_else_is_left(tmp_path: Path) -> None:
    values = range(ROWS)
    drafted = _init(tmp_path, x=values, y=[2 * each for each in values])
    assert drafted.used == ("x",)


def test_dates_get_their_format(tmp_path: Path) -> None:
    days = [f"{1 + place % 28:02}.{1 + place % 12:02}.2020" for place in range(ROWS)]
    drafted = _init(tmp_path, x=_numbers(), born=days, y=_classes())
    assert _config(drafted)["data"]["features"]["born"] == {"type": "datetime", "format": "%d.%m.%Y"}


def test_numbers_that_are_texts(tmp_path: Path) -> None:
    drafted = _init(
        tmp_path,
        price=[f'"${1000 + place * 73 % ROWS * 37.5:,.2f}"' for place in range(ROWS)],
        share=[f"{place % 40 / 2} %" if place % 9 else "-" for place in range(ROWS)],
        stay=[f"{place % 7} nights" for place in range(ROWS)],
        far=[f'"{1 + place % 50},{100 + place * 7 % 800} km"' for place in range(ROWS)],
        near=[f"{place % 30} km" if place % 2 else f"{place * 13 % 900} m" for place in range(ROWS)],
        fare=[f"${place * 7 % 61}" if place % 30 else "ask us" for place in range(ROWS)],
        y=[f'"{place * 91.25:.2f} €"'.replace(".", ",") for place in range(ROWS)],
    )
    data = _config(drafted)["data"]
    assert data["features"] == {
        "price": {"type": "number", "unit": "$", "thousands": ","},
        "share": {"type": "number", "unit": "%"},
        "stay": {"type": "number", "unit": "nights"},
    }
    assert data["target"]["y"] == {"type": "number", "unit": "€", "decimal": ",", "scale": "standard"}
    assert data["missing_values"] == ["-"]
    assert "only you know" in drafted.left_out["far"]
    assert "several units ('m', 'km')" in drafted.left_out["near"]
    assert "'ask us'" in drafted.left_out["fare"]
    assert "'$1,000.00' is 1000" in drafted.text


def test_other_columns_tell_what_a_mark_is(tmp_path: Path) -> None:
    """Fractions that are written with points leave the comma to thousands."""
    far = [f'"{1 + place % 50},{100 + place * 7 % 800} km"' for place in range(ROWS)]
    drafted = _init(tmp_path, x=_numbers(), far=far, y=_classes())
    assert _config(drafted)["data"]["features"]["far"] == {"type": "number", "unit": "km", "thousands": ","}


def test_classes_of_numbers_with_a_unit_keep_their_names(tmp_path: Path) -> None:
    drafted = _init(tmp_path, x=_numbers(), y=[f"{12 + place % 2 * 24} months" for place in range(ROWS)])
    assert _config(drafted)["data"]["target"]["y"]["classes"] == ["12 months", "36 months"]


def test_marks_among_numbers_are_empty_cells(tmp_path: Path) -> None:
    drafted = _init(
        tmp_path, x=["?" if place % 9 == 0 else place * 1.5 for place in range(ROWS)], z=_numbers(), y=_classes()
    )
    config = _config(drafted)
    assert config["data"]["missing_values"] == ["?"]
    assert config["data"]["features"]["x"] == "number"


def test_values_that_stand_for_missing_ones(tmp_path: Path) -> None:
    """In features and in the target; not where another column has the value among its own."""
    rng = np.random.default_rng(3)
    days = [f"2021-{1 + place % 12:02}-{1 + place % 28:02}" for place in range(ROWS)]
    age = [-1 if place % 8 == 0 else place * 37 % 60 + 18 for place in range(ROWS)]
    drafted = _init(
        tmp_path,
        born=["1900-01-01" if place % 6 == 0 else day for place, day in enumerate(days)],
        wind=[9999 if place % 5 == 0 else f"{value:.1f}" for place, value in enumerate(rng.normal(size=ROWS))],
        age=age,
        change=rng.integers(-9, 9, ROWS),
        y=[-999 if place % 10 == 0 else f"{value:.3f}" for place, value in enumerate(rng.normal(size=ROWS))],
    )
    data = _config(drafted)["data"]
    assert data["missing_values"] == ["-999", "1900-01-01", "9999"]
    assert data["features"]["wind"] == {"type": "number", "mark_missing": True}
    assert data["target"]["y"]["missing"] == "drop"
    assert "9999: 'wind' has 24 times 9999, and all others are -" in " ".join(drafted.text.split()).replace("# ", "")
    config = inspect(drafted.output).require()
    assert "'age'" in next(each.message for each in prepare(config.data, seed=1).doubts if "disguise" in each.rule)


def test_names_that_are_there_twice(tmp_path: Path) -> None:
    """In the draft, and in files that the model is applied to, which have the same header."""
    rows = zip(_numbers(), _numbers(seed=2), _classes(), strict=True)
    file = tmp_path / "table.csv"
    file.write_text("\n".join(["score,score,y", *map(",".join, rows)]), encoding="utf-8")
    drafted = dlcli.init(file, target="y")
    dlcli.check(drafted.output, fast=True)
    data = _config(drafted)["data"]
    assert (data["columns"], data["header"]) == (["score", "score_2", "y"], True)
    options = TableOptions.of(inspect(drafted.output).require().data).for_new_rows(
        Reading(), like=None, features=["score", "score_2"], columns=["score", "score_2", "y"], targets=["y"]
    )
    assert delimited_header(file, options).names == ("score", "score_2", "y")


@pytest.mark.parametrize(("word", "comment"), [("Grand total", True), ("All shops", True), ("shop 5", False)])
def test_a_last_row_of_totals(word: str, comment: bool, tmp_path: Path) -> None:
    """It is left out where no other row begins so; else lint tells of it."""
    units = [place * 37 % 90 + 1 for place in range(ROWS - 1)]
    shops = [*(f"shop {place % 9}" for place in range(ROWS - 1)), word]
    drafted = _init(tmp_path, shop=shops, z=_numbers(), units=[*units, sum(units)], y=_numbers(seed=4))
    assert _config(drafted)["data"].get("comment") == (word if comment else None)
    assert drafted.num_rows == ROWS - comment
    told = {each.rule for each in prepare(inspect(drafted.output).require().data, seed=1).doubts}
    assert ("row-of-totals" in told) is not comment


def test_infinite_numbers_are_empty_cells(tmp_path: Path) -> None:
    infinite = ["inf" if place % 9 == 0 else "-inf" if place % 17 == 0 else place * 1.5 for place in range(ROWS)]
    config = _config(_init(tmp_path, x=infinite, z=_numbers(), y=_classes()))
    assert config["data"]["missing_values"] == ["-inf", "inf"]
    assert config["data"]["features"]["x"]["type"] == "number"


@pytest.mark.parametrize(
    ("classes", "marks", "kind"),
    [
        (["a", "b", "?"], ["?"], "category"),
        (["+", "-", "+"], None, "category"),
        (["a", "b", "none"], None, "category"),
        (["?", "!", "a"], None, "category"),
        ([*map(str, range(0, 300, 7)), "-"], ["-"], "number"),
    ],
)
def test_signs_for_no_value_are_no_class(
    classes: list[str], marks: list[str] | None, kind: str, tmp_path: Path
) -> None:
    config = _config(_init(tmp_path, x=_numbers(), y=[classes[place % len(classes)] for place in range(ROWS)]))
    assert config["data"].get("missing_values") == marks
    assert config["data"]["target"]["y"]["type"] == kind
    assert config["data"]["target"]["y"].get("missing") == (None if marks is None else "drop")


def test_empty_cells_are_marked_where_they_are_many_or_tell(tmp_path: Path) -> None:
    rows, draw = 1200, random.Random(2)
    classes = _classes(rows)
    numbers = {name: _numbers(rows, seed) for seed, name in enumerate(("many", "telling", "few", "some"))}
    for place, each in enumerate(classes):
        for name, chance in (("many", 0.2), ("telling", 0.06 * (each == "yes")), ("some", 0.03)):
            if draw.random() < chance:
                numbers[name][place] = ""
    numbers["few"][7] = ""
    drafted = _init(tmp_path, **numbers, y=classes)
    features = _config(drafted)["data"]["features"]
    marked = {"type": "number", "mark_missing": True}
    assert features == {"many": marked, "telling": marked, "few": "number", "some": "number"}
    assert "18 % of the rows" in _line(drafted, "many")
    assert "goes with the target" in _line(drafted, "telling")
    price = [f"{draw.gauss(5 * (cell == ''), 1):.3f}" for cell in numbers["some"]]
    assert _config(_init(tmp_path, **numbers, y=price))["data"]["features"]["some"] == marked


def test_many_columns_with_empty_cells_are_marked_at_once(tmp_path: Path) -> None:
    many = {
        f"c{column}": [cell if place % 4 else "" for place, cell in enumerate(_numbers(seed=column))]
        for column in range(45)
    }
    data = _config(_init(tmp_path, **many, z=_numbers(seed=99), y=_classes()))["data"]
    assert data["defaults"] == {"number": {"mark_missing": "auto"}}
    assert data["features"] == {"...": "auto"}


@pytest.mark.parametrize(
    "name", ["...", "a/b", "features", "col*", "?", "[q]", "no", "x: y", "#", "a" * 300, "数", "1"]
)
def test_strange_names(name: str, tmp_path: Path) -> None:
    drafted = _init(tmp_path, "y", **{name: _numbers(), "other": _numbers(seed=4), "y": _classes()})
    assert name in drafted.used


def test_a_column_whose_values_are_all_held_back(tmp_path: Path) -> None:
    drafted = _init(tmp_path, x=_numbers(12), few=["", "", "3", *[""] * 9], z=_numbers(12, seed=8), y=["a", "b"] * 6)
    for place in range(12):
        cells = ["3" if place == each else "" for each in range(12)]
        drafted = _init(tmp_path, x=_numbers(12), few=cells, y=["a", "b"] * 6)
        if "few" not in drafted.used:
            break
    assert "no values in the training split" in drafted.left_out["few"]


# The task.


@pytest.mark.parametrize(
    ("cells", "kind", "classes"),
    [
        (_classes(), "classes", 2),
        (["a", "b", "c"] * 40, "classes", 3),
        ([-1, 1] * 60, "classes", 2),
        ([5, 7] * 60, "classes", 2),
        ([0, 1, 2, 3] * 30, "classes", 4),
        (_numbers(), "number", 0),
        ([place * 7 for place in range(ROWS)], "number", 0),
        ([3, 5, 6, 8] * 30, "number", 0),
    ],
)
def test_the_task(cells: list[object], kind: str, classes: int, tmp_path: Path) -> None:
    drafted = _init(tmp_path, x=_numbers(), y=cells)
    assert (drafted.task.kind, len(drafted.task.classes)) == (kind, classes)
    assert _config(drafted)["data"]["target"]["y"]["type"] == ("category" if classes else "number")


@pytest.mark.parametrize(
    ("cells", "word"),
    [
        (["a"] * ROWS, "one value"),
        ([""] * ROWS, "no values"),
        ([f"name {place}" for place in range(ROWS)], "different values"),
        ([f"2020-01-{1 + place % 28:02}" for place in range(ROWS)], "dates"),
        ([f"{1 + place % 28:02}.01.2020" for place in range(ROWS)], "dates"),
    ],
)
def test_targets_that_nothing_can_learn_are_refused(cells: list[str], word: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        _init(tmp_path, x=_numbers(), y=cells)
    assert word in caught.value.problems[0].message
    assert not (tmp_path / "table.yaml").exists()


def test_rows_without_a_target_are_left_out(tmp_path: Path) -> None:
    drafted = _init(
        tmp_path, x=_numbers(), y=["" if place % 10 == 0 else cell for place, cell in enumerate(_classes())]
    )
    assert _config(drafted)["data"]["target"]["y"]["missing"] == "drop"
    assert "12 rows have none" in drafted.text


@pytest.mark.parametrize(("names", "guess"), [(("label", "x"), "label"), (("x", "Class"), "Class"), (("x", "z"), "z")])
def test_the_target_is_guessed_and_said(names: tuple[str, ...], guess: str, tmp_path: Path) -> None:
    file = _write(tmp_path, **{name: _classes(seed=place) for place, name in enumerate(names)})
    drafted = dlcli.init(file)
    assert (drafted.task.target.name, bool(drafted.task.target.why)) == (guess, True)
    assert "guessed" in drafted.text


def test_a_target_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        _init(tmp_path, "prise", x=_numbers(), price=_numbers())
    assert "price" in caught.value.problems[0].hint


def test_classes_that_differ_in_capitals_alone_are_told(tmp_path: Path) -> None:
    drafted = _init(tmp_path, x=_numbers(), y=[["Yes", "yes", "No"][place % 3] for place in range(ROWS)])
    assert "differ in capitals or blanks alone: 'Yes' and 'yes'" in " ".join(drafted.text.replace("#", "").split())


def test_of_rare_classes_it_is_told_how_more_are_found(tmp_path: Path) -> None:
    numbers = [float(each) for each in _numbers(800)]
    cells = ["rare" if 0.9 < abs(each) < 1 else "often" for each in numbers]
    drafted = _init(tmp_path, x=numbers, y=cells)
    assert _config(drafted)["model"] == SMALL
    assert "class_weight" not in _config(drafted)["fit"]
    assert _config(drafted)["callbacks"] == [{"KeepBest": {"monitor": "val_loss"}}]
    assert "of 800 rows; to find more of them" in drafted.text
    straight = _init(tmp_path, x=_numbers(400), y=["rare" if place % 40 == 0 else "often" for place in range(400)])
    assert "'rare' has 10 of 400 rows; to find more" in straight.text


# The network.


def test_a_preset_is_named_and_told(tmp_path: Path) -> None:
    curved = ["far" if abs(float(each)) > 0.67 else "near" for each in _numbers()]
    drafted = _init(tmp_path, x=_numbers(), y=curved)
    assert _config(drafted)["model"] == SMALL
    assert "--show-expanded" in drafted.text
    assert "epochs" not in _config(drafted).get("fit", {})


@pytest.mark.parametrize(
    ("rows", "kind", "folds"),
    [(300, "numbers", 5), (300, "classes", 5), (4000, "numbers", None), (40, "numbers", None), (300, "rare", None)],
)
def test_small_tables_get_a_network_for_each_fold(rows: int, kind: str, folds: int | None, tmp_path: Path) -> None:
    """Each has as many updates: one program trains all. Large tables, and classes of few rows, get one network."""
    x = np.random.default_rng(0).normal(size=rows)
    far = np.where(np.abs(x) > 0.67, "far", "near")
    y = {"numbers": (x**2).round(4), "classes": far, "rare": np.where(np.arange(rows) < 5, "rare", far)}[kind]
    config = _config(drafted := _init(tmp_path, x=x.round(5), y=y))
    assert config.get("ensemble") == (None if folds is None else {"folds": folds})
    assert config.get("runtime") == (None if folds is None else {"threads": 1})
    assert ("validation" in config["data"]) == (folds is None and rows > 50)
    if folds is not None:
        parts = dlcli.check(drafted.output, fast=True, folds=folds).folds
        batch = config["data"].get("batch_size", 256)
        assert len({each.samples["train"] // batch for each in parts}) == 1
    else:
        assert config["model"] != SMALL


def test_of_many_rows_fewer_epochs_do(tmp_path: Path) -> None:
    drafted = _init(tmp_path, x=_numbers(9_000), y=_numbers(9_000, seed=4))
    assert 50 < _config(drafted)["fit"]["epochs"] < 256


@pytest.mark.parametrize("cells", [_classes(), ["a", "b", "c"] * 40, _numbers()])
@pytest.mark.parametrize("rows", [ROWS, 27 * ROWS])
def test_a_preset_written_out_is_the_same_config(cells: list[str], rows: int, tmp_path: Path) -> None:
    file = _write(tmp_path, x=_numbers(rows), y=cells * (rows // ROWS))
    named, written = (dlcli.init(file, target="y", output="-", expand=expand) for expand in (False, True))
    assert "preset" not in _config(written)["model"]
    both = [expand_preset(compose(each.text, source="the draft").require()).value for each in (named, written)]
    assert both[0] == both[1]


def test_several_numbers_are_predicted_side_by_side(tmp_path: Path) -> None:
    file = _write(tmp_path, x=_numbers(), a=_numbers(seed=2), b=_numbers(seed=3), c=_classes())
    for asked in (("a", "b"), ("b", "a", "b")):
        config = _config(drafted := dlcli.init(file, target=asked, overwrite=True))
        names = list(dict.fromkeys(asked))
        assert config["data"]["target"] == {"targets": {"type": "number", "columns": names, "scale": "standard"}}
        assert list(config["data"]["features"]) == ["x", "c"]
        dlcli.check(drafted.output, fast=True)


def test_outputs_have_names_that_nothing_else_has(tmp_path: Path) -> None:
    columns: dict[str, Any] = {"x": _numbers(), "features": _classes(), "dense": [0, 1, 2] * 40}
    config = _config(drafted := dlcli.init(_write(tmp_path, **columns), target=["features", "dense"]))
    dlcli.check(drafted.output, fast=True)
    assert config["model"]["outputs"] == ["features_", "dense"]


def test_each_of_several_targets_has_an_output(tmp_path: Path) -> None:
    """Where some are classes; their layers have names of their own, whatever the columns are called."""
    prices = [f'"${1000 + place * 73 % ROWS * 37.5:,.2f}"' for place in range(ROWS)]
    table: dict[str, Any] = {
        "x": _numbers(),
        "trunk": _numbers(seed=2),
        "kind of it": _classes(),
        "price": prices,
        "few": [0, 1, 2] * 40,
    }
    config = _config(drafted := dlcli.init(_write(tmp_path, **table), target=["kind of it", "price", "few"]))
    dlcli.check(drafted.output, fast=True)
    types = {name: each["type"] for name, each in config["data"]["target"].items()}
    assert types == {"kind_of_it": "category", "price": "number", "few": "category"}
    assert list(config["data"]["features"]) == ["x", "trunk"]
    *_, shared, first, second, third = config["model"]["layers"]
    assert shared["name"] == first["inputs"] == second["inputs"] == third["inputs"] == "trunk_"
    assert config["model"]["outputs"] == list(config["compile"]["loss"]) == ["kind_of_it", "price", "few"]


@pytest.mark.parametrize("expand", [False, True])
def test_several_classes_in_a_cell(expand: bool, tmp_path: Path) -> None:
    draw = random.Random(4)
    cells = ["|".join(draw.sample(["cat", "dog", "owl"], draw.randrange(3))) for _ in range(ROWS)]
    file = _write(tmp_path, x=_numbers(), tags=cells)
    config = _config(drafted := dlcli.init(file, target="tags", expand=expand))
    assert config["data"]["target"] == {
        "tags": {"type": "categories", "separator": "|", "classes": ["cat", "dog", "owl"]}
    }
    assert config["data"]["split"] == "random"
    dlcli.check(drafted.output, fast=True)


@pytest.mark.parametrize("cells", [["Doe, John", "Roe, Jane", "Poe, Ann"], ["a", "b", "c|d"]])
def test_a_mark_within_a_class_parts_none(cells: list[str], tmp_path: Path) -> None:
    table = tmp_path / "table.tsv"
    lines = [f"{number}\t{cell}" for number, cell in zip(_numbers(), cells * (ROWS // 3), strict=True)]
    table.write_text("\n".join(["x\ty", *lines]), encoding="utf-8")
    assert _config(dlcli.init(table, target="y"))["data"]["target"]["y"]["type"] == "category"


# How the rows are divided.


@pytest.mark.parametrize(
    ("columns", "split"),
    [
        ({}, "stratified"),
        ({"patient": [f"p{place // 4}" for place in range(ROWS)]}, {"group": "patient"}),
        ({"customer_id": [100 + place // 4 for place in range(ROWS)]}, {"group": "customer_id"}),
        ({"family": [f"{place // 3:03}{'A' * (place > 116)}" for place in range(ROWS)]}, {"group": "family"}),
        # Of a person, of many, how many, and no id: none of these says whose a row is.
        ({"customer_age": [20 + place % 60 for place in range(ROWS)]}, "stratified"),
        ({"age_group": [f"{place % 12}x" for place in range(ROWS)]}, "stratified"),
        ({"households": [place % 60 for place in range(ROWS)]}, "stratified"),
        ({"calls_per_user": [place % 60 for place in range(ROWS)]}, "stratified"),
        ({"amount_paid": [place % 60 for place in range(ROWS)]}, "stratified"),
        ({"heat_index": [place % 60 for place in range(ROWS)]}, "stratified"),
        ({"date": [f"2020-{1 + place // 28:02}-{1 + place % 28:02}" for place in range(ROWS)]}, {"ordered": "date"}),
        (
            {
                "birth_date": [f"19{50 + place * 7 % 40}-0{1 + place % 9}-1{place % 7}" for place in range(ROWS)],
                "date": [f"2020-{1 + place // 28:02}-{1 + place % 28:02}" for place in range(ROWS)],
            },
            {"ordered": "date"},
        ),
        ({"birth_date": [f"19{50 + place % 50}-01-01" for place in range(ROWS)]}, "stratified"),
        ({"sent": [f"{1 + place % 28:02}.{1 + place // 28:02}.2020" for place in range(ROWS)]}, {"ordered": "sent"}),
    ],
)
def test_the_split(columns: dict[str, list[object]], split: object, tmp_path: Path) -> None:
    drafted = _init(tmp_path, x=_numbers(), **columns, y=_classes())
    assert _config(drafted)["data"]["split"] == split


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y"])
@pytest.mark.parametrize(
    ("later", "split"),
    [(ROWS * 2 // 3, "stratified"), (ROWS // 2, {"ordered": "date"}), (ROWS - 4, {"ordered": "date"})],
)
def test_no_class_comes_after_all_training_rows(later: int, split: object, form: str, tmp_path: Path) -> None:
    rows = random.Random(6).sample(range(ROWS), ROWS)
    days = [f"{datetime.date(2024, 1, 1) + datetime.timedelta(days=row):{form}}" for row in rows]
    classes = ["late" if row >= later else ["a", "b"][row % 2] for row in rows]
    drafted = _init(tmp_path, date=days, x=_numbers(), y=classes)
    assert _config(drafted)["data"]["split"] == split
    assert ("no training row would be of 'late'" in " ".join(drafted.text.split())) == (split == "stratified")


def _drafted_apart(tmp_path: Path, columns: dict[str, Sequence[object]], apart: dict[str, Sequence[object]]) -> Draft:
    """A draft of a folder whose test is a file."""
    folder = tmp_path / "parts"
    folder.mkdir()
    for name, others in (("train", columns), ("test", apart)):
        _write(tmp_path, **{"x": _numbers(seed=len(name)), "y": _classes(), **others}).rename(folder / f"{name}.csv")
    drafted = dlcli.init(folder, target="y")
    assert not dlcli.check(drafted.output, fast=True).warnings
    return drafted


@pytest.mark.parametrize("whose", [lambda each: 100 + each, lambda each: f"p{each}"])
def test_of_whom_a_test_of_ones_own_is(whose: Callable[[int], object], tmp_path: Path) -> None:
    """Rows of the same ones are predicted by what is known of them, and held back like those of the test."""
    known = [place // 12 for place in range(ROWS)]
    told = {"customer_id": [whose(each) for each in known]}
    classes = [f"{each * 7 % 3}" for each in known]
    for first, again in ((0, True), (500, False)):
        folder = tmp_path / str(first)
        folder.mkdir()
        apart = {"customer_id": [whose(each + first) for each in known]}
        config = _config(_drafted_apart(folder, {**told, "y": classes}, {**apart, "y": classes}))["data"]
        assert (config.get("split") == {"group": "customer_id"}) != again
        assert config["features"].get("customer_id") == ("category" if again else None)


def test_of_whom_splits_of_ones_own_are(tmp_path: Path) -> None:
    """Where nothing is drawn, ids met again are categories all the same."""
    folder = tmp_path / "parts"
    folder.mkdir()
    columns: dict[str, Sequence[object]] = {
        "customer_id": [100 + place // 12 for place in range(ROWS)],
        "y": _classes(),
    }
    for place, name in enumerate(("train", "valid", "test")):
        _write(tmp_path, **{"x": _numbers(seed=place), **columns}).rename(folder / f"{name}.csv")
    drafted = dlcli.init(folder, target="y")
    assert _config(drafted)["data"]["features"]["customer_id"] == "category"
    dlcli.check(drafted.output, fast=True)


def test_when_a_test_of_ones_own_is(tmp_path: Path) -> None:
    days = [f"{datetime.date(2024, 1, 1) + datetime.timedelta(days=place):%d.%m.%Y}" for place in range(2 * ROWS)]
    for name, known, apart, split in (
        ("later", days[:ROWS], days[ROWS:], {"ordered": "date"}),
        ("among", days[::2], days[1::2], "stratified"),
    ):
        (tmp_path / name).mkdir()
        config = _config(_drafted_apart(tmp_path / name, {"date": known}, {"date": apart}))
        assert config["data"]["split"] == split


_MOMENTS = [datetime.datetime(2024, 1, 1, 14, 5) + datetime.timedelta(days=day, minutes=7 * day) for day in range(ROWS)]


@pytest.mark.parametrize(
    ("name", "cells", "said"),
    [
        ("timestamp", [int(each.timestamp()) for each in _MOMENTS], "seconds since 1970, 2024-01-01 to"),
        ("event_time", [int(each.timestamp() * 1000) for each in _MOMENTS], "milliseconds since 1970"),
        ("month", [f"20240{1 + place % 6}" for place in range(ROWS)], "months, 202401 to 202406"),
        ("date", [f"{each:%d/%b/%Y:%H:%M:%S}" for each in _MOMENTS], "the latest rows"),
        ("date", [f"{each:%d.%m.%Y}" for each in _MOMENTS], "'01.01.2024' to '30.04.2024'"),
        ("sent", [f"{each:%a %b %d %H:%M:%S %Y}" for each in _MOMENTS], None),
        ("amount", [int(each.timestamp()) for each in _MOMENTS], None),
        ("time", [place * 7 % ROWS for place in range(ROWS)], None),
        ("time", range(ROWS), None),
    ],
)
def test_times_in_numbers_and_odd_dates(name: str, cells: Sequence[object], said: str | None, tmp_path: Path) -> None:
    shuffled = random.Random(3).sample(list(cells), ROWS) if cells != range(ROWS) else cells
    drafted = _init(tmp_path, x=_numbers(), y=_numbers(seed=4), **{name: shuffled})
    assert _config(drafted)["data"]["split"] == ("random" if said is None else {"ordered": name})
    assert said is None or said in " ".join(drafted.text.replace("#", "").split())


@pytest.mark.parametrize("series", [("shop",), ("shop", "item")])
def test_what_tells_series_apart_is_named_beside_windows(series: tuple[str, ...], tmp_path: Path) -> None:
    values = itertools.product(range(5), repeat=len(series))
    rows = [(f"{moment:%Y-%m-%d}", *named) for named in values for moment in _MOMENTS[:12]]
    columns = [list(column) for column in zip(*random.Random(5).sample(rows, len(rows)), strict=True)]
    named = {name: [f"{name} {each}" for each in column] for name, column in zip(series, columns[1:], strict=True)}
    days = len(rows)
    drafted = _init(tmp_path, date=columns[0], x=_numbers(days), colour=_classes(days), **named, y=_numbers(days, 2))
    expected = series[0] if len(series) == 1 else f"[{', '.join(series)}]"
    assert f"windows: {{length: 1, horizon: 1, time: date, series: {expected}}}" in drafted.text


@pytest.mark.parametrize(("rows", "held_back"), [(4, False), (9, False), (10, True)])
def test_few_rows_are_all_trained_on(rows: int, held_back: bool, tmp_path: Path) -> None:
    drafted = _init(tmp_path, x=_numbers(rows), y=[0, 1] * (rows // 2) + [1] * (rows % 2))
    assert ("test" in _config(drafted)["data"]) == held_back
    assert ("preset" in _config(drafted)["model"]) == held_back


def test_a_class_of_one_row_is_listed(tmp_path: Path) -> None:
    drafted = _init(tmp_path, x=_numbers(), y=["a", "b", "c"] * 39 + ["a", "b", "once"])
    data = _config(drafted)["data"]
    assert (data["split"], data["target"]["y"]["classes"]) == ("random", ["a", "b", "c", "once"])


# Wide, long and other tables.


@pytest.mark.slow
@pytest.mark.parametrize("many", [400, pytest.param(2000, marks=pytest.mark.soak)])
def test_many_columns_stay_readable(many: int, tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(40, many)).round(3)
    columns: dict[str, Any] = {f"c{place}": values[:, place] for place in range(many)}
    columns |= {f"k{place}": [1] * 40 for place in range(5)}
    drafted = _init(tmp_path, **columns, y=["a", "b"] * 20)
    assert len(drafted.text.splitlines()) < 60
    assert _config(drafted)["data"]["exclude"] == ["k{0..4}"]
    assert len(drafted.used) == many


def test_long_tables_are_looked_at_by_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlcli.drafting.looking.first_rows.MOST_CELLS", 150)
    monkeypatch.setattr("dlcli.drafting.looking.first_rows.FEWEST_ROWS", 50)
    late = ["1"] * 100 + ["2"] * 20
    drafted = _init(tmp_path, x=_numbers(), late=late, always=["1"] * ROWS, y=["a"] * 100 + ["b"] * 20)
    assert not drafted.whole
    assert drafted.task.classes == ("a", "b")
    assert drafted.num_rows == ROWS
    assert drafted.used == ("x", "late")
    assert drafted.left_out.keys() == {"always"}


_DAYS = [str(datetime.date(2020, 1, 1) + datetime.timedelta(days=place)) for place in range(ROWS)]
_PATIENTS = [f"p{place % 15}" for place in range(ROWS)]


@pytest.mark.parametrize(
    ("name", "cells", "split"),
    [
        ("day", _DAYS, {"ordered": "day"}),
        ("day", [*_DAYS[:-1], "31.12.2024"], "stratified"),
        ("day", [*_DAYS[:-1], "2024-02-30x"], "stratified"),
        ("day", [*_DAYS[:-1], ""], "stratified"),
        ("patient", _PATIENTS, {"group": "patient"}),
        ("patient", [*_PATIENTS[:-1], ""], "stratified"),
        ("patient", [*_PATIENTS[:-1], "NA"], "stratified"),
        ("birthday", [*reversed(_DAYS[:-1]), "1.2.3"], "stratified"),
    ],
)
def test_all_rows_bear_out_what_orders_or_groups_them(
    name: str, cells: list[str], split: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlcli.drafting.looking.first_rows.MOST_CELLS", 150)
    monkeypatch.setattr("dlcli.drafting.looking.first_rows.FEWEST_ROWS", 50)
    monkeypatch.setattr("dlcli.drafting.looking.glance.PIECE", 200)
    monkeypatch.setattr("dlcli.data.sources.delimited.source.GATHERED_BYTES", 1000)
    drafted = dlcli.init(_write(tmp_path, **{name: cells}, x=_numbers(), y=_classes()), target="y")
    assert not drafted.whole
    assert _config(drafted)["data"]["split"] == split


@pytest.mark.parametrize(
    ("last", "split"),
    [
        (("2024-01-31", "2024-01-31"), {"ordered": "day"}),
        (("", "2024-01-31"), {"ordered": "date"}),
        (("", "no day"), "stratified"),
    ],
)
def test_the_first_of_several_columns_orders_the_rows_if_it_can(
    last: tuple[str, str], split: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlcli.drafting.looking.first_rows.MOST_CELLS", 150)
    monkeypatch.setattr("dlcli.drafting.looking.first_rows.FEWEST_ROWS", 50)
    day, date = [*_DAYS[:-1], last[0]], [*(_DAYS[place * 7 % 60] for place in range(ROWS - 1)), last[1]]
    drafted = dlcli.init(_write(tmp_path, day=day, date=date, x=_numbers(), y=_classes()), target="y")
    assert _config(drafted)["data"]["split"] == split


@pytest.mark.parametrize("slip", ["", 'say "so"', " "])
def test_columns_that_are_cut_out_tell_the_same(slip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlcli.drafting.looking.first_rows.MOST_CELLS", 150)
    monkeypatch.setattr("dlcli.drafting.looking.first_rows.FEWEST_ROWS", 50)
    note = [*(f'"a, {place}\n""b"""' if place % 3 else f"text {place}" for place in range(ROWS - 1)), slip]
    numbers: dict[str, Any] = {f"x{place}": _numbers(seed=place) for place in range(12)}
    target = [*_classes(ROWS - 4), "", " ", "late", "late"]
    file = _write(tmp_path, day=_DAYS, note=note, **numbers, y=target)
    drafted = dlcli.init(file, target="y")
    monkeypatch.setattr("dlcli.data.sources.delimited.source.NARROW", 0)
    assert dlcli.init(file, target="y", overwrite=True).text == drafted.text
    assert (drafted.num_rows, drafted.task.missing, "late" in drafted.task.classes) == (ROWS, 2, True)


def test_types_of_long_tables_are_told_from_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlcli.drafting.looking.first_rows.MOST_CELLS", 150)
    monkeypatch.setattr("dlcli.drafting.looking.first_rows.FEWEST_ROWS", 50)
    rest = ROWS - 60
    columns = {
        "texts": [*["ok", "bad"] * 30, *(f"it was number {place} of all that came" for place in range(rest))],
        "odd": [*map(str, range(40)), *["3"] * 20, *["three"] * rest],
        "codes": [*map(str, range(10, 40)), *["12"] * 30, *["007"] * rest],
    }
    drafted = dlcli.init(_write(tmp_path, **columns, y=_classes()), target="y")
    assert _config(drafted)["data"]["features"] == {"...": "auto"}
    assert drafted.used == ("texts", "odd", "codes")


def test_pieces_of_a_file_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlcli.drafting.looking.first_rows.MOST_CELLS", 150)
    monkeypatch.setattr("dlcli.drafting.looking.first_rows.FEWEST_ROWS", 50)
    note = ['"a, b"' if place % 3 else f"text {place}" for place in range(ROWS)]
    file = _write(tmp_path, day=_DAYS, note=note, patient=_PATIENTS, x=_numbers(), y=_classes())
    at_once = dlcli.init(file, target="y").text
    monkeypatch.setattr("dlcli.drafting.looking.glance.PIECE", 100)
    monkeypatch.setattr("dlcli.data.sources.delimited.source.GATHERED_BYTES", 1000)
    assert dlcli.init(file, target="y", overwrite=True).text == at_once


def test_a_file_without_a_header(tmp_path: Path) -> None:
    file = tmp_path / "plain.csv"
    file.write_text("".join(f"{place * 0.5},{place % 7},{'ab'[place % 2]}\n" for place in range(60)), encoding="utf-8")
    drafted = dlcli.init(file)
    assert _config(drafted)["data"]["header"] is False
    dlcli.check(drafted.output, fast=True)


def test_arrays(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", x=draw.normal(size=(60, 12, 12)).astype(np.float32), y=np.arange(60) % 3)
    np.save(tmp_path / "s.npy", draw.normal(size=(60, 50, 3)).astype(np.float32))
    np.save(tmp_path / "t.npy", np.arange(60) % 2)
    np.save(tmp_path / "v.npy", draw.normal(size=(60, 5)))
    for source, layer in (
        (str(tmp_path / "a.npz"), "Reshape"),
        (f"{{s: {tmp_path}/s.npy, t: {tmp_path}/t.npy}}", "Conv1D"),
        (f"{{v: {tmp_path}/v.npy, t: {tmp_path}/t.npy}}", ""),
    ):
        drafted = dlcli.init(source, output=tmp_path / "config.yaml", overwrite=True)
        dlcli.check(tmp_path / "config.yaml", fast=True)
        model = _config(drafted)["model"]
        assert layer in model["layers"][0] if layer else model == {"preset": "realmlp"}


def test_folders(project: Path, tmp_path: Path) -> None:
    for split in ("train", "valid"):
        for kind in ("good", "bad"):
            (tmp_path / "reviews" / split / kind).mkdir(parents=True)
            for place in range(12):
                (tmp_path / "reviews" / split / kind / f"{place}.txt").write_text(f"this is {kind} and number {place}")
    drafted = dlcli.init(tmp_path / "reviews")
    config = _config(drafted)
    assert drafted.output == tmp_path / "reviews.yaml"
    assert (config["data"]["train"], config["data"]["validation"]) == ("reviews/train", "reviews/valid")
    assert config["data"]["features"]["path"] == {"type": "text", "file": True}
    dlcli.check(drafted.output, fast=True)
    images = dlcli.init(project / "data" / "digits", output=tmp_path / "digits.yaml")
    assert _config(images)["data"]["features"]["path"] == {"type": "image", "size": [8, 8], "channels": 1}


def test_tables_of_splits_and_a_folder_of_tables(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    for name in ("train", "test"):
        _write(tmp_path, x=_numbers(), y=_classes()).rename(tmp_path / "parts" / f"{name}.csv")
    config = _config(dlcli.init(tmp_path / "parts", target="y"))
    assert (config["data"]["train"], config["data"]["test"]) == ("parts/train.csv", "parts/test.csv")
    (tmp_path / "parts" / "train.csv").rename(tmp_path / "parts" / "one.csv")
    with pytest.raises(DataError) as caught:
        dlcli.init(tmp_path / "parts")
    assert "one.csv" in str(caught.value)


# The file.


def test_what_is_said_of_the_file_is_written_down(tmp_path: Path) -> None:
    lines = [f"{place}.{place % 10};{'?' if place % 7 else place % 5};{'ab'[place % 2]}" for place in range(ROWS)]
    (tmp_path / "odd.txt").write_text("\n".join(["% made up", "x;z;y", *lines]), encoding="latin-1")
    reading = Reading(delimiter=";", comment="%", encoding="latin-1", missing_values=("?",))
    data = _config(dlcli.init(tmp_path / "odd.txt", reading=reading))["data"]
    assert data["features"] == {"x": "number", "z": "number"}
    assert (data["delimiter"], data["comment"], data["encoding"], data["missing_values"]) == (
        ";",
        "%",
        "latin-1",
        ["?"],
    )
    dlcli.check(tmp_path / "odd.yaml", fast=True)


def test_a_column_without_a_name_is_told(tmp_path: Path) -> None:
    lines = [f"{place},{x},{y}" for place, (x, y) in enumerate(zip(_numbers(), _classes(), strict=True))]
    (tmp_path / "table.csv").write_text("\n".join([",x,y", *lines]))
    assert "# not read: a column without a name" in dlcli.init(tmp_path / "table.csv").text


def test_the_command_is_that_of_the_file_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _write(tmp_path, x=_numbers(), y=_classes())
    assert "dlcli train 'my config.yaml'" in dlcli.init(file, output=tmp_path / "my config.yaml").text
    (tmp_path / "mails" / "spam").mkdir(parents=True)
    (tmp_path / "mails" / "ham").mkdir()
    for place in range(20):
        (tmp_path / "mails" / ("spam" if place % 2 else "ham") / f"{place}.txt").write_text(f"{place} words")
    monkeypatch.chdir(tmp_path)
    assert dlcli.init("mails").output == Path("mails.yaml")


def test_nothing_is_replaced_without_being_asked_for(tmp_path: Path) -> None:
    file = _write(tmp_path, x=_numbers(), y=_classes())
    place = tmp_path / "table.yaml"
    place.write_text("mine")
    for wrong in (None, tmp_path / "none" / "a.yaml", file, tmp_path):
        with pytest.raises(RunError):
            dlcli.init(file, output=wrong)
    assert place.read_text() == "mine"
    dlcli.init(file, overwrite=True)
    assert place.read_text() != "mine"


def test_paths_are_relative_to_the_config(tmp_path: Path) -> None:
    file = _write(tmp_path, x=_numbers(), y=_classes())
    (tmp_path / "configs").mkdir()
    drafted = dlcli.init(file, output=tmp_path / "configs" / "mine.yaml")
    assert _config(drafted)["data"]["train"] == "../table.csv"
    dlcli.check(drafted.output, fast=True)


@pytest.mark.slow
def test_the_drafts_of_the_data_that_comes_along(project: Path, tmp_path: Path) -> None:
    for name in ("iris", "wine", "breast_cancer", "diabetes", "houses", "stores", "notes", "points_train"):
        drafted = dlcli.init(project / "data" / f"{name}.csv", output=tmp_path / f"{name}.yaml")
        assert dlcli.check(drafted.output, fast=True).warnings == ()


def test_films_get_convolutions_over_time_and_place(tmp_path: Path) -> None:
    films = np.random.default_rng(1).integers(0, 256, (40, 6, 9, 9, 1)).astype(np.uint8)
    np.savez(tmp_path / "films.npz", clip=films, y=np.array(["up", "down"] * 20))
    drafted = dlcli.init(tmp_path / "films.npz", target="y")
    dlcli.check(drafted.output, fast=True)
    config = _config(drafted)
    assert config["data"]["features"] == {"clip": "video"}
    assert "Conv3D" in config["model"]["layers"][0]


def test_of_seldom_classes_no_column_gives_the_target_away(tmp_path: Path) -> None:
    frauds = [int(place % 500 == 3) for place in range(2000)]
    drafted = _init(tmp_path, "fraud", x=_numbers(2000), c=["abcd"[place % 4] for place in range(2000)], fraud=frauds)
    assert drafted.used == ("x", "c")
    assert "gives the target away" not in drafted.text


def _pictures(order: Sequence[int], rows: int = 60, side: int = 7) -> dict[str, list[int]]:
    """Bright spots on pictures, a column a pixel."""
    draw = np.random.default_rng(8)
    places = np.arange(side)
    middles = draw.uniform(0, side, (rows, 2, 1))
    across, down = np.exp(-((places - middles) ** 2) / 3).transpose(1, 0, 2)
    pixels = (255 * across[:, :, np.newaxis] * down[:, np.newaxis, :]).round().astype(int).reshape(rows, -1)
    return {f"px{place}": pixels[:, source].tolist() for place, source in enumerate(order)}


def test_columns_that_are_pixels_are_a_picture(tmp_path: Path) -> None:
    labels = [str(place % 3) for place in range(60)]
    drafted = _init(tmp_path, "label", label=labels, **_pictures(range(49)))
    config = _config(drafted)
    assert config["data"]["features"]["pixels"] | {"scale": 0} == {
        "type": "number",
        "columns": ["px{0..48}"],
        "shape": [7, 7, 1],
        "scale": 0,
    }
    assert "Conv2D" in config["model"]["layers"][0]
    mixed = random.Random(1).sample(range(49), 49)
    for others in (_pictures(mixed), {**_pictures(range(49)), "z": _numbers(60)}):
        config = _config(_init(tmp_path, "label", label=labels, **others))
        assert "Conv2D" not in str(config["model"])


# Masks.


def write_masks(folder: Path, count: int = 30, *, values: int = 2) -> Path:
    """Pictures with a bright square, masks that say where it is, and a table of both."""
    rng = np.random.default_rng(0)
    rows = ["image,mask,note"]
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for place in range(count):
        mask = np.zeros((21, 26), np.uint8)
        mask[place % 9 : place % 9 + 9, 3:12] = 255
        if values > 2:
            mask = rng.integers(0, values, mask.shape).astype(np.uint8)
        picture = rng.integers(0, 80, (*mask.shape, 3)) + (mask // 2)[..., None]
        Image.fromarray(picture.astype(np.uint8)).save(folder / f"images/{place}.png")
        Image.fromarray(mask).save(folder / f"masks/{place}.png")
        rows.append(f"images/{place}.png,masks/{place}.png,{place % 3}")
    (folder / "pairs.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder / "pairs.csv"


def test_a_mask_for_each_picture(tmp_path: Path) -> None:
    config = _config(drafted := dlcli.init(write_masks(tmp_path), target="mask"))
    dlcli.check(drafted.output, fast=True)
    assert config["data"]["target"] == {"mask": {"type": "image", "classes": "auto", "size": [20, 24]}}
    assert config["data"]["features"]["image"]["size"] == [20, 24]
    assert config["model"]["layers"][-1]["Conv2D"] == {"filters": 2, "kernel_size": 1, "activation": "softmax"}
    assert drafted.task.described == "2 classes of pixels"
    with pytest.raises(DataError, match="without other targets"):
        dlcli.init(tmp_path / "pairs.csv", target=["mask", "note"], overwrite=True)
    with pytest.raises(DataError, match="'images' and 'masks' have 30 files") as caught:
        dlcli.init(tmp_path)
    assert "`images/0.png,masks/0.png`" in caught.value.problems[0].hint


def test_pictures_are_no_masks(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="pictures of 200 values"):
        dlcli.init(write_masks(tmp_path, values=200), target="mask")
