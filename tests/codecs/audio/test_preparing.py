"""From WAV files to samples: what is inferred, filled up, cut, resampled, refused, left out, counted, made later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlcli.codecs.audio import wav as wav_files
from dlcli.config.schema import DataConfig
from dlcli.data.cache.cache import Cache
from dlcli.data.prepare import Prepared, prepare
from dlcli.data.samples import store
from dlcli.data.samples.made import MadeSamples
from dlcli.errors import DataError, DlcliError


def section(folder: Path, feature: dict[str, Any] | None = None, **more: Any) -> DataConfig:
    options: dict[str, Any] = {"train": [str(folder)], "target": "folder", "test": 0.25, **more}
    if feature is not None:
        options["features"] = {"path": {"type": "audio", **feature}}
    return DataConfig.model_validate(options)


def ready(folder: Path, feature: dict[str, Any] | None = None, **more: Any) -> Prepared:
    return prepare(section(folder, feature), seed=1, **more)


def sounds(prepared: Prepared, split: Any = "train") -> Any:
    samples: Any = dict(prepared.splits)[split]
    return samples.take(slice(0, len(samples))).inputs["path"]


def refused(folder: Path, feature: dict[str, Any]) -> Any:
    with pytest.raises(DlcliError) as error:
        ready(folder, feature)
    return error.value.problems


def test_a_folder_of_sounds(tones: Path) -> None:
    """Their type, rate and length are found; each row is its file."""
    prepared = ready(tones)
    assert any("path: audio (40 files)" in note for note in prepared.notes)
    assert sounds(prepared).shape == (30, 800, 1)
    assert sounds(prepared).dtype == np.float32
    assert prepared.preprocessing.features["path"].state()["rate"] == 8000
    labels = prepared.splits["train"].take(slice(None)).targets["folder"]
    classes = prepared.preprocessing.target_specs[0].classes
    for sound, label in zip(sounds(prepared), labels.tolist(), strict=True):
        loudest = np.abs(np.fft.rfft(sound[:, 0])).argmax() * 10  # Hz
        assert (loudest > 900) == (classes[label] == "high")
    assert not prepared.doubts


def test_rates_that_differ(tones: Path, wav: Any) -> None:
    (tones / "low" / "1.wav").write_bytes(wav(np.zeros(1600), 16000))
    (tones / "low" / "3.wav").write_bytes(wav(np.zeros(1600), 16000))
    (problem,) = refused(tones, {})
    assert problem.rule == "mixed-sounds"
    assert "8,000 Hz" in problem.message
    assert "16,000 Hz ('low/" in problem.message
    problems = refused(tones, {"rate": 8000, "length": 0.1})
    assert {each.rule for each in problems} == {"other-rate"}
    assert "low/1.wav' cannot be used: it has 16,000 samples a second (Hz), not 8,000" in problems[0].message
    assert "resample: true" in problems[0].hint
    prepared = ready(tones, {"rate": 8000, "resample": True})
    assert sounds(prepared).shape == (30, 800, 1)
    assert not prepared.doubts


def test_lengths_that_differ(tones: Path, wav: Any) -> None:
    """Silence follows shorter ones, longer ones are cut, and each is counted."""
    (tones / "low" / "1.wav").write_bytes(wav(np.full(200, 0.5)))
    (tones / "low" / "3.wav").write_bytes(wav(np.r_[np.full(400, 0.25), np.full(800, 0.5)]))
    (problem,) = refused(tones, {})
    assert problem.rule == "mixed-sounds"
    assert "0.025 s ('low/1.wav') to 0.15 s ('low/3.wav')" in problem.message

    def both(options: dict[str, Any]) -> tuple[Any, Any, list[str]]:
        prepared = ready(tones, {"length": 0.1, **options})
        codec: Any = prepared.preprocessing.features["path"]
        chosen = codec.encode([np.array([str(tones / "low" / name) for name in ("1.wav", "3.wav")])])
        return chosen[0, :, 0], chosen[1, :, 0], [doubt.message for doubt in prepared.doubts]

    short, long, told = both({})
    assert short.tolist() == [0.5] * 200 + [0.0] * 600
    assert long.tolist() == [0.25] * 400 + [0.5] * 400
    whole = ready(tones, {"length": 0.1}, named=()).splits
    assert sum(map(len, whole.values())) == 40
    assert all("of 30 sounds of the training rows are" in message for message in told)
    short, long, _ = both({"short": "repeat", "long": "center"})
    assert short.tolist() == [0.5] * 800
    assert long.tolist() == [0.25] * 200 + [0.5] * 600
    problems = refused(tones, {"length": 0.1, "short": "error", "long": "error"})
    assert {each.rule for each in problems} == {"other-length"}
    assert len(problems) == 2
    skipping = ready(tones, {"rate": 8000, "length": 0.1, "short": "error", "long": "error", "on_error": "skip"})
    assert sum(map(len, skipping.splits.values())) == 38


def test_what_is_counted_is_said(tmp_path: Path, wav: Any) -> None:
    for number in range(20):
        (tmp_path / "abc"[number % 2]).mkdir(exist_ok=True)
        (tmp_path / "abc"[number % 2] / f"{number}.wav").write_bytes(wav(np.zeros(400 + 80 * (number % 4))))
    prepared = prepare(section(tmp_path, {"length": 0.06}, test=None), seed=1)
    told = [doubt.message for doubt in prepared.doubts if doubt.rule == "other-length"]
    short = "5 of 20 sounds of the training rows are shorter than 0.06 s, and silence follows them (the shortest: "
    long = "10 of 20 sounds of the training rows are longer than 0.06 s, and their start is kept (the longest: "
    assert told == [f"{short}'a/0.wav', 0.05 s)", f"{long}'b/11.wav', 0.08 s)"]


def test_a_length_in_samples(tones: Path) -> None:
    (problem,) = refused(tones, {"rate": 8000, "length": 800})
    assert problem.rule == "other-length"
    assert "in seconds, not in samples: `length: 0.1`" in problem.hint


def test_channels(tones: Path, wav: Any) -> None:
    """One is the mean of all; of more there must be as many, or one that stands for each."""
    both = np.c_[np.full(800, 0.5), np.full(800, -0.25)]
    (tones / "low" / "1.wav").write_bytes(wav(both))
    place = [np.array([str(tones / "low" / "1.wav"), str(tones / "low" / "3.wav")])]
    codec: Any = ready(tones).preprocessing.features["path"]
    assert codec.encode(place)[0].tolist() == [[0.125]] * 800
    codec = ready(tones, {"channels": "stereo"}).preprocessing.features["path"]
    found = codec.encode(place)
    assert found[0].tolist() == [[0.5, -0.25]] * 800
    np.testing.assert_array_equal(found[1, :, 0], found[1, :, 1])
    (problem,) = refused(tones, {"channels": 3})
    assert problem.rule == "other-channels"


def test_bad_files_are_all_told_or_left_out(tones: Path, wav: Any) -> None:
    whole = (tones / "low" / "1.wav").read_bytes()
    (tones / "low" / "1.wav").write_bytes(whole[:-10])
    (tones / "low" / "3.wav").write_bytes(b"no sound")
    (tones / "high" / "2.wav").write_bytes(wav(np.full(800, np.nan), kind="f32"))
    (tones / "high" / "4.wav").write_bytes(wav(np.zeros(0)))
    problems = refused(tones, {"rate": 8000, "length": 0.1})
    assert [problem.rule for problem in problems] == ["bad-audio"] * 4
    for name in ("low/1.wav", "low/3.wav", "high/2.wav", "high/4.wav"):
        assert any(name in problem.message for problem in problems)
    prepared = ready(tones, {"on_error": "skip"})
    assert sum(map(len, prepared.splits.values())) == 36
    (doubt,) = prepared.doubts
    assert doubt.message.startswith("4 rows of the train data are left out:")


def test_an_array_is_no_sound(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((9, 100), np.int16), y=np.arange(9.0))
    config = {"train": [str(tmp_path / "a.npz")], "target": "y", "features": {"x": {"type": "audio"}}}
    with pytest.raises(DataError, match="array") as error:
        prepare(DataConfig.model_validate(config), seed=1)
    assert "divide: 32768" in error.value.problems[0].hint


def test_made_on_demand_is_the_same(tones: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    options = {"rate": 6000, "length": 0.09, "resample": True, "long": "center"}
    kept = ready(tones, options)
    monkeypatch.setattr(store.Store, "has_room", lambda self, num_bytes: False)
    made = ready(tones, options, cache=Cache(tmp_path / "cache"))
    for split in kept.splits:
        assert isinstance(made.splits[split], MadeSamples)
        assert made.splits[split].inputs == kept.splits[split].inputs
        np.testing.assert_array_equal(sounds(made, split), sounds(kept, split), strict=True)
    assert [doubt.message for doubt in made.doubts] == [doubt.message for doubt in kept.doubts]
    for file in (tones / "low").iterdir():
        file.write_text("gone bad")
    with pytest.raises(DataError, match=r"\.wav"):
        made.splits["train"].take(slice(None))


def test_a_long_file_is_not_read_whole(tmp_path: Path, wav: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten minutes the tenth of a second that is wanted, and what is around it."""
    asked: list[int] = []
    read = wav_files.read

    def counted(stream: Any, sound: Any, start: int, stop: int) -> Any:
        asked.append(stop - start)
        return read(stream, sound, start, stop)

    monkeypatch.setattr("dlcli.codecs.audio.loading.read", counted)
    for number in range(8):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        (tmp_path / "ab"[number % 2] / f"{number}.wav").write_bytes(wav(np.zeros(480_000), 8000))
    ready(tmp_path, {"rate": 6000, "length": 0.1, "resample": True, "long": "center"})
    assert 0 < max(asked) < 2_000
