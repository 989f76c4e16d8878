"""Windows over long tables: of each split those, and only those, that a loop over the steps of each series finds."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlcli.config.schema import DataConfig
from dlcli.data.cache.cache import Cache
from dlcli.data.prepare import Prepared, prepare, read_split
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples import store
from dlcli.data.samples.samples import Samples, Taken
from dlcli.data.samples.windows import WindowSamples
from dlcli.data.series.form import View, Views, WindowForm
from dlcli.data.series.levels import undo_level
from dlcli.errors import DataError, DlcliError

Window = tuple[tuple[float, ...], tuple[float, ...]]
"""The numbers that are seen, and those that are predicted."""


def panel(lengths: list[int], *, seed: int, interleaved: bool) -> pd.DataFrame:
    """Series of several lengths; each number tells its series and its step, and no other is like it."""
    rows = [
        (f"s{series}", step, series * 1000 + step) for series, length in enumerate(lengths) for step in range(length)
    ]
    table = pd.DataFrame(rows, columns=["name", "step", "value"])
    return table.sample(frac=1, random_state=seed).reset_index(drop=True) if interleaved else table


def config(file: Path, windows: dict[str, Any], **keys: Any) -> DataConfig:
    raw = {"value": {"type": "number", "scale": "none"}}
    given = {
        "train": str(file),
        "target": raw,
        "features": raw,
        "windows": {"series": "name", "time": "step", **windows},
    }
    return DataConfig.model_validate({**given, **keys})


def taken(samples: Samples) -> Taken:
    return samples.take(slice(0, len(samples)))


def windows_of(samples: Samples) -> list[Window]:
    """What the samples show and what they predict, as tuples."""
    held = taken(samples)
    seen, ahead = held.inputs["features"], held.targets["value"]
    assert seen.shape[0] == ahead.shape[0] == len(samples)
    return [
        (tuple(before.ravel().tolist()), tuple(after.ravel().tolist()))
        for before, after in zip(seen, ahead, strict=True)
    ]


def expected(
    table: pd.DataFrame, parts: dict[str, set[int]], split: str, form: dict[str, int], *, look_back: bool
) -> list[Window]:
    """By a loop: windows of a split over each series, those that lie within it; every so many in a row."""
    found: list[Window] = []
    length, horizon, delay, rate = (form[key] for key in ("length", "horizon", "delay", "sampling_rate"))
    past = (length - 1) * rate + 1
    span = past + delay + horizon if horizon else past
    for name in dict.fromkeys(table["name"]):
        own = table[table["name"] == name].sort_values("step")
        numbers, rows = own["value"].tolist(), own.index.tolist()
        since, last = 0, -2
        for first in range(len(own) - span + 1):
            ahead = range(first + past + delay, first + span) if horizon else range(first + past - 1, first + past)
            bound = ahead if look_back and split != "train" else range(first, first + span)
            if not all(rows[place] in parts[split] for place in bound):
                continue
            since = since + 1 if first == last + 1 else 0
            last = first
            if since % form["stride"] == 0:
                seen = [numbers[first + rate * step] for step in range(length)]
                found.append((tuple(map(float, seen)), tuple(float(numbers[place]) for place in ahead)))
    return found


def parts_by_time(table: pd.DataFrame, fractions: dict[str, float]) -> dict[str, set[int]]:
    """The last rows in time are the test split; those of one instant stay together."""
    times = np.sort(table["step"].to_numpy())
    sizes = {name: int(len(table) * part + 0.5) for name, part in fractions.items()}
    begin = len(table) - sum(sizes.values())
    cuts = {"validation": times[begin], "test": times[begin + sizes["validation"]]}
    split = np.where(table["step"] >= cuts["validation"], "validation", "train")
    split = np.where(table["step"] >= cuts["test"], "test", split)
    return {name: set(np.flatnonzero(split == name).tolist()) for name in ("train", "validation", "test")}


forms = st.fixed_dictionaries(
    {
        "length": st.integers(1, 5),
        "horizon": st.integers(0, 4),
        "stride": st.integers(1, 3),
        "delay": st.integers(0, 2),
        "sampling_rate": st.integers(1, 3),
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=forms,
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    interleaved=st.booleans(),
    look_back=st.booleans(),
    seed=st.integers(0, 5),
)
def test_windows_are_those_of_a_loop(
    tmp_path: Path, form: dict[str, int], lengths: list[int], interleaved: bool, look_back: bool, seed: int
) -> None:
    form = {**form, "delay": form["delay"] if form["horizon"] else 0}
    table = panel(lengths, seed=seed, interleaved=interleaved)
    file = tmp_path / "panel.csv"
    table.to_csv(file, index=False)
    fractions = {"validation": 0.3, "test": 0.3}
    keys: dict[str, Any] = {**fractions}
    if form["horizon"] == 0:  # the target is that of the last step, and no feature
        table["seen"] = table["value"]
        table.to_csv(file, index=False)
        keys["features"] = {"seen": {"type": "number", "scale": "none"}}
    data = config(file, {**form, "look_back": look_back}, **keys)
    try:
        parts = parts_by_time(table, fractions)
        wanted = {name: expected(table, parts, name, form, look_back=look_back) for name in parts}
    except IndexError:
        wanted = {}
    try:
        prepared = prepare(data, seed=seed)
    except DataError:
        assert not wanted or not all(wanted.values())
        return
    assert {name: sorted(windows_of(samples)) for name, samples in prepared.splits.items()} == {
        name: sorted(windows) for name, windows in wanted.items()
    }


@pytest.fixture(scope="module")
def weather(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("windows") / "weather.csv"
    random = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=60)
    table = pd.concat(
        pd.DataFrame(
            {
                "day": days.strftime("%Y-%m-%d"),
                "place": place,
                "height": height,
                "sky": random.choice(["clear", "grey"], 60),
                "holiday": random.integers(0, 2, 60),
                "rain": random.normal(size=60).round(3),
                "heat": random.normal(size=60).round(3),
            }
        )
        for place, height in (("hill", 900), ("shore", 3))
    )
    table.to_csv(file, index=False)
    return file


def prepared(file: Path, *, target: Any = "heat", named: tuple[str, ...] = (), **windows: Any) -> Prepared:
    features = {
        "heat": {"type": "number", "scale": "none"},
        "rain": "number",
        "sky": "category",
        "holiday": {"type": "number", "scale": "none"},
        "height": {"type": "number", "scale": {"divide": 100}},
    }
    features = {name: {"type": each} if isinstance(each, str) else each for name, each in features.items()}
    given = {"length": 7, "horizon": 3, "time": "day", "series": "place", **windows}
    data = {"train": str(file), "target": target, "features": features, "windows": given, "validation": 0.4}
    return prepare(DataConfig.model_validate(data), seed=1, named=named)


def test_what_is_known_ahead_and_what_a_series_has_once_are_inputs_of_their_own(weather: Path) -> None:
    found = prepared(weather, known=["holiday"], static=["height"])
    samples = found.splits["train"]
    shapes = {spec.name: spec.shape for spec in found.preprocessing.inputs()}
    assert shapes == {"features": (7, 6), "future": (3, 1), "static": (1,)}
    assert {name: spec.shape for name, spec in samples.inputs.items()} == shapes
    table = pd.read_csv(weather)
    held = taken(samples)
    hill = table[table["place"] == "hill"]
    np.testing.assert_allclose(held.inputs["future"][0, :, 0], hill["holiday"][7:10])
    np.testing.assert_allclose(held.inputs["features"][0, :, 0], hill["heat"][:7], rtol=1e-6)
    assert set(held.inputs["static"][:, 0].tolist()) == {9.0, np.float32(0.03)}
    numbers = found.preprocessing.names()
    assert (numbers[:2], numbers[-1]) == (("heat", "rain"), "holiday")
    assert found.preprocessing.names(of="future") == ("holiday",)


def test_a_feature_that_a_layer_takes_by_name_has_its_future_beside_it(weather: Path) -> None:
    found = prepared(weather, named=("holiday", "future_holiday"), known=["holiday"], static=["height"])
    shapes = {spec.name: spec.shape for spec in found.preprocessing.inputs(("holiday", "future_holiday"))}
    assert shapes == {"features": (7, 5), "static": (1,), "holiday": (7, 1), "future_holiday": (3, 1)}
    held = taken(found.splits["validation"])
    assert {name: array.shape[1:] for name, array in held.inputs.items()} == shapes


def test_targets_keep_their_form_at_each_step(weather: Path) -> None:
    both = prepared(weather, target={"both": {"type": "number", "columns": ["heat", "rain"], "scale": "standard"}})
    assert both.preprocessing.target_specs[0].shape == (3, 2)
    held = taken(both.splits["train"])
    own = both.preprocessing.targets["both"].decode(held.targets["both"])
    table = pd.read_csv(weather)
    np.testing.assert_allclose(own[0], table[["heat", "rain"]][7:10], atol=1e-6)
    sky = prepared(weather, target="sky")
    assert sky.preprocessing.target_specs[0].shape == (3,)
    assert taken(sky.splits["train"]).targets["sky"].dtype == np.int32
    one = prepared(weather, target={"heat": {"type": "number", "scale": "standard"}})
    assert one.preprocessing.target_specs[0].shape == (3,)
    assert len(one.preprocessing.target_specs[0].unit) == 3
    assert one.preprocessing.targets["heat"].components == ("1", "2", "3")
    np.testing.assert_allclose(
        one.preprocessing.targets["heat"].decode(taken(one.splits["train"]).targets["heat"])[0],
        table["heat"][7:10],
        atol=1e-6,
    )


def test_the_state_brings_the_windows_back(weather: Path) -> None:
    found = prepared(weather, known=["holiday"], static=["height"], delay=2, sampling_rate=2)
    again = Preprocessing.from_state(found.preprocessing.state())
    assert again.inputs() == found.preprocessing.inputs()
    assert again.target_specs == found.preprocessing.target_specs
    assert again.state() == found.preprocessing.state()


def test_whole_series_are_drawn_or_kept_together(tmp_path: Path) -> None:
    table = panel([12] * 10, seed=0, interleaved=True)
    table["region"] = table["name"].map(lambda name: f"r{int(name[1:]) % 5}")
    file = tmp_path / "panel.csv"
    table.to_csv(file, index=False)
    for split in ("random", {"group": "region"}):
        data = config(file, {"length": 4, "horizon": 2}, split=split, validation=0.2, test=0.2)
        found = prepare(data, seed=3).splits
        series = {
            name: {int(value) // 1000 for value in taken(samples).inputs["features"].ravel()}
            for name, samples in found.items()
        }
        assert sum(map(len, series.values())) == 10
        for one, other in pairwise(series.values()):
            assert not one & other
        assert all(len(samples) == 7 * len(series[name]) for name, samples in found.items())


def test_a_split_is_read_again_from_the_files_and_from_the_cache(
    weather: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "CACHED_FROM", 0)
    data = DataConfig.model_validate(
        {
            "train": str(weather),
            "target": "heat",
            "validation": 0.25,
            "windows": {"length": 7, "horizon": 3, "time": "day", "series": "place"},
        }
    )
    first = prepare(data, seed=1, cache=None)
    cache = Cache(tmp_path / "cache")
    kept = prepare(data, seed=1, cache=cache)
    found = prepare(data, seed=1, cache=cache)
    for name, samples in first.splits.items():
        others = (
            kept.splits[name],
            found.splits[name],
            read_split(found.config, found.preprocessing, name, seed=1, cache=cache),  # type: ignore[arg-type]
            read_split(found.config, found.preprocessing, name, seed=1),  # type: ignore[arg-type]
        )
        for other in others:
            one, two = taken(samples), taken(other)
            assert all(np.array_equal(one.inputs[key], two.inputs[key]) for key in one.inputs)
            assert all(np.array_equal(one.targets[key], two.targets[key]) for key in one.targets)


def test_large_steps_stay_in_their_files(weather: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.read_csv(weather).sample(frac=1, random_state=2)
    file = tmp_path / "mixed.csv"
    table.to_csv(file, index=False)
    in_memory = prepared(file)
    monkeypatch.setattr("dlcli.data.table.memory.ARRAYS_BUDGET", 0)
    data = {"train": str(file), "target": "heat", "validation": 0.4, "features": ["heat", "rain"]}
    windows = {"length": 7, "horizon": 3, "time": "day", "series": "place"}
    mapped = prepare(DataConfig.model_validate({**data, "windows": windows}), seed=1, cache=Cache(tmp_path / "cache"))
    one, two = taken(in_memory.splits["train"]), taken(mapped.splits["train"])
    np.testing.assert_array_equal(one.inputs["features"][..., 1], two.inputs["features"][..., 1])


def test_a_split_in_which_no_instant_is_left_is_told(tmp_path: Path) -> None:
    table = panel([1] * 40, seed=0, interleaved=False)  # all at the same time
    file = tmp_path / "panel.csv"
    table.to_csv(file, index=False)
    data = config(file, {"length": 1, "horizon": 0}, features=["step"], validation=0.2, test=0.2)
    with pytest.raises(DataError) as caught:
        prepare(data, seed=0)
    assert {problem.rule for problem in caught.value.problems} == {"empty-split"}


def test_a_window_weighs_what_its_steps_to_come_weigh(tmp_path: Path) -> None:
    table = panel([8], seed=0, interleaved=False)
    table["weight"] = np.arange(8) + 1.0
    file = tmp_path / "panel.csv"
    table.to_csv(file, index=False)
    data = config(file, {"length": 3, "horizon": 2}, sample_weight="weight")
    weights = taken(prepare(data, seed=0).splits["train"]).weights
    assert weights is not None
    np.testing.assert_allclose(weights, [4.5, 5.5, 6.5, 7.5])


@pytest.mark.parametrize("scale", ["window", "series"])
@pytest.mark.parametrize("horizon", [1, 3])
def test_targets_are_measured_by_what_is_seen_of_them(weather: Path, scale: str, horizon: int) -> None:
    target = {
        "heat": {"type": "number", "scale": "min_max"},
        "both": {"type": "number", "columns": ["rain", "heat"], "scale": "none"},
    }
    found = prepared(weather, target=target, scale=scale, horizon=horizon, stride=2)
    plain = prepared(weather, target=target, horizon=horizon, stride=2)
    table = pd.read_csv(weather)
    for split in ("train", "validation"):
        held, unmeasured = taken(found.splits[split]), taken(plain.splits[split])
        codec = found.preprocessing.targets["heat"]
        own = codec.decode(undo_level(held.targets["heat"], held.levels["heat"]))
        same = plain.preprocessing.targets["heat"].decode(unmeasured.targets["heat"])
        np.testing.assert_allclose(own, same, atol=1e-5)
        assert set(held.levels) == {"heat"}  # the past of `both` is no one feature
        assert np.array_equal(held.targets["both"], unmeasured.targets["both"])
        seen = held.inputs["features"][..., 0].astype(float)
        if scale == "window":
            np.testing.assert_allclose(seen.mean(axis=1), 0, atol=1e-5)
            np.testing.assert_allclose(seen.std(axis=1), 1, atol=1e-4)
        np.testing.assert_array_equal(held.inputs["features"][..., 1:], unmeasured.inputs["features"][..., 1:])
    first = taken(found.splits["train"])
    heat = table["heat"][:7].to_numpy()
    np.testing.assert_allclose(first.inputs["features"][0, :, 0], (heat - heat.mean()) / heat.std(), atol=1e-5)
    if scale == "series":
        past = table["heat"][:9].to_numpy()  # of the second window, which begins at the third step
        shown = (table["heat"][2:9].to_numpy() - past.mean()) / past.std()
        np.testing.assert_allclose(first.inputs["features"][1, :, 0], shown, atol=1e-5)
    again = Preprocessing.from_state(found.preprocessing.state())
    assert again.target_specs == found.preprocessing.target_specs
    assert [spec.measured for spec in again.target_specs] == [True, False]


def test_a_constant_past_is_measured_as_it_is(tmp_path: Path) -> None:
    table = panel([9], seed=0, interleaved=False)
    table["value"] = 5.0
    file = tmp_path / "panel.csv"
    table.to_csv(file, index=False)
    held = taken(prepare(config(file, {"length": 3, "horizon": 2, "scale": "window"}), seed=0).splits["train"])
    assert not held.inputs["features"].any()
    assert not held.targets["value"].any()


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ({"windows": {"length": 4}, "split": "random"}, "wrong-value"),
        ({"windows": {"length": 30, "series": "name", "time": "step"}}, "no-windows"),
        ({"windows": {"length": 3, "time": "step"}}, "duplicate-time"),
        ({"windows": {"length": 3, "series": "name", "time": "step", "known": ["promo"]}}, "unknown-name"),
        ({"windows": {"length": 3, "series": "names", "time": "step"}}, "missing-column"),
    ],
    ids=str,
)
def test_what_makes_no_windows_is_told(tmp_path: Path, keys: dict[str, Any], rule: str) -> None:
    file = tmp_path / "panel.csv"
    panel([9, 9], seed=0, interleaved=False).to_csv(file, index=False)
    number = {"value": {"type": "number"}}
    with pytest.raises((DlcliError, ValueError)) as caught:
        prepare(DataConfig.model_validate({"train": str(file), "target": number, "features": number, **keys}), seed=0)
    if isinstance(caught.value, DlcliError):
        assert [problem.rule for problem in caught.value.problems] == [rule]


@pytest.mark.parametrize(("how", "windows"), [("linear", 34), ("previous", 36), ("zero", 36)])
def test_no_forecast_is_made_as_of_a_step_that_is_drawn_from_what_comes_later(
    how: str, windows: int, tmp_path: Path
) -> None:
    table = panel([40], seed=0, interleaved=False)
    table["value"] **= 2
    there = table.drop(index=[25, 26])
    there.to_csv(tmp_path / "panel.csv", index=False)
    data = config(tmp_path / "panel.csv", {"length": 3, "horizon": 2, "gaps": {"fill": how}})
    held = taken(prepare(data, seed=0).splits["train"])
    assert len(held.targets["value"]) == windows
    if how == "linear":
        assert set(held.inputs["features"][:, -1, 0]) <= set(there["value"])


def test_what_a_series_does_not_have_once_is_told(weather: Path) -> None:
    assert not prepared(weather, static=["height"], known=["holiday"]).doubts
    (doubt,) = prepared(weather, static=["h*i*"]).doubts[-1:]
    assert (doubt.path, doubt.rule) == ("data.windows.static", "changing-static")
    assert "'holiday'" in doubt.message


def test_windows_in_a_row_are_of_one_series() -> None:
    steps = Taken({"x": np.zeros((9, 1))}, {"y": np.arange(9.0)})
    views = Views(WindowForm(2), {"x": View("x", "past")}, {"y": View("y", "ahead")})
    starts, begins = np.array([0, 2, 3, 4, 6]), np.array([0, 2, 2, 2, 6])
    several = WindowSamples(steps, None, starts, views, begins=begins)
    assert several.take(several.in_a_row(300)).targets["y"].tolist() == [4, 5, 6]
    assert several.in_a_row(2) == slice(1, 3)
    assert len(WindowSamples(steps, None, starts, views).take(slice(0, 300)).targets["y"]) == len(starts)
