"""The options of targets that are inputs."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from dlcli.config.options.feature import Cells, Target
from dlcli.config.options.section import Columns

__all__ = ["TARGET", "InputTarget"]


class InputTarget(Target):
    """A feature, learnt as the model sees it: `{from: x}`."""

    order: ClassVar[int] = 10
    synonyms: ClassVar[tuple[str, ...]] = ("autoencoder", "reconstruction", "same")
    cells: ClassVar[Cells] = "text"
    several: ClassVar[bool] = True
    implied_by: ClassVar[str] = "from"

    type: Literal["input"] = "input"
    columns: Columns | None = Field(None, description="None: the features have them.")
    from_: Columns = Field(
        alias="from",
        description="The feature, by name or glob, as it is encoded; several that are vectors stand side by side.",
    )
    shift: int = Field(
        0,
        description="Of a sequence: learn what stands so many steps further on; 1 is the next token. Nothing is learnt "
        "where there is no such step, nor of padding.",
    )

    @property
    def of_features(self) -> tuple[str, ...]:
        return tuple(self.from_)

    @model_validator(mode="after")
    def _has_no_columns(self) -> InputTarget:
        if self.columns is not None:
            raise PydanticCustomError(
                "options", "a target that is a feature has no `columns` of its own: leave them out"
            )
        return self


TARGET = InputTarget
