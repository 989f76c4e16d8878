"""Layers whose weights are drawn to fit the training rows, drawn before training."""

from __future__ import annotations

import numpy as np

from dlcli.data.prepare import Prepared
from dlcli.model.assembly import Assembly
from dlcli.model.capacity import rows_at_once
from dlcli.model.layers.drawing import draw_from_rows, draws_from_rows

__all__ = ["draw_weights"]

ROWS = 10_000
"""Training rows that weights are drawn to fit, at most."""


def draw_weights(assembly: Assembly, prepared: Prepared) -> Assembly:
    """The assembly, such layers of its model drawn, in place; all others are left as they are.

    Args:
        assembly: As it was built, before it is given weights from elsewhere.
        prepared: The data; the rows are drawn from the training split.
    """
    if not draws_from_rows(assembly.model):
        return assembly
    samples, seed = prepared.splits["train"], assembly.config.seed
    most = min(len(samples), ROWS, rows_at_once(assembly.model))
    chosen = np.random.Generator(np.random.Philox(key=[seed, most])).permutation(len(samples))[:most]
    draw_from_rows(assembly.model, samples.take(np.sort(chosen)).inputs, seed=seed)
    return assembly
