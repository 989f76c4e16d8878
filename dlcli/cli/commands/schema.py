"""`dlcli schema`"""

from __future__ import annotations

from dlcli.cli.display.console import Console

__all__ = ["command"]


def command() -> None:
    """Print the JSON Schema of the config language, for editors."""
    from dlcli.config.published.json_schema import json_schema, schema_text

    Console(json_only=True).document(schema_text(json_schema()))
