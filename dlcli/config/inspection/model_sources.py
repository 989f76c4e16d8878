"""What a `model` section names outside of itself: files of weights and earlier runs, found, and runs written out.

A run that is a layer becomes the nested model that its `config.yaml` describes: what follows knows of layers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.document.file_names import is_remote, name_problem
from dlcli.config.document.places import ConfigPath, format_path
from dlcli.config.graph.drafts import input_name
from dlcli.config.graph.expanded import expand
from dlcli.config.graph.graph import Graph, Node
from dlcli.config.inspection.resolved import read_resolved
from dlcli.config.schema import LayerItem, ModelConfig
from dlcli.config.schema.component import Component
from dlcli.config.schema.model import BlockConfig
from dlcli.errors import ConfigError, Problem, did_you_mean

__all__ = ["NO_WEIGHTS", "RESOLVED", "find_sources"]

RESOLVED = "config.yaml"
"""The config that a run directory keeps."""

NO_WEIGHTS = ("none", "imagenet")
"""What may stand in place of a network's file of weights."""

Resolve = Callable[[str, ConfigPath], str]
"""Makes a name absolute, against the file in which it was written."""


def find_sources(
    model: ModelConfig, resolve: Resolve, *, code: Mapping[str, object]
) -> tuple[ModelConfig, list[Problem]]:
    """The section with absolute names, and the layers of the runs that it uses written out.

    Args:
        model: The section.
        resolve: Makes a name absolute.
        code: The user's own classes by name, which are no networks.

    Returns:
        The section, and what is wrong with the names.
    """
    finder = _Finder(resolve, code)
    layers = finder.items(model.layers, ("model", "layers"))
    blocks = model.blocks and {name: finder.block(name, block) for name, block in model.blocks.items()}
    weights = model.weights
    if weights is not None:
        weights = weights.model_copy(update={"run": finder.name(weights.run, ("model", "weights"))})
    changed = {"layers": layers, "blocks": blocks, "weights": weights}
    return model.model_copy(update=changed), finder.problems


class _Finder:
    """Walks the items of a section; collects the problems."""

    def __init__(self, resolve: Resolve, code: Mapping[str, object]) -> None:
        self.problems: list[Problem] = []
        self._resolve = resolve
        self._code = code

    def name(self, name: str, path: ConfigPath) -> str:
        """A name made absolute."""
        fault = name_problem(name, path=format_path(path))
        if fault is None and is_remote(name):
            hint = "dlcli never reaches for the network; download it first and give the path"
            fault = Problem(f"'{name}' is not a local file", path=format_path(path), hint=hint, rule="remote-path")
        if fault is not None:
            self.problems.append(fault)
            return name
        return self._resolve(name, path)

    def items(self, items: Sequence[LayerItem], path: ConfigPath) -> list[LayerItem]:
        """A list of layers."""
        return [self._item(item, (*path, index)) for index, item in enumerate(items)]

    def block(self, name: str, block: list[LayerItem] | BlockConfig) -> list[LayerItem] | BlockConfig:
        """A block, in the form in which it is written."""
        path = ("model", "blocks", name)
        if isinstance(block, BlockConfig):
            return block.model_copy(update={"layers": self.items(block.layers, (*path, "layers"))})
        return self.items(block, path)

    def _item(self, item: LayerItem, path: ConfigPath) -> LayerItem:
        if item.component is not None:
            vectors = None if item.vectors is None else self._vectors(item.vectors, (*path, "vectors"))
            return item.model_copy(update={"component": self._component(item.component, path), "vectors": vectors})
        if item.run is not None:
            run = self.name(item.run, (*path, "run"))
            return item.model_copy(update={"run": run, "layers": self._written_out(item, Path(run), path)})
        if item.layers is not None:
            return item.model_copy(update={"layers": self.items(item.layers, (*path, "layers"))})
        return item

    def _vectors(self, name: str, path: ConfigPath) -> str:
        known = len(self.problems)
        file = self.name(name, path)
        if len(self.problems) == known and not Path(file).is_file():
            message = f"there is no file of vectors {file}" + (": it is a directory" if Path(file).is_dir() else "")
            near = [each.name for each in Path(file).parent.iterdir()] if Path(file).parent.is_dir() else []
            hint = did_you_mean(Path(file).name, near) or "nothing is downloaded here; fetch it and give its path"
            self.problems.append(Problem(message, path=format_path(path), hint=hint, rule="vectors-file"))
        return file

    def _component(self, component: Component, path: ConfigPath) -> Component:
        weights = component.arguments.get("weights")
        if not isinstance(weights, str) or weights in NO_WEIGHTS or component.name in self._code:
            return component
        entry = catalogue.load().get("layers", component.name)
        if entry is None or entry.kind != "applications":
            return component
        found = self.name(weights, (*path, component.name, "weights"))
        return Component(component.name, {**component.arguments, "weights": found})

    def _written_out(self, item: LayerItem, run: Path, path: ConfigPath) -> list[LayerItem] | None:
        """The layers of a run; None after noting why they cannot be had."""
        here = format_path((*path, "run"))
        file = run / RESOLVED
        if not file.is_file():
            message = f"{run} is no run directory: it has no {RESOLVED}"
            if not run.is_dir():
                message = f"there is no run directory {run}"
            near = [each.name for each in run.parent.iterdir()] if run.parent.is_dir() else []
            self.problems.append(Problem(message, path=here, hint=did_you_mean(run.name, near), rule="run-missing"))
            return None
        try:
            config = read_resolved(file)
            data = config.data
            graph = expand(config.model, features=list(data.features or ()), more=data.more_inputs).require()
        except ConfigError as error:
            why = error.problems[0].message
            self.problems.append(Problem(f"the model of {run} cannot be read: {why}", path=here, rule="run-damaged"))
            return None
        try:
            return _as_items(graph, item.output, inputs=_count(item.inputs))
        except ValueError as error:
            key = "output" if item.output is not None else "run"
            self.problems.append(Problem(f"{run} {error}", path=format_path((*path, key)), rule="run-as-layer"))
            return None


def _count(inputs: Any) -> int:
    """How many tensors come in."""
    words = list(inputs.values()) if isinstance(inputs, Mapping) else inputs or [""]
    return sum(len(word) if isinstance(word, list) else 1 for word in words)


def _as_items(graph: Graph, output: str | None, *, inputs: int) -> list[LayerItem]:
    """A whole model as the items of a nested one.

    Args:
        graph: The model.
        output: The layer whose result is taken; None: its only output.
        inputs: How many tensors come in.

    Raises:
        ValueError: It cannot be a layer with one result and so many inputs.
    """
    names = [node.name for node in graph.nodes]
    if output is None:
        if len(graph.outputs) > 1:
            raise ValueError(f"has the outputs {', '.join(graph.outputs)}: say which with `output`")
        output = graph.outputs[0]
    if output not in names:
        near = did_you_mean(output, names)
        raise ValueError(f"has no layer {output!r}" + (f"; {near}" if near else f"; it has {', '.join(names[:8])}"))
    nodes = _needed(graph.nodes, output)
    layers = {node.name for node in nodes}
    words = list(dict.fromkeys(name for node in nodes for name in node.inputs if name not in layers))
    if len(words) != inputs:
        raise ValueError(f"takes {len(words)} inputs ({', '.join(words)}), and {inputs} come in")
    return _items(nodes, {word: input_name(number) for number, word in enumerate(words)})


def _needed(nodes: Sequence[Node], output: str) -> list[Node]:
    """The nodes that a node hangs on, and itself, in their order."""
    by_name = {node.name: node for node in nodes}
    needed: set[str] = set()
    waiting = [output]
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in needed:
            needed.add(name)
            waiting += [*by_name[name].inputs, *filter(None, [by_name[name].shared])]
    return [node for node in nodes if node.name in needed]


def _items(nodes: Sequence[Node], words: Mapping[str, str]) -> list[LayerItem]:
    return [LayerItem.model_validate(_notation(node, words)) for node in nodes]


def _drawn(component: Component) -> dict[str, Any]:
    """The arguments of a layer; a network's weights are among those of the run, wherever they once came from."""
    entry = catalogue.load().get("layers", component.name)
    if entry is None or entry.kind != "applications":
        return dict(component.arguments)
    return {**component.arguments, "weights": "none"}


def _word(name: str, pick: int | str) -> str:
    return name if pick == 0 else f"{name}.{pick}"


def _by_argument(inputs: list[str], node: Node) -> Any:
    """The inputs as they are written: a list, or a mapping from arguments of the call."""
    if not node.arguments:
        return inputs
    given: dict[str, Any] = {}
    for argument, count in node.arguments:
        taken, inputs = inputs[: count or 1], inputs[count or 1 :]
        given[argument] = taken[0] if count is None else taken
    return given


def _notation(node: Node, words: Mapping[str, str]) -> dict[str, Any]:
    """A node as an item is written."""
    inputs = [_word(words.get(name, name), pick) for name, pick in zip(node.inputs, node.picks, strict=True)]
    item: dict[str, Any] = {"name": node.name, "inputs": _by_argument(inputs, node)}
    if node.component is not None:
        item[node.component.name] = _drawn(node.component)
    elif node.shared is not None:
        item["shared"] = node.shared
    elif node.model is not None:
        item["layers"] = _items(node.model.nodes, {})
        item["outputs"] = list(node.model.outputs)
    if node.call:
        item["call"] = dict(node.call)
    if node.trainable is not None:
        item["trainable"] = node.trainable
    return item
