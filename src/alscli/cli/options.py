"""Options that several commands share: the filters."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from alscli.query.filters import FILTERS

Given = dict[str, list[str]]
"""The values of the filters that were given, by name."""

Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SQL", help="Condition in SQL over the columns of trials; all must hold.", show_default=False
    ),
]
NoHeader = Annotated[bool, typer.Option("--no-header", help="No header in tsv and csv.")]


def takes_filters(command: Callable[..., int]) -> Callable[..., int]:
    """A command whose parameter `filters` is filled from one option for each filter.

    A parameter of the command's own with the name of a filter stands instead of that.
    """
    own = inspect.signature(command, eval_str=True)
    kept = [p for p in own.parameters.values() if p.name != "filters"]
    taken = [each for each in FILTERS if each.name not in own.parameters]
    options = [_option(each.name, each.option, each.help) for each in taken]

    @wraps(command)
    def run(**arguments: Any) -> int:
        filters = {each.name: arguments.pop(each.name) for each in taken}
        return command(**arguments, filters={name: values for name, values in filters.items() if values})

    parameters = [*kept, *options]
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    del run.__wrapped__
    return run


def _option(name: str, option: str, help_text: str) -> inspect.Parameter:
    kind = Annotated[
        list[str] | None,
        typer.Option(
            f"--{option}",
            metavar="VALUE",
            help=f"{help_text[0].upper()}{help_text[1:]}.",
            show_default=False,
        ),
    ]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
