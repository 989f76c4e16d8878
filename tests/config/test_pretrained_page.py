"""The page about what was learnt before shows configs that are configs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dlcli.config.document.reader import read
from dlcli.config.inspection.inspection import inspect_value

MISSING = {"run-missing"}
"""The runs of the page are nobody's."""


def blocks(project: Path) -> list[str]:
    """The configs of the page."""
    return re.findall(r"```yaml\n(.*?)```", (project / "docs" / "pretrained.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("number", range(4))
def test_each_is_a_config(number: int, project: Path, tmp_path: Path) -> None:
    assert len(blocks(project)) == 4
    file = tmp_path / "page.yaml"
    file.write_text("data: {train: images.npz, target: y}\n" + blocks(project)[number])
    problems = inspect_value(read(file).value, tmp_path).problems
    assert {problem.rule for problem in problems} <= MISSING, problems
