"""Floor 1: raw files → tables → one typed graph; query it, check it, draw it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kg.building import build
    from kg.errors import KgError
    from kg.graph import KnowledgeGraph
    from kg.query import Query, Weighting
    from kg.reading import read
    from kg.splitting import split
    from kg.tables import Tables

__all__ = ["KgError", "KnowledgeGraph", "Query", "Tables", "Weighting", "build", "read", "split"]

_HOMES = {
    "build": "kg.building",
    "KgError": "kg.errors",
    "KnowledgeGraph": "kg.graph",
    "Query": "kg.query",
    "Weighting": "kg.query",
    "Tables": "kg.tables",
    "read": "kg.reading",
    "split": "kg.splitting",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `import kg` alone loads nothing heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'kg' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
