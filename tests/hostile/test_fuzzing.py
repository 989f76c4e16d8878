"""Real inputs, made wrong: whatever a reader is given, what comes out is a `DlcliError` or an answer."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlcli.codecs.category.inference import MOST_DIGITS
from dlcli.config.document.composer import compose
from dlcli.config.inspection.inspection import inspect
from dlcli.errors import DlcliError, Problem
from tests.hostile.fuzzing import PROJECT, Target, fuzz, targets

SMALL, LARGE = 400, 100_000

GUIDED = ("yaml", "override", "run/run.json")
GUIDED_INPUTS = 20_000


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Target]:
    """Every reader; an input is read by one at a time."""
    return targets(tmp_path_factory.mktemp("fuzzed"))


def told(call: Callable[[], object]) -> None:
    """Nothing comes out but an error that says something."""
    problems: tuple[Problem, ...] = (Problem("none"),)
    try:
        call()
    except DlcliError as error:
        problems = error.problems
    assert problems
    assert all(problem.message for problem in problems)


def test_real_inputs_made_wrong(tmp_path: Path) -> None:
    result = fuzz(SMALL, seed=0, place=tmp_path)
    assert not result.failures, result.failures[0]
    assert result.inputs.total() >= SMALL * 0.95
    (tmp_path / "again").mkdir()
    assert set(result.inputs) == set(targets(tmp_path / "again"))


@pytest.mark.parametrize("name", ["yaml", "override", "csv", "run/run.json"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_anything_at_all(name: str, content: bytes, readers: dict[str, Target]) -> None:
    told(lambda: readers[name].call(content))


@given(st.text(max_size=80))
def test_text_that_is_no_yaml(text: str) -> None:
    told(lambda: compose(text, source=None))


def test_what_fuzzing_has_found(tmp_path: Path, readers: dict[str, Target]) -> None:
    """A number in another notation beside a fault; records without a key; a target of no shape; half a character."""
    (tmp_path / "config.yaml").write_text("data: {train: x.csv, targt: y, test: 0x1F}\nmodel: {layers: [Flatten]}\n")
    assert inspect(tmp_path / "config.yaml").problems
    seed = readers["run/run.json"].seeds[0]
    for key in (b'"epochs"', b'"status"', b'"seconds"', b'"metrics"'):
        with pytest.raises(DlcliError):
            readers["run/run.json"].call(seed.replace(key, b'"other"', 1))
    for line in (b'{"a": "\\ud800", "label": 1}\n', b'{"\\udfff": 1, "label": 2}\n'):
        with pytest.raises(DlcliError, match="half of a character"):
            readers["jsonl"].call(line)
    state = json.loads(readers["run/preprocessing.json"].seeds[0])
    (spend,) = (target for target in state["targets"] if target["type"] == "number")
    spend["shape"] = []
    with pytest.raises(DlcliError):
        readers["run/preprocessing.json"].call(json.dumps(state).encode())
    for table in (f"a,label\n1,{'9' * 5000}\n2,1\n", f"{'1' * 5000},{'2' * 5000},label\n1,2,3\n4,5,6\n"):
        told(lambda table=table: readers["csv"].call(table.encode()))  # type: ignore[misc]
    assert sys.get_int_max_str_digits() > MOST_DIGITS


@pytest.mark.soak
def test_a_hundred_thousand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = fuzz(LARGE, seed=1, place=tmp_path)
    with capsys.disabled():
        sys.stdout.write(f"\n{result.line()}\n")
    assert not result.failures, result.failures[:3]


@pytest.mark.soak
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
@pytest.mark.parametrize("name", GUIDED)
def test_inputs_that_are_chosen_by_what_they_reach(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.hostile.fuzzing", "--atheris", name]
    command += [f"-runs={GUIDED_INPUTS}", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
