"""Regular expressions that are compiled when they are first used: all of them take longer than a record."""

from __future__ import annotations

import re
from typing import Any, cast


def deferred(expression: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern of `expression`; an error in it is raised at its first use."""
    return cast("re.Pattern[str]", _Deferred(expression, flags))


class _Deferred:
    def __init__(self, expression: str, flags: int) -> None:
        self.pattern = expression
        self.flags = flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self.pattern, self.flags)
        vars(self).update({method: getattr(compiled, method) for method in _METHODS})
        return getattr(compiled, name)


_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn")
