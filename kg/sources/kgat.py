"""The form of KGAT, LightGCN and their many followers: integers, separated by blanks.

Wang et al., "KGAT: Knowledge graph attention network for recommendation", KDD 2019. A line of `train.txt` and of
`test.txt` is a user and all her items, one of `kg_final.txt` head, relation and tail; entities below the number of
items are the items. There are no times, no kinds and no validation part.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kg.config import Derive, Split
from kg.errors import KgError
from kg.source_config import Facts, Source
from kg.sources.adjacency import integers

TRAIN, TEST, GRAPH = "train.txt", "test.txt", "kg_final.txt"


def sections(folder: Path) -> dict[str, Any]:
    """Sections of a config; KgError naming row and value of what is no integer, and a part that is missing."""
    parts = [folder / part for part in (TRAIN, TEST)]
    for part in parts:
        if not part.is_file():
            raise KgError("the file cannot be read: there is none", file=part, fix="Give both parts.")
    columns = {name: name for name in ("user_id", "item_id", "part")}
    said: dict[str, Any] = {
        "events": Source(path=tuple(str(part.absolute()) for part in parts), format="kgat", columns=columns),
        "derive": Derive(item_attributes=(), price_bands=0, returns=False),
        "split": Split(method="given"),
    }
    graph = folder / GRAPH
    if graph.is_file():
        n_items = 1 + max(item for part in parts for _, (_, *items) in integers(part) for item in items)
        header = ("head", "relation", "tail")
        typed = {f"{end}_type": f"CASE WHEN {end}::BIGINT < {n_items} THEN 'item' END" for end in ("head", "tail")}
        said["facts"] = Facts(
            path=str(graph.absolute()),
            format="csv",
            delimiter=" ",
            header=header,
            columns={**{name: name for name in header}, **typed},
        )
    return said
