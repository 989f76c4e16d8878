"""From the config's feature types to codecs: the one place where codecs and config meet."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from typing import assert_never

from dlcli.codecs.boolean.codec import BooleanCodec
from dlcli.codecs.category.codec import CategoryCodec
from dlcli.codecs.datetime.codec import DatetimeCodec
from dlcli.codecs.number.codec import NumberCodec
from dlcli.codecs.text.codec import TextCodec
from dlcli.config.schema.features import (
    BooleanFeature,
    CategoryFeature,
    DatetimeFeature,
    Divide,
    EmbeddingEncoding,
    Feature,
    NumberFeature,
    SequenceEncoding,
    TextFeature,
)
from dlcli.data.columns.codec import Codec
from dlcli.data.columns.globs import expand_columns
from dlcli.data.columns.names import text_name
from dlcli.errors import ConfigError, Problem

__all__ = ["CODECS", "build_codec", "one_column"]

CODECS: dict[str, type[Codec]] = {
    codec.type: codec for codec in (NumberCodec, CategoryCodec, BooleanCodec, DatetimeCodec, TextCodec)
}
"""The codec of each feature type, by the type's name in the config."""


def build_codec(name: str, feature: Feature, *, available: Sequence[str], seed: int = 0) -> Codec:
    """The codec of a feature, not fitted yet.

    Args:
        name: The feature's name: its column, when it names none.
        feature: Its type and options.
        available: The columns of the data.
        seed: Of samples that statistics are taken from.

    Raises:
        ConfigError: A column is not there, or the options contradict one another. The problems have no path.
    """
    columns = expand_columns(feature.columns or [name], available)
    if not isinstance(feature, NumberFeature):
        one_column(feature.type, columns)
    match feature:
        case NumberFeature():
            return _number(feature, columns, seed)
        case CategoryFeature():
            return _category(feature, columns)
        case BooleanFeature():
            return BooleanCodec(columns, missing=feature.missing)
        case DatetimeFeature():
            _check_format(feature.format)
            return DatetimeCodec(
                columns, format=feature.format, parts=feature.parts, missing=feature.missing, seed=seed
            )
        case TextFeature():
            encode = feature.encode
            return TextCodec(
                columns,
                encode="sequence" if isinstance(encode, SequenceEncoding) else encode,
                length=encode.sequence if isinstance(encode, SequenceEncoding) else None,
                max_tokens=feature.max_tokens,
                missing=feature.missing,
            )
        case _:
            assert_never(feature)


def one_column(kind: str, columns: Sequence[str]) -> None:
    """Refuse several columns where the type takes one.

    Raises:
        ConfigError: There are several.
    """
    if len(columns) != 1:
        listed = ", ".join(columns[:5]) + (f" and {len(columns) - 5} more" if len(columns) > 5 else "")
        raise ConfigError(
            Problem(
                f"`type: {kind}` takes one column, got {len(columns)}: {listed}",
                hint="give each column an entry of its own",
                rule="too-many-columns",
            )
        )


def _number(feature: NumberFeature, columns: tuple[str, ...], seed: int) -> NumberCodec:
    if feature.shape is not None and len(columns) > 1 and math.prod(feature.shape) != len(columns):
        raise ConfigError(
            Problem(
                f"shape {feature.shape} has {math.prod(feature.shape)} numbers, got {len(columns)} columns",
                hint="the product of the shape is the number of columns",
                rule="array-shape",
            )
        )
    scale = feature.scale.divide if isinstance(feature.scale, Divide) else feature.scale
    missing = "mean" if feature.missing == "auto" else feature.missing
    return NumberCodec(columns, shape=feature.shape, scale=scale, missing=missing, seed=seed)


def _category(feature: CategoryFeature, columns: tuple[str, ...]) -> CategoryCodec:
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
    if problems:
        raise ConfigError(problems)
    encode = feature.encode
    embedding = encode.embedding if isinstance(encode, EmbeddingEncoding) else None
    return CategoryCodec(
        columns,
        encode="index" if isinstance(encode, EmbeddingEncoding) else encode,
        embedding=embedding,
        unknown=feature.unknown,
        missing=feature.missing,
        max_categories=feature.max_categories,
        categories=feature.categories,
    )


def _check_format(format: str | None) -> None:
    """Whether strptime knows the format, tried on an instant written in it."""
    if format is None:
        return
    moment = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
    try:
        datetime.datetime.strptime(moment.strftime(format), format)
    except ValueError as error:
        raise ConfigError(
            Problem(
                f"{format!r} is not a strptime format: {error}",
                hint="such as %d.%m.%Y or %Y-%m-%d %H:%M:%S",
                rule="invalid-format",
            )
        ) from None
