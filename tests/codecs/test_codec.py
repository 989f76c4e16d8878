"""The contract that every codec keeps, whatever its type and options."""

from __future__ import annotations

import functools
import itertools
import json
import tempfile
import wave
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcli.codecs.audio.codec import AudioCodec
from dlcli.codecs.boolean.codec import BooleanCodec
from dlcli.codecs.category.codec import CategoryCodec, CategorySequenceCodec
from dlcli.codecs.datetime.codec import CYCLES, LINEAR, DatetimeCodec
from dlcli.codecs.image.codec import ImageCodec
from dlcli.codecs.number.codec import MarkedNumberCodec, NumberCodec, NumberSequenceCodec
from dlcli.codecs.text.codec import TextCodec
from dlcli.codecs.video.codec import VideoCodec
from dlcli.config.options.types import feature_types
from dlcli.data.columns.codec import Codec, Column
from dlcli.data.preprocessing.building import codec_class
from dlcli.data.values.padding import Padding
from dlcli.errors import DataError

Make = Callable[[], Codec]
Rows = Callable[[np.random.Generator, int], list[Column]]


def _holes(random: np.random.Generator, values: Sequence[object], type: pa.DataType | None = None) -> pa.Array:
    kept = random.random(len(values)) < 0.8
    return pa.array([value if keep else None for value, keep in zip(values, kept, strict=True)], type)


def number(random: np.random.Generator, rows: int) -> list[Column]:
    return [pa.array(random.normal(50, 9, rows))]


def numbers_with_holes(random: np.random.Generator, rows: int) -> list[Column]:
    return [_holes(random, (random.normal(50, 9, rows) * 10**power).tolist(), pa.float64()) for power in range(6)]


def pixels(random: np.random.Generator, rows: int) -> list[Column]:
    return [random.integers(0, 256, (rows, 4, 5, 3)).astype(np.uint8)]


def clips(random: np.random.Generator, rows: int) -> list[Column]:
    return [random.integers(0, 256, (rows, 3, 4, 5, 3)).astype(np.uint8)]


def categories(random: np.random.Generator, rows: int) -> list[Column]:
    return [_holes(random, random.choice(["a", "b", "c", "Ä", ""], rows).tolist(), pa.string())]


def integers(random: np.random.Generator, rows: int) -> list[Column]:
    return [pa.array(random.integers(-3, 12, rows))]


def words(random: np.random.Generator, rows: int) -> list[Column]:
    return [_holes(random, random.choice(["Yes", "no", "T", "f", "ON", "0"], rows).tolist(), pa.string())]


def truths(random: np.random.Generator, rows: int) -> list[Column]:
    return [random.random(rows) < 0.3]


def stamps(random: np.random.Generator, rows: int) -> list[Column]:
    seconds = random.integers(-(10**9), 2 * 10**9, rows).tolist()
    return [_holes(random, seconds, pa.int64()).cast(pa.timestamp("s"))]


def dates(random: np.random.Generator, rows: int) -> list[Column]:
    return [
        pa.array(
            [f"{d}.{m}.{y}" for d, m, y in random.integers(1, 13, (rows, 3)) + np.array([0, 0, 1990])], pa.string()
        )
    ]


def texts(random: np.random.Generator, rows: int) -> list[Column]:
    vocabulary = ["Good", "good,", "bad", " ", "\t", "it's", "Ärger", "1", "-"]
    lines = [" ".join(random.choice(vocabulary, random.integers(0, 7)).tolist()) for _ in range(rows)]
    return [_holes(random, lines, pa.string())]


@functools.cache
def _files() -> tempfile.TemporaryDirectory[str]:
    """A few files, which go when the process does."""
    folder = tempfile.TemporaryDirectory()
    for number in range(5):
        with wave.open(f"{folder.name}/{number}.wav", "wb") as file:
            file.setparams((1 + number % 2, 2, 8000, 0, "NONE", ""))
            file.writeframes(np.random.default_rng(number).bytes(80 * (1 + number % 2)))
    return folder


def sounds(random: np.random.Generator, rows: int) -> list[Column]:
    return [pa.array([f"{_files().name}/{number}.wav" for number in random.integers(0, 5, rows)], pa.string())]


def lists(random: np.random.Generator, rows: int) -> list[Column]:
    found = [random.normal(5, 2, length).tolist() for length in random.integers(0, 5, rows)]
    return [_holes(random, found, pa.list_(pa.float64()))]


def bags(random: np.random.Generator, rows: int) -> list[Column]:
    found = [random.choice(["a", "b", "c"], length).tolist() for length in random.integers(0, 5, rows)]
    return [_holes(random, found, pa.list_(pa.string()))]


def padded(length: int | None = None, **options: Any) -> NumberSequenceCodec:
    steps = NumberCodec(["x"], missing="mean")
    return NumberSequenceCodec(["x"], padding=Padding(length, **options), mask=True, inner=None, steps=steps)


def padded_bags(length: int | None = None, **options: Any) -> CategorySequenceCodec:
    values = CategoryCodec(["x"], **options)
    return CategorySequenceCodec(["x"], padding=Padding(length), mask=True, values=values)


SIX = [f"c{place}" for place in range(6)]
PARTS = (*LINEAR, *CYCLES)
CASES: dict[str, tuple[Make, Rows]] = {
    "number": (lambda: NumberCodec(["x"]), number),
    "number, min_max": (lambda: NumberCodec(["x"], scale="min_max"), number),
    "number, as it is": (lambda: NumberCodec(["x"], scale="none"), number),
    "numbers, median": (lambda: NumberCodec(SIX, missing="median"), numbers_with_holes),
    "numbers, mean": (lambda: NumberCodec(SIX, missing="mean", scale="min_max"), numbers_with_holes),
    "numbers, constant": (lambda: NumberCodec(SIX, missing=-1.5, scale=7.0), numbers_with_holes),
    "numbers, shape": (lambda: NumberCodec(SIX, shape=[3, 2], missing="zero"), numbers_with_holes),
    "numbers, robust": (lambda: NumberCodec(SIX, missing="median", scale="robust"), numbers_with_holes),
    "numbers, quantile": (lambda: NumberCodec(SIX, missing="mean", scale="quantile"), numbers_with_holes),
    "numbers, marked": (lambda: MarkedNumberCodec(NumberCodec(SIX, missing="mean")), numbers_with_holes),
    "numbers, robust, marked": (
        lambda: MarkedNumberCodec(NumberCodec(SIX, missing="median", scale="robust")),
        numbers_with_holes,
    ),
    "array, quantile": (lambda: NumberCodec(["x"], scale="quantile"), pixels),
    "array": (lambda: NumberCodec(["x"]), pixels),
    "array, divided": (lambda: NumberCodec(["x"], shape=[20, 3], scale=255.0), pixels),
    "sequence": (padded, lists),
    "sequence, cut": (lambda: padded(2, side="start", cut="start"), lists),
    "sequence of columns": (
        lambda: NumberSequenceCodec(
            SIX, padding=Padding(), mask=False, inner=(2,), steps=NumberCodec(["x"], missing="mean", scale="min_max")
        ),
        numbers_with_holes,
    ),
    "sequence, index": (lambda: padded_bags(3, encode="index"), bags),
    "sequence, embedding": (lambda: padded_bags(encode="index", embedding=4), bags),
    "sequence, one-hot": (lambda: padded_bags(2), bags),
    "one-hot": (lambda: CategoryCodec(["x"]), categories),
    "one-hot, rare": (lambda: CategoryCodec(["x"], max_categories=2), categories),
    "one-hot, no bucket": (lambda: CategoryCodec(["x"], unknown="error", missing="most_frequent"), categories),
    "one-hot, given": (lambda: CategoryCodec(["x"], categories=["c", "a"]), categories),
    "index": (lambda: CategoryCodec(["x"], encode="index"), integers),
    "embedding": (lambda: CategoryCodec(["x"], encode="index", embedding=4), categories),
    "scaled marks": (lambda: CategoryCodec(["x"], encode="marks", scale="robust"), categories),
    "auto, signs": (lambda: CategoryCodec(["x"], encode="auto", categories=["a", "b"]), categories),
    "auto, marks": (lambda: CategoryCodec(["x"], encode="auto"), categories),
    "auto, embedded": (lambda: CategoryCodec(["x"], encode="auto"), integers),
    "audio": (lambda: AudioCodec(["x"]), sounds),
    "audio, resampled": (lambda: AudioCodec(["x"], rate=5000, length=0.02, channels=2, resample=True), sounds),
    "boolean": (lambda: BooleanCodec(["x"], missing="most_frequent"), words),
    "boolean, true": (lambda: BooleanCodec(["x"], missing=True), words),
    "boolean, array": (lambda: BooleanCodec(["x"]), truths),
    "datetime": (lambda: DatetimeCodec(["x"], parts=PARTS, missing="median"), stamps),
    "datetime, format": (lambda: DatetimeCodec(["x"], format="%d.%m.%Y"), dates),
    "image": (lambda: ImageCodec(["x"]), pixels),
    "image, resized": (lambda: ImageCodec(["x"], size=[3, 7], channels=1, resize="fit", scale="symmetric"), pixels),
    "video": (lambda: VideoCodec(["x"]), clips),
    "video, resized": (lambda: VideoCodec(["x"], frames=5, size=[3, 7], channels=1, short="black"), clips),
    "text": (lambda: TextCodec(["x"]), texts),
    "text, multi-hot": (lambda: TextCodec(["x"], encode="multi_hot", max_tokens=3), texts),
    "text, count": (lambda: TextCodec(["x"], encode="count"), texts),
    "text, sequence": (lambda: TextCodec(["x"], encode="sequence", length=3), texts),
}

every_codec = pytest.mark.parametrize(("make", "rows"), CASES.values(), ids=CASES.keys())


def _slice(columns: Sequence[Column], start: int, stop: int) -> list[Column]:
    return [
        column[start:stop] if isinstance(column, np.ndarray) else column.slice(start, stop - start)
        for column in columns
    ]


def _fitted(make: Make, columns: Sequence[Column], cuts: Sequence[int] = ()) -> Codec:
    codec = make()
    bounds = [0, *sorted(cuts), len(columns[0])]
    for start, stop in itertools.pairwise(bounds):
        codec.fit(_slice(columns, start, stop))
    codec.finish()
    return codec


def _assert_close(left: Any, right: Any) -> None:
    """Equal, but for rounding of floating point numbers."""
    if isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left:
            _assert_close(left[key], right[key])
    elif isinstance(left, list):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            _assert_close(one, other)
    elif isinstance(left, float):
        assert left == pytest.approx(right, rel=1e-9, abs=1e-9)
    else:
        assert left == right


def test_every_type_is_here() -> None:
    assert {make().type for make, _ in CASES.values()} == set(feature_types())


@every_codec
def test_encodes_what_it_declares(make: Make, rows: Rows) -> None:
    columns = rows(np.random.default_rng(1), 60)
    codec = _fitted(make, columns)
    encoded = codec.encode(columns)
    assert encoded.shape == (60, *codec.shape)
    assert encoded.dtype == codec.dtype
    assert np.isfinite(encoded).all()
    assert len(codec.names()) == len(set(codec.names())) == (1 if codec.dtype == "uint8" else encoded[0].size)
    if codec.dtype == "int32":
        assert codec.vocabulary is not None
        assert 0 <= encoded.min() <= encoded.max() < codec.vocabulary
    else:
        assert codec.vocabulary is codec.embedding is None


@every_codec
def test_state_travels_as_json(make: Make, rows: Rows) -> None:
    columns = rows(np.random.default_rng(2), 50)
    codec = _fitted(make, columns)
    state = json.loads(json.dumps(codec.state(), allow_nan=False))
    copy = codec_class(state["type"]).from_state(state)
    assert copy.state() == codec.state()
    assert (copy.columns, copy.shape, copy.dtype) == (codec.columns, codec.shape, codec.dtype)
    assert (copy.vocabulary, copy.embedding) == (codec.vocabulary, codec.embedding)
    assert copy.names() == codec.names()
    np.testing.assert_array_equal(copy.encode(columns), codec.encode(columns), strict=True)


@every_codec
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(0, 40), max_size=6))
def test_chunks_do_not_matter(make: Make, rows: Rows, seed: int, cuts: list[int]) -> None:
    columns = rows(np.random.default_rng(seed), 40)
    _assert_close(_fitted(make, columns, cuts).state(), _fitted(make, columns).state())
    codec = _fitted(make, columns)
    bounds = [0, *sorted(cuts), 40]
    parts = [codec.encode(_slice(columns, a, b), start=a) for a, b in itertools.pairwise(bounds)]
    np.testing.assert_array_equal(np.concatenate(parts), codec.encode(columns), strict=True)


@every_codec
def test_no_rows(make: Make, rows: Rows) -> None:
    random = np.random.default_rng(3)
    columns = rows(random, 30)
    codec = make()
    codec.fit(_slice(columns, 0, 0))
    codec.fit(columns)
    codec.finish()
    assert codec.encode(_slice(columns, 0, 0)).shape == (0, *codec.shape)
    with pytest.raises(DataError, match="in the training split"):
        _fitted(make, _slice(columns, 0, 0))


@every_codec
def test_one_row(make: Make, rows: Rows) -> None:
    columns = rows(np.random.default_rng(4), 30)
    codec = _fitted(make, columns)
    np.testing.assert_array_equal(codec.encode(_slice(columns, 7, 8)), codec.encode(columns)[7:8], strict=True)


@every_codec
def test_writes_in_place(make: Make, rows: Rows) -> None:
    columns = rows(np.random.default_rng(5), 30)
    codec = _fitted(make, columns)
    # A part of a wider matrix: not contiguous, and with something left in it.
    room = np.full((30, *codec.shape, 3), 9, dtype=codec.dtype)
    target = room[..., 1]
    assert codec.encode(columns, out=target) is target
    np.testing.assert_array_equal(target, codec.encode(columns), strict=True)
    assert (room[..., 0] == 9).all()
    assert (room[..., 2] == 9).all()


@every_codec
def test_leaves_its_input_alone(make: Make, rows: Rows) -> None:
    columns = rows(np.random.default_rng(6), 30)
    before = [
        np.array(column, copy=True) if isinstance(column, np.ndarray) else column.to_pylist() for column in columns
    ]
    _fitted(make, columns).encode(columns)
    for column, old in zip(columns, before, strict=True):
        if isinstance(column, np.ndarray):
            np.testing.assert_array_equal(column, old)
        else:
            assert column.to_pylist() == old


@every_codec
def test_nothing_to_learn_from(make: Make, rows: Rows) -> None:
    columns = rows(np.random.default_rng(7), 5)
    codec = make()
    if codec.dtype == "uint8":
        pytest.skip("bytes cannot be empty")
    codec.fit([np.full(column.shape, np.nan) if isinstance(column, np.ndarray) else pa.nulls(5) for column in columns])
    with pytest.raises(DataError) as error:
        codec.finish()
    assert error.value.problems[0].rule == "no-values"
