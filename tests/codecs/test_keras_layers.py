"""Every codec's Keras layers encode as the codec does: missing, unseen and extreme values too, and after a reload."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlcli.codecs.audio.codec import AudioCodec
from dlcli.codecs.boolean.codec import WORDS, BooleanCodec
from dlcli.codecs.category.codec import CategoryCodec
from dlcli.codecs.datetime.codec import CYCLES, LINEAR, DatetimeCodec
from dlcli.codecs.image.codec import ImageCodec
from dlcli.codecs.number.codec import MarkedNumberCodec, NumberCodec
from dlcli.codecs.text.codec import TextCodec
from dlcli.codecs.video.codec import VideoCodec
from dlcli.data.columns.chunk import Chunk
from dlcli.data.columns.codec import Codec
from dlcli.errors import DataError, ModelError
from dlcli.exports.columns import column_values, encoded_tensor, make_column_inputs, require_holdable
from dlcli.exports.formats import export_formats

pytestmark = pytest.mark.tensorflow

few = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=6)
finite = st.floats(-1e30, 1e30, allow_subnormal=False)


def twin(codec: Codec, train: Sequence[Any], path: Path) -> Any:
    """Fit the codec, and the model of its layers, read from a file again."""
    import keras

    codec.fit(list(train))
    codec.finish()
    columns = make_column_inputs({"it": codec})
    model = keras.Model(columns, encoded_tensor(codec, [columns[name] for name in codec.columns]))
    model.save(path)
    return keras.models.load_model(path)


def agree_taken_apart(codec: Codec, train: Sequence[Any], rows: Sequence[Any], *, rtol: float = 1e-6) -> None:
    """As `agree`, of columns as they go into a format that cannot take texts apart."""
    import keras

    format = export_formats()["onnx"]
    require_holdable({"it": codec}, format)
    codec.fit(list(train))
    codec.finish()
    (column,) = (columns := make_column_inputs({"it": codec}, format)).values()
    model = keras.Model(columns, encoded_tensor(codec, [column], format))
    wanted = codec.encode(list(rows))
    found = np.asarray(model(column_values({"it": codec}, Chunk({"x": rows[0]}, len(rows[0])), format)))
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(found, wanted, rtol=rtol)


def agree(codec: Codec, model: Any, rows: Sequence[Any], *, rtol: float = 1e-6, atol: float = 1e-6) -> None:
    """Both encode the rows alike."""
    import tensorflow as tf

    chunk = Chunk(dict(zip(codec.columns, rows, strict=True)), len(rows[0]))
    given = {name: tf.constant(values) for name, values in column_values({"it": codec}, chunk).items()}
    wanted, found = codec.encode(list(rows)), np.asarray(model(given))
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "twin.keras"


@few
@given(
    train=st.lists(finite, min_size=2, max_size=20),
    rows=st.lists(st.none() | st.just(float("nan")) | finite, min_size=1, max_size=20),
    scale=st.sampled_from(["standard", "min_max", "robust", "quantile", "none", 255.0]),
    missing=st.sampled_from(["mean", "median", "zero", 7.5]),
)
def test_numbers(train: list[float], rows: list[float | None], scale: Any, missing: Any, path: Path) -> None:
    codec = NumberCodec(["x"], scale=scale, missing=missing)
    model = twin(codec, [pa.array(train, pa.float64())], path)
    spread = max(float(np.ptp(train)), 1e-30) if scale in ("standard", "min_max") else 1.0
    kept = [row for row in rows if row is None or not abs(row) / spread > 1e30]
    if kept:
        agree(codec, model, [pa.array(kept, pa.float64())])


def test_numbers_with_marks(path: Path) -> None:
    rows = [pa.array([1.0, None, 5.0]), pa.array([None, None, -2.5])]
    codec = MarkedNumberCodec(NumberCodec(["x", "y"], scale="robust", missing="median"))
    agree(codec, twin(codec, rows, path), rows)


@pytest.mark.parametrize("unit", [1e-12, 1e-7, 1.0, 1e9])
def test_numbers_of_every_magnitude(unit: float, path: Path) -> None:
    """Keras's own Normalization takes a deviation below 1e-7 for none."""
    random = np.random.default_rng(2)
    train, rows = random.normal(3, 1, 50) * unit, random.normal(3, 1, 50) * unit
    codec = NumberCodec(["x"])
    agree(codec, twin(codec, [pa.array(train)], path), [pa.array(rows)])


def test_numbers_far_from_zero(path: Path) -> None:
    """Such as seconds since 1970: float32 tells them apart by the minute."""
    codec = NumberCodec(["x"], missing="median")
    seconds = 1.7e9 + np.arange(20) / 10
    agree(codec, twin(codec, [pa.array(seconds)], path), [pa.array([None, 1.7e9 + 0.35, 1.7e9 - 0.1])])


@pytest.mark.parametrize("shape", [(5,), (4, 3), (4, 4, 2)], ids=str)
def test_arrays_and_several_columns(shape: tuple[int, ...], path: Path) -> None:
    random = np.random.default_rng(6)
    array = random.normal(random.uniform(-5, 5, shape), 2, (40, *shape))
    array[0] = np.nan
    codec = NumberCodec(["x"], missing="median")
    agree(codec, twin(codec, [array], path), [array])
    names = [f"x{place}" for place in range(int(np.prod(shape)))]
    columns = [pa.array(column) for column in array.reshape(40, -1).T]
    together = NumberCodec(names, shape=shape, missing="mean")
    agree(together, twin(together, columns, path), columns)


def test_images(path: Path) -> None:
    array = np.random.default_rng(7).integers(0, 256, (5, 6, 4, 3)).astype(np.uint8)
    for size in (None, [3, 5]):
        codec = ImageCodec(["x"], size=size)
        agree(codec, twin(codec, [array], path), [array])


def test_films(path: Path) -> None:
    array = np.random.default_rng(7).integers(0, 256, (5, 4, 6, 4, 3)).astype(np.uint8)
    for frames in (None, 6):
        codec = VideoCodec(["x"], frames=frames)
        agree(codec, twin(codec, [array], path), [array])


def test_sounds(path: Path) -> None:
    names = [str(path.parent / f"{number}.wav") for number in range(3)]
    for number, name in enumerate(names):
        with wave.open(name, "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(np.random.default_rng(number).bytes(80))
    codec = AudioCodec(["x"], rate=5000, length=0.005, resample=True)
    agree(codec, twin(codec, [pa.array(names)], path), [pa.array(names)])


@few
@given(
    train=st.lists(words, min_size=1, max_size=8),
    rows=st.lists(st.none() | words, min_size=1, max_size=8),
    encode=st.sampled_from(["one_hot", "index", "auto", "marks"]),
    unknown=st.sampled_from(["bucket", "error"]),
    missing=st.sampled_from(["bucket", "error", "most_frequent"]),
    scale=st.sampled_from(["none", "robust"]),
)
def test_categories(
    train: list[str], rows: list[str | None], encode: Any, unknown: Any, missing: Any, scale: Any, path: Path
) -> None:
    codec = CategoryCodec(["x"], encode=encode, unknown=unknown, missing=missing, scale=scale)
    model = twin(codec, [pa.array(train)], path)
    known = set(train)
    taken = [
        row for row in [*rows, *train] if (missing != "error" if row is None else unknown == "bucket" or row in known)
    ]
    agree(codec, model, [pa.array(taken, pa.string())])


def test_a_category_that_is_refused_is_an_error_of_the_runtime(path: Path) -> None:
    import tensorflow as tf

    codec = CategoryCodec(["x"], unknown="error", missing="error")
    model = twin(codec, [pa.array(["a", "b"])], path)
    with pytest.raises((tf.errors.InvalidArgumentError, ValueError)):
        model({"x": tf.constant([["stranger"]])})


@few
@given(
    rows=st.lists(st.none() | st.sampled_from(sorted(WORDS)), min_size=1, max_size=20),
    missing=st.sampled_from([True, False, "most_frequent"]),
    upper=st.booleans(),
    blanks=st.tuples(*[st.text(st.sampled_from(" \t\r\n\v\f"), max_size=3)] * 2),
)
def test_booleans(rows: list[str | None], missing: Any, upper: bool, blanks: tuple[str, str], path: Path) -> None:
    codec = BooleanCodec(["x"], missing=missing)
    model = twin(codec, [pa.array(["yes", "yes", "no"])], path)
    cased = [row.upper() if row is not None and upper else row for row in rows]
    agree(codec, model, [pa.array(cased, pa.string())])
    agree(codec, model, [pa.array([row if row is None else row.join(blanks) for row in cased], pa.string())])
    agree(codec, model, [pa.array([True, False, None])])
    train = [pa.array(["yes", "yes", "no"])]
    agree_taken_apart(BooleanCodec(["x"], missing=missing), train, [pa.array(cased, pa.string())])


@pytest.mark.parametrize("cell", ["maybe", "yes no", "no maybe", "[UNK]", "y_es"])
def test_what_is_no_boolean_predicts_nothing(cell: str, path: Path) -> None:
    """The codec refuses it."""
    import tensorflow as tf

    codec = BooleanCodec(["x"], missing=True)
    model = twin(codec, [pa.array(["yes", "no"])], path)
    with pytest.raises(DataError):
        codec.encode([pa.array([cell])])
    assert np.isnan(np.asarray(model({"x": tf.constant([[cell], ["yes"]])}))).tolist() == [[True], [False]]


@few
@given(
    # The years 1843 to 2096: seconds in float64 hold a microsecond there.
    rows=st.lists(st.none() | st.integers(-4 * 10**15, 4 * 10**15), min_size=1, max_size=20),
    parts=st.lists(st.sampled_from([*LINEAR, *CYCLES]), min_size=1, max_size=9, unique=True),
)
def test_datetimes(rows: list[int | None], parts: list[str], path: Path) -> None:
    codec = DatetimeCodec(["x"], parts=parts, missing="median")
    train = pa.array([0, 10**15, 1_700_000_000_123_456], pa.timestamp("us"))
    agree(codec, twin(codec, [train], path), [pa.array(rows, pa.timestamp("us"))], atol=2e-6)


@pytest.mark.parametrize(
    "day", ["1600-02-29", "1900-02-28", "1900-03-01", "1969-12-31T23:59:59", "2000-02-29", "2100-12-31", "2024-12-31"]
)
def test_days_at_the_edges_of_the_calendar(day: str, path: Path) -> None:
    codec = DatetimeCodec(["x"], parts=[*LINEAR, *CYCLES])
    agree(codec, twin(codec, [pa.array(["2020-01-01", "2021-06-15"])], path), [pa.array([day])], atol=2e-6)


PIECES = ["Good", "good,", "bad!", "it's", "Ärger", "a_b", "100%", "-", "\t", "\n", " ", "\u00a0", "[UNK]", "unseen"]


@few
@given(
    train=st.lists(st.lists(st.sampled_from(PIECES[:-1]), min_size=1, max_size=6), min_size=2, max_size=9),
    rows=st.lists(st.none() | st.lists(st.sampled_from(PIECES), max_size=9), min_size=1, max_size=9),
    encode=st.sampled_from(["multi_hot", "count", "tf_idf", "sequence"]),
)
def test_texts(train: list[list[str]], rows: list[list[str] | None], encode: Any, path: Path) -> None:
    codec = TextCodec(["x"], encode=encode, length=4 if encode == "sequence" else None, max_tokens=6)
    texts = ["good bad", *(" ".join(pieces) for pieces in train)]
    model = twin(codec, [pa.array(texts)], path)
    agree(codec, model, [pa.array([None if row is None else " ".join(row) for row in rows], pa.string())], rtol=5e-6)


SCRIPTS = ["Good", "good,", "İ", "ß", "e\u0301", "\u00e9", "\U0001f469\u200d\U0001f467", "שלום", "中文", "ﬁ"]
AWKWARD = ["a\0", "\u3000", "\u2028", "[UNK]"]

characters = st.characters(codec="utf-8")
of_any_script = st.text(characters, max_size=9) | st.lists(st.sampled_from(SCRIPTS + AWKWARD), max_size=8).map(" ".join)


@few
@given(
    train=st.lists(of_any_script, min_size=1, max_size=6),
    rows=st.lists(st.none() | of_any_script, min_size=1, max_size=6),
    standardize=st.sampled_from(["lower_and_strip_punctuation", "lower", "strip_punctuation", "none"]),
    split=st.sampled_from(["whitespace", "character"]),
    ngrams=st.sampled_from([(), (1, 2), (2,), (3, 1)]),
    encode=st.sampled_from(["multi_hot", "tf_idf", "sequence"]),
    ends=st.tuples(*[st.sampled_from(["pre", "post"])] * 2),
)
def test_texts_of_any_script(
    train: list[str],
    rows: list[str | None],
    standardize: Any,
    split: Any,
    ngrams: tuple[int, ...],
    encode: Any,
    ends: tuple[Any, Any],
    path: Path,
) -> None:
    options: dict[str, Any] = {
        "encode": encode,
        "length": 4 if encode == "sequence" else None,
        "padding": ends[0],
        "truncating": ends[1],
        "max_tokens": 12,
        "standardize": standardize,
        "split": split,
        "ngrams": ngrams,
    }
    codec = TextCodec(["x"], **options)
    model = twin(codec, [pa.array(["a b c a", *train])], path)
    given_rows = [pa.array([*rows, *train], pa.string())]
    agree(codec, model, given_rows, rtol=5e-6)
    agree_taken_apart(TextCodec(["x"], **options), [pa.array(["a b c a", *train])], given_rows, rtol=5e-6)


def test_folded_texts_have_no_layer() -> None:
    codec = TextCodec(["x"], standardize="casefold")
    codec.fit([pa.array(["a"])])
    codec.finish()
    with pytest.raises(ModelError, match="folds the case of every script"):
        encoded_tensor(codec, list(make_column_inputs({"it": codec}).values()))


def test_columns_that_no_input_can_be() -> None:
    number, category = NumberCodec(["x"]), CategoryCodec(["x"])
    with pytest.raises(ModelError, match="a number in one feature and a text in another"):
        make_column_inputs({"one": number, "other": category})
    with pytest.raises(ModelError, match="Keras allows no '/'"):
        make_column_inputs({"one": NumberCodec(["a/b"])})
