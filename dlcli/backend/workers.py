"""The processes that train one model together, and how their numbers meet.

TensorFlow sums a tensor of all workers in a collective operation: RING between processors, NCCL between GPUs. Each
worker is a process with one device and an ordinary Keras model; the collectives are the only thing that they share.
A process belongs to one group for its whole life, as TensorFlow's server does: hence the state of the module.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcli.errors import ModelError, Problem

__all__ = ["Group", "Place", "announce", "group", "join", "place"]

DIGEST = 32
"""Bytes of a digest of SHA-256."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Which worker this process is.

    Args:
        rank: From 0.
        addresses: `host:port` of each, in their order; TensorFlow's servers listen there.
        local: Which of the workers of this machine, from 0: the number of its GPU, where there are several.
        here: How many workers this machine has: they divide its processors.
    """

    rank: int
    addresses: tuple[str, ...]
    local: int = 0
    here: int = 1

    @property
    def size(self) -> int:
        """How many workers there are."""
        return len(self.addresses)


_PLACE: Place | None = None
_GROUP: Group | None = None


def announce(where: Place) -> None:
    """Say which worker this process is, before TensorFlow has computed anything."""
    global _PLACE
    _PLACE = where


def place() -> Place | None:
    """Which worker this process is; None: it trains alone."""
    return _PLACE


def group() -> Group | None:
    """The workers, when they are joined; None: this process trains alone."""
    return _GROUP


def join() -> None:
    """Meet the other workers, if there are any: waits for all of them. The devices must be chosen by then.

    Raises:
        ModelError: The server cannot be started.
    """
    global _GROUP
    if _PLACE is None or _GROUP is not None:
        return
    import tensorflow as tf

    distribute, cluster = tf.distribute, tf.train.ClusterSpec({"worker": list(_PLACE.addresses)})
    resolver = distribute.cluster_resolver.SimpleClusterResolver(
        cluster, task_type="worker", task_id=_PLACE.rank, rpc_layer="grpc"
    )
    try:
        # The strategy brings up the servers and their watch over each other; no variable is ever mirrored by it.
        strategy = distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
    except (tf.errors.OpError, RuntimeError) as error:
        message = f"worker {_PLACE.rank} of {_PLACE.size} cannot meet the others: {str(error).splitlines()[0]}"
        hint = "see that the machines reach each other by the addresses that they are given"
        raise ModelError(Problem(message, hint=hint, rule="worker-lost")) from error
    _GROUP = Group(_PLACE, strategy)


class Group:
    """The workers of a training, who call its methods all together and in the same order.

    Args:
        where: Which of them this process is.
        strategy: What has connected them.
    """

    def __init__(self, where: Place, strategy: Any) -> None:
        from tensorflow.python.distribute import cross_device_utils

        self.rank, self.size = where.rank, where.size
        extended = strategy.extended
        (device,) = extended.worker_devices
        self._launcher = cross_device_utils.CollectiveReplicaLauncher(
            extended._collective_keys.get_group_key([device]),
            self.size,
            extended._collective_keys,
            device,
            extended._communication_options,
        )

    def sum(self, tensor: Any) -> Any:
        """The sum of a tensor over the workers, to the last digit the same on each; no gradient goes through."""
        return self._launcher.all_reduce(tensor)

    def any(self, wish: bool) -> bool:
        """Whether a worker wishes it."""
        return bool(np.asarray(self.sum(np.array([wish], np.float32)))[0] > 0)

    def first(self, array: Any) -> Any:
        """An array of numbers as the first worker has it."""
        return np.asarray(self.sum(array if self.rank == 0 else np.zeros_like(array)))

    def others(self, text: str) -> Sequence[int]:
        """The workers whose text is not that of the first."""
        digests = np.zeros((self.size, DIGEST), np.float32)  # bytes, exactly: GPUs do not sum all integers
        digests[self.rank] = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)
        digests = np.asarray(self.sum(digests))
        return [rank for rank in range(self.size) if (digests[rank] != digests[0]).any()]
