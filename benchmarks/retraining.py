"""Do explanations hold when everything is learned anew? On the shops of some workspaces, run until `train`:

    cartograph demo --users 300 --items 200 --events 8000 --workspace demo
    python benchmarks/retraining.py demo [--without lightgcn] [--seeds 5] [--retrains 10]

Stability: items of the top 10s of one training are explained by trainings with other seeds. What draws random numbers
is fitted anew, and the fusion learned anew on validation. How often is the strongest path, of all scorers together, the
same one?

Deletion: edges of the strongest path are taken out of the graph, of twenty pairs of other users and other items at
once, and everything is fitted on what is left, with the weights as they were. All its edges, those of the customers
that it leads through too, beside as many others of the same relations and degrees; or only the user's own that it
begins with, beside as many of hers to nodes of about the same degree. Which lowers the pair's score more, and how many
times as far?
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path as File

import numpy as np
from numpy.typing import NDArray

from kg.graph import KnowledgeGraph
from recsys.explanation.asked import Asked, Draw
from recsys.explanation.attractiveness import strongest_path
from recsys.explanation.deletion import MOST, degrees_of, matched
from recsys.explanation.path_edges import Pairs, alike, edges_of, merged, without
from recsys.fusion import Fusion
from recsys.learning import learn
from recsys.recipe import Conditions, Recipe
from recsys.scorers import create
from recsys.stages import Job, before_test, remembered, train_and_validation
from recsys.threads import limit
from recsys.types import Path, Scorer
from recsys.workspace import Workspace

K, AT_ONCE = 10, 20
Taken = Callable[[KnowledgeGraph, Asked, Path, NDArray[np.int64], np.random.Generator], tuple[Pairs, Pairs] | None]
"""Of a pair and its strongest path: the edges that are taken out, and as many others; None: there are no others."""


class Trainings:
    """Fusions of one recipe, by seed and floor of path share; nothing is fitted twice."""

    def __init__(self, job: Job, without: set[str]) -> None:
        self.test, recipe = before_test(job)
        self.scorers = {name: given for name, given in recipe.scorers.items() if name not in without}
        self.validation = train_and_validation(job)
        self.protocol = job.config.evaluation.protocol("exclude", 0)
        self.known: dict[tuple[str, bool, int | None], Scorer] = {}

    def fusion(self, seed: int, floor: float) -> Fusion:
        lesson = Fusion({name: self.fitted(name, seed, later=False) for name in self.scorers})
        learn(lesson, self.validation.holdout, self.protocol, floor)
        return weighed(lesson, {name: self.fitted(name, seed, later=True) for name in lesson.used})

    def fitted(self, name: str, seed: int, *, later: bool) -> Scorer:
        """A scorer fitted on the graph before validation, or before the test."""
        own = {"seed": seed} if "seed" in self.scorers[name] else {}
        key = (name, later, own.get("seed"))
        if key not in self.known:
            scorer = create(name, **{**self.scorers[name], **own})
            self.known[key] = Conditions().fit(scorer, (self.test if later else self.validation).graph)
        return self.known[key]


def weighed(like: Fusion, parts: Mapping[str, Scorer]) -> Fusion:
    """Other fitted parts with the weights of a fusion."""
    fusion = Fusion(parts)
    places = [list(like.parts).index(name) for name in parts]
    fusion.learned = like.learned[places]
    return fusion


def drawn(fusion: Fusion, graph: KnowledgeGraph, kinds: tuple[str, ...], n: int, seed: int) -> list[Asked]:
    """Items of the top 10s of n users, one of each, explained."""
    query = graph.query()
    people = np.random.default_rng(seed).permutation(np.flatnonzero(np.diff(query.indptr)))[:n]
    draw = Draw(query.take(np.sort(people)), np.arange(len(people)), np.arange(len(people)) % K, K, kinds)
    return draw.ask(fusion, np.ones(graph.n_items, dtype=bool))


def stability(trainings: Trainings, floor: float, n_seeds: int, n_pairs: int) -> tuple[int, float, float]:
    """How many pairs; how often two trainings agree on the strongest path, and how often all do."""
    fusions = [trainings.fusion(seed, floor) for seed in range(n_seeds)]
    pairs = drawn(fusions[0], trainings.test.graph, trainings.test.holdout.kinds, n_pairs, 0)
    named = [[strongest_path(fusion.explain(pair.query, 0, pair.item)) for fusion in fusions] for pair in pairs]
    agree = [np.mean([one == other for one, other in combinations(ways, 2)]) for ways in named]
    return len(pairs), float(np.mean(agree)), float(np.mean([len(set(ways)) == 1 for ways in named]))


def whole(
    graph: KnowledgeGraph, pair: Asked, way: Path, degrees: NDArray[np.int64], rng: np.random.Generator
) -> tuple[Pairs, Pairs] | None:
    """All edges of the path."""
    taken = edges_of(graph, int(pair.query.users[0]), way)
    others = alike(graph, taken, degrees, rng)
    return (
        (taken, others)
        if {name: len(of) for name, of in taken.items() if len(of)} == {name: len(of) for name, of in others.items()}
        else None
    )


def own(
    graph: KnowledgeGraph, pair: Asked, way: Path, degrees: NDArray[np.int64], rng: np.random.Generator
) -> tuple[Pairs, Pairs] | None:
    """The user's own edges that it begins with."""
    user, nodes = int(pair.query.users[0]), pair.query.nodes
    others = next(matched(nodes, way.nodes[0], degrees, rng), None)
    if others is None:
        return None
    alone = [Path((node,)) for node in (way.nodes[0], *np.unique(nodes[others]).tolist())]
    first, *rest = (edges_of(graph, user, path) for path in alone)
    return first, merged(rest)


TAKEN: Mapping[str, Taken] = {"all its edges": whole, "her own": own}


def retrained(trainings: Trainings, floor: float, n_retrains: int, take: Taken) -> tuple[int, float, float]:
    """How many pairs; how often the strongest path's fall is the larger one; how many times as far, the median."""
    graph, fusion = trainings.test.graph, trainings.fusion(0, floor)
    pairs = drawn(fusion, graph, trainings.test.holdout.kinds, n_retrains * AT_ONCE, 1)
    degrees, rng = degrees_of(graph), np.random.default_rng(2)
    falls: list[tuple[float, float]] = []
    while pairs:
        group, pairs = disjoint(pairs)
        asked, taken = [], []
        for pair in group:
            way = strongest_path(pair.told)
            if way and (found := take(graph, pair, way, degrees, rng)):
                asked.append(pair)
                taken.append(found)
        gone = [without(graph, merged(parts)) for parts in zip(*taken, strict=True)]
        after = [scores(trainings, fusion, left, asked) for left in gone]
        falls += [(pair.score - top, pair.score - other) for pair, top, other in zip(asked, *after, strict=True)]
        print(f"{len(falls)} pairs", file=sys.stderr)
    top, other = np.array(falls).T
    ratio = np.where(top > 0, top / np.maximum(other, np.maximum(top, 1e-300) / MOST), 0.0)
    return len(falls), float(np.mean(top > other)), float(np.median(ratio))


def disjoint(pairs: list[Asked]) -> tuple[list[Asked], list[Asked]]:
    """Twenty pairs of different items, and the rest; their users differ anyway."""
    group: list[Asked] = []
    rest: list[Asked] = []
    for pair in pairs:
        fits = len(group) < AT_ONCE and pair.item not in [other.item for other in group]
        (group if fits else rest).append(pair)
    return group, rest


def scores(trainings: Trainings, like: Fusion, graph: KnowledgeGraph, pairs: list[Asked]) -> list[float]:
    """The scores of some pairs when everything is fitted on another graph."""
    recipe = Recipe({name: trainings.scorers[name] for name in like.used}, {})
    fusion = weighed(like, recipe.fit(graph, Conditions()))
    query = graph.query().take(np.array([int(pair.query.users[0]) for pair in pairs]))
    return [float(row[pair.item]) for row, pair in zip(fusion.score(query), pairs, strict=True)]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("workspaces", type=File, nargs="+")
    words.add_argument("--without", default="", help="scorers to leave out, such as those that take long to train")
    words.add_argument("--seeds", type=int, default=5)
    words.add_argument("--pairs", type=int, default=100, help="for stability")
    words.add_argument("--retrains", type=int, default=10)
    words.add_argument("--floors", default="0,0.5", help="of path share")
    given = words.parse_args()
    limit(1)
    print("| shop | floor | pairs | two seeds agree | all do | deleted | pairs, retrained | falls more | by |")
    print("|---|---:|---:|---:|---:|---|---:|---:|---:|")
    for folder in given.workspaces:
        job = Job(Workspace(folder), remembered(Workspace(folder)), 1)
        trainings = Trainings(job, set(given.without.split(",")))
        for floor in map(float, given.floors.split(",")):
            n, agree, whole = stability(trainings, floor, given.seeds, given.pairs)
            told = f"| {job.config.shop.name} | {floor:.0%} | {n} | {agree:.0%} | {whole:.0%} |"
            print(told, file=sys.stderr)
            for name, take in TAKEN.items():
                n, lower, ratio = retrained(trainings, floor, given.retrains, take)
                print(f"{told} {name} | {n} | {lower:.0%} | {ratio:.1f}× |", flush=True)


if __name__ == "__main__":
    main()
