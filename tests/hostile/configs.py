"""Hostile configs: YAML that runs code, grows without bound, or reads and writes where it should not."""

from __future__ import annotations

import os

from tests.hostile.corpus import Hostile, Place

__all__ = ["INPUTS"]

SOUND = """\
data: {{train: {rows}, target: label}}
model: {{layers: [{{Dense: {{units: 2}}}}]}}
"""


def write(place: Place, text: str = "", *, callbacks: str = "[]", layers: str = "") -> None:
    """A sound config, and a text below it."""
    sound = SOUND.format(rows=place.outside / "rows.csv")
    if layers:
        sound = sound.replace("[{Dense", f"[{layers}, {{Dense")
    place.input.write_text(f"{sound}callbacks: {callbacks}\n{text}")


def billion_laughs(place: Place) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    place.input.write_text("\n".join(lines))


def python_tag(place: Place) -> None:
    write(place, f"name: !!python/object/apply:os.system ['touch {place.marker}']\n")


def python_name(place: Place) -> None:
    write(place, "name: !!python/name:os.getpid\n")


def own_tag(place: Place) -> None:
    write(place, f"name: !include {place.secret}\n")


def deep_lists(place: Place) -> None:
    write(place, f"name: {'[' * 100_000}\n")


def deep_blocks(place: Place) -> None:
    write(place, "".join(f"{' ' * depth}- \n" for depth in range(2000)))


def config_of_a_gigabyte(place: Place) -> None:
    write(place)
    os.truncate(place.input, 2**30)


def hundreds_of_thousands_of_keys(place: Place) -> None:
    write(place, "x: {" + ", ".join(f"k{i}" for i in range(120_000)) + "}\n")


def giant_number(place: Place) -> None:
    write(place, f"seed: {'9' * 100_000}\n")


def giant_layer(place: Place) -> None:
    write(place, layers=f"{{Dense: {{units: {10**15}}}}}")


def giant_batch(place: Place) -> None:
    place.input.write_text(
        SOUND.format(rows=place.outside / "rows.csv").replace("label}", f"label, batch_size: {10**30}}}")
    )


def infinite_epochs(place: Place) -> None:
    write(place, "fit: {epochs: .inf}\n")


def key_twice(place: Place) -> None:
    write(place, "seed: 1\nseed: 2\n")


def alias_of_itself(place: Place) -> None:
    write(place, "lint: &a {ignore: *a}\n")


def extends_without_end(place: Place) -> None:
    write(place, f"extends: {place.input.name}\n")


def extends_an_address(place: Place) -> None:
    write(place, "extends: https://example.org/base.yaml\n")


def extends_a_device(place: Place) -> None:
    write(place, "extends: /dev/zero\n")


def data_at_an_address(place: Place) -> None:
    place.input.write_text(SOUND.format(rows="https://example.org/rows.csv"))


def data_of_a_device(place: Place) -> None:
    place.input.write_text(SOUND.format(rows="/dev/zero"))


def lambda_of_python(place: Place) -> None:
    write(place, layers=f"{{Lambda: {{function: \"lambda x: open('{place.marker}', 'w')\"}}}}")


def serialized_object(place: Place) -> None:
    write(
        place, layers="{Dense: {units: 1, activation: {module: os, class_name: system, config: x, registered_name: x}}}"
    )


def layer_by_module(place: Place) -> None:
    write(place, layers="{os.system: {command: ls}}")


def saved_model(place: Place) -> None:
    write(place, layers=f"{{TFSMLayer: {{filepath: {place.outside}}}}}")


def vocabulary_of_a_file(place: Place) -> None:
    write(place, layers=f"{{IntegerLookup: {{vocabulary: {place.secret}}}}}")


def callback_of_python(place: Place) -> None:
    write(place, callbacks="[{LambdaCallback: {on_epoch_end: 'print(1)'}}]")


def callback_of_the_network(place: Place) -> None:
    write(place, callbacks="[{RemoteMonitor: {root: 'http://example.org'}}]")


def name_by_dots(place: Place) -> None:
    write(place, "name: ../../marker\n")


def name_of_control_characters(place: Place) -> None:
    write(place, 'name: "a\\e]0;x\\a\\n../x"\n')


def checkpoint_elsewhere(place: Place) -> None:
    write(place, callbacks=f"[{{ModelCheckpoint: {{filepath: {place.marker}.keras}}}}]")


def checkpoint_by_dots(place: Place) -> None:
    write(place, callbacks="[{ModelCheckpoint: {filepath: 'checkpoints/{epoch}/../../../marker.keras'}}]")


def checkpoint_by_format(place: Place) -> None:
    write(place, callbacks="[{ModelCheckpoint: {filepath: '{epoch.__class__.__mro__}.keras'}}]")


def log_elsewhere(place: Place) -> None:
    write(place, callbacks=f"[{{CSVLogger: {{filename: {place.secret}, append: true}}}}]")


def log_by_a_windows_name(place: Place) -> None:
    write(place, callbacks=r"[{CSVLogger: {filename: '..\..\marker'}}]")


def board_elsewhere(place: Place) -> None:
    write(place, callbacks=f"[{{TensorBoard: {{log_dir: {place.outside / 'logs'}}}}}]")


def backup_elsewhere(place: Place) -> None:
    write(place, callbacks=f"[{{BackupAndRestore: {{backup_dir: {place.outside / 'backup'}}}}}]")


def pattern_without_end(place: Place) -> None:
    write(place)
    place.input.write_text(
        place.input.read_text().replace("label}", "label, features: {'" + "*a" * 5000 + "': {type: number}}}")
    )


def giant_range(place: Place) -> None:
    write(place)
    text = place.input.read_text().replace("target: label", "target: ['y{1..999999999999999}']")
    place.input.write_text(text)


INPUTS = [
    Hostile(note, build, ("check",), (), False, ".yaml")
    for note, build in (
        ("grows to a billion values by aliases of aliases", billion_laughs),
        ("calls a function of Python by a tag of YAML", python_tag),
        ("names a function of Python by a tag of YAML", python_name),
        ("reads a file by a tag of its own", own_tag),
        ("is nested a hundred thousand deep", deep_lists),
        ("is nested two thousand deep, by its indentation", deep_blocks),
        ("has a gigabyte", config_of_a_gigabyte),
        ("has more keys than any config", hundreds_of_thousands_of_keys),
        ("has a number of a hundred thousand digits", giant_number),
        ("trains for ever", infinite_epochs),
        ("says a key twice, so that two readers see two configs", key_twice),
        ("holds itself", alias_of_itself),
        ("extends itself", extends_without_end),
        ("fetches a config from the network", extends_an_address),
        ("extends a device, which never ends", extends_a_device),
        ("fetches data from the network", data_at_an_address),
        ("names a device as its data, which never ends", data_of_a_device),
        ("has a layer that is a Python function", lambda_of_python),
        ("has an object in the form that Keras makes objects of", serialized_object),
        ("names a function of a module as a layer", layer_by_module),
        ("has a layer that loads a SavedModel", saved_model),
        ("reads a file as a vocabulary", vocabulary_of_a_file),
        ("has a callback that is a Python function", callback_of_python),
        ("sends what it learns over the network", callback_of_the_network),
        ("has a name that leads out of `runs/`", name_by_dots),
        ("has a name that a terminal would obey", name_of_control_characters),
        ("writes checkpoints where it likes", checkpoint_elsewhere),
        ("leaves the run by `..` in the name of a checkpoint", checkpoint_by_dots),
        ("reaches Python's objects through the format of a name", checkpoint_by_format),
        ("writes its log over another file", log_elsewhere),
        ("leaves the run by `..` as Windows writes it", log_by_a_windows_name),
        ("writes TensorBoard's files where it likes", board_elsewhere),
        ("writes Keras's backups where it likes", backup_elsewhere),
        ("has a pattern of columns that takes for ever to match", pattern_without_end),
        ("has a range of columns beyond all memory", giant_range),
    )
]
INPUTS += [
    Hostile("asks for a layer beyond all memory", giant_layer, ("build",)),
    Hostile("asks for a batch that no number of a machine holds; it gets all rows", giant_batch, (), ("build",)),
]
