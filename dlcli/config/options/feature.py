"""What every type of features and of targets says of itself to the config language.

A type is a class of its own in `dlcli/codecs/<type>/schema.py`. What is asked of all is here, with the answer that most
types give, so that nothing outside the type's folder has to know which type it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self, TypeAlias

from pydantic import Field

from dlcli.config.options.number_form import NumberForm
from dlcli.config.options.section import Columns, Section

__all__ = ["Cells", "Feature", "Target"]

Cells: TypeAlias = Literal["number", "text", "boolean", "datetime"]
"""As what the cells of a column are read."""


class Feature(Section):
    """The options of a feature. A type gives `type` its name as the only value, and adds its own."""

    order: ClassVar[int] = 100
    """Where the type stands in lists of all types; those that say nothing come last, by name."""
    synonyms: ClassVar[tuple[str, ...]] = ()
    """What other tools call the type."""
    cells: ClassVar[Cells] = "text"
    several: ClassVar[bool] = False
    """Whether it may have several columns."""
    of_one: ClassVar[frozenset[str]] = frozenset({"type", "columns"})
    """The options that say which feature it is, and are no defaults of the type."""
    layers: ClassVar[frozenset[str]] = frozenset()
    """The options that hold lists of layers, in the notation of `model.layers`."""
    unstored: ClassVar[frozenset[str]] = frozenset()
    """The options that training alone looks at: they decide nothing of what is stored of the rows."""

    type: str
    columns: Columns | None = Field(None, description="The one column; the feature's name when omitted.")

    @property
    def number_form(self) -> NumberForm | None:
        """How the numbers of its columns are written; None where that is as the file writes numbers."""
        return None

    @property
    def may_be_lists(self) -> bool:
        """Whether its cells may be lists that are written as texts."""
        return False

    @property
    def filling(self) -> str:
        """What an empty cell becomes, in a word; empty where that needs none."""
        return ""

    @property
    def missing_is_open(self) -> bool:
        """Whether the training rows decide what an empty cell becomes."""
        return False

    def with_missing(self, gaps: int) -> Self:
        """The options once it is known how many training rows have an empty cell."""
        return self

    def fitted(self, state: Mapping[str, Any]) -> Self:
        """The options with what fitting has decided, as the state of the codec tells it."""
        return self

    @property
    def date_format(self) -> str | None:
        """How dates are written in its column; None for ISO 8601, and where there are none."""
        return None

    @property
    def scales_pixels(self) -> bool:
        """Whether it is an image whose pixels are other numbers than from 0 to 255 when they come to a layer."""
        return False

    @property
    def is_unscaled(self) -> bool:
        """Whether it is numbers that come to a layer as they are written."""
        return False

    @property
    def opens_files(self) -> bool:
        """Whether its cells name files, which it opens."""
        return False

    @property
    def sound_rate(self) -> int | None:
        """Samples a second, where it is a sound and that is known."""
        return None

    @property
    def may_be_padding(self) -> bool:
        """Whether a row may be a sequence of nothing but padding."""
        return False

    @property
    def masks_steps(self) -> bool:
        """Whether layers are told of the steps that are padding, by itself."""
        return False


class Target(Section):
    """The options of a target. A type gives `type` its name as the only value, and adds its own."""

    order: ClassVar[int] = 100
    synonyms: ClassVar[tuple[str, ...]] = ()
    cells: ClassVar[Cells] = "text"
    several: ClassVar[bool] = False
    kind: ClassVar[Literal["number", "category", "categories"]] = "number"
    """What a model learns of it: numbers, a class, or any number of classes."""

    implied_by: ClassVar[str] = ""
    """The option that says the type, so that `type` may be left out; none when empty."""
    unstored: ClassVar[frozenset[str]] = frozenset({"moved_with"})
    """The options that training alone looks at."""

    type: str
    columns: Columns | None = Field(None, description="The one column; the target's name when omitted.")
    moved_with: str | None = Field(
        None,
        description="The image feature whose `augment` moves this target along, where it has a value for each pixel: "
        "flipped, turned and shifted as its image is.",
    )

    @property
    def number_form(self) -> NumberForm | None:
        """How the numbers of its columns are written; None where that is as the file writes numbers."""
        return None

    @property
    def may_be_lists(self) -> bool:
        """Whether its cells may be lists that are written as texts."""
        return False

    @property
    def has_axes(self) -> bool:
        """Whether a row has several values of it, for its steps or pixels, as its options say."""
        return False

    @property
    def drops_rows(self) -> bool:
        """Whether a row without the target is left out of every split."""
        return False

    @property
    def takes_empty(self) -> bool:
        """Whether an empty cell is a value."""
        return False

    @property
    def of_features(self) -> tuple[str, ...]:
        """The features, names or globs, that are the target; none for what has columns of its own."""
        return ()

    @property
    def learnt_quantiles(self) -> tuple[float, ...]:
        """The quantiles that are learnt of each of its numbers; none where one number is."""
        return ()

    @property
    def scale_is_open(self) -> bool:
        """Whether the training rows decide how it is scaled."""
        return False

    def fitted(self, state: Mapping[str, Any]) -> Self:
        """The options with what fitting has decided, as the state of the codec tells it."""
        return self
