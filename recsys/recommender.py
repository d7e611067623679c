"""The whole: tables in; recommendations and their reasons out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kg.building import build
from kg.config import KgConfig
from kg.errors import KgError
from kg.files import replacing
from kg.graph import ITEM, KnowledgeGraph
from kg.query import Query
from kg.splitting import split
from kg.steps.derive import derive
from kg.tables import Tables
from recsys.errors import RecsysError
from recsys.evaluation import evaluate
from recsys.fusion import Fusion
from recsys.holdout import holdout
from recsys.learning import learn
from recsys.protocol import Protocol, Repeats
from recsys.ranking import recommend
from recsys.scorers import SCORERS, create
from recsys.types import Explanation, user_ids

if TYPE_CHECKING:
    import pandas as pd

Say = Callable[[str], None]
PROTOCOLS: tuple[Repeats, ...] = ("exclude", "include")
VERSION = 1


@dataclass(frozen=True)
class Learned:
    """What validation taught: per protocol, every scorer's weight, scale and stand-in for no opinion."""

    weights: Mapping[str, Mapping[str, list[float]]]
    evaluation: Mapping[str, Any]

    def save(self, path: Path) -> None:
        with replacing(path) as temporary:
            text = json.dumps({"version": VERSION, "weights": self.weights, "evaluation": self.evaluation}, indent=1)
            temporary.write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Learned:
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise RecsysError(
                "nothing has been learned here yet", file=path, fix="Run `cartograph run` first."
            ) from error
        except ValueError as error:
            raise RecsysError("the file is damaged", file=path, fix="Run `cartograph run` again.") from error
        if raw.get("version") != VERSION:
            raise RecsysError("the file is of another version", file=path, fix="Run `cartograph run` again.")
        return cls(raw["weights"], raw["evaluation"])


def train(tables: Tables, config: KgConfig, say: Say = lambda _: None) -> Learned:
    """Learn fusion weights on validation, then judge on test what is refitted on train + validation."""
    windows = split(tables, config.split)
    kinds = config.shop.target_kinds
    say("train: graph and scorers on the train window")
    graph = build(derive(windows.train, config.derive))
    fusions = fitted(graph)
    asked = holdout(graph, windows.validation, kinds, _seconds(windows.validation_start))
    for repeats in PROTOCOLS:
        say(f"train: fusion, repeats {repeats}d")
        learn(fusions[repeats], asked, Protocol(repeats=repeats))
    say("evaluate: refit on train + validation, figures on test")
    graph = build(derive(windows.train_validation, config.derive))
    fusions[PROTOCOLS[0]].fit(graph)  # the parts are the same in each
    asked = holdout(graph, windows.test, kinds, _seconds(windows.test_start))
    figures: dict[str, Any] = {}
    for repeats in PROTOCOLS:
        scorers = {**fusions[repeats].parts, "fusion": fusions[repeats]}
        figures[repeats] = evaluate(scorers, asked, Protocol(repeats=repeats)).to_json()
    weights = {
        repeats: {
            name: [float(values[place]) for values in (fusion.weights_, fusion.scales_, fusion.missing_)]
            for place, name in enumerate(fusion.parts)
        }
        for repeats, fusion in fusions.items()
    }
    return Learned(weights, figures)


def fitted(graph: KnowledgeGraph) -> dict[str, Fusion]:
    """A fusion per protocol of the same parts, every registered scorer, fitted once."""
    parts = {name: create(name) for name in SCORERS}
    for part in parts.values():
        part.fit(graph)
    return {repeats: Fusion(parts) for repeats in PROTOCOLS}


@dataclass(frozen=True, eq=False)
class Recommender:
    """A graph and a fitted fusion for each protocol."""

    graph: KnowledgeGraph
    fusions: Mapping[str, Fusion]
    target_kinds: tuple[str, ...] = ("purchase",)

    @classmethod
    def fit(cls, tables: Tables, config: KgConfig, learned: Learned) -> Recommender:
        """The parts fitted on everything, with the weights that validation taught."""
        graph = build(derive(tables, config.derive))
        fusions = fitted(graph)
        for repeats, fusion in fusions.items():
            columns = np.array([learned.weights[repeats][name] for name in fusion.parts])
            fusion.weights_, fusion.scales_, fusion.missing_ = columns.T
        return cls(graph, fusions, config.shop.target_kinds)

    def recommend(self, users: Iterable[str], k: int = 10, repeats: Repeats = "exclude") -> pd.DataFrame:
        """Columns user_id, item_id, rank, title, score."""
        query = self.query(users)
        excluded = self.target_kinds if repeats == "exclude" else ()
        ids = user_ids(self.graph, query)
        return recommend(self.fusions[repeats], query, k, exclude_kinds=excluded, users=ids).to_frame(self.graph)

    def explain(self, user: str, item: str, repeats: Repeats = "exclude") -> tuple[Explanation, int]:
        """The contributions to an item's score for a user, and its rank among what may be shown (0: none)."""
        query = self.query([user])
        index = self.graph.node(ITEM, item) - self.graph.nodes[ITEM].start
        fusion = self.fusions[repeats]
        told = fusion.explain(query, 0, index)
        seen = (
            query.seen(self.target_kinds).toarray()[0] > 0
            if repeats == "exclude"
            else np.zeros(self.graph.n_items, bool)
        )
        scores = np.where(seen, -np.inf, fusion.score(query)[0])
        return told, 0 if seen[index] else int((scores > scores[index]).sum()) + 1

    def query(self, users: Iterable[str]) -> Query:
        """The query of known users; an unknown one is an error."""
        names = list(users)
        query = self.graph.query(names)
        if (query.users < 0).any():
            unknown = names[int(np.argmin(query.users))]
            raise KgError("no such user in the graph", value=unknown, fix="Check the id.")
        return query


def _seconds(moment: Any) -> int:
    from datetime import UTC

    return int(moment.replace(tzinfo=UTC).timestamp())
