"""Which layers of a model learn, by their names: `dense`, and `network.block_1_expand` of a layer inside a network."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dlcli.errors import Problem, did_you_mean, first_of

__all__ = ["Trainability"]

States = Mapping[str, bool]
"""For each layer that holds no layers by name, whether its weights learn."""


class Trainability:
    """What of a model learns; layers are looked at where they hold weights, not where they hold layers.

    Args:
        model: A built `keras.Model`, its layers as they were made.
    """

    def __init__(self, model: Any) -> None:
        found = list(_layers(model, ""))
        self._models = [layer for _, layer, is_model in found if is_model]
        self._leaves = {name: layer for name, layer, is_model in found if not is_model}
        self.names = [name for name, layer, _ in found if layer.weights]
        self.states: States = {name: bool(layer.trainable) for name, layer in self._leaves.items()}

    def changed(
        self, states: States, *, unfreeze: Sequence[str], freeze: Sequence[str], path: str
    ) -> tuple[States, list[Problem]]:
        """The states after a phase has had its say: first `unfreeze`, then `freeze`.

        Args:
            states: Those before.
            unfreeze: Globs; a name means all that is inside.
            freeze: As `unfreeze`.
            path: Where the phase stands.

        Returns:
            The states, and what is wrong with the globs.
        """
        problems = [
            *self._unknown(unfreeze, f"{path}.unfreeze"),
            *self._unknown(freeze, f"{path}.freeze"),
        ]
        thawed = {name: True if self._is_of(name, unfreeze) else state for name, state in states.items()}
        after = {name: False if self._is_of(name, freeze) else state for name, state in thawed.items()}
        if unfreeze and not problems and self._learning(thawed) == self._learning(states):
            message = f"unfreezes nothing: {first_of(unfreeze, 4)} learns already"
            hint = "write `trainable: false` beside the layer, or freeze it in an earlier phase"
            problems.append(Problem(message, path=f"{path}.unfreeze", hint=hint, rule="phase-unfreezes-nothing"))
        if not problems and not self._learning(after):
            message = "nothing is left that learns: all layers with weights are frozen"
            problems.append(Problem(message, path=path, hint="unfreeze one of them", rule="nothing-to-train"))
        return after, problems

    def apply(self, states: States) -> None:
        """Let the layers learn or not; what holds them learns where any of them does."""
        for model in self._models:
            model.trainable = True
        for name, layer in self._leaves.items():
            layer.trainable = states[name]

    def _learning(self, states: States) -> set[str]:
        """The layers that learn and have what can be learnt."""
        return {name for name, state in states.items() if state and _can_learn(self._leaves[name])}

    def _is_of(self, name: str, globs: Sequence[str]) -> bool:
        parts = name.split(".")
        around = [".".join(parts[: depth + 1]) for depth in range(len(parts))]
        return any(fnmatch.fnmatchcase(each, glob) for each in around for glob in globs)

    def _unknown(self, globs: Sequence[str], path: str) -> Iterator[Problem]:
        for index, glob in enumerate(globs):
            if not any(self._is_of(name, [glob]) for name in self._leaves):
                yield Problem(
                    f"{glob!r} is no layer, and matches none",
                    path=f"{path}[{index}]",
                    hint=did_you_mean(glob, self.names) or f"there are {first_of(self.names, 8)}",
                    rule="unknown-name",
                )


def _layers(model: Any, before: str) -> Iterator[tuple[str, Any, bool]]:
    """All layers by name, those of models inside after what holds them."""
    for layer in model.layers:
        is_model = hasattr(layer, "_nodes_by_depth")
        yield f"{before}{layer.name}", layer, is_model
        if is_model:
            yield from _layers(layer, f"{before}{layer.name}.")


def _can_learn(layer: Any) -> bool:
    """Whether a layer has weights that learn when it does: BatchNormalization has others too."""
    return any(layer._trainable_variables for layer in layer._flatten_layers())
