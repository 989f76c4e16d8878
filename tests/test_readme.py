"""The README shows what the program prints and what the files hold; here it is held to that."""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path

import pytest

from dlcli.cli.main import main

pytestmark = pytest.mark.tensorflow

NUMBER = re.compile(r"\d+\.\d+")


def block(readme: str, kind: str, what: str) -> str:
    """The code block after `<!-- kind: what -->`."""
    found = re.search(rf"<!-- {kind}: {re.escape(what)} -->\n```\w*\n(.*?)```", readme, re.S)
    assert found, f"the README has no block {kind}: {what}"
    return found[1]


def run(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """What a command prints to stdout and stderr, run in this process."""
    monkeypatch.setattr("sys.argv", ["dlcli", *shlex.split(command)])
    with contextlib.suppress(SystemExit):
        main()
    out, err = capsys.readouterr()
    return out, err


@pytest.fixture(scope="module")
def readme(project: Path) -> str:
    return (project / "README.md").read_text(encoding="utf-8")


def test_the_config_is_the_file(readme: str, project: Path) -> None:
    lines = (project / "configs" / "iris.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    assert block(readme, "config", "configs/iris.yaml") == "".join(
        line for line in lines if not line.startswith("#")
    ).lstrip("\n")


def test_the_mistakes_are_as_shown(
    readme: str, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    command = "check docs/examples/mistakes.yaml"
    _, err = run(command, monkeypatch, capsys)
    assert err == block(readme, "output", command)


def test_train_and_evaluate_print_what_is_shown(
    readme: str, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    out, err = run(f"train {project / 'configs' / 'iris.yaml'}", monkeypatch, capsys)
    assert err.startswith(block(readme, "output", "train configs/iris.yaml"))
    assert err.count("\nepoch ") == 60
    assert "runs/iris-001  completed, 60 epochs" in out
    out, _ = run("evaluate runs/iris-001", monkeypatch, capsys)
    # The last digits depend on the processor.
    assert NUMBER.sub("0", out) == NUMBER.sub("0", block(readme, "output", "evaluate runs/iris-001"))


def test_every_link_leads_somewhere(readme: str, project: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", readme) if "://" not in link]
    assert len(links) > 5
    assert [link for link in links if not (project / link).exists()] == []
