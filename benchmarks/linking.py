"""How well names find their categories and entities: `python benchmarks/linking.py DATA [retail] [mapping] [films]`.

Prints a table each; DATA is a folder with online-retail, taxonomy and movielens-1m-kg:

retail   300 descriptions of Online Retail, drawn by chance from the often, the sometimes and the seldom bought (seed
         20251126, 100 each), to categories of Google's taxonomy, whose names Shopify's mapping adds to. Labelled by
         hand (linking_labels.csv) before any of this was written: the most specific category that is right for what the
         thing is, not for what is on it or what it is made of; where two fit, the one whose name it has; a general one
         (Decor) where none is more specific; empty where the description does not say what the thing is.
mapping  4,000 of Shopify's categories to Google's, as the mapping has it: none of it seen, or that of the other half
         (children of other parents).
films    titles of MovieLens to entities of DBpedia, called by the ends of their IRIs; in two halves likewise.

right: the likeliest is the labelled one. near: it is below the same node of the second level. Accepted are matches of
at least 0.7; precision and recall are of those, against as many of the baseline's with the highest cosines. said: the
mean confidence of the accepted. judged: five times, four fifths of the labels are given, the last fifth is measured.
by meaning too: with `kg.linking.embedding`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kg.linking.candidates import Text
from kg.linking.matching import match
from kg.linking.names import letters, normal
from kg.linking.pseudo import NOWHERE
from kg.linking.targets import Targets
from kg.linking.tfidf import Vocabulary
from kg.sources.taxonomies import read_taxonomies

DATA = Path(sys.argv[1]) if sys.argv[1:] else Path()
LABELS = Path(__file__).with_name("linking_labels.csv")
GOOGLE = ("google/taxonomy-with-ids.en-US.txt",)
SHOPIFY = ("shopify/en/categories.txt", "shopify/shopify_2025-01_to_google_2021-09-21.txt")
THRESHOLD = 0.7
N_CATEGORIES = 4000
FOLDS = 5


class Problem:
    """Texts, the number of the right target of some of them (−1: none), and groups that are never torn apart."""

    def __init__(
        self, texts: Sequence[Text], targets: Targets, right: Mapping[int, int], group: Sequence[object]
    ) -> None:
        self.texts, self.targets = list(texts), targets
        self.asked = np.array(sorted(right), dtype=np.int64)
        self.right = np.array([right[text] for text in self.asked], dtype=np.int64)
        names = sorted({group[text] for text in self.asked}, key=str)
        place = dict(zip(names, np.random.default_rng(1).permutation(len(names)), strict=True))
        self.group = np.array([place[group[text]] for text in self.asked])

    def by_cosine(self, *, of_letters: bool) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The baseline: the nearest name by TF-IDF, of words or of runs of letters."""
        own = [name if not of_letters else tuple(letters(name)) for name in self.targets.names]
        said = [self.texts[text].words for text in self.asked]
        vocabulary = Vocabulary.of(own)
        rows = vocabulary.vectors([tuple(letters(one)) for one in said] if of_letters else said)
        cosines = (rows @ vocabulary.vectors(own).T).toarray()
        return self.targets.of[cosines.argmax(axis=1)], cosines.max(axis=1)

    def by_match(self, *, meaning: bool) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        return self._told(match(self.texts, self.targets, meaning=meaning), self.asked)

    def judged(self, folds: int, *, meaning: bool) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Each fold by what is known of the others."""
        targets, sure = np.zeros(len(self.asked), dtype=np.int64), np.zeros(len(self.asked))
        for fold in range(folds):
            hidden = self.group % folds == fold
            known = dict(zip(self.asked[~hidden].tolist(), self.right[~hidden].tolist(), strict=True))
            found = match(self.texts, self.targets, known, meaning=meaning)
            targets[hidden], sure[hidden] = self._told(found, self.asked[hidden])
        return targets, sure

    def _told(self, found: Sequence[object], which: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        own = [found[text] for text in which]
        return np.array([one.target for one in own]), np.array([one.confidence for one in own])

    def report(self, name: str, told: tuple[NDArray[np.int64], NDArray[np.float64]], n: int | None = None) -> int:
        """A line of the table; accepts the `n` surest, or those of at least the threshold, and says how many."""
        targets, sure = told
        hit = (targets == self.right) & (self.right >= 0)
        near = np.array([self._near(one, other) for one, other in zip(targets, self.right, strict=True)])
        accepted = (
            sure >= THRESHOLD if n is None else np.isin(np.arange(len(sure)), np.argsort(-sure, kind="stable")[:n])
        )
        precision = hit[accepted].mean() if accepted.any() else float("nan")
        recall = hit[accepted].sum() / (self.right >= 0).sum()
        said = f"{sure[accepted].mean():.3f}" if n is None and accepted.any() else ""
        print(
            f"| {name} | {hit.mean():.3f} | {near.mean():.3f} | {accepted.sum()} | {precision:.3f} | {recall:.3f} "
            f"| {said} |",
            flush=True,
        )
        return int(accepted.sum())

    def _near(self, one: int, other: int) -> bool:
        above = self.targets.above
        return (
            one >= 0 and other >= 0 and above[one][:2] == above[other][:2] and (len(above[other]) > 1 or one == other)
        )


def retail() -> Problem:
    import duckdb

    facts = read_taxonomies({"google": GOOGLE, "shopify": SHOPIFY}, DATA / "taxonomy")
    assert facts is not None
    targets = Targets.among(facts, "google")
    items = duckdb.sql(f"""
        SELECT StockCode, mode(trim(Description)) AS title FROM '{DATA}/online-retail/online_retail.parquet'
        WHERE regexp_matches(StockCode, '^[0-9]{{5}}') AND NOT starts_with(InvoiceNo, 'C') AND CustomerID IS NOT NULL
            AND Description IS NOT NULL AND CAST(Quantity AS DOUBLE) > 0 AND CAST(UnitPrice AS DOUBLE) > 0
        GROUP BY 1 ORDER BY 1
    """).df()
    place = {code: number for number, code in enumerate(items["StockCode"])}
    labels = pd.read_csv(LABELS, dtype=str, keep_default_na=False)
    right = {
        place[item]: targets.number.get(id_, NOWHERE)
        for item, id_ in zip(labels.item_id, labels.google_id, strict=True)
    }
    return Problem([Text(normal(title)) for title in items["title"]], targets, right, range(len(items)))


def mapping() -> Problem:
    facts = read_taxonomies({"google": GOOGLE, "shopify": SHOPIFY}, DATA / "taxonomy")
    assert facts is not None
    ours = Targets.among(facts, "shopify")
    google = Targets.among(facts[facts["head_type"] == "google"], "google")
    matches = facts[facts["relation"] == "close_match"]
    right = dict(zip(matches["head"].map(ours.number), matches["tail"].map(google.number), strict=True))
    some = np.random.default_rng(0).permutation(sorted(right))[:N_CATEGORIES].tolist()
    texts = [Text(normal(ours.labels[one]), ours.above_words[one]) for one in some]
    parents = [int(ours.parents[one]) for one in some]
    return Problem(texts, google, {number: right[one] for number, one in enumerate(some)}, parents)


def films() -> Problem:
    rows = pd.read_csv(
        DATA / "movielens-1m-kg/dbpedia_linking.tsv", sep="\t", names=["film", "title", "uri"], dtype=str
    )
    ends = rows["uri"].map(lambda uri: unquote(re.sub(r".*/", "", uri)).replace("_", " "))
    facts = pd.DataFrame(
        {"head": rows["uri"], "relation": "label", "tail": ends, "head_type": "entity", "tail_type": "string"}
    )
    targets = Targets.among(facts.drop_duplicates(), "entity")
    right = {number: targets.number[uri] for number, uri in enumerate(rows["uri"])}
    return Problem([Text(normal(title)) for title in rows["title"]], targets, right, range(len(rows)))


PROBLEMS = {"retail": (retail, FOLDS), "mapping": (mapping, 2), "films": (films, 2)}


def main() -> None:
    for name in sys.argv[2:] or PROBLEMS:
        make, folds = PROBLEMS[name]
        problem = make()
        n_names = len(problem.targets.names)
        print(f"\n{name}: {len(problem.asked):,} of {len(problem.texts):,} texts, {n_names:,} names\n")
        print(
            "| by | right | near | accepted | precision | recall | said |\n|----|--:|--:|--:|--:|--:|--:|", flush=True
        )
        found = problem.by_match(meaning=False)
        n = int((found[1] >= THRESHOLD).sum())
        problem.report("nearest name, words", problem.by_cosine(of_letters=False), n)
        problem.report("nearest name, letters", problem.by_cosine(of_letters=True), n)
        problem.report("link, nothing judged", found)
        problem.report("link, judged", problem.judged(folds, meaning=False))
        problem.report("link by meaning too, nothing judged", problem.by_match(meaning=True))
        problem.report("link by meaning too, judged", problem.judged(folds, meaning=True))


if __name__ == "__main__":
    main()
