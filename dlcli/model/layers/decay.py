"""How strongly a weight decays, relative to the optimizer's `weight_decay`: a mark on the variable.

A parameter p whose learning rate is c times the others' is kept as q with p = c q, for Adam does not see how large a
gradient is. Its weight decay does not change by that: where it is to be another, the variable is marked.
"""

from __future__ import annotations

from typing import Any

__all__ = ["decay_of", "mark_decay"]

_MARK = "dlcli_weight_decay"


def mark_decay(variable: Any, factor: float) -> Any:
    """The variable, whose weight decay is `factor` times the optimizer's; 0 for none."""
    setattr(variable, _MARK, float(factor))
    return variable


def decay_of(variable: Any) -> float:
    """What `mark_decay` said of a variable; 1 for all others."""
    factor: float = getattr(variable, _MARK, 1.0)
    return factor
