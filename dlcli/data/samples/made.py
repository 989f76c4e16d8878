"""Samples of which some inputs are made when they are taken, since all of them would be too many to keep encoded."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

import numpy as np

from dlcli.data.columns.codec import Codec, MadeOnDemand
from dlcli.data.samples.samples import ArraySpec, Indices, Samples, Taken

__all__ = ["MadeSamples"]


@dataclasses.dataclass(frozen=True, eq=False)
class MadeSamples:
    """Others' samples, with the inputs that codecs make of what is stored.

    Args:
        stored: Has, for each input that is made, the keys from which it is: `(samples,)` int64.
        codecs: What makes these inputs, by their names; each a `MadeOnDemand`.
    """

    stored: Samples
    codecs: Mapping[str, Codec]

    @property
    def inputs(self) -> Mapping[str, ArraySpec]:
        """The inputs, by their names, as they are made."""
        made = {name: ArraySpec(codec.shape, np.dtype(codec.dtype)) for name, codec in self.codecs.items()}
        return {name: made.get(name, spec) for name, spec in self.stored.inputs.items()}

    @property
    def targets(self) -> Mapping[str, ArraySpec]:
        """The targets, by their names."""
        return self.stored.targets

    @property
    def fingerprint(self) -> str:
        """That of what is stored: codecs make the same of it each time."""
        return self.stored.fingerprint

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self.stored)

    def take(self, indices: Indices, *, inputs: Collection[str] | None = None) -> Taken:
        """Some samples, in memory; see `Samples`.

        Raises:
            DataError: What a sample is made of is gone, or damaged.
        """
        taken = self.stored.take(indices, inputs=inputs)
        made = dict(taken.inputs)
        for name, codec in self.codecs.items():
            if name in made:
                assert isinstance(codec, MadeOnDemand)
                made[name] = codec.make(made[name])
        return dataclasses.replace(taken, inputs=made)
