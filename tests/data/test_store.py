"""The encoded store: the same arrays from memory, from files and from the cache; and what happens to a cache."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest

from dlcli.config.schema import DataConfig
from dlcli.data.cache import cache as caches
from dlcli.data.cache import entry as entries
from dlcli.data.cache.cache import Cache
from dlcli.data.cache.known_files import KnownFile
from dlcli.data.cache.mapped import is_mapped
from dlcli.data.prepare import Prepared, prepare, read_split
from dlcli.data.samples import keys, store
from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.samples import Samples
from dlcli.data.sources.delimited import source as delimited
from dlcli.data.table import memory
from dlcli.data.values import typed
from dlcli.errors import DataError, Problem
from dlcli.files import identity

pytestmark = pytest.mark.slow

ROWS = 400
SEED = 3


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is large: every table is cached, and read in many pieces."""
    monkeypatch.setattr(store, "CACHED_FROM", 0)
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 1 << 11)
    monkeypatch.setattr(entries, "CHECKED_BYTES", 1 << 10)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "size": random.normal(size=ROWS).round(6),
            "gap": np.where(random.random(ROWS) < 0.1, np.nan, random.normal(size=ROWS).round(3)),
            "island": random.choice(["x", "y", "z"], ROWS),
            "note": random.choice(["a good day", "not a good day at all", "rain and more rain"], ROWS),
            "weight": random.random(ROWS).round(6),
            "price": random.normal(size=ROWS).round(6),
            "species": random.choice(["p", "q", "r"], ROWS),
        }
    )
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "data.csv"
    table.to_csv(file, index=False)
    settle(file)
    return file


def settle(file: Path) -> None:
    """Let the file be old enough to be known by its times alone."""
    now = time.time()
    os.utime(file, (now - 100, now - 100))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def config(file: Path, **keys: Any) -> DataConfig:
    defaults = {"target": ["species", "price"], "validation": 0.2, "test": 0.1, "sample_weight": "weight"}
    return DataConfig.model_validate({"train": str(file), **defaults, **keys})


def ready(file: Path, cache: Cache | None, told: list[Problem] | None = None, **keys: Any) -> Prepared:
    notify = (lambda problem: None) if told is None else told.append
    return prepare(config(file, **keys), seed=SEED, named=["island"], cache=cache, notify=notify)


def arrays(split: Samples) -> dict[str, np.ndarray[Any, Any]]:
    assert isinstance(split, ArraySamples)
    held = split.held
    weights = {} if held.weights is None else {"weight": held.weights}
    return {"rows": split.rows, **weights, **held.inputs, **held.targets}


def same(one: Prepared, other: Prepared) -> bool:
    assert one.preprocessing.state() == other.preprocessing.state()
    assert (one.config, one.notes, one.fingerprints) == (other.config, other.notes, other.fingerprints)
    assert list(one.splits) == list(other.splits)
    return all(same_split(one.splits[name], other.splits[name]) for name in one.splits)


def same_split(one: Samples, other: Samples) -> bool:
    assert one.fingerprint == other.fingerprint
    assert list(arrays(one)) == list(arrays(other))
    for name, array in arrays(one).items():
        found = arrays(other)[name]
        assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes()), name
    return True


@pytest.fixture
def opened() -> Iterator[Callable[[Path], bool]]:
    """Whether a file was opened by this process since the test began."""
    paths: set[str] = set()
    watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open" and isinstance(arguments[0], (str, bytes)):
            paths.add(os.fsdecode(arguments[0]))

    sys.addaudithook(watch)
    yield lambda path: str(path) in paths
    watching = False


@pytest.mark.parametrize("budget", [0, 1 << 40], ids=["mapped", "in memory"])
@pytest.mark.parametrize("rows_budget", [0, 20_000, 1 << 40], ids=["spilled", "partly spilled", "rows in memory"])
def test_the_arrays_are_the_same_wherever_they_are(
    file: Path, cache: Cache, budget: int, rows_budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ready(file, None)
    monkeypatch.setattr(memory, "ARRAYS_BUDGET", budget)
    monkeypatch.setattr(memory, "ROWS_BUDGET", rows_budget)
    first, second = ready(file, cache), ready(file, cache)
    assert same(plain, first)
    assert same(plain, second)
    mapped = {is_mapped(array) for array in arrays(second.splits["train"]).values()}
    assert mapped == {budget == 0}
    for name, split in plain.splits.items():
        again = read_split(plain.config, plain.preprocessing, name, seed=SEED, named=["island"], cache=cache)  # type: ignore[arg-type]
        assert same_split(split, again)
    assert list((cache.directory / "tmp").iterdir()) == []


def test_arrays_of_any_rank_are_spilled_and_kept(tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 255, (50, 4, 4, 3), np.uint8)
    np.savez(tmp_path / "a.npz", x=images, y=np.arange(50) % 3)
    data = DataConfig.model_validate({"train": str(tmp_path / "a.npz"), "target": "y", "validation": 0.2})
    plain = prepare(data, seed=1, units=3)
    for budget in ("ARRAYS_BUDGET", "ROWS_BUDGET"):
        monkeypatch.setattr(memory, budget, 0)
    for _ in range(2):
        assert same(plain, prepare(data, seed=1, units=3, cache=cache))


def test_a_second_run_does_not_open_the_data(file: Path, cache: Cache, opened: Callable[[Path], bool]) -> None:
    shutil.copystat(file, twin := Path(shutil.copyfile(file, file.with_name("twin.csv"))))
    ready(file, cache)
    ready(twin, None)
    assert opened(file)
    assert opened(twin)
    copy = file.with_name("renamed.csv")
    file.rename(copy)  # changes the inode's ctime: it is hashed, once
    ready(copy, cache)
    assert len(cache.entries()) == 1
    watched = str(copy)
    script = f"""
import sys
from pathlib import Path
sys.addaudithook(lambda event, args: print("opened", args[0]) if event == "open" and str(args[0]) == {watched!r} else 0)
from dlcli.files import identity
from dlcli.data.samples import store
identity.RACY_NANOSECONDS = -1
store.CACHED_FROM = 0
from dlcli.config.schema import DataConfig
from dlcli.data.cache.cache import Cache
from dlcli.data.prepare import prepare
data = DataConfig.model_validate({config(copy).model_dump()!r})
found = prepare(data, seed={SEED}, named=["island"], cache=Cache(Path({str(cache.directory)!r})))
print(len(found.splits["train"]), "rows")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "280 rows\n"


def test_a_changed_file_never_meets_its_old_arrays(file: Path, cache: Cache) -> None:
    before = ready(file, cache)
    text = file.read_text()
    stat = file.stat()
    # The same size and the same time of modification: a program that sets times back.
    file.write_text(text.replace("good", "best"))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert file.stat().st_size == stat.st_size
    after = ready(file, cache)
    assert after.preprocessing.state() != before.preprocessing.state()
    assert same(ready(file, None), after)
    # And back again: both are there.
    file.write_text(text)
    assert same(before, ready(file, cache))
    assert len(cache.entries()) == 2


def test_a_file_that_was_written_just_now_is_not_known_by_its_times(file: Path) -> None:
    whole = identity.identify(file).modified // identity.SECOND * identity.SECOND
    for moment, racy in ((whole, identity.RACY_NANOSECONDS), (whole + 5_000_000, identity.FINE_NANOSECONDS)):
        now = dataclasses.replace(identity.identify(file), modified=moment, changed=moment)
        assert not KnownFile(now, moment + racy, "0").speaks_for(now)
        assert KnownFile(now, moment + racy + 1, "0").speaks_for(now)


def test_a_file_that_changes_while_it_is_read(file: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    real = typed.typed_chunk
    calls = 0

    def append(*arguments: Any, **keys: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            with file.open("a") as stream:
                stream.write("1,1,x,a,1,1,p\n")
        return real(*arguments, **keys)

    monkeypatch.setattr(delimited, "typed_chunk", append)
    for used in (cache, None):
        calls = 0
        with pytest.raises(DataError) as caught:
            ready(file, used)
        (problem,) = caught.value.problems
        assert (problem.rule, problem.file) == ("file-changing", file)
    assert cache.entries() == []


def test_small_data_leaves_nothing(file: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "CACHED_FROM", 1 << 20)
    ready(file, cache)
    assert not cache.directory.exists()


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    match how:
        case "gone":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "cut":
            path.write_bytes(data[:-1])
        case "longer":
            path.write_bytes(data + b"\0")
        case "altered" if data:
            middle = len(data) * 2 // 3
            path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])


@pytest.mark.parametrize(
    ("how", "budget"),
    [
        pytest.param(how, budget, marks=[pytest.mark.soak] * ((how, budget) not in [("gone", 0), ("altered", 1 << 40)]))
        for how in ("gone", "empty", "cut", "longer", "altered")
        for budget in (0, 1 << 40)
    ],
)
def test_every_damaged_file_is_found_and_made_again(
    file: Path, cache: Cache, how: str, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether its arrays are mapped or read into memory."""
    few: dict[str, Any] = {"exclude": ["gap", "note"], "test": None}  # two splits, and a file of each kind in each
    plain = ready(file, None, **few)
    monkeypatch.setattr(memory, "ARRAYS_BUDGET", budget)
    ready(file, cache, **few)
    (entry,) = cache.entries()
    for path in sorted(entry.directory.iterdir()):
        damage(path, how)
        told: list[Problem] = []
        assert same(plain, ready(file, cache, told, **few)), path.name
        needed = path.suffix == ".npy" or path.name == "manifest.json"
        assert [problem.rule for problem in told] == ["cache-damaged"] * needed, path.name
        if needed:
            told = []
            assert same(plain, ready(file, cache, told, **few))
            assert not told


@pytest.mark.parametrize("budget", [0, 1 << 40], ids=["mapped", "in memory"])
def test_a_cache_directory_that_cannot_be_written(
    file: Path, tmp_path: Path, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blocked").write_text("a file")
    monkeypatch.setattr(memory, "ARRAYS_BUDGET", budget)
    monkeypatch.setattr(memory, "ROWS_BUDGET", budget)
    told: list[Problem] = []
    assert same(ready(file, None), ready(file, Cache(tmp_path / "blocked" / "cache"), told))
    assert {problem.rule for problem in told} == {"cache-unusable"}
    assert all("blocked" in problem.message and "--cache-dir" in problem.hint for problem in told)


def test_a_read_only_cache_directory(file: Path, cache: Cache) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    plain = ready(file, cache)
    cache.directory.chmod(0o500)
    (cache.directory / "entries").chmod(0o500)
    try:
        assert same(plain, ready(file, cache))
        assert same(ready(file, None, exclude=["note"]), ready(file, cache, exclude=["note"]))
    finally:
        cache.directory.chmod(0o700)
        (cache.directory / "entries").chmod(0o700)


@pytest.mark.parametrize("wanted", ["train", "validation", "test"])
def test_one_split_is_read_and_checked_without_the_others(
    file: Path, cache: Cache, wanted: Literal["train", "validation", "test"]
) -> None:
    plain = ready(file, None)
    ready(file, cache)
    (entry,) = cache.entries()
    stored = json.loads((entry.directory / "manifest.json").read_text())["body"]["arrays"]
    own = [entry.directory / each["file"] for each in stored if each["name"][0] == wanted]
    others = [entry.directory / each["file"] for each in stored if each["name"][0] != wanted]
    for path in others:
        damage(path, "altered")
    told: list[Problem] = []

    def again() -> Samples:
        return read_split(
            plain.config, plain.preprocessing, wanted, seed=SEED, named=["island"], cache=cache, notify=told.append
        )

    assert same_split(plain.splits[wanted], again())
    assert not told
    damage(own[0], "altered")
    assert same_split(plain.splits[wanted], again())
    assert [problem.rule for problem in told] == ["cache-damaged"]


@pytest.mark.parametrize("budget", [0, 1 << 40], ids=["mapped", "in memory"])
def test_an_entry_that_cannot_be_read_stays(
    file: Path, cache: Cache, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be sound, and of another user whose files are closed to us."""
    monkeypatch.setattr(memory, "ARRAYS_BUDGET", budget)
    plain = ready(file, None)
    ready(file, cache)

    def refuse(entry: object, names: object) -> None:
        raise PermissionError(13, "Permission denied")

    (kept,) = cache.entries()
    sound = {path: path.read_bytes() for path in kept.directory.glob("*.npy")}
    for path in sound:
        damage(path, "altered")
    told: list[Problem] = []
    with monkeypatch.context() as patch:
        patch.setattr(entries.Entry, "verify", refuse)
        assert same(plain, ready(file, cache, told))
    assert [problem.rule for problem in told] == ["cache-unusable"]
    assert "cannot be read (Permission denied)" in told[0].message
    for path, data in sound.items():
        path.write_bytes(data)
    told = []
    assert same(plain, ready(file, cache, told))
    assert not told


@pytest.mark.parametrize("budgets", [("ARRAYS_BUDGET",), ("ROWS_BUDGET",)], ids=["arrays", "rows"])
def test_neither_disk_nor_memory(
    file: Path, tmp_path: Path, budgets: tuple[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blocked").write_text("a file")
    for budget in budgets:
        monkeypatch.setattr(memory, budget, 0)
    monkeypatch.setattr(memory, "_free_bytes", lambda: 1000)
    with pytest.raises(DataError) as caught:
        ready(file, Cache(tmp_path / "blocked" / "cache"))
    (problem,) = caught.value.problems
    assert problem.rule == "no-space"
    assert str(tmp_path / "blocked" / "cache") in problem.message
    assert "--cache-dir" in problem.hint


@pytest.mark.parametrize("budget", [0, 1 << 40], ids=["mapped", "in memory"])
def test_a_disk_that_is_full(file: Path, cache: Cache, budget: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not grow fails as a full disk does: in the middle of a write."""
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(memory, "ARRAYS_BUDGET", budget)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    told: list[Problem] = []
    plain = ready(file, None)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
    try:
        assert same(plain, ready(file, cache, told))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [problem.rule for problem in told] == ["cache-unusable"]
    assert cache.entries() == []
    assert list((cache.directory / "tmp").iterdir()) == []


WRITER = """
import sys, time
from pathlib import Path
from dlcli.config.schema import DataConfig
from dlcli.data.cache import entry
from dlcli.data.samples import store
from dlcli.data.table import memory
from dlcli.data.cache.cache import Cache
from dlcli.data.prepare import prepare
from dlcli.data.sources.delimited import source as delimited
delimited.BLOCK_BYTES = 1 << 11
store.CACHED_FROM = memory.ARRAYS_BUDGET = memory.ROWS_BUDGET = 0
real = entry.Draft.create
def create(self, name, shape, dtype):
    if {pause}:
        print("writing", flush=True)
        time.sleep({pause})
    return real(self, name, shape, dtype)
entry.Draft.create = create
data = DataConfig.model_validate({data!r})
told = []
found = prepare(data, seed={seed}, named=["island"], cache=Cache(Path({cache!r})), notify=told.append)
print(*[problem.rule for problem in told], "done", flush=True)
"""


def writer(file: Path, cache: Cache, *, pause: float) -> subprocess.Popen[str]:
    script = WRITER.format(data=config(file).model_dump(), seed=SEED, cache=str(cache.directory), pause=pause)
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)


def test_a_killed_writer_stops_nobody_and_leaves_nothing(file: Path, cache: Cache) -> None:
    first = writer(file, cache, pause=600)
    assert first.stdout is not None
    assert first.stdout.readline() == "writing\n"
    assert len(list((cache.directory / "tmp").glob("*.lock"))) == 1
    second = writer(file, cache, pause=0)  # waits for the first
    assert second.poll() is None
    first.send_signal(signal.SIGKILL)
    first.communicate()
    output, _ = second.communicate(timeout=60)
    assert output.split()[-1] == "done"
    assert len(cache.entries()) == 1
    assert list((cache.directory / "tmp").iterdir()) == []
    assert same(ready(file, None), ready(file, cache))


def test_runs_that_start_together_share(file: Path, cache: Cache) -> None:
    writers = [writer(file, cache, pause=0.05) for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in writers]
    assert all(output.endswith("done\n") for output in outputs), outputs
    assert sum("writing" in output for output in outputs) == 1, outputs
    assert len(cache.entries()) == 1
    assert same(ready(file, None), ready(file, cache))


def test_the_least_recently_used_goes_first(file: Path, cache: Cache) -> None:
    kept: dict[str, Path] = {}
    for place, column in enumerate(["note", "island", "gap"]):
        prepare(config(file, exclude=[column]), seed=SEED, cache=cache)
        (newest,) = [entry for entry in cache.entries() if entry.directory not in kept.values()]
        kept[column] = newest.directory
        os.utime(newest.directory / "in-use", (1000 + place, 1000 + place))
    prepare(config(file, exclude=["note"]), seed=SEED, cache=cache)  # used again
    total = sum(entry.bytes for entry in cache.entries())
    Cache(cache.directory, limit=total - 1).evict()
    assert {entry.directory for entry in cache.entries()} == {kept["note"], kept["gap"]}


def test_what_is_in_use_stays(file: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "ARRAYS_BUDGET", 0)
    prepared = ready(file, cache)
    rows = arrays(prepared.splits["train"])["rows"]
    expected, view = rows.tolist(), rows[5:]
    del prepared, rows
    assert cache.clear() == caches.Cleared(0, 0, 1)
    assert view.tolist() == expected[5:]
    del view
    assert cache.clear().entries == 1
    assert cache.entries() == []


MEMORY = """
import sys
from pathlib import Path
from dlcli.config.inspection.inspection import inspect_value
from dlcli.config.outputs.outputs import plan_outputs
from dlcli.data.cache import mapped
from dlcli.data.samples.batches import Batches
from dlcli.data.cache.cache import Cache
from dlcli.data.samples.labels import make_labels
from dlcli.data.prepare import prepare
from dlcli.data.sources.delimited import source as delimited
from dlcli.data.table import memory
memory.ROWS_BUDGET = memory.ARRAYS_BUDGET = 2**20
delimited.BLOCK_BYTES = 2**18
mapped.WINDOW_BYTES = 2**20
data = {"train": sys.argv[1], "target": ["y", "x18"], "validation": 0.1}
config = inspect_value({"data": data, "model": {"layers": [{"Dense": {"units": 2}}]}}, Path(), ()).require()
prepared = prepare(config.data, seed=1, classification=False, cache=Cache(Path(sys.argv[2])))
outputs, _ = plan_outputs(config, outputs={"dense": (2,)}, targets=prepared.preprocessing.target_specs)
split = prepared.splits["train"]
batches = Batches(split, make_labels(outputs), batch_size=256, shuffle=True, seed=1)
assert next(batches.slices())[1].shape == (256, 2)
for _ in batches.stacks(16):
    pass
# Not the peak that getrusage tells: it counts the process that started this one.
print(next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Of 54 MB more to read, which are 72 MB of typed rows and 36 MB of arrays, a few stay: the numbers of the rows."""
    header = ",".join([*(f"x{place}" for place in range(19)), "y"]) + "\n"
    random = np.random.default_rng(0)
    lines = "".join(",".join(f"{number:.3f}" for number in row) + "\n" for row in random.normal(size=(5000, 20)))
    peaks = []
    for times in (10, 100):
        file = tmp_path / "large.csv"
        file.write_text(header + lines * times)
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, str(file), str(tmp_path / f"cache-{times}")],
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < 30, peaks


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
@pytest.mark.parametrize("umask", [0o077, 0o027, 0o022])
@pytest.mark.parametrize("budget", [0, 1 << 40], ids=["mapped", "in memory"])
def test_an_entry_has_the_permissions_that_the_umask_leaves(
    file: Path, cache: Cache, umask: int, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "ARRAYS_BUDGET", budget)
    before = os.umask(umask)
    try:
        ready(file, cache)
    finally:
        os.umask(before)
    (entry,) = cache.entries()
    modes = {path.name: path.stat().st_mode & 0o777 for path in entry.directory.iterdir()}
    assert set(modes.values()) == {0o666 & ~umask}, modes
    assert entry.directory.stat().st_mode & 0o777 == 0o777 & ~umask


def test_the_code_that_encodes_is_hashed_only_where_arrays_are_kept(
    file: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That takes longer than to read a small table."""
    asked: list[bool] = []
    program = keys._program

    def counting() -> str:
        asked.append(True)
        return program()

    monkeypatch.setattr(keys, "_program", counting)
    monkeypatch.setattr(store, "CACHED_FROM", 1 << 30)
    found = ready(file, cache)
    assert not asked
    assert len({samples.fingerprint for samples in found.splits.values()}) == len(found.splits)
    monkeypatch.setattr(store, "CACHED_FROM", 0)
    ready(file, cache)
    assert len(cache.entries()) == 1
    asked.clear()
    assert same(found, ready(file, cache))
    assert asked, "there are entries, of which one may be this"
