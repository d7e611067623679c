"""The whole: tables in; recommendations and their reasons out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from kg.building import build
from kg.carves import Carve
from kg.graph import ITEM, KnowledgeGraph
from kg.query import Query
from kg.splitting import split
from kg.steps.derive import derive
from kg.tables import Tables
from kg.updating import updated
from recsys import answering, saved
from recsys.config import Config
from recsys.deadline import Deadline
from recsys.errors import RecsysError
from recsys.explanation.answers import Owed, WhyAbove, WhyNot, Without, WouldBring
from recsys.explanation.page import Shown
from recsys.explanation.telling import Teller
from recsys.filters import EVERYTHING, Filters
from recsys.fusion import Fusion
from recsys.linear import LinearScorer
from recsys.markup import element, table, together
from recsys.protocol import Repeats
from recsys.recipe import Conditions, Recipe
from recsys.reranking.chain import Chain
from recsys.scorers.sequels import Sequels
from recsys.serving import Service
from recsys.similar import Similar
from recsys.teaching import teach
from recsys.types import Explanation, Placement, Scorer, explainer, user_ids
from recsys.windows import seconds, window, window_if_any

if TYPE_CHECKING:
    import pandas as pd

_CLOSENESS = "ease"  # the scorer whose operator says how near two items are


@dataclass(eq=False)
class Recommender:
    """A graph, scorers fitted on it, and a fusion of them for each protocol.

    config   how to derive, split, score; None: as the tables were read, with the default scorers
    config_  the one that was fitted by
    tables   what it was fitted on, and updated with; None where it came from a workspace, or is yet to be read

    >>> model = Recommender().fit(tables)  # doctest: +SKIP
    >>> model.recommend(["12347"], k=10)  # doctest: +SKIP
    """

    config: Config | None = None
    conditions: Conditions = field(default_factory=Conditions)
    frames: str = "pandas"
    config_: Config = field(init=False, repr=False)
    tables: Tables | None = field(init=False, repr=False, default=None)
    _folder: Path | None = field(init=False, repr=False, default=None)  # of one that was loaded
    graph: KnowledgeGraph = field(init=False, repr=False)
    recipe: Recipe = field(init=False, repr=False)
    fusions: Mapping[Repeats, Fusion] = field(init=False, repr=False)

    def fit(self, tables: Tables) -> Self:
        """Learn the fusion on a validation period at the end of the log, then refit everything on all of it."""
        self.config_ = config = self.config or Config.of(tables.config)
        recipe = self._learned(tables, config)
        graph = build(derive(tables, config.derive))
        self.tables, self.frames = tables, tables.frames
        return self._take(graph, recipe.fit(graph, self.conditions), recipe)

    def _learned(self, tables: Tables, config: Config) -> Recipe:
        """No test is kept: a split's test is the validation, and its validation the window before that."""
        section, kinds = config.derive, config.shop.target_kinds
        cut = split(tables, config.split, kinds)
        validation = window(Carve(cut.train_validation, cut.test, cut.test_start), section, kinds)
        last = Carve(cut.train, cut.validation, cut.validation_start) if config.split.ordered else None
        earlier = window_if_any(last, section, kinds)
        return teach(
            validation, config.scorers, config.evaluation, self.conditions, config.seed, earlier=earlier
        ).recipe

    def update(self, more: Any) -> Self:
        """Serve new events and changed items and users too: `kg.Tables`, or a frame of events.

        They are taken as they are: no cleaning rule of the shop's is applied. A row of items or users takes the place
        of the one with its id. What was learned stays: everything is fitted on the new graph with the parameters and
        weights that `fit` found. Raises RecsysError where there are no tables to add to.
        """
        old = self._known()
        if old is None:
            raise RecsysError(
                "a recommender without tables cannot be updated",
                fix="Fit it, load one that was saved, or give a workspace its new files: `cartograph update`.",
            )
        new = more if isinstance(more, Tables) else Tables.of(events=more)
        tables = old.with_more(new)
        changed = new.events.select("user_id", "item_id").distinct().to_pyarrow()
        graph = updated(self.graph, derive(tables, self.config_.derive), changed)
        parts = self.recipe.fit(graph, self.conditions)
        self.tables = tables
        return self._take(graph, parts, self.recipe)

    @classmethod
    def of(cls, graph: KnowledgeGraph, parts: Mapping[str, Scorer], recipe: Recipe, config: Config) -> Self:
        """From what was fitted elsewhere."""
        made = cls(config)
        made.config_ = config
        return made._take(graph, parts, recipe)

    def _take(self, graph: KnowledgeGraph, parts: Mapping[str, Scorer], recipe: Recipe) -> Self:
        self.graph, self.recipe, self.fusions = graph, recipe, recipe.fusions(parts)
        return self

    def __repr__(self) -> str:
        if not hasattr(self, "graph"):
            return "Recommender(not fitted)"
        return f"Recommender({len(self.recipe.scorers)} scorers on {self.graph!r})"

    def _repr_html_(self) -> str:
        if not hasattr(self, "graph"):
            return str(element("p", repr(self)))
        weights = self.recipe.weights
        rows = [[name, *(f"{weights[repeats][name][0]:.3f}" for repeats in weights)] for name in self.recipe.scorers]
        mixed = table(["weight in the fusion", *(f"repeats {repeats}d" for repeats in weights)], rows)
        return str(together(element("p", repr(self)), mixed))

    def recommend(
        self,
        users: Iterable[str] | str | None = None,
        k: int = 10,
        *,
        history: Iterable[str] | str | None = None,
        repeats: Repeats = "exclude",
        filters: Filters = EVERYTHING,
        as_of: datetime | None = None,
        rerank: Chain | None = None,
    ) -> Any:
        """A frame of the kind the tables were made of: columns user_id, item_id, rank, title, score.

        `users` are ids, each answered once, or one id; None and a `history` of items, perhaps empty: a guest; neither:
        everyone. Raises RecsysError naming an unknown one. `rerank` None: the config's steps; where there are any,
        rank_before and a column for each tell what they did.
        """
        query = self.query(None if users is None else dict.fromkeys(_ids(users)), history, as_of)
        found = self.service(query, k, repeats, filters, rerank).listed(query, user_ids(self.graph, query))
        return _of_library(found.to_frame(self.graph), self.frames)

    def service(
        self,
        query: Query,
        k: int = 10,
        repeats: Repeats = "exclude",
        filters: Filters = EVERYTHING,
        rerank: Chain | None = None,
    ) -> Service:
        """How the lists of a query are made; what may be asked of them: `recsys.answering`."""
        _check_length(k)
        chain = self.config_.chain() if rerank is None else rerank
        chain.check(self.graph)
        fusion, unseen, mask = self.fusions[repeats], self._excluded(repeats, query), filters.mask(self.graph)
        return Service(self.graph, fusion, k, self.teller, chain, unseen, mask)

    def explain(
        self,
        user: str | None,
        item: str,
        *,
        history: Iterable[str] | str = (),
        repeats: Repeats = "exclude",
        as_of: datetime | None = None,
    ) -> Explanation:
        """The contributions that add up to an item's score for a user, or for a guest with a `history` of items.

        In a notebook it draws itself as `show` does. What it may take is the config's `explanations.budget_ms`.
        """
        deadline = Deadline(self.config_.explanations.budget_ms)
        explain = explainer(self.fusions[repeats], self._one(user, history, as_of), 0, deadline)
        found = explain(self.item(item))
        return replace(found, drawn=lambda told: Shown(self.teller.tell(told))._repr_html_())

    def placed(self, user: str | None, item: str, k: int = 10, **asked: Any) -> Placement:
        """The place of an item in the user's whole list, and what re-ranking for a list of k did to it.

        This and the questions below take `history`, `repeats`, `as_of` and `rerank` as `recommend` does.
        """
        service, query = self._asked(user, k, **asked)
        return service.placed(query, self.item(item))

    def rank(self, user: str | None, item: str, k: int = 10, **asked: Any) -> int | None:
        """The place of an item in the user's whole list, from 1; None where it is not in it."""
        return self.placed(user, item, k, **asked).rank

    def why_not(self, user: str | None, item: str, k: int = 10, **asked: Any) -> WhyNot:
        """Why an item is not in the user's list of k."""
        return answering.why_not(*self._asked(user, k, **asked), self.item(item))

    def why_above(self, user: str | None, first: str, second: str, k: int = 10, **asked: Any) -> WhyAbove:
        """Why one item stands above another, or does not."""
        return answering.why_above(*self._asked(user, k, **asked), self.item(first), self.item(second))

    def would_bring(self, user: str | None, item: str, k: int = 10, **asked: Any) -> WouldBring:
        """Which purchases would bring an item into the user's list of k."""
        return answering.would_bring(*self._asked(user, k, **asked), self.item(item))

    def without(self, user: str | None, item: str, k: int = 10, **asked: Any) -> Without:
        """Without which of the user's doings an item would not be in her list of k."""
        return answering.without(*self._asked(user, k, **asked), self.item(item))

    def attribute(self, user: str | None, item: str, k: int = 10, **asked: Any) -> Owed:
        """What an item's score owes to each of the user's doings: an estimate, for scorers that cannot be explained."""
        return answering.attributed(*self._asked(user, k, **asked), self.item(item))

    @property
    def teller(self) -> Teller:
        """Tells explanations as the config allows."""
        self.config_.explanations.check(self.graph)
        return self.config_.explanations.teller(self.graph)

    def show(self, user: str, item: str, language: str = "en") -> Shown:
        """An explanation that draws itself in a notebook."""
        return Shown(self.teller.tell(self.explain(user, item)), language)

    def similar(self, item: str, k: int = 10, by: str | None = None) -> Any:
        """Alternatives and complements of an item, a frame: columns item_id, rank, title, score, kind.

        `by` names the scorer that says what is near: by embeddings with "lightgcn".
        """
        _check_length(k)
        self.item(item)
        parts = self.fusions["exclude"].parts
        near = {name: part for name, part in parts.items() if isinstance(part, LinearScorer)}
        if by is not None and by not in near:
            raise RecsysError("no such scorer here says what is near", value=by, fix=f"There are: {', '.join(near)}.")
        sequels = parts.get("sequels")
        known = Similar(self.graph, near.get(by or _CLOSENESS), sequels if isinstance(sequels, Sequels) else None)
        return _of_library(known.frame(item, k), self.frames)

    def save(self, folder: Path | str) -> None:
        """Write everything; an existing folder is replaced when all is written."""
        parts = self.fusions["exclude"].parts
        saved.write(Path(folder), saved.Saved(self.graph, parts, self.recipe, self.config_), self._known())

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """What `save` wrote; KgError naming the file that is missing, damaged or of another version."""
        found = saved.read(Path(folder))
        made = cls.of(found.graph, found.parts, found.recipe, found.config)
        made._folder = Path(folder)
        return made

    def query(
        self,
        users: Iterable[str] | str | None = None,
        history: Iterable[str] | str | None = None,
        as_of: datetime | None = None,
    ) -> Query:
        """The query of known users, of a guest with a history (perhaps an empty one), or of everyone."""
        now = None if as_of is None else seconds(as_of) - self.graph.epoch
        if users is None and history is not None:
            bought = _ids(history)
            for item in bought:
                self.item(item)
            return self.graph.guest([(ITEM, item) for item in bought], now)
        names = None if users is None else _ids(users)
        query = self.graph.query(names, now)
        if names is not None and (query.users < 0).any():
            unknown = names[int(np.argmin(query.users))]
            if unknown is None or unknown == "" or unknown != unknown:  # NaN is not itself
                raise RecsysError("the id of a user is empty", value=unknown, fix="Leave it out, or give a history.")
            fix = "Check the id, or give a history." if isinstance(unknown, str) else "Ids are texts: put it in quotes."
            raise RecsysError("no such user in the graph", value=unknown, fix=fix)
        return query

    def item(self, item: str) -> int:
        """Where an item stands among the items; RecsysError where there is none."""
        found = int(self.graph.nodes[ITEM].ids.to_index([item])[0])
        if found < 0:
            raise RecsysError("no such item in the graph", value=item, fix="Check the id.")
        return found

    def _asked(
        self,
        user: str | None,
        k: int,
        *,
        history: Iterable[str] = (),
        repeats: Repeats = "exclude",
        as_of: datetime | None = None,
        rerank: Chain | None = None,
    ) -> tuple[Service, Query]:
        query = self._one(user, history, as_of)
        return self.service(query, k, repeats, rerank=rerank), query

    def _known(self) -> Tables | None:
        """The tables; those that were saved are read when they are asked for. RecsysError naming a damaged file."""
        if self.tables is None and self._folder is not None:
            self.tables = saved.tables(self._folder)
        return self.tables

    def _one(self, user: str | None, history: Iterable[str] | str, as_of: datetime | None) -> Query:
        return self.query(None if user is None else [user], history, as_of)

    def _excluded(self, repeats: Repeats, query: Query) -> tuple[str, ...]:
        """The kinds of event whose items are not shown again; what a guest has is not shown either."""
        if repeats == "include":
            return ()
        return (*self.config_.shop.target_kinds, *(query.kind_names if (query.users < 0).all() else ()))


def _ids(given: Iterable[str] | str) -> list[str]:
    """Ids, or one id."""
    return [given] if isinstance(given, str) else list(given)


def _check_length(k: int) -> None:
    if not isinstance(k, int | np.integer) or k < 1:
        raise RecsysError("the length of a list is a whole number from 1", value=k, fix="Give k, such as 10.")


def _of_library(frame: pd.DataFrame, library: str) -> Any:
    """A frame as polars' or Arrow's; as it is for any other library."""
    import narwhals as nw

    match library:
        case "polars":
            return nw.from_native(frame).to_polars()
        case "pyarrow":
            return nw.from_native(frame).to_arrow()
        case _:
            return frame
