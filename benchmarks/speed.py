"""Fits beside published libraries', on the same pairs in the same run, and what the lists of both are worth.

    python benchmarks/speed.py movielens-1m-kg --python /path/to/peers/bin/python --unobserved 0.1

The libraries stand in an environment of their own (`pip install implicit irspack`). Seconds are the processor's, of one
thread, the least of rounds in turn. RecTools 0.19.0 has neither P3α nor RP3β, and its item-kNN and ALS are a fork of
implicit's; irspack has the walks, compiled. It multiplies a walk's operator out in fitting, ours are multiplied in
scoring, so the scores of all users are timed too. Of an item's neighbours implicit adds up those of what a user had,
ours those of what she might have.
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import save_npz

from kg.graph import KnowledgeGraph
from kg.published.forms import read
from kg.query import Query
from recsys.blocks import blocks
from recsys.evaluation import evaluate
from recsys.exam import Exam
from recsys.protocol import Protocol
from recsys.scorers.ials import IALS
from recsys.scorers.interactions import strongest
from recsys.scorers.item_knn import ItemKNN
from recsys.scorers.p3_alpha import P3Alpha
from recsys.scorers.rp3_beta import RP3Beta
from recsys.threads import limit
from recsys.types import Holdout, Scorer, Scores
from recsys.windows import Window

CHILD = Path(__file__).with_name("speed_child.py")
PROTOCOL = Protocol(repeats="exclude", k=(20,), metrics=("ndcg",))
NEIGHBOURS = 200
SWEEPS = 16
Seconds = tuple[float, float]
"""Of the fit, of the scores of all users."""


@dataclass(frozen=True)
class Work:
    """The same work by ours and by a library: what its child is asked, by name and with what."""

    name: str
    ours: Callable[[], Scorer]
    library: str
    asked: str
    given: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Listed:
    """Lists of items of all users, int64 (n_users, k), as a scorer that ranks them so."""

    lists: NDArray[np.int64]

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        return self

    def score(self, query: Query) -> Scores:
        found = np.full((len(query), len(query.items)), np.nan, dtype=np.float32)
        places = -np.arange(self.lists.shape[1], dtype=np.float32)
        np.put_along_axis(found, self.lists[query.users], np.tile(places, (len(query), 1)), axis=1)
        return found


def works(factors: list[int], unobserved: float, level: float) -> list[Work]:
    """What is timed; `level` is the penalty of both kinds of factors, where what is unobserved weighs 1."""
    found = [
        Work(
            f"item-kNN, {NEIGHBOURS} neighbours",
            lambda: ItemKNN(k=NEIGHBOURS, shrinkage=0.0, train_half_life=None),
            "implicit",
            "cosine",
            {"K": NEIGHBOURS + 1},  # itself among them
        ),
        Work("P3α", lambda: P3Alpha(train_half_life=None), "irspack", "p3_alpha"),
        Work("RP3β, .6", lambda: RP3Beta(beta=0.6, train_half_life=None), "irspack", "rp3_beta", {"beta": 0.6}),
    ]
    for n in factors:
        given = {"factors": n, "iterations": SWEEPS, "alpha": 1 + 1 / unobserved, "regularization": level}

        def ials(n: int = n) -> Scorer:
            return IALS(n_factors=n, n_sweeps=SWEEPS, unobserved=unobserved, train_half_life=None)

        found.append(Work(f"iALS, {n} factors", ials, "implicit", "als", given))
    return found


def timed(work: Work, window: Window) -> tuple[Seconds, Scorer]:
    begun = process_time()
    scorer = work.ours().fit(window.graph)
    fitted = process_time()
    everybody = window.graph.query()
    for part in blocks(window.graph.n_users, window.graph.n_items):
        scorer.score(everybody.take(np.arange(part.start, part.stop)))
    return (fitted - begun, process_time() - fitted), scorer


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("data", type=Path)
    words.add_argument("--python", type=Path, required=True)
    words.add_argument("--factors", type=int, nargs="*", default=[64, 256])
    words.add_argument("--unobserved", type=float, default=0.1)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--only", default="", help="works whose names begin so")
    told = words.parse_args()
    limit(1)
    window = Exam(read(told.data), 0).test
    graph = window.graph
    X = strongest(graph, ItemKNN(train_half_life=None).weighting)
    level = np.sqrt(np.prod([X.nnz / n + told.unobserved * np.prod(X.shape) / n for n in X.shape]))
    print(f"{graph.n_users:,} users, {graph.n_items:,} items, {X.nnz:,} pairs\n")
    print("| work | library | ours: fit, s | scores, s | NDCG@20 | theirs: fit, s | scores, s | NDCG@20 | fit | all |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        matrix, lists = Path(folder) / "X.npz", Path(folder) / "lists.npy"
        save_npz(matrix, X)
        with subprocess.Popen(
            [told.python, CHILD, matrix], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            for work in works(told.factors, told.unobserved, 0.01 * level / told.unobserved):
                if not work.name.startswith(told.only):
                    continue
                ours, theirs = [], []
                for _round in range(told.rounds):
                    seconds, scorer = timed(work, window)
                    ours.append(seconds)
                    print(json.dumps([work.asked, work.given, str(lists)]), file=child.stdin, flush=True)
                    theirs.append(json.loads(child.stdout.readline()))
                judged = evaluate(
                    {"ours": scorer, "theirs": Listed(np.load(lists))}, window.holdout, PROTOCOL, ["warm"]
                )
                (fit, score), (their_fit, their_score) = np.min(ours, axis=0), np.min(theirs, axis=0)
                own = f"{fit:.2f} | {score:.2f} | {judged.mean('ours', 'ndcg@20'):.4f}"
                other = f"{their_fit:.2f} | {their_score:.2f} | {judged.mean('theirs', 'ndcg@20'):.4f}"
                ratios = f"{their_fit / fit:.2f} | {(their_fit + their_score) / (fit + score):.2f}"
                print(f"| {work.name} | {work.library} | {own} | {other} | {ratios} |", flush=True)
            child.stdin.close()


if __name__ == "__main__":
    main()
