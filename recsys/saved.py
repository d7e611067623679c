"""A recommender in a folder: graph, fitted scorers, recipe, config and tables, each file with its hash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kg import graph_store
from kg.files import damaged, file_hash, replacing_folder
from kg.graph import KnowledgeGraph
from kg.tables import Tables
from recsys import store
from recsys.config import Config
from recsys.errors import RecsysError
from recsys.recipe import Recipe
from recsys.types import Scorer

_CONFIG, _RECIPE, _GRAPH, _SCORERS = "config.json", "recipe.json", "graph", "scorers"
_TABLES, _HASHES = "tables", "hashes.json"
_AGAIN = "Fit and save the recommender again."


@dataclass(frozen=True, eq=False)
class Saved:
    """What a recommender is made of, beside its tables; the scorers by name."""

    graph: KnowledgeGraph
    parts: Mapping[str, Scorer]
    recipe: Recipe
    config: Config


def write(folder: Path, made: Saved, tables: Tables | None) -> None:
    """Write everything; an existing folder is replaced when all is written."""
    with replacing_folder(folder) as temporary:
        if tables is not None:
            tables.save(temporary / _TABLES)
        (temporary / _RECIPE).write_text(json.dumps(made.recipe.to_json(), indent=1), encoding="utf-8")
        (temporary / _CONFIG).write_text(made.config.model_dump_json(indent=1), encoding="utf-8")
        kept = [temporary / _RECIPE, temporary / _CONFIG, *sorted((temporary / _TABLES).glob("*"))]
        hashes = {str(file.relative_to(temporary)): file_hash(file) for file in kept}
        (temporary / _HASHES).write_text(json.dumps(hashes, indent=1), encoding="utf-8")
        graph_store.save(made.graph, temporary / _GRAPH)  # this and the scorers know their own hashes
        for name, part in made.parts.items():
            store.save(part, temporary / _SCORERS / name, made.graph.hash)


def read(folder: Path) -> Saved:
    """What `write` wrote; KgError naming the file that is missing, damaged or of another version."""
    graph = graph_store.load(folder / _GRAPH)
    hashes = _hashes(folder)
    _check(folder, {name: hashes.get(name, "") for name in (_RECIPE, _CONFIG)})
    try:
        recipe = Recipe(**json.loads((folder / _RECIPE).read_bytes()))
        config = Config.model_validate_json((folder / _CONFIG).read_bytes())
    except (ValueError, TypeError) as error:
        raise RecsysError("the recommender is of another version", file=folder, fix=_AGAIN) from error
    parts = {name: store.load(folder / _SCORERS / name, graph.hash) for name in recipe.scorers}
    return Saved(graph, parts, recipe, config)


def tables(folder: Path) -> Tables | None:
    """The tables, None where there were none; RecsysError naming a damaged file."""
    kept = {name: known for name, known in _hashes(folder).items() if name.startswith(_TABLES)}
    _check(folder, kept)
    return Tables.load(folder / _TABLES) if kept else None


def _hashes(folder: Path) -> Mapping[str, str]:
    """The hashes that a saved recommender keeps, by file."""
    try:
        return dict(json.loads((folder / _HASHES).read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise RecsysError("a file is missing or damaged", file=folder / _HASHES, fix=_AGAIN) from error


def _check(folder: Path, hashes: Mapping[str, str]) -> None:
    """Raise RecsysError naming a file that is missing or does not have its hash."""
    for path in damaged(folder, hashes):
        raise RecsysError("a file is missing or damaged", file=path, fix=_AGAIN)
