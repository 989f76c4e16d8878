"""What Keras's docstrings say about arguments: one line of text, and a type where the text leaves no doubt."""

from __future__ import annotations

import dataclasses
import inspect
import re

__all__ = ["ArgumentText", "argument_text", "argument_texts", "first_sentence"]

_SECTION = re.compile(r"^([ \t]*)(?:Args|Arguments):[ \t]*$", re.MULTILINE)
_ARGUMENT = re.compile(r"^\*{0,2}(\w+(?:\s*,\s*\w+)*)\s*(?:\([^)]*\))?\s*:(.*)$")
_SENTENCE_END = re.compile(r"(?<!e\.g)(?<!i\.e)(?<!vs)[.;]\s+(?=[A-Z`\"'{(0-9-])")
_TYPE_FIRST = re.compile(
    r"^\(?(optional|defaults?|an?|python|positive|int|integer|float|floating|bool|boolean|str|string)\b", re.I
)
_SHORT = 45
_MAX_LENGTH = 240

# A word in quotes of any kind; Keras writes "same", `"same"`, 'same', `same` and, by mistake, "same`".
_WORD = r"[`\"']+(\w+)[`\"']+"
_WORDS = rf"(?:{_WORD}|`?None`?)(?:\s*\(default\))?"
_LIST = rf"[({{`]*\s*{_WORDS}(?:\s*(?:,\s*(?:or|and)\s+|,|\bor\b|\band\b)\s*{_WORDS})+"
_CHOICES = re.compile(
    rf"(?:^|\bstring,?\s|\beither\s|\bone of:?\s|\bcan be\s|\bvalues are\s|\bvalues can be\s|\bvalues:\s"
    rf"|\bsupports\s|\boptions are\s|\bmethods are\s)(?P<list>{_LIST})(?P<rest>.{{0,30}})",
    re.IGNORECASE,
)
_OPEN_END = re.compile(r"^[\s,`})\"']*(?:or|and)\b|^[\s,]*(?:int|integer|callable|float)", re.IGNORECASE)

# What may stand before the type: (Optional), Unset by default., Defaults to `0.5`.
_LEAD = re.compile(r"^(?:\(optional\)|optional[.,]?|unset by default\.|defaults? to `?[\w.\-]+`?\.|an?\b|\s+)*", re.I)
_SEVERAL = re.compile(
    r"\b(tuple|list|array|dict|dictionary|callable that|function)\b|/"
    r"|\bor (an?\s+)?(int|integer|float|str|string|bool|boolean|path|`?\"|`?pathlib|`?PathLike)",
    re.I,
)
_TYPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("positive_integer", re.compile(r"positive int(?:eger)?\b", re.I)),
    ("fraction", re.compile(r"float (?:between 0 and 1|in (?:the )?(?:range )?`?[\[(]0, ?1[\])])", re.I)),
    ("number", re.compile(r"(?:positive |python )*float\b|floating[- ]point value|python (?:number|scalar)\b", re.I)),
    ("integer", re.compile(r"(?:python )?int(?:eger)?\b|(?:the |maximum )*(?:number|size) of\b", re.I)),
    ("boolean", re.compile(r"bool(?:ean)?\b|whether\b|if `?true`?,", re.I)),
    ("string", re.compile(r"(?:string|str)\b", re.I)),
)


@dataclasses.dataclass(frozen=True)
class ArgumentText:
    """What a docstring says about one argument.

    Args:
        doc: The first sentence.
        type: `positive_integer`, `integer`, `number`, `fraction`, `boolean`, `string`, or None when the text
            does not settle it.
        choices: The allowed values (None among them where the text lists it), empty when not listed.
        none: The text mentions None as a value.
    """

    doc: str
    type: str | None
    choices: tuple[str | None, ...]
    none: bool


def argument_texts(docstring: str | None) -> dict[str, ArgumentText]:
    """Read the `Args:` section.

    Example:
        >>> texts = argument_texts("A layer.\\n\\nArgs:\\n    units: Positive integer, the width.\\n")
        >>> texts["units"].type
        'positive_integer'
    """
    return {name: argument_text(text) for name, text in _sections(inspect.cleandoc(docstring or "")).items()}


def first_sentence(text: str) -> str:
    """The first sentence of a text on one line; two when the first says little more than a type: `Float.`."""
    line = " ".join(text.split())
    sentences = _SENTENCE_END.split(line)
    sentence = sentences[0]
    if len(sentences) > 1 and len(sentence) < _SHORT and _TYPE_FIRST.match(sentence):
        sentence = f"{sentence}. {sentences[1]}"
    sentence = re.split(r"\s+-\s+", sentence)[0].strip()
    if len(sentence) > _MAX_LENGTH:
        sentence = sentence[:_MAX_LENGTH].rsplit(" ", 1)[0] + " ..."
    return sentence if not sentence or sentence[-1] in ".:?!" else sentence + "."


def _sections(docstring: str) -> dict[str, str]:
    start = _SECTION.search(docstring)
    if start is None:
        return {}
    texts: dict[str, str] = {}
    names: list[str] = []
    indent: int | None = None
    for line in docstring[start.end() :].splitlines():
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        indent = depth if indent is None else indent
        if depth < indent or depth <= len(start.group(1)):
            break
        match = _ARGUMENT.match(line.strip()) if depth == indent else None
        if match:
            names = [name.strip() for name in match.group(1).split(",")]
            texts.update({name: match.group(2).strip() for name in names})
        else:
            texts.update({name: f"{texts[name]} {line.strip()}" for name in names})
    return texts


def argument_text(text: str) -> ArgumentText:
    """Read what is said about one argument."""
    line = " ".join(text.split())
    choices = _choices(line)
    return ArgumentText(
        doc=first_sentence(line),
        type="string" if choices else _type(line),
        choices=choices,
        none=bool(re.search(r"\bNone\b", line)),
    )


def _choices(line: str) -> tuple[str | None, ...]:
    match = _CHOICES.search(line[:400])
    if match is None or _OPEN_END.match(match.group("rest")):
        return ()
    if re.search(r"\bcallable\b|\barray_like\b", line[:400], re.I):
        return ()
    listed = match.group("list")
    values: list[str | None] = list(dict.fromkeys(re.findall(_WORD, listed)))
    if None not in values and re.search(r"\bNone\b", listed):
        values = [value for value in values if value != "None"] + [None]
    # A single word, or numbers in quotes, is an example and not an enumeration.
    return tuple(values) if len(values) > 1 else ()


def _type(line: str) -> str | None:
    text = _LEAD.sub("", line, count=1)
    head = _SENTENCE_END.split(text)[0][:120]
    if _SEVERAL.search(re.sub(r"or a constant float tensor(, or a callable that)?", "", head)):
        return None
    return next((name for name, pattern in _TYPES if pattern.match(text)), None)
