"""RecBole's LightGCN beside ours on one split: seconds an epoch, and until ours is as good as RecBole's became.

    python benchmarks/beside_recbole.py movielens-1m-kg --python /path/to/recbole/bin/python --minutes 10

RecBole runs in an environment of its own (1.2.1 with numpy < 2, pandas < 3), with its defaults and the size and layers
given; both are judged by NDCG@20 on the same validation pairs. Seconds are the processor's, without evaluation; an
epoch of ours is here as many examples as there are pairs, as RecBole's is.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from kg.config import Split
from kg.published.forms import read
from recsys.benchmark import STANDARD
from recsys.evaluation import evaluate
from recsys.exam import Exam
from recsys.scorers.lightgcn import LightGCN
from recsys.threads import limit
from recsys.training import Run
from recsys.types import Holdout
from recsys.windows import Window

CHILD = Path(__file__).with_name("recbole_child.py")
NAME = "split"
LOOKS = 8  # at ours, however soon the goal is reached, so that there are epochs to take the time of
SHARE = 0.2  # of what is cut anew, for validation and test each


def written(window: Window, folder: Path) -> int:
    """The split as RecBole's atomic files, its test the validation again; the number of pairs to learn from."""
    own = folder / NAME
    own.mkdir()
    graph, holdout = window.graph, window.holdout
    (relation,) = graph.event_relations
    edges, targets = graph.relations[relation], holdout.targets.tocoo()
    parts: dict[str, tuple[Any, Any]] = {
        "train": (edges.sources, edges.indices),
        "valid": (holdout.query.users[targets.row], targets.col),
    }
    parts["test"] = parts["valid"]
    for part, (users, items) in parts.items():
        rows = np.stack([users, items], axis=1)
        head = "user_id:token\titem_id:token"
        np.savetxt(own / f"{NAME}.{part}.inter", rows, fmt="%d", delimiter="\t", header=head, comments="")
    return len(edges)


def theirs(folder: Path, told: argparse.Namespace) -> list[dict[str, Any]]:
    """What every epoch of RecBole's says: `seconds` of training so far, `ndcg`."""
    asked = {"embedding_size": told.size, "n_layers": told.layers}
    words = ["train", str(folder), NAME, json.dumps(asked), str(told.threads), str(told.minutes)]
    done = subprocess.run([told.python, CHILD, *words], stdout=subprocess.PIPE, check=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"epoch"')]


def ours(window: Window, given: dict[str, Any], goal: float) -> list[tuple[float, float]]:
    """After every epoch of ours, until the goal is reached and then to `LOOKS`: seconds since `fit`, and NDCG@20."""
    protocol = STANDARD.protocol("exclude", 0)
    found: list[tuple[float, float]] = []
    judging = 0.0
    start = process_time()

    class Watched(LightGCN):
        def _judged(self, take: Callable[[], None], validation: Holdout) -> float:
            nonlocal judging
            begun = process_time()
            take()
            ndcg = evaluate({"": self}, validation, protocol, ["warm"]).mean("", "ndcg@20")
            found.append((begun - start - judging, ndcg))
            judging += process_time() - begun
            print(f"{found[-1][0]:.2f} s: {ndcg:.4f}", file=sys.stderr, flush=True)
            if max(value for _, value in found) >= goal and len(found) >= LOOKS:
                raise StopIteration
            return ndcg

    with suppress(StopIteration):
        Watched(**given).fit(window.graph, window.holdout, Run())  # torch is in memory already, as it is for RecBole
    return found


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("data", type=Path)
    words.add_argument("given", nargs="?", default="{}", help="parameters of our lightgcn, JSON")
    words.add_argument("--python", type=Path, required=True)
    words.add_argument("--minutes", type=float, default=10.0, help="of RecBole's training")
    words.add_argument("--size", type=int, default=64)
    words.add_argument("--layers", type=int, default=2)
    words.add_argument("--split", help="cut the data anew, such as random; none: as they come")
    words.add_argument("--threads", type=int, default=1)
    told = words.parse_args()
    limit(told.threads)
    cut = Split(method=told.split, test_share=SHARE, validation_share=SHARE) if told.split else None
    window = Exam(read(told.data), 0, cut).validation
    with tempfile.TemporaryDirectory() as folder:
        n_pairs = written(window, Path(folder))
        their = theirs(Path(folder), told)
    best = max(their, key=lambda row: row["ndcg"])
    given = {"embedding_size": told.size, "n_layers": told.layers, "n_steps": 2, "n_epochs": 300, "patience": 300}
    our = ours(window, {**given, **json.loads(told.given)}, best["ndcg"])
    scorer = LightGCN(**{**given, **json.loads(told.given)})
    examples = scorer.n_steps * scorer.batch_size
    epoch = np.median(np.diff([seconds for seconds, _ in our])) * n_pairs / examples
    their_epoch = their[-1]["seconds"] / len(their)
    print(f"{n_pairs:,} pairs; RecBole: {len(their)} epochs, {their_epoch:.2f} s each; at best {best}")
    print(f"ours: {epoch:.3f} s for as many examples, {their_epoch / epoch:.1f} times as fast")
    seconds, ndcg = next((look for look in our if look[1] >= best["ndcg"]), our[-1])
    reached = "reached" if ndcg >= best["ndcg"] else "not reached"
    print(
        f"NDCG@20 of RecBole's best {reached}: {ndcg:.4f} after {seconds:.1f} s, {best['seconds'] / seconds:.1f} times"
    )


if __name__ == "__main__":
    main()
