"""WAV files of every kind become the same numbers; what is damaged, compressed or no sound is told."""

from __future__ import annotations

import contextlib
import io
import struct
import wave
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcli.codecs.audio.resampling import needed, resampled
from dlcli.codecs.audio.wav import BadAudio, look, read

few = settings(max_examples=50, deadline=None)
KINDS = {"u8": 1 / 128, "i16": 2**-15, "i24": 2**-23, "i32": 2**-31, "f32": 1e-7, "f64": 1e-15}


def numbers(data: bytes, start: int = 0, stop: int | None = None) -> Any:
    stream = io.BytesIO(data)
    sound = look(stream)
    return read(stream, sound, start, sound.length if stop is None else stop)


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_every_kind_is_the_same_sound(kind: str, channels: int, extensible: bool, wav: Any) -> None:
    samples = np.random.default_rng(1).uniform(-0.99, 0.99, (33, channels))
    data = wav(samples, 22050, kind=kind, extensible=extensible)
    sound = look(io.BytesIO(data))
    assert (sound.rate, sound.channels, sound.length) == (22050, channels, 33)
    np.testing.assert_allclose(numbers(data), samples, atol=KINDS[kind])
    np.testing.assert_array_equal(numbers(data, 7, 20), numbers(data)[7:20])


def test_the_loudest(wav: Any) -> None:
    """The least whole number is -1; the greatest is a step below 1."""
    for kind, step in (("u8", 2**-7), ("i16", 2**-15), ("i24", 2**-23), ("i32", 2**-31)):
        assert numbers(wav([-1.0, 0.0, 1.0], kind=kind))[:, 0].tolist() == [-1.0, 0.0, 1 - step]


def test_as_the_standard_library_writes_it() -> None:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.array([[1, -2], [300, -400]], "<i2").tobytes())
    assert (numbers(stream.getvalue()) * 2**15).tolist() == [[1, -2], [300, -400]]


def test_other_parts_are_passed_over(wav: Any) -> None:
    extra = b"LIST" + struct.pack("<I", 5) + b"abcde\0" + b"JUNK" + struct.pack("<I", 0)
    samples = np.linspace(-0.5, 0.5, 9)
    np.testing.assert_array_equal(numbers(wav(samples, extra=extra)), numbers(wav(samples)))


def test_a_recording_whose_end_was_not_known(wav: Any) -> None:
    assert numbers(wav(np.zeros(10), size=0xFFFFFFFF)).shape == (10, 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: b"", "no WAV"),
        (lambda data: b"ID3" + data, "no WAV"),
        (lambda data: b"RIFX" + data[4:], "no WAV"),
        (lambda data: data[:30], "cut short"),
        (lambda data: data[:-3], "cut short"),
        (lambda data: data[:20] + b"\x06\0" + data[22:], "A-law"),
        (lambda data: data[:20] + b"\x02\0" + data[22:], "ADPCM"),
        (lambda data: data[:20] + b"\x55\0" + data[22:], "MP3"),
        (lambda data: data[:22] + b"\0\0" + data[24:], "0 channels"),
        (lambda data: data[:24] + b"\0\0\0\0" + data[28:], "0 Hz"),
        (lambda data: data[:12] + data[36:], "before it says"),
        (lambda data: data[:36] + b"date" + data[40:], "cut short"),
    ],
)
def test_what_is_no_sound_is_told(change: Any, told: str, wav: Any) -> None:
    with pytest.raises(BadAudio, match=told):
        numbers(change(wav(np.zeros(20))))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_floats_that_are_no_numbers(value: float, wav: Any) -> None:
    data = wav([0.0, value, 0.0], kind="f32")
    with pytest.raises(BadAudio, match="no numbers"):
        numbers(data)
    assert numbers(data, 2, 3).tolist() == [[0.0]]


@few
@given(st.data(), st.binary(max_size=40), st.integers(0, 200), st.sampled_from(sorted(KINDS)))
def test_whatever_is_written_over_it(given_data: Any, noise: bytes, place: int, kind: str) -> None:
    """Numbers come, or the one fault that callers know; no size that a head claims is believed."""
    from tests.codecs.audio.conftest import wav_bytes

    whole = wav_bytes(np.zeros((30, 2)), kind=kind, extensible=place % 2 == 0)
    for data in (noise, b"RIFF\0\0\0\0WAVE" + noise, whole[:place] + noise + whole[place + len(noise) :]):
        with contextlib.suppress(BadAudio):
            assert numbers(data).size <= len(data)


def at_rate(samples: Any, rate: int, wanted: int, start: int = 0, stop: int | None = None) -> Any:
    length = -(-len(samples) * wanted // rate)
    stop = length if stop is None else stop
    first, end = needed(start, stop, rate=rate, wanted=wanted)
    low, high = max(0, first), min(end, len(samples))
    around = np.zeros((end - first, 1))
    around[low - first : high - first, 0] = samples[low:high]
    return resampled(around, start, stop, rate=rate, wanted=wanted)[:, 0]


@pytest.mark.parametrize(
    ("rate", "wanted"), [(44100, 16000), (48000, 16000), (8000, 16000), (16000, 44100), (22050, 8000), (11025, 7919)]
)
def test_a_sine_stays_that_sine(rate: int, wanted: int, sine: Any) -> None:
    """What is below half of both rates is there afterwards, of the same pitch and level and at the same time."""
    frequency = 0.35 * min(rate, wanted)
    found = at_rate(sine(frequency, 0.2, rate), rate, wanted)
    whole = sine(frequency, 0.2, wanted)
    inner = slice(wanted // 50, -wanted // 50)  # the ends are beside silence
    assert len(found) == len(whole)
    assert np.abs(found - whole)[inner].max() < 1e-4


@pytest.mark.parametrize(("rate", "wanted"), [(44100, 16000), (48000, 8000)])
def test_what_is_too_high_is_gone(rate: int, wanted: int, sine: Any) -> None:
    """And does not come back as a lower tone."""
    found = at_rate(sine(0.62 * wanted, 0.2, rate), rate, wanted)
    assert np.abs(found[wanted // 50 : -wanted // 50]).max() < 1e-4


def test_a_constant_stays(sine: Any) -> None:
    found = at_rate(np.full(4000, 0.25), 8000, 11025)
    np.testing.assert_allclose(found[200:-200], 0.25, atol=1e-12)


@few
@given(st.integers(20, 600), st.integers(1, 50), st.integers(1, 50), st.data())
def test_a_part_is_that_part_of_the_whole(length: int, rate: int, wanted: int, data: Any) -> None:
    samples = np.random.default_rng(length).uniform(-1, 1, length)
    whole = at_rate(samples, rate, wanted)
    start = data.draw(st.integers(0, len(whole) - 1))
    stop = data.draw(st.integers(start + 1, len(whole)))
    np.testing.assert_allclose(at_rate(samples, rate, wanted, start, stop), whole[start:stop], atol=1e-12)
