"""Hostile run directories: links, pipes, code, records, configs and commits."""

from __future__ import annotations

import hashlib
import json
import os
import py_compile
import shutil
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

from tests.hostile.corpus import ALL, KERAS, READERS, TRAINING, Command, Hostile, Place

__all__ = ["INPUTS"]


def change(file: Path, **values: Any) -> None:
    """Change keys of a JSON file."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def replace(place: Place, old: str, new: str) -> None:
    """Change the config of the run."""
    file = place.run / "config.yaml"
    text = file.read_text()
    assert old in text, text
    file.write_text(text.replace(old, new))


def code_without_leave(place: Place) -> None:
    own = place.run / "code" / "own.py"
    own.write_text(place.evil + own.read_text())
    change(place.run / "run.json", code={"code/own.py": hashlib.sha256(own.read_bytes()).hexdigest()})


def code_outside(place: Place) -> None:
    replace(place, "code/own.py", str(place.outside / "evil.py"))


def code_by_dots(place: Place) -> None:
    replace(place, "code/own.py", "code/../../outside/evil.py")


def code_by_link(place: Place) -> None:
    (place.run / "code" / "own.py").unlink()
    (place.run / "code" / "own.py").symlink_to(place.outside / "evil.py")


def code_folder_by_link(place: Place) -> None:
    shutil.move(place.run / "code", place.outside / "code")
    (place.run / "code").symlink_to(place.outside / "code")


def code_as_bytecode(place: Place) -> None:
    own = place.run / "code" / "own.py"
    cached = Path(cache_from_source(str(own)))
    text = own.read_text()
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    (place.outside / "other.py").write_text(place.evil + text)
    py_compile.compile(str(place.outside / "other.py"), str(cached), invalidation_mode=mode)


def code_nested_too_deeply(place: Place) -> None:
    (place.run / "code" / "own.py").write_text("x = " + "(" * 100_000)


def modules_beside(place: Place) -> None:
    for name in ("keras", "numpy", "sitecustomize", "onnxruntime", "own"):
        (place.run / f"{name}.py").write_text(place.evil)


def config_extends(place: Place) -> None:
    with (place.run / "config.yaml").open("a") as file:
        file.write(f"extends: {place.outside / 'config.yaml'}\n")


def config_by_link(place: Place) -> None:
    (place.run / "config.yaml").unlink()
    (place.run / "config.yaml").symlink_to(place.outside / "config.yaml")


def config_of_a_gigabyte(place: Place) -> None:
    os.truncate(place.run / "config.yaml", 2**30)


def config_with_a_layer_of_code(place: Place) -> None:
    replace(place, "layers:", "layers:\n  - Lambda: {function: 'lambda x: x'}")


def config_with_a_module(place: Place) -> None:
    replace(place, "layers:", f"layers:\n  - TFSMLayer: {{filepath: {place.outside}}}")


def config_with_a_vocabulary_of_elsewhere(place: Place) -> None:
    replace(place, "layers:", f"layers:\n  - IntegerLookup: {{vocabulary: {place.secret}}}")


def config_of_endless_data(place: Place) -> None:
    replace(place, str(place.outside / "rows.csv"), "/dev/zero")


def config_of_data_by_pipe(place: Place) -> None:
    os.mkfifo(place.outside / "pipe.csv")
    replace(place, str(place.outside / "rows.csv"), str(place.outside / "pipe.csv"))


def record_of_endless_data(place: Place) -> None:
    record_data(place, "/dev/zero")


def record_of_data_by_pipe(place: Place) -> None:
    os.mkfifo(place.outside / "pipe.csv")
    record_data(place, str(place.outside / "pipe.csv"))


def record_data(place: Place, path: str) -> None:
    """Say in the record alone that the data was another file."""
    record = json.loads((place.run / "run.json").read_text())
    for files in record["data"].values():
        for each in files:
            each["path"] = path
    change(place.run / "run.json", data=record["data"])


def checkpoints_elsewhere(place: Place) -> None:
    replace(place, "callbacks: []", f"callbacks: [{{ModelCheckpoint: {{filepath: {place.marker}.keras}}}}]")


def log_by_dots(place: Place) -> None:
    replace(place, "callbacks: []", "callbacks: [{CSVLogger: {filename: ../marker}}]")


def name_by_dots(place: Place) -> None:
    replace(place, "name: hostile", "name: ../../marker")


def record_by_link(place: Place) -> None:
    shutil.move(place.run / "run.json", place.outside / "run.json")
    (place.run / "run.json").symlink_to(place.outside / "run.json")


def record_as_pipe(place: Place) -> None:
    (place.run / "run.json").unlink()
    os.mkfifo(place.run / "run.json")


def record_of_a_gigabyte(place: Place) -> None:
    os.truncate(place.run / "run.json", 2**30)


def record_of_millions_of_keys(place: Place) -> None:
    (place.run / "run.json").write_bytes(b'{"format": 1, ' + b'"a":0,' * 11_000_000 + b'"b": 0}')


def record_of_deep_lists(place: Place) -> None:
    (place.run / "run.json").write_bytes(b'{"format": ' + b"[" * 2_000_000)


def record_of_a_giant_number(place: Place) -> None:
    (place.run / "run.json").write_text('{"format": 1, "epochs": ' + "9" * 1_000_000 + "}")


def record_with_a_key_twice(place: Place) -> None:
    text = (place.run / "run.json").read_text()
    (place.run / "run.json").write_text('{"format": 1, ' + text.lstrip().removeprefix("{"))


def record_with_nan(place: Place) -> None:
    change(place.run / "run.json", seconds=float("nan"))


def record_of_giant_batches(place: Place) -> None:
    change(place.run / "run.json", batch_size=10**15)


def preprocessing_of_giant_rows(place: Place) -> None:
    state = json.loads((place.run / "preprocessing.json").read_text())
    state["features"][0]["shape"] = [2**20, 2**20]
    (place.run / "preprocessing.json").write_text(json.dumps(state))


def preprocessing_of_an_unknown_type(place: Place) -> None:
    text = (place.run / "preprocessing.json").read_text()
    assert '"type": "number"' in text
    (place.run / "preprocessing.json").write_text(text.replace('"type": "number"', '"type": "os.system"'))


def history_by_link(place: Place) -> None:
    (place.run / "history.csv").unlink()
    (place.run / "history.csv").symlink_to(place.secret)


def evaluations_by_link(place: Place) -> None:
    shutil.rmtree(place.run / "evaluations")
    (place.run / "evaluations").symlink_to(place.outside)


def an_evaluation_by_link(place: Place) -> None:
    (place.run / "evaluations" / "rows.json").symlink_to(place.secret)


def lock_by_link(place: Place) -> None:
    (place.run / ".lock").unlink(missing_ok=True)
    (place.run / ".lock").symlink_to(place.secret)


def commit_by_link(place: Place) -> None:
    (commit,) = (place.run / "checkpoints").iterdir()
    shutil.move(commit, place.outside / commit.name)
    commit.symlink_to(place.outside / commit.name)


def numbers_of_a_commit_by_link(place: Place) -> None:
    (file,) = (place.run / "checkpoints").glob("*/arrays.bin")
    shutil.move(file, place.outside / file.name)
    file.symlink_to(place.outside / file.name)


def log_by_link(place: Place) -> None:
    (place.run / "log.csv").symlink_to(place.secret)


OF_TRAINING: tuple[Command, ...] = (*TRAINING, "keras")

INPUTS = [
    Hostile("runs code that nobody has allowed", code_without_leave, (*KERAS, *TRAINING), ("predict",), False),
    Hostile("runs code that lies outside of the run", code_outside, (*KERAS, *TRAINING)),
    Hostile("leaves the run by `..` in the name of its code", code_by_dots, (*KERAS, *TRAINING)),
    Hostile("lets a link stand for its code", code_by_link, ALL),
    Hostile("lets a link stand for the folder of its code", code_folder_by_link, ALL),
    Hostile("hides other bytecode than its code says in `__pycache__`", code_as_bytecode, (), ("predict", "keras")),
    Hostile("overflows the parser of Python", code_nested_too_deeply, (*KERAS, *TRAINING)),
    Hostile("lays modules where Python might import them", modules_beside, (), ("predict", "keras")),
    Hostile("reads a file through `extends`", config_extends, (*READERS, *TRAINING)),
    Hostile("lets a link stand for its config", config_by_link, ALL),
    Hostile("has a config of a gigabyte", config_of_a_gigabyte, (*READERS, *TRAINING)),
    Hostile("has a layer that is a Python function", config_with_a_layer_of_code, OF_TRAINING),
    Hostile("has a layer that loads a SavedModel", config_with_a_module, OF_TRAINING),
    Hostile("reads a file as a vocabulary", config_with_a_vocabulary_of_elsewhere, OF_TRAINING),
    Hostile("names a device as its data, which never ends", config_of_endless_data, ("split", *TRAINING)),
    Hostile("names a pipe as its data, which never begins", config_of_data_by_pipe, ("split", *TRAINING)),
    Hostile("had a device as its data, as its record has it", record_of_endless_data, ("split", "resume")),
    Hostile("had a pipe as its data, as its record has it", record_of_data_by_pipe, ("split", "resume")),
    Hostile("writes checkpoints where it likes", checkpoints_elsewhere, OF_TRAINING),
    Hostile("writes a log outside of the run", log_by_dots, OF_TRAINING),
    Hostile("has a name that leads out of `runs/`", name_by_dots, OF_TRAINING),
    Hostile("lets a link stand for its record", record_by_link, ALL),
    Hostile("lets its reader wait at a pipe", record_as_pipe, ALL),
    Hostile("has a record of a gigabyte", record_of_a_gigabyte, ALL),
    Hostile("has a record of millions of keys", record_of_millions_of_keys, ALL),
    Hostile("has a record nested two million deep", record_of_deep_lists, ALL),
    Hostile("has a number of a million digits in its record", record_of_a_giant_number, ALL),
    Hostile("says a key twice, so that two readers see two records", record_with_a_key_twice, ALL),
    Hostile("has NaN in its record, which is no JSON", record_with_nan, ALL),
    Hostile("asks for batches beyond all memory", record_of_giant_batches, ("keras", "evaluate")),
    Hostile("asks for rows beyond all memory", preprocessing_of_giant_rows, READERS),
    Hostile("has preprocessing of a type that is a function of Python", preprocessing_of_an_unknown_type, READERS),
    Hostile("reads a file as its history", history_by_link, ALL),
    Hostile("lets evaluations be written elsewhere", evaluations_by_link, ALL),
    Hostile("lets an evaluation be written over another file", an_evaluation_by_link, ("resume",)),
    Hostile("lets its lock be written over another file", lock_by_link, ALL),
    Hostile("lets a link stand for a commit", commit_by_link, ("resume",)),
    Hostile("lets a link stand for the numbers of a commit", numbers_of_a_commit_by_link, ("resume",)),
    Hostile("has a link where a callback might write", log_by_link, ("resume",)),
]
