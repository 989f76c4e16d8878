"""Forecasts that need no model, as what a model of windows is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.data.baselines.baseline import Baseline, Guess, GuessedRows
from dlcli.data.columns.target_codec import TargetCodec
from dlcli.data.series.form import WindowForm
from dlcli.data.series.naive import last_value, seasonal_naive

__all__ = ["Repeated", "naive_baselines"]


class Repeated:
    """The last value again, or what was a season before.

    Args:
        codec: Of the target of a step.
        form: Which steps a window has.
        season: Steps of a season; None repeats the last value.
    """

    def __init__(self, codec: TargetCodec, form: WindowForm, season: int | None = None) -> None:
        self._codec, self._form, self._season = codec, form, season
        self._is_class = bool(codec.spec.classes)

    @property
    def name(self) -> str:
        """As which it stands in reports."""
        return "naive" if self._season is None else "seasonal_naive"

    @property
    def words(self) -> str:
        """What it does."""
        if self._season is None:
            return "repeating the last class" if self._is_class else "repeating the last value"
        return f"repeating the last season ({self._season} steps)"

    @property
    def judged_by(self) -> tuple[str, ...]:
        """The measures in which it may be better than a model."""
        return ("accuracy",) if self._is_class else ("mae",)

    def guess(self, rows: GuessedRows) -> Guess:
        """What it predicts."""
        past = rows.past(self._codec.name, self._season or 1)
        assert past is not None
        return Guess(probabilities=self._classes(past)) if self._is_class else Guess(numbers=self._numbers(past))

    def _numbers(self, past: NDArray[Any]) -> NDArray[np.float64]:
        """`(windows, horizon)` of one number a step, `(windows, horizon, width)` of several."""
        flat = self._codec.decode(past.reshape(-1, *past.shape[2:]))
        own = np.asarray(flat, np.float64).reshape(past.shape)
        ahead = self._ahead(own)
        if self._form.horizon == 1:
            return np.asarray(ahead[:, 0])
        return np.asarray(ahead[..., 0] if self._codec.spec.shape == (1,) else ahead)

    def _classes(self, past: NDArray[Any]) -> NDArray[np.float64]:
        """`(windows, horizon, classes)`."""
        ahead = self._ahead(past)
        chosen = np.eye(len(self._codec.spec.classes))[np.maximum(ahead, 0)]
        return np.asarray(chosen[:, 0] if self._form.horizon == 1 else chosen)

    def _ahead(self, past: NDArray[Any]) -> NDArray[Any]:
        horizon, delay = self._form.horizon, self._form.delay
        last = last_value(past, horizon)
        if self._season is None:
            return last
        ahead = seasonal_naive(past, horizon, self._season, delay=delay)
        known = ahead >= 0 if self._is_class else np.isfinite(ahead)
        return np.where(known, ahead, last)  # of a series that has no whole season yet


def naive_baselines(codec: TargetCodec, form: WindowForm) -> Sequence[Baseline]:
    """Those of a target that lies ahead: none where it is the last step of a window itself, which naming would tell.

    Args:
        codec: Of the target of a step, a number or a class.
        form: Which steps a window has.
    """
    spec = codec.spec
    if not form.horizon or spec.axes or spec.kind not in ("number", "category"):
        return ()
    naive = Repeated(codec, form)
    season = form.pace.season
    return (naive,) if season is None or season == 1 else (Repeated(codec, form, season), naive)
