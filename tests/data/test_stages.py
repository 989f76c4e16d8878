"""What was read is kept: a table that is divided again is not read again, and gives what it gives when it is."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dlcli.config.schema import DataConfig
from dlcli.data.cache.cache import Cache
from dlcli.data.prepare import Prepared, prepare, prepare_from
from dlcli.data.reader import TableReader
from dlcli.data.samples import store
from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.samples import Samples
from dlcli.data.splits.division import Division, Part
from dlcli.data.stages import check_rows, divide, encode, fit, read_table
from dlcli.data.table import memory
from dlcli.data.table.table import find_sources
from dlcli.errors import DataError
from dlcli.files import identity

ROWS = 60


@pytest.fixture
def file(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "size": random.normal(size=ROWS).round(6),
            "island": random.choice(["x", "y", "z"], ROWS),
            "weight": random.random(ROWS).round(6),
            "species": [None if place in (7, 30) else "pqr"[place % 3] for place in range(ROWS)],
        }
    )
    table.to_csv(tmp_path / "data.csv", index=False)
    return tmp_path / "data.csv"


def config(file: Path, **keys: Any) -> DataConfig:
    target = {"species": {"type": "category", "missing": "drop"}}
    settings = {"train": str(file), "target": target, "validation": 0.2, "test": 0.1, "sample_weight": "weight"}
    return DataConfig.model_validate({**settings, **keys})


@pytest.fixture
def openings() -> Iterator[Counter[str]]:
    """How often this process has opened each file since the test began."""
    counts: Counter[str] = Counter()
    watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open" and isinstance(arguments[0], (str, bytes)):
            counts[os.fsdecode(arguments[0])] += 1

    sys.addaudithook(watch)
    yield counts
    watching = False


def same(one: Samples, other: Samples) -> bool:
    assert isinstance(one, ArraySamples)
    assert isinstance(other, ArraySamples)
    pairs: list[tuple[Any, Any]] = [(one.rows, other.rows)]
    for first, second in ((one.held.inputs, other.held.inputs), (one.held.targets, other.held.targets)):
        assert list(first) == list(second)
        pairs += [(first[name], second[name]) for name in first]
    assert one.held.weights is not None
    assert other.held.weights is not None
    return all(np.array_equal(left, right) for left, right in [*pairs, (one.held.weights, other.held.weights)])


def same_prepared(one: Prepared, other: Prepared) -> bool:
    assert one.preprocessing.state() == other.preprocessing.state()
    assert (one.config, one.notes, one.doubts) == (other.config, other.notes, other.doubts)
    assert one.fingerprints == other.fingerprints
    assert {name: each.fingerprint for name, each in one.splits.items()} == {
        name: each.fingerprint for name, each in other.splits.items()
    }
    return all(same(one.splits[name], other.splits[name]) for name in one.splits)


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("budget", [0, 1 << 40], ids=["spilled", "in memory"])
def test_one_table_divided_twice_is_read_once(
    file: Path, tmp_path: Path, openings: Counter[str], cached: bool, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "CACHED_FROM", 0)
    monkeypatch.setattr(identity, "RACY_NANOSECONDS", -1)
    monkeypatch.setattr(memory, "ROWS_BUDGET", budget)
    cache = Cache(tmp_path / "cache") if cached else None
    with TableReader(config(file), cache=cache) as reader:
        first = prepare_from(reader, seed=1)
        read = openings[str(file)]
        assert read
        second, third = prepare_from(reader, seed=2), prepare_from(reader, seed=1)
        assert openings[str(file)] == read
        assert same_prepared(first, third)
        assert first.splits["train"].fingerprint != second.splits["train"].fingerprint
    for seed, found in ((1, first), (2, second)):
        assert same_prepared(prepare(config(file), seed=seed), found)
    if cache is not None:
        openings.clear()
        with TableReader(config(file), cache=cache) as reader:
            assert same_prepared(prepare_from(reader, seed=2), second)
        assert not openings[str(file)]
        assert not list((cache.directory / "tmp").iterdir())


def test_the_stages_are_what_prepare_does(file: Path) -> None:
    asked = config(file)
    table = check_rows(read_table(asked, find_sources(asked)))
    for seed in (1, 2):
        division = divide(table, seed=seed)
        preprocessing = fit(table, division, seed=seed)
        samples = encode(table, division, preprocessing)
        expected = prepare(asked, seed=seed)
        assert preprocessing.state() == expected.preprocessing.state()
        assert all(same(samples[name], expected.splits[name]) for name in expected.splits)


def test_folds_of_one_table(file: Path, openings: Counter[str]) -> None:
    """Any division of the rows will do; each is fitted on its own training rows."""
    asked = config(file, validation=None, test=None)
    table = check_rows(read_table(asked, find_sources(asked)))
    read = openings[str(file)]
    rows = np.delete(np.arange(ROWS), table.left_out["train"])
    means, seen = set(), []
    for fold in range(3):
        parts = {"train": Part("train", rows[rows % 3 != fold]), "validation": Part("train", rows[rows % 3 == fold])}
        if fold == 0:  # the classes are in the order of the rows
            with pytest.raises(DataError) as caught:
                fit(table, Division(parts), seed=1)  # type: ignore[arg-type]
            assert caught.value.problems[0].rule == "unknown-class"
        parts = {"train": Part("train", rows[rows % 4 != fold]), "validation": Part("train", rows[rows % 4 == fold])}
        division = Division(parts)  # type: ignore[arg-type]
        preprocessing = fit(table, division, seed=1)
        samples = encode(table, division, preprocessing)
        means.add(str(preprocessing.state()["features"][0]))
        held_out = samples["validation"]
        assert isinstance(held_out, ArraySamples)
        seen += held_out.rows.tolist()
        assert len(samples["train"]) + len(held_out) == len(rows)
    assert len(means) == 3
    assert sorted(seen) == [row for row in rows if row % 4 != 3]
    assert openings[str(file)] == read


def test_further_faults_are_told_for_each_division(file: Path) -> None:
    """A fault of one division does not spoil the table for the next."""
    with TableReader(config(file, test=0.001)) as reader:
        for _ in range(2):
            with pytest.raises(DataError) as caught:
                prepare_from(reader, seed=1)
            assert [problem.rule for problem in caught.value.problems] == ["empty-split"]
