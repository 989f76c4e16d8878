"""The phases of a training, checked before it begins and entered one after the other.

A training without phases has one, of all its epochs, that changes nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from dlcli.config.schema.config import PhaseConfig
from dlcli.errors import ConfigError, Problem
from dlcli.model.assembly import Assembly
from dlcli.model.pretrained.freezing import Trainability

__all__ = ["Phase", "Phases", "plan_phases"]


@dataclasses.dataclass(frozen=True)
class Phase:
    """A part of a training.

    Args:
        epochs: At most.
        assembly: The model, with the optimizer of the phase.
        states: Which layers learn; see `Trainability`.
    """

    epochs: int
    assembly: Assembly
    states: Mapping[str, bool]


class Phases:
    """The phases in their order.

    Args:
        phases: One or more.
        trainability: Of the model.
        create_state: Makes the variables of a model that has been compiled.
        said: Whether the config has them, and the History is to tell them apart.
    """

    def __init__(
        self, phases: list[Phase], trainability: Trainability, create_state: Callable[[Any], None], *, said: bool
    ) -> None:
        self._phases, self._trainability, self._create_state = phases, trainability, create_state
        self.said = said

    def __len__(self) -> int:
        return len(self._phases)

    def epochs(self, number: int) -> int:
        """The epochs of a phase, at most."""
        return self._phases[number].epochs

    def enter(self, number: int) -> None:
        """Let the layers of a phase learn, and compile the model anew: its optimizer and metrics begin at nothing.

        Each is entered after the one before it, in a run that goes on too: Keras numbers what it makes.
        """
        if not self.said:
            return
        phase = self._phases[number]
        self._trainability.apply(phase.states)
        model = phase.assembly.compile().model
        model.train_function = model.test_function = model.predict_function = None
        self._create_state(model)


def plan_phases(assembly: Assembly, create_state: Callable[[Any], None]) -> Phases:
    """The phases of a config.

    Args:
        assembly: The compiled model.
        create_state: See `Phases`.

    Raises:
        ConfigError: Globs that are no layers, a phase that unfreezes nothing or leaves nothing to learn; all of them.
    """
    config = assembly.config
    trainability = Trainability(assembly.model)
    states, problems, phases = trainability.states, list[Problem](), []
    for number, phase in enumerate(config.fit.phases or ()):
        states, found = trainability.changed(
            states, unfreeze=phase.unfreeze or (), freeze=phase.freeze or (), path=f"fit.phases[{number}]"
        )
        problems += found
        phases.append(Phase(phase.epochs, _compiled_for(assembly, phase), states))
    if problems:
        raise ConfigError(problems)
    whole = [Phase(config.fit.epochs, assembly, states)]
    return Phases(phases or whole, trainability, create_state, said=bool(phases))


def _compiled_for(assembly: Assembly, phase: PhaseConfig) -> Assembly:
    compile_ = assembly.config.compile
    compile_ = compile_.model_copy(update={"optimizer": phase.optimizer_after(compile_.optimizer)})
    return dataclasses.replace(assembly, config=assembly.config.model_copy(update={"compile": compile_}))
