"""The recommender of a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli.run import CONFIG, LEARNED, TABLES

if TYPE_CHECKING:
    from recsys.recommender import Recommender


def load(workspace: Path, threads: int) -> Recommender:
    """Fitted on everything the workspace holds; errors say what to run first."""
    from threadpoolctl import threadpool_limits

    from kg.config import KgConfig
    from kg.engine import Engine
    from kg.tables import Tables
    from recsys.recommender import Learned, Recommender

    learned = Learned.load(workspace / LEARNED)
    config = KgConfig.model_validate_json((workspace / CONFIG).read_text(encoding="utf-8"))
    with threadpool_limits(threads):
        return Recommender.fit(Tables.load(workspace / TABLES, Engine(threads)), config, learned)
