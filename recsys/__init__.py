"""Floor 2: query → scorers → fusion → ranking → evaluation and explanation."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsys.config import Config
    from recsys.errors import RecsysError
    from recsys.evaluation import evaluate
    from recsys.filters import Filters
    from recsys.fusion import Fusion
    from recsys.holdout import holdout
    from recsys.protocol import Protocol
    from recsys.recommender import Recommender
    from recsys.scorers import create
    from recsys.types import Explanation

__all__ = [
    "Config", "Explanation", "Filters", "Fusion", "Protocol", "Recommender", "RecsysError", "create", "evaluate",
    "holdout",
]  # fmt: skip

_HOMES = {
    "Config": "recsys.config",
    "Explanation": "recsys.types",
    "Filters": "recsys.filters",
    "Fusion": "recsys.fusion",
    "Protocol": "recsys.protocol",
    "Recommender": "recsys.recommender",
    "RecsysError": "recsys.errors",
    "create": "recsys.scorers",
    "evaluate": "recsys.evaluation",
    "holdout": "recsys.holdout",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `import recsys` alone loads nothing heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'recsys' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
