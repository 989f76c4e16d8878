"""What is said of a job is kept once, however many of its trainings say it, and is told each time."""

from __future__ import annotations

from dlcli.errors import Problem
from dlcli.jobs.findings import Findings
from dlcli.training.events import Event, Notice


def test_what_each_member_says_alike_is_kept_once() -> None:
    told: list[Event] = []
    findings = Findings(told.append)
    for member in range(3):
        findings(Notice(Problem("the column 'price' looks like money", path="data.features.price"), warning=True))
        findings(Notice(Problem(f"the loss of member {member} never fell"), warning=True))
    kept = [each["message"] for each in findings.document()]
    assert kept == ["the column 'price' looks like money", *(f"the loss of member {at} never fell" for at in range(3))]
    assert len(told) == 6
