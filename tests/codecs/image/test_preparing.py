"""From files of images to samples: what is inferred and asked for, left out, kept, noticed, and made on demand."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dlcli.config.schema import DataConfig
from dlcli.data import prepare as preparing
from dlcli.data.cache.cache import Cache
from dlcli.data.prepare import Prepared, prepare, read_split
from dlcli.data.samples import encoding, store
from dlcli.data.samples.made import MadeSamples
from dlcli.errors import DataError, DlcliError

COLOURS = {"red": (250, 0, 0), "blue": (0, 0, 250)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty images of two colours."""
    place = tmp_path / "pictures"
    (place / "img").mkdir(parents=True)
    lines = ["photo,colour"]
    for number in range(40):
        name = list(COLOURS)[number % 2]
        pixels = np.full((6, 5, 3), COLOURS[name], np.uint8)
        pixels[number % 6] = number
        Image.fromarray(pixels).save(place / "img" / f"{number}.png")
        lines.append(f"img/{number}.png,{name}")
    (place / "list.csv").write_text("\n".join(lines) + "\n")
    return place


def section(folder: Path, feature: dict[str, Any] | None = None, **more: Any) -> DataConfig:
    options: dict[str, Any] = {"train": [str(folder / "list.csv")], "target": "colour", "test": 0.25, **more}
    if feature is not None:
        options["features"] = {"photo": {"type": "image", **feature}}
    return DataConfig.model_validate(options)


def ready(folder: Path, feature: dict[str, Any] | None = None, **more: Any) -> Prepared:
    return prepare(section(folder, feature), seed=1, **more)


def pixels(prepared: Prepared, split: Any = "train") -> Any:
    samples: Any = dict(prepared.splits)[split]
    return samples.take(slice(0, len(samples))).inputs["photo"]


def test_a_column_of_names_is_one_of_images(folder: Path) -> None:
    prepared = ready(folder)
    assert any("photo: image (40 files)" in note for note in prepared.notes)
    found: Any = (prepared.config.features or {})["photo"]
    assert (found.type, found.size) == ("image", None)  # so that the same config, read again, means the same
    assert prepared.splits["train"].inputs["photo"].shape == (6, 5, 3)
    assert pixels(prepared).dtype == np.uint8


def test_names_of_no_files_are_categories(folder: Path) -> None:
    shutil.rmtree(folder / "img")
    with pytest.raises(DlcliError) as error:
        ready(folder, {})
    assert "file-not-found" in {problem.rule for problem in error.value.problems}
    features = ready(folder).config.features
    assert features is not None
    assert features["photo"] is not None
    assert features["photo"].type == "category"


def test_what_a_sample_holds_is_its_file(folder: Path) -> None:
    prepared = ready(folder)
    labels = prepared.splits["train"].take(slice(None)).targets["colour"]
    spec = prepared.preprocessing.target_specs[0]
    for image, label in zip(pixels(prepared), labels.tolist(), strict=True):
        assert tuple(np.median(image.reshape(-1, 3), axis=0)) == COLOURS[spec.classes[label]]


def test_images_that_differ(folder: Path) -> None:
    for number in range(0, 40, 3):
        Image.new("L", (9, 8)).save(folder / "img" / f"{number}.png")
    with pytest.raises(DataError) as error:
        ready(folder, {})
    sizes, depths, *_ = error.value.problems
    assert {problem.rule for problem in error.value.problems} == {"mixed-images"}
    assert "2 different sizes" in sizes.message
    assert "8 x 9 ('img/" in sizes.message
    assert "gray ('img/" in depths.message
    prepared = ready(folder, {"size": [8, 8], "channels": "rgb"})
    assert pixels(prepared).shape == (30, 8, 8, 3)


def test_bad_files_are_all_told(folder: Path) -> None:
    (folder / "img" / "3.png").write_bytes(b"\x89PNG nothing")
    whole = (folder / "img" / "4.png").read_bytes()
    (folder / "img" / "4.png").write_bytes(whole[: len(whole) // 2])
    (folder / "img" / "5.png").unlink()
    with pytest.raises(DataError) as error:
        ready(folder, {"size": 6})
    assert sorted(problem.rule for problem in error.value.problems) == ["bad-image", "bad-image", "file-not-found"]
    for name in ("3.png", "4.png", "5.png"):
        assert name in str(error.value)


def test_bad_files_are_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pixels(ready(folder, {"size": [6, 5]}), "test")
    (folder / "img" / "3.png").write_bytes(b"nothing")
    (folder / "img" / "5.png").unlink()
    for few in (10**9, 1000):  # all rows at once, and cut to few
        monkeypatch.setattr(encoding, "LARGE_ROW", few)
        monkeypatch.setattr(encoding, "BLOCK_BYTES", 900)
        prepared = ready(folder, {"size": [6, 5], "on_error": "skip"})
        assert sum(len(samples) for samples in prepared.splits.values()) == 38
        (doubt,) = [doubt for doubt in prepared.doubts if doubt.rule == "bad-image"]
        assert doubt.message.startswith("2 rows of the train data are left out:")
        for split in prepared.splits:
            labels = prepared.splits[split].take(slice(None)).targets["colour"]
            classes = prepared.preprocessing.target_specs[0].classes
            for image, label in zip(pixels(prepared, split), labels.tolist(), strict=True):
                assert tuple(np.median(image.reshape(-1, 3), axis=0)) == COLOURS[classes[label]]
    assert whole.shape[0] == 10


def test_none_is_left(folder: Path) -> None:
    for file in (folder / "img").iterdir():
        file.write_text("x")
    with pytest.raises(DataError):
        ready(folder, {"size": 6, "on_error": "skip"})


@pytest.mark.parametrize("feature", [None, {"size": [4, 4], "resize": "crop", "channels": "gray"}])
def test_made_on_demand_is_the_same(
    folder: Path, feature: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = ready(folder, feature)
    monkeypatch.setattr(store.Store, "has_room", lambda self, num_bytes: False)
    made = ready(folder, feature, cache=Cache(tmp_path / "cache"))
    assert not Cache(tmp_path / "cache").entries()
    for split in kept.splits:
        assert isinstance(made.splits[split], MadeSamples)
        assert made.splits[split].inputs == kept.splits[split].inputs
        np.testing.assert_array_equal(pixels(made, split), pixels(kept, split), strict=True)
        assert made.splits[split].fingerprint == kept.splits[split].fingerprint
    order = np.array([7, 0, 7, 29])
    np.testing.assert_array_equal(made.splits["train"].take(order).inputs["photo"], pixels(kept)[order])
    assert not made.splits["train"].take(order, inputs=()).inputs
    again = read_split(made.config, made.preprocessing, "test", seed=1)
    np.testing.assert_array_equal(again.take(slice(None)).inputs["photo"], pixels(kept, "test"))
    for file in (folder / "img").iterdir():
        file.write_text("gone bad")
    with pytest.raises(DataError, match=r"\.png"):
        made.splits["train"].take(slice(None))


def test_the_cache_knows_the_files(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What was decoded is found again, and is not when a file is another, whatever its size and name."""
    monkeypatch.setattr(store, "CACHED_FROM", 0)
    cache = Cache(tmp_path / "cache")
    first = ready(folder, cache=cache)
    assert len(first.fingerprints["train"]) == 41

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("the files are decoded again")

    with monkeypatch.context() as patch:
        patch.setattr(preparing, "encode", refuse)
        again = ready(folder, cache=cache)
        np.testing.assert_array_equal(pixels(again), pixels(first))
        assert again.fingerprints == first.fingerprints
        assert again.splits["train"].fingerprint == first.splits["train"].fingerprint
        touched = folder / "img" / "8.png"
        touched.write_bytes(touched.read_bytes())
        np.testing.assert_array_equal(pixels(ready(folder, cache=cache)), pixels(first))
    Image.fromarray(np.full((6, 5, 3), (9, 9, 250), np.uint8)).save(folder / "img" / "8.png")
    changed = ready(folder, cache=cache)
    both = [np.concatenate([pixels(one), pixels(one, "test")]) for one in (first, changed)]
    assert (both[0] != both[1]).any(axis=(1, 2, 3)).sum() == 1
    assert changed.splits["train"].fingerprint != first.splits["train"].fingerprint


def test_what_training_alone_looks_at_decodes_nothing_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Found in the cache it is as it would be without: with the options that are asked for now."""
    monkeypatch.setattr(store, "CACHED_FROM", 0)
    cache = Cache(tmp_path / "cache")
    first = ready(folder, {"augment": ["RandomFlip"]}, cache=cache)

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("the files are decoded again")

    other = [{"RandomRotation": {"factor": 0.1}}]
    ways: list[tuple[dict[str, Any], dict[str, Any], list[Any]]] = [
        ({"augment": other}, {}, other),
        ({}, {}, []),
        ({}, {"defaults": {"image": {"augment": other}}}, other),
        ({"augment": []}, {"defaults": {"image": {"augment": other}}}, []),
    ]
    for feature, more, wanted in ways:
        asked = section(folder, feature, **more)
        with monkeypatch.context() as patch:
            if not more:  # what defaults say is asked for in another way
                patch.setattr(preparing, "encode", refuse)
            found = prepare(asked, seed=1, cache=cache)
        plain = prepare(asked, seed=1)
        assert found.preprocessing.state() == plain.preprocessing.state()
        assert found.preprocessing.features["photo"].state()["augment"] == wanted
        assert found.config.model_dump() == plain.config.model_dump()
        assert found.splits["train"].fingerprint == first.splits["train"].fingerprint
        again = prepare(asked, seed=1, cache=cache)
        assert again.preprocessing.state() == plain.preprocessing.state()


def test_a_folder_of_folders(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its files are known with it, each path once, and a file that is another makes other samples."""
    monkeypatch.setattr(store, "CACHED_FROM", 0)
    place = tmp_path / "classes"
    for number in range(40):
        colour = list(COLOURS)[number % 2]
        (place / colour).mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "img" / f"{number}.png", place / colour / f"{number}.png")
    config = DataConfig.model_validate({"train": [str(place)], "target": "folder", "test": 0.25})
    cache = Cache(tmp_path / "cache")
    prepared = prepare(config, seed=1, cache=cache)
    assert list(prepared.preprocessing.features) == ["path"]
    assert len(prepared.fingerprints["train"]) == 1
    (spec,) = prepared.preprocessing.target_specs
    taken = prepared.splits["train"].take(slice(None))
    for image, label in zip(taken.inputs["path"], taken.targets["folder"].tolist(), strict=True):
        assert tuple(np.median(image.reshape(-1, 3), axis=0)) == COLOURS[spec.classes[label]]
    Image.fromarray(np.full((6, 5, 3), (9, 9, 250), np.uint8)).save(place / "blue" / "1.png")
    changed = prepare(config, seed=1, cache=cache)
    assert changed.splits["train"].fingerprint != prepared.splits["train"].fingerprint
    (place / "blue" / "note.txt").write_text("no image")
    with pytest.raises(DataError, match="note"):
        prepare(config, seed=1)
    settings = {**config.model_dump(), "features": {"path": {"type": "image", "on_error": "skip"}}}
    skipping = prepare(DataConfig.model_validate(settings), seed=1)
    assert sum(map(len, skipping.splits.values())) == 40


def test_arrays_of_bytes(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    shapes: dict[str, tuple[tuple[int, ...], dict[str, Any], tuple[int, ...]]] = {
        "gray": ((30, 7, 6), {}, (7, 6, 1)),
        "rgb": ((30, 7, 6, 3), {}, (7, 6, 3)),
        "first": ((30, 3, 7, 6), {"data_format": "channels_first"}, (7, 6, 3)),
        "resized": ((30, 7, 6, 3), {"size": [4, 4], "channels": 1}, (4, 4, 1)),
    }
    for name, (shape, options, wanted) in shapes.items():
        x = random.integers(0, 256, shape).astype(np.uint8)
        np.savez(tmp_path / f"{name}.npz", x=x, y=np.arange(30) % 3)
        config = {
            "train": [str(tmp_path / f"{name}.npz")],
            "target": "y",
            "features": {"x": {"type": "image", **options}},
        }
        prepared = prepare(DataConfig.model_validate(config), seed=1, classification=True)
        taken = prepared.splits["train"].take(slice(None)).inputs["x"]
        assert taken.shape == (30, *wanted)
        assert taken.dtype == np.uint8
        if name == "first":
            np.testing.assert_array_equal(taken, x.transpose(0, 2, 3, 1))


@pytest.mark.parametrize(
    ("array", "hint"),
    [
        (np.zeros((9, 5, 5), np.float32), "type: number"),
        (np.zeros((9, 3, 8, 8), np.uint8), "channels_first"),
        (np.zeros((9, 5, 5, 2), np.uint8), "1, 3 or 4 channels"),
    ],
)
def test_arrays_that_are_no_images(tmp_path: Path, array: Any, hint: str) -> None:
    np.savez(tmp_path / "a.npz", x=array, y=np.arange(9.0))
    config = {"train": [str(tmp_path / "a.npz")], "target": "y", "features": {"x": {"type": "image"}}}
    with pytest.raises(DataError) as error:
        prepare(DataConfig.model_validate(config), seed=1)
    assert hint in error.value.problems[0].hint
