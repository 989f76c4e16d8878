"""Write the data sets of this folder: once, from scikit-learn's bundled files and from NumPy with fixed seeds.

Purpose:  the examples in `configs/` run offline, on small files whose origin is known.
Command:  make data     (scikit-learn goes into an environment of its own, never into the project's)
Result:   the files beside this script, the same bytes every time; `README.md` describes each.

Only scikit-learn's `load_*` functions are used: they read files of the package itself, never the network.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import itertools
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import datasets

__all__ = ["main"]

HERE = Path(__file__).resolve().parent
EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can hold: without a fixed one its bytes would change at every run."""

Row = Sequence[Any]


def write_csv(name: str, header: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a table; a name that ends in `.gz` is compressed without a time stamp."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    content = text.getvalue().encode()
    (HERE / name).write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)


def write_npz(name: str, **arrays: np.ndarray) -> None:
    """Write arrays as `numpy.savez_compressed` does, with a fixed time stamp."""
    with zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{key}.npy", EPOCH_OF_ZIP), content.getvalue(), zipfile.ZIP_DEFLATED)


def write_idx(name: str, values: np.ndarray) -> None:
    """Write an array of uint8 as MNIST is published, gzipped without a time stamp."""
    head = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    (HERE / name).parent.mkdir(exist_ok=True)
    with (HERE / name).open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as stream:
        stream.write(head + values.tobytes())


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write a gray image (height, width) uint8, as a file of the fewest bytes that a PNG has."""
    height, width = pixels.shape
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    parts = (
        b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0),
        b"IDAT" + zlib.compress(lines, 9),
        b"IEND",
    )
    content = b"".join(struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)


def write_wav(path: Path, samples: np.ndarray, rate: int) -> None:
    """Write samples (n,) from -1 to 1 as whole numbers of 16 bits."""
    data = np.round(samples * 32767).astype("<i2").tobytes()
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16)
    content = b"WAVE" + form + b"data" + struct.pack("<I", len(data)) + data
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(content)) + content)


def write_images(name: str, images: np.ndarray, labels: np.ndarray) -> None:
    """Write images of 0 to 16 as a folder for each class."""
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        pixels = (image.astype(np.uint16) * 255 // 16).astype(np.uint8)
        write_png(HERE / name / str(label) / f"{number:04}.png", pixels)


def plain(value: float) -> int | float:
    """A number as a person writes it: 13 rather than 13.0."""
    number = float(value)
    return int(number) if number.is_integer() else number


def write_classification(name: str, bunch: Any, *, target: str, columns: Sequence[str], classes: Sequence[str]) -> None:
    """Write one of scikit-learn's classification tables, its classes by their names."""
    rows = ([*map(plain, values), classes[index]] for values, index in zip(bunch.data, bunch.target, strict=True))
    write_csv(name, [*columns, target], rows)


def write_bundled() -> None:
    """iris, wine, breast_cancer, diabetes and digits, from scikit-learn's own files."""
    iris = datasets.load_iris()
    columns = [column.removesuffix(" (cm)").replace(" ", "_") for column in iris.feature_names]
    write_classification("iris.csv", iris, target="species", columns=columns, classes=list(iris.target_names))

    wine = datasets.load_wine()
    columns = [column.replace("/", "_") for column in wine.feature_names]
    write_classification("wine.csv", wine, target="cultivar", columns=columns, classes=["A", "B", "C"])

    cancer = datasets.load_breast_cancer()
    columns = [column.replace(" ", "_") for column in cancer.feature_names]
    write_classification(
        "breast_cancer.csv", cancer, target="diagnosis", columns=columns, classes=list(cancer.target_names)
    )

    diabetes = datasets.load_diabetes(scaled=False)
    # s1 to s6 are blood serum measurements; these are the names that scikit-learn's description gives them.
    columns = ["age", "sex", "bmi", "blood_pressure", "tc", "ldl", "hdl", "tch", "ltg", "glu"]
    rows = (
        [*map(plain, values), plain(progression)]
        for values, progression in zip(diabetes.data, diabetes.target, strict=True)
    )
    write_csv("diabetes.csv", [*columns, "progression"], rows)

    digits = datasets.load_digits()
    columns = [f"px{index}" for index in range(64)]
    write_csv(
        "digits.csv.gz",
        [*columns, "label"],
        ([*map(int, pixels), int(label)] for pixels, label in zip(digits.data, digits.target, strict=True)),
    )
    images, labels = digits.images.astype(np.uint8), digits.target.astype(np.int64)
    write_npz("digits_train.npz", x=images[:1500], y=labels[:1500])
    write_npz("digits_test.npz", x=images[1500:], y=labels[1500:])
    write_images("digits", images, labels)
    for name, part in (("train", slice(0, 1500)), ("t10k", slice(1500, None))):
        write_idx(f"digits_idx/{name}-images-idx3-ubyte.gz", images[part])
        write_idx(f"digits_idx/{name}-labels-idx1-ubyte.gz", labels[part].astype(np.uint8))


def write_gates() -> None:
    """The truth tables of four logic gates, each a data set of four rows."""
    inputs = [(a, b) for a in (0, 1) for b in (0, 1)]
    gates = {
        "and": lambda a, b: a & b,
        "or": lambda a, b: a | b,
        "nand": lambda a, b: 1 - (a & b),
        "xor": lambda a, b: a ^ b,
    }
    for name, gate in gates.items():
        write_csv(f"{name}.csv", ["a", "b", "output"], ([a, b, gate(a, b)] for a, b in inputs))


def write_clouds() -> None:
    """Two Gaussian clouds, which a straight line separates but for a few points."""
    generator = np.random.default_rng(18)
    covariance = [[1, 0.5], [0.5, 1]]
    negative = generator.multivariate_normal([0, 3], covariance, size=1000)
    positive = generator.multivariate_normal([3, 0], covariance, size=1000)
    rows = [*([*point, 0] for point in negative.round(4)), *([*point, 1] for point in positive.round(4))]
    write_csv("clouds.csv", ["x", "y", "label"], rows)


def write_points() -> None:
    """Points of a square, labelled by the side of its diagonal that they lie on; a train and a test file."""
    generator = np.random.default_rng(1)
    for name, samples in (("points_train.csv", 1000), ("points_test.csv", 200)):
        points = generator.uniform(-1, 1, size=(samples, 2)).round(4)
        labels = (points.sum(axis=1) > 0).astype(int)
        write_csv(name, ["x1", "x2", "label"], ([*point, label] for point, label in zip(points, labels, strict=True)))


def write_houses() -> None:
    """Synthetic sales of houses: every kind of column, with cells missing as in real tables."""
    generator = np.random.default_rng(11)
    districts = {"harbour": 95, "old town": 140, "hillside": 70, "station": 20, "meadows": 0}
    phrases = {
        "newly renovated": 45,
        "needs work": -60,
        "sunny terrace": 25,
        "close to the park": 20,
        "on a busy road": -30,
        "quiet street": 10,
        "large kitchen": 8,
    }
    rows = []
    for number in range(1, 1001):
        area = float(np.clip(generator.lognormal(4.6, 0.35), 28, 320).round(1))
        rooms = int(np.clip(round(area / 28 + generator.normal(0, 0.7)), 1, 9))
        built = int(generator.integers(1900, 2021))
        district = str(generator.choice(list(districts), p=[0.15, 0.15, 0.25, 0.2, 0.25]))
        heating = str(generator.choice(["gas", "district", "heat pump", "oil"], p=[0.45, 0.25, 0.2, 0.1]))
        garden = bool(generator.random() < 0.45)
        said = [str(phrase) for phrase in generator.choice(list(phrases), size=generator.integers(1, 4), replace=False)]
        sold = datetime.date(2021, 1, 1) + datetime.timedelta(days=int(generator.integers(0, 4 * 365)))
        price = (
            40
            + 2.9 * area
            + districts[district]
            + 0.35 * (built - 1960)
            + 35 * garden
            + (18 if heating == "heat pump" else 0)
            + sum(phrases[phrase] for phrase in said)
            + 0.04 * (sold - datetime.date(2021, 1, 1)).days
            + generator.normal(0, 12)
        )
        missing = generator.random(5)
        rows.append(
            [
                f"H{number:04d}",
                area,
                rooms,
                "" if missing[0] < 0.08 else built,
                "" if missing[1] < 0.04 else district,
                "" if missing[2] < 0.06 else heating,
                "" if missing[3] < 0.03 else ("yes" if garden else "no"),
                sold.isoformat(),
                "" if missing[4] < 0.05 else ", ".join(said),
                round(max(price, 50), 1),
            ]
        )
    header = ["id", "area", "rooms", "built", "district", "heating", "garden", "sold", "description", "price"]
    write_csv("houses.csv", header, rows)


def write_kiln() -> None:
    """Synthetic readings of a kiln: two groups of inputs, two numbers and a class to predict."""
    generator = np.random.default_rng(16)
    rows = []
    for piece in range(800):
        if piece % 8 == 0:  # A potter fires eight pieces together: they share a firing and its heat.
            temperature, minutes = generator.uniform(900, 1300), generator.uniform(20, 90)
        clay, sand, feldspar = generator.dirichlet([6, 2, 2])
        melt = (temperature - 900) / 400 * (0.5 + feldspar)
        strength = 20 + 60 * melt * (1 - sand) + 0.2 * minutes + generator.normal(0, 1.5)
        shrinkage = 2 + 7 * melt * clay + 0.01 * minutes + generator.normal(0, 0.2)
        grade = "pass" if strength > 45 and shrinkage < 6.5 else "reject"
        rows.append(
            [
                f"F{piece // 8:03d}",
                round(temperature, 1),
                round(minutes, 1),
                round(clay, 3),
                round(sand, 3),
                round(feldspar, 3),
                round(strength, 2),
                round(shrinkage, 3),
                grade,
            ]
        )
    header = ["firing", "temperature", "minutes", "clay", "sand", "feldspar", "strength", "shrinkage", "grade"]
    write_csv("kiln.csv", header, rows)


def write_shapes() -> None:
    """Synthetic pictures of a disc and a square, with noise, and the class of each pixel."""
    generator = np.random.default_rng(17)
    rows, columns = np.mgrid[:24, :24]
    masks = np.zeros((240, 24, 24), np.uint8)
    for mask in masks:
        top, left, size = *generator.integers(1, 14, 2), generator.integers(5, 10)
        mask[top : top + size, left : left + size] = 1
        (across, down), radius = generator.integers(5, 19, 2), generator.integers(3, 6)
        mask[(rows - down) ** 2 + (columns - across) ** 2 <= radius**2] = 2
    # The disc is brighter, but for the noise of single pixels.
    pictures = np.array([60, 130, 170])[masks] + generator.integers(-5, 6, masks.shape) * 6
    write_npz("shapes.npz", picture=pictures.astype(np.uint8)[..., np.newaxis], mask=masks)


def write_sums() -> None:
    """Additions, digit by digit: what a network reads that writes an answer."""
    generator = np.random.default_rng(18)
    pairs = generator.permutation([(one, other) for one in range(50) for other in range(50)])
    rows = [[" ".join(f"{one:02d}{other:02d}"), " ".join(f"{one + other:02d}")] for one, other in pairs]
    write_csv("sums.csv", ["question", "answer"], rows)


def write_notes() -> None:
    """Synthetic remarks about a stay, each with any number of topics."""
    generator = np.random.default_rng(19)
    topics = {
        "food": ["the breakfast was fresh", "dinner came cold", "a good cook", "the menu was short"],
        "room": ["the bed was hard", "a quiet room", "the window would not close", "clean towels every day"],
        "staff": ["friendly people at the desk", "nobody answered the bell", "the porter helped us"],
        "price": ["too expensive", "good value", "cheaper than we feared", "they charged us twice"],
    }
    rows = []
    for _ in range(600):
        chosen = [name for name in topics if generator.random() < 0.4]
        said = [generator.choice(topics[name]) for name in chosen] or ["we stayed two nights"]
        rows.append([", ".join(generator.permutation(said)), "|".join(chosen)])
    write_csv("notes.csv", ["note", "topics"], rows)


def write_pairs() -> None:
    """Pairs of readings, each of one of six kinds with noise: of the same kind, or not."""
    generator = np.random.default_rng(32)
    kinds = generator.normal(0, 1, (6, 6))
    rows = []
    for number in range(800):
        first = generator.integers(6)
        second = first if number % 2 else generator.choice([kind for kind in range(6) if kind != first])
        readings = [kinds[kind] + generator.normal(0, 0.2, 6) for kind in (first, second)]
        rows.append([*(round(float(value), 2) for value in np.concatenate(readings)), "yes" if number % 2 else "no"])
    write_csv("pairs.csv", [*(f"{side}{place}" for side in "ab" for place in range(1, 7)), "same"], rows)


def write_heating() -> None:
    """What a heating took in the last hours, the weather forecast, and what it takes in the next ones."""
    generator = np.random.default_rng(33)
    rows = []
    for _ in range(600):
        inertia, level = generator.uniform(0.3, 0.9), generator.uniform(0, 1)
        weather = np.cumsum(generator.normal(0, 0.4, 16)) + generator.normal(0, 1)
        taken = []
        for temperature in weather:
            level = inertia * level + (1 - inertia) * (3 - temperature)
            taken.append(level)
        values = [*taken[:12], *weather[:12], *weather[12:], *taken[12:]]
        rows.append([round(float(value), 2) for value in values])
    hours = [f"{name}{hour}" for name in ("heat", "cold") for hour in range(1, 13)]
    write_csv("heating.csv", [*hours, *(f"{name}{hour}" for name in ("cold", "heat") for hour in range(13, 17))], rows)


def write_tokens() -> None:
    """Ten signs, one of which is a 1: whether it stands in the first half, which only its position tells."""
    generator = np.random.default_rng(34)
    rows = []
    for _ in range(500):
        signs, place = generator.integers(2, 9, 10), generator.integers(10)
        signs[place] = 1
        rows.append([*map(int, signs), "early" if place < 5 else "late"])
    write_csv("tokens.csv", [*(f"t{place}" for place in range(1, 11)), "half"], rows)


def write_reports() -> None:
    """Who chased whom: for each sentence there is another of the same words, in which it was the other."""
    verbs = ("chased", "followed", "surprised", "watched", "passed", "noticed")
    starts = ("", "Yesterday ", "This morning, ", "Once more ", "They say that ", "As so often, ", "After lunch ")
    ends = ("", " in the garden", " near the old barn", " on the way home", ", and nobody else", " by the river")
    rows = []
    for doer, passive, verb, start, end in itertools.product(("cat", "dog"), (False, True), verbs, starts, ends):
        other = "dog" if doer == "cat" else "cat"
        core = f"the {other} was {verb} by the {doer}" if passive else f"the {doer} {verb} the {other}"
        rows.append((f"{start}{core}{end}.".capitalize(), doer))
    rows = [rows[place] for place in np.random.default_rng(26).permutation(len(rows))]
    write_csv("reports.csv", ["report", "who"], rows)


def write_tiles() -> None:
    """Small pictures of bars, each with a temperature: a tile is good when it lies as its heat wants it."""
    generator = np.random.default_rng(35)
    images = generator.integers(0, 60, (400, 8, 8)).astype(np.uint8)
    upright, temperature = generator.integers(0, 2, 400), generator.normal(0, 1, 400).round(2)
    for image, turned, place in zip(images, upright, generator.integers(1, 6, 400), strict=True):
        image[(slice(None), slice(place, place + 2)) if turned else slice(place, place + 2)] += 150
    verdict = np.where(upright == (temperature > 0), "good", "bad")
    write_npz("tiles.npz", image=images, temperature=temperature.astype(np.float32), verdict=verdict)


def write_stores() -> None:
    """Twenty years of monthly sales of two stores: a trend, a season, promotions that are planned ahead, and noise."""
    generator = np.random.default_rng(36)
    rows = []
    for store, level, growth, peak, swing in (("north", 180, 0.9, 11, 0.35), ("south", 320, -0.4, 6, 0.22)):
        drift = 0.0
        for step in range(240):
            drift = 0.8 * drift + generator.normal(0, 0.02)
            promo = bool(generator.random() < 0.2)
            season = swing * np.cos(2 * np.pi * (step % 12 - peak) / 12) + 0.08 * np.cos(4 * np.pi * step / 12)
            sales = (level + growth * step) * np.exp(season + drift) * (1.25 if promo else 1.0)
            month = f"{2005 + step // 12}-{step % 12 + 1:02d}"
            rows.append([month, store, "yes" if promo else "no", round(float(sales), 1)])
    write_csv("stores.csv", ["month", "store", "promo", "sales"], sorted(rows))


def write_motions() -> None:
    """Short recordings of a sensor: swings, turns and shakes, which only their course tells apart."""
    generator = np.random.default_rng(37)
    rows = []
    for recording in range(300):
        kind = ("swing", "turn", "shake")[recording % 3]
        phase, size = generator.uniform(0, 2 * np.pi), generator.uniform(0.6, 1.4)
        time = np.arange(24)
        x = {
            "swing": np.sin(2 * np.pi * time / 12 + phase),
            "turn": np.sin(2 * np.pi * time / 24 + phase),
            "shake": np.sin(2 * np.pi * time / 4 + phase),
        }[kind]
        y = np.cos(2 * np.pi * time / (24 if kind == "turn" else 12) + phase)
        for step in range(24):
            noisy = size * np.array([x[step], y[step]]) + generator.normal(0, 0.3, 2)
            rows.append([f"r{recording + 1:03d}", step, *(round(float(value), 2) for value in noisy), kind])
    write_csv("motions.csv", ["recording", "step", "x", "y", "motion"], rows)


def write_chirps() -> None:
    """Tones in noise whose pitch rises, falls or stays: the same pitches, in another order."""
    generator = np.random.default_rng(36)
    rate, length = 4000, 1000
    for number in range(240):
        name = ("falling", "rising", "steady")[number % 3]
        first = generator.uniform(300, 700)
        pitch = np.linspace(first, first + generator.uniform(500, 900), length)
        pitch = {"falling": pitch[::-1], "rising": pitch, "steady": np.full(length, generator.choice(pitch))}[name]
        tone = np.sin(2 * np.pi * (np.cumsum(pitch) / rate + generator.uniform()))
        samples = generator.uniform(0.1, 0.5) * (tone + generator.normal(0, 0.3, length))
        write_wav(HERE / "chirps" / name / f"{number:03}.wav", np.clip(samples, -1, 1), rate)


def write_moves() -> None:
    """Clips of a square that moves over noise: where to, no single picture of a clip tells."""
    generator = np.random.default_rng(37)
    steps = {"down": (1, 0), "left": (0, -1), "right": (0, 1), "up": (-1, 0)}
    clips = generator.integers(0, 60, (480, 8, 12, 12)).astype(np.uint8)
    names = np.array([list(steps)[number % 4] for number in range(480)])
    for clip, name in zip(clips, names, strict=True):
        place = generator.integers(0, 12, 2)
        for time, picture in enumerate(clip):
            rows, columns = (place[:, None] + np.array(steps[name])[:, None] * time + np.arange(3)) % 12
            picture[np.ix_(rows, columns)] += 150
    write_npz("moves.npz", clip=clips[..., np.newaxis], direction=names)
    for number, (clip, name) in enumerate(zip(clips[:120], names, strict=False)):
        for time, picture in enumerate(clip):
            # Without zeros before the number: as most programs name the pictures of a film.
            write_png(HERE / "moves" / name / f"{number:03}" / f"frame{time + 5}.png", picture)


def main() -> int:
    """Write every data set."""
    write_bundled()
    write_gates()
    write_clouds()
    write_points()
    write_houses()
    write_kiln()
    write_shapes()
    write_sums()
    write_notes()
    write_pairs()
    write_heating()
    write_tokens()
    write_reports()
    write_tiles()
    write_stores()
    write_motions()

    write_chirps()
    write_moves()
    return 0


if __name__ == "__main__":
    sys.exit(main())
