"""A model's report beside those of predictions that need no model."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.signature import TargetSpec
from dlcli.data.baselines.baseline import Baseline, Guess
from dlcli.data.samples.samples import Indices, Samples, Taken
from dlcli.trained.decoding import Decoded

__all__ = ["BaselineReports", "HasPast", "RowsOf", "as_decoded", "with_mase", "worse_in"]

MEASURES = ("mae", "mase", "rmse", "pinball", "accuracy", "whole", "log_loss")
"""What a report says of a baseline, as far as it says it of the model."""

GREATER = ("accuracy", "whole")
"""The measures of which more is better."""

Report = TypeVar("Report")


@runtime_checkable
class HasPast(Protocol):
    """Samples of series, whose targets are known before."""

    def past(self, indices: Indices, target: str, steps: int) -> NDArray[Any]:
        """See `GuessedRows.past`."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class RowsOf:
    """Some samples, as baselines see them."""

    samples: Samples
    indices: Indices
    taken: Taken

    def __len__(self) -> int:
        """How many there are."""
        return len(next(iter(self.taken.inputs.values())))

    @property
    def inputs(self) -> Mapping[str, NDArray[Any]]:
        """See `GuessedRows`."""
        return self.taken.inputs

    def past(self, target: str, steps: int) -> NDArray[Any] | None:
        """See `GuessedRows`."""
        return self.samples.past(self.indices, target, steps) if isinstance(self.samples, HasPast) else None


class BaselineReports:
    """The reports of a target's baselines, of the kind of the model's own.

    Args:
        baselines: Of the target.
        make: Makes an empty report.
        finish: What is added to what a report says.
    """

    def __init__(
        self,
        baselines: Sequence[Baseline],
        make: Callable[[], Any],
        finish: Callable[[dict[str, Any]], dict[str, Any]] = lambda said: said,
    ) -> None:
        self._finish = finish
        self._reports = [(baseline, make()) for baseline in baselines]

    def each(self) -> Sequence[tuple[Baseline, Any]]:
        """Each baseline with its report, to be added to."""
        return self._reports

    def result(self, report: Mapping[str, Any]) -> dict[str, Any]:
        """`baselines`, what each measures by its name; and `worse_than`, those that are better than the model, with
        the measures in which they are. Nothing where there is no baseline.

        Args:
            report: The model's.
        """
        found = {
            baseline.name: (baseline, {name: made[name] for name in MEASURES if name in made and name in report})
            for baseline, made in ((baseline, self._finish(each.result())) for baseline, each in self._reports)
        }
        worse = {
            name: measures
            for name, (baseline, made) in found.items()
            if (measures := [each for each in baseline.judged_by if each in made and worse_in(each, report, made)])
        }
        if not found:
            return {}
        told = {name: {"is": baseline.words, **made} for name, (baseline, made) in found.items()}
        return {"baselines": told, **({"worse_than": worse} if worse else {})}


def worse_in(measure: str, report: Mapping[str, Any], baseline: Mapping[str, Any]) -> bool:
    """Whether a model is worse than a baseline by a measure, by more than rounding."""
    own, other = report.get(measure), baseline.get(measure)
    if own is None or other is None:
        return False
    apart = other - own if measure in GREATER else own - other
    return bool(math.isnan(apart) or apart > 1e-6 * abs(other))


def as_decoded(guess: Guess, output: OutputPlan, target: TargetSpec, rows: int) -> Decoded:
    """What a baseline predicts, as a model's predictions are.

    Args:
        guess: For so many rows, or the same for all.
        output: Says in which form the target is reported.
        target: The target.
        rows: How many.
    """
    if guess.probabilities is None:
        assert guess.numbers is not None
        shape = (rows, *target.shape)
        numbers = np.broadcast_to(guess.numbers, shape)
        values = guess.quantiles or (guess.numbers,) * len(target.quantiles)
        quantiles = tuple(
            (level, np.broadcast_to(each, shape)) for level, each in zip(target.quantiles, values, strict=True)
        )
        return Decoded(target.name, numbers=numbers, quantiles=quantiles)
    shape = (rows, *output.axes, len(target.classes))
    probabilities = np.broadcast_to(guess.probabilities, shape)
    indices = np.broadcast_to(guess.probabilities.argmax(axis=-1), shape[:-1])
    chosen = probabilities > 0.5 if target.kind == "categories" else None
    return Decoded(target.name, target.classes, indices, probabilities, chosen=chosen)


def with_mase(report: dict[str, Any], error: float | None) -> dict[str, Any]:
    """A report of forecasts with its mean absolute error as a multiple of that which repeating the season before makes
    in the training rows (MASE; Hyndman and Koehler 2006): below 1 is better than that is there.

    Args:
        report: With `mae`, and those of each step where there are several.
        error: That of the season before; None where it is not known, and the report stays as it is.
    """
    if error is None or report.get("mae") is None:
        return report
    columns = report.get("columns")
    each = {} if columns is None else {"columns": {name: with_mase(one, error) for name, one in columns.items()}}
    return {**report, "mase": report["mae"] / error, **each}
