"""The generated pages are up to date and leave nothing out."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlcli.codecs.category.schema import CategoryFeature
from dlcli.codecs.number.schema import NumberTarget
from dlcli.config.catalogue.entries import KINDS, load
from dlcli.config.published import reference
from dlcli.config.schema import Config, DataConfig, LayerItem, ModelConfig

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_page_is_what_the_code_says(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == reference.PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("section", [Config, DataConfig, ModelConfig, LayerItem, CategoryFeature, NumberTarget])
def test_every_key_has_a_row(section: type[Config]) -> None:
    page = reference.reference_page()
    for name, field in section.model_fields.items():
        if name != "component":
            assert f"| `{field.alias or name}` |" in page


def test_every_component_has_a_heading() -> None:
    page = reference.components_page()
    for kind in KINDS:
        for entry in load().entries(kind):
            assert f"### `{entry.name}`" in page


def test_a_default_that_differs_from_the_shared_one_is_told() -> None:
    page = reference.components_page()
    sgd = page[page.index("### `SGD`") :].split("\n### ")[0]
    assert "`learning_rate=0.01`" in sgd
    adam = page[page.index("### `Adam`") :].split("\n### ")[0]
    assert "learning_rate" not in adam


def test_a_stale_page_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reference.main(["--check"]) is None
    monkeypatch.setitem(reference.PAGES, "docs/reference.md", lambda: "other")
    assert reference.main(["--check"]) == "not up to date: reference.md; run `make docs`"
