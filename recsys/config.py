"""The whole TOML file that describes a shop: the sections of both floors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PositiveFloat, PositiveInt

from kg.config import KgConfig
from kg.config_file import checked, read_toml
from kg.customers import FEWEST
from kg.graph import KnowledgeGraph
from kg.source_config import Section
from kg.sources.preset import with_presets
from recsys.errors import RecsysError
from recsys.explanation.telling import Teller
from recsys.metrics import listed, metric
from recsys.protocol import Protocol, Repeats
from recsys.ranking import CATEGORY
from recsys.reranking.chain import Chain
from recsys.scorers import DEFAULT, create
from recsys.strata import categories, check

PROTOCOLS: tuple[Repeats, ...] = ("exclude", "include")


def _default_scorers() -> dict[str, dict[str, Any]]:
    return {name: {} for name in DEFAULT}


class Evaluation(Section):
    """How rankings are judged; `repeats` is the protocol that is shown first, both are always measured.

    path_share  the least share of the fusion's scores that paths of the graph must tell, 0 … 1
    metrics     names of `recsys.metrics.METRICS`; NDCG decides and is always among them
    category    the node type by which lists are diverse and calibrated
    by          node types of users whose figures are told apart, beside how much they have done
    """

    repeats: Repeats = "exclude"
    k: tuple[PositiveInt, ...] = Field(default=(10, 20), min_length=1)
    resamples: PositiveInt = 2000
    path_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    metrics: tuple[str, ...] = Field(default_factory=listed)
    category: str = CATEGORY
    by: tuple[str, ...] = ()

    def protocol(self, repeats: Repeats, seed: int) -> Protocol:
        metrics = tuple(dict.fromkeys(("ndcg", *self.metrics)))
        return Protocol(repeats=repeats, k=self.k, metrics=metrics, resamples=self.resamples, seed=seed)

    def check(self, graph: KnowledgeGraph) -> None:
        """Raise RecsysError where the graph lacks a node type that is named."""
        categories(graph, self.category)
        for node_type in self.by:
            check(graph, node_type)


class Explanations(Section):
    """What may be told: other customers are counts of at least `k_anonymous`; `sensitive` node types and relations not.

    What is sensitive takes part in the scores; no sentence, document or picture shows it. `budget_ms` milliseconds of
    one core are there to find a score's ways one by one, and as many to count customers: of a hub that needs more the
    rest is added up, and it is said so.
    """

    k_anonymous: PositiveInt = FEWEST
    sensitive: tuple[str, ...] = ()
    budget_ms: PositiveFloat = 1000.0

    def teller(self, graph: KnowledgeGraph) -> Teller:
        return Teller(graph, self.k_anonymous, frozenset(self.sensitive), budget_ms=self.budget_ms)

    def check(self, graph: KnowledgeGraph) -> None:
        """Raise RecsysError where `sensitive` names what the graph lacks: a slip would show what it should hide."""
        known = {*graph.nodes, *(relation[1] for relation in graph.relations)}
        for name in self.sensitive:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                fix = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(sorted(known))}."
                raise RecsysError(
                    "the graph has no such node type or relation", column="explanations.sensitive", value=name, fix=fix
                )


class Config(KgConfig):
    """A shop's file; `scorers` are the parameters by name of scorer (none named: the default ones, as they come).

    `rerank` are the re-ranking steps, each the keys of one.
    """

    seed: int = 0
    scorers: dict[str, dict[str, Any]] = Field(default_factory=_default_scorers)
    evaluation: Evaluation = Evaluation()
    rerank: tuple[dict[str, Any], ...] = ()
    explanations: Explanations = Explanations()

    @classmethod
    def read(cls, path: Path) -> Config:
        """A checked config; raises KgError naming the file, the key and the nearest right key."""
        config = checked(cls, read_toml(path) | {"folder": path.parent}, path)
        try:
            for name, parameters in config.scorers.items():
                create(name, **parameters)
            config.chain()
            for name in config.evaluation.metrics:
                metric(name)
        except RecsysError as error:
            error.file = path
            raise
        return config

    @classmethod
    def of(cls, config: KgConfig) -> Config:
        """The other floor's sections as they come."""
        return cls(**dict(config))

    def resolved(
        self,
        events: Sequence[Path] = (),
        items: Path | None = None,
        users: Path | None = None,
        columns: Mapping[str, str] | None = None,
        facts: Sequence[Path] = (),
        seed: int | None = None,
    ) -> Config:
        """Standing for itself: absolute paths, presets written out; what is given takes the place of its own."""
        config = with_presets(self.at(events, items, users, columns, facts))
        return config if seed is None else config.model_copy(update={"seed": seed})

    def chain(self) -> Chain:
        """The re-ranking steps."""
        return Chain.of(self.rerank)

    def check(self, graph: KnowledgeGraph) -> None:
        """Raise RecsysError where a rule, what is to be hidden or told apart does not fit the graph of all."""
        self.chain().check(graph)
        self.explanations.check(graph)
        self.evaluation.check(graph)

    def told_in_paths(self, share: float | None) -> Config:
        """With another floor of path share; None: its own."""
        if share is None:
            return self
        return self.model_copy(update={"evaluation": self.evaluation.model_copy(update={"path_share": share})})

    def only(self, names: Sequence[str]) -> Config:
        """With these scorers alone; one that the config does not name comes as it is."""
        for name in names:
            create(name)
        return self.model_copy(update={"scorers": {name: self.scorers.get(name, {}) for name in names}})
