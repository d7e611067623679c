"""RecBole's full evaluation beside ours: the same factors, the same users and items, the same metrics.

    python benchmarks/beside_recbole_evaluating.py movielens-1m-kg --python /path/to/recbole/bin/python

RecBole runs in an environment of its own (1.2.1 with numpy < 2, pandas < 3): its trainer's evaluation of its BPR, whose
factors are those of a truncated SVD here, all items ranked, those of train masked. Seconds are the processor's, of one
thread, the least of rounds in turn, for each size of its batches (ours has none that one chooses: the least of all);
both look at lists of 10 and of 20.
"""

import argparse
import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import svds

from benchmarks.beside_recbole import CHILD, NAME, written
from kg.graph import KnowledgeGraph
from kg.published.forms import read
from kg.query import Query, Weighting
from recsys.evaluation import evaluate
from recsys.exam import Exam
from recsys.protocol import Protocol
from recsys.scorers.interactions import strongest
from recsys.threads import limit
from recsys.types import Holdout, Scores

METRICS = {"recall": "Recall", "mrr": "MRR", "ndcg": "NDCG", "hit_rate": "Hit", "precision": "Precision"}
PROTOCOL = Protocol(repeats="exclude", k=(20, 10), metrics=tuple(METRICS))


@dataclass(frozen=True)
class Product:
    """Factors of users (n_users, d) times factors of items (d, n_items)."""

    users: NDArray[np.float32]
    items: NDArray[np.float32]

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        return self

    def score(self, query: Query) -> Scores:
        return self.users[query.users] @ self.items


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("data", type=Path)
    words.add_argument("--python", type=Path, required=True)
    words.add_argument("--factors", type=int, default=64)
    words.add_argument("--batches", type=int, nargs="+", default=[4096, 1 << 22, 1 << 25], help="scores of a batch")
    words.add_argument("--rounds", type=int, default=3)
    told = words.parse_args()
    limit(1)
    window = Exam(read(told.data), 0).test
    X = strongest(window.graph, Weighting())
    right: NDArray[np.float32] = svds(X, told.factors, random_state=0)[2].astype(np.float32)
    scorer = Product(X @ right.T, right)
    n_users = int((np.diff(window.holdout.targets.indptr) > 0).sum())
    print(f"{n_users:,} users, {window.graph.n_items:,} items, {told.factors} factors\n")
    theirs, ours = dict[int, float](), float("inf")
    for batch in told.batches:
        with tempfile.TemporaryDirectory() as folder:
            written(window, Path(folder))
            np.savez(Path(folder) / "factors.npz", users=scorer.users, items=np.ascontiguousarray(scorer.items.T))
            asked: dict[str, Any] = {"embedding_size": told.factors, "eval_batch_size": batch, "topk": [10, 20]}
            asked |= {"metrics": list(METRICS.values()), "metric_decimal_place": 6}
            with subprocess.Popen(
                [told.python, CHILD, "evaluate", folder, NAME, json.dumps(asked), "1"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            ) as child:
                assert child.stdin is not None
                assert child.stdout is not None
                for _round in range(told.rounds):
                    begun = process_time()
                    judged = evaluate({"": scorer}, window.holdout, PROTOCOL, ["warm"])
                    ours = min(ours, process_time() - begun)
                    print(file=child.stdin, flush=True)
                    seconds, found = json.loads(child.stdout.readline())
                    theirs[batch] = min(theirs.get(batch, seconds), seconds)
                child.stdin.close()
    print("| by | seconds | users/s | ours is so many times as fast |\n|---|---:|---:|---:|")
    print(f"| ours | {ours:.2f} | {n_users / ours:,.0f} | |")
    for batch, seconds in theirs.items():
        told_of = f"{seconds:.2f} | {n_users / seconds:,.0f} | {seconds / ours:.1f}"
        print(f"| RecBole, {batch:,} scores in a batch | {told_of} |")
    print("\n| metric | RecBole's | ours |\n|---|---:|---:|")
    for name, called in METRICS.items():
        for k in PROTOCOL.k:
            print(f"| {name}@{k} | {found[f'{called}@{k}'.lower()]:.6f} | {judged.mean('', f'{name}@{k}'):.6f} |")


if __name__ == "__main__":
    main()
