"""`docs/architecture.md` is the house as it stands: its folders in their own words, the stops of its journeys."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "dlcli"
PAGE = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
MOST_MODULES = 16


def rooms() -> dict[str, str]:
    """What every folder says of itself, its first paragraph."""
    found = {}
    for init in sorted(PACKAGE.rglob("__init__.py")):
        if init.parent != PACKAGE:
            text = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or ""
            found[f"{init.parent.relative_to(PACKAGE)}/"] = " ".join(text.split("\n\n")[0].split())
    return found


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_every_room_is_on_the_page_with_its_own_words() -> None:
    rows = dict(re.findall(r"^\| `([a-z_/]+/)` \| (.*) \|$", section("The rooms"), re.MULTILINE))
    assert rows == rooms()


def test_every_room_says_what_it_is() -> None:
    assert [room for room, words in rooms().items() if not words] == []


def test_the_picture_shows_every_floor() -> None:
    picture = section("The picture").split("```")[1]
    shown = set(re.findall(r"[a-z_]+", " ".join(line[:49] for line in picture.splitlines())))
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert shown == {name for name in there if not name.startswith("_")}


@pytest.mark.parametrize("journey", ["A config's journey", "A row's journey"])
def test_every_stop_of_a_journey_is_there(journey: str) -> None:
    stops = re.findall(r"^[0-9]+\. `([a-z_/]+\.py)` `(\w+)`: ", section(journey), re.MULTILINE)
    assert 5 <= len(stops) <= 10
    assert len(stops) == len(re.findall(r"^[0-9]+\. ", section(journey), re.MULTILINE))
    for file, name in stops:
        tree = ast.parse((PACKAGE / file).read_text(encoding="utf-8"))
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        assert name in defined, file


def test_what_the_page_names_is_there() -> None:
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]*(?:\.py)?)`", PAGE)
    assert len(named) > 30
    assert [name for name in named if not (PACKAGE / name).exists()] == []


def test_no_folder_is_a_heap() -> None:
    counts = {room: len([*(PACKAGE / room).glob("[!_]*.py")]) for room in rooms()}
    assert {room: count for room, count in counts.items() if count > MOST_MODULES} == {}
