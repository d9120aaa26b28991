"""The table of commands: name, where its function is. Only the one that argv names is imported."""

from __future__ import annotations

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("alscli.cli.starting", "init"),
    "add": ("alscli.cli.adding", "add"),
    "set": ("alscli.cli.editing", "set_"),
    "edit": ("alscli.cli.editing", "edit"),
    "rename": ("alscli.cli.editing", "rename"),
    "exclude": ("alscli.cli.editing", "exclude"),
    "verify": ("alscli.cli.editing", "verify"),
    "import": ("alscli.cli.importing", "import_"),
    "sync": ("alscli.cli.syncing", "sync"),
    "dedupe": ("alscli.cli.deduping", "dedupe"),
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
    "history": ("alscli.cli.recalling", "history"),
    "blame": ("alscli.cli.recalling", "blame"),
    "changelog": ("alscli.cli.recalling", "changelog"),
    "install-git": ("alscli.cli.merging", "install_git"),
    "merge-driver": ("alscli.cli.merging", "merge_driver"),
    "textconv": ("alscli.cli.merging", "textconv"),
    "export": ("alscli.cli.publishing", "export"),
}
"""In the order of `--help`."""
