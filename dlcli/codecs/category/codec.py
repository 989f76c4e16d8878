"""Categories as features: one in a row, or sequences of them that are padded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlcli.codecs.category.categories import CategoryCodec
from dlcli.codecs.category.sequence import CategorySequenceCodec
from dlcli.data.columns.codec import Codec
from dlcli.data.columns.names import text_name
from dlcli.data.values.padding import Padding
from dlcli.errors import ConfigError, Problem

if TYPE_CHECKING:
    from dlcli.codecs.category.schema import CategoryFeature

__all__ = ["CODEC", "CategoryCodec", "CategorySequenceCodec", "build"]


class _AnyCategoryCodec(CategoryCodec):
    """Whichever of the two a state is of."""

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Any:
        """The codec whose `state` this is."""
        return (CategorySequenceCodec if "pad" in state else CategoryCodec).from_state(state)


def build(feature: CategoryFeature, columns: Sequence[str], *, seed: int) -> CategoryCodec | CategorySequenceCodec:
    """The codec that a config asks for.

    Raises:
        ConfigError: The options contradict one another.
    """
    problems = []
    if feature.categories is not None:
        names = list(map(text_name, feature.categories))
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            listed = ", ".join(map(repr, repeated))
            problems.append(
                Problem(f"`categories` lists {listed} more than once", hint="name each once", rule="listed-twice")
            )
        if feature.max_categories is not None:
            problems.append(
                Problem(
                    "`categories` and `max_categories` exclude each other",
                    hint="leave one of them out",
                    rule="conflicting-options",
                )
            )
    if feature.max_categories is not None and feature.unknown == "error":
        problems.append(
            Problem(
                "`max_categories` makes rare values unknown, which `unknown: error` refuses",
                hint="say `unknown: bucket`, or leave `max_categories` out",
                rule="conflicting-options",
            )
        )
    if feature.separator is not None and feature.pad is None:
        message = "`separator` is for sequences"
        problems.append(Problem(message, hint="say `pad: auto`, or leave it out", rule="conflicting-options"))
    if problems:
        raise ConfigError(problems)
    # In a sequence a vector of zeros is what was filled up, and no unknown value.
    encode = "one_hot" if feature.encode in ("auto", "marks") and feature.pad is not None else feature.encode
    values = CategoryCodec(
        columns,
        encode=encode if isinstance(encode, str) else "index",
        embedding=None if isinstance(encode, str) else encode.embedding,
        deviation=None if isinstance(encode, str) else encode.deviation,
        scale=feature.scale if feature.pad is None else "none",
        unknown=feature.unknown,
        missing=feature.missing,
        max_categories=feature.max_categories,
        categories=feature.categories,
    )
    if feature.pad is None:
        return values
    return CategorySequenceCodec(
        columns,
        padding=Padding(feature.pad.steps, feature.pad.side, feature.pad.cut),
        mask=feature.pad.mask,
        values=values,
        separator=feature.separator,
        empty=feature.missing != "error",
    )


CODEC: type[Codec] = _AnyCategoryCodec
