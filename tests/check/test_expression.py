"""Patterns that are compiled when they are first used."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module

import pytest

from alscli.check import rules
from alscli.check.expression import deferred


def test_a_deferred_pattern_is_used_as_a_compiled_one() -> None:
    pattern, compiled = deferred(r"(\w)\d", re.IGNORECASE), re.compile(r"(\w)\d", re.IGNORECASE)
    assert (pattern.pattern, pattern.flags) == (r"(\w)\d", re.IGNORECASE)
    text = "A1 and b2"
    for use in ("search", "match"):
        assert getattr(pattern, use)(text)[0] == getattr(compiled, use)(text)[0] == "A1"
    assert pattern.fullmatch(text) is None
    assert pattern.sub("-", text) == compiled.sub("-", text) == "- and -"
    assert [found[1] for found in pattern.finditer(text)] == pattern.findall(text) == ["A", "b"]
    assert pattern.split(text) == compiled.split(text)


def test_an_error_is_raised_at_the_first_use() -> None:
    pattern = deferred("(")
    with pytest.raises(re.error):
        pattern.search("")
    with pytest.raises(AttributeError):
        deferred("a").nothing  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("group", rules.GROUPS)
def test_every_pattern_of_the_rules_compiles(group: str) -> None:
    for value in vars(import_module(f"{rules.__name__}.{group}")).values():
        if isinstance(value, type(deferred(""))):
            value.search("")


def test_loading_the_rules_compiles_none_of_theirs() -> None:
    script = """
import re, sys
from alscli.check import rules
compiled = re.compile
def told(*of, **named):
    caller = sys._getframe(1).f_globals["__name__"]
    if caller.startswith("alscli.check.rules"):
        print(caller, of[0])
    return compiled(*of, **named)
re.compile = told
rules.load()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == ""
