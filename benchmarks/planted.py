"""Is the planted truth of the demo shop found again: `python benchmarks/planted.py [--seeds N] [--write]`.

A demo shop knows why every purchase happened. Everything is fitted as the main job does, before the test window, then

- the fusion's NDCG@10 stands beside that of the oracle, which ranks by the true probabilities of the next purchase at
  the beginning of the window, or with `until` by their mean over the window: the stricter reference;
- for test purchases by a complement or a favourite brand that the fusion ranks in its top 10, the strongest path of the
  explanation, grouped as it is told, names the cause (the earlier item; the brand) or does not. Beside it stands the
  chance that a path drawn evenly from all that the graph has between user and item, grouped alike, names it, or one
  from the shortest; and with `--rivals`, what a graph attention network says (`attention.py`), GNNExplainer for so many
  of the pairs of a seed, as each takes some seconds.

`--write` puts the tables into RESULTS.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from math import comb
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from kg.carves import Carve, before
from kg.config import DEMO
from kg.demo_shop import DemoShop, generate, oracle_scores
from kg.demo_shop.writer import DemoFiles
from kg.engine import Engine
from kg.graph import ITEM, USER, KnowledgeGraph
from kg.query import Query
from kg.reading import ingest
from kg.splitting import Windows, split
from recsys.config import PROTOCOLS, Config
from recsys.evaluation import evaluate
from recsys.explanation.telling import Teller
from recsys.explanation.told import Reason
from recsys.fusion import Fusion
from recsys.protocol import Protocol, Repeats
from recsys.ranking import recommend
from recsys.recipe import Conditions
from recsys.scorers.metapaths import metapaths
from recsys.scorers.walks import Walks
from recsys.teaching import teach
from recsys.types import Holdout, Scores, user_ids
from recsys.windows import window, window_if_any

if TYPE_CHECKING:
    from benchmarks.attention import Rival

K = 10
WAYS = [f"{way}{n}" for way in ("first", "chance", "shortest", "attention", "mask") for n in ("", "3")]
CAUSES = {"complement": ITEM, "brand": "brand"}
"""The mechanisms whose causes are nodes, and the type of those nodes."""


@dataclass(frozen=True)
class Found:
    """What the main job makes of a demo shop before the test window: `graph` ends where `test` begins."""

    folder: Path
    windows: Windows
    graph: KnowledgeGraph
    test: Holdout
    fusions: dict[Repeats, Fusion]


@dataclass(frozen=True)
class Oracle:
    """The true chances as a scorer; nothing for users the graph lacks."""

    chances: Scores

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        return self

    def score(self, query: Query) -> Scores:
        return np.where(query.users[:, None] >= 0, self.chances[query.users], np.float32(0))


def find(shop: DemoShop, folder: Path, scorers: Iterable[str] | None = None, path_share: float = 0.0) -> Found:
    """Write a demo shop into a folder, learn on its validation window, and refit on all before its test window."""
    generate(shop, folder)
    config = Config.read(DEMO).model_copy(update={"folder": folder})
    config = (config.only(list(scorers)) if scorers else config).told_in_paths(path_share)
    tables, _ = ingest(config, engine=Engine(threads=1))
    windows = split(tables, config.split, config.shop.target_kinds)
    section, kinds = config.derive, config.shop.target_kinds
    validation = window(Carve(windows.train, windows.validation, windows.validation_start), section, kinds)
    earlier = window_if_any(before(windows, config.split, kinds), section, kinds)
    test = window(Carve(windows.train_validation, windows.test, windows.test_start), section, kinds)
    recipe = teach(validation, config.scorers, config.evaluation, Conditions(), shop.seed, earlier=earlier).recipe
    fusions = recipe.fusions(recipe.fit(test.graph, Conditions()))
    return Found(folder, windows, test.graph, test.holdout, fusions)


def oracles(found: Found) -> dict[str, Oracle]:
    """The oracle that knows the chances when the test window begins, and the one that knows them all through it."""
    graph, start = found.graph, found.windows.test_start
    assert start is not None
    end = found.windows.test.time.max().to_pyarrow().as_py()
    users = list(graph.nodes[USER].ids.ids)
    items = pd.read_csv(DemoFiles.inside(found.folder).items, usecols=["item_id"])["item_id"]
    columns = pd.Index(items).get_indexer(graph.nodes[ITEM].ids.ids)
    return {
        name: Oracle(oracle_scores(found.folder, users, start, until)[:, columns])
        for name, until in (("oracle", None), ("oracle until", end))
    }


def accuracy(found: Found, truth: dict[str, Oracle]) -> pd.DataFrame:
    """NDCG@10 by protocol (rows) of every scorer, the fusion and the oracles, over the same users and targets."""
    rows = {}
    for repeats, fusion in found.fusions.items():
        judged = evaluate({**fusion.parts, "fusion": fusion, **truth}, found.test, Protocol(repeats=repeats))
        rows[repeats] = {name: judged.mean(name) for name in judged.figures}
    return pd.DataFrame(rows).T


def caused(found: Found, repeats: Repeats) -> pd.DataFrame:
    """Test purchases of a known cause that the fusion ranks in its top 10, one row each.

    Columns: row (of the test query), item (among the items), mechanism, cause (an id), known (the cause lies before the
    window: an earlier item that was bought only within it cannot be told).
    """
    truth = pd.read_parquet(DemoFiles.inside(found.folder).truth)
    assert found.windows.test_start is not None
    start = pd.Timestamp(found.windows.test_start, tz="UTC")
    bought = truth[(truth["time"] >= start) & truth["mechanism"].isin(list(CAUSES))]
    query, users = found.test.query, user_ids(found.graph, found.test.query)
    unseen = found.test.barred(repeats)
    best = recommend(found.fusions[repeats], query, K, exclude_kinds=unseen, users=users).items
    row = pd.Index(users).get_indexer_for(bought["user_id"])
    item = found.graph.nodes[ITEM].ids.to_index(bought["item_id"].to_numpy())
    ranked = (row >= 0) & (best[row] == item[:, None]).any(axis=1)
    known = bought["cause_time"].isna() | (bought["cause_time"] < start)
    columns = bought[["mechanism", "cause"]].assign(row=row, item=item, known=known)
    return columns[ranked].drop_duplicates().reset_index(drop=True)


def telling(found: Found, repeats: Repeats, rival: Rival | None = None, n_masks: int = 0) -> pd.DataFrame:
    """`caused` with columns that are 1.0 where the cause is named, or the chance that it is.

    first, first3             by the strongest path of the fusion, or one of its three strongest
    chance, chance3           by a path drawn evenly from all there are, or one of three
    shortest, shortest3       by a path drawn evenly from the shortest ones, or one of three
    attention, attention3     by the path that most attention of a `rival` goes along, or one of its three
    mask, mask3               by what GNNExplainer says of the rival, for `n_masks` pairs; NaN of the others
    """
    everything = {str(path): 1.0 for path in metapaths(found.graph, Walks().weighting, Walks().max_steps)}
    anywhere = Walks(metapath_weights=everything).fit(found.graph)
    teller = Teller(found.graph, detail=0)
    pairs, query = caused(found, repeats), found.test.query
    masked = set(np.random.default_rng(0).permutation(len(pairs))[:n_masks].tolist())
    rows = []
    asked = pairs[["row", "item", "mechanism", "cause"]].to_numpy().tolist()
    for place, (person, item, mechanism, cause) in enumerate(asked):
        by_fusion, every = (
            [reason for reason in teller.tell(scorer.explain(query, person, item)).reasons if reason.steps]
            for scorer in (found.fusions[repeats], anywhere)
        )
        shortest = min((len(reason.steps) for reason in every), default=0)
        strongest, drawn, short = (
            [names(reason, mechanism, cause) for reason in reasons]
            for reasons in (by_fusion, every, [reason for reason in every if len(reason.steps) == shortest])
        )
        row = {"first": float(any(strongest[:1])), "first3": float(any(strongest[:3]))}
        row |= {"chance": hit(drawn, 1), "chance3": hit(drawn, 3)}
        row |= {"shortest": hit(short, 1), "shortest3": hit(short, 3)}
        if rival is not None:
            user = int(query.users[person])
            row |= best("attention", rival.by_attention(user, every), drawn)
            if place in masked:
                row |= best("mask", rival.by_mask(user, query.items.start + item, every), drawn)
        rows.append(row)
    return pairs.join(pd.DataFrame(rows, columns=WAYS if rival is not None else WAYS[:6]))


def best(way: str, worth: list[float], named: list[bool]) -> dict[str, float]:
    """Whether the path that is worth most names the cause, and whether one of three does."""
    order = np.argsort(-np.array(worth), kind="stable")
    first = [named[at] for at in order[:3]]
    return {way: float(any(first[:1])), f"{way}3": float(any(first))}


def hit(named: list[bool], n: int) -> float:
    """The chance that one of n paths drawn from some names the cause."""
    wrong = len(named) - sum(named)
    n = min(n, len(named))
    return 1 - comb(wrong, n) / comb(len(named), n) if named else 0.0


def names(reason: Reason, mechanism: str, cause: str) -> bool:
    """Whether a path begins at the item, or passes the brand, that caused the purchase."""
    stops = reason.stops[:1] if mechanism == "complement" else reason.stops
    return any(stop.type == CAUSES[mechanism] and stop.id == cause for stop in stops)


def of_accuracy(runs: list[pd.DataFrame]) -> Iterator[str]:
    yield "| NDCG@10 | best single scorer | fusion | oracle | oracle, until the end | fusion / oracle | / until |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for repeats in PROTOCOLS:
        figures = pd.concat([run.loc[[repeats]] for run in runs])
        fusion, oracle, until = (figures[name].mean() for name in ("fusion", "oracle", "oracle until"))
        single = figures.drop(columns=["fusion", "oracle", "oracle until"]).mean().max()
        means = f"{single:.4f} | {fusion:.4f} | {oracle:.4f} | {until:.4f}"
        yield f"| repeats {repeats}d | {means} | {fusion / oracle:.0%} | {fusion / until:.0%} |"


def of_telling(runs: dict[Repeats, pd.DataFrame]) -> Iterator[str]:
    yield (
        "| cause | fusion | purchases in its top 10 | strongest path names it | one of three | a valid path by chance "
        "| one of three | a shortest one | one of three | most attention | one of three | GNNExplainer | one of three |"
    )
    yield f"|---|---{'|---:' * (len(WAYS) + 1)}|"
    for repeats, told in runs.items():
        for mechanism in CAUSES:
            every = told[told["mechanism"] == mechanism]
            for title, pairs in ((mechanism, every[every["known"]]), (f"{mechanism}, later ones too", every)):
                if title == mechanism or len(pairs) > every["known"].sum():
                    means = [pairs[way].mean() if way in pairs else np.nan for way in WAYS]
                    named = " | ".join("–" if np.isnan(mean) else f"{mean:.0%}" for mean in means)
                    yield f"| {title} | repeats {repeats}d | {len(pairs)} | {named} |"


def refresh(text: str) -> None:
    """Put the text where the results had its section before, or at their end."""
    title, path = text.partition("\n")[0], Path(__file__).with_name("RESULTS.md")
    before, _, rest = path.read_text(encoding="utf-8").partition(title)
    after = rest.partition("\n## ")
    path.write_text(
        f"{before.rstrip()}\n\n{text.rstrip()}\n" + (f"\n## {after[2]}" if after[1] else ""), encoding="utf-8"
    )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seeds", type=int, default=3)
    words.add_argument("--first", type=int, default=0, help="the first seed")
    words.add_argument("--path-share", type=float, default=0.0, help="floor that the fusions are held to")
    words.add_argument("--scorers", help="of these alone")
    words.add_argument("--users", type=int, default=DemoShop().users)
    words.add_argument("--items", type=int, default=DemoShop().items)
    words.add_argument("--events", type=int, default=DemoShop().events)
    words.add_argument("--decoys", action="store_true", help="very popular hubs that cause nothing")
    words.add_argument("--rivals", type=int, default=0, help="pairs of a seed that GNNExplainer is asked of")
    words.add_argument("--write", action="store_true", help="put the tables into RESULTS.md")
    given = words.parse_args()
    accurate: list[pd.DataFrame] = []
    told: dict[Repeats, list[pd.DataFrame]] = {repeats: [] for repeats in PROTOCOLS}
    for seed in range(given.first, given.first + given.seeds):
        with tempfile.TemporaryDirectory() as folder:
            shop = DemoShop(users=given.users, items=given.items, events=given.events, seed=seed, decoys=given.decoys)
            scorers = given.scorers.split(",") if given.scorers else None
            found = find(shop, Path(folder), scorers, given.path_share)
            accurate.append(accuracy(found, oracles(found)))
            print(f"seed {seed}\n{accurate[-1].T.round(4)}", file=sys.stderr)
            rival = None
            if given.rivals:
                rival = import_module("attention").Rival(found.graph, seed)  # the file beside this one
                print(f"the rival's loss {rival.loss:.3f}", file=sys.stderr)
            for repeats, runs in told.items():
                runs.append(telling(found, repeats, rival, given.rivals))
    lines = [
        "## The demo shop's planted truth",
        f"`python benchmarks/planted.py`, {given.seeds} seeds from {given.first} on, test unseen by graph and weights:",
        "\n".join(of_accuracy(accurate)),
        "Oracle: the true chances when the window begins; until the end: their mean over the window.",
        "\n".join(of_telling({repeats: pd.concat(runs) for repeats, runs in told.items()})),
        "Later ones too: with complements of items that were bought only within the window, which nothing can tell.",
    ]
    text = "\n\n".join(lines)
    print(text)
    if given.write:
        refresh(text)


if __name__ == "__main__":
    main()
