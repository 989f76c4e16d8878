"""How the training rows of a number target spread: what a model without features would predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.data.baselines.baseline import Baseline, Constant, Guess
from dlcli.data.columns.median import EXACT_UP_TO, Median
from dlcli.data.columns.moments import LARGEST

__all__ = ["Spread"]

Floats = NDArray[np.float64]

FEWEST = 1_000
"""Values of a channel that are worth a median; with more channels than leave so many there is none."""


class Spread:
    """The median of each channel, and its quantiles, of at most 1,000,000 values of all channels together.

    Args:
        quantiles: Those that are learnt.
    """

    def __init__(self, quantiles: Sequence[float]) -> None:
        self._levels = tuple(quantiles)
        self._samples: list[Median] | None = None
        self._median: Floats | None = None
        self._quantiles: Floats | None = None  # (quantiles, channels)

    def update(self, channels: Floats) -> None:
        """Take in numbers `(values, channels)`, NaN where there is none."""
        if self._samples is None:
            capacity = EXACT_UP_TO // max(channels.shape[1], 1)
            count = channels.shape[1] if capacity >= FEWEST else 0
            self._samples = [Median(capacity=capacity) for _ in range(count)]
        for sample, channel in zip(self._samples, channels.T, strict=False):
            sample.update(channel[np.abs(channel) <= LARGEST])

    def finish(self) -> None:
        """End fitting; every channel has a value."""
        if self._samples:
            self._median = np.array([sample.value() for sample in self._samples])
            if self._levels:
                self._quantiles = np.array([sample.quantiles(self._levels) for sample in self._samples]).T
        self._samples = None

    def baselines(self, mean: Floats) -> tuple[Baseline, ...]:
        """What to predict without a model; `mean` is that of each channel."""
        quantiles = () if self._quantiles is None else tuple(self._quantiles)
        found = [Constant("mean", "always predicting the mean", ("rmse",), Guess(numbers=mean))]
        if self._median is not None:
            measures = ("mae", "pinball") if quantiles else ("mae",)
            words = "always predicting the median" + (" and the quantiles" if quantiles else "")
            found.append(Constant("median", words, measures, Guess(numbers=self._median, quantiles=quantiles)))
        return tuple(found)

    def state(self) -> dict[str, Any]:
        """As JSON values, to stand among those of the target."""
        if self._median is None:
            return {}
        quantiles = {} if self._quantiles is None else {"quantile_values": self._quantiles.tolist()}
        return {"spread": {"median": self._median.tolist(), **quantiles}}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], quantiles: Sequence[float], *, channels: int) -> Spread:
        """The spread whose `state` this is among; nothing is known of a run of before."""
        spread = cls(quantiles)
        known = state.get("spread", {})
        if "median" in known:
            spread._median = np.array(known["median"], float)
        if "quantile_values" in known:
            spread._quantiles = np.array(known["quantile_values"], float)
            if spread._quantiles.shape != (len(spread._levels), channels):
                raise ValueError("the quantiles of the training rows are not those of the target")
        if spread._median is not None and spread._median.shape != (channels,):
            raise ValueError("the medians of the training rows are not those of the target")
        return spread
