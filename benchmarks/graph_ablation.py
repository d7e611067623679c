"""What a graph of items is worth: the true one, the same with all items' facts exchanged, and none.

    python benchmarks/graph_ablation.py configs/movielens-1m-kg.toml --events movielens-1m-kg --sparse users
    python benchmarks/graph_ablation.py configs/movielens-1m-kg.toml --events movielens-1m-kg --sparse items

A fifth of the users, or of the items, keep five events each of what may be learned from; the test is what it was. So
hot and sparse ones are judged in one run, by the same people with all three graphs. One permutation gives every item's
facts and columns to another one. Scorers as they come, weights of the fusion learned on validation.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.ablation import WHOLE, again, fitted
from kg.columns import PART
from kg.engine import Engine
from kg.graph import ITEM, USER, KnowledgeGraph
from kg.published.forms import read
from kg.tables import Tables
from recsys.benchmark import STANDARD
from recsys.config import Config
from recsys.evaluation import evaluate
from recsys.exam import Exam
from recsys.significance import paired
from recsys.threads import limit
from recsys.types import Holdout

SHARE, KEPT = 0.2, 5
Judged = dict[str, NDArray[np.float64]]
"""By scorer the figure of every user."""


def thinned(tables: Tables, column: str, seed: int) -> tuple[Tables, set[str]]:
    """With a fifth of the users or items keeping few events outside the test; and which those are."""
    rng = np.random.default_rng(seed)
    events = tables.events.to_pandas().sample(frac=1, random_state=seed)
    ids = np.sort(events[column].unique())
    few = set(rng.choice(ids, int(SHARE * len(ids)), replace=False).tolist())
    known = events[PART] != "test"
    number = events[known].groupby(column).cumcount().reindex(events.index, fill_value=0)
    kept = events[~(known & events[column].isin(few) & (number >= KEPT))].sort_index()
    return replace(tables, events=_replaced(tables, "events", kept)), few


def shuffled(tables: Tables, seed: int) -> Tables:
    """Every item with events gets the facts and columns of another one."""
    ids = np.sort(tables.events.to_pandas()["item_id"].unique())
    other = dict(zip(ids, np.random.default_rng(seed).permutation(ids), strict=True))
    items, facts = tables.items.to_pandas(), tables.facts.to_pandas()
    items["item_id"] = items["item_id"].map(lambda name: other.get(name, name))
    for end in ("head", "tail"):
        of_items = facts[f"{end}_type"] == ITEM
        facts.loc[of_items, end] = facts.loc[of_items, end].map(lambda name: other.get(name, name))
    return replace(tables, items=_replaced(tables, "items", items), facts=_replaced(tables, "facts", facts))


def without(tables: Tables, _seed: int) -> Tables:
    """Events and the names of the items alone."""
    empty = {name: ibis.null(kind) for name, kind in tables.items.schema().items() if name != "item_id"}
    return replace(tables, items=tables.items.mutate(**empty), facts=tables.facts.limit(0))


GRAPHS: dict[str, Callable[[Tables, int], Tables]] = {
    "true": lambda tables, _: tables,
    "shuffled": shuffled,
    "none": without,
}


def _replaced(tables: Tables, name: str, frame: pd.DataFrame) -> ibis.Table:
    """A frame in the place of one of the tables, with the types of its columns."""
    schema = getattr(tables, name).to_pyarrow().schema
    return tables.engine.register(pa.Table.from_pandas(frame, schema=schema, preserve_index=False))


def questions(graph: KnowledgeGraph, holdout: Holdout, sparse: str, few: set[str]) -> Iterator[tuple[str, Holdout]]:
    """What is asked, and of whom."""
    nodes = graph.nodes[USER if sparse == "users" else ITEM]
    is_few = np.isin(nodes.ids.ids.astype(str), list(few))
    if sparse == "users":
        of_few = is_few[holdout.query.users]
        yield f"users of {KEPT} events", holdout.take(np.flatnonzero(of_few))
        yield "other users", holdout.take(np.flatnonzero(~of_few))
        return
    for name, mask in ((f"items of {KEPT} events", is_few), ("other items", ~is_few)):
        targets = holdout.targets.multiply(mask[None, :].astype(np.float32)).tocsr()
        targets.eliminate_zeros()
        asked = replace(holdout, targets=targets)
        yield f"{name}, among all", asked
        yield f"{name}, among themselves", replace(asked, candidates=mask)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("data", type=Path)
    words.add_argument("--events", type=Path)
    words.add_argument("--sparse", choices=["users", "items"], default="users")
    words.add_argument("--scorers", default="popularity,ease,attribute_ease,walks")
    words.add_argument("--seed", type=int, default=0)
    told = words.parse_args()
    limit(1)
    names = told.scorers.split(",")
    scorers = {name: Config().only([name]).scorers[name] for name in names}
    data = read(told.data, Engine(1), told.events)
    tables, few = thinned(data.tables, "user_id" if told.sparse == "users" else "item_id", told.seed)
    protocol = STANDARD.protocol("exclude", told.seed)
    judged: dict[str, dict[str, Judged]] = {}
    for graph, changed in GRAPHS.items():
        exam = Exam(replace(data, tables=changed(tables, told.seed)), told.seed)
        found = again(exam, fitted(exam, exam.validation, scorers, [], "exclude", untuned=True))
        for what, holdout in questions(exam.test.graph, exam.test.holdout, told.sparse, few):
            figures = evaluate(found, holdout, protocol, ["warm"]).figures
            of = judged.setdefault(what, {})
            of[graph] = {name: figures[name]["warm"][protocol.decisive] for name in (*names, WHOLE)}
    for what, of in judged.items():
        print(f"\n{what}, {len(of['true'][WHOLE]):,} users, {protocol.decisive}\n")
        print("| scorer | true graph | shuffled | none | true − none | true − shuffled |\n|---|---:|---:|---:|---|---|")
        for name in (*names, WHOLE):
            true, *others = (of[graph][name] for graph in ("true", "none", "shuffled"))
            gains = (paired(true, other) for other in others)
            between = " | ".join(f"{gain.difference:+.4f} ({gain.low:+.4f} … {gain.high:+.4f})" for gain in gains)
            print(f"| {name} | {' | '.join(f'{of[graph][name].mean():.4f}' for graph in GRAPHS)} | {between} |")


if __name__ == "__main__":
    main()
