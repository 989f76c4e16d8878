"""The only printer: results to stdout, everything else to stderr, and one renderer for all problems."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from dlcli.errors import DataError, Problem
from dlcli.files.visible import visible, visible_json, visible_lines

__all__ = ["Console"]


class Console:
    """Where a command's words go.

    Args:
        json_only: stdout carries one JSON document and nothing else.
        quiet: stderr carries warnings and errors alone.

    Widths: on a terminal tables follow it; in a pipe lines are not wrapped, so that `grep` finds them whole.
    """

    def __init__(self, *, json_only: bool = False, quiet: bool = False) -> None:
        self.json_only = json_only
        self.quiet = quiet
        self.out = _rich(stderr=False)
        self.err = _rich(stderr=True)

    @property
    def live(self) -> bool:
        """Whether a progress display can be drawn."""
        return self.err.is_terminal and not self.quiet

    def json(self, value: Any) -> None:
        """A JSON document on stdout; what JSON cannot hold (NaN) is null."""
        self.document(visible_json(json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)))

    def document(self, text: str) -> None:
        """A text on stdout, as it is."""
        # A byte of a file's name that is no UTF-8 is a surrogate here, and `\\udcff` in JSON.
        with _writing_results():
            sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")
            sys.stdout.flush()

    def status(self, words: str) -> contextlib.AbstractContextManager[object]:
        """A spinner with words while something takes a moment; nothing where no display can be drawn."""
        return self.err.status(words) if self.live else contextlib.nullcontext()

    def result(self, *parts: Any) -> None:
        """A line, text or table on stdout; nothing when stdout is JSON alone."""
        if not self.json_only:
            with _writing_results():
                for part in parts:
                    self.out.print(part, highlight=False)

    def note(self, part: Any = "") -> None:
        """Information on stderr."""
        if not self.quiet:
            self.err.print(part, highlight=False)

    def warn(self, problem: Problem) -> None:
        """A warning on stderr."""
        self.err.print(self._problem(problem, sign="!", style="yellow"), highlight=False)

    def error(self, message: str) -> None:
        """One line on stderr that is no `Problem`."""
        self.err.print(Text(visible(message), style="red"), highlight=False)

    def problems(self, problems: Sequence[Problem]) -> None:
        """Every problem of a failed command, to stderr, or to stdout as JSON."""
        if self.json_only:
            self.json({"status": "error", "problems": [problem_json(problem) for problem in problems]})
            return
        for problem in problems:
            self.err.print(self._problem(problem, sign="✗", style="red"), highlight=False)
        if len(problems) > 1:
            self.err.print(Text(counted(len(problems), "problem"), style="bold red"), highlight=False)

    def _problem(self, problem: Problem, *, sign: str, style: str) -> Text:
        text = Text(f"{sign if self._unicode else '*'} ", style=style)
        place = dataclasses.replace(problem, file=_short(problem.file)).place
        where = " ".join(part for part in (place, problem.path) if part)
        if where:
            text.append(visible(where), style="bold").append("\n  ")
        text.append(visible(problem.message), style="" if where else style)
        if problem.hint:
            text.append("\n  ").append(f"{'→' if self._unicode else '->'} {visible(problem.hint)}", style="cyan")
        return text

    @property
    def _unicode(self) -> bool:
        return (self.err.encoding or "").lower().startswith("utf")

    def table(self, columns: Iterable[str], rows: Iterable[Sequence[Any]], *, title: str = "", left: int = 1) -> Table:
        """A plain table: the first `left` columns are text, the others numbers."""
        table = Table(
            title=Text(title) if title else None, title_justify="left", box=None, pad_edge=False, header_style="bold"
        )
        for index, column in enumerate(columns):
            table.add_column(Text(visible(column)), justify="left" if index < left else "right", overflow="fold")
        for row in rows:
            table.add_row(*(Text(visible(cell if isinstance(cell, str) else number(cell))) for cell in row))
        return table


def counted(count: int, noun: str, many: str | None = None) -> str:
    """A number with its noun.

    Args:
        count: The number.
        noun: Of one.
        many: Of several; the noun with an s when None.

    Example:
        >>> counted(1, "update"), counted(1200, "update"), counted(0, "entry", "entries")
        ('1 update', '1,200 updates', '0 entries')
    """
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def number(value: Any) -> str:
    """A number as people read it: thousands with commas, measures with four significant digits.

    Example:
        >>> number(1234567), number(0.96666667), number(None)
        ('1,234,567', '0.9667', '')
    """
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e7):
            return f"{value:.3e}"
        return f"{value:,.4f}" if abs(value) < 1000 else f"{value:,.1f}"
    return str(value)


def size(count: float) -> str:
    """Bytes for a person.

    Example:
        >>> size(812), size(25_300_000)
        ('812 B', '25 MB')
    """
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def metrics_line(metrics: Mapping[str, float]) -> str:
    """Metrics in one line: `loss 0.1234  accuracy 0.9667`."""
    return "  ".join(f"{name} {number(value)}" for name, value in loss_first(metrics).items())


def loss_first(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics with the loss before the others, where people look for it; Keras sorts by name."""
    return dict(sorted(metrics.items(), key=lambda item: (item[0].startswith("val_"), not item[0].endswith("loss"))))


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem for programs; the keys that are not known are null."""
    return {
        "rule": problem.rule,
        "message": problem.message,
        "hint": problem.hint or None,
        "path": problem.path or None,
        "file": str(problem.file) if problem.file else None,
        "line": problem.line,
        "column": problem.column,
    }


@contextlib.contextmanager
def _writing_results() -> Iterator[None]:
    """Results that cannot be written are a fault, unless nobody reads them any more.

    Raises:
        DataError: They go to a file on a full disk, for instance.
        BrokenPipeError: Nobody reads them.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        with contextlib.suppress(OSError, ValueError):  # Python flushes once more when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        message = f"cannot write standard output: {error.strerror or error}"
        raise DataError(Problem(message, hint="send it to a file that can be written", rule="not-writable")) from error


class _Stream(RichConsole):
    """A stream whose reader may go away: Rich would end the program, in the middle of a training too.

    Texts are what they say: no markup, no names of emoji, and no control sequences but Rich's own.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """As Rich does, whatever the text came from."""
        for segment in super().render(renderable, options):
            shown = segment.text if segment.control else visible_lines(segment.text)
            yield segment if shown is segment.text else Segment(shown, segment.style)

    def on_broken_pipe(self) -> None:
        """Results that nobody reads end the command; words that nobody reads are dropped."""
        if not self.stderr:
            raise BrokenPipeError


def _rich(*, stderr: bool) -> RichConsole:
    console = _Stream(stderr=stderr, soft_wrap=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = _Stream(stderr=stderr, width=10_000, soft_wrap=True, markup=False, emoji=False)
    return console


def _short(file: Path | str | None) -> Path | str | None:
    """The file relative to where the user stands, when it is below; a label such as `--set a=b` as it is."""
    if not isinstance(file, Path) or not file.is_absolute():
        return file
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


def _plain(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
