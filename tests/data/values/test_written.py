"""Numbers that are texts to a program: read as they were meant, or refused; never as another number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlcli
from dlcli.config.options.number_form import NumberForm
from dlcli.config.schema import DataConfig
from dlcli.data.prepare import prepare
from dlcli.data.values.conversion import CellFault
from dlcli.data.values.written import find_form, read_written
from dlcli.errors import ConfigError, DataError

UNITS = st.sampled_from(["", "$", "€", "EUR", "%", "km", "m²", "sq ft", "US$", "°C", "kWh"])
MARKS = st.sampled_from([(".", ""), (".", ","), (",", ""), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'")])


def write(number: float, decimals: int, form: NumberForm, *, before: bool, accounting: bool) -> str:
    """A number as a person would write it."""
    digits = f"{abs(number):,.{decimals}f}".replace(",", "T").replace(".", form.decimal).replace("T", form.thousands)
    amount = f"{form.unit}{digits}" if before else f"{digits} {form.unit}".strip()
    return amount if number >= 0 else f"({amount})" if accounting else f"-{amount}"


@given(st.data(), UNITS, MARKS, st.booleans(), st.booleans())
def test_what_is_written_is_read(
    data: st.DataObject, unit: str, marks: tuple[str, str], before: bool, book: bool
) -> None:
    form = NumberForm(unit, *marks)
    decimals = data.draw(st.integers(0, 3))
    whole = st.integers(-(10**9), 10**9).map(lambda number: number / 10**decimals)
    numbers = data.draw(st.lists(whole, min_size=1, max_size=9))
    texts = [write(number, decimals, form, before=before, accounting=book) for number in numbers]
    assert read_written(pa.array(texts), form, missing=[]).to_pylist() == pytest.approx(numbers, abs=1e-9)


@given(st.data(), UNITS, MARKS)
def test_what_is_found_is_what_was_written(data: st.DataObject, unit: str, marks: tuple[str, str]) -> None:
    """Whatever is taken for certain are the numbers that were meant; else they are among the readings."""
    form, decimals = NumberForm(unit, *marks), data.draw(st.integers(0, 4))
    numbers = data.draw(st.lists(st.integers(0, 10**7).map(lambda each: each / 10**decimals), min_size=1, max_size=9))
    money = unit in ("$", "€", "EUR", "US$")
    texts = [write(number, decimals, form, before=money, accounting=False) for number in numbers]
    found = find_form(list(dict.fromkeys(texts)))
    if found is None and marks[1] == " ":  # or they may be numbers to call
        return
    if found is None:  # as programs write them; in a file of such, `1.000` is 1
        assert not unit
        assert marks[1] == "." or [float(text) for text in texts] == pytest.approx(numbers)
        return
    readings = [read_written(pa.array(texts), each, missing=[]).to_pylist() for each in found.readings]
    assert any(each == pytest.approx(numbers) for each in readings) or (money and decimals == 3)
    assert found.form is None or len(readings) == 1


@pytest.mark.parametrize(
    ("texts", "options"),
    [
        (["$1,234.50", "$3"], {"unit": "$", "thousands": ","}),
        (["1.234,50 EUR", "12 EUR"], {"unit": "EUR", "decimal": ",", "thousands": "."}),
        (["12.5 %", "3%"], {"unit": "%"}),
        (["12 km", "3.5km"], {"unit": "km"}),
        (["1.500 kg", "0.750 kg"], {"unit": "kg"}),
        (["1.234.567", "2.500"], {"decimal": ",", "thousands": "."}),
        (["$45,000", "$120,000"], {"unit": "$", "thousands": ","}),
        (["1,200", "950", "1,234"], {"thousands": ","}),
        (["36 months", "60 months"], {"unit": "months"}),
        (["1 234 km", "12 km"], {"unit": "km", "thousands": " "}),
    ],
)
def test_forms(texts: list[str], options: dict[str, str]) -> None:
    found = find_form(texts)
    assert found is not None
    assert found.form is not None
    assert found.form.options == options


@pytest.mark.parametrize(
    ("texts", "doubt"),
    [
        (["1,234 km", "2,500 km"], "only you know"),
        (["1.234 km", "12 km"], "only you know"),
        (["1.500 kg", "2 kg"], "only you know"),
        (["$3,459", "$1,234"], "only you know"),
        (["12 km", "800 m"], "several units"),
        (["$12", "15"], "several units"),
        ([*(f"${each}" for each in range(20)), "call us"], "'call us'"),
    ],
)
def test_what_is_not_certain_is_not_guessed(texts: list[str], doubt: str) -> None:
    found = find_form(texts)
    assert found is not None
    assert found.form is None
    assert doubt in found.doubt


@pytest.mark.parametrize(
    "texts",
    [
        *(
            ["12.5", "3"],
            ["12,5", "3.5"],
            ["001", "136A"],
            ["01.02.2020"],
            ["12:30"],
            ["A12"],
            ["10+"],
            ["2020-01-05"],
            ["192.168.1.1"],
        ),
        *(
            ["1e-5"],
            ["<5"],
            ["a", "b"],
            ["0.png", "12.png"],
            ["555 106 333", "555 977 100"],
            [],
            ["$12 EUR"],
            [f"{each} Oak{'xyz'[each % 3] * each}" for each in range(9)],
        ),
    ],
)
def test_what_is_none(texts: list[str]) -> None:
    assert find_form(texts) is None


@pytest.mark.parametrize("cell", ["12", "$1,23", "$$1", "--$1", "$1 EUR", "-$-1", "(-$1)", "$", "$1.234,5", "€1", ""])
def test_what_is_written_otherwise_is_refused(cell: str) -> None:
    with pytest.raises(CellFault) as caught:
        read_written(pa.array(["$1", cell]), NumberForm("$", ".", ","), missing=[])
    assert caught.value.index == 1
    assert repr(cell) in caught.value.problem("price", row=2).message


def _prepare(file: Path, features: dict[str, Any], **options: Any) -> Any:
    return prepare(
        DataConfig.model_validate({"train": str(file), "target": "y", "features": features, **options}), seed=1
    )


def test_each_column_in_its_own_way(tmp_path: Path) -> None:
    """Beside each other in one file, whatever the file writes; the target too, and marks of empty cells."""
    rows = [f'"{each},5";"${each},000.25";?;1.{each}00,5 EUR' for each in range(1, 9)]
    file = tmp_path / "prices.csv"
    file.write_text("\n".join(["a;b;c;y", *rows, '"2,5";?;7 km;1,5 EUR']) + "\n", encoding="utf-8")
    features = {
        "a": "number",
        "b": {"type": "number", "unit": "$", "thousands": ",", "missing": "zero"},
        "far": {"type": "number", "columns": "[cd]", "unit": "km", "missing": "zero", "scale": "none"},
    }
    target = {"y": {"type": "number", "unit": "EUR", "decimal": ",", "thousands": "."}}
    seen = _prepare(file, features, target=target, missing_values=["?"])
    codecs = seen.preprocessing.features
    assert codecs["a"].mean == pytest.approx([(sum(range(1, 9)) + 8 * 0.5 + 2.5) / 9])
    assert codecs["b"].mean == pytest.approx([4500.25])
    assert codecs["far"].mean == pytest.approx([7.0])
    assert seen.preprocessing.targets["y"].spec.unit[0][0] == pytest.approx((8 * 1000.5 + 3600 + 1.5) / 9)
    assert not [doubt for doubt in seen.doubts if doubt.rule == "number-format"]


def test_a_cell_in_another_unit_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text("a,y\n" + "5 km,1\n" * 9 + "800 m,1\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        _prepare(file, {"a": {"type": "number", "unit": "km"}})
    (problem,) = caught.value.problems
    assert (problem.rule, problem.line) == ("not-a-number", 11)
    assert "'800 m'" in problem.message
    assert "lacks 'km'" in problem.hint


@pytest.mark.parametrize(
    "options",
    [{"unit": "12"}, {"unit": "-"}, {"thousands": ",", "decimal": ","}, {"unit": "$", "shape": [3]}, {"unit": "5k"}],
)
def test_what_cannot_be_said(options: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,y\n1,2\n", encoding="utf-8")
    features = {"a": {"type": "number", **options}}
    config = {"data": {"train": str(tmp_path / "t.csv"), "target": {"y": "number"}, "features": features}}
    with pytest.raises(ConfigError):
        dlcli.check({**config, "model": {"preset": "linear"}}, fast=True)
