"""The options that say how files of text are read, for every command that takes such files."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer

if TYPE_CHECKING:
    from dlcli.data.sources.options import Reading

__all__ = ["with_reading"]


def read_as(
    delimiter: Annotated[
        str | None,
        typer.Option(
            "--delimiter",
            metavar="CHAR",
            help="Of text: what is between the cells, or blanks for runs of them; else found from the first rows.",
            show_default=False,
        ),
    ] = None,
    header: Annotated[
        bool | None,
        typer.Option(
            "--header/--no-header",
            help="Of text: whether the first row holds the names; else found from the first rows.",
            show_default=False,
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding",
            metavar="NAME",
            help="Of text: its encoding, such as latin-1; else found from the first bytes.",
            show_default=False,
        ),
    ] = None,
    decimal: Annotated[
        Literal[".", ","] | None,
        typer.Option(
            "--decimal",
            metavar="CHAR",
            help="Of text: what is before the fraction of a number; else found from the first rows.",
            show_default=False,
        ),
    ] = None,
    thousands: Annotated[
        Literal[",", ".", " ", "'", "_"] | None,
        typer.Option(
            "--thousands",
            metavar="CHAR",
            help="Of text: what is between the thousands of a number.",
            show_default=False,
        ),
    ] = None,
    comment: Annotated[
        str | None,
        typer.Option(
            "--comment", metavar="TEXT", help="Of text: rows that begin with this are none.", show_default=False
        ),
    ] = None,
    missing: Annotated[
        list[str] | None,
        typer.Option(
            "--missing",
            metavar="TEXT",
            help="A cell that counts as empty beside the known ones, such as ?. Repeatable.",
            show_default=False,
        ),
    ] = None,
) -> Reading:
    """How the files are to be read; what is None is found out from them."""
    from dlcli.data.sources.options import Reading

    return Reading(
        delimiter=delimiter,
        header=header,
        encoding=encoding,
        decimal=decimal,
        thousands=thousands,
        comment=comment,
        missing_values=tuple(missing or ()),
    )


def with_reading(command: Callable[..., None]) -> Callable[..., None]:
    """A command with these options where it has its parameter `reading`, which it is called with.

    Args:
        command: A function for Typer, which reads its options from the signature.
    """
    options = _parameters(read_as)

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        command(reading=read_as(**{option.name: arguments.pop(option.name) for option in options}), **arguments)

    parameters = []
    for parameter in _parameters(command):
        parameters += options if parameter.name == "reading" else [parameter]
    signature = inspect.Signature([each.replace(kind=each.KEYWORD_ONLY) for each in parameters])
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """With their types; the reading's own is not imported before it is made."""
    types = get_type_hints(function, localns={"Reading": object}, include_extras=True)
    return [each.replace(annotation=types[each.name]) for each in inspect.signature(function).parameters.values()]
