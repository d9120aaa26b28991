"""alscli keeps a register of ALS therapy trials in a directory of TOML files under git."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alscli.library import Collection as Collection

__all__ = ["Collection", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import `Collection` when it is asked for: the commands do without."""
    if name == "Collection":
        from alscli.library import Collection

        return Collection
    raise AttributeError(f"module 'alscli' has no attribute {name!r}")
