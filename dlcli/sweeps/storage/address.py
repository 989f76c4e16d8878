"""The address of a database: read, looked at before anything is loaded, and never shown with its password."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path
from typing import Any

from dlcli.errors import DlcliError, Problem

__all__ = ["STORAGE", "Address", "is_address"]

STORAGE = "DLCLI_STORAGE"
"""The environment variable that may hold the address, so that no password stands on a command line."""

DRIVERS = {"psycopg2": "psycopg2-binary", "psycopg": "psycopg[binary]", "MySQLdb": "mysqlclient"}
"""What a driver is called where it is installed from; others by their own name."""

MOST_LETTERS = 255
"""Of the name of a study."""


def is_address(text: str) -> bool:
    """Whether a text names a database, and no directory.

    Example:
        >>> is_address("sqlite:///sweep.db"), is_address("runs/sweep")
        (True, False)
    """
    return "://" in text


@dataclasses.dataclass(frozen=True, repr=False)
class Address:
    """A database, and the sweep in it.

    Args:
        url: SQLAlchemy's URL, with its password.
        study: The name of the sweep there; empty where it is the only one, or that of its config.
    """

    url: str
    study: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """An address as it is written, `#` and the name of the sweep behind it.

        Raises:
            DlcliError: It is no address, or what is needed for it is not installed.

        Example:
            >>> Address.parse("sqlite:////data/sweeps.db#iris").study
            'iris'
        """
        written, _, study = text.partition("#")
        if len(study) > MOST_LETTERS:
            raise _refusal(f"the name of a sweep in a database has at most {MOST_LETTERS} letters", "a shorter one")
        url = _parsed(written)
        if url.get_backend_name() == "sqlite":
            if url.database in (None, "", ":memory:"):
                message = "a database in memory ends with its process"
                raise _refusal(message, "name a file: sqlite:///sweeps.db")
            url = url.set(database=str(Path(url.database).absolute()))
        _require_driver(url)
        return cls(url.render_as_string(hide_password=False), study)

    @property
    def plain(self) -> str:
        """Without the password, which is written nowhere."""
        url = _parsed(self.url)._replace(password=None).render_as_string(hide_password=False)
        return f"{url}#{self.study}" if self.study else str(url)

    def __str__(self) -> str:
        return self.plain

    def named(self, study: str) -> Address:
        """The same database, and a sweep in it."""
        return dataclasses.replace(self, study=study)

    def engine(self) -> Any:
        """SQLAlchemy's engine. Processes that write to a file wait for each other."""
        import sqlalchemy

        return sqlalchemy.create_engine(self.url, **self.options())

    def options(self) -> dict[str, Any]:
        """What the engine is made with."""
        if _parsed(self.url).get_backend_name() == "sqlite":
            from sqlalchemy.pool import NullPool  # a file is opened in no time, and nobody is left with it open

            return {"connect_args": {"timeout": 60}, "poolclass": NullPool}
        return {"pool_pre_ping": True}


def _parsed(text: str) -> Any:
    if importlib.util.find_spec("sqlalchemy") is None:
        message = "a database needs SQLAlchemy, which is not installed"
        raise DlcliError(Problem(message, hint="pip install 'dlcli[sweep]'", rule="package-missing"))
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        hint = "sqlite:///FILE.db, or postgresql://USER@HOST/NAME"
        raise _refusal("the address of the database is none", hint) from None  # it may hold a password


def _require_driver(url: Any) -> None:
    """Make sure that the driver of a database is installed.

    Raises:
        DlcliError: It is not, or no such database is known.
    """
    from sqlalchemy.exc import NoSuchModuleError

    try:
        url.get_dialect().import_dbapi()
    except NoSuchModuleError:
        message = f"no database is known that is called {url.drivername!r}"
        raise _refusal(message, "sqlite, postgresql or mysql, as SQLAlchemy names them") from None
    except ImportError as error:
        name = (error.name or url.get_driver_name()).partition(".")[0]
        message = f"{url.drivername} needs {name}, which is not installed"
        hint = f"pip install '{DRIVERS.get(name, name)}'"
        raise DlcliError(Problem(message, hint=hint, rule="package-missing")) from None


def _refusal(message: str, hint: str) -> DlcliError:
    return DlcliError(Problem(message, hint=hint, rule="sweep-storage"))
