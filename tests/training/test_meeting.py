"""Workers of several machines: which one a process is, how they meet, and how they learn that one is gone."""

from __future__ import annotations

import json
import queue
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.checks.workers import check_workers
from dlcli.config.inspection.inspection import inspect_value
from dlcli.errors import ConfigError, RunError
from dlcli.jobs.workers.meeting import free_port, meet
from dlcli.jobs.workers.peers import Peers, find_peers, hosts, places_of

CLUSTER = {"worker": ["a:1", "b:2"]}


def found(environment: Mapping[str, str], size: int = 2, **said: Any) -> Peers | None:
    return find_peers(size, coordinator=said.get("coordinator"), rank=said.get("rank"), environment=environment)


def tf_config(cluster: Any, **task: Any) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}


def slurm(**variables: str) -> dict[str, str]:
    return {
        "SLURM_PROCID": "1",
        "SLURM_NTASKS": "2",
        "SLURM_JOB_NODELIST": "n[3-4]",
        "SLURM_JOB_ID": "2005",
        **variables,
    }


def test_who_a_process_is() -> None:
    assert found({}) is None
    assert found({}, coordinator="node:7", rank=1) == Peers("node", 7, 1, 2, "the command line")
    assert found({}, coordinator="[::1]:7", rank=0) == Peers("::1", 7, 0, 2, "the command line")
    assert found(tf_config(CLUSTER, type="worker", index=1)) == Peers("a", 1, 1, 2, "TF_CONFIG")
    chief = {"chief": ["c:3"], "worker": ["a:1"]}
    assert found(tf_config(chief, type="worker", index=0)) == Peers("c", 3, 1, 2, "TF_CONFIG")
    assert found(tf_config({})) is None
    assert found(slurm()) == Peers("n3", 29405, 1, 2, "Slurm")
    assert found(slurm(SLURM_STEP_NUM_TASKS="1")) is None  # two workers of one task are two processes here
    assert found({**slurm(), **tf_config(CLUSTER)}, size=1) is None  # who trains alone asks nobody


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, {"coordinator": "node:7"}),
        ({}, {"rank": 1}),
        ({}, {"coordinator": "node", "rank": 1}),
        ({}, {"coordinator": "node:99999", "rank": 1}),
        ({}, {"coordinator": "node:7", "rank": 2}),
        ({}, {"coordinator": "node:7", "rank": -1}),
        ({}, {"coordinator": "node:7", "rank": 0, "size": 1}),
        ({"TF_CONFIG": "no JSON"}, {}),
        ({"TF_CONFIG": "[1]"}, {}),
        (tf_config({"worker": ["a:1", "b:2", "c:3"]}), {}),
        (tf_config(CLUSTER, type="evaluator"), {}),
        (tf_config({"worker": ["a", "b"]}), {}),
        (slurm(SLURM_NTASKS="3"), {}),
    ],
)
def test_what_does_not_go_together(environment: dict[str, str], said: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        found(environment, **said)
    (problem,) = caught.value.problems
    assert problem.rule == "workers"
    assert problem.hint


@given(st.lists(st.integers(0, 999), min_size=1, max_size=6, unique=True), st.integers(1, 4))
def test_slurm_s_lists_of_nodes(numbers: list[int], width: int) -> None:
    names = [f"gpu{str(number).zfill(width)}x" for number in numbers]
    packed = ",".join(str(number).zfill(width) for number in numbers)
    assert hosts(f"gpu[{packed}]x") == names
    assert hosts(",".join(names)) == names
    assert hosts("a[1-2]-[08-10],b")[:6] == ["a1-08", "a1-09", "a1-10", "a2-08", "a2-09", "a2-10"]


def test_workers_of_one_machine_divide_it() -> None:
    addresses = ["a:1", "b:2", "a:3"]
    assert places_of(2, addresses) == {"local": 1, "here": 2}
    assert places_of(1, addresses) == {"local": 0, "here": 1}


def peers(port: int, rank: int, size: int = 3) -> Peers:
    return Peers("127.0.0.1", port, rank, size, "a test")


def test_workers_meet_and_hear_of_each_other() -> None:
    port = free_port()
    with ThreadPoolExecutor(3) as pool:
        coming = [pool.submit(meet, peers(port, rank), wait=30) for rank in (2, 1)]
        first = pool.submit(meet, peers(port, 0), resume="/shared/run", wait=30).result()
        others = [each.result() for each in coming]
    news: queue.Queue[tuple[str, Any]] = queue.Queue()
    try:
        assert {meeting.addresses for meeting in others} == {first.addresses}
        assert len(set(first.addresses)) == 3
        assert {meeting.resume for meeting in others} == {"/shared/run"}
        for meeting in (first, others[1]):
            meeting.watch(lambda problem: news.put(("lost", problem.message)), lambda end: news.put(("ended", end)))
        others[0].close()  # worker 2 is gone: the first sees it, and worker 1 is told
        said = [news.get(timeout=30) for _ in range(2)]
        assert {kind for kind, _ in said} == {"lost"}
        assert all(message.startswith("worker 2 of 3") for _, message in said)
    finally:
        for meeting in (first, *others):
            meeting.close()


def test_who_does_not_belong_is_refused() -> None:
    port = free_port()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(meet, peers(port, 0, size=2), wait=30)
        with pytest.raises(RunError, match="one of 3"):
            meet(peers(port, 1, size=3), wait=30)
        with socket.create_connection(("127.0.0.1", port)) as stranger:
            stranger.sendall(b"GET / HTTP/1.1\r\n")
            assert "refused" in json.loads(stranger.makefile().readline())
        meet(peers(port, 1, size=2), wait=30).close()
        first.result().close()


def test_who_does_not_come_is_named() -> None:
    with pytest.raises(RunError, match=r"worker 1, 2 of 3 has not come"):
        meet(peers(free_port(), 0), wait=0.1)
    with pytest.raises(RunError, match="worker 0 is not met"):
        meet(peers(free_port(), 1), wait=0.1)
    with socket.create_server(("", 0)) as taken, pytest.raises(RunError, match="cannot listen"):
        meet(peers(taken.getsockname()[1], 0), wait=0.1)


def test_configs_that_cannot_be_shared_are_refused() -> None:
    config = {
        "data": {"train": "x.csv", "target": "y", "batch_size": 3},
        "model": {"layers": [{"LSTM": {"units": 2, "stateful": True}}]},
        "compile": {"optimizer": "adam"},
        "fit": {"epochs": 1},
        "runtime": {"workers": 4, "execution": "xla"},
    }
    sections = inspect_value(config, Path.cwd(), ()).sections
    assert [problem.path for problem in check_workers(sections)] == [
        "runtime.workers",
        "model.layers[0].LSTM.stateful",
        "runtime.execution",
    ]
    assert all(problem.hint for problem in check_workers(sections))
    sections = inspect_value({**config, "runtime": {"restarts": 2}}, Path.cwd(), ()).sections
    assert [problem.path for problem in check_workers(sections)] == ["runtime.restarts"]


def told_of(config: dict[str, Any], place: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a worker compares with the others."""
    from dlcli.backend import workers
    from dlcli.jobs.workers.following import require_alike

    texts: list[str] = []

    def others(text: str) -> list[int]:
        texts.append(text)
        return []

    group = SimpleNamespace(size=2, others=others)
    monkeypatch.setattr(workers, "group", lambda: group)
    prepared: Any = SimpleNamespace(fingerprints={}, preprocessing=SimpleNamespace(state=dict))
    assembly = SimpleNamespace(config=inspect_value(config, place).require())
    plan: Any = SimpleNamespace(assembly=assembly, planned=SimpleNamespace(rows={}))
    require_alike(prepared, plan)
    return texts


def test_workers_have_the_same_config_and_code_wherever_their_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "own.py").write_text("import keras\n")
    config = {
        "data": {"train": "t.csv", "validation": 0.2, "target": "y", "features": {"x": "number"}},
        "model": {"layers": [{"Dense": {"units": 2}}]},
        "compile": {"loss": "mse"},
        "code": ["own.py"],
    }
    first = told_of(config, tmp_path / "here", monkeypatch)
    assert told_of(config, tmp_path / "there", monkeypatch) == first
    for key, value in (("batch_size", 7), ("shuffle", False), ("seed", 3), ("validation", 0.3)):
        other = {**config, "data": {**config["data"], key: value}}  # type: ignore[dict-item]
        assert told_of(other, tmp_path / "there", monkeypatch) != first
    (tmp_path / "there" / "own.py").write_text("import keras  # and more\n")
    assert told_of(config, tmp_path / "there", monkeypatch) != first
