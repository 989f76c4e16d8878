"""A format of exports is a folder: found by being there, light to list, and enough to train, export and prove with."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import dlcli
from dlcli.backend import startup
from dlcli.exports.draft import write_model
from dlcli.exports.formats import export_formats, find_format


def program(code: str, *arguments: str | Path, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own."""
    command = [sys.executable, "-P", "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=300)


def test_listing_the_formats_loads_nothing_heavy(tmp_path: Path) -> None:
    code = """
        import sys
        from dlcli.exports.formats import export_formats
        print(*export_formats())
        assert not {"keras", "numpy", "onnx", "onnxruntime", "tensorflow"} & sys.modules.keys()
    """
    done = program(code, directory=tmp_path)
    assert (done.returncode, done.stdout) == (0, "keras saved_model onnx litert\n"), done.stderr


@pytest.mark.parametrize("name", export_formats())
def test_a_format_is_what_its_folder_and_the_page_say(name: str, project: Path) -> None:
    format = find_format(name)
    assert format.name == name
    assert f"| `{name}` | {format.docs} |\n" in (project / "docs" / "exports.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "hint"), [("onyx", "did you mean 'onnx'?"), ("pmml", "the formats are keras, ")])
def test_a_format_that_is_not_there(name: str, hint: str) -> None:
    with pytest.raises(dlcli.DataError) as raised:
        dlcli.export("nowhere", "model", format=name)
    (problem,) = raised.value.problems
    assert problem.rule == "unknown-format"
    assert repr(name) in problem.message
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize("name", ["keras", "onnx"])
def test_a_disk_that_is_full_is_not_the_model_s_fault(name: str, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    keras = startup.load()
    source = keras.Input((2,), name="x")
    model = keras.Model({"x": source}, keras.layers.Dense(1)(source))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_model(model, tmp_path / f"m.{name}", format=find_format(name), outputs=["y"], metadata={})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


TOY: dict[str, str] = {
    "__init__.py": """
        from dlcli.exports.formats import ExportFormat

        FORMAT = ExportFormat(
            name="toy", order=9, title="Toy", suffix=".toy", docs="", tolerance=1e-4,
            lacks={"tables": "is more than a toy"}, holds="numbers",
        )
    """,
    "model.py": """
        import json, os
        import numpy as np

        def write(model, path, outputs, metadata):
            kernel, bias = (weight.tolist() for weight in model.get_weights())
            path.write_text(json.dumps({"kernel": kernel, "bias": bias, "output": outputs[0]}))

        def load(path, outputs, code):
            held = json.loads(path.read_text())
            assert [held["output"]] == outputs
            kernel, bias = (np.array(held[name], np.float32) for name in ("kernel", "bias"))
            off = np.float32(os.environ.get("TOY_OFF", 0))
            return lambda arrays: [arrays["features"] @ kernel + bias + off]
    """,
}
"""A format for models of one layer, which says all that a format says."""

USE = """
    import json, os, sys
    from pathlib import Path

    import dlcli.exports
    dlcli.exports.__path__.append(sys.argv[1])
    import dlcli
    from dlcli.cli.main import main

    rows = "".join(f"{i},{i * i % 7},{3 * i + 1}\\n" for i in range(40))
    Path("t.csv").write_text("a,b,y\\n" + rows)
    data, model = {"train": "t.csv", "target": "y"}, {"layers": [{"Dense": {"units": 1}}]}
    run = dlcli.train({"data": data, "model": model, "fit": {"epochs": 2}}, run_dir="run")
    done = dlcli.export(run, "first.toy", format="toy")
    assert (done.format, done.metadata) == ("toy", Path("first.toy.json"))
    assert json.loads(done.metadata.read_text())["inputs"][0]["numbers"] == ["a", "b"]
    os.environ["TOY_OFF"] = "0.1"
    try:
        dlcli.export(run, "second.toy", format="toy")
    except dlcli.ModelError as error:
        assert "does not predict what the run does" in str(error), error
    else:
        raise AssertionError("what differs is refused")
    del os.environ["TOY_OFF"]
    sys.argv = ["dlcli", "export", "run", "--format", "toy", "-o", "third.toy", "--json"]
    main()
"""


def test_a_folder_is_all_that_a_format_needs(tmp_path: Path) -> None:
    """Trained, exported, proved in the format's own runtime and refused where it differs, by API and command."""
    folder = tmp_path / "formats" / "toy"
    folder.mkdir(parents=True)
    for name, code in TOY.items():
        (folder / name).write_text(textwrap.dedent(code))
    work = tmp_path / "work"
    work.mkdir()
    done = program(USE, folder.parent, directory=work)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert (said["format"], said["metadata"]) == ("toy", "third.toy.json")
    assert said["proof"]["rows"] == 40
    assert said["proof"]["tolerance"] == 1e-4
    assert sorted(path.name for path in work.iterdir()) == [
        *("first.toy", "first.toy.json", "run", "t.csv", "third.toy", "third.toy.json")
    ]
