"""argv, streams and exit status. A command is a signature, a docstring and a handful of lines.

Exit status: 0 done, 1 findings or differences, 2 usage, 3 the collection cannot be read, 130 interrupted,
141 the reader went away.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alscli import __version__
from alscli.cli.commands import COMMANDS
from alscli.errors import AlscliError

if TYPE_CHECKING:
    from datetime import date

_COMPLETE = "_ALSCLI_COMPLETE"
_GLOBAL_VALUES = ("--records", "--color", "--as-of")
_GLOBAL_FLAGS = ("--quiet", "-q", "--no-cache")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with these arguments, those of the process by default; return the exit status."""
    if argv is not None:
        return _run(argv)
    # A short life makes little garbage: it is looked for seldom, and not where everything ends anyway.
    gc.set_threshold(50_000)
    try:
        return _run(sys.argv[1:])
    finally:
        gc.freeze()


def _run(argv: Sequence[str]) -> int:
    arguments = hoisted([_decoded(text) for text in argv])
    _prepare_streams()
    try:
        status = program(arguments)(arguments, standalone_mode=False, prog_name="alscli")
        sys.stdout.flush()
    except typer.TyperException as error:
        return _report_usage(error)
    except AlscliError as error:
        return _report(error)
    except typer.Abort:
        return 130
    except BrokenPipeError:
        return _reader_gone()
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if os.environ.get("ALSCLI_DEBUG"):
            raise
        return _report_failure(error)
    return status if isinstance(status, int) else 0


def _decoded(argument: str) -> str:
    """The argument as UTF-8, also where the locale is another and Python could not decode it."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return os.fsencode(argument).decode(errors="replace")
    return argument


def hoisted(arguments: list[str]) -> list[str]:
    """The arguments with global options moved before the command, so that they work anywhere before `--`.

    What follows `--` in `diff` are ids, never revisions: the parser would not tell them apart.
    """
    moved: list[str] = []
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--" and "diff" in kept:
            kept += [part for name in rest for part in ("--only", name)]
        elif argument == "--":
            kept += [argument, *rest]
        elif argument in _GLOBAL_FLAGS or argument.startswith(tuple(f"{name}=" for name in _GLOBAL_VALUES)):
            moved.append(argument)
        elif argument in _GLOBAL_VALUES:
            moved += [argument, *([value] if (value := next(rest, None)) is not None else [])]
        else:
            kept.append(argument)
    return moved + kept


def program(arguments: Sequence[str]) -> Callable[..., Any]:
    """The command-line program with the one command that the arguments name, or with all of them."""
    app = typer.Typer(
        name="alscli",
        help="Keep a register of ALS therapy trials in git: every number sourced, every change visible.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_globals)
    completed = _COMPLETE in os.environ
    if completed:
        from alscli.cli.completing import join_words, words_typed

        typed = join_words()
        arguments = words_typed()[1:]
    named = _named(arguments)
    wanted = [named] if named else [] if "--version" in arguments else list(COMMANDS)
    names_only = not named and os.environ.get(_COMPLETE) == "complete_bash"  # others show help beside names
    for name in wanted:
        app.command(name)(_nothing if names_only else _function(name))
    command: Any = typer.main.get_command(app)
    if completed and named:
        from alscli.cli.completing import attach

        attach(command.commands[named].params, named, typed)
    found: Callable[..., Any] = command
    return found


def _function(name: str) -> Callable[..., Any]:
    module, function = COMMANDS[name]
    return _guarded(getattr(import_module(module), function))


def _nothing() -> None:
    """Stands for a command of which bash only wants the name."""


def _named(arguments: Sequence[str]) -> str | None:
    """The command that comes first in the arguments; None where it is none of ours, or help on all."""
    words = iter(arguments)
    for word in words:
        if word in _GLOBAL_VALUES:
            next(words, None)
        elif not word.startswith("-"):
            return word if word in COMMANDS else None
    return None


def _globals(
    context: typer.Context,
    records: Annotated[
        str | None,
        typer.Option(
            envvar="ALSCLI_RECORDS", metavar="DIR", help="Folder of the collection.", show_default=False
        ),
    ] = None,
    color: Annotated[str, typer.Option(metavar="WHEN", help="Color output: auto, always or never.")] = "auto",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No counts and hints on stderr.")] = False,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Day that counts as today.", show_default=False)
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Read every file anew.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    from pathlib import Path

    from alscli.cli.session import COLORS, Session
    from alscli.errors import UsageError

    if color not in COLORS:
        raise UsageError(f"--color: {color!r} is not known", f"there are: {', '.join(COLORS)}")
    context.obj = Session(
        Path(records) if records else None,
        color,
        quiet=quiet,
        cached=not no_cache,
        as_of=_day(as_of) if as_of is not None else None,
    )


def _day(text: str) -> date:
    from datetime import date

    from alscli.errors import UsageError

    with suppress(ValueError):
        day = date.fromisoformat(text)
        if day.isoformat() == text:
            return day
    raise UsageError(f"--as-of: {text!r} is no day", "write YYYY-MM-DD")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"alscli {__version__}")
        raise typer.Exit


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The command, ending quietly with 141 when the reader of its output goes away."""

    @wraps(function)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            status = function(*arguments, **options)
            sys.stdout.flush()
        except BrokenPipeError:
            return _reader_gone()
        return status

    return run


def _prepare_streams() -> None:
    """Stdout is UTF-8 with LF for pipes and files; a terminal that cannot show a character shows its code."""
    # A stream that is closed: no file that is opened may take its place, and `print` must not take stdout
    # for stderr. Writing to what is open for reading fails, as it should.
    if sys.stdout is None:
        sys.stdout = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            if stream.isatty():
                stream.reconfigure(errors="backslashreplace")
            else:
                stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def _reader_gone() -> int:
    _give_up_stdout()
    return 141


def _give_up_stdout() -> None:
    """Python flushes stdout once more at exit; what is left goes nowhere."""
    with suppress(OSError):  # it is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_failure(error: Exception) -> int:
    if isinstance(error, OSError) and error.filename is None:
        _give_up_stdout()
        print(f"error: the output cannot be written: {error.strerror or error}", file=sys.stderr)
        print("  look at where it goes: a full disk, a closed stream", file=sys.stderr)
    else:
        print(f"error: internal failure: {type(error).__name__}: {error}", file=sys.stderr)
        print("  nothing was written; ALSCLI_DEBUG=1 shows where, please report it", file=sys.stderr)
    return 3


def _report(error: AlscliError) -> int:
    from alscli.text import plain

    print(f"error: {plain(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"  {plain(error.hint)}", file=sys.stderr)
    return error.exit_status


def _report_usage(error: typer.TyperException) -> int:
    from alscli.text import plain

    context = getattr(error, "ctx", None)
    print(f"error: {plain(error.format_message().rstrip('.'))}", file=sys.stderr)
    path = context.command_path if context is not None else "alscli"
    print(f"  `{path} --help` lists what there is", file=sys.stderr)
    return 2
