"""A job of several trainings: what is to be trained, and what the trainings are to each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dlcli.config.inspection.inspection import CheckedConfig, Inspection
from dlcli.config.schema import Config, FoldEnsemble
from dlcli.jobs.several.members import Member, ensemble_members, fold_members
from dlcli.runs.members import Kind

__all__ = ["SeveralJob", "cross_validation_job", "ensemble_job"]


@dataclasses.dataclass(frozen=True)
class SeveralJob:
    """What is to be trained.

    Args:
        inspection: Knows the lines of the config.
        checked: The config of the whole, checked.
        kind: What the members are to each other.
        members: In their order.
        facts: What the record says beside: how many folds.
        ensemble: What the config of the whole says of the folds, where it does.
        allowed: Whether what the config says may reach beyond the folder; a folder that goes on may be a stranger's.
    """

    inspection: Inspection
    checked: CheckedConfig
    kind: Kind
    members: tuple[Member, ...]
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    ensemble: FoldEnsemble | None = None
    allowed: bool = True

    @property
    def config(self) -> Config:
        """The config of the whole, from which it can be trained again: of all folds, and not of the first."""
        config, document = self.checked.config, self.inspection.document.value
        if config.data.fold is None:
            return config
        said = document["data"].get("validation")
        fraction = float(said) if isinstance(said, (int, float)) else None
        data = config.data.model_copy(update={"fold": None, "validation": fraction})
        return config.model_copy(update={"data": data, "ensemble": self.ensemble})

    def checked_of(self, member: Member) -> CheckedConfig:
        """The config of a member, which is checked as the whole is."""
        return dataclasses.replace(self.checked, config=member.config)


def ensemble_job(inspection: Inspection, checked: CheckedConfig) -> SeveralJob:
    """The job of a config with `ensemble`."""
    return SeveralJob(inspection, checked, "ensemble", ensemble_members(checked.config))


def cross_validation_job(
    inspection: Inspection, checked: CheckedConfig, folds: int, repeats: int, *, asked_by_config: bool = False
) -> SeveralJob:
    """The job of a config with a `fold`, for each of so many, which its `ensemble` may have asked for."""
    ensemble = FoldEnsemble(folds=folds) if asked_by_config and repeats == 1 else None
    facts = {"folds": {"of": folds, "repeats": repeats}}
    members = fold_members(checked.config, folds, repeats)
    return SeveralJob(inspection, checked, "cross_validation", members, facts, ensemble)
