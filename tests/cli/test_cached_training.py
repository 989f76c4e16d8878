"""`train`, `check` and `evaluate` on data that is kept in a cache directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest

from dlcli.data.cache.cache import Cache
from dlcli.data.samples import store
from dlcli.data.table import memory

CONFIG = """\
data: {train: table.csv, target: y, validation: 0.2, test: 0.2}
model: {layers: [{Dense: {units: 1, activation: sigmoid}}]}
fit: {epochs: 2}
"""


@pytest.mark.parametrize("budget", [0, pytest.param(1 << 40, marks=pytest.mark.soak)], ids=["mapped", "in memory"])
def test_a_cached_run_is_the_same_run(
    dlcli: Callable[..., CompletedProcess[str]], tmp_path: Path, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "ARRAYS_BUDGET", budget)
    numbers = np.random.default_rng(0).normal(size=(300, 3)).round(4)
    lines = [f"{a},{b},{c},{int(a + b > 0)}" for a, b, c in numbers]
    (tmp_path / "table.csv").write_text("\n".join(["a,b,c,y", *lines]) + "\n")
    (tmp_path / "config.yaml").write_text(CONFIG)
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / "unused"))
    monkeypatch.setattr(store, "CACHED_FROM", 0)
    results = []
    for run in ("first", "second"):
        done = dlcli("train", "config.yaml", "--run-dir", run, "--cache-dir", "cache")
        assert done.returncode == 0, done.stderr
        evaluated = dlcli("evaluate", run, "--cache-dir", "cache")
        assert evaluated.returncode == 0, evaluated.stderr
        results.append((done.stdout.splitlines()[:-1], evaluated.stdout))
    assert results[0] == results[1]
    assert dlcli("check", "config.yaml", "--cache-dir", "cache").returncode == 0
    assert len(Cache(tmp_path / "cache").entries()) == 1
    assert (tmp_path / "unused").exists() is False
