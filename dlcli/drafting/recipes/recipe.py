"""The one place where a network and its training are chosen: what they are, by the task, the rows and the features."""

from __future__ import annotations

from dlcli.drafting.page import entry, heading
from dlcli.drafting.recipes.layers import model
from dlcli.drafting.recipes.setting import Recipe, Setting
from dlcli.drafting.recipes.tables import of_line, of_preset
from dlcli.drafting.recipes.training import batch_size, training

__all__ = ["choose_recipe"]


def choose_recipe(setting: Setting) -> Recipe:
    """The network and its training. What comes to be a better one for a setting is put in here."""
    if setting.straight is not None:
        return of_line(setting, setting.straight)
    if setting.form == "table" and setting.validated and not setting.task.parts:
        return of_preset(setting)
    batch = batch_size(setting.rows)
    updates = -(-setting.rows // batch)
    why = f"{updates:,} update{'s' * (updates != 1)} an epoch, or about so many"
    sections = ((heading(0, "model"), *model(setting)), *training(setting))
    return Recipe((entry(1, "batch_size", batch, why),), sections)
