"""The form of KGAT, LightGCN and their many followers: integers, separated by blanks.

Wang et al., "KGAT: Knowledge graph attention network for recommendation", KDD 2019. A line of `train.txt` and of
`test.txt` is a user and all her items, one of `kg_final.txt` head, relation and tail; entities below the number of
items are the items. There are no times, no kinds and no validation part.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.columns import PART
from kg.config import Derive, KgConfig
from kg.engine import Engine
from kg.errors import KgError
from kg.published import triples
from kg.published.data import PURCHASE, not_empty
from kg.sources.adjacency import integers
from kg.sources.kgat import GRAPH, TEST, TRAIN
from kg.tables import Tables

_TRIPLE = 3
_NOTHING_TO_DERIVE = Derive(item_attributes=(), price_bands=0, returns=False)
Integers = NDArray[np.int64]


def fits(path: Path) -> bool:
    """Whether there is a train or a test part of this form."""
    return (path / TRAIN).is_file() or (path / TEST).is_file()


def read(folder: Path, engine: Engine) -> tuple[Tables, list[Path]]:
    """Tables and the files they come from; a pair that a part names twice is one event.

    Raises KgError naming file, row and value of what is no integer, a part that is missing or empty, and a line of the
    graph that is no triple.
    """
    import pyarrow as pa

    parts = {part: _pairs(folder / file) for part, file in (("train", TRAIN), ("test", TEST))}
    users, items = np.concatenate(list(parts.values())).T
    names = np.repeat(list(parts), [len(pairs) for pairs in parts.values()])
    kind = pa.repeat(PURCHASE, len(users))
    events = pa.table({"user_id": _text(users), "item_id": _text(items), "kind": kind, PART: pa.array(names)})
    files = [folder / TRAIN, folder / TEST]
    graph = folder / GRAPH
    facts = _facts(graph, int(items.max()) + 1) if graph.is_file() else None
    tables = Tables.of(events, facts=facts, engine=engine)
    config = KgConfig(derive=_NOTHING_TO_DERIVE)
    return replace(tables, config=config), [*files, graph] if facts is not None else files


def _pairs(path: Path) -> Integers:
    """Distinct users and items, int64 (m, 2), sorted."""
    users: list[int] = []
    items: list[int] = []
    for _, (user, *own) in integers(path):
        users += [user] * len(own)
        items += own
    not_empty(path, items)
    return np.unique(np.array([users, items], dtype=np.int64).T, axis=0)


def _facts(path: Path, n_items: int) -> Any:
    rows: list[list[int]] = []
    for line, row in integers(path):
        if len(row) != _TRIPLE:
            fix = "Write head, relation and tail."
            raise KgError(
                "a line of the graph is no triple", file=path, row=line, value=" ".join(map(str, row)), fix=fix
            )
        rows.append(row)
    not_empty(path, rows)
    heads, relations, tails = np.unique(np.array(rows, dtype=np.int64), axis=0).T
    items = (heads < n_items, tails < n_items)
    return triples.facts(_text(heads), _text(relations), _text(tails), items, path.name)


def _text(numbers: Integers) -> Any:
    """Integers as Arrow text."""
    import pyarrow as pa

    return pa.array(numbers).cast(pa.string())
