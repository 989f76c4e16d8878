"""What a training begins with: the weights of files and of earlier runs, and a config that needs them no more.

Runs may come from anybody: numbers alone are read of them, and none of their code is run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.config.document.places import format_path
from dlcli.config.graph.graph import Graph, Node
from dlcli.config.schema import LayerItem, ModelConfig
from dlcli.config.schema.component import Component
from dlcli.config.schema.model import BlockConfig, WeightsOfRun
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.errors import DlcliError, ModelError, Problem, did_you_mean
from dlcli.jobs.vectors import LayerVectors
from dlcli.model.assembly import Assembly
from dlcli.model.pretrained.beginning import Beginning
from dlcli.model.pretrained.hdf5 import private_copy, size_for
from dlcli.model.pretrained.network_weights import DAMAGES, damaged, mismatched, missing_file
from dlcli.model.pretrained.networks import network_entry
from dlcli.model.pretrained.stored import Place, load_by_name, stored_names
from dlcli.runs.inside import open_inside
from dlcli.runs.layout import INITIAL, RunDirectory
from dlcli.trained.run import read_preprocessing
from dlcli.training.events import Listener, Notice

__all__ = ["begin"]


def begin(
    assembly: Assembly,
    preprocessing: Preprocessing,
    *,
    vectors: Sequence[LayerVectors] = (),
    tell: Listener = lambda event: None,
) -> Assembly:
    """Give a built model the weights that it is to begin with.

    Args:
        assembly: Not compiled.
        preprocessing: Of the features; told of where a run that is a layer learnt from others.
        vectors: What embeddings begin with.
        tell: Called with notices.

    Returns:
        The assembly with a config and a graph that name nothing outside of the run; see `dlcli.runs.layout`.

    Raises:
        DlcliError: A run or a file cannot be read, or holds other weights; all that does not fit.
    """
    begun, problems = list(assembly.begun), []
    for node, place in _runs(assembly.graph, ()):
        assert node.run is not None
        try:
            run = RunDirectory.open(Path(node.run))
            _require_no_embedding(run)
            begun.append(_from_run(assembly.model, run, path=format_path((*node.path, "run")), prefix=place))
            if (notice := _prepared_otherwise(node, run, preprocessing)) is not None:
                tell(Notice(notice, warning=True))
        except DlcliError as error:
            problems += [
                each if each.path else dataclasses.replace(each, path=_run_path(node)) for each in error.problems
            ]
    weights = assembly.config.model.weights
    if weights is not None and not problems:
        begun.append(_from_anywhere(assembly.model, weights))
    if problems:
        raise ModelError(problems)
    for each in vectors:
        each.give_to(assembly.model)
        begun.append(each.beginning)
    if not begun:
        return assembly
    config = assembly.config.model_copy(update={"model": _standalone(assembly.config.model, assembly.code)})
    return dataclasses.replace(assembly, config=config, graph=_plain(assembly.graph, assembly.code), begun=tuple(begun))


def _runs(graph: Graph, place: Place) -> Iterator[tuple[Node, Place]]:
    """The nodes that are runs, and the names of the models around each and its own."""
    for node in graph.nodes:
        if node.run is not None:
            yield node, (*place, node.name)
        elif node.model is not None:
            yield from _runs(node.model, (*place, node.name))


def _require_no_embedding(run: RunDirectory) -> None:
    """A category that is embedded has layers of its own before the first one, which no nested model has."""
    embedded = [spec.name for spec in read_preprocessing(run).inputs() if spec.embedding is not None]
    if embedded:
        message = f"{run.path} embeds {', '.join(embedded)} in front of its layers, and cannot be a layer"
        raise ModelError(Problem(message, hint="take its weights: `model: {weights: RUN}`", rule="run-as-layer"))


def _run_path(node: Node) -> str:
    return format_path((*node.path, "run"))


def _from_anywhere(model: Any, weights: WeightsOfRun) -> Beginning:
    """From `model.weights`: a run, or a file."""
    source = Path(weights.run)
    if source.is_dir():
        return _from_run(model, RunDirectory.open(source), path="model.weights", layers=weights.layers)
    if (fault := missing_file(source, "model.weights")) is not None:
        raise ModelError(fault)
    return _from_file(model, source, source, path="model.weights", layers=weights.layers)


def _from_run(
    model: Any, run: RunDirectory, *, path: str, prefix: Place = (), layers: Sequence[str] | None = None
) -> Beginning:
    return _from_file(model, run.trained, run.path, path=path, prefix=prefix, layers=layers)


def _from_file(
    model: Any, file: Path, source: Path, *, path: str, prefix: Place = (), layers: Sequence[str] | None = None
) -> Beginning:
    try:
        with open_inside(file) as opened, private_copy(opened, size_for(model)) as (copy, sha256):
            problems, unknown = load_by_name(model, copy, layers=layers, prefix=prefix)
    except DAMAGES as error:
        raise ModelError(damaged(file, error, path)) from error
    names = stored_names(model)
    if unknown:
        raise ModelError(
            Problem(
                f"{glob!r} is no layer of the model that has weights",
                path=f"{path}.layers",
                hint=did_you_mean(glob, names) or f"there are {', '.join(names[:8])}",
                rule="unknown-name",
            )
            for glob in unknown
        )
    if problems:
        hint = "the same layers by name and shape; {run: ..., layers: [...]} takes some of them"
        raise ModelError(mismatched(problems, str(source), path, hint))
    return Beginning(".".join(prefix), str(source), sha256)


def _prepared_otherwise(node: Node, run: RunDirectory, preprocessing: Preprocessing) -> Problem | None:
    """What is said of a run that is given what another preprocessing makes than the one that it learnt from."""
    there, here = _features(read_preprocessing(run)), _features(preprocessing)
    if there == here:
        return None
    return Problem(
        f"{run.path} has learnt from {_said(there)}, and here the features are {_said(here)}: what it is given may be "
        "scaled or ordered otherwise",
        path=_run_path(node),
        hint="give the features the options that they have in its config.yaml",
        rule="run-preprocessing",
    )


def _features(preprocessing: Preprocessing) -> list[Mapping[str, Any]]:
    """What was fitted of each feature, whatever it is called."""
    return [
        {key: value for key, value in codec.state().items() if key not in ("name", "columns")}
        for codec in preprocessing.features.values()
    ]


def _said(features: Sequence[Mapping[str, Any]]) -> str:
    text = "; ".join(", ".join(f"{key}: {value}" for key, value in each.items()) for each in features)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _standalone(model: ModelConfig, code: Collection[str]) -> ModelConfig:
    """The section with the run's own file of weights in place of all others."""
    blocks = model.blocks and {name: _block(block, code) for name, block in model.blocks.items()}
    changed = {"layers": _items(model.layers, code), "blocks": blocks, "weights": WeightsOfRun(run=INITIAL)}
    return model.model_copy(update=changed)


def _block(block: list[LayerItem] | BlockConfig, code: Collection[str]) -> list[LayerItem] | BlockConfig:
    if isinstance(block, BlockConfig):
        return block.model_copy(update={"layers": _items(block.layers, code)})
    return _items(block, code)


def _items(items: Sequence[LayerItem], code: Collection[str]) -> list[LayerItem]:
    return [
        item.model_copy(
            update={
                "component": _drawn(item.component, code),
                "layers": None if item.layers is None else _items(item.layers, code),
                "run": None,
                "output": None,
                "vectors": None,
            }
        )
        for item in items
    ]


def _plain(graph: Graph, code: Collection[str]) -> Graph:
    nodes = [
        dataclasses.replace(
            node,
            component=_drawn(node.component, code),
            model=None if node.model is None else _plain(node.model, code),
            run=None,
            vectors=None,
        )
        for node in graph.nodes
    ]
    return dataclasses.replace(graph, nodes=tuple(nodes))


def _drawn(component: Component | None, code: Collection[str]) -> Component | None:
    """A network whose weights come with those of the whole model."""
    if component is None or network_entry(component, code) is None:
        return component
    return Component(component.name, {**component.arguments, "weights": "none"})
