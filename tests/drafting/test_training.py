"""What is drafted trains, and well: in one process, on the data that comes along and on tables with traps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import dlcli

pytestmark = pytest.mark.tensorflow


def test_a_draft_is_as_good_as_what_people_write(project: Path, tmp_path: Path) -> None:
    drafted = dlcli.init(project / "data" / "iris.csv", target="species", output=tmp_path / "iris.yaml")
    run = dlcli.train(
        drafted.output, overrides={"fit.epochs": 60}, run_dir=tmp_path / "run", cache_dir=tmp_path / "cache"
    )
    assert run.metrics("test")["accuracy"] >= 0.93


def test_a_small_table_gets_a_network_for_each_fold(tmp_path: Path) -> None:
    x = np.random.default_rng(3).normal(size=(150, 2)).round(3)
    rows = [f"{a},{b},{a * b:.3f}" for a, b in x]
    (tmp_path / "small.csv").write_text("\n".join(["a,b,y", *rows]), encoding="utf-8")
    drafted = dlcli.init(tmp_path / "small.csv", target="y")
    run = dlcli.train(drafted.output, overrides={"fit.epochs": 64}, run_dir=tmp_path / "run")
    assert run.record["members"] == [f"fold-{place}" for place in range(1, 6)]
    mean = dlcli.evaluate(run)
    assert mean.metrics["r2"] > 0.5, "where a line tells nothing"
    frame = pd.read_csv(tmp_path / "small.csv").head(7)
    members = [dlcli.predict(run.path / f"fold-{place}", frame)["prediction"] for place in range(1, 6)]
    np.testing.assert_allclose(dlcli.predict(run, frame)["prediction"], np.mean(members, axis=0), rtol=1e-6)


def test_several_targets_are_learnt_at_once(project: Path, tmp_path: Path) -> None:
    drafted = dlcli.init(
        project / "data" / "iris.csv", target=["species", "petal_width"], output=tmp_path / "both.yaml"
    )
    run = dlcli.train(drafted.output, overrides={"fit.epochs": 60}, run_dir=tmp_path / "both")
    assert run.metrics("test")["species_accuracy"] >= 0.8
    assert run.metrics("test")["petal_width_mean_absolute_error"] < 0.3


def test_check_passes_to_its_end_on_traps(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    names = ["features", "a/b", "...", "?", "k" * 250, "y"]
    rows = [
        [f"{draw.normal():.3f}", f"p{place % 30}", f"{draw.normal():.3f}", "NA", f"v{place % 15}", place % 2]
        for place in range(60)
    ]
    lines = [",".join(names), *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "traps.csv").write_text("\n".join(lines), encoding="utf-8")
    np.savez(tmp_path / "grid.npz", x=draw.normal(size=(40, 9, 9)).astype(np.float32), y=np.arange(40) % 3)
    np.savez(tmp_path / "steps.npz", x=draw.normal(size=(40, 30, 2)).astype(np.float32), y=draw.normal(size=40))
    for place in range(30):
        image = Image.fromarray(np.where(draw.random((11, 13)) < 0.5, 0, 255).astype(np.uint8))
        image.save(tmp_path / f"{place}.png")
        image.save(tmp_path / f"mask-{place}.png")
    pairs = [f"{place}.png,mask-{place}.png" for place in range(30)]
    (tmp_path / "pairs.csv").write_text("\n".join(["picture,target", *pairs]), encoding="utf-8")
    for name in ("pairs.csv", "traps.csv", "grid.npz", "steps.npz"):
        assert_passes(tmp_path / name, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("name", ["digits", "chirps"])
def test_check_passes_to_its_end_on_folders(name: str, project: Path, tmp_path: Path) -> None:
    assert_passes(project / "data" / name, tmp_path)


def assert_passes(source: Path, folder: Path) -> None:
    """What is drafted for a source is built and tried without a warning."""
    output = folder / f"{source.name.partition('.')[0]}.yaml"
    dlcli.init(source, output=output)
    report = dlcli.check(output, cache_dir=folder / "cache")
    assert report.planned is not None
    assert report.warnings == ()


def test_what_is_said_of_windows_can_be_done(tmp_path: Path) -> None:
    draw = np.random.default_rng(2)
    dates = np.datetime_as_string(np.arange("2020-01-01", "2020-04-10", dtype="datetime64[D]"))
    for rows in (len(dates), 15):
        lines = [f"{date},{draw.normal():.3f},{draw.normal():.3f}" for date in dates[:rows]]
        (tmp_path / "sales.csv").write_text("\n".join(["date,price,sales", *lines]), encoding="utf-8")
        text = dlcli.init(tmp_path / "sales.csv", overwrite=True).text
        assert "\nfit:" not in text
        kept = [line for line in text.splitlines() if not line.startswith(("  split:", "model:"))]
        taken = [line.replace("# ", "", 1) for line in kept if line.startswith(("  # windows:", "  # model:"))]
        document = "\n".join([*kept, taken[1].strip()]).replace(f"  # {taken[0].strip()}", taken[0])
        (tmp_path / "series.yaml").write_text(document, encoding="utf-8")
        assert dlcli.check(tmp_path / "series.yaml", cache_dir=tmp_path / "cache").planned is not None
