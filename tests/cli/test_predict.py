"""`dlcli predict`, as a process: what it loads, reads, writes, and says."""

from __future__ import annotations

import errno
import io
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

import dlcli as package
from dlcli.data.columns.chunk import Chunk
from dlcli.data.sources.files import Files

Dlcli = Callable[..., CompletedProcess[str]]

HEAVY = {"keras", "onnx", "pandas", "tensorflow", "tf2onnx"}

PROGRAM = [sys.executable, "-m", "dlcli"]


def loaded_by_arrow() -> set[str]:
    """What Arrow loads by itself for an array of numbers: its older releases take pandas."""
    probe = "import sys, numpy, pyarrow; pyarrow.array(numpy.arange(3)); print(*sys.modules)"
    return HEAVY & set(subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True).stdout.split())


# Tells on standard error what was imported, and the most memory that was used, in KiB.
PROBE = """
import json, resource, sys
from dlcli.cli.main import main
program, *arguments = sys.argv
for each in " ".join(arguments).split(" and "):
    sys.argv = [program, *each.split()]
    try:
        main()
    except SystemExit as stop:
        assert not stop.code, stop.code
names = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"modules": names, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}), file=sys.stderr)
"""

ROWS = "age,city,when,note\n" + "".join(
    f"{20 + i},{'abc'[i % 3]},2024-0{1 + i % 9}-01,{'good' if i % 2 else 'bad, very'!r}\n".replace(
        "'bad, very'", '"bad, very"'
    )
    for i in range(40)
)


def process(
    directory: Path, *arguments: str, data: bytes = b"", limit: int | None = None, command: Sequence[str] = PROGRAM
) -> CompletedProcess[bytes]:
    """Run the program; `limit` is the size in bytes that a file may grow to."""

    def bound() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [*command, *arguments],
        cwd=directory,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "TMPDIR": str(directory)},
        input=data,
        capture_output=True,
        timeout=120,
        check=False,
        preexec_fn=bound,
    )


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the rows of `new.csv`, and `run`: every feature type, a class and two numbers to predict."""
    directory = tmp_path_factory.mktemp("mixed")
    (directory / "new.csv").write_text(ROWS)
    head, *lines = ROWS.splitlines()
    body = [f"{line},{'xyz'[i % 3]},{i * 100},{i / 10}" for i, line in enumerate(lines)]
    (directory / "train.csv").write_text("\n".join([f"{head},kind,price,size", *body]) + "\n")
    package.train(
        {
            "data": {
                "train": str(directory / "train.csv"),
                "target": {
                    "kind": {"type": "category"},
                    "both": {"type": "number", "columns": ["price", "size"], "scale": "standard"},
                },
                "features": {
                    "age": {"type": "number"},
                    "city": {"type": "category", "encode": {"embedding": 2}},
                    "when": {"type": "datetime"},
                    "note": {"type": "text"},
                },
                "test": 0.3,
            },
            "model": {
                "layers": [
                    {"Dense": {"units": 8, "activation": "gelu"}, "name": "trunk"},
                    {"Dense": {"units": 3, "activation": "softmax"}, "name": "kind", "inputs": ["trunk"]},
                    {"Dense": {"units": 2}, "name": "both", "inputs": ["trunk"]},
                ],
                "outputs": ["kind", "both"],
            },
            "fit": {"epochs": 1},
        },
        run_dir=directory / "run",
    )
    return directory


def test_the_run_says_how_the_portable_model_was_proved(mixed: Path) -> None:
    portable = json.loads((mixed / "run" / "run.json").read_text())["portable"]
    assert portable["file"] == "model.onnx"
    assert portable["proof"]["rows"] == 12
    assert portable["proof"]["split"] == "test"
    assert portable["proof"]["difference"] <= 1e-4


def test_nothing_heavy_is_loaded(mixed: Path, inputs: dict[str, bytes], tmp_path: Path) -> None:
    commands = []
    for name in ("csv", "jsonl", "parquet"):
        (tmp_path / f"new.{name}").write_bytes(inputs[name])
        commands.append(f"predict run {tmp_path / f'new.{name}'} --keep-all")
    done = process(mixed, " and ".join(commands), command=[sys.executable, "-c", PROBE])
    assert done.returncode == 0, done.stderr
    assert not HEAVY - loaded_by_arrow() & set(json.loads(done.stderr.splitlines()[-1])["modules"])


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_both_runtimes_write_the_same(mixed: Path, dlcli: Dlcli, tmp_path: Path, format: str) -> None:
    """To the sixth significant digit, which is the last that is written, and may differ by one."""
    tables = []
    for runtime in ("portable", "keras"):
        out = tmp_path / f"{runtime}.{format}"
        done = dlcli("predict", mixed / "run", mixed / "new.csv", "-o", out, "--runtime", runtime, "--keep", "city")
        assert done.returncode == 0, done.stderr
        tables.append(table_of(format, out.read_bytes()))
    one, other = tables
    assert one.column_names == other.column_names
    assert one.column_names[:3] == ["city", "kind_prediction", "kind_probability_x"]
    for name in one.column_names:
        if not pa.types.is_floating(one[name].type):
            assert one[name].equals(other[name])
            continue
        assert one[name].to_pylist() == pytest.approx(other[name].to_pylist(), rel=1.01e-5)
        if "probability" in name:
            for value in one[name].to_pylist():
                assert value == float(f"{value:.5e}")


def test_parquet_holds_all_that_was_computed(mixed: Path, dlcli: Dlcli, tmp_path: Path) -> None:
    done = dlcli("predict", mixed / "run", mixed / "new.csv", "-o", tmp_path / "out.parquet")
    assert done.returncode == 0, done.stderr
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert table["kind_probability_x"].type == pa.float32()
    values = table["both_prediction_price"].to_numpy()
    assert (np.round(values, 2) != values).any()


@pytest.fixture(scope="module")
def inputs(mixed: Path) -> dict[str, bytes]:
    """The same rows in every format."""
    table = pyarrow.csv.read_csv(mixed / "new.csv", convert_options=pyarrow.csv.ConvertOptions(timestamp_parsers=["x"]))
    parquet = io.BytesIO()
    pyarrow.parquet.write_table(table, parquet)
    lines = "".join(json.dumps(row, default=str) + "\n" for row in table.to_pylist())
    tabs = "\n".join("\t".join(str(cell) for cell in row.values()) for row in table.to_pylist())
    return {
        "csv": ROWS.encode(),
        "tsv": "\t".join(table.column_names).encode() + b"\n" + tabs.encode() + b"\n",
        "jsonl": lines.encode(),
        "parquet": parquet.getvalue(),
    }


@pytest.fixture(scope="module")
def plain(mixed: Path) -> bytes:
    """What the program writes for the file of these rows."""
    return process(mixed, "predict", "run", "new.csv").stdout


def table_of(format: str, data: bytes) -> pa.Table:
    """Predictions read again."""
    if format == "parquet":
        return pyarrow.parquet.read_table(io.BytesIO(data))
    if format == "jsonl":
        return pa.Table.from_pylist([json.loads(line) for line in data.splitlines()])
    parse = pyarrow.csv.ParseOptions(delimiter="\t" if format == "tsv" else ",")
    return pyarrow.csv.read_csv(io.BytesIO(data), parse_options=parse)


@pytest.mark.parametrize(
    "format",
    ["csv", pytest.param("tsv", marks=pytest.mark.soak), pytest.param("jsonl", marks=pytest.mark.soak), "parquet"],
)
def test_from_standard_input_to_standard_output(
    mixed: Path, inputs: dict[str, bytes], plain: bytes, format: str
) -> None:
    """What the first bytes do not tell, an option says; the output is the same whatever the input was."""
    done = process(mixed, "predict", "run", "-", "--format", format, data=inputs[format])
    assert done.returncode == 0, done.stderr
    told = process(mixed, "predict", "run", "-", "-o", "-", "--input-format", format, data=inputs[format])
    assert told.stdout == plain
    one, other = table_of(format, done.stdout), table_of("csv", plain)
    assert one.num_rows == 40
    assert one["kind_prediction"].to_pylist() == other["kind_prediction"].to_pylist()
    name = "both_prediction_price"
    assert one[name].to_pylist() == pytest.approx(other[name].to_pylist(), rel=1e-5)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (ROWS.encode()[:-30], "standard input ended in the middle of this row"),
        (b'{"age": 31, "city": "a", "when": "2024-01-01", "no', "standard input ended in the middle of this row"),
        (b"", "the file is empty"),
        (b"age,city\n1,a\n", "standard input has no column 'when'"),
        (b"PAR1 and nothing more", "standard input is no readable Parquet file"),
    ],
    ids=["csv cut", "json cut", "empty", "columns", "parquet cut"],
)
def test_standard_input_that_cannot_be_used(
    mixed: Path, dlcli: Dlcli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: bytes, said: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    done = dlcli("predict", mixed / "run", "-", "-o", "out.csv")
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "stdin" not in done.stderr
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "data",
    ["age,city,when,note\n1,é,2024-01-01,a b\n", '{"age": 31, "city": "é", "when": "2024-01-01", "note": "a"}\n'],
    ids=["csv", "jsonl"],
)
def test_doubts_about_standard_input_name_it(
    mixed: Path, dlcli: Dlcli, monkeypatch: pytest.MonkeyPatch, data: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data.encode("cp1252"))))
    done = dlcli("predict", mixed / "run", "-")
    assert done.returncode == 0, done.stderr
    assert "standard input is not UTF-8, and is read as cp1252" in done.stderr
    assert "stdin" not in done.stderr


def test_a_pipe_is_read_as_standard_input_is(
    mixed: Path, inputs: dict[str, bytes], plain: bytes, tmp_path: Path
) -> None:
    for name in ("csv", "parquet"):  # one that is read from its beginning on, and one from its end
        data = inputs[name]
        shell = ["bash", "-c", 'exec "$0" "$@" <(cat)', *PROGRAM, "predict", "run"]
        done = subprocess.run(shell, cwd=mixed, input=data, capture_output=True, check=False, timeout=120)
        assert (done.returncode, done.stdout) == (0, plain), (name, done.stderr)
    done = process(mixed, "predict", "run", "/dev/stdin", "--input-format", "csv", data=inputs["csv"])
    assert done.stdout == plain
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen([*PROGRAM, "predict", "run", tmp_path / "pipe"], cwd=mixed, stdout=-1, stderr=-1) as running:
        (tmp_path / "pipe").write_bytes(ROWS.encode()[:-30])
        assert str(tmp_path / "pipe") + " ended in the middle of this row" in running.communicate()[1].decode()
    assert running.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "closed", "said"),
    [
        (["predict", "run", "new.csv"], ">&-", "cannot write standard output"),
        (["predict", "run", "new.csv", "--json", "-o", "out.csv"], ">&-", "cannot write standard output"),
        (["predict", "run", "-"], "<&-", "standard input cannot be read"),
        (["evaluate", "run", "--json"], ">&-", "cannot write standard output"),
        (["--version"], ">&-", "cannot write standard output"),
    ],
)
def test_closed_streams(run_directory: Path, tmp_path: Path, arguments: list[str], closed: str, said: str) -> None:
    (tmp_path / "new.csv").write_text("age,city\n30,a\n")
    done = process(tmp_path, *PROGRAM, *arguments, command=["bash", "-c", f'exec "$0" "$@" {closed}'])
    assert done.returncode == 1
    assert said in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_the_files_of_the_run_are_no_outputs(dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("age,city\n30,a\n")
    (tmp_path / "link").symlink_to(run_directory / "preprocessing.json")
    os.link(run_directory / "config.yaml", tmp_path / "hard")
    (run_directory / "history.csv").rename(tmp_path / "history.csv")
    before = {path: path.read_bytes() for path in run_directory.rglob("*") if path.is_file()}
    own = ["run/model.onnx", "run/../run/run.json", "link", "hard", "run/history.csv", "run/checkpoints/new"]
    for name in own:
        done = dlcli("predict", "run", "new.csv", "-o", name, "--format", "jsonl")
        assert done.returncode == 1
        assert "belongs to the run" in done.stderr
    assert {path: path.read_bytes() for path in run_directory.rglob("*") if path.is_file()} == before
    assert dlcli("predict", "run", "new.csv", "-o", "run/predictions.csv").returncode == 0


CELLS = "age,city,id,label\n30,a,007,NA\n31,b,1e3,\n32,c,-5,=1+1\n"


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_empty_cells_that_training_never_had(dlcli: Dlcli, run_directory: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "new.csv").write_text("age,city,label\n30,a,no\n,b,yes\n25,,no\n")
    done = dlcli(command, run_directory, "new.csv", "--quiet")
    assert done.returncode == 0, done.stderr
    assert "column 'age' has an empty cell" in done.stderr
    assert "the mean of the training rows stands in" in done.stderr
    assert "column 'city' has an empty cell" in done.stderr
    if command == "predict":
        assert len(done.stdout.splitlines()) == 4


def test_kept_cells_are_as_written_but_for_the_blanks_around_them(
    dlcli: Dlcli, run_directory: Path, tmp_path: Path
) -> None:
    (tmp_path / "new.csv").write_text(CELLS.replace("31", " 31 "))
    assert dlcli("predict", "run", "new.csv", "--keep-all", "--raw-text", "-o", "out.csv").returncode == 0
    kept = [line.rsplit(",", 3)[0] for line in (tmp_path / "out.csv").read_text().splitlines()]
    assert "\n".join(kept) + "\n" == CELLS
    plain = dlcli("predict", "run", "new.csv").stdout.splitlines()
    assert [line.rsplit(",", 3)[1:] for line in (tmp_path / "out.csv").read_text().splitlines()] == [
        line.split(",") for line in plain
    ]


def test_kept_values_keep_their_types(dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    table = pa.table({"age": pa.array([30, 31], pa.int16()), "city": ["a", "b"], "ok": [True, None], "id": [1, 2]})
    pyarrow.parquet.write_table(table, tmp_path / "new.parquet")
    assert dlcli("predict", "run", "new.parquet", "--keep-all", "-o", "out.parquet").returncode == 0
    assert pyarrow.parquet.read_table(tmp_path / "out.parquet").select(table.column_names).equals(table)
    (tmp_path / "new.jsonl").write_text('{"age": 30, "city": "a", "id": 7, "tags": [1]}\n')
    done = dlcli("predict", "run", "new.jsonl", "--keep", "id", "--json")
    assert next(iter(json.loads(done.stdout))) == "id"
    assert '"id": 7,' in done.stdout
    done = dlcli("predict", "run", "new.jsonl", "--keep", "tags")
    assert done.stdout.splitlines()[1].startswith("[1],")


def test_columns_that_are_asked_for(dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("age,city\n30,a\n")

    def answer(*options: str) -> dict[str, str]:
        done = dlcli("predict", "run", "new.csv", *options)
        assert done.returncode == 0, done.stderr
        header, row = done.stdout.splitlines()
        return dict(zip(header.split(","), row.split(","), strict=True))

    whole = answer()
    assert list(whole) == ["prediction", "probability_no", "probability_yes"]
    assert answer("--no-probabilities") == {"prediction": whole["prediction"]}
    best = answer("--top", "9")
    assert list(best) == ["prediction_1", "probability_1", "prediction_2", "probability_2"]
    assert best["prediction_1"] == whole["prediction"]
    assert float(best["probability_1"]) >= float(best["probability_2"])
    assert list(answer("--top", "1", "--no-probabilities")) == ["prediction_1"]
    probability = float(whole["probability_yes"])
    assert answer("--threshold", str(probability - 1e-3))["prediction"] == "yes"
    assert answer("--threshold", str(probability + 1e-3))["prediction"] == "no"


def test_columns_that_the_model_does_not_have(mixed: Path, dlcli: Dlcli) -> None:
    done = dlcli("predict", mixed / "run", mixed / "new.csv", "--threshold", "0.3")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no target has two classes" in done.stderr


def test_texts_that_a_spreadsheet_would_run(dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    cells = ["=1+1", "+a", "-b", "@c", "-5", "+1e3", "plain", '"\t=d"']
    (tmp_path / "new.csv").write_text("age,city,=head\n" + "".join(f"30,a,{cell}\n" for cell in cells))
    done = dlcli("predict", "run", "new.csv", "--keep", "=head", "--no-probabilities")
    kept = [line.rsplit(",", 1)[0].strip('"') for line in done.stdout.splitlines()]
    assert kept == ["'=head", "'=1+1", "'+a", "'-b", "'@c", "-5", "+1e3", "plain", "'\t=d"]
    raw = dlcli("predict", "run", "new.csv", "--keep", "=head", "--no-probabilities", "--raw-text").stdout
    assert raw.startswith("=head,")
    assert "'" not in raw


@pytest.mark.parametrize("change", ["missing", "cut", "altered", "config"])
def test_a_portable_model_that_cannot_be_trusted(
    change: str, dlcli: Dlcli, run_directory: Path, tmp_path: Path
) -> None:
    """Keras predicts instead and says so; without Keras there is no prediction, and the way to a sound model."""
    (tmp_path / "new.csv").write_text("age,city\n30,a\n")
    sound = dlcli("predict", "run", "new.csv")
    assert (sound.returncode, sound.stderr) == (0, "")
    model = run_directory / "model.onnx"
    data = model.read_bytes()
    match change:
        case "missing":
            model.unlink()
        case "cut":
            model.write_bytes(data[: len(data) // 2])
        case "altered":
            model.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case _:
            with (run_directory / "config.yaml").open("a") as config:
                config.write("# a remark\n")
    name = "config.yaml" if change == "config" else "model.onnx"
    done = dlcli("predict", "run", "new.csv")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1].split(",")[0] == sound.stdout.splitlines()[1].split(",")[0]
    assert name in done.stderr
    assert "Keras predicts instead" in done.stderr
    refused = dlcli("predict", "run", "new.csv", "--runtime", "portable")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "dlcli export run --format onnx" in " ".join(refused.stderr.split())


def many_rows(file: Path, count: int) -> None:
    """A large input."""
    with file.open("w") as stream:
        stream.write("age,city\n")
        for start in range(0, count, 1000):
            stream.write("".join(f"{row % 90}.125,{'abc'[row % 3]}\n" for row in range(start, start + 1000)))


def test_a_disk_that_fills(run_directory: Path, tmp_path: Path) -> None:
    many_rows(tmp_path / "new.csv", 50_000)
    before = set(tmp_path.iterdir())
    done = process(tmp_path, "predict", "run", "new.csv", "-o", "out.csv", limit=200_000)
    assert (done.returncode, done.stdout) == (1, b"")
    assert "cannot write out.csv: File too large" in done.stderr.decode()
    assert set(tmp_path.iterdir()) == before
    with open("/dev/full", "wb") as full:
        refused = subprocess.run(
            [*PROGRAM, "predict", "run", "new.csv"], cwd=tmp_path, stdout=full, stderr=-1, check=False
        )
    assert refused.returncode == 1
    assert "cannot write standard output: No space left" in refused.stderr.decode()
    assert "Traceback" not in refused.stderr.decode()
    done = process(tmp_path, "predict", "run", "new.csv", "-o", "/dev/full", "--format", "csv")
    assert done.returncode == 1
    assert "cannot write /dev/full: No space left" in done.stderr.decode()


@pytest.mark.parametrize("output", [["-o", "out.csv"], []], ids=["file", "standard output"])
def test_a_disk_that_cannot_be_read(
    dlcli: Dlcli, run_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: list[str]
) -> None:
    def rows(self: Files, kinds: object) -> Iterator[Chunk]:
        yield next(chunks(self, kinds))
        raise OSError(errno.EIO, "Input/output error")

    chunks: Callable[..., Iterator[Chunk]] = Files.chunks
    (tmp_path / "new.csv").write_text("age,city\n30,a\n")
    before = set(tmp_path.iterdir())
    monkeypatch.setattr(Files, "chunks", rows)
    done = dlcli("predict", "run", "new.csv", *output)
    assert done.returncode == 1
    assert "'new.csv' cannot be read: Input/output error" in done.stderr
    assert "cannot write" not in done.stderr
    assert set(tmp_path.iterdir()) == before


def test_a_reader_that_goes(run_directory: Path, tmp_path: Path) -> None:
    many_rows(tmp_path / "new.csv", 50_000)
    with subprocess.Popen(
        [*PROGRAM, "predict", "run", "new.csv"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == b"prediction,probability_no,probability_yes\n"
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(60) == 0


def test_memory_does_not_grow_with_the_input(run_directory: Path, tmp_path: Path) -> None:
    peaks = []
    for count in (400_000, 2_400_000):
        many_rows(tmp_path / "new.csv", count)
        done = process(tmp_path, "predict", "run", "new.csv", "-o", "out.csv", command=[sys.executable, "-c", PROBE])
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "out.csv").read_bytes().count(b"\n") == count + 1
        peaks.append(json.loads(done.stderr.splitlines()[-1])["peak"] / 1024)
    # The output of the larger is 70 MB above that of the smaller, and its input 20.
    assert peaks[1] - peaks[0] < 60


def test_evaluating_loads_nothing_heavy_either(original: Path, run_directory: Path, tmp_path: Path) -> None:
    """The loss and accuracy of one sigmoid unit come from predictions."""
    done = process(tmp_path, "evaluate", "run", "--json", command=[sys.executable, "-c", PROBE])
    assert done.returncode == 0, done.stderr
    assert not HEAVY - {"pandas"} & set(json.loads(done.stderr.splitlines()[-1])["modules"])
    recorded = json.loads((original / "run" / "evaluations" / "test.json").read_text())["metrics"]
    assert json.loads(done.stdout)["metrics"] == pytest.approx(recorded, rel=1e-5)
