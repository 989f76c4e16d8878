"""Warnings about classic mistakes: a config that would train, and learn nothing or the wrong thing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from dlcli.config.lint.output import Known, outputs_of
from dlcli.config.lint.rules import OF_CONFIG, modules_of, rule_names
from dlcli.config.schema import Config
from dlcli.config.schema.config import LintConfig
from dlcli.config.signature import TargetSpec
from dlcli.errors import Problem

__all__ = ["Judged", "judge", "lint"]


@dataclasses.dataclass(frozen=True)
class Judged:
    """Findings, as the `lint` section wants them.

    Args:
        warnings: All that are not to be ignored.
        faults: Those of them that are to be faults.
    """

    warnings: tuple[Problem, ...] = ()
    faults: tuple[Problem, ...] = ()


def lint(config: Config, targets: Sequence[TargetSpec] | None = None, *, known: Known | None = None) -> Judged:
    """The findings about a valid config.

    Args:
        config: The config.
        targets: The targets, once the data has been read.
        known: What else it has shown; the targets among it.
    """
    known = known or Known(tuple(targets or ()))
    found: dict[tuple[str, str], Problem] = {}
    for output in outputs_of(config, known):
        for name, rule in modules_of(OF_CONFIG).items():
            for each in rule.find(config, output):
                found[name, each.path] = Problem(each.message, path=each.path, hint=each.hint, rule=name)
    return judge(found.values(), config.lint)


def judge(problems: Iterable[Problem], config: LintConfig) -> Judged:
    """Take the findings as the `lint` section wants them: told, ignored, or as faults.

    Args:
        problems: Findings of lint. Others among them are told of in any case.
        config: The section.
    """
    warnings, faults = [], []
    for problem in problems:
        if problem.rule not in rule_names():
            warnings.append(problem)
            continue
        level = config.level(problem.rule)
        if level == "ignore":
            continue
        if level == "warn":
            silence = f"to silence: lint: {{ignore: [{problem.rule}]}}"
            problem = dataclasses.replace(problem, hint=f"{problem.hint}; {silence}")
        else:
            faults.append(problem)
        warnings.append(problem)
    return Judged(tuple(warnings), tuple(faults))
