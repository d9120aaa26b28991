"""The rules, one file a group, one function a rule."""

from __future__ import annotations

from importlib import import_module

GROUPS = (
    "text",
    "identity",
    "dates",
    "enrollment",
    "references",
    "outcomes",
    "statistics",
    "effects",
    "repeats",
    "safety",
    "design",
    "interventions",
    "regulatory",
    "provenance",
    "claims",
    "screening",
    "products",
    "copies",
    "removal",
)


def load() -> None:
    """Import every group, so that its rules enter the catalogue."""
    for group in GROUPS:
        import_module(f"{__name__}.{group}")
