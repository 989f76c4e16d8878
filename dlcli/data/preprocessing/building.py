"""From the types of a config to codecs, each made by the folder of its type."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol, cast

from dlcli.config.options.feature import Feature, Target
from dlcli.config.options.types import part
from dlcli.data.columns.codec import Codec
from dlcli.data.columns.globs import expand_columns
from dlcli.data.columns.target_codec import TargetCodec
from dlcli.errors import ConfigError, Problem, first_of

__all__ = ["build_codec", "build_target", "codec_class", "target_codec_class"]


class _CodecModule(Protocol):
    """`dlcli/codecs/<type>/codec.py`"""

    CODEC: type[Codec]

    def build(self, feature: Any, columns: Sequence[str], *, seed: int) -> Codec:
        """The codec for the type's own options."""


class _TargetModule(Protocol):
    """`dlcli/codecs/<type>/target.py`"""

    CODEC: type[TargetCodec]

    def build(self, name: str, target: Any, columns: Sequence[str], *, texts: bool, scalable: bool) -> TargetCodec:
        """The codec for the type's own options."""

    def build_of(self, name: str, target: Any, features: Mapping[str, Codec]) -> TargetCodec:
        """Of a type whose targets are features: their codec, for the type's own options."""


def codec_class(name: str) -> type[Codec]:
    """The codec of a feature type.

    Raises:
        KeyError: There is no such type.
    """
    return _features(name).CODEC


def target_codec_class(name: str) -> type[TargetCodec]:
    """The codec of a target type.

    Raises:
        KeyError: There is no such type.
    """
    return _targets(name).CODEC


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
    return _features(feature.type).build(feature, _columns(name, feature, available), seed=seed)


def build_target(
    name: str,
    target: Target,
    *,
    available: Sequence[str],
    texts: Collection[str] = (),
    scalable: bool = True,
    features: Mapping[str, Codec] | None = None,
) -> TargetCodec:
    """The codec of a target, not fitted yet.

    Args:
        name: The target's name: its column, when it names none.
        target: Its type and options.
        available: The columns of the data.
        texts: Those that the data says to be of texts.
        scalable: Whether numbers may be scaled when the config does not say.
        features: The codecs of the features, which may be the target.

    Raises:
        ConfigError: A column is not there, or the options are wrong. The problems have no path.
    """
    if target.of_features:
        return _targets(target.type).build_of(name, target, features or {})
    columns = _columns(name, target, available)
    return _targets(target.type).build(name, target, columns, texts=columns[0] in texts, scalable=scalable)


def _features(name: str) -> _CodecModule:
    return cast(_CodecModule, _known(name, "codec"))


def _targets(name: str) -> _TargetModule:
    return cast(_TargetModule, _known(name, "target"))


def _known(name: str, module: str) -> object:
    found = part(name, module)
    if found is None:
        raise KeyError(name)
    return found


def _columns(name: str, entry: Feature | Target, available: Sequence[str]) -> tuple[str, ...]:
    columns = expand_columns(entry.columns or [name], available)
    if len(columns) != 1 and not entry.several:
        raise ConfigError(
            Problem(
                f"`type: {entry.type}` takes one column, got {len(columns)}: {first_of(columns, 5)}",
                hint="give each column an entry of its own",
                rule="too-many-columns",
            )
        )
    return columns
