"""From films to samples: frames in the order of people, chosen, filled up, resized, refused, left out, made later."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dlcli.codecs.video.films import counted
from dlcli.codecs.video.loading import picked
from dlcli.config.schema import DataConfig
from dlcli.data.cache.cache import Cache
from dlcli.data.prepare import Prepared, prepare
from dlcli.data.samples import store
from dlcli.data.samples.made import MadeSamples
from dlcli.errors import DataError, DlcliError


def section(source: Path, feature: dict[str, Any] | None = None, **more: Any) -> DataConfig:
    options: dict[str, Any] = {"train": [str(source)], "rows": "folders", "target": "folder", "test": 0.25, **more}
    if feature is not None:
        options["features"] = {"path": {"type": "video", **feature}}
    return DataConfig.model_validate(options)


def ready(source: Path, feature: dict[str, Any] | None = None, **more: Any) -> Prepared:
    return prepare(section(source, feature, **more), seed=1)


def pixels(prepared: Prepared, split: Any = "train", name: str = "path") -> Any:
    samples: Any = dict(prepared.splits)[split]
    return samples.take(slice(0, len(samples))).inputs[name]


def one(place: Path, name: str, feature: dict[str, Any]) -> Any:
    """One film as an unfitted config makes it."""
    codec: Any = ready(place, feature).preprocessing.features["path"]
    return codec.encode([np.array([str(place / name)])])[0]


def refused(source: Path, feature: dict[str, Any] | None = None, **more: Any) -> Any:
    with pytest.raises(DlcliError) as error:
        ready(source, feature, **more)
    return error.value.problems


def test_a_row_is_a_folder_of_frames(films: Path, make_film: Any) -> None:
    """Their type and sizes are found; each film is its frames, in the order in which people count."""
    prepared = ready(films)
    assert any("path: video (32 folders)" in note for note in prepared.notes)
    assert list(prepared.preprocessing.features) == ["path"]
    assert pixels(prepared).shape == (24, 5, 8, 10, 1)
    assert pixels(prepared).dtype == np.uint8
    assert not prepared.doubts
    labels = prepared.splits["train"].take(slice(None)).targets["folder"]
    classes = prepared.preprocessing.target_specs[0].classes
    for film, label in zip(pixels(prepared), labels.tolist(), strict=True):
        start = int(film[0, 0, :, 0].argmax())
        np.testing.assert_array_equal(film, make_film(classes[label], 5, start))


def test_without_rows_of_folders_the_way_out_is_told(films: Path) -> None:
    problems = refused(films, {}, rows="files")
    assert {problem.rule for problem in problems} == {"no-frames"}
    assert "a single picture" in problems[0].message
    assert "rows: folders" in problems[0].hint


@given(st.integers(1, 300), st.integers(1, 60))
def test_frames_that_are_picked(there: int, wanted: int) -> None:
    """As many as are wanted or there are, ascending, each once; evenly is as far from both ends."""
    even, start = picked(there, wanted, "even"), picked(there, wanted, "start")
    assert start == list(range(min(there, wanted)))
    assert len(even) == len(set(even)) == min(there, wanted)
    assert even == sorted(even)
    assert 0 <= even[0] <= even[-1] < there
    if there > wanted:
        assert abs(even[0] - (there - 1 - even[-1])) <= 1
        assert max(np.diff(even), default=0) - min(np.diff(even), default=0) <= 1


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=8, unique=True), st.sampled_from(["", "a", "f-", "1_"]))
def test_names_are_sorted_as_people_count(numbers: list[int], begin: str) -> None:
    names = sorted((f"{begin}{number}.png" for number in numbers), key=counted)
    assert names == [f"{begin}{number}.png" for number in sorted(numbers)]


@given(st.lists(st.text(min_size=1, max_size=6), unique=True, max_size=8))
def test_any_names_have_one_order(names: list[str]) -> None:
    other_way = names[::-1]
    assert sorted(names, key=counted) == sorted(other_way, key=counted)


def test_more_and_fewer_frames(films: Path, frames_in: Any, make_film: Any) -> None:
    long, short = make_film("left", 12), make_film("right", 3)
    frames_in(films / "left" / "long", long)
    frames_in(films / "right" / "short", short)
    (problem,) = refused(films, {}, test=None)
    assert problem.rule == "mixed-films"
    assert "3 ('right/short'), 5 ('left/0'), 12 ('left/long')" in problem.message
    np.testing.assert_array_equal(one(films, "left/long", {"frames": 4}), long[[1, 4, 7, 10]])
    np.testing.assert_array_equal(one(films, "left/long", {"frames": 4, "sample": "start"}), long[:4])
    np.testing.assert_array_equal(one(films, "right/short", {"frames": 5}), short[[0, 1, 2, 2, 2]])
    black = one(films, "right/short", {"frames": 5, "short": "black"})
    np.testing.assert_array_equal(black[:3], short)
    assert not black[3:].any()
    (problem,) = refused(films, {"frames": 5, "short": "error"})
    assert problem.rule == "few-frames"
    assert "right/short' cannot be used: it has 3 frames, and 5 are asked for" in problem.message
    left = ready(films, {"frames": 5, "short": "error", "on_error": "skip"})
    assert sum(map(len, left.splits.values())) == 33
    (doubt,) = ready(films, {"frames": 5}, test=None).doubts
    assert doubt.message == (
        "1 of 34 films of the training rows have fewer than 5 frames, and their last one is repeated (the fewest: 3)"
    )


def test_more_frames_than_are_meant(films: Path) -> None:
    (problem,) = refused(films, {"frames": 50_000})
    assert problem.rule == "few-frames"
    assert "frames: 5`" in problem.hint


def test_pictures_that_differ(films: Path, frames_in: Any) -> None:
    frames_in(films / "left" / "wide", np.zeros((5, 8, 20, 3), np.uint8))
    sizes, depths = refused(films, {})
    assert {sizes.rule, depths.rule} == {"mixed-images"}
    assert "8 x 20 ('left/wide')" in sizes.message
    assert "rgb ('left/wide')" in depths.message
    Image.new("L", (6, 6)).save(films / "left" / "0" / "frame9.png")
    shutil.rmtree(films / "left" / "wide")
    (problem,) = refused(films, {})
    assert problem.rule == "mixed-images"
    assert "left/0' cannot be used: a frame is 6 x 6, and those before it are 8 x 10" in problem.message
    assert pixels(ready(films, {"size": [4, 4], "channels": "rgb", "resize": "crop"})).shape == (24, 5, 4, 4, 3)


def test_bad_films_are_all_told_or_left_out(films: Path) -> None:
    (films / "left" / "0" / "frame10.png").write_bytes(b"nothing")
    whole = (films / "left" / "2" / "frame12.png").read_bytes()
    (films / "left" / "2" / "frame12.png").write_bytes(whole[: len(whole) // 2])
    for name in ("right/1", "right/3"):
        for file in (films / name).iterdir():
            file.unlink()
        (films / name / "note.txt").write_text("no picture")
    (films / "left" / "4" / "frame20.tif").write_bytes(b"II*\0")
    problems = refused(films, {"frames": 5, "size": [8, 10], "channels": 1})
    told = {problem.message.partition("' cannot")[0].rpartition("films/")[2]: problem for problem in problems}
    assert told["left/0"].rule == told["left/2"].rule == told["left/4"].rule == "bad-image"
    assert "its frame 'frame10.png': it is no PNG" in told["left/0"].message
    assert told["right/1"].rule == "no-frames"
    assert "no pictures, and 1 other files" in told["right/1"].message
    prepared = ready(films, {"on_error": "skip", "frames": 5})
    assert sum(map(len, prepared.splits.values())) == 27
    (doubt,) = prepared.doubts
    assert doubt.message.startswith("5 rows of the train data are left out:")


def test_files_that_move(tmp_path: Path, make_film: Any) -> None:
    """GIF and WebP, named by a table; a file of one frame is a short film."""
    lines = ["film,side"]
    for number in range(16):
        side = ("left", "right")[number % 2]
        frames = [Image.fromarray(frame[:, :, 0]) for frame in make_film(side, 5, number // 2)]
        name = f"{number}.{('gif', 'webp')[number % 4 // 2]}"
        options: dict[str, Any] = {"lossless": True} if name.endswith("webp") else {}
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], **options)
        lines.append(f"{name},{side}")
    (tmp_path / "films.csv").write_text("\n".join(lines) + "\n")
    feature: dict[str, Any] = {"features": {"film": {"type": "video", "channels": 1}}, "target": "side", "test": None}
    prepared = prepare(section(tmp_path / "films.csv", **feature), seed=1)
    found = pixels(prepared, name="film")
    assert found.shape == (16, 5, 8, 10, 1)
    for number, film in enumerate(found):
        np.testing.assert_array_equal(film, make_film(("left", "right")[number % 2], 5, number // 2))
    codec: Any = prepared.preprocessing.features["film"]
    Image.new("L", (10, 8), 77).save(tmp_path / "still.gif")
    assert codec.encode([np.array([str(tmp_path / "still.gif")])]).tolist() == [[[[[77]] * 10] * 8] * 5]
    assert [problem.rule for problem in codec.unseen_problems("")] == ["few-frames"]


def test_films_that_are_coded(tmp_path: Path) -> None:
    (tmp_path / "a.MP4").write_bytes(b"\0\0\0 ftypisom")
    (tmp_path / "films.csv").write_text("film,side\n" + "a.MP4,1\na.MP4,0\n" * 4)
    problems = refused(tmp_path / "films.csv", target="side", test=None, features={"film": {"type": "video"}})
    assert "ffmpeg -i a.MP4 frame%d.png" in problems[0].hint


def test_a_table_that_names_folders(films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in them counts as data: another picture makes other samples, and nothing outside is opened."""
    monkeypatch.setattr(store, "CACHED_FROM", 0)
    rows = [(f"films/{('left', 'right')[n % 2]}/{n}", n % 2) for n in range(32)]
    with (tmp_path / "list.csv").open("w") as file:
        csv.writer(file).writerows([("film", "side"), *rows])
    config = section(tmp_path / "list.csv", target="side", features={"film": {"type": "video"}})
    cache = Cache(tmp_path / "cache")
    first = prepare(config, seed=1, cache=cache)
    assert pixels(first, name="film").shape == (24, 5, 8, 10, 1)
    assert len(first.fingerprints["train"]) == 33
    again = prepare(config, seed=1, cache=cache)
    assert again.splits["train"].fingerprint == first.splits["train"].fingerprint
    Image.new("L", (10, 8), 9).save(films / "left" / "8" / "frame9.png")
    changed = prepare(config, seed=1, cache=cache)
    assert changed.splits["train"].fingerprint != first.splits["train"].fingerprint
    (tmp_path / "outside.csv").write_text("film,side\n" + "../x,1\n.,0\n" * 8)
    with pytest.raises(DataError) as error:
        prepare(section(tmp_path / "outside.csv", target="side", features={"film": {"type": "video"}}), seed=1)
    assert {problem.rule for problem in error.value.problems} == {"file-outside"}


def test_links_out_of_a_folder_are_not_followed(films: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes((films / "left" / "0" / "frame8.png").read_bytes())
    (films / "left" / "0" / "frame8.png").unlink()
    (films / "left" / "0" / "frame8.png").symlink_to(tmp_path / "secret.png")
    assert {problem.rule for problem in refused(films, {})} == {"file-outside"}


def test_made_on_demand_is_the_same(films: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    options = {"frames": 7, "size": [4, 6], "channels": "rgb"}
    kept = ready(films, options)
    monkeypatch.setattr(store.Store, "has_room", lambda self, num_bytes: False)
    made = prepare(section(films, options), seed=1, cache=Cache(tmp_path / "cache"))
    for split in kept.splits:
        assert isinstance(made.splits[split], MadeSamples)
        np.testing.assert_array_equal(pixels(made, split), pixels(kept, split), strict=True)
    assert [doubt.message for doubt in made.doubts] == [doubt.message for doubt in kept.doubts]
    shutil.rmtree(films / "left")
    with pytest.raises(DataError, match="films/left"):
        made.splits["train"].take(slice(None))


ORDERS = {"channels_last": (0, 1, 2, 3), "channels_first": (3, 0, 1, 2), "frames_first": (0, 3, 1, 2)}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("options", [{}, {"frames": 3, "size": [5, 5], "channels": "gray"}], ids=["as it is", "less"])
def test_arrays_of_bytes(tmp_path: Path, order: str, options: dict[str, Any]) -> None:
    """Whatever the order of the axes, the same samples."""
    films = np.random.default_rng(1).integers(0, 256, (20, 6, 8, 9, 3)).astype(np.uint8)
    array = films.transpose(0, *(axis + 1 for axis in ORDERS[order]))
    np.savez(tmp_path / "a.npz", x=array, y=np.arange(20) % 2)
    feature = {"x": {"type": "video", "data_format": order, **options}}
    found = pixels(ready(tmp_path / "a.npz", target="y", test=None, features=feature), name="x")
    if not options:
        np.testing.assert_array_equal(found, films)
        return
    assert found.shape == (20, 3, 5, 5, 1)
    np.savez(tmp_path / "b.npz", x=films, y=np.arange(20) % 2)
    plain = {"x": {"type": "video", **options}}
    np.testing.assert_array_equal(
        found, pixels(ready(tmp_path / "b.npz", target="y", test=None, features=plain), name="x")
    )


def test_an_array_of_films_is_found(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((20, 4, 8, 8, 1), np.uint8), y=np.arange(20) % 2)
    prepared = ready(tmp_path / "a.npz", target="y", test=None)
    assert any("x: video (4 frames of 8 x 8)" in note for note in prepared.notes)


@pytest.mark.parametrize(
    ("array", "options", "told"),
    [
        (np.zeros((9, 4, 5, 5, 1), np.float32), {}, "type: number"),
        (np.zeros((9, 4, 5), np.uint8), {}, "type: number"),
        (np.zeros((9, 3, 4, 8, 8), np.uint8), {}, "channels_first"),
        (np.zeros((9, 5, 3, 8, 8), np.uint8), {}, "frames_first"),
        (np.zeros((9, 2, 8, 8), np.uint8), {"frames": 3, "short": "error"}, "short: repeat"),
    ],
)
def test_arrays_that_are_no_films(tmp_path: Path, array: Any, options: Any, told: str) -> None:
    np.savez(tmp_path / "a.npz", x=array, y=np.arange(9.0))
    problems = refused(tmp_path / "a.npz", target="y", test=None, features={"x": {"type": "video", **options}})
    assert told in problems[0].hint
