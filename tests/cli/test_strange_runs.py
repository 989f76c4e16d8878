"""Runs from elsewhere: nothing outside of them is read or written, nothing waits, nothing grows without bound."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import h5py
import numpy as np
import onnx
import pytest

import dlcli as package
from dlcli.errors import RunError
from dlcli.trained.external_data import outside

Dlcli = Callable[..., CompletedProcess[str]]

FILES = (
    "run.json",
    "config.yaml",
    "preprocessing.json",
    "history.csv",
    "model.keras",
    "model.weights.h5",
    "model.onnx",
    ".lock",
)
FOLDERS = ("evaluations", "checkpoints", "plots", "code")

COMMANDS = (
    ("predict", "run", "new.csv"),
    ("predict", "run", "new.csv", "--runtime", "keras"),
    ("evaluate", "run"),
    ("evaluate", "run", "--runtime", "keras"),
    ("export", "run", "--format", "onnx"),
)


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Whoever waits for a pipe or a device is ended."""
    signal.alarm(300)
    yield
    signal.alarm(0)


@pytest.fixture
def run(run_directory: Path) -> Path:
    (run_directory.parent / "new.csv").write_text("age,city\n30,a\n31,b\n")
    return run_directory


def everything(directory: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in directory.rglob("*")}


def refused(dlcli: Dlcli, rule: str, *arguments: str) -> str:
    done = dlcli(*arguments, "--json") if arguments[0] in ("evaluate", "export") else dlcli(*arguments)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said
    if arguments[0] == "evaluate":
        assert {problem["rule"] for problem in json.loads(done.stdout)["problems"]} == {rule}
    return said


def as_link(path: Path) -> None:
    """The same file or folder, elsewhere."""
    moved = path.parent.parent / "elsewhere" / path.name
    moved.parent.mkdir(exist_ok=True)
    if path.exists():
        shutil.move(path, moved)
    else:
        moved.mkdir()
    path.symlink_to(moved)


def as_pipe(path: Path) -> None:
    remove(path)
    os.mkfifo(path)


def as_socket(path: Path) -> None:
    remove(path)
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket has to be short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def as_device(path: Path) -> None:
    """A device cannot be made without rights: a link to one, which is what an archive would bring."""
    remove(path)
    path.symlink_to("/dev/zero")


def as_the_other(path: Path) -> None:
    """A folder for a file, a file for a folder."""
    is_folder = path.name in FOLDERS
    remove(path)
    if is_folder:
        path.write_text("x")
    else:
        path.mkdir()


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@pytest.mark.parametrize("name", [*FILES, *FOLDERS])
@pytest.mark.parametrize("change", [as_link, as_pipe, as_socket, as_device, as_the_other])
def test_everything_in_a_run_is_its_own(change: Callable[[Path], None], name: str, dlcli: Dlcli, run: Path) -> None:
    change(run / name)
    before = everything(run.parent)
    for arguments in COMMANDS:
        said = refused(dlcli, "run-unsafe", *arguments)
        assert f"run/{name} is a" in said
    assert everything(run.parent) == before


def test_all_that_is_not_its_own_is_told_at_once(dlcli: Dlcli, run: Path) -> None:
    for name in (*FILES, *FOLDERS):
        as_link(run / name)
    said = refused(dlcli, "run-unsafe", "evaluate", "run")
    assert all(f"run/{name} is a symbolic link" in said for name in (*FILES, *FOLDERS))


def test_the_python_interface_reads_no_links_either(run: Path) -> None:
    opened = package.Run(run)
    readers: dict[str, Callable[[], object]] = {
        "run.json": lambda: opened.status,
        "history.csv": lambda: opened.history,
        "evaluations": lambda: opened.metrics("test"),
    }
    for name, read in readers.items():
        read()
        as_link(run / name)
        with pytest.raises(RunError) as caught:
            read()
        assert [problem.rule for problem in caught.value.problems] == ["run-unsafe"]
        (run / name).unlink()
        shutil.move(run.parent / "elsewhere" / name, run / name)


@pytest.mark.parametrize("text", ["epoch,loss\n1,a lot\n", "epoch\n1,2,3\n", "epoch,loss\n1," + "9" * 200_000, "\xff"])
def test_a_history_that_is_none(text: str, run: Path) -> None:
    (run / "history.csv").write_text(text, encoding="latin-1")
    with pytest.raises(RunError) as caught:
        assert not package.Run(run).history
    assert [problem.rule for problem in caught.value.problems] == ["run-damaged"]


def test_a_run_may_be_given_by_a_link(dlcli: Dlcli, run: Path) -> None:
    (run.parent / "latest").symlink_to("run")
    assert dlcli("predict", "latest", "new.csv").returncode == 0
    assert dlcli("evaluate", "latest", "--json").returncode == 0
    assert package.Run(run.parent / "latest").metrics("test")


def change_record(run: Path, **portable: Any) -> None:
    """Say of the portable model what a stranger would, the hash of what is there included."""
    record = json.loads((run / "run.json").read_text())
    record["portable"] |= {"sha256": hashlib.sha256((run / "model.onnx").read_bytes()).hexdigest(), **portable}
    record["portable"]["proved_with"] = {
        name: hashlib.sha256((run / name).read_bytes()).hexdigest() for name in ("config.yaml", "preprocessing.json")
    }
    (run / "run.json").write_text(json.dumps(record))


def external(run: Path, location: str) -> None:
    """Let the first tensor of the portable model lie in another file."""
    model = onnx.load(run / "model.onnx")
    tensor = next(each for each in model.graph.initializer if each.raw_data)
    outside_file = run / location
    outside_file.parent.mkdir(parents=True, exist_ok=True)
    outside_file.write_bytes(tensor.raw_data)
    onnx.external_data_helper.set_external_data(tensor, location)
    tensor.ClearField("raw_data")
    (run / "model.onnx").write_bytes(model.SerializeToString())


@pytest.mark.parametrize("location", ["weights.bin", "../weights.bin"])
def test_a_portable_model_keeps_its_numbers_within(location: str, dlcli: Dlcli, run: Path) -> None:
    external(run, location)
    change_record(run)
    refused(dlcli, "portable-model", "evaluate", "run", "--runtime", "portable")
    done = dlcli("predict", "run", "new.csv")
    assert done.returncode == 0
    assert "keeps numbers in another file, which is not opened; Keras predicts instead" in done.stderr


def nested(tensor: onnx.TensorProto, place: str) -> onnx.ModelProto:
    """A model with a tensor in one of the places where it may lie."""
    node = onnx.helper.make_node("Constant", [], ["x"], value=tensor)
    inner = onnx.helper.make_graph([node], "inner", [], [])
    graph = onnx.helper.make_graph([], "graph", [], [])
    model = onnx.helper.make_model(graph)
    if place == "initializer":
        graph.initializer.append(tensor)
    elif place == "sparse":
        graph.sparse_initializer.add().values.CopyFrom(tensor)
    elif place == "node":
        graph.node.append(node)
    elif place == "list":
        node.attribute.add(name="several", type=onnx.AttributeProto.TENSORS).tensors.append(tensor)
        graph.node.append(node)
    elif place == "branch":
        graph.node.append(onnx.helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner))
    elif place == "function":
        model.functions.add(name="f").node.append(node)
    else:
        model.training_info.add().algorithm.CopyFrom(inner)
    if place in ("initializer", "sparse", "node", "list", "branch"):
        model.graph.CopyFrom(graph)
    return model


@pytest.mark.parametrize("place", ["initializer", "sparse", "node", "list", "branch", "function", "training"])
def test_other_files_are_found_wherever_a_tensor_lies(place: str) -> None:
    tensor = onnx.numpy_helper.from_array(np.ones(3, np.float32), "t")
    assert outside(nested(tensor, place).SerializeToString()) == ""
    onnx.external_data_helper.set_external_data(tensor, "weights.bin")
    assert "another file" in outside(nested(tensor, place).SerializeToString())
    tensor.ClearField("external_data")
    assert "another file" in outside(nested(tensor, place).SerializeToString())


@pytest.mark.parametrize(
    "content", [b"\x0b", b"\xff" * 30, b"\x3a\xff\xff\xff\x7f", b"\x08", b"\x1c\0\0\0ORTM" + b"\0" * 20]
)
def test_what_is_no_onnx_is_handed_to_no_runtime(content: bytes) -> None:
    assert outside(content)


def test_the_counts_of_a_record_are_not_trusted(dlcli: Dlcli, run: Path) -> None:
    change_record(run, rows_at_once=10**15)
    assert dlcli("predict", "run", "new.csv").returncode == 0
    change_record(run, outputs={"another": 10**9})
    assert dlcli("predict", "run", "new.csv", "--runtime", "portable").returncode == 1


@pytest.mark.parametrize("size", [10**9, 10**15, -1, None, "x", 1.5])
def test_sizes_that_no_row_has(size: object, dlcli: Dlcli, run: Path) -> None:
    state = json.loads((run / "preprocessing.json").read_text())
    state["features"][0]["shape"] = [size]
    (run / "preprocessing.json").write_text(json.dumps(state))
    change_record(run)
    for arguments in COMMANDS:
        refused(dlcli, "run-damaged", *arguments)


@pytest.mark.parametrize("size", [0, 10**15, -1, None, "x", True, [1]])
def test_a_batch_that_is_none(size: object, dlcli: Dlcli, run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "batch_size": size}))
    refused(dlcli, "run-damaged", "evaluate", "run", "--runtime", "keras")


@pytest.mark.parametrize("data", [[], "x", {"train": 1}, {"train": [1]}, {"test": [{}]}, {"train": [{"path": "x"}]}])
def test_a_record_that_does_not_say_what_the_data_was(data: object, dlcli: Dlcli, run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "data": data}))
    refused(dlcli, "run-damaged", "evaluate", "run")


def test_half_a_character_is_told_as_damage(dlcli: Dlcli, run: Path) -> None:
    record = (run / "run.json").read_text()
    (run / "run.json").write_text(record.replace('"status": "completed"', '"status": "\\ud800"'))
    refused(dlcli, "run-damaged", "evaluate", "run")


def rewrite(run: Path, change: Callable[[h5py.File], None]) -> None:
    """Change the file of weights within `model.keras`."""
    with zipfile.ZipFile(run / "model.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    weights = run.parent / "weights.h5"
    weights.write_bytes(members["model.weights.h5"])
    with h5py.File(weights, "r+") as opened:
        change(opened)
    members["model.weights.h5"] = weights.read_bytes()
    with zipfile.ZipFile(run / "model.keras", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def kernel(opened: h5py.File) -> str:
    """The name of an array of the model."""
    names: list[str] = []
    opened.visititems(
        lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) and item.ndim == 2 else None
    )
    return next(name for name in names if "optimizer" not in name)


def external_link(opened: h5py.File) -> None:
    name = kernel(opened)
    del opened[name]
    opened[name] = h5py.ExternalLink("weights.h5", name)


def soft_link(opened: h5py.File) -> None:
    opened["other"] = h5py.SoftLink("/somewhere")


def external_storage(opened: h5py.File) -> None:
    name = kernel(opened)
    shape = opened[name].shape
    del opened[name]
    opened.create_dataset(name, shape, "f4", external=[("/etc/hostname", 0, 4 * int(np.prod(shape)))])


def virtual(opened: h5py.File) -> None:
    name = kernel(opened)
    shape = opened[name].shape
    del opened[name]
    layout = h5py.VirtualLayout(shape, "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape)
    opened.create_virtual_dataset(name, layout)


def giant(opened: h5py.File) -> None:
    name = kernel(opened)
    del opened[name]
    opened.create_dataset(name, (2**20, 2**20), "f4", chunks=(1, 2**10), fillvalue=1)


def giant_aside(opened: h5py.File) -> None:
    opened.create_dataset("aside", (2**20, 2**20), "f4", chunks=(1, 2**10), fillvalue=1)


@pytest.mark.parametrize("change", [external_link, soft_link, external_storage, virtual, giant, giant_aside])
def test_weights_are_numbers_within_their_file(change: Callable[[h5py.File], None], dlcli: Dlcli, run: Path) -> None:
    rewrite(run, change)
    for arguments in COMMANDS:
        if "keras" in arguments:
            assert "model.keras is damaged: BadZipFile: model.weights.h5 " in refused(dlcli, "run-damaged", *arguments)


def test_weights_that_were_not_changed_are_read(dlcli: Dlcli, run: Path) -> None:
    rewrite(run, lambda opened: None)
    assert dlcli("predict", "run", "new.csv", "--runtime", "keras").returncode == 0


def test_a_member_that_unpacks_to_too_much_is_not_unpacked(dlcli: Dlcli, run: Path) -> None:
    with (
        zipfile.ZipFile(run / "model.keras", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("model.weights.h5", "w", force_zip64=True) as member,
    ):
        for _ in range(100):
            member.write(bytes(2**20))
    assert "and at most" in refused(dlcli, "run-damaged", "predict", "run", "new.csv", "--runtime", "keras")


def test_code_of_a_run_lies_in_the_run(dlcli: Dlcli, run: Path, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    config = (run / "config.yaml").read_text()
    assert "code: []" in config
    for name in (str(tmp_path / "own.py"), "../own.py"):
        (run / "config.yaml").write_text(config.replace("code: []", f"code: [{name}]"))
        for arguments in COMMANDS:
            if "keras" in arguments:
                refused(dlcli, "run-unsafe", *arguments)
    (run / "code").mkdir()
    (run / "code" / "own.py").symlink_to(tmp_path / "own.py")
    (run / "config.yaml").write_text(config.replace("code: []", "code: [code/own.py]"))
    refused(dlcli, "run-unsafe", "evaluate", "run", "--runtime", "keras", "--allow-code")
    assert not (tmp_path / "ran").exists()


def test_code_of_a_run_runs_by_leave_and_is_named(dlcli: Dlcli, run: Path, tmp_path: Path) -> None:
    (run / "code").mkdir()
    own, beside = run / "code" / "own.py", run / "code" / "beside.py"
    own.write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    beside.write_text("")
    (run / "config.yaml").write_text((run / "config.yaml").read_text().replace("code: []", "code: [code/own.py]"))
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "code": {"code/own.py": "0" * 64}}))
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    commands = (*(each for each in COMMANDS if "keras" in each), ("export", "run", "--format", "onnx"))
    for arguments in (*commands, ("reproduce", "run"), ("train", "--resume", "run", "--set", "fit.epochs=2")):
        done = dlcli(*arguments)
        assert done.returncode == 1
        assert "--allow-code" in done.stderr or arguments[0] == "train"  # which refuses code that has changed
        assert digest in done.stderr or arguments[0] == "train"
        assert not (tmp_path / "ran").exists()
    done = dlcli("evaluate", "run", "--runtime", "keras", "--allow-code", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    assert f"running run/code/own.py, SHA-256 {digest} (changed since the run was trained)" in done.stderr
    assert "that code may import run/code/beside.py, SHA-256 " in done.stderr
    assert (tmp_path / "ran").exists()
    assert sorted(each.name for each in (run / "code").iterdir()) == ["beside.py", "own.py"]
    done = dlcli("predict", "run", "new.csv", "--runtime", "portable")
    assert "own.py" not in done.stderr


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("features", 0, "statistics", "count", 0), float("inf")),
        (("features", 0, "statistics", "mean"), []),
        (("features", 0, "columns", 0), "../../x"),
        (("features", 0, "columns", 0), "\0"),
        (("features", 0, "columns"), "ab"),
        (("features", 1, "missing"), {}),
        (("features", 1, "missing"), "x"),
        (("features", 1, "counts", 0), "x"),
        (("features", 1, "counts", 1), [1]),
        (("features", 1, "type"), "Popen"),
        (("targets", 0, "columns"), "xy"),
        (("targets",), []),
        (("features",), {}),
    ],
)
def test_a_state_that_was_tampered_with_is_told_as_such(
    place: tuple[str | int, ...], value: object, dlcli: Dlcli, run: Path
) -> None:
    state = json.loads((run / "preprocessing.json").read_text())
    inner = state
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    (run / "preprocessing.json").write_text(json.dumps(state))
    change_record(run)
    refused(dlcli, "run-damaged", "evaluate", "run", "--runtime", "portable")
