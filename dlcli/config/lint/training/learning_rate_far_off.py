"""A learning rate that is many times what the optimizer is made for never learns, or never settles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config
from dlcli.config.schema.component import Component

__all__ = ["find"]

RATES = {
    "SGD": (1e-6, 10.0),
    "Adadelta": (1e-2, 10.0),  # made for 1.0; Keras's own default of 0.001 hardly moves
    "Adagrad": (1e-5, 1.0),
    "Lion": (1e-8, 0.02),
    **dict.fromkeys(("Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Lamb"), (1e-7, 0.5)),
}
"""The least and the most that are seen to work. Rates of several phases, multiplied by layers or by a schedule are
their author's own."""


def find(config: Config, output: Output) -> Iterator[Finding]:
    """The optimizers' rates that are none."""
    places = [("compile.optimizer", config.compile.optimizer)]
    places += [
        (f"fit.phases[{index}].optimizer", phase.optimizer)
        for index, phase in enumerate(config.fit.phases or ())
        if phase.optimizer is not None
    ]
    for path, optimizer in places:
        rate = _rate(optimizer)
        least, most = RATES.get(optimizer.name, (0.0, float("inf")))
        if rate is None or least <= rate <= most:
            continue
        usual = {"SGD": "0.01", "Adadelta": "1.0", "Lion": "0.0001"}.get(optimizer.name, "0.001")
        what = "moves the weights too little to learn" if rate < least else "throws the weights about"
        yield Finding(
            f"{path}.{optimizer.name}",
            f"a learning rate of {rate:g} of {optimizer.name} {what}",
            f"begin with learning_rate: {usual}",
        )


def _rate(optimizer: Component) -> float | None:
    """What an optimizer begins with; None where that cannot be told."""
    entry = catalogue.load().get("optimizers", optimizer.name)
    if entry is None or "learning_rate" not in entry.arguments:
        return None
    rate: Any = optimizer.arguments.get("learning_rate", entry.arguments["learning_rate"].default)
    if isinstance(rate, Component):
        rate = rate.arguments.get("initial_learning_rate")
    elif isinstance(rate, Mapping):
        inner = next(iter(rate.values()), None)
        rate = (
            inner.get("initial_learning_rate") if isinstance(inner, Mapping) and "warmup_steps" not in inner else None
        )
    return float(rate) if isinstance(rate, (int, float)) and not isinstance(rate, bool) else None
