"""The table of commands: name, where its function is. Only the one that argv names is imported."""

from __future__ import annotations

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("alscli.cli.starting", "init"),
    "add": ("alscli.cli.curating", "add"),
    "fmt": ("alscli.cli.curating", "fmt"),
    "validate": ("alscli.cli.checking", "validate"),
    "explain": ("alscli.cli.checking", "explain"),
    "schema": ("alscli.cli.describing", "schema"),
    "fields": ("alscli.cli.describing", "fields"),
    "values": ("alscli.cli.describing", "values"),
    "list": ("alscli.cli.reading", "list_"),
    "show": ("alscli.cli.reading", "show"),
    "search": ("alscli.cli.asking", "search"),
    "sql": ("alscli.cli.asking", "sql"),
    "stats": ("alscli.cli.asking", "stats"),
    "compare": ("alscli.cli.asking", "compare"),
    "diff": ("alscli.cli.changing", "diff"),
    "export": ("alscli.cli.publishing", "export"),
}
"""In the order of `--help`."""
