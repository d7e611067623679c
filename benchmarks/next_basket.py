"""The next basket of every customer: TIFU-KNN beside its authors' steps, written down once more, and the fusion.

    cartograph run configs/complete-journey.toml --events "complete-journey/transactions_2017Q*.parquet" --workspace cj
    python benchmarks/next_basket.py cj --cornac /path/to/cornac/bin/python

The first basket of the test period is asked of all before it, repeats included; the fusion is the one that `run`
learned. The authors' steps: Hu et al., "Modeling personalized item frequency information for next-basket
recommendation", SIGIR 2020, section 4, as in their code: the decay within groups counts baskets from the last one on.

With `--cornac`, the Python of an environment that has cornac (3.0.1), customers' vectors come from that too, the scores
from the authors' steps: cornac's own add the mean of all numbers of the neighbours to every item, which moves no rank.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kg.graph import ITEM, USER, KnowledgeGraph
from kg.query import Query
from kg.tables import Tables
from recsys.evaluation import evaluate
from recsys.holdout import holdout
from recsys.protocol import Protocol
from recsys.recipe import Conditions, Recipe
from recsys.scorers.tifu_knn import TIFUKNN
from recsys.significance import beside
from recsys.stages import Job, before_test, remembered
from recsys.threads import limit
from recsys.types import Holdout, Scorer, Scores
from recsys.workspace import Workspace

CHILD = Path(__file__).with_name("cornac_child.py")
HOUR = 3600
SETTINGS = {
    "tifu_knn": TIFUKNN(),
    "tifu_knn as for Dunnhumby": TIFUKNN(k=900, groups=3, within=0.9, across=0.6, own=0.2),  # the paper's own choice
}
PROTOCOL = Protocol(repeats="include", k=(10, 20), metrics=("recall", "ndcg"))


@dataclass
class Authors:
    """TIFU-KNN a customer and a basket at a time, with the parameters of ours; of customers who are known."""

    like: TIFUKNN

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        edges = graph.relations[USER, "purchase", ITEM]
        baskets: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        for user, item, time in zip(edges.sources.tolist(), edges.indices.tolist(), edges.time.tolist(), strict=True):
            baskets[user][time].add(item)
        self.known = np.array(sorted(baskets))
        ordered = [[baskets[user][time] for time in sorted(baskets[user])] for user in self.known.tolist()]
        self.vectors = np.zeros((graph.n_users, graph.n_items), dtype=np.float32)
        self.vectors[self.known] = self._vectors(ordered, graph.n_items)
        self.squares = (self.vectors**2).sum(axis=1)
        return self

    def _vectors(self, baskets: list[list[set[int]]], n_items: int) -> NDArray[np.float32]:
        """Of every customer, float32 (n, n_items), from their baskets, oldest first."""
        return np.stack([self._vector(own, n_items) for own in baskets])

    def _vector(self, baskets: list[set[int]], n_items: int) -> NDArray[np.float32]:
        groups = np.array_split(np.arange(len(baskets))[::-1], min(self.like.groups, len(baskets)))[::-1]
        vector = np.zeros(n_items, dtype=np.float32)
        for number, group in enumerate(groups):
            for place in group.tolist():
                faded = self.like.within ** (len(baskets) - 1 - place) * self.like.across ** (
                    self.like.groups - 1 - number
                )
                vector[list(baskets[place])] += faded / len(group)
        return vector / np.float32(len(groups))

    def score(self, query: Query) -> Scores:
        found = np.zeros((len(query), len(query.items)), dtype=np.float32)
        products = self.vectors @ self.vectors[query.users].T
        for row, user in enumerate(query.users.tolist()):
            others = self.known[self.known != user]
            distances = self.squares[others] - 2 * products[others, row]  # squared, less what is the same for all
            near = others[np.argsort(distances, kind="stable")[: self.like.k]]
            found[row] = self.like.own * self.vectors[user] + (1 - self.like.own) * self.vectors[near].mean(axis=0)
        return found


@dataclass
class Cornac(Authors):
    """The same from cornac's vectors; `python` is where it is installed."""

    python: Path

    def _vectors(self, baskets: list[list[set[int]]], n_items: int) -> NDArray[np.float32]:
        told = {
            "n_items": n_items,
            "baskets": [[sorted(basket) for basket in own] for own in baskets],
            "given": {
                "n_groups": self.like.groups,
                "within_decay_rate": self.like.within,
                "group_decay_rate": self.like.across,
            },
        }
        with tempfile.TemporaryDirectory() as folder:
            asked, answer = Path(folder) / "asked.json", Path(folder) / "vectors.npy"
            asked.write_text(json.dumps(told))
            subprocess.run([str(self.python), str(CHILD), str(asked), str(answer)], check=True)
            return np.load(answer)


def first_baskets(job: Job, graph: KnowledgeGraph) -> Holdout:
    """What every customer buys within an hour from the first purchase of the test period on."""
    made = job.workspace.stage("graph")
    events = pd.read_parquet(made.folder / "test.parquet")
    events = events[events["kind"] == "purchase"]
    first = events.groupby("user_id")["time"].transform("min")
    soon = events[(events["time"] - first).dt.total_seconds() <= HOUR]
    return holdout(graph, Tables.of(events=soon).events, ("purchase",), made.result["test_start"])


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("workspace", type=Path)
    words.add_argument("--users", type=int, help="at most so many")
    words.add_argument("--cornac", type=Path, metavar="PYTHON")
    given = words.parse_args()
    limit(1)
    job = Job(Workspace(given.workspace), remembered(Workspace(given.workspace)), 1)
    test, recipe = before_test(job)
    weights = recipe.weights["include"]
    used = {name: of for name, of in recipe.scorers.items() if weights[name][0] or weights[name][3]}
    alone = Recipe(used, {"include": {name: weights[name] for name in used}})
    parts = alone.fit(test.graph, Conditions())
    scorers: dict[str, Scorer] = {}
    for name, ours in SETTINGS.items():
        scorers |= {name: ours.fit(test.graph), f"{name}, its authors' steps": Authors(ours).fit(test.graph)}
        if given.cornac:
            scorers[f"{name}, cornac's vectors"] = Cornac(ours, given.cornac).fit(test.graph)
    scorers |= {"repeat": parts["repeat"], "fusion": alone.fusions(parts)["include"]}
    asked = first_baskets(job, test.graph)
    judged = evaluate(scorers, asked if given.users is None else asked.thinned(given.users), PROTOCOL, ["warm"])
    print("| scorer | recall@10 | ndcg@10 | recall@20 | ndcg@20 |\n|---|---:|---:|---:|---:|")
    for name in scorers:
        figures = [judged.mean(name, f"{metric}@{k}") for k in PROTOCOL.k for metric in ("recall", "ndcg")]
        print(f"| {name} | {' | '.join(f'{figure:.4f}' for figure in figures)} |")
    of = {name: figures["warm"][PROTOCOL.decisive] for name, figures in judged.figures.items()}
    others = [name for name in scorers if name != "fusion"]
    for name, gain in zip(others, beside(of["fusion"], [of[name] for name in others], seed=0), strict=True):
        print(f"\nfusion − {name}: {gain.difference:+.4f} ({gain.low:+.4f} … {gain.high:+.4f}), p {gain.p_holm:.4f}")


if __name__ == "__main__":
    main()
