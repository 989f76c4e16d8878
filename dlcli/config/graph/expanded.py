"""The `model` section written out, once for a job, and what the names of the features tell of it when they are known.

`expand` works on the config alone, without Keras, and reports every fault at once. The writing out of `repeat`,
`for`, `with` and blocks is in `expansion.py`; in `links.py` the names become edges.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection

from dlcli.config.document.places import format_path
from dlcli.config.graph.drafts import Drafts
from dlcli.config.graph.expansion import Expansion
from dlcli.config.graph.graph import Graph
from dlcli.config.graph.links import Links, link, unknown_names, unused_features
from dlcli.config.schema import ModelConfig
from dlcli.errors import ConfigError, Problem

__all__ = ["Expanded", "expand"]


@dataclasses.dataclass(frozen=True)
class Expanded:
    """A model section written out.

    Args:
        model: The section.
        drafts: Its layers; their inputs are words.
        written: Faults of the writing out.
        links: The layers with their names looked up; None when there is no layer.
        features: The names of the features; None as long as they are not known, and every name that is no layer is
            taken for one.
        has_globs: Whether the names of the features decide which layers there are.
        own: The names of the user's own layers.
        more: Names of inputs that are made of features, beside them.
    """

    model: ModelConfig
    drafts: Drafts
    written: tuple[Problem, ...]
    links: Links | None
    features: tuple[str, ...] | None
    has_globs: bool = False
    own: tuple[str, ...] = ()
    more: tuple[str, ...] = ()

    @property
    def graph(self) -> Graph | None:
        """The graph; None when there are faults."""
        return None if self.links is None or self.problems else self.links.graph

    @property
    def words(self) -> tuple[str, ...]:
        """The names that must be those of features."""
        return () if self.links is None else self.links.graph.features

    @functools.cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Every fault. Edges are not looked at where names are faulty, nor what the features reach where edges are.

        A block that is used five times has its faults once.
        """
        if self.links is None or self.features is None:
            return self.certain
        taken = self._taken((*self.features, *self.more))
        unused = unused_features(self.links.graph, self.features, self.more)
        return _distinct([*taken, *self.certain]) or tuple(unused)

    @functools.cached_property
    def certain(self) -> tuple[Problem, ...]:
        """The faults that stay where some of the features are left out, as columns that cannot be used are."""
        if self.links is None:
            return _distinct(self.written)
        known = None if self.features is None else (*self.features, *self.more)
        unknown = () if known is None else unknown_names(self.drafts, self.links.words, known)
        told = {problem.path for problem in self.written}  # a glob that fits nothing is no name either
        names = [*self.written, *(one for one in (*self.links.names, *unknown) if one.path not in told)]
        return _distinct(names or self.links.edges)

    def among(self, features: Collection[str]) -> Expanded:
        """The same, now that the names of the features are known.

        A layer that has been called like one of them, and by no name of the user's own, gets another name.
        """
        if self.features == tuple(features):
            return self
        if self.has_globs:
            return expand(self.model, features=features, own=self.own, more=self.more)
        links = self.links
        if not self.drafts.generated.isdisjoint((*features, *self.more)):
            self.drafts.number((*features, *self.more))
            links = link(self.drafts, sound=not self.written, own=self.own)
        return dataclasses.replace(self, links=links, features=tuple(features))

    def require(self) -> Graph:
        """The graph.

        Raises:
            ConfigError: It has faults; all of them.
        """
        problems = self.problems
        if self.links is None or problems:
            raise ConfigError(problems)
        return self.links.graph

    def _taken(self, features: Collection[str]) -> list[Problem]:
        return [
            Problem(
                f"{name!r} is the name of a feature and of a layer",
                path=format_path(path),
                hint="names of layers and features must differ",
                rule="duplicate-name",
            )
            for name, path in self.drafts.given.items()
            if name in features
        ]


def expand(
    model: ModelConfig,
    *,
    features: Collection[str] | None,
    own: Collection[str] = (),
    more: Collection[str] = (),
) -> Expanded:
    """Write out the layers of a config as a graph.

    Args:
        model: The `model` section.
        features: Names of the features; None when they are not known yet.
        own: The names of the user's own layers, which may be called like Keras's.
        more: Names of inputs that are made of features, beside them.

    Example:
        >>> model = ModelConfig.model_validate({"layers": [{"Dense": {"units": 8}, "repeat": 2}]})
        >>> [(node.name, node.inputs) for node in expand(model, features=None).require().nodes]
        [('dense', ('features',)), ('dense_1', ('dense',))]
    """
    expansion = Expansion(model, features, own)
    drafts = expansion.run()
    written = tuple(expansion.problems)
    links = link(drafts, sound=not written, own=own) if drafts.layers else None
    known = None if features is None else tuple(features)
    return Expanded(model, drafts, written, links, known, expansion.taking.has_globs, tuple(own), tuple(more))


def _distinct(problems: Collection[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems))
