"""What processes share that search together: Optuna's storage, a lock of the study, and a lock of each trial."""

from __future__ import annotations

import contextlib
from typing import Any, Protocol

from dlcli.runs.holder import RunLock
from dlcli.sweeps.folder import SweepFolder

__all__ = ["Board", "FolderBoard", "Lease"]


class Lease(Protocol):
    """The lock of a trial."""

    def take(self) -> bool:
        """Take it at once; whether it is ours."""

    def release(self, *, remove: bool = False) -> None:
        """Let go of it; nothing where it is not ours."""


class Board(Protocol):
    """Where a study is kept."""

    def storage(self) -> Any:
        """Optuna's storage."""

    def exclusive(self) -> contextlib.AbstractContextManager[None]:
        """Be the only process that looks at the study and changes it."""

    def lease(self, number: int) -> Lease:
        """The lock of a trial."""

    def was_left(self, number: int) -> bool:
        """Whether a process holds the lock of a trial, or has died with it: it took no leave."""

    def holds(self, number: int) -> bool:
        """Whether a trial whose lock was taken is still ours."""

    def reaching(self) -> contextlib.AbstractContextManager[None]:
        """Where something is read or told without the lock: what goes wrong there is a `DlcliError`."""


class FolderBoard:
    """The folder of the sweep: a file of Optuna's, and locks of the system.

    Args:
        folder: The sweep.
    """

    def __init__(self, folder: SweepFolder) -> None:
        self._folder = folder

    def storage(self) -> Any:
        """See `Board`."""
        from optuna.storages import JournalStorage

        from dlcli.sweeps.storage.journal import Journal

        return JournalStorage(Journal(self._folder))

    def exclusive(self) -> contextlib.AbstractContextManager[None]:
        """See `Board`."""
        return self._folder.exclusive()

    def lease(self, number: int) -> RunLock:
        """See `Board`."""
        return self._folder.lease(number)

    def was_left(self, number: int) -> bool:
        """See `Board`."""
        return self._folder.lease(number).path.is_file()

    def holds(self, number: int) -> bool:
        """Always: the system takes no lock away from a process that lives."""
        return True

    def reaching(self) -> contextlib.AbstractContextManager[None]:
        """See `Board`."""
        return contextlib.nullcontext()
