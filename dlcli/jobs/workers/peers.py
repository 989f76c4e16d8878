"""Which worker a process is among those of other machines: said on the command line, by TF_CONFIG, or by Slurm."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

from dlcli.errors import ConfigError, Problem

__all__ = ["Peers", "find_peers", "hosts"]

FIRST_PORT, PORTS = 29_400, 1000
"""Where Slurm's workers meet: a port for each job, as two jobs may share a machine."""


@dataclasses.dataclass(frozen=True)
class Peers:
    """A process among those of other machines.

    Args:
        host: Where the first worker is met.
        port: Of it, there.
        rank: Which worker this one is, from 0.
        size: How many there are.
        said: By whom, in words.
    """

    host: str
    port: int
    rank: int
    size: int
    said: str


def find_peers(size: int, *, coordinator: str | None, rank: int | None, environment: Mapping[str, str]) -> Peers | None:
    """Find out which of several workers this process is.

    Args:
        size: How many the config wants.
        coordinator: `host:port` of the first, from the command line.
        rank: Which one this is, from the command line.
        environment: Of the process.

    Returns:
        None where all workers are of this machine, and are to be started.

    Raises:
        ConfigError: What is said does not go together.

    Example:
        >>> find_peers(2, coordinator="node1:29400", rank=1, environment={}).host
        'node1'
        >>> slurm = {"SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_JOB_NODELIST": "n[01-02]", "SLURM_JOB_ID": "7"}
        >>> find_peers(2, coordinator=None, rank=None, environment=slurm).port
        29407
    """
    peers: Peers | None
    if coordinator is not None or rank is not None:
        peers = _of_command(coordinator, rank, size)
    elif size == 1:
        return None
    elif "TF_CONFIG" in environment:
        peers = _of_tf_config(environment["TF_CONFIG"])
    else:
        peers = _of_slurm(environment)
    if peers is None or peers.size == 1:
        return None
    if peers.size != size:
        hint = f"runtime: {{workers: {peers.size}}}, or --workers {peers.size}"
        raise _fault(f"{peers.said} says that there are {peers.size} workers, and the config {size}", hint)
    if not 0 <= peers.rank < peers.size:
        raise _fault(f"there is no worker {peers.rank} of {peers.size}", f"give a rank from 0 to {peers.size - 1}")
    return peers


def _of_command(coordinator: str | None, rank: int | None, size: int) -> Peers:
    if coordinator is None or rank is None:
        missing = "--coordinator host:port" if coordinator is None else "--rank"
        raise _fault(
            f"{missing} is missing", "give both: --coordinator host:port --rank 0, on every machine its own rank"
        )
    if size == 1:
        raise _fault("--coordinator and --rank are for several workers", "say how many: --workers N")
    return Peers(*_address(coordinator, "--coordinator"), rank, size, "the command line")


def _of_tf_config(text: str) -> Peers | None:
    """The peers that TF_CONFIG tells of; the chief is the first of them."""
    try:
        value = json.loads(text or "{}")
        cluster, task = value.get("cluster", {}), value.get("task", {})
        chiefs, workers = list(cluster.get("chief", [])), list(cluster.get("worker", []))
        kind, index = task.get("type", "worker"), int(task.get("index", 0))
    except (ValueError, TypeError, AttributeError):
        hint = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
        raise _fault(f"TF_CONFIG is no cluster: {text[:80]!r}", hint) from None
    addresses = chiefs + workers
    if not addresses:
        return None
    if kind not in ("chief", "worker"):
        raise _fault(f"TF_CONFIG makes this process a {kind!r}", "only a chief and workers train")
    rank = index if kind == "chief" else index + len(chiefs)
    return Peers(*_address(str(addresses[0]), "TF_CONFIG"), rank, len(addresses), "TF_CONFIG")


def _of_slurm(environment: Mapping[str, str]) -> Peers | None:
    """The peers among Slurm's tasks; none outside of `srun`, or where there is one task."""

    def first(*names: str) -> str | None:
        return next((environment[name] for name in names if environment.get(name)), None)

    rank, size = first("SLURM_PROCID"), first("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "SLURM_NPROCS")
    nodes = first("SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST")
    if rank is None or size is None or nodes is None or not (rank.isdigit() and size.isdigit()) or int(size) == 1:
        return None
    job = first("SLURM_JOB_ID", "SLURM_JOBID") or "0"
    port = FIRST_PORT + (int(job) % PORTS if job.isdigit() else 0)
    return Peers(hosts(nodes)[0], port, int(rank), int(size), "Slurm")


def hosts(nodes: str) -> list[str]:
    """The hosts of a list of Slurm's.

    Example:
        >>> hosts("gpu[01-03,7],login")
        ['gpu01', 'gpu02', 'gpu03', 'gpu7', 'login']
    """
    found = []
    for name in re.findall(r"(?:[^,\[]|\[[^\]]*\])+", nodes):
        found += _expanded(name)
    return found


def _expanded(name: str) -> list[str]:
    opening = re.search(r"\[([^\]]*)\]", name)
    if opening is None:
        return [name]
    rest = _expanded(name[opening.end() :])
    numbers: list[str] = []
    for part in opening[1].split(","):
        low, _, high = part.partition("-")
        numbers += [str(each).zfill(len(low)) for each in range(int(low), int(high) + 1)] if high else [low]
    return [name[: opening.start()] + number + end for number in numbers for end in rest]


def _address(text: str, said: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise _fault(f"{said} names {text!r}, which is no host:port", "such as node1:29400")
    return host.strip("[]"), int(port)


def _fault(message: str, hint: str) -> ConfigError:
    return ConfigError(Problem(message, path="runtime.workers", hint=hint, rule="workers"))


def places_of(rank: int, addresses: list[str]) -> dict[str, Any]:
    """Which of its machine's workers one is, and how many they are, from the hosts of all."""
    names = [address.rpartition(":")[0] for address in addresses]
    return {"local": names[:rank].count(names[rank]), "here": names.count(names[rank])}
