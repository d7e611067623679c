"""How attractive the paths of lists are before and after re-ranking, and what that costs, on a published data set.

    python benchmarks/attractiveness.py configs/movielens-1m-kg.toml --events movielens-1m-kg

Scorers are tuned and fused on validation and judged on test once; the lists of ten of some users are explained, each
item by its strongest path. What the figures are: `recsys.explanation.attractiveness`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from kg.engine import Engine
from kg.published.forms import read
from recsys.config import Evaluation
from recsys.exam import Exam
from recsys.explanation.attractiveness import Attractiveness, strongest_path
from recsys.explanation.telling import Teller
from recsys.fusion import Fusion
from recsys.protocol import Protocol, asked, seen_before
from recsys.ranking import masked
from recsys.recipe import Conditions
from recsys.reranking import reranker
from recsys.reranking.chain import Chain
from recsys.reranking.cost import EXPLAINED, cost
from recsys.reranking.slate import Setting
from recsys.teaching import teach
from recsys.threads import limit
from recsys.types import Holdout, explainer
from recsys.windows import Window

K = 10
PROTOCOL = Protocol(repeats="exclude")
NAMES = ("recency", "popularity", "diversity")


def attractive(test: Window, fusion: Fusion, chain: Chain) -> list[dict[str, float]]:
    """The mean figures of the lists before and after the steps, and the share of their items that have a path."""
    holdout = some(test.holdout)
    scores = masked(fusion.score(holdout.query), excluded=seen_before(holdout, PROTOCOL, holdout.query))
    slates = chain.run(Setting(test.graph, holdout.query, fusion, scores, K, Teller(test.graph)))
    known, found = Attractiveness(test.graph), []
    for slate in (slates[0], slates[-1]):
        values: dict[str, list[float]] = {name: [] for name in NAMES}
        n_told = 0
        for row, items in enumerate(slate.items[:, :K].tolist()):
            explain = explainer(fusion, holdout.query, row)
            paths = [path for item in items if item >= 0 and (path := strongest_path(explain(item)))]
            n_told += len(paths)
            for name, own in known.of_list(holdout.query.take(np.array([row])), paths).items():
                values[name] += own
        means = {name: float(np.mean(own)) if own else np.nan for name, own in values.items()}
        found.append(means | {"told": n_told / max(int((slate.items[:, :K] >= 0).sum()), 1)})
    return found


def some(holdout: Holdout) -> Holdout:
    """Users with targets, as many as `cost` explains for."""
    rows = np.flatnonzero(np.diff(asked(holdout, PROTOCOL)["warm"].indptr))
    return holdout.take(rows[np.linspace(0, len(rows) - 1, min(EXPLAINED, len(rows))).astype(np.int64)])


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("data", type=Path)
    words.add_argument("--events", type=Path)
    words.add_argument("--scorers", default="popularity,walks,tastes,ease,spectral")
    words.add_argument("--path-share", type=float, default=0.0)
    words.add_argument("--weights", default="0.02,0.05,0.1", help="of the step `attractive`")
    given = words.parse_args()
    limit(1)
    exam = Exam(read(given.data, Engine(1), given.events), 0)
    section = Evaluation(path_share=given.path_share)
    scorers: dict[str, dict[str, Any]] = {name: {} for name in given.scorers.split(",")}
    recipe = teach(exam.validation, scorers, section, Conditions(), protocols=("exclude",), earlier=exam.earlier).recipe
    test = exam.test
    fusion = recipe.fusions(recipe.fit(test.graph, Conditions()))["exclude"]
    print(fusion)
    print(f"| weight | told in paths | {' | '.join(NAMES)} | NDCG@10 | change | 95 % |")
    print(f"|---{'|---:' * 6}|---|")
    for weight in map(float, given.weights.split(",")):
        chain = Chain((reranker({"step": "attractive", "weight": weight}),))
        spent = cost(chain, fusion, test.graph, test.holdout, PROTOCOL, Teller(test.graph))
        before, after = attractive(test, fusion, chain)
        whole = spent["chain"]
        for title, own, ndcg in (("before", before, spent["before"]), (f"{weight:g}", after, whole[PROTOCOL.decisive])):
            cells = " | ".join("–" if np.isnan(own[name]) else f"{own[name]:.3f}" for name in NAMES)
            told = f"| {title} | {own['told']:.1%} | {cells} | {ndcg:.4f} |"
            change = f" {ndcg / spent['before'] - 1:+.2%} | {whole['low']:+.4f} … {whole['high']:+.4f} |"
            print(told + (change if title != "before" else " | |"), flush=True)


if __name__ == "__main__":
    main()
