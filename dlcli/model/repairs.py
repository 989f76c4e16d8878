"""What the pinned Keras does otherwise than it says, in silence; mended where objects are made.

A test holds each of these against the installed Keras, and fails when it is mended there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlcli.config.catalogue.entries import Entry

__all__ = ["keep_arguments", "mended_arguments"]


def mended_arguments(entry: Entry, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that make Keras do what its documentation says of those given.

    Keras's Tversky weighs false negatives with `alpha` and false positives with `beta`; its documentation, and the
    paper, have them the other way round (keras#23333).

    Args:
        entry: The component.
        arguments: As the config gives them.
    """
    if (entry.kind, entry.name) != ("losses", "Tversky"):
        return dict(arguments)
    swapped = {"alpha": "beta", "beta": "alpha"}
    return {swapped.get(name, name): value for name, value in arguments.items()}


def keep_arguments(made: Any, arguments: Mapping[str, Any]) -> None:
    """Let an object say all that it was made with, so that what is saved with a model is what was trained.

    `get_config` of Huber, CosineSimilarity, SparseCategoricalCrossentropy and others leaves arguments out (keras#23286,
    #23375): a saved model would be loaded with the default.

    Args:
        made: An object of Keras's.
        arguments: Those that it was made with.
    """
    told = getattr(made, "get_config", None)
    plain = {name: value for name, value in arguments.items() if isinstance(value, (bool, int, float, str, list))}
    if told is None or not plain:
        return
    lost = {name: value for name, value in plain.items() if name not in told()}
    if lost:
        made.get_config = lambda: {**told(), **lost}
