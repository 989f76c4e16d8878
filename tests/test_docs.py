"""`docs/errors.md` has a section for every family of faults that the program knows, and for no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlcli.config.lint.rules import OF_CONFIG, OF_DATA, OF_RUNS, explanation, modules_of, rule_names
from dlcli.errors import Problem

RULE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def words(node: ast.expr | None) -> Iterator[str]:
    """The texts that an expression may be: of a constant, or of both branches of a condition."""
    if isinstance(node, ast.IfExp):
        yield from words(node.body)
        yield from words(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


Nodes = list[ast.AST]


def parameters(nodes: Nodes) -> dict[str, int]:
    """The functions with a parameter `rule`, and its place among the positional ones, without `self`."""
    places: dict[str, int] = {}
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args if argument.arg != "self"]
            if "rule" in names:
                places[node.name] = names.index("rule")
    return places


def rules_of(nodes: Nodes) -> Iterator[str]:
    """Every rule that a module names: `rule=...`, the argument of a function of its own, or a variable `rule`."""
    places = parameters(nodes)
    for node in nodes:
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield from (word for keyword in node.keywords if keyword.arg == "rule" for word in words(keyword.value))
            if name in places and len(node.args) > places[name]:
                yield from words(node.args[places[name]])
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == "rule":
                    yield from words(node.value)


def calls_without_rule(nodes: Nodes) -> list[int]:
    """The lines of problems of no family."""
    return [
        node.lineno
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == Problem.__name__
        and all(keyword.arg != "rule" for keyword in node.keywords)
    ]


@pytest.fixture(scope="module")
def modules(project: Path) -> dict[Path, Nodes]:
    """What the package's modules call, define and assign; of those that can name no rule, nothing."""
    texts = {file.relative_to(project): file.read_text(encoding="utf-8") for file in (project / "dlcli").rglob("*.py")}
    told = {file: text for file, text in texts.items() if "rule" in text or Problem.__name__ in text}
    kinds = (ast.Assign, ast.Call, ast.FunctionDef)
    return {
        file: [node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)] for file, text in told.items()
    }


@pytest.fixture(scope="module")
def rules(modules: dict[Path, Nodes]) -> set[str]:
    """Every rule of the package."""
    return {rule for nodes in modules.values() for rule in rules_of(nodes)} | set(rule_names())


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    """The page that explains the families."""
    return (project / "docs" / "errors.md").read_text(encoding="utf-8")


def test_every_problem_is_of_a_family(modules: dict[Path, Nodes]) -> None:
    assert {str(file): lines for file, nodes in modules.items() if (lines := calls_without_rule(nodes))} == {}


def test_every_family_has_a_section_and_every_section_a_family(rules: set[str], page: str) -> None:
    sections = re.findall(r"^### `([^`]+)`$", page, re.MULTILINE)
    assert sorted(sections) == sorted(rules)


def test_families_are_named_in_one_way(rules: set[str]) -> None:
    assert [rule for rule in sorted(rules) if not RULE.fullmatch(rule)] == []


def test_every_section_shows_an_answer_and_a_way_out(page: str) -> None:
    for section in re.split(r"^### ", page, flags=re.MULTILINE)[1:]:
        name = section.partition("\n")[0]
        body = section.split("\n## ")[0]
        assert "```text\n" in body, name
        assert re.search(r"^\s+→ ", body, re.MULTILINE) or "Way out:" in body, name


def test_every_promise_names_tests_that_there_are(project: Path) -> None:
    page = (project / "docs" / "promises.md").read_text(encoding="utf-8")
    rows = [row.split(" | ")[1] for row in page.splitlines() if row.startswith("| ") and row.count(" | ") == 1][1:]
    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`([^`]+)`", row)
        files = [name for name in named if name.endswith(".py")]
        assert files, row
        text = "".join((project / "tests" / file).read_text(encoding="utf-8") for file in files)
        for name in named:
            assert name in files or name == "make soak" or f"def {name}(" in text, name
    readme = (project / "README.md").read_text(encoding="utf-8")
    assert "(docs/promises.md)" in readme


def test_the_page_of_lint_lists_every_rule_with_its_reason(project: Path) -> None:
    page = (project / "docs" / "lint.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[`([^`]+)`\]\(errors\.md#([^)]+)\) \| (.*) \|$", page, re.MULTILINE)
    rules = modules_of((*OF_CONFIG, *OF_DATA, *OF_RUNS))
    assert {name: why for name, _, why in rows} == {name: explanation(rule) for name, rule in rules.items()}
    assert all(name == anchor for name, anchor, _ in rows)
