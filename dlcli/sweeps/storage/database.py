"""A database as the study, for machines that share no folder. Optuna keeps the trials in it; two tables are ours.

A lock of a file ends with its process, a row of a table does not. So whoever holds one counts it up every few seconds,
and a row that has stood still for a minute, by the clock of whoever looks at it, is a dead process's. No two machines'
clocks are compared. Who was thought dead and comes back finds that the trial is another's, and tells nothing of it.
"""

from __future__ import annotations

import contextlib
import os
import platform
import random
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy
from optuna.exceptions import StorageInternalError
from sqlalchemy import BigInteger, Column, Integer, String, Table, Text
from sqlalchemy.exc import DBAPIError, IntegrityError

from dlcli.errors import DlcliError, Problem
from dlcli.runs.holder import Holder, RunLock
from dlcli.sweeps.folder import SweepFolder
from dlcli.sweeps.storage.address import Address

__all__ = ["Database", "DatabaseBoard"]

BEAT_SECONDS = 10.0
"""Between two signs of life."""

GRACE_SECONDS = 60.0
"""Without one, and a process is held to be dead."""

PAUSE_SECONDS = 0.05

_METADATA = sqlalchemy.MetaData()

_LEASES = Table(
    "dlcli_leases",
    _METADATA,
    Column("study", String(255), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("host", String(255), nullable=False),
    Column("process", Integer, nullable=False),
    Column("beat", BigInteger, nullable=False),
)

_SWEEPS = Table(
    "dlcli_sweeps",
    _METADATA,
    Column("study", String(255), primary_key=True),
    Column("config", Text, nullable=False),
)


class Database:
    """Our tables of a database.

    Args:
        address: Where it is, and which sweep of it.

    Raises:
        DlcliError: It cannot be reached, or not be written.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._engine = address.engine()
        self._me, self._host = secrets.token_hex(16), _host()
        self._seen: dict[str, tuple[tuple[str, int], float]] = {}
        self._beating: threading.Thread | None = None
        with _reaching(address):
            _make_tables(self._engine)

    def sweeps(self) -> dict[str, str]:
        """The sweeps of the database: their configs, as they were given to `keep`, by name."""
        with _reaching(self.address), self._engine.connect() as connection:
            return {row.study: row.config for row in connection.execute(sqlalchemy.select(_SWEEPS))}

    def keep(self, config: str) -> None:
        """Write the config of the sweep, in place of what is there."""
        study = self.address.study
        with _reaching(self.address):
            try:
                with self._engine.begin() as connection:
                    connection.execute(sqlalchemy.insert(_SWEEPS).values(study=study, config=config))
            except IntegrityError:
                with self._engine.begin() as connection:
                    where = _SWEEPS.c.study == study
                    connection.execute(sqlalchemy.update(_SWEEPS).where(where).values(config=config))

    def take(self, name: str) -> bool:
        """Take a row at once; whether it is ours: nobody had it, or who had it is dead."""
        with self._engine.connect() as connection:
            row = connection.execute(sqlalchemy.select(_LEASES).where(*self._row(name))).one_or_none()
        if row is not None and not self._is_left(name, row):
            return False
        values = {"holder": self._me, "host": self._host, "process": os.getpid()}
        try:
            with self._engine.begin() as connection:
                if row is None:
                    own = {"study": self.address.study, "name": name, "beat": 0, **values}
                    connection.execute(sqlalchemy.insert(_LEASES).values(**own))
                    taken = True
                else:
                    as_seen = (_LEASES.c.holder == row.holder, _LEASES.c.beat == row.beat)
                    change = sqlalchemy.update(_LEASES).where(*self._row(name), *as_seen)
                    taken = connection.execute(change.values(beat=row.beat + 1, **values)).rowcount == 1
        except IntegrityError:  # another was faster
            return False
        if taken and self._beating is None:
            self._beating = threading.Thread(target=self._beat, name="sweep-leases", daemon=True)
            self._beating.start()
        return taken

    def release(self, name: str) -> None:
        """Let go of a row; nothing where it is not ours."""
        with self._engine.begin() as connection:
            own = sqlalchemy.delete(_LEASES).where(*self._row(name), _LEASES.c.holder == self._me)
            connection.execute(own)

    def holds(self, name: str) -> bool:
        """Whether a row is ours."""
        return self._holder(name) == self._me

    def is_taken(self, name: str) -> bool:
        """Whether a row is anybody's, alive or dead."""
        return self._holder(name) is not None

    def _holder(self, name: str) -> str | None:
        with self._engine.connect() as connection:
            asked = sqlalchemy.select(_LEASES.c.holder).where(*self._row(name))
            found: str | None = connection.execute(asked).scalar_one_or_none()
        return found

    def _row(self, name: str) -> tuple[Any, Any]:
        return _LEASES.c.study == self.address.study, _LEASES.c.name == name

    def _is_left(self, name: str, row: Any) -> bool:
        """Whether who holds a row is dead: seen at once on the same machine, elsewhere by that it stands still."""
        if row.host == self._host and Holder(platform.node(), row.process).is_over:
            return True
        sign, now = (row.holder, row.beat), time.monotonic()
        seen = self._seen.get(name)
        if seen is None or seen[0] != sign:
            self._seen[name] = (sign, now)
            return False
        return now - seen[1] > GRACE_SECONDS

    def _beat(self) -> None:
        """Count up the rows that are ours, as long as the process lives; a database that is away comes back."""
        while True:
            time.sleep(BEAT_SECONDS)
            with contextlib.suppress(DBAPIError), self._engine.begin() as connection:
                own = sqlalchemy.update(_LEASES).where(_LEASES.c.holder == self._me)
                connection.execute(own.values(beat=_LEASES.c.beat + 1))


class DatabaseBoard:
    """A database as `Board`. What is in the folder of this machine is held by the locks of its files too.

    Args:
        folder: That of this machine.
        database: With the name of the sweep.
    """

    def __init__(self, folder: SweepFolder, database: Database) -> None:
        self._folder, self._database = folder, database

    def storage(self) -> Any:
        """See `Board`."""
        from optuna.storages import RDBStorage

        address = self._database.address
        return RDBStorage(address.url, engine_kwargs=address.options())

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """See `Board`."""
        with _reaching(self._database.address):
            while not self._database.take("study"):
                time.sleep(random.uniform(0.5, 1.5) * PAUSE_SECONDS)
            try:
                yield
            finally:
                self._database.release("study")

    def lease(self, number: int) -> _Lease:
        """See `Board`."""
        return _Lease(self._folder.lease(number), self._database, self._folder.member(number))

    def was_left(self, number: int) -> bool:
        """See `Board`; of any machine: who gives a trial back takes its row away, and who dies does not."""
        with self.reaching():
            return self._database.is_taken(self._folder.member(number))

    def holds(self, number: int) -> bool:
        """See `Board`."""
        with self.reaching():
            return self._database.holds(self._folder.member(number))

    def reaching(self) -> contextlib.AbstractContextManager[None]:
        """See `Board`."""
        return _reaching(self._database.address)


class _Lease:
    """The lock of a trial: a row, and a file where its directory is."""

    def __init__(self, file: RunLock, database: Database, name: str) -> None:
        self._file, self._database, self._name = file, database, name

    def take(self) -> bool:
        """See `Lease`."""
        if not self._file.take():
            return False
        if self._database.take(self._name):
            return True
        self._file.release(remove=True)
        return False

    def release(self, *, remove: bool = False) -> None:
        """See `Lease`."""
        self._file.release(remove=remove)
        with _reaching(self._database.address):
            self._database.release(self._name)


def _host() -> str:
    """This machine, as far as it sees its own processes: containers may have the same name."""
    space = ""
    with contextlib.suppress(OSError):
        space = os.readlink("/proc/self/ns/pid")
    return f"{platform.node()} {space}"[:255]


def _make_tables(engine: Any) -> None:
    try:
        _METADATA.create_all(engine)
    except DBAPIError:  # another makes them at the same moment
        time.sleep(PAUSE_SECONDS)
        _METADATA.create_all(engine)


@contextlib.contextmanager
def _reaching(address: Address) -> Iterator[None]:
    """What the database refuses is told of its address, without the password."""
    try:
        yield
    except (DBAPIError, StorageInternalError) as error:
        cause = error if isinstance(error, DBAPIError) else error.__cause__
        said = " ".join(str(getattr(cause, "orig", None) or cause or error).split())[:300]
        message = f"the database {address} cannot be used: {said}"
        hint = "see that it is there and may be written; the same command goes on"
        raise DlcliError(Problem(message, hint=hint, rule="sweep-storage")) from error
